//! Reports: those that were made, and making one.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use domain::{SiteId, UtcTime};
use report::{Period, ReportKind};
use serde::{Deserialize, Serialize};
use store::ReportRow;
use utoipa::{IntoParams, ToSchema};

use crate::api::App;
use crate::api::actor::Actor;
use crate::api::alerts::place;
use crate::api::body::Body;
use crate::api::lists::is_full;
use crate::api::params::{Params, rows};
use crate::api::problem::Problem;
use crate::api::view::minute;
use crate::clock;
use crate::reporting::{FORMATS, GatherError, Order, ReportError, make};

/// Which reports.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReportParams {
    /// Only about this site.
    #[param(value_type = Option<String>)]
    site: Option<SiteId>,
    /// At most so many, 1 to 500; 50 where it is not given.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// The `next` of the page before.
    before: Option<String>,
}

/// A report that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Report {
    /// Its identity.
    id: String,
    /// `day`, `week`, `month`, `half_year` or `year`.
    kind: String,
    /// The site; nothing where it is about all of them.
    site: Option<String>,
    /// The first moment of its span.
    from: String,
    /// The moment after the last.
    to: String,
    /// The moment of its data: what came later is not in it.
    data_until: String,
    /// Who asked for it; empty where the schedule did.
    made_by: String,
    /// Where its documents are.
    documents: Vec<ReportLink>,
}

/// A document of a report.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReportLink {
    /// `vi` or `en`.
    language: &'static str,
    /// `pdf` or `xlsx`.
    format: &'static str,
    /// Its path.
    path: String,
}

impl From<&ReportRow> for Report {
    fn from(row: &ReportRow) -> Self {
        let link = |language, format| ReportLink {
            language,
            format,
            path: format!("/api/v1/reports/{}/{language}.{format}", row.id),
        };
        let documents = ["vi", "en"].into_iter().flat_map(|language| FORMATS.map(|format| link(language, format)));
        Self {
            id: row.id.clone(),
            kind: row.kind.clone(),
            site: row.site.as_ref().map(ToString::to_string),
            from: minute(row.from_minute),
            to: minute(row.to_minute),
            data_until: row.data_until.to_string(),
            made_by: row.made_by.clone(),
            documents: documents.collect(),
        }
    }
}

/// Reports, those with the newest data first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Reports {
    /// One page.
    reports: Vec<Report>,
    /// What to give as `before` for the next page; nothing on the last.
    next: Option<String>,
}

/// Which report to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportOrder {
    /// `day`, `week` (cut on Wednesday at 15:00), `month` (cut on the day that is configured), `half_year` or `year`.
    kind: String,
    /// The site; nothing for all of them.
    #[schema(value_type = Option<String>)]
    site: Option<SiteId>,
    /// A moment of the span; where it is not given, the last span that is over.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<UtcTime>,
}

/// Whoever sees only some sites sees the reports about those.
pub(crate) fn is_his(actor: &Actor, site: Option<&SiteId>) -> bool {
    site.map_or(actor.sees_all(), |site| actor.sees(site))
}

fn unknown(id: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("there is no report \"{id}\""))
}

/// Reports that were made, those with the newest data first.
#[utoipa::path(get, path = "/api/v1/reports", tag = "reports", params(ReportParams),
    responses((status = 200, body = Reports), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn reports(
    State(app): State<App>,
    actor: Actor,
    Params(params): Params<ReportParams>,
) -> Result<Json<Reports>, Problem> {
    let before = params.before.as_deref().map(place).transpose()?;
    let limit = rows(params.limit)?;
    let found = app.store.reports(params.site.as_ref(), before, limit).await?;
    let next = found.last().filter(|_| is_full(found.len(), limit));
    let next = next.map(|row| format!("{}_{}", row.data_until.as_unix_micros(), row.id));
    let his = found.iter().filter(|row| is_his(&actor, row.site.as_ref()));
    Ok(Json(Reports { reports: his.map(Report::from).collect(), next }))
}

/// Makes a report now, in both languages and forms, and keeps it.
#[utoipa::path(post, path = "/api/v1/reports", tag = "reports", request_body = ReportOrder,
    responses((status = 201, body = Report), (status = 400, body = Problem), (status = 403, body = Problem),
        (status = 503, description = "Too many at once, or a font is missing", body = Problem)))]
