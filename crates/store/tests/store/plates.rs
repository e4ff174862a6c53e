//! Read plates: one row each, found by time, gate and key, and joined to the passages of their vehicle.

use domain::{CameraId, Direction, GateId, MediaTime, ObjectClass, SiteId, TrackId};
use store::{ListCursor, ListFilter, Message, Outcome, PlateFilter, Reason, Sites, Store};
use wire::plate::{ListPurpose, PlateMatch, PlateOutcome, PlateRead, PlateReading, PlateVote, READINGS_MAX, VOTES_MAX};
use wire::{BlobHash, EvidenceRef, EvidenceRole, Payload};

use crate::support::{Home, Node, alarms, all, at, ingest, on_both, passed, plate, plate_read, started};

fn newest(limit: u32) -> PlateFilter {
    PlateFilter { list: ListFilter { limit, ..ListFilter::default() }, ..PlateFilter::default() }
}

async fn keys(store: &Store, filter: &PlateFilter) -> Vec<String> {
    let rows = store.plates(filter).await.unwrap();
    rows.into_iter().map(|row| row.best.map_or_else(|| row.reason, |best| best.key)).collect()
}

fn not_read(outcome: PlateOutcome, reason: &str, second: u64) -> PlateRead {
    PlateRead { outcome, reason: reason.to_owned(), readings: vec![], vehicle: None, ..plate("", 0, second) }
}

/// The plate of each passage, by the passage's number.
async fn joined(store: &Store) -> Vec<(u64, String)> {
    let passages = store.passages(&ListFilter { limit: 99, ..ListFilter::default() }).await.unwrap();
    let plates = store.plates_of(&passages).await.unwrap();
    let mut joined: Vec<_> =
        passages.iter().filter_map(|row| Some((row.seq, plates.get(&row.id)?.best.key.clone()))).collect();
    joined.sort();
    joined
}

#[tokio::test]
async fn lists_of_plates_are_read_by_their_index_and_never_sorted() {
    let home = Home::sqlite();
    home.open().await.close().await;
    let mut connection = home.sqlite_connection().await;
    let order = |table: &str| format!("order by {table}.at_to desc, {table}.id desc limit 9");
    for (sql, index) in [
        (format!("select p.* from plate_read p where p.site = 's' {}", order("p")), "plate_read_by_site"),
        (format!("select p.* from plate_read p where true {}", order("p")), "plate_read_by_at"),
        (
            format!("select p.* from plate_read p where p.site = 's' and p.key = 'k' {}", order("p")),
            "plate_read_by_key",
        ),
        (
            format!(
                "select p.* from plate_read_gate g join plate_read p on p.node = g.node and p.seq = g.seq \
                 where g.site = 's' and g.gate = 'g' {}",
                order("g")
            ),
            "plate_read_gate_by_gate",
        ),
        (
            format!(
                "select p.* from plate_read_list l join plate_read p on p.node = l.node and p.seq = l.seq \
                 where l.list = 'l' {}",
                order("l")
            ),
            "plate_read_list_by_list",
        ),
        (
            format!(
                "select p.* from plate_read p where p.site = 's' and p.colour = 'red' \
                 and p.colour not in ('white', 'unknown') {}",
                order("p")
            ),
            "plate_read_by_rare_colour_of_site",
        ),
        (
            format!(
                "select p.* from plate_read p where p.vehicle_class in ('bus') \
                 and p.vehicle_class in ('person', 'bicycle', 'bus', 'truck') {}",
                order("p")
            ),
            "plate_read_by_rare_class",
        ),
        (
            format!(
                "select p.* from plate_read p where p.site = 's' and exists (select 1 from plate_read_gate g \
                 where g.node = p.node and g.seq = p.seq and g.gate = 'g') and p.verdict = 'deny' \
                 and p.verdict is not null {}",
                order("p")
            ),
            "plate_read_by_verdict_of_site",
        ),
    ] {
        let plan: Vec<(i64, i64, i64, String)> =
            sqlx::query_as(sqlx::AssertSqlSafe(format!("explain query plan {sql}")))
                .fetch_all(&mut connection)
                .await
                .unwrap();
        let plan = plan.into_iter().map(|(.., step)| step).collect::<Vec<_>>().join("; ");
        assert!(
            plan.contains(&format!("INDEX {index} ")) || plan.ends_with(&format!("INDEX {index}")),
            "{sql}: {plan}"
        );
        assert!(!plan.contains("TEMP B-TREE"), "{sql}: {plan}");
    }
}

