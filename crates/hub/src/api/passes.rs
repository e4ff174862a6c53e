//! Visitors' passes: issued, listed and revoked.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::{UtcTime, ZoneId};
use serde::{Deserialize, Serialize};
use store::{PassError, PassRow, PassUses};
use utoipa::ToSchema;
use wire::pass::{Escort, Pass, PassId, PassName, Scope, Uses};

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::body::Body;
use crate::api::nodes::LimitParams;
use crate::api::params::{Params, rows};
use crate::api::policies::site_seen;
use crate::api::problem::{Problem, no_randomness};
use crate::api::watch_entries::Reason;
use crate::clock;

/// A pass, without the text of its code.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IssuedPass {
    /// Its number.
    id: String,
    /// The category of whoever carries it.
    category: String,
    /// The lanes that it is for; of no lane and no zone, wherever its category may go.
    lanes: Vec<String>,
    /// The zones that it is for.
    zones: Vec<String>,
    /// From when.
    not_before: String,
    /// Until when.
    not_after: String,
    /// `once` or `many`.
    uses: &'static str,
    /// Whether somebody of the site must come along.
    escort: bool,
    /// Who visits.
    visitor: String,
    /// Whom or why.
    purpose: String,
    /// `good`, `ahead`, `over` or `revoked`.
    state: &'static str,
    /// Who issued it.
    issued_by: String,
    /// When.
    issued_at: String,
    /// Who revoked it.
    revoked_by: Option<String>,
    /// When.
    revoked_at: Option<String>,
    /// Why.
    revoked_reason: Option<String>,
}

/// Passes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IssuedPasses {
    /// The newest first.
    passes: Vec<IssuedPass>,
}

/// A pass to issue.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPass {
    /// The category of whoever carries it, such as `visitor`.
    category: String,
    /// The lanes that it is for. Of no lane and no zone: wherever its category may go.
    #[serde(default)]
    lanes: Vec<String>,
    /// The zones that it is for, instead of lanes.
    #[serde(default)]
    zones: Vec<String>,
    /// From when, in whole seconds.
    #[schema(value_type = String)]
    not_before: UtcTime,
    /// Until when, in whole seconds.
    #[schema(value_type = String)]
    not_after: UtcTime,
    /// `once` or `many`.
    uses: NewUses,
    /// Whether somebody of the site must come along.
    #[serde(default)]
    escort: bool,
    /// Who visits, up to 200 characters.
    #[serde(default)]
    visitor: String,
    /// Whom or why, up to 200 characters.
    #[serde(default)]
    purpose: String,
}

/// How often.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NewUses {
    /// For one entry.
    Once,
    /// For any number.
    Many,
}

/// The code of a pass, shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PassCode {
    /// The pass's number.
    id: String,
    /// The text of its QR code, for the code's alphanumeric mode, version 10 at level M at most.
    text: String,
}

fn shown(row: PassRow, now: UtcTime) -> IssuedPass {
    let state = match &row.revoked {
        Some(_) => "revoked",
        None if now >= row.not_after => "over",
        None if now < row.not_before => "ahead",
        None => "good",
    };
    let (revoked_by, revoked_at, revoked_reason) = match row.revoked {
        Some((by, at, reason)) => (Some(by), Some(at.to_string()), Some(reason)),
        None => (None, None, None),
    };
    IssuedPass {
        id: row.id,
        category: row.category,
        lanes: row.lanes,
        zones: row.zones,
        not_before: row.not_before.to_string(),
        not_after: row.not_after.to_string(),
        uses: row.uses.as_str(),
        escort: row.escort,
        visitor: row.visitor,
        purpose: row.purpose,
        state,
        issued_by: row.issued_by,
        issued_at: row.issued_at.to_string(),
        revoked_by,
        revoked_at,
        revoked_reason,
    }
}

