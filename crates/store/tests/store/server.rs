//! What only a database on a server does: months of the log, and several hubs at once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::UtcTime;
use store::{DropError, Message, Month, OpenError, Outcome, Reason, Signal, Store, StoreError};

use crate::support::{
    Home, Node, alarms, all, at, head, ingest, occupied, passages_counted, passed, projections, started,
};

fn moment(text: &str) -> UtcTime {
    text.parse().unwrap()
}

fn arrived(messages: &[Message], when: &str) -> Vec<Message> {
    messages.iter().map(|message| Message { received_at: moment(when), ..message.clone() }).collect()
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

#[tokio::test]
async fn the_same_event_counts_once_over_the_border_of_a_month_and_forks_are_found() {
    let Some(home) = Home::postgres() else { return };
    let store = home.open().await;
    let mut node = Node::new("n1", 1).added_to(&store).await;
    let stranger = Node::new("n2", 2).added_to(&store).await;
    let messages = node.passes(4);
    let first = ingest(&store, arrived(&messages[..2], "2026-11-30T16:59:59.999999Z")).await;
    let later = "2026-11-30T17:00:00Z";
    let second = ingest(&store, arrived(&messages, later)).await;
    assert_eq!(first.outcomes, all(Outcome::Stored, 2));
    assert_eq!(second.outcomes, [all(Outcome::Duplicate, 2), all(Outcome::Stored, 2)].concat());
    let held: Vec<_> = store.log_months().await.unwrap().iter().map(|m| (m.month.to_string(), m.events)).collect();
    assert_eq!(held, [("2026-11".to_owned(), 2), ("2026-12".to_owned(), 2), ("2027-01".to_owned(), 0)]);

    let (fork, _) = node.sealed(1, wire::EventHash::GENESIS, node.id(9), occupied(1));
    let (reused, _) = stranger.sealed(1, wire::EventHash::GENESIS, node.id(2), occupied(1));
    let refused = ingest(&store, arrived(&[fork, reused], later)).await;
    assert_eq!(refused.outcomes, [Outcome::Quarantined(Reason::Fork), Outcome::Quarantined(Reason::IdReused)]);
    let events = store.events_after(0, 10).await.unwrap();
    assert_eq!(events.iter().map(|event| event.seq).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(events.is_sorted_by_key(|event| event.pos));
    assert_eq!(store.event_find(node.id(3)).await.unwrap().unwrap().seq, 3);
    assert_eq!((store.event_find(node.id(9)).await.unwrap(), passages_counted(&store).await), (None, 4));
}

#[tokio::test]
async fn a_dropped_month_leaves_counts_and_what_is_held_and_is_written_down() {
    let Some(home) = Home::postgres() else { return };
    let store = home.open().await;
    let mut node = Node::new("n1", 1).added_to(&store).await;
    let mut gappy = Node::new("n2", 2).added_to(&store).await;
    let old = [vec![node.says(started())], node.passes(5)].concat();
    let early = gappy.passes(3);
    ingest(&store, arrived(&old, "2026-08-10T00:00:00Z")).await;
    // Its first event is missing, so that nothing of it is complete.
    ingest(&store, arrived(&early[1..], "2026-08-10T00:00:00Z")).await;
    let new = node.passes(2);
    ingest(&store, arrived(&new[..1], "2026-11-20T00:00:00Z")).await;
    let (live, last) = (projections(&home).await, store.event_last_pos().await.unwrap());

    let now = moment("2026-11-21T00:00:00Z");
    let error = store.log_drop_before(month("2026-11"), "an operator", now).await.unwrap_err();
    assert!(matches!(error, DropError::TooNew { .. }) && error.to_string().contains("2026-10"), "{error}");
    assert!(matches!(store.log_drop_before(month("2026-09"), " ", now).await.unwrap_err(), DropError::By));
    let dropped = store.log_drop_before(month("2026-10"), "an operator", now).await.unwrap();
    let shown: Vec<_> = dropped.iter().map(|m| (m.month.to_string(), m.events, m.keys_removed)).collect();
    assert_eq!(shown, [("2026-08".to_owned(), 8, 6), ("2026-09".to_owned(), 0, 0)]);
    assert_eq!(dropped[0].places, Some((1, 8)));
    assert_eq!(store.log_dropped().await.unwrap(), dropped);
    assert_eq!(store.log_drop_before(month("2026-10"), "an operator", now).await.unwrap(), []);
    for sql in ["delete from event_month_dropped", "update event_month_dropped set events = 0"] {
        assert!(home.execute(sql).await.unwrap_err().to_string().contains("dropped"), "{sql}");
    }

    assert_eq!((projections(&home).await, store.event_last_pos().await.unwrap()), (live, last));
    assert_eq!(store.event_find(node.id(2)).await.unwrap(), None);
    // All that came before comes again, and what follows fits.
    let again = ingest(&store, arrived(&[old.clone(), early.clone(), new].concat(), "2026-11-21T00:00:00Z")).await;
    let expected = [
        all(Outcome::Duplicate, 6),
        vec![Outcome::Stored],
        all(Outcome::Duplicate, 2),
        vec![Outcome::Duplicate, Outcome::Stored],
    ];
    assert_eq!(again.outcomes, expected.concat());
    assert_eq!((head(&store, &node).await.ack.committed_seq, head(&store, &gappy).await.ack.committed_seq), (8, 3));
    assert_eq!((alarms(&store, &node).await, alarms(&store, &gappy).await), (vec![], vec![]));
    assert_eq!(store.verify().await.unwrap().findings, []);
    let error = store.rebuild().await.unwrap_err();
    assert!(matches!(&error, StoreError::LogIsPartial { months } if months == "2026-08"), "{error}");
    assert_eq!(home.number("select count(*) from event_start").await, 1);
}

#[tokio::test]
async fn a_database_file_has_no_months_to_drop() {
    let home = Home::sqlite();
    let store = home.open().await;
    let error = store.log_drop_before(month("2020-01"), "an operator", at(0)).await.unwrap_err();
    assert!(matches!(error, DropError::OneTable), "{error}");
    assert_eq!((store.log_months().await.unwrap(), store.log_dropped().await.unwrap()), (vec![], vec![]));
    assert!(store.signals().await.unwrap().is_none() && !store.is_shared());
}

#[tokio::test]
async fn a_month_that_somebody_took_away_is_made_again_and_its_events_are_not_refused() {
    let Some(home) = Home::postgres() else { return };
    let store = home.open().await;
    let mut node = Node::new("n1", 1).added_to(&store).await;
    // The store has seen that the month is there.
    let first = node.says(occupied(1));
    ingest(&store, vec![first]).await;
    home.execute("drop table event_202611").await.unwrap();
    let messages: Arc<[Message]> = node.passes(2).into();
    assert!(store.ingest(Arc::clone(&messages)).await.is_err(), "nothing is kept, and nothing put aside");
    assert_eq!(store.ingest(messages).await.unwrap().outcomes, all(Outcome::Stored, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hubs_that_take_in_the_same_nodes_at_once_lose_nothing_and_readers_miss_nothing() {
    const NODES: u8 = 3;
    const EVENTS: u64 = 120;
    let Some(home) = Home::postgres() else { return };
    let stores = [home.open().await, home.open().await];
    let mut told = Vec::new();
    for number in 0..NODES {
        let mut node = Node::new(&format!("n{number}"), number + 1).added_to(&stores[0]).await;
        told.push(node.passes(EVENTS));
    }
    let total = usize::from(NODES) * usize::try_from(EVENTS).unwrap();
    let reader = stores[1].clone();
    let followed = tokio::spawn(async move {
        let (mut pos, mut seen) = (0, Vec::new());
        while seen.len() < total {
            for event in reader.events_after(pos, 7).await.unwrap() {
                assert!(event.pos > pos);
                pos = event.pos;
                seen.push((event.node, event.seq));
            }
        }
        seen
    });
    // Every third event goes to both, as after an acknowledgement that was lost.
    let taking: Vec<_> = stores
        .iter()
        .enumerate()
        .map(|(hub, store)| {
            let store = store.clone();
            let mine = |place: usize| place % 2 == hub || place.is_multiple_of(3);
            let messages: Vec<Message> = (0..total)
                .map(|n| told[n % usize::from(NODES)][n / usize::from(NODES)].clone())
                .enumerate()
                .filter(|(place, _)| mine(*place))
                .map(|(_, message)| message)
                .collect();
            tokio::spawn(async move {
                let mut stored = 0;
                for batch in messages.chunks(5) {
                    let outcome = store.ingest(Arc::from(batch)).await.unwrap();
                    stored += outcome.stored.len();
                    let is_good = |outcome: &Outcome| matches!(outcome, Outcome::Stored | Outcome::Duplicate);
                    assert!(outcome.outcomes.iter().all(is_good), "{:?}", outcome.outcomes);
                }
                stored
            })
        })
        .collect();
    let mut stored = 0;
    for hub in taking {
        stored += hub.await.unwrap();
    }
    assert_eq!(stored, total, "each event was new to one hub");
    let followed = tokio::time::timeout(Duration::from_secs(60), followed).await.expect("it gets all").unwrap();
    assert_eq!(BTreeSet::from_iter(&followed).len(), total);
    for head in stores[0].heads().await.unwrap() {
        assert_eq!((head.ack.committed_seq, head.ack.highest_seq), (EVENTS, EVENTS));
    }
    let live = projections(&home).await;
    assert_eq!(stores[1].verify().await.unwrap().findings, []);
    assert_eq!(stores[0].rebuild().await.unwrap().events, total as u64);
    assert_eq!(projections(&home).await, live);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_hub_is_told_what_another_took_in() {
    let Some(home) = Home::postgres() else { return };
    let (one, other) = (home.open().await, home.open().await);
    let mut node = Node::new("n1", 1).added_to(&one).await;
    let mut signals = other.signals().await.unwrap().unwrap();
    ingest(&one, node.passes(1)).await;
    let next = async |signals: &mut store::Signals| {
        tokio::time::timeout(Duration::from_secs(20), signals.next()).await.expect("it comes").unwrap()
    };
    assert_eq!(next(&mut signals).await, Signal::Log);
    assert_eq!(other.events_after(0, 9).await.unwrap().len(), 1);
    one.signal_node(&node.node).await.unwrap();
    assert_eq!(next(&mut signals).await, Signal::Node(node.node.clone()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hubs_that_start_together_bring_the_schema_up_to_date_once() {
    let Some(home) = Home::postgres() else { return };
    let opening: Vec<_> = (0..3)
        .map(|_| {
            let (db, blobs) = (home.location(), home.blobs());
            tokio::spawn(async move { Store::open(&db, &blobs).await.map(drop) })
        })
        .collect();
    for opened in opening {
        opened.await.unwrap().unwrap();
    }
    assert_eq!(home.number("select count(*) from _sqlx_migrations where not success").await, 0);
}

#[tokio::test]
async fn a_schema_on_a_server_has_a_comment_per_column_and_checks_its_invariants() {
    let Some(home) = Home::postgres() else { return };
    let store = home.open().await;
    Node::new("n1", 1).added_to(&store).await;
    let bare = "select count(*) from pg_attribute a join pg_class c on c.oid = a.attrelid \
        join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public' and c.relkind in ('r', 'p') \
        and not c.relispartition and c.relname not like '\\_sqlx%' and a.attnum > 0 and not a.attisdropped \
        and col_description(c.oid, a.attnum) is null";
    assert_eq!(home.number(bare).await, 0);
    let zeros = "0".repeat(64);
    for sql in [
        "insert into count_minute values ('s', 'g', 'l', 'sideways', 'car', 1, 1)".to_owned(),
        "insert into count_minute values ('s', 'g', 'l', 'in', 'car', 1, 0)".to_owned(),
        format!("insert into chain_head values ('n1', 5, '{zeros}', 4)"),
        format!("insert into chain_head values ('nobody', 0, '{zeros}', 0)"),
        "insert into node values ('n2', 's', 'short', 0, '')".to_owned(),
    ] {
        let error = home.execute(&sql).await.unwrap_err().to_string();
        assert!(error.contains("constraint"), "{sql}: {error}");
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_named_without_its_password() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("postgres://gatehouse@localhost/gatehouse?host={}", folder.path().display());
    let place: store::Location = url.parse().unwrap();
    let error = Store::open(place.with_password("bí mật"), folder.path()).await.unwrap_err();
    assert!(matches!(error, OpenError::Database { .. }), "{error:?}");
    assert!(error.to_string().contains(&folder.path().display().to_string()), "{error}");
    assert!(!format!("{error:?}").contains("bí mật"));
}

#[tokio::test]
async fn what_nodes_wrote_for_people_may_hold_what_postgresql_cannot() {
    let Some(server) = Home::postgres() else { return };
    let mut held = Vec::new();
    for home in [Home::sqlite(), server] {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let change = wire::event::CameraChange {
            camera: domain::CameraId::new("cam-1").unwrap(),
            state: wire::event::CameraState::Down,
            reason: "a\0b".to_owned(),
        };
        let first = node.says(wire::Payload::CameraChanged(change));
        let second = node.says(passed(domain::Direction::In, domain::ObjectClass::Person, 2));
        assert_eq!(ingest(&store, vec![first, second]).await.outcomes, all(Outcome::Stored, 2));
        assert_eq!(store.cameras().await.unwrap()[0].reason, "a\u{fffd}b");
        assert_eq!(store.verify().await.unwrap().findings, []);
        held.push(projections(&home).await);
    }
    assert_eq!(held[0], held[1]);
}
