//! How a lane does, for the health page and the metrics.

use std::time::{Duration, Instant};

use super::LaneMode;
use crate::relay::{Contact, Reading};

/// Upper bounds of the histogram's buckets in milliseconds; a last one takes the rest.
pub const LATENCY_BOUNDS_MS: [u64; 10] = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000];

/// How long orders took from being given to their end, a pulse that we end ourselves counted without its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LatencyHistogram {
    /// Orders per bucket of [`LATENCY_BOUNDS_MS`], not added up; the last one holds what took longer.
    pub buckets: [u64; LATENCY_BOUNDS_MS.len() + 1],
    /// The sum.
    pub sum: Duration,
}

impl LatencyHistogram {
    pub(super) fn add(&mut self, took: Duration) {
        let millis = took.as_millis();
        let bucket = LATENCY_BOUNDS_MS.iter().position(|bound| millis <= u128::from(*bound));
        self.buckets[bucket.unwrap_or(LATENCY_BOUNDS_MS.len())] += 1;
        self.sum = self.sum.saturating_add(took);
    }

    /// How many orders.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

/// Orders by how they ended, since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Carried out.
    pub done: u64,
    /// Too late.
    pub late: u64,
    /// Not carried out for sure: not sent, or refused by the relay.
    pub not_done: u64,
    /// Of unknown outcome.
    pub unknown: u64,
    /// Overruled by fire or lock-down, or refused because the queue was full or the lane ended.
    pub refused: u64,
    /// Contacts that stayed on.
    pub stuck: u64,
    /// Orders that met a bug.
    pub panicked: u64,
}

/// How a lane does.
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// What governs the lane.
    pub mode: LaneMode,
    /// Orders that wait.
    pub waiting: usize,
    /// The last exchange with the relay that went well.
    pub last_success: Option<Instant>,
    /// The last that did not, and why.
    pub last_error: Option<(Instant, String)>,
    /// Exchanges that failed since the last that went well.
    pub failures_in_a_row: u32,
    /// Contacts that may be on and should not be.
    pub off_owed: Vec<Contact>,
    /// The last reading; nothing where there is none, or where it cannot be read now.
    pub reading: Option<Reading>,
    /// Orders by how they ended.
    pub counts: Counts,
    /// How long orders took.
    pub latency: LatencyHistogram,
    /// Whether the lane's thread has ended.
    pub has_ended: bool,
}

impl Health {
    pub(super) fn succeeded(&mut self) {
        self.last_success = Some(Instant::now());
        self.failures_in_a_row = 0;
    }

    pub(super) fn failed(&mut self, error: &crate::ActuateError) {
        self.last_error = Some((Instant::now(), crate::with_sources(error)));
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_falls_into_the_first_bucket_that_holds_it() {
        let mut histogram = LatencyHistogram::default();
        for millis in [0, 5, 6, 5_000, 5_001, 1_000_000] {
            histogram.add(Duration::from_millis(millis));
        }
        assert_eq!(histogram.buckets, [2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!((histogram.count(), histogram.sum), (6, Duration::from_millis(1_010_012)));
    }
}
