//! The shape of the API: documented, careful, and clear about mistakes.

use std::io::{Read, Write};

use serde_json::{Value, json};
use wire::Channel;

use crate::support::mosquitto::Mosquitto;
use crate::support::node::{Node, Publisher};
use crate::support::{Hub, PATIENCE, free_port};

fn lonely() -> Hub {
    Hub::start(hub::BrokerConfig::new("127.0.0.1", free_port()))
}

#[test]
fn every_documented_path_answers_and_every_reference_is_defined() {
    let hub = lonely();
    let document = hub.http.get("/api/openapi.json");
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            if path == "/api/v1/stream" {
                hub.http.stream(path, None);
                continue;
            }
            let has_name = path.contains('{');
            let path = path.replace("{sha256}", &"0".repeat(64));
            let path = path.replace("{site}", "cao-nguyen").replace("{version}", "1");
            let path = path.replace("{event_id}", "00000000-0000-7000-8000-000000000000").replace("{id}", "0");
            let path = path.replace("{node}", "node-1");
            let answer = hub.http.send(&method.to_uppercase(), &path, &[], b"");
            // What a name stands for need not be there.
            let is_session = path == "/api/v1/session" || path.starts_with("/api/v1/oidc/");
            // Only the program that is hub and node at once sets gates up; another one says so.
            let is_appliance = path.starts_with("/api/v1/appliance");
            let may_miss = has_name || is_session || is_appliance;
            let unserved = answer.status == 405 || (answer.status == 404 && !may_miss);
            assert!(!unserved, "{method} {path}: {}", answer.status);
        }
    }
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(document.pointer(reference).is_some(), "{reference} is not defined");
    }
}

/// The names of the members of every object, so that a changed shape shows.
fn members(value: &Value) -> Value {
    match value {
        Value::Object(object) => object.iter().map(|(key, value)| (key.clone(), members(value))).collect(),
        Value::Array(values) => values.first().map_or(json!([]), |value| json!([members(value)])),
        Value::String(_) => json!("text"),
        Value::Number(_) => json!("number"),
        Value::Bool(_) => json!("bool"),
        Value::Null => Value::Null,
    }
}

#[test]
fn answers_have_the_members_that_the_schemas_name() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let mut node = Node::new("n1");
    hub.add(&node);
    let publisher = Publisher::connect(broker.port);
    publisher.publish(&node.topic(Channel::Event), node.passes(1));
    publisher.wait_for_receipt(&node);
    let document = hub.http.get("/api/openapi.json");
    let properties = |schema: &str| -> Vec<String> {
        let schema = &document["components"]["schemas"][schema]["properties"];
        schema.as_object().unwrap_or_else(|| panic!("{schema}")).keys().cloned().collect()
    };
    for (path, list, schema) in [
        ("/api/v1/gates", "gates", "Gate"),
        ("/api/v1/passages", "passages", "Passage"),
        ("/api/v1/nodes", "nodes", "Node"),
        ("/api/v1/sites", "sites", "Site"),
    ] {
        let answer = hub.http.get(path);
        let keys: Vec<String> = answer[list][0].as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, properties(schema), "{path}");
    }
    let group = json!({"in": "number", "out": "number", "inside": "number", "difference": "number"});
    let inside = json!({
        "count": "number", "since": "text", "base": "text", "base_count": "number", "in": "number", "out": "number",
        "unexplained": "number", "correction": null,
    });
    assert_eq!(
        members(&hub.http.get("/api/v1/gates")),
        json!({"gates": [{
            "site": "text", "gate": "text", "nodes": ["text"], "last_at": "text", "day_start": "text",
            "today": {"person": group, "vehicle": group},
            "occupancy": {"reset": "text", "person": inside, "vehicle": inside},
            "classes": [{"class": "text", "group": "text", "in": "number", "out": "number"}],
            "zones": [],
            "cameras": [{"site": "text", "node": "text", "camera": "text", "state": null, "reason": "text", "at": "text"}],
        }]})
    );
}

#[test]
fn mistakes_are_problems_that_say_what_is_accepted() {
    let hub = lonely();
    for (path, status, says) in [
        ("/api/v1/passages?limit=0", 400, "1 to 500"),
        ("/api/v1/passages?limit=x", 400, "limit"),
        ("/api/v1/passages?before=x", 400, "next"),
        ("/api/v1/passages?colour=red", 400, "colour"),
        ("/api/v1/gates?site=H%C3%A0", 400, "a-z"),
        ("/api/v1/counts?bucket=year", 400, "hour"),
        ("/api/v1/counts?from=yesterday", 400, "RFC 3339"),
        ("/api/v1/counts?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", 400, "before `to`"),
        ("/api/v1/counts?from=2020-01-01T00:00:00Z&bucket=minute", 400, "at most 3000"),
        ("/api/v1/incidents?limit=501", 400, "1 to 500"),
        ("/api/v1/occupancy/corrections?limit=0", 400, "1 to 500"),
        ("/api/v1/accuracy?from=yesterday", 400, "RFC 3339"),
        ("/api/v1/plates?limit=501", 400, "1 to 500"),
        ("/api/v1/plates?before=x", 400, "next"),
        ("/api/v1/plates?purpose=tests&key=30A+%E0%B8%81", 400, "0-9, A-Z and Đ"),
        ("/api/v1/plates?key=30A12345", 400, "says what for"),
        ("/api/v1/plates?key=30A12345&purpose=no", 400, "5 to 200"),
        ("/api/v1/plates?purpose=tests&key=-", 400, "key"),
        ("/api/v1/plates?purpose=tests&key=30A%3F%3F%3F45", 400, "at most 2"),
        ("/api/v1/plates?purpose=tests&key=30A1%3F345&like=true", 400, "unknown signs"),
        ("/api/v1/plates?like=true", 400, "which plate"),
        ("/api/v1/plates?outcome=maybe", 400, "not_a_plate"),
        ("/api/v1/plates?from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z", 400, "before `to`"),
        ("/api/v1/plates?tint=red", 400, "tint"),
        ("/api/v1/plates/30A12345", 400, "UUID"),
        ("/api/v1/plates/00000000-0000-7000-8000-000000000000", 404, "tells of a plate"),
        ("/api/v1/blobs/xyz", 400, "64 digits"),
        ("/api/v1/stream?after=x", 400, "after"),
        ("/api/v2/gates", 404, "openapi.json"),
        ("/assets/secret", 404, "secret"),
        ("/assets/..%2fCargo.toml", 404, "Cargo.toml"),
    ] {
        let answer = hub.http.ask(path, &[]);
        assert_eq!((answer.status, answer.header("content-type")), (status, "application/problem+json"), "{path}");
        let problem = answer.json();
        assert_eq!(problem["status"], status);
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{path}: {detail}");
    }
    assert_eq!(hub.http.put("/api/v1/gates", &[], b"").status, 405);
}

