//! A power cut at any instruction, as near as a process can get: SIGKILL while it appends.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use uplink::{Outbox, OutboxError};
use wire::Ack;

use crate::support::{checked_rows, events, identity, open};

/// Tells a copy of this program where to append for ever.
const FOLDER: &str = "GATEHOUSE_TEST_APPEND_FOR_EVER";

/// Appends batches of 1 to 7 events, confirming some, and prints the number of the last event after each.
#[expect(clippy::print_stdout, reason = "the process that kills this one reads along")]
async fn append_batches(path: &Path, batches: u64) {
    let outbox = open(path).await;
    for batch in 0..batches {
        let next = outbox.backlog().head_seq + 1;
        let receipt = outbox.append(&events(next..=next + batch % 7)).await.unwrap();
        println!("stored {}", receipt.last_seq);
        if batch % 5 == 4 {
            let rows = checked_rows(&outbox).await;
            let row = &rows[rows.len() / 2];
            let receipt = Ack { committed_seq: row.seq, committed_hash: row.hash, highest_seq: row.seq };
            outbox.confirm(&receipt).await.unwrap();
        }
    }
    outbox.close().await;
}

/// By itself a test of appending and confirming in turn; with [`FOLDER`] set, the process that is killed.
#[test]
fn appending_and_confirming_in_turn() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let Some(folder) = std::env::var_os(FOLDER) {
        runtime.block_on(append_batches(&PathBuf::from(folder).join("outbox.db"), u64::MAX));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.db");
    runtime.block_on(async {
        append_batches(&path, 20).await;
        let outbox = open(&path).await;
        assert_eq!(outbox.backlog().head_seq, checked_rows(&outbox).await.last().unwrap().seq);
    });
}

fn spawn(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::appending_and_confirming_in_turn", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Reads until `lines` appends were reported; the number of the last event.
fn stored_after(output: &mut impl BufRead, lines: u64) -> u64 {
    let stored = output.lines().filter_map(|line| line.unwrap().split("stored ").nth(1)?.parse().ok());
    stored.take(usize::try_from(lines).unwrap()).last().unwrap()
}

/// Numbers that look random and are the same each time.
fn seeded(seed: u64) -> u64 {
    let mixed = (seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 33
}

#[test]
fn a_process_that_is_killed_while_it_appends_loses_nothing_it_was_told_of() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.db");
    let mut before = 0;
    for seed in 0..12 {
        let mut child = spawn(folder.path());
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let told = stored_after(&mut output, 1 + seeded(seed) % 40);
        // From here on the child races on; a varying amount of work decides how far it comes.
        std::hint::black_box((0..seeded(seed + 100) % 2_000_000).fold(0_u64, |a, b| a.wrapping_mul(31) ^ b));
        child.kill().unwrap();
        child.wait().unwrap();
        let head = runtime.block_on(async {
            let outbox = open(&path).await;
            // Checks that numbers have no gap, the chain is unbroken and every signature holds.
            checked_rows(&outbox).await;
            let head = outbox.backlog().head_seq;
            outbox.close().await;
            head
        });
        assert!(told > before && head >= told, "seed {seed}: told of {told}, found {head}, before {before}");
        before = head;
    }
}

#[test]
fn a_second_process_is_refused_until_the_first_is_gone() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.db");
    let mut child = spawn(folder.path());
    // Held to the end: a child whose output nobody reads would end by itself.
    let mut output = BufReader::new(child.stdout.take().unwrap());
    stored_after(&mut output, 1);
    let refused = runtime.block_on(Outbox::open(&path, identity()));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(matches!(refused, Err(OutboxError::InUse { .. })), "{refused:?}");
    runtime.block_on(async { open(&path).await.close().await });
}
