//! Schedules against a table of minutes that the test fills by itself.

use std::collections::{BTreeSet, HashSet};

use access::schedule::{Day, Interval, Schedule};
use domain::UtcTime;
use proptest::prelude::*;

/// Monday, 2 November 2026, 0:00 in Vietnam, in minutes since 1970 UTC.
const MONDAY_MIN: i64 = 1_793_552_400 / 60;
const DAYS: i64 = 21;

fn time(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// The minutes since that Monday which an interval has when it begins on `day`.
fn minutes(day: i64, (start, end): (u16, u16)) -> impl Iterator<Item = i64> {
    let length = if end > start { end - start } else { end + 1_440 - start };
    (0..i64::from(length)).map(move |minute| day * 1_440 + i64::from(start) + minute)
}

fn at(minute: i64, second: i64) -> UtcTime {
    UtcTime::from_unix_micros(((MONDAY_MIN + minute) * 60 + second) * 1_000_000).expect("in range")
}

#[test]
fn the_tables_first_minute_is_a_monday_midnight_in_vietnam() {
    assert_eq!(at(0, 0), "2026-11-02T00:00:00+07:00".parse().expect("a moment"));
}

fn interval() -> impl Strategy<Value = (u16, u16)> {
    (0..1_440_u16, 0..=1_440_u16)
        .prop_filter("both ends are the same", |(start, end)| start != end && !(*start == 0 && *end == 0))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_schedule_has_the_minutes_of_the_table(
        week in prop::collection::vec(prop::collection::vec(interval(), 0..3), 7),
        holidays in prop::collection::btree_set(-1..DAYS, 0..5),
        holiday_hours in prop::collection::vec(interval(), 0..2),
    ) {
        let mut open = HashSet::new();
        // The day before the table begins may reach into it.
        for day in -1..DAYS {
            let weekday = usize::try_from(day.rem_euclid(7)).expect("0 to 6");
            let begins = if holidays.contains(&day) { &holiday_hours } else { &week[weekday] };
            begins.iter().for_each(|interval| open.extend(minutes(day, *interval)));
        }
        let read = |(start, end): &(u16, u16)| {
            Interval::parse(&format!("{}-{}", time(*start), time(*end))).expect("an interval")
        };
        let schedule = Schedule {
            week: std::array::from_fn(|day| week[day].iter().map(read).collect()),
            holidays: holidays.iter().map(|day| Day::at(at(day * 1_440, 0))).collect::<BTreeSet<_>>(),
            holiday_hours: holiday_hours.iter().map(read).collect(),
        };
        for minute in 0..DAYS * 1_440 {
            for second in [0, 59] {
                prop_assert_eq!(schedule.has(at(minute, second)), open.contains(&minute), "minute {}", minute);
            }
        }
    }
}