#[test]
fn every_answer_is_guarded_and_other_names_are_refused() {
    let hub = lonely();
    for path in ["/", "/plain", "/api/v1/gates", "/nothing", "/assets/index.html", "/console/nothing.js"] {
        let answer = hub.http.ask(path, &[]);
        let guards = ["x-content-type-options", "x-frame-options", "referrer-policy"].map(|name| answer.header(name));
        assert_eq!(guards, ["nosniff", "DENY", "no-referrer"], "{path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        let elsewhere = hub.http.ask(path, &[("host", "evil.example")]);
        assert_eq!(elsewhere.status, 421, "{path}");
    }
}

#[test]
fn who_writes_before_he_reads_hears_why_a_large_body_is_refused() {
    let hub = lonely();
    let large = vec![b'x'; 3 * 1024 * 1024];
    for _ in 0..20 {
        for (path, headers, status) in [
            ("/api/v1/appliance/gates/north", &[("cookie", "")][..], 401),
            ("/api/v1/no-such-path", &[], 404),
            ("/api/v1/sites/a/policy-draft/shapes", &[("content-type", "application/json")], 400),
        ] {
            assert_eq!(hub.http.put(path, headers, &large).status, status, "{path}");
        }
    }
}

#[test]
fn a_client_that_asks_first_is_not_made_to_send_a_body_that_is_refused() {
    let hub = lonely();
    let mut connection = std::net::TcpStream::connect(hub.http.0).unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        connection,
        "PUT /api/v1/appliance/gates/north HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\
         Expect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

#[test]
fn the_plain_page_and_its_files_are_served_with_their_types_and_tags() {
    let hub = lonely();
    let page = hub.http.ask("/plain", &[]);
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let html = String::from_utf8(page.body).unwrap();
    let named = |text: &str, before: &str| -> Vec<String> {
        let end = |c: char| c == '"' || c == '\'';
        text.split(before).skip(1).map(|rest| rest.split(end).next().unwrap().to_owned()).collect()
    };
    // What the page names, and what those files import in turn.
    let mut files = named(&html, "\"assets/");
    assert!(!files.is_empty());
    let mut looked_at = 0;
    while let Some(file) = files.get(looked_at).cloned() {
        looked_at += 1;
        let answer = hub.http.ask(&format!("/assets/{file}"), &[]);
        assert_eq!((answer.status, answer.header("cache-control")), (200, "no-cache"), "{file}");
        let etag = answer.header("etag");
        assert_eq!(hub.http.ask(&format!("/assets/{file}"), &[("if-none-match", etag)]).status, 304, "{file}");
        for import in named(&String::from_utf8_lossy(&answer.body), "from './") {
            if !files.contains(&import) {
                files.push(import);
            }
        }
    }
}

#[test]
fn the_console_is_served_at_each_of_its_addresses_and_its_files_are_kept_for_ever() {
    let hub = lonely();
    let browser = [("accept", "text/html,application/xhtml+xml")];
    let page = hub.http.ask("/", &browser);
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), "no-cache");
    assert_eq!(hub.http.ask("/", &[("if-none-match", page.header("etag"))]).status, 304);
    for path in ["/counts", "/plates/00000000-0000-7000-8000-000000000000", "/search?key=30A", "/no-such-page"] {
        let answer = hub.http.ask(path, &browser);
        assert_eq!((answer.status, answer.body == page.body), (200, true), "{path}");
    }
    // What is asked for by a program, or is no page's address, gets a problem.
    for (path, headers) in [("/counts", &[][..]), ("/api/v1/nothing", &browser), ("/console/nothing.js", &browser)] {
        let answer = hub.http.ask(path, headers);
        assert_eq!((answer.status, answer.header("content-type")), (404, "application/problem+json"), "{path}");
    }
    let html = String::from_utf8(page.body).unwrap();
    let scripts: Vec<_> = html.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(!scripts.is_empty());
    for script in scripts.iter().filter(|script| script.starts_with("/console/")) {
        let plain = hub.http.ask(script, &[("accept-encoding", "identity")]);
        let small = hub.http.ask(script, &[("accept-encoding", "br")]);
        assert_eq!((plain.status, plain.header("content-type")), (200, "text/javascript; charset=utf-8"), "{script}");
        assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!((small.header("content-encoding"), small.header("vary")), ("br", "accept-encoding"));
        assert!(small.body.len() < plain.body.len() / 2, "{script}");
        assert_eq!(hub.http.ask(script, &[("if-none-match", plain.header("etag"))]).status, 304);
    }
}
