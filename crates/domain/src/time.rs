//! Three times that are never mixed: [`MediaTime`] orders the frames of one source, [`MonoTime`] orders what happens
//! on one machine and times it out, [`UtcTime`] tells people when.

use std::time::Duration;

use chrono::{DateTime, Datelike, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Microseconds since an arbitrary start on one machine; never jumps, means nothing on another machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MonoTime(u64);

/// Microseconds since the start of a stream, from the presentation time stamps of its frames. Microseconds, because
/// a JSON number is exact only up to 2^53: 285 years of these, but 104 days of nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MediaTime(u64);

macro_rules! elapsed_time {
    ($($name:ident)*) => {$(
        impl $name {
            /// From microseconds since the start.
            pub const fn from_micros(micros: u64) -> Self {
                Self(micros)
            }

            /// From nanoseconds since the start, rounded down to a microsecond.
            pub const fn from_nanos(nanos: u64) -> Self {
                Self(nanos / 1_000)
            }

            /// Microseconds since the start.
            pub const fn as_micros(self) -> u64 {
                self.0
            }

            /// Seconds since the start.
            pub fn as_secs_f64(self) -> f64 {
                self.0 as f64 / 1e6
            }

            /// How long ago `earlier` was; zero where it is later.
            pub fn since(self, earlier: Self) -> Duration {
                Duration::from_micros(self.0.saturating_sub(earlier.0))
            }
        }

        impl std::ops::Add<Duration> for $name {
            type Output = Self;
            fn add(self, by: Duration) -> Self {
                Self(self.0.saturating_add(u64::try_from(by.as_micros()).unwrap_or(u64::MAX)))
            }
        }
    )*};
}

elapsed_time! { MonoTime MediaTime }

/// A moment for people: microseconds since 1970-01-01T00:00:00Z, between the years 0 and 9999.
/// Written as RFC 3339 with six decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UtcTime(i64);

/// Why a text or number is not a moment.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{0}\" is not a moment in RFC 3339 between the years 0000 and 9999, such as 2026-11-20T08:30:00Z")]
pub struct InvalidUtcTime(String);

const MICROS_MIN: i64 = -62_167_219_200_000_000;
const MICROS_MAX: i64 = 253_402_300_799_999_999;

impl UtcTime {
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self(0);

    /// From microseconds since 1970; refuses years that RFC 3339 cannot write.
    pub fn from_unix_micros(micros: i64) -> Result<Self, InvalidUtcTime> {
        if (MICROS_MIN..=MICROS_MAX).contains(&micros) {
            Ok(Self(micros))
        } else {
            Err(InvalidUtcTime(format!("{micros} µs")))
        }
    }

    /// Microseconds since 1970.
    pub const fn as_unix_micros(self) -> i64 {
        self.0
    }

    /// Milliseconds since 1970, rounded down.
    pub const fn as_unix_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Whole minutes since 1970, rounded down: the key under which passages are counted.
    pub const fn as_unix_minutes(self) -> i64 {
        self.0.div_euclid(60_000_000)
    }

    /// Year, month and day in Vietnam, whose clocks are seven hours ahead of UTC all year.
    pub fn day_in_vietnam(self) -> (i32, u32, u32) {
        const AHEAD: i64 = 7 * 3_600 * 1_000_000;
        let micros = self.0.saturating_add(AHEAD).min(MICROS_MAX);
        let at = DateTime::<Utc>::from_timestamp_micros(micros).expect("held between the years 0 and 9999");
        (at.year(), at.month(), at.day())
    }

    /// The moment `by` later, held at the end of the year 9999.
    #[must_use]
    pub fn saturating_add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)).min(MICROS_MAX))
    }

    /// How long after `earlier`; zero where it is before.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl std::fmt::Display for UtcTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = DateTime::<Utc>::from_timestamp_micros(self.0).expect("held between the years 0 and 9999");
        f.write_str(&at.to_rfc3339_opts(SecondsFormat::Micros, true))
    }
}

impl std::str::FromStr for UtcTime {
    type Err = InvalidUtcTime;
    fn from_str(text: &str) -> Result<Self, InvalidUtcTime> {
        let at = DateTime::parse_from_rfc3339(text).map_err(|_| InvalidUtcTime(text.to_owned()))?;
        Self::from_unix_micros(at.timestamp_micros()).map_err(|_| InvalidUtcTime(text.to_owned()))
    }
}

impl TryFrom<String> for UtcTime {
    type Error = InvalidUtcTime;
    fn try_from(text: String) -> Result<Self, InvalidUtcTime> {
        text.parse()
    }
}

impl From<UtcTime> for String {
    fn from(at: UtcTime) -> String {
        at.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc_reads_back_what_it_wrote() {
        for micros in [0, 1, -1, 1_763_600_000_123_456, MICROS_MIN, MICROS_MAX] {
            let at = UtcTime::from_unix_micros(micros).expect("in range");
            assert_eq!(at.to_string().parse::<UtcTime>(), Ok(at));
        }
        assert!(UtcTime::from_unix_micros(MICROS_MAX + 1).is_err());
        assert!("20/11/2026".parse::<UtcTime>().is_err());
    }

    #[test]
    fn minutes_round_down_before_1970_too() {
        let before = UtcTime::from_unix_micros(-1).expect("in range");
        assert_eq!((before.as_unix_minutes(), before.as_unix_millis()), (-1, -1));
    }

    #[test]
    fn time_since_something_later_is_zero() {
        assert_eq!(MonoTime::from_micros(1).since(MonoTime::from_micros(5)), Duration::ZERO);
        assert_eq!(MediaTime::from_micros(u64::MAX) + Duration::from_secs(1), MediaTime::from_micros(u64::MAX));
    }
}
