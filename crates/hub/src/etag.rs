//! Entity tags of files that are built into the program: a browser that holds one is not sent it again.

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};

/// The tag of these bytes.
pub(crate) fn etag(bytes: &[u8]) -> String {
    format!("\"{}\"", hex::encode(&Sha256::digest(bytes)[..16]))
}

/// Whether the reader says that it holds what has this tag.
pub(crate) fn is_held(headers: &HeaderMap, etag: &str) -> bool {
    headers
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        // A proxy that compresses makes the tag a weak one.
        .is_some_and(|held| held.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag))
}
