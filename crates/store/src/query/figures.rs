//! What reports are made of, besides counts and dwell.

use std::collections::BTreeMap;

use domain::{CameraId, Direction, GateId, NodeId, ObjectClass, SiteId, UtcTime};
use projections::{AlertKind, ResetTime, pieces};

use crate::db::Query;
use crate::error::StoreError;
use crate::ledger::{Area, OccupancyLedger};
use crate::open::Store;
use crate::query::counts::{grain, table};
use crate::query::{AlertOutcome, CountsFilter};
use crate::row::{moment, named, natural, parsed};

/// How many of a class went one way through one gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateCountRow {
    /// The site.
    pub site: SiteId,
    /// The gate.
    pub gate: GateId,
    /// Which way.
    pub direction: Direction,
    /// What passed.
    pub class: ObjectClass,
    /// How many.
    pub count: u64,
}

/// When an alert was raised and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlertFate {
    /// What it was about.
    pub kind: AlertKind,
    /// When it was raised.
    pub at: UtcTime,
    /// When somebody acknowledged it.
    pub acknowledged_at: Option<UtcTime>,
    /// What it was closed as.
    pub outcome: Option<AlertOutcome>,
}

/// A time in which a camera or a node was away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutageRow {
    /// The node.
    pub node: NodeId,
    /// The camera; nothing where the node itself was away.
    pub camera: Option<CameraId>,
    /// Since when.
    pub from: UtcTime,
    /// Until when; nothing where it still is.
    pub to: Option<UtcTime>,
}

impl Store {
    /// Passages by gate, direction and class over the filter's span.
    pub async fn counts_by_gate(&self, filter: &CountsFilter) -> Result<Vec<GateCountRow>, StoreError> {
        // By name, because neither a direction nor a class has an order.
        let mut sums: BTreeMap<(SiteId, GateId, &str, &str), GateCountRow> = BTreeMap::new();
        for piece in pieces(filter.from_minute, filter.to_minute, grain(filter.bucket)) {
            let mut query = Query::new(format!(
                "select site, gate, direction, class, cast(sum(count) as bigint) as passages from {} where minute >= ",
                table(piece.grain)
            ));
            query.push_bind(piece.from_minute).push(" and minute < ").push_bind(piece.to_minute);
            filter.sites.push(&mut query, "site");
            if let Some(gate) = &filter.gate {
                query.push(" and gate = ").push_bind(gate.as_str());
            }
            query.push(" group by site, gate, direction, class");
            for row in query.fetch_all(&self.inner.db).await? {
                let direction: Direction = named("a direction", row.try_get("direction")?)?;
                let class: ObjectClass = named("a class", row.try_get("class")?)?;
                let (site, gate): (SiteId, String) = (parsed("a site id", row.try_get("site")?)?, row.try_get("gate")?);
                let gate: GateId = parsed("a gate id", &gate)?;
                let key = (site.clone(), gate.clone(), direction.as_str(), class.as_str());
                let held = sums.entry(key).or_insert(GateCountRow { site, gate, direction, class, count: 0 });
                held.count = held.count.saturating_add(natural("a count", row.try_get("passages")?)?);
            }
        }
        Ok(sums.into_values().collect())
    }

    /// How many different plates of each issuer were read in a span; nothing for plates that name none.
    pub async fn plate_origins(
        &self,
        site: Option<&SiteId>,
        from: UtcTime,
        to: UtcTime,
    ) -> Result<BTreeMap<Option<String>, u64>, StoreError> {
        let mut query = Query::new(
            "select issuer, count(distinct key) as plates from plate_read where outcome = 'read' and at_to >= ",
        );
        query.push_bind(from.as_unix_micros()).push(" and at_to < ").push_bind(to.as_unix_micros());
        if let Some(site) = site {
            query.push(" and site = ").push_bind(site.as_str());
        }
        query.push(" group by issuer");
        let rows = query.fetch_all(&self.inner.db).await?;
        rows.iter().map(|row| Ok((row.try_get("issuer")?, natural("a count", row.try_get("plates")?)?))).collect()
    }

