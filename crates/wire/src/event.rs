//! What an event says, before it is sealed into an [`Envelope`](crate::Envelope).

use domain::{CameraId, ClockQuality, Incident, MediaTime, Occupancy, Passage, Stay, UtcTime};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access::{AccessDecided, LaneChange};
use crate::blob::BlobHash;
use crate::evidence::EvidenceAdded;
use crate::hash::sha256;
use crate::plate::PlateRead;
use crate::policy::PolicyChange;

/// Identity of an event: a version 7 UUID, so that ids sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(Uuid);

impl EventId {
    /// The id of the `number`th event of a run. `nonce` is drawn at random once when the run begins and stands in
    /// its observation log, so a replay of the log gives the same ids and no two runs share one.
    pub fn derive(at: UtcTime, nonce: &[u8; 16], number: u64) -> Self {
        let digest = sha256(&[b"gatehouse-event-id-v1", nonce, &number.to_be_bytes()]);
        let mut bytes = [0; 16];
        // RFC 9562, 5.7: 48 bits of Unix milliseconds, then the version, the variant and 74 bits that never repeat.
        bytes[..6].copy_from_slice(&at.as_unix_millis().max(0).to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&digest[..10]);
        bytes[6] = 0x70 | (bytes[6] & 0x0f);
        bytes[8] = 0x80 | (bytes[8] & 0x3f);
        Self(Uuid::from_bytes(bytes))
    }

    /// The UUID.
    pub const fn as_uuid(&self) -> &Uuid {
        &self.0
    }
}

impl std::fmt::Display for EventId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// One thing that happened, as the node tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its identity.
    pub id: EventId,
    /// When it happened, by the node's wall clock.
    pub at: UtcTime,
    /// How far that clock can be trusted.
    pub clock: ClockQuality,
    /// What happened: `kind` and `payload` on the wire.
    #[serde(flatten)]
    pub payload: Payload,
}

/// What happened. On the wire an event names its `kind` and carries the fields in `payload`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "snake_case")]
pub enum Payload {
    /// A person or vehicle went over a counting line.
    Passed(WithEvidence<Passage>),
    /// A person or vehicle stayed in a zone and left.
    Stayed(WithEvidence<Stay>),
    /// The number of persons or vehicles in a zone changed.
    OccupancyChanged(Occupancy),
    /// A plate was in front of a camera and was read, or could not be.
    PlateRead(WithEvidence<PlateRead>),
    /// A camera came up, went down or was found unusable.
    CameraChanged(CameraChange),
    /// The node's program started.
    NodeStarted(NodeStart),
    /// The wall clock jumped against the monotonic clock.
    ClockJumped(ClockJump),
    /// Another policy came into force, or one that the hub wanted did not.
    PolicyChanged(PolicyChange),
    /// A clip shows an event that was told before.
    EvidenceAdded(EvidenceAdded),
    /// Somebody showed something at a lane, or a guard let somebody pass, and this was decided.
    AccessDecided(WithEvidence<AccessDecided>),
    /// Something happened at a lane's barrier or door.
    LaneChanged(LaneChange),
    /// Something happened that the gate's profile does not allow, or warns of.
    IncidentSeen(WithEvidence<Incident>),
}

impl Payload {
    /// The names of all kinds on the wire.
    pub const KINDS: [&str; 12] = [
        "passed",
        "stayed",
        "occupancy_changed",
        "plate_read",
        "camera_changed",
        "node_started",
        "clock_jumped",
        "policy_changed",
        "evidence_added",
        "access_decided",
        "lane_changed",
        "incident_seen",
    ];

