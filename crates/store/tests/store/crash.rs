//! A process killed in the middle of taking in leaves whole batches or nothing of them.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use store::{Location, Store};

use crate::support::{Home, Node, ingest, projections};

const DB: &str = "GATEHOUSE_TEST_CRASH_DB";
const BLOBS: &str = "GATEHOUSE_TEST_CRASH_BLOBS";
const BATCH: u64 = 40;
const KILLS: u64 = 12;

/// Takes in batches until it is killed, continuing where the log ends; says each commit.
fn ingest_until_killed(db: &str, blobs: &Path) -> ! {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let db: Location = db.parse().unwrap();
        let store = Store::open(&db, blobs).await.unwrap();
        let mut node = Node::new("n1", 1).added_to(&store).await;
        // The chain is deterministic: sealing again from the start gives the same events, which are repeats.
        loop {
            let outcome = ingest(&store, node.passes(BATCH)).await;
            println!("committed {}", outcome.heads[0].ack.committed_seq);
        }
    })
}

#[test]
fn a_killed_ingest_leaves_no_half_batch() {
    no_half_batch("a_killed_ingest_leaves_no_half_batch", || Some(Home::sqlite()));
}

#[test]
fn a_killed_ingest_leaves_no_half_batch_on_a_server() {
    no_half_batch("a_killed_ingest_leaves_no_half_batch_on_a_server", Home::postgres);
}

fn no_half_batch(name: &str, home: impl FnOnce() -> Option<Home>) {
    if let (Ok(db), Some(blobs)) = (std::env::var(DB), std::env::var_os(BLOBS)) {
        ingest_until_killed(&db, Path::new(&blobs));
    }
    let Some(home) = home() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut before = 0;
    for kill in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([&format!("crash::{name}"), "--exact", "--nocapture"])
            .env(DB, home.location().to_string())
            .env(BLOBS, home.blobs())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Killed after a growing number of new commits and a little work, so the moment falls anywhere in a batch.
        let mut committed = 0;
        let mut new = 0;
        while new <= kill % 4 {
            let line = lines.next().expect("the child commits until it is killed").unwrap();
            if let Some(seq) = line.split("committed ").nth(1) {
                committed = seq.parse().unwrap();
                new += u64::from(committed > before);
            }
        }
        for _ in 0..kill * 20_000 {
            std::hint::black_box(kill);
        }
        child.kill().unwrap();
        child.wait().unwrap();

        runtime.block_on(async {
            home.settled().await;
            let store = home.open().await;
            let head = store.heads().await.unwrap().remove(0).ack;
            assert!(head.committed_seq >= committed, "a commit that was reported is lost");
            assert_eq!((head.committed_seq % BATCH, head.highest_seq), (0, head.committed_seq), "half a batch");
            assert_eq!(store.verify().await.unwrap().findings, []);
            let live = projections(&home).await;
            let rebuilt = store.rebuild().await.unwrap();
            assert_eq!(rebuilt.events, head.committed_seq);
            assert_eq!(projections(&home).await, live);
            before = head.committed_seq;
            store.close().await;
        });
    }
    assert!(before >= KILLS * BATCH);
}
