//! The files the rules look at: what git tracks, and what it would track if it were added.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// One file of the tree, its path relative to the root with `/` between the parts.
pub(super) struct File {
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
}

impl File {
    /// The text, or nothing where the file is not UTF-8.
    pub(super) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    /// What follows the last dot of the name; empty where there is none.
    pub(super) fn extension(&self) -> &str {
        self.name().rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// Every file of the project, sorted by path.
pub(super) struct Tree {
    pub(super) files: Vec<File>,
}

impl Tree {
    /// Reads the work tree at `root`; what git ignores is left out.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .context("cannot run git, which lists the files to check: install it")?;
        if !listed.status.success() {
            bail!(
                "git cannot list the files of {}: {}",
                root.display(),
                String::from_utf8_lossy(&listed.stderr).trim()
            );
        }
        let names = String::from_utf8(listed.stdout).context("a tracked file has a name that is not UTF-8")?;
        let mut files = Vec::new();
        for path in names.split('\0').filter(|path| !path.is_empty()) {
            // Tracked but deleted in the work tree: about to go. Folders are submodules: none of ours.
            if !root.join(path).is_file() {
                continue;
            }
            let bytes = std::fs::read(root.join(path)).with_context(|| format!("cannot read {path}"))?;
            files.push(File { path: path.to_owned(), bytes });
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files.dedup_by(|a, b| a.path == b.path);
        Ok(Self { files })
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| File { path: (*path).to_owned(), bytes: text.as_bytes().to_vec() })
            .collect();
        Self { files }
    }

    pub(super) fn with_extension<'tree>(
        &'tree self,
        extension: &str,
    ) -> impl Iterator<Item = (&'tree File, &'tree str)> {
        self.files
            .iter()
            .filter(move |file| file.extension() == extension)
            .filter_map(|file| Some((file, file.text()?)))
    }

    pub(super) fn find(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn files_that_git_ignores_or_that_are_gone_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let git = |arguments: &[&str]| {
            assert!(Command::new("git").args(arguments).current_dir(root).status().unwrap().success())
        };
        git(&["init", "-q"]);
        for name in ["kept.rs", "gone.rs", "ignored.log", ".gitignore"] {
            std::fs::write(root.join(name), "*.log\n").unwrap();
        }
        git(&["add", "kept.rs", "gone.rs"]);
        std::fs::remove_file(root.join("gone.rs")).unwrap();

        let tree = Tree::read(root).unwrap();

        let paths: Vec<_> = tree.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, [".gitignore", "kept.rs"]);
    }

    #[test]
    fn a_folder_without_git_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();

        let error = Tree::read(folder.path()).err().unwrap();

        assert!(error.to_string().contains(&folder.path().display().to_string()), "{error}");
    }
}
