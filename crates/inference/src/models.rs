//! Model files: finding them, checking them, getting them.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::manifest::ModelEntry;

/// Folders in which model files are looked for.
#[derive(Debug, Clone)]
pub struct ModelStore {
    folders: Vec<PathBuf>,
}

/// Why a model is not there.
#[derive(Debug, Error)]
pub enum FindError {
    /// No such file.
    #[error("\"{file}\" is not installed (looked in {looked_in})")]
    Missing {
        /// The file's name.
        file: String,
        /// The folders.
        looked_in: String,
    },
    /// A file of that name that is not the model.
    #[error("\"{path}\" is damaged or another model: SHA-256 {found}, expected {expected}", path = path.display())]
    WrongHash {
        /// The file.
        path: PathBuf,
        /// What it has.
        found: String,
        /// What the manifest says.
        expected: String,
    },
    /// A file of that name of another size.
    #[error("\"{path}\" has {found} bytes, expected {expected}: it is damaged or cut off", path = path.display())]
    WrongSize {
        /// The file.
        path: PathBuf,
        /// What it has.
        found: u64,
        /// What the manifest says.
        expected: u64,
    },
    /// The file cannot be read.
    #[error("cannot read the model \"{path}\"", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl ModelStore {
    /// Looks in `folders`, in this order.
    pub fn new(folders: Vec<PathBuf>) -> Self {
        Self { folders }
    }

    /// The file of a model with the right hash. Where only wrong ones are found, says what is wrong with the first.
    pub fn find(&self, entry: &ModelEntry) -> Result<PathBuf, FindError> {
        let mut wrong = None;
        for path in self.folders.iter().map(|folder| folder.join(&entry.file)).filter(|path| path.is_file()) {
            match check(&path, entry) {
                Ok(()) => return Ok(path),
                Err(error) => wrong = wrong.or(Some(error)),
            }
        }
        let folders: Vec<_> = self.folders.iter().map(|folder| format!("\"{}\"", folder.display())).collect();
        Err(wrong.unwrap_or(FindError::Missing { file: entry.file.clone(), looked_in: folders.join(", ") }))
    }
}

fn check(path: &Path, entry: &ModelEntry) -> Result<(), FindError> {
    let read = |source| FindError::Read { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(read)?;
    let found = file.metadata().map_err(read)?.len();
    if found != entry.bytes {
        return Err(FindError::WrongSize { path: path.to_owned(), found, expected: entry.bytes });
    }
    let mut digest = Sha256::new();
    copy(&mut file, |bytes| {
        digest.update(bytes);
        Ok(())
    })
    .map_err(read)?;
    let found = hex::encode(digest.finalize());
    if found == entry.sha256 {
        Ok(())
    } else {
        Err(FindError::WrongHash { path: path.to_owned(), found, expected: entry.sha256.clone() })
    }
}

fn copy(from: &mut dyn Read, mut to: impl FnMut(&[u8]) -> std::io::Result<()>) -> std::io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(()),
            read => to(&buffer[..read])?,
        }
    }
}

/// Fetches over the network; the program that pulls brings its own.
pub trait Fetch {
    /// The bytes at `url`, at most `limit_bytes` of them.
    fn fetch(&self, url: &str, limit_bytes: u64) -> Result<Box<dyn Read>, FetchError>;
}

/// Why a URL gives nothing.
#[derive(Debug, Error)]
#[error("cannot fetch {url}")]
pub struct FetchError {
    url: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl FetchError {
    /// A failure of `url`.
    pub fn new(url: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { url: url.to_owned(), source: source.into() }
    }
}

/// Another place than the origin that has the files, under their own names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mirror {
    /// A folder.
    Folder(PathBuf),
    /// The base of a URL.
    Url(String),
}

impl Mirror {
    /// A URL where it begins with `http://` or `https://`, else a folder.
    pub fn parse(text: &str) -> Self {
        if text.starts_with("http://") || text.starts_with("https://") {
            Self::Url(text.trim_end_matches('/').to_owned())
        } else {
            Self::Folder(PathBuf::from(text))
        }
    }
}

