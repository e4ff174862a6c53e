//! Visits of vehicles by plate, and how long is stayed in zones.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use domain::{GateId, SiteId, UtcTime};
use projections::{Grain, PlateMove, VISIT_MAX};
use serde::{Deserialize, Serialize};
use store::{CountBucket, CountsFilter, DwellStretch, MOVES_MAX, MoveFilter};
use utoipa::{IntoParams, ToSchema};

use crate::api::App;
use crate::api::actor::Actor;
use crate::api::params::{Params, last_midnight, rows};
use crate::api::problem::Problem;
use crate::api::view::minute;
use crate::clock;

/// Longest span of visits without a plate.
const SPAN_MAX: Duration = Duration::from_secs(31 * 24 * 3_600);

/// Longest span of dwell times.
const DWELL_SPAN_MAX: Duration = Duration::from_secs(100 * 24 * 3_600);

/// Which visits.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct VisitParams {
    /// Only of this site.
    #[param(value_type = Option<String>)]
    site: Option<SiteId>,
    /// Only of this plate, by its key, such as `30A12345`.
    plate: Option<String>,
    /// Visits that began at this moment or later; where it is not given, the last midnight in Asia/Ho_Chi_Minh.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<UtcTime>,
    /// Visits that began before this moment; where it is not given, now.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<UtcTime>,
    /// At most so many, 1 to 500; 50 where it is not given.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

/// Where a visit begins or ends.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VisitEnd {
    /// When.
    at: String,
    /// The gate.
    gate: String,
    /// The passage's event.
    passage: String,
}

impl From<&PlateMove> for VisitEnd {
    fn from(passed: &PlateMove) -> Self {
        Self { at: passed.at.to_string(), gate: passed.gate.to_string(), passage: passed.id.to_string() }
    }
}

/// A vehicle's entry with its exit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Visit {
    /// The site.
    site: String,
    /// The plate's key.
    plate: String,
    /// The plate as it is written for people.
    display: String,
    /// Where it went in.
    entered: VisitEnd,
    /// Where it went out; nothing while it is inside, or where that was not seen.
    left: Option<VisitEnd>,
    /// How long it lasted.
    seconds: Option<u64>,
    /// Whether it must have left unseen: it went in again, or came out after the longest visit.
    broken: bool,
}

/// Visits, those that began last first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Visits {
    /// At most `limit` of them.
    visits: Vec<Visit>,
    /// How many there are in the span.
    total: u64,
    /// Of these, with an exit.
    matched: u64,
}

