//! Every role against every endpoint, from the hub's own table; and nobody sees a site that is not his.

use domain::{Direction, MediaTime, ObjectClass, SiteId};
use hub::Secret;
use hub::accounts::{By, Grant, Grants, NewAccount, NewKey, Order, Permission, Role, account_make, api_key_make};
use hub::api::{Access, who_may};
use serde_json::{Value, json};
use wire::blob::UPLOAD_GRANT_HEADER;
use wire::event::WithEvidence;
use wire::{AccessVerdict, BlobHash, Channel, EvidenceRef, EvidenceRole, Payload, UploadGrant};

use crate::support::mosquitto::Mosquitto;
use crate::support::node::{Node, Publisher, passed, plate, plate_read};
use crate::support::{Hub, free_port};

const PASSWORD: &str = "con bò vàng gặm cỏ";

/// Whoever is signed in: his cookie and what his writes send.
pub struct SignedIn {
    pub cookie: String,
    pub csrf: String,
    pub session: Value,
}

impl SignedIn {
    pub fn headers(&self) -> [(&str, &str); 2] {
        [("cookie", &self.cookie), ("x-csrf-token", &self.csrf)]
    }
}

/// An account with these roles, made as the command line would.
pub fn make(hub: &Hub, name: &str, grants: Grants) -> String {
    let new = NewAccount {
        name: name.to_owned(),
        display_name: String::new(),
        language: "vi".to_owned(),
        password: Some(Secret::new(PASSWORD)),
        must_change_password: false,
        external_id: None,
        grants,
    };
    hub.runtime.block_on(account_make(&hub.handle.store, new, Order::Later, &By::program("tests"))).unwrap().id
}

pub fn sign_in(hub: &Hub, name: &str) -> SignedIn {
    let body = json!({"name": name, "password": PASSWORD}).to_string();
    let headers = [("content-type", "application/json"), ("cookie", "")];
    let answer = hub.http.send("POST", "/api/v1/session", &headers, body.as_bytes());
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    let session = answer.json();
    SignedIn { cookie, csrf: session["csrf"].as_str().unwrap().to_owned(), session }
}

/// What whoever may gets from a hub without nodes, by a write without content.
fn allowed(method: &str, path: &str) -> u16 {
    match (method, path) {
        (
            "POST",
            "/api/v1/webhooks/{id}/trial"
            | "/api/v1/webhooks/{id}/dead-letters/{letter}/redeliver"
            | "/api/v1/accounts/{id}/unlock",
        ) => 404,
        // No identity provider is configured.
        (_, "/api/v1/oidc/start" | "/api/v1/oidc/callback") => 404,
        // Without an authority nobody enrols, but what is sent is looked at first.
        ("GET", "/api/v1/authority" | "/api/v1/authority/revoked") => 501,
        // Nobody changes what he has not seen.
        ("DELETE", "/api/v1/sites/{site}/policy-draft/documents/{path}") => 428,
        ("GET", "/api/v1/sites/{site}/policy-draft/documents/{path}") => 404,
        ("PUT", "/api/v1/sites/{site}/place" | "/api/v1/sites/{site}/plan/gates") => 415,
        ("PUT", "/api/v1/nodes/{node}/commissioning/{step}") => 415,
        ("PUT", "/api/v1/sites/{site}/plan") => 400,
        ("GET", "/api/v1/sites/{site}/plan") => 404,
        (
            "PUT",
            "/api/v1/sites/{site}/policy-draft/documents/{path}"
            | "/api/v1/sites/{site}/policy-draft/times"
            | "/api/v1/sites/{site}/policy-draft/shapes",
        ) => 415,
        ("GET", "/api/v1/sites/{site}/policy-draft/shapes") => 404,
        // The draft of a site without one.
        ("GET", "/api/v1/sites/{site}/policy-draft/access") | ("POST", "/api/v1/sites/{site}/policy-draft/imports") => {
            404
        }
        ("GET", "/api/v1/sites/{site}/policy-draft/rows" | "/api/v1/sites/{site}/policy-trial") => 404,
        // This hub watches no cameras itself.
        (_, "/api/v1/appliance" | "/api/v1/appliance/trials") => 404,
        (_, "/api/v1/appliance/trials/{id}/picture" | "/api/v1/appliance/gates/{gate}") => 404,
        ("POST" | "PATCH", _) => 415,
        ("DELETE", "/api/v1/session") => 204,
        ("DELETE", _)
        | ("GET", "/api/v1/accounts/{id}" | "/api/v1/accounts/{id}/sessions")
        | (
            "GET",
            "/api/v1/plates/{event_id}"
            | "/api/v1/decisions/{event_id}"
            | "/api/v1/blobs/{sha256}"
            | "/api/v1/reports/{id}"
            | "/api/v1/reports/{id}/{document}"
            | "/api/v1/webhooks/{id}"
            | "/api/v1/webhooks/{id}/dead-letters"
            | "/api/v1/nodes/{node}/commissioning"
            | "/api/v1/cameras/{site}/{node}/{camera}/snapshot"
            | "/api/v1/cameras/{site}/{node}/{camera}/live",
        ) => 404,
        (_, "/readyz") => 503,
        (_, "/assets/{name}" | "/console/{name}") => 404,
        // A node's own proof is missing.
        ("PUT", "/api/v1/blobs/{sha256}" | "/api/v1/nodes/{node}/views/{camera}")
        | ("GET", "/api/v1/sites/{site}/policy/{version}" | "/api/v1/blobs/{sha256}/upload") => 401,
        _ => 200,
    }
}

