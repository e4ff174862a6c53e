//! The clips that show events.

use std::collections::HashMap;

use domain::NodeId;
use wire::{EventId, EvidenceAdded};

use crate::db::{KEYS_PER_STATEMENT, Query};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::{from_json, parsed};

/// Most clips that are shown of one event; a node makes one.
pub const CLIPS_PER_EVENT_MAX: usize = 4;

impl Store {
    /// The clips of these events, in the order in which they were told of; at most [`CLIPS_PER_EVENT_MAX`] of each. Only
    /// an event's own node can add to it.
    pub async fn clips_of(
        &self,
        events: impl IntoIterator<Item = (&NodeId, EventId)>,
    ) -> Result<HashMap<EventId, Vec<EvidenceAdded>>, StoreError> {
        let asked: Vec<(&NodeId, EventId)> = events.into_iter().collect();
        let mut found: HashMap<EventId, Vec<EvidenceAdded>> = HashMap::new();
        for chunk in asked.chunks(KEYS_PER_STATEMENT) {
            let owners: HashMap<EventId, &NodeId> = chunk.iter().map(|(node, id)| (*id, *node)).collect();
            let mut query = Query::new("select node, added from clip where of_event");
            query.push_in(self.inner.db.dialect(), chunk.iter().map(|(_, id)| id.to_string()).collect());
            query.push(" order by of_event, node, seq");
            for row in query.once().fetch_all(&self.inner.db).await? {
                let node: NodeId = parsed("a node id", row.try_get("node")?)?;
                let added: EvidenceAdded = from_json("a clip", row.try_get("added")?)?;
                let clips = found.entry(added.event).or_default();
                if owners.get(&added.event) == Some(&&node) && clips.len() < CLIPS_PER_EVENT_MAX {
                    clips.push(added);
                }
            }
        }
        found.retain(|_, clips| !clips.is_empty());
        Ok(found)
    }
}
