//! How long to wait before trying again.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// Doubling waits with jitter. The jitter comes from a name, so that the nodes of a province do not return in step
/// after an outage and one node's log can still be explained.
#[derive(Debug)]
pub(crate) struct Backoff {
    name: String,
    first: Duration,
    max: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(name: impl Into<String>, first: Duration, max: Duration) -> Self {
        Self { name: name.into(), first, max, failures: 0 }
    }

    /// The wait after one more failure: between half of the doubled wait and the whole, never above the maximum.
    pub(crate) fn after_failure(&mut self) -> Duration {
        let whole = doubled(self.first, self.failures).min(self.max);
        let mut hasher = DefaultHasher::new();
        (&self.name, self.failures).hash(&mut hasher);
        self.failures = self.failures.saturating_add(1);
        let share = (hasher.finish() % 1024) as f64 / 1024.0;
        whole.mul_f64(0.5 + share / 2.0)
    }

    /// It worked: the next failure waits the shortest time again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

/// `first` doubled `times` times, held at the longest time there is.
fn doubled(first: Duration, times: u32) -> Duration {
    1_u32.checked_shl(times).map_or(Duration::MAX, |factor| first.saturating_mul(factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(500);
    const MAX: Duration = Duration::from_secs(30);

    #[test]
    fn waits_double_to_the_maximum_and_start_over_after_a_success() {
        let mut backoff = Backoff::new("n1", FIRST, MAX);
        let waits: Vec<_> = (0..100).map(|_| backoff.after_failure()).collect();
        for (failures, wait) in (0..).zip(&waits) {
            let whole = doubled(FIRST, failures).min(MAX);
            assert!((whole / 2..=whole).contains(wait), "wait {failures} is {wait:?}");
        }
        backoff.reset();
        assert_eq!(backoff.after_failure(), waits[0]);
    }

    #[test]
    fn nodes_do_not_return_in_step() {
        let wait = |name: &str| Backoff::new(name, FIRST, MAX).after_failure();
        let different: std::collections::BTreeSet<_> = (0..20).map(|i| wait(&format!("n{i}"))).collect();
        assert!(different.len() > 10, "{different:?}");
    }
}
