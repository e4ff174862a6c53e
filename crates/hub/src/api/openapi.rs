//! The API's own description.

use axum::Json;
use utoipa::OpenApi;

use crate::api::{
    accuracy, blobs, counts, decisions, gates, health, incidents, lists, nodes, occupancy, plates, policies, stream,
    view,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Gatehouse hub",
        description = "Counts, passages, plates and the state of gates, nodes and cameras. Moments are RFC 3339 in UTC; days \
                       begin at midnight in Asia/Ho_Chi_Minh. Errors are application/problem+json."
    ),
    paths(
        health::healthz,
        health::readyz,
        openapi,
        gates::sites,
        gates::gates,
        counts::counts,
        occupancy::occupancy,
        occupancy::corrections,
        accuracy::audits,
        accuracy::count_accuracy,
        incidents::incidents,
        lists::passages,
        lists::stays,
        plates::plates,
        plates::plate,
        decisions::decisions,
        decisions::counts,
        decisions::decision,
        nodes::nodes,
        policies::policies,
        policies::bundle,
        nodes::alarms,
        nodes::quarantine,
        stream::stream,
        blobs::get_blob,
        blobs::put_blob
    ),
    components(schemas(
        stream::Hello,
        stream::Reset,
        view::Passage,
        view::Plate,
        view::LaneChanged,
        view::Incident,
        view::SiteInside,
        view::Gate,
        view::Node,
        view::Blob
    ))
)]
struct Document;

/// The OpenAPI document.
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// This document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "health",
    responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub(crate) async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}
