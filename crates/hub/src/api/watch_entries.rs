//! Watch lists: proposed by one person, approved by another, in force until their time is over.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::UtcTime;
use serde::{Deserialize, Serialize};
use store::{Decision, NewWatch, WatchError, WatchRow};
use utoipa::{IntoParams, ToSchema};
use wire::policy::DocumentPath;

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::accounts::token::random_hex;
use crate::api::App;
use crate::api::body::Body;
use crate::api::params::{Params, rows};
use crate::api::policies::site_seen;
use crate::api::problem::{Problem, no_randomness};
use crate::clock;
use crate::policy::draft::{REVOKED_PASSES, watch_path};

/// An entry of a watch list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WatchEntry {
    /// Its name.
    id: String,
    /// The list.
    list: String,
    /// The plate, without separators.
    plate: String,
    /// What the guard is told.
    note: String,
    /// The law or order that allows it.
    legal_basis: String,
    /// Who asked for it.
    authority: String,
    /// Until when.
    expires_at: String,
    /// `proposed`, `in_force`, `refused`, `removed` or `expired`.
    state: &'static str,
    /// Who entered it.
    proposed_by: String,
    /// When.
    proposed_at: String,
    /// Whose word it was, after the first person's.
    decided_by: Option<String>,
    /// When.
    decided_at: Option<String>,
    /// Who took it out.
    removed_by: Option<String>,
    /// When.
    removed_at: Option<String>,
    /// Why.
    removed_reason: Option<String>,
}

/// Entries.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WatchEntries {
    /// The newest first.
    entries: Vec<WatchEntry>,
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WatchParams {
    /// Only of this list.
    list: Option<String>,
    /// At most so many, 1 to 500; 50 where it is not given.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

/// An entry to propose.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WatchProposal {
    /// The list, a name of a-z, 0-9 and -: nodes know it as `lists/LIST.csv`.
    list: String,
    /// The plate, with or without separators.
    plate: String,
    /// What the guard is told, 1 to 200 characters.
    note: String,
    /// The law or order that allows it, 1 to 200 characters.
    legal_basis: String,
    /// Who asked for it, 1 to 200 characters.
    authority: String,
    /// Until when, within 366 days.
    #[schema(value_type = String)]
    expires_at: UtcTime,
}

/// That an entry was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WatchMade {
    /// Its name.
    id: String,
}

/// The second person's word.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WatchDecision {
    /// `approved` or `refused`.
    decision: Said,
}

/// Yes or no.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Said {
    /// Yes.
    Approved,
    /// No.
    Refused,
}

/// Why something is taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    /// 1 to 200 characters.
    pub(crate) reason: String,
}

/// Whoever watches for somebody is a person with a name: a program's key proposes and decides nothing.
fn person(caller: &Caller) -> Result<&str, Problem> {
    if caller.session().is_some() {
        return Ok(caller.name());
    }
    let detail = "watch lists are entered and decided by persons: sign in with an account, a key is not taken";
    Err(Problem::of("forbidden", StatusCode::FORBIDDEN, detail))
}

fn shown(row: WatchRow, now: UtcTime) -> WatchEntry {
    let state = row.state(now);
    let (decided, removed) = (row.decided.map(|(word, _)| word), row.removed);
    let (removed, removed_reason) = removed.unzip();
    WatchEntry {
        id: row.entry.id,
        list: row.entry.list,
        plate: row.entry.plate.to_string(),
        note: row.entry.note,
        legal_basis: row.entry.legal_basis,
        authority: row.entry.authority,
        expires_at: row.entry.expires_at.to_string(),
        state,
        proposed_by: row.entry.proposed_by,
        proposed_at: row.entry.proposed_at.to_string(),
        decided_by: decided.as_ref().map(|word| word.by.clone()),
        decided_at: decided.map(|word| word.at.to_string()),
        removed_by: removed.as_ref().map(|word| word.by.clone()),
        removed_at: removed.map(|word| word.at.to_string()),
        removed_reason,
    }
}

