//! The parts of an access policy that people change by a form: schedules with their holidays; and what a form must know of the
//! rest, read as far as the text goes, because a draft may have mistakes.
//!
//! The text stays as it is wherever nothing was changed, its comments too.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, TableLike, Value};
use utoipa::ToSchema;

/// Most schedules, and most lists of holidays: as many as a policy takes.
const ENTRIES_MAX: usize = access::policy::ENTRIES_MAX;

/// Most entries of a list within one of them.
const ITEMS_MAX: usize = 400;

/// Days that schedules may name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Holidays {
    /// Its name.
    pub id: String,
    /// Days such as `2027-01-01`, or ranges such as `2027-02-05..2027-02-11`.
    pub dates: Vec<String>,
}

/// Hours on some days of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WeekHours {
    /// `mon` to `sun`.
    pub days: Vec<String>,
    /// Such as `06:00-18:00`; over midnight where the end is before the start.
    pub hours: Vec<String>,
}

/// Times of the week in Vietnam, with days that are different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Its name.
    pub id: String,
    /// Hours by days of the week.
    pub week: Vec<WeekHours>,
    /// Lists of holidays on which it is closed, or has other hours.
    #[serde(default)]
    pub holidays: Vec<String>,
    /// Hours on those days; closed where there are none.
    #[serde(default)]
    pub holiday_hours: Vec<String>,
    /// Further days of that sort.
    #[serde(default)]
    pub closed_on: Vec<String>,
}

/// Schedules and holidays.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// Lists of holidays.
    pub holidays: Vec<Holidays>,
    /// Schedules.
    pub schedules: Vec<Schedule>,
}

/// A rule of a lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LaneRule {
    /// Its name.
    pub rule: String,
    /// For whom.
    pub categories: Vec<String>,
    /// When.
    pub schedule: String,
}

/// A lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LaneOutline {
    /// Its name.
    pub id: String,
    /// `in` or `out`.
    pub direction: String,
    /// Where one comes from.
    pub from: String,
    /// Where one goes.
    pub to: String,
    /// What may be shown.
    pub methods: Vec<String>,
    /// Who may pass, and when.
    pub rules: Vec<LaneRule>,
}

/// A sort of holders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CategoryOutline {
    /// Its name.
    pub id: String,
    /// Where it may go.
    pub zones: Vec<String>,
    /// Whether each of its holders needs an end of validity.
    pub needs_end: bool,
}

/// What forms must know of an access policy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outline {
    /// Paths of its lists of holders.
    pub holders: Vec<String>,
    /// Paths of its lists of denials.
    pub denied: Vec<String>,
    /// Zones.
    pub zones: Vec<String>,
    /// Categories.
    pub categories: Vec<CategoryOutline>,
    /// Lanes.
    pub lanes: Vec<LaneOutline>,
    /// Schedules and holidays.
    pub times: Times,
}

/// Why times are not taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TimesError {
    /// The text is no TOML.
    #[error("access.toml cannot be read: {0}")]
    NotToml(String),
    /// Too many entries.
    #[error("{what}: at most {max} are accepted")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are accepted.
        max: usize,
    },
    /// Written otherwise than as tables of their own.
    #[error("\"{0}\" is written as an array in one line in access.toml: change it there, as text")]
    Inline(&'static str),
}

fn text(table: &dyn TableLike, key: &str) -> String {
    table.get(key).and_then(Item::as_str).unwrap_or_default().to_owned()
}

fn texts(table: &dyn TableLike, key: &str) -> Vec<String> {
    let array = table.get(key).and_then(Item::as_array);
    array.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The tables of an array, written in either way.
fn tables<'a>(table: &'a dyn TableLike, key: &str) -> Vec<&'a dyn TableLike> {
    match table.get(key) {
        Some(Item::ArrayOfTables(tables)) => tables.iter().map(|table| table as &dyn TableLike).collect(),
        Some(Item::Value(Value::Array(values))) => {
            values.iter().filter_map(Value::as_inline_table).map(|table| table as &dyn TableLike).collect()
        }
        Some(Item::None | Item::Value(_) | Item::Table(_)) | None => Vec::new(),
    }
}

