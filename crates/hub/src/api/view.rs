//! The shapes of the API. Moments are RFC 3339 in UTC with six decimals.

use std::collections::HashSet;

use domain::{ClockQuality, UtcTime};
use projections::{GateToday, GroupToday, LocalDay, PassageRow, StayRow};
use serde::Serialize;
use store::{AlarmRow, BlobRow, CameraRow, GateRow, NodeRow, QuarantineRow, StoredEvent};
use utoipa::ToSchema;
use wire::event::CameraState;
use wire::{BlobHash, EvidenceRef, EvidenceRole, NodeState, Payload};

/// The moment at which a minute begins.
pub(crate) fn minute(unix_minute: i64) -> String {
    let micros = unix_minute.saturating_mul(60_000_000);
    UtcTime::from_unix_micros(micros).unwrap_or(UtcTime::UNIX_EPOCH).to_string()
}

/// In, out and inside since midnight in Asia/Ho_Chi_Minh.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Group {
    /// Passages in.
    #[serde(rename = "in")]
    pub(crate) entered: u64,
    /// Passages out.
    #[serde(rename = "out")]
    pub(crate) left: u64,
    /// How many are inside: the difference, but never below 0.
    pub(crate) inside: u64,
    /// In minus out; below 0 where somebody was inside at midnight already.
    pub(crate) difference: i64,
}

impl From<GroupToday> for Group {
    fn from(today: GroupToday) -> Self {
        Self { entered: today.entered, left: today.left, inside: today.inside(), difference: today.difference() }
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

impl From<GateToday> for Today {
    fn from(today: GateToday) -> Self {
        Self { person: today.person.into(), vehicle: today.vehicle.into() }
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
    /// The same by class.
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
            today: row.today.into(),
            classes: classes.collect(),
            zones: zones.collect(),
            cameras: row.cameras.iter().map(Camera::from).collect(),
        }
    }
}

/// A medium that shows an event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Evidence {
    /// `crop` (the object) or `frame` (the whole picture).
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

fn evidence(refs: &[EvidenceRef], stored: &HashSet<BlobHash>) -> Vec<Evidence> {
    let view = |evidence: &EvidenceRef| Evidence {
        role: match evidence.role {
            EvidenceRole::Crop => "crop",
            EvidenceRole::Frame => "frame",
        },
        sha256: evidence.sha256.to_string(),
        media_type: evidence.media_type.clone(),
        bytes: evidence.bytes,
        url: format!("/api/v1/blobs/{}", evidence.sha256),
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
    /// The media that show it.
    evidence: Vec<Evidence>,
}

impl Passage {
    pub(crate) fn new(row: &PassageRow, stored: &HashSet<BlobHash>) -> Self {
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
            evidence: evidence(&row.evidence, stored),
        }
    }

    /// Of an event that is one. Its media are taken as still under way.
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
        Some(Self::new(&row, &HashSet::new()))
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
            evidence: evidence(&row.evidence, stored),
        }
    }
}

/// Trust in a clock.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Clock {
    /// `synchronised`, `unsynchronised`, `unknown` or `media`.
    source: &'static str,
    /// How far it has moved against the monotonic clock since the program started, in milliseconds.
    offset_ms: i64,
    /// The largest error that the time service claims, in milliseconds.
    uncertainty_ms: Option<u64>,
}

impl From<ClockQuality> for Clock {
    fn from(clock: ClockQuality) -> Self {
        let source = match clock.source {
            domain::ClockSource::Synchronised => "synchronised",
            domain::ClockSource::Unsynchronised => "unsynchronised",
            domain::ClockSource::Unknown => "unknown",
            domain::ClockSource::Media => "media",
        };
        Self { source, offset_ms: clock.offset_ms, uncertainty_ms: clock.uncertainty_ms }
    }
}

/// How far a node's chain is complete.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Head {
    /// Every event up to this number is here.
    committed_seq: u64,
    /// Hash of that event.
    committed_hash: String,
    /// The highest number here; above `committed_seq` where events are missing.
    highest_seq: u64,
}

/// What a node said of itself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Status {
    /// `online` or `offline`.
    state: &'static str,
    /// Version of its program.
    version: String,
    /// When it said so; nothing where the broker said it in its place.
    at: Option<String>,
    /// Events that the hub has not confirmed.
    backlog: Option<u64>,
    /// Trust in its clock.
    clock: Option<Clock>,
    /// When the hub heard it.
    received_at: String,
}

/// A node's newest event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LastEvent {
    /// Its number.
    seq: u64,
    /// When it happened.
    at: String,
    /// Trust in the node's clock then.
    clock: Clock,
}

/// A model in use.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Model {
    /// Its name.
    name: String,
    /// Hash of its file.
    sha256: String,
}

/// The newest start of a node's program.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Start {
    /// When.
    at: String,
    /// Version of the program.
    version: String,
    /// Name of the gate profile.
    profile: String,
    /// Models in use.
    models: Vec<Model>,
}

