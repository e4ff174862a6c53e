//! What a place for media promises, whichever kind it is: a folder, or a bucket of a real S3 server in this process, with
//! real signatures.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

use std::path::{Path, PathBuf};

use domain::{NodeId, UtcTime};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use sqlx::{Connection, SqliteConnection};
use store::{BlobError, BlobsAt, BucketConfig, RetentionBatch, RetentionClass, Store, Written};
use tempfile::TempDir;
use tokio::net::TcpListener;
use wire::BlobHash;

/// 2026-11-20T08:30:00+07:00.
const NOW_MICROS: i64 = 1_795_138_200_000_000;

const DAY_MICROS: i64 = 86_400_000_000;

fn now() -> UtcTime {
    UtcTime::from_unix_micros(NOW_MICROS).unwrap()
}

/// A store in a temporary folder, with the folder in which its media end up.
struct Home {
    folder: TempDir,
    blobs: BlobsAt,
}

impl Home {
    fn of_folder() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let blobs = BlobsAt::from(&folder.path().join("blobs"));
        Self { folder, blobs }
    }

    /// With a server that keeps the buckets `media` in a folder.
    async fn of_bucket() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("s3");
        std::fs::create_dir_all(root.join("media")).unwrap();
        let mut service = S3ServiceBuilder::new(FileSystem::new(&root).unwrap());
        service.set_auth(SimpleAuth::from_single("hub", "bi-mat"));
        let service = service.build();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    // A client that goes away is none of the server's business.
                    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        let bucket = BucketConfig {
            endpoint: Some(format!("http://127.0.0.1:{port}")),
            bucket: "media".to_owned(),
            region: "us-east-1".to_owned(),
            prefix: "hub".to_owned(),
            path_style: true,
            access_key_id: "hub".to_owned(),
            secret_access_key: "bi-mat".to_owned(),
            session_token: None,
            ca_file: None,
        };
        let blobs = BlobsAt { folder: folder.path().join("blobs"), bucket: Some(bucket) };
        Self { folder, blobs }
    }

    async fn open(&self) -> Store {
        Store::open(&self.db(), &self.blobs).await.unwrap()
    }

    fn db(&self) -> PathBuf {
        self.folder.path().join("hub.db")
    }

    /// The file behind a medium.
    fn file(&self, content: &[u8]) -> PathBuf {
        let named = BlobHash::of(content).to_string();
        let media = match &self.blobs.bucket {
            None => self.blobs.folder.clone(),
            Some(_) => self.folder.path().join("s3/media/hub"),
        };
        media.join(&named[..2]).join(&named)
    }

    /// With one thing of the bucket changed.
    fn with(&self, change: impl FnOnce(&mut BucketConfig)) -> BlobsAt {
        let mut blobs = self.blobs.clone();
        change(blobs.bucket.as_mut().unwrap());
        blobs
    }
}

async fn upload(store: &Store, content: &[u8]) -> Result<Written, BlobError> {
    let mut writer = store.blob_writer(BlobHash::of(content)).await?;
    for part in content.chunks(1_000_000) {
        writer.write(part).await?;
    }
    writer.finish("video/mp4", &NodeId::new("n1").unwrap(), now()).await
}

async fn read(store: &Store, content: &[u8]) -> Result<Option<Vec<u8>>, BlobError> {
    Ok(store.blob_read(&BlobHash::of(content)).await?.map(|blob| blob.bytes))
}

fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
}

/// Each of these tests on both kinds.
macro_rules! on_both {
    ($(async fn $name:ident($home:ident: Home) $body:block)+) => {
        $(async fn $name($home: Home) $body)+

        mod folder {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    super::$name(super::Home::of_folder()).await;
                }
            )+
        }

        mod bucket {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $name() {
                    super::$name(super::Home::of_bucket().await).await;
                }
            )+
        }
    };
}

