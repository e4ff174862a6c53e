//! How far counts can be trusted: hours counted by hand, and what they say of the machine's counts.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use domain::{GateId, SiteId, UtcTime};
use projections::{AuditedHour, accuracy};
use serde::{Deserialize, Serialize};
use store::{AuditFilter, AuditRow};
use utoipa::{IntoParams, ToSchema};

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::params::{Params, sites};
use crate::api::problem::Problem;
use crate::api::view::{AuditHour, CountAccuracy, Counted};
use crate::clock;

/// How far back audited hours count where nothing is said: an older one speaks of other models, and of a camera that may
/// have been moved since.
const AUDIT_AGE_MAX: Duration = Duration::from_secs(90 * 24 * 3_600);

/// Which audited hours.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditParams {
    /// Only of this site.
    #[param(value_type = Option<String>)]
    site: Option<SiteId>,
    /// Only of gates of this name.
    #[param(value_type = Option<String>)]
    gate: Option<GateId>,
    /// Only hours that begin at this moment or later; where it is not given, those of the last 90 days.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<UtcTime>,
}

impl AuditParams {
    fn filter(self, caller: &Caller) -> AuditFilter {
        let sites = sites(caller, Permission::FiguresRead, self.site.as_ref());
        AuditFilter { sites, gate: self.gate, from: Some(self.from.unwrap_or_else(default_from)) }
    }
}

/// The first moment of which audited hours count where nothing is said.
fn default_from() -> UtcTime {
    let micros = i64::try_from(AUDIT_AGE_MAX.as_micros()).unwrap_or(i64::MAX);
    UtcTime::from_unix_micros(clock::now().as_unix_micros().saturating_sub(micros)).unwrap_or(UtcTime::UNIX_EPOCH)
}

/// Hours counted by hand.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Audits {
    /// The latest first; of an hour that was entered again, the newest entry.
    hours: Vec<AuditHour>,
}

/// How far counts can be trusted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Accuracies {
    /// The first moment of the audited hours that were looked at.
    from: String,
    /// Gates with all their audited lines together, and each line by itself. What is not in the list was not audited.
    counts: Vec<CountAccuracy>,
}

/// What audited hours say of each count. Shared with the command line.
pub(crate) fn accuracies(rows: &[AuditRow]) -> Vec<CountAccuracy> {
    let mut hours: BTreeMap<Counted, Vec<AuditedHour>> = BTreeMap::new();
    for row in rows {
        for line in [None, Some(row.line.to_string())] {
            let counted = Counted {
                site: row.site.to_string(),
                gate: row.gate.to_string(),
                line,
                group: row.group.as_str(),
                direction: row.direction.as_str(),
            };
            hours.entry(counted).or_default().push(row.counts);
        }
    }
    hours.into_iter().filter_map(|(counted, hours)| CountAccuracy::new(counted, accuracy(&hours))).collect()
}

/// Hours that were counted by hand, beside what the machine counted in them. Entered by `gatehouse-hub audit add`; no
/// entry is ever changed, but an hour may be entered again.
#[utoipa::path(get, path = "/api/v1/audits", tag = "figures", params(AuditParams),
    responses((status = 200, body = Audits), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn audits(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<AuditParams>,
) -> Result<Json<Audits>, Problem> {
    let rows = app.store.audits(&params.filter(&caller)).await?;
    Ok(Json(Audits { hours: rows.iter().map(AuditHour::from).collect() }))
}

/// The relative error of counts with its 95 % interval, from audited hours: the ratio estimator over hours with
/// Student's t, never narrower than the exact Poisson limit of the passages that were counted by hand. A count C of the
/// machine most likely stands for C / (1 + bias), and lies between C / (1 + high) and C / (1 + low).
#[utoipa::path(get, path = "/api/v1/accuracy", tag = "figures", params(AuditParams),
    responses((status = 200, body = Accuracies), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn count_accuracy(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<AuditParams>,
) -> Result<Json<Accuracies>, Problem> {
    let filter = params.filter(&caller);
    let from = filter.from.map_or_else(String::new, |from| from.to_string());
    let rows = app.store.audits(&filter).await?;
    Ok(Json(Accuracies { from, counts: accuracies(&rows) }))
}
