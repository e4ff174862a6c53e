//! Read plates: the newest ones, the history of one, and everything that led to a result.

use axum::Json;
use axum::extract::{Path, State};
use domain::{GateId, ObjectClass, SiteId, UtcTime};
use projections::PLATE_TEXT_CHARS_MAX;
use serde::{Deserialize, Serialize};
use store::{ListCursor, PlateFilter};
use utoipa::{IntoParams, ToSchema};
use vnplate::neighbours::{self, InvalidPattern};
use vnplate::{Confusion, Key};
use wire::plate::{PlateColour, PlateOutcome};
use wire::{AccessVerdict, Payload};

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::lists::{add_clips, is_full, stored};
use crate::api::params::{ListParams, Params, check_span, event_of, no_event, sites};
use crate::api::problem::Problem;
use crate::api::view::{Plate, PlateDetail};

/// Which plates.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PlateParams {
    /// Only of this site.
    #[param(value_type = Option<String>)]
    site: Option<SiteId>,
    /// Only of gates of this name.
    #[param(value_type = Option<String>)]
    gate: Option<GateId>,
    /// Only of this plate, however it is written: `30a-123.45` is `30A12345`, Đ is D. A question mark stands for a sign
    /// that nobody knows; there may be two.
    key: Option<String>,
    /// Whether plates that `key` is easily taken for are given, too: with one or two signs that look like the ones asked
    /// for, or one lost or won at an edge. Each then says how alike it is.
    like: Option<bool>,
    /// Only with this outcome: `read`, `unknown_kind`, `unreadable` or `not_a_plate`.
    #[param(value_type = Option<String>)]
    outcome: Option<PlateOutcome>,
    /// Only on vehicles that were taken for this class: `motorbike`, `bicycle`, `car`, `bus` or `truck`; `bike` means all on
    /// two wheels, `vehicle` all on more.
    #[param(value_type = Option<String>)]
    class: Option<ObjectClass>,
    /// Only with a ground of this colour: `white`, `yellow`, `blue`, `red` or `unknown`.
    #[param(value_type = Option<String>)]
    colour: Option<PlateColour>,
    /// Only those that resemble an entry of the list of this name.
    #[param(min_length = 1, max_length = 200)]
    list: Option<String>,
    /// Only those of which this was decided last, where the caller may read decisions: `permit`, `deny` or `refer`.
    #[param(value_type = Option<String>)]
    verdict: Option<AccessVerdict>,
    /// Only those last seen at this moment or later.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<UtcTime>,
    /// Only those last seen before this moment.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<UtcTime>,
    /// At most so many, 1 to 500; 50 where it is not given.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
    /// The `next` of the page before.
    before: Option<String>,
    /// What a plate is looked for: needed with `key` and `list`, unless the header `x-purpose` says it.
    #[param(min_length = 5, max_length = 200)]
    #[expect(dead_code, reason = "read by the guard before; named here so that it is accepted and described")]
    purpose: Option<String>,
}

impl PlateParams {
    /// What to ask the store, and which plate the answers are compared with.
    fn filter(self, caller: &Caller) -> Result<(PlateFilter, Option<Key>), Problem> {
        // The purpose was looked at, and written down, by the guard.
        let Self {
            site,
            gate,
            key,
            like,
            outcome,
            class,
            colour,
            list: on_list,
            verdict,
            from,
            to,
            limit,
            before,
            purpose: _,
        } = self;
        check_span(from, to)?;
        if on_list.as_ref().is_some_and(|name| name.is_empty() || name.chars().count() > PLATE_TEXT_CHARS_MAX) {
            return Err(Problem::bad_request(format!(
                "list: a name of 1 to {PLATE_TEXT_CHARS_MAX} characters is accepted"
            )));
        }
        let wanted = Wanted::read(key.as_deref(), like.unwrap_or(false))?;
        let mut list = ListParams { site, gate, limit, before }.filter(caller, Permission::PlatesRead)?;
        if verdict.is_some() {
            list.sites = list.sites.and(sites(caller, Permission::DecisionsRead, None));
        }
        let filter = PlateFilter {
            list,
            keys: wanted.keys.iter().map(Key::to_string).collect(),
            outcome,
            class,
            colour,
            on_list,
            verdict,
            from,
            to,
        };
        Ok((filter, wanted.alike_to))
    }
}

/// The plates that are asked for.
#[derive(Debug, Default)]
struct Wanted {
    /// Any of these; any at all where there is none.
    keys: Vec<Key>,
    /// The one that each answer is compared with, where not only that very one is wanted.
    alike_to: Option<Key>,
}

