//! A site's policy in the making, its history, and its publication.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{NodeId, SiteId, UtcTime};
use serde::{Deserialize, Serialize};
use store::{DraftError, Expected};
use utoipa::{IntoParams, ToSchema};
use wire::policy::{Addressees, Bundle, Document, DocumentPath, TrustedKeys};

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::body::Body;
use crate::api::params::{Params, rows};
use crate::api::policies::site_seen;
use crate::api::problem::Problem;
use crate::clock;
use crate::policy::draft::{AssembleError, assemble, watch_path};
use crate::policy::folder::check_form;
use crate::policy::{PublishError, Request, publish};

/// Longest document in bytes with what JSON adds to it.
const BODY_BYTES_MAX: usize = 24 * 1024 * 1024;

/// A document of a draft.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DraftDocument {
    /// Where it lies.
    path: String,
    /// Hash of its text, which is its ETag.
    sha256: String,
    /// Its length.
    bytes: u64,
    /// When it was last changed; nothing where the hub makes it.
    changed_at: Option<String>,
    /// By whom; nothing where the hub makes it, of the watch list or of revoked passes.
    changed_by: Option<String>,
}

/// What keeps a draft from being published.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DraftFault {
    /// The document.
    document: String,
    /// Where in it.
    place: String,
    /// What is wrong and what is accepted.
    message: String,
}

/// A site's policy in the making.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Draft {
    /// As they would be published now.
    documents: Vec<DraftDocument>,
    /// None where it can be published.
    problems: Vec<DraftFault>,
    /// The newest published version, if any.
    published: Option<u64>,
    /// Whether a publication now would change anything, such as because an entry of a watch list is over.
    differs: bool,
    /// Whether this hub holds the key that policies are signed with; without it they are published where the key is.
    signs: bool,
}

/// A text.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DocumentText {
    /// All of it.
    text: String,
}

/// A change of a draft.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Change {
    /// Its number; a higher one is later.
    id: u64,
    /// The document.
    path: String,
    /// When.
    at: String,
    /// Who.
    by: String,
    /// The text before; nothing where there was none.
    before: Option<String>,
    /// The text after; nothing where it was removed.
    after: Option<String>,
}

/// Changes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Changes {
    /// The newest first.
    changes: Vec<Change>,
}

/// Which changes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChangeParams {
    /// Only of this document.
    path: Option<String>,
    /// Only those with a lower number.
    before: Option<u64>,
    /// At most so many, 1 to 500; 50 where it is not given.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

/// What to publish.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Publication {
    /// An earlier version to publish anew, to go back to it; the draft where it is not given.
    again: Option<u64>,
    /// The nodes that it is for; all of the site where it is not given.
    #[schema(value_type = Option<Vec<String>>)]
    nodes: Option<BTreeSet<NodeId>>,
    /// When nodes put it in force; at once where it is not given.
    #[schema(value_type = Option<String>)]
    not_before: Option<UtcTime>,
    /// The highest version that it may replace although its own number is lower.
    rollback_from: Option<u64>,
}

/// What was published.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublicationMade {
    /// Its number.
    version: u64,
    /// Hash of the bundle.
    sha256: String,
    /// Nodes that will refuse it, because they work by a higher version.
    ahead: Vec<String>,
}

/// Which policy the draft becomes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DraftReset {
    /// The version whose documents the draft holds from now on.
    version: u64,
}

