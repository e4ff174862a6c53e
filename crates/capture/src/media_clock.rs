//! Media time over the whole life of a camera: it grows from frame to frame, through file loops and reconnections.

use std::time::Duration;

use domain::MediaTime;

/// What a frame counts for where neither the stream nor the frame says how long it lasts: 25 frames a second.
const FRAME_DURATION_DEFAULT: Duration = Duration::from_millis(40);
/// The step where a stream repeats a time stamp or goes back: enough to keep the order, little enough that the next
/// good stamp is ahead again.
const STEP_MIN: Duration = Duration::from_micros(1);
/// How far a live stream's own clock may be from ours before ours is used instead.
const DRIFT_MAX: Duration = Duration::from_secs(10);

/// What is known about one frame's time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FrameTiming {
    /// Time since the start of this run of the pipeline, from the presentation time stamp.
    pub(crate) running: Option<Duration>,
    /// Where the stream says that it ends, counted like `running`.
    pub(crate) ends: Option<Duration>,
    /// How long the frame is shown.
    pub(crate) duration: Option<Duration>,
    /// Time since the camera was started, by the machine's clock.
    pub(crate) elapsed: Duration,
}

/// Whether the machine's clock has a say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeBase {
    /// Only the stream's own stamps count, so that a file has the same times in every run.
    Stream,
    /// A new run begins at the time that has passed since the camera was started.
    Elapsed,
}

#[derive(Debug)]
pub(crate) struct MediaClock {
    time_base: TimeBase,
    /// Where this run of the pipeline begins.
    run_start: Duration,
    /// The last time given.
    last: Option<Duration>,
    /// When the last frame is over.
    end: Duration,
    /// How long the stream of this run says it lasts.
    run_lasts: Option<Duration>,
}

impl MediaClock {
    pub(crate) fn new(time_base: TimeBase) -> Self {
        Self { time_base, run_start: Duration::ZERO, last: None, end: Duration::ZERO, run_lasts: None }
    }

    /// A new run of the pipeline begins, `elapsed` after the camera was started.
    pub(crate) fn begin_run(&mut self, elapsed: Duration) {
        self.run_lasts = None;
        self.run_start = match self.time_base {
            TimeBase::Stream => self.end,
            TimeBase::Elapsed => elapsed.max(self.end),
        };
    }

    /// Where a compressed picture belongs that was seen before its decoding: the time that its frame will have, but for
    /// steps that keep the order of frames.
    pub(crate) fn place(&self, running: Duration, elapsed: Duration) -> MediaTime {
        MediaTime::from_micros(micros(self.wanted(Some(running), elapsed)))
    }

    fn wanted(&self, running: Option<Duration>, elapsed: Duration) -> Duration {
        let by_stream = running.and_then(|running| self.run_start.checked_add(running));
        match self.time_base {
            TimeBase::Stream => by_stream.unwrap_or(self.end),
            TimeBase::Elapsed => by_stream.filter(|at| at.abs_diff(elapsed) <= DRIFT_MAX).unwrap_or(elapsed),
        }
    }

    /// From the start of this run to the end of its last frame.
    pub(crate) fn run_length(&self) -> Duration {
        self.end.saturating_sub(self.run_start)
    }

    /// How long the stream of this run says it lasts, where it says so.
    pub(crate) fn run_lasts(&self) -> Option<Duration> {
        self.run_lasts
    }

    /// The time of the next frame: later than that of the frame before.
    pub(crate) fn stamp(&mut self, frame: FrameTiming) -> MediaTime {
        self.run_lasts = frame.ends;
        let wanted = self.wanted(frame.running, frame.elapsed);
        // Rounded as media time is, so that two stamps that differ only below a microsecond do not become one.
        let wanted = Duration::from_micros(micros(wanted));
        let at = self.last.map_or(wanted, |last| wanted.max(last.saturating_add(STEP_MIN)));
        let duration = frame.duration.filter(|duration| !duration.is_zero()).unwrap_or(FRAME_DURATION_DEFAULT);
        self.last = Some(at);
        self.end = at.saturating_add(duration);
        MediaTime::from_micros(micros(at))
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn at(clock: &mut MediaClock, running: Option<u64>, elapsed: u64) -> u64 {
        let timing =
            FrameTiming { running: running.map(ms), ends: None, duration: Some(ms(100)), elapsed: ms(elapsed) };
        clock.stamp(timing).as_micros()
    }

    #[test]
    fn a_frame_without_a_stamp_follows_the_one_before() {
        let mut clock = MediaClock::new(TimeBase::Stream);
        clock.begin_run(ms(7));
        let times: Vec<_> = [None, None, Some(200), None, Some(400)].map(|r| at(&mut clock, r, 9)).to_vec();
        assert_eq!(times, [0, 100_000, 200_000, 300_000, 400_000]);
    }

    #[test]
    fn stamps_that_repeat_or_go_back_still_grow() {
        let mut clock = MediaClock::new(TimeBase::Stream);
        let times: Vec<_> = [0, 100, 100, 50, 200].map(|r| at(&mut clock, Some(r), 0)).to_vec();
        assert_eq!(times, [0, 100_000, 100_001, 100_002, 200_000]);
    }

    #[test]
    fn stamps_closer_than_a_microsecond_still_grow() {
        let mut clock = MediaClock::new(TimeBase::Stream);
        let times: Vec<_> = [1_000, 1_001, 1_999, 2_000]
            .map(|nanos| {
                clock.stamp(FrameTiming {
                    running: Some(Duration::from_nanos(nanos)),
                    ends: None,
                    duration: None,
                    elapsed: ms(0),
                })
            })
            .to_vec();
        assert!(times.is_sorted_by(|a, b| a < b), "{times:?}");
    }

    #[test]
    fn a_second_loop_begins_where_the_first_ended() {
        let mut clock = MediaClock::new(TimeBase::Stream);
        at(&mut clock, Some(0), 0);
        at(&mut clock, Some(100), 0);
        clock.begin_run(ms(99_999));
        assert_eq!(at(&mut clock, Some(0), 0), 200_000);
    }

    #[test]
    fn after_a_reconnection_the_time_away_has_passed() {
        let mut clock = MediaClock::new(TimeBase::Elapsed);
        clock.begin_run(ms(0));
        assert_eq!(at(&mut clock, Some(300), 320), 300_000);
        clock.begin_run(ms(60_000));
        assert_eq!(at(&mut clock, Some(200), 60_230), 60_200_000);
    }

    #[test]
    fn a_camera_with_a_mad_clock_gets_ours() {
        let mut clock = MediaClock::new(TimeBase::Elapsed);
        clock.begin_run(ms(0));
        assert_eq!(at(&mut clock, Some(90_000_000), 500), 500_000);
        assert_eq!(at(&mut clock, None, 600), 600_000);
    }
}
