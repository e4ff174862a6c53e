//! What one event changes.

use std::collections::BTreeSet;

use domain::{
    CameraId, ClockQuality, CountGroup, Direction, GateId, Incident, LineId, NodeId, ObjectClass, Passage, SiteId,
    Stay, TrackId, UtcTime, ZoneId,
};
use wire::event::CameraState;
use wire::plate::{ListPurpose, PlateColour, PlateOutcome};
use wire::{AccessDecided, AccessVerdict, EventId, EvidenceAdded, EvidenceRef};

use crate::alert::AlertSignal;

/// One change. Two deltas of different events may be applied in either order. Rows are boxed: some are large, and most
/// changes are small.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta {
    /// So many more passages under a key: adds up.
    Count(CountKey, u64),
    /// One passage for the list: one row per event.
    Passage(Box<PassageRow>),
    /// One stay for the list: one row per event.
    Stay(Box<StayRow>),
    /// One incident for the list: one row per event.
    Incident(Box<IncidentRow>),
    /// One read plate for the list: one row per event.
    Plate(Box<PlateRow>),
    /// One clip that shows another event: one row per event.
    Clip(Box<ClipRow>),
    /// One decision at a lane for the list: one row per event.
    Decision(Box<DecisionRow>),
    /// How many are in a zone: the highest `seq` of the key wins.
    Occupancy(OccupancyKey, OccupancyValue),
    /// A camera's state: the highest `seq` of the key wins.
    Camera(CameraKey, CameraValue),
    /// A node's program started: the highest `seq` of the node wins.
    NodeStart(NodeId, NodeStartValue),
    /// A node's clock jumped: the highest `seq` of the node wins.
    ClockJump(NodeId, ClockJumpValue),
    /// A node said something about a gate: the latest moment wins.
    GateNode(GateNodeKey, UtcTime),
    /// A camera saw something at a gate: the latest moment wins.
    GateCamera(GateCameraKey, UtcTime),
    /// Something that needs attention began, happened or ended: one row per event.
    Signal(Box<AlertSignal>),
    /// A node's event with this number: the highest `seq` of the node wins.
    NodeSeen(NodeId, NodeSeenValue),
}

/// What passages are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CountKey {
    /// The site.
    pub site: SiteId,
    /// The gate.
    pub gate: GateId,
    /// The line.
    pub line: LineId,
    /// Which way.
    pub direction: Direction,
    /// What passed.
    pub class: ObjectClass,
    /// The minute in which it passed, in whole minutes since 1970.
    pub unix_minute: i64,
}

/// A passage with its place in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct PassageRow {
    /// The site.
    pub site: SiteId,
    /// The node that saw it.
    pub node: NodeId,
    /// Number of the event.
    pub seq: u64,
    /// Identity of the event.
    pub id: EventId,
    /// The passage.
    pub passage: Passage,
    /// The media that show it.
    pub evidence: Vec<EvidenceRef>,
}

/// A stay with its place in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct StayRow {
    /// The site.
    pub site: SiteId,
    /// The node that saw it.
    pub node: NodeId,
    /// Number of the event.
    pub seq: u64,
    /// Identity of the event.
    pub id: EventId,
    /// The stay.
    pub stay: Stay,
    /// The media that show it.
    pub evidence: Vec<EvidenceRef>,
}

/// An incident with its place in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct IncidentRow {
    /// The site.
    pub site: SiteId,
    /// The node that saw it.
    pub node: NodeId,
    /// Number of the event.
    pub seq: u64,
    /// Identity of the event.
    pub id: EventId,
    /// The incident.
    pub incident: Incident,
    /// The media that show it.
    pub evidence: Vec<EvidenceRef>,
}

/// A clip that shows an event, with the place in the log of the event that tells of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ClipRow {
    /// The node that made it.
    pub node: NodeId,
    /// Number of the event that tells of it.
    pub seq: u64,
    /// The clip, and which event it shows.
    pub added: EvidenceAdded,
}

/// Longest text of a [`PlateRow`] in characters; what is longer is cut off there, and whole in the event.
pub const PLATE_TEXT_CHARS_MAX: usize = 200;

