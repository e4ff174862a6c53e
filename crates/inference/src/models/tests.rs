use super::*;
use crate::manifest::Manifest;

/// No network at all.
struct Offline;

impl Fetch for Offline {
    fn fetch(&self, url: &str, _limit_bytes: u64) -> Result<Box<dyn Read>, FetchError> {
        Err(FetchError::new(url, "no route"))
    }
}

/// A network where every URL gives these bytes.
struct Serving(&'static [u8]);

impl Fetch for Serving {
    fn fetch(&self, _url: &str, limit_bytes: u64) -> Result<Box<dyn Read>, FetchError> {
        Ok(Box::new(self.0.take(limit_bytes)))
    }
}

const CONTENT: &[u8] = b"weights";

fn entry() -> ModelEntry {
    let manifest = Manifest::parse(include_str!("../../../../models/manifest.toml")).expect("the shipped one");
    let mut entry = manifest.entries()[0].clone();
    entry.bytes = CONTENT.len() as u64;
    entry.sha256 = hex::encode(Sha256::digest(CONTENT));
    entry
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_mirror_folder_gives_the_model_once() {
    let (mirror, dest, entry) =
        (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"), entry());
    std::fs::write(mirror.path().join(&entry.file), CONTENT).expect("written");
    let from = Mirror::Folder(mirror.path().to_owned());
    let first = pull(&entry, dest.path(), Some(&from), &Offline);
    assert!(matches!(first, PullOutcome::Pulled { .. }), "{first:?}");
    let second = pull(&entry, dest.path(), Some(&from), &Offline);
    assert!(matches!(second, PullOutcome::Present { .. }), "{second:?}");
    let store = ModelStore::new(vec![dest.path().to_owned()]);
    assert_eq!(store.find(&entry).expect("it is there"), dest.path().join(&entry.file));
}

#[test]
fn another_file_is_refused_and_nothing_is_left() {
    let (dest, entry) = (tempfile::tempdir().expect("a folder"), entry());
    for wrong in [&b"weighty"[..], b"weights and more", b"", b"wei"] {
        let outcome = pull(&entry, dest.path(), Some(&Mirror::Url("http://mirror".into())), &Serving(wrong));
        assert!(matches!(outcome, PullOutcome::Failed { reason: PullError::WrongHash { .. } }), "{outcome:?}");
        assert_eq!(names(dest.path()), Vec::<String>::new());
    }
}

#[test]
fn without_network_and_mirror_the_reason_is_plain() {
    let (dest, mut entry) = (tempfile::tempdir().expect("a folder"), entry());
    let outcome = pull(&entry, dest.path(), None, &Offline);
    let PullOutcome::Failed { reason } = outcome else { panic!("{outcome:?}") };
    assert!(reason.to_string().contains("give a mirror"), "{reason}");
    entry.url = Some("https://origin/file".into());
    let outcome = pull(&entry, dest.path(), None, &Offline);
    let PullOutcome::Failed { reason } = outcome else { panic!("{outcome:?}") };
    assert!(reason.to_string().contains("https://origin/file"), "{reason}");
}

#[test]
fn damaged_and_missing_files_are_told_apart() {
    let (dest, entry) = (tempfile::tempdir().expect("a folder"), entry());
    let store = ModelStore::new(vec![dest.path().to_owned()]);
    assert!(matches!(store.find(&entry), Err(FindError::Missing { .. })));
    let path = dest.path().join(&entry.file);
    std::fs::write(&path, b"").expect("written");
    assert!(matches!(store.find(&entry), Err(FindError::WrongSize { found: 0, .. })));
    std::fs::write(&path, b"weighty").expect("written");
    assert!(matches!(store.find(&entry), Err(FindError::WrongHash { .. })));
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let (mirror, dest, entry) =
        (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"), entry());
    std::fs::write(mirror.path().join(&entry.file), CONTENT).expect("written");
    let blocked = dest.path().join("a-file");
    std::fs::write(&blocked, b"").expect("written");
    let outcome = pull(&entry, &blocked, Some(&Mirror::Folder(mirror.path().to_owned())), &Offline);
    assert!(matches!(outcome, PullOutcome::Failed { reason: PullError::Store { .. } }), "{outcome:?}");
}

/// A network that breaks off in the middle.
struct Breaking;

impl Fetch for Breaking {
    fn fetch(&self, _url: &str, _limit_bytes: u64) -> Result<Box<dyn Read>, FetchError> {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _buffer: &mut [u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::ConnectionReset.into())
            }
        }
        Ok(Box::new((&CONTENT[..3]).chain(Broken)))
    }
}

#[test]
fn a_transfer_that_breaks_off_leaves_what_was_there() {
    let (dest, entry) = (tempfile::tempdir().expect("a folder"), entry());
    let path = dest.path().join(&entry.file);
    std::fs::write(&path, b"old and damaged").expect("written");
    let mirror = Mirror::Url("http://mirror".into());
    let outcome = pull(&entry, dest.path(), Some(&mirror), &Breaking);
    assert!(matches!(outcome, PullOutcome::Failed { reason: PullError::Transfer { .. } }), "{outcome:?}");
    assert_eq!(names(dest.path()), std::slice::from_ref(&entry.file));
    let outcome = pull(&entry, dest.path(), Some(&mirror), &Serving(CONTENT));
    assert!(matches!(outcome, PullOutcome::Pulled { .. }), "{outcome:?}");
    assert_eq!(std::fs::read(&path).expect("it is there"), CONTENT, "the damaged one is replaced");
}