    /// The name on the wire.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Passed(_) => "passed",
            Self::Stayed(_) => "stayed",
            Self::OccupancyChanged(_) => "occupancy_changed",
            Self::PlateRead(_) => "plate_read",
            Self::CameraChanged(_) => "camera_changed",
            Self::NodeStarted(_) => "node_started",
            Self::ClockJumped(_) => "clock_jumped",
            Self::PolicyChanged(_) => "policy_changed",
            Self::EvidenceAdded(_) => "evidence_added",
            Self::AccessDecided(_) => "access_decided",
            Self::LaneChanged(_) => "lane_changed",
            Self::IncidentSeen(_) => "incident_seen",
        }
    }

    /// Reads the text of a `payload` that goes with that `kind`; nothing where the kind is not known.
    pub(crate) fn of_kind(kind: &str, payload: &str) -> Option<serde_json::Result<Self>> {
        fn read<'t, T: Deserialize<'t>>(payload: &'t str, what: fn(T) -> Payload) -> serde_json::Result<Payload> {
            serde_json::from_str(payload).map(what)
        }
        /// Twice over the text is half of what gathering the members for the one and the other takes.
        fn with_evidence<'t, T: Deserialize<'t>>(
            payload: &'t str,
            what: fn(WithEvidence<T>) -> Payload,
        ) -> serde_json::Result<Payload> {
            let Evidence { evidence } = serde_json::from_str(payload)?;
            Ok(what(WithEvidence { what: serde_json::from_str(payload)?, evidence }))
        }
        Some(match kind {
            "passed" => with_evidence(payload, Self::Passed),
            "stayed" => with_evidence(payload, Self::Stayed),
            "occupancy_changed" => read(payload, Self::OccupancyChanged),
            "plate_read" => with_evidence(payload, Self::PlateRead),
            "camera_changed" => read(payload, Self::CameraChanged),
            "node_started" => read(payload, Self::NodeStarted),
            "clock_jumped" => read(payload, Self::ClockJumped),
            "policy_changed" => read(payload, Self::PolicyChanged),
            "evidence_added" => read(payload, Self::EvidenceAdded),
            "access_decided" => with_evidence(payload, Self::AccessDecided),
            "lane_changed" => read(payload, Self::LaneChanged),
            "incident_seen" => with_evidence(payload, Self::IncidentSeen),
            _ => return None,
        })
    }
}

/// A fact with the media that show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WithEvidence<T> {
    /// What happened.
    #[serde(flatten)]
    pub what: T,
    /// The media, by content hash; they travel after the event. Empty where no frame was left to show.
    #[serde(default)]
    pub evidence: Vec<EvidenceRef>,
}

/// The media alone.
#[derive(Deserialize)]
struct Evidence {
    #[serde(default)]
    evidence: Vec<EvidenceRef>,
}

/// One medium that shows an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceRef {
    /// What it shows.
    pub role: EvidenceRole,
    /// Its name: the hash of its bytes.
    pub sha256: BlobHash,
    /// Its media type, such as `image/jpeg`.
    pub media_type: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Frame time of the very frame it was cut from.
    pub media: MediaTime,
    /// Where it is of another stream of the camera than the one that things were found in: how much later it was taken,
    /// in milliseconds, negative where it was earlier. Absent where that is too little to matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub later_by_ms: Option<i64>,
}

/// What a medium shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceRole {
    /// The object, cut from the frame.
    Crop,
    /// The plate, cut from the frame and set upright as it was read.
    Plate,
    /// The whole frame.
    Frame,
    /// A clip from before to after the event.
    Clip,
}

/// A camera's state changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CameraChange {
    /// The camera.
    pub camera: CameraId,
    /// Its state from now on.
    pub state: CameraState,
    /// Why, for people; no password is ever in it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// Whether a camera delivers pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CameraState {
    /// Frames arrive.
    Up,
    /// No frames; the node keeps trying.
    Down,
    /// No frames, and trying again is useless until somebody mends it.
    Failed,
    /// A file came to its end.
    Ended,
}

/// The node's program started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeStart {
    /// Version of the program.
    pub version: String,
    /// Name of the gate profile that it runs.
    pub profile: String,
    /// Models in use: name and SHA-256.
    #[serde(default)]
    pub models: Vec<(String, String)>,
}

/// The wall clock jumped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockJump {
    /// How far, in milliseconds; negative when it went back.
    pub by_ms: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_by_its_name() {
        for kind in Payload::KINDS {
            let empty = serde_json::json!({ "kind": kind, "payload": 0 });
            let refused = serde_json::from_value::<Payload>(empty).expect_err("no kind is a number").to_string();
            assert!(!refused.contains("variant"), "{kind}: {refused}");
            assert!(Payload::of_kind(kind, "0").is_some_and(|read| read.is_err()), "{kind}");
        }
        assert!(Payload::of_kind("weather_changed", "0").is_none());
        let unknown = serde_json::json!({ "kind": "weather_changed", "payload": 0 });
        assert!(serde_json::from_value::<Payload>(unknown).expect_err("no such kind").to_string().contains("variant"));
    }

    #[test]
    fn derived_ids_are_version_7_sort_by_time_and_never_repeat() {
        let at = |ms: i64| UtcTime::from_unix_micros(ms * 1000).expect("in range");
        let id = EventId::derive(at(1_763_600_000_000), &[1; 16], 0);
        assert_eq!((id.as_uuid().get_version_num(), id), (7, EventId::derive(at(1_763_600_000_000), &[1; 16], 0)));
        assert!(id < EventId::derive(at(1_763_600_000_001), &[1; 16], 1));
        assert_ne!(id, EventId::derive(at(1_763_600_000_000), &[1; 16], 1));
        assert_ne!(id, EventId::derive(at(1_763_600_000_000), &[2; 16], 0));
    }
}
