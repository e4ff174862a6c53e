//! Whether too many are in one zone.

use domain::{MediaTime, UtcTime};

use crate::profile::CrowdLimit;

/// Where one zone stands towards its limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum CrowdState {
    /// There is room.
    #[default]
    Roomy,
    /// There are too many, not yet for long enough.
    Filling { since: UtcTime, since_media: MediaTime },
    /// There are too many, and it was told.
    Crowded { since: UtcTime, peak: u32 },
    /// There is room again, not yet for long enough.
    Thinning { since: UtcTime, peak: u32, room_since: MediaTime },
}

/// What is told of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CrowdChange {
    Began { since: UtcTime },
    Ended { since: UtcTime, peak: u32 },
}

impl CrowdState {
    /// Takes how many there are now.
    pub(crate) fn see(&mut self, limit: &CrowdLimit, count: u32, media: MediaTime, at: UtcTime) -> Option<CrowdChange> {
        *self = match *self {
            Self::Roomy if count > limit.above => Self::Filling { since: at, since_media: media },
            Self::Filling { .. } if count <= limit.above => Self::Roomy,
            Self::Crowded { since, peak } if count <= limit.until => Self::Thinning { since, peak, room_since: media },
            Self::Crowded { since, peak } => Self::Crowded { since, peak: peak.max(count) },
            Self::Thinning { since, peak, .. } if count > limit.until => Self::Crowded { since, peak: peak.max(count) },
            held @ (Self::Roomy | Self::Filling { .. } | Self::Thinning { .. }) => held,
        };
        match *self {
            Self::Filling { since, since_media } if media.since(since_media) >= limit.lasting => {
                *self = Self::Crowded { since, peak: count };
                Some(CrowdChange::Began { since })
            }
            Self::Thinning { since, peak, room_since } if media.since(room_since) >= limit.lasting => {
                *self = Self::Roomy;
                Some(CrowdChange::Ended { since, peak })
            }
            Self::Roomy | Self::Filling { .. } | Self::Crowded { .. } | Self::Thinning { .. } => None,
        }
    }

    /// Nobody watches the zone any more: a crowd that was told is over.
    pub(crate) fn end(&mut self) -> Option<CrowdChange> {
        match std::mem::take(self) {
            Self::Crowded { since, peak } | Self::Thinning { since, peak, .. } => {
                Some(CrowdChange::Ended { since, peak })
            }
            Self::Roomy | Self::Filling { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::CountGroup;
    use proptest::prelude::*;

    use super::*;

    const LIMIT: CrowdLimit =
        CrowdLimit { group: CountGroup::Person, above: 5, until: 3, lasting: Duration::from_millis(1_000) };

    /// One count each tenth of a second; what was told, by the index of the count.
    fn told(counts: &[u32]) -> Vec<(usize, CrowdChange)> {
        let mut state = CrowdState::default();
        let mut told = Vec::new();
        for (index, count) in counts.iter().enumerate() {
            let micros = index as u64 * 100_000;
            let at = UtcTime::from_unix_micros(i64::try_from(micros).expect("small")).expect("in range");
            told.extend(state.see(&LIMIT, *count, MediaTime::from_micros(micros), at).map(|change| (index, change)));
        }
        told
    }

    fn counts(parts: &[(u32, usize)]) -> Vec<u32> {
        parts.iter().flat_map(|&(count, times)| std::iter::repeat_n(count, times)).collect()
    }

    #[test]
    fn a_crowd_is_told_after_it_has_lasted_and_its_end_after_there_was_room() {
        let since = UtcTime::from_unix_micros(200_000).expect("in range");
        let seen = told(&counts(&[(2, 2), (6, 5), (9, 10), (4, 30), (3, 20)]));
        assert_eq!(seen, [(12, CrowdChange::Began { since }), (57, CrowdChange::Ended { since, peak: 9 })]);
    }

    #[test]
    fn as_many_as_are_allowed_are_no_crowd() {
        assert_eq!(told(&counts(&[(5, 100)])), []);
    }

    #[test]
    fn who_comes_and_goes_at_the_limit_begins_one_crowd() {
        let mut all = counts(&[(6, 20)]);
        for _ in 0..20 {
            all.extend(counts(&[(4, 15), (6, 15)]));
        }
        assert_eq!(told(&all).len(), 1);
    }

    #[test]
    fn a_zone_that_is_watched_no_longer_is_crowded_no_longer() {
        let mut state = CrowdState::default();
        let at = UtcTime::UNIX_EPOCH;
        assert_eq!(state.see(&LIMIT, 7, MediaTime::default(), at), None);
        assert_eq!(state.end(), None);
        assert_eq!(state.see(&LIMIT, 7, MediaTime::default(), at), None);
        let told = state.see(&LIMIT, 7, MediaTime::from_micros(1_000_000), at);
        assert_eq!(told, Some(CrowdChange::Began { since: at }));
        assert_eq!(state.end(), Some(CrowdChange::Ended { since: at, peak: 7 }));
        assert_eq!(state.end(), None);
    }

    proptest! {
        /// Whatever is counted: beginnings and ends take turns, a beginning has ten counts above the limit before it
        /// without a break, and an end ten with room.
        #[test]
        fn beginnings_and_ends_take_turns_and_have_lasted(
            parts in prop::collection::vec((0u32..9, 1usize..25), 1..40)
        ) {
            let all = counts(&parts);
            for (turn, (index, change)) in told(&all).into_iter().enumerate() {
                let last = &all[index - 10..=index];
                match change {
                    CrowdChange::Began { .. } => {
                        prop_assert_eq!(turn % 2, 0);
                        prop_assert!(last.iter().all(|count| *count > LIMIT.above));
                    }
                    CrowdChange::Ended { peak, .. } => {
                        prop_assert_eq!(turn % 2, 1);
                        prop_assert!(peak > LIMIT.above && last.iter().all(|count| *count <= LIMIT.until));
                    }
                }
            }
        }
    }
}
