//! Looking at all media that events name, and taking over those of a folder.

use std::path::{Path, PathBuf};

use domain::NodeId;
use tokio::fs::{self, File};
use tokio::io::AsyncReadExt;
use wire::BlobHash;

use crate::blob::{BlobError, failed};
use crate::db::Query;
use crate::open::Store;
use crate::row::parsed;

/// Media looked at between two questions to the database.
const PAGE: u32 = 500;

/// How much of a file is in memory at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// How a medium is that an event names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediumState {
    /// Its node has not sent it yet, or gave it up.
    NotCome,
    /// It was stored, and is gone.
    Missing,
    /// Its bytes have another hash.
    Damaged,
}

/// A medium that is not there as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediumFound {
    /// Its name.
    pub sha256: BlobHash,
    /// What is wrong.
    pub state: MediumState,
    /// The node that made it.
    pub node: NodeId,
    /// Identity of an event that names it.
    pub event: String,
}

/// What a look at all media found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MediaChecked {
    /// Media that events name.
    pub named: u64,
    /// Of these, there and right.
    pub right: u64,
    /// Of these, not come yet.
    pub not_come: u64,
    /// Of these, missing or damaged.
    pub wrong: u64,
}

/// What was taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imported {
    /// Media that were put where they are kept.
    pub written: u64,
    /// Those that were there already.
    pub held: u64,
    /// Files that no row of the database knows, which were left.
    pub unknown: u64,
}

impl Store {
    /// Reads every medium that an event names and holds it against its name. `tell` hears of each that is not right.
    pub async fn media_check(&self, mut tell: impl FnMut(&MediumFound)) -> Result<MediaChecked, BlobError> {
        let mut checked = MediaChecked::default();
        let mut after = String::new();
        loop {
            let sql = "select medium.sha256, min(medium.node) as node, min(medium.event) as event, \
                       max(blob.sha256) as stored from medium left join blob on blob.sha256 = medium.sha256 \
                       where medium.sha256 > $1 group by medium.sha256 order by medium.sha256 limit $2";
            let page = Query::new(sql).bind(&after).bind(PAGE).fetch_all(&self.inner.db).await?;
            let Some(last) = page.last() else { return Ok(checked) };
            after = last.try_get("sha256")?;
            for row in &page {
                let sha256: BlobHash = parsed("a hash", row.try_get("sha256")?)?;
                let is_stored = row.try_get::<Option<String>>("stored")?.is_some();
                checked.named += 1;
                let state = match self.blob_read(&sha256).await {
                    Ok(Some(_)) => {
                        checked.right += 1;
                        continue;
                    }
                    Ok(None) if is_stored => MediumState::Missing,
                    Ok(None) => MediumState::NotCome,
                    Err(BlobError::Damaged { .. }) => MediumState::Damaged,
                    Err(error) => return Err(error),
                };
                match state {
                    MediumState::NotCome => checked.not_come += 1,
                    MediumState::Missing | MediumState::Damaged => checked.wrong += 1,
                }
                let node = parsed("a node id", row.try_get("node")?)?;
                tell(&MediumFound { sha256, state, node, event: row.try_get("event")? });
            }
        }
    }

    /// Puts those media of a folder that the database knows where media are kept now, each checked against its name. The
    /// folder stays as it is.
    pub async fn media_import(&self, folder: &Path) -> Result<Imported, BlobError> {
        let mut imported = Imported::default();
        for (named, path) in media_below(folder).await? {
            let known = self.blobs_stored(&[named]).await?;
            if known.is_empty() {
                imported.unknown += 1;
                continue;
            }
            let mut file = File::open(&path).await.map_err(failed(&path))?;
            let bytes = file.metadata().await.map_err(failed(&path))?.len();
            if self.inner.place.bytes(&named).await? == Some(bytes) {
                imported.held += 1;
                continue;
            }
            let mut writer = self.blob_writer(named).await?;
            let mut chunk = vec![0; CHUNK_BYTES];
            loop {
                match file.read(&mut chunk).await.map_err(failed(&path))? {
                    0 => break,
                    read => writer.write(&chunk[..read]).await?,
                }
            }
            writer.keep().await?;
            imported.written += 1;
        }
        Ok(imported)
    }
}

/// Every file below a folder that is called by a hash.
async fn media_below(folder: &Path) -> Result<Vec<(BlobHash, PathBuf)>, BlobError> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let mut entries = fs::read_dir(&next).await.map_err(failed(&next))?;
        while let Some(entry) = entries.next_entry().await.map_err(failed(&next))? {
            let path = entry.path();
            if entry.file_type().await.map_err(failed(&path))?.is_dir() {
                folders.push(path);
            } else if let Ok(named) = entry.file_name().to_string_lossy().parse() {
                found.push((named, path));
            }
        }
    }
    found.sort();
    Ok(found)
}
