//! What a node sends when it was asked for pictures: one, or why there is none; and the proof that it is the node's.

use domain::{CameraId, NodeId, UtcTime};
use serde::{Deserialize, Serialize};

use crate::blob::{BlobHash, UPLOAD_GRANT_HEADER, UploadGrant};
use crate::key::{NodeKey, NodePublicKey};

/// Name of the HTTP header that carries a [`FrameGrant`]: the same as for uploads.
pub const FRAME_GRANT_HEADER: &str = UPLOAD_GRANT_HEADER;

/// Name of the HTTP header that carries a [`FrameHead`].
pub const FRAME_HEAD_HEADER: &str = "x-gatehouse-frame";

/// Largest picture in bytes.
pub const FRAME_BYTES_MAX: usize = 512 * 1024;

/// How far the clocks of node and hub may lie apart before a grant counts as replayed, in seconds. A node whose clock is
/// further off does not take the hub's requests either.
pub const FRAME_AGE_MAX_S: u64 = 60;

/// What is said of a picture besides its pixels: `captured_at;age_ms;sha256`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameHead {
    /// When the camera's frame came, by the node's clock.
    pub captured_at: UtcTime,
    /// How long ago that was when it was sent, in milliseconds: whatever the clocks say.
    pub age_ms: u64,
    /// The hash of the bytes that follow.
    pub sha256: BlobHash,
}

impl FrameHead {
    /// The header's value.
    pub fn to_header(&self) -> String {
        format!("{};{};{}", self.captured_at, self.age_ms, self.sha256)
    }

    /// Reads the header's value; nothing where it is not one.
    pub fn from_header(text: &str) -> Option<Self> {
        let mut parts = text.split(';');
        let head = Self {
            captured_at: parts.next()?.parse().ok()?,
            age_ms: parts.next()?.parse().ok()?,
            sha256: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(head)
    }
}

/// Proof that a node sends this picture of this camera now: `node;at;signature`, the signature over the node, the time,
/// the camera and the head.
#[derive(Debug, Clone, PartialEq, Eq)]
// The header has the form of an upload's; what is signed has not, so that neither passes for the other.
pub struct FrameGrant(UploadGrant);

impl FrameGrant {
    /// A grant for one picture, or for one refusal.
    pub fn sign(key: &NodeKey, node: &NodeId, at: UtcTime, camera: &CameraId, head: &FrameHead) -> Self {
        let sig = key.sign(&signed_bytes(node, at, camera, head));
        Self(UploadGrant { node: node.clone(), at, sig })
    }

    /// Whether the node that owns `key` made this grant for that camera and head.
    pub fn is_valid(&self, key: &NodePublicKey, camera: &CameraId, head: &FrameHead) -> bool {
        key.verify(&signed_bytes(&self.0.node, self.0.at, camera, head), &self.0.sig)
    }

    /// Who sends.
    pub fn node(&self) -> &NodeId {
        &self.0.node
    }

    /// When, by the node's clock.
    pub fn at(&self) -> UtcTime {
        self.0.at
    }

    /// The header's value.
    pub fn to_header(&self) -> String {
        self.0.to_header()
    }

    /// Reads the header's value; nothing where it is not one.
    pub fn from_header(text: &str) -> Option<Self> {
        UploadGrant::from_header(text).map(Self)
    }
}

fn signed_bytes(node: &NodeId, at: UtcTime, camera: &CameraId, head: &FrameHead) -> Vec<u8> {
    format!("gatehouse-view-frame-v1\n{node}\n{at}\n{camera}\n{}", head.to_header()).into_bytes()
}

/// Why a node sends no pictures although it believes the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViewRefusal {
    /// Its configuration forbids it.
    Forbidden,
    /// It has no such camera.
    NoCamera,
    /// The camera gives no picture: it is down, or has no picture to give.
    NoPicture,
    /// Too many look through this node's cameras.
    TooMany,
}

impl ViewRefusal {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Forbidden, Self::NoCamera, Self::NoPicture, Self::TooMany];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forbidden => "forbidden",
            Self::NoCamera => "no_camera",
            Self::NoPicture => "no_picture",
            Self::TooMany => "too_many",
        }
    }
}

/// What is sent in place of a picture, as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ViewAnswer {
    /// Why there is none.
    pub refused: ViewRefusal,
}
