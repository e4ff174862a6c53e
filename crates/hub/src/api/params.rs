//! Query parameters, refused with the name of the field.

use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use domain::{GateId, SiteId, UtcTime};
use projections::LocalDay;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use store::{ListCursor, Store, StoredEvent};
use utoipa::IntoParams;
use wire::EventId;

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::api::problem::Problem;

/// Most rows of one page of a list.
pub(crate) const ROWS_MAX: u32 = 500;

/// Rows of a page where no limit is given.
const ROWS_DEFAULT: u32 = 50;

/// The parameters of a request.
#[derive(Debug)]
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(params)) => Ok(Self(params)),
            Err(error) => {
                // The source names the field; the rejection itself only says that a query was refused.
                let source = std::error::Error::source(&error).map_or_else(String::new, |source| format!(": {source}"));
                Err(Problem::bad_request(format!("cannot read the query{source}")))
            }
        }
    }
}

/// A number of rows, held between 1 and [`ROWS_MAX`].
pub(crate) fn rows(limit: Option<u32>) -> Result<u32, Problem> {
    match limit.unwrap_or(ROWS_DEFAULT) {
        limit @ 1..=ROWS_MAX => Ok(limit),
        limit => Err(Problem::bad_request(format!("limit: {limit} is out of range: 1 to {ROWS_MAX} is accepted"))),
    }
}

/// The last midnight in Asia/Ho_Chi_Minh, where spans begin that say nothing else.
pub(crate) fn last_midnight(now: UtcTime) -> UtcTime {
    UtcTime::from_unix_micros(LocalDay::of(now).start_minute() * 60_000_000).unwrap_or(now)
}

/// That a span of time begins before it ends, where both ends are given.
pub(crate) fn check_span(from: Option<UtcTime>, to: Option<UtcTime>) -> Result<(), Problem> {
    match from.zip(to) {
        Some((from, to)) if from >= to => Err(Problem::bad_request("from: give a moment before `to`")),
        Some(_) | None => Ok(()),
    }
}

/// The event with the identity `id` of a path, told of `what`; refused where `id` is none or nothing has it. One of a site
/// that the caller does not see by `permission` is answered like one that is not there.
pub(crate) async fn event_of(
    store: &Store,
    id: &str,
    what: &str,
    caller: &Caller,
    permission: Permission,
) -> Result<StoredEvent, Problem> {
    let accepted = || Problem::bad_request(format!("event_id: the `id` of a {what} is accepted, a UUID"));
    let read: EventId = serde_json::from_value(id.into()).map_err(|_| accepted())?;
    let event = store.event_find(read).await?.filter(|event| caller.sees(permission, &event.site));
    let event = event.ok_or_else(|| no_event(&read.to_string(), what))?;
    // The signed event is in the log still, but what it tells of was deleted.
    if !store.event_is_kept(&event).await? {
        return Err(no_event(&read.to_string(), what));
    }
    Ok(event)
}

/// The sites that a query may give: where the caller holds `permission`, and of those the one that is asked for.
pub(crate) fn sites(caller: &Caller, permission: Permission, only: Option<&SiteId>) -> store::Sites {
    (&caller.sites(permission).narrowed(only)).into()
}

/// There is no such event, or it tells of something else.
pub(crate) fn no_event(id: &str, what: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("there is no event {id} that tells of a {what}"))
}

/// Which gates.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct GateParams {
    /// Only of this site.
    #[param(value_type = Option<String>)]
    pub(crate) site: Option<SiteId>,
    /// Only of gates of this name.
    #[param(value_type = Option<String>)]
    pub(crate) gate: Option<GateId>,
}

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// Only of this site.
    #[param(value_type = Option<String>)]
    pub(crate) site: Option<SiteId>,
    /// Only of gates of this name.
    #[param(value_type = Option<String>)]
    pub(crate) gate: Option<GateId>,
    /// At most so many, 1 to 500; 50 where it is not given.
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub(crate) limit: Option<u32>,
    /// The `next` of the page before.
    pub(crate) before: Option<String>,
}

impl ListParams {
    /// Limited to what the caller sees by `permission`.
    pub(crate) fn filter(self, caller: &Caller, permission: Permission) -> Result<store::ListFilter, Problem> {
        let before = self
            .before
            .map(|before| before.parse::<ListCursor>())
            .transpose()
            .map_err(|error| Problem::bad_request(format!("before: {error}")))?;
        let sites = sites(caller, permission, self.site.as_ref());
        Ok(store::ListFilter { sites, gate: self.gate, before, limit: rows(self.limit)? })
    }
}
