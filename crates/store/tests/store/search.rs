//! Plates found by the class of their vehicle, their colour, a list, and what was decided about who showed them.

use domain::{GateId, ObjectClass};
use store::{ListCursor, ListFilter, PlateFilter, RetentionClass, Sites, Store};
use wire::access::PlateShown;
use wire::event::WithEvidence;
use wire::plate::{ListPurpose, PlateColour, PlateMatch, PlateRead};
use wire::{AccessDecided, AccessVerdict, EventId, LaneName, Payload};

use crate::support::{Home, Node, at, ingest, on_both, plate, plate_read, projections};

const DAY_S: i64 = 86_400;

fn any() -> PlateFilter {
    PlateFilter { list: ListFilter { limit: 9, ..ListFilter::default() }, ..PlateFilter::default() }
}

async fn numbers(store: &Store, filter: &PlateFilter) -> Vec<u64> {
    store.plates(filter).await.unwrap().iter().map(|row| row.seq).collect()
}

/// The same by way of every way to the rows: of all sites, of one, of one gate, of a plate.
async fn found(store: &Store, node: &Node, filter: &PlateFilter) -> Vec<u64> {
    let everywhere = numbers(store, filter).await;
    let of_site = ListFilter { sites: Some(node.site.clone()).into(), ..filter.list.clone() };
    let of_gate = ListFilter { gate: Some(GateId::new("cong-chinh").unwrap()), ..filter.list.clone() };
    for list in [of_site, of_gate] {
        assert_eq!(numbers(store, &PlateFilter { list, ..filter.clone() }).await, everywhere);
    }
    let keys = (1..=9).map(|number| format!("30A0000{number}")).collect();
    assert_eq!(numbers(store, &PlateFilter { keys, ..filter.clone() }).await, everywhere);
    let elsewhere = ListFilter { gate: Some(GateId::new("cong-sau").unwrap()), ..filter.list.clone() };
    assert_eq!(numbers(store, &PlateFilter { list: elsewhere, ..filter.clone() }).await, [0; 0]);
    everywhere
}

fn on(list: &str, purpose: ListPurpose) -> PlateMatch {
    PlateMatch {
        list: list.to_owned(),
        purpose,
        key: "30A00001".to_owned(),
        score: 0.9,
        differing: vec![],
        note: String::new(),
    }
}

fn decided(plate: EventId, verdict: AccessVerdict) -> Payload {
    let camera = "cam-1".parse().unwrap();
    let what = AccessDecided {
        lane: LaneName::new("lan-1").unwrap(),
        gate: None,
        number: "1.1".to_owned(),
        verdict,
        reason: "rule".to_owned(),
        detail: String::new(),
        rule: None,
        guard: None,
        subjects: vec![],
        method: Some("plate".to_owned()),
        plate: Some(PlateShown { event: plate, camera, visit: 1, key: "30A00001".to_owned() }),
        trail: vec![],
    };
    Payload::AccessDecided(WithEvidence { what, evidence: vec![] })
}

async fn verdicts(store: &Store) -> Vec<Option<(EventId, AccessVerdict)>> {
    let mut rows = store.plates(&any()).await.unwrap();
    rows.sort_by_key(|row| row.seq);
    rows.iter().map(|row| row.decided.map(|decided| (decided.decision, decided.verdict))).collect()
}

async fn with_class(store: &Store, node: &Node, class: ObjectClass) -> Vec<u64> {
    found(store, node, &PlateFilter { class: Some(class), ..any() }).await
}

async fn of_colour(store: &Store, node: &Node, colour: PlateColour) -> Vec<u64> {
    found(store, node, &PlateFilter { colour: Some(colour), ..any() }).await
}

async fn of_list(store: &Store, node: &Node, list: &str) -> Vec<u64> {
    found(store, node, &PlateFilter { on_list: Some(list.to_owned()), ..any() }).await
}

async fn with_verdict(store: &Store, node: &Node, verdict: AccessVerdict) -> Vec<u64> {
    found(store, node, &PlateFilter { verdict: Some(verdict), ..any() }).await
}

