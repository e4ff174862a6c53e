//! NGSI-LD entities for an operations centre.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use domain::SiteId;
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;
use wire::ngsi::{EntityType, MEDIA_TYPE};

use crate::accounts::Permission;
use crate::api::App;
use crate::api::actor::Actor;
use crate::api::params::Params;
use crate::api::problem::Problem;
use crate::clock;
use crate::feeds::ngsi::{Wanted, entities};

/// Most entities of one answer.
const ENTITIES_MAX: u32 = 1_000;

/// Entities of an answer where no limit is given.
const ENTITIES_DEFAULT: u32 = 100;

/// Which entities.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EntityParams {
    /// `CrowdFlowObserved`, `TrafficFlowObserved` or `AnprFlowObserved`.
    #[serde(rename = "type")]
    #[param(rename = "type")]
    kind: String,
    /// Only of this site.
    #[param(value_type = Option<String>)]
    site: Option<SiteId>,
    /// At most so many, 1 to 1000; 100 where it is not given.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
}

/// Entities of NGSI-LD in the normalized form: persons and vehicles at each gate over the last whole quarter of an hour,
/// and plates of the last hour. Plates are told only where the hub's configuration names a legal basis; those of gates
/// without a place in the configuration are left out, because the data model asks for one.
#[utoipa::path(get, path = "/ngsi-ld/v1/entities", tag = "feeds", params(EntityParams),
    responses((status = 200, content_type = "application/ld+json", body = Object), (status = 400, body = Problem),
        (status = 503, body = Problem)))]
pub(crate) async fn ngsi_entities(
    State(app): State<App>,
    actor: Actor,
    Params(params): Params<EntityParams>,
) -> Result<impl IntoResponse, Problem> {
    let kind = EntityType::ALL.into_iter().find(|kind| kind.as_str() == params.kind).ok_or_else(|| {
        let names = EntityType::ALL.map(EntityType::as_str).join(", ");
        let kind: String = params.kind.chars().take(60).collect();
        Problem::bad_request(format!("type: \"{kind}\" is not told here: {names} are accepted"))
    })?;
    let limit = match params.limit.unwrap_or(ENTITIES_DEFAULT) {
        limit @ 1..=ENTITIES_MAX => limit,
        limit => {
            return Err(Problem::bad_request(format!(
                "limit: {limit} is out of range: 1 to {ENTITIES_MAX} is accepted"
            )));
        }
    };
    // Each of these is about one vehicle, told with its plate or without.
    let actor = match kind {
        EntityType::AnprFlowObserved => actor.within(Permission::PlatesRead, kind.as_str())?,
        EntityType::CrowdFlowObserved | EntityType::TrafficFlowObserved => actor,
    };
    let wanted = Wanted { kind, sites: actor.sites(params.site.as_ref()), limit };
    let found: Vec<Value> = entities(&app.store, &app.config, &wanted, clock::now()).await?;
    let text = serde_json::to_string(&found).expect("entities have text keys and no failing parts");
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))], text))
}
