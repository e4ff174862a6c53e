//! How many are inside each gate and site.

use std::collections::{BTreeSet, HashMap};

use domain::{CountGroup, Direction, GateId, Passage, UtcTime};
use futures_util::future::try_join_all;
use projections::inside::minute_start;
use projections::{Base, Inside, ResetTime};

use crate::db::{Dialect, Query, Row};
use crate::error::StoreError;
use crate::ledger::{Area, CorrectionRow, OccupancyLedger, gates_of, person_classes};
use crate::open::Store;
use crate::row::{from_json, named, natural, parsed};

/// How many of a group are inside an area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsideRow {
    /// Where.
    pub area: Area,
    /// What is counted.
    pub group: CountGroup,
    /// When the area's day begins.
    pub reset: ResetTime,
    /// What the count begins with.
    pub base: Base,
    /// The correction that it begins with, where it does.
    pub correction: Option<CorrectionRow>,
    /// What came of the passages since.
    pub inside: Inside,
}

/// Up to when passages are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// Up to the next reset: those of nodes whose clocks are ahead as well.
    NextReset,
    /// Up to the end of the minute that is asked about.
    ThatMinute,
}

/// Areas whose passages are added up by one statement.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Stretch {
    /// The first minute for persons and for vehicles, in the order of [`CountGroup::ALL`].
    first: [i64; 2],
    /// The first minute that is not counted any more.
    end: i64,
    /// Whether the areas are gates, or whole sites.
    is_of_gates: bool,
}

/// What passed through an area.
#[derive(Debug, Clone, Copy)]
struct Sum {
    entered: u64,
    left: u64,
    /// The least that comings without goings had come to after any minute.
    least: i64,
}

impl Store {
    /// How many of each group are inside `area` at `now`. Passages of nodes whose clocks are ahead count at once, up to
    /// the next reset.
    pub async fn insides(&self, area: &Area, now: UtcTime) -> Result<[InsideRow; 2], StoreError> {
        self.insides_until(area, now, Until::NextReset).await
    }

    /// The same for several areas, in their order: with as few statements for a province as for a gate.
    pub async fn insides_of(&self, areas: &[Area], now: UtcTime) -> Result<Vec<[InsideRow; 2]>, StoreError> {
        self.insides_at(areas, now, Until::NextReset).await
    }

    pub(crate) async fn insides_until(
        &self,
        area: &Area,
        now: UtcTime,
        until: Until,
    ) -> Result<[InsideRow; 2], StoreError> {
        let mut rows = self.insides_at(std::slice::from_ref(area), now, until).await?;
        Ok(rows.pop().expect("as many as there are areas"))
    }

    async fn insides_at(&self, areas: &[Area], now: UtcTime, until: Until) -> Result<Vec<[InsideRow; 2]>, StoreError> {
        let ledger = OccupancyLedger::read(&self.inner.db, now).await?;
        let mut all = Vec::with_capacity(areas.len());
        let mut together: HashMap<Stretch, Vec<usize>> = HashMap::new();
        for (index, area) in areas.iter().enumerate() {
            let reset = ledger.reset_of(area);
            let mut rows = CountGroup::ALL.map(|group| {
                let (base, correction) = ledger.base_of(area, group, now);
                let inside = Inside::starting(base.count);
                InsideRow { area: area.clone(), group, reset, base, correction: correction.cloned(), inside }
            });
            for row in &mut rows {
                if let Some((entered, left)) = self.part_of_minute(row).await? {
                    row.inside.step(entered, left);
                }
            }
            let end = match until {
                Until::NextReset => reset.next_minute(now),
                Until::ThatMinute => now.as_unix_minutes() + 1,
            };
            let first = rows.each_ref().map(|row| row.base.first_minute());
            together.entry(Stretch { first, end, is_of_gates: area.gate.is_some() }).or_default().push(index);
            all.push(rows);
        }
        // Gates and sites at the same time.
        let summed = together.into_iter().map(async |(stretch, members)| {
            let of: Vec<&Area> = members.iter().map(|index| &areas[*index]).collect();
            Ok::<_, StoreError>((self.sums(&stretch, &of).await?, members))
        });
        for (sums, members) in try_join_all(summed).await? {
            for index in members {
                for row in &mut all[index] {
                    if let Some(Sum { entered, left, least }) = sums.get(&(row.area.clone(), row.group)) {
                        row.inside.steps(*entered, *left, *least);
                    }
                }
            }
        }
        Ok(all)
    }

