//! Signing in at an identity provider: away to it, and back. Both are pages for a browser: what goes wrong is told by the
//! page that asks for the password, where the way in by password is too.

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::UtcTime;
use serde::Deserialize;
use store::BegunRow;
use utoipa::IntoParams;

use crate::accounts::oidc::{Arrival, BEGUN_MAX, Begun, OidcError, Provider, identity, word};
use crate::accounts::principal::Caller;
use crate::accounts::reception::LoginFailure;
use crate::accounts::token::{SessionToken, kept};
use crate::api::App;
use crate::api::access::{Origin, cookie_of};
use crate::api::params::Params;
use crate::api::problem::Problem;
use crate::api::session::{agent, cookie, take};
use crate::clock;

/// The page, from where both routes are: three folders above, also where a proxy serves the hub below a path of its own.
const PAGE: &str = "../../../";

/// Longest code that is handed on.
const CODE_BYTES_MAX: usize = 4_096;

/// What the provider sends back.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallbackParams {
    /// The code.
    code: Option<String>,
    /// What was sent to the provider.
    state: Option<String>,
    /// Why there is no code.
    error: Option<String>,
    /// Who the provider is, where it says so (RFC 9207).
    iss: Option<String>,
}

/// The cookie of a sign-in that was begun. Over TLS a browser takes it from this very host and from nobody beside it.
const fn cookie_name(origin: Origin) -> &'static str {
    if origin.is_https { "__Host-gatehouse_oidc" } else { "gatehouse_oidc" }
}

/// The provider sends the browser back from elsewhere, so the cookie is not a strict one as the session's is.
fn begun_cookie(value: &str, origin: Origin, age_s: u64) -> HeaderValue {
    let secure = if origin.is_https { "; Secure" } else { "" };
    let name = cookie_name(origin);
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age_s}{secure}");
    let mut value = HeaderValue::try_from(text).expect("URL-safe base64 and fixed words");
    value.set_sensitive(true);
    value
}

fn away(address: &str, cookies: impl IntoIterator<Item = HeaderValue>) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let location = HeaderValue::try_from(address).expect("an address is visible ASCII");
    response.headers_mut().insert(header::LOCATION, location);
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// To the page, with a word that it knows.
fn told(word: &str, cookies: impl IntoIterator<Item = HeaderValue>) -> Response {
    away(&format!("{PAGE}?sign_in={word}"), cookies)
}

fn refused(error: &OidcError, cookies: impl IntoIterator<Item = HeaderValue>) -> Response {
    match error {
        OidcError::Provider(_) | OidcError::Busy | OidcError::Make(_) | OidcError::Failed(_) => {
            tracing::warn!(error = error as &dyn std::error::Error, "nobody can sign in at the identity provider");
        }
        OidcError::RefusedThere(_)
        | OidcError::NotBegun
        | OidcError::Code
        | OidcError::Token(_)
        | OidcError::Claim(_)
        | OidcError::NoRole
        | OidcError::Conflict(_)
        | OidcError::Grants(_)
        | OidcError::SecondFactor
        | OidcError::Disabled
        | OidcError::NoAccounts => {
            tracing::info!(outcome = error.outcome(), "somebody who came from the identity provider is not let in");
        }
    }
    told(error.word(), cookies)
}

fn provider(app: &App) -> Result<&Provider, Problem> {
    let none = || {
        let detail = "this hub knows no identity provider: see [login.oidc] in its configuration";
        Problem::of("no_provider", StatusCode::NOT_FOUND, detail)
    };
    app.oidc.as_deref().ok_or_else(none)
}

/// The moment before which a sign-in that was begun is over.
fn oldest(now: UtcTime) -> UtcTime {
    let longest = i64::try_from(BEGUN_MAX.as_micros()).unwrap_or(i64::MAX);
    UtcTime::from_unix_micros(now.as_unix_micros().saturating_sub(longest)).unwrap_or(UtcTime::UNIX_EPOCH)
}

