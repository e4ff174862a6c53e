//! A file that shall become rows of a list: what would become of each of its rows. Nothing is taken by this.

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Held, aside};
use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::draft_access::told;
use crate::api::params::Params;
use crate::api::policies::site_seen;
use crate::api::problem::Problem;
use crate::policy::import::{RowFate, preview};
use crate::policy::list::Cells;
use crate::policy::sheet::{FILE_BYTES_MAX, Sheet};

/// Where the rows would go.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportParams {
    /// The list's path, as `access.toml` names it.
    list: String,
}

/// A heading of a file.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportHeading {
    /// As it stands in the file.
    heading: String,
    /// The column that it was taken for; nothing where what stands below it is not taken.
    column: Option<&'static str>,
}

/// A row of a file.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportRow {
    /// Its number in the file.
    row: u64,
    /// `new`, `changed`, `same` or `refused`.
    fate: &'static str,
    /// As a row of the list, to be given to a change as it is.
    cells: Cells,
    /// What is wrong with it.
    problems: Vec<String>,
}

/// What an import would do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportPreview {
    /// The hash of the list that was looked at, to be given as `If-Match` with the change; nothing where there is none yet.
    sha256: Option<String>,
    /// What the headings were taken for.
    headings: Vec<ImportHeading>,
    /// The rows, in their order.
    rows: Vec<ImportRow>,
}

/// Looks at a workbook (XLSX) or CSV file that shall be imported into a list of the draft: what would become of each row. Nothing
/// is taken: the rows that are wanted are given to a change of the list afterwards.
#[utoipa::path(post, path = "/api/v1/sites/{site}/policy-draft/imports", tag = "policies",
    params(("site" = String, Path, description = "The site"), ImportParams),
    request_body(content = Vec<u8>, description = "The file", content_type = "application/octet-stream"),
    responses((status = 200, body = ImportPreview), (status = 400, description = "No table that can be read", body = Problem),
        (status = 404, body = Problem), (status = 409, description = "access.toml or the list cannot be read", body = Problem),
        (status = 413, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn import(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Params(params): Params<ImportParams>,
    body: Body,
) -> Result<Json<ImportPreview>, Problem> {
    let site = site_seen(&caller, Permission::PoliciesWrite, &name)?;
    let held = Held::read(&app, &site, &params.list).await?;
    let too_long = |_| {
        let detail = format!("the file is too long: {} MiB are accepted", FILE_BYTES_MAX / 1024 / 1024);
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    };
    let bytes = to_bytes(body, FILE_BYTES_MAX).await.map_err(too_long)?;
    let _permit = app.reports.try_acquire().map_err(|_| Problem::later("too many files at once; come back later"))?;
    aside(move || looked_at(&held, &bytes)).await?.map(Json)
}

fn looked_at(held: &Held, bytes: &[u8]) -> Result<ImportPreview, Problem> {
    let refused = |detail: String| Problem::of("file_refused", StatusCode::BAD_REQUEST, detail);
    let sheet = Sheet::read(bytes).map_err(|error| refused(error.to_string()))?;
    let Held { kind, path, draft, text, list } = held;
    let found =
        preview(*kind, path.as_str(), list, &sheet, &draft.around).map_err(|problems| refused(told(&problems)))?;
    let heading = |(heading, column)| ImportHeading { heading, column };
    let row = |one: crate::policy::import::ImportedRow| ImportRow {
        row: one.row,
        fate: RowFate::as_str(one.fate),
        cells: one.cells,
        problems: one.problems,
    };
    Ok(ImportPreview {
        sha256: text.as_deref().map(store::text_hash),
        headings: found.headings.into_iter().map(heading).collect(),
        rows: found.rows.into_iter().map(row).collect(),
    })
}
