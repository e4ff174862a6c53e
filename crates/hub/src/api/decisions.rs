//! What was decided at lanes: the newest decisions, one with everything that led to it, and how many of each kind.

use axum::Json;
use axum::extract::{Path, State};
use domain::{GateId, SiteId, UtcTime};
use serde::{Deserialize, Serialize};
use store::{DecisionFilter, ListCursor};
use utoipa::{IntoParams, ToSchema};
use wire::{AccessVerdict, LaneName, Payload};

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::lists::{is_full, stored};
use crate::api::params::{ListParams, Params, check_span, event_of, no_event, sites};
use crate::api::problem::Problem;
use crate::api::view::{Decision, DecisionCount, DecisionDetail};

/// Which decisions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DecisionParams {
    /// Only of this site.
    #[param(value_type = Option<String>)]
    site: Option<SiteId>,
    /// Only of lanes of gates of this name.
    #[param(value_type = Option<String>)]
    gate: Option<GateId>,
    /// Only of lanes of this name.
    #[param(value_type = Option<String>)]
    lane: Option<LaneName>,
    /// Only with this verdict: `permit`, `deny` or `refer`.
    #[param(value_type = Option<String>)]
    verdict: Option<AccessVerdict>,
    /// Only those at this moment or later.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<UtcTime>,
    /// Only those before this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<UtcTime>,
    /// At most so many, 1 to 500; 50 where it is not given.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// The `next` of the page before.
    before: Option<String>,
}

/// Which decisions to count.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DecisionCountParams {
    /// Only of this site.
    #[param(value_type = Option<String>)]
    site: Option<SiteId>,
    /// Only of lanes of this name.
    #[param(value_type = Option<String>)]
    lane: Option<LaneName>,
    /// Only those at this moment or later.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<UtcTime>,
    /// Only those before this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<UtcTime>,
}

/// Decisions, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Decisions {
    /// One page.
    decisions: Vec<Decision>,
    /// What to give as `before` for the next page; nothing on the last.
    next: Option<String>,
    /// The end of the log before this page was read: what to give the stream as `after`.
    pos: u64,
}

/// Decisions per day, lane and verdict.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionCounts {
    /// In the order of days, lanes and verdicts; what did not occur is left out.
    rows: Vec<DecisionCount>,
}

/// Decisions at lanes, newest first.
#[utoipa::path(get, path = "/api/v1/decisions", tag = "access", params(DecisionParams),
    responses((status = 200, body = Decisions), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn decisions(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<DecisionParams>,
) -> Result<Json<Decisions>, Problem> {
    let DecisionParams { site, gate, lane, verdict, from, to, limit, before } = params;
    check_span(from, to)?;
    let list = ListParams { site, gate, limit, before }.filter(&caller, Permission::DecisionsRead)?;
    let filter = DecisionFilter { list, lane, verdict, from, to };
    let pos = app.store.event_last_pos().await?;
    let rows = app.store.decisions(&filter).await?;
    let stored = stored(&app.store, rows.iter().flat_map(|row| &row.evidence)).await?;
    let next = rows.last().filter(|_| is_full(rows.len(), filter.list.limit));
    let next = next.map(|row| ListCursor::new(row.at, row.id).to_string());
    Ok(Json(Decisions { decisions: rows.iter().map(|row| Decision::new(row, &stored)).collect(), next, pos }))
}

/// How many decisions of each lane had which verdict, per day in Asia/Ho_Chi_Minh.
#[utoipa::path(get, path = "/api/v1/decisions/counts", operation_id = "decision_counts",
    tag = "access", params(DecisionCountParams),
    responses((status = 200, body = DecisionCounts), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn counts(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<DecisionCountParams>,
) -> Result<Json<DecisionCounts>, Problem> {
    let DecisionCountParams { site, lane, from, to } = params;
    check_span(from, to)?;
    let sites = sites(&caller, Permission::FiguresRead, site.as_ref());
    let list = store::ListFilter { sites, ..store::ListFilter::default() };
    let filter = DecisionFilter { list, lane, verdict: None, from, to };
    let rows = app.store.decision_counts(&filter).await?;
    Ok(Json(DecisionCounts { rows: rows.iter().map(DecisionCount::from).collect() }))
}

/// One decision with every check that led to it.
#[utoipa::path(get, path = "/api/v1/decisions/{event_id}", tag = "access",
    params(("event_id" = String, Path, description = "Identity of the event, a UUID")),
    responses(
        (status = 200, body = DecisionDetail),
        (status = 400, body = Problem),
        (status = 404, description = "No such event, or it tells of no decision", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn decision(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<DecisionDetail>, Problem> {
    let event = event_of(&app.store, &id, "decision", &caller, Permission::DecisionsRead).await?;
    let missing = || no_event(&id, "decision");
    let Some(Payload::AccessDecided(decided)) = &event.payload else { return Err(missing()) };
    let stored = stored(&app.store, decided.evidence.iter()).await?;
    DecisionDetail::from_event(&event, &stored).map(Json).ok_or_else(missing)
}
