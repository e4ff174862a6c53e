//! Sending one picture to the hub that wants it.

use std::time::{Duration, Instant};

use domain::{CameraId, NodeId, UtcTime};
use wire::view::{FRAME_GRANT_HEADER, FRAME_HEAD_HEADER, FrameGrant, FrameHead, ViewAnswer, ViewRefusal};
use wire::{BlobHash, NodeKey};

use crate::tls::Tls;
use crate::uploader::UploaderError;
use crate::{WallClock, http};

/// Longest time for one picture: what takes longer is of no use to somebody who looks.
const POST_MAX: Duration = Duration::from_secs(10);

/// So much of an answer is read.
const ANSWER_BYTES_MAX: u64 = 16 * 1024;

/// Where to and as whom.
#[derive(Debug, Clone)]
pub struct ViewPostConfig {
    /// The node's hub.
    pub hub_url: String,
    /// The node.
    pub node: NodeId,
    /// Its signing key.
    pub key: NodeKey,
    /// What an enrolled node knows its hubs by; nothing where it was not enrolled.
    pub tls: Option<Tls>,
}

/// What sends pictures, one at a time.
pub struct ViewPost {
    client: http::Client,
    hub: String,
    is_enrolled: bool,
    node: NodeId,
    key: NodeKey,
    clock: WallClock,
}

impl std::fmt::Debug for ViewPost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ViewPost").field("hub", &self.hub).field("node", &self.node).finish_non_exhaustive()
    }
}

/// What became of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posted {
    /// The hub has it.
    Taken,
    /// Nobody looks there any more.
    NotWanted,
    /// It did not get there. It is not sent again.
    Failed(String),
}

impl ViewPost {
    /// Sends to the hub and, where the node was enrolled, to other hubs of the same authority.
    ///
    /// # Errors
    /// When the hub's address is none.
    pub fn new(config: ViewPostConfig, clock: WallClock) -> Result<Self, UploaderError> {
        let ViewPostConfig { hub_url, node, key, tls } = config;
        let hub = http::hub_url(&hub_url).ok_or(UploaderError::BadUrl(hub_url))?;
        let client = http::Client::new(tls.as_ref(), POST_MAX);
        Ok(Self { client, hub, is_enrolled: tls.is_some(), node, key, clock })
    }

    /// The address for a request that named `url`; nothing where no picture may go there. A node that was enrolled goes to
    /// any hub whose certificate leads to its authority, another one to its own hub only: so not even somebody with the
    /// hub's key has pictures sent elsewhere.
    pub fn place(&self, url: Option<&str>) -> Option<String> {
        let Some(url) = url else { return Some(self.hub.clone()) };
        let url = http::hub_url(url)?;
        (url == self.hub || (self.is_enrolled && url.starts_with("https://"))).then_some(url)
    }

    /// Sends a picture of the frame that came at `captured`. Waits for the network.
    pub fn picture(&self, place: &str, camera: &CameraId, jpeg: &[u8], captured: Instant) -> Posted {
        self.put(place, camera, "image/jpeg", jpeg, captured)
    }

    /// Says why there is none. Waits for the network.
    pub fn refusal(&self, place: &str, camera: &CameraId, refused: ViewRefusal) -> Posted {
        let answer = serde_json::to_vec(&ViewAnswer { refused }).expect("it is a name alone");
        self.put(place, camera, "application/json", &answer, Instant::now())
    }

    fn put(&self, place: &str, camera: &CameraId, media_type: &str, body: &[u8], captured: Instant) -> Posted {
        let (now, age) = ((self.clock)().at, captured.elapsed());
        let age_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        let ago = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
        let captured_at = UtcTime::from_unix_micros(now.as_unix_micros().saturating_sub(ago)).unwrap_or(now);
        let head = FrameHead { captured_at, age_ms, sha256: BlobHash::of(body) };
        let grant = FrameGrant::sign(&self.key, &self.node, now, camera, &head);
        let request = self
            .client
            .agent()
            .put(format!("{place}/api/v1/nodes/{}/views/{camera}", self.node))
            .header(FRAME_GRANT_HEADER, grant.to_header())
            .header(FRAME_HEAD_HEADER, head.to_header())
            .content_type(media_type);
        match request.send(body) {
            Ok(mut response) => {
                let status = response.status().as_u16();
                // Read to its end, so that the connection serves the next picture.
                let _ = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
                match status {
                    200..=299 => Posted::Taken,
                    409 => Posted::NotWanted,
                    status => Posted::Failed(format!("HTTP status {status}")),
                }
            }
            Err(error) => Posted::Failed(error.to_string()),
        }
    }
}
