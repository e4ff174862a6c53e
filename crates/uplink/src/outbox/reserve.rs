//! Space that is kept back, so that a receipt can be written on a disk that is full.
//!
//! A receipt empties the outbox, but SQLite writes down what it is about to delete. On a full disk it cannot, and the
//! one thing that would make room waits for room. So some space lies in a file beside the outbox, and goes when a
//! receipt needs it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FallocateFlags, fallocate};
use tracing::{debug, warn};

use crate::durable::beside;

/// Bytes that are kept back: what deleting some ten thousand events takes.
const RESERVE_BYTES: u64 = 1024 * 1024;

/// Shortest time between two attempts to take the space back.
const RETAKE_AFTER: Duration = Duration::from_secs(30);

/// The space, or the wish to have it.
#[derive(Debug)]
pub(super) struct Reserve {
    path: PathBuf,
    is_held: bool,
    tried_at: Option<Instant>,
}

impl Reserve {
    /// The space beside the outbox at `outbox`: what is there from before is kept, otherwise it is taken if there is
    /// any.
    pub(super) fn beside(outbox: &Path) -> Self {
        let mut reserve = Self { path: beside(outbox, ".reserve"), is_held: false, tried_at: None };
        reserve.keep();
        reserve
    }

    /// Takes the space where it is not held and the disk has it.
    pub(super) fn keep(&mut self) {
        if self.is_held || self.tried_at.is_some_and(|at| at.elapsed() < RETAKE_AFTER) {
            return;
        }
        self.tried_at = Some(Instant::now());
        match self.take() {
            Ok(()) => self.is_held = true,
            Err(error) => {
                // Part of the space would be somebody else's loss and nobody's gain.
                let _ = fs::remove_file(&self.path);
                debug!(path = %self.path.display(), %error, "no space is kept back for receipts");
            }
        }
    }

    fn take(&self) -> std::io::Result<()> {
        let file = File::options().write(true).create(true).truncate(false).open(&self.path)?;
        // Real blocks: a file that is only long holds nothing back.
        fallocate(&file, FallocateFlags::empty(), 0, RESERVE_BYTES)?;
        file.sync_all()
    }

    /// Gives the space to whoever writes next; whether there was any.
    pub(super) fn give(&mut self) -> bool {
        if !std::mem::take(&mut self.is_held) {
            return false;
        }
        self.tried_at = Some(Instant::now());
        warn!(path = %self.path.display(), "the disk is full: a receipt is written to the space kept back for it");
        match fs::remove_file(&self.path) {
            Ok(()) => true,
            Err(error) => {
                warn!(path = %self.path.display(), %error, "the space kept back for receipts cannot be given");
                false
            }
        }
    }
}
