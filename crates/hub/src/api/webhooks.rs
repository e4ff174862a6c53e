//! Webhooks: where events are posted to, and what was not taken.

mod delivery;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::SiteId;
use serde::{Deserialize, Serialize};
use store::{DeadLetterRow, WebhookChange, WebhookError, WebhookRow};
use utoipa::{IntoParams, ToSchema};
use wire::Payload;

use crate::accounts::Permission;
use crate::accounts::token::random_hex;
use crate::api::App;
use crate::api::actor::Actor;
use crate::api::body::Body;
use crate::api::lists::is_full;
use crate::api::params::{Params, rows};
use crate::api::problem::{Problem, no_randomness};
use crate::clock;
use crate::feeds::check_url;

pub(crate) use delivery::{
    __path_discard_letter, __path_redeliver_letter, __path_trial, discard_letter, redeliver_letter, trial,
};

/// Most sites that a hook may name.
const SITES_MAX: usize = 1_000;

/// Longest legal basis, in characters.
const LEGAL_BASIS_CHARS_MAX: usize = 500;

/// The JSON Schema of what is posted.
const SCHEMA: &str = include_str!("webhooks/schema.json");

/// A webhook. Its secret is never shown again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Webhook {
    /// Its identity.
    id: String,
    /// The address.
    url: String,
    /// Kinds of events; all where there is none.
    kinds: Vec<String>,
    /// Sites; all where there is none.
    sites: Vec<String>,
    /// What allows to tell plates and names; without it they are left out.
    legal_basis: Option<String>,
    /// Whether it is delivered to.
    active: bool,
    /// The place in the log up to which it has everything.
    cursor: u64,
    /// How often the next event was tried without success.
    attempts: u64,
    /// Why the last attempt failed; empty where it did not.
    last_error: String,
    /// How many events were delivered.
    delivered: u64,
    /// How many were given up and can be delivered again.
    dead_letters: u64,
    /// When it was added.
    created_at: String,
    /// Who added it.
    created_by: String,
}

impl From<&WebhookRow> for Webhook {
    fn from(row: &WebhookRow) -> Self {
        Self {
            id: row.id.clone(),
            url: row.url.clone(),
            kinds: row.kinds.clone(),
            sites: row.sites.iter().map(ToString::to_string).collect(),
            legal_basis: row.legal_basis.clone(),
            active: row.is_active,
            cursor: row.cursor,
            attempts: row.attempts,
            last_error: row.last_error.clone(),
            delivered: row.delivered,
            dead_letters: row.dead,
            created_at: row.created_at.to_string(),
            created_by: row.created_by.clone(),
        }
    }
}

/// A webhook with its secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewWebhook {
    /// The webhook.
    #[serde(flatten)]
    webhook: Webhook,
    /// What deliveries are signed with: HMAC-SHA-256 under these bytes as they are written.
    secret: String,
}

/// All webhooks.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Webhooks {
    /// In the order in which they were added.
    webhooks: Vec<Webhook>,
}

/// What a new webhook is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookAdd {
    /// The address: `https://HOST/PATH`.
    url: String,
    /// Kinds of events, such as `incident_seen`; all where there is none.
    #[serde(default)]
    kinds: Vec<String>,
    /// Sites; all where there is none.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    sites: Vec<SiteId>,
    /// What allows to tell plates and names, such as the agreement's number; without it they are left out.
    legal_basis: Option<String>,
}

/// What of a webhook is changed; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookPatch {
    /// The address.
    url: Option<String>,
    /// Kinds of events.
    kinds: Option<Vec<String>>,
    /// Sites.
    #[schema(value_type = Option<Vec<String>>)]
    sites: Option<Vec<SiteId>>,
    /// What allows to tell plates and names; an empty text takes it away.
    legal_basis: Option<String>,
    /// Whether it is delivered to.
    active: Option<bool>,
    /// Makes a new secret, which the answer shows once.
    #[serde(default)]
    new_secret: bool,
}