    /// What became of the alerts that were raised in a span.
    pub async fn alert_fates(
        &self,
        site: Option<&SiteId>,
        from: UtcTime,
        to: UtcTime,
    ) -> Result<Vec<AlertFate>, StoreError> {
        let mut query = Query::new(
            "select a.kind as kind, a.at as at, k.at as taken_at, c.outcome as outcome from alert a \
             left join alert_action k on k.alert = a.id and k.action = 'acknowledge' \
             left join alert_action c on c.alert = a.id and c.action = 'close' where a.at >= ",
        );
        query.push_bind(from.as_unix_micros()).push(" and a.at < ").push_bind(to.as_unix_micros());
        if let Some(site) = site {
            query.push(" and a.site = ").push_bind(site.as_str());
        }
        let rows = query.fetch_all(&self.inner.db).await?;
        rows.iter()
            .map(|row| {
                let taken: Option<i64> = row.try_get("taken_at")?;
                let outcome: Option<String> = row.try_get("outcome")?;
                Ok(AlertFate {
                    kind: parsed("a kind of alert", row.try_get("kind")?)?,
                    at: moment(row.try_get("at")?)?,
                    acknowledged_at: taken.map(moment).transpose()?,
                    outcome: outcome.map(|outcome| parsed("an outcome", &outcome)).transpose()?,
                })
            })
            .collect()
    }

    /// The nodes and cameras that there are: site, node, camera; nothing for the node itself.
    pub async fn devices(&self, site: Option<&SiteId>) -> Result<Vec<(SiteId, NodeId, Option<CameraId>)>, StoreError> {
        let rows = Query::new(
            "select site, node, '' as camera from node union all select site, node, camera from camera_state \
             order by 1, 2, 3",
        )
        .fetch_all(&self.inner.db)
        .await?;
        let mut devices = Vec::with_capacity(rows.len());
        for row in &rows {
            let camera: String = row.try_get("camera")?;
            let found: SiteId = parsed("a site id", row.try_get("site")?)?;
            if site.is_none_or(|site| *site == found) {
                let camera = if camera.is_empty() { None } else { Some(parsed("a camera id", &camera)?) };
                devices.push((found, parsed("a node id", row.try_get("node")?)?, camera));
            }
        }
        Ok(devices)
    }

    /// The times in which nodes and cameras were away, as far as they touch a span.
    pub async fn outages(&self, from: UtcTime, to: UtcTime) -> Result<Vec<OutageRow>, StoreError> {
        let rows = Query::new(
            "select node, kind, subject, at, ended_at from alert where kind in ('camera_lost', 'node_silent') \
             and at < $1 and (ended_at is null or ended_at > $2) order by node, subject, at",
        )
        .bind(to.as_unix_micros())
        .bind(from.as_unix_micros())
        .fetch_all(&self.inner.db)
        .await?;
        rows.iter()
            .map(|row| {
                let kind: String = row.try_get("kind")?;
                let ended: Option<i64> = row.try_get("ended_at")?;
                let camera = match kind == AlertKind::CameraLost.as_str() {
                    true => Some(parsed("a camera id", row.try_get("subject")?)?),
                    false => None,
                };
                Ok(OutageRow {
                    node: parsed("a node id", row.try_get("node")?)?,
                    camera,
                    from: moment(row.try_get("at")?)?,
                    to: ended.map(moment).transpose()?,
                })
            })
            .collect()
    }

    /// When the day of each site begins anew.
    pub async fn reset_time_of(&self, site: &SiteId, now: UtcTime) -> Result<ResetTime, StoreError> {
        let ledger = OccupancyLedger::read(&self.inner.db, now).await?;
        Ok(ledger.reset_of(&Area { site: site.clone(), gate: None }))
    }

    /// When the day of each of these areas begins anew, in their order.
    pub async fn reset_times_of(&self, areas: &[Area], now: UtcTime) -> Result<Vec<ResetTime>, StoreError> {
        let ledger = OccupancyLedger::read(&self.inner.db, now).await?;
        Ok(areas.iter().map(|area| ledger.reset_of(area)).collect())
    }

    /// The gates that anything was told of.
    pub async fn gates_known(&self) -> Result<Vec<(SiteId, GateId)>, StoreError> {
        let rows = Query::new("select distinct site, gate from gate_node order by site, gate")
            .fetch_all(&self.inner.db)
            .await?;
        let gate = |row: &crate::db::Row| {
            let gate: String = row.try_get("gate")?;
            Ok((parsed("a site id", row.try_get("site")?)?, parsed("a gate id", &gate)?))
        };
        rows.iter().map(gate).collect()
    }

    /// The sites that anything was told of.
    pub async fn sites_known(&self) -> Result<Vec<SiteId>, StoreError> {
        let names = Query::new("select site from gate_node union select site from node order by 1")
            .fetch_texts(&self.inner.db)
            .await?;
        names.iter().map(|name| parsed("a site id", name)).collect()
    }
}
