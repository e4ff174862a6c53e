//! Whether who goes over a line follows too close behind somebody else.

use std::time::Duration;

use domain::{Direction, MediaTime, Passage};

use crate::state::IdentityNumber;

/// Most passages of one line kept to be held against others; when full, the earliest goes. More than these within a
/// gap would be a march past, and every one after the first of it is told already.
const RECENT_MAX: usize = 256;

/// How much later than its crossing a passage may become certain: somebody who was lost behind the line ends only then.
const LATE_MAX: Duration = Duration::from_secs(90);

/// The latest passages over one line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Followers {
    recent: Vec<Recent>,
}

#[derive(Debug, Clone)]
struct Recent {
    who: IdentityNumber,
    passage: Passage,
    is_told: bool,
}

/// Somebody who followed too close.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Follower {
    /// His passage.
    pub(crate) passage: Passage,
    /// The passage right ahead of his.
    pub(crate) ahead: Passage,
    /// How long after it.
    pub(crate) gap: Duration,
}

impl Followers {
    /// Takes the next passage that became certain; returns who followed too close, each once. Passages may become
    /// certain in another order than the line was crossed in, so it may be this one or an earlier told one.
    pub(crate) fn see(&mut self, gap: Duration, who: IdentityNumber, passage: &Passage) -> Vec<Follower> {
        self.forget(gap, passage.media);
        let mut followers = Vec::new();
        let ahead = self.ahead_of(gap, who, passage).cloned();
        if let Some(ahead) = &ahead {
            followers.push(follower(passage, ahead));
        }
        for other in &mut self.recent {
            let is_behind = other.passage.media > passage.media && is_alike(&other.passage, passage);
            let is_close = other.passage.media.since(passage.media) < gap;
            if is_behind && is_close && !other.is_told && other.who != who {
                other.is_told = true;
                followers.push(follower(&other.passage, passage));
            }
        }
        if self.recent.len() >= RECENT_MAX {
            self.recent.remove(0);
        }
        self.recent.push(Recent { who, passage: passage.clone(), is_told: ahead.is_some() });
        followers
    }

    /// The last passage of somebody else the same way before this one, where it is close.
    fn ahead_of(&self, gap: Duration, who: IdentityNumber, passage: &Passage) -> Option<&Passage> {
        self.recent
            .iter()
            .filter(|other| other.who != who && is_alike(&other.passage, passage))
            .map(|other| &other.passage)
            .filter(|other| other.media <= passage.media && passage.media.since(other.media) < gap)
            .max_by_key(|other| other.media)
    }

    fn forget(&mut self, gap: Duration, now: MediaTime) {
        self.recent.retain(|recent| now.since(recent.passage.media) <= gap + LATE_MAX);
    }
}

fn is_alike(a: &Passage, b: &Passage) -> bool {
    matches!((a.direction, b.direction), (Direction::In, Direction::In) | (Direction::Out, Direction::Out))
}

fn follower(passage: &Passage, ahead: &Passage) -> Follower {
    Follower { passage: passage.clone(), ahead: ahead.clone(), gap: passage.media.since(ahead.media) }
}

#[cfg(test)]
mod tests {
    use domain::passage::Shot;
    use domain::{BoundingBox, CameraId, GateId, LineId, ObjectClass, Point, TrackId, UtcTime};
    use proptest::prelude::*;

    use super::*;

    const GAP: Duration = Duration::from_millis(1_500);

    fn passage(track: u64, direction: Direction, at_ms: u64) -> Passage {
        let media = MediaTime::from_micros(at_ms * 1_000);
        let bbox = BoundingBox::around(Point { x: 0.5, y: 0.5 }, 0.1, 0.3);
        Passage {
            gate: GateId::new("g").expect("a slug"),
            line: LineId::new("l").expect("a slug"),
            camera: CameraId::new("c").expect("a slug"),
            direction,
            class: ObjectClass::Person,
            confidence: 0.9,
            track: TrackId(track),
            media,
            at: UtcTime::UNIX_EPOCH,
            bbox,
            shot: Shot { media, bbox },
        }
    }

    fn follow(passages: &[(u64, Direction, u64)]) -> Vec<(u64, u64)> {
        let mut followers = Followers::default();
        let mut told = Vec::new();
        for &(who, direction, at_ms) in passages {
            let found = followers.see(GAP, IdentityNumber::of(who), &passage(who, direction, at_ms));
            told.extend(found.iter().map(|f| (f.passage.track.0, f.ahead.track.0)));
        }
        told
    }

    #[test]
    fn who_comes_close_behind_is_told_and_who_keeps_the_gap_is_not() {
        let told = follow(&[(1, Direction::In, 0), (2, Direction::In, 1_400), (3, Direction::In, 2_900)]);
        assert_eq!(told, [(2, 1)]);
    }

    #[test]
    fn who_comes_the_other_way_follows_nobody() {
        assert_eq!(follow(&[(1, Direction::In, 0), (2, Direction::Out, 200)]), []);
    }

    #[test]
    fn nobody_follows_himself() {
        let told = follow(&[(1, Direction::In, 0), (1, Direction::Out, 400), (1, Direction::In, 900)]);
        assert_eq!(told, []);
    }

    #[test]
    fn who_is_certain_only_later_was_ahead_all_the_same() {
        let told = follow(&[(2, Direction::In, 1_000), (1, Direction::In, 0), (3, Direction::In, 1_200)]);
        assert_eq!(told, [(2, 1), (3, 2)]);
    }

    proptest! {
        /// In whatever order passages become certain, the same persons followed somebody, each told once.
        #[test]
        fn the_order_in_which_passages_become_certain_changes_nothing(
            (times, order) in prop::collection::btree_set(0u64..30_000, 1..40).prop_flat_map(|times| {
                let times = Vec::from_iter(times);
                let order = Vec::from_iter(0..times.len());
                (Just(times), Just(order).prop_shuffle())
            })
        ) {
            let passages: Vec<_> = times.iter().enumerate().map(|(n, at)| (n as u64, Direction::In, *at)).collect();
            let mut wanted = Vec::new();
            for pair in passages.windows(2) {
                if pair[1].2 - pair[0].2 < 1_500 {
                    wanted.push(pair[1].0);
                }
            }
            let shuffled: Vec<_> = order.iter().map(|index| passages[*index]).collect();
            let mut told: Vec<_> = follow(&shuffled).into_iter().map(|(who, _)| who).collect();
            told.sort_unstable();
            prop_assert_eq!(told, wanted);
        }
    }
}
