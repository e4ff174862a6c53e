//! Nodes, and what is wrong with them.

use axum::Json;
use axum::extract::State;
use domain::NodeId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::params::{Params, rows, sites};
use crate::api::problem::Problem;
use crate::api::view::{Alarm, Node, Quarantined};

/// All nodes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Nodes {
    /// By site and name.
    nodes: Vec<Node>,
}

/// Alarms.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alarms {
    /// Open ones first, then the newest first.
    alarms: Vec<Alarm>,
}

/// Messages that could not be taken in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Quarantine {
    /// The newest first.
    messages: Vec<Quarantined>,
}

/// Which alarms.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlarmParams {
    /// Only of this node.
    #[param(value_type = Option<String>)]
    node: Option<NodeId>,
    /// At most so many, 1 to 500; 50 where it is not given.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

/// How many.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LimitParams {
    /// At most so many, 1 to 500; 50 where it is not given.
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub(crate) limit: Option<u32>,
}

/// Nodes: how far their chains are complete, what they say of themselves, their cameras.
#[utoipa::path(get, path = "/api/v1/nodes", tag = "nodes",
    responses((status = 200, body = Nodes), (status = 503, body = Problem)))]
pub(crate) async fn nodes(State(app): State<App>, caller: Caller) -> Result<Json<Nodes>, Problem> {
    let visible = caller.sites(Permission::NodesRead);
    let nodes = app.store.nodes().await?;
    let nodes = nodes.iter().filter(|node| visible.includes(&node.node.site)).map(Node::from);
    Ok(Json(Nodes { nodes: nodes.collect() }))
}

/// What needs a person: one row per node and kind.
#[utoipa::path(get, path = "/api/v1/alarms", tag = "nodes", params(AlarmParams),
    responses((status = 200, body = Alarms), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn alarms(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<AlarmParams>,
) -> Result<Json<Alarms>, Problem> {
    let alarms = app
        .store
        .alarms(&sites(&caller, Permission::NodesRead, None), params.node.as_ref(), rows(params.limit)?)
        .await?;
    Ok(Json(Alarms { alarms: alarms.into_iter().map(Alarm::from).collect() }))
}

/// Messages that could not be taken in, without their bytes.
#[utoipa::path(get, path = "/api/v1/quarantine", tag = "nodes", params(LimitParams),
    responses((status = 200, body = Quarantine), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn quarantine(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<LimitParams>,
) -> Result<Json<Quarantine>, Problem> {
    let messages = app.store.quarantine(&sites(&caller, Permission::QuarantineRead, None), rows(params.limit)?).await?;
    Ok(Json(Quarantine { messages: messages.into_iter().map(Quarantined::from).collect() }))
}