/// A plate that was in front of a camera, with its place in the log. Its votes and lesser readings stay in the event.
#[derive(Debug, Clone, PartialEq)]
pub struct PlateRow {
    /// The site.
    pub site: SiteId,
    /// The node that saw it.
    pub node: NodeId,
    /// Number of the event.
    pub seq: u64,
    /// Identity of the event.
    pub id: EventId,
    /// The gates of the camera, each once.
    pub gates: BTreeSet<GateId>,
    /// The camera.
    pub camera: CameraId,
    /// Number of the visit, counted per camera and run.
    pub visit: u64,
    /// The track of the vehicle that carried it.
    pub vehicle: Option<TrackId>,
    /// What that vehicle was taken for.
    pub vehicle_class: Option<ObjectClass>,
    /// When it was first seen.
    pub from: UtcTime,
    /// When it was last seen before the result was settled.
    pub to: UtcTime,
    /// What came of reading it.
    pub outcome: PlateOutcome,
    /// Why there is no reading, or why a person should look.
    pub reason: String,
    /// What it most likely says; there exactly where the outcome is `read`.
    pub best: Option<PlateBest>,
    /// Colour of the ground.
    pub colour: PlateColour,
    /// Rows of glyphs, 1 or 2.
    pub rows: u8,
    /// The best match in a watch list, else the best in any list: who is looked for is never hidden by who may pass.
    pub listed: Option<PlateListed>,
    /// The names of all lists that it resembles an entry of.
    pub lists: BTreeSet<String>,
    /// What was decided last about who showed it. Another event says so: the fold of the plate's own gives nothing.
    pub decided: Option<PlateDecided>,
    /// The media that show it.
    pub evidence: Vec<EvidenceRef>,
}

/// The likeliest reading of a plate.
#[derive(Debug, Clone, PartialEq)]
pub struct PlateBest {
    /// The key by which plates are compared.
    pub key: String,
    /// As it is written for people.
    pub display: String,
    /// The kind of plate, by `vnplate`'s name.
    pub kind: String,
    /// Who issued it.
    pub issuer: Option<String>,
    /// Probability that this is what the plate says, 0 to 1.
    pub confidence: f32,
    /// Whether another kind or another key fits about as well.
    pub ambiguous: bool,
}

/// What was decided about who showed a plate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlateDecided {
    /// Identity of the event that tells of the decision.
    pub decision: EventId,
    /// What was decided.
    pub verdict: AccessVerdict,
}

/// An entry of a list that a plate resembles.
#[derive(Debug, Clone, PartialEq)]
pub struct PlateListed {
    /// The list's name.
    pub list: String,
    /// What the list is for.
    pub purpose: ListPurpose,
    /// The entry's key.
    pub key: String,
    /// How alike the two are, 0 to 1: 1 is equal.
    pub score: f32,
}

/// A decision at a lane with its place in the log. Its trail stays in the event.
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionRow {
    /// The site.
    pub site: SiteId,
    /// The node that decided.
    pub node: NodeId,
    /// Number of the event.
    pub seq: u64,
    /// Identity of the event.
    pub id: EventId,
    /// When.
    pub at: UtcTime,
    /// The decision, without its trail.
    pub decision: AccessDecided,
    /// The media that show what led to it.
    pub evidence: Vec<EvidenceRef>,
}

/// A zone and a group, as one node counts them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OccupancyKey {
    /// The site.
    pub site: SiteId,
    /// The gate.
    pub gate: GateId,
    /// The zone.
    pub zone: ZoneId,
    /// What is counted.
    pub group: CountGroup,
    /// The node that counts.
    pub node: NodeId,
}

/// How many are in a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OccupancyValue {
    /// Number of the event.
    pub seq: u64,
    /// How many.
    pub count: u32,
    /// Since when.
    pub at: UtcTime,
}

/// A camera of a node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CameraKey {
    /// The site.
    pub site: SiteId,
    /// The node.
    pub node: NodeId,
    /// The camera.
    pub camera: CameraId,
}

/// A camera's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraValue {
    /// Number of the event.
    pub seq: u64,
    /// The state.
    pub state: CameraState,
    /// Why, for people.
    pub reason: String,
    /// Since when.
    pub at: UtcTime,
}

/// What a node said when its program started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeStartValue {
    /// Number of the event.
    pub seq: u64,
    /// When.
    pub at: UtcTime,
    /// Version of the program.
    pub version: String,
    /// Name of the gate profile.
    pub profile: String,
    /// Models in use: name and SHA-256.
    pub models: Vec<(String, String)>,
}

/// A jump of a node's wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockJumpValue {
    /// Number of the event.
    pub seq: u64,
    /// When.
    pub at: UtcTime,
    /// How far, in milliseconds; negative when it went back.
    pub by_ms: i64,
}

/// A node's newest event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeSeenValue {
    /// Number of the event.
    pub seq: u64,
    /// When it happened.
    pub at: UtcTime,
    /// How far the node's clock could be trusted then.
    pub clock: ClockQuality,
}

/// A gate that a node watches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GateNodeKey {
    /// The site.
    pub site: SiteId,
    /// The gate.
    pub gate: GateId,
    /// The node.
    pub node: NodeId,
}

/// A gate that a camera looks at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GateCameraKey {
    /// The site.
    pub site: SiteId,
    /// The gate.
    pub gate: GateId,
    /// The node.
    pub node: NodeId,
    /// The camera.
    pub camera: CameraId,
}
