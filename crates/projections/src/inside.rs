//! How many are inside a gate or a site: what came and went since the last reset or correction.
//!
//! A camera misses somebody now and then, so a difference of comings and goings drifts. Three things hold it: it begins
//! anew each day at the area's reset time, a person may say how many there are, and it never goes below nobody. Who
//! leaves although nobody was inside came in unseen: he is counted as unexplained, so that the drift shows.
//!
//! All of this is a function of the passages and the ledger, in whatever order either came.

use std::fmt;
use std::str::FromStr;

use domain::UtcTime;
use thiserror::Error;

use crate::day::LOCAL_OFFSET_MINUTES;

const DAY_MINUTES: i64 = 24 * 60;
const MINUTE_US: i64 = 60_000_000;

/// The time of the day, by the clocks of Vietnam, at which an area is taken for empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ResetTime {
    minute_of_day: u16,
}

/// A text that is no time of the day.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{0}\" is not a time of the day: 00:00 to 23:59 is accepted")]
pub struct InvalidResetTime(String);

impl ResetTime {
    /// What counts where nobody said anything.
    pub const MIDNIGHT: Self = Self { minute_of_day: 0 };

    /// The last reset at or before `now`, in whole minutes since 1970.
    pub const fn last_minute(self, now: UtcTime) -> i64 {
        let shift = LOCAL_OFFSET_MINUTES - self.minute_of_day as i64;
        (now.as_unix_minutes() + shift).div_euclid(DAY_MINUTES) * DAY_MINUTES - shift
    }

    /// The first reset after `now`, in whole minutes since 1970.
    pub const fn next_minute(self, now: UtcTime) -> i64 {
        self.last_minute(now) + DAY_MINUTES
    }

    /// Minutes after midnight.
    pub const fn minute_of_day(self) -> u16 {
        self.minute_of_day
    }

    /// So many minutes after midnight; nothing where the day has fewer.
    pub const fn of_minutes(minute_of_day: u16) -> Option<Self> {
        if (minute_of_day as i64) < DAY_MINUTES { Some(Self { minute_of_day }) } else { None }
    }
}

impl fmt::Display for ResetTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minute_of_day / 60, self.minute_of_day % 60)
    }
}

impl FromStr for ResetTime {
    type Err = InvalidResetTime;

    fn from_str(text: &str) -> Result<Self, InvalidResetTime> {
        let refuse = || InvalidResetTime(text.chars().take(20).collect());
        let (hours, minutes) = text.split_once(':').ok_or_else(refuse)?;
        let number = |digits: &str, below: u16| {
            let is_plain = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
            digits.parse::<u16>().ok().filter(|number| is_plain && *number < below)
        };
        let (Some(hours), Some(minutes)) = (number(hours, 24), number(minutes, 60)) else { return Err(refuse()) };
        Ok(Self { minute_of_day: hours * 60 + minutes })
    }
}

/// What a count of those inside begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Base {
    /// Why it begins there.
    pub kind: BaseKind,
    /// When it begins: a passage at this moment or later is counted.
    pub at: UtcTime,
    /// How many are inside then.
    pub count: u64,
}

/// Why a count begins anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaseKind {
    /// The day's reset.
    Reset,
    /// Somebody said how many there are.
    Correction,
}

impl Base {
    /// What counts at `now`: the last reset, or the last of `corrections` (moment and number) after it. Of corrections
    /// of the same moment the later in the ledger counts; corrections after `now` do not count yet.
    pub fn of(reset: ResetTime, corrections: impl IntoIterator<Item = (UtcTime, u64)>, now: UtcTime) -> Self {
        let start = minute_start(reset.last_minute(now));
        let mut base = Self { kind: BaseKind::Reset, at: start, count: 0 };
        for (at, count) in corrections {
            if at >= base.at && at <= now {
                base = Self { kind: BaseKind::Correction, at, count };
            }
        }
        base
    }

    /// The first whole minute after it begins: a reset's own, the one after a correction within a minute.
    pub const fn first_minute(&self) -> i64 {
        let minute = self.at.as_unix_minutes();
        if self.at.as_unix_micros() == minute * MINUTE_US { minute } else { minute + 1 }
    }
}

/// The moment at which a minute begins.
pub fn minute_start(unix_minute: i64) -> UtcTime {
    UtcTime::from_unix_micros(unix_minute.saturating_mul(MINUTE_US)).unwrap_or(UtcTime::UNIX_EPOCH)
}

/// What came of the passages since a [`Base`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Inside {
    /// How many are inside; never fewer than nobody.
    pub count: u64,
    /// Passages in.
    pub entered: u64,
    /// Passages out.
    pub left: u64,
    /// How many left when nobody was inside: so many entries at least were missed, or so many were inside at the base.
    pub unexplained: u64,
}

impl Inside {
    /// A count that begins with `count`.
    pub const fn starting(count: u64) -> Self {
        Self { count, entered: 0, left: 0, unexplained: 0 }
    }

    /// Takes in the passages of the next stretch of time. Within one stretch who comes is taken to come before others
    /// go, so that the order within it, which nobody knows, makes nobody unexplained.
    pub fn step(&mut self, entered: u64, left: u64) {
        self.entered = self.entered.saturating_add(entered);
        self.left = self.left.saturating_add(left);
        let most = self.count.saturating_add(entered);
        self.unexplained = self.unexplained.saturating_add(left.saturating_sub(most));
        self.count = most.saturating_sub(left);
    }

