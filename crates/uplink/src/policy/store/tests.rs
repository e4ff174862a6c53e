use std::os::unix::fs::PermissionsExt;

use domain::UtcTime;
use wire::policy::{Addressees, Document, DocumentPath, PolicyKey, SealedBundle};

use super::*;

fn key(seed: u8) -> PolicyKey {
    PolicyKey::from_seed([seed; 32])
}

fn reader(seeds: &[u8]) -> PolicyReader {
    let trusted = TrustedKeys::new(seeds.iter().map(|seed| key(*seed).public()).collect()).expect("keys");
    PolicyReader { site: SiteId::new("s1").expect("a slug"), node: NodeId::new("n1").expect("a slug"), trusted }
}

struct Made {
    bundle: Arc<Bundle>,
    bytes: Vec<u8>,
    name: PolicyName,
}

fn made_by(seed: u8, version: u64, rollback_from: Option<u64>) -> Made {
    let document = Document::new(DocumentPath::new("a.toml").expect("a path"), format!("x = {version}\n"));
    let bundle = Bundle {
        version,
        site: SiteId::new("s1").expect("a slug"),
        nodes: Addressees::All,
        issued_at: UtcTime::UNIX_EPOCH,
        issued_by: "test".to_owned(),
        not_before: UtcTime::UNIX_EPOCH,
        rollback_from,
        documents: vec![document.expect("text")],
    };
    let sealed = SealedBundle::seal(&key(seed), &bundle).expect("it seals");
    Made { name: sealed.name(&bundle), bytes: sealed.as_bytes().to_vec(), bundle: Arc::new(bundle) }
}

fn made(version: u64) -> Made {
    made_by(1, version, None)
}

fn open(folder: &Path) -> PolicyStore {
    PolicyStore::open(folder, reader(&[1])).expect("it opens")
}

fn adopt(store: &mut PolicyStore, made: &Made) {
    let staged = store.stage(&made.bytes, Arc::clone(&made.bundle)).expect("staged");
    store.adopt(&staged).expect("adopted");
}

/// A folder in which 6 was before 7.
fn six_and_seven() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    adopt(&mut store, &made(6));
    adopt(&mut store, &made(7));
    let (six, seven) = (store.path(made(6).name), store.path(made(7).name));
    (folder, six, seven)
}

fn version(store: &PolicyStore) -> Option<u64> {
    assert_eq!(store.running().map(|bundle| bundle.version), store.running_name().map(|name| name.version));
    store.running_name().map(|name| name.version)
}

fn wanted(made: &Made) -> WantedPolicy {
    let sealed = SealedBundle::seal(&key(1), &made.bundle).expect("it seals");
    WantedPolicy::of(&made.bundle, &sealed, "/x")
}

#[test]
fn the_newest_two_are_kept_and_found_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = open(folder.path());
    assert_eq!((version(&store), store.loss()), (None, None));
    for number in 5..=7 {
        adopt(&mut store, &made(number));
    }
    drop(store);
    let store = open(folder.path());
    assert_eq!((version(&store), store.loss()), (Some(7), None));
    assert_eq!(store.running().expect("7 runs").text("a.toml"), Some("x = 7\n"));
    let mut kept: Vec<_> = store.names().expect("a folder").into_iter().map(|name| name.version).collect();
    kept.sort_unstable();
    assert_eq!(kept, [6, 7]);
    assert!(store.judge(&wanted(&made(6))).is_err() && store.judge(&wanted(&made(5))).is_err());
    assert_eq!(store.judge(&wanted(&made(7))), Ok(Step::Nothing));
    assert_eq!(store.judge(&wanted(&made(8))), Ok(Step::Take));
}

