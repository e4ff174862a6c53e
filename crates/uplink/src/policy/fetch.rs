//! Getting a bundle from the hub.

use std::time::Duration;

use thiserror::Error;
use wire::NodeKey;
use wire::policy::bundle::BUNDLE_BYTES_MAX;
use wire::policy::grant::READ_GRANT_HEADER;
use wire::policy::{BundleHash, ReadGrant, WantedPolicy};

use crate::tls::Tls;
use crate::{WallClock, http};
use domain::{NodeId, SiteId};

/// Longest download: the largest bundle at 2.5 Mbit/s.
const FETCH_MAX: Duration = Duration::from_secs(110);

/// Why a bundle could not be fetched this time.
#[derive(Debug, Error)]
pub(super) enum FetchError {
    /// No answer.
    #[error("no answer from {url}: {why}")]
    NoAnswer { url: String, why: String },
    /// An answer that is no bundle.
    #[error("{url} answers with HTTP status {status}")]
    Status { url: String, status: u16 },
    /// Cut off, or more than was announced.
    #[error("{url} gives {found} bytes, not the {wanted} that were announced")]
    Length { url: String, wanted: u64, found: u64 },
    /// Other bytes.
    #[error("{url} gives bytes with the hash {found}, not the {wanted} that was announced")]
    Hash { url: String, wanted: BundleHash, found: BundleHash },
}

/// Fetches bundles for one node.
pub(super) struct Fetcher {
    client: http::Client,
    hub: String,
    site: SiteId,
    node: NodeId,
    key: NodeKey,
    clock: WallClock,
}

impl Fetcher {
    /// `hub` is its address without a slash at its end.
    pub(super) fn new(
        hub: String,
        tls: Option<&Tls>,
        site: SiteId,
        node: NodeId,
        key: NodeKey,
        clock: WallClock,
    ) -> Self {
        Self { client: http::Client::new(tls, FETCH_MAX), hub, site, node, key, clock }
    }

    /// The bytes that `wanted` announces, checked against its length and hash. Waits for the network.
    pub(super) fn fetch(&self, wanted: &WantedPolicy) -> Result<Vec<u8>, FetchError> {
        let url = match wanted.url.strip_prefix('/') {
            Some(path) => format!("{}/{path}", self.hub),
            None => wanted.url.clone(),
        };
        let grant = ReadGrant::sign(&self.key, &self.node, (self.clock)().at, &self.site, wanted.version);
        let no_answer = |error: ureq::Error| FetchError::NoAnswer { url: url.clone(), why: error.to_string() };
        let request = self.client.agent().get(&url).header(READ_GRANT_HEADER, grant.to_header());
        let mut answer = request.call().map_err(no_answer)?;
        let status = answer.status().as_u16();
        if status != 200 {
            return Err(FetchError::Status { url, status });
        }
        // One more than announced shows that there is more, and no more than that is ever read.
        let limit = wanted.bytes.min(BUNDLE_BYTES_MAX as u64) + 1;
        let body = match answer.body_mut().with_config().limit(limit).read_to_vec() {
            Ok(body) => body,
            Err(ureq::Error::BodyExceedsLimit(found)) => {
                return Err(FetchError::Length { url, wanted: wanted.bytes, found });
            }
            Err(error) => return Err(no_answer(error)),
        };
        if body.len() as u64 != wanted.bytes {
            return Err(FetchError::Length { url, wanted: wanted.bytes, found: body.len() as u64 });
        }
        let found = BundleHash::of(&body);
        if found != wanted.sha256 {
            return Err(FetchError::Hash { url, wanted: wanted.sha256, found });
        }
        Ok(body)
    }
}
