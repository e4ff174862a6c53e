//! A relay that is ordered by HTTP requests.
//!
//! Every order has a connection of its own, so that a server that closed an idle one cannot make an outcome unknown.
//! Redirects are never followed: the order would go to somebody whom the installer did not name.

use std::fmt;
use std::time::{Duration, Instant};

use serde_json::Value;
use ureq::http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use ureq::http::{Method, Request, Response};
use ureq::{Body, Timeout};

use crate::config::http::{HttpConfig, HttpOpenError, RequestTemplate, StateTemplate};
use crate::relay::{Contact, Level, Position, PulseBy, Reading, Relay, Signal, time_left};
use crate::{ActuateError, Cause};

/// Longest answer to a question for the state, in bytes; a longer one is an error.
pub const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// Share of the time that is left within which there must be a connection.
const CONNECT_SHARE: f64 = 0.75;

/// The relay.
pub struct HttpRelay {
    config: HttpConfig,
    agent: ureq::Agent,
    authorization: Option<String>,
}

impl fmt::Debug for HttpRelay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpRelay({})", self.config.close.url)
    }
}

impl HttpRelay {
    /// Reads the secrets and certificates that the configuration names.
    pub fn open(config: HttpConfig) -> Result<Self, HttpOpenError> {
        let authorization = config.auth.as_ref().map(|auth| auth.header()).transpose()?;
        let builder = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(0)
            .allow_non_standard_methods(false)
            .proxy(None);
        let agent = match &config.ca_file {
            Some(path) => builder.tls_config(crate::config::http::trust_only(path)?).build().into(),
            None => builder.build().into(),
        };
        Ok(Self { config, agent, authorization })
    }

    /// One exchange within the deadline; the status is not judged.
    fn exchange(
        &self,
        template: &RequestTemplate,
        length: Duration,
        deadline: Instant,
    ) -> Result<Response<Body>, ActuateError> {
        let left = time_left(deadline)?;
        let mut request = Request::builder().method(template.method.clone()).uri(template.url_for(length));
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if template.body.is_some() {
            request = request.header(CONTENT_TYPE, &template.content_type);
        }
        // A connection that needs most of the time leaves too little for the order: given up before anything is sent,
        // so that the outcome is known.
        let connect_max = left.mul_f64(CONNECT_SHARE);
        let request = match template.body_for(length) {
            Some(body) => request.body(body).map(|request| {
                let request = self.agent.configure_request(request).timeout_global(Some(left));
                let request = request.timeout_resolve(Some(connect_max)).timeout_connect(Some(connect_max));
                self.agent.run(request.build())
            }),
            None => request.body(()).map(|request| {
                let request = self.agent.configure_request(request).timeout_global(Some(left));
                let request = request.timeout_resolve(Some(connect_max)).timeout_connect(Some(connect_max));
                self.agent.run(request.build())
            }),
        };
        request.unwrap_or_else(|error| Err(ureq::Error::Http(error))).map_err(|error| classify(error, left))
    }

    fn order(&self, template: &RequestTemplate, length: Duration, deadline: Instant) -> Result<(), ActuateError> {
        let response = self.exchange(template, length, deadline)?;
        let status = response.status().as_u16();
        if self.config.success.contains(&status) || (self.config.success.is_empty() && (200..300).contains(&status)) {
            return Ok(());
        }
        let location = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned);
        let cause = Cause::Status { status, location };
        // Small boards act first and redirect to their page after; a server that fails may have acted before.
        Err(if (400..500).contains(&status) && status != 408 {
            ActuateError::Refused(cause)
        } else {
            ActuateError::Unknown(cause)
        })
    }
}

impl Relay for HttpRelay {
    fn pulse_by(&self) -> PulseBy {
        if self.config.open.is_some() { PulseBy::Relay } else { PulseBy::Us }
    }

    fn has_contact(&self, contact: Contact) -> bool {
        contact == Contact::Open
    }

    fn has_readings(&self) -> bool {
        self.config.state.is_some()
    }

