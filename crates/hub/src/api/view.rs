//! The shapes of the API. Moments are RFC 3339 in UTC with six decimals.

mod account;
mod alert;
mod clip;
mod decision;
mod health;
mod incident;
mod node;
mod occupancy;
mod plate;
mod policy;

use std::collections::HashSet;

use domain::UtcTime;
use projections::{GateToday, GroupToday, LocalDay, PassageRow, StayRow};
use serde::Serialize;
use store::{BlobRow, CameraRow, GateRow, InsideRow, PlateOfPassage, StoredEvent};
use utoipa::ToSchema;
use wire::event::CameraState;
use wire::{BlobHash, EventId, EvidenceRef, EvidenceRole, Payload};

pub(crate) use account::{Account, ApiKey, AuditLogCheck, AuditLogEntry, OpenedSession, Session};
pub(crate) use alert::Alert;
pub(crate) use clip::Clip;
pub(crate) use decision::{Decision, DecisionCount, DecisionDetail, LaneChanged};
pub(crate) use incident::Incident;
pub(crate) use node::{Alarm, Node, Quarantined};
pub(crate) use occupancy::{AreaOccupancy, AuditHour, Correction, CountAccuracy, Counted, Occupancy, SiteInside};
pub(crate) use plate::{PassagePlate, Plate, PlateDetail};
pub(crate) use policy::Policy;

/// The moment at which a minute begins.
pub(crate) fn minute(unix_minute: i64) -> String {
    let micros = unix_minute.saturating_mul(60_000_000);
    UtcTime::from_unix_micros(micros).unwrap_or(UtcTime::UNIX_EPOCH).to_string()
}

/// In and out since midnight in Asia/Ho_Chi_Minh, and how many are inside.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Group {
    /// Passages in.
    #[serde(rename = "in")]
    pub(crate) entered: u64,
    /// Passages out.
    #[serde(rename = "out")]
    pub(crate) left: u64,
    /// How many are inside, counted since the last reset or correction; see `occupancy`. Never below 0.
    pub(crate) inside: u64,
    /// In minus out; below 0 where somebody was inside at midnight already.
    pub(crate) difference: i64,
}

impl Group {
    fn new(today: GroupToday, inside: &InsideRow) -> Self {
        let GroupToday { entered, left } = today;
        Self { entered, left, inside: inside.inside.count, difference: today.difference() }
    }
}

/// Today's figures of both groups.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Today {
    /// Persons on foot.
    pub(crate) person: Group,
    /// Vehicles of every class.
    pub(crate) vehicle: Group,
}

impl Today {
    /// `insides` in the order of [`domain::CountGroup::ALL`].
    pub(crate) fn new(today: GateToday, [person, vehicle]: &[InsideRow; 2]) -> Self {
        Self { person: Group::new(today.person, person), vehicle: Group::new(today.vehicle, vehicle) }
    }
}

/// A site.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Site {
    /// Its name.
    pub(crate) site: String,
    /// Its gates.
    pub(crate) gates: Vec<String>,
    /// Its nodes.
    pub(crate) nodes: Vec<String>,
    /// How many of its nodes say that they are online.
    pub(crate) nodes_online: usize,
    /// The latest moment that a gate told of.
    pub(crate) last_at: Option<String>,
    /// The sum over its gates.
    pub(crate) today: Today,
    /// How many are inside, by all gates together.
    pub(crate) occupancy: Occupancy,
}

/// Figures of one class.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClassToday {
    /// The class.
    class: &'static str,
    /// Its group.
    group: &'static str,
    /// Passages in.
    #[serde(rename = "in")]
    entered: u64,
    /// Passages out.
    #[serde(rename = "out")]
    left: u64,
}

/// How many of a group are in a zone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Zone {
    /// The zone.
    zone: String,
    /// What is counted.
    group: &'static str,
    /// How many.
    count: u64,
    /// Since when.
    at: String,
    /// Whether the node has started again since and not counted anew.
    stale: bool,
}

