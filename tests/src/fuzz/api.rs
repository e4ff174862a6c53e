//! Requests that the API's own description suggests, almost right: parameters and contents of the described kinds with some
//! of them odd, by readers with different rights.
//!
//! What must hold: every request is answered, none with 500; what is refused is told as a problem with a reason; the hub goes
//! on answering at once, and its database is sound at the end.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use ureq::http::Request;

use super::{Report, Until, envelope, mutate};
use crate::broker::Broker;
use crate::dice::Dice;
use crate::hub::{self, Hub, database};

/// Longest wait for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Connections that are kept open between requests.
const CONNECTIONS_KEPT: usize = 3;

/// Deepest content that is made of a schema.
const DEPTH_MAX: u32 = 6;

/// Names and texts seen in answers that later requests use.
const SEEN_MAX: usize = 400;

/// The stream never ends.
const LEFT_OUT: [&str; 1] = ["/api/v1/stream"];

/// Rights with which is asked; nobody's besides.
const ROLES: [&[&str]; 3] = [&["viewer"], &["gate_operator", "case_officer", "system_admin"], &["approver"]];

/// One operation of the description.
struct Operation {
    method: String,
    path: String,
    about: Value,
}

struct Asker<'a> {
    address: String,
    document: &'a Value,
    keys: Vec<Option<String>>,
    agent: ureq::Agent,
    /// One that keeps no connections.
    afresh: ureq::Agent,
    dice: Dice,
    seen: Vec<String>,
}

/// Runs it.
///
/// # Panics
/// Where a program cannot be started.
pub fn requests(seed: u64, until: Until) -> Report {
    let began = Instant::now();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let broker = Broker::up(&folder.path().join("broker"));
    let path = folder.path().join("hub");
    std::fs::create_dir_all(&path).expect("a folder");
    envelope::fill(&database(&path), &path.join("blobs"), seed);
    let mut hub = Hub::start(&path, broker.port);
    let http = hub.ready();
    let keys = ROLES.iter().enumerate().map(|(number, roles)| Some(key(&path, &format!("fuzz-{number}"), roles)));
    let document = http.get("/api/openapi.json");
    let agent = |connections_kept| -> ureq::Agent {
        let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(ANSWER_MAX));
        config.allow_non_standard_methods(true).max_idle_connections(connections_kept).build().into()
    };
    let mut asker = Asker {
        address: format!("http://{}", http.0),
        document: &document,
        keys: keys.chain([None]).collect(),
        agent: agent(CONNECTIONS_KEPT),
        afresh: agent(0),
        dice: Dice::new(seed),
        seen: vec!["1".to_owned()],
    };
    let operations = operations(&document);
    let mut report = Report::default();
    while !until.is_over(began, report.tries) {
        let operation = &operations[asker.dice.index(operations.len())];
        asker.ask(operation, &mut report);
        if let Some(status) = hub.process.ended() {
            report.failed(&format!("the hub ended: {status}: {}", hub.process.last_words()), "");
            return report;
        }
    }
    if !hub.process.terminate().success() {
        report.failed(&format!("the hub does not end well: {}", hub.process.last_words()), "");
    }
    // The task of one request that panics takes only its connection with it.
    let said = hub.process.stderr();
    if let Some(panic) = said.lines().find(|line| line.contains("panicked at")) {
        report.failed(&format!("a part of the hub panicked: {panic}"), "");
    }
    for check in [&["check"][..], &["audit", "verify"]] {
        let outcome = hub::command(&path, check);
        if !outcome.status.success() {
            report.failed(&format!("{}: {}{}", check.join(" "), outcome.stdout, outcome.stderr), "");
        }
    }
    report
}

fn key(folder: &std::path::Path, name: &str, roles: &[&str]) -> String {
    let roles: Vec<_> = roles.iter().flat_map(|role| ["--role", *role]).collect();
    let made = hub::command(folder, &[&["api-key", "add", "--name", name], roles.as_slice()].concat());
    assert!(made.status.success(), "{}", made.stderr);
    made.stdout.trim().to_owned()
}

fn run(
    agent: &ureq::Agent,
    request: Request<Vec<u8>>,
    is_get: bool,
) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> {
    match agent.configure_request(request).build() {
        request if is_get => agent.run(request.map(|_| ())),
        request => agent.run(request),
    }
}