impl Outline {
    /// Reads what there is of an access policy.
    pub fn read(access: &str) -> Result<Self, TimesError> {
        let document = access.parse::<DocumentMut>().map_err(|error| TimesError::NotToml(error.to_string()))?;
        let root = document.as_table() as &dyn TableLike;
        let category = |table: &dyn TableLike| CategoryOutline {
            id: text(table, "id"),
            zones: texts(table, "zones"),
            needs_end: text(table, "validity") == "required",
        };
        let rule = |table: &dyn TableLike| LaneRule {
            rule: text(table, "rule"),
            categories: texts(table, "categories"),
            schedule: text(table, "schedule"),
        };
        let lane = |table: &dyn TableLike| LaneOutline {
            id: text(table, "id"),
            direction: text(table, "direction"),
            from: text(table, "from"),
            to: text(table, "to"),
            methods: texts(table, "methods"),
            rules: tables(table, "allow").into_iter().map(rule).collect(),
        };
        let holidays = |table: &dyn TableLike| Holidays { id: text(table, "id"), dates: texts(table, "dates") };
        let hours = |table: &dyn TableLike| WeekHours { days: texts(table, "days"), hours: texts(table, "hours") };
        let schedule = |table: &dyn TableLike| Schedule {
            id: text(table, "id"),
            week: tables(table, "week").into_iter().map(hours).collect(),
            holidays: texts(table, "holidays"),
            holiday_hours: texts(table, "holiday_hours"),
            closed_on: texts(table, "closed_on"),
        };
        Ok(Self {
            holders: texts(root, "holders"),
            denied: texts(root, "denied_lists"),
            zones: tables(root, "zone").into_iter().map(|table| text(table, "id")).collect(),
            categories: tables(root, "category").into_iter().map(category).collect(),
            lanes: tables(root, "lane").into_iter().map(lane).collect(),
            times: Times {
                holidays: tables(root, "holidays").into_iter().map(holidays).collect(),
                schedules: tables(root, "schedule").into_iter().map(schedule).collect(),
            },
        })
    }
}

impl Times {
    /// The text of an access policy with these schedules and holidays in place of its own.
    pub fn written_into(&self, access: &str) -> Result<String, TimesError> {
        self.check()?;
        let mut document = access.parse::<DocumentMut>().map_err(|error| TimesError::NotToml(error.to_string()))?;
        let root = document.as_table_mut();
        put(
            root,
            "holidays",
            &self.holidays,
            |one| &one.id,
            |table, one| set(table, "dates", &one.dates, Keep::Always),
        )?;
        put(
            root,
            "schedule",
            &self.schedules,
            |one| &one.id,
            |table, one| {
                set(table, "holidays", &one.holidays, Keep::WhereFilled);
                set(table, "holiday_hours", &one.holiday_hours, Keep::WhereFilled);
                set(table, "closed_on", &one.closed_on, Keep::WhereFilled);
                let mut week = ArrayOfTables::new();
                for hours in &one.week {
                    let mut row = Table::new();
                    set(&mut row, "days", &hours.days, Keep::Always);
                    set(&mut row, "hours", &hours.hours, Keep::Always);
                    week.push(row);
                }
                let held: Vec<_> =
                    tables(table, "week").into_iter().map(|row| (texts(row, "days"), texts(row, "hours"))).collect();
                let wanted: Vec<_> = one.week.iter().map(|row| (row.days.clone(), row.hours.clone())).collect();
                // What says the same keeps its comments.
                if held != wanted {
                    table.insert("week", Item::ArrayOfTables(week));
                }
            },
        )?;
        Ok(document.to_string())
    }

