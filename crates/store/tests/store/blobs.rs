//! Media are stored under the hash of their bytes, whole or not at all.

use std::path::Path;

use store::{BlobError, Written};
use wire::BlobHash;
use wire::blob::BLOB_BYTES_MAX;

use crate::support::{Home, Node, at, on_both};

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().flatten().map(|e| if e.path().is_dir() { files(&e.path()) } else { 1 }).sum()
}

#[tokio::test]
async fn what_was_being_written_when_the_program_died_is_removed() {
    let home = Home::sqlite();
    drop(home.open().await);
    std::fs::write(home.blobs().join("tmp").join("half"), b"half").unwrap();
    home.open().await;
    assert_eq!(files(&home.blobs()), 0);
}

#[tokio::test]
async fn on_a_server_only_what_nobody_can_be_writing_any_more_is_removed() {
    let Some(home) = Home::postgres() else { return };
    drop(home.open().await);
    for (name, days) in [("old", 2), ("new", 0)] {
        let file = std::fs::File::create(home.blobs().join("tmp").join(name)).unwrap();
        file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(days * 86_400)).unwrap();
    }
    drop(home.open().await);
    assert!(home.blobs().join("tmp/new").exists() && !home.blobs().join("tmp/old").exists());
}

on_both! {
    async fn a_blob_reads_back_and_comes_once(home: Home) {
        let store = home.open().await;
        let node = Node::new("n1", 1);
        let named = BlobHash::of(b"picture");
        assert_eq!(store.blob_read(&named).await.unwrap(), None);
        for expected in [Written::Created, Written::Held] {
            let mut writer = store.blob_writer(named).await.unwrap();
            writer.write(b"pic").await.unwrap();
            writer.write(b"ture").await.unwrap();
            assert_eq!(writer.finish("image/jpeg", &node.node, at(0)).await.unwrap(), expected);
        }
        let blob = store.blob_read(&named).await.unwrap().unwrap();
        assert_eq!(
            (blob.bytes.as_slice(), blob.row.media_type.as_str(), blob.row.bytes),
            (b"picture".as_slice(), "image/jpeg", 7)
        );
        assert_eq!(files(&home.blobs()), 1);
    }

    async fn other_bytes_than_the_name_says_and_unfinished_ones_leave_nothing(home: Home) {
        let store = home.open().await;
        let node = Node::new("n1", 1);
        let named = BlobHash::of(b"picture");
        let mut writer = store.blob_writer(named).await.unwrap();
        writer.write(b"another").await.unwrap();
        let error = writer.finish("image/jpeg", &node.node, at(0)).await.unwrap_err();
        assert!(matches!(error, BlobError::Mismatch { .. }), "{error}");
        drop(store.blob_writer(named).await.unwrap());
        let mut writer = store.blob_writer(named).await.unwrap();
        let chunk = vec![0; BLOB_BYTES_MAX];
        writer.write(&chunk).await.unwrap();
        assert!(matches!(writer.write(b"x").await.unwrap_err(), BlobError::TooLong));
        drop(writer);
        assert_eq!(files(&home.blobs()), 0);
        assert_eq!(store.blob_find(&named).await.unwrap(), None);
    }

    async fn a_blob_damaged_on_the_disk_is_not_given_out(home: Home) {
        let store = home.open().await;
        let named = BlobHash::of(b"picture");
        let mut writer = store.blob_writer(named).await.unwrap();
        writer.write(b"picture").await.unwrap();
        writer.finish("image/jpeg", &Node::new("n1", 1).node, at(0)).await.unwrap();
        let name = named.to_string();
        std::fs::write(home.blobs().join(&name[..2]).join(&name), b"pikture").unwrap();
        assert!(matches!(store.blob_read(&named).await.unwrap_err(), BlobError::Damaged { .. }));
    }
}
