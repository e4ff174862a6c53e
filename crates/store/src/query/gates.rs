//! What goes on at each gate today.

use std::collections::{BTreeMap, BTreeSet};

use domain::{CameraId, CountGroup, Direction, GateId, NodeId, ObjectClass, SiteId, UtcTime, ZoneId};
use projections::{GateToday, LocalDay};
use wire::event::CameraState;

use crate::db::{Query, Row};
use crate::error::StoreError;
use crate::ledger::Area;
use crate::open::Store;
use crate::query::InsideRow;
use crate::row::{moment, named, natural, parsed};

/// A gate as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct GateRow {
    /// The site.
    pub site: SiteId,
    /// The gate.
    pub gate: GateId,
    /// The nodes that told of it.
    pub nodes: BTreeSet<NodeId>,
    /// The latest moment that they told of.
    pub last_at: UtcTime,
    /// In and out since midnight.
    pub today: GateToday,
    /// How many are inside, for each group.
    pub inside: [InsideRow; 2],
    /// The same by class: in and out.
    pub classes: BTreeMap<ObjectClass, (u64, u64)>,
    /// How many are in its zones.
    pub zones: Vec<ZoneRow>,
    /// Its cameras: those that saw something here, and those of its nodes that saw nothing anywhere yet.
    pub cameras: Vec<CameraRow>,
}

/// How many of a group are in a zone, by the node that told of it last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneRow {
    /// The zone.
    pub zone: ZoneId,
    /// What is counted.
    pub group: CountGroup,
    /// How many.
    pub count: u64,
    /// Since when.
    pub at: UtcTime,
    /// Whether the node's program has started again since, so that nobody has counted anew.
    pub is_stale: bool,
}

/// A camera as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameraRow {
    /// The site.
    pub site: SiteId,
    /// The node.
    pub node: NodeId,
    /// The camera.
    pub camera: CameraId,
    /// Its state; nothing where it has seen something but never told its state.
    pub state: Option<CameraState>,
    /// Why, for people.
    pub reason: String,
    /// Since when; where the state is not known, when it last saw something.
    pub at: UtcTime,
}

/// Restricts a query to one gate.
fn push_gate(query: &mut Query, gate: Option<(&SiteId, &GateId)>, table: &str) {
    if let Some((site, gate)) = gate {
        query.push(format_args!(" and {table}site = ")).push_bind(site.as_str().to_owned());
        query.push(format_args!(" and {table}gate = ")).push_bind(gate.as_str().to_owned());
    }
}

fn gate_key(row: &Row) -> Result<(SiteId, GateId), StoreError> {
    Ok((parsed("a site id", row.try_get("site")?)?, parsed("a gate id", row.try_get("gate")?)?))
}

impl Store {
    /// Every gate that anything was told of, or the one named, as it stands on the day of `now`.
    pub async fn gates(&self, only: Option<(&SiteId, &GateId)>, now: UtcTime) -> Result<Vec<GateRow>, StoreError> {
        let mut gates = self.gates_bare(only, now).await?;
        self.gates_add_counts(&mut gates, only, LocalDay::of(now)).await?;
        self.gates_add_zones(&mut gates, only).await?;
        self.gates_add_cameras(&mut gates, only).await?;
        Ok(gates.into_values().collect())
    }

    /// Every gate that anything was told of, by site and name.
    pub async fn gate_areas(&self) -> Result<Vec<Area>, StoreError> {
        let rows = Query::new("select distinct site, gate from gate_node order by site, gate")
            .fetch_all(&self.inner.db)
            .await?;
        rows.iter()
            .map(|row| {
                let (site, gate) = gate_key(row)?;
                Ok(Area { site, gate: Some(gate) })
            })
            .collect()
    }

    async fn gates_bare(
        &self,
        only: Option<(&SiteId, &GateId)>,
        now: UtcTime,
    ) -> Result<BTreeMap<(SiteId, GateId), GateRow>, StoreError> {
        let mut query = Query::new("select site, gate, node, at from gate_node where true");
        push_gate(&mut query, only, "");
        let mut told: BTreeMap<(SiteId, GateId), (BTreeSet<NodeId>, UtcTime)> = BTreeMap::new();
        for row in query.fetch_all(&self.inner.db).await? {
            let at = moment(row.try_get("at")?)?;
            let (nodes, last_at) = told.entry(gate_key(&row)?).or_insert_with(|| (BTreeSet::new(), at));
            nodes.insert(parsed("a node id", row.try_get("node")?)?);
            *last_at = at.max(*last_at);
        }
        let area = |(site, gate): &(SiteId, GateId)| Area { site: site.clone(), gate: Some(gate.clone()) };
        let areas: Vec<_> = told.keys().map(area).collect();
        let insides = self.insides_of(&areas, now).await?;
        let mut gates = BTreeMap::new();
        for (((site, gate), (nodes, last_at)), inside) in std::iter::zip(told, insides) {
            let row = GateRow {
                site: site.clone(),
                gate: gate.clone(),
                nodes,
                last_at,
                today: GateToday::default(),
                inside,
                classes: BTreeMap::new(),
                zones: Vec::new(),
                cameras: Vec::new(),
            };
            gates.insert((site, gate), row);
        }
        Ok(gates)
    }

