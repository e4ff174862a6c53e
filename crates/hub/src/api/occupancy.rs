//! How many are inside gates and sites, and what was corrected.

use axum::Json;
use axum::extract::State;
use domain::{SiteId, UtcTime};
use serde::{Deserialize, Serialize};
use store::{Area, InsideRow, Store};
use utoipa::{IntoParams, ToSchema};

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::params::{GateParams, Params, rows, sites};
use crate::api::problem::Problem;
use crate::api::view::{AreaOccupancy, Correction};
use crate::clock;

/// How many are inside each gate and site.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Occupancies {
    /// Each site, followed by its gates.
    areas: Vec<AreaOccupancy>,
}

/// Which corrections.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CorrectionParams {
    /// Only of this site and its gates.
    #[param(value_type = Option<String>)]
    site: Option<SiteId>,
    /// At most so many, 1 to 500; 50 where it is not given.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

/// What was corrected.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Corrections {
    /// Newest entries first.
    corrections: Vec<Correction>,
}

/// How many are inside now and were inside right before the day's reset, with what is unexplained. Passages between
/// gates of one site cancel out only in the site's own number.
#[utoipa::path(get, path = "/api/v1/occupancy", tag = "figures", params(GateParams),
    responses((status = 200, body = Occupancies), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn occupancy(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<GateParams>,
) -> Result<Json<Occupancies>, Problem> {
    let visible = caller.sites(Permission::FiguresRead).narrowed(params.site.as_ref());
    let now = clock::now();
    let mut wanted = Vec::new();
    for gate in app.store.gate_areas().await? {
        if !visible.includes(&gate.site) {
            continue;
        }
        let site = Area { site: gate.site.clone(), gate: None };
        if params.gate.is_none() && !wanted.contains(&site) {
            wanted.push(site);
        }
        if params.gate.is_none() || params.gate == gate.gate {
            wanted.push(gate);
        }
    }
    let mut areas = Vec::with_capacity(wanted.len());
    for area in wanted {
        let inside = app.store.insides(&area, now).await?;
        let before_reset = before_reset(&app.store, &area, &inside, now).await?;
        areas.push(AreaOccupancy {
            site: area.site.to_string(),
            gate: area.gate.as_ref().map(ToString::to_string),
            occupancy: (&inside).into(),
            before_reset: (&before_reset).into(),
        });
    }
    Ok(Json(Occupancies { areas }))
}

async fn before_reset(
    store: &Store,
    area: &Area,
    inside: &[InsideRow; 2],
    now: UtcTime,
) -> Result<[InsideRow; 2], Problem> {
    let reset = projections::inside::minute_start(inside[0].reset.last_minute(now));
    let last_moment = UtcTime::from_unix_micros(reset.as_unix_micros() - 1).unwrap_or(reset);
    Ok(store.insides(area, last_moment).await?)
}

/// What persons said of how many are inside: who, why, when, and what was shown until then. Entered by
/// `gatehouse-hub occupancy correct`; no entry is ever changed.
#[utoipa::path(get, path = "/api/v1/occupancy/corrections", tag = "figures", params(CorrectionParams),
    responses((status = 200, body = Corrections), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn corrections(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<CorrectionParams>,
) -> Result<Json<Corrections>, Problem> {
    let sites = sites(&caller, Permission::FiguresRead, params.site.as_ref());
    let entries = app.store.corrections(&sites, rows(params.limit)?).await?;
    Ok(Json(Corrections { corrections: entries.iter().map(Correction::from).collect() }))
}
