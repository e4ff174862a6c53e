//! Tables to take away: counts, passages, decisions and alerts as CSV and XLSX.

mod source;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{GateId, SiteId, UtcTime};
use report::{Cell, TableError, TableWriter};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use utoipa::{IntoParams, ToSchema};

use crate::api::App;
use crate::api::actor::Actor;
use crate::api::params::{Params, check_span, last_midnight};
use crate::api::problem::Problem;
use crate::clock;
use source::{Source, Table};

/// Longest span of one export.
const DAYS_MAX: u64 = 366;

/// Parts of a CSV file that wait for a slow reader.
const PARTS_MAX: usize = 4;

/// Most rows of a workbook: a spreadsheet opens no more in reasonable time.
const WORKBOOK_ROWS_MAX: usize = 200_000;

/// A byte order mark: without it Excel takes the file for one in an old code page, and Vietnamese is unreadable.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// What to take away.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportParams {
    /// Only of this site.
    #[param(value_type = Option<String>)]
    site: Option<SiteId>,
    /// Only of gates of this name.
    #[param(value_type = Option<String>)]
    gate: Option<GateId>,
    /// The first moment; the last midnight in Asia/Ho_Chi_Minh where it is not given.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<UtcTime>,
    /// The moment after the last; now where it is not given.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<UtcTime>,
    /// `csv` or `xlsx`; `csv` where it is not given.
    #[param(inline)]
    format: Option<ExportFormat>,
}

/// The form of an export.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExportFormat {
    #[default]
    Csv,
    Xlsx,
}

/// Counts per hour, passages, decisions or alerts of a span, the newest first (counts: the oldest first). CSV is sent as
/// it is read, in UTF-8 with a byte order mark; a text that a spreadsheet would take for a formula has an apostrophe
/// before it. XLSX holds at most 200,000 rows.
#[utoipa::path(get, path = "/api/v1/exports/{table}", tag = "reports",
    params(("table" = String, Path, description = "`counts`, `passages`, `decisions` or `alerts`"), ExportParams),
    responses((status = 200, content_type = "text/csv", body = String), (status = 400, body = Problem),
        (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn export(
    State(app): State<App>,
    Path(table): Path<String>,
    actor: Actor,
    Params(params): Params<ExportParams>,
) -> Result<Response, Problem> {
    let table = Table::ALL.into_iter().find(|known| known.as_str() == table).ok_or_else(|| {
        let names = Table::ALL.map(Table::as_str).join(", ");
        Problem::new(StatusCode::NOT_FOUND, format!("there is no table \"{table}\" to take away: {names} is there"))
    })?;
    let actor = actor.within(table.permission(), table.as_str())?;
    let ExportParams { site, gate, from, to, format } = params;
    let now = clock::now();
    let midnight = last_midnight(now);
    let (from, to) = (from.unwrap_or(midnight), to.unwrap_or(now));
    check_span(Some(from), Some(to))?;
    if to.since(from).as_secs() > DAYS_MAX * 86_400 {
        return Err(Problem::bad_request(format!("from: at most {DAYS_MAX} days are given at once")));
    }
    let permit = app.reports.clone().try_acquire_owned();
    let permit = permit.map_err(|_| Problem::later("others take tables away at the moment; come back later"))?;
    let source = Source::new(app.store, actor, table, (site, gate), (from, to)).await?;
    match format.unwrap_or_default() {
        ExportFormat::Csv => csv(source, table, permit).await,
        ExportFormat::Xlsx => xlsx(source, table, permit).await,
    }
}

fn headers(table: Table, extension: &str, media_type: &'static str) -> [(header::HeaderName, HeaderValue); 2] {
    let name = format!("attachment; filename=\"{}.{extension}\"", table.as_str());
    let name = HeaderValue::from_str(&name).unwrap_or(HeaderValue::from_static("attachment"));
    [(header::CONTENT_TYPE, HeaderValue::from_static(media_type)), (header::CONTENT_DISPOSITION, name)]
}

async fn csv(mut source: Source, table: Table, permit: OwnedSemaphorePermit) -> Result<Response, Problem> {
    let heads = table.heads().iter().map(|head| Cell::Text((*head).to_owned())).collect::<Vec<_>>();
    let mut first = BYTE_ORDER_MARK.to_vec();
    first.extend(lines(&[heads]));
    // The first part is read before the answer begins, so that a failure is told as one.
    let mut next = source.next().await?;
    let (parts, body) = mpsc::channel::<Result<Bytes, std::io::Error>>(PARTS_MAX);
    tokio::spawn(async move {
        let _permit = permit;
        if parts.send(Ok(first.into())).await.is_err() {
            return;
        }
        while let Some(rows) = next {
            if parts.send(Ok(lines(&rows).into())).await.is_err() {
                return;
            }
            next = match source.next().await {
                Ok(next) => next,
                Err(error) => {
                    // The file breaks off, and whoever reads it notices: the last chunk never comes.
                    tracing::warn!(error = &error as &dyn std::error::Error, "an export breaks off");
                    let _ = parts.send(Err(std::io::Error::other("the database cannot answer"))).await;
                    return;
                }
            };
        }
    });
    let body = Body::from_stream(ReceiverStream::new(body));
    Ok((headers(table, "csv", "text/csv; charset=utf-8"), body).into_response())
}

fn lines(rows: &[Vec<Cell>]) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        writer
            .write_record(row.iter().map(Cell::csv))
            .expect("rows of a table are equally long, and a vector takes all");
    }
    writer.into_inner().expect("a vector takes all")
}

async fn xlsx(mut source: Source, table: Table, permit: OwnedSemaphorePermit) -> Result<Response, Problem> {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    while let Some(more) = source.next().await? {
        rows.extend(more);
        if rows.len() > WORKBOOK_ROWS_MAX {
            return Err(Problem::bad_request(format!(
                "from: more than {WORKBOOK_ROWS_MAX} rows are too many for a workbook: take less time, or csv"
            )));
        }
    }
    let written = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let mut writer = TableWriter::new(table.as_str(), table.heads())?;
        rows.iter().try_for_each(|row| writer.row(row))?;
        writer.finish()
    });
    let failed = |error: &TableError| {
        tracing::error!(error = error as &dyn std::error::Error, "a workbook cannot be written");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the workbook cannot be written")
    };
    let written = written.await.map_err(|_| Problem::later("the workbook was cut off"))?;
    let bytes = written.map_err(|error| failed(&error))?;
    let media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    Ok((headers(table, "xlsx", media_type), bytes).into_response())
}
