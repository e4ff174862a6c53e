//! Backups that are made beside a running hub and put back.

use std::fs;
use std::path::Path;

use domain::{Direction, ObjectClass};
use hub::backup::{Existing, RestoreError, Source, backup, restore};
use hub::clock;
use store::{Location, Store};
use wire::{BlobHash, Channel, UploadGrant};

use crate::support::Hub;
use crate::support::child::run;
use crate::support::mosquitto::Mosquitto;
use crate::support::node::{Node, Publisher, passed};

async fn log(db: &Path, blobs: &Path) -> Vec<store::StoredEvent> {
    let store = Store::open(db, blobs).await.unwrap();
    let log = store.events_after(0, 1_000).await.unwrap();
    store.close().await;
    log
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_backup_of_a_running_hub_is_whole_and_restores_what_it_held() {
    let broker = Mosquitto::start();
    let hub = Hub::ready(&broker);
    let publisher = Publisher::connect(broker.port);
    let mut node = Node::new("n1");
    hub.add(&node);
    publisher.publish(&node.topic(Channel::Event), node.passes(20));
    publisher.wait_for_receipt(&node);
    let picture = b"\xff\xd8\xff a picture";
    let hash = BlobHash::of(picture);
    let grant = UploadGrant::sign(&node.key, &node.node, clock::now(), &hash).to_header();
    let headers = [("x-gatehouse-node", grant.as_str()), ("content-type", "image/jpeg")];
    assert_eq!(hub.http.put(&format!("/api/v1/blobs/{hash}"), &headers, picture).status, 201);

    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("backup");
    let db: Location = hub.folder.path().join("hub.db").into();
    let source = Source { db: db.clone(), blobs: (&hub.folder.path().join("blobs")).into(), secrets: vec![] };
    let made = hub.runtime.block_on(backup(&hub.handle.store, &source, &out, clock::now())).unwrap();
    assert_eq!((made.newest_event, made.blobs), (20, 1));
    let mut sums = std::process::Command::new("sha256sum");
    let checked = sums.args(["--quiet", "-c", "manifest.sha256"]).current_dir(&out).status().unwrap();
    assert!(checked.success(), "the manifest is what sha256sum reads");
    let again = hub.runtime.block_on(backup(&hub.handle.store, &source, &out, clock::now())).unwrap_err();
    assert!(again.to_string().contains("is not empty"), "{again}");
    // What comes after is not in it.
    publisher.publish(
        &node.topic(Channel::Event),
        [node.says(passed(Direction::In, ObjectClass::Car, clock::now(), vec![]))],
    );
    publisher.wait_for_receipt(&node);

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (new_db, new_blobs) = (place.path().join("new/hub.db"), place.path().join("new/blobs"));
    let target: Location = new_db.clone().into();
    let restored = runtime.block_on(restore(&out, &target, &new_blobs, Existing::Keep, clock::now())).unwrap();
    assert_eq!((restored.verified.findings_total, restored.verified.events, restored.blobs), (0, 20, 1));
    let held = runtime.block_on(log(&new_db, &new_blobs));
    let live = hub.runtime.block_on(hub.handle.store.events_after(0, 1_000)).unwrap();
    assert_eq!(held, live[..20]);

    // Refused without a word, and with it what was there is moved aside.
    let error = runtime.block_on(restore(&out, &target, &new_blobs, Existing::Keep, clock::now())).unwrap_err();
    assert!(matches!(&error, RestoreError::Exists { .. }), "{error}");
    let error = runtime.block_on(restore(&out, &db, &source.blobs, Existing::Replace, clock::now())).unwrap_err();
    assert!(matches!(&error, RestoreError::Open(_)), "a hub that runs is not overwritten: {error}");
    let replaced = runtime.block_on(restore(&out, &target, &new_blobs, Existing::Replace, clock::now())).unwrap();
    assert!(replaced.moved_to.is_some_and(|aside| aside.exists()) && replaced.blobs == 0);
}

#[test]
fn a_backup_that_was_changed_or_cut_off_is_refused_before_anything_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let (db, blobs) = (folder.path().join("hub.db"), folder.path().join("blobs"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let out = folder.path().join("backup");
    runtime.block_on(async {
        let store = Store::open(&db, &blobs).await.unwrap();
        let source = Source { db: db.clone().into(), blobs: (&blobs).into(), secrets: vec![] };
        backup(&store, &source, &out, clock::now()).await.unwrap();
        store.close().await;
    });
    let target: Location = folder.path().join("new.db").into();
    let attempt = || runtime.block_on(restore(&out, &target, &blobs, Existing::Keep, clock::now()));
    let spoil = |name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let path = out.join(name);
        let before = fs::read(&path).unwrap();
        let mut bytes = before.clone();
        change(&mut bytes);
        fs::write(&path, bytes).unwrap();
        let error = attempt().unwrap_err();
        fs::write(&path, before).unwrap();
        assert!(!folder.path().join("new.db").exists());
        error
    };
    let error = spoil("hub.db", &|bytes| bytes[4_000] ^= 1);
    assert!(matches!(&error, RestoreError::Manifest(_)) && error.to_string().contains("hub.db"), "{error}");
    let error = spoil("manifest.sha256", &|bytes| bytes.clear());
    assert!(matches!(&error, RestoreError::NotWhole { .. }), "{error}");
    let outside = format!("{}  ../../etc/passwd\n", "0".repeat(64));
    let error = spoil("manifest.sha256", &|bytes| *bytes = outside.clone().into_bytes());
    assert!(error.to_string().contains("line 1"), "{error}");
    let error = spoil("backup.json", &|bytes| bytes.truncate(5));
    assert!(matches!(&error, RestoreError::NotWhole { .. }), "{error}");
    let server: Location = "postgres://hub@localhost/gatehouse".parse().unwrap();
    let error = runtime.block_on(restore(&out, &server, &blobs, Existing::Keep, clock::now())).unwrap_err();
    assert!(matches!(&error, RestoreError::OtherKind { .. }), "{error}");
    attempt().expect("unspoilt it is taken");
}

#[test]
fn the_self_test_names_what_does_not_work_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let text_ = "db = \"hub.db\"\nblobs = \"blobs\"\n[broker]\naddress = \"127.0.0.1:1\"\n";
    let config = folder.path().join("hub.toml");
    fs::write(&config, text_).unwrap();
    let path = config.display().to_string();
    let bad = run(&["check", "--config", &path]);
    let told = text(&bad.stdout);
    assert!(!bad.status.success() && told.contains("BAD   broker") && told.contains("→"), "{told}");
    let broker = Mosquitto::start();
    fs::write(&config, text_.replace("127.0.0.1:1\"", &format!("127.0.0.1:{}\"", broker.port))).unwrap();
    let good = run(&["check", "--config", &path]);
    let told = text(&good.stdout);
    assert!(good.status.success() && told.contains("lets the hub in") && told.contains("is not there yet"), "{told}");
    assert!(!folder.path().join("hub.db").exists(), "it changes nothing");
}
