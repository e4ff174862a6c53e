//! Fetching model files over HTTP.

use std::io::Read;
use std::time::Duration;

use inference::models::{Fetch, FetchError};

/// Longest silence of a server.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Fetches over HTTP and HTTPS.
#[derive(Debug)]
pub struct HttpFetch {
    agent: ureq::Agent,
}

impl Default for HttpFetch {
    fn default() -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_connect(Some(TIMEOUT))
            .timeout_recv_response(Some(TIMEOUT))
            .https_only(false)
            .build();
        Self { agent: config.into() }
    }
}

impl Fetch for HttpFetch {
    fn fetch(&self, url: &str, limit_bytes: u64) -> Result<Box<dyn Read>, FetchError> {
        let response = self.agent.get(url).call().map_err(|source| FetchError::new(url, source))?;
        Ok(Box::new(response.into_body().into_with_config().limit(limit_bytes).reader()))
    }
}
