//! Videos that may stand for a camera: those in a few known folders, by their names and nothing else.

use std::path::{Path, PathBuf};

use edge::installation::Installation;

use crate::install::folder::{Folder, VIDEOS};

/// Kinds of files that are taken for videos.
const KINDS: [&str; 8] = ["mp4", "mkv", "avi", "mov", "webm", "ts", "m4v", "mpg"];

/// Most videos that are listed.
const VIDEOS_MAX: usize = 100;

/// The folders that are looked in.
#[derive(Debug)]
pub(crate) struct Videos {
    folders: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    folder: PathBuf,
    /// What stands before a file's name in the configuration; its whole path where nothing.
    below: Option<&'static str>,
}

/// A video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// How the configuration names it.
    pub(crate) source: String,
}

impl Videos {
    /// The folder of the site's own videos, then the samples of the installation.
    pub(crate) fn new(folder: &Folder, installation: &Installation) -> Self {
        let home = installation.home();
        let home = std::path::absolute(home).unwrap_or_else(|_| home.to_owned());
        let known = |folder: PathBuf| Known { folder, below: None };
        Self {
            folders: vec![
                Known { folder: folder.path().join(VIDEOS), below: Some(VIDEOS) },
                known(home.join(".samples")),
                known(home.join("models/bundled")),
            ],
        }
    }

    /// All of them; of two with one name the site's own.
    pub(crate) fn list(&self) -> Vec<Found> {
        let mut all: Vec<Found> = Vec::new();
        for known in &self.folders {
            let mut found: Vec<_> = std::fs::read_dir(&known.folder).into_iter().flatten().flatten().collect();
            found.sort_by_key(std::fs::DirEntry::file_name);
            for entry in found {
                let one = known.video(&entry.path());
                all.extend(one.filter(|one| all.len() < VIDEOS_MAX && all.iter().all(|other| other.name != one.name)));
            }
        }
        all
    }

    /// The one of this very name: it is compared, never made a path of.
    pub(crate) fn find(&self, name: &str) -> Option<Found> {
        self.list().into_iter().find(|found| found.name == name)
    }
}

impl Known {
    /// The video at `path`: a file of its own, no link to somewhere else.
    fn video(&self, path: &Path) -> Option<Found> {
        let kind = path.extension()?.to_str()?.to_ascii_lowercase();
        let about = std::fs::symlink_metadata(path).ok()?;
        let name = path.file_name()?.to_str()?.to_owned();
        let is_one = KINDS.contains(&kind.as_str()) && about.is_file() && !name.chars().any(char::is_control);
        let source = match self.below {
            Some(below) => format!("{below}/{name}"),
            None => path.to_str()?.to_owned(),
        };
        is_one.then(|| Found { name, path: path.to_owned(), bytes: about.len(), source })
    }
}
