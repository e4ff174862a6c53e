//! The newest passages and stays.

use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use store::{ListCursor, Store};
use utoipa::ToSchema;
use wire::{BlobHash, EvidenceAdded, EvidenceRef};

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::params::{ListParams, Params};
use crate::api::problem::Problem;
use crate::api::view::{Passage, Stay};

/// Passages, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Passages {
    /// One page.
    passages: Vec<Passage>,
    /// What to give as `before` for the next page; nothing on the last.
    next: Option<String>,
    /// The end of the log before this page was read: what to give the stream as `after`.
    pos: u64,
}

/// Stays, those that ended last first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stays {
    /// One page.
    stays: Vec<Stay>,
    /// What to give as `before` for the next page; nothing on the last.
    next: Option<String>,
}

/// Passages, newest first.
#[utoipa::path(get, path = "/api/v1/passages", tag = "events", params(ListParams),
    responses((status = 200, body = Passages), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn passages(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<ListParams>,
) -> Result<Json<Passages>, Problem> {
    let filter = params.filter(&caller, Permission::EventsRead)?;
    let pos = app.store.event_last_pos().await?;
    let mut rows = app.store.passages(&filter).await?;
    let clips = app.store.clips_of(rows.iter().map(|row| (&row.node, row.id))).await?;
    rows.iter_mut().for_each(|row| add_clips(&mut row.evidence, clips.get(&row.id)));
    let stored = stored(&app.store, rows.iter().flat_map(|row| &row.evidence)).await?;
    // Whoever may not read plates gets passages without them.
    let readable: Vec<_> = rows.iter().filter(|row| caller.sees(Permission::PlatesRead, &row.site)).cloned().collect();
    let plates = app.store.plates_of(&readable).await?;
    let next = rows.last().filter(|_| is_full(rows.len(), filter.limit));
    let next = next.map(|row| ListCursor::new(row.passage.at, row.id).to_string());
    let passages = rows.iter().map(|row| Passage::new(row, plates.get(&row.id), &stored)).collect();
    Ok(Json(Passages { passages, next, pos }))
}

/// Stays in zones, those that ended last first.
#[utoipa::path(get, path = "/api/v1/stays", tag = "events", params(ListParams),
    responses((status = 200, body = Stays), (status = 400, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn stays(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<ListParams>,
) -> Result<Json<Stays>, Problem> {
    let filter = params.filter(&caller, Permission::EventsRead)?;
    let mut rows = app.store.stays(&filter).await?;
    let clips = app.store.clips_of(rows.iter().map(|row| (&row.node, row.id))).await?;
    rows.iter_mut().for_each(|row| add_clips(&mut row.evidence, clips.get(&row.id)));
    let stored = stored(&app.store, rows.iter().flat_map(|row| &row.evidence)).await?;
    let next = rows.last().filter(|_| is_full(rows.len(), filter.limit));
    let next = next.map(|row| ListCursor::new(row.stay.to, row.id).to_string());
    Ok(Json(Stays { stays: rows.iter().map(|row| Stay::new(row, &stored)).collect(), next }))
}

/// Puts the clips of an event behind the media that it names itself.
pub(crate) fn add_clips(evidence: &mut Vec<EvidenceRef>, clips: Option<&Vec<EvidenceAdded>>) {
    evidence.extend(clips.into_iter().flatten().map(|added| added.clip.clone()));
}

/// Whether a page may have another one after it.
pub(crate) fn is_full(rows: usize, limit: u32) -> bool {
    u32::try_from(rows).is_ok_and(|rows| rows == limit)
}

/// Which of these media have arrived.
pub(crate) async fn stored(
    store: &Store,
    evidence: impl Iterator<Item = &EvidenceRef>,
) -> Result<HashSet<BlobHash>, Problem> {
    let wanted: Vec<BlobHash> = evidence.map(|evidence| evidence.sha256).collect();
    Ok(store.blobs_stored(&wanted).await?)
}
