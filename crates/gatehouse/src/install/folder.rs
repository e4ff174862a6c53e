//! The data folder of a site that the page sets up: its configuration, its profiles, its own videos.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The configuration, as `gatehouse run --config` reads it too.
const CONFIG: &str = "node.toml";
/// The folder of profiles.
const PROFILES: &str = "profiles";
/// The folder of videos that somebody puts there.
pub(crate) const VIDEOS: &str = "videos";
/// What a file is called until it is whole.
const UNFINISHED: &str = ".unfinished";
/// Most profiles of one gate: each change of it from the page makes one, and the one before stays for whoever looks back.
const PROFILES_MAX: u32 = 1_000;

/// The folder.
#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Opens it, or makes it for this user alone: what is in it holds passwords.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        for folder in [path.to_owned(), path.join(PROFILES), path.join(VIDEOS)] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&folder)
                .with_context(|| format!("cannot create the folder \"{}\"", folder.display()))?;
        }
        let path = std::path::absolute(path).with_context(|| format!("\"{}\" is no path", path.display()))?;
        Ok(Self(path))
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The file of the configuration.
    pub(crate) fn config_file(&self) -> PathBuf {
        self.0.join(CONFIG)
    }

    /// Whether something is configured.
    pub(crate) fn has_config(&self) -> Result<bool> {
        let file = self.config_file();
        file.try_exists().with_context(|| format!("cannot look for \"{}\"", file.display()))
    }

    /// The configuration as it stands there.
    pub(crate) fn read_config(&self) -> io::Result<Option<String>> {
        match std::fs::read_to_string(self.config_file()) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A name for a gate's profile that no file has: what is in force is never written over.
    pub(crate) fn free_profile(&self, gate: &str) -> io::Result<String> {
        // A name that is none is told by its field; a file is never made of it.
        let stem = if domain::id::is_slug(gate) { gate } else { "gate" };
        for number in 1..=PROFILES_MAX {
            let tail = if number == 1 { String::new() } else { format!("-{number}") };
            let name = format!("{PROFILES}/{stem}{tail}.toml");
            if !self.0.join(&name).try_exists()? {
                return Ok(name);
            }
        }
        Err(io::Error::other(format!("\"{PROFILES}\" holds {PROFILES_MAX} profiles of {stem}: take some out")))
    }

    /// Takes a file away that nothing names. What cannot be taken away stays: it is in nobody's way.
    pub(crate) fn forget(&self, name: &str) {
        let _ = std::fs::remove_file(self.0.join(name));
    }

    /// Replaces the configuration as a whole.
    pub(crate) fn write_config(&self, text: &str) -> io::Result<()> {
        self.write(CONFIG, text)
    }

    /// Writes a file so that a power cut leaves it whole, or as it was before; only this user reads it.
    pub(crate) fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let path = self.0.join(name);
        let unfinished = self.0.join(format!("{name}{UNFINISHED}"));
        // One that a power cut left may have other rights.
        match std::fs::remove_file(&unfinished) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        drop(file);
        std::fs::rename(&unfinished, &path)?;
        File::open(path.parent().unwrap_or(&self.0))?.sync_all()
    }
}
