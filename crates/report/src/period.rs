//! What a day, a week, a month, a half-year and a year of reporting are.
//!
//! Provinces report on the spans of Decree 09/2019/NĐ-CP, article 12: a month runs from the 15th of the month before to
//! the 14th, the first half-year from 15 December to 14 June, a year from 15 December to 14 December. Plans of single
//! provinces take the 18th instead of the 15th, so the day is a setting ([`Cut`]). The week is cut on Wednesday at 15:00,
//! by when the weekly figures are due. All in Asia/Ho_Chi_Minh.

use std::fmt;
use std::str::FromStr;

use domain::UtcTime;
use projections::day::LOCAL_OFFSET_MINUTES;
use thiserror::Error;

const MINUTE_US: i64 = 60_000_000;
const DAY_MINUTES: i64 = 24 * 60;

/// 15:00, by when the week's figures are due.
const WEEK_CUT_MINUTE: i64 = 15 * 60;

/// 1 January 1970 was a Thursday; the first Wednesday after it is day 6.
const FIRST_WEDNESDAY: i64 = 6;

/// How long a report's period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReportKind {
    /// From midnight to midnight.
    Day,
    /// From Wednesday 15:00 to Wednesday 15:00.
    Week,
    /// From the day of the cut to the day of the cut.
    Month,
    /// From the cut in December to the one in June, or from there to the one in December.
    HalfYear,
    /// From the cut in December to the next.
    Year,
}

/// A text that names no kind of report.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{0}\" is not a kind of report: day, week, month, half_year or year is accepted")]
pub struct UnknownReportKind(String);

impl ReportKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Day, Self::Week, Self::Month, Self::HalfYear, Self::Year];

    /// The name in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::HalfYear => "half_year",
            Self::Year => "year",
        }
    }
}

impl fmt::Display for ReportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ReportKind {
    type Err = UnknownReportKind;

    fn from_str(text: &str) -> Result<Self, UnknownReportKind> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| UnknownReportKind(text.chars().take(40).collect()))
    }
}

/// The day of the month with which a new month of reporting begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cut(u8);

/// A day on which no month can be cut.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0} is no day to cut a month on: 1 to 28 is accepted, usually 15 or 18")]
pub struct InvalidCut(pub i64);

impl Default for Cut {
    /// The 15th, as the decree has it.
    fn default() -> Self {
        Self(15)
    }
}

impl Cut {
    /// A day that every month has.
    pub fn new(day: i64) -> Result<Self, InvalidCut> {
        match u8::try_from(day) {
            Ok(day @ 1..=28) => Ok(Self(day)),
            Ok(_) | Err(_) => Err(InvalidCut(day)),
        }
    }

    /// The day.
    pub const fn day(self) -> u8 {
        self.0
    }
}

/// The span that a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    /// How long it is.
    pub kind: ReportKind,
    /// Its first minute since 1970.
    pub from_minute: i64,
    /// The minute after its last.
    pub to_minute: i64,
}

impl Period {
    /// The period that `at` lies in.
    pub fn containing(kind: ReportKind, cut: Cut, at: UtcTime) -> Self {
        let local = at.as_unix_minutes() + LOCAL_OFFSET_MINUTES;
        let day = local.div_euclid(DAY_MINUTES);
        let (from, to) = match kind {
            ReportKind::Day => (day * DAY_MINUTES, (day + 1) * DAY_MINUTES),
            ReportKind::Week => {
                let shift = FIRST_WEDNESDAY * DAY_MINUTES + WEEK_CUT_MINUTE;
                let from = (local - shift).div_euclid(7 * DAY_MINUTES) * 7 * DAY_MINUTES + shift;
                (from, from + 7 * DAY_MINUTES)
            }
            ReportKind::Month => months(day, cut, 1, 0),
            ReportKind::HalfYear => months(day, cut, 6, 11),
            ReportKind::Year => months(day, cut, 12, 11),
        };
        Self { kind, from_minute: from - LOCAL_OFFSET_MINUTES, to_minute: to - LOCAL_OFFSET_MINUTES }
    }

    /// The last period that is over at `now`.
    pub fn last_over(kind: ReportKind, cut: Cut, now: UtcTime) -> Self {
        Self::containing(kind, cut, now).before(cut)
    }

    /// The period before this one.
    #[must_use]
    pub fn before(self, cut: Cut) -> Self {
        Self::containing(self.kind, cut, moment(self.from_minute - 1))
    }

    /// Its first moment.
    pub fn from(self) -> UtcTime {
        moment(self.from_minute)
    }

    /// The moment after its last.
    pub fn to(self) -> UtcTime {
        moment(self.to_minute)
    }

    /// Its length in minutes.
    pub const fn minutes(self) -> i64 {
        self.to_minute - self.from_minute
    }
}

