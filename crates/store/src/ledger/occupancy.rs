//! Corrections of how many are inside, and the times at which a count begins anew.

use std::collections::BTreeSet;

use domain::{CountGroup, UtcTime};
use projections::{Base, ResetTime};

use super::{Area, LedgerError, check_area, check_number, check_text};
use crate::db::{Database, Query, Row};
use crate::error::StoreError;
use crate::open::Store;
use crate::query::Sites;
use crate::query::Until;
use crate::row::{moment, named, natural, parsed};

/// The longest that a correction counts, in microseconds: from one reset to the next.
const DAY_US: i64 = 24 * 3_600 * 1_000_000;

/// How many are inside, by somebody's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCorrection {
    /// Where.
    pub area: Area,
    /// What is counted.
    pub group: CountGroup,
    /// How many.
    pub count: u64,
    /// Since when.
    pub at: UtcTime,
    /// Who says so.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A correction in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectionRow {
    /// Its place in the ledger.
    pub id: u64,
    /// What was entered.
    pub entry: NewCorrection,
    /// How many the hub took to be inside then, as it knew when this was entered.
    pub before: u64,
    /// When it was entered.
    pub entered_at: UtcTime,
}

/// When each day an area's count begins anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReset {
    /// Where; a site's counts for all its gates without one of their own.
    pub area: Area,
    /// The time by the clocks of Vietnam.
    pub time: ResetTime,
    /// Who says so.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A reset time in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetRow {
    /// What was entered.
    pub entry: NewReset,
    /// When it was entered; it counts from then on.
    pub entered_at: UtcTime,
}

/// The entries that decide how many are inside at one moment.
#[derive(Debug, Default)]
pub(crate) struct OccupancyLedger {
    resets: Vec<ResetRow>,
    corrections: Vec<CorrectionRow>,
}

impl OccupancyLedger {
    /// Reads what may count at `now`.
    pub(crate) async fn read(db: &Database, now: UtcTime) -> Result<Self, StoreError> {
        let resets = Query::new(
            "select site, gate, minute_of_day, by_whom, reason, entered_at from occupancy_reset \
             where id in (select max(id) from occupancy_reset where entered_at <= $1 group by site, gate)",
        )
        .bind(now.as_unix_micros())
        .fetch_all(db)
        .await?;
        let mut query = Query::new(CORRECTIONS);
        query.push(" where at > ").push_bind(now.as_unix_micros().saturating_sub(DAY_US));
        query.push(" and at <= ").push_bind(now.as_unix_micros()).push(" order by id");
        let corrections = query.fetch_all(db).await?;
        Ok(Self {
            resets: resets.iter().map(reset).collect::<Result<_, _>>()?,
            corrections: corrections.iter().map(correction).collect::<Result<_, _>>()?,
        })
    }

    /// When the area's day begins.
    pub(crate) fn reset_of(&self, area: &Area) -> ResetTime {
        let of = |area: &Area| self.resets.iter().find(|row| row.entry.area == *area).map(|row| row.entry.time);
        let of_site = || of(&Area { site: area.site.clone(), gate: None });
        of(area).or_else(of_site).unwrap_or(ResetTime::MIDNIGHT)
    }

    /// What the area's count begins with, and the correction that says so.
    pub(crate) fn base_of(&self, area: &Area, group: CountGroup, now: UtcTime) -> (Base, Option<&CorrectionRow>) {
        let of_area = || self.corrections.iter().filter(|row| row.entry.area == *area && row.entry.group == group);
        let base = Base::of(self.reset_of(area), of_area().map(|row| (row.entry.at, row.entry.count)), now);
        let correction = match base.kind {
            projections::BaseKind::Reset => None,
            projections::BaseKind::Correction => of_area().rfind(|row| row.entry.at == base.at),
        };
        (base, correction)
    }
}

const CORRECTIONS: &str = "select id, site, gate, count_group, count, count_before, at, by_whom, reason, entered_at \
    from occupancy_correction";

