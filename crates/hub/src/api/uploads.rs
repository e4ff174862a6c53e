//! Media on their way in: nodes upload them by their hash, the large ones in as many goes as it takes.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use store::{BlobWriter, RegisteredNode, Written};
use tokio::time::timeout;
use tokio_stream::StreamExt;
use wire::blob::{BLOB_BYTES_MAX, UPLOAD_GRANT_AGE_MAX_S, UPLOAD_GRANT_HEADER};
use wire::{BlobHash, UploadGrant};

use crate::api::App;
use crate::api::blobs::{MEDIA_TYPES, hash};
use crate::api::enrolments::demand_certificate;
use crate::api::problem::Problem;
use crate::api::view::{Blob, Received};
use crate::clock;
use crate::https::Peer;

/// Longest time for which an upload may stand still.
const STALL_MAX: Duration = Duration::from_secs(20);

/// What an upload came to.
enum Outcome {
    /// The blob is here, and was not before.
    Created(Blob),
    /// The blob was here already.
    Held(Blob),
    /// There is more to come.
    Paused(Received),
}

impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        match self {
            Self::Created(blob) => (StatusCode::CREATED, Json(blob)).into_response(),
            Self::Held(blob) => (StatusCode::OK, Json(blob)).into_response(),
            Self::Paused(received) => (StatusCode::ACCEPTED, Json(received)).into_response(),
        }
    }
}

/// Stores a medium under its hash.
///
/// With the header `content-range` the body is a part of it, which goes on where the last one ended: what has come stays
/// for a day when the connection breaks. `bytes */LENGTH` with an empty body says that all of it has come.
#[utoipa::path(put, path = "/api/v1/blobs/{sha256}", tag = "media",
    params(
        ("sha256" = String, Path, description = "SHA-256 of the bytes, 64 digits 0-9 a-f"),
        ("x-gatehouse-node" = String, Header, description = "NODE;MOMENT;SIGNATURE: the node's grant for this blob"),
        ("content-range" = Option<String>, Header, description = "bytes FIRST-LAST/LENGTH, or bytes */LENGTH"),
    ),
    request_body(content_type = "image/jpeg", description = "The bytes, 64 MiB at most"),
    responses(
        (status = 201, description = "It is here now", body = Blob),
        (status = 200, description = "It was here already", body = Blob),
        (status = 202, description = "The part is here; more of it is missing", body = Received),
        (status = 400, body = Problem),
        (status = 401, description = "No grant of a known node for this blob, or one too old", body = Problem),
        (status = 403, description = "The connection shows no certificate of this node", body = Problem),
        (status = 409, description = "The bytes have another hash, or do not go on where the last part ended, or another \
            upload of them is under way", body = Problem),
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
) -> Result<Response, Problem> {
    upload(&app, &peer, &name, &headers, body).await.map(IntoResponse::into_response)
}

async fn upload(app: &App, peer: &Peer, name: &str, headers: &HeaderMap, body: Body) -> Result<Outcome, Problem> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|bytes| bytes > BLOB_BYTES_MAX as u64) {
        return Err(store::BlobError::TooLong.into());
    }
    let (hash, node) = admitted(app, peer, name, headers).await?;
    let media_type = media_type(headers)?;
    let part = Part::of(headers)?;
    let permit = app.uploads.clone().try_acquire_owned();
    let _permit = permit.map_err(|_| Problem::later("too many uploads at once; come back later"))?;
    if let Some(row) = app.store.blob_find(&hash).await? {
        return Ok(Outcome::Held(Blob::from(&row)));
    }
    let mut writer = begin(app, hash, part.as_ref()).await?;
    if let Err(problem) = take(body, &mut writer).await {
        // Of a part, what came before it broke off is worth keeping; a writer of the whole leaves nothing.
        writer.pause().await?;
        return Err(problem);
    }
    if part.is_some_and(|part| writer.received() < part.length) {
        let received = writer.pause().await?;
        return Ok(Outcome::Paused(Received { sha256: hash.to_string(), received, is_stored: false }));
    }
    let bytes = writer.received();
    let written = writer.finish(&media_type, &node.node, clock::now()).await?;
    let blob = Blob { sha256: hash.to_string(), media_type, bytes };
    Ok(match written {
        Written::Created => {
            app.live.blob_stored(node.site, &blob);
            Outcome::Created(blob)
        }
        Written::Held => Outcome::Held(blob),
    })
}

