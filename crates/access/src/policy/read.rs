//! Reading a policy from TOML with its lists.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use domain::{Problems, TableReader, UtcTime, ZoneId};

use super::holders::{check_twins, denied_thing, moment, read_denied, read_holders};
use super::{
    AccessPolicy, AntiPassback, Category, Counted, DENIED_MAX, Demand, Denied, ENTRIES_MAX, HOLDERS_MAX, Holder, Index,
    LanePolicy, OccupancyLimit, POLICY_VERSION, Window, Zone,
};
use crate::id::{CategoryId, LaneId, ScheduleId};
use crate::schedule::{Day, Interval, Schedule, When};

mod check;
mod lane;

/// The schedule that every policy has.
const ALWAYS: &str = "always";
/// Days of the week as policies write them, Monday first.
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// How a list is got by its name.
type Lists<'a> = &'a dyn Fn(&str) -> Result<String, String>;

/// What was read so far, each entry with the place that it was read from.
#[derive(Debug, Default)]
struct Draft {
    zones: BTreeMap<ZoneId, Zone>,
    lanes: Vec<(String, LanePolicy)>,
    categories: BTreeMap<CategoryId, Category>,
    schedules: BTreeMap<ScheduleId, When>,
    holders: Vec<(String, Holder)>,
    denied: Vec<(String, Denied)>,
    /// Names that were given, also of entries with mistakes: what names them is not told that they are unknown.
    named: Named,
}

#[derive(Debug, Default)]
struct Named {
    zones: BTreeSet<ZoneId>,
    categories: BTreeSet<CategoryId>,
    schedules: BTreeSet<ScheduleId>,
}

pub(super) fn parse(text: &str, list: Lists<'_>) -> Result<AccessPolicy, Problems> {
    let mut problems = Problems::default();
    let mut draft = Draft::default();
    let mut lists = ListNames::default();
    if let Some(mut table) = TableReader::parse(text, &mut problems) {
        lists = draft.read(&mut table);
        table.finish();
        draft.read_lists(&lists, list, &mut problems);
        draft.check(&mut problems);
    }
    drop(lists);
    let policy = AccessPolicy {
        zones: draft.zones,
        lanes: draft.lanes.into_iter().map(|(_, lane)| (lane.id.clone(), lane)).collect(),
        categories: draft.categories,
        schedules: draft.schedules,
        holders: draft.holders.into_iter().map(|(_, holder)| holder).collect(),
        denied: draft.denied.into_iter().map(|(_, denied)| denied).collect(),
        index: Index::default(),
    };
    problems.into_result(Some(policy)).map(AccessPolicy::assemble)
}

#[derive(Debug, Default)]
struct ListNames {
    holders: Vec<String>,
    denied: Vec<String>,
}

impl Draft {
    fn read(&mut self, table: &mut TableReader<'_>) -> ListNames {
        if let Some(version) = table.required::<u32>("policy", "the format's version, 1")
            && version != POLICY_VERSION
        {
            table.note("policy", format!("version {version} is not known: {POLICY_VERSION} is accepted"));
        }
        let holders = table.required("holders", "the lists of holders, such as [\"holders.csv\"]").unwrap_or_default();
        let denied = table.optional("denied_lists").unwrap_or_default();
        self.read_zones(table);
        self.read_schedules(table);
        self.read_categories(table);
        for entry in table.each("deny", read_deny).into_iter().flatten() {
            self.denied.push(entry);
        }
        self.lanes = table.each("lane", lane::read).into_iter().flatten().collect();
        for (key, len) in [("zone", self.zones.len()), ("lane", self.lanes.len()), ("category", self.categories.len())]
        {
            if len > ENTRIES_MAX {
                table.note(key, format!("{len} entries: at most {ENTRIES_MAX} are accepted"));
            }
        }
        if self.lanes.is_empty() && !table.has("lane") {
            table.note("lane", "nothing to decide: give at least one [[lane]] without mistakes");
        }
        ListNames { holders, denied }
    }

    fn read_zones(&mut self, table: &mut TableReader<'_>) {
        let (zones, named) = (&mut self.zones, &mut self.named.zones);
        table.each("zone", |zone| {
            let id = zone.required::<ZoneId>("id", "a name of a-z, 0-9 and -");
            let read = read_zone(zone);
            let Some(id) = id else { return };
            if id.as_str() == lane::OUTSIDE {
                zone.note("id", "\"outside\" is what is around all zones: give another name");
            } else if !named.insert(id.clone()) {
                zone.note("id", format!("zone \"{id}\" is given twice"));
            }
            zones.insert(id, read);
        });
    }

