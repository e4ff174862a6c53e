//! What gates noticed that their profiles do not allow or warn of.

use axum::Json;
use axum::extract::State;
use domain::{GateId, IncidentKind, SiteId};
use serde::{Deserialize, Serialize};
use store::ListCursor;
use utoipa::{IntoParams, ToSchema};

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::lists::{add_clips, is_full, stored};
use crate::api::params::{ListParams, Params};
use crate::api::problem::Problem;
use crate::api::view::Incident;

/// Which incidents.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct IncidentParams {
    /// Only of this site.
    #[param(value_type = Option<String>)]
    site: Option<SiteId>,
    /// Only of gates of this name.
    #[param(value_type = Option<String>)]
    gate: Option<GateId>,
    /// Only of this kind: `wrong_direction`, `tailgating`, `crowding_began` or `crowding_ended`.
    kind: Option<String>,
    /// At most so many, 1 to 500; 50 where it is not given.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// The `next` of the page before.
    before: Option<String>,
}

/// Incidents, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Incidents {
    /// One page.
    incidents: Vec<Incident>,
    /// What to give as `before` for the next page; nothing on the last.
    next: Option<String>,
    /// The end of the log before this page was read: what to give the stream as `after`.
    pos: u64,
}

/// Wrong directions, tailgating and crowds, newest first. Which of them are told is in the gate's profile.
#[utoipa::path(get, path = "/api/v1/incidents", tag = "events", params(IncidentParams),
    responses((status = 200, body = Incidents), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn incidents(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<IncidentParams>,
) -> Result<Json<Incidents>, Problem> {
    let IncidentParams { site, gate, kind, limit, before } = params;
    if let Some(kind) = kind.as_deref().filter(|kind| !IncidentKind::NAMES.contains(kind)) {
        let names = IncidentKind::NAMES.join(", ");
        return Err(Problem::bad_request(format!("kind: \"{kind}\" is not known: {names} are accepted")));
    }
    let filter = ListParams { site, gate, limit, before }.filter(&caller, Permission::EventsRead)?;
    let pos = app.store.event_last_pos().await?;
    let mut rows = app.store.incidents(&filter, kind.as_deref()).await?;
    let clips = app.store.clips_of(rows.iter().map(|row| (&row.node, row.id))).await?;
    rows.iter_mut().for_each(|row| add_clips(&mut row.evidence, clips.get(&row.id)));
    let stored = stored(&app.store, rows.iter().flat_map(|row| &row.evidence)).await?;
    let next = rows.last().filter(|_| is_full(rows.len(), filter.limit));
    let next = next.map(|row| ListCursor::new(row.incident.at, row.id).to_string());
    Ok(Json(Incidents { incidents: rows.iter().map(|row| Incident::new(row, &stored)).collect(), next, pos }))
}
