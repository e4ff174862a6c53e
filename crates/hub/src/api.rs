//! The HTTP API: what it answers is in [`view`], where it answers in [`ROUTES`](routes).

pub mod view;

mod access;
mod accounts;
mod accuracy;
pub(crate) mod actor;
mod alerts;
mod api_keys;
mod appliance;
mod audit_log;
mod blobs;
mod body;
mod commissioning;
mod counts;
mod decisions;
mod draft_access;
mod draft_rows;
mod draft_shapes;
mod drafts;
mod enrolments;
mod exports;
mod gates;
mod health;
mod holds;
mod incidents;
mod lanes;
mod lists;
mod metrics;
mod ngsi;
mod nodes;
mod occupancy;
mod oidc;
mod openapi;
mod orders;
mod params;
mod passes;
mod places;
mod plates;
mod policies;
mod policy_trial;
mod problem;
mod report_schedules;
mod reports;
mod retention;
mod security;
mod session;
mod stream;
mod unread;
mod uploads;
mod views;
mod visits;
mod watch_entries;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodRouter, delete, get, post, put};
use store::Store;
use thiserror::Error;
use tokio::sync::{Semaphore, watch};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
use wire::pass::PassKey;
use wire::policy::PolicyKey;

use crate::accounts::oidc::Provider;
use crate::accounts::reception::Reception;
use crate::enrolment::Enrolment;
use crate::feeds::Feeds;
use crate::feeds::config::FeedsConfig;
use crate::health::HealthBoard;
use crate::live::Live;
use crate::metrics::Metrics;
use crate::orders::post::GuardPost;
use crate::retention::RetentionRule;
use crate::setup::SetupDesk;
use crate::views::Views;
use crate::{console_page, page};

pub use access::{Access, who_may};
pub use openapi::{document, document_text};
pub(crate) use problem::{no_such_asset, no_such_path};
pub(crate) use security::hosts;

/// Watchers of the stream at the same time; a further one is told to come back later.
pub const STREAMS_MAX: usize = 100;

/// Uploads at the same time; a further one is told to come back later.
pub const UPLOADS_MAX: usize = 16;

/// Nodes that read a policy at the same time, each up to 33 MiB; a further one is told to come back later, and does.
pub const POLICY_READS_MAX: usize = 32;

/// Reports and exports that are made at the same time; a further one is told to come back later.
pub const REPORTS_MAX: usize = 2;

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
    pub(crate) feeds: Feeds,
    pub(crate) metrics: Metrics,
    pub(crate) config: Arc<FeedsConfig>,
    pub(crate) reports: Arc<Semaphore>,
    /// How long what is kept; nothing where nothing is ever deleted.
    pub(crate) retention: Option<Arc<[RetentionRule]>>,
    /// What nodes are enrolled with; nothing where the hub has no authority.
    pub(crate) enrolment: Option<Arc<Enrolment>>,
    /// What policies are signed with; nothing where the key is kept elsewhere.
    pub(crate) policy_key: Option<Arc<PolicyKey>>,
    /// Where guards' orders are given; nothing where the hub holds no order key.
    pub(crate) guard_post: Option<Arc<GuardPost>>,
    /// Who looks through cameras.
    pub(crate) views: Views,
    /// What visitors' passes are signed with; nothing where the hub issues none.
    pub(crate) pass_key: Option<Arc<PassKey>>,
    /// Names under which the hub may be addressed; nothing where any will do.
    pub(crate) hosts: Option<Arc<[String]>>,
    /// Who is let in.
    pub(crate) reception: Reception,
    /// The identity provider at which people may sign in too.
    pub(crate) oidc: Option<Arc<Provider>>,
    /// Whether every connection comes over TLS, whatever a proxy says.
    pub(crate) is_behind_tls: bool,
    /// Where gates of this machine are set up; nothing where the hub's program watches no cameras.
    pub(crate) setup: Option<Arc<SetupDesk>>,
}

