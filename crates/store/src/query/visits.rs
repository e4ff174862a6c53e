//! Vehicles with a read plate that went in or out: what visits are made of.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::{NodeId, UtcTime};
use projections::PlateMove;

use crate::db::Query;
use crate::error::StoreError;
use crate::open::Store;
use crate::query::Sites;
use crate::query::plates::PASSAGE_SLACK;
use crate::row::{moment, named, natural, parsed, sql_seq};

/// Most moves read at a time: a busy site's month. Whoever asks for more is told to ask for less time.
pub const MOVES_MAX: u32 = 200_000;

/// Which moves to give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoveFilter {
    /// Only of these sites.
    pub sites: Sites,
    /// Only of this plate, by its key.
    pub key: Option<String>,
    /// Only at this moment or later.
    pub from: UtcTime,
    /// Only before this moment.
    pub to: UtcTime,
}

impl Store {
    /// Passages of vehicles whose plates were read, at most [`MOVES_MAX`] and one more. A plate belongs to a passage as
    /// in [`Store::plates_of`].
    pub async fn plate_moves(&self, filter: &MoveFilter) -> Result<Vec<PlateMove>, StoreError> {
        let slack = i64::try_from(PASSAGE_SLACK.as_micros()).unwrap_or(i64::MAX);
        let mut query = Query::new(
            "select v.node as node, v.seq as seq, v.id as id, v.site as site, v.gate as gate, v.at as at, \
             v.direction as direction, p.seq as plate_seq, p.key as plate_key, p.display as display, \
             p.at_from as plate_from, p.at_to as plate_to from plate_read p join vehicle_pass v \
             on v.node = p.node and v.camera = p.camera and v.track = p.vehicle and v.at >= p.at_from - ",
        );
        query.push_bind(slack).push(" and v.at <= p.at_to + ").push_bind(slack);
        query.push(" where p.key is not null and p.at_to >= ").push_bind(filter.from.as_unix_micros() - slack);
        query.push(" and p.at_from <= ").push_bind(filter.to.as_unix_micros() + slack);
        // For the index on the end: a vehicle is before a camera for minutes, not for hours.
        query.push(" and p.at_to < ").push_bind(filter.to.as_unix_micros() + slack + 3_600_000_000);
        filter.sites.push(&mut query, "p.site");
        if let Some(key) = &filter.key {
            query.push(" and p.key = ").push_bind(key.as_str());
        }
        query.push(" limit ").push_bind(i64::from(MOVES_MAX) + 1);
        let mut nearest: BTreeMap<(NodeId, u64), (Duration, u64, PlateMove)> = BTreeMap::new();
        for row in query.fetch_all(&self.inner.db).await? {
            let node: NodeId = parsed("a node id", row.try_get("node")?)?;
            let seq = natural("an event number", row.try_get("seq")?)?;
            let plate_seq = natural("an event number", row.try_get("plate_seq")?)?;
            let at = moment(row.try_get("at")?)?;
            let (from, to) = (moment(row.try_get("plate_from")?)?, moment(row.try_get("plate_to")?)?);
            let distance = from.min(to).since(at).max(at.since(from.max(to)));
            let passed = PlateMove {
                site: parsed("a site id", row.try_get("site")?)?,
                key: row.try_get("plate_key")?,
                at,
                id: named("an event id", row.try_get("id")?)?,
                direction: named("a direction", row.try_get("direction")?)?,
                gate: parsed("a gate id", row.try_get("gate")?)?,
                display: row.try_get::<Option<String>>("display")?.unwrap_or_default(),
            };
            let found = (distance, plate_seq, passed);
            let held = nearest.entry((node, seq)).or_insert_with(|| found.clone());
            if (found.0, found.1) < (held.0, held.1) {
                *held = found;
            }
        }
        let runs = self.runs_of(nearest.keys().map(|(node, _)| node.clone()).collect()).await?;
        let is_one_run = |node: &NodeId, one: u64, other: u64| {
            let (low, high) = (one.min(other), one.max(other));
            runs.get(node).is_none_or(|starts| starts.range(low + 1..high.max(low + 1)).next().is_none())
        };
        Ok(nearest
            .into_iter()
            .filter(|((node, seq), (_, plate_seq, _))| is_one_run(node, *seq, *plate_seq))
            .map(|(_, (_, _, passed))| passed)
            .filter(|passed| passed.at >= filter.from && passed.at < filter.to)
            .collect())
    }

    /// Where the runs of nodes begin in their chains.
    async fn runs_of(&self, nodes: BTreeSet<NodeId>) -> Result<BTreeMap<NodeId, BTreeSet<u64>>, StoreError> {
        let mut runs: BTreeMap<NodeId, BTreeSet<u64>> = BTreeMap::new();
        for node in nodes {
            let rows = Query::new("select seq from node_run where node = $1 and seq >= $2")
                .bind(node.as_str())
                .bind(sql_seq(0))
                .fetch_all(&self.inner.db)
                .await?;
            let starts = rows.iter().map(|row| natural("an event number", row.try_get("seq")?));
            let starts = starts.collect::<Result<BTreeSet<_>, StoreError>>()?;
            runs.insert(node, starts);
        }
        Ok(runs)
    }
}