    fn check(&self) -> Result<(), TimesError> {
        let count = |what: &'static str, len: usize, max: usize| {
            if len > max { Err(TimesError::TooMany { what, max }) } else { Ok(()) }
        };
        count("holidays", self.holidays.len(), ENTRIES_MAX)?;
        count("schedules", self.schedules.len(), ENTRIES_MAX)?;
        for one in &self.holidays {
            count("dates", one.dates.len(), ITEMS_MAX)?;
        }
        for one in &self.schedules {
            let weeks = one.week.iter().map(|week| week.days.len().max(week.hours.len())).max().unwrap_or(0);
            let most = [one.week.len(), weeks, one.holidays.len(), one.holiday_hours.len(), one.closed_on.len()];
            count("a schedule's lists", most.into_iter().max().unwrap_or(0), ITEMS_MAX)?;
        }
        Ok(())
    }
}

/// Whether a list without entries is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Always,
    WhereFilled,
}

fn set(table: &mut Table, key: &str, entries: &[String], keep: Keep) {
    if texts(table, key) == entries && (table.contains_key(key) || keep == Keep::WhereFilled) {
        return;
    }
    if entries.is_empty() && keep == Keep::WhereFilled {
        table.remove(key);
        return;
    }
    table.insert(key, Item::Value(Value::Array(entries.iter().map(String::as_str).collect::<Array>())));
}

/// Puts an array of tables in place of the one that is there; a table with the same id is changed, and keeps what else stands
/// in it and above it.
fn put<T>(
    root: &mut Table,
    key: &'static str,
    wanted: &[T],
    id: impl Fn(&T) -> &String,
    write: impl Fn(&mut Table, &T),
) -> Result<(), TimesError> {
    let held: Vec<Table> = match root.get(key) {
        Some(Item::ArrayOfTables(tables)) => tables.iter().cloned().collect(),
        Some(Item::None) | None => Vec::new(),
        Some(Item::Value(_) | Item::Table(_)) => return Err(TimesError::Inline(key)),
    };
    let mut tables = ArrayOfTables::new();
    for one in wanted {
        let own = held.iter().find(|table| text(*table as &dyn TableLike, "id") == *id(one));
        let mut table = own.cloned().unwrap_or_default();
        if own.is_none() {
            table.insert("id", Item::Value(id(one).as_str().into()));
            // Behind the last of its kind, or at the end.
            let last = held.iter().filter_map(Table::position).max();
            table.set_position(last.or(Some(isize::MAX)));
            table.decor_mut().set_prefix("\n");
        }
        write(&mut table, one);
        // In the order that is wanted, which the positions of the old ones would undo.
        tables.push(table);
    }
    let mut positions: Vec<_> = tables.iter().map(Table::position).collect();
    positions.sort();
    for (table, position) in tables.iter_mut().zip(positions) {
        table.set_position(position);
        settle(table, position);
    }
    if tables.is_empty() {
        root.remove(key);
    } else {
        root.insert(key, Item::ArrayOfTables(tables));
    }
    Ok(())
}

