//! What a batch comes to in the database.

use projections::{Changes, Fact};
use wire::Received;

use super::ahead::both;
use super::{Message, write};
use crate::db::{Dialect, Insert};
use crate::error::StoreError;
use crate::projection::Prepared;

/// The rows of some events of a batch, and of what they add up to. Making them takes about as long as writing them.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) log: Insert,
    pub(super) projected: Prepared,
}

impl Rows {
    pub(super) fn of(
        dialect: Dialect,
        events: &[(usize, Box<Received>)],
        batch: &[Message],
    ) -> Result<Self, StoreError> {
        let project = || {
            let mut changes = Changes::default();
            for (_, event) in events {
                changes.add(&Fact::from(&**event));
            }
            Prepared::of(changes)
        };
        let (log, projected) = both(events.len(), || write::rows(dialect, events, batch), project);
        Ok(Self { log: log?, projected: projected? })
    }
}