/// From cut to cut, `length` months long, where stretches begin in a month whose number from 0 leaves `first` after
/// division by `length`.
fn months(day: i64, cut: Cut, length: i64, first: i64) -> (i64, i64) {
    let (year, month, day_of_month) = civil(day);
    let running = year * 12 + i64::from(month) - 1 - i64::from(day_of_month < cut.0);
    let from = (running - first).div_euclid(length) * length + first;
    let start = |month: i64| days(month.div_euclid(12), month.rem_euclid(12) + 1, cut.0) * DAY_MINUTES;
    (start(from), start(from + length))
}

fn moment(unix_minute: i64) -> UtcTime {
    UtcTime::from_unix_micros(unix_minute.saturating_mul(MINUTE_US)).unwrap_or(UtcTime::UNIX_EPOCH)
}

/// Days since 1970 of a date, by Howard Hinnant's `days_from_civil`
/// (<https://howardhinnant.github.io/date_algorithms.html>).
fn days(year: i64, month: i64, day: u8) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date of a day since 1970, by the same author's `civil_from_days`.
pub(crate) fn civil(day: i64) -> (i64, u8, u8) {
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day - era * 146_097;
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, u8::try_from(month).unwrap_or(1), u8::try_from(day).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> UtcTime {
        text.parse().expect("a moment")
    }

    fn span(kind: ReportKind, cut: i64, now: &str) -> (String, String) {
        let period = Period::containing(kind, Cut::new(cut).expect("a day"), at(now));
        let short = |at: UtcTime| at.to_string()[..16].to_owned();
        (short(period.from()), short(period.to()))
    }

    fn pair(from: &str, to: &str) -> (String, String) {
        (from.to_owned(), to.to_owned())
    }

    #[test]
    fn a_week_is_cut_on_wednesday_at_fifteen_hundred() {
        // 18 November 2026 was a Wednesday; 15:00 there is 08:00 UTC.
        let this = pair("2026-11-18T08:00", "2026-11-25T08:00");
        assert_eq!(span(ReportKind::Week, 15, "2026-11-21T00:00:00Z"), this);
        assert_eq!(span(ReportKind::Week, 15, "2026-11-18T08:00:00Z"), this);
        assert_eq!(span(ReportKind::Week, 15, "2026-11-18T07:59:59Z"), pair("2026-11-11T08:00", "2026-11-18T08:00"));
    }

    #[test]
    fn months_and_years_are_cut_on_the_day_that_is_configured() {
        assert_eq!(span(ReportKind::Month, 15, "2026-11-21T00:00:00Z"), pair("2026-11-14T17:00", "2026-12-14T17:00"));
        assert_eq!(span(ReportKind::Month, 18, "2026-11-17T16:59:00Z"), pair("2026-10-17T17:00", "2026-11-17T17:00"));
        assert_eq!(span(ReportKind::Month, 15, "2027-01-03T00:00:00Z"), pair("2026-12-14T17:00", "2027-01-14T17:00"));
        let first = pair("2026-12-14T17:00", "2027-06-14T17:00");
        assert_eq!(span(ReportKind::HalfYear, 15, "2027-03-01T00:00:00Z"), first);
        assert_eq!(span(ReportKind::HalfYear, 15, "2026-12-14T17:00:00Z"), first);
        assert_eq!(
            span(ReportKind::HalfYear, 15, "2026-08-01T00:00:00Z"),
            pair("2026-06-14T17:00", "2026-12-14T17:00")
        );
        assert_eq!(span(ReportKind::Year, 15, "2026-11-21T00:00:00Z"), pair("2025-12-14T17:00", "2026-12-14T17:00"));
    }

    #[test]
    fn periods_follow_each_other_without_a_gap() {
        for kind in ReportKind::ALL {
            for cut in [1, 15, 18, 28] {
                let cut = Cut::new(cut).expect("a day");
                let mut period = Period::containing(kind, cut, at("2030-03-01T00:00:00Z"));
                for _ in 0..60 {
                    let before = period.before(cut);
                    assert_eq!(before.to_minute, period.from_minute, "{kind} {cut:?}");
                    assert_eq!(Period::containing(kind, cut, before.from()), before);
                    period = before;
                }
            }
        }
    }

    #[test]
    fn dates_of_days_are_those_of_the_calendar() {
        for (day, date) in [(0, (1970, 1, 1)), (20_778, (2026, 11, 21)), (11_016, (2000, 2, 29)), (-1, (1969, 12, 31))]
        {
            assert_eq!(civil(day), date);
            assert_eq!(days(date.0, date.1.into(), date.2), day);
        }
    }

    #[test]
    fn no_month_is_cut_on_a_day_that_some_lack() {
        assert!(Cut::new(29).is_err() && Cut::new(0).is_err() && Cut::new(-1).is_err());
        assert_eq!(
            "quarter".parse::<ReportKind>().expect_err("none").to_string(),
            "\"quarter\" is not a kind of report: day, week, month, half_year or year is accepted"
        );
    }
}