impl Store {
    /// Enters how many are inside. The number that was shown before is kept with it: the difference is the drift.
    pub async fn correction_insert(&self, new: &NewCorrection, now: UtcTime) -> Result<CorrectionRow, LedgerError> {
        let count = check_number("to", new.count)?;
        check_text("by", &new.by)?;
        check_text("reason", &new.reason)?;
        if new.at > now {
            return Err(LedgerError::Future { at: new.at });
        }
        let mut tx = self.write_begin().await?;
        check_area(&mut tx, &new.area).await?;
        let ledger = OccupancyLedger::read(&self.inner.db, now).await?;
        let reset = projections::inside::minute_start(ledger.reset_of(&new.area).last_minute(now));
        if new.at < reset {
            return Err(LedgerError::BeforeReset { at: new.at, area: new.area.clone(), reset });
        }
        let shown = self.insides_until(&new.area, new.at, Until::ThatMinute).await?;
        let before = shown.iter().find(|row| row.group == new.group).map_or(0, |row| row.inside.count);
        let id = Query::new(
            "insert into occupancy_correction (site, gate, count_group, count, count_before, at, by_whom, reason, \
             entered_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning id",
        )
        .bind(new.area.site.as_str())
        .bind(new.area.gate.as_ref().map(domain::GateId::as_str))
        .bind(new.group.as_str())
        .bind(count)
        .bind(i64::try_from(before).unwrap_or(i64::MAX))
        .bind(new.at.as_unix_micros())
        .bind(new.by.trim())
        .bind(new.reason.trim())
        .bind(now.as_unix_micros())
        .fetch_number(&mut tx)
        .await?;
        tx.commit().await?;
        let id = natural("a place in the ledger", id)?;
        Ok(CorrectionRow { id, entry: new.clone(), before, entered_at: now })
    }

    /// Enters when an area's day begins.
    pub async fn reset_insert(&self, new: &NewReset, now: UtcTime) -> Result<(), LedgerError> {
        check_text("by", &new.by)?;
        check_text("reason", &new.reason)?;
        let mut tx = self.write_begin().await?;
        check_area(&mut tx, &new.area).await?;
        Query::new(
            "insert into occupancy_reset (site, gate, minute_of_day, by_whom, reason, entered_at) values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(new.area.site.as_str())
        .bind(new.area.gate.as_ref().map(domain::GateId::as_str))
        .bind(i64::from(new.time.minute_of_day()))
        .bind(new.by.trim())
        .bind(new.reason.trim())
        .bind(now.as_unix_micros())
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Corrections of these sites, the newest first, at most `limit`.
    pub async fn corrections(&self, sites: &Sites, limit: u32) -> Result<Vec<CorrectionRow>, StoreError> {
        let mut query = Query::new(CORRECTIONS);
        query.push(" where true");
        sites.push(&mut query, "site");
        query.push(" order by id desc limit ").push_bind(i64::from(limit));
        query.fetch_all(&self.inner.db).await?.iter().map(correction).collect()
    }

    /// The times at which some area's day begins, midnight among them.
    pub async fn reset_times(&self, now: UtcTime) -> Result<BTreeSet<ResetTime>, StoreError> {
        let ledger = OccupancyLedger::read(&self.inner.db, now).await?;
        let entered = ledger.resets.iter().map(|row| row.entry.time);
        Ok(entered.chain([ResetTime::MIDNIGHT]).collect())
    }

    /// Every reset time that was ever entered, the newest first, at most `limit`.
    pub async fn resets(&self, limit: u32) -> Result<Vec<ResetRow>, StoreError> {
        let rows = Query::new(
            "select site, gate, minute_of_day, by_whom, reason, entered_at from occupancy_reset order by id desc limit $1",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.inner.db)
        .await?;
        rows.iter().map(reset).collect()
    }
}

fn area(row: &Row) -> Result<Area, StoreError> {
    let gate: Option<&str> = row.try_get("gate")?;
    Ok(Area {
        site: parsed("a site id", row.try_get("site")?)?,
        gate: gate.map(|gate| parsed("a gate id", gate)).transpose()?,
    })
}

fn correction(row: &Row) -> Result<CorrectionRow, StoreError> {
    Ok(CorrectionRow {
        id: natural("a place in the ledger", row.try_get("id")?)?,
        entry: NewCorrection {
            area: area(row)?,
            group: named("a group", row.try_get("count_group")?)?,
            count: natural("a count", row.try_get("count")?)?,
            at: moment(row.try_get("at")?)?,
            by: row.try_get("by_whom")?,
            reason: row.try_get("reason")?,
        },
        before: natural("a count", row.try_get("count_before")?)?,
        entered_at: moment(row.try_get("entered_at")?)?,
    })
}

fn reset(row: &Row) -> Result<ResetRow, StoreError> {
    let minutes: i64 = row.try_get("minute_of_day")?;
    let time = u16::try_from(minutes).ok().and_then(ResetTime::of_minutes);
    let time = time.ok_or_else(|| StoreError::Row { what: "a time of the day", text: minutes.to_string() })?;
    Ok(ResetRow {
        entry: NewReset { area: area(row)?, time, by: row.try_get("by_whom")?, reason: row.try_get("reason")? },
        entered_at: moment(row.try_get("entered_at")?)?,
    })
}
