//! What is known of each node.

use std::collections::BTreeMap;

use domain::{ClockQuality, NodeId, UtcTime};
use projections::{ClockJumpValue, NodeStartValue, delta::NodeSeenValue};
use wire::policy::PolicyStatus;
use wire::{Ack, NodeHealth, NodeState};

use crate::commissioning::CommissioningMark;
use crate::db::{Query, Row};
use crate::error::StoreError;
use crate::node::{RegisteredNode, registered};
use crate::open::Store;
use crate::query::CameraRow;
use crate::row::{from_json, moment, named, natural};

/// A believed node as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeRow {
    /// Who it is.
    pub node: RegisteredNode,
    /// How far its chain is complete.
    pub head: Ack,
    /// What it last said of itself.
    pub status: Option<NodeStatusRow>,
    /// Its newest event.
    pub seen: Option<NodeSeenValue>,
    /// Its program's newest start.
    pub start: Option<NodeStartValue>,
    /// The newest jump of its clock.
    pub jump: Option<ClockJumpValue>,
    /// Its cameras.
    pub cameras: Vec<CameraRow>,
    /// Alarms that are open.
    pub alarms_open: u64,
    /// What it last said of its policy.
    pub policy: Option<NodePolicyRow>,
    /// What it last said of its health.
    pub health: Option<NodeHealthRow>,
    /// What people have confirmed of its commissioning.
    pub marks: Vec<CommissioningMark>,
    /// The version of the newest policy that is for it.
    pub policy_wanted: Option<u64>,
}

/// What a node said of its policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodePolicyRow {
    /// What it works by, what waits and what it refused.
    pub status: PolicyStatus,
    /// When the hub heard it.
    pub received_at: UtcTime,
}

/// What a node said of its health.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeHealthRow {
    /// How it and its cameras are.
    pub health: NodeHealth,
    /// When the hub heard it.
    pub received_at: UtcTime,
}

/// What a node said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeStatusRow {
    /// Whether it is there.
    pub state: NodeState,
    /// Version of its program.
    pub version: String,
    /// When it said so.
    pub at: Option<UtcTime>,
    /// Events that it keeps until the hub confirms them.
    pub backlog: Option<u64>,
    /// Trust in its clock.
    pub clock: Option<ClockQuality>,
    /// When the hub heard it.
    pub received_at: UtcTime,
}

impl Store {
    /// Every believed node, by site and name.
    pub async fn nodes(&self) -> Result<Vec<NodeRow>, StoreError> {
        let is_for = self.inner.db.dialect().json_list_has("wanted.nodes", "node.node");
        let rows = Query::new(nodes_sql(&is_for)).fetch_all(&self.inner.db).await?;
        let heads: BTreeMap<NodeId, Ack> = self.heads().await?.into_iter().map(|head| (head.node, head.ack)).collect();
        let mut cameras: BTreeMap<NodeId, Vec<CameraRow>> = BTreeMap::new();
        for camera in self.cameras().await? {
            cameras.entry(camera.node.clone()).or_default().push(camera);
        }
        let mut marks: BTreeMap<NodeId, Vec<CommissioningMark>> = BTreeMap::new();
        for mark in self.commissioning_marks().await? {
            marks.entry(mark.node.clone()).or_default().push(mark);
        }
        let mut nodes = Vec::with_capacity(rows.len());
        for row in &rows {
            let node = registered(row)?;
            // A node added between the two queries has no head in the first one; the next look shows it.
            let Some(head) = heads.get(&node.node).cloned() else { continue };
            nodes.push(NodeRow {
                head,
                status: status(row)?,
                seen: seen(row)?,
                start: start(row)?,
                jump: jump(row)?,
                cameras: cameras.remove(&node.node).unwrap_or_default(),
                alarms_open: natural("a count", row.try_get("alarms_open")?)?,
                policy: policy(row)?,
                health: health(row)?,
                marks: marks.remove(&node.node).unwrap_or_default(),
                policy_wanted: row
                    .try_get::<Option<i64>>("policy_wanted")?
                    .map(|version| natural("a version", version))
                    .transpose()?,
                node,
            });
        }
        Ok(nodes)
    }
}

