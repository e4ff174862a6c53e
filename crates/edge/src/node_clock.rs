//! The node's clocks: the monotonic clock of the machine, the wall clock, and how far the latter can be trusted.

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::{ClockQuality, ClockSource, MonoTime, UtcTime};

/// How long a judgement of the clock holds before it is made again.
const QUALITY_AGE_MAX: Duration = Duration::from_secs(5);

/// Smallest change of the wall clock against the monotonic clock that is a jump and not drift being corrected.
pub const JUMP_MIN: Duration = Duration::from_millis(250);

/// Two looks at clocks this close to each other are one.
const TOGETHER: Duration = Duration::from_millis(20);

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

    /// How far the wall clock can be trusted. Who sets it is asked every few seconds; how far it has moved is looked at each
    /// time, so that no event carries a time that has jumped without saying so.
    pub fn quality(&self) -> ClockQuality {
        let now = Instant::now();
        let moved_ms = self.moved_ms();
        let mut judged = self.judged.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (at, mut quality) = match *judged {
            Some((at, quality)) if now.saturating_duration_since(at) < QUALITY_AGE_MAX => (at, quality),
            Some((_, quality)) => (now, ClockQuality { source: source(), ..quality }),
            None => (now, ClockQuality { source: source(), offset_ms: 0, uncertainty_ms: None }),
        };
        if let Some(moved_ms) = moved_ms {
            quality.offset_ms = held(quality.offset_ms, moved_ms);
        }
        *judged = Some((at, quality));
        quality
    }

    /// How far the wall clock has moved against the monotonic clock since the start; nothing where this thread was kept
    /// waiting between the two, which would look like a jump.
    fn moved_ms(&self) -> Option<i64> {
        let before = Instant::now();
        let wall_ms = wall().as_unix_millis() - self.wall_at_start.as_unix_millis();
        let mono_ms = i64::try_from(before.saturating_duration_since(self.started).as_millis()).unwrap_or(i64::MAX);
        (before.elapsed() < TOGETHER).then(|| wall_ms.saturating_sub(mono_ms))
    }
}

/// The offset that is told where `told_ms` was and the clock has moved by `moved_ms`: another one only after a jump, and
/// rounded to the size of one, so that the slow work of a time service does not change every event.
fn held(told_ms: i64, moved_ms: i64) -> i64 {
    let step = i64::try_from(JUMP_MIN.as_millis()).expect("a quarter of a second");
    if moved_ms.abs_diff(told_ms) < step.unsigned_abs() { told_ms } else { moved_ms / step * step }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_changes_by_jumps_and_does_not_waver() {
        let told: Vec<_> = [0, 249, 251, 249, 499, 10, 3_600_010, 3_599_990, -260]
            .into_iter()
            .scan(0, |told, moved| {
                *told = held(*told, moved);
                Some(*told)
            })
            .collect();
        assert_eq!(told, [0, 0, 250, 250, 250, 250, 3_600_000, 3_600_000, -250]);
    }
}
