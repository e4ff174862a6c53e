//! Media, which readers get by their hash.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use wire::{BlobHash, Payload};

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::params::{Params, event_of};
use crate::api::problem::Problem;

/// What media may be. Anything else could be more than a picture to a browser.
pub(super) const MEDIA_TYPES: [&str; 4] = ["image/jpeg", "image/png", "image/webp", "video/mp4"];

pub(super) fn hash(name: &str) -> Result<BlobHash, Problem> {
    name.parse().map_err(|error| Problem::bad_request(format!("sha256: {error}")))
}

/// Whether the caller may see the medium: through an event that names it, or, where he may read everything at its node's
/// site, by itself.
async fn is_visible(app: &App, caller: &Caller, hash: &BlobHash, event: Option<&str>) -> Result<bool, Problem> {
    let Some(id) = event else {
        let Some(row) = app.store.blob_find(hash).await? else { return Ok(false) };
        let Some(node) = app.store.node_get(&row.node).await? else { return Ok(false) };
        let all = [Permission::EventsRead, Permission::PlatesRead, Permission::DecisionsRead];
        return Ok(all.into_iter().all(|permission| caller.sees(permission, &node.site)));
    };
    let event = event_of(&app.store, id, "medium", caller, Permission::EventsRead).await?;
    let (needed, evidence) = match &event.payload {
        Some(Payload::PlateRead(read)) => (Permission::PlatesRead, read.evidence.as_slice()),
        Some(Payload::AccessDecided(decided)) => (Permission::DecisionsRead, decided.evidence.as_slice()),
        Some(Payload::Passed(passed)) => (Permission::EventsRead, passed.evidence.as_slice()),
        Some(Payload::Stayed(stayed)) => (Permission::EventsRead, stayed.evidence.as_slice()),
        Some(Payload::IncidentSeen(seen)) => (Permission::EventsRead, seen.evidence.as_slice()),
        Some(
            Payload::OccupancyChanged(_)
            | Payload::CameraChanged(_)
            | Payload::NodeStarted(_)
            | Payload::ClockJumped(_)
            | Payload::PolicyChanged(_)
            | Payload::EvidenceAdded(_)
            | Payload::LaneChanged(_),
        )
        | None => return Ok(false),
    };
    if !caller.sees(needed, &event.site) {
        return Ok(false);
    }
    if evidence.iter().any(|evidence| evidence.sha256 == *hash) {
        return Ok(true);
    }
    let clips = app.store.clips_of([(&event.node, event.id)]).await?;
    Ok(clips.get(&event.id).is_some_and(|clips| clips.iter().any(|added| added.clip.sha256 == *hash)))
}

/// Through which event a medium is reached.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BlobParams {
    /// Id of an event that shows it. Needed by whoever may not read plates: a picture alone does not say whether it is
    /// one of a plate.
    event: Option<String>,
}

/// A medium by its hash, for whoever may see an event that shows it.
#[utoipa::path(get, path = "/api/v1/blobs/{sha256}", tag = "media",
    params(("sha256" = String, Path, description = "SHA-256 of the bytes, 64 digits 0-9 a-f"), BlobParams),
    responses(
        (status = 200, description = "The bytes; they never change", content_type = "image/jpeg"),
        (status = 206, description = "The part of them that the header `range` asks for", content_type = "image/jpeg"),
        (status = 304, description = "The reader has them"),
        (status = 400, body = Problem),
        (status = 404, description = "Not here: it has not come yet, or its time was over", body = Problem),
        (status = 416, description = "`range` asks for none of the bytes", body = Problem),
    ))]
pub(crate) async fn get_blob(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Params(params): Params<BlobParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let hash = hash(&name)?;
    let etag = format!("\"{hash}\"");
    let is_held = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim().trim_start_matches("W/") == etag);
    let missing = || {
        let detail = format!("blob {hash} is not here: it has not come yet, or its time was over");
        Problem::new(StatusCode::NOT_FOUND, detail)
    };
    if !is_visible(&app, &caller, &hash, params.event.as_deref()).await? {
        return Err(missing());
    }
    let mut response = if is_held {
        app.store.blob_find(&hash).await?.ok_or_else(missing)?;
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let blob = app.store.blob_read(&hash).await?.ok_or_else(missing)?;
        let known = MEDIA_TYPES.iter().find(|known| **known == blob.row.media_type);
        let media_type = known.copied().unwrap_or("application/octet-stream");
        let mut response = part(&headers, &etag, blob.bytes)?;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        response.headers_mut().insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        response
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, HeaderValue::try_from(etag).expect("hexadecimal digits in quotes"));
    // Only for the reader's own cache: pictures of people belong in no proxy.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=31536000, immutable"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    Ok(response)
}

/// The bytes, or that part of them that was asked for (RFC 9110, section 14). They were all read and held against their
/// hash before: a part is never of anything else.
fn part(headers: &HeaderMap, etag: &str, bytes: Vec<u8>) -> Result<Response, Problem> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let is_this_one = text(header::IF_RANGE).is_none_or(|tag| tag == etag);
    let asked = text(header::RANGE).filter(|_| is_this_one).and_then(|range| range.trim().strip_prefix("bytes="));
    let Some((first, last)) = asked.and_then(|range| range.split_once('-')) else {
        return Ok(bytes.into_response());
    };
    let length = bytes.len();
    // Several parts, and what is no range, are answered with everything, as the standard allows.
    let span = match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Ok(first), _) if last.is_empty() => first..length,
        (_, Ok(count)) if first.is_empty() => length.saturating_sub(count)..length,
        (Ok(_) | Err(_), Ok(_) | Err(_)) => return Ok(bytes.into_response()),
    };
    if span.is_empty() {
        let detail = format!("range: the blob has {length} bytes, and none of them is asked for");
        return Err(Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, detail));
    }
    let content_range = format!("bytes {}-{}/{length}", span.start, span.end - 1);
    let bytes = axum::body::Bytes::from(bytes).slice(span);
    Ok((StatusCode::PARTIAL_CONTENT, [(header::CONTENT_RANGE, content_range)], bytes).into_response())
}
