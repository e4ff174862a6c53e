//! The HTTP API: what it answers is in [`view`], where it answers in [`ROUTES`](routes).

pub mod view;

mod accuracy;
mod blobs;
mod counts;
mod decisions;
mod gates;
mod health;
mod incidents;
mod lists;
mod nodes;
mod occupancy;
mod openapi;
mod params;
mod plates;
mod policies;
mod problem;
mod security;
mod stream;

use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodRouter, get};
use store::Store;
use tokio::sync::{Semaphore, watch};
use tower_http::compression::CompressionLayer;

use crate::health::HealthBoard;
use crate::live::Live;
use crate::{console_page, page};

pub use openapi::document;
pub(crate) use problem::{no_such_asset, no_such_path};
pub(crate) use security::hosts;

/// Watchers of the stream at the same time; a further one is told to come back later.
pub const STREAMS_MAX: usize = 100;

/// Uploads at the same time; a further one is told to come back later.
pub const UPLOADS_MAX: usize = 16;

/// Nodes that read a policy at the same time, each up to 33 MiB; a further one is told to come back later, and does.
pub const POLICY_READS_MAX: usize = 32;

/// What the handlers share.
#[derive(Debug, Clone)]
pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) live: Live,
    pub(crate) health: HealthBoard,
    pub(crate) stopping: watch::Receiver<bool>,
    pub(crate) streams: Arc<Semaphore>,
    pub(crate) uploads: Arc<Semaphore>,
    pub(crate) policy_reads: Arc<Semaphore>,
    /// Names under which the hub may be addressed; nothing where any will do.
    pub(crate) hosts: Option<Arc<[String]>>,
}

/// Every path of the API. The OpenAPI document describes each of them.
fn routes() -> Vec<(&'static str, MethodRouter<App>)> {
    vec![
        ("/healthz", get(health::healthz)),
        ("/readyz", get(health::readyz)),
        ("/api/openapi.json", get(openapi::openapi)),
        ("/api/v1/sites", get(gates::sites)),
        ("/api/v1/gates", get(gates::gates)),
        ("/api/v1/counts", get(counts::counts)),
        ("/api/v1/occupancy", get(occupancy::occupancy)),
        ("/api/v1/occupancy/corrections", get(occupancy::corrections)),
        ("/api/v1/audits", get(accuracy::audits)),
        ("/api/v1/accuracy", get(accuracy::count_accuracy)),
        ("/api/v1/incidents", get(incidents::incidents)),
        ("/api/v1/passages", get(lists::passages)),
        ("/api/v1/stays", get(lists::stays)),
        ("/api/v1/plates", get(plates::plates)),
        ("/api/v1/plates/{event_id}", get(plates::plate)),
        ("/api/v1/decisions", get(decisions::decisions)),
        ("/api/v1/decisions/counts", get(decisions::counts)),
        ("/api/v1/decisions/{event_id}", get(decisions::decision)),
        ("/api/v1/nodes", get(nodes::nodes)),
        ("/api/v1/sites/{site}/policies", get(policies::policies)),
        ("/api/v1/sites/{site}/policy/{version}", get(policies::bundle)),
        ("/api/v1/alarms", get(nodes::alarms)),
        ("/api/v1/quarantine", get(nodes::quarantine)),
        ("/api/v1/stream", get(stream::stream)),
        ("/api/v1/blobs/{sha256}", get(blobs::get_blob).put(blobs::put_blob)),
    ]
}

/// The API, the console and the plain page.
pub(crate) fn router(app: App) -> Router {
    let api = routes().into_iter().fold(Router::new(), |router, (path, method)| router.route(path, method));
    api.route("/", get(console_page::index))
        .route("/console/{name}", get(console_page::asset))
        .route("/icon.svg", get(console_page::icon))
        .route("/plain", get(page::index))
        .route("/assets/{name}", get(page::asset))
        .fallback(console_page::page_or_problem)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(CompressionLayer::new())
        .layer(axum::middleware::from_fn_with_state(app.clone(), security::guard))
        .with_state(app)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_describes_exactly_the_routes() {
        let document = serde_json::to_value(document()).expect("it is JSON");
        let described: Vec<_> = document["paths"].as_object().expect("paths").keys().cloned().collect();
        let mut served: Vec<_> = routes().into_iter().map(|(path, _)| path.to_owned()).collect();
        served.sort();
        assert_eq!(described, served);
    }

    #[test]
    fn the_console_knows_the_document_as_it_is() {
        let here = serde_json::to_string_pretty(&document()).expect("it is JSON");
        let console = include_str!("../../console/openapi.json");
        // Compared as a whole, but not printed: thousands of lines say less than what to do.
        assert!(
            here == console.trim_end(),
            "the API has changed: cargo run --package hub -- openapi > crates/console/openapi.json"
        );
    }
}
