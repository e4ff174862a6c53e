//! Evidence on disk.

use std::fs;
use std::path::Path;

use uplink::spool::ClassState;
use uplink::{EvidenceClass, MediaType, Spool, SpoolError, SpoolLimits};
use wire::BlobHash;
use wire::blob::BLOB_BYTES_MAX;

fn picture(number: u8) -> Vec<u8> {
    vec![number; 1000]
}

fn at_most(bytes_max: u64) -> SpoolLimits {
    SpoolLimits { bytes_max, ..SpoolLimits::default() }
}

fn files(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().filter(|entry| entry.as_ref().unwrap().file_name() != "lock").count()
}

#[test]
fn what_was_put_is_there_after_reopening_the_oldest_first() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path()).unwrap();
    let types = [MediaType::Jpeg, MediaType::Png, MediaType::Mp4];
    let put: Vec<_> = types.into_iter().zip(1..).map(|(m, n)| (spool.put(&picture(n), m).unwrap(), m)).collect();
    assert_eq!(put[0].0, BlobHash::of(&picture(1)));
    assert_eq!(spool.put(&picture(2), MediaType::Png).unwrap(), put[1].0, "the same bytes keep their name");
    drop(spool);

    let spool = Spool::open(folder.path()).unwrap();
    let pending: Vec<_> = spool.pending().into_iter().map(|p| (p.hash, p.media_type)).collect();
    assert_eq!((pending, files(folder.path())), (put.clone(), 3));
    assert_eq!(spool.read(&put[2].0).unwrap(), Some(picture(3)));
    let fourth = spool.put(&picture(4), MediaType::Jpeg).unwrap();
    spool.remove(&put[0].0).unwrap();
    spool.remove(&put[0].0).unwrap();
    assert_eq!(spool.pending().iter().map(|p| p.hash).collect::<Vec<_>>(), [put[1].0, put[2].0, fourth]);
    assert_eq!((spool.state().files, spool.state().bytes, spool.state().dropped_files), (3, 3000, 0));
    assert_eq!(spool.read(&put[0].0).unwrap(), None);
}

#[test]
fn unfinished_files_are_removed_and_strange_ones_left() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path()).unwrap();
    spool.put(&picture(1), MediaType::Jpeg).unwrap();
    drop(spool);
    let unfinished = format!("{:020}-{}.jpg.tmp", 7, BlobHash::of(&picture(2)));
    fs::write(folder.path().join(unfinished), b"half").unwrap();
    fs::write(folder.path().join("README"), b"not ours").unwrap();
    let spool = Spool::open(folder.path()).unwrap();
    assert_eq!((spool.pending().len(), files(folder.path())), (1, 2));
}

#[test]
fn the_oldest_goes_when_there_is_no_room_and_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open_limited(folder.path(), at_most(3500)).unwrap();
    let put: Vec<_> = (1..=5).map(|n| spool.put(&picture(n), MediaType::Jpeg).unwrap()).collect();
    assert_eq!(spool.pending().iter().map(|p| p.hash).collect::<Vec<_>>(), put[2..]);
    let state = spool.state();
    assert_eq!((state.files, state.bytes, state.dropped_files, state.dropped_bytes), (3, 3000, 2, 2000));
    assert_eq!(files(folder.path()), 3);
    assert_eq!(spool.give_up(1500).unwrap(), 2000);
    assert_eq!((spool.give_up(5000).unwrap(), spool.give_up(1).unwrap(), files(folder.path())), (1000, 0, 0));
}

#[test]
fn evidence_that_no_hub_would_take_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path()).unwrap();
    let error = spool.put(&vec![0; BLOB_BYTES_MAX + 1], MediaType::Mp4).unwrap_err();
    assert!(matches!(error, SpoolError::TooLarge { .. }) && files(folder.path()) == 0, "{error}");
    let small = tempfile::tempdir().unwrap();
    let spool = Spool::open_limited(small.path(), at_most(10)).unwrap();
    assert!(spool.put(&picture(1), MediaType::Jpeg).is_err());
}

