//! Nodes whose clocks are not the hub's.

use domain::{ClockQuality, ClockSource, Direction, ObjectClass, UtcTime};
use store::{Outcome, Store};
use wire::{NodeState, Status};

use crate::support::{Home, Node, alarms, at, ingest, on_both, passed};

const YEAR_S: i64 = 365 * 86_400;
const SYNCHRONISED: ClockQuality = ClockQuality { source: ClockSource::Synchronised, ..ClockQuality::MEDIA };

async fn says_the_time(store: &Store, node: &Node, said: UtcTime, received_at: UtcTime) {
    let clock = Some(SYNCHRONISED);
    let state = NodeState::Online;
    let status =
        Status { state, version: "1".to_owned(), at: Some(said), backlog: None, clock, policy: None, health: None };
    assert!(store.node_status_set(&node.site, &node.node, &status, received_at).await.unwrap());
}

on_both! {
    async fn an_event_a_year_ahead_is_kept_and_its_node_named_until_its_clock_is_right(home: Home) {
        let store = home.open().await;
        let node = Node::new("n1", 1).added_to(&store).await;
        let car = passed(Direction::In, ObjectClass::Car, 10);
        let (message, _) = node.sealed_at(at(1_000 + YEAR_S), SYNCHRONISED, 1, node.prev, node.id(1), car);
        assert_eq!(ingest(&store, vec![message]).await.outcomes, [Outcome::Stored]);
        assert_eq!(alarms(&store, &node).await, ["clock"]);
        let kept = store.event_find(node.id(1)).await.unwrap().unwrap();
        assert_eq!((kept.at, kept.received_at, kept.clock), (at(1_000 + YEAR_S), at(1_000), SYNCHRONISED));
        says_the_time(&store, &node, at(1_010 + YEAR_S), at(1_010)).await;
        assert_eq!(alarms(&store, &node).await, ["clock"]);
        says_the_time(&store, &node, at(1_020), at(1_020)).await;
        assert_eq!(alarms(&store, &node).await, Vec::<String>::new());
    }

    async fn a_clock_a_year_behind_is_told_apart_from_a_message_that_waited(home: Home) {
        let store = home.open().await;
        let node = Node::new("n1", 1).added_to(&store).await;
        // The hub was away for an hour; the broker hands over what it kept.
        says_the_time(&store, &node, at(0), at(3_600)).await;
        says_the_time(&store, &node, at(30), at(3_600)).await;
        says_the_time(&store, &node, at(3_630), at(3_631)).await;
        assert_eq!(alarms(&store, &node).await, Vec::<String>::new());
        // Its battery is empty and the power was away.
        says_the_time(&store, &node, at(3_660 - YEAR_S), at(3_660)).await;
        says_the_time(&store, &node, at(3_690 - YEAR_S), at(3_690)).await;
        assert_eq!(alarms(&store, &node).await, ["clock"]);
        says_the_time(&store, &node, at(3_720), at(3_720)).await;
        assert_eq!(alarms(&store, &node).await, Vec::<String>::new());
    }
}
