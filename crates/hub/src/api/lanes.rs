//! Lanes as they stand: what a guard's desk gives orders to.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use store::{LaneContact, LaneRow};
use utoipa::ToSchema;

use crate::api::App;
use crate::api::actor::Actor;
use crate::api::problem::Problem;

/// What a lane's contact says.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Contact {
    /// It is open.
    Open,
    /// It is closed.
    Closed,
    /// There is none, it cannot be read, or nothing was told of it.
    Unknown,
}

/// A lane.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Lane {
    /// The site.
    site: String,
    /// The node.
    node: String,
    /// The lane.
    lane: String,
    /// The gate that it belongs to.
    gate: Option<String>,
    /// Whether it is locked down, by the newest that its node told.
    locked_down: bool,
    /// Whether it is held open.
    held: bool,
    /// Whether a fire opened it.
    fire: bool,
    /// What its contact says.
    contact: Contact,
    /// When its newest decision or happening was.
    at: String,
}

/// Lanes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Lanes {
    /// By site, node and name. A lane of which nothing was told lately is not among them.
    lanes: Vec<Lane>,
    /// Whether this hub can give orders at all: it holds an order key.
    takes_orders: bool,
}

impl From<LaneRow> for Lane {
    fn from(row: LaneRow) -> Self {
        Self {
            site: row.site.to_string(),
            node: row.node.to_string(),
            lane: row.lane.to_string(),
            gate: row.gate.map(|gate| gate.to_string()),
            locked_down: row.is_locked,
            held: row.is_held,
            fire: row.is_burning,
            contact: match row.contact {
                LaneContact::Open => Contact::Open,
                LaneContact::Closed => Contact::Closed,
                LaneContact::Unknown => Contact::Unknown,
            },
            at: row.at.to_string(),
        }
    }
}

/// Lanes as they stand by what their nodes told: decisions and happenings of the last thousands.
#[utoipa::path(get, path = "/api/v1/lanes", tag = "access",
    responses((status = 200, body = Lanes), (status = 503, body = Problem)))]
pub(crate) async fn lanes(State(app): State<App>, actor: Actor) -> Result<Json<Lanes>, Problem> {
    let rows = app.store.lanes(&actor.sites(None)).await?;
    Ok(Json(Lanes { lanes: rows.into_iter().map(Lane::from).collect(), takes_orders: app.guard_post.is_some() }))
}
