//! Clips: found with the event that they show, whichever of the two came first, and only from that event's own node.

use domain::{CameraId, MediaTime};
use store::CLIPS_PER_EVENT_MAX;
use wire::evidence::{ClipEdge, CutReason};
use wire::{BlobHash, EventId, EvidenceAdded, EvidenceRef, EvidenceRole, Payload};

use crate::support::{Home, Node, at, ingest, on_both, plate, plate_read, projections};

pub fn clip(of: EventId, content: &[u8]) -> EvidenceAdded {
    EvidenceAdded {
        event: of,
        camera: CameraId::new("cam-1").unwrap(),
        clip: EvidenceRef {
            role: EvidenceRole::Clip,
            sha256: BlobHash::of(content),
            media_type: "video/mp4".to_owned(),
            bytes: content.len() as u64,
            media: MediaTime::from_micros(4_000_000),
            later_by_ms: None,
        },
        from: at(5),
        to: at(15),
        media_to: MediaTime::from_micros(14_000_000),
        frames: 150,
        begins: ClipEdge::Cut { missing_ms: 40, why: CutReason::NotKept },
        ends: ClipEdge::Whole,
    }
}

on_both! {
    async fn a_clip_is_found_with_its_event_whichever_came_first(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let (first, third) = (node.id(1), node.id(3));
        let mut messages = vec![
            node.says(plate_read(plate("30A00001", 1, 10))),
            node.says(Payload::EvidenceAdded(clip(third, b"late"))),
            node.says(plate_read(plate("30A00002", 2, 20))),
            node.says(Payload::EvidenceAdded(clip(first, b"early"))),
        ];
        messages.reverse();
        ingest(&store, messages).await;
        let found = store.clips_of([(&node.node, first), (&node.node, third), (&node.node, node.id(2))]).await.unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((&found[&first][..], &found[&third][..]), (&[clip(first, b"early")][..], &[clip(third, b"late")][..]));
        let before = projections(&home).await;
        store.rebuild().await.unwrap();
        assert_eq!(projections(&home).await, before);
    }

    async fn a_node_adds_nothing_to_the_event_of_another_and_no_event_has_clips_without_end(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let mut other = Node::new("n2", 2).added_to(&store).await;
        let event = node.id(1);
        let mut messages = vec![node.says(plate_read(plate("30A00001", 1, 10)))];
        messages.push(other.says(Payload::EvidenceAdded(clip(event, b"forged"))));
        ingest(&store, messages).await;
        assert!(store.clips_of([(&node.node, event)]).await.unwrap().is_empty());
        let many: Vec<_> = (0..9_u8).map(|n| node.says(Payload::EvidenceAdded(clip(event, &[n])))).collect();
        ingest(&store, many).await;
        let found = store.clips_of([(&node.node, event)]).await.unwrap().remove(&event).unwrap();
        assert_eq!(found, (0..CLIPS_PER_EVENT_MAX as u8).map(|n| clip(event, &[n])).collect::<Vec<_>>());
    }
}
