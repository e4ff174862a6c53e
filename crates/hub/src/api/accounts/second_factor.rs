//! The second factor of an account: set up by its owner in two steps, taken away by the owner or a security administrator.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use store::TotpRow;
use utoipa::ToSchema;

use super::{read, refused};
use crate::accounts::Role;
use crate::accounts::make::grants_of;
use crate::accounts::principal::Caller;
use crate::accounts::reception::{secret_of, unix_s};
use crate::accounts::totp::TotpSecret;
use crate::api::App;
use crate::api::access::{broken, empty};
use crate::api::body::Body;
use crate::api::problem::Problem;
use crate::clock;

/// Six digits that prove that the authenticator has the secret; without them a new secret is made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TotpCode {
    /// Six digits of the authenticator.
    #[serde(default)]
    code: Option<String>,
}

/// A new secret, shown once.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewTotp {
    /// In base32, to be typed into an authenticator.
    secret: String,
    /// The same as an address for a QR code: `otpauth://totp/…`.
    uri: String,
}

/// Sets up a second factor: without a code it makes a secret and shows it; with the code of the authenticator that was
/// given that secret, it is asked for from then on.
#[utoipa::path(post, path = "/api/v1/accounts/{id}/totp", tag = "accounts", request_body = TotpCode,
    params(("id" = String, Path, description = "Id of the own account")),
    responses(
        (status = 200, description = "The secret; give its code next", body = NewTotp),
        (status = 204, description = "It is asked for from now on"),
        (status = 400, description = "totp_wrong: not the code of this secret", body = Problem),
        (status = 409, description = "totp_set: there is one; totp_none: make a secret first; signs_in_elsewhere: it is \
            asked for at the identity provider", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn totp_set(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Body(given): Body<TotpCode>,
) -> Result<Response, Problem> {
    let mut row = read(&app, &id).await?;
    if row.totp.as_ref().is_some_and(|totp| totp.confirmed_at.is_some()) {
        return Err(Problem::of(
            "totp_set",
            StatusCode::CONFLICT,
            "this account has a second factor: take it away first",
        ));
    }
    if row.external_id.is_some() {
        let detail = "this account signs in at the identity provider, where its second factor is, too";
        return Err(Problem::of("signs_in_elsewhere", StatusCode::CONFLICT, detail));
    }
    let now = clock::now();
    let (answer, action) = match given.code {
        None => {
            let secret = TotpSecret::random().map_err(|error| broken(&error.into()))?;
            row.totp = Some(TotpRow { secret: secret.to_hex(), confirmed_at: None, used_step: None });
            let new = NewTotp { secret: secret.to_base32(), uri: secret.to_uri(&row.name) };
            (Json(new).into_response(), "account.totp_begun")
        }
        Some(code) => {
            let none = || Problem::of("totp_none", StatusCode::CONFLICT, "make a secret first: send no code");
            let totp = row.totp.as_mut().ok_or_else(none)?;
            let secret = secret_of(totp).map_err(|error| broken(&error))?;
            let step = secret.step_of(&code, unix_s(now), None).ok_or_else(|| {
                let detail = "code: these are not the six digits of this moment: look at the clock of the telephone";
                Problem::of("totp_wrong", StatusCode::BAD_REQUEST, detail)
            })?;
            (totp.confirmed_at, totp.used_step) = (Some(now), Some(step));
            (empty(StatusCode::NO_CONTENT), "account.totp_set")
        }
    };
    let entry = caller.entry(now, action, format!("{} {}", row.id, row.name));
    let updated = app.store.account_update(&row, Role::SecurityAdmin.as_str(), &entry).await;
    updated.map_err(|error| refused(error.into()))?;
    Ok(answer)
}

/// Takes the second factor away, and ends the account's sessions where somebody else does.
#[utoipa::path(delete, path = "/api/v1/accounts/{id}/totp", tag = "accounts",
    params(("id" = String, Path, description = "Id of the account")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 403, description = "totp_required: a role of this account takes one", body = Problem),
        (status = 404, body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn totp_remove(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let mut row = read(&app, &id).await?;
    let is_own = caller.is_account(&id);
    let roles = grants_of(&row).unwrap_or_default().roles();
    if is_own && !app.reception.config.totp_for.is_disjoint(&roles) {
        let detail =
            "a role of this account takes a second factor: a security administrator takes it away when it is lost";
        return Err(Problem::of("totp_required", StatusCode::FORBIDDEN, detail));
    }
    row.totp = None;
    let entry = caller.entry(clock::now(), "account.totp_removed", format!("{} {}", row.id, row.name));
    let updated = app.store.account_update(&row, Role::SecurityAdmin.as_str(), &entry).await;
    updated.map_err(|error| refused(error.into()))?;
    if !is_own {
        app.store.sessions_end(&row.id, None).await?;
    }
    Ok(empty(StatusCode::NO_CONTENT))
}
