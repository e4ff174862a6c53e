//! What a write sends: JSON, refused with the name of the field.

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use serde::de::DeserializeOwned;

use crate::api::problem::Problem;

/// Bytes of a write, unless its route says otherwise.
pub(crate) const BYTES_MAX: usize = 256 * 1024;

/// The JSON of a write, of at most `MAX` bytes.
#[derive(Debug)]
pub(crate) struct Body<T, const MAX: usize = BYTES_MAX>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned, const MAX: usize> FromRequest<S> for Body<T, MAX> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        // A form of another site cannot send this type without asking first.
        let media_type =
            request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        if !media_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
            let detail = format!("content-type: \"{media_type}\" is not taken: application/json is accepted");
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let too_long = |_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("{MAX} bytes are accepted"));
        let bytes = to_bytes(request.into_body(), MAX).await.map_err(too_long)?;
        match serde_json::from_slice(&bytes) {
            Ok(value) => Ok(Self(value)),
            Err(error) => Err(Problem::bad_request(format!("cannot read the content: {error}"))),
        }
    }
}