/// A site's passes, the newest first.
#[utoipa::path(get, path = "/api/v1/sites/{site}/passes", tag = "policies",
    params(("site" = String, Path, description = "The site"), LimitParams),
    responses((status = 200, body = IssuedPasses), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn passes(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Params(params): Params<LimitParams>,
) -> Result<Json<IssuedPasses>, Problem> {
    let site = site_seen(&caller, Permission::PassesRead, &name)?;
    let (now, found) = (clock::now(), app.store.passes(&site, rows(params.limit)?).await?);
    Ok(Json(IssuedPasses { passes: found.into_iter().map(|row| shown(row, now)).collect() }))
}

/// Issues a pass. Its code is shown this once; whoever has it has the pass.
#[utoipa::path(post, path = "/api/v1/sites/{site}/passes", tag = "policies",
    params(("site" = String, Path, description = "The site")), request_body = NewPass,
    responses(
        (status = 201, body = PassCode),
        (status = 400, body = Problem),
        (status = 501, description = "The hub holds no pass key", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn issue(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Body(wanted): Body<NewPass>,
) -> Result<(StatusCode, Json<PassCode>), Problem> {
    let site = site_seen(&caller, Permission::PassesWrite, &name)?;
    let key = app.pass_key.as_deref().ok_or_else(|| {
        let detail = "this hub holds no pass key: make one with `gatehouse-hub pass keygen`, and give its configuration a \
                      table [signing] with pass_key_file";
        Problem::new(StatusCode::NOT_IMPLEMENTED, detail)
    })?;
    let bad = |field: &str, error: &dyn std::fmt::Display| Problem::bad_request(format!("{field}: {error}"));
    let now = clock::now();
    let mut random = [0; 10];
    getrandom::fill(&mut random).map_err(no_randomness)?;
    let lanes = wanted.lanes.iter().map(|lane| PassName::new(lane.as_str()).map_err(|error| bad("lanes", &error)));
    let lanes = lanes.collect::<Result<Vec<_>, _>>()?;
    let zones = wanted.zones.iter().map(|zone| ZoneId::new(zone.as_str()).map_err(|error| bad("zones", &error)));
    let zones = zones.collect::<Result<Vec<_>, _>>()?;
    let scope = match (lanes.is_empty(), zones.is_empty()) {
        (true, true) => Scope::OfCategory,
        (false, true) => Scope::Lanes(lanes),
        (true, false) => Scope::Zones(zones),
        (false, false) => return Err(Problem::bad_request("zones: give lanes or zones, not both")),
    };
    let pass = Pass {
        id: PassId::new(now, random),
        site: site.clone(),
        scope,
        not_before: wanted.not_before,
        not_after: wanted.not_after,
        uses: match wanted.uses {
            NewUses::Once => Uses::Once,
            NewUses::Many => Uses::Many,
        },
        escort: if wanted.escort { Escort::Needed } else { Escort::NotNeeded },
        category: PassName::new(wanted.category.as_str()).map_err(|error| bad("category", &error))?,
    };
    if wanted.not_after <= now {
        return Err(bad("not_after", &format!("{} is over already", wanted.not_after)));
    }
    let text = pass.issue(key).map_err(|error| bad("pass", &error))?;
    let row = PassRow {
        id: pass.id.to_string(),
        site,
        category: wanted.category,
        lanes: wanted.lanes,
        zones: wanted.zones,
        not_before: wanted.not_before,
        not_after: wanted.not_after,
        uses: match wanted.uses {
            NewUses::Once => PassUses::Once,
            NewUses::Many => PassUses::Many,
        },
        escort: wanted.escort,
        visitor: wanted.visitor,
        purpose: wanted.purpose,
        issued_by: caller.name().to_owned(),
        issued_at: now,
        revoked: None,
    };
    app.store.pass_insert(&row).await?;
    Ok((StatusCode::CREATED, Json(PassCode { id: row.id, text })))
}

/// Revokes a pass; nodes hear of it with the next publication of a policy.
#[utoipa::path(post, path = "/api/v1/sites/{site}/passes/{id}/revocation", operation_id = "pass_revoke",
    tag = "policies",
    params(("site" = String, Path, description = "The site"), ("id" = String, Path, description = "The pass")),
    request_body = Reason,
    responses((status = 204), (status = 400, body = Problem), (status = 404, body = Problem),
        (status = 409, description = "It was revoked before", body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn revoke(
    State(app): State<App>,
    caller: Caller,
    Path((name, id)): Path<(String, String)>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<StatusCode, Problem> {
    let site = site_seen(&caller, Permission::PassesWrite, &name)?;
    app.store.pass_revoke(&site, &id, &reason, caller.name(), clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<PassError> for Problem {
    fn from(error: PassError) -> Self {
        let status = match error {
            PassError::Store(error) => return error.into(),
            PassError::Text { .. } => StatusCode::BAD_REQUEST,
            PassError::Unknown(_) => StatusCode::NOT_FOUND,
            PassError::Already { .. } => StatusCode::CONFLICT,
        };
        Self::new(status, error.to_string())
    }
}
