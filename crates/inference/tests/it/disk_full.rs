//! Pulling a model onto a disk that is full before the model is there.

use std::io::Read;
use std::path::Path;
use std::process::Command;

use inference::models::{Fetch, FetchError, Mirror, PullError, PullOutcome, pull};
use inference::{Manifest, ModelEntry};

/// Names the folder that holds `mirror/` and `dest/`; set in the process that has no room.
const FOLDER: &str = "GATEHOUSE_TEST_FULL_DISK";

/// How that process says that all was as it should be; 0 would be said by one that found no test to run.
const TOLD: i32 = 42;

struct Offline;

impl Fetch for Offline {
    fn fetch(&self, url: &str, _limit_bytes: u64) -> Result<Box<dyn Read>, FetchError> {
        Err(FetchError::new(url, "no route"))
    }
}

fn entry() -> ModelEntry {
    Manifest::parse(include_str!("../../../../models/manifest.toml")).unwrap().entries()[0].clone()
}

fn pulled(folder: &Path) -> PullOutcome {
    pull(&entry(), &folder.join("dest"), Some(&Mirror::Folder(folder.join("mirror"))), &Offline)
}

/// The system refuses to write past a file size, as it refuses to write to a full disk: in the middle of a file. The
/// limit holds for a whole process, so the test runs itself again in one that has it.
#[test]
fn a_full_disk_is_told_and_leaves_nothing_behind() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let outcome = pulled(Path::new(&folder));
        let told = matches!(&outcome, PullOutcome::Failed { reason: PullError::Store { .. } });
        // The harness may not be able to say why it fails: its output may be a file, too.
        std::process::exit(if told { TOLD } else { 3 });
    }
    let folder = tempfile::tempdir().unwrap();
    for part in ["mirror", "dest"] {
        std::fs::create_dir(folder.path().join(part)).unwrap();
    }
    std::fs::write(folder.path().join("mirror").join(entry().file), vec![7; 1 << 20]).unwrap();
    // With room enough, the same transfer ends and is refused for its hash: what follows is about the room alone.
    let outcome = pulled(folder.path());
    assert!(matches!(outcome, PullOutcome::Failed { reason: PullError::WrongHash { .. } }), "{outcome:?}");

    let child = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "disk_full::a_full_disk_is_told_and_leaves_nothing_behind"])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    assert_eq!(child.status.code(), Some(TOLD), "{child:?}");
    assert_eq!(std::fs::read_dir(folder.path().join("dest")).unwrap().count(), 0);
}