/// An event that a webhook did not take.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetter {
    /// Its number.
    id: u64,
    /// Place of the event in the log.
    pos: u64,
    /// Identity of the event.
    event: String,
    /// Kind of the event.
    kind: String,
    /// How often it was tried.
    attempts: u64,
    /// Why the last attempt failed.
    error: String,
    /// When it was given up.
    at: String,
}

impl From<&DeadLetterRow> for DeadLetter {
    fn from(row: &DeadLetterRow) -> Self {
        let DeadLetterRow { id, pos, event, kind, attempts, error, at, .. } = row;
        Self {
            id: *id,
            pos: *pos,
            event: event.clone(),
            kind: kind.clone(),
            attempts: *attempts,
            error: error.clone(),
            at: at.to_string(),
        }
    }
}

/// What a webhook did not take, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetters {
    /// One page.
    dead_letters: Vec<DeadLetter>,
    /// What to give as `before` for the next page; nothing on the last.
    next: Option<u64>,
}

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeadLetterParams {
    /// At most so many, 1 to 500; 50 where it is not given.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// The `next` of the page before.
    before: Option<u64>,
}

fn unknown(id: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("there is no webhook \"{id}\""))
}

impl From<WebhookError> for Problem {
    fn from(error: WebhookError) -> Self {
        match error {
            WebhookError::Unknown(id) => unknown(&id),
            WebhookError::TooMany => Self::new(StatusCode::CONFLICT, error.to_string()),
            WebhookError::Store(error) => error.into(),
        }
    }
}

/// What deliveries are signed with.
fn new_secret_text() -> Result<String, Problem> {
    Ok(format!("whsec_{}", random_hex::<32>().map_err(no_randomness)?))
}

/// What was said of a webhook, as far as it was.
struct Said<'a> {
    url: Option<&'a str>,
    kinds: &'a [String],
    sites: &'a [SiteId],
    legal_basis: Option<&'a str>,
}

fn check(app: &App, actor: &Actor, said: &Said<'_>) -> Result<(), Problem> {
    let &Said { url, kinds, sites, legal_basis } = said;
    if let Some(url) = url {
        check_url(url, app.config.webhooks.reach)
            .map_err(|error| Problem::of("url_refused", StatusCode::BAD_REQUEST, format!("url: {error}")))?;
    }
    if let Some(kind) = kinds.iter().find(|kind| !Payload::KINDS.contains(&kind.as_str())) {
        let kind: String = kind.chars().take(40).collect();
        let known = Payload::KINDS.join(", ");
        return Err(Problem::bad_request(format!("kinds: \"{kind}\" is not known: {known} are accepted")));
    }
    if sites.len() > SITES_MAX {
        return Err(Problem::bad_request(format!("sites: at most {SITES_MAX} are accepted")));
    }
    if let Some(site) = sites.iter().find(|site| !actor.sees(site)) {
        return Err(Problem::new(StatusCode::FORBIDDEN, format!("sites: \"{site}\" is not yours to hand on")));
    }
    if legal_basis.is_some_and(|basis| basis.chars().count() > LEGAL_BASIS_CHARS_MAX) {
        return Err(Problem::bad_request(format!(
            "legal_basis: at most {LEGAL_BASIS_CHARS_MAX} characters are accepted"
        )));
    }
    Ok(())
}

/// Everybody who may hand on only some sites names which.
fn check_all_sites(actor: &Actor, sites: &[SiteId]) -> Result<(), Problem> {
    if sites.is_empty() && !actor.sees_all() {
        return Err(Problem::new(StatusCode::FORBIDDEN, "sites: name the sites that are yours to hand on"));
    }
    Ok(())
}

