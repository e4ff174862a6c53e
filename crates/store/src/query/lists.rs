//! The newest passages and stays, alarms and refused messages.

use std::fmt;
use std::str::FromStr;

use domain::{GateId, NodeId, SiteId, UtcTime};
use projections::{PassageRow, StayRow};
use wire::BlobHash;

use crate::db::{Query, Row};
use crate::error::StoreError;
use crate::open::Store;
use crate::query::Sites;
use crate::row::{from_json, moment, named, natural, parsed};

/// Which rows of a list to give.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListFilter {
    /// Only of these sites.
    pub sites: Sites,
    /// Only of gates of this name.
    pub gate: Option<GateId>,
    /// Only what comes after this row, that is: what is older.
    pub before: Option<ListCursor>,
    /// At most so many.
    pub limit: u32,
}

/// A place in a list that is ordered by moment and id, newest first. Written `MICROSECONDS_ID`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListCursor {
    at: UtcTime,
    id: String,
}

impl ListCursor {
    /// The place of a row.
    pub fn new(at: UtcTime, id: impl fmt::Display) -> Self {
        Self { at, id: id.to_string() }
    }

    pub(crate) fn parts(&self) -> (UtcTime, &str) {
        (self.at, &self.id)
    }
}

impl fmt::Display for ListCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", self.at.as_unix_micros(), self.id)
    }
}

/// Why a text is not a place in a list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a place in a list: give the `next` of the page before")]
pub struct InvalidCursor;

impl FromStr for ListCursor {
    type Err = InvalidCursor;
    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let (at, id) = text.split_once('_').ok_or(InvalidCursor)?;
        let at = UtcTime::from_unix_micros(at.parse().map_err(|_| InvalidCursor)?).map_err(|_| InvalidCursor)?;
        let is_id = id.len() == 36 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        if is_id { Ok(Self { at, id: id.to_owned() }) } else { Err(InvalidCursor) }
    }
}

/// An alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlarmRow {
    /// The node.
    pub node: NodeId,
    /// Its site, where it is believed.
    pub site: Option<SiteId>,
    /// Name of what is wrong: see [`AlarmKind`](crate::AlarmKind).
    pub kind: String,
    /// What was wrong the last time, in words.
    pub detail: String,
    /// When it was first seen.
    pub first_at: UtcTime,
    /// When it was last seen.
    pub last_at: UtcTime,
    /// How often.
    pub count: u64,
    /// When it was over by itself.
    pub closed_at: Option<UtcTime>,
}

/// A message that could not be taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuarantineRow {
    /// Its number.
    pub id: u64,
    /// The node by the topic's word.
    pub node: Option<NodeId>,
    /// Name of the reason: see [`Reason`](crate::Reason).
    pub reason: String,
    /// The reason in words.
    pub detail: String,
    /// Where it was published.
    pub topic: String,
    /// How many bytes it has.
    pub payload_bytes: u64,
    /// Hash of its bytes.
    pub payload_hash: String,
    /// When the first copy came.
    pub first_at: UtcTime,
    /// When the last copy came.
    pub last_at: UtcTime,
    /// How many copies came.
    pub count: u64,
}

/// What is known of a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlobRow {
    /// Its name.
    pub sha256: BlobHash,
    /// Its media type.
    pub media_type: String,
    /// How many bytes.
    pub bytes: u64,
    /// The node that sent it first.
    pub node: NodeId,
    /// When it was stored.
    pub stored_at: UtcTime,
}

fn push_filter(query: &mut Query, filter: &ListFilter, at: &str) {
    filter.sites.push(query, "site");
    if let Some(gate) = &filter.gate {
        query.push(" and gate = ").push_bind(gate.as_str().to_owned());
    }
    if let Some(ListCursor { at: before, id }) = &filter.before {
        query.push(format_args!(" and ({at}, id) < (")).push_bind(before.as_unix_micros());
        query.push(", ").push_bind(id.clone()).push(")");
    }
    query.push(format_args!(" order by {at} desc, id desc limit ")).push_bind(i64::from(filter.limit));
}

impl Store {
    /// The same filter, limited to the sites that have a gate of that name where a gate but no site is given: lists are
    /// indexed by site and gate.
    pub(crate) async fn narrowed(&self, filter: &ListFilter) -> Result<ListFilter, StoreError> {
        let (Some(gate), Sites::All) = (&filter.gate, &filter.sites) else { return Ok(filter.clone()) };
        let query = Query::new("select distinct site from gate_node where gate = $1 order by 1").bind(gate.as_str());
        let names = query.fetch_texts(&self.inner.db).await?;
        let sites = names.iter().map(|name| named("a site", name)).collect::<Result<_, StoreError>>()?;
        Ok(ListFilter { sites: Sites::Only(sites), ..filter.clone() })
    }

