//! What is too old goes, is written down, and stays away; what somebody holds stays.

use domain::{Direction, MediaTime, ObjectClass, UtcTime};
use store::{
    AuditVerdict, DeletionLogFilter, HoldEnd, MediumState, NewHold, RetentionBatch, RetentionClass, Sites, Store,
};
use wire::plate::{ListPurpose, PlateMatch};
use wire::{BlobHash, EvidenceRef, EvidenceRole, Payload};

use crate::support::{Home, Node, at, incident, ingest, on_both, passed, plate, plate_read, projections, stayed};

const DAY_S: i64 = 86_400;

fn picture(content: &str) -> EvidenceRef {
    EvidenceRef {
        role: EvidenceRole::Crop,
        sha256: BlobHash::of(content.as_bytes()),
        media_type: "image/jpeg".to_owned(),
        bytes: content.len() as u64,
        media: MediaTime::from_micros(1),
        later_by_ms: None,
    }
}

/// The event with pictures of these contents.
fn pictured(payload: Payload, contents: &[&str]) -> Payload {
    let pictures = || contents.iter().map(|content| picture(content)).collect::<Vec<_>>();
    match payload {
        Payload::Passed(mut it) => {
            it.evidence = pictures();
            Payload::Passed(it)
        }
        Payload::Stayed(mut it) => {
            it.evidence = pictures();
            Payload::Stayed(it)
        }
        Payload::PlateRead(mut it) => {
            it.evidence = pictures();
            Payload::PlateRead(it)
        }
        Payload::IncidentSeen(mut it) => {
            it.evidence = pictures();
            Payload::IncidentSeen(it)
        }
        Payload::OccupancyChanged(_)
        | Payload::CameraChanged(_)
        | Payload::NodeStarted(_)
        | Payload::ClockJumped(_)
        | Payload::PolicyChanged(_)
        | Payload::EvidenceAdded(_)
        | Payload::AccessDecided(_)
        | Payload::LaneChanged(_) => panic!("an event of this kind has no pictures here"),
    }
}

fn watched(key: &str, second: u64) -> Payload {
    let mut read = plate(key, 9, second);
    read.matches = vec![PlateMatch {
        list: "stolen".to_owned(),
        purpose: ListPurpose::Watch,
        key: key.to_owned(),
        score: 0.9,
        differing: vec![],
        note: String::new(),
    }];
    plate_read(read)
}

async fn upload(store: &Store, node: &Node, content: &str, when: UtcTime) {
    let mut writer = store.blob_writer(BlobHash::of(content.as_bytes())).await.unwrap();
    writer.write(content.as_bytes()).await.unwrap();
    writer.finish("image/jpeg", &node.node, when).await.unwrap();
}

async fn is_there(store: &Store, content: &str) -> bool {
    store.blob_read(&BlobHash::of(content.as_bytes())).await.unwrap().is_some()
}

/// Deletes everything of a class that is older than 30 days at that second, and says how much.
async fn delete(store: &Store, class: RetentionClass, second: i64) -> u64 {
    let mut sum = 0;
    loop {
        match store.retention_batch(class, 30, "tests", at(second)).await.unwrap() {
            RetentionBatch::Busy => panic!("nobody else deletes"),
            RetentionBatch::Done { deleted, is_more } => {
                sum += deleted;
                if !is_more {
                    return sum;
                }
            }
        }
    }
}

fn log(limit: u32) -> DeletionLogFilter {
    DeletionLogFilter { limit, ..DeletionLogFilter::default() }
}

fn hold(id: &str, node: &Node, events: &[u64]) -> NewHold {
    NewHold {
        id: id.to_owned(),
        site: node.site.clone(),
        case: Some("12/2026".to_owned()),
        events: events.iter().map(|seq| node.id(*seq).to_string()).collect(),
        reason: "điều tra".to_owned(),
        by: "lan".to_owned(),
        at: at(60),
    }
}

