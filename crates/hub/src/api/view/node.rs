//! The shapes of nodes, their alarms and what could not be taken in.

use domain::ClockQuality;
use serde::Serialize;
use store::{AlarmRow, NodeRow, QuarantineRow};
use utoipa::ToSchema;
use wire::NodeState;

use super::Camera;
use super::health::NodeHealth;
use super::policy::NodePolicy;
use crate::api::commissioning::Commissioning;

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
    /// What it works by, and what is wanted.
    policy: NodePolicy,
    /// What it last said of its health and of its cameras.
    health: Option<NodeHealth>,
    /// How far it is put into service.
    commissioning: Commissioning,
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
            policy: NodePolicy::from(row),
            health: row.health.as_ref().map(NodeHealth::from),
            commissioning: Commissioning::from(row),
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
    /// `bad_number`, `unstorable`, `policy_refused`, `revoked` or `clock`.
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
