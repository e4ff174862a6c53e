//! The outbox and its file.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

use domain::{NodeId, SiteId};
use proptest::prelude::*;
use uplink::{AppendError, ConfirmOutcome, Identity, Outbox, OutboxError, StorageError};
use wire::event::{CameraChange, CameraState};
use wire::{Ack, EventHash, NodeKey, Payload};

use crate::support::{checked_rows, event, events, identity, open};

/// The hub's receipt for everything up to `seq` of what `outbox` holds.
async fn receipt(outbox: &Outbox, seq: u64) -> Ack {
    let rows = checked_rows(outbox).await;
    let row = rows.iter().find(|row| row.seq == seq).unwrap();
    Ack { committed_seq: seq, committed_hash: row.hash, highest_seq: seq }
}

#[tokio::test]
async fn events_are_numbered_chained_and_still_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.db");
    let outbox = open(&path).await;
    let first = outbox.append(&events(1..=3)).await.unwrap();
    assert_eq!((first.first_seq, first.last_seq), (1, 3));
    assert_eq!(outbox.append(&[]).await.unwrap().last_seq, 3);
    outbox.close().await;

    let outbox = open(&path).await;
    let second = outbox.append(&events(4..=500)).await.unwrap();
    assert_eq!((second.first_seq, second.last_seq), (4, 500));
    let rows = checked_rows(&outbox).await;
    assert_eq!(rows[0].prev, EventHash::GENESIS);
    assert_eq!((rows.len(), outbox.backlog().oldest_at), (500, Some(event(1).at)));
    assert_eq!(rows[499].payload, Some(event(500).payload));
    let window = outbox.window(10, 5).await.unwrap();
    assert_eq!(window.iter().map(|row| row.seq).collect::<Vec<_>>(), [11, 12, 13, 14, 15]);
}

#[tokio::test]
async fn a_receipt_removes_what_it_covers_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.db");
    let outbox = open(&path).await;
    outbox.append(&events(1..=10)).await.unwrap();
    let (fourth, last) = (receipt(&outbox, 4).await, receipt(&outbox, 10).await);
    assert_eq!(outbox.confirm(&fourth).await.unwrap(), ConfirmOutcome::Removed { rows: 4 });
    assert_eq!(outbox.confirm(&fourth).await.unwrap(), ConfirmOutcome::Removed { rows: 0 });
    assert_eq!((checked_rows(&outbox).await.len(), outbox.backlog().oldest_at), (6, Some(event(5).at)));
    outbox.close().await;

    let outbox = open(&path).await;
    assert_eq!(outbox.backlog().confirmed_seq, 4);
    let forged = Ack { committed_hash: last.committed_hash, ..fourth.clone() };
    let ours = Some(fourth.committed_hash);
    let not_ours = ConfirmOutcome::NotOurs { seq: 4, theirs: last.committed_hash, ours };
    assert_eq!(outbox.confirm(&forged).await.unwrap(), not_ours, "the last confirmed hash is kept");
    let beyond = Ack { committed_seq: 11, ..last.clone() };
    let outcome = outbox.confirm(&beyond).await.unwrap();
    assert!(matches!(outcome, ConfirmOutcome::NotOurs { seq: 11, ours: None, .. }), "{outcome:?}");
    assert_eq!(checked_rows(&outbox).await.len(), 6);
    assert_eq!(outbox.confirm(&last).await.unwrap(), ConfirmOutcome::Removed { rows: 6 });
    assert_eq!(outbox.confirm(&fourth).await.unwrap(), ConfirmOutcome::Stale);
    assert_eq!(outbox.append(&[event(11)]).await.unwrap().first_seq, 11);
    assert_eq!(checked_rows(&outbox).await[0].prev, last.committed_hash, "the chain goes on after it emptied");
}

#[tokio::test]
async fn a_full_outbox_refuses_and_keeps_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = Outbox::open_limited(&folder.path().join("outbox.db"), identity(), 5).await.unwrap();
    outbox.append(&events(1..=3)).await.unwrap();
    let error = outbox.append(&events(4..=6)).await.unwrap_err();
    assert!(matches!(error, AppendError::Full { rows: 3, rows_max: 5, .. }), "{error}");
    outbox.append(&events(4..=5)).await.unwrap();
    assert!(outbox.append(&[event(6)]).await.is_err());
    outbox.confirm(&receipt(&outbox, 1).await).await.unwrap();
    assert_eq!(outbox.append(&[event(6)]).await.unwrap().first_seq, 6);
    assert_eq!(checked_rows(&outbox).await.len(), 5);
}

