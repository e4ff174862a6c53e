//! A hub program that is killed again and again while it deletes what is too old.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::{NodeId, SiteId, UtcTime};
use store::{DeletionLogFilter, Message, Store};
use wire::{BlobHash, Channel, Envelope, EventHash, NodeKey, NodeTopic, Unsealed};

use crate::dice::Dice;
use crate::found::program;
use crate::process::Process;
use crate::strace::{self, Call, Strace};
use crate::traffic::happenings;
use crate::{edge, hub};

/// How long ago what is deleted happened.
const AGO: Duration = Duration::from_secs(60 * 24 * 3_600);
/// A run makes about so many of each call; a kill behind the last one lets it finish, and is not counted.
const CALLS_MAX: u64 = 60;
/// The broker is not asked for anything.
const CONFIG: &str = "db = \"hub.db\"\nblobs = \"blobs\"\n[broker]\naddress = \"127.0.0.1:1\"\n\
                      [retention]\npassage_pictures = 30\nunclaimed_media = 30\n";
/// What a deleting program does to the disk.
const CALLS: [Call; 5] = [Call::Flush, Call::WriteAt, Call::Write, Call::Truncate, Call::Unlink];

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Runs that were killed.
    pub killed: u32,
    /// Media that were there before.
    pub media: usize,
    /// Files of media that are there after the last run, which nobody killed.
    pub files_left: usize,
    /// How often each medium stands in the deletion log.
    pub logged: BTreeMap<BlobHash, u32>,
}

/// Has a hub delete the pictures of `passages` under `kills` kills at exact system calls, verifies the deletion log after
/// each, and lets it finish.
///
/// # Panics
/// Where the programs do not do what they are told, or the log is not whole.
pub async fn delete_under_fire(passages: u32, kills: u32, seed: u64) -> Report {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (db, blobs) = (hub::database(folder.path()), folder.path().join("blobs"));
    let media = fill(&db, &blobs, folder.path(), passages, seed).await;
    let config = folder.path().join("hub.toml");
    std::fs::write(&config, CONFIG).expect("the configuration is written");
    let retention = |strace: Option<&Strace>, what: &str| {
        let mut command = Command::new(program("gatehouse-hub"));
        command.args(["retention", what, "--config"]).arg(&config);
        Process::start(&mut strace::under(strace, command), folder.path(), what).outcome()
    };
    let mut dice = Dice::new(seed);
    let (mut killed, mut tries) = (0, 0);
    while killed < kills && tries < 10 * kills {
        tries += 1;
        let call = CALLS[dice.index(CALLS.len())];
        let run = retention(Some(&Strace::killing_at(call, 1 + dice.below(CALLS_MAX))), "run");
        let is_killed = run.status.signal().is_some();
        assert!(is_killed || run.status.success(), "{}", run.stderr);
        killed += u32::from(is_killed);
        let verified = retention(None, "verify");
        assert!(verified.status.success(), "after {killed} kills: {}{}", verified.stdout, verified.stderr);
    }
    let last = retention(None, "run");
    assert!(last.status.success(), "{}", last.stderr);
    let store = Store::open(&db, &blobs).await.expect("the hub's store");
    let mut logged = BTreeMap::new();
    let filter = DeletionLogFilter { limit: 500, ..DeletionLogFilter::default() };
    for row in store.deletion_log(&filter).await.expect("the log can be read") {
        row.what.media.iter().for_each(|medium| *logged.entry(*medium).or_default() += 1);
    }
    Report { killed, media, files_left: files(&blobs), logged }
}

fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.map(|path: PathBuf| if path.is_dir() { files(&path) } else { 1 }).sum()
}

/// A hub's database with events of long ago and their pictures; how many these are.
async fn fill(db: &Path, blobs: &Path, folder: &Path, passages: u32, seed: u64) -> usize {
    let (site, node) = (SiteId::new(edge::SITE).expect("a name"), NodeId::new(edge::NODE).expect("a name"));
    let key = NodeKey::from_seed([11; 32]);
    hub::node_add(folder, edge::SITE, edge::NODE, &key.public().to_string());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").checked_sub(AGO).expect("after 1970");
    let begin = UtcTime::from_unix_micros(i64::try_from(now.as_micros()).expect("a moment")).expect("a moment");
    let store = Store::open(db, blobs).await.expect("the hub's store");
    let topic = NodeTopic { site: site.clone(), node: node.clone(), channel: Channel::Event }.to_string();
    let (mut prev, mut seq, mut media) = (EventHash::GENESIS, 0, 0);
    for happening in happenings(begin, Duration::from_secs(24 * 3_600), passages, seed) {
        seq += 1;
        let place = Unsealed { site: &site, node: &node, seq, prev };
        let sealed = Envelope::seal(&key, &place, &happening.event).expect("it seals");
        prev = sealed.hash();
        let message = Message { topic: topic.clone(), payload: sealed.as_bytes().to_vec(), received_at: begin };
        store.ingest(Arc::from([message])).await.expect("it is taken in");
        if let Some(picture) = happening.picture {
            let bytes = picture.bytes();
            let mut writer = store.blob_writer(BlobHash::of(&bytes)).await.expect("a file");
            writer.write(&bytes).await.expect("room on the disk");
            writer.finish("image/jpeg", &node, begin).await.expect("its own hash");
            media += 1;
        }
    }
    store.close().await;
    media
}
