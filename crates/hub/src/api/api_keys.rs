//! Keys for programs.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::UtcTime;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::Grant;
use crate::accounts::make::{NewKey, api_key_make};
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::access::empty;
use crate::api::accounts::{by, grants_read, refused};
use crate::api::body::Body;
use crate::api::nodes::LimitParams;
use crate::api::params::{Params, rows};
use crate::api::problem::Problem;
use crate::api::view::ApiKey;
use crate::clock;

/// Keys.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiKeys {
    /// The newest first, those that were taken back among them.
    api_keys: Vec<ApiKey>,
}

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiKeyMade {
    /// What it is for.
    name: String,
    /// What it may be, and where. Not security_admin.
    grants: Vec<Grant>,
    /// When it ends by itself; never where it is not given.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<UtcTime>,
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewApiKey {
    /// The whole key, shown once: `Authorization: Bearer gh_…`.
    key: String,
    /// What is kept of it.
    api_key: ApiKey,
}

/// Keys for programs, without their secrets.
#[utoipa::path(get, path = "/api/v1/api-keys", tag = "accounts", params(LimitParams),
    responses((status = 200, body = ApiKeys), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn api_keys(
    State(app): State<App>,
    Params(params): Params<LimitParams>,
) -> Result<Json<ApiKeys>, Problem> {
    let rows = app.store.api_keys(rows(params.limit)?).await?;
    Ok(Json(ApiKeys { api_keys: rows.iter().map(ApiKey::from).collect() }))
}

/// Makes a key for a program. The answer is the only place where the whole key ever stands.
#[utoipa::path(post, path = "/api/v1/api-keys", tag = "accounts", request_body = ApiKeyMade,
    params(("idempotency-key" = Option<String>, Header, description = "The same write sent again is done once")),
    responses(
        (status = 201, description = "It is made", body = NewApiKey),
        (status = 400, body = Problem),
        (status = 409, description = "roles_conflict", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn api_key_add(
    State(app): State<App>,
    caller: Caller,
    Body(made): Body<ApiKeyMade>,
) -> Result<(StatusCode, Json<NewApiKey>), Problem> {
    let new = NewKey { name: made.name, grants: grants_read(made.grants)?, expires_at: made.expires_at };
    let (key, row) = api_key_make(&app.store, new, &by(&caller)).await.map_err(refused)?;
    Ok((StatusCode::CREATED, Json(NewApiKey { key: key.reveal(), api_key: ApiKey::from(&row) })))
}

/// Takes a key back, for good.
#[utoipa::path(delete, path = "/api/v1/api-keys/{id}", tag = "accounts",
    params(("id" = String, Path, description = "The part of the key that names it")),
    responses(
        (status = 204, description = "It opens nothing any more"),
        (status = 404, description = "No such key that holds", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn api_key_remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let now = clock::now();
    let entry = caller.entry(now, "api_key.revoked", &id);
    if app.store.api_key_revoke(&id, now, &entry).await? {
        return Ok(empty(StatusCode::NO_CONTENT));
    }
    Err(Problem::new(StatusCode::NOT_FOUND, format!("there is no key \"{id}\" that holds")))
}