/// A site's watch list entries, also those that are over.
#[utoipa::path(get, path = "/api/v1/sites/{site}/watch-entries", tag = "policies",
    params(("site" = String, Path, description = "The site"), WatchParams),
    responses((status = 200, body = WatchEntries), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn entries(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Params(params): Params<WatchParams>,
) -> Result<Json<WatchEntries>, Problem> {
    let site = site_seen(&caller, Permission::WatchListsRead, &name)?;
    let (now, limit) = (clock::now(), rows(params.limit)?);
    let found = app.store.watch_entries(&site, params.list.as_deref(), limit).await?;
    Ok(Json(WatchEntries { entries: found.into_iter().map(|row| shown(row, now)).collect() }))
}

/// Proposes an entry. It gets into no policy until another account has approved it.
#[utoipa::path(post, path = "/api/v1/sites/{site}/watch-entries", tag = "policies",
    params(("site" = String, Path, description = "The site")), request_body = WatchProposal,
    responses(
        (status = 201, body = WatchMade),
        (status = 400, body = Problem),
        (status = 409, description = "The plate is on that list", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn propose(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Body(wanted): Body<WatchProposal>,
) -> Result<(StatusCode, Json<WatchMade>), Problem> {
    let site = site_seen(&caller, Permission::WatchListsWrite, &name)?;
    let plate = vnplate::parse(&wanted.plate)
        .map_err(|error| Problem::bad_request(format!("plate: it is no plate of any kind: {error}")))?;
    let path = watch_path(&wanted.list);
    if DocumentPath::new(path.clone()).is_err() || path == REVOKED_PASSES || wanted.list.contains('/') {
        let detail =
            format!("list: \"{}\" is not a name of a-z, 0-9 and -", wanted.list.chars().take(80).collect::<String>());
        return Err(Problem::bad_request(detail));
    }
    let new = NewWatch {
        id: random_hex::<8>().map_err(no_randomness)?,
        site,
        list: wanted.list,
        plate: plate.key,
        note: wanted.note,
        legal_basis: wanted.legal_basis,
        authority: wanted.authority,
        expires_at: wanted.expires_at,
        proposed_by: person(&caller)?.to_owned(),
        proposed_at: clock::now(),
    };
    app.store.watch_propose(&new).await?;
    Ok((StatusCode::CREATED, Json(WatchMade { id: new.id })))
}

/// The second person's word: never of the account that proposed it.
#[utoipa::path(post, path = "/api/v1/sites/{site}/watch-entries/{id}/decision", tag = "policies",
    params(("site" = String, Path, description = "The site"), ("id" = String, Path, description = "The entry")),
    request_body = WatchDecision,
    responses(
        (status = 204),
        (status = 403, description = "The account proposed it itself", body = Problem),
        (status = 404, body = Problem),
        (status = 409, description = "It was decided, taken out, or is over", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn decide(
    State(app): State<App>,
    caller: Caller,
    Path((name, id)): Path<(String, String)>,
    Body(WatchDecision { decision }): Body<WatchDecision>,
) -> Result<StatusCode, Problem> {
    let site = site_seen(&caller, Permission::WatchListsApprove, &name)?;
    let decision = match decision {
        Said::Approved => Decision::Approved,
        Said::Refused => Decision::Refused,
    };
    app.store.watch_decide(&site, &id, decision, person(&caller)?, clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes an entry out; nodes hear of it with the next publication.
#[utoipa::path(post, path = "/api/v1/sites/{site}/watch-entries/{id}/removal", operation_id = "watch_entry_remove",
    tag = "policies",
    params(("site" = String, Path, description = "The site"), ("id" = String, Path, description = "The entry")),
    request_body = Reason,
    responses((status = 204), (status = 400, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path((name, id)): Path<(String, String)>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<StatusCode, Problem> {
    let site = site_seen(&caller, Permission::WatchListsWrite, &name)?;
    app.store.watch_remove(&site, &id, &reason, caller.name(), clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<WatchError> for Problem {
    fn from(error: WatchError) -> Self {
        let status = match error {
            WatchError::Store(error) => return error.into(),
            WatchError::Text { .. } | WatchError::Expiry(_) => StatusCode::BAD_REQUEST,
            WatchError::SamePerson { .. } => StatusCode::FORBIDDEN,
            WatchError::Unknown(_) => StatusCode::NOT_FOUND,
            WatchError::Twin { .. } | WatchError::Settled { .. } | WatchError::TooMany => StatusCode::CONFLICT,
        };
        Self::new(status, error.to_string())
    }
}