#[tokio::test]
async fn an_event_that_cannot_be_sealed_is_named_and_takes_no_number() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = open(&folder.path().join("outbox.db")).await;
    let mut long = event(2);
    let camera = domain::CameraId::new("cam-1").unwrap();
    let reason = "x".repeat(70_000);
    long.payload = Payload::CameraChanged(CameraChange { camera, state: CameraState::Up, reason });
    let error = outbox.append(&[event(1), long]).await.unwrap_err();
    assert!(matches!(error, AppendError::Seal { index: 1, count: 2, .. }), "{error}");
    assert_eq!(outbox.append(&[event(1)]).await.unwrap().first_seq, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_appends_at_once_make_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = open(&folder.path().join("outbox.db")).await;
    let tasks: Vec<_> = (0..40)
        .map(|task| {
            let outbox = outbox.clone();
            tokio::spawn(async move {
                let mut receipts = Vec::new();
                for round in 0..5 {
                    let first = (task * 5 + round) * 3 + 1;
                    receipts.push(outbox.append(&events(first..=first + 2)).await.unwrap());
                }
                receipts
            })
        })
        .collect();
    let mut seen = Vec::new();
    for task in tasks {
        seen.extend(task.await.unwrap().into_iter().flat_map(|r| r.first_seq..=r.last_seq));
    }
    seen.sort_unstable();
    assert_eq!(seen, (1..=600).collect::<Vec<_>>());
    assert_eq!(checked_rows(&outbox).await.len(), 600);
}

#[tokio::test]
async fn an_outbox_of_somebody_else_is_refused_with_both_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.db");
    open(&path).await.close().await;
    let others = [
        Identity { node: NodeId::new("n2").unwrap(), ..identity() },
        Identity { site: SiteId::new("s2").unwrap(), ..identity() },
    ];
    for other in others {
        let (site, node) = (other.site.to_string(), other.node.to_string());
        let error = Outbox::open(&path, other).await.unwrap_err();
        assert!(matches!(error, OutboxError::OtherNode { .. }), "{error}");
        let text = error.to_string();
        assert!([site.as_str(), node.as_str(), "n1", "s1"].iter().all(|name| text.contains(name)), "{text}");
    }
    let other = Identity { key: NodeKey::from_seed([8; 32]), ..identity() };
    let error = Outbox::open(&path, other).await.unwrap_err();
    assert!(matches!(error, OutboxError::OtherKey { .. }), "{error}");
    open(&path).await.close().await;
}

#[tokio::test]
async fn an_outbox_that_is_open_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.db");
    let outbox = open(&path).await;
    let error = Outbox::open(&path, identity()).await.unwrap_err();
    assert!(matches!(error, OutboxError::InUse { .. }) && error.to_string().contains("outbox.db.lock"), "{error}");
    outbox.close().await;
    open(&path).await.close().await;
}

#[tokio::test]
async fn a_closed_outbox_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = open(&folder.path().join("outbox.db")).await;
    outbox.clone().close().await;
    let error = outbox.append(&[event(1)]).await.unwrap_err();
    assert!(matches!(error, AppendError::Storage(StorageError::Closed)), "{error}");
    assert!(matches!(outbox.rows(1..=2).await, Err(StorageError::Closed)));
}

/// An outbox of 400 events, closed, at `path`.
async fn filled(path: &Path) {
    let outbox = open(path).await;
    outbox.append(&events(1..=400)).await.unwrap();
    outbox.close().await;
}

#[tokio::test]
async fn damaged_files_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.db");
    filled(&path).await;
    let whole = fs::read(&path).unwrap();
    let half = whole.len() / 2;
    let mut scribbled = whole.clone();
    scribbled[half..half + 4096].fill(0xA5);
    let mut headless = whole.clone();
    headless[..100].fill(0);
    let damages = [
        ("empty", vec![]),
        ("a few bytes", whole[..10].to_vec()),
        ("half", whole[..half].to_vec()),
        ("half, in whole pages", whole[..half / 4096 * 4096].to_vec()),
        ("a page overwritten", scribbled),
        ("no header", headless),
    ];
    for (what, bytes) in damages {
        fs::write(&path, &bytes).unwrap();
        let error = Outbox::open(&path, identity()).await.unwrap_err();
        let is_named =
            matches!(error, OutboxError::Damaged { .. } | OutboxError::Storage(StorageError::Damaged { .. }));
        assert!(is_named && error.to_string().contains("outbox.db"), "{what}: {error:?}");
        assert_eq!(fs::read(&path).unwrap().len(), bytes.len(), "{what}: left alone");
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(checked_rows(&open(&path).await).await.len(), 400);
}

