//! Reading the log.

use domain::{ClockQuality, NodeId, SiteId, UtcTime};
use projections::Fact;
use serde::Deserialize;
use wire::{EventHash, EventId, Payload, Received};

use crate::db::{Query, Row};
use crate::error::StoreError;
use crate::limits;
use crate::open::Store;
use crate::row::{from_json, moment, natural, parsed};

/// An event as the log keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// Its place in the log.
    pub pos: u64,
    /// The site of the node.
    pub site: SiteId,
    /// The node.
    pub node: NodeId,
    /// Its number in the node's chain.
    pub seq: u64,
    /// Its identity.
    pub id: EventId,
    /// When it happened, by the node's clock.
    pub at: UtcTime,
    /// Trust in that clock.
    pub clock: ClockQuality,
    /// Name of what happened.
    pub kind: String,
    /// What happened; nothing where this version cannot read it.
    pub payload: Option<Payload>,
    /// Its hash.
    pub hash: EventHash,
    /// The hash that it names as the one before.
    pub prev: EventHash,
    /// When the hub took it in.
    pub received_at: UtcTime,
}

#[derive(Deserialize)]
struct Body {
    id: EventId,
    site: SiteId,
    node: NodeId,
    seq: u64,
    at: UtcTime,
    clock: ClockQuality,
    kind: String,
    prev: EventHash,
}

impl StoredEvent {
    /// What the fold looks at.
    pub fn fact(&self) -> Fact<'_> {
        Fact {
            site: &self.site,
            node: &self.node,
            seq: self.seq,
            id: self.id,
            at: self.at,
            clock: self.clock,
            payload: self.payload.as_ref(),
        }
    }

    pub(crate) fn from_received(pos: u64, received_at: UtcTime, event: Received) -> Self {
        let Received { id, site, node, seq, at, clock, kind, payload, prev, hash, .. } = event;
        Self { pos, site, node, seq, id, at, clock, kind, payload, hash, prev, received_at }
    }

    pub(crate) fn from_row(row: &Row) -> Result<Self, StoreError> {
        let text: &str = row.try_get("body")?;
        let Body { id, site, node, seq, at, clock, kind, prev } = from_json("an event", text)?;
        // A kind that was unknown when it came and is known now may not fit: it stays a kind that cannot be read.
        let payload = from_json("a payload", text).ok().filter(|payload| limits::fault(payload).is_none());
        Ok(Self {
            pos: natural("a place in the log", row.try_get("pos")?)?,
            site,
            node,
            seq,
            id,
            at,
            clock,
            kind,
            payload,
            hash: parsed("a hash", row.try_get("hash")?)?,
            prev,
            received_at: moment(row.try_get("received_at")?)?,
        })
    }
}

impl Store {
    /// At most `limit` events after place `pos`, in the order of the log.
    pub async fn events_after(&self, pos: u64, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
        let rows = Query::new("select pos, body, hash, received_at from event where pos > $1 order by pos limit $2")
            .bind(i64::try_from(pos).unwrap_or(i64::MAX))
            .bind(i64::from(limit))
            .fetch_all(&self.inner.db)
            .await?;
        rows.iter().map(StoredEvent::from_row).collect()
    }

    /// The event with this identity.
    pub async fn event_find(&self, id: EventId) -> Result<Option<StoredEvent>, StoreError> {
        let row = Query::new(self.inner.db.dialect().event_by_id())
            .bind(id.to_string())
            .fetch_optional(&self.inner.db)
            .await?;
        row.as_ref().map(StoredEvent::from_row).transpose()
    }

    /// The last place in the log; 0 where it is empty.
    pub async fn event_last_pos(&self) -> Result<u64, StoreError> {
        let pos = Query::new("select coalesce(max(pos), 0) from event").fetch_number(&self.inner.db).await?;
        natural("a place in the log", pos)
    }

    /// The latest moment, by the nodes' clocks, among the newest events of the log; nothing where it is empty.
    pub async fn event_newest_at(&self) -> Result<Option<UtcTime>, StoreError> {
        // More than one, because a node may have been away for weeks, or have a clock that is behind.
        let newest = Query::new(
            "select coalesce(max(newest.at), -1) from (select at from event order by pos desc limit 1000) newest",
        );
        let micros = newest.fetch_number(&self.inner.db).await?;
        Ok(UtcTime::from_unix_micros(micros).ok().filter(|_| micros >= 0))
    }
}
