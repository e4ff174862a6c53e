//! Times of the week in Vietnam, whose clocks are seven hours ahead of UTC all year, with days that are different.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{Datelike, NaiveDate};
use domain::UtcTime;
use thiserror::Error;

/// Seconds that Vietnam is ahead of UTC.
const AHEAD_S: i64 = 7 * 3_600;
const DAY_S: i64 = 86_400;
/// Minutes of a day.
pub const DAY_MINUTES: u16 = 24 * 60;
/// Most days that one range of dates may have.
pub const RANGE_DAYS_MAX: i64 = 400;

/// A day in Vietnam, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i64);

/// Why a text is no day or no range of days.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidDay {
    /// It is not a date.
    #[error("\"{0}\" is not a date such as 2027-02-05")]
    Date(String),
    /// The range is upside down or too long.
    #[error("\"{0}\" is not a range such as 2027-02-05..2027-02-11: the first day comes first, at most 400 days")]
    Range(String),
}

impl Day {
    /// The day in Vietnam at a moment.
    #[must_use]
    pub fn at(at: UtcTime) -> Self {
        Self(local_s(at).div_euclid(DAY_S))
    }

    /// Reads `2027-02-05`.
    ///
    /// # Errors
    /// When it is no day of the calendar.
    pub fn parse(text: &str) -> Result<Self, InvalidDay> {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|date| (1970..=9998).contains(&date.year()));
        let epoch = NaiveDate::from_ymd_opt(1970, 1, 1).expect("it is a day");
        date.map(|date| Self((date - epoch).num_days())).ok_or_else(|| InvalidDay::Date(text.to_owned()))
    }

    /// Reads one day, or the days of `2027-02-05..2027-02-11`, both ends included.
    ///
    /// # Errors
    /// When an end is no day, or the range is upside down or absurdly long.
    pub fn parse_range(text: &str) -> Result<Vec<Self>, InvalidDay> {
        let Some((from, to)) = text.split_once("..") else { return Self::parse(text).map(|day| vec![day]) };
        let (from, to) = (Self::parse(from.trim())?, Self::parse(to.trim())?);
        if from > to || to.0 - from.0 >= RANGE_DAYS_MAX {
            return Err(InvalidDay::Range(text.to_owned()));
        }
        Ok((from.0..=to.0).map(Self).collect())
    }

    /// When the day begins in Vietnam.
    #[must_use]
    pub fn begins(self) -> UtcTime {
        UtcTime::from_unix_micros((self.0 * DAY_S - AHEAD_S) * 1_000_000).expect("held between 1970 and 9998")
    }

    /// The day after.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    const fn before(self) -> Self {
        Self(self.0 - 1)
    }

    /// 0 for Monday to 6 for Sunday; 1970-01-01 was a Thursday.
    const fn weekday(self) -> usize {
        (self.0 + 3).rem_euclid(7) as usize
    }
}

fn local_s(at: UtcTime) -> i64 {
    at.as_unix_micros().div_euclid(1_000_000) + AHEAD_S
}

/// From one minute of a day to another; over midnight where the end is not after the start. The end is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    start: u16,
    end: u16,
}

/// Why a text is no interval.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{0}\" is not an interval such as 06:00-18:00, 22:00-06:00 (over midnight) or 00:00-24:00")]
pub struct InvalidInterval(String);

impl Interval {
    /// Reads `06:00-18:00`.
    ///
    /// # Errors
    /// When an end is no time of day, or both are the same.
    pub fn parse(text: &str) -> Result<Self, InvalidInterval> {
        let bad = || InvalidInterval(text.to_owned());
        let (start, end) = text.split_once('-').ok_or_else(bad)?;
        let (start, end) = (minute(start.trim()).ok_or_else(bad)?, minute(end.trim()).ok_or_else(bad)?);
        if start == end || start == DAY_MINUTES || (end == 0 && start == 0) {
            return Err(bad());
        }
        Ok(Self { start, end })
    }

    const fn is_over_midnight(self) -> bool {
        self.end <= self.start
    }

