//! Memory over many runs of the pipeline. In a program of its own, because the memory of the whole process is measured.

#![allow(clippy::unwrap_used)]

use crate::support::{Watched, forever, lossless, mp4};

#[path = "support/watched.rs"]
mod support;

#[test]
fn a_file_repeated_hundreds_of_times_leaves_no_memory_behind() {
    // Pages in memory of this process.
    let resident = || -> u64 {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        statm.split(' ').nth(1).unwrap().parse().unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = mp4(folder.path(), 2);
    let mut watched = Watched::start(forever(lossless(&path)));
    watched.up();
    let mut loops = |count: u32| (0..count * 2).for_each(|_| drop(watched.frame()));
    loops(100);
    let before = resident();
    loops(300);
    let grown_kib = resident().saturating_sub(before) * 4;
    // One decoded frame that stays behind in each loop would be 34 MiB.
    assert!(grown_kib < 12 * 1024, "{grown_kib} KiB more after 300 loops");
}
