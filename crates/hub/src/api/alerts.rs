//! What needs attention, and what was done about it.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::{NodeId, SiteId, UtcTime};
use projections::AlertKind;
use projections::alert::ALERT_TEXT_CHARS_MAX;
use serde::{Deserialize, Serialize};
use store::{Acted, AlertAction, AlertError, AlertFilter, AlertOutcome, AlertRow, AlertState, HelpCall};
use utoipa::{IntoParams, ToSchema};
use wire::LaneName;

use crate::api::App;
use crate::api::actor::Actor;
use crate::api::body::Body;
use crate::api::lists::is_full;
use crate::api::params::{Params, check_span, rows};
use crate::api::problem::Problem;
use crate::api::view::Alert;
use crate::clock;

/// Which alerts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlertParams {
    /// Only of this site.
    #[param(value_type = Option<String>)]
    site: Option<SiteId>,
    /// Only of this kind.
    kind: Option<String>,
    /// Only in this state: `open`, `ended`, `acknowledged` or `closed`.
    state: Option<String>,
    /// Only raised at this moment or later.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<UtcTime>,
    /// Only raised before this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<UtcTime>,
    /// At most so many, 1 to 500; 50 where it is not given.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// The `next` of the page before.
    before: Option<String>,
}

/// Alerts, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alerts {
    /// One page.
    alerts: Vec<Alert>,
    /// What to give as `before` for the next page; nothing on the last.
    next: Option<String>,
}

/// What somebody says who deals with an alert.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Acknowledge {
    /// More, in words.
    #[serde(default)]
    note: String,
}

/// A call for help.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HelpWanted {
    /// The node of the lane.
    #[schema(value_type = String)]
    node: NodeId,
    /// The lane.
    #[schema(value_type = String)]
    lane: LaneName,
    /// Why, 1 to 200 characters on one line. Everybody who sees alerts of the site reads it.
    reason: String,
}

/// What somebody says who closes an alert.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Close {
    /// What it turned out to be: `confirmed`, `false_alarm` or `other`.
    outcome: String,
    /// More, in words.
    #[serde(default)]
    note: String,
}

/// `MICROSECONDS_ID` of a place in a list of moments and identities.
pub(crate) fn place(text: &str) -> Result<(UtcTime, String), Problem> {
    let read = || {
        let (micros, id) = text.split_once('_')?;
        Some((UtcTime::from_unix_micros(micros.parse().ok()?).ok()?, id.to_owned()))
    };
    read().ok_or_else(|| Problem::bad_request("before: not a place in a list: give the `next` of the page before"))
}

/// Alerts, newest first.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "events", params(AlertParams),
    responses((status = 200, body = Alerts), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn alerts(
    State(app): State<App>,
    actor: Actor,
    Params(params): Params<AlertParams>,
) -> Result<Json<Alerts>, Problem> {
    let AlertParams { site, kind, state, from, to, limit, before } = params;
    check_span(from, to)?;
    let kind = kind.map(|kind| kind.parse::<AlertKind>()).transpose();
    let kind = kind.map_err(|error| Problem::bad_request(format!("kind: {error}")))?;
    let state = state.map(|state| state.parse::<AlertState>()).transpose();
    let state = state.map_err(|error| Problem::bad_request(format!("state: {error}")))?;
    let before = before.as_deref().map(place).transpose()?;
    let limit = rows(limit)?;
    let filter = AlertFilter { sites: actor.sites(site.as_ref()), kind, state, from, to, before, limit };
    let found = app.store.alerts_raised(&filter).await?;
    let next = found.last().filter(|_| is_full(found.len(), limit));
    let next = next.map(|row| format!("{}_{}", row.at.as_unix_micros(), row.id));
    Ok(Json(Alerts { alerts: found.iter().map(Alert::from).collect(), next }))
}

/// Calls for help at a lane: an alert of the kind `help_wanted`. It needs the hub alone, whatever the node does. Where one is
/// open there that nobody took on, that one is the answer.
#[utoipa::path(post, path = "/api/v1/alerts", tag = "events", request_body = HelpWanted,
    responses((status = 201, body = Alert), (status = 400, body = Problem),
        (status = 404, description = "No such node at a site of the caller", body = Problem),
        (status = 503, body = Problem)))]