pub(crate) async fn create(
    State(app): State<App>,
    actor: Actor,
    Body(order): Body<ReportOrder>,
) -> Result<impl IntoResponse, Problem> {
    let kind = order.kind.parse::<ReportKind>();
    let kind = kind.map_err(|error| Problem::bad_request(format!("kind: {error}")))?;
    if !is_his(&actor, order.site.as_ref()) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "site: give one that is yours to see"));
    }
    let permit = app.reports.clone().try_acquire_owned();
    let _permit = permit.map_err(|_| Problem::later("other reports are being made; come back later"))?;
    let (now, rules) = (clock::now(), &app.config.reports);
    let period = match order.at {
        Some(at) => Period::containing(kind, rules.cut, at),
        None => Period::last_over(kind, rules.cut, now),
    };
    let order = Order { period, site: order.site, made_by: actor.name(), schedule: None };
    let row = make(&app.store, rules, order, now).await.map_err(|error| match error {
        ReportError::Gather(GatherError::Store(error)) | ReportError::Store(error) => error.into(),
        ReportError::Gather(error @ (GatherError::UnknownSite { .. } | GatherError::NotBegun(_))) => {
            Problem::bad_request(error.to_string())
        }
        ReportError::Font(error) => Problem::later(error.to_string()),
        ReportError::Pdf(_) | ReportError::Workbook(_) | ReportError::CutOff => {
            tracing::error!(error = &error as &dyn std::error::Error, "a report cannot be made");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the report cannot be made")
        }
    })?;
    // Only what the schedule asks for can be there already.
    let row = row.ok_or_else(|| Problem::later("the report was made by another hub meanwhile"))?;
    Ok((StatusCode::CREATED, Json(Report::from(&row))))
}

/// One report.
#[utoipa::path(get, path = "/api/v1/reports/{id}", tag = "reports",
    params(("id" = String, Path, description = "The report")),
    responses((status = 200, body = Report), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn report(
    State(app): State<App>,
    Path(id): Path<String>,
    actor: Actor,
) -> Result<Json<Report>, Problem> {
    let row = app.store.report_find(&id).await?.filter(|row| is_his(&actor, row.site.as_ref()));
    Ok(Json(Report::from(&row.ok_or_else(|| unknown(&id))?)))
}

/// A document of a report: `vi.pdf`, `vi.xlsx`, `en.pdf` or `en.xlsx`.
#[utoipa::path(get, path = "/api/v1/reports/{id}/{document}", operation_id = "report_document", tag = "reports",
    params(("id" = String, Path, description = "The report"), ("document" = String, Path, description = "`vi.pdf`")),
    responses((status = 200, content_type = "application/pdf", body = Vec<u8>), (status = 404, body = Problem),
        (status = 503, body = Problem)))]
pub(crate) async fn document(
    State(app): State<App>,
    Path((id, document)): Path<(String, String)>,
    actor: Actor,
) -> Result<impl IntoResponse, Problem> {
    let row = app.store.report_find(&id).await?.filter(|row| is_his(&actor, row.site.as_ref()));
    let row = row.ok_or_else(|| unknown(&id))?;
    let none = || {
        let names = "vi.pdf, vi.xlsx, en.pdf or en.xlsx";
        Problem::new(StatusCode::NOT_FOUND, format!("report \"{id}\" has no document \"{document}\": {names} is there"))
    };
    let (language, format) = document.split_once('.').ok_or_else(none)?;
    let found = app.store.report_document(&id, language, format).await?.ok_or_else(none)?;
    let media_type = match format {
        "pdf" => "application/pdf",
        _ => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    };
    // What browsers can show themselves they show; the name is for whoever keeps it.
    let disposition = if format == "pdf" { "inline" } else { "attachment" };
    let name = format!("{disposition}; filename=\"{}-{}.{language}.{format}\"", row.kind, row.from_minute);
    let header_value = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_DISPOSITION, header_value(&name)),
        (header::ETAG, header_value(&format!("\"{}\"", found.sha256))),
    ];
    Ok((headers, found.bytes))
}

/// Forgets a report. What the schedule made, it does not make again.
#[utoipa::path(delete, path = "/api/v1/reports/{id}", operation_id = "report_remove", tag = "reports",
    params(("id" = String, Path, description = "The report")),
    responses((status = 204), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn remove(
    State(app): State<App>,
    Path(id): Path<String>,
    actor: Actor,
) -> Result<StatusCode, Problem> {
    let row = app.store.report_find(&id).await?.filter(|row| is_his(&actor, row.site.as_ref()));
    row.ok_or_else(|| unknown(&id))?;
    app.store.report_delete(&id, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