    fn read_categories(&mut self, table: &mut TableReader<'_>) {
        let (categories, named) = (&mut self.categories, &mut self.named.categories);
        table.each("category", |category| {
            let id = category.required::<CategoryId>("id", "resident, worker, contractor, visitor or your own");
            let zones = category.required("zones", "the zones that it may enter, such as [\"park\"]");
            let window = category.optional("validity").unwrap_or(Demand::None);
            let Some(id) = id else { return };
            if !named.insert(id.clone()) {
                category.note("id", format!("category \"{id}\" is given twice"));
            }
            categories.insert(id, Category { zones: zones.unwrap_or_default(), window });
        });
    }

    fn read_schedules(&mut self, table: &mut TableReader<'_>) {
        let mut holidays: BTreeMap<String, BTreeSet<Day>> = BTreeMap::new();
        table.each("holidays", |list| {
            let id = list.required::<ScheduleId>("id", "a name of a-z, 0-9 and -");
            let days = read_days(list, "dates");
            if let Some(id) = id
                && holidays.insert(id.to_string(), days).is_some()
            {
                list.note("id", format!("holidays \"{id}\" are given twice"));
            }
        });
        let (schedules, named) = (&mut self.schedules, &mut self.named.schedules);
        let always = ScheduleId::new(ALWAYS).expect("it is a slug");
        named.insert(always.clone());
        schedules.insert(always, When::Always);
        table.each("schedule", |table| {
            let id = table.required::<ScheduleId>("id", "a name of a-z, 0-9 and -");
            let schedule = read_schedule(table, &holidays);
            let Some(id) = id else { return };
            if !named.insert(id.clone()) {
                table.note("id", format!("schedule \"{id}\" is given twice, or is the built-in \"always\""));
            }
            schedules.insert(id, When::During(Box::new(schedule)));
        });
        for (key, len) in [("schedule", schedules.len()), ("holidays", holidays.len())] {
            if len > ENTRIES_MAX {
                table.note(key, format!("{len} entries: at most {ENTRIES_MAX} are accepted"));
            }
        }
    }

    fn read_lists(&mut self, names: &ListNames, list: Lists<'_>, problems: &mut Problems) {
        let read = |name: &String, problems: &mut Problems| {
            problems.check(name.as_str(), list(name).map_err(|error| format!("cannot be read: {error}")))
        };
        for name in &names.holders {
            if let Some(text) = read(name, problems) {
                self.holders.extend(read_holders(name, &text, problems));
            }
        }
        for name in &names.denied {
            if let Some(text) = read(name, problems) {
                self.denied.extend(read_denied(name, &text, problems));
            }
        }
        if self.holders.len() > HOLDERS_MAX {
            problems.note("holders", format!("{} holders: at most {HOLDERS_MAX} are accepted", self.holders.len()));
        }
        if self.denied.len() > DENIED_MAX {
            problems.note("deny", format!("{} denials: at most {DENIED_MAX} are accepted", self.denied.len()));
        }
        check_twins(&self.holders, problems);
    }
}

fn read_zone(table: &mut TableReader<'_>) -> Zone {
    let max = table.has("occupancy_max").then(|| table.ranged("occupancy_max", 1..=1_000_000, "1 to 1000000", 1));
    let of = table.optional("occupancy_of");
    if of.is_some() && max.is_none() {
        table.note("occupancy_of", "without occupancy_max it limits nothing");
    }
    let minutes = table
        .has("anti_passback_minutes")
        .then(|| table.ranged("anti_passback_minutes", 1..=1_440_u64, "1 to 1440 minutes", 1));
    let kind = table.optional::<String>("anti_passback").unwrap_or_else(|| "off".to_owned());
    let anti_passback = match (kind.as_str(), minutes) {
        ("off", None) => AntiPassback::Off,
        ("soft", None) => AntiPassback::Soft,
        ("hard", None) => AntiPassback::Hard,
        ("timed", Some(minutes)) => AntiPassback::Timed(Duration::from_secs(minutes * 60)),
        ("timed", None) => {
            table.note("anti_passback_minutes", "missing: give how long nobody may come in again, 1 to 1440 minutes");
            AntiPassback::Off
        }
        ("off" | "soft" | "hard", Some(_)) => {
            table.note("anti_passback_minutes", "only anti_passback = \"timed\" has minutes");
            AntiPassback::Off
        }
        (other, _) => {
            table.note("anti_passback", format!("\"{other}\" is not known: off, soft, hard or timed is accepted"));
            AntiPassback::Off
        }
    };
    let occupancy = max.map(|max| OccupancyLimit { max, of: of.unwrap_or(Counted::All) });
    Zone { occupancy, anti_passback }
}

