//! What is left out when there is more to see than the machine can look at: the least important camera first.
//!
//! A frame takes its time from its arrival to what is decided. When that is too long, and much longer than it can be on
//! this machine, frames wait for each other, and one step of load is shed: the cameras of the least importance
//! are looked at less often, then less often still, then those of the next importance. When frames have not been late
//! for a while, the last step is taken back. Every frame left out is counted as shed.

use std::time::Duration;

use domain::MonoTime;

/// The steps that one importance goes through before the next one's turn comes: looks at least this far apart.
const STEPS: [Duration; 3] = [Duration::from_millis(200), Duration::from_millis(500), Duration::from_millis(1_000)];
/// A frame that took longer than this was late …
const LONG: Duration = Duration::from_millis(150);
/// … if it took so many times as long as the quickest ones: a slow machine alone is no load that could be shed.
const TIMES_QUICKEST: u32 = 2;
/// The quickest is forgotten slowly: it grows by one part in so many a period.
const FORGET: u32 = 50;
/// The share of late frames in a period, above which load is shed.
const LONG_SHARE_MAX: f32 = 0.1;
/// Below this share a period was calm.
const CALM_SHARE_MAX: f32 = 0.01;
/// How long frames are gathered before a step is taken.
const PERIOD: Duration = Duration::from_secs(2);
/// How many calm periods it takes to take a step back: sooner, and load would swing.
const CALM_PERIODS: u32 = 5;
/// Fewer frames than this in a period say nothing.
const FRAMES_MIN: u32 = 8;

/// Decides how often each camera is looked at.
#[derive(Debug, Clone)]
pub struct Shedder {
    /// The importance of each camera; the higher, the longer it is looked at in full.
    importance: Vec<u8>,
    /// The different ones, the least first.
    ranks: Vec<u8>,
    level: usize,
    period_end: Option<MonoTime>,
    quickest: Option<Duration>,
    frames: u32,
    late: u32,
    calm: u32,
}

impl Shedder {
    /// For cameras of these importances.
    pub fn new(importance: Vec<u8>) -> Self {
        let mut ranks = importance.clone();
        ranks.sort_unstable();
        ranks.dedup();
        Self { importance, ranks, level: 0, period_end: None, quickest: None, frames: 0, late: 0, calm: 0 }
    }

    /// A frame took this long from its arrival until its events were decided. Returns whether the level changed.
    pub fn took(&mut self, latency: Duration, now: MonoTime) -> bool {
        let quickest = self.quickest.map_or(latency, |quickest| quickest.min(latency));
        self.quickest = Some(quickest);
        self.frames += 1;
        self.late += u32::from(latency > LONG && latency > quickest * TIMES_QUICKEST);
        let end = *self.period_end.get_or_insert(now + PERIOD);
        if now < end {
            return false;
        }
        let before = self.level;
        if self.frames >= FRAMES_MIN {
            let share = self.late as f32 / self.frames as f32;
            if share > LONG_SHARE_MAX {
                self.level = (self.level + 1).min(self.ranks.len() * STEPS.len());
                self.calm = 0;
            } else if share <= CALM_SHARE_MAX {
                self.calm += 1;
                if self.calm >= CALM_PERIODS {
                    self.level = self.level.saturating_sub(1);
                    self.calm = 0;
                }
            } else {
                self.calm = 0;
            }
        }
        self.quickest = Some(quickest + quickest / FORGET);
        (self.period_end, self.frames, self.late) = (Some(now + PERIOD), 0, 0);
        self.level != before
    }

    /// The shortest time between two looks of a camera; zero where every frame is looked at.
    pub fn interval(&self, camera: usize) -> Duration {
        let rank = self.ranks.iter().position(|rank| *rank == self.importance[camera]).unwrap_or(0);
        let steps = self.level.saturating_sub(rank * STEPS.len()).min(STEPS.len());
        steps.checked_sub(1).map_or(Duration::ZERO, |step| STEPS[step])
    }

    /// How many steps are taken, for the health page; 0 is none.
    pub fn level(&self) -> usize {
        self.level
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Lets frames take so long for `seconds`, twenty a second; returns the time after.
    fn run(shedder: &mut Shedder, from: MonoTime, seconds: u64, latency_ms: u64) -> MonoTime {
        let mut now = from;
        for _ in 0..seconds * 20 {
            now = now + Duration::from_millis(50);
            shedder.took(Duration::from_millis(latency_ms), now);
        }
        now
    }

    #[test]
    fn the_least_important_camera_is_shed_first_and_comes_back_last() {
        let mut shedder = Shedder::new(vec![5, 1, 5]);
        let now = run(&mut shedder, MonoTime::default(), 2, 20);
        let now = run(&mut shedder, now, 3, 300);
        assert_eq!((shedder.interval(0), shedder.interval(1)), (Duration::ZERO, STEPS[0]));
        let now = run(&mut shedder, now, 6, 300);
        assert_eq!(shedder.interval(1), STEPS[2]);
        assert!(shedder.interval(0) > Duration::ZERO && shedder.interval(0) == shedder.interval(2));
        let now = run(&mut shedder, now, 25, 1);
        assert_eq!(shedder.interval(0), Duration::ZERO);
        assert!(shedder.interval(1) > Duration::ZERO, "one step at a time");
        run(&mut shedder, now, 40, 1);
        assert_eq!(shedder.level(), 0);
    }

    #[test]
    fn a_slow_machine_alone_sheds_nothing() {
        let mut shedder = Shedder::new(vec![1, 2]);
        run(&mut shedder, MonoTime::default(), 60, 400);
        assert_eq!(shedder.level(), 0);
    }

    #[test]
    fn an_odd_late_frame_sheds_nothing() {
        let mut shedder = Shedder::new(vec![1]);
        let mut now = MonoTime::default();
        for number in 0..2_000 {
            now = now + Duration::from_millis(50);
            shedder.took(Duration::from_millis(if number % 40 == 0 { 400 } else { 5 }), now);
        }
        assert_eq!(shedder.level(), 0);
    }

    proptest! {
        #[test]
        fn no_camera_is_ever_looked_at_less_than_a_less_important_one(
            importance in prop::collection::vec(0u8..4, 1..8), waits in prop::collection::vec(0u64..400, 0..2_000),
        ) {
            let mut shedder = Shedder::new(importance.clone());
            let mut now = MonoTime::default();
            for wait in waits {
                now = now + Duration::from_millis(50);
                shedder.took(Duration::from_millis(wait), now);
                for a in 0..importance.len() {
                    for b in 0..importance.len() {
                        prop_assert!(importance[a] <= importance[b] || shedder.interval(a) <= shedder.interval(b));
                    }
                }
            }
        }
    }
}
