//! What is kept for how long, and what was deleted.

use axum::Json;
use axum::extract::State;
use domain::UtcTime;
use serde::{Deserialize, Serialize};
use store::{DeletionLogFilter, DeletionLogRow};
use utoipa::{IntoParams, ToSchema};
use wire::BlobHash;

use crate::api::App;
use crate::api::audit_log::VerifyParams;
use crate::api::lists::is_full;
use crate::api::params::{Params, check_span, rows};
use crate::api::problem::Problem;
use crate::api::view::AuditLogCheck;

/// How long things are kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RetentionRules {
    /// Whether anything is deleted: the hub's configuration has rules.
    is_active: bool,
    /// One for each class.
    rules: Vec<RetentionClassRule>,
    /// Media that are deleted and still have their bytes.
    bytes_left: u64,
}

/// How long a class is kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RetentionClassRule {
    /// The class, such as `passage_pictures`.
    class: &'static str,
    /// So many days; nothing where it is kept for ever.
    days: Option<u32>,
    /// The moment of the oldest that is there; nothing where there is none.
    oldest: Option<String>,
}

/// Which rows of the deletion log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeletionLogParams {
    /// Only of this class, such as `clips`.
    class: Option<String>,
    /// Only those that deleted this medium. Reads the whole log.
    #[param(value_type = Option<String>)]
    sha256: Option<BlobHash>,
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

/// Rows of the deletion log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeletionLog {
    /// The newest first.
    deletions: Vec<DeletionEntry>,
    /// What to give as `before` for the next page; nothing on the last.
    next: Option<u64>,
}

/// A row of the deletion log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeletionEntry {
    /// Place in the chain, from 1.
    seq: u64,
    /// When.
    at: String,
    /// What was too old.
    class: String,
    /// `blob`, `plate_read` or `access_decision`.
    kind: String,
    /// How many.
    count: u64,
    /// SHA-256 of the media; empty for rows.
    sha256: Vec<String>,
    /// What was over before this moment was due.
    cutoff: String,
    /// The rule.
    rule: String,
    /// Why.
    reason: String,
    /// Who or what deleted.
    by: String,
    /// Hash of the row before.
    prev_hash: String,
    /// Its own.
    hash: String,
}

impl From<DeletionLogRow> for DeletionEntry {
    fn from(DeletionLogRow { seq, what, prev_hash, hash }: DeletionLogRow) -> Self {
        Self {
            seq,
            at: what.at.to_string(),
            class: what.class,
            kind: what.kind,
            count: what.count,
            sha256: what.media.iter().map(ToString::to_string).collect(),
            cutoff: what.cutoff.to_string(),
            rule: what.rule,
            reason: what.reason,
            by: what.by,
            prev_hash,
            hash,
        }
    }
}

/// What is kept for how long, by the hub's configuration.
#[utoipa::path(get, path = "/api/v1/retention", tag = "retention",
    responses((status = 200, body = RetentionRules), (status = 503, body = Problem)))]
pub(crate) async fn retention(State(app): State<App>) -> Result<Json<RetentionRules>, Problem> {
    let of = |class| app.retention.iter().flat_map(|rules| rules.iter()).find(|rule| rule.class == class);
    let states = app.store.retention_states().await?.into_iter().map(|state| RetentionClassRule {
        class: state.class.as_str(),
        days: of(state.class).and_then(|rule| rule.days),
        oldest: state.oldest.map(|at| at.to_string()),
    });
    let (rules, bytes_left) = (states.collect(), app.store.blobs_to_remove().await?);
    Ok(Json(RetentionRules { is_active: app.retention.is_some(), rules, bytes_left }))
}

/// What was deleted by which rule, the newest first.
#[utoipa::path(get, path = "/api/v1/deletion-log", tag = "retention", params(DeletionLogParams),
    responses((status = 200, body = DeletionLog), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn deletion_log(
    State(app): State<App>,
    Params(params): Params<DeletionLogParams>,
) -> Result<Json<DeletionLog>, Problem> {
    let DeletionLogParams { class, sha256, from, to, limit, before } = params;
    check_span(from, to)?;
    let limit = rows(limit)?;
    let rows = app.store.deletion_log(&DeletionLogFilter { class, medium: sha256, from, to, before, limit }).await?;
    let next = rows.last().filter(|_| is_full(rows.len(), limit)).map(|row| row.seq);
    Ok(Json(DeletionLog { deletions: rows.into_iter().map(DeletionEntry::from).collect(), next }))
}

/// Reads the whole deletion log and names the first row that is not what it was.
#[utoipa::path(get, path = "/api/v1/deletion-log/verify", tag = "retention", params(VerifyParams),
    responses((status = 200, body = AuditLogCheck), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn deletion_log_verify(
    State(app): State<App>,
    Params(params): Params<VerifyParams>,
) -> Result<Json<AuditLogCheck>, Problem> {
    Ok(Json(app.store.deletion_log_verify(params.known()?.as_ref()).await?.into()))
}
