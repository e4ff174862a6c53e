//! How many are inside, what was corrected, and how far counts can be trusted.

use projections::{Accuracy, Audited, BaseKind, RelativeError};
use serde::Serialize;
use store::{AuditRow, CorrectionRow, InsideRow};
use utoipa::ToSchema;

/// How many of a group are inside.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Inside {
    /// How many; never fewer than nobody.
    count: u64,
    /// Since when they are counted.
    since: String,
    /// What the count began with: the day's `reset`, or a `correction`.
    base: &'static str,
    /// How many were inside then.
    base_count: u64,
    /// Passages in since then.
    #[serde(rename = "in")]
    entered: u64,
    /// Passages out since then.
    #[serde(rename = "out")]
    left: u64,
    /// How many left when nobody was inside: so many entries were missed, or so many were inside at the base. A count
    /// that drifts shows here.
    unexplained: u64,
    /// The correction that the count began with.
    correction: Option<Correction>,
}

impl From<&InsideRow> for Inside {
    fn from(row: &InsideRow) -> Self {
        Self {
            count: row.inside.count,
            since: row.base.at.to_string(),
            base: match row.base.kind {
                BaseKind::Reset => "reset",
                BaseKind::Correction => "correction",
            },
            base_count: row.base.count,
            entered: row.inside.entered,
            left: row.inside.left,
            unexplained: row.inside.unexplained,
            correction: row.correction.as_ref().map(Correction::from),
        }
    }
}

/// How many of each group are inside a gate or site.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Occupancy {
    /// When the day begins there, by the clocks of Vietnam: `HH:MM`.
    reset: String,
    /// Persons on foot.
    person: Inside,
    /// Vehicles of every class.
    vehicle: Inside,
}

impl From<&[InsideRow; 2]> for Occupancy {
    /// In the order of [`domain::CountGroup::ALL`].
    fn from([person, vehicle]: &[InsideRow; 2]) -> Self {
        Self { reset: person.reset.to_string(), person: person.into(), vehicle: vehicle.into() }
    }
}

/// How many are inside a site.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SiteInside {
    /// The site.
    pub(crate) site: String,
    /// How many are inside.
    pub(crate) occupancy: Occupancy,
}

/// How many are inside a gate or site, and how many there were when its day ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AreaOccupancy {
    /// The site.
    pub(crate) site: String,
    /// The gate; nothing for the whole site.
    pub(crate) gate: Option<String>,
    /// Now.
    pub(crate) occupancy: Occupancy,
    /// Right before the day's reset. Who was counted then and should not have been there left unseen: the drift of a day.
    pub(crate) before_reset: Occupancy,
}

/// What somebody said of how many are inside.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Correction {
    /// Its place in the ledger.
    id: u64,
    /// The site.
    site: String,
    /// The gate; nothing for the whole site.
    gate: Option<String>,
    /// What was counted.
    group: &'static str,
    /// Since when it holds.
    at: String,
    /// How many were inside.
    count: u64,
    /// How many were shown until then.
    before: u64,
    /// Who says so.
    by: String,
    /// Why.
    reason: String,
    /// When it was entered.
    entered_at: String,
}

impl From<&CorrectionRow> for Correction {
    fn from(row: &CorrectionRow) -> Self {
        let entry = &row.entry;
        Self {
            id: row.id,
            site: entry.area.site.to_string(),
            gate: entry.area.gate.as_ref().map(ToString::to_string),
            group: entry.group.as_str(),
            at: entry.at.to_string(),
            count: entry.count,
            before: row.before,
            by: entry.by.clone(),
            reason: entry.reason.clone(),
            entered_at: row.entered_at.to_string(),
        }
    }
}

/// An hour that an auditor counted by hand.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditHour {
    /// Its place in the ledger.
    id: u64,
    /// The site.
    site: String,
    /// The gate.
    gate: String,
    /// The line.
    line: String,
    /// `in` or `out`.
    direction: &'static str,
    /// What was counted.
    group: &'static str,
    /// When the hour begins.
    hour: String,
    /// Passages by hand.
    by_hand: u64,
    /// Passages by the machine, as far as its events have come.
    by_machine: u64,
    /// Who counted.
    by: String,
    /// What to know about it.
    note: String,
    /// When it was entered.
    entered_at: String,
}

impl From<&AuditRow> for AuditHour {
    fn from(row: &AuditRow) -> Self {
        Self {
            id: row.id,
            site: row.site.to_string(),
            gate: row.gate.to_string(),
            line: row.line.to_string(),
            direction: row.direction.as_str(),
            group: row.group.as_str(),
            hour: row.hour.to_string(),
            by_hand: row.counts.by_hand,
            by_machine: row.counts.by_machine,
            by: row.by.clone(),
            note: row.note.clone(),
            entered_at: row.entered_at.to_string(),
        }
    }
}

/// How far the count of one direction and group can be trusted, from its audited hours.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct CountAccuracy {
    /// The site.
    pub(crate) site: String,
    /// The gate.
    pub(crate) gate: String,
    /// The line; nothing for all audited lines of the gate together.
    pub(crate) line: Option<String>,
    /// `in` or `out`.
    pub(crate) direction: &'static str,
    /// What is counted.
    pub(crate) group: &'static str,
    /// `known`, or `too_few` where less than 5 hours or 30 passages were counted by hand.
    state: &'static str,
    /// Audited hours.
    hours: usize,
    /// Passages in them by hand.
    by_hand: u64,
    /// Passages in them by the machine.
    by_machine: u64,
    /// Relative error, the best guess: -0.02 is two of a hundred missed. Nothing where it is not known.
    bias: Option<f64>,
    /// Lower end of its 95 % interval.
    low: Option<f64>,
    /// Upper end of its 95 % interval.
    high: Option<f64>,
}

/// Of which count an accuracy is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Counted {
    pub(crate) site: String,
    pub(crate) gate: String,
    pub(crate) line: Option<String>,
    pub(crate) group: &'static str,
    pub(crate) direction: &'static str,
}

impl CountAccuracy {
    /// Nothing where nobody counted by hand.
    pub(crate) fn new(counted: Counted, accuracy: Accuracy) -> Option<Self> {
        let (state, audited, error): (_, Audited, Option<RelativeError>) = match accuracy {
            Accuracy::NotAudited => return None,
            Accuracy::TooFew(audited) => ("too_few", audited, None),
            Accuracy::Known(audited, error) => ("known", audited, Some(error)),
        };
        // Four decimals: a hundredth of a per cent.
        let rounded = |number: f64| (number * 1e4).round() / 1e4;
        let Counted { site, gate, line, group, direction } = counted;
        Some(Self {
            site,
            gate,
            line,
            direction,
            group,
            state,
            hours: audited.hours,
            by_hand: audited.by_hand,
            by_machine: audited.by_machine,
            bias: error.map(|error| rounded(error.bias)),
            low: error.map(|error| rounded(error.low)),
            high: error.map(|error| rounded(error.high)),
        })
    }
}