#[test]
fn whatever_a_power_cut_leaves_is_the_old_policy_or_the_new_one_whole() {
    let eight = made(8);
    // What is on the disk after each step of taking version 8, and which policy a start must find.
    type Leave = fn(&PolicyStore, &Made);
    let steps: [(&str, Leave, u64); 6] = [
        ("a part of the new file", |s, m| fs::write(s.temporary(m.name), &m.bytes[..40]).expect("written"), 7),
        ("the new file beside", |s, m| fs::write(s.temporary(m.name), &m.bytes).expect("written"), 7),
        ("the new file in its place", |s, m| fs::write(s.path(m.name), &m.bytes).expect("written"), 7),
        (
            "a part of the new `current`",
            |s, m| {
                fs::write(s.path(m.name), &m.bytes).expect("written");
                fs::write(s.folder.join("current.new"), "12").expect("written");
            },
            7,
        ),
        (
            "the new `current` beside",
            |s, m| {
                fs::write(s.path(m.name), &m.bytes).expect("written");
                fs::copy(s.folder.join("current"), s.folder.join("current.new")).expect("copied");
            },
            7,
        ),
        (
            "everything but the sweeping up",
            |s, m| {
                let old = made(5);
                fs::write(s.path(m.name), &m.bytes).expect("written");
                fs::write(s.path(old.name), &old.bytes).expect("written");
                let mut done = PolicyStore { folder: s.folder.clone(), ..blank(s) };
                done.save(Current {
                    succession: s.current.succession.after(m.name, None),
                    previous: s.current.succession.running,
                })
                .expect("saved");
            },
            8,
        ),
    ];
    for (what, leave, found) in steps {
        let (folder, ..) = six_and_seven();
        let store = open(folder.path());
        leave(&store, &eight);
        drop(store);
        let mut store = open(folder.path());
        assert_eq!((version(&store), store.loss()), (Some(found), None), "{what}");
        // Whichever it was, going on works, and leaves nothing behind.
        adopt(&mut store, &made(9));
        assert_eq!(version(&store), Some(9), "{what}");
        drop(store);
        assert_eq!(version(&open(folder.path())), Some(9), "{what}");
        let names = fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(names, 4, "{what}: two bundles, `current` and `lock`");
    }
}

/// A store that holds no lock of its own, to write what another instance would have written.
fn blank(like: &PolicyStore) -> PolicyStore {
    let elsewhere = tempfile::tempdir().expect("a folder");
    let lock = Lock::take(&elsewhere.path().join("lock")).expect("a lock");
    PolicyStore {
        folder: PathBuf::new(),
        reader: like.reader.clone(),
        current: like.current,
        running: None,
        loss: None,
        _lock: lock,
    }
}

#[test]
fn a_damaged_policy_gives_way_to_the_one_before_and_is_mended_by_the_same_bytes() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 4] = [
        ("cut off", |path| fs::write(path, b"{").expect("written")),
        ("gone", |path| fs::remove_file(path).expect("removed")),
        ("one bit", |path| {
            let mut bytes = fs::read(path).expect("read");
            bytes[100] ^= 1;
            fs::write(path, bytes).expect("written");
        }),
        ("edited by hand", |path| {
            let text = fs::read_to_string(path).expect("read").replace("x = 7", "x = 8");
            fs::write(path, text).expect("written");
        }),
    ];
    for (what, damage) in damages {
        let (folder, _, seven) = six_and_seven();
        damage(&seven);
        let mut store = open(folder.path());
        let loss = store.loss().cloned().unwrap_or_else(|| panic!("{what}: a loss"));
        assert_eq!((version(&store), loss.policy), (Some(6), Some(made(7).name)), "{what}");
        // Neither does the damage open the door to what is older, nor to another version 7.
        assert!(store.judge(&wanted(&made(5))).is_err(), "{what}");
        assert!(store.judge(&wanted(&made_by(1, 7, Some(7)))).is_ok(), "{what}");
        assert_eq!(store.judge(&wanted(&made(7))), Ok(Step::Take), "{what}");
        adopt(&mut store, &made(7));
        drop(store);
        let store = open(folder.path());
        assert_eq!((version(&store), store.loss()), (Some(7), None), "{what}");
    }
}

