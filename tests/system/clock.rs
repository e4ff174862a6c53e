//! A wall clock that jumps and stops while the node works: the C library's answers are replaced for the node's process.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gatehouse_tests::edge::{self, Plan};
use gatehouse_tests::found::skip;
use gatehouse_tests::process::Process;
use gatehouse_tests::rehearsal::{self, PROFILE, Pace};
use gatehouse_tests::wait::eventually;
use wire::{Event, Payload};

/// How long the walkers go on: longer than a test.
const WALKERS: usize = 2_000;

const HOUR_MS: i64 = 3_600_000;

/// A clock moved less than this was not moved by us: jumps are told in quarters of a second.
const EXACT_MS: i64 = 1_000;

/// Two walkers of one direction are so far apart; those of the two directions may be told in either order.
const ONE_WALKER: Duration = Duration::from_millis(100);

/// Passages around the three moments at which the clock is set.
const AMBIGUOUS_MAX: usize = 6;

fn library() -> Option<PathBuf> {
    let folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"];
    let files = folders.map(|folder| Path::new(folder).join("faketime/libfaketimeMT.so.1"));
    files.into_iter().find(|file| file.is_file())
}

/// Sets the node's wall clock, in the words of faketime: so much beside the right time, or a moment at which it stops.
fn set_clock(file: &Path, to: &str) {
    let beside = file.with_extension("new");
    std::fs::write(&beside, to).unwrap();
    std::fs::rename(beside, file).unwrap();
}

fn passages(events: &[Event]) -> Vec<(&Event, domain::MediaTime)> {
    let passed =
        |event: &Event| if let Payload::Passed(passed) = &event.payload { Some(passed.what.media) } else { None };
    events.iter().filter_map(|event| Some((event, passed(event)?))).collect()
}

/// How far the clock has jumped in all, as the node tells it.
fn jumped_ms(events: &[Event]) -> i64 {
    let jump = |event: &Event| if let Payload::ClockJumped(jump) = &event.payload { Some(jump.by_ms) } else { None };
    events.iter().filter_map(jump).sum()
}

#[test]
fn a_clock_that_jumps_and_stops_is_told_and_neither_loses_nor_reorders_a_passage() {
    let Some(library) = library() else {
        return skip("faketime is not installed; deploy/setup.sh installs it");
    };
    let folder = tempfile::tempdir().unwrap();
    let (clock, events) = (folder.path().join("clock"), folder.path().join("events.jsonl"));
    set_clock(&clock, "+0");
    let log = folder.path().join("walkers.jsonl");
    let pace = Pace { frame: Duration::from_millis(25), every: 4, rest: Duration::ZERO };
    rehearsal::write(&log, &rehearsal::crowd(WALKERS), pace);
    let config = Plan::new(log, "rehearse", PROFILE).write(folder.path(), "edge");
    let mut command = edge::edge(None);
    command.args(["run", "--config"]).arg(&config).arg("--events").arg(&events);
    command.env("LD_PRELOAD", library).env("FAKETIME_TIMESTAMP_FILE", &clock).env("FAKETIME_NO_CACHE", "1");
    // Only the wall clock: the monotonic one is the kernel's own.
    command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("DONT_FAKE_MONOTONIC", "1").env("NO_FAKE_STAT", "1");
    let mut node = Process::start(&mut command, folder.path(), "edge");
    let told = || edge::events(&events);
    eventually("ten passed", || (passages(&told()).len() >= 10).then_some(()));
    assert_eq!(jumped_ms(&told()), 0);

    // A jump forwards by an hour, and back by two.
    for (set, by) in [("+3600", HOUR_MS), ("-3600", -HOUR_MS)] {
        set_clock(&clock, set);
        eventually("the jump is told", || ((jumped_ms(&told()) - by).abs() < EXACT_MS).then_some(()));
        let before = told().len();
        let after = eventually("ten more passed", || {
            let told = told();
            (passages(&told[before..]).len() >= 10).then_some(told)
        });
        let carried = after.last().unwrap().clock.offset_ms;
        assert!((carried - by).abs() < EXACT_MS, "events carry the jump: {carried}");
    }

    // It stands still: the machine's time service put it to one moment, again and again.
    set_clock(&clock, "2026-11-20 08:00:00");
    let worth = eventually("the clock stands still for many passages", || {
        let told = told();
        let last: Vec<_> = passages(&told).iter().rev().take(40).map(|(event, _)| (event.at, event.clock)).collect();
        let stands_still = last.len() == 40 && last.windows(2).all(|pair| pair[0].0 == pair[1].0);
        stands_still.then(|| last[last.len() - 1].1.offset_ms - last[0].1.offset_ms)
    });
    assert!(worth > 1_000, "events carry that the clock falls behind: {worth}");
    assert!(node.terminate().success(), "{}", node.last_words());

    let told = told();
    let passed = passages(&told);
    let in_order = |pair: &[(&Event, domain::MediaTime)]| pair[0].1 <= pair[1].1 + ONE_WALKER;
    assert!(passed.windows(2).all(in_order), "order is kept by the frames' own time");
    // The frames' own time is that of the monotonic clock: how far the wall clock is from it is what each event says.
    let (first, began) = passed[0];
    let says_so = |(event, media): &&(&Event, domain::MediaTime)| {
        let by_wall = event.at.as_unix_millis() - first.at.as_unix_millis();
        let by_frames = i64::try_from(media.since(began).as_millis()).unwrap();
        (by_wall - by_frames - event.clock.offset_ms).abs() < EXACT_MS
    };
    // A passage lies between two frames, and the clock was set between some of them.
    let wrong = passed.iter().filter(|passed| !says_so(passed)).count();
    assert!(wrong <= AMBIGUOUS_MAX, "{wrong} of {} events do not say what their time is worth", passed.len());
    let track =
        |event: &Event| if let Payload::Passed(passed) = &event.payload { Some(passed.what.track.0) } else { None };
    let mut tracks: Vec<_> = told.iter().filter_map(track).collect();
    tracks.sort_unstable();
    let count = tracks.len();
    tracks.dedup();
    assert_eq!(tracks.len(), count, "nobody passed twice");
    // Walkers are numbered in the order of their coming; those of the two directions pass at the same time.
    let last = *tracks.last().unwrap();
    let missing = last - tracks.len() as u64;
    assert!(missing <= 2, "{missing} of {last} are missing");
}
