//! What the forms of a draft show of its access policy, and its schedules changed by a form.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::SiteId;
use serde::Serialize;
use utoipa::ToSchema;
use wire::policy::{Document, DocumentPath};

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::body::Body;
use crate::api::drafts::expected;
use crate::api::policies::site_seen;
use crate::api::problem::Problem;
use crate::clock;
use crate::policy::draft::{ACCESS, texts};
use crate::policy::import::Around;
use crate::policy::list::{List, ListKind};
use crate::policy::times::{CategoryOutline, LaneOutline, Outline, Times, TimesError};

/// Most mistakes that a refusal tells.
const TOLD_MAX: usize = 8;

/// A list that the access policy names.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListOutline {
    /// Where it lies.
    path: String,
    /// `holders` or `denied`.
    kind: &'static str,
    /// How many rows it has; nothing where it is missing or no table.
    rows: Option<u64>,
    /// Whether the hub makes it itself, of revoked passes.
    made: bool,
}

/// What forms must know of a draft's access policy, as far as it can be read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccessOutline {
    /// The hash of `access.toml`, to be given as `If-Match` with a change.
    sha256: String,
    /// The lists that it names.
    lists: Vec<ListOutline>,
    /// Zones.
    zones: Vec<String>,
    /// Categories.
    categories: Vec<CategoryOutline>,
    /// Lanes.
    lanes: Vec<LaneOutline>,
    /// Schedules and holidays.
    times: Times,
}

/// A draft whose access policy is there.
pub(super) struct AccessDraft {
    pub(super) outline: Outline,
    pub(super) around: Around,
    pub(super) made: Vec<String>,
}

impl AccessDraft {
    /// Reads a site's draft.
    pub(super) async fn read(app: &App, site: &SiteId) -> Result<Self, Problem> {
        let (mut lists, made) = texts(&app.store, site, clock::now()).await?;
        let access = lists.remove(ACCESS).ok_or_else(|| {
            let detail = "the draft has no access.toml: put one first, or begin with a published policy";
            Problem::of("no_access_policy", StatusCode::NOT_FOUND, detail)
        })?;
        let outline = Outline::read(&access)
            .map_err(|error| Problem::of("access_unreadable", StatusCode::CONFLICT, error.to_string()))?;
        Ok(Self { outline, around: Around { access, lists }, made })
    }

    /// What the list is about; refused where the policy does not name it, or the hub makes it.
    pub(super) fn kind_of(&self, path: &DocumentPath) -> Result<ListKind, Problem> {
        let named = |lists: &[String]| lists.iter().any(|list| list == path.as_str());
        match (named(&self.outline.holders), named(&self.outline.denied)) {
            (true, _) => Ok(ListKind::Holders),
            (false, true) => Ok(ListKind::Denied),
            (false, false) => {
                let known = [self.outline.holders.clone(), self.outline.denied.clone()].concat().join(", ");
                let detail = format!("list: access.toml names no list \"{path}\": {known} are named");
                Err(Problem::new(StatusCode::NOT_FOUND, detail))
            }
        }
    }
}

/// What forms show of the access policy of a draft: its lists, lanes, categories, schedules. Nobody on the lists is named.
#[utoipa::path(get, path = "/api/v1/sites/{site}/policy-draft/access", tag = "policies",
    params(("site" = String, Path, description = "The site")),
    responses((status = 200, body = AccessOutline), (status = 404, description = "There is no access.toml", body = Problem),
        (status = 409, description = "It cannot be read", body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn access(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<AccessOutline>, Problem> {
    let site = site_seen(&caller, Permission::PoliciesRead, &name)?;
    let AccessDraft { outline, around, made } = AccessDraft::read(&app, &site).await?;
    let list = |path: &String, kind: ListKind| ListOutline {
        path: path.clone(),
        kind: kind.as_str(),
        rows: around.lists.get(path).and_then(|text| List::parse(kind, text).ok()).map(|list| list.rows().len() as u64),
        made: made.contains(path),
    };
    let holders = outline.holders.iter().map(|path| list(path, ListKind::Holders));
    let lists = holders.chain(outline.denied.iter().map(|path| list(path, ListKind::Denied))).collect();
    let Outline { zones, categories, lanes, times, .. } = outline;
    let sha256 = store::text_hash(&around.access);
    Ok(Json(AccessOutline { sha256, lists, zones, categories, lanes, times }))
}

/// Puts schedules and holidays into the draft's `access.toml` in place of those that it has; everything else in it stays, its
/// comments too. Refused where a node would refuse what was changed.
#[utoipa::path(put, path = "/api/v1/sites/{site}/policy-draft/times", tag = "policies", request_body = Times,
    params(
        ("site" = String, Path, description = "The site"),
        ("if-match" = Option<String>, Header, description = "The hash of access.toml that was read"),
    ),
    responses((status = 204), (status = 400, description = "What is wrong", body = Problem), (status = 404, body = Problem),
        (status = 412, description = "Somebody changed it meanwhile", body = Problem),
        (status = 428, description = "No If-Match", body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn times_put(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    headers: HeaderMap,
    Body(times): Body<Times>,
) -> Result<Response, Problem> {
    let site = site_seen(&caller, Permission::PoliciesWrite, &name)?;
    let expected = expected(&headers)?;
    let AccessDraft { around, .. } = AccessDraft::read(&app, &site).await?;
    let text = times.written_into(&around.access).map_err(|error| match error {
        TimesError::NotToml(_) | TimesError::Inline(_) => Problem::new(StatusCode::CONFLICT, error.to_string()),
        TimesError::TooMany { .. } => Problem::bad_request(error.to_string()),
    })?;
    let changed = Around { access: text.clone(), lists: around.lists.clone() };
    let before = around.problems("", "");
    let fresh = changed.problems("", "").into_iter().filter(|problem| !before.contains(problem));
    let fresh: Vec<_> = fresh.map(|(place, message)| format!("{place}: {message}")).collect();
    if !fresh.is_empty() {
        return Err(Problem::of("times_refused", StatusCode::BAD_REQUEST, told(&fresh)));
    }
    let path = DocumentPath::new(ACCESS).expect("it is a path");
    let document = Document::new(path, text).map_err(|error| Problem::bad_request(error.to_string()))?;
    let tag = format!("\"{}\"", store::text_hash(document.text()));
    app.store.draft_put(&site, &document, &expected, caller.name(), clock::now()).await?;
    Ok((StatusCode::NO_CONTENT, [(header::ETAG, tag)]).into_response())
}

/// The first of several mistakes, with how many there are besides.
pub(super) fn told(mistakes: &[String]) -> String {
    let more = mistakes.len().saturating_sub(TOLD_MAX);
    let first = mistakes.iter().take(TOLD_MAX).cloned().collect::<Vec<_>>().join("; ");
    if more > 0 { format!("{first}; and {more} more") } else { first }
}
