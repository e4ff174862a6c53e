//! Where sites and gates are: coordinates of sites, plans that somebody brings, gates on them and how many may be behind them.

mod plan;

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::{GateId, SiteId};
use serde::{Deserialize, Serialize};
use store::{GatePlace, SitePlan};
use utoipa::ToSchema;

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::body::Body;
use crate::api::policies::site_seen;
use crate::api::problem::Problem;
use crate::clock;

pub(crate) use plan::{__path_plan, __path_plan_delete, __path_plan_put, plan, plan_delete, plan_put};

/// Most gates that are placed at one site.
const GATES_MAX: usize = 500;

/// Highest limit of a gate.
const LIMIT_MAX: u64 = 1_000_000;

/// Where a site lies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Coordinates {
    /// Degrees north of the equator, -90 to 90.
    latitude: f64,
    /// Degrees east of Greenwich, -180 to 180.
    longitude: f64,
}

/// A picture of a site.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Plan {
    /// Where to get it; another picture has another address.
    url: String,
    /// What it is.
    media_type: String,
    /// Its width.
    width_px: u64,
    /// Its height.
    height_px: u64,
    /// When it was last changed.
    changed_at: String,
    /// By whom.
    changed_by: String,
}

/// Where a gate stands on its site's plan, and how many may be behind it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlacedGate {
    /// The gate.
    #[schema(value_type = String)]
    gate: GateId,
    /// From the plan's left edge, as a share of its width, 0 to 1; nothing where it is not on the plan.
    x: Option<f64>,
    /// From the plan's upper edge, as a share of its height, 0 to 1.
    y: Option<f64>,
    /// Most persons that may be inside by this gate.
    person_max: Option<u64>,
    /// Most vehicles that may be inside by this gate.
    vehicle_max: Option<u64>,
}

/// A site on the map.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlacedSite {
    /// The site.
    site: String,
    /// Where it lies; nothing where nobody said.
    at: Option<Coordinates>,
    /// Its plan; nothing where nobody brought one.
    plan: Option<Plan>,
    /// Its gates of which somebody said anything.
    gates: Vec<PlacedGate>,
}

/// Sites on the map.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Places {
    /// By name; those of which somebody said anything.
    sites: Vec<PlacedSite>,
}

/// Where a site lies from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaceSet {
    /// Its coordinates; nothing takes it off the map.
    at: Option<Coordinates>,
}

/// Where gates stand from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GatesSet {
    /// All that is said of the site's gates; what is left out is forgotten.
    gates: Vec<PlacedGate>,
}

impl From<&SitePlan> for Plan {
    fn from(plan: &SitePlan) -> Self {
        Self {
            url: format!("/api/v1/sites/{}/plan?v={}", plan.site, &plan.sha256[..16.min(plan.sha256.len())]),
            media_type: plan.media_type.clone(),
            width_px: plan.width_px,
            height_px: plan.height_px,
            changed_at: plan.changed_at.to_string(),
            changed_by: plan.changed_by.clone(),
        }
    }
}

/// Where sites and gates are, as far as somebody said.
#[utoipa::path(get, path = "/api/v1/places", tag = "figures",
    responses((status = 200, body = Places), (status = 503, body = Problem)))]
pub(crate) async fn places(State(app): State<App>, caller: Caller) -> Result<Json<Places>, Problem> {
    let visible = caller.sites(Permission::FiguresRead);
    let mut sites: BTreeMap<SiteId, PlacedSite> = BTreeMap::new();
    fn of<'a>(sites: &'a mut BTreeMap<SiteId, PlacedSite>, site: &SiteId) -> &'a mut PlacedSite {
        let empty = || PlacedSite { site: site.to_string(), at: None, plan: None, gates: Vec::new() };
        sites.entry(site.clone()).or_insert_with(empty)
    }
    for place in app.store.site_places().await?.into_iter().filter(|place| visible.includes(&place.site)) {
        let at = Coordinates { latitude: place.latitude, longitude: place.longitude };
        of(&mut sites, &place.site).at = Some(at);
    }
    for plan in app.store.site_plans().await?.iter().filter(|plan| visible.includes(&plan.site)) {
        of(&mut sites, &plan.site).plan = Some(plan.into());
    }
    for (site, place) in app.store.gate_places().await?.into_iter().filter(|(site, _)| visible.includes(site)) {
        let GatePlace { gate, at, person_max, vehicle_max } = place;
        let (x, y) = at.unzip();
        of(&mut sites, &site).gates.push(PlacedGate { gate, x, y, person_max, vehicle_max });
    }
    Ok(Json(Places { sites: sites.into_values().collect() }))
}

/// Says where a site lies.
#[utoipa::path(put, path = "/api/v1/sites/{site}/place", tag = "figures", request_body = PlaceSet,
    params(("site" = String, Path, description = "The site")),
    responses((status = 204), (status = 400, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn place_put(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Body(PlaceSet { at }): Body<PlaceSet>,
) -> Result<StatusCode, Problem> {
    let site = site_seen(&caller, Permission::NodesWrite, &name)?;
    if let Some(Coordinates { latitude, longitude }) = at {
        for (field, value, most) in [("latitude", latitude, 90.0), ("longitude", longitude, 180.0)] {
            if !(-most..=most).contains(&value) {
                return Err(Problem::bad_request(format!(
                    "at.{field}: {value} is out of range: -{most} to {most} is accepted"
                )));
            }
        }
    }
    let at = at.map(|at| (at.latitude, at.longitude));
    app.store.site_place_set(&site, at, caller.name(), clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says where the gates of a site stand on its plan, and how many may be behind each.
#[utoipa::path(put, path = "/api/v1/sites/{site}/plan/gates", tag = "figures", request_body = GatesSet,
    params(("site" = String, Path, description = "The site")),
    responses((status = 204), (status = 400, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn gates_put(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Body(GatesSet { gates }): Body<GatesSet>,
) -> Result<StatusCode, Problem> {
    let site = site_seen(&caller, Permission::NodesWrite, &name)?;
    if gates.len() > GATES_MAX {
        return Err(Problem::bad_request(format!("gates: at most {GATES_MAX} are accepted")));
    }
    let mut seen = BTreeSet::new();
    let mut placed = Vec::with_capacity(gates.len());
    for (place, gate) in gates.into_iter().enumerate() {
        let wrong = |what: &str| Err(Problem::bad_request(format!("gates[{place}].{what}")));
        let share = |value: Option<f64>| value.is_none_or(|value| (0.0..=1.0).contains(&value));
        let limit = |value: Option<u64>| value.is_none_or(|value| (1..=LIMIT_MAX).contains(&value));
        if !share(gate.x) || !share(gate.y) {
            return wrong("x, y: shares of the plan's width and height from 0 to 1 are accepted");
        }
        if gate.x.is_some() != gate.y.is_some() {
            return wrong("x, y: both are given, or neither");
        }
        if !limit(gate.person_max) || !limit(gate.vehicle_max) {
            return wrong(&format!("person_max, vehicle_max: 1 to {LIMIT_MAX} is accepted"));
        }
        if !seen.insert(gate.gate.clone()) {
            return wrong(&format!("gate: \"{}\" is given twice", gate.gate));
        }
        let PlacedGate { gate, x, y, person_max, vehicle_max } = gate;
        placed.push(GatePlace { gate, at: x.zip(y), person_max, vehicle_max });
    }
    app.store.gate_places_set(&site, &placed).await?;
    Ok(StatusCode::NO_CONTENT)
}
