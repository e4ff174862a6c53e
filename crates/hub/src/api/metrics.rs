//! What the hub counts about itself.

use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use store::{AlertFilter, AlertState};
use wire::NodeState;

use crate::api::actor::Actor;
use crate::api::problem::Problem;
use crate::api::{App, STREAMS_MAX};
use crate::metrics::Now;

/// Alarms that are looked at.
const ALARMS_COUNTED_MAX: u32 = 500;

/// Open alerts that are counted; more show as this.
const ALERTS_COUNTED_MAX: u32 = 1_000;

/// Metrics in the text format of Prometheus. Figures of nodes, alarms and alerts are about the sites that the key may see.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, description = "Text format 0.0.4", content_type = "text/plain", body = String),
        (status = 503, body = Problem)))]
pub(crate) async fn metrics(State(app): State<App>, actor: Actor) -> Result<impl IntoResponse, Problem> {
    let health = app.health.get();
    let mut nodes = app.store.nodes().await?;
    nodes.retain(|node| actor.sees(&node.node.site));
    let sites = actor.sites(None);
    let alarms = app.store.alarms(&sites, None, ALARMS_COUNTED_MAX).await?;
    let is_open =
        AlertFilter { sites, state: Some(AlertState::Open), limit: ALERTS_COUNTED_MAX, ..AlertFilter::default() };
    let status = nodes.iter().filter_map(|node| node.status.as_ref());
    let now = Now {
        database_up: health.database,
        broker_up: health.broker,
        streams: STREAMS_MAX.saturating_sub(app.streams.available_permits()),
        log_end: app.store.event_last_pos().await?,
        nodes: nodes.len() as u64,
        nodes_online: status.clone().filter(|status| status.state == NodeState::Online).count() as u64,
        nodes_backlog: status.filter_map(|status| status.backlog).sum(),
        alarms_open: alarms.iter().filter(|alarm| alarm.closed_at.is_none()).count() as u64,
        alerts_open: app.store.alerts_raised(&is_open).await?.len() as u64,
    };
    let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, content_type)], app.metrics.text(&now)))
}

/// Counts requests by their route.
pub(crate) async fn count(State(app): State<App>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let response = next.run(request).await;
    // What matches no route is one route, so that made-up paths do not fill the memory.
    let route = route.as_deref().unwrap_or("none");
    let method = match method.as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known,
        _ => "other",
    };
    app.metrics.request(method, route, response.status().as_u16(), began.elapsed());
    response
}