    /// Takes in many stretches at once: all who came and went in them, and the least that comings without goings had
    /// come to after any of them. The same as a [`Inside::step`] for each.
    pub fn steps(&mut self, entered: u64, left: u64, least: i64) {
        let missing = least.saturating_add_unsigned(self.count).min(0).unsigned_abs();
        self.step(entered.saturating_add(missing), left);
        self.entered = self.entered.saturating_sub(missing);
        self.unexplained = self.unexplained.saturating_add(missing);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> UtcTime {
        text.parse().expect("a moment")
    }

    fn time(text: &str) -> ResetTime {
        text.parse().expect("a time")
    }

    #[test]
    fn a_reset_at_four_is_at_twenty_one_hundred_utc() {
        let last = |now: &str| minute_start(time("04:00").last_minute(at(now)));
        assert_eq!(last("2026-11-20T20:59:59Z"), at("2026-11-19T21:00:00Z"));
        assert_eq!(last("2026-11-20T21:00:00Z"), at("2026-11-20T21:00:00Z"));
        let next = time("04:00").next_minute(at("2026-11-20T21:00:00Z"));
        assert_eq!(minute_start(next), at("2026-11-21T21:00:00Z"));
        assert_eq!(ResetTime::MIDNIGHT.last_minute(at("2026-11-20T17:00:00Z")) * MINUTE_US, {
            at("2026-11-20T17:00:00Z").as_unix_micros()
        });
    }

    #[test]
    fn a_time_of_the_day_is_read_as_it_is_written() {
        for text in ["00:00", "04:00", "23:59"] {
            assert_eq!(time(text).to_string(), text);
        }
        for bad in ["24:00", "4:00", "04:60", "0400", "+4:00", "", "04:00:00", "never"] {
            let error = bad.parse::<ResetTime>().expect_err("no time").to_string();
            assert!(error.contains("00:00 to 23:59"), "{error}");
        }
    }

    #[test]
    fn the_last_correction_after_the_reset_counts() {
        let now = at("2026-11-20T10:00:00Z");
        let midnight = Base { kind: BaseKind::Reset, at: at("2026-11-19T17:00:00Z"), count: 0 };
        let yesterday = (at("2026-11-19T16:59:00Z"), 40);
        let tomorrow = (at("2026-11-20T10:00:01Z"), 50);
        assert_eq!(Base::of(ResetTime::MIDNIGHT, [yesterday, tomorrow], now), midnight);
        let noon = at("2026-11-20T05:00:00.5Z");
        let wanted = Base { kind: BaseKind::Correction, at: noon, count: 12 };
        let early = at("2026-11-20T04:00:00Z");
        assert_eq!(Base::of(ResetTime::MIDNIGHT, [(noon, 11), (noon, 12), (early, 7)], now), wanted);
        assert_eq!(wanted.first_minute(), at("2026-11-20T05:01:00Z").as_unix_minutes());
        assert_eq!(midnight.first_minute(), midnight.at.as_unix_minutes());
    }

    #[test]
    fn who_leaves_an_empty_place_is_unexplained_and_whoever_comes_after_is_inside() {
        let mut inside = Inside::default();
        inside.step(0, 2);
        inside.step(3, 0);
        assert_eq!(inside, Inside { count: 3, entered: 3, left: 2, unexplained: 2 });
        let mut corrected = Inside::starting(2);
        corrected.step(0, 2);
        assert_eq!((corrected.count, corrected.unexplained), (0, 0));
    }

    proptest! {
        #[test]
        fn many_stretches_at_once_are_the_same_as_one_after_the_other(
            start in 0_u64..20, stretches in proptest::collection::vec((0_u64..9, 0_u64..9), 0..40),
        ) {
            let (mut one_by_one, mut together) = (Inside::starting(start), Inside::starting(start));
            let (mut running, mut least) = (0_i64, 0_i64);
            for &(entered, left) in &stretches {
                one_by_one.step(entered, left);
                running += entered as i64 - left as i64;
                least = least.min(running);
            }
            let sum = |pick: fn(&(u64, u64)) -> u64| stretches.iter().map(pick).sum();
            together.steps(sum(|one| one.0), sum(|one| one.1), least);
            prop_assert_eq!(together, one_by_one);
        }

        /// However people come and go, the books balance: base + in + unexplained = out + inside.
        #[test]
        fn the_books_balance(
            base in 0u64..20,
            steps in prop::collection::vec((0u64..5, 0u64..5), 0..50)
        ) {
            let mut inside = Inside::starting(base);
            for (entered, left) in steps {
                inside.step(entered, left);
            }
            prop_assert_eq!(base + inside.entered + inside.unexplained, inside.left + inside.count);
        }

        /// The base is at most a day back, never after now, and the order of the ledger matters only for equal moments.
        #[test]
        fn the_base_is_of_the_running_day(
            minute in 0u16..1440,
            now in 30_000_000i64..31_000_000,
            corrections in prop::collection::btree_map(-3_000i64..100, 0u64..99, 0..8)
        ) {
            let now = minute_start(now);
            let reset = ResetTime::of_minutes(minute).expect("of a day");
            let moment = |after: i64| minute_start(now.as_unix_minutes() + after);
            let ledger: Vec<_> = corrections.iter().map(|(after, count)| (moment(*after), *count)).collect();
            let base = Base::of(reset, ledger.iter().copied(), now);
            prop_assert!(base.at <= now && base.at.as_unix_minutes() > now.as_unix_minutes() - DAY_MINUTES);
            prop_assert_eq!(base, Base::of(reset, ledger.iter().rev().copied(), now));
        }
    }
}
