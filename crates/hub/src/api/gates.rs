//! Sites and gates as they stand.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use domain::SiteId;
use projections::GateToday;
use serde::Serialize;
use store::Area;
use utoipa::ToSchema;
use wire::NodeState;

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::params::{GateParams, Params};
use crate::api::problem::Problem;
use crate::api::view::{Gate, Site, Today};
use crate::clock;

/// All sites.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sites {
    /// By name.
    sites: Vec<Site>,
}

/// Gates.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Gates {
    /// By site and name.
    gates: Vec<Gate>,
}

/// Names of sites.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SiteNames {
    /// All that the hub has heard of.
    sites: Vec<String>,
}

/// The names of all sites, for giving roles at them.
#[utoipa::path(get, path = "/api/v1/site-names", tag = "accounts",
    responses((status = 200, body = SiteNames), (status = 503, body = Problem)))]
pub(crate) async fn site_names(State(app): State<App>) -> Result<Json<SiteNames>, Problem> {
    let names = app.store.site_names().await?;
    Ok(Json(SiteNames { sites: names.iter().map(ToString::to_string).collect() }))
}

/// Gates as they stand: today's figures, zones, cameras.
#[utoipa::path(get, path = "/api/v1/gates", tag = "figures", params(GateParams),
    responses((status = 200, body = Gates), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn gates(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<GateParams>,
) -> Result<Json<Gates>, Problem> {
    let visible = caller.sites(Permission::FiguresRead).narrowed(params.site.as_ref());
    let now = clock::now();
    let only = params.site.as_ref().zip(params.gate.as_ref());
    let rows = app.store.gates(only, now).await?;
    let gates = rows
        .iter()
        .filter(|row| visible.includes(&row.site))
        .filter(|row| params.gate.as_ref().is_none_or(|gate| *gate == row.gate))
        .map(|row| Gate::new(row, now));
    Ok(Json(Gates { gates: gates.collect() }))
}

#[derive(Default)]
struct Sum {
    gates: Vec<String>,
    nodes: Vec<String>,
    nodes_online: usize,
    last_at: Option<String>,
    today: GateToday,
}

/// Sites: those that a node was added for or a gate told of.
#[utoipa::path(get, path = "/api/v1/sites", tag = "figures",
    responses((status = 200, body = Sites), (status = 503, body = Problem)))]
pub(crate) async fn sites(State(app): State<App>, caller: Caller) -> Result<Json<Sites>, Problem> {
    let visible = caller.sites(Permission::FiguresRead);
    let now = clock::now();
    let mut sums: BTreeMap<SiteId, Sum> = BTreeMap::new();
    for node in app.store.nodes().await?.into_iter().filter(|node| visible.includes(&node.node.site)) {
        let sum = sums.entry(node.node.site).or_default();
        sum.nodes.push(node.node.node.to_string());
        sum.nodes_online += usize::from(node.status.is_some_and(|status| status.state == NodeState::Online));
    }
    for gate in app.store.gates(None, now).await?.into_iter().filter(|gate| visible.includes(&gate.site)) {
        let sum = sums.entry(gate.site).or_default();
        sum.gates.push(gate.gate.to_string());
        // Equal in length and written alike, moments compare as text.
        sum.last_at = sum.last_at.take().max(Some(gate.last_at.to_string()));
        for (all, one) in [(&mut sum.today.person, gate.today.person), (&mut sum.today.vehicle, gate.today.vehicle)] {
            all.entered += one.entered;
            all.left += one.left;
        }
    }
    let mut sites = Vec::with_capacity(sums.len());
    let areas: Vec<_> = sums.keys().map(|site| Area { site: site.clone(), gate: None }).collect();
    let insides = app.store.insides_of(&areas, now).await?;
    for ((site, sum), inside) in std::iter::zip(sums, insides) {
        sites.push(Site {
            site: site.to_string(),
            gates: sum.gates,
            nodes: sum.nodes,
            nodes_online: sum.nodes_online,
            last_at: sum.last_at,
            today: Today::new(sum.today, &inside),
            occupancy: (&inside).into(),
        });
    }
    Ok(Json(Sites { sites }))
}