fn nodes_sql(is_for_node: &str) -> String {
    format!(
        "select node.*, \
    status.state, status.version as status_version, status.at as status_at, status.backlog, \
    status.clock as status_clock, status.received_at, \
    seen.seq as seen_seq, seen.at as seen_at, seen.clock as seen_clock, \
    start.seq as start_seq, start.at as start_at, start.version as start_version, start.profile, start.models, \
    jump.seq as jump_seq, jump.at as jump_at, jump.by_ms, \
    policy.status as policy_status, policy.received_at as policy_received_at, \
    health.health, health.received_at as health_received_at, \
    (select wanted.version from policy wanted where wanted.site = node.site and (wanted.nodes is null or {is_for_node}) order by wanted.id desc limit 1) \
    as policy_wanted, \
    (select count(*) from alarm where alarm.node = node.node and alarm.closed_at is null) as alarms_open \
    from node \
    left join node_policy policy on policy.node = node.node \
    left join node_health health on health.node = node.node \
    left join node_status status on status.node = node.node \
    left join node_seen seen on seen.node = node.node \
    left join node_start start on start.node = node.node \
    left join node_jump jump on jump.node = node.node \
    order by node.site, node.node"
    )
}

fn status(row: &Row) -> Result<Option<NodeStatusRow>, StoreError> {
    let Some(state) = row.try_get::<Option<&str>>("state")? else { return Ok(None) };
    let backlog: Option<i64> = row.try_get("backlog")?;
    let clock: Option<&str> = row.try_get("status_clock")?;
    let at: Option<i64> = row.try_get("status_at")?;
    Ok(Some(NodeStatusRow {
        state: named("a node's state", state)?,
        version: row.try_get("status_version")?,
        at: at.map(moment).transpose()?,
        backlog: backlog.map(|backlog| natural("a backlog", backlog)).transpose()?,
        clock: clock.map(|clock| from_json("a clock", clock)).transpose()?,
        received_at: moment(row.try_get("received_at")?)?,
    }))
}

fn policy(row: &Row) -> Result<Option<NodePolicyRow>, StoreError> {
    let Some(status) = row.try_get::<Option<&str>>("policy_status")? else { return Ok(None) };
    let received_at = moment(row.try_get("policy_received_at")?)?;
    Ok(Some(NodePolicyRow { status: from_json("a policy's state", status)?, received_at }))
}

fn health(row: &Row) -> Result<Option<NodeHealthRow>, StoreError> {
    let Some(health) = row.try_get::<Option<&str>>("health")? else { return Ok(None) };
    let received_at = moment(row.try_get("health_received_at")?)?;
    Ok(Some(NodeHealthRow { health: from_json("a node's health", health)?, received_at }))
}

fn seen(row: &Row) -> Result<Option<NodeSeenValue>, StoreError> {
    let Some(seq) = row.try_get::<Option<i64>>("seen_seq")? else { return Ok(None) };
    Ok(Some(NodeSeenValue {
        seq: natural("an event number", seq)?,
        at: moment(row.try_get("seen_at")?)?,
        clock: from_json("a clock", row.try_get("seen_clock")?)?,
    }))
}

fn start(row: &Row) -> Result<Option<NodeStartValue>, StoreError> {
    let Some(seq) = row.try_get::<Option<i64>>("start_seq")? else { return Ok(None) };
    Ok(Some(NodeStartValue {
        seq: natural("an event number", seq)?,
        at: moment(row.try_get("start_at")?)?,
        version: row.try_get("start_version")?,
        profile: row.try_get("profile")?,
        models: from_json("models", row.try_get("models")?)?,
    }))
}

fn jump(row: &Row) -> Result<Option<ClockJumpValue>, StoreError> {
    let Some(seq) = row.try_get::<Option<i64>>("jump_seq")? else { return Ok(None) };
    Ok(Some(ClockJumpValue {
        seq: natural("an event number", seq)?,
        at: moment(row.try_get("jump_at")?)?,
        by_ms: row.try_get("by_ms")?,
    }))
}
