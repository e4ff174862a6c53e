//! The lists of a draft as tables: rows that are read, changed one by one, and imported from a file after they were looked at.

mod import;

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use store::Expected;
use utoipa::{IntoParams, ToSchema};
use wire::policy::{Document, DocumentPath};

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::body::Body;
use crate::api::draft_access::{AccessDraft, told};
use crate::api::drafts::{expected, path_of, refuse_made};
use crate::api::params::{Params, rows as row_count};
use crate::api::policies::site_seen;
use crate::api::problem::Problem;
use crate::clock;
use crate::policy::import::{faults_of, problems_by_line};
use crate::policy::list::{Cells, List, ListKind, ListRow};
use crate::policy::sheet::ROWS_MAX;

pub(crate) use import::{__path_import, import};

/// Longest change, in bytes: as many rows as an import takes.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A row of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyRow {
    /// By what it is told from the others: of a holder the id, of a denial what and value.
    key: String,
    /// Its line in the document.
    line: u64,
    /// What it says, by column; what is empty is left out.
    cells: Cells,
    /// What is wrong with it; a draft with a wrong row cannot be published.
    problems: Vec<String>,
}

/// Rows of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyRows {
    /// `holders` or `denied`.
    kind: &'static str,
    /// The hash of the document, to be given as `If-Match` with a change; nothing where there is none yet.
    sha256: Option<String>,
    /// Columns that such a list may have.
    columns: Vec<&'static str>,
    /// Those that every row fills.
    required: Vec<&'static str>,
    /// One page.
    rows: Vec<PolicyRow>,
    /// How many fit the search.
    found: u64,
    /// How many of the whole list are wrong.
    wrong: u64,
    /// Whether the hub makes this list itself, so that it is changed elsewhere.
    made: bool,
}

/// Which rows.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RowParams {
    /// The list's path, as `access.toml` names it.
    list: String,
    /// Only rows in which this stands, in small or large letters; plates also without their dots and dashes.
    search: Option<String>,
    /// Only persons, or only vehicles: `person` or `vehicle`.
    kind: Option<String>,
    /// Only rows with something wrong.
    #[serde(default)]
    wrong: bool,
    /// So many are passed over.
    #[serde(default)]
    offset: u32,
    /// At most so many, 1 to 500; 50 where it is not given.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

/// A change of a list.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RowChange {
    /// The list's path.
    list: String,
    /// Rows by column, each in place of the one with its key, or new.
    #[serde(default)]
    put: Vec<Cells>,
    /// Keys of rows that are taken out first.
    #[serde(default)]
    remove: BTreeSet<String>,
}

/// What became of a change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RowsChanged {
    /// The hash of the document now.
    sha256: String,
    /// How many rows it has now.
    rows: u64,
}

/// A list as it stands in a draft.
struct Held {
    kind: ListKind,
    path: DocumentPath,
    draft: AccessDraft,
    text: Option<String>,
    list: List,
}

impl Held {
    async fn read(app: &App, site: &domain::SiteId, path: &str) -> Result<Self, Problem> {
        let path = path_of(path)?;
        let draft = AccessDraft::read(app, site).await?;
        let kind = draft.kind_of(&path)?;
        let text = draft.around.lists.get(path.as_str()).cloned();
        let list = text.as_deref().map_or_else(|| Ok(List::new(kind)), |text| List::parse(kind, text));
        let list =
            list.map_err(|error| Problem::of("not_a_table", StatusCode::CONFLICT, format!("\"{path}\": {error}")))?;
        Ok(Self { kind, path, draft, text, list })
    }
}

/// Waits for work that takes its time, on a thread that may block.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Problem::later("the hub is stopping"))
}

fn fits(row: &ListRow, search: &str, plain: &str) -> bool {
    row.cells.values().any(|text| {
        let text = text.to_lowercase();
        text.contains(search) || (!plain.is_empty() && bare(&text).contains(plain))
    })
}

/// A text without what people put between the signs of a plate.
fn bare(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '.' | '-' | ' ')).collect()
}

