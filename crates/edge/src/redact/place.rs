//! Where a file goes: never over the source, and under its name only once it is complete.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::source::Source;

/// What becomes of a file that lies at the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replace {
    /// It stays, and nothing is written.
    Refused,
    /// It is replaced.
    Allowed,
}

/// A place for a file. What was written there and not finished is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    unfinished: PathBuf,
    replace: Replace,
    finished: bool,
}

impl Place {
    /// Checks a place.
    pub(super) fn new(path: &Path, source: &Source, endings: &[&str], replace: Replace) -> Result<Self> {
        let shown = path.display();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
        let Some(name) = path.file_name().filter(|_| endings.contains(&ending.as_str())) else {
            let accepted: Vec<_> = endings.iter().map(|ending| format!(".{ending}")).collect();
            bail!("\"{shown}\" should end in {}", accepted.join(" or "));
        };
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let is_folder = fs::metadata(folder).with_context(|| format!("cannot write \"{shown}\""))?.is_dir();
        ensure!(is_folder, "cannot write \"{shown}\": \"{}\" is no folder", folder.display());
        if is_same(path, &source.path)? {
            bail!("\"{shown}\" is the source itself, which stays as it is: give the copy another name");
        }
        let mut unfinished = OsString::from(".");
        unfinished.push(name);
        unfinished.push(format!(".{}", std::process::id()));
        let place = Self { path: path.to_owned(), unfinished: folder.join(unfinished), replace, finished: false };
        place.is_free()?;
        Ok(place)
    }

    /// Fails where the other place is the same one.
    pub(super) fn differs_from(&self, other: &Self) -> Result<()> {
        let same = self.unfinished == other.unfinished || is_same(&self.path, &other.path)?;
        ensure!(!same, "\"{}\" cannot be the copy and its report at once", self.path.display());
        Ok(())
    }

    /// What it is called in the end, without its folder.
    pub(super) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Where the file is until then.
    pub(super) fn unfinished(&self) -> &Path {
        &self.unfinished
    }

    /// Writes a whole file, down to the disk.
    pub(super) fn write(&self, bytes: &[u8]) -> Result<()> {
        let written = File::create(&self.unfinished).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        written.with_context(|| format!("cannot write \"{}\"", self.path.display()))
    }

    /// Gives the file its name.
    pub(super) fn finish(&mut self) -> Result<()> {
        self.is_free()?;
        fs::rename(&self.unfinished, &self.path)
            .with_context(|| format!("cannot write \"{}\"", self.path.display()))?;
        self.finished = true;
        Ok(())
    }

    fn is_free(&self) -> Result<()> {
        let shown = self.path.display();
        match fs::symlink_metadata(&self.path) {
            Ok(there) if there.is_dir() => bail!("\"{shown}\" is a folder"),
            Ok(_) if self.replace == Replace::Refused => {
                bail!("\"{shown}\" is there already: choose another name, or give --force to replace it")
            }
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error).with_context(|| format!("cannot write \"{shown}\"")),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.finished
            && let Err(error) = fs::remove_file(&self.unfinished)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(path = %self.unfinished.display(), %error, "cannot remove half a copy");
        }
    }
}

/// Whether both names, through links too, are of one file.
fn is_same(one: &Path, other: &Path) -> Result<bool> {
    let there = |path: &Path| match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot look at \"{}\"", path.display())),
    };
    let number = |metadata: Metadata| (metadata.dev(), metadata.ino());
    Ok(match (there(one)?, there(other)?) {
        (Some(one), Some(other)) => number(one) == number(other),
        (Some(_) | None, None) | (None, Some(_)) => one == other,
    })
}

#[cfg(test)]
mod tests {
    use super::super::source::Kind;
    use super::*;

    struct Folder(tempfile::TempDir, Source);

    fn folder() -> Folder {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("in.jpg");
        fs::write(&path, b"evidence").expect("written");
        let source = Source { path, kind: Kind::Picture, bytes: 8, sha256: [0; 32] };
        Folder(folder, source)
    }

    impl Folder {
        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn place(&self, name: &str, replace: Replace) -> Result<Place> {
            Place::new(&self.path(name), &self.1, &["jpg", "jpeg"], replace)
        }

        fn refusal(&self, name: &str, replace: Replace) -> String {
            format!("{:#}", self.place(name, replace).expect_err(name))
        }

        fn count(&self) -> usize {
            fs::read_dir(self.0.path()).expect("a folder").count()
        }
    }

    #[test]
    fn a_file_gets_its_name_when_it_is_complete_and_leaves_nothing_otherwise() {
        let folder = folder();
        let mut place = folder.place("out.JPG", Replace::Refused).expect("free");
        place.write(b"copy").expect("written");
        assert!(!folder.path("out.JPG").exists());
        place.finish().expect("finished");
        assert_eq!(fs::read(folder.path("out.JPG")).expect("there"), b"copy");
        drop(place);
        let place = folder.place("other.jpeg", Replace::Refused).expect("free");
        place.write(b"copy").expect("written");
        drop(place);
        assert_eq!(folder.count(), 2, "the source and the finished copy");
    }

    #[test]
    fn the_source_is_never_a_place_not_even_through_links() {
        let folder = folder();
        std::os::unix::fs::symlink(folder.path("in.jpg"), folder.path("soft.jpg")).expect("a link");
        fs::hard_link(folder.path("in.jpg"), folder.path("hard.jpg")).expect("a link");
        for name in ["in.jpg", "soft.jpg", "hard.jpg"] {
            let error = folder.refusal(name, Replace::Allowed);
            assert!(error.contains("is the source itself"), "{error}");
        }
        assert_eq!(fs::read(folder.path("in.jpg")).expect("there"), b"evidence");
    }

    #[test]
    fn what_is_there_is_replaced_only_where_that_is_allowed() {
        let folder = folder();
        fs::write(folder.path("out.jpg"), b"old").expect("written");
        assert!(folder.refusal("out.jpg", Replace::Refused).contains("--force"));
        let mut place = folder.place("out.jpg", Replace::Allowed).expect("allowed");
        place.write(b"new").expect("written");
        place.finish().expect("finished");
        assert_eq!(fs::read(folder.path("out.jpg")).expect("there"), b"new");
        // It came while the copy was made.
        let mut place = folder.place("late.jpg", Replace::Refused).expect("free");
        place.write(b"new").expect("written");
        fs::write(folder.path("late.jpg"), b"other").expect("written");
        assert!(place.finish().is_err());
        drop(place);
        assert_eq!(fs::read(folder.path("late.jpg")).expect("there"), b"other");
    }

    #[test]
    fn names_and_folders_that_cannot_be_are_told() {
        let folder = folder();
        assert!(folder.refusal("out.png", Replace::Refused).contains("should end in .jpg or .jpeg"));
        assert!(folder.refusal("nowhere/out.jpg", Replace::Refused).contains("nowhere/out.jpg"));
        fs::create_dir(folder.path("folder.jpg")).expect("a folder");
        assert!(folder.refusal("folder.jpg", Replace::Allowed).contains("is a folder"));
        let one = folder.place("out.jpg", Replace::Refused).expect("free");
        let other = folder.place("out.jpg", Replace::Refused).expect("free");
        assert!(one.differs_from(&other).is_err());
    }
}