on_both! {
    async fn a_medium_reads_back_comes_once_and_leaves_nothing_behind_on_its_way(home: Home) {
        let store = home.open().await;
        assert_eq!(read(&store, b"picture").await.unwrap(), None);
        assert_eq!(upload(&store, b"picture").await.unwrap(), Written::Created);
        assert_eq!(upload(&store, b"picture").await.unwrap(), Written::Held);
        assert_eq!(read(&store, b"picture").await.unwrap().as_deref(), Some(&b"picture"[..]));
        assert_eq!(store.blob_find(&BlobHash::of(b"picture")).await.unwrap().unwrap().bytes, 7);
        assert!(home.file(b"picture").is_file(), "it lies under its hash");
        assert_eq!(files(&home.blobs.folder.join("tmp")), 0);
        home.blobs.probe().await.unwrap();
    }

    async fn a_large_medium_reads_back(home: Home) {
        let store = home.open().await;
        let clip: Vec<u8> = (0..20_000_000_u32).map(|number| (number % 251) as u8).collect();
        assert_eq!(upload(&store, &clip).await.unwrap(), Written::Created);
        assert_eq!(upload(&store, &clip).await.unwrap(), Written::Held);
        assert!(read(&store, &clip).await.unwrap().is_some_and(|read| read == clip));
    }

    async fn other_bytes_than_the_name_says_are_not_kept(home: Home) {
        let store = home.open().await;
        let mut writer = store.blob_writer(BlobHash::of(b"picture")).await.unwrap();
        writer.write(b"another").await.unwrap();
        let error = writer.finish("image/jpeg", &NodeId::new("n1").unwrap(), now()).await.unwrap_err();
        assert!(matches!(error, BlobError::Mismatch { .. }), "{error}");
        assert!(!home.file(b"picture").exists() && !home.file(b"another").exists());
        assert_eq!(store.blob_find(&BlobHash::of(b"picture")).await.unwrap(), None);
    }

    async fn a_damaged_medium_is_not_given_out_and_a_missing_one_comes_again(home: Home) {
        let store = home.open().await;
        upload(&store, b"picture").await.unwrap();
        std::fs::write(home.file(b"picture"), b"pikture").unwrap();
        assert!(matches!(read(&store, b"picture").await.unwrap_err(), BlobError::Damaged { .. }));
        std::fs::remove_file(home.file(b"picture")).unwrap();
        assert_eq!(read(&store, b"picture").await.unwrap(), None);
        assert_eq!(store.blob_find(&BlobHash::of(b"picture")).await.unwrap(), None);
        upload(&store, b"picture").await.unwrap();
        assert!(read(&store, b"picture").await.unwrap().is_some());
    }

    async fn hubs_that_write_the_same_at_once_are_all_right(home: Home) {
        let one = home.open().await;
        let other = Store::visit(&home.db(), &home.blobs).await.unwrap();
        let content = b"the same".as_slice();
        let (first, second) = tokio::join!(upload(&one, content), upload(&other, content));
        let written = [first.unwrap(), second.unwrap()];
        assert!(written.contains(&Written::Created) && written.contains(&Written::Held), "{written:?}");
        assert_eq!(read(&other, content).await.unwrap().as_deref(), Some(content));
    }

    async fn a_deleted_medium_has_no_bytes_any_more(home: Home) {
        let store = home.open().await;
        for content in [b"one", b"two"] {
            upload(&store, content).await.unwrap();
        }
        std::fs::remove_file(home.file(b"two")).unwrap();
        let later = UtcTime::from_unix_micros(NOW_MICROS + 31 * DAY_MICROS).unwrap();
        let batch = store.retention_batch(RetentionClass::UnclaimedMedia, 30, "tests", later).await.unwrap();
        assert_eq!(batch, RetentionBatch::Done { deleted: 2, is_more: false });
        assert!(home.file(b"one").exists(), "the log comes first");
        assert_eq!(store.blobs_remove().await.unwrap(), 2, "one that is gone already is no error");
        assert!(!home.file(b"one").exists());
        assert_eq!(store.blobs_to_remove().await.unwrap(), 0);
    }

    async fn the_media_of_another_folder_are_taken_over_once(home: Home) {
        let before = home.folder.path().join("before");
        let store = Store::open(&home.db(), &before).await.unwrap();
        let clip = vec![7; 9_000_000];
        for content in [b"picture".as_slice(), &clip] {
            upload(&store, content).await.unwrap();
        }
        store.close().await;
        drop(store);
        std::fs::write(before.join(BlobHash::of(b"nobody's").to_string()), b"nobody's").unwrap();
        let store = home.open().await;
        assert_eq!(read(&store, b"picture").await.unwrap(), None);
        for (written, held) in [(2, 0), (0, 2)] {
            let imported = store.media_import(&before).await.unwrap();
            assert_eq!((imported.written, imported.held, imported.unknown), (written, held, 1));
        }
        assert!(read(&store, b"picture").await.unwrap().is_some() && read(&store, &clip).await.unwrap().is_some());
        let damaged = BlobHash::of(b"picture").to_string();
        std::fs::write(before.join(&damaged[..2]).join(&damaged), b"pikture").unwrap();
        std::fs::remove_file(home.file(b"picture")).unwrap();
        let error = store.media_import(&before).await.unwrap_err();
        assert!(matches!(error, BlobError::Mismatch { .. }), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_bucket_is_said() {
    let home = Home::of_bucket().await;
    let closed = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
    for (blobs, wrong) in [
        (home.with(|bucket| bucket.access_key_id = "nobody".to_owned()), "does not know the access key \"nobody\""),
        (
            home.with(|bucket| bucket.secret_access_key = "another".to_owned()),
            "the secret key is not the one of the access key \"hub\"",
        ),
        (home.with(|bucket| bucket.endpoint = Some(format!("http://{closed}"))), "the server does not answer"),
    ] {
        let error = blobs.probe().await.unwrap_err();
        let causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
        let text = causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"));
        assert!(text.contains("cannot write a blob in bucket s3://") && text.contains(wrong), "{wrong}: {text}");
        assert!(!text.contains("bi-mat") && !text.contains("another"), "no secret: {text}");
    }
    let missing = home.with(|bucket| bucket.ca_file = Some(home.folder.path().join("no.pem")));
    let error = missing.probe().await.unwrap_err().to_string();
    assert!(error.contains("no.pem"), "{error}");
    assert!(!format!("{:?}", home.blobs).contains("bi-mat"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_loses_no_deletion_and_no_upload_is_taken_for_stored() {
    let home = Home::of_bucket().await;
    let store = home.open().await;
    upload(&store, b"picture").await.unwrap();
    store.close().await;
    drop(store);
    let closed = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
    let away = home.with(|bucket| bucket.endpoint = Some(format!("http://{closed}")));
    let store = Store::open(&home.db(), &away).await.unwrap();
    assert!(matches!(upload(&store, b"another").await.unwrap_err(), BlobError::Bucket { doing: "write", .. }));
    let later = UtcTime::from_unix_micros(NOW_MICROS + 31 * DAY_MICROS).unwrap();
    store.retention_batch(RetentionClass::UnclaimedMedia, 30, "tests", later).await.unwrap();
    assert!(matches!(store.blobs_remove().await.unwrap_err(), BlobError::Bucket { doing: "delete", .. }));
    store.close().await;
    drop(store);
    let store = home.open().await;
    assert!(home.file(b"picture").exists());
    assert_eq!((store.blobs_remove().await.unwrap(), store.blobs_to_remove().await.unwrap()), (1, 0));
    assert!(!home.file(b"picture").exists());
    let mut raw = SqliteConnection::connect(&format!("sqlite://{}", home.db().display())).await.unwrap();
    let rows: i64 = sqlx::query_scalar("select count(*) from blob").fetch_one(&mut raw).await.unwrap();
    assert_eq!(rows, 0);
}
