//! Looking through a node's camera from afar: the hub asks for pictures, signed and for seconds, and the node sends them.
//!
//! The hub cannot reach a node, so it asks by a [`ViewRequest`] on the node's own topic, signed like a guard's order under
//! a prefix of its own: by a [`ViewKey`], which nodes believe in this alone, or by a key that gives orders or publishes
//! policies. So whoever takes over the broker sees and moves nothing: without the key no node sends a picture. A request
//! lives for [`VIEW_LIFE_MAX`] at most and is renewed for as long as somebody looks; each renewal is later than the one
//! before, and what is not is a repetition that does nothing.
//!
//! Pictures go to the hub over HTTP with a [`FrameGrant`], the newest alone. They are never retained, stored or logged.

mod frame;
mod key;

use std::time::Duration;

use domain::{CameraId, NodeId, SiteId, UtcTime};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::policy::sealed;
use crate::policy::{SealError, TrustedKeys};

pub use frame::{
    FRAME_AGE_MAX_S, FRAME_BYTES_MAX, FRAME_GRANT_HEADER, FRAME_HEAD_HEADER, FrameGrant, FrameHead, ViewAnswer,
    ViewRefusal,
};
pub use key::ViewKey;

/// Longest message in bytes.
pub const VIEW_REQUEST_BYTES_MAX: usize = 2 * 1024;

/// Longest time for which a request may hold.
pub const VIEW_LIFE_MAX: Duration = Duration::from_secs(20);

/// How far the hub's clock may be ahead of the node's.
pub const VIEW_AHEAD_MAX: Duration = Duration::from_secs(20);

/// Most pictures a second that may be asked for.
pub const VIEW_FPS_MAX: u8 = 10;

/// Widths in pixels that may be asked for.
pub const VIEW_WIDTHS_PX: std::ops::RangeInclusive<u16> = 160..=1920;

/// Longest address in bytes.
const URL_BYTES_MAX: usize = 300;

const SIGNED_PREFIX: &[u8] = b"gatehouse-camera-view-v1\n";

/// Who asks: a hub's running program, by a random UUID of its own. Several hubs may ask for the same camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AskerId(Uuid);

impl AskerId {
    /// From 16 bytes that came from a source of randomness.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }
}

impl std::fmt::Display for AskerId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// "Send pictures of this camera until then."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewRequest {
    /// Who asks.
    pub asker: AskerId,
    /// The site.
    pub site: SiteId,
    /// The node that it is for.
    pub node: NodeId,
    /// The camera.
    pub camera: CameraId,
    /// At most so many pictures a second, 1 to [`VIEW_FPS_MAX`].
    pub fps_max: u8,
    /// At most so wide, in [`VIEW_WIDTHS_PX`].
    pub width_px_max: u16,
    /// The base address of the very hub that asks, where several share one; nothing where the node's own will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// When it was signed, by the hub's clock.
    pub issued_at: UtcTime,
    /// Until when pictures are wanted; at most [`VIEW_LIFE_MAX`] after `issued_at`.
    pub not_after: UtcTime,
}

/// Why a message is no request to this node.
#[derive(Debug, Error)]
pub enum ViewRequestError {
    /// Longer than [`VIEW_REQUEST_BYTES_MAX`].
    #[error("the request has {0} bytes, at most {VIEW_REQUEST_BYTES_MAX} are accepted")]
    TooLong(usize),
    /// No trusted key signed it.
    #[error("the request is not believed")]
    NotBelieved(#[source] SealError),
    /// A trusted key signed it, but it is something else.
    #[error("the request cannot be read")]
    NotARequest(#[source] serde_json::Error),
    /// Something in it is out of its range.
    #[error("the request has no usable {member}: {accepted} is accepted")]
    BadMember {
        /// Which.
        member: &'static str,
        /// What would be right.
        accepted: &'static str,
    },
    /// It is for somebody else.
    #[error("the request is for node \"{node}\" of site \"{site}\"")]
    NotForUs {
        /// Its site.
        site: SiteId,
        /// Its node.
        node: NodeId,
    },
}

impl ViewRequest {
    /// The message in its wire form.
    ///
    /// # Errors
    /// When something in it is out of its range.
    pub fn seal(&self, key: &ViewKey) -> Result<Vec<u8>, ViewRequestError> {
        self.check()?;
        let value = serde_json::to_value(self).map_err(ViewRequestError::NotARequest)?;
        let bytes = sealed::seal(SIGNED_PREFIX, key.signer(), value).map_err(ViewRequestError::NotARequest)?;
        if bytes.len() > VIEW_REQUEST_BYTES_MAX { Err(ViewRequestError::TooLong(bytes.len())) } else { Ok(bytes) }
    }

    /// Reads a request that a trusted key signed for `node` of `site`, whether or not its time is over. Never panics,
    /// whatever the bytes.
    ///
    /// # Errors
    /// When it is none.
    pub fn open(bytes: &[u8], trusted: &TrustedKeys, site: &SiteId, node: &NodeId) -> Result<Self, ViewRequestError> {
        if bytes.len() > VIEW_REQUEST_BYTES_MAX {
            return Err(ViewRequestError::TooLong(bytes.len()));
        }
        let value = sealed::open(SIGNED_PREFIX, bytes, trusted).map_err(ViewRequestError::NotBelieved)?;
        let request: Self = serde_json::from_value(value).map_err(ViewRequestError::NotARequest)?;
        request.check()?;
        if request.site != *site || request.node != *node {
            return Err(ViewRequestError::NotForUs { site: request.site, node: request.node });
        }
        Ok(request)
    }

    /// For how long pictures are still wanted where the node's clock says `now`; nothing where that is over, or where it
    /// comes from the node's future: then one of the two clocks is wrong.
    pub fn time_left(&self, now: UtcTime) -> Option<Duration> {
        let is_timely = now < self.not_after && self.issued_at <= now.saturating_add(VIEW_AHEAD_MAX);
        // Never longer than it was given for, however wrong a clock is.
        is_timely.then(|| self.not_after.since(now).min(VIEW_LIFE_MAX))
    }

    fn check(&self) -> Result<(), ViewRequestError> {
        let bad = |member, accepted| Err(ViewRequestError::BadMember { member, accepted });
        if !(1..=VIEW_FPS_MAX).contains(&self.fps_max) {
            return bad("fps_max", "1 to 10");
        }
        if !VIEW_WIDTHS_PX.contains(&self.width_px_max) {
            return bad("width_px_max", "160 to 1920");
        }
        if self.not_after <= self.issued_at || self.not_after.since(self.issued_at) > VIEW_LIFE_MAX {
            return bad("not_after", "a moment after issued_at, by at most 20 s,");
        }
        let is_address = |url: &String| {
            let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
            url.len() <= URL_BYTES_MAX && host.is_some_and(|host| !host.is_empty())
        };
        if self.url.as_ref().is_some_and(|url| !is_address(url)) {
            return bad("url", "http://HOST, https://HOST or the same with a port");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