fn concrete(path: &str) -> String {
    path.replace("{sha256}", &"0".repeat(64))
        .replace("{site}", "cao-nguyen")
        .replace("{version}", "1")
        .replace("{event_id}", "00000000-0000-7000-8000-000000000000")
        .replace("/holds/{id}", "/holds/0?reason=tests")
        .replace("{id}", "0")
        .replace("{gate}", "main")
        .replace("{node}", "nobody")
        .replace("{camera}", "cam-1")
        .replace("{path}", "access.toml")
        .replace("{letter}", "1")
        .replace("{step}", "aim")
        .replace("{document}", "vi.pdf")
        .replace("{table}", "counts")
        .replace("/policy-draft/rows", "/policy-draft/rows?list=lists/holders.csv")
        .replace("/policy-draft/shapes", "/policy-draft/shapes?path=profiles/main.toml")
        .replace("/policy-draft/imports", "/policy-draft/imports?list=lists/holders.csv")
        .replace("/policy-trial", "/policy-trial?lane=car-in&who=holder:w-1&purpose=tests+of+access")
        .replace("/entities", "/entities?type=CrowdFlowObserved")
        .replace("{name}", "nothing")
}

fn kind(answer: &crate::support::http::Answer) -> String {
    let problem: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    problem["type"].as_str().unwrap_or("").rsplit(':').next().unwrap().to_owned()
}

#[test]
fn every_role_gets_from_every_endpoint_exactly_what_the_table_says() {
    let hub = Hub::start(hub::BrokerConfig::new("127.0.0.1", free_port()));
    let ask = |method: &str, path: &str, headers: &[(&str, &str)]| {
        if path == "/api/v1/stream" && headers.iter().any(|(name, value)| *name == "cookie" && !value.is_empty()) {
            // It never ends; that it begins is seen by its first line.
            let cookie = headers.iter().find(|(name, _)| *name == "cookie").unwrap().1;
            let status = hub.http.stream_status(path, &format!("Cookie: {cookie}"));
            return (status, if status == 403 { "forbidden".to_owned() } else { String::new() });
        }
        let answer = hub.http.send(method, &concrete(path), headers, b"");
        (answer.status, kind(&answer))
    };
    let mut asked = 0;
    for (method, path, access) in who_may() {
        let (status, kind) = ask(method, path, &[("cookie", "")]);
        match access {
            Access::Public | Access::Machine => assert_eq!(status, allowed(method, path), "nobody: {method} {path}"),
            Access::SignedIn | Access::Own | Access::OwnOr(_) | Access::May(_) => {
                assert_eq!((status, kind.as_str()), (401, "login_needed"), "nobody: {method} {path}");
            }
        }
        asked += 1;
    }
    for role in Role::ALL {
        make(&hub, role.as_str(), Grants::everywhere([role]));
        let person = sign_in(&hub, role.as_str());
        // Signing out comes last.
        let routes = who_may().filter(|(method, path, _)| (*method, *path) != ("DELETE", "/api/v1/session"));
        for (method, path, access) in routes.chain([("DELETE", "/api/v1/session", Access::SignedIn)]) {
            let (status, kind) = ask(method, path, &person.headers());
            let may = |permission: Permission| role.permissions().contains(&permission);
            let is_allowed = match access {
                Access::Public | Access::Machine | Access::SignedIn => true,
                // The account that is asked for is not his.
                Access::Own => false,
                Access::OwnOr(permission) | Access::May(permission) => may(permission),
            };
            let expected = if is_allowed { allowed(method, path) } else { 403 };
            assert_eq!(status, expected, "{role}: {method} {path}: {kind}");
            assert!(is_allowed || kind == "forbidden", "{role}: {method} {path}: {kind}");
            asked += 1;
        }
        let (status, kind) = ask("GET", "/api/v1/session", &person.headers());
        assert_eq!((status, kind.as_str()), (401, "session_over"), "{role} signed out");
    }
    assert!(asked > 300, "{asked}");
}

