//! The way back: every hash is checked before anything is touched, and what was there is moved aside, never deleted.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use domain::UtcTime;
use store::{BlobError, BlobsAt, Location, OpenError, Store, StoreError, Verified};
use thiserror::Error;

use super::database::{self, DatabaseError, POSTGRES, SQLITE};
use super::manifest::{Manifest, ManifestError, hash_of};
use super::{BLOBS, FORM, HEADER, Header, MANIFEST, SECRETS};

/// What to do where the target has a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Refuse.
    Keep,
    /// Put the backup in its place: a file is moved aside, a server's tables are replaced.
    Replace,
}

/// What was restored.
#[derive(Debug, Clone)]
pub struct Restored {
    /// What the backup says of itself.
    pub header: Header,
    /// What a look at the whole database found: signatures, hashes, chains, heads.
    pub verified: Verified,
    /// Media that were put back; the others were there.
    pub blobs: u64,
    /// Where the database that was there is now.
    pub moved_to: Option<PathBuf>,
    /// Whether the backup holds secret keys, which are left for people to put back.
    pub has_secrets: bool,
}

/// Why nothing, or not everything, was restored.
#[derive(Debug, Error)]
pub enum RestoreError {
    /// It is no whole backup.
    #[error("\"{}\" is no whole backup: {why}", path.display())]
    NotWhole {
        /// The folder.
        path: PathBuf,
        /// What is missing.
        why: String,
    },
    /// It is of another kind.
    #[error(
        "the backup is of a {backup} database, and the configuration names a {target} one: name one of the same kind"
    )]
    OtherKind {
        /// In the backup.
        backup: String,
        /// In the configuration.
        target: &'static str,
    },
    /// There is a database.
    #[error("there is a database at {place} already: stop the hub and give --replace to put the backup in its place")]
    Exists {
        /// Where.
        place: String,
    },
    /// Its files are damaged.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The database cannot be put back.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The database cannot be opened, such as because the hub runs.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What was restored cannot be looked at.
    #[error("cannot look at what was restored")]
    Store(#[from] StoreError),
    /// The media cannot be put where they are kept now.
    #[error("cannot put the media back")]
    Media(#[from] BlobError),
    /// A file cannot be read or written.
    #[error("cannot put back \"{}\"", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Puts the backup in `from` back. The hub must not be running.
pub async fn restore(
    from: &Path,
    db: &Location,
    blobs: impl Into<BlobsAt>,
    existing: Existing,
    now: UtcTime,
) -> Result<Restored, RestoreError> {
    let blobs = blobs.into();
    let header = read_header(from)?;
    let target = database::kind(db);
    if header.database != target {
        return Err(RestoreError::OtherKind { backup: header.database, target });
    }
    let folder = from.to_owned();
    let checked = tokio::task::spawn_blocking(move || Manifest::check(&folder, &folder.join(MANIFEST))).await;
    let failed = |path: &Path, source| RestoreError::File { path: path.to_owned(), source };
    let manifest = checked.map_err(|error| failed(from, io::Error::other(error)))??;
    if manifest.files_below(BLOBS) != header.blobs || manifest.bytes() != header.bytes {
        let why = format!("{HEADER} speaks of other files than {MANIFEST}");
        return Err(RestoreError::NotWhole { path: from.to_owned(), why });
    }
    let moved_to = match db {
        Location::File(path) => put_file_back(&from.join(SQLITE), path, existing, now)?,
        Location::Server(server) => {
            put_server_back(db, server, from.join(POSTGRES), existing).await?;
            None
        }
    };
    let mut put_back = 0;
    if blobs.bucket.is_none() {
        for relative in manifest.files().filter(|path| path.starts_with(BLOBS)) {
            let inside = relative.strip_prefix(BLOBS).unwrap_or(relative);
            put_back += u64::from(put_blob_back(&from.join(relative), &blobs.folder.join(inside))?);
        }
    }
    // Brings the schema up to date too, where the backup is of an earlier release.
    let store = Store::open(db.clone(), &blobs).await?;
    if blobs.bucket.is_some() && header.blobs > 0 {
        put_back = store.media_import(&from.join(BLOBS)).await?.written;
    }
    let verified = store.verify().await;
    store.close().await;
    let has_secrets = manifest.files_below(SECRETS) > 0;
    Ok(Restored { header, verified: verified?, blobs: put_back, moved_to, has_secrets })
}

fn read_header(from: &Path) -> Result<Header, RestoreError> {
    let not_whole = |why: String| RestoreError::NotWhole { path: from.to_owned(), why };
    let text = fs::read(from.join(HEADER)).map_err(|error| not_whole(format!("{HEADER}: {error}")))?;
    let header: Header = serde_json::from_slice(&text).map_err(|error| not_whole(format!("{HEADER}: {error}")))?;
    if header.form != FORM {
        return Err(not_whole(format!("its form is {}, this program reads {FORM}", header.form)));
    }
    Ok(header)
}

fn put_file_back(from: &Path, to: &Path, existing: Existing, now: UtcTime) -> Result<Option<PathBuf>, RestoreError> {
    let failed = |source| RestoreError::File { path: to.to_owned(), source };
    let mut moved_to = None;
    if to.exists() {
        if existing == Existing::Keep {
            return Err(RestoreError::Exists { place: format!("\"{}\"", to.display()) });
        }
        // Refused while another process has it.
        let _held = Store::hold(to)?;
        let aside = beside(to, &format!(".before-{}", now.as_unix_millis() / 1000));
        for suffix in ["", "-wal", "-shm"] {
            match fs::rename(beside(to, suffix), beside(&aside, suffix)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
                Ok(()) | Err(_) => {}
            }
        }
        moved_to = Some(aside);
    }
    if let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let copying = beside(to, ".restoring");
    fs::copy(from, &copying).map_err(failed)?;
    fs::File::open(&copying).and_then(|file| file.sync_all()).map_err(failed)?;
    fs::rename(&copying, to).map_err(failed)?;
    Ok(moved_to)
}

async fn put_server_back(
    place: &Location,
    server: &store::Server,
    dump: PathBuf,
    existing: Existing,
) -> Result<(), RestoreError> {
    if existing == Existing::Keep && Store::has_tables(server).await? {
        return Err(RestoreError::Exists { place: place.to_string() });
    }
    Ok(database::put_back(server, dump, existing).await?)
}

/// Says whether it had to be put back.
fn put_blob_back(from: &Path, to: &Path) -> Result<bool, RestoreError> {
    let failed = |source| RestoreError::File { path: to.to_owned(), source };
    let name = to.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if to.exists() && hash_of(to)?.0 == name {
        return Ok(false);
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let copying = beside(to, ".restoring");
    fs::copy(from, &copying).map_err(failed)?;
    fs::File::open(&copying).and_then(|file| file.sync_all()).map_err(failed)?;
    fs::rename(&copying, to).map_err(failed)?;
    Ok(true)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
