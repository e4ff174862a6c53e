//! Evidence on disk.

use std::fs;
use std::path::Path;

use uplink::{MediaType, Spool, SpoolError};
use wire::BlobHash;
use wire::blob::BLOB_BYTES_MAX;

fn picture(number: u8) -> Vec<u8> {
    vec![number; 1000]
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
    let spool = Spool::open_limited(folder.path(), 3500).unwrap();
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
    let spool = Spool::open_limited(small.path(), 10).unwrap();
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