#[tokio::test]
async fn a_changed_row_breaks_the_chain_and_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.db");
    filled(&path).await;
    let outbox = open(&path).await;
    let hash = checked_rows(&outbox).await[200].hash;
    outbox.close().await;
    // The hash stands twice: as the row's own and as the next row's `prev`. Change one of them.
    let bytes = fs::read(&path).unwrap();
    let at = bytes.windows(32).position(|window| window == hash.as_bytes()).unwrap();
    fs::File::options().write(true).open(&path).unwrap().write_all_at(&[0xEE], at as u64).unwrap();
    let error = Outbox::open(&path, identity()).await.unwrap_err();
    assert!(error.to_string().contains("does not continue"), "{error}");
}

#[tokio::test]
async fn a_missing_file_beside_its_log_is_no_new_outbox() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.db");
    fs::write(folder.path().join("outbox.db-wal"), b"left").unwrap();
    let error = Outbox::open(&path, identity()).await.unwrap_err();
    assert!(matches!(error, OutboxError::LogWithoutFile { .. }) && !path.exists(), "{error}");
}

#[tokio::test]
async fn other_files_and_folders_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = Outbox::open(&folder.path().join("missing/outbox.db"), identity()).await.unwrap_err();
    assert!(matches!(&error, OutboxError::Io { path, .. } if path.ends_with("missing/outbox.db.lock")), "{error}");

    let text = folder.path().join("notes.txt");
    fs::write(&text, "not a database, but longer than the hundred bytes of the header of one ".repeat(4)).unwrap();
    let error = Outbox::open(&text, identity()).await.unwrap_err();
    assert!(error.to_string().contains("notes.txt"), "{error}");
}

/// A small file system of its own, where this machine lets us make one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder.path()).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn a_full_disk_is_named_and_loses_nothing_that_was_stored() {
    let Some(disk) = SmallDisk::mount("1m") else {
        eprintln!("skipped: making a small disk needs the right to mount");
        return;
    };
    let path = disk.0.path().join("outbox.db");
    let outbox = open(&path).await;
    let (mut stored, error) = (
        0,
        loop {
            let next = outbox.backlog().head_seq + 1;
            if let Err(error) = outbox.append(&events(next..=next + 19)).await {
                break error;
            }
            assert!(next < 10_000, "the disk must fill");
        },
    );
    assert!(matches!(error, AppendError::Storage(StorageError::DiskFull { .. })), "{error:?}");
    assert!(error.to_string().contains("outbox.db") && error.to_string().contains("free some space"), "{error}");
    stored += outbox.backlog().head_seq;
    assert!(stored > 0 && stored.is_multiple_of(20), "all or none: {stored}");
    assert_eq!(checked_rows(&outbox).await.len() as u64, stored);
    outbox.close().await;

    let remount = Command::new("mount").args(["-o", "remount,size=4m"]).arg(disk.0.path()).status().unwrap();
    assert!(remount.success());
    let outbox = open(&path).await;
    assert_eq!(checked_rows(&outbox).await.len() as u64, stored);
    assert_eq!(outbox.append(&[event(stored + 1)]).await.unwrap().first_seq, stored + 1);
}

#[tokio::test]
async fn appends_work_again_once_a_full_disk_has_room() {
    let Some(disk) = SmallDisk::mount("1m") else {
        eprintln!("skipped: making a small disk needs the right to mount");
        return;
    };
    let outbox = open(&disk.0.path().join("outbox.db")).await;
    while outbox.append(&events(1..=20)).await.is_ok() {}
    let stored = outbox.backlog().head_seq;
    let remount = Command::new("mount").args(["-o", "remount,size=4m"]).arg(disk.0.path()).status().unwrap();
    assert!(remount.success());
    assert_eq!(outbox.append(&[event(1)]).await.unwrap().first_seq, stored + 1, "without a restart");
    outbox.confirm(&receipt(&outbox, stored).await).await.unwrap();
    assert_eq!(checked_rows(&outbox).await.len(), 1);
}

