//! Conversions at the border between rows and the domain.

use std::str::FromStr;

use domain::UtcTime;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;

fn bad(what: &'static str, text: &str) -> StoreError {
    StoreError::Row { what, text: text.chars().take(80).collect() }
}

/// A value with a text form of its own.
pub(crate) fn parsed<T: FromStr>(what: &'static str, text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| bad(what, text))
}

/// A value that serde writes as a plain string, such as the name of a class.
pub(crate) fn named<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::from(text)).map_err(|_| bad(what, text))
}

/// A value kept as JSON text.
pub(crate) fn from_json<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| bad(what, text))
}

/// The JSON text of a value.
pub(crate) fn to_json<T: Serialize>(what: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|source| StoreError::Json { what, source })
}

/// A moment from its microseconds.
pub(crate) fn moment(micros: i64) -> Result<UtcTime, StoreError> {
    UtcTime::from_unix_micros(micros).map_err(|_| bad("a moment", &micros.to_string()))
}

/// A number that is never negative.
pub(crate) fn natural(what: &'static str, number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| bad(what, &number.to_string()))
}

/// A count as SQL holds it.
pub(crate) fn sql_count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// An event number as SQL holds it. Ingest lets in no number above [`SEQ_MAX`](crate::ingest::SEQ_MAX).
pub(crate) fn sql_seq(seq: u64) -> i64 {
    i64::try_from(seq).expect("numbers above SEQ_MAX are refused at the door")
}
