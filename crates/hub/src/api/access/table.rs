//! The table: method and path, who may, and what of it is personal data.

use axum::http::Method;

use crate::accounts::Permission;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Public,
    /// A node, which proves itself by its own signature or certificate: the handler looks.
    Machine,
    /// Whoever is signed in.
    SignedIn,
    /// An account about itself (`{id}` is its own), and nobody else.
    Own,
    /// An account about itself, or whoever holds the permission.
    OwnOr(Permission),
    /// Whoever holds the permission somewhere.
    May(Permission),
}

/// What of an answer is personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Personal {
    /// None: figures, names of things, states of machines.
    No,
    /// It is: each reading is written into the audit log.
    Yes,
    /// It is, and whoever looks for one by any of these parameters says what for.
    SearchBy(&'static [&'static str]),
}

/// What is written down of a route that is neither read as personal data nor refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// Writes are, by the guard.
    ByGuard,
    /// The handler writes it itself, with more than the guard knows, in the transaction of the change where there is one.
    ByHandler,
}

/// A route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) access: Access,
    pub(crate) personal: Personal,
    pub(crate) written: Written,
    /// Whether the answer holds a secret that is shown once: then it is never kept to be given again.
    pub(crate) is_secret: bool,
    /// Whether the handler itself knows a write that is sent again, for good and not only for a day.
    pub(crate) is_once: bool,
}

const fn route(method: &'static str, path: &'static str, access: Access) -> Route {
    Route { method, path, access, personal: Personal::No, written: Written::ByGuard, is_secret: false, is_once: false }
}

impl Route {
    const fn personal(self) -> Self {
        Self { personal: Personal::Yes, ..self }
    }

    const fn search_by(self, parameters: &'static [&'static str]) -> Self {
        Self { personal: Personal::SearchBy(parameters), ..self }
    }

    const fn by_handler(self) -> Self {
        Self { written: Written::ByHandler, ..self }
    }

    const fn secret(self) -> Self {
        Self { is_secret: true, ..self }
    }

    const fn once(self) -> Self {
        Self { is_once: true, ..self }
    }

    /// Whether it changes something.
    pub(crate) fn is_write(&self) -> bool {
        self.method != "GET"
    }
}

use Access::{Machine, May, Own, OwnOr, Public, SignedIn};
use Permission::{
    AccountsRead, AccountsWrite, AlertsAct, AlertsRead, AuditLogRead, AuditLogVerify, CamerasView, DecisionsRead,
    EventsRead, FeedsWrite, FiguresRead, HoldsRead, HoldsWrite, NodesRead, NodesWrite, OrdersRead, OrdersWrite,
    PassesRead, PassesWrite, PlatesRead, PoliciesRead, PoliciesWrite, QuarantineRead, RetentionRead, WatchListsApprove,
    WatchListsRead, WatchListsWrite,
};

