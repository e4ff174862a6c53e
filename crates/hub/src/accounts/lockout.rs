//! What wrong passwords lead to: after a few, each further one makes the next wait longer. For an account wherever it is
//! tried from, and for an address whatever it tries.

use std::time::Duration;

use domain::UtcTime;

/// Wrong passwords in a row that an account may have before it is locked (level 3: five).
pub const ACCOUNT_FAILURES_MAX: u32 = 5;

/// The same for an address: several persons sit behind one.
pub const ADDRESS_FAILURES_MAX: u32 = 20;

/// The first lock; each further failure doubles it.
const LOCK_FIRST: Duration = Duration::from_secs(60);

/// The longest lock. Not for ever: that would let anybody shut anybody out.
pub const LOCK_MAX: Duration = Duration::from_secs(3_600);

/// After so long without a failure the count begins anew.
const FORGET_AFTER: Duration = Duration::from_secs(24 * 3_600);

/// What failures are counted of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Counted {
    /// An account.
    Account,
    /// An address on the network.
    Address,
}

impl Counted {
    const fn failures_max(self) -> u32 {
        match self {
            Self::Account => ACCOUNT_FAILURES_MAX,
            Self::Address => ADDRESS_FAILURES_MAX,
        }
    }
}

/// The failures of one account or address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    /// So many in a row.
    pub count: u32,
    /// The last one.
    pub last_at: UtcTime,
}

impl Failures {
    /// What stands after one more failure.
    #[must_use]
    pub fn after(before: Option<Self>, now: UtcTime) -> Self {
        let count = before.filter(|before| !before.is_forgotten(now)).map_or(0, |before| before.count);
        Self { count: count.saturating_add(1), last_at: now }
    }

    fn is_forgotten(self, now: UtcTime) -> bool {
        now.since(self.last_at) > FORGET_AFTER
    }

    /// How much longer nothing is tried; nothing where it may be.
    pub fn wait(self, counted: Counted, now: UtcTime) -> Option<Duration> {
        let over = self.count.checked_sub(counted.failures_max())?;
        let lock = LOCK_FIRST.saturating_mul(2_u32.saturating_pow(over.min(16))).min(LOCK_MAX);
        let left = lock.checked_sub(now.since(self.last_at))?;
        (!left.is_zero()).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> UtcTime {
        UtcTime::from_unix_micros(second * 1_000_000).expect("a moment")
    }

    fn failed(times: u32, now: UtcTime) -> Failures {
        let after = (0..times).fold(None, |before, _| Some(Failures::after(before, now)));
        after.expect("at least one")
    }

    #[test]
    fn four_wrong_passwords_are_forgiven_and_the_fifth_locks_for_a_minute() {
        assert_eq!(failed(4, at(0)).wait(Counted::Account, at(0)), None);
        let five = failed(5, at(0));
        assert_eq!(five.wait(Counted::Account, at(0)), Some(Duration::from_secs(60)));
        assert_eq!(five.wait(Counted::Account, at(59)), Some(Duration::from_secs(1)));
        assert_eq!(five.wait(Counted::Account, at(60)), None);
        assert_eq!(five.wait(Counted::Address, at(0)), None, "others sit behind the same address");
    }

    #[test]
    fn each_further_one_doubles_the_wait_up_to_an_hour() {
        let waits: Vec<_> = (5..=14).map(|times| failed(times, at(0)).wait(Counted::Account, at(0))).collect();
        let seconds: Vec<_> = waits.into_iter().map(|wait| wait.expect("it is locked").as_secs()).collect();
        assert_eq!(seconds, [60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600, 3_600]);
        assert_eq!(failed(1_000, at(0)).wait(Counted::Account, at(0)), Some(LOCK_MAX));
    }

    #[test]
    fn after_a_quiet_day_the_count_begins_anew() {
        let day = 24 * 3_600;
        assert_eq!(Failures::after(Some(failed(9, at(0))), at(day + 1)).count, 1);
        assert_eq!(Failures::after(Some(failed(9, at(0))), at(day)).count, 10);
    }

    #[test]
    fn a_clock_that_goes_back_does_not_open_what_is_locked() {
        assert_eq!(failed(5, at(1_000)).wait(Counted::Account, at(0)), Some(Duration::from_secs(60)));
    }
}
