//! Projections are the fold of the log, whatever the order in which it came.

use std::sync::Arc;

use domain::{Direction, ObjectClass};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use store::{Message, Outcome};
use wire::Payload;
use wire::event::{CameraState, ClockJump};

use crate::support::{
    Home, Node, camera, incident, ingest, occupied, on_both, passed, plate, plate_read, projections, started, stayed,
};

fn payload() -> impl Strategy<Value = Payload> {
    let direction = prop_oneof![Just(Direction::In), Just(Direction::Out)];
    prop_oneof![
        4 => (direction, 0usize..8, 0u64..300)
            .prop_map(|(direction, class, second)| passed(direction, ObjectClass::ALL[class], second)),
        1 => (0u64..300).prop_map(stayed),
        2 => (0u64..4, 0u64..300)
            .prop_map(|(plates, second)| plate_read(plate(&format!("30A1234{plates}"), plates, second))),
        2 => (0u32..9).prop_map(occupied),
        1 => any::<bool>().prop_map(|up| camera(if up { CameraState::Up } else { CameraState::Failed })),
        1 => (0u32..9, 0u64..300).prop_map(|(count, second)| incident(count, second)),
        1 => Just(started()),
        1 => any::<i32>().prop_map(|by| Payload::ClockJumped(ClockJump { by_ms: by.into() })),
    ]
}

/// What two nodes say, in order, and the same shuffled and repeated, cut into batches.
fn histories() -> impl Strategy<Value = (Vec<Message>, Vec<Vec<Message>>)> {
    prop::collection::vec((any::<bool>(), payload()), 1..60).prop_flat_map(|said| {
        let mut nodes = [Node::new("n1", 1), Node::new("n2", 2)];
        let told: Vec<_> = said.into_iter().map(|(second, payload)| nodes[usize::from(second)].says(payload)).collect();
        let twice: Vec<_> = told.iter().chain(&told).cloned().collect();
        let batches = (Just(twice).prop_shuffle(), 1usize..30)
            .prop_map(|(shuffled, size)| shuffled.chunks(size).map(<[_]>::to_vec).collect::<Vec<_>>());
        (Just(told), batches)
    })
}

async fn state_after(home: &Home, batches: Vec<Vec<Message>>) -> (Vec<String>, Vec<String>, String) {
    let store = home.open().await;
    Node::new("n1", 1).added_to(&store).await;
    Node::new("n2", 2).added_to(&store).await;
    for batch in batches {
        store.ingest(Arc::from(batch)).await.unwrap();
    }
    let live = projections(home).await;
    store.rebuild().await.unwrap();
    let verified = store.verify().await.unwrap();
    assert_eq!(verified.findings, []);
    (live, projections(home).await, format!("{:?}", store.heads().await.unwrap()))
}

fn any_order_and_repetition(cases: u32, home: impl Fn() -> Home) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let config = Config { cases, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&histories(), |(told, batches)| {
            let (live, rebuilt, heads) = runtime.block_on(state_after(&home(), vec![told]));
            let (shuffled, shuffled_rebuilt, shuffled_heads) = runtime.block_on(state_after(&home(), batches));
            prop_assert!(!live.is_empty());
            prop_assert_eq!(&live, &rebuilt);
            prop_assert_eq!(&live, &shuffled);
            prop_assert_eq!(&live, &shuffled_rebuilt);
            prop_assert_eq!(heads, shuffled_heads);
            Ok(())
        })
        .unwrap();
}

#[test]
fn any_order_and_repetition_gives_the_same_state_and_a_rebuild_too() {
    any_order_and_repetition(24, Home::sqlite);
}

#[test]
fn any_order_and_repetition_gives_the_same_state_and_a_rebuild_too_on_postgresql() {
    if let Some(home) = Home::postgres() {
        any_order_and_repetition(4, || home.another());
    }
}

#[test]
fn both_databases_hold_the_same_rows() {
    let Some(postgres) = Home::postgres() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let config = Config { cases: 3, max_shrink_iters: 50, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&histories(), |(_, batches)| {
            let of_file = runtime.block_on(state_after(&Home::sqlite(), batches.clone()));
            let of_server = runtime.block_on(state_after(&postgres.another(), batches));
            prop_assert_eq!(of_file, of_server);
            Ok(())
        })
        .unwrap();
}

on_both! {
    async fn a_store_folded_by_another_version_is_folded_again_when_it_is_opened(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        ingest(&store, node.passes(4)).await;
        let live = projections(&home).await;
        store.close().await;
        drop(store);
        for sql in ["update meta set value = 'other' where name = 'fold_version'", "delete from count_minute"] {
            home.execute(sql).await.unwrap();
        }
        assert_ne!(projections(&home).await, live);
        let _store = home.open().await;
        assert_eq!(projections(&home).await, live);
    }

    async fn an_event_of_a_kind_unknown_to_this_version_is_stored_and_receipted(home: Home) {
        let store = home.open().await;
        let node = Node::new("n1", 1).added_to(&store).await;
        let body = serde_json::json!({
            "v": 1, "id": node.id(1), "site": node.site, "node": node.node, "seq": 1,
            "at": "2026-11-20T01:30:00.000000Z", "clock": {"source": "media", "offset_ms": 0},
            "kind": "weather_changed", "payload": {"rain": true}, "prev": "0".repeat(64),
        });
        // `serde_json` writes members in the order of the alphabet and these values as RFC 8785 does.
        let signed = format!("gatehouse-event-v1\n{body}");
        let mut envelope = body.clone();
        envelope["sig"] = node.key.sign(signed.as_bytes()).to_string().into();
        let message =
            Message { topic: node.topic(), payload: envelope.to_string().into_bytes(), received_at: crate::support::at(0) };
        let outcome = ingest(&store, vec![message]).await;
        assert_eq!(outcome.outcomes, [Outcome::Stored]);
        assert_eq!((outcome.heads[0].ack.committed_seq, outcome.stored[0].kind.as_str()), (1, "weather_changed"));
        let rebuilt = store.rebuild().await.unwrap();
        assert_eq!((rebuilt.events, rebuilt.unread), (1, 1));
    }

    async fn a_changed_row_of_the_log_is_found(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        ingest(&store, node.passes(3)).await;
        assert_eq!(store.verify().await.unwrap().findings, []);
        home.execute("update event set body = replace(body, '\"in\"', '\"out\"') where seq = 2").await
            .unwrap();
        let verified = store.verify().await.unwrap();
        let places: Vec<_> = verified.findings.iter().map(|f| (f.place.as_str(), f.what.as_str())).collect();
        assert!(places.contains(&("event 2 of node \"n1\"", "its signature is not the node's")), "{places:?}");
        assert!(places.contains(&("event 2 of node \"n1\"", "its body does not have its hash")), "{places:?}");
    }
}