#[test]
fn a_spool_that_is_open_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path()).unwrap();
    let error = Spool::open(folder.path()).unwrap_err();
    assert!(matches!(error, SpoolError::InUse { .. }), "{error}");
    drop(spool);
    Spool::open(folder.path()).unwrap();
}

#[test]
fn a_folder_that_cannot_be_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = Spool::open(&file.path().join("spool")).unwrap_err();
    assert!(matches!(&error, SpoolError::Io { path, .. } if path.ends_with("spool")), "{error}");
}

/// Numbers of the pictures that wait, the oldest first.
fn waiting(spool: &Spool) -> Vec<u8> {
    spool.pending().iter().map(|pending| spool.read(&pending.hash).unwrap().unwrap()[0]).collect()
}

#[test]
fn the_oldest_of_the_least_class_goes_first_and_each_class_is_counted() {
    use EvidenceClass::{Alert, Passage, Permit, Plate, Violation};
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open_limited(folder.path(), at_most(5000)).unwrap();
    for (number, class) in (1..).zip([Violation, Permit, Plate, Permit, Passage]) {
        spool.put_as(class, &picture(number), MediaType::Jpeg).unwrap();
    }
    let mut left = Vec::new();
    for (number, class) in (11..).zip([Alert, Alert, Passage, Violation, Violation]) {
        spool.put_as(class, &picture(number), MediaType::Jpeg).unwrap();
        left.push(waiting(&spool));
    }
    assert_eq!(
        left,
        [
            vec![1, 3, 4, 5, 11],
            vec![1, 3, 5, 11, 12],
            vec![1, 3, 11, 12, 13],
            vec![1, 3, 11, 12, 14],
            vec![1, 11, 12, 14, 15]
        ]
    );
    // Nothing of its class or below is left: it does not even come, and its event goes on.
    let lost = spool.put_as(Plate, &picture(20), MediaType::Jpeg).unwrap();
    assert_eq!((lost, waiting(&spool)), (BlobHash::of(&picture(20)), left.pop().unwrap()));
    let state = spool.state();
    let gone = |class| (state.of(class).dropped_files, state.of(class).dropped_bytes);
    assert_eq!(
        EvidenceClass::ALL.map(gone),
        [(2, 2000), (2, 2000), (2, 2000), (0, 0), (0, 0)],
        "by class, the least first"
    );
    assert_eq!(state.of(Violation), ClassState { files: 3, bytes: 3000, ..ClassState::default() });
    assert_eq!((state.files, state.dropped_files), (5, 6));
    // When events need the room, everything goes, the least first.
    assert_eq!(spool.give_up(2500).unwrap(), 3000);
    assert_eq!(waiting(&spool), [14, 15]);
}

#[test]
fn classes_survive_and_files_from_before_there_were_classes_are_passages() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(format!("{:020}-{}.jpg", 3, BlobHash::of(&picture(1)))), picture(1)).unwrap();
    let spool = Spool::open(folder.path()).unwrap();
    spool.put_as(EvidenceClass::Alert, &picture(2), MediaType::Png).unwrap();
    drop(spool);
    let spool = Spool::open(folder.path()).unwrap();
    let found: Vec<_> = spool.pending().into_iter().map(|p| (p.class, p.media_type)).collect();
    assert_eq!(found, [(EvidenceClass::Passage, MediaType::Jpeg), (EvidenceClass::Alert, MediaType::Png)]);
    // The same picture for something that matters more moves up, and never down.
    spool.put_as(EvidenceClass::Violation, &picture(1), MediaType::Jpeg).unwrap();
    spool.put_as(EvidenceClass::Permit, &picture(2), MediaType::Png).unwrap();
    drop(spool);
    let spool = Spool::open(folder.path()).unwrap();
    let found: Vec<_> = spool.pending().into_iter().map(|p| p.class).collect();
    assert_eq!((found, waiting(&spool)), (vec![EvidenceClass::Violation, EvidenceClass::Alert], vec![1, 2]));
}

