//! Which reports are made by themselves.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::{SiteId, UtcTime};
use report::ReportKind;
use serde::{Deserialize, Serialize};
use store::{ReportScheduleRow, ReportScope, StoreError};
use utoipa::ToSchema;

use crate::api::App;
use crate::api::actor::Actor;
use crate::api::body::Body;
use crate::api::problem::Problem;
use crate::clock;
use crate::reporting::{Schedule, schedules};

/// Reports that are made whenever their span is over.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReportSchedule {
    /// Its identity: kind and scope, `week-all`, `day-each` or `month-site-den-hung`.
    id: String,
    /// `day`, `week`, `month`, `half_year` or `year`.
    kind: String,
    /// `all`: one report about all sites together; `each`: one about every site, those of tomorrow too; `site`.
    scope: String,
    /// The site, by scope `site`.
    site: Option<String>,
    /// Who set it; nothing where the hub's configuration says so, and only that ends it.
    set_by: Option<String>,
    /// When; spans that were over before are left out.
    #[schema(format = DateTime)]
    set_at: Option<String>,
    /// The first moment of the span that is reported on next.
    #[schema(format = DateTime)]
    next_from: String,
    /// The moment after its last.
    #[schema(format = DateTime)]
    next_to: String,
    /// When that report is made: a little later, so that what was under way has arrived.
    #[schema(format = DateTime)]
    next_at: String,
    /// Whether a report of the last span should be there and is not; the hub goes on trying, its journal says why.
    is_late: bool,
}

/// What is scheduled.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReportSchedules {
    /// By kind and scope.
    schedules: Vec<ReportSchedule>,
}

/// Which reports to make by themselves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportScheduleWanted {
    /// `day`, `week` (cut on Wednesday at 15:00), `month` (cut on the day that is configured), `half_year` or `year`.
    kind: String,
    /// `all`, `each` or `site`.
    scope: String,
    /// The site, by scope `site` and no other.
    #[schema(value_type = Option<String>)]
    site: Option<SiteId>,
}

fn identity(kind: ReportKind, scope: &ReportScope) -> String {
    match scope {
        ReportScope::All | ReportScope::Each => format!("{kind}-{}", scope.as_str()),
        ReportScope::Site(site) => format!("{kind}-site-{site}"),
    }
}

/// Whoever sees only some sites sets what is about those.
fn may_set(actor: &Actor, scope: &ReportScope) -> bool {
    scope.site().map_or(actor.sees_all(), |site| actor.sees(site))
}

/// What is made for each site concerns whoever sees one.
fn may_see(actor: &Actor, scope: &ReportScope) -> bool {
    *scope == ReportScope::Each || may_set(actor, scope)
}

async fn view(app: &App, schedule: Schedule, now: UtcTime) -> Result<ReportSchedule, StoreError> {
    let rules = &app.config.reports;
    let (period, next_at) = schedule.next(rules, now);
    let is_late = schedule.is_late(&app.store, rules, now).await?;
    let Schedule { kind, scope, set } = schedule;
    let (set_by, set_at) = set.unzip();
    Ok(ReportSchedule {
        id: identity(kind, &scope),
        kind: kind.to_string(),
        scope: scope.as_str().to_owned(),
        site: scope.site().map(ToString::to_string),
        set_by,
        set_at: set_at.map(|at| at.to_string()),
        next_from: period.from().to_string(),
        next_to: period.to().to_string(),
        next_at: next_at.to_string(),
        is_late,
    })
}

/// Which reports are made by themselves.
#[utoipa::path(get, path = "/api/v1/report-schedules", tag = "reports",
    responses((status = 200, body = ReportSchedules), (status = 503, body = Problem)))]
pub(crate) async fn report_schedules(State(app): State<App>, actor: Actor) -> Result<Json<ReportSchedules>, Problem> {
    let now = clock::now();
    let mut found = Vec::new();
    for schedule in schedules(&app.store, &app.config.reports).await? {
        if may_see(&actor, &schedule.scope) {
            found.push(view(&app, schedule, now).await?);
        }
    }
    Ok(Json(ReportSchedules { schedules: found }))
}

