//! Whether the hub lives and whether it takes events in.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::App;
use crate::health::in_words;

/// A database that has not answered by then counts as away.
const PING_MAX: Duration = Duration::from_secs(2);

/// The program runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alive {
    /// Always `ok`.
    status: &'static str,
}

/// What works.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ready {
    /// Whether events are taken in.
    ready: bool,
    /// Whether the database takes and answers.
    database: bool,
    /// Why not, where it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    database_error: Option<String>,
    /// Whether the broker has let the hub in.
    broker: bool,
    /// Why not, where it has not.
    #[serde(skip_serializing_if = "Option::is_none")]
    broker_error: Option<String>,
}

/// Whether the program runs.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Alive)))]
pub(crate) async fn healthz() -> Json<Alive> {
    Json(Alive { status: "ok" })
}

/// Whether events are taken in.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = Ready), (status = 503, description = "Not at the moment", body = Ready)))]
pub(crate) async fn readyz(State(app): State<App>) -> (StatusCode, Json<Ready>) {
    let health = app.health.get();
    let unanswered = match tokio::time::timeout(PING_MAX, app.store.ping()).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(in_words(&error)),
        Err(_) => Some(format!("no answer within {} s", PING_MAX.as_secs())),
    };
    let database = health.database && unanswered.is_none();
    let database_error = health.database_error.or(unanswered);
    let ready = database && health.broker;
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Ready { ready, database, database_error, broker: health.broker, broker_error: health.broker_error }))
}
