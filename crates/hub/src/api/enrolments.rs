//! Enrolment of nodes: invitations for people, certificates for machines, revocation.

use std::time::Duration;

use axum::extract::{ConnectInfo, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use domain::{NodeId, SiteId};
use serde::{Deserialize, Serialize};
use store::{ClaimError, InvitationRow, InviteError, LogEntry, RenewError, RevokeError};
use utoipa::ToSchema;
use wire::enrolment::{EnrolmentAnswer, EnrolmentRequest, RenewalAnswer, RenewalRequest};

use crate::accounts::principal::nobody;
use crate::api::App;
use crate::api::access::Origin;
use crate::api::actor::Actor;
use crate::api::body::Body;
use crate::api::nodes::LimitParams;
use crate::api::params::{Params, rows};
use crate::api::policies::site;
use crate::api::problem::Problem;
use crate::authority::AuthorityError;
use crate::clock;
use crate::enrolment::{self, CODE_GOOD, EnrolError, Enrolment, InvitationError, RenewalError};
use crate::https::{Peer, Shown};

/// An invitation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Invited {
    /// Its name.
    id: String,
    /// The site.
    site: String,
    /// The node.
    node: String,
    /// Who invited it.
    invited_by: String,
    /// When.
    invited_at: String,
    /// Until when the code is good.
    expires_at: String,
    /// `open`, `used`, `expired` or `withdrawn`.
    state: &'static str,
    /// When it was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    used_at: Option<String>,
    /// The public key of the machine that used it.
    #[serde(skip_serializing_if = "Option::is_none")]
    used_by_key: Option<String>,
    /// Who took it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawn_by: Option<String>,
}

/// Invitations.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Invitations {
    /// The newest first.
    enrolments: Vec<Invited>,
}

/// Whom to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEnrolment {
    /// The name that the node will have; no other node of any site has it.
    #[schema(value_type = String)]
    node: NodeId,
    /// How long the code is good, in minutes, 5 to 43200; a day where it is not given.
    #[schema(minimum = 5, maximum = 43_200)]
    valid_minutes: Option<u64>,
}

/// A code.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Code {
    /// The invitation's name.
    id: String,
    /// The code, shown this once: `gatehouse-edge enrol --hub URL --code CODE` at the machine.
    code: String,
    /// The URL of that command: where nodes reach the hub, which need not be where people do.
    hub: String,
    /// Until when it is good.
    expires_at: String,
    /// The fingerprint of the hub's authority, which is in the code too.
    authority: String,
}

/// Why a node is revoked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRevocation {
    /// For the log and for whoever asks later, 1 to 300 characters.
    reason: String,
}

impl Invited {
    fn of(row: InvitationRow, now: domain::UtcTime) -> Self {
        let state = match (&row.claimed, &row.withdrawn) {
            (Some(_), _) => "used",
            (None, Some(_)) => "withdrawn",
            (None, None) if now >= row.expires_at => "expired",
            (None, None) => "open",
        };
        let (used_at, used_by_key) = row.claimed.map(|(at, key)| (at.to_string(), key.to_string())).unzip();
        Self {
            id: row.id,
            site: row.site.to_string(),
            node: row.node.to_string(),
            invited_by: row.invited_by,
            invited_at: row.invited_at.to_string(),
            expires_at: row.expires_at.to_string(),
            state,
            used_at,
            used_by_key,
            withdrawn_by: row.withdrawn.map(|(_, by)| by),
        }
    }
}

fn enrolment(app: &App) -> Result<&Enrolment, Problem> {
    app.enrolment.as_deref().ok_or_else(|| {
        let detail = "this hub enrols no nodes: make an authority with `gatehouse-hub authority init` and give its \
                      configuration a table [authority]";
        Problem::new(StatusCode::NOT_IMPLEMENTED, detail)
    })
}

/// A site that is the caller's to work on.
fn his_site(actor: &Actor, name: &str) -> Result<SiteId, Problem> {
    let site = site(name)?;
    if actor.sees(&site) {
        return Ok(site);
    }
    Err(Problem::of("forbidden", StatusCode::FORBIDDEN, format!("site: \"{site}\" is not yours to work on")))
}

