//! A power cut at any step of taking a policy, as near as a process can get: SIGKILL while it takes one after the other.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use uplink::PolicyStore;
use wire::policy::SealedBundle;

use crate::support::policy::{bundle, policy_key, reader};

/// Tells a copy of this program where to take policies for ever.
const FOLDER: &str = "GATEHOUSE_TEST_ADOPT_FOR_EVER";

fn adopt(store: &mut PolicyStore, version: u64) {
    let bundle = bundle(version);
    let sealed = SealedBundle::seal(&policy_key(1), &bundle).unwrap();
    let staged = store.stage(sealed.as_bytes(), Arc::new(bundle)).unwrap();
    store.adopt(&staged).unwrap();
}

/// By itself a test of taking policies in turn; with [`FOLDER`] set, the process that is killed.
#[expect(clippy::print_stdout, reason = "the process that kills this one reads along")]
#[test]
fn taking_policies_in_turn() {
    let (folder, count) = match std::env::var_os(FOLDER) {
        Some(folder) => (PathBuf::from(folder), u64::MAX),
        None => (tempfile::tempdir().unwrap().keep(), 20),
    };
    let mut store = PolicyStore::open(&folder, reader()).unwrap();
    let first = store.running_name().map_or(1, |name| name.version + 1);
    for version in (first..).take(usize::try_from(count).unwrap_or(usize::MAX)) {
        adopt(&mut store, version);
        println!("adopted {version}");
    }
    assert_eq!(store.running_name().map(|name| name.version), Some(20));
    std::fs::remove_dir_all(folder).unwrap();
}

fn spawn(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "policy_kill::taking_policies_in_turn", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Numbers that look random and are the same each time.
fn seeded(seed: u64) -> u64 {
    let mixed = (seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 33
}

#[test]
fn a_process_that_is_killed_while_it_takes_policies_has_a_whole_one_after() {
    let folder = tempfile::tempdir().unwrap();
    let mut before = 0;
    for seed in 0..40 {
        let mut child = spawn(folder.path());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let wanted = usize::try_from(1 + seeded(seed) % 10).unwrap();
        let told: u64 = lines
            .by_ref()
            .filter_map(|line| line.unwrap().split("adopted ").nth(1)?.parse().ok())
            .take(wanted)
            .last()
            .unwrap();
        // From here on the child races on; a varying amount of work decides how far it comes.
        std::hint::black_box((0..seeded(seed + 100) % 2_000_000).fold(0_u64, |a, b| a.wrapping_mul(31) ^ b));
        child.kill().unwrap();
        child.wait().unwrap();
        let store = PolicyStore::open(folder.path(), reader()).unwrap();
        let found = store.running().unwrap();
        assert_eq!(store.loss(), None, "seed {seed}");
        assert_eq!(found.text("a.toml"), Some(format!("x = {}\n", found.version).as_str()), "seed {seed}");
        assert!(told > before && found.version >= told, "seed {seed}: told of {told}, found {}", found.version);
        before = found.version;
    }
}
