//! `kind = "http"`: the requests that order a relay, and how its state is read.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::TableReader;
use serde::Deserialize;
use thiserror::Error;
use ureq::http::{Method, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::http::accepted_method;
use crate::relay::Position;

/// Longest secret in a file, in bytes.
const SECRET_BYTES_MAX: usize = 4096;

/// A relay ordered by HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpConfig {
    /// Pulses by the relay's own timer; without it we pulse by `hold` and `close`.
    pub open: Option<RequestTemplate>,
    /// Opens until `close`.
    pub hold: RequestTemplate,
    /// Closes, or ends a hold.
    pub close: RequestTemplate,
    /// Asks for feedback and inputs.
    pub state: Option<StateTemplate>,
    /// How we prove who we are.
    pub auth: Option<Auth>,
    /// PEM file with the authority to trust for `https`, instead of the public ones.
    pub ca_file: Option<PathBuf>,
    /// The statuses that stand for success; empty for 200 to 299.
    pub success: Vec<u16>,
}

/// One request; `{ms}` and `{s}` in URL and body are the length of a pulse, the seconds rounded up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestTemplate {
    /// GET, POST, PUT or PATCH.
    pub method: Method,
    /// The URL.
    pub url: String,
    /// The body.
    pub body: Option<String>,
    /// The type of the body.
    pub content_type: String,
}

/// The question for the state and the words of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateTemplate {
    /// The question.
    pub request: RequestTemplate,
    /// JSON pointer (RFC 6901) to the word for the position; without it the whole answer is the word.
    pub pointer: Option<String>,
    /// The words for open.
    pub open: Vec<String>,
    /// The words for closed.
    pub closed: Vec<String>,
    /// The words for moving.
    pub moving: Vec<String>,
    /// JSON pointer to the fire input.
    pub fire: Option<String>,
    /// JSON pointer to the manual button.
    pub button: Option<String>,
    /// JSON pointer to the loop.
    pub vehicle: Option<String>,
    /// The words for an active input.
    pub active: Vec<String>,
}

/// How we prove who we are; the secret stays in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auth {
    /// The scheme.
    pub scheme: AuthScheme,
    /// The file with `user:password`, or with the token, and nothing else.
    pub file: PathBuf,
}

/// An HTTP authentication scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthScheme {
    /// User name and password.
    Basic,
    /// A token.
    Bearer,
}

/// Why a relay's files cannot be used.
#[derive(Debug, Error)]
pub enum HttpOpenError {
    /// A file cannot be read.
    #[error("cannot read the {what} \"{}\"", path.display())]
    Read {
        /// What it should be.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A secret that cannot stand in a header.
    #[error("the file \"{}\" holds no usable secret: one line of {accepted} is accepted", path.display())]
    BadSecret {
        /// The file.
        path: PathBuf,
        /// What is.
        accepted: &'static str,
    },
    /// Not a PEM file with certificates.
    #[error("the file \"{}\" holds no certificate, a PEM file is accepted", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
}

impl Auth {
    pub(crate) fn header(&self) -> Result<String, HttpOpenError> {
        let path = &self.file;
        let failed = |source| HttpOpenError::Read { what: "secret", path: path.clone(), source };
        let text = std::fs::read_to_string(path).map_err(failed)?;
        let secret = text.trim_end_matches(['\r', '\n']);
        let is_plain = !secret.is_empty() && secret.len() <= SECRET_BYTES_MAX && !secret.contains(char::is_control);
        let bad = |accepted| HttpOpenError::BadSecret { path: path.clone(), accepted };
        match self.scheme {
            AuthScheme::Basic if is_plain && secret.contains(':') => Ok(format!("Basic {}", STANDARD.encode(secret))),
            AuthScheme::Basic => Err(bad("user:password")),
            AuthScheme::Bearer if is_plain && secret.bytes().all(|b| b.is_ascii_graphic()) => {
                Ok(format!("Bearer {secret}"))
            }
            AuthScheme::Bearer => Err(bad("a token of printable ASCII")),
        }
    }
}

/// Trust in the authorities of one PEM file and in nobody else.
pub(crate) fn trust_only(path: &Path) -> Result<TlsConfig, HttpOpenError> {
    let failed = |source| HttpOpenError::Read { what: "certificate authority", path: path.to_owned(), source };
    let pem = std::fs::read(path).map_err(failed)?;
    let found: Vec<Certificate<'static>> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            Ok(_) | Err(_) => None,
        })
        .collect();
    if found.is_empty() {
        return Err(HttpOpenError::NoCertificate { path: path.to_owned() });
    }
    Ok(TlsConfig::builder().root_certs(RootCerts::new_with_certs(&found)).build())
}

fn fill(template: &str, length: Duration) -> String {
    let seconds = length.as_secs() + u64::from(length.subsec_nanos() > 0);
    template.replace("{ms}", &length.as_millis().to_string()).replace("{s}", &seconds.to_string())
}

impl RequestTemplate {
    pub(crate) fn url_for(&self, length: Duration) -> String {
        fill(&self.url, length)
    }

    pub(crate) fn body_for(&self, length: Duration) -> Option<String> {
        self.body.as_ref().map(|body| fill(body, length))
    }
}

impl StateTemplate {
    pub(crate) fn needs_json(&self) -> bool {
        [&self.pointer, &self.fire, &self.button, &self.vehicle].iter().any(|pointer| pointer.is_some())
    }

