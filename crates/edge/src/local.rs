//! The node's own page, API and metrics, for the person who stands in front of it and for the monitoring of the site.
//!
//! It listens on the loopback address unless the configuration says otherwise, and beyond it only with a password: a
//! live picture of a gate is nobody's business. It shows and never changes anything.

mod metrics;
mod page;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::board::Board;
use crate::status::NodeView;

/// Longest wait for the first live picture.
const VIEW_WAIT: Duration = Duration::from_secs(3);
/// How long a live view runs before the browser must ask again: a forgotten page does not cost for ever.
const VIEW_MAX: Duration = Duration::from_secs(600);
/// What separates the pictures of a live view.
const BOUNDARY: &str = "gatehouse-frame";

/// Where the node's page is, and who may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalConfig {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The password, where one is asked for; the user name does not matter.
    pub password: Option<uplink::Secret>,
}

/// A running page.
#[derive(Debug)]
pub struct Local {
    address: SocketAddr,
    task: JoinHandle<()>,
}

struct Shared {
    view: NodeView,
    password: Option<[u8; 32]>,
}

impl Local {
    /// Starts to serve `view`.
    pub async fn start(config: &LocalConfig, view: NodeView) -> Result<Self> {
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("cannot listen on {} for the node's own page", config.listen))?;
        let address = listener.local_addr().context("a listener without an address")?;
        let password = config.password.as_ref().map(|password| digest(password.reveal().as_bytes()));
        let shared = Arc::new(Shared { view, password });
        let router = Router::new()
            .route("/", get(|| async { Html(page::PAGE) }))
            .route("/healthz", get(healthz))
            .route("/metrics", get(metrics_text))
            .route("/api/v1/status", get(status))
            .route("/api/v1/cameras/{camera}/snapshot.jpg", get(snapshot))
            .route("/api/v1/cameras/{camera}/live", get(live))
            .layer(middleware::from_fn_with_state(Arc::clone(&shared), admit))
            .with_state(shared);
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the node's own page ended");
            }
        });
        tracing::info!(%address, "the node's own page");
        Ok(Self { address, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it.
    pub fn stop(self) {
        self.task.abort();
    }
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Lets in who knows the password. Without one, only who asks this machine by a name of its own: a page of somebody
/// else's, whose name was pointed here, is turned away.
async fn admit(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let admitted = match shared.password {
        Some(wanted) => given(request.headers()).is_some_and(|given| digest(&given) == wanted),
        None => is_own_name(request.headers()),
    };
    if admitted {
        let mut response = next.run(request).await;
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
        response
    } else if shared.password.is_some() {
        let ask = [(header::WWW_AUTHENTICATE, "Basic realm=\"gatehouse\", charset=\"UTF-8\"")];
        (StatusCode::UNAUTHORIZED, ask, "the node's password is needed\n").into_response()
    } else {
        (StatusCode::MISDIRECTED_REQUEST, "ask for localhost or an address\n").into_response()
    }
}

/// The password of a request: that of Basic, or the token of Bearer.
fn given(headers: &HeaderMap) -> Option<Vec<u8>> {
    let (scheme, rest) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.as_bytes().to_vec());
    }
    let decoded = STANDARD.decode(rest).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    Some(decoded[colon + 1..].to_vec())
}

fn is_own_name(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else { return false };
    let name = host
        .rsplit_once(':')
        .map_or(host, |(name, port)| if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { host });
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || address.parse::<std::net::IpAddr>().is_ok()
}

async fn healthz(State(shared): State<Arc<Shared>>) -> Response {
    let problems = shared.view.status().problems;
    if problems.is_empty() {
        return "ok\n".into_response();
    }
    let text: String = problems.iter().map(|problem| format!("{problem}\n")).collect();
    (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
}

async fn status(State(shared): State<Arc<Shared>>) -> Response {
    Json(shared.view.status()).into_response()
}

async fn metrics_text(State(shared): State<Arc<Shared>>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, metrics::text(&shared.view)).into_response()
}

fn board<'s>(shared: &'s Shared, camera: &str) -> Option<&'s Arc<Board>> {
    shared.view.boards().iter().find(|board| board.id.as_str() == camera)
}

fn no_camera(camera: &str) -> Response {
    (StatusCode::NOT_FOUND, format!("no camera \"{camera}\"\n")).into_response()
}

async fn snapshot(State(shared): State<Arc<Shared>>, Path(camera): Path<String>) -> Response {
    let Some(board) = board(&shared, &camera) else { return no_camera(&camera) };
    let mut view = board.view();
    view.mark_unchanged();
    board.ask();
    match tokio::time::timeout(VIEW_WAIT, view.changed()).await {
        Ok(Ok(())) => {
            let jpeg = view.borrow().clone();
            ([(header::CONTENT_TYPE, "image/jpeg")], jpeg).into_response()
        }
        Ok(Err(_)) | Err(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("camera {camera} gives no picture\n")).into_response()
        }
    }
}

async fn live(State(shared): State<Arc<Shared>>, Path(camera): Path<String>) -> Response {
    let Some(board) = board(&shared, &camera) else { return no_camera(&camera) };
    let (board, view, started) = (Arc::clone(board), board.view(), Instant::now());
    let frames = futures_util::stream::unfold((board, view), move |(board, mut view)| async move {
        board.ask();
        // A camera that is down gives no picture: the view waits, and looks now and then whether it should end.
        while started.elapsed() < VIEW_MAX {
            match tokio::time::timeout(VIEW_WAIT, view.changed()).await {
                Ok(Ok(())) => {
                    let jpeg = view.borrow_and_update().clone();
                    return Some((Ok::<_, std::convert::Infallible>(part(&jpeg)), (board, view)));
                }
                Ok(Err(_)) => return None,
                Err(_) => board.ask(),
            }
        }
        None
    });
    let kind = format!("multipart/x-mixed-replace; boundary={BOUNDARY}");
    ([(header::CONTENT_TYPE, kind)], Body::from_stream(frames)).into_response()
}

fn part(jpeg: &[u8]) -> Bytes {
    let head = format!("--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", jpeg.len());
    [head.as_bytes(), jpeg, b"\r\n"].concat().into()
}

#[cfg(test)]
mod tests;
