//! How many are inside each gate and site.

use domain::{CountGroup, Direction, GateId, Passage, SiteId, UtcTime};
use projections::inside::minute_start;
use projections::{Base, Inside, ResetTime};

use crate::db::{Dialect, Query};
use crate::error::StoreError;
use crate::ledger::{Area, CorrectionRow, OccupancyLedger, gates_of, person_classes};
use crate::open::Store;
use crate::row::{from_json, named, natural};

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

/// The passages of one minute and group.
struct Step {
    minute: i64,
    group: CountGroup,
    entered: u64,
    left: u64,
}

impl Store {
    /// How many of each group are inside `area` at `now`. Passages of nodes whose clocks are ahead count at once, up to
    /// the next reset.
    pub async fn insides(&self, area: &Area, now: UtcTime) -> Result<[InsideRow; 2], StoreError> {
        self.insides_until(area, now, Until::NextReset).await
    }

    pub(crate) async fn insides_until(
        &self,
        area: &Area,
        now: UtcTime,
        until: Until,
    ) -> Result<[InsideRow; 2], StoreError> {
        let ledger = OccupancyLedger::read(&self.inner.db, now).await?;
        let gates = match &area.gate {
            Some(gate) => vec![gate.clone()],
            None => gates_of(&self.inner.db, &area.site).await?,
        };
        self.insides_by(&ledger, area, &gates, (now, until)).await
    }

    pub(crate) async fn insides_by(
        &self,
        ledger: &OccupancyLedger,
        area: &Area,
        gates: &[GateId],
        (now, until): (UtcTime, Until),
    ) -> Result<[InsideRow; 2], StoreError> {
        let reset = ledger.reset_of(area);
        let mut rows = CountGroup::ALL.map(|group| {
            let (base, correction) = ledger.base_of(area, group, now);
            let inside = Inside::starting(base.count);
            InsideRow { area: area.clone(), group, reset, base, correction: correction.cloned(), inside }
        });
        for row in &mut rows {
            if let Some((entered, left)) = self.part_of_minute(row, gates).await? {
                row.inside.step(entered, left);
            }
        }
        let first = rows.iter().map(|row| row.base.first_minute()).min().unwrap_or_default();
        let end = match until {
            Until::NextReset => reset.next_minute(now),
            Until::ThatMinute => now.as_unix_minutes() + 1,
        };
        for step in self.steps(&area.site, gates, first, end).await? {
            for row in &mut rows {
                if row.group == step.group && step.minute >= row.base.first_minute() {
                    row.inside.step(step.entered, step.left);
                }
            }
        }
        Ok(rows)
    }

    async fn steps(
        &self,
        site: &SiteId,
        gates: &[GateId],
        first_minute: i64,
        end_minute: i64,
    ) -> Result<Vec<Step>, StoreError> {
        if gates.is_empty() {
            return Ok(Vec::new());
        }
        let group = format!("case when class in ({}) then 'person' else 'vehicle' end", person_classes());
        let mut query = Query::new(format!(
            "select minute, {group} as count_group, cast(sum(case direction when 'in' then count else 0 end) as bigint) as entered, \
             cast(sum(case direction when 'out' then count else 0 end) as bigint) as went from count_minute where site = "
        ));
        query.push_bind(site.as_str());
        push_gates(&mut query, self.inner.db.dialect(), gates);
        query.push(" and minute >= ").push_bind(first_minute).push(" and minute < ").push_bind(end_minute);
        query.push(" group by 1, 2 order by 1");
        let rows = query.fetch_all(&self.inner.db).await?;
        rows.iter()
            .map(|row| {
                Ok(Step {
                    minute: row.try_get("minute")?,
                    group: named("a group", row.try_get("count_group")?)?,
                    entered: natural("a count", row.try_get("entered")?)?,
                    left: natural("a count", row.try_get("went")?)?,
                })
            })
            .collect()
    }

    /// The passages in the rest of the minute in which a correction was made: minutes are too coarse for them.
    async fn part_of_minute(&self, row: &InsideRow, gates: &[GateId]) -> Result<Option<(u64, u64)>, StoreError> {
        let end = minute_start(row.base.first_minute());
        if row.base.at >= end || gates.is_empty() {
            return Ok(None);
        }
        let mut query = Query::new("select passage from passage where site = ");
        query.push_bind(row.area.site.as_str().to_owned());
        push_gates(&mut query, self.inner.db.dialect(), gates);
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