/// Rows of a list of the draft, in their order: who may pass, or who and what must not.
#[utoipa::path(get, path = "/api/v1/sites/{site}/policy-draft/rows", tag = "policies",
    params(("site" = String, Path, description = "The site"), RowParams),
    responses((status = 200, body = PolicyRows), (status = 400, body = Problem), (status = 404, body = Problem),
        (status = 409, description = "access.toml or the list cannot be read", body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn rows(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Params(params): Params<RowParams>,
) -> Result<Json<PolicyRows>, Problem> {
    let site = site_seen(&caller, Permission::PoliciesRead, &name)?;
    let limit = row_count(params.limit)?;
    if params.kind.as_deref().is_some_and(|kind| !["person", "vehicle"].contains(&kind)) {
        return Err(Problem::bad_request("kind: person or vehicle is accepted"));
    }
    let held = Held::read(&app, &site, &params.list).await?;
    let made = held.draft.made.iter().any(|made| made == held.path.as_str());
    let page = aside(move || {
        let Held { kind, path, draft, text, list } = held;
        let problems = text.as_deref().map(|text| draft.around.problems(path.as_str(), text)).unwrap_or_default();
        let by_line = problems_by_line(path.as_str(), &problems);
        let search = params.search.unwrap_or_default().trim().to_lowercase();
        let plain = bare(&search);
        let found = list.rows().iter().filter(|row| {
            params.kind.as_ref().is_none_or(|kind| row.cells.get("kind") == Some(kind))
                && (!params.wrong || by_line.contains_key(&row.line))
                && (search.is_empty() || fits(row, &search, &plain))
        });
        let found: Vec<_> = found.collect();
        let page = found.iter().skip(params.offset as usize).take(limit as usize).map(|row| PolicyRow {
            key: kind.key(&row.cells),
            line: row.line,
            cells: row.cells.clone(),
            problems: by_line.get(&row.line).cloned().unwrap_or_default(),
        });
        PolicyRows {
            kind: kind.as_str(),
            sha256: text.as_deref().map(store::text_hash),
            columns: kind.columns().to_vec(),
            required: kind.required().to_vec(),
            rows: page.collect(),
            found: found.len() as u64,
            wrong: list.rows().iter().filter(|row| by_line.contains_key(&row.line)).count() as u64,
            made,
        }
    });
    Ok(Json(page.await?))
}

/// Puts rows into a list of the draft and takes others out, all or nothing. A row that a node would refuse is refused here.
#[utoipa::path(patch, path = "/api/v1/sites/{site}/policy-draft/rows", tag = "policies", request_body = RowChange,
    params(
        ("site" = String, Path, description = "The site"),
        ("if-match" = Option<String>, Header, description = "The hash of the document that was read"),
        ("if-none-match" = Option<String>, Header, description = "* where there was none"),
    ),
    responses((status = 200, body = RowsChanged), (status = 400, description = "Which rows are wrong", body = Problem),
        (status = 404, body = Problem), (status = 409, description = "The hub makes this list itself, or it cannot be read", body = Problem),
        (status = 412, description = "Somebody changed it meanwhile", body = Problem),
        (status = 428, description = "Neither If-Match nor If-None-Match", body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn rows_change(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    headers: HeaderMap,
    Body(change): Body<RowChange, BODY_BYTES_MAX>,
) -> Result<Json<RowsChanged>, Problem> {
    let site = site_seen(&caller, Permission::PoliciesWrite, &name)?;
    let expected = expected(&headers)?;
    let held = Held::read(&app, &site, &change.list).await?;
    refuse_made(&app, &site, &held.path).await?;
    // Said before anything is looked at: what is wrong with rows depends on the rows around them.
    if let (Expected::Text(hash), Some(text)) = (&expected, &held.text)
        && *hash != store::text_hash(text)
    {
        return Err(store::DraftError::Changed { path: held.path, by: None }.into());
    }
    let path = held.path.clone();
    let (text, rows) = aside(move || changed(held, change)).await??;
    let document = Document::new(path, text).map_err(|error| Problem::bad_request(format!("list: {error}")))?;
    let sha256 = store::text_hash(document.text());
    app.store.draft_put(&site, &document, &expected, caller.name(), clock::now()).await?;
    Ok(Json(RowsChanged { sha256, rows }))
}

/// The text of the list after a change, and how many rows it has.
fn changed(held: Held, change: RowChange) -> Result<(String, u64), Problem> {
    let Held { kind, path, draft, mut list, .. } = held;
    let RowChange { put, remove, .. } = change;
    if put.is_empty() && remove.is_empty() {
        return Err(Problem::bad_request("give rows to `put`, or keys to `remove`"));
    }
    if put.len() > ROWS_MAX {
        return Err(Problem::bad_request(format!("put: at most {ROWS_MAX} rows at once are accepted")));
    }
    let unknown = put.iter().flat_map(Cells::keys).find(|column| !kind.columns().contains(&column.as_str()));
    if let Some(column) = unknown {
        let accepted = kind.columns().join(", ");
        return Err(Problem::bad_request(format!("put: \"{column}\" is no column: {accepted} are accepted")));
    }
    let missing = list.remove(&remove);
    if !missing.is_empty() {
        let detail = format!("remove: no row has the key {}", missing.join(", "));
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    }
    let trimmed = |cells: Cells| cells.into_iter().map(|(column, text)| (column, text.trim().to_owned())).collect();
    let put: Vec<Cells> = put.into_iter().map(trimmed).collect();
    let keys: BTreeSet<_> = put.iter().map(|cells| kind.key(cells)).collect();
    if keys.len() < put.len() {
        return Err(Problem::bad_request("put: two rows have the same key"));
    }
    list.put(put);
    let text = list.text();
    let faults: BTreeMap<String, Vec<String>> = faults_of(kind, path.as_str(), &text, &keys, &draft.around)
        .map_err(|error| Problem::new(StatusCode::CONFLICT, error.to_string()))?;
    if !faults.is_empty() {
        let said: Vec<_> = faults.iter().map(|(key, faults)| format!("\"{key}\": {}", faults.join("; "))).collect();
        return Err(Problem::of("rows_refused", StatusCode::BAD_REQUEST, told(&said)));
    }
    Ok((text, list.rows().len() as u64))
}