fn decided(lane: &str) -> Payload {
    let what = crate::decisions::decided(lane, AccessVerdict::Deny, "listed");
    Payload::AccessDecided(WithEvidence { what, evidence: vec![] })
}

fn picture(role: EvidenceRole, bytes: &[u8]) -> EvidenceRef {
    EvidenceRef {
        role,
        sha256: BlobHash::of(bytes),
        media_type: "image/jpeg".to_owned(),
        bytes: bytes.len() as u64,
        media: MediaTime::from_micros(40_000),
        later_by_ms: None,
    }
}

fn upload(hub: &Hub, node: &Node, bytes: &[u8]) {
    let blob = BlobHash::of(bytes);
    let grant = UploadGrant::sign(&node.key, &node.node, hub::clock::now(), &blob).to_header();
    let headers = [("content-type", "image/jpeg"), (UPLOAD_GRANT_HEADER, grant.as_str())];
    assert_eq!(hub.http.put(&format!("/api/v1/blobs/{blob}"), &headers, bytes).status, 201);
}

/// A key with these roles at one site.
pub fn key_at(hub: &Hub, site: &str, roles: &[Role]) -> String {
    let grants = roles.iter().map(|role| Grant { role: *role, sites: vec![site.to_owned()] });
    let new = NewKey { name: "tests".to_owned(), grants: Grants::new(grants).unwrap(), expires_at: None };
    let (key, _) = hub.runtime.block_on(api_key_make(&hub.handle.store, new, &By::program("tests"))).unwrap();
    format!("Bearer {}", key.reveal())
}