    async fn gates_add_counts(
        &self,
        gates: &mut BTreeMap<(SiteId, GateId), GateRow>,
        only: Option<(&SiteId, &GateId)>,
        day: LocalDay,
    ) -> Result<(), StoreError> {
        let mut query = Query::new(
            "select site, gate, direction, class, cast(sum(count) as bigint) as passages from count_minute where minute >= ",
        );
        query.push_bind(day.start_minute()).push(" and minute < ").push_bind(day.end_minute());
        push_gate(&mut query, only, "");
        query.push(" group by site, gate, direction, class");
        for row in query.fetch_all(&self.inner.db).await? {
            let Some(gate) = gates.get_mut(&gate_key(&row)?) else { continue };
            let direction: Direction = named("a direction", row.try_get("direction")?)?;
            let class: ObjectClass = named("a class", row.try_get("class")?)?;
            let count = natural("a count", row.try_get("passages")?)?;
            gate.today.add(class, direction, count);
            let (entered, left) = gate.classes.entry(class).or_default();
            match direction {
                Direction::In => *entered += count,
                Direction::Out => *left += count,
            }
        }
        Ok(())
    }

    async fn gates_add_zones(
        &self,
        gates: &mut BTreeMap<(SiteId, GateId), GateRow>,
        only: Option<(&SiteId, &GateId)>,
    ) -> Result<(), StoreError> {
        // The latest node wins: one that was replaced stays in the table with what it counted last.
        let mut query = Query::new(
            "select o.site, o.gate, o.zone, o.count_group, o.count, o.at, \
             cast(case when s.seq > o.seq then 1 else 0 end as bigint) as stale from occupancy o \
             left join node_start s on s.node = o.node where true",
        );
        push_gate(&mut query, only, "o.");
        query.push(" order by o.site, o.gate, o.zone, o.count_group, o.at, o.node");
        for row in query.fetch_all(&self.inner.db).await? {
            let Some(gate) = gates.get_mut(&gate_key(&row)?) else { continue };
            let zone = ZoneRow {
                zone: parsed("a zone id", row.try_get("zone")?)?,
                group: named("a group", row.try_get("count_group")?)?,
                count: natural("a count", row.try_get("count")?)?,
                at: moment(row.try_get("at")?)?,
                is_stale: row.try_get::<i64>("stale")? == 1,
            };
            match gate.zones.last_mut() {
                Some(last) if (&last.zone, last.group) == (&zone.zone, zone.group) => *last = zone,
                Some(_) | None => gate.zones.push(zone),
            }
        }
        Ok(())
    }

    async fn gates_add_cameras(
        &self,
        gates: &mut BTreeMap<(SiteId, GateId), GateRow>,
        only: Option<(&SiteId, &GateId)>,
    ) -> Result<(), StoreError> {
        let mut query = Query::new(
            "select c.site, c.gate, c.node, c.camera, c.at as seen_at, s.state, s.reason, s.at from gate_camera c \
             left join camera_state s on s.site = c.site and s.node = c.node and s.camera = c.camera where true",
        );
        push_gate(&mut query, only, "c.");
        query.push(
            " union all select n.site, n.gate, n.node, s.camera, s.at as seen_at, s.state, s.reason, s.at \
             from gate_node n join camera_state s on s.site = n.site and s.node = n.node \
             where not exists (select 1 from gate_camera c where c.site = s.site and c.node = s.node and c.camera = s.camera)",
        );
        push_gate(&mut query, only, "n.");
        query.push(" order by 1, 2, 3, 4");
        for row in query.fetch_all(&self.inner.db).await? {
            let Some(gate) = gates.get_mut(&gate_key(&row)?) else { continue };
            gate.cameras.push(camera(&row)?);
        }
        Ok(())
    }

    /// Every camera that told its state, by site, node and name.
    pub async fn cameras(&self) -> Result<Vec<CameraRow>, StoreError> {
        let rows = Query::new(
            "select site, node, camera, at as seen_at, state, reason, at from camera_state order by site, node, camera",
        )
        .fetch_all(&self.inner.db)
        .await?;
        rows.iter().map(camera).collect()
    }
}

fn camera(row: &Row) -> Result<CameraRow, StoreError> {
    let state: Option<&str> = row.try_get("state")?;
    let at: Option<i64> = row.try_get("at")?;
    Ok(CameraRow {
        site: parsed("a site id", row.try_get("site")?)?,
        node: parsed("a node id", row.try_get("node")?)?,
        camera: parsed("a camera id", row.try_get("camera")?)?,
        state: state.map(|state| named("a camera state", state)).transpose()?,
        reason: row.try_get::<Option<String>>("reason")?.unwrap_or_default(),
        at: match at {
            Some(at) => moment(at)?,
            None => moment(row.try_get("seen_at")?)?,
        },
    })
}
