//! How long visitors stay in a zone: a histogram per hour that adds up, and the quantiles that it shows.
//!
//! The bounds of the buckets grow by a quarter of an octave (1 s, 1.19 s, 1.41 s, 1.68 s, 2 s, …), so that a quantile is
//! right to within 19 % whatever its size, and histograms of gates, hours and sites can be added.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{CountGroup, GateId, SiteId, Stay, ZoneId};

/// How many buckets there are. The last holds everything above 36 hours.
pub const DWELL_BUCKETS: u8 = 70;

/// 1,000 ms times 2 to the power of 0, 1/4, 2/4 and 3/4.
const QUARTERS_MS: [u64; 4] = [1_000, 1_189, 1_414, 1_682];

/// What stays are counted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DwellKey {
    /// The site.
    pub site: SiteId,
    /// The gate.
    pub gate: GateId,
    /// The zone.
    pub zone: ZoneId,
    /// Who stayed.
    pub group: CountGroup,
    /// The hour in which the stay ended: its first minute since 1970.
    pub hour_minute: i64,
    /// The bucket of its length.
    pub bucket: u8,
}

impl DwellKey {
    /// What `stay` at `site` is counted under.
    pub fn of(site: &SiteId, stay: &Stay) -> Self {
        Self {
            site: site.clone(),
            gate: stay.gate.clone(),
            zone: stay.zone.clone(),
            group: stay.class.group(),
            hour_minute: stay.to.as_unix_minutes().div_euclid(60) * 60,
            bucket: bucket(stay.to.since(stay.from)),
        }
    }
}

/// The longest stay that bucket `number` holds.
pub fn bound(number: u8) -> Duration {
    let (octave, quarter) = (number / 4, usize::from(number % 4));
    Duration::from_millis(QUARTERS_MS[quarter] << octave)
}

/// The bucket that a stay of `length` belongs to.
pub fn bucket(length: Duration) -> u8 {
    (0..DWELL_BUCKETS - 1).find(|number| length <= bound(*number)).unwrap_or(DWELL_BUCKETS - 1)
}

/// Stays by their length.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dwell {
    buckets: BTreeMap<u8, u64>,
}

impl Dwell {
    /// Adds `count` stays of `bucket`.
    pub fn add(&mut self, bucket: u8, count: u64) {
        let held = self.buckets.entry(bucket.min(DWELL_BUCKETS - 1)).or_default();
        *held = held.saturating_add(count);
    }

    /// How many stays there are.
    pub fn count(&self) -> u64 {
        self.buckets.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The length that `share` (0 to 1) of the stays do not exceed: linear within the bucket that it falls in, right to
    /// within 19 %. Nothing where there is no stay.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let total = self.count();
        let rank = (share.clamp(0.0, 1.0) * total as f64).ceil().max(1.0);
        let mut below = 0_u64;
        for (number, count) in &self.buckets {
            let upto = below.saturating_add(*count);
            if rank <= upto as f64 {
                let low = number.checked_sub(1).map_or(0.0, |before| bound(before).as_secs_f64());
                let high = bound(*number).as_secs_f64();
                let within = (rank - below as f64) / *count as f64;
                return Some(Duration::from_secs_f64(low + (high - low) * within));
            }
            below = upto;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bounds_grow_by_a_quarter_of_an_octave_and_reach_beyond_a_day() {
        assert_eq!((bound(0).as_millis(), bound(1).as_millis(), bound(4).as_millis()), (1_000, 1_189, 2_000));
        assert!(bound(DWELL_BUCKETS - 2) > Duration::from_secs(36 * 3_600));
        assert_eq!((bucket(Duration::ZERO), bucket(Duration::from_secs(2)), bucket(Duration::MAX)), (0, 4, 69));
    }

    #[test]
    fn nobody_stayed_for_no_time() {
        assert_eq!(Dwell::default().quantile(0.5), None);
    }

    proptest! {
        /// Whatever the lengths are: the quantile is within 19 % of the true one, or a second where all is shorter.
        #[test]
        fn quantiles_are_near_the_true_ones(
            mut lengths in prop::collection::vec(1_001u64..100_000_000, 1..200),
            share in 0.01f64..1.0
        ) {
            let mut dwell = Dwell::default();
            lengths.iter().for_each(|ms| dwell.add(bucket(Duration::from_millis(*ms)), 1));
            lengths.sort_unstable();
            let rank = ((share * lengths.len() as f64).ceil() as usize).max(1);
            let truth = lengths[rank - 1] as f64 / 1_000.0;
            let told = dwell.quantile(share).expect("somebody stayed").as_secs_f64();
            prop_assert!((told / truth - 1.0).abs() <= 0.195, "{told} for {truth}");
            prop_assert_eq!(dwell.count(), lengths.len() as u64);
        }
    }
}