/// A camera.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Camera {
    /// Its site.
    site: String,
    /// Its node.
    node: String,
    /// Its name.
    camera: String,
    /// `up`, `down`, `failed` or `ended`; nothing where it never said.
    state: Option<&'static str>,
    /// Why, for people.
    reason: String,
    /// Since when.
    at: String,
}

impl From<&CameraRow> for Camera {
    fn from(row: &CameraRow) -> Self {
        let state = row.state.map(|state| match state {
            CameraState::Up => "up",
            CameraState::Down => "down",
            CameraState::Failed => "failed",
            CameraState::Ended => "ended",
        });
        Self {
            site: row.site.to_string(),
            node: row.node.to_string(),
            camera: row.camera.to_string(),
            state,
            reason: row.reason.clone(),
            at: row.at.to_string(),
        }
    }
}

/// A gate as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Gate {
    /// Its site.
    site: String,
    /// Its name.
    gate: String,
    /// The nodes that told of it.
    nodes: Vec<String>,
    /// The latest moment that they told of.
    last_at: String,
    /// When the day began that `today` counts.
    day_start: String,
    /// Figures since then.
    today: Today,
    /// How many came in and did not go out again, by this gate alone.
    occupancy: Occupancy,
    /// In and out since the day began, by class.
    classes: Vec<ClassToday>,
    /// How many are in its zones.
    zones: Vec<Zone>,
    /// Its cameras.
    cameras: Vec<Camera>,
}

impl Gate {
    pub(crate) fn new(row: &GateRow, now: UtcTime) -> Self {
        let classes = row.classes.iter().map(|(class, (entered, left))| ClassToday {
            class: class.as_str(),
            group: class.group().as_str(),
            entered: *entered,
            left: *left,
        });
        let zones = row.zones.iter().map(|zone| Zone {
            zone: zone.zone.to_string(),
            group: zone.group.as_str(),
            count: zone.count,
            at: zone.at.to_string(),
            stale: zone.is_stale,
        });
        Self {
            site: row.site.to_string(),
            gate: row.gate.to_string(),
            nodes: row.nodes.iter().map(ToString::to_string).collect(),
            last_at: row.last_at.to_string(),
            day_start: minute(LocalDay::of(now).start_minute()),
            today: Today::new(row.today, &row.inside),
            occupancy: (&row.inside).into(),
            classes: classes.collect(),
            zones: zones.collect(),
            cameras: row.cameras.iter().map(Camera::from).collect(),
        }
    }
}

/// A medium that shows an event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Evidence {
    /// `crop` (the object), `plate` (its plate, set upright), `frame` (the whole picture) or `clip` (a video from before to
    /// after the event, which is added some seconds after it).
    role: &'static str,
    /// Hash of its bytes.
    sha256: String,
    /// Its media type.
    media_type: String,
    /// How many bytes.
    bytes: u64,
    /// Where to get it.
    url: String,
    /// Whether it has arrived; it travels after the event.
    stored: bool,
}

/// What shows `event`, with addresses at which whoever may see the event may see it.
fn evidence(event: EventId, refs: &[EvidenceRef], stored: &HashSet<BlobHash>) -> Vec<Evidence> {
    let view = |evidence: &EvidenceRef| Evidence {
        role: match evidence.role {
            EvidenceRole::Crop => "crop",
            EvidenceRole::Plate => "plate",
            EvidenceRole::Frame => "frame",
            EvidenceRole::Clip => "clip",
        },
        sha256: evidence.sha256.to_string(),
        media_type: evidence.media_type.clone(),
        bytes: evidence.bytes,
        url: format!("/api/v1/blobs/{}?event={event}", evidence.sha256),
        stored: stored.contains(&evidence.sha256),
    };
    refs.iter().map(view).collect()
}

