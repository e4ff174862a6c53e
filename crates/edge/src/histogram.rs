//! How long things took: a histogram that many threads add to.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the buckets in milliseconds; the last bucket has none.
pub const BOUNDS_MS: [f64; 22] = [
    1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 75.0, 100.0, 125.0, 150.0, 200.0, 250.0, 300.0, 500.0,
    1_000.0, 2_000.0, 5_000.0,
];

/// Counts durations.
#[derive(Debug, Default)]
pub struct Histogram {
    counts: [AtomicU64; BOUNDS_MS.len() + 1],
    nanos: AtomicU64,
}

impl Histogram {
    /// Adds one.
    pub fn add(&self, took: Duration) {
        let ms = took.as_secs_f64() * 1e3;
        let bucket = BOUNDS_MS.partition_point(|bound| *bound < ms);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.nanos.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How many are in each bucket; one more than there are bounds.
    pub fn counts(&self) -> [u64; BOUNDS_MS.len() + 1] {
        std::array::from_fn(|i| self.counts[i].load(Ordering::Relaxed))
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.counts().iter().sum()
    }

    /// How long all of them took together.
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.nanos.load(Ordering::Relaxed))
    }

    /// The duration in milliseconds below which this share of them lies, to the precision of the buckets; the largest
    /// bound for what lies beyond it, nothing where there is none.
    pub fn quantile_ms(&self, share: f64) -> Option<f64> {
        let counts = self.counts();
        let total: u64 = counts.iter().sum();
        if total == 0 {
            return None;
        }
        let wanted = share.clamp(0.0, 1.0) * total as f64;
        let mut below = 0.0;
        for (bucket, count) in counts.iter().enumerate() {
            let here = *count as f64;
            if below + here >= wanted && here > 0.0 {
                let low = if bucket == 0 { 0.0 } else { BOUNDS_MS[bucket - 1] };
                let high = BOUNDS_MS.get(bucket).copied().unwrap_or(low);
                return Some(low + (high - low) * ((wanted - below) / here).clamp(0.0, 1.0));
            }
            below += here;
        }
        BOUNDS_MS.last().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_found_to_the_precision_of_the_buckets() {
        let histogram = Histogram::default();
        assert_eq!(histogram.quantile_ms(0.5), None);
        for ms in 1..=1_000 {
            histogram.add(Duration::from_millis(ms));
        }
        for (share, truth) in [(0.1, 100.0), (0.5, 500.0), (0.99, 990.0)] {
            let found = histogram.quantile_ms(share).expect("a thousand");
            assert!((found - truth).abs() <= 0.1 * truth, "{share}: {found}");
        }
        assert_eq!((histogram.count(), histogram.sum()), (1_000, Duration::from_millis(500_500)));
        histogram.add(Duration::from_secs(60));
        assert_eq!(histogram.quantile_ms(1.0), Some(5_000.0));
    }
}