/// Every route that is served. This is the only place that says who may use one.
pub(crate) const TABLE: &[Route] = &[
    route("GET", "/healthz", Public),
    route("GET", "/readyz", Public),
    route("GET", "/api/openapi.json", Public),
    route("GET", "/", Public),
    route("GET", "/console/{name}", Public),
    route("GET", "/icon.svg", Public),
    route("GET", "/plain", Public),
    route("GET", "/assets/{name}", Public),
    // Getting in. Each handler writes down what became of it.
    route("GET", "/api/v1/setup", Public),
    route("POST", "/api/v1/setup", Public).by_handler(),
    route("GET", "/api/v1/session", SignedIn),
    route("POST", "/api/v1/session", Public).by_handler(),
    route("DELETE", "/api/v1/session", SignedIn).by_handler(),
    route("GET", "/api/v1/oidc/start", Public).by_handler(),
    route("GET", "/api/v1/oidc/callback", Public).by_handler(),
    // Accounts, keys, the audit log.
    route("GET", "/api/v1/accounts", May(AccountsRead)).personal(),
    route("POST", "/api/v1/accounts", May(AccountsWrite)).by_handler(),
    route("GET", "/api/v1/accounts/{id}", OwnOr(AccountsRead)).personal(),
    route("PATCH", "/api/v1/accounts/{id}", OwnOr(AccountsWrite)).by_handler(),
    route("POST", "/api/v1/accounts/{id}/password", OwnOr(AccountsWrite)).by_handler(),
    route("POST", "/api/v1/accounts/{id}/totp", Own).by_handler().secret(),
    route("DELETE", "/api/v1/accounts/{id}/totp", OwnOr(AccountsWrite)).by_handler(),
    route("POST", "/api/v1/accounts/{id}/unlock", May(AccountsWrite)).by_handler(),
    route("GET", "/api/v1/accounts/{id}/sessions", OwnOr(AccountsRead)).personal(),
    route("DELETE", "/api/v1/accounts/{id}/sessions", OwnOr(AccountsWrite)).by_handler(),
    // Names alone, for whoever gives roles at them and may see nothing else of them.
    route("GET", "/api/v1/site-names", May(AccountsRead)),
    route("GET", "/api/v1/api-keys", May(AccountsRead)),
    route("POST", "/api/v1/api-keys", May(AccountsWrite)).by_handler().secret(),
    route("DELETE", "/api/v1/api-keys/{id}", May(AccountsWrite)).by_handler(),
    route("GET", "/api/v1/audit-log", May(AuditLogRead)).personal(),
    route("GET", "/api/v1/audit-log/verify", May(AuditLogVerify)),
    // What is kept for how long. Reasons of holds may name persons.
    route("GET", "/api/v1/retention", May(RetentionRead)),
    route("GET", "/api/v1/deletion-log", May(RetentionRead)),
    route("GET", "/api/v1/deletion-log/verify", May(RetentionRead)),
    route("GET", "/api/v1/holds", May(HoldsRead)).personal(),
    route("POST", "/api/v1/holds", May(HoldsWrite)),
    route("DELETE", "/api/v1/holds/{id}", May(HoldsWrite)),
    // Figures.
    route("GET", "/api/v1/sites", May(FiguresRead)),
    route("GET", "/api/v1/gates", May(FiguresRead)),
    route("GET", "/api/v1/counts", May(FiguresRead)),
    route("GET", "/api/v1/occupancy", May(FiguresRead)),
    route("GET", "/api/v1/occupancy/corrections", May(FiguresRead)),
    route("GET", "/api/v1/audits", May(FiguresRead)),
    route("GET", "/api/v1/accuracy", May(FiguresRead)),
    route("GET", "/api/v1/decisions/counts", May(FiguresRead)),
    // Events: a passage, stay or incident comes with pictures of persons, and a passage with the plate of its vehicle for
    // whoever may read plates.
    route("GET", "/api/v1/passages", May(EventsRead)).personal(),
    route("GET", "/api/v1/stays", May(EventsRead)).personal(),
    route("GET", "/api/v1/incidents", May(EventsRead)).personal(),
    route("GET", "/api/v1/plates", May(PlatesRead)).search_by(&["key", "list"]),
    route("GET", "/api/v1/plates/{event_id}", May(PlatesRead)).personal(),
    route("GET", "/api/v1/plate-lists", May(PlatesRead)),
    route("GET", "/api/v1/decisions", May(DecisionsRead)).personal(),
    route("GET", "/api/v1/decisions/{event_id}", May(DecisionsRead)).personal(),
    // Who opened what and why. An order is written down before it is sent, and again with what became of it.
    route("GET", "/api/v1/lanes", May(DecisionsRead)),
    route("GET", "/api/v1/orders", May(OrdersRead)).personal(),
    route("POST", "/api/v1/orders", May(OrdersWrite)).by_handler().once(),
    route("GET", "/api/v1/blobs/{sha256}", May(EventsRead)).personal(),
    // Opening it is written down; what a watcher is told of depends on the permissions for each kind of event.
    route("GET", "/api/v1/stream", May(FiguresRead)).personal(),
    // Persons as they are now. A live view is written down when it begins and when it ends, with how long it was.
    route("GET", "/api/v1/cameras/{site}/{node}/{camera}/snapshot", May(CamerasView)).personal(),
    route("GET", "/api/v1/cameras/{site}/{node}/{camera}/live", May(CamerasView)).by_handler(),
    route("GET", "/api/v1/visits", May(PlatesRead)).search_by(&["plate"]),
    route("GET", "/api/v1/dwell", May(FiguresRead)),
    // Alerts name no plate: whoever may read the plate that raised one finds it by its event.
    route("GET", "/api/v1/alerts", May(AlertsRead)),
    route("POST", "/api/v1/alerts", May(OrdersWrite)),
    route("POST", "/api/v1/alerts/{id}/acknowledge", May(AlertsAct)),
    route("POST", "/api/v1/alerts/{id}/close", May(AlertsAct)),
    // Tables and entities to take away: which of them, the handler asks for each by its own permission.
    route("GET", "/api/v1/exports/{table}", May(FiguresRead)).personal(),
    route("GET", "/ngsi-ld/v1/entities", May(FiguresRead)).personal(),
    // Reports hold figures only, and origins of at least ten vehicles.
    route("GET", "/api/v1/reports", May(FiguresRead)),
    route("POST", "/api/v1/reports", May(FiguresRead)),
    route("GET", "/api/v1/reports/{id}", May(FiguresRead)),
    route("DELETE", "/api/v1/reports/{id}", May(FeedsWrite)),
    route("GET", "/api/v1/reports/{id}/{document}", May(FiguresRead)),
    route("GET", "/api/v1/report-schedules", May(FiguresRead)),
    route("POST", "/api/v1/report-schedules", May(FeedsWrite)),
    route("DELETE", "/api/v1/report-schedules/{id}", May(FeedsWrite)),
    // Where events are handed on to. What allows to tell plates is set only by whoever may read them.
    route("GET", "/api/v1/webhooks/schema", Public),
    route("GET", "/api/v1/webhooks", May(FeedsWrite)),
    route("POST", "/api/v1/webhooks", May(FeedsWrite)).secret(),
    route("GET", "/api/v1/webhooks/{id}", May(FeedsWrite)),
    route("PATCH", "/api/v1/webhooks/{id}", May(FeedsWrite)).secret(),
    route("DELETE", "/api/v1/webhooks/{id}", May(FeedsWrite)),
    route("GET", "/api/v1/webhooks/{id}/dead-letters", May(FeedsWrite)),
    route("POST", "/api/v1/webhooks/{id}/trial", May(FeedsWrite)),
    route("DELETE", "/api/v1/webhooks/{id}/dead-letters/{letter}", May(FeedsWrite)),
    route("POST", "/api/v1/webhooks/{id}/dead-letters/{letter}/redeliver", May(FeedsWrite)),
    // Where sites and gates are.
    route("GET", "/api/v1/places", May(FiguresRead)),
    route("PUT", "/api/v1/sites/{site}/place", May(NodesWrite)),
    route("GET", "/api/v1/sites/{site}/plan", May(FiguresRead)),
    route("PUT", "/api/v1/sites/{site}/plan", May(NodesWrite)),
    route("DELETE", "/api/v1/sites/{site}/plan", May(NodesWrite)),
    route("PUT", "/api/v1/sites/{site}/plan/gates", May(NodesWrite)),
    // Setting up the cameras of this very machine. A trial is asked with a password, and its picture shows whoever is there.
    route("GET", "/api/v1/appliance", May(NodesWrite)),
    route("POST", "/api/v1/appliance/trials", May(NodesWrite)).secret(),
    route("GET", "/api/v1/appliance/trials/{id}/picture", May(NodesWrite)).personal(),
    route("PUT", "/api/v1/appliance/gates/{gate}", May(NodesWrite)),
    // Machines.
    route("GET", "/metrics", May(NodesRead)),
    route("GET", "/api/v1/nodes", May(NodesRead)),
    route("GET", "/api/v1/alarms", May(NodesRead)),
    route("GET", "/api/v1/sites/{site}/enrolments", May(NodesWrite)),
    route("POST", "/api/v1/sites/{site}/enrolments", May(NodesWrite)).secret(),
    route("DELETE", "/api/v1/sites/{site}/enrolments/{id}", May(NodesWrite)),
    route("POST", "/api/v1/nodes/{node}/revocation", May(NodesWrite)),
    route("GET", "/api/v1/nodes/{node}/commissioning", May(NodesRead)),
    route("PUT", "/api/v1/nodes/{node}/commissioning/{step}", May(NodesWrite)),
    route("DELETE", "/api/v1/nodes/{node}/commissioning/{step}", May(NodesWrite)),
    // The code is the permission, the certificate on the connection, or there is nothing to hide.
    route("POST", "/api/v1/enrolment", Machine).by_handler(),
    route("POST", "/api/v1/node/certificate", Machine),
    route("GET", "/api/v1/authority", Machine),
    route("GET", "/api/v1/authority/revoked", Machine),
    route("GET", "/api/v1/quarantine", May(QuarantineRead)),
    // Policies. Texts of documents, watch lists and passes name persons and vehicles.
    route("GET", "/api/v1/sites/{site}/policies", May(PoliciesRead)),
    route("POST", "/api/v1/sites/{site}/policies", May(PoliciesWrite)),
    route("GET", "/api/v1/sites/{site}/policy-draft", May(PoliciesRead)),
    route("GET", "/api/v1/sites/{site}/policy-draft/documents/{path}", May(PoliciesRead)).personal(),
    route("PUT", "/api/v1/sites/{site}/policy-draft/documents/{path}", May(PoliciesWrite)),
    route("DELETE", "/api/v1/sites/{site}/policy-draft/documents/{path}", May(PoliciesWrite)),
    route("GET", "/api/v1/sites/{site}/policy-draft/access", May(PoliciesRead)),
    route("PUT", "/api/v1/sites/{site}/policy-draft/times", May(PoliciesWrite)),
    route("GET", "/api/v1/sites/{site}/policy-draft/rows", May(PoliciesRead)).personal(),
    route("PATCH", "/api/v1/sites/{site}/policy-draft/rows", May(PoliciesWrite)),
    // Nothing is changed by it, but a file with names is shown and its rows are given back.
    route("POST", "/api/v1/sites/{site}/policy-draft/imports", May(PoliciesWrite)).secret(),
    route("GET", "/api/v1/sites/{site}/policy-trial", May(PoliciesRead)).search_by(&["who"]),
    route("GET", "/api/v1/sites/{site}/policy-draft/shapes", May(PoliciesRead)),
    route("PUT", "/api/v1/sites/{site}/policy-draft/shapes", May(PoliciesWrite)),
    route("GET", "/api/v1/sites/{site}/policy-draft/changes", May(PoliciesRead)).personal(),
    route("POST", "/api/v1/sites/{site}/policy-draft/reset", May(PoliciesWrite)),
    route("GET", "/api/v1/sites/{site}/watch-entries", May(WatchListsRead)).personal(),
    route("POST", "/api/v1/sites/{site}/watch-entries", May(WatchListsWrite)),
    route("POST", "/api/v1/sites/{site}/watch-entries/{id}/decision", May(WatchListsApprove)),
    route("POST", "/api/v1/sites/{site}/watch-entries/{id}/removal", May(WatchListsWrite)),
    route("GET", "/api/v1/sites/{site}/passes", May(PassesRead)).personal(),
    route("POST", "/api/v1/sites/{site}/passes", May(PassesWrite)).secret(),
    route("POST", "/api/v1/sites/{site}/passes/{id}/revocation", May(PassesWrite)),
    route("GET", "/api/v1/sites/{site}/policy/{version}", Machine),
    route("PUT", "/api/v1/blobs/{sha256}", Machine),
    route("GET", "/api/v1/blobs/{sha256}/upload", Machine),
    route("PUT", "/api/v1/nodes/{node}/views/{camera}", Machine),
];

