//! What a report says, as figures.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{CountGroup, Direction, ObjectClass, UtcTime};
use projections::{AlertKind, RelativeError};

use crate::period::Period;

/// Fewest vehicles that an origin is named for. Fewer could point at a person.
pub const ORIGIN_COUNT_MIN: u64 = 10;

/// What the report is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The province, as the configuration names it; empty where it names none.
    pub province: String,
    /// The site; nothing where it is about all of them.
    pub site: Option<String>,
}

/// Passages both ways.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InOut {
    /// Passages in.
    pub entered: u64,
    /// Passages out.
    pub left: u64,
}

impl InOut {
    /// Takes in `count` passages one way.
    pub fn add(&mut self, direction: Direction, count: u64) {
        match direction {
            Direction::In => self.entered = self.entered.saturating_add(count),
            Direction::Out => self.left = self.left.saturating_add(count),
        }
    }
}

/// Passages of one hour, day or month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// When it begins.
    pub start: UtcTime,
    /// Persons on foot.
    pub person: InOut,
    /// Vehicles.
    pub vehicle: InOut,
}

impl Stretch {
    /// The passages of `group`.
    pub const fn of(&self, group: CountGroup) -> InOut {
        match group {
            CountGroup::Person => self.person,
            CountGroup::Vehicle => self.vehicle,
        }
    }
}

/// The most of something, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peak {
    /// How many.
    pub count: u64,
    /// The hour: its first moment.
    pub at: UtcTime,
}

/// What passed at one gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateRow {
    /// The site.
    pub site: String,
    /// The gate.
    pub gate: String,
    /// Persons on foot.
    pub person: InOut,
    /// Vehicles.
    pub vehicle: InOut,
}

/// How many vehicles have plates of a province.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginRow {
    /// The province; nothing for all those too few to be named, and plates that name none.
    pub province: Option<String>,
    /// Read plates.
    pub count: u64,
}

/// What became of the alerts of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AlertsRow {
    /// What they were about.
    pub kind: AlertKind,
    /// How many were raised.
    pub raised: u64,
    /// How many of these somebody acknowledged.
    pub acknowledged: u64,
    /// How many were closed as confirmed.
    pub confirmed: u64,
    /// How many were closed as false.
    pub false_alarms: u64,
    /// How many were closed without either.
    pub closed_otherwise: u64,
    /// The middle time from raising to acknowledging.
    pub acknowledged_after: Option<Duration>,
}

/// How long something worked.
#[derive(Debug, Clone, PartialEq)]
pub struct UptimeRow {
    /// The site.
    pub site: String,
    /// The node.
    pub node: String,
    /// The camera; nothing for the node itself.
    pub camera: Option<String>,
    /// The share of the period in which it worked.
    pub share: f64,
    /// How often it did not.
    pub outages: u64,
    /// The longest of those times.
    pub longest: Duration,
}

/// What hours counted by hand say of a count.
#[derive(Debug, Clone, PartialEq)]
pub struct AccuracyRow {
    /// The site.
    pub site: String,
    /// The gate.
    pub gate: String,
    /// What is counted.
    pub group: CountGroup,
    /// Which way.
    pub direction: Direction,
    /// Hours counted by hand.
    pub hours: usize,
    /// The error; nothing where too little was counted to say.
    pub error: Option<RelativeError>,
}

/// How long was stayed in a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DwellRow {
    /// The site.
    pub site: String,
    /// The gate.
    pub gate: String,
    /// The zone.
    pub zone: String,
    /// Who stayed.
    pub group: CountGroup,
    /// Stays.
    pub count: u64,
    /// Half of them were no longer.
    pub p50: Duration,
    /// Nine of ten were no longer.
    pub p90: Duration,
}

/// Visits of vehicles, matched by plate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VisitsRow {
    /// Entries with a read plate.
    pub entries: u64,
    /// Of these, with an exit of the same plate.
    pub matched: u64,
    /// The middle length of those.
    pub p50: Option<Duration>,
    /// Nine of ten were no longer.
    pub p90: Option<Duration>,
}

/// Everything that a report says.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// What it is about.
    pub scope: Scope,
    /// The span.
    pub period: Period,
    /// The moment of the data: what came later is not in it.
    pub data_until: UtcTime,
    /// Persons, and those of the period before.
    pub person: (InOut, InOut),
    /// Vehicles, and those of the period before.
    pub vehicle: (InOut, InOut),
    /// Passages over time, without gaps.
    pub stretches: Vec<Stretch>,
    /// The hour with the most entries of persons, and of vehicles.
    pub busiest: (Option<Peak>, Option<Peak>),
    /// The most inside at the end of an hour: persons, and vehicles.
    pub fullest: (Option<Peak>, Option<Peak>),
    /// Passages by class, in the order of the classes.
    pub classes: Vec<(ObjectClass, InOut)>,
    /// Passages by gate, in the order of names.
    pub gates: Vec<GateRow>,
    /// Where vehicles are from, most first, what may not be named last.
    pub origins: Vec<OriginRow>,
    /// Visits of vehicles.
    pub visits: VisitsRow,
    /// How long was stayed.
    pub dwell: Vec<DwellRow>,
    /// Alerts by kind; kinds of which none was raised are left out.
    pub alerts: Vec<AlertsRow>,
    /// How long nodes and cameras worked.
    pub uptime: Vec<UptimeRow>,
    /// How far the counts can be trusted.
    pub accuracy: Vec<AccuracyRow>,
}

/// Origins that may be named: those of at least `least` vehicles, most first; the rest together, last.
///
/// Where the rest alone is smaller than `least`, the smallest named origins join it until it is not, so that it cannot be
/// worked out from the sum.
pub fn origins(counts: &BTreeMap<Option<String>, u64>, least: u64) -> Vec<OriginRow> {
    let mut named: Vec<OriginRow> = Vec::new();
    let mut rest = 0_u64;
    for (province, count) in counts {
        if province.is_some() && *count >= least {
            named.push(OriginRow { province: province.clone(), count: *count });
        } else {
            rest += count;
        }
    }
    named.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.province.cmp(&b.province)));
    while rest > 0 && rest < least {
        let Some(smallest) = named.pop() else { break };
        rest += smallest.count;
    }
    if rest > 0 {
        // All that there is may be too little to show at all.
        named.push(OriginRow { province: None, count: rest });
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(counts: &[(&str, u64)]) -> Vec<(String, u64)> {
        let counts = counts.iter().map(|(name, count)| (Some((*name).to_owned()), *count)).collect();
        let rows = origins(&counts, ORIGIN_COUNT_MIN).into_iter();
        rows.map(|row| (row.province.unwrap_or_else(|| "other".to_owned()), row.count)).collect()
    }

    #[test]
    fn origins_of_fewer_than_ten_are_one_row() {
        let found = shown(&[("Hà Nội", 40), ("Huế", 9), ("Lào Cai", 10), ("Cà Mau", 8)]);
        assert_eq!(found, [("Hà Nội".to_owned(), 40), ("Lào Cai".to_owned(), 10), ("other".to_owned(), 17)]);
    }

    #[test]
    fn a_rest_that_could_be_worked_out_takes_the_smallest_in() {
        let found = shown(&[("Hà Nội", 40), ("Huế", 3), ("Lào Cai", 12)]);
        assert_eq!(found, [("Hà Nội".to_owned(), 40), ("other".to_owned(), 15)]);
        assert_eq!(shown(&[("Huế", 3)]), [("other".to_owned(), 3)]);
        assert_eq!(shown(&[]), []);
    }
}