on_both! {
    async fn plates_are_found_by_class_colour_and_list(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let both = vec![on("nhân viên", ListPurpose::Allow), on("xe mất cắp", ListPurpose::Watch)];
        let staff = vec![on("nhân viên", ListPurpose::Allow), on("nhân viên", ListPurpose::Allow)];
        let of = |second| plate(&format!("30A0000{second}"), 7, second);
        ingest(&store, vec![
            node.says(plate_read(PlateRead { vehicle_class: Some(ObjectClass::Truck), matches: both, ..of(1) })),
            node.says(plate_read(PlateRead { colour: PlateColour::Red, matches: staff, ..of(2) })),
            node.says(plate_read(PlateRead { vehicle_class: None, colour: PlateColour::White, ..of(3) })),
            node.says(plate_read(PlateRead { vehicle_class: Some(ObjectClass::Truck), ..of(4) })),
        ]).await;

        assert_eq!(with_class(&store, &node, ObjectClass::Truck).await, [4, 1]);
        assert_eq!(with_class(&store, &node, ObjectClass::Car).await, [2]);
        assert_eq!(with_class(&store, &node, ObjectClass::Bus).await, [0; 0]);
        // Whoever asks for any motor vehicle means lorries and cars as well.
        assert_eq!(with_class(&store, &node, ObjectClass::Vehicle).await, [4, 2, 1]);
        assert_eq!(with_class(&store, &node, ObjectClass::Bike).await, [0; 0]);
        assert_eq!(of_colour(&store, &node, PlateColour::Yellow).await, [4, 1]);
        assert_eq!(of_colour(&store, &node, PlateColour::Red).await, [2]);
        assert_eq!(of_colour(&store, &node, PlateColour::White).await, [3]);
        assert_eq!(of_list(&store, &node, "nhân viên").await, [2, 1]);
        assert_eq!(of_list(&store, &node, "xe mất cắp").await, [1]);
        assert_eq!(of_list(&store, &node, "xe").await, [0; 0]);
        assert_eq!(store.plate_lists(&Sites::All).await.unwrap(), ["nhân viên", "xe mất cắp"]);
        assert_eq!(store.plate_lists(&Some(node.site.clone()).into()).await.unwrap(), ["nhân viên", "xe mất cắp"]);
        assert_eq!(store.plate_lists(&Sites::Only(vec![])).await.unwrap(), [""; 0]);
        let rare = PlateFilter { class: Some(ObjectClass::Truck), on_list: Some("nhân viên".to_owned()), ..any() };
        assert_eq!(found(&store, &node, &rare).await, [1]);

        let mut page = PlateFilter { on_list: Some("nhân viên".to_owned()), ..any() };
        page.list.limit = 1;
        let first = store.plates(&page).await.unwrap();
        let lists: Vec<_> = first[0].lists.iter().map(String::as_str).collect();
        assert_eq!((first[0].seq, lists, first[0].vehicle_class), (2, vec!["nhân viên"], Some(ObjectClass::Car)));
        page.list.before = Some(ListCursor::new(first[0].to, first[0].id));
        assert_eq!(numbers(&store, &page).await, [1]);
    }

    async fn a_plate_says_what_was_decided_last_whatever_came_first(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let mut other = Node::new("n2", 2).added_to(&store).await;
        let read = |second| plate_read(plate(&format!("30A0000{second}"), 7, second));
        let messages = [
            node.says(read(1)),
            node.says(decided(node.id(1), AccessVerdict::Refer)),
            node.says(read(3)),
            node.says(decided(node.id(1), AccessVerdict::Permit)),
            node.says(decided(node.id(3), AccessVerdict::Deny)),
            node.says(read(6)),
        ];
        // The newer decision first, then the plate, then the older decision; a plate and its decision at once.
        for part in [&messages[3..4], &messages[0..1], &messages[1..3], &messages[4..]] {
            ingest(&store, part.to_vec()).await;
        }
        let expected =
            [Some((node.id(4), AccessVerdict::Permit)), Some((node.id(5), AccessVerdict::Deny)), None];
        assert_eq!(verdicts(&store).await, expected);
        let told = store.plate_decided(&node.node, 1).await.unwrap().map(|decided| decided.verdict);
        assert_eq!((told, store.plate_decided(&node.node, 6).await.unwrap()), (Some(AccessVerdict::Permit), None));
        assert_eq!(with_verdict(&store, &node, AccessVerdict::Permit).await, [1]);
        assert_eq!(with_verdict(&store, &node, AccessVerdict::Deny).await, [3]);
        assert_eq!(with_verdict(&store, &node, AccessVerdict::Refer).await, [0; 0]);
        // Another node's word about it counts for nothing.
        ingest(&store, vec![other.says(decided(node.id(1), AccessVerdict::Deny))]).await;
        assert_eq!(verdicts(&store).await, expected);

        let incremental = projections(&home).await;
        store.rebuild().await.unwrap();
        assert_eq!(projections(&home).await, incremental);
    }

    async fn what_was_decided_is_forgotten_with_the_decision(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        ingest(&store, vec![
            node.says(plate_read(plate("30A00001", 7, 1))),
            node.says(decided(node.id(1), AccessVerdict::Refer)),
            node.says(decided(node.id(1), AccessVerdict::Permit)),
        ]).await;
        assert_eq!(verdicts(&store).await, [Some((node.id(3), AccessVerdict::Permit))]);
        store.retention_batch(RetentionClass::Decisions, 30, "test", at(40 * DAY_S)).await.unwrap();
        assert_eq!(verdicts(&store).await, [None]);
        let left = projections(&home).await;
        store.rebuild().await.unwrap();
        assert_eq!(projections(&home).await, left);
    }

    async fn what_the_schema_finds_in_the_log_is_what_the_fold_gives(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let both = vec![on("xe \"mất\" cắp", ListPurpose::Watch), on("nhân viên", ListPurpose::Allow)];
        ingest(&store, vec![
            node.says(plate_read(PlateRead { matches: both, vehicle_class: None, ..plate("30A00001", 7, 1) })),
            node.says(decided(node.id(1), AccessVerdict::Refer)),
            node.says(decided(node.id(1), AccessVerdict::Permit)),
            node.says(plate_read(PlateRead { vehicle_class: None, ..plate("30A00002", 7, 2) })),
        ]).await;
        let folded = projections(&home).await;
        for statement in [
            "update access_decision set plate = null",
            "update plate_read set lists = '[]', decision = null, verdict = null",
            "delete from plate_read_list",
        ] {
            home.execute(statement).await.unwrap();
        }
        assert_ne!(projections(&home).await, folded);
        let migration = match &home.server {
            None => include_str!("../../migrations/sqlite/0017_search.sql"),
            Some(_) => include_str!("../../migrations/postgres/0017_search.sql"),
        };
        let fills = |statement: &&str| statement.trim_start().starts_with("update") || statement.contains("insert into");
        for statement in migration.split(";\n").filter(fills) {
            home.execute(statement).await.unwrap();
        }
        assert_eq!(projections(&home).await, folded);
    }
}