pub(crate) async fn call(
    State(app): State<App>,
    actor: Actor,
    Body(HelpWanted { node, lane, reason }): Body<HelpWanted>,
) -> Result<(StatusCode, Json<Alert>), Problem> {
    let reason = reason.trim().to_owned();
    let letters = reason.chars().count();
    if letters == 0 || letters > ALERT_TEXT_CHARS_MAX || reason.chars().any(char::is_control) {
        let detail = format!("reason: 1 to {ALERT_TEXT_CHARS_MAX} characters on one line are accepted");
        return Err(Problem::bad_request(detail));
    }
    let known = app.store.node_get(&node).await?.filter(|known| actor.sees(&known.site));
    let missing = || Problem::new(StatusCode::NOT_FOUND, format!("there is no node \"{node}\" at your sites"));
    let site = known.ok_or_else(missing)?.site;
    let row = app.store.help_call(&HelpCall { site, node, lane, reason, at: clock::now() }).await?;
    app.live.alert_changed(&row);
    Ok((StatusCode::CREATED, Json(Alert::from(&row))))
}

/// Says that somebody deals with an alert.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/acknowledge", tag = "events",
    params(("id" = String, Path, description = "The alert")), request_body = Acknowledge,
    responses((status = 200, body = Alert), (status = 400, body = Problem), (status = 404, body = Problem),
        (status = 409, description = "It was acknowledged or closed before", body = Problem),
        (status = 503, body = Problem)))]
pub(crate) async fn acknowledge(
    State(app): State<App>,
    Path(id): Path<String>,
    actor: Actor,
    Body(said): Body<Acknowledge>,
) -> Result<Json<Alert>, Problem> {
    act(&app, &id, actor, AlertAction::Acknowledge, said.note).await
}

/// Says that an alert is done with, and what it turned out to be.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/close", tag = "events",
    params(("id" = String, Path, description = "The alert")), request_body = Close,
    responses((status = 200, body = Alert), (status = 400, body = Problem), (status = 404, body = Problem),
        (status = 409, description = "It was closed before", body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn close(
    State(app): State<App>,
    Path(id): Path<String>,
    actor: Actor,
    Body(said): Body<Close>,
) -> Result<Json<Alert>, Problem> {
    let outcome = said.outcome.parse::<AlertOutcome>();
    let outcome = outcome.map_err(|error| Problem::bad_request(format!("outcome: {error}")))?;
    act(&app, &id, actor, AlertAction::Close(outcome), said.note).await
}

async fn act(app: &App, id: &str, actor: Actor, action: AlertAction, note: String) -> Result<Json<Alert>, Problem> {
    let unknown = || Problem::new(StatusCode::NOT_FOUND, format!("there is no alert \"{id}\""));
    // Of a site that he may not see there is nothing to be told, not even that it is there.
    let found = app.store.alert_find(id).await?.filter(|alert| actor.sees(&alert.site));
    found.ok_or_else(unknown)?;
    let acted = Acted { by: actor.name(), note, at: clock::now() };
    let changed: Result<AlertRow, AlertError> = app.store.alert_act(id, action, &acted).await;
    let row = changed.map_err(|error| match error {
        AlertError::Unknown(_) => unknown(),
        AlertError::Already { .. } => Problem::new(StatusCode::CONFLICT, error.to_string()),
        AlertError::Text { .. } => Problem::bad_request(error.to_string()),
        AlertError::Store(error) => error.into(),
    })?;
    app.live.alert_changed(&row);
    Ok(Json(Alert::from(&row)))
}
