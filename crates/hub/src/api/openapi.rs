//! The API's own description.

use axum::Json;
use serde::Serialize;
use serde_json::ser::PrettyFormatter;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::{Modify, OpenApi};

use crate::api::access::{Access, COOKIE, TABLE};
use crate::api::{
    accounts, accuracy, alerts, api_keys, appliance, audit_log, blobs, commissioning, counts, decisions, draft_access,
    draft_rows, draft_shapes, drafts, enrolments, exports, gates, health, holds, incidents, lanes, lists, metrics,
    ngsi, nodes, occupancy, oidc, orders, passes, places, plates, policies, policy_trial, report_schedules, reports,
    retention, session, stream, uploads, view, views, visits, watch_entries, webhooks,
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
        session::setup,
        session::set_up,
        session::session,
        session::sign_in,
        session::sign_out,
        oidc::oidc_start,
        oidc::oidc_callback,
        accounts::accounts,
        accounts::account_add,
        accounts::account,
        accounts::account_change,
        accounts::account_password,
        accounts::totp_set,
        accounts::totp_remove,
        accounts::account_unlock,
        gates::site_names,
        accounts::account_sessions,
        accounts::account_sessions_end,
        api_keys::api_keys,
        api_keys::api_key_add,
        api_keys::api_key_remove,
        audit_log::audit_log,
        audit_log::audit_log_verify,
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
        plates::lists,
        decisions::decisions,
        decisions::counts,
        decisions::decision,
        lanes::lanes,
        orders::orders,
        orders::order,
        places::places,
        places::place_put,
        places::plan,
        places::plan_put,
        places::plan_delete,
        places::gates_put,
        appliance::appliance,
        appliance::try_source,
        appliance::trial_picture,
        appliance::gate_put,
        nodes::nodes,
        views::put_view,
        views::snapshot,
        views::live,
        enrolments::revoke,
        commissioning::commissioning,
        commissioning::confirm,
        commissioning::withdraw,
        enrolments::invitations,
        enrolments::invite,
        enrolments::withdraw,
        enrolments::enrol,
        enrolments::renew,
        enrolments::authority,
        enrolments::revoked,
        policies::policies,
        policies::bundle,
        drafts::publication,
        drafts::draft,
        drafts::document,
        drafts::document_put,
        drafts::document_delete,
        draft_access::access,
        draft_access::times_put,
        draft_rows::rows,
        draft_rows::rows_change,
        draft_rows::import,
        draft_shapes::shapes,
        draft_shapes::shapes_put,
        policy_trial::trial,
        drafts::changes,
        drafts::reset,
        watch_entries::entries,
        watch_entries::propose,
        watch_entries::decide,
        watch_entries::remove,
        passes::passes,
        passes::issue,
        passes::revoke,
        nodes::alarms,
        nodes::quarantine,
        stream::stream,
        alerts::alerts,
        alerts::call,
        alerts::acknowledge,
        alerts::close,
        visits::visits,
        visits::dwell,
        exports::export,
        reports::reports,
        reports::create,
        reports::report,
        reports::remove,
        reports::document,
        report_schedules::report_schedules,
        report_schedules::add,
        report_schedules::remove,
        webhooks::webhooks,
        webhooks::add,
        webhooks::schema,
        webhooks::webhook,
        webhooks::change,
        webhooks::remove,
        webhooks::dead_letters,
        webhooks::trial,
        webhooks::redeliver_letter,
        webhooks::discard_letter,
        ngsi::ngsi_entities,
        metrics::metrics,
        retention::retention,
        retention::deletion_log,
        retention::deletion_log_verify,
        holds::holds,
        holds::hold,
        holds::release,
        blobs::get_blob,
        uploads::put_blob,
        uploads::received
    ),
    components(schemas(
        stream::Hello,
        stream::Reset,
        view::Passage,
        view::Plate,
        view::LaneChanged,
        view::Incident,
        view::Alert,
        webhooks::NewWebhook,
        view::SiteInside,
        view::Gate,
        view::Node,
        view::Blob
    )),
    modifiers(&Security)
)]
struct Document;

/// How one gets in, and who may use what, from the same table that the hub goes by.
struct Security;

impl Modify for Security {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let cookie =
            ApiKeyValue::with_description(COOKIE, "Set by POST /api/v1/session; writes also need `x-csrf-token`");
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        let key = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API key: `gh_…`")).build();
        components.add_security_scheme("api_key", SecurityScheme::Http(key));
        let grant = ApiKeyValue::with_description("x-gatehouse-node", "Signed by a node for one thing");
        components.add_security_scheme("node", SecurityScheme::ApiKey(ApiKey::Header(grant)));
        for route in TABLE {
            let Some(item) = document.paths.paths.get_mut(route.path) else { continue };
            let operation: Option<&mut Operation> = match route.method {
                "GET" => item.get.as_mut(),
                "POST" => item.post.as_mut(),
                "PUT" => item.put.as_mut(),
                "PATCH" => item.patch.as_mut(),
                "DELETE" => item.delete.as_mut(),
                _ => None,
            };
            let Some(operation) = operation else { continue };
            let by = |names: &[&str]| {
                names.iter().map(|name| SecurityRequirement::new(*name, Vec::<String>::new())).collect::<Vec<_>>()
            };
            let (schemes, words) = match route.access {
                Access::Public => (Vec::new(), "Open to everybody.".to_owned()),
                Access::Machine => (by(&["node"]), "For nodes.".to_owned()),
                Access::SignedIn => (by(&["session", "api_key"]), "For whoever is signed in.".to_owned()),
                Access::Own => (by(&["session"]), "Only for the account itself.".to_owned()),
                Access::OwnOr(permission) => {
                    (by(&["session", "api_key"]), format!("For the account itself, or with `{permission}`."))
                }
                Access::May(permission) => (by(&["session", "api_key"]), format!("Takes `{permission}`.")),
            };
            operation.security = Some(schemes);
            let told = operation.description.take().map_or_else(String::new, |text| format!("{text}\n\n"));
            operation.description = Some(format!("{told}{words}"));
        }
    }
}

/// The OpenAPI document.
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// The document as text: one member a line, so that changes are read as such, and hardly indented, because it is long.
pub fn document_text() -> String {
    let mut text = Vec::new();
    let mut writer = serde_json::Serializer::with_formatter(&mut text, PrettyFormatter::with_indent(b" "));
    document().serialize(&mut writer).expect("it is JSON, and a vector takes all");
    String::from_utf8(text).expect("JSON is UTF-8")
}

/// This document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "health",
    responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub(crate) async fn openapi() -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}