#[test]
fn what_matters_most_is_uploaded_first_and_small_before_big() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path()).unwrap();
    let big = |number: u8| vec![number; 2 * 1024 * 1024];
    for (class, bytes) in [
        (EvidenceClass::Permit, picture(6)),
        (EvidenceClass::Violation, big(3)),
        (EvidenceClass::Passage, picture(5)),
        (EvidenceClass::Violation, picture(1)),
        (EvidenceClass::Alert, big(4)),
        (EvidenceClass::Violation, picture(2)),
    ] {
        spool.put_as(class, &bytes, MediaType::Jpeg).unwrap();
    }
    let mut order = Vec::new();
    let mut after = None;
    while let Some(pending) = spool.next_upload(after.as_ref()) {
        order.push(spool.read(&pending.hash).unwrap().unwrap()[0]);
        after = Some(pending);
    }
    assert_eq!(order, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_clip_is_moved_in_without_a_copy_and_survives_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let spool_folder = folder.path().join("spool");
    let spool = Spool::open(&spool_folder).unwrap();
    let clip = folder.path().join("clip.mp4");
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    fs::write(&clip, &bytes).unwrap();
    let inode = std::os::unix::fs::MetadataExt::ino(&fs::metadata(&clip).unwrap());
    let hash = spool.put_file(EvidenceClass::Violation, &clip, MediaType::Mp4).unwrap();
    assert_eq!((hash, clip.exists()), (BlobHash::of(&bytes), false));
    let kept = fs::read_dir(&spool_folder).unwrap().map(|entry| entry.unwrap().path());
    let kept = kept.into_iter().find(|path| path.extension().is_some_and(|e| e == "mp4")).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::ino(&fs::metadata(kept).unwrap()), inode);
    // The same clip again changes nothing and is gone from where it was.
    fs::write(&clip, &bytes).unwrap();
    assert_eq!(spool.put_file(EvidenceClass::Alert, &clip, MediaType::Mp4).unwrap(), hash);
    assert!(!clip.exists() && spool.state().files == 1);
    let error = spool.put_file(EvidenceClass::Alert, &clip, MediaType::Mp4).unwrap_err();
    assert!(matches!(&error, SpoolError::Io { path, .. } if *path == clip), "{error}");
    let huge = fs::File::create(&clip).unwrap();
    huge.set_len(BLOB_BYTES_MAX as u64 + 1).unwrap();
    let error = spool.put_file(EvidenceClass::Alert, &clip, MediaType::Mp4).unwrap_err();
    assert!(matches!(error, SpoolError::TooLarge { .. }) && clip.exists(), "{error}");
    drop(spool);
    assert_eq!(Spool::open(&spool_folder).unwrap().read(&hash).unwrap(), Some(bytes));
}

#[test]
fn the_disk_s_reserve_is_left_to_events() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path()).unwrap();
    spool.put_as(EvidenceClass::Alert, &picture(1), MediaType::Jpeg).unwrap();
    spool.put_as(EvidenceClass::Permit, &picture(2), MediaType::Jpeg).unwrap();
    drop(spool);
    // No disk has that much, so there is never room: what is least goes, what is more stays, and the new one does not come.
    let limits = SpoolLimits { free_bytes_min: u64::MAX / 2, ..SpoolLimits::default() };
    let spool = Spool::open_limited(folder.path(), limits).unwrap();
    spool.put_as(EvidenceClass::Plate, &picture(3), MediaType::Jpeg).unwrap();
    assert_eq!(waiting(&spool), [1]);
    let dropped = EvidenceClass::ALL.map(|class| spool.state().of(class).dropped_files);
    assert_eq!(dropped, [1, 0, 1, 0, 0]);
}