    pub(crate) fn has_position(&self) -> bool {
        !(self.open.is_empty() && self.closed.is_empty() && self.moving.is_empty())
    }

    pub(crate) fn position_of(&self, word: &str) -> Position {
        let is = |words: &[String]| words.iter().any(|known| known == word);
        if is(&self.open) {
            Position::Open
        } else if is(&self.closed) {
            Position::Closed
        } else if is(&self.moving) {
            Position::Moving
        } else {
            Position::Unknown
        }
    }
}

/// Whether a request may speak of a pulse's length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lengths {
    Accepted,
    WithoutMeaning,
}

pub(super) fn read(table: &mut TableReader<'_>) -> Option<HttpConfig> {
    let open = table.nested("open", |table| read_request(table, Lengths::Accepted));
    let request = "a table with url, and where needed method, body and content_type";
    for key in ["hold", "close"] {
        if !table.has(key) {
            table.note(key, format!("missing: give {request}"));
        }
    }
    let hold = table.nested("hold", |table| read_request(table, Lengths::WithoutMeaning)).flatten();
    let close = table.nested("close", |table| read_request(table, Lengths::WithoutMeaning)).flatten();
    let state = table.nested("state", read_state);
    let auth = table.nested("auth", |table| {
        let scheme = table.required("scheme", "\"basic\" or \"bearer\"");
        let file = table.required("file", "the path of a file with user:password, or with the token");
        Some(Auth { scheme: scheme?, file: file? })
    });
    let ca_file = table.optional("ca_file");
    let success: Vec<u16> = table.optional("success").unwrap_or_default();
    if success.iter().any(|status| !(200..400).contains(status)) {
        table.note("success", "statuses from 200 to 399 are accepted");
    }
    // What was there and mistaken has been noted, so nothing is used without it.
    let (open, state, auth) = (flat(open)?, flat(state)?, flat(auth)?);
    Some(HttpConfig { open, hold: hold?, close: close?, state, auth, ca_file, success })
}

/// Absent is fine, mistaken is not.
fn flat<T>(read: Option<Option<T>>) -> Option<Option<T>> {
    match read {
        None => Some(None),
        Some(Some(value)) => Some(Some(value)),
        Some(None) => None,
    }
}

fn read_request(table: &mut TableReader<'_>, lengths: Lengths) -> Option<RequestTemplate> {
    let url = table.required::<String>("url", "a URL such as \"http://192.168.1.50/relay/0?turn=on\"");
    let method = read_method(table);
    let body: Option<String> = table.optional("body");
    let content_type = table.optional("content_type").unwrap_or_else(|| "application/json".to_owned());
    if body.is_some() && method == Some(Method::GET) {
        table.note("body", "a GET request has no body: give method = \"POST\", \"PUT\" or \"PATCH\"");
    }
    let url = url?;
    let speaks_of_length =
        [Some(&url), body.as_ref()].into_iter().flatten().any(|text| text.contains("{ms}") || text.contains("{s}"));
    if lengths == Lengths::WithoutMeaning && speaks_of_length {
        table.note("url", "{ms} and {s} have a meaning only in [actuator.open]");
    }
    match fill(&url, Duration::from_secs(1)).parse::<Uri>() {
        Ok(url) if !matches!(url.scheme_str(), Some("http" | "https")) => {
            table.note("url", format!("\"{url}\" has no http:// or https:// before it"));
        }
        Ok(url) if url.authority().is_some_and(|authority| authority.as_str().contains('@')) => {
            table.note("url", "a password does not belong into a URL: give [actuator.auth] with a file");
        }
        Ok(_) => {}
        Err(error) => table.note("url", format!("not a URL ({error}); {{ms}} and {{s}} are the only placeholders")),
    }
    Some(RequestTemplate { method: method?, url, body, content_type })
}

fn read_method(table: &mut TableReader<'_>) -> Option<Method> {
    let Some(text) = table.optional::<String>("method") else { return Some(Method::GET) };
    let method = accepted_method(&text);
    if method.is_none() {
        table.note("method", format!("\"{text}\" is not accepted: GET, POST, PUT and PATCH are"));
    }
    method
}

fn read_state(table: &mut TableReader<'_>) -> Option<StateTemplate> {
    let pointer = read_pointer(table, "pointer");
    let words = |table: &mut TableReader<'_>, key| table.optional::<Vec<String>>(key).unwrap_or_default();
    let (open, closed, moving) = (words(table, "open"), words(table, "closed"), words(table, "moving"));
    let fire = read_pointer(table, "fire");
    let button = read_pointer(table, "button");
    let vehicle = read_pointer(table, "vehicle");
    let active =
        table.optional::<Vec<String>>("active").unwrap_or_else(|| ["true", "1", "on"].map(str::to_owned).to_vec());
    let request = read_request(table, Lengths::WithoutMeaning);
    let state = StateTemplate { request: request?, pointer, open, closed, moving, fire, button, vehicle, active };
    let has_inputs = [&state.fire, &state.button, &state.vehicle].iter().any(|pointer| pointer.is_some());
    if !state.has_position() && !has_inputs {
        table
            .note("open", "nothing is read from the answer: give the words for open and closed, or an input's pointer");
    }
    Some(state)
}

fn read_pointer(table: &mut TableReader<'_>, key: &'static str) -> Option<String> {
    let pointer: String = table.optional(key)?;
    if !pointer.starts_with('/') {
        table.note(key, format!("\"{pointer}\" is not a JSON pointer such as \"/inputs/0/state\""));
    }
    Some(pointer)
}