/// Whoever may not read the plates of a site cannot have them sent somewhere, nor change where they are sent.
fn check_plates(actor: &Actor, legal_basis: Option<&str>, sites: &[SiteId]) -> Result<(), Problem> {
    if legal_basis.is_none_or(|basis| basis.trim().is_empty()) {
        return Ok(());
    }
    let reader = actor.within(Permission::PlatesRead, "legal_basis")?;
    let sees_them = if sites.is_empty() { reader.sees_all() } else { sites.iter().all(|site| reader.sees(site)) };
    if sees_them {
        return Ok(());
    }
    let detail = "legal_basis: only whoever may read the plates of these sites has them handed on";
    Err(Problem::new(StatusCode::FORBIDDEN, detail))
}

/// Webhooks.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "feeds",
    responses((status = 200, body = Webhooks), (status = 503, body = Problem)))]
pub(crate) async fn webhooks(State(app): State<App>, actor: Actor) -> Result<Json<Webhooks>, Problem> {
    let rows = app.store.webhooks().await?;
    let seen = rows.iter().filter(|row| is_his(&actor, row));
    Ok(Json(Webhooks { webhooks: seen.map(Webhook::from).collect() }))
}

/// A hook that hands on sites which somebody may not see is not his.
fn is_his(actor: &Actor, hook: &WebhookRow) -> bool {
    actor.sees_all() || (!hook.sites.is_empty() && hook.sites.iter().all(|site| actor.sees(site)))
}

async fn his(app: &App, actor: &Actor, id: &str) -> Result<WebhookRow, Problem> {
    let hook = app.store.webhook_find(id).await?.filter(|hook| is_his(actor, hook));
    hook.ok_or_else(|| unknown(id))
}