/// Visits of vehicles whose plates were read, matched by plate at one site. Persons are not matched.
#[utoipa::path(get, path = "/api/v1/visits", tag = "figures", params(VisitParams),
    responses((status = 200, body = Visits), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn visits(
    State(app): State<App>,
    actor: Actor,
    Params(params): Params<VisitParams>,
) -> Result<Json<Visits>, Problem> {
    let VisitParams { site, plate, from, to, limit } = params;
    let now = clock::now();
    let (from, to) = span(from, to, now, plate.is_none().then_some(SPAN_MAX))?;
    let limit = rows(limit)? as usize;
    // The exit may come after the span.
    let filter = MoveFilter { sites: actor.sites(site.as_ref()), key: plate, from, to: to.saturating_add(VISIT_MAX) };
    let moves = app.store.plate_moves(&filter).await?;
    if moves.len() > MOVES_MAX as usize {
        return Err(Problem::bad_request(format!(
            "from: more than {MOVES_MAX} passages are in the span: name a site, a plate or less time"
        )));
    }
    let mut found = projections::visits(moves, VISIT_MAX);
    found.retain(|visit| visit.entered.at < to);
    found.sort_by(|a, b| b.entered.at.cmp(&a.entered.at).then_with(|| b.entered.id.cmp(&a.entered.id)));
    let matched = found.iter().filter(|visit| visit.left.is_some()).count() as u64;
    let view = |visit: &projections::Visit| Visit {
        site: visit.entered.site.to_string(),
        plate: visit.entered.key.clone(),
        display: visit.entered.display.clone(),
        entered: (&visit.entered).into(),
        left: visit.left.as_ref().map(VisitEnd::from),
        seconds: visit.length().map(|length| length.as_secs()),
        broken: visit.is_broken,
    };
    Ok(Json(Visits { total: found.len() as u64, matched, visits: found.iter().take(limit).map(view).collect() }))
}

fn span(
    from: Option<UtcTime>,
    to: Option<UtcTime>,
    now: UtcTime,
    most: Option<Duration>,
) -> Result<(UtcTime, UtcTime), Problem> {
    let midnight = last_midnight(now);
    let (from, to) = (from.unwrap_or(midnight), to.unwrap_or(now));
    if from >= to {
        return Err(Problem::bad_request("from: give a moment before `to`"));
    }
    if let Some(most) = most.filter(|most| to.since(from) > *most) {
        let days = most.as_secs() / 86_400;
        return Err(Problem::bad_request(format!("from: at most {days} days are given at once")));
    }
    Ok((from, to))
}

/// Which stays.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DwellParams {
    /// Only of this site.
    #[param(value_type = Option<String>)]
    site: Option<SiteId>,
    /// Only of gates of this name.
    #[param(value_type = Option<String>)]
    gate: Option<GateId>,
    /// Stays that ended at this moment or later, rounded up to an hour; the last midnight where it is not given.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<UtcTime>,
    /// Stays that ended before this moment, rounded up to an hour; now where it is not given.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<UtcTime>,
    /// How long a stretch is: `hour` or `day`; `hour` where it is not given.
    #[param(inline)]
    bucket: Option<DwellBucket>,
}

/// How long a stretch is.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DwellBucket {
    #[default]
    Hour,
    Day,
}

/// How long was stayed in a zone in one stretch of time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DwellRow {
    /// When the stretch begins.
    start: String,
    /// The site.
    site: String,
    /// The gate.
    gate: String,
    /// The zone.
    zone: String,
    /// Who stayed: `person` or `vehicle`.
    group: &'static str,
    /// Stays that ended in it.
    count: u64,
    /// Half of them were no longer, in seconds, right to within 19 %.
    p50_s: f64,
    /// Nine of ten were no longer, in seconds, right to within 19 %.
    p90_s: f64,
}

/// How long was stayed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Dwells {
    /// By site, gate, zone, group and start; stretches without stays have no row.
    rows: Vec<DwellRow>,
}

/// How long was stayed in zones.
#[utoipa::path(get, path = "/api/v1/dwell", tag = "figures", params(DwellParams),
    responses((status = 200, body = Dwells), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn dwell(
    State(app): State<App>,
    actor: Actor,
    Params(params): Params<DwellParams>,
) -> Result<Json<Dwells>, Problem> {
    let DwellParams { site, gate, from, to, bucket } = params;
    let (from, to) = span(from, to, clock::now(), Some(DWELL_SPAN_MAX))?;
    let hour_up = |at: UtcTime| (at.as_unix_minutes() + 59).div_euclid(60) * 60;
    let (from_minute, to_minute) = (hour_up(from), hour_up(to));
    let filter =
        CountsFilter { sites: actor.sites(site.as_ref()), gate, from_minute, to_minute, bucket: CountBucket::Hour };
    let grain = match bucket.unwrap_or_default() {
        DwellBucket::Hour => Grain::Hour,
        DwellBucket::Day => Grain::Day,
    };
    let found = app.store.dwells(&filter, Some(grain)).await?;
    let row = |stretch: DwellStretch| {
        let seconds = |share| stretch.dwell.quantile(share).map_or(0.0, |length| length.as_secs_f64());
        DwellRow {
            start: minute(stretch.start_minute),
            site: stretch.site.to_string(),
            gate: stretch.gate.to_string(),
            zone: stretch.zone.to_string(),
            group: stretch.group.as_str(),
            count: stretch.dwell.count(),
            p50_s: seconds(0.5),
            p90_s: seconds(0.9),
        }
    };
    Ok(Json(Dwells { rows: found.into_iter().map(row).collect() }))
}