impl Wanted {
    fn read(key: Option<&str>, like: bool) -> Result<Self, Problem> {
        let Some(key) = key else {
            return if like {
                Err(Problem::bad_request("like: say with key which plate"))
            } else {
                Ok(Self::default())
            };
        };
        let wrong = |error: InvalidPattern| Problem::bad_request(format!("key: {error}"));
        let keys = neighbours::matching(key).map_err(wrong)?;
        match (like, keys.as_slice()) {
            (false, _) => Ok(Self { keys, alike_to: None }),
            (true, [one]) => {
                Ok(Self { keys: neighbours::neighbours(one, &Confusion::default()), alike_to: Some(*one) })
            }
            (true, _) => {
                Err(Problem::bad_request("like: a key with unknown signs is not compared; leave one of both out"))
            }
        }
    }
}

/// Plates, last seen first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Plates {
    /// One page.
    plates: Vec<Plate>,
    /// What to give as `before` for the next page; nothing on the last.
    next: Option<String>,
    /// The end of the log before this page was read: what to give the stream as `after`.
    pos: u64,
}

/// Plates that were in front of cameras, last seen first.
#[utoipa::path(get, path = "/api/v1/plates", tag = "events", params(PlateParams,
        ("x-purpose" = Option<String>, Header, description = "What a plate is looked for, as percent-encoded UTF-8")),
    responses((status = 200, body = Plates), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn plates(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<PlateParams>,
) -> Result<Json<Plates>, Problem> {
    let (filter, alike_to) = params.filter(&caller)?;
    let pos = app.store.event_last_pos().await?;
    let mut rows = app.store.plates(&filter).await?;
    let clips = app.store.clips_of(rows.iter().map(|row| (&row.node, row.id))).await?;
    rows.iter_mut().for_each(|row| add_clips(&mut row.evidence, clips.get(&row.id)));
    let stored = stored(&app.store, rows.iter().flat_map(|row| &row.evidence)).await?;
    let next = rows.last().filter(|_| is_full(rows.len(), filter.list.limit));
    let next = next.map(|row| ListCursor::new(row.to, row.id).to_string());
    let decisions = caller.sites(Permission::DecisionsRead);
    let plates = rows.iter().map(|row| {
        let plate = Plate::new(row, &stored);
        let plate = if decisions.includes(&row.site) { plate.decided_by(row.decided) } else { plate };
        match &alike_to {
            Some(asked) => plate.compared_with(asked),
            None => plate,
        }
    });
    Ok(Json(Plates { plates: plates.collect(), next, pos }))
}

/// One plate with everything that led to the result: all readings, all votes, list matches and media.
#[utoipa::path(get, path = "/api/v1/plates/{event_id}", tag = "events",
    params(("event_id" = String, Path, description = "Identity of the event, a UUID")),
    responses(
        (status = 200, body = PlateDetail),
        (status = 400, body = Problem),
        (status = 404, description = "No such event, or it tells of no plate", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn plate(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<PlateDetail>, Problem> {
    let event = event_of(&app.store, &id, "plate", &caller, Permission::PlatesRead).await?;
    let missing = || no_event(&id, "plate");
    let Some(Payload::PlateRead(read)) = &event.payload else { return Err(missing()) };
    let clips = app.store.clips_of([(&event.node, event.id)]).await?.remove(&event.id).unwrap_or_default();
    let stored = stored(&app.store, read.evidence.iter().chain(clips.iter().map(|added| &added.clip))).await?;
    let decided = if caller.sees(Permission::DecisionsRead, &event.site) {
        app.store.plate_decided(&event.node, event.seq).await?
    } else {
        None
    };
    let detail = PlateDetail::from_event(&event, &clips, &stored).ok_or_else(missing)?;
    Ok(Json(detail.decided_by(decided)))
}

/// The lists that plates resembled entries of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlateLists {
    /// Their names, in order.
    lists: Vec<String>,
}

/// The lists that plates at the caller's sites resembled entries of: what `list` may ask for.
#[utoipa::path(get, path = "/api/v1/plate-lists", operation_id = "plate_lists", tag = "events",
    responses((status = 200, body = PlateLists), (status = 503, body = Problem)))]
pub(crate) async fn lists(State(app): State<App>, caller: Caller) -> Result<Json<PlateLists>, Problem> {
    let lists = app.store.plate_lists(&sites(&caller, Permission::PlatesRead, None)).await?;
    Ok(Json(PlateLists { lists }))
}
