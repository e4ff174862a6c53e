//! The hub's receipt: which of a node's events it has committed.
//!
//! A broker's PUBACK says that the broker has an event, not that it will survive there: Mosquitto loses acknowledged
//! messages when it is killed between two saves, and answers "no matching subscribers" when nobody was listening. A
//! node therefore keeps every event until the hub's receipt covers it.

use serde::{Deserialize, Serialize};

use crate::hash::EventHash;

/// Published retained on `…/ack` after each commit. Cumulative, so that only the newest one matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// Every event up to and including this number is committed; 0 where none is.
    pub committed_seq: u64,
    /// Hash of the event with that number, so that a node sees whether the hub speaks of its own chain.
    pub committed_hash: EventHash,
    /// The highest number committed; above `committed_seq` where events in between are missing.
    pub highest_seq: u64,
}

impl Ack {
    /// What two receipts say together: replicas of a hub may overtake each other.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let highest_seq = self.highest_seq.max(other.highest_seq);
        let further = if other.committed_seq >= self.committed_seq { other } else { self };
        Self { highest_seq, ..further }
    }
}
