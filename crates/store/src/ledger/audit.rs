//! Hours that an auditor counted by hand, beside what the machine counted in them.

use std::collections::{BTreeMap, BTreeSet};

use domain::{CountGroup, Direction, GateId, LineId, ObjectClass, SiteId, UtcTime};
use projections::AuditedHour;
use thiserror::Error;

use super::{Area, LedgerError, check_area, check_number, check_text, unknown};
use crate::db::{Query, Tx};
use crate::error::StoreError;
use crate::open::Store;
use crate::query::Sites;
use crate::row::{moment, named, natural, parsed};

/// Most audited hours that are read at once; of more, the latest hours count.
pub const AUDITED_HOURS_MAX: u32 = 10_000;

/// Microseconds of a minute.
const MINUTE_US: i64 = 60_000_000;

/// What an auditor counted in one hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAudit {
    /// The site.
    pub site: SiteId,
    /// The gate.
    pub gate: GateId,
    /// The line.
    pub line: LineId,
    /// Which way.
    pub direction: Direction,
    /// What was counted; nothing where the line counts only one group, which is then meant.
    pub group: Option<CountGroup>,
    /// When the hour begins.
    pub hour: UtcTime,
    /// How many passed.
    pub counted: u64,
    /// Who counted.
    pub by: String,
    /// What to know about it; may be empty.
    pub note: String,
}

/// An audited hour with what the machine counted in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its place in the ledger.
    pub id: u64,
    /// The site.
    pub site: SiteId,
    /// The gate.
    pub gate: GateId,
    /// The line.
    pub line: LineId,
    /// Which way.
    pub direction: Direction,
    /// What was counted.
    pub group: CountGroup,
    /// When the hour begins.
    pub hour: UtcTime,
    /// Both numbers; the machine's as far as its events have come.
    pub counts: AuditedHour,
    /// Who counted.
    pub by: String,
    /// What to know about it.
    pub note: String,
    /// When it was entered.
    pub entered_at: UtcTime,
}

/// Which audited hours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only of these sites.
    pub sites: Sites,
    /// Only of gates of this name.
    pub gate: Option<GateId>,
    /// Only hours that begin at this moment or later.
    pub from: Option<UtcTime>,
}

/// The classes of persons, as SQL.
pub(crate) fn person_classes() -> String {
    let persons = ObjectClass::ALL.iter().filter(|class| class.group() == CountGroup::Person);
    persons.map(|class| format!("'{class}'")).collect::<Vec<_>>().join(", ")
}

/// Why audited hours are not taken: each that is mistaken, by its place among those given.
#[derive(Debug, Error)]
#[error("{} of the audited hours cannot be entered; none was", .0.len())]
pub struct AuditErrors(pub Vec<(usize, LedgerError)>);

impl From<StoreError> for AuditErrors {
    fn from(error: StoreError) -> Self {
        Self(vec![(0, error.into())])
    }
}

/// The lines of each gate and what each has counted.
type Lines = BTreeMap<(SiteId, GateId), BTreeMap<String, BTreeSet<CountGroup>>>;