/// Sends the browser to the identity provider; back to the page with `?sign_in=WORD` where that is not possible.
#[utoipa::path(get, path = "/api/v1/oidc/start", tag = "accounts",
    responses(
        (status = 303, description = "To the provider, or back to the page with the reason why not"),
        (status = 404, description = "no_provider: none is configured", body = Problem),
    ))]
pub(crate) async fn oidc_start(
    State(app): State<App>,
    Extension(origin): Extension<Origin>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let provider = provider(&app)?;
    // Browsers say where a request comes from: a page of somebody else does not begin a sign-in here.
    if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
        return Ok(away(PAGE, []));
    }
    if take(&app, origin).is_err() {
        return Ok(told("too_many", []));
    }
    Ok(match begin(&app, provider).await {
        Ok((address, binding)) => away(&address, [begun_cookie(&binding, origin, BEGUN_MAX.as_secs())]),
        Err(error) => refused(&error, []),
    })
}

async fn begin(app: &App, provider: &Provider) -> Result<(String, String), OidcError> {
    let begun = Begun::new().map_err(LoginFailure::from)?;
    let address = provider.begin(&begun).await?;
    let now = clock::now();
    app.store.sign_in_begin(&begun.row(), now, oldest(now)).await?;
    Ok((address.into(), begun.binding))
}

/// Takes the browser back from the identity provider and signs it in: to the page, with `?sign_in=WORD` where it is not let
/// in.
#[utoipa::path(get, path = "/api/v1/oidc/callback", tag = "accounts", params(CallbackParams),
    responses(
        (status = 303, description = "Signed in: to the page. Or to the page with the reason why not"),
        (status = 400, body = Problem),
        (status = 404, description = "no_provider: none is configured", body = Problem),
    ))]
pub(crate) async fn oidc_callback(
    State(app): State<App>,
    Extension(origin): Extension<Origin>,
    headers: HeaderMap,
    Params(params): Params<CallbackParams>,
) -> Result<Response, Problem> {
    let provider = provider(&app)?;
    if take(&app, origin).is_err() {
        return Ok(told("too_many", []));
    }
    let over = begun_cookie("", origin, 0);
    Ok(match arrive(&app, provider, origin, &headers, params).await {
        Ok(caller) => {
            let session = caller.session().expect("a session was just opened");
            away(PAGE, [cookie(session.token.reveal(), origin, ""), over])
        }
        Err(error) => refused(&error, [over]),
    })
}

async fn arrive(
    app: &App,
    provider: &Provider,
    origin: Origin,
    headers: &HeaderMap,
    params: CallbackParams,
) -> Result<Caller, OidcError> {
    let arrival = Arrival { reception: &app.reception, address: origin.address, agent: agent(headers) };
    let vouched = async {
        let begun = finish(app, origin, headers, params.state.as_deref().unwrap_or_default()).await?;
        if let Some(error) = params.error {
            return Err(OidcError::RefusedThere(word(&error)));
        }
        let code = params.code.filter(|code| !code.is_empty() && code.len() <= CODE_BYTES_MAX);
        let claims = provider.claims(&begun, code.ok_or(OidcError::NotBegun)?, params.iss.as_deref()).await?;
        identity(&provider.config, &claims)
    };
    match vouched.await {
        Ok(identity) => arrival.let_in(&identity).await,
        Err(error) => Err(arrival.refused("", error).await),
    }
}

/// The sign-in that was begun in this browser with this state. Taken out: it is finished once, however it ends.
async fn finish(app: &App, origin: Origin, headers: &HeaderMap, state: &str) -> Result<BegunRow, OidcError> {
    // The browser's half is made as a session's token is.
    let binding = cookie_of(headers, cookie_name(origin)).and_then(SessionToken::from_cookie);
    let binding = binding.ok_or(OidcError::NotBegun)?;
    let found = app.store.sign_in_finish(&kept(state), &binding.kept(), oldest(clock::now())).await?;
    found.ok_or(OidcError::NotBegun)
}
