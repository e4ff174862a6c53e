//! How many wrong codes may be tried.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use domain::UtcTime;

/// The time over which wrong codes are counted.
const WINDOW: Duration = Duration::from_secs(60);

/// Wrong codes from one address in [`WINDOW`]; after them it is refused until the window is over.
const FAILURES_PER_ADDRESS_MAX: u32 = 5;

/// Wrong codes from all addresses in [`WINDOW`]; after them everybody is refused until the window is over. Against this
/// many guesses, a code of 80 bits is safe for longer than the sun shines.
const FAILURES_MAX: u32 = 100;

/// Wrong codes of the current window. Holds at most [`FAILURES_MAX`] addresses.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    began: Option<UtcTime>,
    failures: u32,
    by_address: HashMap<IpAddr, u32>,
}

impl Attempts {
    pub(super) fn may_try(&mut self, from: IpAddr, now: UtcTime) -> bool {
        self.turn(now);
        let own = self.by_address.get(&from).copied().unwrap_or(0);
        self.failures < FAILURES_MAX && own < FAILURES_PER_ADDRESS_MAX
    }

    pub(super) fn failed(&mut self, from: IpAddr, now: UtcTime) {
        self.turn(now);
        self.failures += 1;
        if self.failures <= FAILURES_MAX {
            *self.by_address.entry(from).or_default() += 1;
        }
    }

    /// Begins a new window when the old one is over, or when the clock was put back.
    fn turn(&mut self, now: UtcTime) {
        let is_over = self.began.is_none_or(|began| now < began || now.since(began) >= WINDOW);
        if is_over {
            *self = Self { began: Some(now), ..Self::default() };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UtcTime {
        UtcTime::from_unix_micros(seconds * 1_000_000).expect("a moment")
    }

    #[test]
    fn an_address_that_guesses_is_refused_for_a_minute_and_others_are_not() {
        let (guesser, other) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let mut attempts = Attempts::default();
        for _ in 0..FAILURES_PER_ADDRESS_MAX {
            assert!(attempts.may_try(guesser, at(100)));
            attempts.failed(guesser, at(100));
        }
        assert!(!attempts.may_try(guesser, at(159)) && attempts.may_try(other, at(159)));
        assert!(attempts.may_try(guesser, at(160)));
    }

    #[test]
    fn many_addresses_that_guess_stop_everybody_for_a_minute() {
        let mut attempts = Attempts::default();
        for address in 0..FAILURES_MAX {
            attempts.failed(IpAddr::from(address.to_be_bytes()), at(100));
        }
        assert!(!attempts.may_try([192, 0, 2, 1].into(), at(130)));
        assert!(attempts.may_try([192, 0, 2, 1].into(), at(99)), "a clock that was put back locks nobody out for long");
        assert!(attempts.may_try([192, 0, 2, 1].into(), at(160)));
    }
}
