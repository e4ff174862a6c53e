//! Clips of events.

use std::collections::HashSet;

use serde::Serialize;
use utoipa::ToSchema;
use wire::evidence::ClipEdge;
use wire::{BlobHash, EvidenceAdded};

use super::{Evidence, evidence};

/// A clip from before to after an event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Clip {
    /// The video.
    media: Evidence,
    /// When its first picture was taken.
    from: String,
    /// When its last picture was taken.
    to: String,
    /// Pictures in it.
    frames: u32,
    /// What is missing at its beginning; nothing where all that was asked for is there.
    begin_cut: Option<Cut>,
    /// What is missing at its end; nothing where all that was asked for is there.
    end_cut: Option<Cut>,
}

/// What a clip lacks at one of its ends.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Cut {
    /// How much, in milliseconds.
    missing_ms: u64,
    /// `not_kept`, `no_stream`, `deadline`, `too_large` or `stopped`.
    why: &'static str,
}

impl Clip {
    /// `stored` are those media that have arrived.
    pub(crate) fn new(added: &EvidenceAdded, stored: &HashSet<BlobHash>) -> Option<Self> {
        Some(Self {
            media: evidence(added.event, std::slice::from_ref(&added.clip), stored).pop()?,
            from: added.from.to_string(),
            to: added.to.to_string(),
            frames: added.frames,
            begin_cut: cut(added.begins),
            end_cut: cut(added.ends),
        })
    }
}

fn cut(edge: ClipEdge) -> Option<Cut> {
    match edge {
        ClipEdge::Whole => None,
        ClipEdge::Cut { missing_ms, why } => Some(Cut { missing_ms, why: why.as_str() }),
    }
}
