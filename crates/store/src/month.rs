//! Months by which the log is kept.

use std::fmt;
use std::str::FromStr;

use domain::UtcTime;

/// Months of a year.
const MONTHS: i64 = 12;

/// A month by the clocks of Vietnam. Written `2026-11`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i64);

/// Why a text is not a month.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a month of the years 1970 to 9998, such as 2026-11")]
pub struct InvalidMonth(String);

impl Month {
    /// The month of a moment; 1970 and 9998 stand for what is before and after.
    pub fn of(at: UtcTime) -> Self {
        let (year, month, _) = at.day_in_vietnam();
        Self::new(i64::from(year).clamp(1970, 9998), i64::from(month))
    }

    const fn new(year: i64, month: i64) -> Self {
        Self((year - 1970) * MONTHS + month - 1)
    }

    pub(crate) const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// Months since January 1970.
    pub(crate) const fn number(self) -> i64 {
        self.0
    }

    /// The month so many later, or earlier.
    #[must_use]
    pub const fn plus(self, months: i64) -> Self {
        Self(self.0 + months)
    }

    /// When it begins.
    pub fn start(self) -> UtcTime {
        let (year, month) = (1970 + self.0.div_euclid(MONTHS), self.0.rem_euclid(MONTHS) + 1);
        // Before 1970 and after 9998 only by arithmetic on a month that is none.
        format!("{year:04}-{month:02}-01T00:00:00+07:00").parse().unwrap_or(UtcTime::UNIX_EPOCH)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", 1970 + self.0.div_euclid(MONTHS), self.0.rem_euclid(MONTHS) + 1)
    }
}

impl FromStr for Month {
    type Err = InvalidMonth;

    fn from_str(text: &str) -> Result<Self, InvalidMonth> {
        let invalid = || InvalidMonth(text.chars().take(20).collect());
        let (year, month) = text.split_once('-').ok_or_else(invalid)?;
        let number = |text: &str, digits| {
            let is_plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
            is_plain.then(|| text.parse::<i64>().ok()).flatten().ok_or_else(invalid)
        };
        match (number(year, 4)?, number(month, 2)?) {
            (year @ 1970..=9998, month @ 1..=12) => Ok(Self::new(year, month)),
            _ => Err(invalid()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_at_midnight_in_vietnam() {
        let at = |text: &str| text.parse::<UtcTime>().expect("a moment");
        assert_eq!(Month::of(at("2026-11-30T16:59:59.999999Z")).to_string(), "2026-11");
        assert_eq!(Month::of(at("2026-11-30T17:00:00Z")).to_string(), "2026-12");
        assert_eq!(Month::of(at("2026-12-31T17:00:00Z")), "2027-01".parse().expect("a month"));
        let month: Month = "2026-12".parse().expect("a month");
        assert_eq!((month.start(), month.plus(1).start()), (at("2026-11-30T17:00:00Z"), at("2026-12-31T17:00:00Z")));
        assert_eq!(month.plus(-12).to_string(), "2025-12");
    }

    #[test]
    fn what_is_no_month_is_refused() {
        for text in ["", "2026", "2026-13", "2026-0", "2026-1", "26-01", "+026-01", "1969-12", "9999-01", "2026-11-01"]
        {
            assert!(text.parse::<Month>().is_err(), "{text}");
        }
    }
}