    /// Passages, newest first.
    pub async fn passages(&self, filter: &ListFilter) -> Result<Vec<PassageRow>, StoreError> {
        let mut query = Query::new("select site, node, seq, id, passage, evidence from passage where true");
        push_filter(&mut query, &self.narrowed(filter).await?, "at");
        let rows = query.fetch_all(&self.inner.db).await?;
        rows.iter()
            .map(|row| {
                Ok(PassageRow {
                    site: parsed("a site id", row.try_get("site")?)?,
                    node: parsed("a node id", row.try_get("node")?)?,
                    seq: natural("an event number", row.try_get("seq")?)?,
                    id: named("an event id", row.try_get("id")?)?,
                    passage: from_json("a passage", row.try_get("passage")?)?,
                    evidence: from_json("evidence", row.try_get("evidence")?)?,
                })
            })
            .collect()
    }

    /// Stays, those that ended last first.
    pub async fn stays(&self, filter: &ListFilter) -> Result<Vec<StayRow>, StoreError> {
        let mut query = Query::new("select site, node, seq, id, stay, evidence from stay where true");
        push_filter(&mut query, &self.narrowed(filter).await?, "at_to");
        let rows = query.fetch_all(&self.inner.db).await?;
        rows.iter()
            .map(|row| {
                Ok(StayRow {
                    site: parsed("a site id", row.try_get("site")?)?,
                    node: parsed("a node id", row.try_get("node")?)?,
                    seq: natural("an event number", row.try_get("seq")?)?,
                    id: named("an event id", row.try_get("id")?)?,
                    stay: from_json("a stay", row.try_get("stay")?)?,
                    evidence: from_json("evidence", row.try_get("evidence")?)?,
                })
            })
            .collect()
    }

    /// Alarms of these sites, open ones first, then the newest first; of one node only where it is named. Alarms of
    /// strangers are of no site, and given only where every site is.
    pub async fn alarms(&self, sites: &Sites, node: Option<&NodeId>, limit: u32) -> Result<Vec<AlarmRow>, StoreError> {
        let mut query =
            Query::new("select alarm.*, node.site from alarm left join node on node.node = alarm.node where true");
        sites.push(&mut query, "node.site");
        if let Some(node) = node {
            query.push(" and alarm.node = ").push_bind(node.as_str().to_owned());
        }
        query
            .push(" order by closed_at is not null, last_at desc, alarm.node, kind limit ")
            .push_bind(i64::from(limit));
        let rows = query.fetch_all(&self.inner.db).await?;
        rows.iter().map(alarm).collect()
    }

    /// Refused messages of nodes of these sites, the newest first. Those of strangers are given only where every site is.
    pub async fn quarantine(&self, sites: &Sites, limit: u32) -> Result<Vec<QuarantineRow>, StoreError> {
        let mut query = Query::new(
            "select id, quarantine.node, reason, detail, topic, payload_bytes, payload_hash, first_at, last_at, count \
             from quarantine left join node on node.node = quarantine.node where true",
        );
        sites.push(&mut query, "node.site");
        query.push(" order by last_at desc, id desc limit ").push_bind(i64::from(limit));
        query.fetch_all(&self.inner.db).await?.iter().map(quarantined).collect()
    }
}

fn alarm(row: &Row) -> Result<AlarmRow, StoreError> {
    let site: Option<&str> = row.try_get("site")?;
    let closed_at: Option<i64> = row.try_get("closed_at")?;
    Ok(AlarmRow {
        node: parsed("a node id", row.try_get("node")?)?,
        site: site.map(|site| parsed("a site id", site)).transpose()?,
        kind: row.try_get("kind")?,
        detail: row.try_get("detail")?,
        first_at: moment(row.try_get("first_at")?)?,
        last_at: moment(row.try_get("last_at")?)?,
        count: natural("a count", row.try_get("count")?)?,
        closed_at: closed_at.map(moment).transpose()?,
    })
}

fn quarantined(row: &Row) -> Result<QuarantineRow, StoreError> {
    let node: Option<&str> = row.try_get("node")?;
    Ok(QuarantineRow {
        id: natural("a number", row.try_get("id")?)?,
        node: node.map(|node| parsed("a node id", node)).transpose()?,
        reason: row.try_get("reason")?,
        detail: row.try_get("detail")?,
        topic: row.try_get("topic")?,
        payload_bytes: natural("a length", row.try_get("payload_bytes")?)?,
        payload_hash: row.try_get("payload_hash")?,
        first_at: moment(row.try_get("first_at")?)?,
        last_at: moment(row.try_get("last_at")?)?,
        count: natural("a count", row.try_get("count")?)?,
    })
}
