//! Accounts: made and changed by a security administrator, and each by its owner as far as it is his own.

mod second_factor;
mod unlock;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use store::{AccountError, AccountRow};
use utoipa::{IntoParams, ToSchema};

use crate::accounts::make::{
    By, DISPLAY_NAME_CHARS_MAX, Knower, MakeError, NewAccount, Order, account_make, grants_of, language_read,
    password_set, rows_of, text_read,
};
use crate::accounts::principal::Caller;
use crate::accounts::reception::SignInError;
use crate::accounts::role::conflict;
use crate::accounts::{Grant, Grants, Permission, Role};
use crate::api::App;
use crate::api::access::{broken, empty};
use crate::api::body::Body;
use crate::api::params::{Params, rows};
use crate::api::problem::Problem;
use crate::api::session::vietnamese;
use crate::api::view::{Account, OpenedSession};
use crate::broker::Secret;
use crate::clock;

pub(crate) use second_factor::{__path_totp_remove, __path_totp_set, totp_remove, totp_set};
pub(crate) use unlock::{__path_account_unlock, account_unlock};

/// Which accounts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AccountParams {
    /// The `next` of the page before.
    after: Option<String>,
    /// At most so many, 1 to 500; 50 where it is not given.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

/// Accounts, by name.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accounts {
    /// One page.
    accounts: Vec<Account>,
    /// What to give as `after` for the next page; nothing on the last.
    next: Option<String>,
}

/// An account to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountMade {
    /// Name to sign in with: 2 to 64 of a-z, 0-9, '.', '-', '_' and '@'.
    name: String,
    /// Name for people.
    #[serde(default)]
    display_name: String,
    /// Language of the pages: `vi` (where it is not given) or `en`.
    #[serde(default = "vietnamese")]
    language: String,
    /// The first password, which its owner has to change; without one it cannot sign in until one is
    /// set.
    #[serde(default)]
    #[schema(format = Password)]
    password: Option<String>,
    /// What it may be, and where.
    grants: Vec<Grant>,
}

/// What is to be changed of an account; what is not named stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountChanged {
    /// Name for people.
    display_name: Option<String>,
    /// Language of the pages: `vi` or `en`.
    language: Option<String>,
    /// What it may be, and where: all of it. Not by its owner.
    grants: Option<Vec<Grant>>,
    /// Whether it may sign in. Not by its owner.
    enabled: Option<bool>,
}

/// A password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordSet {
    /// The new one.
    #[schema(format = Password)]
    password: String,
    /// The present one, where the owner sets it.
    #[serde(default)]
    #[schema(format = Password)]
    current: Option<String>,
}

/// Open sessions of an account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sessions {
    /// The one that was heard last first.
    sessions: Vec<OpenedSession>,
}

pub(crate) fn refused(error: MakeError) -> Problem {
    match error {
        MakeError::Account(AccountError::NameTaken(_)) => {
            Problem::of("name_taken", StatusCode::CONFLICT, error.to_string())
        }
        MakeError::Account(AccountError::Stale) => {
            Problem::of("changed_meanwhile", StatusCode::PRECONDITION_FAILED, error.to_string())
        }
        MakeError::Account(AccountError::Last(_)) => {
            Problem::of("last_account", StatusCode::CONFLICT, error.to_string())
        }
        MakeError::Account(AccountError::NotFirst | AccountError::Full) => {
            Problem::new(StatusCode::CONFLICT, error.to_string())
        }
        MakeError::Account(AccountError::Store(error)) | MakeError::Store(error) => error.into(),
        MakeError::Password(_) => Problem::of("password_refused", StatusCode::BAD_REQUEST, error.to_string()),
        MakeError::Elsewhere => Problem::of("signs_in_elsewhere", StatusCode::CONFLICT, error.to_string()),
        MakeError::Conflict(_) => Problem::of("roles_conflict", StatusCode::CONFLICT, error.to_string()),
        MakeError::Hash(_) | MakeError::Random(_) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "an account cannot be written");
            Problem::later("the account cannot be written at the moment")
        }
        MakeError::Name(_)
        | MakeError::Text { .. }
        | MakeError::Language(_)
        | MakeError::KeyRole(_)
        | MakeError::NoRoles
        | MakeError::Over(_) => Problem::bad_request(error.to_string()),
    }
}

pub(crate) fn grants_read(grants: Vec<Grant>) -> Result<Grants, Problem> {
    Grants::new(grants).map_err(|error| Problem::bad_request(format!("grants: {error}")))
}

pub(crate) fn by(caller: &Caller) -> By {
    By { actor: caller.actor(), address: caller.address().to_string() }
}