on_both! {
    async fn what_was_read_comes_back_as_it_was_told(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let matches = vec![PlateMatch {
            list: "xe mất cắp".to_owned(),
            purpose: ListPurpose::Watch,
            key: "49B12345".to_owned(),
            score: 0.9,
            differing: vec![],
            note: String::new(),
        }];
        let what = PlateRead { matches, ..plate("49A12345", 7, 10) };
        let evidence = vec![EvidenceRef {
            role: EvidenceRole::Plate,
            sha256: BlobHash::of(b"a picture"),
            media_type: "image/jpeg".to_owned(),
            bytes: 9,
            media: MediaTime::from_micros(1),
            later_by_ms: None,
        }];
        let payload = Payload::PlateRead(wire::event::WithEvidence { what, evidence: evidence.clone() });
        let messages =
            vec![node.says(payload), node.says(plate_read(not_read(PlateOutcome::NotAPlate, "a shop sign", 20)))];
        ingest(&store, messages.clone()).await;
        assert_eq!(ingest(&store, messages).await.outcomes, all(Outcome::Duplicate, 2));

        let [sign, row] = &store.plates(&newest(9)).await.unwrap()[..] else { panic!("two rows") };
        let best = row.best.as_ref().unwrap();
        assert_eq!((best.key.as_str(), best.display.as_str(), best.kind.as_str()), ("49A12345", "49A12345 đẹp", "car"));
        assert_eq!((best.issuer.as_deref(), best.confidence, best.ambiguous), (Some("Lâm Đồng"), 0.1, true));
        assert_eq!((row.from, row.to, row.vehicle, row.visit, row.rows), (at(10), at(15), Some(TrackId(7)), 10, 2));
        let listed = row.listed.as_ref().unwrap();
        assert_eq!((listed.list.as_str(), listed.purpose, listed.score), ("xe mất cắp", ListPurpose::Watch, 0.9));
        assert_eq!((&row.id, &row.evidence), (&node.id(1), &evidence));
        assert_eq!((sign.outcome, sign.reason.as_str(), &sign.best), (PlateOutcome::NotAPlate, "a shop sign", &None));

        let event = store.event_find(node.id(1)).await.unwrap().unwrap();
        let Some(Payload::PlateRead(read)) = event.payload else { panic!("{event:?}") };
        assert_eq!((read.what.votes.len(), read.evidence), (1, evidence));
        assert_eq!(store.event_find(node.id(99)).await.unwrap(), None);
        let gates = store.gates(None, at(0)).await.unwrap();
        assert_eq!((gates.len(), gates[0].last_at, gates[0].cameras.len()), (1, at(25), 1));
    }

    async fn pages_follow_one_another_and_filters_narrow_them(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let gate = |name: &str| GateId::new(name).unwrap();
        let elsewhere = PlateRead { gates: vec![gate("cong-phu"), gate("cong-sau")], ..plate("30A00003", 3, 30) };
        let messages: Vec<Message> = [
            plate("30A00001", 1, 10),
            plate("30A00002", 2, 20),
            elsewhere,
            not_read(PlateOutcome::Unreadable, "covered", 40),
            plate("30A00001", 5, 50),
        ]
        .into_iter()
        .map(|what| node.says(plate_read(what)))
        .collect();
        ingest(&store, messages).await;

        let all_of_it = ["30A00001", "covered", "30A00003", "30A00002", "30A00001"];
        assert_eq!(keys(&store, &newest(9)).await, all_of_it);
        for gate_chosen in [None, Some(gate("cong-chinh"))] {
            let mut filter = newest(2);
            filter.list.gate = gate_chosen;
            filter.list.sites = Some(node.site.clone()).into();
            let mut read = Vec::new();
            loop {
                let page = store.plates(&filter).await.unwrap();
                let Some(last) = page.last() else { break };
                filter.list.before = Some(ListCursor::new(last.to, last.id));
                read.extend(page.into_iter().map(|row| row.seq));
            }
            let expected: &[u64] = if filter.list.gate.is_some() { &[5, 4, 2, 1] } else { &[5, 4, 3, 2, 1] };
            assert_eq!(read, expected);
        }
        let with_gate =
            |name: &str| PlateFilter { list: ListFilter { gate: Some(gate(name)), ..newest(9).list }, ..newest(9) };
        assert_eq!(keys(&store, &with_gate("cong-sau")).await, ["30A00003"]);
        assert_eq!(keys(&store, &with_gate("cong-nao")).await, [""; 0]);
        let of_key = PlateFilter { keys: vec!["30A00001".to_owned()], ..newest(9) };
        assert_eq!(store.plates(&of_key).await.unwrap().iter().map(|row| row.seq).collect::<Vec<_>>(), [5, 1]);
        let of_two = PlateFilter { keys: vec!["30A00001".to_owned(), "30A00003".to_owned()], ..newest(9) };
        let keys_of_two = keys(&store, &of_two).await;
        assert!(keys_of_two.contains(&"30A00003".to_owned()) && keys_of_two.len() == 3, "{keys_of_two:?}");
        let late = PlateFilter { from: Some(at(55)), ..of_key.clone() };
        let early = PlateFilter { to: Some(at(55)), ..of_key };
        assert_eq!((keys(&store, &late).await.len(), keys(&store, &early).await.len()), (1, 1));
        let covered = PlateFilter { outcome: Some(PlateOutcome::Unreadable), ..newest(9) };
        assert_eq!(keys(&store, &covered).await, ["covered"]);
        let other = PlateFilter {
            list: ListFilter { sites: Some(SiteId::new("noi-khac").unwrap()).into(), ..newest(9).list },
            ..newest(9)
        };
        assert_eq!(keys(&store, &other).await, [""; 0]);
    }

    async fn a_passage_has_the_plate_of_its_own_vehicle_at_its_own_time(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let mut other = Node::new("n2", 2).added_to(&store).await;
        // In `passed` the second is the track, too.
        let car = |second| passed(Direction::In, ObjectClass::Car, second);
        let other_camera = PlateRead { camera: CameraId::new("cam-2").unwrap(), ..plate("30A00020", 20, 20) };
        let messages = vec![
            node.says(plate_read(plate("30A00010", 10, 3))),
            node.says(car(10)),
            node.says(plate_read(other_camera)),
            node.says(car(20)),
            node.says(plate_read(plate("30A00030", 30, 400))),
            node.says(car(30)),
            node.says(car(50)),
            node.says(plate_read(plate("30A00050", 50, 52))),
            node.says(plate_read(plate("30A00051", 50, 90))),
            node.says(plate_read(PlateRead { vehicle: Some(TrackId(60)), ..not_read(PlateOutcome::Unreadable, "", 60) })),
            node.says(car(60)),
            other.says(car(10)),
        ];
        ingest(&store, messages).await;
        assert_eq!(joined(&store).await, [(2, "30A00010".to_owned()), (7, "30A00050".to_owned())]);
    }

    async fn tracks_that_a_new_start_numbers_anew_are_other_vehicles(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let messages = vec![
            node.says(plate_read(plate("30A00010", 10, 3))),
            node.says(started()),
            node.says(passed(Direction::In, ObjectClass::Car, 10)),
        ];
        ingest(&store, messages).await;
        assert_eq!(joined(&store).await, []);
    }

    async fn a_plate_that_holds_too_much_is_kept_apart_with_the_reason(home: Home) {
        let store = home.open().await;
        let node = Node::new("n1", 1).added_to(&store).await;
        let good = || plate("30A00001", 1, 1);
        let vote = PlateVote { media: MediaTime::from_micros(1), raw: String::new(), confidence: 0.5, weight: 1.0 };
        let reading: PlateReading = good().readings[0].clone();
        let gate = GateId::new("g").unwrap();
        let empty = PlateReading { key: String::new(), ..reading.clone() };
        let unlikely = PlateReading { confidence: f32::MAX, ..reading.clone() };
        for (what, says) in [
            (PlateRead { votes: vec![vote.clone(); VOTES_MAX + 1], ..good() }, "votes: 25 are too many, at most 24"),
            (PlateRead { votes: vec![vote.clone(); 900], ..good() }, "votes: 900 are too many"),
            (PlateRead { readings: vec![reading; READINGS_MAX + 1], ..good() }, "readings: 6 are too many, at most 5"),
            (PlateRead { gates: vec![gate; 33], ..good() }, "gates: 33 are too many"),
            (PlateRead { readings: vec![], ..good() }, "there is none"),
            (PlateRead { readings: vec![empty], ..good() }, "is empty"),
            (PlateRead { rows: 3, ..good() }, "1 or 2, not 3"),
            (PlateRead { visit: (1 << 53) + 2, ..good() }, "the number 9007199254740994 is beyond 2^53"),
        ] {
            let (message, _) = node.sealed(1, node.prev, node.id(1), plate_read(what));
            let outcome = ingest(&store, vec![message]).await;
            assert_eq!(outcome.outcomes, [Outcome::Quarantined(Reason::Unreadable)], "{says}");
            let detail = &store.quarantine(&Sites::All, 1).await.unwrap()[0].detail;
            assert!(detail.contains(says), "{detail}");
        }
        let (message, _) =
            node.sealed(1, node.prev, node.id(1), plate_read(PlateRead { readings: vec![unlikely], ..good() }));
        assert_eq!(ingest(&store, vec![message]).await.outcomes, [Outcome::Stored], "a large number is held at 1");
        assert_eq!(store.plates(&newest(1)).await.unwrap()[0].best.as_ref().unwrap().confidence, 1.0);
        assert_eq!(alarms(&store, &node).await, ["unreadable"]);
    }

    async fn what_an_older_hub_took_in_without_looking_is_not_folded_by_a_newer_one(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        ingest(&store, vec![node.says(plate_read(plate("30A00001", 1, 1)))]).await;
        home.execute("update event set body = replace(body, '\"rows\":2', '\"rows\":9')").await
            .unwrap();
        let rebuilt = store.rebuild().await.unwrap();
        assert_eq!((rebuilt.events, rebuilt.unread), (1, 1));
        assert_eq!(store.plates(&newest(9)).await.unwrap(), []);
        assert_eq!(store.event_find(node.id(1)).await.unwrap().unwrap().payload, None);
    }
}
