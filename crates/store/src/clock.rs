//! Whether a node's clock agrees with the hub's. Pure.
//!
//! A message is dated before it arrives, by any time where the broker or the node's own disk kept it. So a clock that
//! is ahead shows at once, while one that is behind shows only over two messages: what waited comes in closer together
//! than it was written, and a clock that is behind stays behind by the same time.

use std::time::Duration;

use domain::{ClockQuality, ClockSource, UtcTime};

/// A node's clock may be off by so much before it is an alarm: far beyond what a time service leaves, and too little
/// for a passage to be put into another hour unnoticed.
pub(crate) const CLOCK_OFF_MAX: Duration = Duration::from_mins(5);

/// Two messages that are held against each other arrived at least so far apart.
const APART_MIN: Duration = Duration::from_secs(5);

/// How much the lag may differ between the two.
const LAG_CHANGE_MAX: Duration = Duration::from_mins(1);

/// When something was said, by its node, and when it arrived, by the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) at: UtcTime,
    pub(crate) received_at: UtcTime,
}

/// What is known of a clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It agrees.
    Right,
    /// It does not, in words.
    Off(String),
    /// The message may have waited somewhere.
    Unknown,
}

impl Told {
    /// By how much it arrived before it was said, by the two clocks; nothing where it did not.
    fn ahead(self) -> Duration {
        self.at.since(self.received_at)
    }

    fn lag(self) -> Duration {
        self.received_at.since(self.at)
    }
}

/// What `now` tells of a clock, where `before` is the message before it.
pub(crate) fn verdict(before: Option<Told>, now: Told) -> Verdict {
    if now.ahead() > CLOCK_OFF_MAX {
        return Verdict::Off(in_words("ahead of", now.ahead(), now));
    }
    if now.lag() <= CLOCK_OFF_MAX {
        return Verdict::Right;
    }
    let stays_behind = before.is_some_and(|before| {
        before.at < now.at
            && before.lag() > CLOCK_OFF_MAX
            && now.received_at.since(before.received_at) >= APART_MIN
            && now.lag().abs_diff(before.lag()) <= LAG_CHANGE_MAX
    });
    if stays_behind { Verdict::Off(in_words("behind", now.lag(), now)) } else { Verdict::Unknown }
}

/// What is wrong with an event's time, where it lies ahead. Times of a played file are those of the file.
pub(crate) fn event_fault(seq: u64, quality: ClockQuality, told: Told) -> Option<String> {
    let is_ahead = quality.source != ClockSource::Media && told.ahead() > CLOCK_OFF_MAX;
    is_ahead.then(|| format!("event {seq}: {}", in_words("ahead of", told.ahead(), told)))
}

fn in_words(where_to: &str, by: Duration, told: Told) -> String {
    let minutes = by.as_secs() / 60;
    let by = match (minutes / (24 * 60), minutes / 60) {
        (0, 0) => format!("{minutes} minutes"),
        (0, hours) => format!("{hours} h {} min", minutes % 60),
        (days, _) => format!("{days} days"),
    };
    format!("the node's clock is {by} {where_to} the hub's: it said {}, which came at {}", told.at, told.received_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEAR_S: i64 = 365 * 86_400;

    fn told(at_s: i64, received_s: i64) -> Told {
        let time = |seconds: i64| UtcTime::from_unix_micros((YEAR_S * 56 + seconds) * 1_000_000).expect("in range");
        Told { at: time(at_s), received_at: time(received_s) }
    }

    fn is_off(verdict: &Verdict) -> bool {
        matches!(verdict, Verdict::Off(_))
    }

    #[test]
    fn a_clock_that_is_ahead_shows_at_once_and_one_within_minutes_is_right() {
        assert_eq!(verdict(None, told(300, 0)), Verdict::Right);
        assert_eq!(verdict(None, told(-300, 0)), Verdict::Right);
        let Verdict::Off(words) = verdict(None, told(YEAR_S, 0)) else { panic!("it is a year ahead") };
        assert!(words.contains("365 days ahead"), "{words}");
    }

    #[test]
    fn a_clock_that_is_behind_shows_over_two_messages() {
        assert_eq!(verdict(None, told(-YEAR_S, 0)), Verdict::Unknown);
        assert!(is_off(&verdict(Some(told(-YEAR_S, 0)), told(-YEAR_S + 30, 30))));
    }

    #[test]
    fn what_waited_at_the_broker_is_no_fault_of_the_clock() {
        // Written half a minute apart for an hour, delivered in one second.
        let waited: Vec<_> = (0..120).map(|i| told(-3_600 + 30 * i, i / 120)).collect();
        for pair in waited.windows(2) {
            assert!(!is_off(&verdict(Some(pair[0]), pair[1])), "{pair:?}");
        }
        // The same old message, again and again: a node that is away, and a hub that starts often.
        assert_eq!(verdict(Some(told(-3_600, 0)), told(-3_600, 20)), Verdict::Unknown);
    }

    #[test]
    fn events_of_a_played_file_have_its_times() {
        let live = ClockQuality { source: ClockSource::Synchronised, ..ClockQuality::MEDIA };
        assert!(event_fault(3, live, told(YEAR_S, 0)).is_some_and(|words| words.starts_with("event 3: ")));
        assert_eq!(event_fault(3, live, told(-YEAR_S, 0)), None);
        assert_eq!(event_fault(3, ClockQuality::MEDIA, told(YEAR_S, 0)), None);
    }
}