async fn read(app: &App, id: &str) -> Result<AccountRow, Problem> {
    let missing = || Problem::new(StatusCode::NOT_FOUND, format!("there is no account \"{id}\""));
    app.store.account_get(id).await?.ok_or_else(missing)
}

async fn view(app: &App, row: &AccountRow) -> Result<Account, Problem> {
    let locked_until = app.reception.locked_until(&row.name, clock::now()).await?;
    // Roles that cannot be read give nothing, and show as none.
    Ok(Account::new(row, grants_of(row).unwrap_or_default().written(), locked_until))
}

/// An account with its version as `ETag`.
async fn shown(app: &App, status: StatusCode, row: &AccountRow) -> Result<Response, Problem> {
    let mut response = (status, Json(view(app, row).await?)).into_response();
    let etag = HeaderValue::try_from(format!("\"{}\"", row.version)).expect("digits in quotes");
    response.headers_mut().insert(header::ETAG, etag);
    Ok(response)
}

/// Refuses a change that was made for an older version.
fn check_match(headers: &HeaderMap, row: &AccountRow) -> Result<(), Problem> {
    let Some(wanted) = headers.get(header::IF_MATCH) else { return Ok(()) };
    let etag = format!("\"{}\"", row.version);
    let is_same =
        wanted.to_str().is_ok_and(|text| text.split(',').any(|tag| [etag.as_str(), "*"].contains(&tag.trim())));
    if is_same { Ok(()) } else { Err(refused(AccountError::Stale.into())) }
}

