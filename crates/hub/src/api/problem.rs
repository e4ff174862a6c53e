//! Errors as `application/problem+json` (RFC 9457).

use std::borrow::Cow;
use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use store::{BlobError, StoreError};
use utoipa::ToSchema;

/// What went wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// `urn:gatehouse:problem:NAME`, where NAME never changes; `about:blank` where the status says all there is.
    #[serde(rename = "type")]
    kind: Cow<'static, str>,
    /// The status in words.
    title: &'static str,
    /// The status.
    status: u16,
    /// What was wrong and what is accepted.
    detail: String,
    /// Seconds to wait before the same is asked again, where waiting helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u64>,
    /// What is wrong, field by field, where several may be wrong at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<FieldProblem>,
}

/// What is wrong with one field of what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct FieldProblem {
    /// Its path, such as `lines[0].points`.
    pub(crate) field: String,
    /// What was wrong and what is accepted.
    pub(crate) detail: String,
}

/// What comes before the name of a kind.
const KIND_PREFIX: &str = "urn:gatehouse:problem:";

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            kind: Cow::Borrowed("about:blank"),
            title: status.canonical_reason().unwrap_or("error"),
            status: status.as_u16(),
            detail: detail.into(),
            retry_after_s: None,
            fields: Vec::new(),
        }
    }

    /// A problem that programs tell apart by its name.
    pub(crate) fn of(name: &str, status: StatusCode, detail: impl Into<String>) -> Self {
        Self { kind: Cow::Owned(format!("{KIND_PREFIX}{name}")), ..Self::new(status, detail) }
    }

    /// The name of its kind; its status where it has none.
    pub(crate) fn kind(&self) -> String {
        self.kind.strip_prefix(KIND_PREFIX).map_or_else(|| self.status.to_string(), str::to_owned)
    }

    /// Says when to ask again.
    pub(crate) fn after(self, wait: Duration) -> Self {
        Self { retry_after_s: Some(wait.as_secs_f64().ceil().max(1.0) as u64), ..self }
    }

    /// Says which fields are wrong.
    pub(crate) fn with_fields(self, fields: Vec<FieldProblem>) -> Self {
        Self { fields, ..self }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(crate) fn later(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after_s = self.retry_after_s;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        if let Some(wait) = retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"gatehouse\""));
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::warn!(error = &error as &dyn std::error::Error, "the database cannot answer");
        Self::later("the database cannot answer at the moment")
    }
}

impl From<BlobError> for Problem {
    fn from(error: BlobError) -> Self {
        let status = match &error {
            BlobError::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            BlobError::Mismatch { .. } | BlobError::InUse { .. } => StatusCode::CONFLICT,
            BlobError::DiskFull { .. } => StatusCode::INSUFFICIENT_STORAGE,
            BlobError::File { .. } | BlobError::Damaged { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            BlobError::Bucket { .. } | BlobError::BeingRemoved { .. } | BlobError::Store(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        };
        if status.is_server_error() {
            tracing::warn!(error = &error as &dyn std::error::Error, "a blob cannot be stored or read");
            // Paths of this machine are nobody's business.
            return Self::new(status, "the blob cannot be stored or read at the moment");
        }
        Self::new(status, error.to_string())
    }
}

/// Somebody asks too often.
pub(crate) fn later_by(detail: &str, wait: Duration) -> Problem {
    let wait_s = wait.as_secs_f64().ceil();
    Problem::of("too_many_requests", StatusCode::TOO_MANY_REQUESTS, format!("{detail}: ask again in {wait_s} s"))
        .after(wait)
}

pub(crate) async fn no_such_path(uri: Uri) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("there is nothing at \"{}\"; see /api/openapi.json", uri.path()))
}

pub(crate) async fn no_such_method(uri: Uri) -> Problem {
    let detail = format!("\"{}\" does not take this method; see /api/openapi.json", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}

pub(crate) fn no_such_asset(name: &str) -> Response {
    Problem::new(StatusCode::NOT_FOUND, format!("the page has no file \"{name}\"")).into_response()
}

/// The system gives no random numbers at the moment.
pub(crate) fn no_randomness(_: getrandom::Error) -> Problem {
    Problem::later("the system gives no random numbers")
}
