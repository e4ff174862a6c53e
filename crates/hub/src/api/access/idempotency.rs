//! Writes that may be sent again: with the header `Idempotency-Key` the second one gets the answer of the first.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use sha2::{Digest, Sha256};
use store::{Claim, KeptAnswer};

use super::table::Route;
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::problem::Problem;
use crate::clock;

/// The header.
const HEADER: &str = "idempotency-key";

/// Characters of a key.
const KEY_CHARS_MAX: usize = 100;

/// Bytes of a write that can be sent again, and of an answer that is kept.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Headers of an answer that are kept.
const KEPT: [HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::LOCATION];

/// What the caller calls his write.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(HEADER) else { return Ok(None) };
    let text = value
        .to_str()
        .ok()
        .filter(|text| !text.is_empty() && text.len() <= KEY_CHARS_MAX && text.bytes().all(|b| b.is_ascii_graphic()));
    let refuse =
        || Problem::bad_request(format!("{HEADER}: 1 to {KEY_CHARS_MAX} visible ASCII characters are accepted"));
    text.map(|text| Some(text.to_owned())).ok_or_else(refuse)
}

/// Runs a write, or gives the answer that the same write got before.
pub(super) async fn run(
    app: &App,
    route: &Route,
    caller: &Caller,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let Some(key) = key(request.headers())? else { return Ok(next.run(request).await) };
    let (parts, body) = request.into_parts();
    let too_long = |_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("{BODY_BYTES_MAX} bytes are accepted"));
    let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(too_long)?;
    let content = [parts.method.as_str().as_bytes(), b" ", parts.uri.to_string().as_bytes(), b"\n", &body].concat();
    let fingerprint = hex::encode(Sha256::digest(content));
    let (store, principal) = (&app.store, caller.key());
    match store.idempotency_claim(&principal, &key, &fingerprint, clock::now()).await? {
        Claim::Mine => {}
        Claim::Other => {
            let detail = format!("{HEADER}: \"{key}\" stands for another write of the last day: take a new one");
            return Err(Problem::of("idempotency_key_reused", StatusCode::UNPROCESSABLE_ENTITY, detail));
        }
        Claim::Working => {
            let detail = "the same write is being worked on: ask again in a moment";
            return Err(Problem::of("idempotency_in_progress", StatusCode::CONFLICT, detail));
        }
        Claim::Done(_) if route.is_secret => {
            let detail = "this write was done; its answer held a secret, which is shown once and not kept";
            return Err(Problem::of("idempotency_secret_gone", StatusCode::CONFLICT, detail));
        }
        Claim::Done(kept) => return Ok(again(kept)),
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let (parts, body) = response.into_parts();
    let bytes = match to_bytes(body, BODY_BYTES_MAX).await {
        Ok(bytes) if !parts.status.is_server_error() => bytes,
        // Nothing was done, as far as anybody knows: the same write may come again.
        Ok(bytes) => {
            store.idempotency_release(&principal, &key).await?;
            return Ok(Response::from_parts(parts, Body::from(bytes)));
        }
        Err(_) => return Err(Problem::later("the answer broke off")),
    };
    let is_kept = |name: &HeaderName| KEPT.contains(name);
    let headers = parts.headers.iter().filter(|(name, _)| is_kept(name));
    let headers = headers.filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
    let kept = if route.is_secret { Bytes::new() } else { bytes.clone() };
    let answer = KeptAnswer { status: parts.status.as_u16(), headers: headers.collect(), body: kept.to_vec() };
    store.idempotency_keep(&principal, &key, &answer).await?;
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

fn again(kept: KeptAnswer) -> Response {
    let mut response = Response::new(Body::from(kept.body));
    *response.status_mut() = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in kept.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(HeaderName::from_static("idempotency-replayed"), HeaderValue::from_static("true"));
    response
}
