//! The hub's wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use domain::UtcTime;

/// Now. A clock that is set before 1970 or after 9999 reads as 1970.
pub fn now() -> UtcTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros())
        .ok()
        .and_then(|micros| UtcTime::from_unix_micros(micros).ok())
        .unwrap_or(UtcTime::UNIX_EPOCH)
}
