use access::{Subject, state::PermitEnd};
use domain::{UtcTime, ZoneId};
use tempfile::TempDir;

use super::*;

fn moved(who: &str, zone: &str) -> Change {
    Change::Relocated {
        subject: Subject::try_from(format!("holder:{who}")).expect("a holder"),
        kind: access::HolderKind::Vehicle,
        zone: Some(ZoneId::new(zone).expect("a zone")),
        at: UtcTime::UNIX_EPOCH,
        guard: "Hùng".to_owned(),
        reason: "kiểm kê".to_owned(),
    }
}

/// One step each: `car-0` is in `park`, `car-1` too, and so on.
fn steps(count: usize) -> Vec<Change> {
    (0..count).map(|index| moved(&format!("car-{index}"), "park")).collect()
}

fn told(changes: &[Change]) -> State {
    let mut state = State::default();
    changes.iter().for_each(|change| state.apply(change));
    state
}

fn whole(folder: &TempDir) -> (Journal, State) {
    match Journal::open(folder.path()).expect("it opens") {
        Opened::Whole(journal, state) => (journal, state),
        Opened::Damaged { damage, .. } => panic!("{damage}"),
    }
}

fn damage(folder: &TempDir) -> (Damage, State) {
    match Journal::open(folder.path()).expect("it can be read") {
        Opened::Whole(_, state) => panic!("taken for whole: {state:?}"),
        Opened::Damaged { damage, before } => (damage, before),
    }
}

/// A folder whose journal holds `changes`, one step each.
fn written(changes: &[Change]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut journal, _) = whole(&folder);
    changes.iter().for_each(|change| journal.append(&[change]).expect("written"));
    folder
}

#[test]
fn what_was_appended_is_there_again_after_every_start() {
    let changes = steps(5);
    let folder = written(&changes);
    for _ in 0..3 {
        assert_eq!(whole(&folder).1, told(&changes));
    }
    let (mut journal, _) = whole(&folder);
    let more = moved("car-0", "yard");
    journal.append(&[&more, &Change::Started { run: 9 }]).expect("written");
    drop(journal);
    let all: Vec<_> = changes.into_iter().chain([more, Change::Started { run: 9 }]).collect();
    assert_eq!(whole(&folder).1, told(&all));
}

#[test]
fn a_power_cut_at_every_byte_leaves_the_steps_before_it() {
    let changes = steps(2);
    let folder = written(&changes);
    let path = folder.path().join("journal");
    let bytes = fs::read(&path).expect("a journal");
    for cut in 0..=bytes.len() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("journal"), &bytes[..cut]).expect("written");
        let steps = bytes[..cut].iter().filter(|byte| **byte == b'\n').count();
        let (mut journal, state) = whole(&folder);
        assert_eq!(state, told(&changes[..steps]), "cut at {cut}");
        // And it goes on as if nothing had been.
        journal.append(&[&moved("late", "park")]).expect("written");
        drop(journal);
        let (_, state) = whole(&folder);
        assert_eq!(state.inside(&ZoneId::new("park").expect("a zone")).count(), steps + 1, "cut at {cut}");
    }
}

#[test]
fn a_power_cut_at_any_moment_of_a_snapshot_loses_nothing() {
    let changes = steps(4);
    let folder = written(&changes);
    let (before, after) = (folder.path().join("journal"), folder.path().join("snapshot"));
    let journal_before = fs::read(&before).expect("a journal");
    drop(whole(&folder));
    let snapshot = fs::read(&after).expect("a snapshot");
    // The new snapshot is half written, and nobody looks at it.
    let half = tempfile::tempdir().expect("a folder");
    fs::write(half.path().join("journal"), &journal_before).expect("written");
    fs::write(half.path().join("snapshot.new"), &snapshot[..snapshot.len() / 2]).expect("written");
    assert_eq!(whole(&half).1, told(&changes));
    // It is in place, and the old journal still there: its records are not taken twice.
    let both = tempfile::tempdir().expect("a folder");
    fs::write(both.path().join("journal"), &journal_before).expect("written");
    fs::write(both.path().join("snapshot"), &snapshot).expect("written");
    let (mut journal, state) = whole(&both);
    assert_eq!(state, told(&changes));
    let end = Change::PermitEnded { number: serde_json::from_str("7").expect("a number"), why: PermitEnd::Expired };
    journal.append(&[&end]).expect("written");
    drop(journal);
    assert_eq!(whole(&both).1, told(&changes));
}

#[test]
fn a_changed_byte_anywhere_is_found_and_named() {
    let changes = steps(3);
    let folder = written(&changes);
    let path = folder.path().join("journal");
    let bytes = fs::read(&path).expect("a journal");
    for at in (0..bytes.len() - 1).step_by(7) {
        let mut bad = bytes.clone();
        bad[at] ^= 0x01;
        fs::write(&path, &bad).expect("written");
        let (damage, before) = damage(&folder);
        let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count();
        assert!((line + 1..=line + 2).contains(&damage.line), "{damage} at byte {at}");
        assert_eq!(damage.file, path);
        assert_eq!(before, told(&changes[..damage.line - 1]));
        assert_eq!(fs::read(&path).expect("a journal"), bad, "it is left alone");
    }
}

#[test]
fn a_missing_record_and_a_damaged_snapshot_are_found() {
    let folder = written(&steps(3));
    let path = folder.path().join("journal");
    let text = fs::read_to_string(&path).expect("a journal");
    let without: Vec<_> =
        text.split_inclusive('\n').enumerate().filter(|(at, _)| *at != 1).map(|(_, line)| line).collect();
    fs::write(&path, without.concat()).expect("written");
    assert_eq!((damage(&folder).0.line, damage(&folder).0.what), (2, "records before it are missing"));

    let folder = written(&steps(3));
    drop(whole(&folder));
    let path = folder.path().join("snapshot");
    let text = fs::read_to_string(&path).expect("a snapshot");
    fs::write(&path, text.replace("car-1", "car-9")).expect("written");
    let (damage, _) = damage(&folder);
    assert_eq!((damage.file, damage.line), (path, 1));
}

#[test]
fn a_long_journal_is_replaced_by_the_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut journal, mut state) = whole(&folder);
    // As if it were long already: each record costs the disk its time.
    journal.records = RECORDS_MAX - 5;
    for index in 0..5 + 3 {
        let change = moved(&format!("car-{}", index % 5), "park");
        state.apply(&change);
        journal.append(&[&change]).expect("written");
        if journal.is_long() {
            journal.snapshot(&state).expect("written");
        }
    }
    drop(journal);
    let lines = fs::read_to_string(folder.path().join("journal")).expect("a journal").lines().count();
    assert_eq!((lines, whole(&folder).1), (3, state));
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("access"), "a file").expect("written");
    let error = Journal::open(&folder.path().join("access")).expect_err("a file is no folder");
    assert!(error.to_string().contains("access"), "{error}");
}
