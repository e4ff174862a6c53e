//! What becomes of messages: each event in once, everything else kept apart with a reason.

use domain::{Direction, ObjectClass, SiteId};
use store::{Message, Outcome, QUARANTINE_PAYLOAD_BYTES_MAX, QUARANTINE_ROWS_PER_NODE_MAX, Reason, Sites};
use wire::EventHash;
use wire::event::CameraState;

use crate::support::{
    Home, Node, alarms, all, at, camera, head, ingest, occupied, on_both, passages_counted, passed, started,
};

on_both! {
    async fn an_event_is_stored_counted_and_receipted(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let outcome = ingest(&store, node.passes(3)).await;
        assert_eq!(outcome.outcomes, all(Outcome::Stored, 3));
        assert_eq!(outcome.stored.iter().map(|event| event.pos).collect::<Vec<_>>(), [1, 2, 3]);
        let [head] = outcome.heads.as_slice() else { panic!("one head") };
        assert_eq!((head.ack.committed_seq, head.ack.highest_seq, head.ack.committed_hash), (3, 3, node.prev));
        assert_eq!(store.heads().await.unwrap(), outcome.heads);
        let [gate] = &store.gates(None, at(0)).await.unwrap()[..] else { panic!("one gate") };
        assert_eq!((gate.today.person.entered, gate.inside[0].inside.count, gate.today.vehicle.entered), (3, 3, 0));
        assert_eq!(gate.last_at, at(2));
        assert_eq!(alarms(&store, &node).await, [""; 0]);
    }

    async fn repeats_change_nothing_and_are_receipted_again(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let messages = node.passes(5);
        let twice_in_one: Vec<_> = messages.iter().chain(&messages).cloned().collect();
        let first = ingest(&store, twice_in_one).await;
        assert_eq!(first.outcomes, [all(Outcome::Stored, 5), all(Outcome::Duplicate, 5)].concat());
        let again = ingest(&store, messages).await;
        assert_eq!(again.outcomes, all(Outcome::Duplicate, 5));
        assert_eq!((again.heads, again.stored), (first.heads, vec![]));
        assert_eq!(passages_counted(&store).await, 5);
    }

    async fn events_out_of_order_open_a_gap_that_closes_when_it_is_filled(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let messages = node.passes(6);
        ingest(&store, vec![messages[0].clone(), messages[4].clone(), messages[2].clone()]).await;
        let ack = head(&store, &node).await.ack;
        assert_eq!((ack.committed_seq, ack.highest_seq), (1, 5));
        assert_eq!(alarms(&store, &node).await, ["gap"]);
        let detail = &store.alarms(&Sites::All, Some(&node.node), 9).await.unwrap()[0].detail;
        assert_eq!(detail, "event 2 is missing; the highest here is 5");

        ingest(&store, vec![messages[1].clone()]).await;
        assert_eq!(head(&store, &node).await.ack.committed_seq, 3);
        assert_eq!(alarms(&store, &node).await, ["gap"]);

        let last = ingest(&store, vec![messages[3].clone()]).await;
        assert_eq!((last.heads[0].ack.committed_seq, last.heads[0].ack.highest_seq), (5, 5));
        assert_eq!(alarms(&store, &node).await, [""; 0]);
        let gap = &store.alarms(&Sites::All, Some(&node.node), 9).await.unwrap()[0];
        assert_eq!((gap.kind.as_str(), gap.count, gap.closed_at), ("gap", 1, Some(at(1000))));

        ingest(&store, vec![messages[5].clone()]).await;
        assert_eq!(head(&store, &node).await.ack.committed_hash, node.prev);
        assert_eq!(passages_counted(&store).await, 6);
    }

    async fn nothing_is_complete_while_the_first_event_is_missing(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let messages = node.passes(3);
        ingest(&store, messages[1..].to_vec()).await;
        let ack = head(&store, &node).await.ack;
        assert_eq!((ack.committed_seq, ack.committed_hash, ack.highest_seq), (0, EventHash::GENESIS, 3));
        ingest(&store, messages[..1].to_vec()).await;
        assert_eq!(head(&store, &node).await.ack.committed_seq, 3);
    }

    async fn another_event_under_a_taken_number_is_a_fork_and_the_first_stays(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let first = ingest(&store, node.passes(2)).await;
        let (other, _) = node.sealed(2, EventHash::GENESIS, node.id(77), passed(Direction::Out, ObjectClass::Car, 9));
        let outcome = ingest(&store, vec![other]).await;
        assert_eq!(outcome.outcomes, [Outcome::Quarantined(Reason::Fork)]);
        assert_eq!(outcome.heads, first.heads);
        assert_eq!(alarms(&store, &node).await, ["fork"]);
        assert_eq!(store.gates(None, at(0)).await.unwrap()[0].today.vehicle.left, 0);
    }

    async fn two_events_under_one_number_in_one_batch_are_a_fork(home: Home) {
        let store = home.open().await;
        let node = Node::new("n1", 1).added_to(&store).await;
        let (first, _) = node.sealed(1, EventHash::GENESIS, node.id(1), occupied(1));
        let (other, _) = node.sealed(1, EventHash::GENESIS, node.id(2), occupied(2));
        let outcome = ingest(&store, vec![first, other]).await;
        assert_eq!(outcome.outcomes, [Outcome::Stored, Outcome::Quarantined(Reason::Fork)]);
    }

    async fn an_identity_that_comes_again_under_another_number_is_refused(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let stranger = Node::new("n2", 2).added_to(&store).await;
        ingest(&store, node.passes(2)).await;
        let (same, _) = node.sealed(3, node.prev, node.id(1), occupied(1));
        let (of_another, _) = stranger.sealed(1, EventHash::GENESIS, node.id(2), occupied(1));
        let outcome = ingest(&store, vec![same, of_another]).await;
        assert_eq!(outcome.outcomes, all(Outcome::Quarantined(Reason::IdReused), 2));
        assert_eq!(
            (alarms(&store, &node).await, alarms(&store, &stranger).await),
            (vec!["id_reused".to_owned()], vec!["id_reused".to_owned()])
        );
        assert_eq!(head(&store, &stranger).await.ack.highest_seq, 0);
    }

    async fn among_many_only_the_event_with_anothers_identity_is_refused(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let mut other = Node::new("n2", 2).added_to(&store).await;
        ingest(&store, node.passes(3)).await;
        let mut batch = node.passes(150);
        let stranger = Node::new("n3", 3).added_to(&store).await;
        let (thief, _) = stranger.sealed(1, EventHash::GENESIS, node.id(2), occupied(1));
        batch.push(thief);
        batch.extend(other.passes(150));
        let outcome = ingest(&store, batch).await;
        let refused = outcome.outcomes.iter().filter(|one| **one == Outcome::Quarantined(Reason::IdReused)).count();
        let stored = outcome.outcomes.iter().filter(|one| **one == Outcome::Stored).count();
        assert_eq!((refused, stored, outcome.stored.len()), (1, 300, 300));
        assert_eq!(alarms(&store, &stranger).await, ["id_reused"]);
        assert_eq!((head(&store, &node).await.ack.committed_seq, head(&store, &other).await.ack.committed_seq), (153, 150));
        // Each has its own place in the log, in one order.
        let places: Vec<u64> = outcome.stored.iter().map(|event| event.pos).collect();
        assert!(places.is_sorted_by(|one, next| one < next), "{places:?}");
        let log = store.events_after(0, 1_000).await.unwrap();
        assert_eq!(log.iter().map(|event| (event.pos, event.id)).skip(3).collect::<Vec<_>>(),
            outcome.stored.iter().map(|event| (event.pos, event.id)).collect::<Vec<_>>());
    }

    async fn a_broken_chain_is_stored_and_raises_an_alarm_whichever_side_comes_first(home: Home) {
        for late_first in [false, true] {
            let home = home.another();
            let store = home.open().await;
            let mut node = Node::new("n1", 1).added_to(&store).await;
            ingest(&store, node.passes(1)).await;
            let (second, _) = node.sealed(2, node.prev, node.id(2), occupied(1));
            let (third, _) = node.sealed(3, EventHash::from_bytes([9; 32]), node.id(3), occupied(2));
            let order = if late_first { [third, second] } else { [second, third] };
            for message in order {
                assert_eq!(ingest(&store, vec![message]).await.outcomes, [Outcome::Stored]);
            }
            assert_eq!(alarms(&store, &node).await, ["broken_chain"]);
            assert_eq!(head(&store, &node).await.ack.committed_seq, 3);
            assert_eq!(store.alarms(&Sites::All, Some(&node.node), 9).await.unwrap().iter().map(|a| a.count).max(), Some(1));
        }
    }

    async fn a_first_event_that_names_another_before_it_raises_an_alarm(home: Home) {
        let store = home.open().await;
        let node = Node::new("n1", 1).added_to(&store).await;
        let (first, _) = node.sealed(1, EventHash::from_bytes([1; 32]), node.id(1), occupied(1));
        assert_eq!(ingest(&store, vec![first]).await.outcomes, [Outcome::Stored]);
        assert_eq!(alarms(&store, &node).await, ["broken_chain"]);
    }

    async fn messages_that_are_no_events_are_kept_apart_and_the_rest_goes_on(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let good = node.passes(2);
        let message = |topic: &str, payload: &[u8]| Message {
            topic: topic.to_owned(),
            payload: payload.to_vec(),
            received_at: at(1000),
        };
        let impostor = Node { key: wire::NodeKey::from_seed([99; 32]), ..Node::new("n1", 1) };
        let (forged, _) = impostor.sealed(3, node.prev, node.id(3), occupied(1));
        let (zero, _) = node.sealed(0, EventHash::GENESIS, node.id(4), occupied(1));
        let elsewhere = Node { site: SiteId::new("noi-khac").unwrap(), ..Node::new("n1", 1) };
        let (displaced, _) = elsewhere.sealed(3, node.prev, node.id(3), occupied(1));
        let batch = vec![
            good[0].clone(),
            message(&node.topic(), b"not an envelope"),
            message(&node.topic(), b""),
            message(&node.topic(), &vec![b'x'; 200_000]),
            forged,
            message("gatehouse/v1/cao-nguyen/n2/event", &good[1].payload),
            message("gatehouse/v1/cao-nguyen/n1/status", &good[1].payload),
            message("elsewhere", b"{}"),
            displaced,
            zero,
            good[1].clone(),
        ];
        let outcome = ingest(&store, batch).await;
        let refused = Outcome::Quarantined;
        assert_eq!(
            outcome.outcomes,
            [
                Outcome::Stored,
                refused(Reason::Unreadable),
                refused(Reason::Unreadable),
                refused(Reason::Unreadable),
                refused(Reason::BadSignature),
                refused(Reason::Misplaced),
                refused(Reason::UnknownTopic),
                refused(Reason::UnknownTopic),
                refused(Reason::Misplaced),
                refused(Reason::BadNumber),
                Outcome::Stored,
            ]
        );
        assert_eq!(head(&store, &node).await.ack.committed_seq, 2);
        assert_eq!(alarms(&store, &node).await, ["bad_number", "bad_signature", "misplaced", "unreadable"]);
        let rows = store.quarantine(&Sites::All, 100).await.unwrap();
        assert_eq!(rows.len(), 9);
        let long = rows.iter().find(|row| row.payload_bytes == 200_000).unwrap();
        assert!(long.detail.contains("at most"), "{}", long.detail);
        let kept = home.number("select cast(max(length(payload)) as bigint) from quarantine").await;
        assert_eq!(usize::try_from(kept).unwrap(), QUARANTINE_PAYLOAD_BYTES_MAX);
    }

    async fn the_same_bad_message_again_is_one_row_with_a_count(home: Home) {
        let store = home.open().await;
        let node = Node::new("n1", 1).added_to(&store).await;
        let bad = Message { topic: node.topic(), payload: b"{}".to_vec(), received_at: at(1) };
        ingest(&store, vec![bad.clone(), bad.clone()]).await;
        ingest(&store, vec![Message { received_at: at(9), ..bad }]).await;
        let rows = store.quarantine(&Sites::All, 100).await.unwrap();
        assert_eq!(rows.iter().map(|row| (row.count, row.first_at, row.last_at)).collect::<Vec<_>>(), [(3, at(1), at(9))]);
    }

    async fn an_unknown_node_is_not_believed_until_it_is_added_and_sends_again(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1);
        let messages = node.passes(3);
        let outcome = ingest(&store, messages.clone()).await;
        assert_eq!(outcome.outcomes, all(Outcome::Quarantined(Reason::UnknownNode), 3));
        assert_eq!((outcome.heads, outcome.stored), (vec![], vec![]));
        assert_eq!(alarms(&store, &node).await, ["unknown_node"]);
        assert_eq!(store.quarantine(&Sites::All, 10).await.unwrap().len(), 3);

        let node = node.added_to(&store).await;
        assert_eq!((alarms(&store, &node).await, store.quarantine(&Sites::All, 10).await.unwrap()), (vec![], vec![]));
        let outcome = ingest(&store, messages).await;
        assert_eq!(outcome.outcomes, all(Outcome::Stored, 3));
        assert_eq!(head(&store, &node).await.ack.committed_seq, 3);
    }

    async fn a_node_added_by_another_process_is_believed_at_once(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1);
        let messages = node.passes(1);
        ingest(&store, messages.clone()).await;
        let visitor = store::Store::visit(&home.location(), &home.blobs()).await.unwrap();
        let node = node.added_to(&visitor).await;
        visitor.close().await;
        assert_eq!(ingest(&store, messages).await.outcomes, [Outcome::Stored]);
        assert_eq!(head(&store, &node).await.ack.committed_seq, 1);
    }

    async fn a_name_stands_for_one_key_for_good(home: Home) {
        let store = home.open().await;
        let node = Node::new("n1", 1).added_to(&store).await;
        store.node_insert(&node.registration()).await.unwrap();
        let error = store.node_insert(&Node::new("n1", 2).registration()).await.unwrap_err().to_string();
        assert!(error.contains("\"n1\" is there already") && error.contains(&node.key.public().to_string()), "{error}");
    }

    async fn quarantine_keeps_the_newest_of_each_node(home: Home) {
        let store = home.open().await;
        let keep = usize::try_from(QUARANTINE_ROWS_PER_NODE_MAX).unwrap();
        let (loud, quiet) = (Node::new("loud", 1), Node::new("quiet", 2));
        let bad = |node: &Node, n: usize| Message {
            topic: node.topic(),
            payload: n.to_string().into_bytes(),
            received_at: at(i64::try_from(n).unwrap()),
        };
        ingest(&store, vec![bad(&quiet, 0)]).await;
        for from in (0..keep + 500).step_by(500) {
            ingest(&store, (from..from + 500).map(|n| bad(&loud, n)).collect()).await;
        }
        let rows = store.quarantine(&Sites::All, u32::MAX).await.unwrap();
        let of_loud: Vec<_> = rows.iter().filter(|row| row.node.as_ref() == Some(&loud.node)).collect();
        assert_eq!((rows.len(), of_loud.len()), (keep + 1, keep));
        assert_eq!(of_loud.last().unwrap().first_at, at(500));
    }

    async fn zones_and_cameras_show_what_was_said_last_by_number(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let messages = vec![
            node.says(started()),
            node.says(camera(CameraState::Up)),
            node.says(occupied(4)),
            node.says(occupied(7)),
            node.says(camera(CameraState::Down)),
            node.says(passed(Direction::In, ObjectClass::Motorbike, 5)),
        ];
        ingest(&store, messages.into_iter().rev().collect()).await;
        let [gate] = &store.gates(None, at(0)).await.unwrap()[..] else { panic!("one gate") };
        assert_eq!(gate.zones.iter().map(|zone| (zone.count, zone.is_stale)).collect::<Vec<_>>(), [(7, false)]);
        let [cam] = &gate.cameras[..] else { panic!("one camera") };
        assert_eq!((cam.state, cam.reason.as_str()), (Some(CameraState::Down), "thử"));
        assert_eq!(gate.classes.get(&ObjectClass::Motorbike), Some(&(1, 0)));
        ingest(&store, vec![node.says(started())]).await;
        assert!(store.gates(None, at(0)).await.unwrap()[0].zones[0].is_stale);
        let [row] = &store.nodes().await.unwrap()[..] else { panic!("one node") };
        assert_eq!((row.head.committed_seq, row.start.as_ref().unwrap().seq, row.cameras.len()), (7, 7, 1));
    }

    async fn counts_start_again_at_local_midnight(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        ingest(&store, node.passes(2)).await;
        let tomorrow = at(24 * 3600);
        let gates = store.gates(None, tomorrow).await.unwrap();
        assert_eq!((gates.len(), gates[0].today.person.entered, gates[0].last_at), (1, 0, at(1)));
    }

    async fn an_event_that_the_database_refuses_is_kept_apart_and_the_rest_goes_on(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        home.refuse_event(2).await;
        let outcome = ingest(&store, node.passes(3)).await;
        let refused = Outcome::Quarantined(Reason::Unstorable);
        assert_eq!(outcome.outcomes, [Outcome::Stored, refused, Outcome::Stored]);
        assert_eq!((outcome.heads.len(), outcome.heads[0].ack.committed_seq, outcome.stored.len()), (1, 1, 2));
        assert_eq!(alarms(&store, &node).await, ["gap", "unstorable"]);
    }
}
