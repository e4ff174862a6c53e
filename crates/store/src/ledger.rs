//! What persons enter: how many are inside, when a count begins anew, what an auditor counted.
//!
//! Entries are no events of a node and no projection: they are only ever added, and a rebuild of the projections leaves
//! them alone. What they mean is decided when somebody asks, from the passages that are there by then, so it does not
//! matter whether an entry or a passage came first.

mod audit;
mod occupancy;

use domain::{GateId, SiteId, UtcTime};
use thiserror::Error;

use crate::db::{On, Query, Tx};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::parsed;

pub(crate) use audit::person_classes;
pub use audit::{AUDITED_HOURS_MAX, AuditErrors, AuditFilter, AuditRow, NewAudit};
pub(crate) use occupancy::OccupancyLedger;
pub use occupancy::{CorrectionRow, NewCorrection, NewReset, ResetRow};

/// Longest name or reason, in characters.
pub const TEXT_CHARS_MAX: usize = 200;

/// Largest number that may be entered: more than any gate counts in an hour, and any site holds.
pub const NUMBER_MAX: u64 = 1_000_000;

/// A gate, or a whole site with all its gates.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Area {
    /// The site.
    pub site: SiteId,
    /// The gate; nothing for the whole site.
    pub gate: Option<GateId>,
}

impl std::fmt::Display for Area {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.gate {
            Some(gate) => write!(f, "gate {gate} of site {}", self.site),
            None => write!(f, "site {}", self.site),
        }
    }
}

/// Why an entry is not taken.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// The place is not known.
    #[error("{field}: \"{name}\" is not known: {known}")]
    Unknown {
        /// The field: site, gate or line.
        field: &'static str,
        /// What was given.
        name: String,
        /// What is accepted.
        known: String,
    },
    /// A text is missing or too long.
    #[error("{field}: give 1 to {TEXT_CHARS_MAX} characters in one line")]
    Text {
        /// The field.
        field: &'static str,
    },
    /// A number is too large.
    #[error("{field}: {number} is too large: 0 to {NUMBER_MAX} is accepted")]
    Number {
        /// The field.
        field: &'static str,
        /// What was given.
        number: u64,
    },
    /// A correction of the future.
    #[error("at: {at} has not come yet")]
    Future {
        /// The moment.
        at: UtcTime,
    },
    /// A correction that changes nothing.
    #[error("at: {at} is before the last reset of {area} at {reset}, so that it would change nothing")]
    BeforeReset {
        /// The moment.
        at: UtcTime,
        /// The area.
        area: Area,
        /// The reset.
        reset: UtcTime,
    },
    /// An hour that is not one.
    #[error("hour: {0} is not the beginning of an hour")]
    NotAnHour(UtcTime),
    /// An hour that is not over.
    #[error("hour: the hour from {0} on is not over yet")]
    HourNotOver(UtcTime),
    /// A line that counts both persons and vehicles, so that the number could mean either.
    #[error("group: line \"{line}\" counts persons and vehicles: say which was counted, person or vehicle")]
    WhichGroup {
        /// The line.
        line: String,
    },
    /// The database failed.
    #[error("cannot enter it")]
    Store(#[from] StoreError),
}

/// Something that is another whenever an entry was added, also by another process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LedgerMark([i64; 3]);

impl Store {
    /// The mark of all entries so far.
    pub async fn ledger_mark(&self) -> Result<LedgerMark, StoreError> {
        let row = Query::new(
            "select (select coalesce(max(id), 0) from occupancy_correction) as corrections, \
             (select coalesce(max(id), 0) from occupancy_reset) as resets, \
             (select coalesce(max(id), 0) from audit_hour) as audits",
        )
        .fetch_one(&self.inner.db)
        .await?;
        Ok(LedgerMark([row.try_get("corrections")?, row.try_get("resets")?, row.try_get("audits")?]))
    }
}

fn check_text(field: &'static str, text: &str) -> Result<(), LedgerError> {
    let is_good =
        !text.trim().is_empty() && text.chars().count() <= TEXT_CHARS_MAX && !text.chars().any(char::is_control);
    if is_good { Ok(()) } else { Err(LedgerError::Text { field }) }
}

fn check_number(field: &'static str, number: u64) -> Result<i64, LedgerError> {
    match i64::try_from(number) {
        Ok(sql) if number <= NUMBER_MAX => Ok(sql),
        Ok(_) | Err(_) => Err(LedgerError::Number { field, number }),
    }
}

/// The area must be one that a node was added for or told of: a mistyped name would change nothing, without a word.
async fn check_area(tx: &mut Tx, area: &Area) -> Result<(), LedgerError> {
    let sites =
        Query::new("select site from gate_node union select site from node order by 1").fetch_texts(&mut *tx).await?;
    if !sites.iter().any(|site| site == area.site.as_str()) {
        return Err(unknown("site", area.site.as_str(), &sites));
    }
    let gates = gates_of(&mut *tx, &area.site).await?;
    match &area.gate {
        Some(gate) if !gates.contains(gate) => {
            let names: Vec<_> = gates.iter().map(ToString::to_string).collect();
            Err(unknown("gate", gate.as_str(), &names))
        }
        Some(_) | None => Ok(()),
    }
}

fn unknown(field: &'static str, name: &str, known: &[String]) -> LedgerError {
    let known = if known.is_empty() {
        "none has told of anything yet".to_owned()
    } else {
        format!("{} is accepted", known.join(", "))
    };
    LedgerError::Unknown { field, name: name.to_owned(), known }
}

/// The gates of a site that anything was told of.
pub(crate) async fn gates_of<'a>(on: impl Into<On<'a>>, site: &SiteId) -> Result<Vec<GateId>, StoreError> {
    let names = Query::new("select distinct gate from gate_node where site = $1 order by gate")
        .bind(site.as_str())
        .fetch_texts(on)
        .await?;
    names.iter().map(|name| parsed("a gate id", name)).collect()
}
