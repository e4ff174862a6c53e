//! Reading one lane of a policy.

use std::ops::RangeInclusive;
use std::time::Duration;

use domain::{Direction, TableReader, ZoneId};
use serde::Deserialize;

use crate::credential::Method;
use crate::id::{CategoryId, LaneId, RuleId};
use crate::lane::{BarrierSettings, FailMode, Feedback};
use crate::policy::{Demand, Escort, LanePolicy, PassageSensor, Rule};

/// What is around all zones.
pub(super) const OUTSIDE: &str = "outside";

/// Where a lane leads: a zone or outside.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
struct Place(Option<ZoneId>);

impl TryFrom<String> for Place {
    type Error = domain::id::InvalidId;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == OUTSIDE { Ok(Self(None)) } else { ZoneId::new(text).map(|zone| Self(Some(zone))) }
    }
}

/// Reads a lane with the place that it was read from.
pub(super) fn read(table: &mut TableReader<'_>) -> Option<(String, LanePolicy)> {
    let id = table.required::<LaneId>("id", "a name of a-z, 0-9 and -");
    let direction = table.required::<Direction>("direction", "in or out");
    let from = table.required::<Place>("from", "a zone, or outside");
    let to = table.required::<Place>("to", "a zone, or outside");
    let methods = table.required::<Vec<Method>>("methods", "some of plate, pass, card and citizen-card");
    let rules: Option<Vec<Rule>> = table.each("allow", read_rule).into_iter().collect();
    let second_factor = table.optional("second_factor").unwrap_or(Demand::None);
    let two_person = table.optional("two_person").unwrap_or(Demand::None);
    let pair_within = seconds(table, "pair_within_s", 1..=300, "1 to 300 seconds", 20);
    let escort = table.nested("escort", read_escort);
    let confidence_min = table.ranged("confidence_min", 0.5..=1.0, "0.5 to 1.0", 0.9);
    let deadline = millis(table, "deadline_ms", 100..=30_000, "100 to 30000", 2_000);
    let permit_for = seconds(table, "permit_for_s", 1..=600, "1 to 600 seconds", 30);
    let sensor = table.required::<PassageSensor>("passage_sensor", "present or absent");
    let barrier = table.nested("barrier", read_barrier);
    if barrier.is_none() {
        table.note("barrier", "missing: give [lane.barrier] with at least fail and feedback");
    }
    // One that was left out is fine; one with a mistake is not.
    let escort = match escort {
        None => None,
        Some(read) => Some(read?),
    };
    let lane = LanePolicy {
        id: id?,
        direction: direction?,
        from: from?.0,
        to: to?.0,
        methods: methods?,
        rules: rules?,
        second_factor,
        two_person,
        pair_within,
        escort,
        confidence_min,
        deadline,
        permit_for,
        sensor: sensor?,
        barrier: barrier??,
    };
    check(&lane, table);
    Some((format!("lane \"{}\"", lane.id), lane))
}

fn check(lane: &LanePolicy, table: &mut TableReader<'_>) {
    if lane.from == lane.to {
        table.note("to", "leads where it comes from: give two different zones, or outside for one of them");
    }
    if lane.rules.is_empty() {
        table.note("allow", "nobody may pass: give at least one [[lane.allow]]");
    }
    if lane.methods.is_empty() {
        table.note("methods", "nothing may be shown: give some of plate, pass, card and citizen-card");
    }
    let proofs = [Method::Plate, Method::Pass, Method::Card].iter().filter(|m| lane.methods.contains(m)).count();
    if lane.second_factor == Demand::Required && proofs < 2 {
        table.note("second_factor", "needs two methods: give at least two of plate, pass and card in methods");
    }
    for (index, rule) in lane.rules.iter().enumerate() {
        if lane.rules[..index].iter().any(|other| other.id == rule.id) {
            table.note(&format!("allow[{index}].rule"), format!("rule \"{}\" is given twice", rule.id));
        }
    }
    if let Some(escort) = &lane.escort
        && let Some(both) = escort.of.iter().find(|category| escort.by.contains(category))
    {
        table.note("escort.by", format!("\"{both}\" cannot escort itself"));
    }
}

fn read_rule(table: &mut TableReader<'_>) -> Option<Rule> {
    let id = table.required::<RuleId>("rule", "a name of a-z, 0-9 and -");
    let categories = table.required::<Vec<CategoryId>>("categories", "categories such as [\"worker\"]");
    let schedule = table.required("schedule", "a schedule's id, or always");
    if categories.as_ref().is_some_and(Vec::is_empty) {
        table.note("categories", "nobody: give at least one category");
    }
    Some(Rule { id: id?, categories: categories?, schedule: schedule? })
}

fn read_escort(table: &mut TableReader<'_>) -> Option<Escort> {
    let of = table.required::<Vec<CategoryId>>("of", "who needs an escort, such as [\"visitor\"]");
    let by = table.required::<Vec<CategoryId>>("by", "who can be one, such as [\"worker\"]");
    let within = seconds(table, "within_s", 1..=300, "1 to 300 seconds", 60);
    Some(Escort { of: of?, by: by?, within })
}

fn read_barrier(table: &mut TableReader<'_>) -> Option<BarrierSettings> {
    let fail = table.required::<FailMode>("fail", "secure (stays closed) or safe (opens)");
    let feedback = table.required::<Feedback>("feedback", "wired or none");
    let pulse_ms = table.ranged("pulse_ms", 50..=60_000, "50 to 60000", 800);
    let report_within = millis(table, "report_within_ms", 200..=60_000, "200 to 60000", 4_000);
    let open_max = seconds(table, "open_max_s", 1..=3_600, "1 to 3600 seconds", 60);
    Some(BarrierSettings { fail: fail?, feedback: feedback?, pulse_ms, report_within, open_max })
}

fn seconds(
    table: &mut TableReader<'_>,
    key: &'static str,
    range: RangeInclusive<u64>,
    accepted: &str,
    default: u64,
) -> Duration {
    Duration::from_secs(table.ranged(key, range, accepted, default))
}

fn millis(
    table: &mut TableReader<'_>,
    key: &'static str,
    range: RangeInclusive<u64>,
    accepted: &str,
    default: u64,
) -> Duration {
    Duration::from_millis(table.ranged(key, range, accepted, default))
}
