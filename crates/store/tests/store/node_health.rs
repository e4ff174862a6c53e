//! What nodes say of their health, and what people confirm of their commissioning.

use store::{CommissioningMark, CommissioningOutcome};
use wire::{CameraHealth, NodeHealth, NodeState, Status, Trouble};

use crate::support::{Home, Node, at, on_both};

fn status(state: NodeState, health: Option<NodeHealth>) -> Status {
    Status { state, version: "1".to_owned(), at: None, backlog: None, clock: None, policy: None, health }
}

fn camera(number: usize) -> CameraHealth {
    CameraHealth {
        camera: format!("cam-{number}").parse().unwrap(),
        width_px: 1920,
        height_px: 1080,
        last_frame_ms: Some(40),
        picture: None,
        plates: None,
    }
}

on_both! {
    async fn the_last_word_on_its_health_stays_when_a_node_is_cut_off(home: Home) {
        let store = home.open().await;
        let node = Node::new("n1", 1).added_to(&store).await;
        let said = |status: Status, second| {
            let (store, node) = (store.clone(), &node);
            async move { store.node_status_set(&node.site, &node.node, &status, at(second)).await.unwrap() }
        };
        assert!(said(status(NodeState::Online, None), 1).await);
        assert_eq!(store.nodes().await.unwrap()[0].health, None);
        let trouble = Trouble { problem: "camera_dark".to_owned(), of: Some("cam-1".to_owned()), detail: "ở".repeat(999) };
        let health = NodeHealth { uptime_s: 7, cameras: (0..99).map(camera).collect(), troubles: vec![trouble], ..NodeHealth::default() };
        said(status(NodeState::Online, Some(health.clone())), 2).await;
        said(status(NodeState::Offline, None), 3).await;
        let kept = store.nodes().await.unwrap().remove(0).health.unwrap();
        assert_eq!((kept.received_at, &kept.health), (at(2), &health.within_limits()));
        said(status(NodeState::Online, Some(NodeHealth::default())), 4).await;
        assert_eq!(store.nodes().await.unwrap()[0].health.as_ref().unwrap().health, NodeHealth::default());
    }

    async fn a_step_bears_the_last_name_and_is_taken_back_with_what_rests_on_it(home: Home) {
        let store = home.open().await;
        let node = Node::new("n1", 1).added_to(&store).await;
        Node::new("n2", 2).added_to(&store).await;
        let mark = |step: &str, by: &str, outcome, second| CommissioningMark {
            node: node.node.clone(),
            step: step.to_owned(),
            outcome,
            note: "không có rào chắn".to_owned(),
            by: by.to_owned(),
            at: at(second),
        };
        let (done, nothing) = (CommissioningOutcome::Confirmed, CommissioningOutcome::NotApplicable);
        for mark in [mark("barrier", "lan", done, 1), mark("barrier", "minh", nothing, 2), mark("hand_over", "minh", done, 3)] {
            store.commissioning_mark_set(&mark).await.unwrap();
        }
        let rows = store.nodes().await.unwrap();
        assert_eq!(rows[0].marks, [mark("barrier", "minh", nothing, 2), mark("hand_over", "minh", done, 3)]);
        assert_eq!(rows[1].marks, []);
        assert!(store.commissioning_marks_delete(&node.node, &["barrier", "hand_over"]).await.unwrap());
        assert_eq!(store.nodes().await.unwrap()[0].marks, []);
        assert!(!store.commissioning_marks_delete(&node.node, &["barrier"]).await.unwrap());
    }
}
