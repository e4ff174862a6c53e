//! Passages per stretch of time, for charts.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use domain::{Direction, GateId, ObjectClass, SiteId, UtcTime};
use projections::LocalDay;
use serde::{Deserialize, Serialize};
use store::{CountBucket, CountsFilter};
use utoipa::{IntoParams, ToSchema};

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::params::{Params, sites};
use crate::api::problem::Problem;
use crate::api::view::minute;
use crate::clock;

/// Most stretches in one answer.
const STRETCHES_MAX: i64 = 3_000;

/// How long a stretch is. Hours and days begin at those of Asia/Ho_Chi_Minh.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Bucket {
    Minute,
    #[default]
    Hour,
    Day,
}

/// What a row stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum By {
    #[default]
    Group,
    Class,
}

/// Which passages to count.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CountsParams {
    /// Only of this site.
    #[param(value_type = Option<String>)]
    site: Option<SiteId>,
    /// Only of gates of this name.
    #[param(value_type = Option<String>)]
    gate: Option<GateId>,
    /// The first moment, rounded down to a minute; where it is not given, the last midnight in Asia/Ho_Chi_Minh.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<UtcTime>,
    /// The moment after the last, rounded up to a minute; where it is not given, now.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<UtcTime>,
    /// How long a stretch is: `minute`, `hour` or `day`; `hour` where it is not given.
    bucket: Option<Bucket>,
    /// What a row stands for: `group` or `class`; `group` where it is not given.
    by: Option<By>,
}

/// Passages of one stretch of time and one group or class.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CountsRow {
    /// When the stretch begins; the first may begin before `from`.
    start: String,
    /// The group.
    group: &'static str,
    /// The class, where rows stand for classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'static str>,
    /// Passages in.
    #[serde(rename = "in")]
    entered: u64,
    /// Passages out.
    #[serde(rename = "out")]
    left: u64,
}

/// Passages over time. Sparse: stretches without passages have no row.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Counts {
    /// The first moment counted.
    from: String,
    /// The moment after the last counted.
    to: String,
    /// How long a stretch is.
    bucket: Bucket,
    /// What a row stands for.
    by: By,
    /// By start, then group and class.
    rows: Vec<CountsRow>,
}

/// Passages per minute, hour or day.
#[utoipa::path(get, path = "/api/v1/counts", tag = "figures", params(CountsParams),
    responses((status = 200, body = Counts), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn counts(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<CountsParams>,
) -> Result<Json<Counts>, Problem> {
    let now = clock::now();
    let bucket = params.bucket.unwrap_or_default();
    let by = params.by.unwrap_or_default();
    let width = match bucket {
        Bucket::Minute => CountBucket::Minute,
        Bucket::Hour => CountBucket::Hour,
        Bucket::Day => CountBucket::Day,
    };
    let from_minute = params.from.map_or(LocalDay::of(now).start_minute(), UtcTime::as_unix_minutes);
    let to_minute = minute_up(params.to.unwrap_or(now));
    if from_minute < 0 || from_minute >= to_minute {
        return Err(Problem::bad_request("from: give a moment after 1970 and before `to`"));
    }
    let stretches = (to_minute - from_minute) / width.minutes();
    if stretches > STRETCHES_MAX {
        return Err(Problem::bad_request(format!(
            "from: {stretches} stretches are too many, at most {STRETCHES_MAX} are given: take a longer bucket or less time"
        )));
    }
    let sites = sites(&caller, Permission::FiguresRead, params.site.as_ref());
    let filter = CountsFilter { sites, gate: params.gate, from_minute, to_minute, bucket: width };
    let mut sums: BTreeMap<(i64, &str, Option<ObjectClass>), (u64, u64)> = BTreeMap::new();
    for row in app.store.counts(&filter).await? {
        let class = (by == By::Class).then_some(row.class);
        let (entered, left) = sums.entry((row.start_minute, row.class.group().as_str(), class)).or_default();
        match row.direction {
            Direction::In => *entered += row.count,
            Direction::Out => *left += row.count,
        }
    }
    let rows = sums.into_iter().map(|((start, group, class), (entered, left))| CountsRow {
        start: minute(start),
        group,
        class: class.map(ObjectClass::as_str),
        entered,
        left,
    });
    Ok(Json(Counts { from: minute(from_minute), to: minute(to_minute), bucket, by, rows: rows.collect() }))
}

fn minute_up(at: UtcTime) -> i64 {
    at.as_unix_minutes() + i64::from(at.as_unix_micros().rem_euclid(60_000_000) > 0)
}
