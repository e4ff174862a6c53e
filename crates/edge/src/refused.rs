//! A camera that cannot be looked at, because what looks is missing or damaged: everybody is told why, and the others run.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use domain::CameraId;
use wire::event::{CameraChange, CameraState};

use crate::board::Board;
use crate::desk::Desk;
use crate::node_clock::NodeClock;
use crate::watch::Sink;

/// The camera, and why.
pub(crate) struct Refused<S> {
    pub(crate) id: CameraId,
    pub(crate) reason: String,
    pub(crate) desk: Desk,
    pub(crate) sink: S,
    pub(crate) clock: Arc<NodeClock>,
    pub(crate) board: Arc<Board>,
}

impl<S: Sink> Refused<S> {
    /// Tells the hub and the node's page, and fails with the reason.
    pub(crate) fn tell(self) -> Result<()> {
        let Self { id, reason, mut desk, mut sink, clock, board } = self;
        board.change(CameraState::Failed, &reason);
        let change = CameraChange { camera: id.clone(), state: CameraState::Failed, reason: reason.clone() };
        let pending = desk.handle_camera(change, clock.utc(), clock.quality());
        let kept = sink.events(pending.into_iter().map(|one| desk.complete(one, Vec::new())).collect());
        let error = kept.err().map_or_else(|| anyhow!("{reason}"), anyhow::Error::from);
        Err(error).with_context(|| format!("camera {id} cannot be used"))
    }
}