/// Adds a webhook. It gets what comes into the log from now on. The answer shows its secret once.
#[utoipa::path(post, path = "/api/v1/webhooks", tag = "feeds", request_body = WebhookAdd,
    responses((status = 201, body = NewWebhook), (status = 400, body = Problem), (status = 403, body = Problem),
        (status = 409, description = "There are too many", body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn add(
    State(app): State<App>,
    actor: Actor,
    Body(wanted): Body<WebhookAdd>,
) -> Result<impl IntoResponse, Problem> {
    let WebhookAdd { url, kinds, sites, legal_basis } = wanted;
    let said = Said { url: Some(&url), kinds: &kinds, sites: &sites, legal_basis: legal_basis.as_deref() };
    check(&app, &actor, &said)?;
    check_all_sites(&actor, &sites)?;
    check_plates(&actor, legal_basis.as_deref(), &sites)?;
    let now = clock::now();
    let hook = WebhookRow {
        id: random_hex::<8>().map_err(no_randomness)?,
        url,
        secret: new_secret_text()?,
        kinds,
        sites,
        legal_basis: legal_basis.filter(|basis| !basis.trim().is_empty()),
        is_active: true,
        cursor: app.store.event_last_pos().await?,
        attempts: 0,
        next_at: now,
        last_error: String::new(),
        delivered: 0,
        created_at: now,
        created_by: actor.name(),
        dead: 0,
    };
    app.store.webhook_insert(&hook).await?;
    let new = NewWebhook { webhook: (&hook).into(), secret: hook.secret };
    Ok((StatusCode::CREATED, Json(new)))
}

/// One webhook.
#[utoipa::path(get, path = "/api/v1/webhooks/{id}", tag = "feeds",
    params(("id" = String, Path, description = "The webhook")),
    responses((status = 200, body = Webhook), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn webhook(
    State(app): State<App>,
    Path(id): Path<String>,
    actor: Actor,
) -> Result<Json<Webhook>, Problem> {
    Ok(Json((&his(&app, &actor, &id).await?).into()))
}

/// Changes a webhook; what it did not take is tried again at once. The answer shows a new secret once.
#[utoipa::path(patch, path = "/api/v1/webhooks/{id}", tag = "feeds", request_body = WebhookPatch,
    params(("id" = String, Path, description = "The webhook")),
    responses((status = 200, body = Object), (status = 400, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn change(
    State(app): State<App>,
    Path(id): Path<String>,
    actor: Actor,
    Body(wanted): Body<WebhookPatch>,
) -> Result<Response, Problem> {
    let held = his(&app, &actor, &id).await?;
    let WebhookPatch { url, kinds, sites, legal_basis, active, new_secret } = wanted;
    let said = Said {
        url: url.as_deref(),
        kinds: kinds.as_deref().unwrap_or_default(),
        sites: sites.as_deref().unwrap_or_default(),
        legal_basis: legal_basis.as_deref(),
    };
    check(&app, &actor, &said)?;
    if let Some(sites) = &sites {
        check_all_sites(&actor, sites)?;
    }
    let basis = legal_basis.as_deref().or(held.legal_basis.as_deref());
    check_plates(&actor, basis, sites.as_deref().unwrap_or(&held.sites))?;
    let secret = new_secret.then(new_secret_text).transpose()?;
    let change = WebhookChange { url, secret: secret.clone(), kinds, sites, legal_basis, is_active: active };
    let row = app.store.webhook_change(&id, &change).await?;
    app.feeds.wake();
    let webhook = Webhook::from(&row);
    Ok(match secret {
        Some(secret) => Json(NewWebhook { webhook, secret }).into_response(),
        None => Json(webhook).into_response(),
    })
}

/// Forgets a webhook and what it did not take.
#[utoipa::path(delete, path = "/api/v1/webhooks/{id}", operation_id = "webhook_remove", tag = "feeds",
    params(("id" = String, Path, description = "The webhook")),
    responses((status = 204), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn remove(
    State(app): State<App>,
    Path(id): Path<String>,
    actor: Actor,
) -> Result<StatusCode, Problem> {
    his(&app, &actor, &id).await?;
    app.store.webhook_delete(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Events that a webhook did not take, newest first.
#[utoipa::path(get, path = "/api/v1/webhooks/{id}/dead-letters", tag = "feeds",
    params(("id" = String, Path, description = "The webhook"), DeadLetterParams),
    responses((status = 200, body = DeadLetters), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn dead_letters(
    State(app): State<App>,
    Path(id): Path<String>,
    actor: Actor,
    Params(params): Params<DeadLetterParams>,
) -> Result<Json<DeadLetters>, Problem> {
    his(&app, &actor, &id).await?;
    let limit = rows(params.limit)?;
    let found = app.store.dead_letters(&id, params.before, limit).await?;
    let next = found.last().filter(|_| is_full(found.len(), limit)).map(|letter| letter.id);
    Ok(Json(DeadLetters { dead_letters: found.iter().map(DeadLetter::from).collect(), next }))
}

/// The JSON Schema of what is posted to webhooks.
#[utoipa::path(get, path = "/api/v1/webhooks/schema", tag = "feeds",
    responses((status = 200, description = "JSON Schema 2020-12", content_type = "application/schema+json", body = Object)))]
pub(crate) async fn schema() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/schema+json"))], SCHEMA)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use wire::webhook::WebhookBody;

    use super::*;

    /// Every member of a body is described, and nothing else is.
    #[test]
    fn the_schema_describes_the_body() {
        let schema: Value = serde_json::from_str(SCHEMA).expect("it is JSON");
        let body = WebhookBody {
            v: 1,
            id: "019a9b3e-7c00-7000-8000-000000000001".to_owned(),
            kind: "passed".to_owned(),
            site: SiteId::new("s1").expect("a slug"),
            node: domain::NodeId::new("n1").expect("a slug"),
            pos: 1,
            at: domain::UtcTime::UNIX_EPOCH,
            redacted: true,
            data: None,
        };
        let body = serde_json::to_value(&body).expect("it is JSON");
        let described = schema["properties"].as_object().expect("properties");
        let members = body.as_object().expect("members");
        assert_eq!(described.keys().collect::<Vec<_>>(), members.keys().collect::<Vec<_>>());
        let required = schema["required"].as_array().expect("required");
        assert_eq!(required.len(), members.len());
        let kinds: Vec<_> = schema["properties"]["kind"]["examples"].as_array().expect("examples").iter().collect();
        assert_eq!(kinds, Payload::KINDS.iter().collect::<Vec<_>>());
    }
}
