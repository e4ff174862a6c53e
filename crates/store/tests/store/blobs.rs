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

    async fn a_blob_that_broke_off_goes_on_where_it_ended_one_writer_at_a_time(home: Home) {
        let store = home.open().await;
        let node = Node::new("n1", 1);
        let named = BlobHash::of(b"picture");
        assert_eq!(store.blob_received(&named).await.unwrap(), 0);
        let mut writer = store.blob_resume(named).await.unwrap();
        writer.write(b"pic").await.unwrap();
        assert!(matches!(store.blob_resume(named).await.unwrap_err(), BlobError::InUse { .. }));
        assert_eq!(writer.pause().await.unwrap(), 3);
        assert_eq!((store.blob_received(&named).await.unwrap(), store.blob_find(&named).await.unwrap()), (3, None));
        // A hub that is started anew goes on with it too.
        drop(store);
        let store = home.open().await;
        let mut writer = store.blob_resume(named).await.unwrap();
        assert_eq!(writer.received(), 3);
        writer.write(b"ture").await.unwrap();
        assert_eq!(writer.finish("image/jpeg", &node.node, at(0)).await.unwrap(), Written::Created);
        assert_eq!(store.blob_read(&named).await.unwrap().unwrap().bytes, b"picture");
        assert_eq!((store.blob_received(&named).await.unwrap(), files(&home.blobs())), (0, 1));
    }

    async fn a_part_that_becomes_something_else_is_thrown_away(home: Home) {
        let store = home.open().await;
        let named = BlobHash::of(b"picture");
        let mut writer = store.blob_resume(named).await.unwrap();
        writer.write(b"pikture").await.unwrap();
        assert_eq!(writer.pause().await.unwrap(), 7);
        let writer = store.blob_resume(named).await.unwrap();
        let error = writer.finish("image/jpeg", &Node::new("n1", 1).node, at(0)).await.unwrap_err();
        assert!(matches!(error, BlobError::Mismatch { .. }), "{error}");
        assert_eq!((store.blob_received(&named).await.unwrap(), files(&home.blobs())), (0, 0));
    }

    async fn parts_that_nobody_goes_on_with_for_a_day_go_when_others_begin(home: Home) {
        let store = home.open().await;
        let parts = [BlobHash::of(b"old"), BlobHash::of(b"new")];
        for (named, hours) in parts.iter().zip([25, 23]) {
            let mut writer = store.blob_resume(*named).await.unwrap();
            writer.write(b"x").await.unwrap();
            writer.pause().await.unwrap();
            let file = std::fs::File::open(home.blobs().join("tmp").join(format!("{named}.part"))).unwrap();
            file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(hours * 3_600)).unwrap();
        }
        store.blob_resume(BlobHash::of(b"other")).await.unwrap();
        let here = [store.blob_received(&parts[0]).await.unwrap(), store.blob_received(&parts[1]).await.unwrap()];
        assert_eq!(here, [0, 1]);
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
