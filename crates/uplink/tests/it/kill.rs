//! A power cut at any instruction, as near as a process can get: SIGKILL while it keeps evidence and appends events, at
//! any moment and at exact system calls.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use uplink::{MediaType, Outbox, OutboxError, Spool};
use wire::{Ack, BlobHash};

use crate::strace::{self, Call, Strace};
use crate::support::{checked_rows, events, identity, open};

/// Tells a copy of this program where to append for ever.
const FOLDER: &str = "GATEHOUSE_TEST_APPEND_FOR_EVER";

/// Kills at system calls.
const KILLS_AT_CALLS: u64 = 25;

/// After so many batches a process does not come to its call any more.
const LINES_MAX: usize = 100;

/// Keeps a picture and then appends a batch of 1 to 7 events, confirming some; prints the number of the last event
/// after each, which says what the picture was too.
#[expect(clippy::print_stdout, reason = "the process that kills this one reads along")]
async fn append_batches(path: &Path, batches: u64) {
    let spool = Spool::open(&spool_of(path)).unwrap();
    let outbox = open(path).await;
    for batch in 0..batches {
        let next = outbox.backlog().head_seq + 1;
        spool.put(&picture(next + batch % 7), MediaType::Jpeg).unwrap();
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

fn spool_of(path: &Path) -> PathBuf {
    path.with_file_name("spool")
}

/// The picture that was kept before the batch whose last event has this number.
fn picture(last_seq: u64) -> Vec<u8> {
    last_seq.to_le_bytes().repeat(300)
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

fn spawn(folder: &Path, strace: Option<&Strace>) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "kill::appending_and_confirming_in_turn", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder);
    strace::under(strace, command).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// The number of the last event in a line of the child.
fn stored(line: &str) -> Option<u64> {
    line.split("stored ").nth(1)?.parse().ok()
}

/// Reads until `lines` appends were reported; the number of the last event.
fn stored_after(output: &mut impl BufRead, lines: u64) -> u64 {
    let told = output.lines().filter_map(|line| stored(&line.unwrap()));
    told.take(usize::try_from(lines).unwrap()).last().unwrap()
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
        let mut child = spawn(folder.path(), None);
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let told = stored_after(&mut output, 1 + seeded(seed) % 40);
        // From here on the child races on; a varying amount of work decides how far it comes.
        std::hint::black_box((0..seeded(seed + 100) % 2_000_000).fold(0_u64, |a, b| a.wrapping_mul(31) ^ b));
        child.kill().unwrap();
        child.wait().unwrap();
        let head = runtime.block_on(checked_head(&path));
        assert!(told > before && head >= told, "seed {seed}: told of {told}, found {head}, before {before}");
        before = head;
    }
}

/// The number of the last event in the outbox, in which numbers have no gap, the chain is unbroken and every signature
/// holds.
async fn checked_head(path: &Path) -> u64 {
    let outbox = open(path).await;
    checked_rows(&outbox).await;
    let head = outbox.backlog().head_seq;
    outbox.close().await;
    head
}

#[test]
fn a_process_that_is_killed_at_any_system_call_keeps_every_event_and_the_picture_before_it() {
    if !strace::works() {
        eprintln!("skipped: strace is not installed, or may not trace");
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.db");
    let (mut before, mut killed) = (0, 0);
    for seed in 0..KILLS_AT_CALLS {
        let call = Call::OF_KEEPING[usize::try_from(seed).unwrap() % Call::OF_KEEPING.len()];
        let number = 1 + seeded(seed) % (1 << (seed % 7));
        let mut child = spawn(folder.path(), Some(&Strace::killing_at(call, number)));
        let output = BufReader::new(child.stdout.take().unwrap());
        let told: Vec<u64> =
            output.lines().map_while(Result::ok).filter_map(|line| stored(&line)).take(LINES_MAX).collect();
        killed += u32::from(told.len() < LINES_MAX);
        // One that never comes to its call is killed where it is.
        child.kill().unwrap();
        child.wait().unwrap();
        let head = runtime.block_on(checked_head(&path));
        let last = told.last().copied().unwrap_or(before);
        assert!(head >= last && last >= before, "{call:?} {number}: told of {last}, found {head}, before {before}");
        let spool = Spool::open(&spool_of(&path)).unwrap();
        for seq in told {
            let kept = spool.read(&BlobHash::of(&picture(seq))).unwrap();
            assert_eq!(kept, Some(picture(seq)), "{call:?} {number}: the picture before event {seq}");
        }
        before = head;
    }
    assert!(killed > KILLS_AT_CALLS as u32 / 2, "{killed} of {KILLS_AT_CALLS} came to their call");
}

#[test]
fn a_second_process_is_refused_until_the_first_is_gone() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.db");
    let mut child = spawn(folder.path(), None);
    // Held to the end: a child whose output nobody reads would end by itself.
    let mut output = BufReader::new(child.stdout.take().unwrap());
    stored_after(&mut output, 1);
    let refused = runtime.block_on(Outbox::open(&path, identity()));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(matches!(refused, Err(OutboxError::InUse { .. })), "{refused:?}");
    runtime.block_on(async { open(&path).await.close().await });
}