#[test]
fn a_damaged_current_file_is_told_and_the_newest_usable_policy_found() {
    for bytes in [&b""[..], b"x", b"{}", b"0000\n{}\n", b"\xff\xfe"] {
        let (folder, ..) = six_and_seven();
        fs::write(folder.path().join("current"), bytes).expect("written");
        let store = open(folder.path());
        let loss = store.loss().expect("a loss");
        assert!(loss.reason.contains("current"), "{}", loss.reason);
        assert_eq!(version(&store), Some(7));
        assert!(store.judge(&wanted(&made(6))).is_err());
        drop(store);
        assert_eq!(open(folder.path()).loss(), None, "it was written anew");
    }
    let (folder, six, seven) = six_and_seven();
    for path in [folder.path().join("current"), six, seven] {
        fs::write(path, b"?").expect("written");
    }
    let store = open(folder.path());
    assert!(version(&store).is_none() && store.loss().is_some());
}

#[test]
fn a_rollback_survives_the_loss_of_the_current_file() {
    let (folder, ..) = six_and_seven();
    let mut store = open(folder.path());
    let back = made_by(1, 5, Some(7));
    assert_eq!(store.judge(&wanted(&back)), Ok(Step::Take));
    adopt(&mut store, &back);
    assert!(store.judge(&wanted(&made(7))).is_err(), "what was rolled back stays away");
    drop(store);
    assert_eq!(version(&open(folder.path())), Some(5));
    fs::remove_file(folder.path().join("current")).expect("removed");
    let store = open(folder.path());
    assert_eq!(version(&store), Some(5));
    assert!(store.judge(&wanted(&made(7))).is_err());
}

#[test]
fn a_key_that_is_no_longer_trusted_takes_its_policies_with_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = PolicyStore::open(folder.path(), reader(&[1, 2])).expect("it opens");
    adopt(&mut store, &made_by(1, 1, None));
    adopt(&mut store, &made_by(2, 2, None));
    drop(store);
    let store = PolicyStore::open(folder.path(), reader(&[1])).expect("it opens");
    assert_eq!(version(&store), Some(1));
    let loss = store.loss().expect("a loss");
    assert!(loss.reason.contains("not trusted here"), "{}", loss.reason);
    drop(store);
    let other = PolicyReader { node: NodeId::new("n2").expect("a slug"), ..reader(&[1]) };
    assert_eq!(version(&PolicyStore::open(folder.path(), other).expect("it opens")), Some(1), "it is for all nodes");
}

#[test]
fn what_cannot_be_applied_at_the_start_gives_way_to_the_one_before() {
    let (folder, ..) = six_and_seven();
    let mut store = open(folder.path());
    store.fall_back("an unknown rule").expect("saved");
    assert_eq!(version(&store), Some(6));
    assert_eq!(store.loss().map(|loss| loss.policy), Some(Some(made(7).name)));
    store.fall_back("that one neither").expect("saved");
    assert_eq!(version(&store), None);
    drop(store);
    let store = open(folder.path());
    assert_eq!(version(&store), None);
    assert_eq!(store.judge(&wanted(&made(7))), Ok(Step::Take));
    assert!(store.judge(&wanted(&made(5))).is_err());
}

#[test]
fn a_folder_in_use_and_one_that_cannot_be_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = open(folder.path());
    let error = PolicyStore::open(folder.path(), reader(&[1])).expect_err("in use");
    assert!(matches!(error, PolicyStoreError::InUse { .. }), "{error}");
    adopt(&mut { store }, &made(1));
    let mode = fs::metadata(folder.path().join("current")).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode & 0o007, 0, "names and plates are not for everybody on the machine");
    let file = tempfile::NamedTempFile::new().expect("a file");
    let error = PolicyStore::open(&file.path().join("policy"), reader(&[1])).expect_err("no folder");
    assert!(matches!(&error, PolicyStoreError::Io { path, .. } if path.ends_with("policy")), "{error}");
}