    fn switch(&mut self, contact: Contact, to: Level, deadline: Instant) -> Result<(), ActuateError> {
        match (contact, to) {
            (Contact::Open, Level::On) => self.order(&self.config.hold, Duration::ZERO, deadline),
            (Contact::Open, Level::Off) => self.order(&self.config.close, Duration::ZERO, deadline),
            (Contact::Close, Level::On | Level::Off) => {
                Err(ActuateError::Unsupported("an HTTP relay closes by its [actuator.close] request"))
            }
        }
    }

    fn pulse(&mut self, length: Duration, deadline: Instant) -> Result<(), ActuateError> {
        match &self.config.open {
            Some(open) => self.order(open, length, deadline),
            None => Err(ActuateError::Unsupported("there is no [actuator.open] request")),
        }
    }

    fn read(&mut self, deadline: Instant) -> Result<Reading, ActuateError> {
        let Some(state) = &self.config.state else { return Ok(Reading::default()) };
        let mut response = self.exchange(&state.request, Duration::ZERO, deadline)?;
        let status = response.status().as_u16();
        if status != 200 {
            let location = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).map(str::to_owned);
            return Err(ActuateError::Refused(Cause::Status { status, location }));
        }
        let text = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string();
        let text = text.map_err(|error| ActuateError::Unknown(Cause::Http(error)))?;
        reading_of(state, &text).map_err(|message| ActuateError::Unknown(Cause::BadAnswer(message)))
    }
}

/// What is known of an order whose exchange failed.
fn classify(error: ureq::Error, left: Duration) -> ActuateError {
    use std::io::ErrorKind;
    if let ureq::Error::Timeout(timeout) = error {
        return if matches!(timeout, Timeout::Resolve | Timeout::Connect) {
            ActuateError::NotSent(Cause::TimedOut { what: "connection", waited: left.mul_f64(CONNECT_SHARE) })
        } else {
            ActuateError::Unknown(Cause::TimedOut { what: "answer", waited: left })
        };
    }
    let never_connected = if let ureq::Error::Io(error) = &error {
        let refused = matches!(
            error.kind(),
            ErrorKind::ConnectionRefused
                | ErrorKind::HostUnreachable
                | ErrorKind::NetworkUnreachable
                | ErrorKind::AddrNotAvailable
        );
        // A certificate is looked at before the order is sent.
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        refused || matches!(tls, Some(rustls::Error::InvalidCertificate(_)))
    } else {
        use ureq::Error::{BadUri, ConnectionFailed, HostNotFound, Http, TlsRequired};
        matches!(error, HostNotFound | ConnectionFailed | BadUri(_) | Http(_) | TlsRequired)
    };
    let cause = Cause::Http(error);
    if never_connected { ActuateError::NotSent(cause) } else { ActuateError::Unknown(cause) }
}

/// What an answer says, by the installer's words for it.
fn reading_of(state: &StateTemplate, text: &str) -> Result<Reading, String> {
    let json: Option<Value> = if state.needs_json() {
        Some(serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))?)
    } else {
        None
    };
    let word_at = |pointer: &str| -> Result<String, String> {
        match json.as_ref().and_then(|json| json.pointer(pointer)) {
            Some(Value::String(word)) => Ok(word.clone()),
            Some(value) => Ok(value.to_string()),
            None => Err(format!("it has nothing at \"{pointer}\"")),
        }
    };
    let position = match (&state.pointer, state.has_position()) {
        (_, false) => Position::Unknown,
        (Some(pointer), true) => state.position_of(&word_at(pointer)?),
        (None, true) => state.position_of(text.trim()),
    };
    let signal = |pointer: &Option<String>| -> Result<Signal, String> {
        let Some(pointer) = pointer else { return Ok(Signal::Absent) };
        let word = word_at(pointer)?;
        Ok(Signal::from_active(state.active.contains(&word)))
    };
    let (fire, button) = (signal(&state.fire)?, signal(&state.button)?);
    Ok(Reading { position, fire, button, vehicle: signal(&state.vehicle)? })
}

/// A method that an order may have.
pub(crate) fn accepted_method(text: &str) -> Option<Method> {
    [Method::GET, Method::POST, Method::PUT, Method::PATCH].into_iter().find(|method| method.as_str() == text)
}