/// A site's invitations, without their codes.
#[utoipa::path(get, path = "/api/v1/sites/{site}/enrolments", tag = "nodes",
    params(("site" = String, Path, description = "The site"), LimitParams),
    responses((status = 200, body = Invitations), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn invitations(
    State(app): State<App>,
    actor: Actor,
    Path(name): Path<String>,
    Params(params): Params<LimitParams>,
) -> Result<Json<Invitations>, Problem> {
    let site = his_site(&actor, &name)?;
    let (now, rows) = (clock::now(), app.store.invitations(&site, rows(params.limit)?).await?);
    Ok(Json(Invitations { enrolments: rows.into_iter().map(|row| Invited::of(row, now)).collect() }))
}

/// Invites a node: gives a code that is good once. Codes before for the same name are good no more.
#[utoipa::path(post, path = "/api/v1/sites/{site}/enrolments", tag = "nodes",
    params(("site" = String, Path, description = "The site")), request_body = NewEnrolment,
    responses(
        (status = 201, body = Code),
        (status = 400, body = Problem),
        (status = 409, description = "The name is another site's, or was revoked", body = Problem),
        (status = 501, description = "The hub has no authority", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn invite(
    State(app): State<App>,
    actor: Actor,
    Path(name): Path<String>,
    Body(new): Body<NewEnrolment>,
) -> Result<(StatusCode, Json<Code>), Problem> {
    let site = his_site(&actor, &name)?;
    let enrolment = enrolment(&app)?;
    let print = enrolment.authority().print();
    let good = new.valid_minutes.map_or(CODE_GOOD, |minutes| Duration::from_secs(minutes.saturating_mul(60)));
    let invited = enrolment::invite(&app.store, print, (site, new.node), &actor.name(), good, clock::now()).await?;
    let code = Code {
        id: invited.kept.id,
        code: invited.code.to_string(),
        hub: enrolment.hub_url().to_owned(),
        expires_at: invited.kept.expires_at.to_string(),
        authority: print.to_string(),
    };
    Ok((StatusCode::CREATED, Json(code)))
}

/// Takes an invitation back.
#[utoipa::path(delete, path = "/api/v1/sites/{site}/enrolments/{id}", tag = "nodes",
    params(("site" = String, Path, description = "The site"), ("id" = String, Path, description = "The invitation")),
    responses((status = 204), (status = 404, description = "None, or not open", body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn withdraw(
    State(app): State<App>,
    actor: Actor,
    Path((name, id)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    if app.store.invitation_withdraw(&his_site(&actor, &name)?, &id, &actor.name(), clock::now()).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    let id: String = id.chars().take(40).collect();
    Err(Problem::new(StatusCode::NOT_FOUND, format!("site \"{name}\" has no open invitation \"{id}\"")))
}

/// Makes the machine that asks a node. Needs no account: the code is the permission.
#[utoipa::path(post, path = "/api/v1/enrolment", tag = "nodes", request_body = Object,
    responses(
        (status = 200, description = "Site, name, certificate, authority and the broker's address", body = Object),
        (status = 400, description = "No code, or no request for a certificate", body = Problem),
        (status = 403, description = "The proof is wrong, or another machine has used the code", body = Problem),
        (status = 404, description = "Nobody gave this code", body = Problem),
        (status = 409, description = "The name is another machine's, or a clock is wrong", body = Problem),
        (status = 410, description = "The code is good no more", body = Problem),
        (status = 429, description = "Too many wrong codes", body = Problem),
        (status = 501, description = "The hub has no authority", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn enrol(
    State(app): State<App>,
    Extension(origin): Extension<Origin>,
    Body(request): Body<EnrolmentRequest>,
) -> Result<Json<EnrolmentAnswer>, Problem> {
    let now = clock::now();
    let answer = enrolment(&app)?.claim(&app.store, &request, origin.address, now).await?;
    let entry = LogEntry {
        at: now,
        actor: nobody(answer.node.as_str()),
        address: origin.address.to_string(),
        action: "node.enrol".to_owned(),
        site: Some(answer.site.clone()),
        subject: answer.node.to_string(),
        purpose: None,
        outcome: "done".to_owned(),
    };
    app.reception.audit.record(entry).await.map_err(|error| Problem::later(error.to_string()))?;
    Ok(Json(answer))
}

/// Renews the certificate of the node that shows one.
#[utoipa::path(post, path = "/api/v1/node/certificate", tag = "nodes", request_body = Object,
    responses(
        (status = 200, description = "The certificate and the authority", body = Object),
        (status = 400, description = "No request for a certificate", body = Problem),
        (status = 403, description = "No certificate was shown, or its node is revoked", body = Problem),
        (status = 429, description = "Too many within a day", body = Problem),
        (status = 501, description = "The hub has no authority", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn renew(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Body(request): Body<RenewalRequest>,
) -> Result<Json<RenewalAnswer>, Problem> {
    let Shown::Node { node, .. } = peer.shown else {
        let detail = "a node renews its certificate over a connection on which it shows the one that it has";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail));
    };
    Ok(Json(enrolment(&app)?.renew(&app.store, &node, &request.csr, clock::now()).await?))
}

/// Believes a node no more: events, uploads, certificate and connection.
#[utoipa::path(post, path = "/api/v1/nodes/{node}/revocation", operation_id = "node_revoke", tag = "nodes",
    params(("node" = String, Path, description = "The node")), request_body = NewRevocation,
    responses(
        (status = 204),
        (status = 400, body = Problem),
        (status = 404, body = Problem),
        (status = 409, description = "It was revoked before", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn revoke(
    State(app): State<App>,
    actor: Actor,
    Path(name): Path<String>,
    Body(new): Body<NewRevocation>,
) -> Result<StatusCode, Problem> {
    let node: NodeId = name.parse().map_err(|error| Problem::bad_request(format!("node: {error}")))?;
    // Of a site that he may not see there is nothing to be told, not even that it is there.
    if app.store.node_get(&node).await?.is_none_or(|found| !actor.sees(&found.site)) {
        return Err(RevokeError::Unknown(node).into());
    }
    enrolment::revoke(&app.store, node.clone(), &actor.name(), &new.reason, clock::now()).await?;
    app.live.node_changed(&node);
    Ok(StatusCode::NO_CONTENT)
}

/// The certificate of the authority that nodes trust.
#[utoipa::path(get, path = "/api/v1/authority", tag = "nodes",
    responses((status = 200, content_type = "application/x-pem-file"), (status = 501, body = Problem)))]
pub(crate) async fn authority(State(app): State<App>) -> Result<Response, Problem> {
    let pem = enrolment(&app)?.authority().servers_pem().to_owned();
    Ok(([(header::CONTENT_TYPE, "application/x-pem-file")], pem).into_response())
}

/// The nodes' certificates that are good no more, for a broker on another machine to fetch.
#[utoipa::path(get, path = "/api/v1/authority/revoked", tag = "nodes",
    responses((status = 200, description = "A CRL as PEM", content_type = "application/x-pem-file"), (status = 501, body = Problem)))]
pub(crate) async fn revoked(State(app): State<App>) -> Result<Response, Problem> {
    let pem = enrolment(&app)?.authority().revoked_pem().map_err(failed)?;
    Ok(([(header::CONTENT_TYPE, "application/x-pem-file")], pem).into_response())
}

/// Refused unless the connection shows the certificate of `node`, on a hub that serves HTTPS itself. Where it does not,
/// the grant's signature is all there is.
pub(crate) fn demand_certificate(peer: &Peer, node: &NodeId) -> Result<(), Problem> {
    match &peer.shown {
        Shown::Plain => Ok(()),
        Shown::Node { node: shown, .. } if shown == node => Ok(()),
        Shown::Node { node: shown, .. } => {
            let detail =
                format!("the connection shows the certificate of node \"{shown}\", the grant is of \"{node}\"");
            Err(Problem::new(StatusCode::FORBIDDEN, detail))
        }
        Shown::Nothing => {
            let detail = format!("show the certificate of node \"{node}\", which it got when it was enrolled");
            Err(Problem::new(StatusCode::FORBIDDEN, detail))
        }
    }
}

/// Paths of this machine are nobody's business.
fn failed(error: AuthorityError) -> Problem {
    tracing::error!(error = &error as &dyn std::error::Error, "the authority cannot be used");
    Problem::later("the authority cannot be used at the moment")
}

impl From<InvitationError> for Problem {
    fn from(error: InvitationError) -> Self {
        match error {
            InvitationError::Validity(_) => Self::bad_request(error.to_string()),
            InvitationError::Invite(InviteError::Store(error)) => error.into(),
            InvitationError::Invite(error @ (InviteError::OtherSite { .. } | InviteError::Revoked(_))) => {
                Self::new(StatusCode::CONFLICT, error.to_string())
            }
            InvitationError::Invite(error @ InviteError::TooMany) => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, error.to_string())
            }
            InvitationError::NoRandomness(_) => Self::later(error.to_string()),
        }
    }
}

impl From<EnrolError> for Problem {
    fn from(error: EnrolError) -> Self {
        let status = match error {
            EnrolError::Claim(ClaimError::Store(error)) => return error.into(),
            EnrolError::Authority(error) => return failed(error),
            EnrolError::TooOften => StatusCode::TOO_MANY_REQUESTS,
            EnrolError::Code(_) | EnrolError::Request(_) => StatusCode::BAD_REQUEST,
            EnrolError::Proof | EnrolError::Claim(ClaimError::Used { .. }) => StatusCode::FORBIDDEN,
            EnrolError::Claim(ClaimError::Unknown) | EnrolError::OtherHub { .. } => StatusCode::NOT_FOUND,
            EnrolError::Claim(ClaimError::Expired(_) | ClaimError::Withdrawn) => StatusCode::GONE,
            EnrolError::Clock { .. }
            | EnrolError::Claim(ClaimError::OtherKey { .. } | ClaimError::OtherSite { .. } | ClaimError::Revoked(_)) => {
                StatusCode::CONFLICT
            }
        };
        Self::new(status, error.to_string())
    }
}

impl From<RenewalError> for Problem {
    fn from(error: RenewalError) -> Self {
        let status = match error {
            RenewalError::Store(error) | RenewalError::Renew(RenewError::Store(error)) => return error.into(),
            RenewalError::Authority(error) => return failed(error),
            RenewalError::NotBelieved(_) => StatusCode::FORBIDDEN,
            RenewalError::Request(_) => StatusCode::BAD_REQUEST,
            RenewalError::Renew(RenewError::TooOften(_)) => StatusCode::TOO_MANY_REQUESTS,
        };
        Self::new(status, error.to_string())
    }
}

impl From<RevokeError> for Problem {
    fn from(error: RevokeError) -> Self {
        let status = match error {
            RevokeError::Store(error) => return error.into(),
            RevokeError::Unknown(_) => StatusCode::NOT_FOUND,
            RevokeError::Already(_) => StatusCode::CONFLICT,
            RevokeError::Reason => StatusCode::BAD_REQUEST,
        };
        Self::new(status, error.to_string())
    }
}