/// Who may use which method of which path: the whole table, in its order.
pub fn who_may() -> impl Iterator<Item = (&'static str, &'static str, Access)> {
    TABLE.iter().map(|route| (route.method, route.path, route.access))
}

/// The route of a request, by the path as it is written in the table.
pub(crate) fn find(method: &Method, path: &str) -> Option<&'static Route> {
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    TABLE.iter().find(|route| route.path == path && route.method == method)
}

/// Those of `paths` that the table does not know.
pub(crate) fn missing<'a>(paths: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    paths.into_iter().filter(|path| !TABLE.iter().any(|route| route.path == *path)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_route_stands_in_the_table_once() {
        let routes: BTreeSet<_> = TABLE.iter().map(|route| (route.method, route.path)).collect();
        assert_eq!(routes.len(), TABLE.len());
    }

    #[test]
    fn only_these_are_open_to_everybody() {
        let open: Vec<_> = TABLE.iter().filter(|route| route.access == Public).map(|route| route.path).collect();
        assert_eq!(
            open,
            [
                "/healthz",
                "/readyz",
                "/api/openapi.json",
                "/",
                "/console/{name}",
                "/icon.svg",
                "/plain",
                "/assets/{name}",
                "/api/v1/setup",
                "/api/v1/setup",
                "/api/v1/session",
                "/api/v1/oidc/start",
                "/api/v1/oidc/callback",
                "/api/v1/webhooks/schema"
            ]
        );
    }

    #[test]
    fn whoever_needs_no_permission_is_found_by_eye() {
        let machines: Vec<_> = TABLE.iter().filter(|route| route.access == Machine).map(|route| route.path).collect();
        assert_eq!(
            machines,
            [
                "/api/v1/enrolment",
                "/api/v1/node/certificate",
                "/api/v1/authority",
                "/api/v1/authority/revoked",
                "/api/v1/sites/{site}/policy/{version}",
                "/api/v1/blobs/{sha256}",
                "/api/v1/blobs/{sha256}/upload",
                "/api/v1/nodes/{node}/views/{camera}"
            ]
        );
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        assert!(find(&Method::HEAD, "/api/v1/gates").is_some());
        assert!(find(&Method::POST, "/api/v1/gates").is_none() && find(&Method::GET, "/api/v1/secrets").is_none());
        assert_eq!(missing(["/api/v1/gates", "/api/v1/secrets"]), ["/api/v1/secrets"]);
    }
}
