//! Policies: bundles for nodes, and for readers what was published by whom.

use axum::Json;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::SiteId;
use serde::Serialize;
use utoipa::ToSchema;
use wire::policy::ReadGrant;
use wire::policy::grant::{READ_GRANT_AGE_MAX_S, READ_GRANT_HEADER};

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::enrolments::demand_certificate;
use crate::api::nodes::LimitParams;
use crate::api::params::{Params, rows};
use crate::api::problem::Problem;
use crate::api::view::Policy;
use crate::clock;
use crate::https::Peer;

/// Published policies.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Policies {
    /// The newest first.
    policies: Vec<Policy>,
}

/// A site's name in a path.
pub(crate) fn site(name: &str) -> Result<SiteId, Problem> {
    name.parse().map_err(|error| Problem::bad_request(format!("site: {error}")))
}

/// A site in a path, which the caller sees by `permission`; any other is answered like one that is not there.
pub(crate) fn site_seen(caller: &Caller, permission: Permission, name: &str) -> Result<SiteId, Problem> {
    let site = site(name)?;
    if caller.sees(permission, &site) {
        return Ok(site);
    }
    Err(Problem::new(StatusCode::NOT_FOUND, format!("there is no site \"{site}\"")))
}

/// A site's published policies, without their texts.
#[utoipa::path(get, path = "/api/v1/sites/{site}/policies", tag = "policies",
    params(("site" = String, Path, description = "The site"), LimitParams),
    responses(
        (status = 200, body = Policies),
        (status = 400, body = Problem),
        (status = 404, description = "No such site", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn policies(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Params(params): Params<LimitParams>,
) -> Result<Json<Policies>, Problem> {
    let (site, limit) = (site_seen(&caller, Permission::PoliciesRead, &name)?, rows(params.limit)?);
    let history = app.store.policy_history(&site, limit).await?;
    Ok(Json(Policies { policies: history.iter().map(Policy::from).collect() }))
}

/// A policy's bundle as it was signed, for the nodes that it is for: it may name people and plates.
#[utoipa::path(get, path = "/api/v1/sites/{site}/policy/{version}", tag = "policies",
    params(
        ("site" = String, Path, description = "The site"),
        ("version" = u64, Path, description = "The policy's number"),
        ("x-gatehouse-node" = String, Header,
            description = "NODE;MOMENT;SIGNATURE: the node's grant for this site and version"),
    ),
    responses(
        (status = 200, description = "The bundle; it never changes", content_type = "application/json"),
        (status = 304, description = "The reader has it"),
        (status = 400, body = Problem),
        (status = 401, description = "No grant of a known node of this site, or one too old", body = Problem),
        (status = 403, description = "The connection shows no certificate of this node", body = Problem),
        (status = 404, description = "No such policy for this node", body = Problem),
        (status = 503, description = "Too many readers at once, or the database is away", body = Problem),
    ))]
pub(crate) async fn bundle(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path((name, version)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let site = site(&name)?;
    let version: u64 = version.parse().map_err(|_| {
        Problem::bad_request(format!("version: \"{version}\" is not the number of a policy: 1 and above is accepted"))
    })?;
    let grant = granted(&app, &headers, &site, version).await?;
    demand_certificate(&peer, grant.node())?;
    let _permit = app.policy_reads.try_acquire().map_err(|_| Problem::later("too many readers; come back later"))?;
    // One answer for both, so that no node learns what the others work by.
    let missing = || {
        let detail = format!("site \"{site}\" has no policy {version} for node \"{}\"", grant.node());
        Problem::new(StatusCode::NOT_FOUND, detail)
    };
    let (row, bytes) = app.store.policy_bundle(&site, version).await?.ok_or_else(missing)?;
    if !row.nodes.include(grant.node()) {
        return Err(missing());
    }
    let etag = format!("\"{}\"", row.sha256);
    let held = headers.get(header::IF_NONE_MATCH).and_then(|tag| tag.to_str().ok());
    let mut response = if held.is_some_and(|tag| tag.trim_start_matches("W/") == etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/json")], bytes).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, HeaderValue::try_from(etag).expect("hexadecimal digits in quotes"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}

async fn granted(app: &App, headers: &HeaderMap, site: &SiteId, version: u64) -> Result<ReadGrant, Problem> {
    let refused = |detail: String| Problem::new(StatusCode::UNAUTHORIZED, detail);
    let header = headers.get(READ_GRANT_HEADER).and_then(|text| text.to_str().ok());
    let grant = header.and_then(ReadGrant::from_header).ok_or_else(|| {
        refused(format!(
            "the header {READ_GRANT_HEADER} is missing or cannot be read: NODE;MOMENT;SIGNATURE is accepted"
        ))
    })?;
    let known = app.store.node_get(grant.node()).await?;
    if !known.is_some_and(|node| node.site == *site && grant.is_valid(&node.key, site, version)) {
        let detail = format!("node \"{}\" is not known at site \"{site}\" or did not sign this grant", grant.node());
        return Err(refused(detail));
    }
    if app.store.revocation_of(grant.node()).await?.is_some() {
        return Err(refused(format!("node \"{}\" was revoked", grant.node())));
    }
    let now = clock::now();
    let apart = now.since(grant.at()).max(grant.at().since(now));
    if apart.as_secs() > READ_GRANT_AGE_MAX_S {
        return Err(refused(format!(
            "the grant is of {}, which is more than {READ_GRANT_AGE_MAX_S} s from the hub's clock, {now}",
            grant.at()
        )));
    }
    Ok(grant)
}
