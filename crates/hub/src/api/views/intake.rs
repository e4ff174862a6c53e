//! Where nodes bring pictures, and the reasons why there are none.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{CameraId, NodeId};
use tokio::time::timeout;
use wire::BlobHash;
use wire::view::{
    FRAME_AGE_MAX_S, FRAME_BYTES_MAX, FRAME_GRANT_HEADER, FRAME_HEAD_HEADER, FrameGrant, FrameHead, ViewAnswer,
};

use crate::api::App;
use crate::api::access::empty;
use crate::api::enrolments::demand_certificate;
use crate::api::problem::Problem;
use crate::clock;
use crate::https::Peer;
use crate::views::{NotWanted, Picture};

/// Longest time that one picture may take.
const TAKE_MAX: Duration = Duration::from_secs(10);

/// How a JPEG begins.
const JPEG_START: [u8; 3] = [0xff, 0xd8, 0xff];

/// What a node may say.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Picture,
    Refusal,
}

/// Takes a picture of a camera that somebody looks through, or why there is none. It stays in memory until the next one,
/// or until nobody looks any more.
#[utoipa::path(put, path = "/api/v1/nodes/{node}/views/{camera}", tag = "nodes",
    params(
        ("node" = String, Path), ("camera" = String, Path),
        ("x-gatehouse-node" = String, Header, description = "NODE;MOMENT;SIGNATURE: the node's grant for this picture"),
        ("x-gatehouse-frame" = String, Header, description = "CAPTURED_AT;AGE_MS;SHA256 of the picture"),
    ),
    request_body(content_type = "image/jpeg", description = "The picture, 512 KiB at most; or, as application/json, \
        `{\"refused\": \"forbidden\"}`, `no_camera`, `no_picture` or `too_many`"),
    responses(
        (status = 204, description = "It is here"),
        (status = 400, body = Problem),
        (status = 401, description = "No grant of this node for this picture, or one too old", body = Problem),
        (status = 403, description = "The connection shows no certificate of this node", body = Problem),
        (status = 409, description = "Nobody looks through this camera here: send no more", body = Problem),
        (status = 413, description = "More than 512 KiB", body = Problem),
        (status = 415, description = "Neither a JPEG nor a reason", body = Problem),
        (status = 503, description = "Too many pictures at once, or the database is away", body = Problem),
    ))]
pub(crate) async fn put_view(
    State(app): State<App>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path((node, camera)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let taken = async {
        let (node, camera, head, kind) = check(&app, &peer, &node, &camera, &headers).await?;
        take(&app, &node, &camera, head, kind, body).await
    };
    match taken.await {
        Ok(()) => empty(StatusCode::NO_CONTENT),
        Err(problem) => problem.into_response(),
    }
}

/// Everything that can be looked at before the picture is read.
async fn check(
    app: &App,
    peer: &Peer,
    node: &str,
    camera: &str,
    headers: &HeaderMap,
) -> Result<(NodeId, CameraId, FrameHead, Kind), Problem> {
    let node: NodeId = node.parse().map_err(|error| Problem::bad_request(format!("node: {error}")))?;
    let camera: CameraId = camera.parse().map_err(|error| Problem::bad_request(format!("camera: {error}")))?;
    let refused = |detail: String| Problem::new(StatusCode::UNAUTHORIZED, detail);
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let grant = FrameGrant::from_header(text(FRAME_GRANT_HEADER)).ok_or_else(|| {
        refused(format!(
            "the header {FRAME_GRANT_HEADER} is missing or cannot be read: NODE;MOMENT;SIGNATURE is accepted"
        ))
    })?;
    let head = FrameHead::from_header(text(FRAME_HEAD_HEADER)).ok_or_else(|| {
        refused(format!(
            "the header {FRAME_HEAD_HEADER} is missing or cannot be read: MOMENT;MILLISECONDS;SHA256 is accepted"
        ))
    })?;
    // One answer for all, so that nobody can ask which nodes there are.
    let unknown = || refused(format!("node \"{node}\" is not known or did not sign this grant"));
    if *grant.node() != node {
        return Err(unknown());
    }
    let known = app.store.node_get(&node).await?;
    known.filter(|known| grant.is_valid(&known.key, &camera, &head)).ok_or_else(unknown)?;
    if app.store.revocation_of(&node).await?.is_some() {
        return Err(refused(format!("node \"{node}\" was revoked")));
    }
    demand_certificate(peer, &node)?;
    let now = clock::now();
    let apart = now.since(grant.at()).max(grant.at().since(now));
    if apart.as_secs() > FRAME_AGE_MAX_S {
        return Err(refused(format!(
            "the grant is of {}, which is more than {FRAME_AGE_MAX_S} s from the hub's clock, {now}",
            grant.at()
        )));
    }
    let announced = text(header::CONTENT_LENGTH.as_str()).parse::<usize>();
    if announced.is_ok_and(|bytes| bytes > FRAME_BYTES_MAX) {
        return Err(too_long());
    }
    let media_type = text(header::CONTENT_TYPE.as_str());
    let kind = if media_type.eq_ignore_ascii_case("image/jpeg") {
        Kind::Picture
    } else if media_type.eq_ignore_ascii_case("application/json") {
        Kind::Refusal
    } else {
        let detail = format!("content-type: \"{media_type}\" is not taken: image/jpeg or application/json is accepted");
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    };
    if !app.views.is_wanted(&node, &camera) {
        return Err(not_wanted(NotWanted));
    }
    Ok((node, camera, head, kind))
}

async fn take(
    app: &App,
    node: &NodeId,
    camera: &CameraId,
    head: FrameHead,
    kind: Kind,
    body: Body,
) -> Result<(), Problem> {
    let _room = app.views.taking().try_acquire_owned().map_err(|_| Problem::later("too many pictures at once"))?;
    let read = timeout(TAKE_MAX, to_bytes(body, FRAME_BYTES_MAX)).await;
    let bytes = read
        .map_err(|_| Problem::new(StatusCode::REQUEST_TIMEOUT, "the picture stood still"))?
        .map_err(|_| too_long())?;
    if BlobHash::of(&bytes) != head.sha256 {
        return Err(Problem::bad_request(format!("the bytes do not have the hash that {FRAME_HEAD_HEADER} says")));
    }
    let taken = match kind {
        Kind::Picture if !bytes.starts_with(&JPEG_START) => {
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the bytes are no JPEG"));
        }
        Kind::Picture => {
            let picture = Picture::new(bytes, head.captured_at, Duration::from_millis(head.age_ms));
            app.views.show(node, camera, picture)
        }
        Kind::Refusal => {
            let answer: ViewAnswer = serde_json::from_slice(&bytes)
                .map_err(|error| Problem::bad_request(format!("it is not a reason that is known: {error}")))?;
            app.views.refuse(node, camera, answer.refused)
        }
    };
    taken.map_err(not_wanted)
}

fn too_long() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("at most {FRAME_BYTES_MAX} bytes are accepted"))
}

fn not_wanted(_: NotWanted) -> Problem {
    Problem::of("view_not_wanted", StatusCode::CONFLICT, "nobody looks through this camera here: send no more")
}