/// Routes that nobody said of who may use them.
#[derive(Debug, Error)]
#[error("nobody said who may use {}: add them to the table in api/access/table.rs", .0.join(", "))]
pub struct UnguardedRoutes(Vec<String>);

/// Every path of the API. The OpenAPI document describes each of them.
fn routes() -> Vec<(&'static str, MethodRouter<App>)> {
    vec![
        ("/healthz", get(health::healthz)),
        ("/readyz", get(health::readyz)),
        ("/api/openapi.json", get(openapi::openapi)),
        ("/api/v1/setup", get(session::setup).post(session::set_up)),
        ("/api/v1/session", get(session::session).post(session::sign_in).delete(session::sign_out)),
        ("/api/v1/oidc/start", get(oidc::oidc_start)),
        ("/api/v1/oidc/callback", get(oidc::oidc_callback)),
        ("/api/v1/accounts", get(accounts::accounts).post(accounts::account_add)),
        ("/api/v1/accounts/{id}", get(accounts::account).patch(accounts::account_change)),
        ("/api/v1/accounts/{id}/password", post(accounts::account_password)),
        ("/api/v1/accounts/{id}/totp", post(accounts::totp_set).delete(accounts::totp_remove)),
        ("/api/v1/accounts/{id}/sessions", get(accounts::account_sessions).delete(accounts::account_sessions_end)),
        ("/api/v1/accounts/{id}/unlock", post(accounts::account_unlock)),
        ("/api/v1/site-names", get(gates::site_names)),
        ("/api/v1/api-keys", get(api_keys::api_keys).post(api_keys::api_key_add)),
        ("/api/v1/api-keys/{id}", delete(api_keys::api_key_remove)),
        ("/api/v1/audit-log", get(audit_log::audit_log)),
        ("/api/v1/audit-log/verify", get(audit_log::audit_log_verify)),
        ("/api/v1/retention", get(retention::retention)),
        ("/api/v1/deletion-log", get(retention::deletion_log)),
        ("/api/v1/deletion-log/verify", get(retention::deletion_log_verify)),
        ("/api/v1/holds", get(holds::holds).post(holds::hold)),
        ("/api/v1/holds/{id}", delete(holds::release)),
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
        ("/api/v1/plate-lists", get(plates::lists)),
        ("/api/v1/decisions", get(decisions::decisions)),
        ("/api/v1/decisions/counts", get(decisions::counts)),
        ("/api/v1/decisions/{event_id}", get(decisions::decision)),
        ("/api/v1/lanes", get(lanes::lanes)),
        ("/api/v1/orders", get(orders::orders).post(orders::order)),
        ("/api/v1/places", get(places::places)),
        ("/api/v1/sites/{site}/place", put(places::place_put)),
        ("/api/v1/sites/{site}/plan", get(places::plan).put(places::plan_put).delete(places::plan_delete)),
        ("/api/v1/sites/{site}/plan/gates", put(places::gates_put)),
        ("/api/v1/appliance", get(appliance::appliance)),
        ("/api/v1/appliance/trials", post(appliance::try_source)),
        ("/api/v1/appliance/trials/{id}/picture", get(appliance::trial_picture)),
        ("/api/v1/appliance/gates/{gate}", put(appliance::gate_put)),
        ("/api/v1/nodes", get(nodes::nodes)),
        ("/api/v1/nodes/{node}/revocation", post(enrolments::revoke)),
        ("/api/v1/nodes/{node}/commissioning", get(commissioning::commissioning)),
        ("/api/v1/nodes/{node}/commissioning/{step}", put(commissioning::confirm).delete(commissioning::withdraw)),
        ("/api/v1/nodes/{node}/views/{camera}", put(views::put_view)),
        ("/api/v1/cameras/{site}/{node}/{camera}/snapshot", get(views::snapshot)),
        ("/api/v1/cameras/{site}/{node}/{camera}/live", get(views::live)),
        ("/api/v1/sites/{site}/enrolments", get(enrolments::invitations).post(enrolments::invite)),
        ("/api/v1/sites/{site}/enrolments/{id}", delete(enrolments::withdraw)),
        ("/api/v1/enrolment", post(enrolments::enrol)),
        ("/api/v1/node/certificate", post(enrolments::renew)),
        ("/api/v1/authority", get(enrolments::authority)),
        ("/api/v1/authority/revoked", get(enrolments::revoked)),
        ("/api/v1/sites/{site}/policies", get(policies::policies).post(drafts::publication)),
        ("/api/v1/sites/{site}/policy-draft", get(drafts::draft)),
        (
            "/api/v1/sites/{site}/policy-draft/documents/{path}",
            get(drafts::document).put(drafts::document_put).delete(drafts::document_delete),
        ),
        ("/api/v1/sites/{site}/policy-draft/access", get(draft_access::access)),
        ("/api/v1/sites/{site}/policy-draft/times", put(draft_access::times_put)),
        ("/api/v1/sites/{site}/policy-draft/rows", get(draft_rows::rows).patch(draft_rows::rows_change)),
        ("/api/v1/sites/{site}/policy-draft/shapes", get(draft_shapes::shapes).put(draft_shapes::shapes_put)),
        ("/api/v1/sites/{site}/policy-draft/imports", post(draft_rows::import)),
        ("/api/v1/sites/{site}/policy-trial", get(policy_trial::trial)),
        ("/api/v1/sites/{site}/policy-draft/changes", get(drafts::changes)),
        ("/api/v1/sites/{site}/policy-draft/reset", post(drafts::reset)),
        ("/api/v1/sites/{site}/watch-entries", get(watch_entries::entries).post(watch_entries::propose)),
        ("/api/v1/sites/{site}/watch-entries/{id}/decision", post(watch_entries::decide)),
        ("/api/v1/sites/{site}/watch-entries/{id}/removal", post(watch_entries::remove)),
        ("/api/v1/sites/{site}/passes", get(passes::passes).post(passes::issue)),
        ("/api/v1/sites/{site}/passes/{id}/revocation", post(passes::revoke)),
        ("/api/v1/sites/{site}/policy/{version}", get(policies::bundle)),
        ("/api/v1/alarms", get(nodes::alarms)),
        ("/api/v1/quarantine", get(nodes::quarantine)),
        ("/api/v1/alerts", get(alerts::alerts).post(alerts::call)),
        ("/api/v1/alerts/{id}/acknowledge", post(alerts::acknowledge)),
        ("/api/v1/alerts/{id}/close", post(alerts::close)),
        ("/api/v1/visits", get(visits::visits)),
        ("/api/v1/dwell", get(visits::dwell)),
        ("/api/v1/exports/{table}", get(exports::export)),
        ("/api/v1/reports", get(reports::reports).post(reports::create)),
        ("/api/v1/reports/{id}", get(reports::report).delete(reports::remove)),
        ("/api/v1/reports/{id}/{document}", get(reports::document)),
        ("/api/v1/report-schedules", get(report_schedules::report_schedules).post(report_schedules::add)),
        ("/api/v1/report-schedules/{id}", delete(report_schedules::remove)),
        ("/api/v1/webhooks", get(webhooks::webhooks).post(webhooks::add)),
        ("/api/v1/webhooks/schema", get(webhooks::schema)),
        ("/api/v1/webhooks/{id}", get(webhooks::webhook).patch(webhooks::change).delete(webhooks::remove)),
        ("/api/v1/webhooks/{id}/dead-letters", get(webhooks::dead_letters)),
        ("/api/v1/webhooks/{id}/trial", post(webhooks::trial)),
        ("/api/v1/webhooks/{id}/dead-letters/{letter}", delete(webhooks::discard_letter)),
        ("/api/v1/webhooks/{id}/dead-letters/{letter}/redeliver", post(webhooks::redeliver_letter)),
        ("/ngsi-ld/v1/entities", get(ngsi::ngsi_entities)),
        ("/metrics", get(metrics::metrics)),
        ("/api/v1/stream", get(stream::stream)),
        ("/api/v1/blobs/{sha256}", get(blobs::get_blob).put(uploads::put_blob)),
        ("/api/v1/blobs/{sha256}/upload", get(uploads::received)),
    ]
}

