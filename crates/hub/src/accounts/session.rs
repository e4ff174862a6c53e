//! How long a session lives.

use std::time::Duration;

use domain::UtcTime;

/// When sessions end. An administrator's end sooner (level 3: 15 minutes without a word in business software, 5 for
/// administration).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionRules {
    /// Without a request of a person for so long.
    pub idle: Duration,
    /// The same for accounts with an administrator's role.
    pub idle_admin: Duration,
    /// After so long whatever happens.
    pub absolute: Duration,
}

impl Default for SessionRules {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(15 * 60),
            idle_admin: Duration::from_secs(5 * 60),
            absolute: Duration::from_secs(12 * 3_600),
        }
    }
}

/// Who the session is of, as far as its length goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Anybody.
    User,
    /// With an administrator's role.
    Admin,
}

/// When a session began and when its person was heard last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Signed in.
    pub opened_at: UtcTime,
    /// Last request that was not made by the page by itself.
    pub seen_at: UtcTime,
}

impl SessionRules {
    fn idle(&self, kind: Kind) -> Duration {
        match kind {
            Kind::User => self.idle,
            Kind::Admin => self.idle_admin.min(self.idle),
        }
    }

    /// When it ends unless its person is heard.
    pub fn expires_at(&self, span: Span, kind: Kind) -> UtcTime {
        later(span.seen_at, self.idle(kind)).min(later(span.opened_at, self.absolute))
    }

    /// Whether it is over. One that began in the future is: the clock was put back, and nobody knows for how long it
    /// would live.
    pub fn is_over(&self, span: Span, kind: Kind, now: UtcTime) -> bool {
        now >= self.expires_at(span, kind) || later(now, CLOCK_APART_MAX) < span.opened_at
    }

    /// Whether hearing the person now is worth writing down: not with each request.
    pub fn is_worth_noting(&self, span: Span, kind: Kind, now: UtcTime) -> bool {
        now.since(span.seen_at) >= self.idle(kind) / 20
    }
}

/// How far the clocks of two replicas of the hub may be apart.
const CLOCK_APART_MAX: Duration = Duration::from_secs(60);

/// `by` later, held to what a moment can be.
pub(crate) fn later(at: UtcTime, by: Duration) -> UtcTime {
    let micros = at.as_unix_micros().saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX));
    UtcTime::from_unix_micros(micros).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> UtcTime {
        UtcTime::from_unix_micros(second * 1_000_000).expect("a moment")
    }

    fn span(opened: i64, seen: i64) -> Span {
        Span { opened_at: at(opened), seen_at: at(seen) }
    }

    #[test]
    fn a_session_ends_without_a_word_and_an_administrators_sooner() {
        let rules = SessionRules::default();
        for (kind, idle_s) in [(Kind::User, 900), (Kind::Admin, 300)] {
            assert!(!rules.is_over(span(0, 100), kind, at(100 + idle_s - 1)), "{kind:?}");
            assert!(rules.is_over(span(0, 100), kind, at(100 + idle_s)), "{kind:?}");
        }
    }

    #[test]
    fn a_session_ends_in_the_evening_however_busy_its_person() {
        let rules = SessionRules::default();
        let day = 12 * 3_600;
        assert!(!rules.is_over(span(0, day - 1), Kind::User, at(day - 1)));
        assert!(rules.is_over(span(0, day - 1), Kind::User, at(day)));
        assert_eq!(rules.expires_at(span(0, day - 1), Kind::User), at(day));
    }

    #[test]
    fn a_session_of_the_future_is_over() {
        let rules = SessionRules::default();
        assert!(rules.is_over(span(1_000, 1_000), Kind::User, at(0)));
        assert!(!rules.is_over(span(30, 30), Kind::User, at(0)), "clocks of replicas are a little apart");
    }

    #[test]
    fn an_administrator_never_stays_longer_than_others() {
        let rules = SessionRules { idle: Duration::from_secs(60), ..SessionRules::default() };
        assert!(rules.is_over(span(0, 0), Kind::Admin, at(60)));
    }

    #[test]
    fn not_every_request_is_written_down() {
        let rules = SessionRules::default();
        assert!(!rules.is_worth_noting(span(0, 0), Kind::User, at(44)));
        assert!(rules.is_worth_noting(span(0, 0), Kind::User, at(45)));
    }
}
