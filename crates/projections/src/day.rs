//! Where a day begins for the people who read the counts.

use domain::UtcTime;

/// How far Vietnam's clocks are ahead of UTC, in minutes. The whole country is at UTC+7 without summer time since
/// 13 June 1975 (IANA zone Asia/Ho_Chi_Minh).
pub const LOCAL_OFFSET_MINUTES: i64 = 7 * 60;

const DAY_MINUTES: i64 = 24 * 60;

/// One day from midnight to midnight in Asia/Ho_Chi_Minh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalDay {
    start_minute: i64,
}

impl LocalDay {
    /// The day that `at` lies in.
    pub const fn of(at: UtcTime) -> Self {
        let local = at.as_unix_minutes() + LOCAL_OFFSET_MINUTES;
        Self { start_minute: local.div_euclid(DAY_MINUTES) * DAY_MINUTES - LOCAL_OFFSET_MINUTES }
    }

    /// Its first minute, in whole minutes since 1970.
    pub const fn start_minute(self) -> i64 {
        self.start_minute
    }

    /// The first minute after it.
    pub const fn end_minute(self) -> i64 {
        self.start_minute + DAY_MINUTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_seventeen_hundred_utc_of_the_day_before() {
        let day = |text: &str| LocalDay::of(text.parse().expect("a moment")).start_minute();
        let start = "2026-11-19T17:00:00Z".parse::<UtcTime>().expect("a moment").as_unix_minutes();
        assert_eq!(day("2026-11-19T17:00:00Z"), start);
        assert_eq!(day("2026-11-20T16:59:59.999999Z"), start);
        assert_eq!(day("2026-11-20T17:00:00Z"), start + 1440);
        assert_eq!(day("2026-11-19T16:59:59Z"), start - 1440);
        assert_eq!(LocalDay::of(UtcTime::UNIX_EPOCH).start_minute(), -420);
    }
}
