//! What happens to a request before its handler: who asks, whether he may, how often, and that it is written down.

use std::net::{IpAddr, Ipv4Addr};

use axum::body::Body;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::SiteId;
use store::LogEntry;

use super::idempotency;
use super::table::{Access, Personal, Route, Written, find};
use crate::accounts::principal::{Caller, nobody};
use crate::accounts::rate::Asker;
use crate::accounts::reception::{LoginFailure, Presence, Shown};
use crate::accounts::token::{ApiKey, SessionToken, is_same};
use crate::api::App;
use crate::api::problem::{Problem, later_by};
use crate::clock;
use crate::https::Peer;

/// The cookie that holds a session's token.
pub(crate) const COOKIE: &str = "gatehouse_session";

/// What a page sends with writes.
pub(crate) const CSRF_HEADER: &str = "x-csrf-token";

/// What a page sends with requests that no person asked for: they do not lengthen the session.
const BACKGROUND_HEADER: &str = "x-gatehouse-background";

/// Paths that a page asks by itself, and for which a browser lets it send no header.
const BY_ITSELF: [&str; 2] = ["/api/v1/stream", "/api/v1/blobs/{sha256}"];

/// What somebody looks for personal data for.
const PURPOSE_HEADER: &str = "x-purpose";

/// Characters of a purpose.
const PURPOSE_CHARS: std::ops::RangeInclusive<usize> = 5..=200;

/// Where a request comes from, for handlers that ask.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin {
    pub(crate) address: IpAddr,
    /// Whether the client's connection is encrypted, as far as the hub knows.
    pub(crate) is_https: bool,
}

pub(crate) fn origin(app: &App, request: &Request) -> Origin {
    let peer = request.extensions().get::<ConnectInfo<Peer>>();
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.addr.ip());
    let proxies = &app.reception.config.proxies;
    let is_https = app.is_behind_tls || proxies.is_https(peer, request.headers());
    Origin { address: proxies.client(peer, request.headers()), is_https }
}

/// Runs before every route.
pub(crate) async fn guard(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let Some(route) = path.as_deref().and_then(|path| find(request.method(), path)) else {
        return crate::api::problem::no_such_method(request.uri().clone()).await.into_response();
    };
    let origin = origin(&app, &request);
    request.extensions_mut().insert(origin);
    match route.access {
        Access::Public | Access::Machine => next.run(request).await,
        Access::SignedIn | Access::Own | Access::OwnOr(_) | Access::May(_) => {
            answer(&app, route, origin, request, next).await.unwrap_or_else(IntoResponse::into_response)
        }
    }
}

async fn answer(
    app: &App,
    route: &'static Route,
    origin: Origin,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    // A request cannot be borrowed while others are asked: its body belongs to one thread.
    let headers = request.headers().clone();
    let caller = know(app, &headers, route.path, origin.address).await?;
    app.reception.take(caller.asker()).map_err(|wait| later_by("too many requests", wait))?;
    let uri = request.uri().clone();
    let mut entry = entry(&caller, route, &uri);
    if let Err(problem) = may(route, &caller, &request) {
        problem.kind().clone_into(&mut entry.outcome);
        record(app, entry).await?;
        return Err(problem);
    }
    entry.purpose = match purpose(request.headers(), &uri) {
        Ok(purpose) => purpose,
        Err(problem) => return Err(problem),
    };
    if let Personal::SearchBy(parameters) = route.personal
        && parameters.iter().any(|parameter| has_parameter(&uri, parameter))
        && entry.purpose.is_none()
    {
        let detail = format!(
            "whoever looks for personal data says what for: give the header {PURPOSE_HEADER} (percent-encoded UTF-8) or the \
             parameter `purpose`, {} to {} characters",
            PURPOSE_CHARS.start(),
            PURPOSE_CHARS.end()
        );
        return Err(Problem::of("purpose_needed", StatusCode::BAD_REQUEST, detail));
    }
    let is_recorded = route.personal != Personal::No || (route.is_write() && route.written == Written::ByGuard);
    request.extensions_mut().insert(caller.clone());
    let response = if route.method == "POST" && !route.is_once {
        idempotency::run(app, route, &caller, request, next).await?
    } else {
        next.run(request).await
    };
    // What a client asked wrongly, or what is not there, gave nothing away.
    let is_told = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    if is_recorded && (is_told || route.is_write()) {
        entry.outcome = response.status().as_u16().to_string();
        record(app, entry).await?;
    }
    Ok(response)
}

/// Writes a row; where that fails, nothing may be given out.
async fn record(app: &App, entry: LogEntry) -> Result<(), Problem> {
    app.reception.audit.record(entry).await.map_err(|error| Problem::later(error.to_string()))
}

/// What a request shows of who asks.
pub(crate) fn shown(headers: &HeaderMap) -> Result<Option<Shown>, Problem> {
    if let Some(text) = headers.get(header::AUTHORIZATION) {
        let bearer = text.to_str().ok().and_then(|text| text.split_once(' '));
        let key = bearer
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .and_then(|(_, key)| ApiKey::parse(key.trim()));
        return key.map(|key| Some(Shown::ApiKey(key))).ok_or_else(key_wrong);
    }
    Ok(cookie_of(headers, COOKIE).and_then(SessionToken::from_cookie).map(Shown::Session))
}

/// The cookie of this name.
pub(crate) fn cookie_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut cookies = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    cookies.find(|(found, _)| *found == name).map(|(_, value)| value)
}

fn key_wrong() -> Problem {
    let detail = "authorization: this key is not known, was taken back or is over: `Bearer gh_…` is accepted";
    Problem::of("key_wrong", StatusCode::UNAUTHORIZED, detail)
}