/// How much of a medium has come: an upload that broke off goes on from there.
#[utoipa::path(get, path = "/api/v1/blobs/{sha256}/upload", tag = "media",
    params(
        ("sha256" = String, Path, description = "SHA-256 of the bytes, 64 digits 0-9 a-f"),
        ("x-gatehouse-node" = String, Header, description = "NODE;MOMENT;SIGNATURE: the node's grant for this blob"),
    ),
    responses(
        (status = 200, body = Received),
        (status = 400, body = Problem),
        (status = 401, description = "No grant of a known node for this blob, or one too old", body = Problem),
        (status = 403, description = "The connection shows no certificate of this node", body = Problem),
    ))]
pub(crate) async fn received(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Received>, Problem> {
    let (hash, _node) = admitted(&app, &peer, &name, &headers).await?;
    let held = app.store.blob_find(&hash).await?;
    let received = match &held {
        Some(row) => row.bytes,
        None => app.store.blob_received(&hash).await?,
    };
    Ok(Json(Received { sha256: hash.to_string(), received, is_stored: held.is_some() }))
}

/// The blob, and the node that may upload it over this connection.
async fn admitted(
    app: &App,
    peer: &Peer,
    name: &str,
    headers: &HeaderMap,
) -> Result<(BlobHash, RegisteredNode), Problem> {
    let hash = hash(name)?;
    let node = granted(app, headers, &hash).await?;
    demand_certificate(peer, &node.node)?;
    Ok((hash, node))
}

/// Which part of a blob a body is.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    /// Number of its first byte, from 0; nothing where the body is empty.
    first: Option<u64>,
    /// Bytes of the whole blob.
    length: u64,
}

impl Part {
    /// The part that the headers name (RFC 9110, section 14.4); nothing where the body is everything.
    fn of(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let Some(value) = headers.get(header::CONTENT_RANGE) else { return Ok(None) };
        let text = value.to_str().unwrap_or_default();
        let wrong = || {
            Problem::bad_request(format!(
                "content-range: \"{text}\" is no part: bytes FIRST-LAST/LENGTH and bytes */LENGTH are accepted"
            ))
        };
        let (span, length) = text.strip_prefix("bytes ").and_then(|rest| rest.split_once('/')).ok_or_else(wrong)?;
        let length: u64 = length.parse().map_err(|_| wrong())?;
        if length > BLOB_BYTES_MAX as u64 {
            return Err(store::BlobError::TooLong.into());
        }
        if span == "*" {
            return Ok(Some(Self { first: None, length }));
        }
        let (first, last) = span.split_once('-').ok_or_else(wrong)?;
        let (first, last): (u64, u64) = (first.parse().map_err(|_| wrong())?, last.parse().map_err(|_| wrong())?);
        if first > last || last >= length {
            return Err(wrong());
        }
        Ok(Some(Self { first: Some(first), length }))
    }
}

async fn begin(app: &App, hash: BlobHash, part: Option<&Part>) -> Result<BlobWriter, Problem> {
    let Some(part) = part else { return Ok(app.store.blob_writer(hash).await?) };
    let writer = app.store.blob_resume(hash).await?;
    let here = writer.received();
    if part.first.is_some_and(|first| first != here) {
        let detail = format!("content-range: {here} bytes of this blob are here: go on with byte {here}");
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    Ok(writer)
}

async fn take(body: Body, writer: &mut BlobWriter) -> Result<(), Problem> {
    let mut chunks = body.into_data_stream();
    loop {
        match timeout(STALL_MAX, chunks.next()).await {
            Ok(Some(Ok(chunk))) => writer.write(&chunk).await?,
            Ok(Some(Err(error))) => return Err(Problem::bad_request(format!("the upload broke off: {error}"))),
            Ok(None) => return Ok(()),
            Err(_) => return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the upload stood still")),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn part(text: &str) -> Result<Option<Part>, u16> {
        let headers = HeaderMap::from_iter([(header::CONTENT_RANGE, text.parse().expect("a header"))]);
        Part::of(&headers).map_err(|problem| problem.into_response().status().as_u16())
    }

    #[test]
    fn a_part_is_named_as_the_standard_has_it() {
        assert_eq!(Part::of(&HeaderMap::new()).ok(), Some(None));
        assert_eq!(part("bytes 0-9/10"), Ok(Some(Part { first: Some(0), length: 10 })));
        assert_eq!(part("bytes 5-5/10"), Ok(Some(Part { first: Some(5), length: 10 })));
        assert_eq!(part("bytes */10"), Ok(Some(Part { first: None, length: 10 })));
        for wrong in
            ["bytes 5-4/10", "bytes 5-10/10", "bytes 5-9/*", "bytes -9/10", "5-9/10", "items 0-9/10", "bytes 0-9"]
        {
            assert_eq!(part(wrong), Err(400), "{wrong}");
        }
        assert_eq!(part(&format!("bytes 0-9/{}", BLOB_BYTES_MAX + 1)), Err(413));
    }
}