/// The newest jump of a node's clock.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClockJump {
    /// When.
    at: String,
    /// How far, in milliseconds; negative when it went back.
    by_ms: i64,
}

/// A node.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Node {
    /// Its site.
    site: String,
    /// Its name.
    node: String,
    /// The key by which its events are verified.
    public_key: String,
    /// When it was added.
    added_at: String,
    /// Who or what added it.
    added_by: String,
    /// How far its chain is complete.
    head: Head,
    /// What it last said of itself.
    status: Option<Status>,
    /// Its newest event.
    last_event: Option<LastEvent>,
    /// The newest start of its program.
    start: Option<Start>,
    /// The newest jump of its clock.
    clock_jump: Option<ClockJump>,
    /// Its cameras.
    cameras: Vec<Camera>,
    /// How many of its alarms are open.
    alarms_open: u64,
}

impl From<&NodeRow> for Node {
    fn from(row: &NodeRow) -> Self {
        let status = row.status.as_ref().map(|status| Status {
            state: match status.state {
                NodeState::Online => "online",
                NodeState::Offline => "offline",
            },
            version: status.version.clone(),
            at: status.at.map(|at| at.to_string()),
            backlog: status.backlog,
            clock: status.clock.map(Clock::from),
            received_at: status.received_at.to_string(),
        });
        let start = row.start.as_ref().map(|start| {
            let model = |(name, sha256): &(String, String)| Model { name: name.clone(), sha256: sha256.clone() };
            Start {
                at: start.at.to_string(),
                version: start.version.clone(),
                profile: start.profile.clone(),
                models: start.models.iter().map(model).collect(),
            }
        });
        Self {
            site: row.node.site.to_string(),
            node: row.node.node.to_string(),
            public_key: row.node.key.to_string(),
            added_at: row.node.added_at.to_string(),
            added_by: row.node.added_by.clone(),
            head: Head {
                committed_seq: row.head.committed_seq,
                committed_hash: row.head.committed_hash.to_string(),
                highest_seq: row.head.highest_seq,
            },
            status,
            last_event: row.seen.map(|seen| LastEvent {
                seq: seen.seq,
                at: seen.at.to_string(),
                clock: seen.clock.into(),
            }),
            start,
            clock_jump: row.jump.map(|jump| ClockJump { at: jump.at.to_string(), by_ms: jump.by_ms }),
            cameras: row.cameras.iter().map(Camera::from).collect(),
            alarms_open: row.alarms_open,
        }
    }
}

/// Something that needs a person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alarm {
    /// The node, by its own or the topic's word.
    node: String,
    /// Its site, where the node has been added.
    site: Option<String>,
    /// `gap`, `fork`, `id_reused`, `broken_chain`, `bad_signature`, `unknown_node`, `misplaced`, `unreadable`,
    /// `bad_number` or `unstorable`.
    kind: String,
    /// What was wrong the last time, in words.
    detail: String,
    /// When it was first seen.
    first_at: String,
    /// When it was last seen.
    last_at: String,
    /// How often.
    count: u64,
    /// When it was over by itself; nothing while it is open.
    closed_at: Option<String>,
}

impl From<AlarmRow> for Alarm {
    fn from(row: AlarmRow) -> Self {
        Self {
            node: row.node.to_string(),
            site: row.site.map(|site| site.to_string()),
            kind: row.kind,
            detail: row.detail,
            first_at: row.first_at.to_string(),
            last_at: row.last_at.to_string(),
            count: row.count,
            closed_at: row.closed_at.map(|at| at.to_string()),
        }
    }
}

/// A message that could not be taken in; its bytes are not shown.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Quarantined {
    /// Its number.
    id: u64,
    /// The node by the topic's word.
    node: Option<String>,
    /// The kind of an alarm, or `unknown_topic`.
    reason: String,
    /// The reason in words.
    detail: String,
    /// Where it was published.
    topic: String,
    /// How many bytes it has.
    payload_bytes: u64,
    /// Hash of its bytes.
    payload_sha256: String,
    /// When the first copy came.
    first_at: String,
    /// When the last copy came.
    last_at: String,
    /// How many copies came.
    count: u64,
}

impl From<QuarantineRow> for Quarantined {
    fn from(row: QuarantineRow) -> Self {
        Self {
            id: row.id,
            node: row.node.map(|node| node.to_string()),
            reason: row.reason,
            detail: row.detail,
            topic: row.topic,
            payload_bytes: row.payload_bytes,
            payload_sha256: row.payload_hash,
            first_at: row.first_at.to_string(),
            last_at: row.last_at.to_string(),
            count: row.count,
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

impl From<&BlobRow> for Blob {
    fn from(row: &BlobRow) -> Self {
        Self { sha256: row.sha256.to_string(), media_type: row.media_type.clone(), bytes: row.bytes }
    }
}
