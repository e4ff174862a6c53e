//! Alerts with their life, and what a rebuild leaves of it.

use std::time::Duration;

use domain::{Direction, ObjectClass};
use projections::AlertKind;
use store::{Acted, AlertAction, AlertError, AlertFilter, AlertOutcome, AlertState, Store};
use wire::event::CameraState;
use wire::plate::{ListPurpose, PlateMatch};
use wire::{NodeState, Status};

use crate::support::{Home, Node, at, camera, incident, ingest, on_both, passed, plate, plate_read};

async fn kinds(store: &Store, state: Option<AlertState>) -> Vec<AlertKind> {
    let filter = AlertFilter { state, limit: 100, ..AlertFilter::default() };
    let mut kinds: Vec<_> = store.alerts_raised(&filter).await.unwrap().iter().map(|alert| alert.kind).collect();
    kinds.sort();
    kinds
}

fn listed(key: &str) -> wire::Payload {
    let found = PlateMatch {
        list: "stolen".to_owned(),
        purpose: ListPurpose::Watch,
        key: key.to_owned(),
        score: 1.0,
        differing: vec![],
        note: String::new(),
    };
    plate_read(wire::PlateRead { matches: vec![found], ..plate(key, 7, 20) })
}

on_both! {
    async fn events_raise_alerts_that_persons_acknowledge_and_close_and_a_rebuild_keeps_that(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let told = vec![node.says(incident(12, 5)), node.says(incident(0, 6)), node.says(listed("30A12345"))];
        let raised = ingest(&store, told).await.alerts;
        assert_eq!(raised.len(), 3);
        let all = [AlertKind::WatchlistHit, AlertKind::Crowding, AlertKind::WrongDirection];
        assert_eq!(kinds(&store, Some(AlertState::Open)).await, all);
        assert!(raised.iter().all(|alert| !format!("{alert:?}").contains("30A")), "no alert names a plate");

        let of = |kind| raised.iter().find(|alert| alert.kind == kind).unwrap().id.clone();
        let (hit, wrong) = (of(AlertKind::WatchlistHit), of(AlertKind::WrongDirection));
        let by = Acted { by: "Hùng".to_owned(), note: "đang xác minh".to_owned(), at: at(100) };
        let row = store.alert_act(&hit, AlertAction::Acknowledge, &by).await.unwrap();
        assert_eq!((row.state(), row.acknowledged.as_ref()), (AlertState::Acknowledged, Some(&by)));
        let again = store.alert_act(&hit, AlertAction::Acknowledge, &by).await.expect_err("once");
        assert!(again.to_string().contains("acknowledged by Hùng"), "{again}");
        let close = AlertAction::Close(AlertOutcome::FalseAlarm);
        store.alert_act(&wrong, close, &by).await.unwrap();
        let late = store.alert_act(&wrong, AlertAction::Acknowledge, &by).await.expect_err("closed");
        assert!(matches!(late, AlertError::Already { was: "closed", .. }), "{late}");
        let unknown = store.alert_act("none", close, &by).await.expect_err("unknown");
        assert!(matches!(unknown, AlertError::Unknown(_)), "{unknown}");
        let nobody = Acted { by: " ".to_owned(), ..by.clone() };
        assert!(matches!(store.alert_act(&hit, close, &nobody).await, Err(AlertError::Text { field: "by", .. })));

        let filter = AlertFilter { limit: 100, ..AlertFilter::default() };
        let before = store.alerts_raised(&filter).await.unwrap();
        store.rebuild().await.unwrap();
        assert_eq!(store.alerts_raised(&filter).await.unwrap(), before);
        let fates = store.alert_fates(None, at(0), at(1_000)).await.unwrap();
        let waits: Vec<_> = fates.iter().filter_map(|fate| fate.acknowledged_at).collect();
        assert_eq!((fates.len(), waits), (3, vec![at(100)]));
    }

    async fn a_camera_that_goes_and_comes_is_one_alert_whatever_order_it_is_told_in(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let states = [CameraState::Up, CameraState::Down, CameraState::Failed, CameraState::Up, CameraState::Down];
        let told: Vec<_> = states.into_iter().map(|state| node.says(camera(state))).collect();
        // The end before the beginning, one by one, the last first.
        for message in told.into_iter().rev() {
            ingest(&store, vec![message]).await;
        }
        let found = store.alerts_raised(&AlertFilter { limit: 10, ..AlertFilter::default() }).await.unwrap();
        let shown: Vec<_> = found.iter().map(|alert| (alert.seq, alert.ended_at)).collect();
        assert_eq!(shown, [(5, None), (2, Some(at(4)))]);
        let away = store.outages(at(0), at(3)).await.unwrap();
        assert_eq!(away.iter().map(|outage| (outage.from, outage.to)).collect::<Vec<_>>(), [(at(2), Some(at(4)))]);
    }

    async fn a_node_that_falls_silent_raises_one_alert_that_ends_when_it_is_heard_again(home: Home) {
        let store = home.open().await;
        let node = Node::new("n1", 1).added_to(&store).await;
        let status = |state| Status { state, version: "1".to_owned(), at: None, backlog: None, clock: None, policy: None, health: None };
        let silence = Duration::from_secs(180);
        let online = status(NodeState::Online);
        let heard = |second| store.node_status_set(&node.site, &node.node, &online, at(second));
        heard(0).await.unwrap();
        assert_eq!(store.silent_nodes_mark(at(180), silence).await.unwrap(), []);
        let raised = store.silent_nodes_mark(at(181), silence).await.unwrap();
        assert_eq!(raised.iter().map(|alert| (alert.kind, alert.at)).collect::<Vec<_>>(), [(AlertKind::NodeSilent, at(0))]);
        assert_eq!(store.silent_nodes_mark(at(200), silence).await.unwrap(), []);
        // The broker says again that it is away, which is no sign of life.
        store.node_status_set(&node.site, &node.node, &status(NodeState::Offline), at(210)).await.unwrap();
        assert_eq!(store.silent_nodes_mark(at(211), silence).await.unwrap(), []);
        store.rebuild().await.unwrap();
        heard(300).await.unwrap();
        let ended = store.silent_nodes_mark(at(301), silence).await.unwrap();
        assert_eq!(ended.iter().map(|alert| alert.ended_at).collect::<Vec<_>>(), [Some(at(300))]);
        assert_eq!(kinds(&store, Some(AlertState::Ended)).await, [AlertKind::NodeSilent]);
    }

    async fn a_vehicle_with_its_plate_makes_a_visit_and_dwell_and_sums_follow(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let car = |direction, second| passed(direction, ObjectClass::Car, second);
        let told = vec![
            node.says(car(Direction::In, 10)),
            node.says(plate_read(plate("30A12345", 10, 8))),
            node.says(plate_read(plate("30A12345", 900, 898))),
            node.says(car(Direction::Out, 900)),
            node.says(crate::support::stayed(40)),
        ];
        ingest(&store, told).await;
        let filter = store::MoveFilter { sites: Some(node.site.clone()).into(), key: None, from: at(0), to: at(2_000) };
        let found = projections::visits(store.plate_moves(&filter).await.unwrap(), projections::VISIT_MAX);
        let shown: Vec<_> = found.iter().map(|visit| (visit.entered.key.as_str(), visit.length())).collect();
        assert_eq!(shown, [("30A12345", Some(Duration::from_secs(890)))]);

        let minute = at(0).as_unix_minutes();
        let filter = store::CountsFilter {
            sites: store::Sites::All,
            gate: None,
            from_minute: minute - 60 * 24 * 40,
            to_minute: minute + 60 * 24 * 40,
            bucket: store::CountBucket::Day,
        };
        let days: u64 = store.counts(&filter).await.unwrap().iter().map(|row| row.count).sum();
        let gates: u64 = store.counts_by_gate(&filter).await.unwrap().iter().map(|row| row.count).sum();
        assert_eq!((days, gates), (2, 2));
        let dwells = store.dwells(&filter, None).await.unwrap();
        assert_eq!(dwells.iter().map(|stretch| stretch.dwell.count()).collect::<Vec<_>>(), [1]);
        let p50 = dwells[0].dwell.quantile(0.5).unwrap().as_secs_f64();
        assert!((4.0..=6.0).contains(&p50), "{p50}");
    }
}
