//! Lanes as they stand, from what their nodes told lately.

use std::collections::BTreeMap;

use domain::{GateId, NodeId, SiteId, UtcTime};
use wire::{LaneHappening, LaneName, Payload};

use crate::db::{Query, Row};
use crate::error::StoreError;
use crate::event::StoredEvent;
use crate::open::Store;
use crate::query::Sites;
use crate::row::{moment, parsed};

/// Newest happenings at lanes that are looked through. A lane of which none of them tells stands as if nothing had happened.
const HAPPENINGS_MAX: i64 = 4_000;

/// Newest decisions that are looked through for lanes.
const DECISIONS_MAX: i64 = 4_000;

/// What a lane's contact says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaneContact {
    /// It is open.
    Open,
    /// It is closed.
    Closed,
    /// There is none, it cannot be read, or nothing was told of it.
    Unknown,
}

/// A lane as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneRow {
    /// The site.
    pub site: SiteId,
    /// The node.
    pub node: NodeId,
    /// The lane.
    pub lane: LaneName,
    /// The gate that it belongs to.
    pub gate: Option<GateId>,
    /// Whether it is locked down.
    pub is_locked: bool,
    /// Whether it is held open.
    pub is_held: bool,
    /// Whether a fire opened it.
    pub is_burning: bool,
    /// What its contact says.
    pub contact: LaneContact,
    /// The newest that was told of it.
    pub at: UtcTime,
}

impl LaneRow {
    /// Takes what happened after everything before.
    fn take(&mut self, change: LaneHappening) {
        match change {
            LaneHappening::LockedDown => self.is_locked = true,
            LaneHappening::LockDownEnded => self.is_locked = false,
            LaneHappening::Held => self.is_held = true,
            LaneHappening::Released | LaneHappening::Closed => self.is_held = false,
            LaneHappening::Fire => self.is_burning = true,
            LaneHappening::FireEnded => self.is_burning = false,
            LaneHappening::SeenOpen => self.contact = LaneContact::Open,
            LaneHappening::SeenClosed => self.contact = LaneContact::Closed,
            LaneHappening::Unseen => self.contact = LaneContact::Unknown,
            LaneHappening::Opened
            | LaneHappening::Failed
            | LaneHappening::Ignored
            | LaneHappening::Ordered
            | LaneHappening::ButtonPressed
            | LaneHappening::AlarmRaised
            | LaneHappening::AlarmEnded
            | LaneHappening::Passed
            | LaneHappening::PassedUnpermitted => {}
        }
    }
}

type Lanes = BTreeMap<(SiteId, NodeId, LaneName), LaneRow>;

fn lane<'a>(lanes: &'a mut Lanes, site: &SiteId, node: &NodeId, name: &LaneName, at: UtcTime) -> &'a mut LaneRow {
    let key = (site.clone(), node.clone(), name.clone());
    lanes.entry(key).or_insert_with(|| LaneRow {
        site: site.clone(),
        node: node.clone(),
        lane: name.clone(),
        gate: None,
        is_locked: false,
        is_held: false,
        is_burning: false,
        contact: LaneContact::Unknown,
        at,
    })
}

impl Store {
    /// The lanes of these sites of which anything was told lately, by site, node and name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lanes(&self, sites: &Sites) -> Result<Vec<LaneRow>, StoreError> {
        let mut lanes = Lanes::new();
        let mut query = Query::new("select site, node, lane, gate, at from access_decision where true");
        sites.push(&mut query, "site");
        query.push(" order by at desc limit ").push_bind(DECISIONS_MAX);
        for row in query.fetch_all(&self.inner.db).await? {
            decided(&mut lanes, &row)?;
        }
        let mut query = Query::new("select pos, body, hash, received_at from event where kind = 'lane_changed'");
        sites.push(&mut query, "site");
        query.push(" order by pos desc limit ").push_bind(HAPPENINGS_MAX);
        // From the oldest on, in the order of the log.
        for row in query.fetch_all(&self.inner.db).await?.iter().rev() {
            let event = StoredEvent::from_row(row)?;
            let Some(Payload::LaneChanged(change)) = &event.payload else { continue };
            let lane = lane(&mut lanes, &event.site, &event.node, &change.lane, event.at);
            lane.gate = change.gate.clone().or(lane.gate.take());
            lane.at = lane.at.max(event.at);
            lane.take(change.change);
        }
        Ok(lanes.into_values().collect())
    }
}

fn decided(lanes: &mut Lanes, row: &Row) -> Result<(), StoreError> {
    let (site, node) = (parsed("a site id", row.try_get("site")?)?, parsed("a node id", row.try_get("node")?)?);
    let (name, at) = (parsed("a lane", row.try_get("lane")?)?, moment(row.try_get("at")?)?);
    let gate = row.try_get::<Option<&str>>("gate")?.map(|gate| parsed("a gate id", gate)).transpose()?;
    let lane = lane(lanes, &site, &node, &name, at);
    lane.gate = lane.gate.take().or(gate);
    Ok(())
}