/// Who asks.
async fn know(app: &App, headers: &HeaderMap, path: &str, address: IpAddr) -> Result<Caller, Problem> {
    let Some(shown) = shown(headers)? else {
        let detail = "sign in first: POST /api/v1/session, or give an API key as `Authorization: Bearer gh_…`";
        return Err(Problem::of("login_needed", StatusCode::UNAUTHORIZED, detail));
    };
    let is_by_itself = headers.contains_key(BACKGROUND_HEADER) || BY_ITSELF.contains(&path);
    let presence = if is_by_itself { Presence::Program } else { Presence::Person };
    if let Some(caller) = app.reception.know(&shown, address, presence).await.map_err(|error| broken(&error))? {
        return Ok(caller);
    }
    match shown {
        Shown::Session(_) => {
            Err(Problem::of("session_over", StatusCode::UNAUTHORIZED, "the session is over: sign in again"))
        }
        Shown::ApiKey(key) => {
            // Guessing keys is as slow as guessing passwords.
            app.reception.take(Asker::Address(address)).map_err(|wait| later_by("too many wrong keys", wait))?;
            let refused = LogEntry {
                at: clock::now(),
                actor: nobody(""),
                address: address.to_string(),
                action: "api_key.refused".to_owned(),
                site: None,
                subject: key.id().to_owned(),
                purpose: None,
                outcome: "key_wrong".to_owned(),
            };
            record(app, refused).await?;
            Err(key_wrong())
        }
    }
}

pub(crate) fn broken(error: &LoginFailure) -> Problem {
    tracing::warn!(error = error as &dyn std::error::Error, "nobody can be let in");
    Problem::later("the hub cannot look at accounts at the moment")
}

/// Whether the caller may use the route at all.
fn may(route: &Route, caller: &Caller, request: &Request) -> Result<(), Problem> {
    if let Some(session) = caller.session().filter(|_| route.is_write()) {
        let given = request.headers().get(CSRF_HEADER).and_then(|value| value.to_str().ok()).unwrap_or("");
        if !is_same(given, &session.token.csrf()) {
            let detail =
                format!("a write by a session needs the header {CSRF_HEADER} with the `csrf` of GET /api/v1/session");
            return Err(Problem::of("csrf_wrong", StatusCode::FORBIDDEN, detail));
        }
    }
    let needed = match route.access {
        Access::Public | Access::Machine | Access::SignedIn => return Ok(()),
        Access::Own | Access::OwnOr(_) if own_id(request.uri()).is_some_and(|id| caller.is_account(id)) => {
            return Ok(());
        }
        Access::Own => {
            let detail = "an account does this for itself, and nobody for it";
            return Err(Problem::of("forbidden", StatusCode::FORBIDDEN, detail));
        }
        Access::OwnOr(permission) | Access::May(permission) => permission,
    };
    if caller.may(needed) {
        return Ok(());
    }
    let detail = match caller.session().map(|session| session.duties.is_empty()) {
        Some(false) => "set your own password, or your second factor, before anything else".to_owned(),
        Some(true) | None => format!("this takes the permission {needed}, which \"{}\" does not hold", caller.name()),
    };
    Err(Problem::of("forbidden", StatusCode::FORBIDDEN, detail))
}

/// The id in `/api/v1/accounts/{id}` and below.
fn own_id(uri: &Uri) -> Option<&str> {
    uri.path().strip_prefix("/api/v1/accounts/")?.split('/').next()
}

fn entry(caller: &Caller, route: &Route, uri: &Uri) -> LogEntry {
    let subject = match (uri.path() == route.path, uri.query()) {
        (true, query) => query.unwrap_or("").to_owned(),
        (false, None) => uri.path().to_owned(),
        (false, Some(query)) => format!("{}?{query}", uri.path()),
    };
    let mut entry = caller.entry(clock::now(), format!("{} {}", route.method, route.path), subject);
    let names_site = ["/sites/{site}", "/cameras/{site}"].into_iter().any(|part| route.path.contains(part));
    let in_path = names_site.then(|| uri.path().split('/').nth(4)).flatten();
    let in_query = || parameter(uri, "site");
    entry.site = in_path.map(str::to_owned).or_else(in_query).and_then(|site| site.parse::<SiteId>().ok());
    entry
}

fn parameter(uri: &Uri, name: &str) -> Option<String> {
    let pairs = form_urlencoded::parse(uri.query()?.as_bytes());
    pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn has_parameter(uri: &Uri, name: &str) -> bool {
    parameter(uri, name).is_some()
}

fn purpose(headers: &HeaderMap, uri: &Uri) -> Result<Option<String>, Problem> {
    let given = match headers.get(PURPOSE_HEADER) {
        Some(value) => {
            let text = percent_encoding::percent_decode(value.as_bytes()).decode_utf8();
            Some(
                text.map_err(|_| Problem::bad_request(format!("{PURPOSE_HEADER}: percent-encoded UTF-8 is accepted")))?
                    .into_owned(),
            )
        }
        None => parameter(uri, "purpose"),
    };
    let Some(given) = given else { return Ok(None) };
    let given = given.trim();
    if PURPOSE_CHARS.contains(&given.chars().count()) && !given.chars().any(char::is_control) {
        return Ok(Some(given.to_owned()));
    }
    let detail =
        format!("purpose: {} to {} characters in one line are accepted", PURPOSE_CHARS.start(), PURPOSE_CHARS.end());
    Err(Problem::bad_request(detail))
}

/// An answer without content.
pub(crate) fn empty(status: StatusCode) -> Response {
    (status, Body::empty()).into_response()
}
