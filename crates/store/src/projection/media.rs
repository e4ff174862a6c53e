//! Which media show which events, and how long they are kept therefore.

use std::collections::BTreeMap;

use domain::{NodeId, UtcTime};
use projections::Changes;
use wire::plate::ListPurpose;
use wire::{BlobHash, EventId, EvidenceRef};

use crate::db::{Insert, Tx};
use crate::error::StoreError;
use crate::retention::RetentionClass;

/// By medium, event and class: the node that made it, and when what it shows was over. The earliest name and the latest
/// moment count, so that the order in which events come does not matter.
#[derive(Default)]
struct Media<'a>(BTreeMap<(BlobHash, EventId, RetentionClass), (&'a NodeId, UtcTime)>);

impl<'a> Media<'a> {
    fn add(&mut self, hash: BlobHash, event: EventId, class: RetentionClass, node: &'a NodeId, at: UtcTime) {
        let known = self.0.entry((hash, event, class)).or_insert((node, at));
        *known = (known.0.min(node), known.1.max(at));
    }

    fn add_all(
        &mut self,
        evidence: &[EvidenceRef],
        event: EventId,
        class: RetentionClass,
        node: &'a NodeId,
        at: UtcTime,
    ) {
        for named in evidence {
            self.add(named.sha256, event, class, node, at);
        }
    }
}

pub(super) async fn write(tx: &mut Tx, changes: &Changes) -> Result<(), StoreError> {
    let mut media = Media::default();
    for row in changes.passages.values() {
        media.add_all(&row.evidence, row.id, RetentionClass::PassagePictures, &row.node, row.passage.at);
    }
    for row in changes.stays.values() {
        media.add_all(&row.evidence, row.id, RetentionClass::PassagePictures, &row.node, row.stay.to);
    }
    for row in changes.plates.values() {
        let is_watched = row.listed.as_ref().is_some_and(|listed| listed.purpose == ListPurpose::Watch);
        let class = if is_watched { RetentionClass::AlertEvidence } else { RetentionClass::PlatePictures };
        media.add_all(&row.evidence, row.id, class, &row.node, row.to);
    }
    for row in changes.decisions.values() {
        media.add_all(&row.evidence, row.id, RetentionClass::DecisionEvidence, &row.node, row.at);
    }
    for row in changes.incidents.values() {
        media.add_all(&row.evidence, row.id, RetentionClass::AlertEvidence, &row.node, row.incident.at);
    }
    for row in changes.clips.values() {
        let added = &row.added;
        media.add(added.clip.sha256, added.event, RetentionClass::Clips, &row.node, added.to);
    }
    let mut insert = Insert::new(
        "insert into medium (sha256, event, class, node, at)",
        " on conflict (sha256, event, class) do update set \
         node = case when excluded.node < medium.node then excluded.node else medium.node end, \
         at = case when excluded.at > medium.at then excluded.at else medium.at end",
    );
    for ((hash, event, class), (node, at)) in media.0 {
        insert
            .row()
            .push_bind(hash.to_string())
            .push_bind(event.to_string())
            .push_bind(class.as_str())
            .push_bind(node.as_str())
            .push_bind(at.as_unix_micros());
    }
    insert.execute(tx).await
}