/// Accounts, by name.
#[utoipa::path(get, path = "/api/v1/accounts", tag = "accounts", params(AccountParams),
    responses((status = 200, body = Accounts), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn accounts(
    State(app): State<App>,
    Params(params): Params<AccountParams>,
) -> Result<Json<Accounts>, Problem> {
    let limit = rows(params.limit)?;
    let rows = app.store.accounts(params.after.as_deref().unwrap_or(""), limit).await?;
    let next = rows.last().filter(|_| u32::try_from(rows.len()).is_ok_and(|rows| rows == limit));
    let next = next.map(|row| row.name.clone());
    let mut accounts = Vec::with_capacity(rows.len());
    for row in &rows {
        accounts.push(view(&app, row).await?);
    }
    Ok(Json(Accounts { accounts, next }))
}

/// Makes an account. Its owner has to change the password before anything else.
#[utoipa::path(post, path = "/api/v1/accounts", tag = "accounts", request_body = AccountMade,
    params(("idempotency-key" = Option<String>, Header, description = "The same write sent again is done once")),
    responses(
        (status = 201, description = "It is made", body = Account),
        (status = 400, description = "Also password_refused", body = Problem),
        (status = 409, description = "name_taken, or roles_conflict", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn account_add(
    State(app): State<App>,
    caller: Caller,
    Body(made): Body<AccountMade>,
) -> Result<Response, Problem> {
    let new = NewAccount {
        name: made.name,
        display_name: made.display_name,
        language: made.language,
        must_change_password: made.password.is_some(),
        password: made.password.map(Secret::new),
        external_id: None,
        grants: grants_read(made.grants)?,
    };
    let row = account_make(&app.store, new, Order::Later, &by(&caller)).await.map_err(refused)?;
    let mut response = shown(&app, StatusCode::CREATED, &row).await?;
    let location = HeaderValue::try_from(format!("/api/v1/accounts/{}", row.id)).expect("digits 0-9 a-f");
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

/// One account.
#[utoipa::path(get, path = "/api/v1/accounts/{id}", tag = "accounts",
    params(("id" = String, Path, description = "Id of the account")),
    responses((status = 200, body = Account), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn account(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    shown(&app, StatusCode::OK, &read(&app, &id).await?).await
}

/// Changes an account; its sessions end where it loses a role or may not sign in any more.
#[utoipa::path(patch, path = "/api/v1/accounts/{id}", tag = "accounts", request_body = AccountChanged,
    params(
        ("id" = String, Path, description = "Id of the account"),
        ("if-match" = Option<String>, Header, description = "The `ETag` of the account that was read"),
    ),
    responses(
        (status = 200, body = Account),
        (status = 400, body = Problem),
        (status = 403, description = "own_account: nobody changes what he himself may do", body = Problem),
        (status = 404, body = Problem),
        (status = 409, description = "last_account, or roles_conflict", body = Problem),
        (status = 412, description = "changed_meanwhile", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn account_change(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    Body(change): Body<AccountChanged>,
) -> Result<Response, Problem> {
    let mut row = read(&app, &id).await?;
    check_match(&headers, &row)?;
    let mut what = Vec::new();
    if let Some(name) = change.display_name {
        row.display_name = text_read("display_name", &name, DISPLAY_NAME_CHARS_MAX).map_err(refused)?;
        what.push("display_name".to_owned());
    }
    if let Some(language) = change.language {
        row.language = language_read(&language).map_err(refused)?;
        what.push("language".to_owned());
    }
    let is_about_rights = change.grants.is_some() || change.enabled.is_some();
    if is_about_rights && (caller.is_account(&id) || !caller.may(Permission::AccountsWrite)) {
        let detail = "nobody changes what he himself may do: another security administrator does";
        return Err(Problem::of("own_account", StatusCode::FORBIDDEN, detail));
    }
    if let Some(grants) = change.grants {
        let grants = grants_read(grants)?;
        let before = grants_of(&row).unwrap_or_default().roles();
        // The first account of a hub holds two roles that nobody else is given together; it may keep them.
        if let Some(reason) = conflict(&grants.roles()).filter(|_| grants.roles() != before) {
            return Err(refused(MakeError::Conflict(reason)));
        }
        row.roles = rows_of(&grants);
        what.push(format!("grants {}", serde_json::to_string(&grants.written()).unwrap_or_default()));
    }
    if let Some(enabled) = change.enabled {
        row.disabled_at = (!enabled).then(|| row.disabled_at.unwrap_or_else(clock::now));
        what.push(if enabled { "enabled".to_owned() } else { "disabled".to_owned() });
    }
    let entry = caller.entry(clock::now(), "account.changed", format!("{} {} {}", row.id, row.name, what.join(", ")));
    let updated = app.store.account_update(&row, Role::SecurityAdmin.as_str(), &entry).await;
    row.version = updated.map_err(|error| refused(error.into()))?;
    if is_about_rights {
        app.store.sessions_end(&row.id, None).await?;
    }
    shown(&app, StatusCode::OK, &row).await
}

/// Sets a password and ends the account's other sessions. The owner gives the present one as well; where somebody else sets
/// it, the owner has to set another before anything else.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/password", tag = "accounts", request_body = PasswordSet,
    params(("id" = String, Path, description = "Id of the account")),
    responses(
        (status = 204, description = "It is set"),
        (status = 400, description = "Also password_refused", body = Problem),
        (status = 403, description = "password_wrong or locked: the present one is not right", body = Problem),
        (status = 404, body = Problem),
        (status = 409, description = "signs_in_elsewhere: it has no password here", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn account_password(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(set): Body<PasswordSet>,
) -> Result<Response, Problem> {
    let row = read(&app, &id).await?;
    let (knower, except) = match caller.session().filter(|session| session.account.id == id) {
        None => (Knower::Others, None),
        Some(session) => {
            let current = Secret::new(set.current.unwrap_or_default());
            let proved = app.reception.prove(&row.name, Some(&row), current, caller.address()).await;
            proved.map_err(|error| match &error {
                SignInError::Locked(wait) => {
                    Problem::of("locked", StatusCode::FORBIDDEN, error.to_string()).after(*wait)
                }
                SignInError::Failed(failure) => broken(failure),
                SignInError::PasswordWrong
                | SignInError::TotpNeeded
                | SignInError::TotpWrong
                | SignInError::Disabled => {
                    Problem::of("password_wrong", StatusCode::FORBIDDEN, "current: this is not the present password")
                }
            })?;
            (Knower::Owner, Some(session.token.kept()))
        }
    };
    let password = Secret::new(set.password);
    let set = password_set(&app.store, row, password, knower, except.as_deref(), &by(&caller)).await;
    set.map_err(refused)?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// Open sessions of an account.
#[utoipa::path(get, path = "/api/v1/accounts/{id}/sessions", tag = "accounts",
    params(("id" = String, Path, description = "Id of the account")),
    responses((status = 200, body = Sessions), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn account_sessions(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Sessions>, Problem> {
    read(&app, &id).await?;
    let rows = app.store.sessions_of(&id).await?;
    Ok(Json(Sessions { sessions: rows.iter().map(|row| OpenedSession::new(row, &caller)).collect() }))
}

/// Ends the sessions of an account; of one's own account all but the one that asks.
#[utoipa::path(delete, path = "/api/v1/accounts/{id}/sessions", tag = "accounts",
    params(("id" = String, Path, description = "Id of the account")),
    responses((status = 204, description = "They are ended"), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn account_sessions_end(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let row = read(&app, &id).await?;
    let own = caller.session().filter(|session| session.account.id == id).map(|session| session.token.kept());
    app.store.sessions_end(&id, own.as_deref()).await?;
    let entry = caller.entry(clock::now(), "account.sessions_ended", format!("{} {}", row.id, row.name));
    app.reception.audit.record(entry).await.map_err(|error| Problem::later(error.to_string()))?;
    Ok(empty(StatusCode::NO_CONTENT))
}