on_both! {
    async fn media_go_by_what_they_show_and_each_deletion_is_written_down_first(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let young = u64::try_from(20 * DAY_S).unwrap();
        ingest(&store, vec![
            node.says(pictured(passed(Direction::In, ObjectClass::Car, 10), &["old", "shared"])),
            node.says(pictured(passed(Direction::In, ObjectClass::Car, young), &["young", "shared"])),
            node.says(pictured(plate_read(plate("30A00001", 1, 10)), &["plate"])),
            node.says(pictured(watched("30A00002", 10), &["watched"])),
            node.says(pictured(incident(0, 10), &["incident"])),
            node.says(pictured(stayed(10), &["stay"])),
        ]).await;
        for content in ["old", "shared", "young", "plate", "watched", "incident", "stay", "nobody's"] {
            upload(&store, &node, content, at(20)).await;
        }
        let now = 31 * DAY_S;
        assert_eq!(delete(&store, RetentionClass::PassagePictures, 29 * DAY_S).await, 0, "it is not time yet");
        assert_eq!(delete(&store, RetentionClass::PassagePictures, now).await, 2, "the old one and the stay's");
        assert_eq!(store.blobs_to_remove().await.unwrap(), 2);
        assert_eq!(store.blobs_remove().await.unwrap(), 2);
        assert_eq!(delete(&store, RetentionClass::PassagePictures, now).await, 0, "once");
        for (content, expected) in [("old", false), ("stay", false), ("shared", true), ("young", true), ("plate", true)] {
            assert_eq!(is_there(&store, content).await, expected, "{content}");
        }
        assert_eq!(delete(&store, RetentionClass::PlatePictures, now).await, 1);
        assert_eq!(delete(&store, RetentionClass::AlertEvidence, now).await, 2, "the watched plate's and the incident's");
        assert_eq!(delete(&store, RetentionClass::UnclaimedMedia, now).await, 1);
        store.blobs_remove().await.unwrap();
        let rows = store.deletion_log(&log(10)).await.unwrap();
        let told: Vec<_> = rows.iter().rev().map(|row| (row.what.class.as_str(), row.what.count)).collect();
        assert_eq!(
            told,
            [("passage_pictures", 2), ("plate_pictures", 1), ("alert_evidence", 2), ("unclaimed_media", 1)]
        );
        let first = &rows.last().unwrap().what;
        let mut media = [BlobHash::of(b"old"), BlobHash::of(b"stay")];
        media.sort_by_key(ToString::to_string);
        assert_eq!((first.media.as_slice(), first.cutoff, first.at), (&media[..], at(now - 30 * DAY_S), at(now)));
        assert_eq!((first.rule.as_str(), first.by.as_str()), ("passage_pictures = 30 days", "tests"));
        let one = DeletionLogFilter { medium: Some(BlobHash::of(b"plate")), ..log(10) };
        assert_eq!(store.deletion_log(&one).await.unwrap().len(), 1);
        assert_eq!(store.deletion_log_verify(None).await.unwrap().verdict, AuditVerdict::Whole);
        // A node that sends it once more is not told that it is there, and it goes again.
        upload(&store, &node, "old", at(now)).await;
        assert_eq!(delete(&store, RetentionClass::UnclaimedMedia, now + 31 * DAY_S).await, 1);
    }

    async fn rows_that_name_vehicles_go_and_a_rebuild_does_not_bring_them_back(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let young = u64::try_from(20 * DAY_S).unwrap();
        ingest(&store, vec![
            node.says(pictured(plate_read(plate("30A00001", 1, 10)), &["first"])),
            node.says(plate_read(plate("30A00002", 2, young))),
            node.says(plate_read(plate("30A00003", 3, 11))),
            node.says(watched("30A00004", 10)),
            node.says(passed(Direction::In, ObjectClass::Car, 10)),
        ]).await;
        store.hold_insert(&hold("h1", &node, &[3])).await.unwrap();
        let now = 31 * DAY_S;
        assert_eq!(delete(&store, RetentionClass::PlateReads, now).await, 1);
        assert_eq!(delete(&store, RetentionClass::PlatePictures, now).await, 0, "its picture never came");
        let left = async || home.number("select count(*) from plate_read").await;
        assert_eq!((left().await, home.number("select count(*) from plate_read_gate").await), (3, 3));
        let gone = store.event_find(node.id(1)).await.unwrap().unwrap();
        let held = store.event_find(node.id(3)).await.unwrap().unwrap();
        assert!(!store.event_is_kept(&gone).await.unwrap() && store.event_is_kept(&held).await.unwrap());
        let before = projections(&home).await;
        let rebuilt = store.rebuild().await.unwrap();
        assert_eq!((rebuilt.events, rebuilt.forgotten), (5, 1));
        // What its event says of a picture that never came is no deletion of anything, and is forgotten at the next look.
        assert_eq!(delete(&store, RetentionClass::PlatePictures, now).await, 0);
        assert_eq!(projections(&home).await, before);
        assert_eq!(delete(&store, RetentionClass::WatchReads, now).await, 1);
        assert_eq!(left().await, 2);

        let end = HoldEnd { at: at(now + 1), by: "minh".to_owned(), reason: "xong".to_owned() };
        assert!(store.hold_release("h1", &end).await.unwrap().is_some());
        assert_eq!(store.hold_release("h1", &end).await.unwrap(), None, "once");
        // It was not deleted when the others were: a rebuild leaves it to the rule.
        assert_eq!((store.rebuild().await.unwrap().forgotten, left().await), (2, 2));
        assert_eq!((delete(&store, RetentionClass::PlateReads, now + 2).await, left().await), (1, 1));
        assert_eq!((store.rebuild().await.unwrap().forgotten, left().await), (3, 1));
        let rows = store.deletion_log(&log(10)).await.unwrap();
        assert!(rows.iter().all(|row| row.what.kind == "plate_read" && row.what.media.is_empty()), "{rows:?}");
    }

    async fn what_is_held_stays_with_its_media_until_it_is_released(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        ingest(&store, vec![
            node.says(pictured(passed(Direction::In, ObjectClass::Car, 10), &["held"])),
            node.says(pictured(passed(Direction::In, ObjectClass::Car, 11), &["free"])),
        ]).await;
        for content in ["held", "free"] {
            upload(&store, &node, content, at(20)).await;
        }
        store.hold_insert(&hold("h1", &node, &[1])).await.unwrap();
        store.hold_insert(&hold("h2", &node, &[1])).await.unwrap();
        let now = 400 * DAY_S;
        assert_eq!(delete(&store, RetentionClass::PassagePictures, now).await, 1);
        assert_eq!(delete(&store, RetentionClass::UnclaimedMedia, now).await, 0);
        store.blobs_remove().await.unwrap();
        assert!(is_there(&store, "held").await && !is_there(&store, "free").await);
        let holds = store.holds(&Sites::All, Some(at(now)), 10).await.unwrap();
        assert_eq!((holds.len(), holds[0].hold.events.as_slice()), (2, &[node.id(1).to_string()][..]));
        assert_eq!(store.holds(&Sites::Only(vec!["elsewhere".parse().unwrap()]), None, 10).await.unwrap(), []);
        for (id, deleted) in [("h1", 0), ("h2", 1)] {
            let end = HoldEnd { at: at(now), by: "minh".to_owned(), reason: "xong".to_owned() };
            store.hold_release(id, &end).await.unwrap().unwrap();
            assert_eq!(delete(&store, RetentionClass::PassagePictures, now + 1).await, deleted, "{id}");
        }
        assert_eq!(store.holds(&Sites::All, Some(at(now)), 10).await.unwrap(), []);
        let ended = store.hold_get("h1").await.unwrap().unwrap().ended.unwrap();
        assert_eq!((ended.by.as_str(), ended.reason.as_str()), ("minh", "xong"));
    }

    async fn a_program_that_dies_between_the_log_and_the_bytes_leaves_them_to_the_next(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let said = (0..250).map(|number| {
            let content = format!("picture {number}");
            node.says(pictured(passed(Direction::In, ObjectClass::Car, 10), &[content.as_str()]))
        });
        let said = said.collect();
        ingest(&store, said).await;
        for number in 0..250 {
            upload(&store, &node, &format!("picture {number}"), at(20)).await;
        }
        assert_eq!(delete(&store, RetentionClass::PassagePictures, 31 * DAY_S).await, 250);
        store.close().await;
        drop(store);
        let store = home.open().await;
        let named = BlobHash::of(b"picture 7").to_string();
        let file = home.blobs().join(&named[..2]).join(&named);
        assert!(file.exists() && !is_there(&store, "picture 7").await, "it is written down, and not removed yet");
        assert_eq!(store.deletion_log(&log(10)).await.unwrap().len(), 3, "in batches");
        // Meanwhile nobody may bring it again: its bytes are about to go.
        let mut writer = store.blob_writer(BlobHash::of(b"picture 7")).await.unwrap();
        writer.write(b"picture 7").await.unwrap();
        let refused = writer.finish("image/jpeg", &node.node, at(30)).await.unwrap_err();
        assert!(matches!(refused, store::BlobError::BeingRemoved { .. }), "{refused}");
        let mut removed = 0;
        while let count @ 1.. = store.blobs_remove().await.unwrap() {
            removed += count;
        }
        assert_eq!((removed, store.blobs_to_remove().await.unwrap(), file.exists()), (250, 0, false));
    }

    async fn the_database_itself_refuses_to_change_the_deletion_log_and_who_gets_around_it_is_found(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        for day in 0..3 {
            ingest(&store, vec![node.says(plate_read(plate("30A00001", 1, 10 + day)))]).await;
            delete(&store, RetentionClass::PlateReads, 31 * DAY_S).await;
        }
        let known = store.deletion_log_head().await.unwrap();
        assert_eq!(known.seq, 3);
        for (statement, says) in [
            ("update deletion_log set count = 9", "never changed"),
            ("delete from deletion_log where seq = 2", "never deleted"),
            ("delete from deletion_log_head", "one head"),
            ("update deletion_log_head set seq = 1", "never gets shorter"),
        ] {
            let refused = home.execute(statement).await.unwrap_err().to_string();
            assert!(refused.contains(says), "{statement}: {refused}");
        }
        let on = if home.server.is_some() { " on deletion_log" } else { "" };
        home.execute(&format!("drop trigger deletion_log_is_not_changed{on}")).await.unwrap();
        home.execute("update deletion_log set reason = 'khác' where seq = 2").await.unwrap();
        let AuditVerdict::Broken { seq, what } = store.deletion_log_verify(Some(&known)).await.unwrap().verdict else {
            panic!("it is not found")
        };
        assert_eq!((seq, what.as_str()), (2, "the row was changed"));
    }

    async fn what_the_schema_brings_over_is_what_the_fold_gives(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        ingest(&store, vec![
            node.says(pictured(passed(Direction::In, ObjectClass::Car, 10), &["one", "one", "two"])),
            node.says(pictured(plate_read(plate("30A00001", 1, 10)), &["plate"])),
            node.says(pictured(watched("30A00002", 10), &["watched"])),
            node.says(pictured(incident(0, 10), &["incident"])),
            node.says(pictured(stayed(10), &["stay"])),
            node.says(Payload::EvidenceAdded(crate::clips::clip(node.id(1), b"clip"))),
        ]).await;
        let folded = projections(&home).await;
        assert_eq!(home.number("select count(*) from medium").await, 7);
        home.execute("delete from medium").await.unwrap();
        let migration = match &home.server {
            None => include_str!("../../migrations/sqlite/0016_retention.sql"),
            Some(_) => include_str!("../../migrations/postgres/0016_retention.sql"),
        };
        let fill = migration.split(";\n").filter(|statement| statement.contains("insert into medium"));
        for statement in fill {
            home.execute(statement).await.unwrap();
        }
        assert_eq!(projections(&home).await, folded);
    }

    async fn every_medium_that_an_event_names_is_looked_at(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let pictures = ["right", "damaged", "missing", "not come"];
        ingest(&store, vec![node.says(pictured(passed(Direction::In, ObjectClass::Car, 10), &pictures))]).await;
        for content in &pictures[..3] {
            upload(&store, &node, content, at(20)).await;
        }
        let file = |content: &str| {
            let named = BlobHash::of(content.as_bytes()).to_string();
            home.blobs().join(&named[..2]).join(&named)
        };
        std::fs::write(file("damaged"), "demaged").unwrap();
        std::fs::remove_file(file("missing")).unwrap();
        let mut found = Vec::new();
        let checked = store.media_check(|medium| found.push((medium.sha256, medium.state))).await.unwrap();
        assert_eq!((checked.named, checked.right, checked.not_come, checked.wrong), (4, 1, 1, 2));
        for (content, state) in
            [("damaged", MediumState::Damaged), ("missing", MediumState::Missing), ("not come", MediumState::NotCome)]
        {
            assert!(found.contains(&(BlobHash::of(content.as_bytes()), state)), "{content}: {found:?}");
        }
    }
}

#[tokio::test]
async fn of_two_hubs_on_a_server_one_deletes() {
    let Some(home) = Home::postgres() else { return };
    let (one, other) = (home.open().await, home.open().await);
    let mut node = Node::new("n1", 1).added_to(&one).await;
    let said = (0..1_200).map(|second| node.says(plate_read(plate("30A00001", 1, second)))).collect();
    ingest(&one, said).await;
    let batch = async |store: &Store| {
        store.retention_batch(RetentionClass::PlateReads, 30, "tests", at(31 * DAY_S)).await.unwrap()
    };
    let deleted = |batch| match batch {
        RetentionBatch::Busy => 0,
        RetentionBatch::Done { deleted, .. } => deleted,
    };
    let mut sum = 0;
    while home.number("select count(*) from plate_read").await > 0 {
        let (first, second) = tokio::join!(batch(&one), batch(&other));
        sum += deleted(first) + deleted(second);
    }
    let rows = one.deletion_log(&log(100)).await.unwrap();
    assert_eq!((sum, rows.iter().map(|row| row.what.count).sum::<u64>()), (1_200, 1_200), "each once");
    assert_eq!(one.deletion_log_verify(None).await.unwrap().verdict, AuditVerdict::Whole);
}