/// How pulling one model went.
#[derive(Debug)]
pub enum PullOutcome {
    /// It was there.
    Present {
        /// The file.
        path: PathBuf,
    },
    /// It is there now.
    Pulled {
        /// Where it came from.
        from: String,
        /// The file.
        path: PathBuf,
    },
    /// It is not there.
    Failed {
        /// Why.
        reason: PullError,
    },
}

/// Why a model could not be pulled. Nothing is left behind.
#[derive(Debug, Error)]
pub enum PullError {
    /// Its origin does not serve this very file.
    #[error("no origin serves this file (it was converted): give a mirror that has \"{file}\"")]
    MirrorOnly {
        /// The file.
        file: String,
    },
    /// The mirror folder does not have it.
    #[error("the mirror has no \"{path}\"", path = path.display())]
    NotInMirror {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The network or its server failed.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The transfer broke off.
    #[error("the transfer from {from} broke off")]
    Transfer {
        /// Where it came from.
        from: String,
        /// Why.
        source: std::io::Error,
    },
    /// What came is not the model.
    #[error("{from} gave another file: {bytes} bytes with SHA-256 {found}, expected {expected}; it was thrown away")]
    WrongHash {
        /// Where it came from.
        from: String,
        /// How much came.
        bytes: u64,
        /// Its hash.
        found: String,
        /// What the manifest says.
        expected: String,
    },
    /// It cannot be stored.
    #[error("cannot store the model in \"{path}\"", path = path.display())]
    Store {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Puts a model into `folder`: from `mirror` where one is given, else from its origin. What has another hash is
/// refused. Does nothing where the file is there already.
pub fn pull(entry: &ModelEntry, folder: &Path, mirror: Option<&Mirror>, fetch: &dyn Fetch) -> PullOutcome {
    let path = folder.join(&entry.file);
    if path.is_file() && check(&path, entry).is_ok() {
        return PullOutcome::Present { path };
    }
    let pulled = open(entry, mirror, fetch)
        .and_then(|(from, mut bytes)| store(entry, folder, &path, &from, &mut *bytes).map(|()| from));
    match pulled {
        Ok(from) => PullOutcome::Pulled { from, path },
        Err(reason) => PullOutcome::Failed { reason },
    }
}

fn open(entry: &ModelEntry, mirror: Option<&Mirror>, fetch: &dyn Fetch) -> Result<(String, Box<dyn Read>), PullError> {
    // One byte more than it should have, so that a longer file shows.
    let limit = entry.bytes + 1;
    let url = match mirror {
        Some(Mirror::Folder(folder)) => {
            let path = folder.join(&entry.file);
            return match File::open(&path) {
                Ok(file) => Ok((path.display().to_string(), Box::new(file.take(limit)))),
                Err(source) => Err(PullError::NotInMirror { path, source }),
            };
        }
        Some(Mirror::Url(base)) => format!("{base}/{}", entry.file),
        None => entry.url.clone().ok_or_else(|| PullError::MirrorOnly { file: entry.file.clone() })?,
    };
    let bytes = fetch.fetch(&url, limit)?;
    Ok((url, Box::new(bytes.take(limit))))
}

fn store(entry: &ModelEntry, folder: &Path, path: &Path, from: &str, bytes: &mut dyn Read) -> Result<(), PullError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| PullError::Store { path, source }
    };
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed(folder))?;
    let mut digest = Sha256::new();
    let mut length = 0;
    let mut unwritten = None;
    let read = copy(bytes, |part| {
        digest.update(part);
        length += part.len() as u64;
        if let Err(error) = file.write_all(part) {
            unwritten = Some(error);
            return Err(std::io::ErrorKind::WriteZero.into());
        }
        Ok(())
    });
    if let Some(source) = unwritten {
        return Err(failed(path)(source));
    }
    read.map_err(|source| PullError::Transfer { from: from.to_owned(), source })?;
    let found = hex::encode(digest.finalize());
    if found != entry.sha256 {
        let (from, expected) = (from.to_owned(), entry.sha256.clone());
        return Err(PullError::WrongHash { from, bytes: length, found, expected });
    }
    file.as_file().sync_all().map_err(failed(path))?;
    file.persist(path).map_err(|error| failed(path)(error.error))?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(folder))
}

#[cfg(test)]
mod tests;