/// A site's policy in the making, without its texts.
#[utoipa::path(get, path = "/api/v1/sites/{site}/policy-draft", tag = "policies",
    params(("site" = String, Path, description = "The site")),
    responses((status = 200, body = Draft), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn draft(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Draft>, Problem> {
    let site = site_seen(&caller, Permission::PoliciesRead, &name)?;
    let assembled = assemble(&app.store, &site, clock::now()).await?;
    let held = app.store.draft(&site).await?;
    let documents = assembled.documents.iter().map(|document| {
        let row = held.iter().find(|row| row.path == *document.path());
        DraftDocument {
            path: document.path().to_string(),
            sha256: store::text_hash(document.text()),
            bytes: document.text().len() as u64,
            changed_at: row.map(|row| row.changed_at.to_string()),
            changed_by: row.map(|row| row.changed_by.clone()),
        }
    });
    let documents: Vec<_> = documents.collect();
    let newest = app.store.policy_history(&site, 1).await?.into_iter().next();
    let is_same = newest.as_ref().is_some_and(|newest| {
        let published: Vec<_> =
            newest.documents.iter().map(|one| (one.path.to_string(), one.bytes, one.sha256.to_string())).collect();
        let now: Vec<_> =
            assembled.documents.iter().map(|one| (one.path().to_string(), one.text().len() as u64)).collect();
        published.len() == now.len()
            && std::iter::zip(&published, std::iter::zip(&now, &assembled.documents)).all(|(old, (new, document))| {
                old.0 == new.0 && old.1 == new.1 && old.2 == document.sha256().to_string()
            })
    });
    let fault = |one: crate::policy::draft::DraftProblem| DraftFault {
        document: one.document,
        place: one.place,
        message: one.message,
    };
    Ok(Json(Draft {
        documents,
        problems: assembled.problems.into_iter().map(fault).collect(),
        published: newest.map(|newest| newest.version),
        differs: !is_same,
        signs: app.policy_key.is_some(),
    }))
}

pub(super) fn path_of(text: &str) -> Result<DocumentPath, Problem> {
    DocumentPath::new(text).map_err(|error| Problem::bad_request(format!("path: {error}")))
}

/// What `If-Match` and `If-None-Match` say.
pub(super) fn expected(headers: &HeaderMap) -> Result<Expected, Problem> {
    let tag = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match (tag(header::IF_MATCH), tag(header::IF_NONE_MATCH)) {
        (Some("*"), None) => Ok(Expected::Any),
        (Some(tag), None) => Ok(Expected::Text(tag.trim_matches('"').to_owned())),
        (None, Some("*")) => Ok(Expected::Absent),
        (Some(_) | None, _) => {
            let detail = "give If-Match with the ETag that was read, or If-None-Match: * for a new document, so that nobody \
                          overwrites what he has not seen";
            Err(Problem::new(StatusCode::PRECONDITION_REQUIRED, detail))
        }
    }
}

/// A document of the draft.
#[utoipa::path(get, path = "/api/v1/sites/{site}/policy-draft/documents/{path}", operation_id = "draft_document",
    tag = "policies",
    params(("site" = String, Path, description = "The site"), ("path" = String, Path, description = "Such as access.toml")),
    responses((status = 200, body = DocumentText), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn document(
    State(app): State<App>,
    caller: Caller,
    Path((name, path)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let (site, path) = (site_seen(&caller, Permission::PoliciesRead, &name)?, path_of(&path)?);
    let found = app.store.draft_document(&site, &path).await?;
    let (row, text) = found.ok_or_else(|| Problem::from(DraftError::Missing(path)))?;
    Ok(([(header::ETAG, format!("\"{}\"", row.sha256))], Json(DocumentText { text })).into_response())
}

/// Puts a document into the draft. It must have the form of its kind; what it means is told by the draft.
#[utoipa::path(put, path = "/api/v1/sites/{site}/policy-draft/documents/{path}", tag = "policies",
    params(
        ("site" = String, Path, description = "The site"),
        ("path" = String, Path, description = "Such as access.toml"),
        ("if-match" = Option<String>, Header, description = "The ETag that was read, or *"),
        ("if-none-match" = Option<String>, Header, description = "* for a new document"),
    ),
    request_body = DocumentText,
    responses(
        (status = 204),
        (status = 400, description = "The text has not the form of its kind", body = Problem),
        (status = 409, description = "The hub makes this document itself", body = Problem),
        (status = 412, description = "Somebody changed it meanwhile", body = Problem),
        (status = 428, description = "Neither If-Match nor If-None-Match", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn document_put(
    State(app): State<App>,
    caller: Caller,
    Path((name, path)): Path<(String, String)>,
    headers: HeaderMap,
    Body(DocumentText { text }): Body<DocumentText, BODY_BYTES_MAX>,
) -> Result<StatusCode, Problem> {
    let (site, path) = (site_seen(&caller, Permission::PoliciesWrite, &name)?, path_of(&path)?);
    let expected = expected(&headers)?;
    refuse_made(&app, &site, &path).await?;
    check_form(&path, &text).map_err(|error| Problem::bad_request(format!("text: {error}")))?;
    let document = Document::new(path, text).map_err(|error| Problem::bad_request(format!("text: {error}")))?;
    app.store.draft_put(&site, &document, &expected, caller.name(), clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn refuse_made(app: &App, site: &SiteId, path: &DocumentPath) -> Result<(), Problem> {
    let (lists, _) = app.store.watch_in_force(site, clock::now()).await?;
    let is_made = path.as_str() == crate::policy::draft::REVOKED_PASSES
        || lists.iter().any(|list| watch_path(list) == path.as_str());
    if is_made {
        let detail = format!("\"{path}\" is made by the hub, of the watch list or of revoked passes");
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    Ok(())
}

/// Takes a document out of the draft.
#[utoipa::path(delete, path = "/api/v1/sites/{site}/policy-draft/documents/{path}", tag = "policies",
    params(
        ("site" = String, Path, description = "The site"),
        ("path" = String, Path, description = "Such as access.toml"),
        ("if-match" = Option<String>, Header, description = "The ETag that was read, or *"),
    ),
    responses((status = 204), (status = 404, body = Problem), (status = 412, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn document_delete(
    State(app): State<App>,
    caller: Caller,
    Path((name, path)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let (site, path) = (site_seen(&caller, Permission::PoliciesWrite, &name)?, path_of(&path)?);
    app.store.draft_delete(&site, &path, &expected(&headers)?, caller.name(), clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who changed what of a draft, with the texts before and after.
#[utoipa::path(get, path = "/api/v1/sites/{site}/policy-draft/changes", tag = "policies",
    params(("site" = String, Path, description = "The site"), ChangeParams),
    responses((status = 200, body = Changes), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn changes(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Params(params): Params<ChangeParams>,
) -> Result<Json<Changes>, Problem> {
    let site = site_seen(&caller, Permission::PoliciesRead, &name)?;
    let path = params.path.as_deref().map(path_of).transpose()?;
    let found = app.store.draft_changes(&site, path.as_ref(), params.before, rows(params.limit)?).await?;
    let change = |one: store::DraftChange| Change {
        id: one.id,
        path: one.path.to_string(),
        at: one.at.to_string(),
        by: one.by,
        before: one.before,
        after: one.after,
    };
    Ok(Json(Changes { changes: found.into_iter().map(change).collect() }))
}

/// Makes the draft hold the documents of a published policy.
#[utoipa::path(post, path = "/api/v1/sites/{site}/policy-draft/reset", tag = "policies",
    params(("site" = String, Path, description = "The site")), request_body = DraftReset,
    responses((status = 204), (status = 404, body = Problem), (status = 501, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn reset(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Body(DraftReset { version }): Body<DraftReset>,
) -> Result<StatusCode, Problem> {
    let site = site_seen(&caller, Permission::PoliciesWrite, &name)?;
    let mut documents = published(&app, &site, version).await?;
    let (lists, _) = app.store.watch_in_force(&site, clock::now()).await?;
    documents.retain(|document| {
        let path = document.path().as_str();
        path != crate::policy::draft::REVOKED_PASSES && !lists.iter().any(|list| watch_path(list) == path)
    });
    app.store.draft_replace(&site, &documents, caller.name(), clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn published(app: &App, site: &SiteId, version: u64) -> Result<Vec<Document>, Problem> {
    let found = app.store.policy_bundle(site, version).await?;
    let missing = || Problem::new(StatusCode::NOT_FOUND, format!("site \"{site}\" has no policy {version}"));
    let (_, bytes) = found.ok_or_else(missing)?;
    let trusted = TrustedKeys::new(vec![key(app)?.public()]).map_err(|error| Problem::later(error.to_string()))?;
    let opened = Bundle::open(&bytes, &trusted);
    opened.map(|bundle| bundle.documents).map_err(|error| {
        Problem::new(StatusCode::CONFLICT, format!("policy {version} is not of the key that this hub has: {error}"))
    })
}

fn key(app: &App) -> Result<&wire::policy::PolicyKey, Problem> {
    app.policy_key.as_deref().ok_or_else(|| {
        let detail = "this hub holds no policy key: publish with `gatehouse-hub policy publish` where the key is, or give \
                      its configuration a table [signing] with policy_key_file";
        Problem::new(StatusCode::NOT_IMPLEMENTED, detail)
    })
}

/// Publishes the draft, or an earlier policy anew: nodes hear of it within a second.
#[utoipa::path(post, path = "/api/v1/sites/{site}/policies", tag = "policies",
    params(("site" = String, Path, description = "The site")), request_body = Publication,
    responses(
        (status = 201, body = PublicationMade),
        (status = 400, body = Problem),
        (status = 404, body = Problem),
        (status = 409, description = "The draft has problems, or another publication came first", body = Problem),
        (status = 501, description = "The hub holds no policy key", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn publication(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Body(wanted): Body<Publication>,
) -> Result<(StatusCode, Json<PublicationMade>), Problem> {
    let site = site_seen(&caller, Permission::PoliciesWrite, &name)?;
    let (key, now) = (key(&app)?, clock::now());
    let documents = match wanted.again {
        Some(version) => published(&app, &site, version).await?,
        None => {
            let assembled = assemble(&app.store, &site, now).await?;
            if let Some(first) = assembled.problems.first() {
                let detail = format!(
                    "the draft has {} problems; the first is in \"{}\" at \"{}\": {}",
                    assembled.problems.len(),
                    first.document,
                    first.place,
                    first.message
                );
                return Err(Problem::new(StatusCode::CONFLICT, detail));
            }
            assembled.documents
        }
    };
    let request = Request {
        site,
        nodes: wanted.nodes.map_or(Addressees::All, Addressees::Named),
        by: caller.name().to_owned(),
        not_before: wanted.not_before,
        rollback_from: wanted.rollback_from,
        documents,
    };
    let made = publish(&app.store, key, request, now).await?;
    let ahead = made.ahead.into_iter().map(|(node, version)| format!("{node} works by {version}")).collect();
    let made = PublicationMade { version: made.name.version, sha256: made.name.sha256.to_string(), ahead };
    Ok((StatusCode::CREATED, Json(made)))
}

impl From<DraftError> for Problem {
    fn from(error: DraftError) -> Self {
        let status = match error {
            DraftError::Store(error) => return error.into(),
            DraftError::Changed { .. } => StatusCode::PRECONDITION_FAILED,
            DraftError::Missing(_) => StatusCode::NOT_FOUND,
            DraftError::TooMany => StatusCode::CONFLICT,
        };
        Self::new(status, error.to_string())
    }
}

impl From<AssembleError> for Problem {
    fn from(error: AssembleError) -> Self {
        match error {
            AssembleError::Store(error) => error.into(),
            AssembleError::Document { .. } => Self::new(StatusCode::CONFLICT, error.to_string()),
        }
    }
}

impl From<PublishError> for Problem {
    fn from(error: PublishError) -> Self {
        let status = match error {
            PublishError::Store(error) | PublishError::Policy(store::PolicyError::Store(error)) => return error.into(),
            PublishError::Policy(store::PolicyError::Taken { .. }) => StatusCode::CONFLICT,
            PublishError::UnknownNode { .. }
            | PublishError::NoNodes(_)
            | PublishError::NeedlessRollback { .. }
            | PublishError::Bundle(_)
            | PublishError::Wanted(_) => StatusCode::BAD_REQUEST,
        };
        let causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
        Self::new(status, causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}")))
    }
}