async fn scope_wanted(app: &App, scope: &str, site: Option<SiteId>) -> Result<ReportScope, Problem> {
    match (scope, site) {
        ("all", None) => Ok(ReportScope::All),
        ("each", None) => Ok(ReportScope::Each),
        ("all" | "each", Some(_)) => Err(Problem::bad_request("site: only the scope \"site\" takes one")),
        ("site", None) => Err(Problem::bad_request("site: the scope \"site\" takes one")),
        ("site", Some(site)) => {
            let known = app.store.sites_known().await?;
            if known.contains(&site) {
                return Ok(ReportScope::Site(site));
            }
            Err(Problem::bad_request(format!("site: \"{site}\" is not known")))
        }
        (scope, _) => {
            let scope: String = scope.chars().take(40).collect();
            Err(Problem::bad_request(format!("scope: \"{scope}\" is none: all, each or site is accepted")))
        }
    }
}

/// Has reports made whenever their span is over, beginning with the span that ends next.
#[utoipa::path(post, path = "/api/v1/report-schedules", operation_id = "report_schedule_add", tag = "reports",
    request_body = ReportScheduleWanted,
    responses((status = 201, body = ReportSchedule), (status = 200, description = "It was set before", body = ReportSchedule),
        (status = 400, body = Problem), (status = 403, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn add(
    State(app): State<App>,
    actor: Actor,
    Body(ReportScheduleWanted { kind, scope, site }): Body<ReportScheduleWanted>,
) -> Result<(StatusCode, Json<ReportSchedule>), Problem> {
    let kind = kind.parse::<ReportKind>().map_err(|error| Problem::bad_request(format!("kind: {error}")))?;
    // Before it is looked up: of a site that is not his nobody learns whether it is there.
    if site.as_ref().is_some_and(|site| !actor.sees(site)) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "site: give one that is yours"));
    }
    let scope = scope_wanted(&app, &scope, site).await?;
    if !may_set(&actor, &scope) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "scope: give \"site\" with one that is yours"));
    }
    let now = clock::now();
    let same = |schedule: &Schedule| (schedule.kind, &schedule.scope) == (kind, &scope);
    let before = schedules(&app.store, &app.config.reports).await?.into_iter().find(same);
    if let Some(schedule) = before {
        return Ok((StatusCode::OK, Json(view(&app, schedule, now).await?)));
    }
    let row = ReportScheduleRow { kind: kind.to_string(), scope: scope.clone(), set_by: actor.name(), set_at: now };
    let status = if app.store.report_schedule_add(&row).await? { StatusCode::CREATED } else { StatusCode::OK };
    let schedule = Schedule { kind, scope, set: Some((row.set_by, now)) };
    Ok((status, Json(view(&app, schedule, now).await?)))
}

/// Ends a schedule. The reports that it made stay.
#[utoipa::path(delete, path = "/api/v1/report-schedules/{id}", operation_id = "report_schedule_remove", tag = "reports",
    params(("id" = String, Path, description = "The schedule")),
    responses((status = 204), (status = 404, body = Problem),
        (status = 409, description = "The configuration says so", body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn remove(
    State(app): State<App>,
    Path(id): Path<String>,
    actor: Actor,
) -> Result<StatusCode, Problem> {
    let found = schedules(&app.store, &app.config.reports).await?.into_iter();
    let found = found.filter(|schedule| may_set(&actor, &schedule.scope));
    let schedule = found.into_iter().find(|schedule| identity(schedule.kind, &schedule.scope) == id);
    let Some(Schedule { kind, scope, set }) = schedule else {
        let detail = format!("there is no schedule \"{id}\" of yours");
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    };
    if set.is_none() {
        let detail = format!("\"{kind}\" stands in the hub's configuration, [reports] scheduled: take it out there");
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    app.store.report_schedule_delete(kind.as_str(), &scope).await?;
    Ok(StatusCode::NO_CONTENT)
}
