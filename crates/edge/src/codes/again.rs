//! Which codes are still held before the camera.

use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

/// A code that was out of sight for so long is shown anew: somebody came back with it, or holds it up again.
pub(super) const GONE_AFTER: Duration = Duration::from_secs(3);
/// Most codes that are remembered; of more, the one that was seen longest ago is forgotten.
const CODES_MAX: usize = 32;

/// The codes that were read of late, by the hash of what they say.
#[derive(Debug, Default)]
pub(super) struct Again(Vec<([u8; 32], Instant)>);

impl Again {
    /// Whether this code was not there just before.
    pub(super) fn is_new(&mut self, text: &str, seen: Instant) -> bool {
        let hash: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        self.0.retain(|(_, at)| seen.saturating_duration_since(*at) < GONE_AFTER);
        if let Some((_, at)) = self.0.iter_mut().find(|(known, _)| *known == hash) {
            *at = (*at).max(seen);
            return false;
        }
        if self.0.len() >= CODES_MAX
            && let Some(oldest) = (0..self.0.len()).min_by_key(|index| self.0[*index].1)
        {
            self.0.swap_remove(oldest);
        }
        self.0.push((hash, seen));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_new_once_and_again_after_it_was_gone() {
        let (mut again, start) = (Again::default(), Instant::now());
        let at = |ms: u64| start + Duration::from_millis(ms);
        assert!(again.is_new("a", at(0)));
        for look in 1..40 {
            assert!(!again.is_new("a", at(look * 250)), "look {look}");
        }
        assert!(again.is_new("b", at(9_800)));
        assert!(again.is_new("a", at(9_750 + 3_000)));
    }

    #[test]
    fn no_more_codes_are_remembered_than_there_is_room_for() {
        let (mut again, start) = (Again::default(), Instant::now());
        for number in 0..10 * CODES_MAX {
            assert!(again.is_new(&number.to_string(), start));
        }
        assert_eq!(again.0.len(), CODES_MAX);
    }
}