impl Store {
    /// Enters audited hours, all or none.
    pub async fn audits_insert(&self, new: &[NewAudit], now: UtcTime) -> Result<(), AuditErrors> {
        let mut tx = self.write_begin().await?;
        let mut lines = Lines::new();
        let mut checked = Vec::with_capacity(new.len());
        let mut errors = Vec::new();
        for (place, audit) in new.iter().enumerate() {
            match check(&mut tx, &mut lines, audit, now).await {
                Ok(group) => checked.push((audit, group)),
                Err(error) => errors.push((place, error)),
            }
        }
        if !errors.is_empty() {
            return Err(AuditErrors(errors));
        }
        for (audit, group) in checked {
            Query::new(
                "insert into audit_hour (site, gate, line, direction, count_group, hour_minute, counted, by_whom, note, \
                 entered_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            )
            .bind(audit.site.as_str())
            .bind(audit.gate.as_str())
            .bind(audit.line.as_str())
            .bind(audit.direction.as_str())
            .bind(group.as_str())
            .bind(audit.hour.as_unix_minutes())
            .bind(i64::try_from(audit.counted).unwrap_or(i64::MAX))
            .bind(audit.by.trim())
            .bind(audit.note.trim())
            .bind(now.as_unix_micros())
            .execute(&mut tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Audited hours, the latest first; of an hour that was entered again, the newest entry.
    pub async fn audits(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>, StoreError> {
        let mut query = Query::new(format!(
            "select a.id, a.site, a.gate, a.line, a.direction, a.count_group, a.hour_minute, a.counted, a.by_whom, a.note, \
             a.entered_at, (select cast(coalesce(sum(c.count), 0) as bigint) from count_minute c where c.site = a.site \
             and c.gate = a.gate and c.minute >= a.hour_minute and c.minute < a.hour_minute + 60 and c.line = a.line \
             and c.direction = a.direction \
             and case when c.class in ({}) then 'person' else 'vehicle' end = a.count_group) as machine \
             from audit_hour a where a.id in (select max(id) from audit_hour \
             group by site, gate, line, direction, count_group, hour_minute)",
            person_classes()
        ));
        filter.sites.push(&mut query, "a.site");
        if let Some(gate) = &filter.gate {
            query.push(" and a.gate = ").push_bind(gate.as_str().to_owned());
        }
        if let Some(from) = filter.from {
            query.push(" and a.hour_minute * 60000000 >= ").push_bind(from.as_unix_micros());
        }
        query.push(" order by a.hour_minute desc, a.id desc limit ").push_bind(i64::from(AUDITED_HOURS_MAX));
        let rows = query.fetch_all(&self.inner.db).await?;
        rows.iter()
            .map(|row| {
                let hour: i64 = row.try_get("hour_minute")?;
                Ok(AuditRow {
                    id: natural("a place in the ledger", row.try_get("id")?)?,
                    site: parsed("a site id", row.try_get("site")?)?,
                    gate: parsed("a gate id", row.try_get("gate")?)?,
                    line: parsed("a line id", row.try_get("line")?)?,
                    direction: named("a direction", row.try_get("direction")?)?,
                    group: named("a group", row.try_get("count_group")?)?,
                    hour: moment(hour.saturating_mul(MINUTE_US))?,
                    counts: AuditedHour {
                        by_hand: natural("a count", row.try_get("counted")?)?,
                        by_machine: natural("a count", row.try_get("machine")?)?,
                    },
                    by: row.try_get("by_whom")?,
                    note: row.try_get("note")?,
                    entered_at: moment(row.try_get("entered_at")?)?,
                })
            })
            .collect()
    }
}

async fn check(tx: &mut Tx, lines: &mut Lines, new: &NewAudit, now: UtcTime) -> Result<CountGroup, LedgerError> {
    check_number("counted", new.counted)?;
    check_text("by", &new.by)?;
    if !new.note.is_empty() {
        check_text("note", &new.note)?;
    }
    let minute = new.hour.as_unix_minutes();
    if minute % 60 != 0 || new.hour.as_unix_micros() != minute * MINUTE_US {
        return Err(LedgerError::NotAnHour(new.hour));
    }
    if now.as_unix_minutes() < minute + 60 {
        return Err(LedgerError::HourNotOver(new.hour));
    }
    let key = (new.site.clone(), new.gate.clone());
    if !lines.contains_key(&key) {
        check_area(tx, &Area { site: new.site.clone(), gate: Some(new.gate.clone()) }).await?;
        let found = lines_of(tx, &new.site, &new.gate).await?;
        lines.insert(key.clone(), found);
    }
    let Some(groups) = lines[&key].get(new.line.as_str()) else {
        return Err(unknown("line", new.line.as_str(), &Vec::from_iter(lines[&key].keys().cloned())));
    };
    match (new.group, groups.first().filter(|_| groups.len() == 1)) {
        (Some(group), _) | (None, Some(&group)) => Ok(group),
        (None, None) => Err(LedgerError::WhichGroup { line: new.line.to_string() }),
    }
}

/// Every line of a gate that has counted anything. Reads all that the gate has counted, once for each import.
async fn lines_of(
    tx: &mut Tx,
    site: &SiteId,
    gate: &GateId,
) -> Result<BTreeMap<String, BTreeSet<CountGroup>>, StoreError> {
    let rows = Query::new("select distinct line, class from count_minute where site = $1 and gate = $2")
        .bind(site.as_str())
        .bind(gate.as_str())
        .fetch_all(tx)
        .await?;
    let mut lines: BTreeMap<String, BTreeSet<CountGroup>> = BTreeMap::new();
    for row in &rows {
        let class: ObjectClass = named("a class", row.try_get("class")?)?;
        lines.entry(row.try_get("line")?).or_default().insert(class.group());
    }
    Ok(lines)
}
