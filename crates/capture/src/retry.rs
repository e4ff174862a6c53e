//! How long to wait before a live source is tried again.

use std::time::Duration;

use crate::{DownReason, Limits};

/// Waits that double while it fails and start over after it has worked for a while. No jitter: a camera has one reader.
#[derive(Debug)]
pub(crate) struct Retry {
    min: Duration,
    max: Duration,
    next: Duration,
}

impl Retry {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { min: limits.backoff_min, max: limits.backoff_max, next: limits.backoff_min }
    }

    /// The wait after the source went down for `reason`, having given frames for `up_for`.
    pub(crate) fn wait_after(&mut self, reason: &DownReason, up_for: Duration) -> Duration {
        // A camera that gives a picture or two and breaks again is as good as down.
        if up_for >= self.next {
            self.next = self.min;
        }
        let wait = match reason {
            // Nothing changes until a person changes it, and cameras lock out who asks too often.
            DownReason::Unauthorized { .. } | DownReason::NoVideo { .. } | DownReason::NoDecoder { .. } => self.max,
            DownReason::Refused { .. }
            | DownReason::Unreachable { .. }
            | DownReason::Silent { .. }
            | DownReason::StreamUnknown { .. }
            | DownReason::Frozen { .. }
            | DownReason::StreamEnded
            | DownReason::Broken { .. } => self.next,
        };
        self.next = self.next.saturating_mul(2).min(self.max);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(waits: &[Duration]) -> Vec<f64> {
        waits.iter().map(Duration::as_secs_f64).collect()
    }

    #[test]
    fn waits_double_to_the_maximum_and_start_over_once_it_worked() {
        let mut retry = Retry::new(Limits::default());
        let ended = DownReason::StreamEnded;
        let waits: Vec<_> = (0..8).map(|_| retry.wait_after(&ended, Duration::ZERO)).collect();
        assert_eq!(secs(&waits), [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]);
        assert_eq!(retry.wait_after(&ended, Duration::from_secs(29)), Duration::from_secs(30));
        assert_eq!(retry.wait_after(&ended, Duration::from_secs(31)), Duration::from_millis(500));
    }

    #[test]
    fn a_refused_password_waits_the_longest_at_once() {
        let refused = DownReason::Unauthorized { address: "cam:554".to_owned() };
        assert_eq!(Retry::new(Limits::default()).wait_after(&refused, Duration::ZERO), Duration::from_secs(30));
    }
}
