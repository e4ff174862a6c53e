//! The hub over HTTP: its address, and the client that speaks to it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ureq::http::Uri;

use crate::tls::Tls;

/// Longest time to reach the hub.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// Longest time for which nothing moves.
const STALL_MAX: Duration = Duration::from_secs(15);

/// The address of a hub without the slash at its end; nothing where `text` is none.
pub(crate) fn hub_url(text: &str) -> Option<String> {
    let url: Uri = text.parse().ok()?;
    let scheme_fits = matches!(url.scheme_str(), Some("http" | "https"));
    let is_plain = matches!(url.path(), "" | "/") && url.query().is_none();
    let no_user = url.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    (scheme_fits && is_plain && no_user).then(|| text.trim_end_matches('/').to_owned())
}

/// A client whose requests take `request_max` at most.
pub(crate) fn agent(tls: Option<&Tls>, request_max: Duration) -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .timeout_connect(Some(CONNECT_MAX))
        .timeout_per_read(Some(STALL_MAX))
        .timeout_per_write(Some(STALL_MAX))
        .timeout_global(Some(request_max))
        .http_status_as_error(false)
        // A grant is for one hub; nothing follows where another sends us.
        .max_redirects(0)
        .proxy(None);
    match tls {
        Some(tls) => config.tls_config(tls.for_http()).build().into(),
        None => config.build().into(),
    }
}

/// A client that goes on with the new certificate when the one that it shows is replaced.
#[derive(Debug)]
pub(crate) struct Client {
    tls: Option<Tls>,
    request_max: Duration,
    made: Mutex<(u64, ureq::Agent)>,
}

impl Client {
    /// Its requests take `request_max` at most.
    pub(crate) fn new(tls: Option<&Tls>, request_max: Duration) -> Self {
        let generation = tls.map_or(0, Tls::generation);
        Self { tls: tls.cloned(), request_max, made: Mutex::new((generation, agent(tls, request_max))) }
    }

    /// What makes the next request.
    pub(crate) fn agent(&self) -> ureq::Agent {
        let generation = self.tls.as_ref().map_or(0, Tls::generation);
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.0 != generation {
            *made = (generation, agent(self.tls.as_ref(), self.request_max));
        }
        made.1.clone()
    }
}