    /// Whether the part on the day on which it begins has the minute.
    const fn has_on_first_day(self, minute: u16) -> bool {
        minute >= self.start && (self.is_over_midnight() || minute < self.end)
    }

    /// Whether the part on the day after has the minute.
    const fn has_on_next_day(self, minute: u16) -> bool {
        self.is_over_midnight() && minute < self.end
    }
}

fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !two_digits(hours) || !two_digits(minutes) {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let minute = hours * 60 + minutes;
    (minutes < 60 && minute <= DAY_MINUTES).then_some(minute)
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, end) = (self.start, self.end);
        write!(f, "{:02}:{:02}-{:02}:{:02}", start / 60, start % 60, end / 60, end % 60)
    }
}

/// Times of the week. An interval belongs to the day on which it begins: one over midnight from Friday goes on into a
/// Saturday that is a holiday, and none begins on the holiday itself unless the schedule has hours for holidays.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schedule {
    /// The intervals that begin on each day, Monday first.
    pub week: [Vec<Interval>; 7],
    /// Days on which the week does not hold.
    pub holidays: BTreeSet<Day>,
    /// The intervals that begin on such a day.
    pub holiday_hours: Vec<Interval>,
}

impl Schedule {
    fn beginning_on(&self, day: Day) -> &[Interval] {
        if self.holidays.contains(&day) { &self.holiday_hours } else { &self.week[day.weekday()] }
    }

    /// Whether the moment lies in one of the intervals.
    #[must_use]
    pub fn has(&self, at: UtcTime) -> bool {
        let today = Day::at(at);
        let minute = u16::try_from(local_s(at).rem_euclid(DAY_S) / 60).expect("a day has 1440 minutes");
        self.beginning_on(today).iter().any(|interval| interval.has_on_first_day(minute))
            || self.beginning_on(today.before()).iter().any(|interval| interval.has_on_next_day(minute))
    }
}

/// When a rule holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// Always: it does not need a clock.
    Always,
    /// At times of the week.
    During(Box<Schedule>),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UtcTime {
        text.parse().expect("a moment")
    }

    #[test]
    fn what_is_no_interval_is_refused() {
        for bad in ["", "6-18", "06:00", "24:00-06:00", "06:00-06:00", "06:60-07:00", "00:00-24:01", "-1:00-02:00"] {
            assert!(Interval::parse(bad).is_err(), "{bad}");
        }
        for good in ["00:00-24:00", "22:00-06:00", "22:00-00:00", "06:00-18:00"] {
            assert_eq!(Interval::parse(good).expect("an interval").to_string(), good);
        }
    }

    #[test]
    fn days_are_those_of_vietnam() {
        assert_eq!(Day::at(at("2027-02-04T16:59:59Z")), Day::parse("2027-02-04").expect("a day"));
        assert_eq!(Day::at(at("2027-02-04T17:00:00Z")), Day::parse("2027-02-05").expect("a day"));
        assert_eq!(Day::parse("2027-02-05").expect("a day").begins(), at("2027-02-04T17:00:00Z"));
        assert_eq!(Day::parse_range("2027-02-27..2027-03-02").expect("days").len(), 4);
        for bad in ["2027-02-29", "5/2/2027", "2027-03-02..2027-03-01", "2020-01-01..2027-01-01"] {
            assert!(Day::parse_range(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_night_shift_goes_on_into_a_holiday_and_none_begins_on_it() {
        let night = vec![Interval::parse("22:00-06:00").expect("an interval")];
        let mut schedule = Schedule { week: std::array::from_fn(|_| night.clone()), ..Schedule::default() };
        schedule.holidays = Day::parse_range("2027-02-05").expect("a day").into_iter().collect();
        assert!(schedule.has(at("2027-02-05T05:59:59+07:00")));
        assert!(!schedule.has(at("2027-02-05T22:30:00+07:00")));
        assert!(!schedule.has(at("2027-02-06T05:00:00+07:00")));
        assert!(schedule.has(at("2027-02-06T22:00:00+07:00")));
    }
}
