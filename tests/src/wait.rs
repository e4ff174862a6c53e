//! The time, and waiting for something that must happen.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use domain::UtcTime;

/// How long anything may take before a test fails. Generous, because the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How long to rest between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// The time by this machine's clock.
///
/// # Panics
/// Where that clock is wrong by millennia.
pub fn now() -> UtcTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    let micros = i64::try_from(since.as_micros()).expect("before the year 294,000");
    UtcTime::from_unix_micros(micros).expect("this century")
}

/// Asks again and again until the answer is there.
///
/// # Panics
/// Where it does not come within [`PATIENCE`].
pub fn eventually<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, ask).unwrap_or_else(|| panic!("did not happen within {PATIENCE:?}: {what}"))
}

/// Asks again and again until the answer is there or the time is over.
pub fn within<T>(patience: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let until = Instant::now() + patience;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() >= until {
            return None;
        }
        // tidy: sleep is the rest between two looks at a condition with a deadline
        std::thread::sleep(LOOK_EVERY);
    }
}
