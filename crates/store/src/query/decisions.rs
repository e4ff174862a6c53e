//! What was decided at lanes: the newest decisions, and how many of each kind there were on each day.

use domain::UtcTime;
use projections::DecisionRow;
use projections::day::LOCAL_OFFSET_MINUTES;
use wire::{AccessVerdict, LaneName};

use crate::db::{Query, Row};
use crate::error::StoreError;
use crate::open::Store;
use crate::query::ListFilter;
use crate::row::{from_json, moment, named, natural, parsed};

/// Microseconds of a day.
const DAY_US: i64 = 24 * 3_600 * 1_000_000;

/// Which decisions to give.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DecisionFilter {
    /// Which part of the list.
    pub list: ListFilter,
    /// Only of lanes of this name.
    pub lane: Option<LaneName>,
    /// Only with this verdict.
    pub verdict: Option<AccessVerdict>,
    /// Only at this moment or later.
    pub from: Option<UtcTime>,
    /// Only before this moment.
    pub to: Option<UtcTime>,
}

/// How many decisions of a lane had a verdict on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionCountRow {
    /// When the day began, at midnight in Asia/Ho_Chi_Minh.
    pub day: UtcTime,
    /// The lane.
    pub lane: LaneName,
    /// The verdict.
    pub verdict: AccessVerdict,
    /// How many.
    pub count: u64,
}

impl Store {
    /// Decisions, newest first.
    pub async fn decisions(&self, filter: &DecisionFilter) -> Result<Vec<DecisionRow>, StoreError> {
        let filter = DecisionFilter { list: self.narrowed(&filter.list).await?, ..filter.clone() };
        let ListFilter { gate, before, limit, .. } = &filter.list;
        let mut query =
            Query::new("select site, node, seq, id, at, decision, evidence from access_decision where true");
        push_filter(&mut query, &filter);
        if let Some(gate) = gate {
            query.push(" and gate = ").push_bind(gate.as_str().to_owned());
        }
        if let Some(before) = before {
            let (at, id) = before.parts();
            query.push(" and (at, id) < (").push_bind(at.as_unix_micros());
            query.push(", ").push_bind(id.to_owned()).push(")");
        }
        query.push(" order by at desc, id desc limit ").push_bind(i64::from(*limit));
        query.fetch_all(&self.inner.db).await?.iter().map(decision).collect()
    }

    /// Decisions per day, lane and verdict, in that order; the page of the filter's list does not matter.
    pub async fn decision_counts(&self, filter: &DecisionFilter) -> Result<Vec<DecisionCountRow>, StoreError> {
        let offset = LOCAL_OFFSET_MINUTES * 60 * 1_000_000;
        let mut query = Query::new("select (at + ");
        query.push_bind(offset).push(") / ").push_bind(DAY_US);
        query.push(" as day, lane, verdict, count(*) as decisions from access_decision where at >= 0");
        push_filter(&mut query, filter);
        query.push(" group by day, lane, verdict order by day, lane, verdict");
        let rows = query.fetch_all(&self.inner.db).await?;
        rows.iter()
            .map(|row| {
                let day: i64 = row.try_get("day")?;
                Ok(DecisionCountRow {
                    day: moment(day * DAY_US - offset)?,
                    lane: parsed("a lane", row.try_get("lane")?)?,
                    verdict: named("a verdict", row.try_get("verdict")?)?,
                    count: natural("a count", row.try_get("decisions")?)?,
                })
            })
            .collect()
    }
}

fn push_filter(query: &mut Query, filter: &DecisionFilter) {
    filter.list.sites.push(query, "site");
    if let Some(lane) = &filter.lane {
        query.push(" and lane = ").push_bind(lane.as_str().to_owned());
    }
    if let Some(verdict) = filter.verdict {
        query.push(" and verdict = ").push_bind(verdict.as_str());
    }
    if let Some(from) = filter.from {
        query.push(" and at >= ").push_bind(from.as_unix_micros());
    }
    if let Some(to) = filter.to {
        query.push(" and at < ").push_bind(to.as_unix_micros());
    }
}

fn decision(row: &Row) -> Result<DecisionRow, StoreError> {
    Ok(DecisionRow {
        site: parsed("a site id", row.try_get("site")?)?,
        node: parsed("a node id", row.try_get("node")?)?,
        seq: natural("an event number", row.try_get("seq")?)?,
        id: named("an event id", row.try_get("id")?)?,
        at: moment(row.try_get("at")?)?,
        decision: from_json("a decision", row.try_get("decision")?)?,
        evidence: from_json("evidence", row.try_get("evidence")?)?,
    })
}
