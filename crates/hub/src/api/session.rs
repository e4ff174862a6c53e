//! Signing in and out, and the first account.

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::accounts::make::{By, MakeError, NewAccount, Order, account_make};
use crate::accounts::principal::{Caller, nobody};
use crate::accounts::rate::Asker;
use crate::accounts::reception::{Credentials, SignInError};
use crate::accounts::{Grants, Role};
use crate::api::App;
use crate::api::access::{COOKIE, Origin, broken, empty};
use crate::api::accounts::refused;
use crate::api::body::Body;
use crate::api::problem::{Problem, later_by};
use crate::api::view::Session;
use crate::broker::Secret;
use crate::clock;

/// Whether somebody has to begin, and how one gets in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Setup {
    /// Whether there is no account yet.
    needed: bool,
    /// What the identity provider is called at which people may sign in too, by `GET /api/v1/oidc/start`; nothing where
    /// there is none.
    sign_in_elsewhere: Option<String>,
    /// Whether this program watches cameras itself, which are set up from the page: see `GET /api/v1/appliance`.
    sets_up_gates: bool,
}

/// The first account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FirstAccount {
    /// The code that the hub printed when it started, and keeps in the file `setup-code` beside its data.
    code: String,
    /// Name to sign in with.
    name: String,
    /// Name for people.
    #[serde(default)]
    display_name: String,
    /// The password.
    #[schema(format = Password)]
    password: String,
    /// Language of the pages: `vi` (where it is not given) or `en`.
    #[serde(default = "vietnamese")]
    language: String,
}

pub(crate) fn vietnamese() -> String {
    "vi".to_owned()
}

/// Name, password, and six digits where the account has a second factor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    /// Name to sign in with.
    name: String,
    /// The password.
    #[schema(format = Password)]
    password: String,
    /// Six digits of the authenticator.
    #[serde(default)]
    totp: Option<String>,
}

/// Whether the first account is still to be made, and whether one may sign in elsewhere.
#[utoipa::path(get, path = "/api/v1/setup", tag = "accounts",
    responses((status = 200, body = Setup), (status = 503, body = Problem)))]
pub(crate) async fn setup(State(app): State<App>) -> Result<Json<Setup>, Problem> {
    let needed = app.store.account_count().await? == 0;
    let provider = app.oidc.as_ref().filter(|_| !needed);
    let sign_in_elsewhere = provider.map(|provider| provider.config.label.clone());
    Ok(Json(Setup { needed, sign_in_elsewhere, sets_up_gates: app.setup.is_some() }))
}

