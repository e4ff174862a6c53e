//! Holds: events whose rows and media are kept although their time is over.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::SiteId;
use serde::{Deserialize, Serialize};
use store::{HOLD_EVENTS_MAX, HoldEnd, HoldRow, NewHold};
use utoipa::{IntoParams, ToSchema};
use wire::EventId;

use crate::accounts::token::random_hex;
use crate::api::App;
use crate::api::actor::Actor;
use crate::api::body::Body;
use crate::api::params::{Params, rows};
use crate::api::problem::{Problem, no_randomness};
use crate::clock;

/// Longest reason and name of a case, in characters.
const TEXT_CHARS_MAX: usize = 200;

/// Bytes of a hold's identity.
const ID_BYTES: usize = 8;

/// A hold.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Hold {
    /// Its identity.
    id: String,
    /// The site of its events.
    site: String,
    /// The case that they belong to.
    case: Option<String>,
    /// Identities of the events.
    events: Vec<String>,
    /// Why.
    reason: String,
    /// Who set it.
    set_by: String,
    /// When.
    set_at: String,
    /// Who released it; nothing while it holds.
    released_by: Option<String>,
    /// When.
    released_at: Option<String>,
    /// Why.
    release_reason: Option<String>,
}

/// Holds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Holds {
    /// The newest first.
    holds: Vec<Hold>,
}

/// A hold to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedHold {
    /// The case that the events belong to, by its number or name, up to 200 characters.
    case: Option<String>,
    /// Identities of 1 to 500 events, all of one site.
    events: Vec<String>,
    /// Why, 1 to 200 characters.
    reason: String,
}

/// Which holds.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HoldParams {
    /// Only of this site.
    #[param(value_type = Option<String>)]
    site: Option<SiteId>,
    /// Also those that were released.
    released: Option<bool>,
    /// At most so many, 1 to 500; 50 where it is not given.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

/// Why a hold ends.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReleaseParams {
    /// Why, 1 to 200 characters.
    reason: String,
}

impl From<HoldRow> for Hold {
    fn from(HoldRow { hold, ended }: HoldRow) -> Self {
        let (released_by, released_at, release_reason) = match ended {
            Some(end) => (Some(end.by), Some(end.at.to_string()), Some(end.reason)),
            None => (None, None, None),
        };
        Self {
            id: hold.id,
            site: hold.site.to_string(),
            case: hold.case,
            events: hold.events,
            reason: hold.reason,
            set_by: hold.by,
            set_at: hold.at.to_string(),
            released_by,
            released_at,
            release_reason,
        }
    }
}

fn text(field: &str, given: &str) -> Result<String, Problem> {
    let given = given.trim();
    let letters = given.chars().count();
    if letters == 0 || letters > TEXT_CHARS_MAX || given.chars().any(char::is_control) {
        let detail = format!("{field}: 1 to {TEXT_CHARS_MAX} characters on one line are accepted");
        return Err(Problem::bad_request(detail));
    }
    Ok(given.to_owned())
}

/// What is kept although its time is over, the newest hold first.
#[utoipa::path(get, path = "/api/v1/holds", tag = "retention", params(HoldParams),
    responses((status = 200, body = Holds), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn holds(
    State(app): State<App>,
    actor: Actor,
    Params(params): Params<HoldParams>,
) -> Result<Json<Holds>, Problem> {
    let active = (!params.released.unwrap_or(false)).then(clock::now);
    let found = app.store.holds(&actor.sites(params.site.as_ref()), active, rows(params.limit)?).await?;
    Ok(Json(Holds { holds: found.into_iter().map(Hold::from).collect() }))
}

/// Sets a hold: from now on nothing of these events is deleted.
#[utoipa::path(post, path = "/api/v1/holds", tag = "retention", request_body = WantedHold,
    responses(
        (status = 201, body = Hold),
        (status = 400, body = Problem),
        (status = 404, description = "An event is not there", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn hold(
    State(app): State<App>,
    actor: Actor,
    Body(wanted): Body<WantedHold>,
) -> Result<(StatusCode, Json<Hold>), Problem> {
    let reason = text("reason", &wanted.reason)?;
    let case = wanted.case.as_deref().map(|case| text("case", case)).transpose()?;
    if wanted.events.is_empty() || wanted.events.len() > HOLD_EVENTS_MAX {
        return Err(Problem::bad_request(format!("events: 1 to {HOLD_EVENTS_MAX} identities of events are accepted")));
    }
    let mut sites: Vec<SiteId> = Vec::new();
    let mut events = Vec::with_capacity(wanted.events.len());
    for id in wanted.events {
        let read: EventId = serde_json::from_value(id.as_str().into())
            .map_err(|_| Problem::bad_request(format!("events: \"{id}\" is no identity of an event, a UUID")))?;
        // Of a site that he may not see there is nothing to be told, not even that it is there.
        let found = app.store.event_find(read).await?.filter(|event| actor.sees(&event.site));
        let event = found.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, format!("there is no event {read}")))?;
        if !sites.contains(&event.site) {
            sites.push(event.site);
        }
        events.push(read.to_string());
    }
    let [site] = <[SiteId; 1]>::try_from(sites)
        .map_err(|_| Problem::bad_request("events: they are of several sites: set a hold for each site"))?;
    events.sort();
    events.dedup();
    let id = random_hex::<ID_BYTES>().map_err(no_randomness)?;
    let new = NewHold { id, site, case, events, reason, by: actor.name(), at: clock::now() };
    app.store.hold_insert(&new).await?;
    Ok((StatusCode::CREATED, Json(HoldRow { hold: new, ended: None }.into())))
}

/// Releases a hold: what is too old is deleted at the next look.
#[utoipa::path(delete, path = "/api/v1/holds/{id}", tag = "retention",
    params(("id" = String, Path, description = "The hold"), ReleaseParams),
    responses(
        (status = 200, body = Hold),
        (status = 400, body = Problem),
        (status = 404, description = "There is none, or it was released before", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn release(
    State(app): State<App>,
    actor: Actor,
    Path(id): Path<String>,
    Params(params): Params<ReleaseParams>,
) -> Result<Json<Hold>, Problem> {
    let reason = text("reason", &params.reason)?;
    let unknown = || Problem::new(StatusCode::NOT_FOUND, format!("there is no hold \"{id}\" that holds"));
    let found = app.store.hold_get(&id).await?.filter(|found| actor.sees(&found.hold.site));
    found.ok_or_else(unknown)?;
    let end = HoldEnd { at: clock::now(), by: actor.name(), reason };
    Ok(Json(app.store.hold_release(&id, &end).await?.ok_or_else(unknown)?.into()))
}
