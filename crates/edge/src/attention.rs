//! Which frames a detector looks at: every one while something moves, a few while somebody only stands there, and one
//! now and then of an empty picture, because motion alone can be wrong.

use std::time::Duration;

use domain::MonoTime;

/// How long a picture in which nothing moves is left alone while somebody is in it: shorter than a tracker's patience.
const STILL: Duration = Duration::from_millis(300);
/// The same while nobody is.
const EMPTY: Duration = Duration::from_millis(1_000);
/// How long after the last motion every frame is still looked at: who has just stopped may go on.
const AFTER_MOTION: Duration = Duration::from_millis(600);

/// Why a frame was not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skipped {
    /// A newer frame came before its turn.
    Replaced,
    /// Nothing moved.
    Still,
    /// There was more to see than the machine can look at.
    Shed,
}

impl Skipped {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::Replaced, Self::Still, Self::Shed];

    /// Its name in metrics and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Replaced => "replaced",
            Self::Still => "still",
            Self::Shed => "shed",
        }
    }
}

/// Decides for one camera.
#[derive(Debug, Clone, Default)]
pub struct Attention {
    looked: Option<MonoTime>,
    moved: Option<MonoTime>,
}

impl Attention {
    /// Whether the frame of `now` is passed over, and why. `shed` is the shortest time between two looks that the load
    /// allows, `present` how many are followed.
    pub fn skips(&mut self, now: MonoTime, moved: bool, present: usize, shed: Duration) -> Option<Skipped> {
        if moved {
            self.moved = Some(now);
        }
        let since = |at: Option<MonoTime>| at.map(|at| now.since(at));
        let active = since(self.moved).is_some_and(|since| since <= AFTER_MOTION);
        let rest = match (active, present) {
            (true, _) => Duration::ZERO,
            (false, 0) => EMPTY,
            (false, _) => STILL,
        };
        let skipped = since(self.looked).and_then(|since| {
            if since < rest {
                Some(Skipped::Still)
            } else if since < shed {
                Some(Skipped::Shed)
            } else {
                None
            }
        });
        if skipped.is_none() {
            self.looked = Some(now);
        }
        skipped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of `frames` frames at 20 a second are looked at.
    fn looks(
        attention: &mut Attention,
        from_ms: u64,
        frames: u64,
        moved: bool,
        present: usize,
        shed: Duration,
    ) -> usize {
        let at = |n: u64| MonoTime::from_micros((from_ms + n * 50) * 1_000);
        (0..frames).filter(|n| attention.skips(at(*n), moved, present, shed).is_none()).count()
    }

    #[test]
    fn what_moves_is_looked_at_always_and_what_does_not_seldom() {
        let mut attention = Attention::default();
        assert_eq!(looks(&mut attention, 0, 40, true, 0, Duration::ZERO), 40);
        let after = looks(&mut attention, 2_000, 100, false, 1, Duration::ZERO);
        assert!((25..=32).contains(&after), "12 just after the motion, then every 300 ms: {after}");
        assert_eq!(looks(&mut attention, 7_000, 100, false, 0, Duration::ZERO), 5);
    }

    #[test]
    fn under_load_even_what_moves_is_looked_at_less() {
        let mut attention = Attention::default();
        assert_eq!(looks(&mut attention, 0, 40, true, 3, Duration::from_millis(200)), 10);
    }
}