    /// What passed through each of `areas`; nothing stands there for one through which nothing did.
    async fn sums(&self, stretch: &Stretch, areas: &[&Area]) -> Result<HashMap<(Area, CountGroup), Sum>, StoreError> {
        let Stretch { first: [persons, vehicles], end, is_of_gates } = stretch;
        let is_person = format!("class in ({})", person_classes());
        let gate = if *is_of_gates { "gate" } else { "''" };
        // A window's sum takes in all rows of a minute at once, whatever their line, class and direction.
        let mut query = Query::new(format!(
            "select site, gate, count_group, cast(sum(entered) as bigint) as entered, cast(sum(went) as bigint) as went, \
             cast(min(running) as bigint) as least from (select site, gate, count_group, entered, went, \
             sum(entered - went) over (partition by site, gate, count_group order by minute) as running from ( \
             select site, {gate} as gate, minute, case when {is_person} then 'person' else 'vehicle' end as count_group, \
             case direction when 'in' then count else 0 end as entered, \
             case direction when 'out' then count else 0 end as went from count_minute where minute >= "
        ));
        query.push_bind(*persons.min(vehicles)).push(" and minute < ").push_bind(*end);
        if persons != vehicles {
            query.push(format_args!(" and minute >= case when {is_person} then ")).push_bind(*persons);
            query.push(" else ").push_bind(*vehicles).push(" end");
        }
        match areas {
            [area] => {
                query.push(" and site = ").push_bind(area.site.as_str());
                push_gates(&mut query, self.inner.db.dialect(), &self.gates_in(area).await?);
            }
            _ => {
                let sites: BTreeSet<&str> = areas.iter().map(|area| area.site.as_str()).collect();
                query.push(" and site").push_in(self.inner.db.dialect(), sites.into_iter().collect());
            }
        }
        query.push(") minutes) steps group by 1, 2, 3");
        let rows = query.fetch_all(&self.inner.db).await?;
        let sum_of = |row: &Row| {
            let gate: &str = row.try_get("gate")?;
            let gate = (!gate.is_empty()).then(|| parsed("a gate id", gate)).transpose()?;
            let area = Area { site: parsed("a site id", row.try_get("site")?)?, gate };
            let sum = Sum {
                entered: natural("a count", row.try_get("entered")?)?,
                left: natural("a count", row.try_get("went")?)?,
                least: row.try_get("least")?,
            };
            Ok(((area, named("a group", row.try_get("count_group")?)?), sum))
        };
        rows.iter().map(sum_of).collect()
    }

    /// The gates of an area.
    async fn gates_in(&self, area: &Area) -> Result<Vec<GateId>, StoreError> {
        match &area.gate {
            Some(gate) => Ok(vec![gate.clone()]),
            None => gates_of(&self.inner.db, &area.site).await,
        }
    }

    /// The passages in the rest of the minute in which a correction was made: minutes are too coarse for them.
    async fn part_of_minute(&self, row: &InsideRow) -> Result<Option<(u64, u64)>, StoreError> {
        let end = minute_start(row.base.first_minute());
        if row.base.at >= end {
            return Ok(None);
        }
        let gates = self.gates_in(&row.area).await?;
        let mut query = Query::new("select passage from passage where site = ");
        query.push_bind(row.area.site.as_str().to_owned());
        push_gates(&mut query, self.inner.db.dialect(), &gates);
        query.push(" and at >= ").push_bind(row.base.at.as_unix_micros());
        query.push(" and at < ").push_bind(end.as_unix_micros());
        let (mut entered, mut left) = (0, 0);
        for found in query.fetch_all(&self.inner.db).await? {
            let passage: Passage = from_json("a passage", found.try_get("passage")?)?;
            if passage.class.group() == row.group {
                match passage.direction {
                    Direction::In => entered += 1,
                    Direction::Out => left += 1,
                }
            }
        }
        Ok(Some((entered, left)))
    }
}

/// Names every gate, although all of a site are meant: so the index on site, gate and minute serves.
fn push_gates(query: &mut Query, dialect: Dialect, gates: &[GateId]) {
    query.push(" and gate").push_in(dialect, gates.iter().map(GateId::as_str).collect());
}
