//! What a write sends: JSON, refused with the name of the field.

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;

use crate::api::problem::Problem;

/// Bytes of a write.
const BYTES_MAX: usize = 256 * 1024;

/// The JSON of a write.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        // A form of another site cannot send this type without asking first.
        let media_type =
            request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        if !media_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
            let detail = format!("content-type: \"{media_type}\" is not taken: application/json is accepted");
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let too_long = |_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("{BYTES_MAX} bytes are accepted"));
        let bytes = to_bytes(request.into_body(), BYTES_MAX).await.map_err(too_long)?;
        match serde_json::from_slice(&bytes) {
            Ok(value) => Ok(Self(value)),
            Err(error) => Err(Problem::bad_request(format!("cannot read the content: {error}"))),
        }
    }
}