/// Makes the first account, which is both system and security administrator, and signs it in.
#[utoipa::path(post, path = "/api/v1/setup", tag = "accounts", request_body = FirstAccount,
    responses(
        (status = 201, description = "It is made and signed in", body = Session),
        (status = 400, body = Problem),
        (status = 401, description = "code_wrong: not the code of this hub", body = Problem),
        (status = 409, description = "setup_done: there are accounts already", body = Problem),
        (status = 429, body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn set_up(
    State(app): State<App>,
    Extension(origin): Extension<Origin>,
    headers: HeaderMap,
    Body(first): Body<FirstAccount>,
) -> Result<Response, Problem> {
    take(&app, origin)?;
    let done = || Problem::of("setup_done", StatusCode::CONFLICT, "this hub has accounts already: sign in");
    if app.store.account_count().await? > 0 {
        return Err(done());
    }
    let address = origin.address.to_string();
    let by = By { actor: nobody(&first.name), address };
    let Some(setup) = app.reception.setup.as_ref().filter(|setup| setup.is(&first.code)) else {
        let mut entry = by.entry("setup", &first.name);
        "code_wrong".clone_into(&mut entry.outcome);
        app.reception.audit.record(entry).await.map_err(|error| Problem::later(error.to_string()))?;
        let detail = "code: this is not the code that the hub printed when it started and keeps in the file \"setup-code\" \
                      beside its data";
        return Err(Problem::of("code_wrong", StatusCode::UNAUTHORIZED, detail));
    };
    let new = NewAccount {
        name: first.name,
        display_name: first.display_name,
        language: first.language,
        password: Some(Secret::new(first.password)),
        must_change_password: false,
        external_id: None,
        grants: Grants::everywhere([Role::SystemAdmin, Role::SecurityAdmin]),
    };
    let account = account_make(&app.store, new, Order::First, &by).await.map_err(|error| match error {
        MakeError::Account(store::AccountError::NotFirst) => done(),
        other @ (MakeError::Name(_)
        | MakeError::Text { .. }
        | MakeError::Language(_)
        | MakeError::Password(_)
        | MakeError::Conflict(_)
        | MakeError::KeyRole(_)
        | MakeError::NoRoles
        | MakeError::Elsewhere
        | MakeError::Over(_)
        | MakeError::Account(_)
        | MakeError::Store(_)
        | MakeError::Hash(_)
        | MakeError::Random(_)) => refused(other),
    })?;
    setup.forget();
    let caller = app.reception.open(account, origin.address, agent(&headers)).await.map_err(|error| broken(&error))?;
    app.reception
        .audit
        .record(caller.entry(clock::now(), "session.opened", caller.name()))
        .await
        .map_err(|error| Problem::later(error.to_string()))?;
    signed_in(StatusCode::CREATED, &caller, origin)
}

/// Signs in: the answer sets the cookie `gatehouse_session`.
#[utoipa::path(post, path = "/api/v1/session", tag = "accounts", request_body = SignIn,
    responses(
        (status = 200, description = "Signed in", body = Session),
        (status = 400, body = Problem),
        (status = 401, description = "password_wrong, totp_needed, totp_wrong, locked or disabled", body = Problem),
        (status = 429, body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn sign_in(
    State(app): State<App>,
    Extension(origin): Extension<Origin>,
    headers: HeaderMap,
    Body(given): Body<SignIn>,
) -> Result<Response, Problem> {
    take(&app, origin)?;
    let credentials = Credentials { name: given.name, password: Secret::new(given.password), totp: given.totp };
    match app.reception.sign_in(credentials, origin.address, agent(&headers)).await {
        Ok(caller) => signed_in(StatusCode::OK, &caller, origin),
        Err(error) => {
            let refused = |name| Problem::of(name, StatusCode::UNAUTHORIZED, error.to_string());
            Err(match &error {
                SignInError::PasswordWrong => refused("password_wrong"),
                SignInError::TotpNeeded => refused("totp_needed"),
                SignInError::TotpWrong => refused("totp_wrong"),
                SignInError::Locked(wait) => refused("locked").after(*wait),
                SignInError::Disabled => refused("disabled"),
                SignInError::Failed(failure) => broken(failure),
            })
        }
    }
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/session", tag = "accounts",
    responses(
        (status = 200, body = Session),
        (status = 401, description = "login_needed or session_over", body = Problem),
        (status = 404, description = "A key has no session", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn session(caller: Caller) -> Result<Json<Session>, Problem> {
    let none = || Problem::new(StatusCode::NOT_FOUND, "a key has no session");
    let session = caller.session().ok_or_else(none)?;
    Ok(Json(Session::new(&caller, session)))
}

/// Signs out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "accounts",
    responses((status = 204, description = "Signed out"), (status = 401, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn sign_out(
    State(app): State<App>,
    Extension(origin): Extension<Origin>,
    caller: Caller,
) -> Result<Response, Problem> {
    let Some(session) = caller.session() else {
        return Err(Problem::new(StatusCode::NOT_FOUND, "a key has no session"));
    };
    app.store.session_end(&session.token.kept()).await?;
    let entry = caller.entry(clock::now(), "session.closed", caller.name());
    app.reception.audit.record(entry).await.map_err(|error| Problem::later(error.to_string()))?;
    let mut response = empty(StatusCode::NO_CONTENT);
    response.headers_mut().insert(header::SET_COOKIE, cookie("", origin, "; Max-Age=0"));
    Ok(response)
}

/// Trying to get in is slow for everybody.
pub(crate) fn take(app: &App, origin: Origin) -> Result<(), Problem> {
    let taken = app.reception.take(Asker::Address(origin.address));
    taken.map_err(|wait| later_by("too many attempts from this address", wait))
}

pub(crate) fn agent(headers: &HeaderMap) -> &str {
    headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or("")
}

fn signed_in(status: StatusCode, caller: &Caller, origin: Origin) -> Result<Response, Problem> {
    let session = caller.session().expect("a session was just opened");
    let mut response = (status, Json(Session::new(caller, session))).into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie(session.token.reveal(), origin, ""));
    Ok(response)
}

/// The cookie lives as long as the browser; the session itself ends earlier.
pub(crate) fn cookie(token: &str, origin: Origin, end: &str) -> HeaderValue {
    let secure = if origin.is_https { "; Secure" } else { "" };
    let text = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict{secure}{end}");
    let mut value = HeaderValue::try_from(text).expect("URL-safe base64 and fixed words");
    value.set_sensitive(true);
    value
}