/// Puts what is below a table right behind it.
fn settle(table: &mut Table, position: Option<isize>) {
    for (_, item) in table.iter_mut() {
        if let Some(tables) = item.as_array_of_tables_mut() {
            for below in tables.iter_mut() {
                below.set_position(position);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> String {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../pipelines/access/industrial-park.toml");
        std::fs::read_to_string(path).expect("it is there")
    }

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_policy_is_read_as_its_forms_need_it() {
        let outline = Outline::read(&shipped()).expect("TOML");
        assert_eq!(outline.holders, ["industrial-park.holders.csv"]);
        assert_eq!(outline.zones, ["park", "chemical-store"]);
        assert_eq!(outline.categories.iter().filter(|one| one.needs_end).count(), 2);
        let lane = &outline.lanes[0];
        assert_eq!((lane.id.as_str(), lane.rules.len(), lane.methods.len()), ("vehicle-in", 3, 3));
        let working = &outline.times.schedules[0];
        assert_eq!((working.holidays.as_slice(), working.week.len()), (owned(&["vietnam-2027"]).as_slice(), 2));
        let inline = Outline::read("zone = [{ id = \"park\" }]\nlane = 3\n").expect("TOML");
        assert_eq!((inline.zones, inline.lanes.len()), (owned(&["park"]), 0));
    }

    #[test]
    fn times_that_were_not_changed_leave_the_text_to_the_letter() {
        let text = shipped();
        let times = Outline::read(&text).expect("TOML").times;
        assert_eq!(times.written_into(&text).expect("it is taken"), text);
    }

    #[test]
    fn what_is_changed_is_read_back_and_everything_else_stays() {
        let text = shipped();
        let mut times = Outline::read(&text).expect("TOML").times;
        times.holidays[0].dates.push("2027-12-24".to_owned());
        times.schedules[0].week[1].hours = owned(&["05:30-10:00", "11:00-12:00"]);
        times.schedules[0].holiday_hours.clear();
        times.schedules.remove(1);
        times.schedules.push(Schedule {
            id: "weekend".to_owned(),
            week: vec![WeekHours { days: owned(&["sat", "sun"]), hours: owned(&["00:00-24:00"]) }],
            holidays: Vec::new(),
            holiday_hours: Vec::new(),
            closed_on: owned(&["2027-01-01"]),
        });
        times.holidays.push(Holidays { id: "tet-2028".to_owned(), dates: owned(&["2028-01-25..2028-01-31"]) });
        let changed = times.written_into(&text).expect("it is taken");
        assert_eq!(Outline::read(&changed).expect("TOML").times, times, "{changed}");
        for kept in [
            "# Days on which schedules that name them are closed.",
            "# Lorries and cars:",
            "deadline_ms = 1500          # a",
        ] {
            assert!(changed.contains(kept), "{kept} is not in {changed}");
        }
        // Only what the removed schedule was named by is wrong now.
        let lists = |_: &str| Ok("holder,name,kind,category\n".to_owned());
        let denied = changed.replace("denied_lists = [\"industrial-park.denied.csv\"]", "");
        let problems = access::AccessPolicy::parse(&denied, lists).expect_err("a lane names it").to_string();
        assert!(problems.contains("night-deliveries") && problems.lines().count() <= 3, "{problems}");
        let empty = Times::default().written_into(&changed).expect("it is taken");
        assert_eq!(Outline::read(&empty).expect("TOML").times, Times::default());
    }

    #[test]
    fn times_are_written_where_there_were_none_and_in_their_new_order() {
        let text = "policy = 1\nholders = []\n\n[[zone]]\nid = \"park\"\n";
        let hours = |id: &str| Schedule {
            id: id.to_owned(),
            week: vec![WeekHours { days: owned(&["mon"]), hours: owned(&["06:00-18:00"]) }],
            holidays: Vec::new(),
            holiday_hours: Vec::new(),
            closed_on: Vec::new(),
        };
        let mut times = Times { holidays: Vec::new(), schedules: vec![hours("day"), hours("night")] };
        let written = times.written_into(text).expect("it is taken");
        assert!(written.starts_with(text), "{written}");
        assert_eq!(Outline::read(&written).expect("TOML").times, times);
        times.schedules.reverse();
        let again = times.written_into(&written).expect("it is taken");
        assert_eq!(Outline::read(&again).expect("TOML").times, times, "{again}");
    }

    #[test]
    fn what_cannot_be_changed_in_place_is_said() {
        let times = Times { holidays: vec![Holidays { id: "x".to_owned(), dates: Vec::new() }], ..Times::default() };
        assert_eq!(times.written_into("holidays = []\n"), Err(TimesError::Inline("holidays")));
        assert!(matches!(times.written_into("= 1"), Err(TimesError::NotToml(_))));
        let many = Times { holidays: vec![times.holidays[0].clone(); ENTRIES_MAX + 1], ..Times::default() };
        assert!(matches!(many.written_into(""), Err(TimesError::TooMany { .. })));
    }
}
