//! The node's clocks: the monotonic clock of the machine, the wall clock, and how far the latter can be trusted.

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::{ClockQuality, ClockSource, MonoTime, UtcTime};

/// How long a judgement of the clock holds before it is made again.
const QUALITY_AGE_MAX: Duration = Duration::from_secs(5);

/// Smallest change of the wall clock against the monotonic clock that is a jump and not drift being corrected.
pub const JUMP_MIN: Duration = Duration::from_millis(250);

/// systemd-timesyncd touches this file once it has set the clock.
const TIMESYNC_MARK: &str = "/run/systemd/timesync/synchronized";

/// Both clocks, read together.
#[derive(Debug)]
pub struct NodeClock {
    started: Instant,
    wall_at_start: UtcTime,
    judged: Mutex<Option<(Instant, ClockQuality)>>,
}

impl NodeClock {
    /// Starts both clocks.
    pub fn start() -> Self {
        Self { started: Instant::now(), wall_at_start: wall(), judged: Mutex::new(None) }
    }

    /// Clocks of which the wall clock is believed for a day, whatever this machine says.
    #[cfg(test)]
    pub(crate) fn believed() -> Self {
        let source = ClockSource::Synchronised;
        let quality = ClockQuality { source, offset_ms: 0, uncertainty_ms: None };
        let clock = Self::start();
        *clock.judged.lock().expect("nobody panicked") = Some((clock.started + Duration::from_secs(86_400), quality));
        clock
    }

    /// The monotonic time of an instant of this process.
    pub fn mono(&self, at: Instant) -> MonoTime {
        MonoTime::default() + at.saturating_duration_since(self.started)
    }

    /// The wall clock, now.
    pub fn utc(&self) -> UtcTime {
        wall()
    }

    /// How far the wall clock can be trusted, judged every few seconds.
    pub fn quality(&self) -> ClockQuality {
        let now = Instant::now();
        let mut judged = self.judged.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match *judged {
            Some((at, quality)) if now.saturating_duration_since(at) < QUALITY_AGE_MAX => quality,
            Some(_) | None => {
                let quality = ClockQuality { source: source(), offset_ms: self.offset_ms(now), uncertainty_ms: None };
                *judged = Some((now, quality));
                quality
            }
        }
    }

    /// How far the wall clock has moved against the monotonic clock since the start, rounded to the size of a jump so
    /// that the slow work of a time service does not change every event.
    fn offset_ms(&self, now: Instant) -> i64 {
        let wall_ms = wall().as_unix_millis() - self.wall_at_start.as_unix_millis();
        let mono_ms = i64::try_from(now.duration_since(self.started).as_millis()).unwrap_or(i64::MAX);
        let step = i64::try_from(JUMP_MIN.as_millis()).expect("a quarter of a second");
        (wall_ms - mono_ms) / step * step
    }
}

fn source() -> ClockSource {
    let mark = Path::new(TIMESYNC_MARK);
    if mark.exists() {
        ClockSource::Synchronised
    } else if mark.parent().is_some_and(Path::exists) {
        ClockSource::Unsynchronised
    } else {
        ClockSource::Unknown
    }
}

fn wall() -> UtcTime {
    let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_micros()).unwrap_or(i64::MAX),
    };
    UtcTime::from_unix_micros(micros).unwrap_or(UtcTime::UNIX_EPOCH)
}
