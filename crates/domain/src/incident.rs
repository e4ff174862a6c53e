//! What a gate noticed besides passages and stays: something that its profile does not allow, or warns of.

use serde::{Deserialize, Serialize};

use crate::passage::Shot;
use crate::{CameraId, CountGroup, Direction, GateId, LineId, MediaTime, ObjectClass, TrackId, UtcTime, ZoneId};

/// Something that a gate's profile does not allow, or warns of. A passage that is an incident is told as a passage as
/// well: what went over a line counts, whether it was allowed to or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    /// The gate.
    pub gate: GateId,
    /// The camera that saw it.
    pub camera: CameraId,
    /// When.
    pub at: UtcTime,
    /// Frame time of the same.
    pub media: MediaTime,
    /// What it is: `incident` and its fields on the wire.
    #[serde(flatten)]
    pub what: IncidentKind,
}

/// The kinds of incidents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "incident", rename_all = "snake_case")]
pub enum IncidentKind {
    /// Somebody went over a line the way that it does not allow.
    WrongDirection(WrongDirection),
    /// Somebody went over a line close behind somebody else.
    Tailgating(Tailgating),
    /// More are in a zone than should be, and have been for as long as the profile says.
    CrowdingBegan(CrowdingBegan),
    /// The zone has had room again for as long as the profile says, or is watched no longer.
    CrowdingEnded(CrowdingEnded),
}

impl IncidentKind {
    /// The names of all kinds on the wire.
    pub const NAMES: [&str; 4] = ["wrong_direction", "tailgating", "crowding_began", "crowding_ended"];

    /// The name on the wire.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::WrongDirection(_) => "wrong_direction",
            Self::Tailgating(_) => "tailgating",
            Self::CrowdingBegan(_) => "crowding_began",
            Self::CrowdingEnded(_) => "crowding_ended",
        }
    }

    /// The look that shows who it was; nothing for a crowd.
    pub const fn shot(&self) -> Option<Shot> {
        match self {
            Self::WrongDirection(wrong) => Some(wrong.shot),
            Self::Tailgating(tailgating) => Some(tailgating.shot),
            Self::CrowdingBegan(_) | Self::CrowdingEnded(_) => None,
        }
    }
}

/// Somebody went over a line the way that it does not allow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WrongDirection {
    /// The line.
    pub line: LineId,
    /// The way that was taken.
    pub direction: Direction,
    /// What went over it.
    pub class: ObjectClass,
    /// The track that completed the crossing, as in its passage.
    pub track: TrackId,
    /// The look that its picture is cut from.
    pub shot: Shot,
}

/// Somebody went over a line close behind somebody else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tailgating {
    /// The line.
    pub line: LineId,
    /// The way that both took.
    pub direction: Direction,
    /// What followed.
    pub class: ObjectClass,
    /// The track that followed, as in its passage.
    pub track: TrackId,
    /// The track that went ahead, as in its passage.
    pub ahead: TrackId,
    /// How long after it, in milliseconds of frame time.
    pub gap_ms: u64,
    /// The look at the follower that his picture is cut from.
    pub shot: Shot,
}

/// More are in a zone than should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrowdingBegan {
    /// The zone.
    pub zone: ZoneId,
    /// Who is counted.
    pub group: CountGroup,
    /// How many there are.
    pub count: u32,
    /// More than this are too many.
    pub above: u32,
    /// Since when there are more.
    pub since: UtcTime,
}

/// A zone has room again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrowdingEnded {
    /// The zone.
    pub zone: ZoneId,
    /// Who is counted.
    pub group: CountGroup,
    /// How many there are.
    pub count: u32,
    /// The most that there were.
    pub peak: u32,
    /// More than this are too many.
    pub above: u32,
    /// Since when there were more, as it was told when it began.
    pub since: UtcTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_name_on_the_wire() {
        let crowd = |what: IncidentKind| Incident {
            gate: GateId::new("main").expect("a slug"),
            camera: CameraId::new("cam-1").expect("a slug"),
            at: UtcTime::UNIX_EPOCH,
            media: MediaTime::from_micros(7),
            what,
        };
        let zone = ZoneId::new("hall").expect("a slug");
        let group = CountGroup::Person;
        let since = UtcTime::UNIX_EPOCH;
        let shot = Shot {
            media: MediaTime::default(),
            bbox: crate::BoundingBox::around(crate::Point { x: 0.5, y: 0.5 }, 0.25, 0.5),
        };
        let (line, direction) = (LineId::new("exit").expect("a slug"), Direction::In);
        let (class, track) = (ObjectClass::Person, TrackId(4));
        let all = [
            IncidentKind::WrongDirection(WrongDirection { line: line.clone(), direction, class, track, shot }),
            IncidentKind::Tailgating(Tailgating {
                line,
                direction,
                class,
                track,
                ahead: TrackId(3),
                gap_ms: 400,
                shot,
            }),
            IncidentKind::CrowdingBegan(CrowdingBegan { zone: zone.clone(), group, count: 9, above: 8, since }),
            IncidentKind::CrowdingEnded(CrowdingEnded { zone, group, count: 2, peak: 12, above: 8, since }),
        ];
        for (what, name) in all.into_iter().zip(IncidentKind::NAMES) {
            let incident = crowd(what);
            let json = serde_json::to_value(&incident).expect("it is JSON");
            assert_eq!((json["incident"].as_str(), incident.what.as_str()), (Some(name), name));
            assert_eq!(serde_json::from_value::<Incident>(json).expect("it is read"), incident);
        }
    }
}