fn read_schedule(table: &mut TableReader<'_>, named: &BTreeMap<String, BTreeSet<Day>>) -> Schedule {
    let mut schedule = Schedule { holidays: read_days(table, "closed_on"), ..Schedule::default() };
    for name in table.optional::<Vec<String>>("holidays").unwrap_or_default() {
        match named.get(&name) {
            Some(days) => schedule.holidays.extend(days),
            None => table.note("holidays", format!("no [[holidays]] has the id \"{name}\"")),
        }
    }
    schedule.holiday_hours = read_hours(table, "holiday_hours");
    table.each("week", |week| {
        let days = week.required::<Vec<String>>("days", "days such as [\"mon\", \"tue\"]").unwrap_or_default();
        let hours = read_hours(week, "hours");
        if hours.is_empty() {
            week.note("hours", "no hours: give intervals such as [\"06:00-18:00\"]");
        }
        for day in days {
            match DAYS.iter().position(|known| *known == day) {
                Some(at) => schedule.week[at].extend(&hours),
                None => week.note("days", format!("\"{day}\" is no day: {} are accepted", DAYS.join(", "))),
            }
        }
    });
    if schedule.week.iter().all(Vec::is_empty) && schedule.holiday_hours.is_empty() {
        table.note("week", "never: give at least one [[schedule.week]] with days and hours");
    }
    schedule
}

fn read_hours(table: &mut TableReader<'_>, key: &'static str) -> Vec<Interval> {
    let mut hours = Vec::new();
    for text in table.optional::<Vec<String>>(key).unwrap_or_default() {
        match Interval::parse(&text) {
            Ok(interval) => hours.push(interval),
            Err(error) => table.note(key, error),
        }
    }
    hours
}

fn read_days(table: &mut TableReader<'_>, key: &'static str) -> BTreeSet<Day> {
    let mut days = BTreeSet::new();
    for text in table.optional::<Vec<String>>(key).unwrap_or_default() {
        match Day::parse_range(&text) {
            Ok(range) => days.extend(range),
            Err(error) => table.note(key, error),
        }
    }
    days
}

fn read_deny(table: &mut TableReader<'_>) -> Option<(String, Denied)> {
    let mut things = Vec::new();
    for what in ["plate", "holder", "pass", "card", "category"] {
        if let Some(value) = table.optional::<String>(what) {
            match denied_thing(what, &value) {
                Ok(thing) => things.push(thing),
                Err(error) => table.note(what, error),
            }
        }
    }
    let reason = table.required::<String>("reason", "why, for the guard");
    let mut end = |key: &'static str, of: fn(Day) -> UtcTime| {
        let text = table.optional::<String>(key)?;
        moment(&text, of).map_err(|error| table.note(key, error)).ok()
    };
    let valid = Window { from: end("valid_from", Day::begins), to: end("valid_to", |day| day.next().begins()) };
    if valid.from.zip(valid.to).is_some_and(|(from, to)| from >= to) {
        table.note("valid_to", "is not after valid_from");
    }
    if things.len() != 1 {
        table.note(
            "plate",
            format!("names {} things: exactly one of plate, holder, pass, card, category", things.len()),
        );
    }
    Some(("deny".to_owned(), Denied { thing: things.pop()?, reason: reason?, valid }))
}

/// What one lane names is known; told under `path`.
fn known<'a, T: Ord + std::fmt::Display + 'a>(
    what: &str,
    used: impl IntoIterator<Item = &'a T>,
    named: &BTreeSet<T>,
    path: &str,
    problems: &mut Problems,
) {
    for name in used {
        if !named.contains(name) {
            let accepted: Vec<_> = named.iter().map(ToString::to_string).collect();
            problems.note(path, format!("no {what} \"{name}\": {} are given", accepted.join(", ")));
        }
    }
}

/// A lane's identity for the check of twins.
fn first_twin(lanes: &[(String, LanePolicy)]) -> impl Iterator<Item = (&String, &LaneId)> {
    let mut seen = BTreeSet::new();
    lanes.iter().filter_map(move |(path, lane)| (!seen.insert(&lane.id)).then_some((path, &lane.id)))
}
