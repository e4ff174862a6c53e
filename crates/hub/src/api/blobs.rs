//! Media: nodes upload them by their hash, readers get them by it.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use store::{RegisteredNode, Written};
use tokio::time::timeout;
use tokio_stream::StreamExt;
use utoipa::IntoParams;
use wire::blob::{BLOB_BYTES_MAX, UPLOAD_GRANT_AGE_MAX_S, UPLOAD_GRANT_HEADER};
use wire::{BlobHash, Payload, UploadGrant};

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::enrolments::demand_certificate;
use crate::api::params::{Params, event_of};
use crate::api::problem::Problem;
use crate::api::view::Blob;
use crate::clock;
use crate::https::Peer;

/// What media may be. Anything else could be more than a picture to a browser.
const MEDIA_TYPES: [&str; 4] = ["image/jpeg", "image/png", "image/webp", "video/mp4"];

/// Longest time for which an upload may stand still.
const STALL_MAX: Duration = Duration::from_secs(20);

/// So many bytes of a refused upload are read and thrown away, so that a sender that writes before it reads gets the
/// answer; of a longer one the connection is closed.
const DRAIN_BYTES_MAX: usize = 1024 * 1024;

fn hash(name: &str) -> Result<BlobHash, Problem> {
    name.parse().map_err(|error| Problem::bad_request(format!("sha256: {error}")))
}

/// Stores a medium under its hash.
#[utoipa::path(put, path = "/api/v1/blobs/{sha256}", tag = "media",
    params(
        ("sha256" = String, Path, description = "SHA-256 of the bytes, 64 digits 0-9 a-f"),
        ("x-gatehouse-node" = String, Header, description = "NODE;MOMENT;SIGNATURE: the node's grant for this blob"),
    ),
    request_body(content_type = "image/jpeg", description = "The bytes, 64 MiB at most"),
    responses(
        (status = 201, description = "It is here now", body = Blob),
        (status = 200, description = "It was here already", body = Blob),
        (status = 400, body = Problem),
        (status = 401, description = "No grant of a known node for this blob, or one too old", body = Problem),
        (status = 403, description = "The connection shows no certificate of this node", body = Problem),
        (status = 409, description = "The bytes have another hash", body = Problem),
        (status = 413, description = "More than 64 MiB", body = Problem),
        (status = 415, description = "Not a media type that is taken", body = Problem),
        (status = 503, description = "Too many uploads at once, or the database is away", body = Problem),
        (status = 507, description = "The disk is full", body = Problem),
    ))]
pub(crate) async fn put_blob(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    match upload(&app, &peer, &name, &headers, body).await {
        Ok((status, blob)) => (status, Json(blob)).into_response(),
        Err(problem) => problem.into_response(),
    }
}

async fn upload(
    app: &App,
    peer: &Peer,
    name: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<(StatusCode, Blob), Problem> {
    let checked = async {
        let hash = hash(name)?;
        let node = granted(app, headers, &hash).await?;
        demand_certificate(peer, &node.node)?;
        let media_type = media_type(headers)?;
        let permit = app.uploads.clone().try_acquire_owned();
        let permit = permit.map_err(|_| Problem::later("too many uploads at once; come back later"))?;
        Ok((hash, node, media_type, permit, app.store.blob_find(&hash).await?))
    };
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > BLOB_BYTES_MAX as u64) {
        return Err(store::BlobError::TooLong.into());
    }
    let (hash, node, media_type, _permit, held) = match checked.await {
        Ok(checked) => checked,
        Err(problem) => {
            drain(body).await;
            return Err(problem);
        }
    };
    if let Some(row) = held {
        drain(body).await;
        return Ok((StatusCode::OK, Blob::from(&row)));
    }
    let mut writer = app.store.blob_writer(hash).await?;
    let mut chunks = body.into_data_stream();
    let mut bytes = 0;
    loop {
        match timeout(STALL_MAX, chunks.next()).await {
            Ok(Some(Ok(chunk))) => {
                bytes += chunk.len() as u64;
                writer.write(&chunk).await?;
            }
            Ok(Some(Err(error))) => return Err(Problem::bad_request(format!("the upload broke off: {error}"))),
            Ok(None) => break,
            Err(_) => return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the upload stood still")),
        }
    }
    let written = writer.finish(&media_type, &node.node, clock::now()).await?;
    let blob = Blob { sha256: hash.to_string(), media_type, bytes };
    match written {
        Written::Created => {
            app.live.blob_stored(node.site, &blob);
            Ok((StatusCode::CREATED, blob))
        }
        Written::Held => Ok((StatusCode::OK, blob)),
    }
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

/// Reads a refused body to its end and throws it away, so that whoever writes before he reads gets the answer.
pub(super) async fn drain(body: Body) {
    let mut chunks = body.into_data_stream();
    let mut left = DRAIN_BYTES_MAX;
    while let Ok(Some(Ok(chunk))) = timeout(STALL_MAX, chunks.next()).await {
        match left.checked_sub(chunk.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// The node that may upload the blob.
async fn granted(app: &App, headers: &HeaderMap, hash: &BlobHash) -> Result<RegisteredNode, Problem> {
    let refused = |detail: String| Problem::new(StatusCode::UNAUTHORIZED, detail);
    let Some(text) = headers.get(UPLOAD_GRANT_HEADER) else {
        return Err(refused(format!("the header {UPLOAD_GRANT_HEADER} is missing: NODE;MOMENT;SIGNATURE is accepted")));
    };
    let grant = text.to_str().ok().and_then(UploadGrant::from_header).ok_or_else(|| {
        refused(format!("the header {UPLOAD_GRANT_HEADER} cannot be read: NODE;MOMENT;SIGNATURE is accepted"))
    })?;
    // One answer for both, so that nobody can ask which nodes there are.
    let known = app.store.node_get(&grant.node).await?;
    let Some(node) = known.filter(|node| grant.is_valid(&node.key, hash)) else {
        return Err(refused(format!("node \"{}\" is not known or did not sign this grant", grant.node)));
    };
    if app.store.revocation_of(&grant.node).await?.is_some() {
        return Err(refused(format!("node \"{}\" was revoked", grant.node)));
    }
    let now = clock::now();
    let apart = now.since(grant.at).max(grant.at.since(now));
    if apart.as_secs() > UPLOAD_GRANT_AGE_MAX_S {
        return Err(refused(format!(
            "the grant is of {}, which is more than {UPLOAD_GRANT_AGE_MAX_S} s from the hub's clock, {now}",
            grant.at
        )));
    }
    Ok(node)
}

fn media_type(headers: &HeaderMap) -> Result<String, Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|text| text.to_str().ok()).unwrap_or("nothing");
    match MEDIA_TYPES.iter().find(|known| given.eq_ignore_ascii_case(known)) {
        Some(known) => Ok((*known).to_owned()),
        None => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("content-type: \"{given}\" is not taken: {} are accepted", MEDIA_TYPES.join(", ")),
        )),
    }
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
