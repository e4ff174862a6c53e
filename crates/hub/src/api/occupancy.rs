//! How many are inside gates and sites, and what was corrected.

use std::collections::{BTreeMap, HashMap};

use axum::Json;
use axum::extract::State;
use domain::{SiteId, UtcTime};
use projections::ResetTime;
use serde::{Deserialize, Serialize};
use store::{Area, InsideRow, Store, StoreError};
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
    let resets = app.store.reset_times_of(&wanted, now).await?;
    let before_reset = before_resets(&app.store, std::iter::zip(&wanted, resets), now);
    // Either adds up a day or a part of one, which is nearly all that it takes.
    let (insides, mut before_reset) = tokio::try_join!(app.store.insides_of(&wanted, now), before_reset)?;
    let areas = std::iter::zip(wanted, &insides).map(|(area, inside)| AreaOccupancy {
        occupancy: inside.into(),
        before_reset: (&before_reset.remove(&area).expect("it was asked for each area")).into(),
        site: area.site.to_string(),
        gate: area.gate.as_ref().map(ToString::to_string),
    });
    Ok(Json(Occupancies { areas: areas.collect() }))
}

/// How many were inside each area in the last moment before its day began.
async fn before_resets(
    store: &Store,
    areas: impl Iterator<Item = (&Area, ResetTime)>,
    now: UtcTime,
) -> Result<HashMap<Area, [InsideRow; 2]>, StoreError> {
    let mut by_moment: BTreeMap<UtcTime, Vec<Area>> = BTreeMap::new();
    for (area, reset) in areas {
        let reset = projections::inside::minute_start(reset.last_minute(now));
        let last_moment = UtcTime::from_unix_micros(reset.as_unix_micros() - 1).unwrap_or(reset);
        by_moment.entry(last_moment).or_default().push(area.clone());
    }
    let mut found = HashMap::new();
    for (moment, areas) in by_moment {
        let rows = store.insides_of(&areas, moment).await?;
        found.extend(std::iter::zip(areas, rows));
    }
    Ok(found)
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
