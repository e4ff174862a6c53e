//! Backups: a whole copy of what a hub knows, beside the running hub, and the way back.
//!
//! A backup is a folder: the database as one file, the media under their hashes, `manifest.sha256` with the hash of every
//! file as `sha256sum -c` reads it, and `backup.json`, which is written last: without it the backup is not whole.
//! The database is copied first, so that every medium that it knows is among those that are copied after.
//!
//! Secret keys are not in it unless asked for: whoever has them is the hub.

mod database;
mod manifest;
mod restore;

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use domain::UtcTime;
use serde::{Deserialize, Serialize};
use store::{BlobsAt, Location, Store, StoreError};
use thiserror::Error;

pub use database::DatabaseError;
pub use manifest::ManifestError;
pub use restore::{Existing, RestoreError, Restored, restore};

use crate::authority::{AuthorityError, replace};
use manifest::Manifest;

/// The form of a backup that this version writes and reads.
const FORM: u32 = 1;

/// The file without which a backup is not whole.
const HEADER: &str = "backup.json";

const MANIFEST: &str = "manifest.sha256";

/// Where the media lie.
const BLOBS: &str = "blobs";

/// Where secret keys lie, in a backup that has them.
const SECRETS: &str = "secrets";

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// Its form.
    pub form: u32,
    /// When it was begun.
    pub made_at: UtcTime,
    /// The version of the program that made it.
    pub version: String,
    /// `sqlite` or `postgresql`.
    pub database: String,
    /// The newest event that it holds; 0 where there is none.
    pub newest_event: u64,
    /// How many media.
    pub blobs: u64,
    /// All its files together, in bytes.
    pub bytes: u64,
    /// The bucket where the media are, which are not in the backup then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_in: Option<String>,
}

/// What to back up.
#[derive(Debug, Clone)]
pub struct Source {
    /// The database.
    pub db: Location,
    /// The media. Those in a bucket are not copied: its server has copies of its own, or `media_in` says what is missing.
    pub blobs: BlobsAt,
    /// Files and folders of secret keys to copy besides.
    pub secrets: Vec<PathBuf>,
}

/// Why there is no backup.
#[derive(Debug, Error)]
pub enum BackupError {
    /// There is something.
    #[error("\"{}\" is not empty: give a folder that is not there yet", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("cannot copy to \"{}\"", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The database cannot be copied.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The database failed.
    #[error("cannot read the database")]
    Store(#[from] StoreError),
    /// The manifest cannot be written.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The last file cannot be written.
    #[error(transparent)]
    Header(#[from] AuthorityError),
}

/// Copies everything into `out`, also beside a running hub. Waits for the disk.
pub async fn backup(store: &Store, source: &Source, out: &Path, now: UtcTime) -> Result<Header, BackupError> {
    let failed = |path: &Path, source| BackupError::File { path: path.to_owned(), source };
    let is_empty = fs::read_dir(out).map_or(true, |mut entries| entries.next().is_none());
    if !is_empty {
        return Err(BackupError::NotEmpty { path: out.to_owned() });
    }
    let folder = |path: &Path| fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    folder(&out.join(BLOBS)).map_err(|source| failed(out, source))?;
    let name = database::copy(store, &source.db, out).await?;
    let newest_event = store.event_last_pos().await?;
    let (out, source_) = (out.to_owned(), source.clone());
    let copied = tokio::task::spawn_blocking(move || copy_files(&source_, &out, name)).await;
    let manifest = copied.unwrap_or_else(|error| Err(failed(Path::new(BLOBS), io::Error::other(error))))?;
    let out = manifest.folder().to_owned();
    let header = Header {
        form: FORM,
        made_at: now,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        database: database::kind(&source.db).to_owned(),
        newest_event,
        blobs: manifest.files_below(BLOBS),
        bytes: manifest.bytes(),
        media_in: source.blobs.bucket.as_ref().map(ToString::to_string),
    };
    let text = serde_json::to_vec_pretty(&header).expect("it has text keys and no failing parts");
    replace(&out.join(HEADER), &text, 0o600)?;
    Ok(header)
}

fn copy_files(source: &Source, out: &Path, database: &'static str) -> Result<Manifest, BackupError> {
    let mut manifest = Manifest::new(out);
    manifest.add(database)?;
    if source.blobs.bucket.is_none() {
        copy_blobs(&source.blobs.folder, out, &mut manifest)?;
    }
    for secret in &source.secrets {
        copy_secret(secret, out, Path::new(SECRETS), &mut manifest)?;
    }
    manifest.write(&out.join(MANIFEST))?;
    Ok(manifest)
}

/// Media never change under their name, so a second name for the same file is a copy of it; on another disk it is
/// copied. Each is read and held against its name on the way.
fn copy_blobs(blobs: &Path, out: &Path, manifest: &mut Manifest) -> Result<(), BackupError> {
    for (relative, path) in manifest::media_below(blobs)? {
        let to = out.join(BLOBS).join(&relative);
        let failed = |source| BackupError::File { path: to.clone(), source };
        if let Some(parent) = to.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(failed)?;
        }
        if fs::hard_link(&path, &to).is_err() {
            match fs::copy(&path, &to) {
                Ok(_) => {}
                // Retention removed it meanwhile, with its row.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => return Err(failed(source)),
            }
        }
        manifest.add(Path::new(BLOBS).join(relative))?;
    }
    Ok(())
}

fn copy_secret(from: &Path, out: &Path, below: &Path, manifest: &mut Manifest) -> Result<(), BackupError> {
    let Some(name) = from.file_name() else { return Ok(()) };
    let relative = below.join(name);
    let to = out.join(&relative);
    let failed = |source| BackupError::File { path: to.clone(), source };
    let found = match fs::metadata(from) {
        Ok(found) => found,
        // A hub need not have each of them.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(BackupError::File { path: from.to_owned(), source }),
    };
    if found.is_dir() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&to).map_err(failed)?;
        for entry in fs::read_dir(from).map_err(failed)? {
            copy_secret(&entry.map_err(failed)?.path(), out, &relative, manifest)?;
        }
        return Ok(());
    }
    if let Some(parent) = to.parent() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(failed)?;
    }
    // Keeps the permissions.
    fs::copy(from, &to).map_err(failed)?;
    Ok(manifest.add(&relative)?)
}