#[tokio::test]
async fn a_receipt_that_a_full_disk_refuses_changes_nothing_and_counts_once_there_is_room() {
    let Some(disk) = SmallDisk::mount("1m") else {
        eprintln!("skipped: making a small disk needs the right to mount");
        return;
    };
    let outbox = open(&disk.0.path().join("outbox.db")).await;
    while outbox.append(&events(1..=20)).await.is_ok() {}
    // To the last byte.
    let filler = disk.0.path().join("somebody-elses.log");
    assert!(fs::write(&filler, vec![0xA5; 1024 * 1024]).is_err());
    while outbox.append(&events(1..=1)).await.is_ok() {}
    let stored = outbox.backlog().head_seq;
    assert!(stored > 40);
    let last = receipt(&outbox, stored).await;
    // SQLite writes down what it will delete, and has no room for that.
    let refused = outbox.confirm(&last).await;
    assert!(matches!(refused, Err(StorageError::DiskFull { .. })), "{refused:?}");
    assert_eq!(checked_rows(&outbox).await.len() as u64, stored);
    fs::remove_file(filler).unwrap();
    let remount = Command::new("mount").args(["-o", "remount,size=2m"]).arg(disk.0.path()).status().unwrap();
    assert!(remount.success());
    let outcome = outbox.confirm(&last).await;
    assert!(matches!(outcome, Ok(ConfirmOutcome::Removed { rows }) if rows == stored), "{outcome:?}");
    assert_eq!(outbox.append(&events(1..=20)).await.unwrap().first_seq, stored + 1);
}

#[tokio::test]
async fn a_receipt_on_a_full_disk_uses_the_space_kept_back_for_it() {
    let Some(disk) = SmallDisk::mount("4m") else {
        eprintln!("skipped: making a small disk needs the right to mount");
        return;
    };
    let path = disk.0.path().join("outbox.db");
    let reserve = disk.0.path().join("outbox.db.reserve");
    let outbox = open(&path).await;
    assert!(fs::metadata(&reserve).unwrap().len() > 0);
    while outbox.append(&events(1..=20)).await.is_ok() {}
    let filler = disk.0.path().join("somebody-elses.log");
    assert!(fs::write(&filler, vec![0xA5; 4 * 1024 * 1024]).is_err());
    while outbox.append(&events(1..=1)).await.is_ok() {}
    let stored = outbox.backlog().head_seq;
    let outcome = outbox.confirm(&receipt(&outbox, stored).await).await;
    assert!(matches!(outcome, Ok(ConfirmOutcome::Removed { rows }) if rows == stored), "{outcome:?}");
    assert!(!reserve.exists(), "what was kept back is in use");
    let first = outbox.append(&events(1..=20)).await.unwrap().first_seq;
    assert_eq!(first, stored + 1, "there is room for new events although the disk is as full as before");
    outbox.close().await;
    fs::remove_file(filler).unwrap();
    let remount = Command::new("mount").args(["-o", "remount,size=8m"]).arg(disk.0.path()).status().unwrap();
    assert!(remount.success());
    let outbox = open(&path).await;
    assert_eq!(checked_rows(&outbox).await.len(), 20);
    assert!(reserve.exists(), "with room on the disk the space is kept back again");
}

#[derive(Debug, Clone)]
enum Step {
    Append(u64),
    Confirm(u64),
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0_u64..8).prop_map(Step::Append),
        3 => (0_u64..12).prop_map(Step::Confirm),
        1 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_chain_holds(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("outbox.db");
            let mut outbox = open(&path).await;
            let (mut head, mut confirmed, mut last_hash) = (0, 0, EventHash::GENESIS);
            for step in steps {
                match step {
                    Step::Append(count) => {
                        let receipt = outbox.append(&events(head + 1..=head + count)).await.unwrap();
                        assert_eq!((receipt.first_seq, receipt.last_seq), (head + 1, head + count));
                        head += count;
                    }
                    Step::Confirm(ahead) => {
                        let seq = (confirmed + ahead).min(head);
                        if seq > confirmed {
                            let receipt = receipt(&outbox, seq).await;
                            last_hash = receipt.committed_hash;
                            let outcome = outbox.confirm(&receipt).await.unwrap();
                            assert_eq!(outcome, ConfirmOutcome::Removed { rows: seq - confirmed });
                            confirmed = seq;
                        }
                    }
                    Step::Reopen => {
                        outbox.close().await;
                        outbox = open(&path).await;
                    }
                }
                let backlog = outbox.backlog();
                assert_eq!((backlog.head_seq, backlog.confirmed_seq, backlog.rows), (head, confirmed, head - confirmed));
                if let Some(first) = checked_rows(&outbox).await.first() {
                    assert_eq!(first.prev, last_hash);
                }
            }
            outbox.close().await;
        });
    }
}