/// A passage over a counting line.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Passage {
    /// Identity of the event.
    id: String,
    /// The site.
    site: String,
    /// The gate.
    gate: String,
    /// The line.
    line: String,
    /// The node.
    node: String,
    /// Number of the event.
    seq: u64,
    /// The camera.
    camera: String,
    /// `in` or `out`.
    direction: &'static str,
    /// What passed.
    class: &'static str,
    /// Its group.
    group: &'static str,
    /// How sure the detector was of the class, 0 to 1.
    confidence: f32,
    /// When it crossed the line.
    at: String,
    /// Where it was then: left, top, right and bottom as shares of the picture.
    bbox: [f32; 4],
    /// The plate of the vehicle, where one was read; one that is read later shows when the passage is asked for again.
    plate: Option<PassagePlate>,
    /// The media that show it.
    evidence: Vec<Evidence>,
}

impl Passage {
    pub(crate) fn new(row: &PassageRow, plate: Option<&PlateOfPassage>, stored: &HashSet<BlobHash>) -> Self {
        let passage = &row.passage;
        Self {
            id: row.id.to_string(),
            site: row.site.to_string(),
            gate: passage.gate.to_string(),
            line: passage.line.to_string(),
            node: row.node.to_string(),
            seq: row.seq,
            camera: passage.camera.to_string(),
            direction: passage.direction.as_str(),
            class: passage.class.as_str(),
            group: passage.class.group().as_str(),
            confidence: passage.confidence,
            at: passage.at.to_string(),
            bbox: passage.bbox.into(),
            plate: plate.map(PassagePlate::from),
            evidence: evidence(row.id, &row.evidence, stored),
        }
    }

    /// Of an event that is one. Its plate and its media are taken as still under way.
    pub(crate) fn from_event(event: &StoredEvent) -> Option<Self> {
        let Some(Payload::Passed(passed)) = &event.payload else { return None };
        let row = PassageRow {
            site: event.site.clone(),
            node: event.node.clone(),
            seq: event.seq,
            id: event.id,
            passage: passed.what.clone(),
            evidence: passed.evidence.clone(),
        };
        Some(Self::new(&row, None, &HashSet::new()))
    }
}

/// A stay in a zone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stay {
    /// Identity of the event.
    id: String,
    /// The site.
    site: String,
    /// The gate.
    gate: String,
    /// The zone.
    zone: String,
    /// The node.
    node: String,
    /// Number of the event.
    seq: u64,
    /// The camera.
    camera: String,
    /// What stayed.
    class: &'static str,
    /// Its group.
    group: &'static str,
    /// When it came.
    from: String,
    /// When it was last seen there.
    to: String,
    /// The media that show it.
    evidence: Vec<Evidence>,
}

impl Stay {
    pub(crate) fn new(row: &StayRow, stored: &HashSet<BlobHash>) -> Self {
        let stay = &row.stay;
        Self {
            id: row.id.to_string(),
            site: row.site.to_string(),
            gate: stay.gate.to_string(),
            zone: stay.zone.to_string(),
            node: row.node.to_string(),
            seq: row.seq,
            camera: stay.camera.to_string(),
            class: stay.class.as_str(),
            group: stay.class.group().as_str(),
            from: stay.from.to_string(),
            to: stay.to.to_string(),
            evidence: evidence(row.id, &row.evidence, stored),
        }
    }
}

/// A medium that has arrived.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Blob {
    /// Hash of its bytes.
    pub(crate) sha256: String,
    /// Its media type.
    pub(crate) media_type: String,
    /// How many bytes.
    pub(crate) bytes: u64,
}

/// How much of a medium has come.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Received {
    /// Hash of its bytes.
    pub(crate) sha256: String,
    /// So many of its bytes, from the first on.
    pub(crate) received: u64,
    /// Whether that is all of it, and it is kept under its name.
    pub(crate) is_stored: bool,
}

impl From<&BlobRow> for Blob {
    fn from(row: &BlobRow) -> Self {
        Self { sha256: row.sha256.to_string(), media_type: row.media_type.clone(), bytes: row.bytes }
    }
}