/// The files of the console and of the plain page, which everybody gets: without a session they show nothing but the way in.
fn page_routes() -> Vec<(&'static str, MethodRouter<App>)> {
    vec![
        ("/", get(console_page::index)),
        ("/console/{name}", get(console_page::asset)),
        ("/icon.svg", get(console_page::icon)),
        ("/plain", get(page::index)),
        ("/assets/{name}", get(page::asset)),
    ]
}

/// The API, the console and the plain page; refused where the table of who may use what does not know a path.
pub(crate) fn router(app: App) -> Result<Router, UnguardedRoutes> {
    guarded(routes().into_iter().chain(page_routes()).collect(), app)
}

fn guarded(routes: Vec<(&'static str, MethodRouter<App>)>, app: App) -> Result<Router, UnguardedRoutes> {
    let missing = access::missing(routes.iter().map(|(path, _)| *path));
    if !missing.is_empty() {
        return Err(UnguardedRoutes(missing.into_iter().map(str::to_owned).collect()));
    }
    // Live pictures are compressed already, and what compresses gathers.
    let compressible = DefaultPredicate::new().and(NotForContentType::const_new("multipart/"));
    let api = routes.into_iter().fold(Router::new(), |router, (path, method)| router.route(path, method));
    let router = api
        .route_layer(axum::middleware::from_fn_with_state(app.clone(), access::guard))
        .fallback(console_page::page_or_problem)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(axum::middleware::from_fn_with_state(app.clone(), metrics::count))
        .layer(CompressionLayer::new().compress_when(compressible))
        .layer(axum::middleware::from_fn_with_state(app.clone(), security::guard))
        .layer(axum::middleware::from_fn(unread::drain))
        .with_state(app);
    Ok(router)
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
        let here = document_text();
        let console = include_str!("../../console/openapi.json");
        // Compared as a whole, but not printed: thousands of lines say less than what to do.
        assert!(
            here == console.trim_end(),
            "the API has changed: cargo run --package hub -- openapi > crates/console/openapi.json"
        );
    }

    #[test]
    fn the_table_of_who_may_use_what_has_exactly_the_documented_operations() {
        let document = serde_json::to_value(document()).expect("it is JSON");
        let mut described: Vec<(String, String)> = Vec::new();
        for (path, operations) in document["paths"].as_object().expect("paths") {
            let methods = operations.as_object().expect("operations").keys().filter(|key| *key != "parameters");
            described.extend(methods.map(|method| (path.clone(), method.to_uppercase())));
        }
        described.extend(page_routes().iter().map(|(path, _)| ((*path).to_owned(), "GET".to_owned())));
        described.sort();
        let mut guarded: Vec<_> =
            access::TABLE.iter().map(|route| (route.path.to_owned(), route.method.to_owned())).collect();
        guarded.sort();
        assert_eq!(described, guarded);
    }

    #[test]
    fn no_two_operations_of_the_document_have_one_name() {
        let document = serde_json::to_value(document()).expect("it is JSON");
        let operations = document["paths"].as_object().expect("paths").values().filter_map(|path| path.as_object());
        let mut names: Vec<_> =
            operations.flat_map(|path| path.values()).map(|one| one["operationId"].as_str()).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert!(names.len() == count && !names.contains(&None), "{names:?}");
    }

    #[test]
    fn a_route_that_nobody_thought_of_is_not_served() {
        let routes: Vec<_> = routes().iter().map(|(path, _)| *path).chain(["/api/v1/everything"]).collect();
        assert_eq!(access::missing(routes), ["/api/v1/everything"]);
        assert_eq!(access::missing(page_routes().iter().map(|(path, _)| *path)), [""; 0]);
    }
}