#[test]
fn nobody_sees_a_site_that_is_not_his_in_lists_counts_streams_pictures_and_single_objects() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let publisher = Publisher::connect(broker.port);
    // What is of the other site is called "foreign" wherever it has a name.
    let mut own = Node::new("own-node");
    let mut foreign = Node { site: SiteId::new("foreign-site").unwrap(), ..Node::new("foreign-n") };
    for (node, name) in [(&mut own, "own"), (&mut foreign, "foreign")] {
        hub.add(node);
        let (crop, number) = (format!("{name} crop"), format!("{name} plate"));
        let read = plate(if name == "own" { "30A12345" } else { "99F99999" }, name);
        let crops = vec![picture(EvidenceRole::Crop, crop.as_bytes())];
        let events = [
            node.says(passed(Direction::In, ObjectClass::Car, hub::clock::now(), crops)),
            node.says(plate_read(read, vec![picture(EvidenceRole::Plate, number.as_bytes())])),
            node.says(decided(&format!("{name}-lane"))),
        ];
        publisher.publish(&node.topic(Channel::Event), events);
        publisher.wait_for_receipt(node);
        upload(&hub, node, crop.as_bytes());
        upload(&hub, node, number.as_bytes());
    }
    let everything = hub.http.get("/api/v1/plates").to_string() + &hub.http.get("/api/v1/gates").to_string();
    assert!(everything.contains("99F99999") && everything.contains("foreign-site"), "the foreign site is there");

    let key = key_at(&hub, "cao-nguyen", &[Role::GateOperator, Role::SystemAdmin, Role::CaseOfficer]);
    let headers = [("authorization", key.as_str())];
    let mut asked = 0;
    for (method, path, access) in who_may().filter(|(method, ..)| *method == "GET") {
        let is_ours = matches!(access, Access::May(permission) if !permission.is_of_the_whole());
        // A hub that is no node as well has nothing to say of cameras of its own.
        if !is_ours || path == "/api/v1/stream" || path == "/api/v1/appliance" || path.contains('{') {
            continue;
        }
        for query in ["", "site=foreign-site"] {
            let path = concrete(path);
            let mark = if path.contains('?') { '&' } else { '?' };
            let answer = hub.http.send(method, &format!("{path}{mark}{query}"), &headers, b"");
            let text = String::from_utf8_lossy(&answer.body).into_owned();
            let takes_no_site = !query.is_empty() && answer.status == 400 && text.contains("unknown field");
            assert!(answer.status == 200 || takes_no_site, "{path}{query}: {text}");
            assert!(takes_no_site || !text.contains("foreign") && !text.contains("99F"), "{path}{query}: {text}");
            asked += 1;
        }
    }
    assert!(asked >= 28, "{asked}");
    assert_eq!(hub.http.send("GET", "/api/v1/passages", &headers, b"").json()["passages"].as_array().unwrap().len(), 1);
    let rows = hub.http.send("GET", "/api/v1/counts?bucket=day", &headers, b"").json();
    assert_eq!(rows["rows"][0]["in"], 1, "the foreign passage is in no sum: {rows}");

    // Single objects are answered like ones that are not there.
    let first = |path: &str, list: &str, node: &str| {
        let rows = hub.http.get(path)[list].as_array().unwrap().clone();
        rows.iter().find(|row| row["node"] == node).unwrap()["id"].as_str().unwrap().to_owned()
    };
    for list in ["plates", "decisions"] {
        let path = format!("/api/v1/{list}");
        for (node, status) in [("own-node", 200), ("foreign-n", 404)] {
            let one = format!("{path}/{}", first(&path, list, node));
            assert_eq!(hub.http.send("GET", &one, &headers, b"").status, status, "{one}");
        }
    }
    assert_eq!(hub.http.send("GET", "/api/v1/sites/foreign-site/policies", &headers, b"").status, 404);
    assert_eq!(hub.http.send("GET", "/api/v1/sites/foreign-site/enrolments", &headers, b"").status, 403);
    let json = [("authorization", key.as_str()), ("content-type", "application/json")];
    let revoke = |node: &str| {
        hub.http.send("POST", &format!("/api/v1/nodes/{node}/revocation"), &json, br#"{"reason":"gone"}"#).status
    };
    assert_eq!(revoke("foreign-n"), 404, "of another site's node there is nothing to be told");
    let steps = |node: &str| {
        let path = format!("/api/v1/nodes/{node}/commissioning");
        let put = hub.http.send("PUT", &format!("{path}/aim"), &json, br#"{"outcome":"confirmed"}"#).status;
        let deleted = hub.http.send("DELETE", &format!("{path}/aim"), &headers, b"").status;
        [hub.http.send("GET", &path, &headers, b"").status, put, deleted]
    };
    assert_eq!(steps("own-node"), [200, 204, 204]);
    assert_eq!(steps("foreign-n"), [404, 404, 404]);
    for table in ["counts", "passages", "decisions", "alerts"] {
        let answer = hub.http.send("GET", &format!("/api/v1/exports/{table}"), &headers, b"");
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(answer.status == 200 && !text.contains("foreign"), "{table}: {text}");
        assert!(table == "alerts" || text.contains("own") || text.contains("cao-nguyen"), "{table}: {text}");
    }
    for kind in ["TrafficFlowObserved", "AnprFlowObserved"] {
        let answer = hub.http.send("GET", &format!("/ngsi-ld/v1/entities?type={kind}"), &headers, b"");
        assert!(answer.status == 200 && !String::from_utf8_lossy(&answer.body).contains("foreign"), "{kind}");
    }

    // Pictures: through an event that one sees, or alone where one reads all of the site.
    let (passage, plate_id) =
        (first("/api/v1/passages", "passages", "own-node"), first("/api/v1/plates", "plates", "own-node"));
    let foreign_passage = first("/api/v1/passages", "passages", "foreign-n");
    let viewer = key_at(&hub, "cao-nguyen", &[Role::Viewer]);
    let blob = |bytes: &str, event: &str| {
        let event = if event.is_empty() { String::new() } else { format!("?event={event}") };
        format!("/api/v1/blobs/{}{event}", BlobHash::of(bytes.as_bytes()))
    };
    for (key, path, status) in [
        (&key, blob("own crop", ""), 200),
        (&key, blob("own plate", &plate_id), 200),
        (&key, blob("foreign crop", ""), 404),
        (&key, blob("foreign crop", &foreign_passage), 404),
        (&key, blob("foreign crop", &passage), 404),
        (&viewer, blob("own crop", &passage), 200),
        (&viewer, blob("own crop", ""), 404),
        (&viewer, blob("own plate", ""), 404),
        (&viewer, blob("own plate", &plate_id), 404),
        (&viewer, blob("own plate", &passage), 404),
    ] {
        assert_eq!(hub.http.ask(&path, &[("authorization", key)]).status, status, "{path}");
    }
    for (path, status) in [
        ("/api/v1/exports/counts", 200),
        ("/api/v1/exports/passages", 200),
        ("/api/v1/exports/decisions", 403),
        ("/ngsi-ld/v1/entities?type=CrowdFlowObserved", 200),
        ("/ngsi-ld/v1/entities?type=AnprFlowObserved", 403),
    ] {
        assert_eq!(hub.http.ask(path, &[("authorization", &viewer)]).status, status, "a viewer: {path}");
    }
    let passages = hub.http.ask("/api/v1/passages", &[("authorization", &viewer)]).json();
    assert!(passages["passages"][0].get("plate").is_none_or(Value::is_null), "a viewer reads no plates: {passages}");

    // Plates are handed on only by whoever may read them, and only of his sites.
    let admin = key_at(&hub, "cao-nguyen", &[Role::SystemAdmin]);
    let hook = |key: &str, hook: Value| {
        let headers = [("authorization", key), ("content-type", "application/json")];
        hub.http.send("POST", "/api/v1/webhooks", &headers, hook.to_string().as_bytes())
    };
    let basis = json!({"url": "https://ioc.example.vn/", "sites": ["cao-nguyen"], "legal_basis": "12/QĐ"});
    let plain = json!({"url": "https://ioc.example.vn/", "sites": ["cao-nguyen"]});
    assert_eq!(hook(&admin, basis.clone()).status, 403, "an administrator reads no plates");
    assert_eq!(hook(&admin, plain).status, 201);
    assert_eq!(hook(&admin, json!({"url": "https://ioc.example.vn/"})).status, 403, "not of every site");
    let held = hook(&key, basis).json()["id"].as_str().unwrap().to_owned();
    let headers_of_admin = [("authorization", admin.as_str()), ("content-type", "application/json")];
    let elsewhere = br#"{"url":"https://elsewhere.example.vn/"}"#;
    let path = format!("/api/v1/webhooks/{held}");
    assert_eq!(hub.http.send("PATCH", &path, &headers_of_admin, elsewhere).status, 403, "nor sends them elsewhere");

    // The stream, both what was missed and what comes.
    for (key, kinds) in [(&key, ["passage", "plate", "decision"].as_slice()), (&viewer, &["passage"])] {
        let mut stream = hub.http.stream_with("/api/v1/stream?after=0", None, &format!("Authorization: {key}"));
        for expected in kinds {
            let sent = stream.until(|sent| ["passage", "plate", "decision", "lane"].contains(&sent.name.as_str()));
            assert_eq!(sent.name, *expected);
            assert!(!sent.data.to_string().contains("foreign"), "{}", sent.data);
        }
        publisher.publish(&foreign.topic(Channel::Event), foreign.passes(1));
        publisher.wait_for_receipt(&foreign);
        publisher.publish(&own.topic(Channel::Event), own.passes(1));
        let sent = stream.until(|sent| !["gate", "site", "node", "blob"].contains(&sent.name.as_str()));
        assert_eq!((sent.name.as_str(), &sent.data["node"]), ("passage", &json!("own-node")));
        publisher.wait_for_receipt(&own);
    }
}