fn operations(document: &Value) -> Vec<Operation> {
    let paths = document["paths"].as_object().expect("the document has paths");
    let methods = paths.iter().filter(|(path, _)| !LEFT_OUT.contains(&path.as_str())).flat_map(|(path, methods)| {
        let methods = methods.as_object().into_iter().flatten().filter(|(_, about)| about.is_object());
        methods.map(|(method, about)| Operation {
            method: method.to_uppercase(),
            path: path.clone(),
            about: about.clone(),
        })
    });
    methods.collect()
}

impl Asker<'_> {
    fn ask(&mut self, operation: &Operation, report: &mut Report) {
        report.tries += 1;
        let (path, headers) = self.address_of(operation);
        let body = self.body_of(operation);
        let sent = format!("{} {path} {headers:?} {}", operation.method, String::from_utf8_lossy(&body));
        let key = self.keys[self.dice.index(self.keys.len())].clone();
        let mut request = Request::builder().method(operation.method.as_str()).uri(format!("{}{path}", self.address));
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let media = if self.dice.below(20) == 0 { "text/plain" } else { "application/json" };
        request = request.header("content-type", media);
        for (name, value) in &headers {
            request = request.header(name, value);
        }
        // What is no address or header at all never leaves this program.
        let Ok(request) = request.body(body) else { return };
        let began = Instant::now();
        let is_get = operation.method == "GET";
        let mut answer = run(&self.agent, request.clone(), is_get);
        if let Err(ureq::Error::Io(_)) = answer {
            // A kept connection may be closed while the next request is on its way (RFC 9112, 9.3.1): whoever sent it
            // asks again. A connection of its own is never closed without an answer.
            answer = run(&self.afresh, request, is_get);
        }
        match answer {
            Err(ureq::Error::Timeout(_)) => report.failed("nobody answers in time", &sent),
            Err(error) => report.failed(&format!("no answer: {error}"), &sent),
            Ok(mut answer) => {
                let status = answer.status().as_u16();
                let media = answer.headers().get("content-type").and_then(|value| value.to_str().ok());
                let is_problem = media.is_some_and(|media| media.starts_with("application/problem+json"));
                let bytes = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
                report.fate(format!("{status}"));
                match bytes {
                    Err(error) => report.failed(&format!("{status} breaks off: {error}"), &sent),
                    Ok(bytes) => self.look(status, is_problem, &bytes, &sent, report),
                }
                if began.elapsed() > ANSWER_MAX / 2 {
                    report.failed(&format!("{status} after {:?}", began.elapsed()), &sent);
                }
            }
        }
    }

    fn look(&mut self, status: u16, is_problem: bool, bytes: &[u8], sent: &str, report: &mut Report) {
        let told = || String::from_utf8_lossy(bytes).chars().take(300).collect::<String>();
        // 501: the hub holds no such key; 502: what a webhook's receiver said; 503: come back later.
        if status >= 500 && ![501, 502, 503].contains(&status) {
            report.failed(&format!("{status}: {}", told()), sent);
        }
        let value: Value = serde_json::from_slice(bytes).unwrap_or(Value::Null);
        // A healthy program says so in a form of its own.
        if status >= 400 && !sent.contains("/readyz") {
            let is_told = value["detail"].as_str().is_some_and(|detail| !detail.is_empty());
            if !is_problem || !is_told {
                report.failed(&format!("{status} without a reason: {}", told()), sent);
            }
        }
        self.remember(&value);
    }

    /// Keeps names and moments from answers, so that later requests find what is there.
    fn remember(&mut self, value: &Value) {
        match value {
            Value::String(text) if !text.is_empty() && text.len() < 100 => {
                if self.seen.len() < SEEN_MAX {
                    self.seen.push(text.clone());
                } else {
                    let place = self.dice.index(SEEN_MAX);
                    self.seen[place].clone_from(text);
                }
            }
            Value::Array(items) => items.iter().take(3).for_each(|item| self.remember(item)),
            Value::Object(members) => members.values().for_each(|member| self.remember(member)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn text_of(&mut self, schema: &Value) -> String {
        if self.dice.below(6) == 0 {
            return mutate::odd_text(&mut self.dice);
        }
        if let Some(known) = schema["enum"].as_array().filter(|known| !known.is_empty()) {
            return known[self.dice.index(known.len())].as_str().unwrap_or_default().to_owned();
        }
        match (schema["type"].as_str(), schema["format"].as_str()) {
            (Some("integer" | "number"), _) => (self.dice.below(600)).to_string(),
            (Some("boolean"), _) => (self.dice.below(2) == 0).to_string(),
            (_, Some("date-time")) => {
                let day = 1 + self.dice.below(28);
                format!("2026-{:02}-{day:02}T{:02}:00:00Z", 1 + self.dice.below(12), self.dice.below(24))
            }
            _ => self.seen[self.dice.index(self.seen.len())].clone(),
        }
    }

    /// The path with its parameters, and headers.
    fn address_of(&mut self, operation: &Operation) -> (String, Vec<(String, String)>) {
        let (mut path, mut query, mut headers) = (operation.path.clone(), Vec::new(), Vec::new());
        for parameter in operation.about["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or_default();
            let is_needed = parameter["required"].as_bool().unwrap_or(false);
            if !is_needed && self.dice.below(3) > 0 {
                continue;
            }
            let text = self.text_of(&parameter["schema"]);
            match parameter["in"].as_str() {
                Some("path") => path = path.replace(&format!("{{{name}}}"), &escaped(&text)),
                Some("query") => query.push(format!("{name}={}", escaped(&text))),
                _ => headers.push((name.to_owned(), text)),
            }
        }
        if self.dice.below(10) == 0 {
            query.push(format!(
                "{}={}",
                escaped(&mutate::odd_text(&mut self.dice)),
                escaped(&mutate::odd_text(&mut self.dice))
            ));
        }
        if self.dice.below(3) > 0 {
            headers.push(("x-purpose".to_owned(), "kiem-tra".to_owned()));
        }
        let path = if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) };
        (path, headers)
    }

    fn body_of(&mut self, operation: &Operation) -> Vec<u8> {
        let schema = &operation.about["requestBody"]["content"]["application/json"]["schema"];
        if operation.method == "GET" || schema.is_null() {
            return Vec::new();
        }
        let mut value = self.value_of(schema, 0);
        if self.dice.below(3) == 0 {
            mutate::json(&mut self.dice, &mut value);
        }
        let mut bytes = value.to_string().into_bytes();
        if self.dice.below(10) == 0 {
            mutate::bytes(&mut self.dice, &mut bytes, br#"{"url": 1}"#);
        }
        bytes
    }

    fn value_of(&mut self, schema: &Value, depth: u32) -> Value {
        if depth > DEPTH_MAX {
            return Value::Null;
        }
        if let Some(target) = schema["$ref"].as_str().and_then(|text| text.strip_prefix('#')) {
            let target = self.document.pointer(target).cloned().unwrap_or(Value::Null);
            return self.value_of(&target, depth + 1);
        }
        for choice in ["oneOf", "anyOf", "allOf"] {
            if let Some(some) = schema[choice].as_array().filter(|some| !some.is_empty()) {
                let one = some[self.dice.index(some.len())].clone();
                return self.value_of(&one, depth + 1);
            }
        }
        let kind = match schema["type"].as_array().filter(|kinds| !kinds.is_empty()) {
            Some(kinds) => kinds[self.dice.index(kinds.len())].as_str(),
            None => schema["type"].as_str(),
        };
        let kind = kind.map(str::to_owned);
        match kind.as_deref() {
            Some("object") => {
                let needed = |name: &str| schema["required"].as_array().into_iter().flatten().any(|one| one == name);
                let mut members = Map::new();
                for (name, about) in schema["properties"].as_object().into_iter().flatten() {
                    if needed(name) || self.dice.below(2) == 0 {
                        members.insert(name.clone(), self.value_of(about, depth + 1));
                    }
                }
                Value::Object(members)
            }
            Some("array") => (0..self.dice.below(3)).map(|_| self.value_of(&schema["items"], depth + 1)).collect(),
            Some("integer" | "number") => json!(self.dice.below(1_000)),
            Some("boolean") => json!(self.dice.below(2) == 0),
            Some("null") => Value::Null,
            _ => Value::String(self.text_of(schema)),
        }
    }
}

/// As a part of an address.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => escaped.push(char::from(byte)),
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}
