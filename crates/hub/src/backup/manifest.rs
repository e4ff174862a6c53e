//! The hash of every file of a backup, as `sha256sum -c` reads it.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};
use thiserror::Error;

/// Longest manifest that is read, in bytes: ten million media.
const BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;

/// How much of a file is in memory at a time.
const CHUNK_BYTES: usize = 256 * 1024;

/// Why a manifest is not written, or does not hold.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// A file cannot be read or written.
    #[error("cannot use \"{}\"", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A line is none.
    #[error("line {line} of \"{}\" is not HASH, two spaces and the path of a file in the backup", path.display())]
    Line {
        /// The manifest.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A file is not what it was.
    #[error("\"{}\" is damaged or was changed: its hash is {found}, the backup was made with {wanted}", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// The hash in the manifest.
        wanted: String,
        /// The hash of its bytes.
        found: String,
    },
    /// A medium does not have the hash that it is called by.
    #[error("the medium \"{}\" is damaged: its hash is {found}; the hub's disk may be failing", path.display())]
    Medium {
        /// The file.
        path: PathBuf,
        /// The hash of its bytes.
        found: String,
    },
}

/// The files of a backup.
#[derive(Debug)]
pub(super) struct Manifest {
    folder: PathBuf,
    files: Vec<(String, PathBuf)>,
    bytes: u64,
}

impl Manifest {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), files: Vec::new(), bytes: 0 }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn files_below(&self, folder: &str) -> u64 {
        self.files.iter().filter(|(_, path)| path.starts_with(folder)).count() as u64
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|(_, path)| path.as_path())
    }

    /// Notes the file at `relative` with the hash of its bytes.
    pub(super) fn add(&mut self, relative: impl AsRef<Path>) -> Result<(), ManifestError> {
        let relative = relative.as_ref();
        let (hash, bytes) = hash_of(&self.folder.join(relative))?;
        let name = relative.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if is_hash(&name) && name != hash {
            return Err(ManifestError::Medium { path: self.folder.join(relative), found: hash });
        }
        self.files.push((hash, relative.to_owned()));
        self.bytes += bytes;
        Ok(())
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), ManifestError> {
        let failed = |source| ManifestError::File { path: path.to_owned(), source };
        let file = File::options().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
        let mut file = BufWriter::new(file);
        for (hash, relative) in &self.files {
            writeln!(file, "{hash}  {}", relative.display()).map_err(failed)?;
        }
        file.into_inner().map_err(|error| failed(error.into_error()))?.sync_all().map_err(failed)
    }

    /// Reads the manifest of the backup in `folder` and checks each of its files.
    pub(super) fn check(folder: &Path, path: &Path) -> Result<Self, ManifestError> {
        let failed = |source| ManifestError::File { path: path.to_owned(), source };
        let mut text = String::new();
        File::open(path).map_err(failed)?.take(BYTES_MAX).read_to_string(&mut text).map_err(failed)?;
        let mut manifest = Self::new(folder);
        for (index, line) in text.lines().enumerate() {
            let bad = || ManifestError::Line { path: path.to_owned(), line: index + 1 };
            let (wanted, relative) = line.split_once("  ").ok_or_else(bad)?;
            let relative = Path::new(relative);
            // Never out of the folder, whoever wrote it.
            let is_inside = relative.components().all(|part| matches!(part, Component::Normal(_)));
            if !is_hash(wanted) || !is_inside || relative.as_os_str().is_empty() {
                return Err(bad());
            }
            let (found, bytes) = hash_of(&folder.join(relative))?;
            if found != wanted {
                let (path, wanted) = (folder.join(relative), wanted.to_owned());
                return Err(ManifestError::Changed { path, wanted, found });
            }
            manifest.files.push((found, relative.to_owned()));
            manifest.bytes += bytes;
        }
        Ok(manifest)
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

pub(super) fn hash_of(path: &Path) -> Result<(String, u64), ManifestError> {
    let failed = |source| ManifestError::File { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let (mut digest, mut bytes) = (Sha256::new(), 0);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match file.read(&mut chunk).map_err(failed)? {
            0 => return Ok((hex::encode(digest.finalize()), bytes)),
            read => {
                digest.update(&chunk[..read]);
                bytes += read as u64;
            }
        }
    }
}

/// Every medium below a folder, with its path in it: files that are called by a hash. What is being written is not among
/// them.
pub(super) fn media_below(folder: &Path) -> Result<Vec<(PathBuf, PathBuf)>, ManifestError> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let failed = |source| ManifestError::File { path: next.clone(), source };
        let entries = match fs::read_dir(&next) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(source) => return Err(failed(source)),
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            if entry.file_type().map_err(failed)?.is_dir() {
                folders.push(path);
            } else if is_hash(&entry.file_name().to_string_lossy())
                && let Ok(relative) = path.strip_prefix(folder)
            {
                found.push((relative.to_owned(), path.clone()));
            }
        }
    }
    found.sort();
    Ok(found)
}
