//! The audit log, for auditors.

use axum::Json;
use axum::extract::State;
use domain::{SiteId, UtcTime};
use serde::{Deserialize, Serialize};
use store::{AuditHead, AuditLogFilter};
use utoipa::{IntoParams, ToSchema};

use crate::api::App;
use crate::api::lists::is_full;
use crate::api::params::{Params, check_span, rows};
use crate::api::problem::Problem;
use crate::api::view::{AuditLogCheck, AuditLogEntry};

/// Which rows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditLogParams {
    /// Only by the account or key with this id.
    actor_id: Option<String>,
    /// Only actions that begin with this, such as `session.` or `GET /api/v1/plates`.
    action: Option<String>,
    /// Only about this site.
    #[param(value_type = Option<String>)]
    site: Option<SiteId>,
    /// Only whose subject holds this text, such as a plate that was looked for.
    subject: Option<String>,
    /// Only at this moment or later.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<UtcTime>,
    /// Only before this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<UtcTime>,
    /// At most so many, 1 to 500; 50 where it is not given.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// The `next` of the page before.
    before: Option<u64>,
}

/// A head that was written down earlier.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct VerifyParams {
    /// `NUMBER:HASH`, as the hub wrote it into its own log or an earlier check gave it.
    expect: Option<String>,
}

impl VerifyParams {
    /// The head to compare with, where one was given.
    pub(crate) fn known(&self) -> Result<Option<AuditHead>, Problem> {
        let known = self.expect.as_deref().map(str::parse::<AuditHead>).transpose();
        known.map_err(|error| Problem::bad_request(format!("expect: {error}")))
    }
}

/// Rows of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditLog {
    /// The newest first.
    entries: Vec<AuditLogEntry>,
    /// What to give as `before` for the next page; nothing on the last.
    next: Option<u64>,
}

/// Who did and read what, the newest first. Plates that were looked for stand here as they were typed.
#[utoipa::path(get, path = "/api/v1/audit-log", tag = "audit", params(AuditLogParams),
    responses((status = 200, body = AuditLog), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn audit_log(
    State(app): State<App>,
    Params(params): Params<AuditLogParams>,
) -> Result<Json<AuditLog>, Problem> {
    let AuditLogParams { actor_id, action, site, subject, from, to, limit, before } = params;
    check_span(from, to)?;
    let limit = rows(limit)?;
    let subject = subject.filter(|text| !text.is_empty());
    let filter = AuditLogFilter { actor_id, action, site, subject, from, to, before, limit };
    let rows = app.store.audit_log(&filter).await?;
    let next = rows.last().filter(|_| is_full(rows.len(), limit)).map(|row| row.seq);
    Ok(Json(AuditLog { entries: rows.into_iter().map(AuditLogEntry::from).collect(), next }))
}

/// Reads the whole audit log and names the first row that is not what it was.
#[utoipa::path(get, path = "/api/v1/audit-log/verify", tag = "audit", params(VerifyParams),
    responses((status = 200, body = AuditLogCheck), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn audit_log_verify(
    State(app): State<App>,
    Params(params): Params<VerifyParams>,
) -> Result<Json<AuditLogCheck>, Problem> {
    Ok(Json(app.store.audit_log_verify(params.known()?.as_ref()).await?.into()))
}
