//! Reading a folder of documents, with everything that is wrong in it at once.

use std::fs;
use std::path::{Path, PathBuf};

use domain::Problems;
use domain::table::TableReader;
use thiserror::Error;
use wire::policy::bundle::DOCUMENTS_MAX;
use wire::policy::document::{DOCUMENT_BYTES_MAX, PATH_DEPTH_MAX};
use wire::policy::{Document, DocumentPath};

/// Why a folder is not published.
#[derive(Debug, Error)]
pub enum FolderError {
    /// It cannot be read.
    #[error("cannot read the policy folder \"{}\"", path.display())]
    Read {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Something in it cannot be a document.
    #[error("the policy folder \"{}\" has {problems}", path.display())]
    Invalid {
        /// The folder.
        path: PathBuf,
        /// All of it.
        problems: Problems,
    },
}

/// The documents in `folder`, in the order of their paths. Files and folders whose names begin with a dot are passed
/// over; everything else must be a document that can be read.
pub fn read_folder(folder: &Path) -> Result<Vec<Document>, FolderError> {
    let (mut documents, mut problems) = (Vec::new(), Problems::default());
    read(folder, "", 1, &mut documents, &mut problems)
        .map_err(|source| FolderError::Read { path: folder.to_owned(), source })?;
    if documents.is_empty() && problems.as_slice().is_empty() {
        problems.note(".", "there is no document: .toml, .csv and .json files are accepted");
    }
    documents.sort_by(|one, other| one.path().cmp(other.path()));
    let folder = folder.to_owned();
    problems.into_result(Some(documents)).map_err(|problems| FolderError::Invalid { path: folder, problems })
}

fn read(
    folder: &Path,
    above: &str,
    depth: usize,
    documents: &mut Vec<Document>,
    problems: &mut Problems,
) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        let place = format!("{above}{name}");
        // Follows links: what a link names is part of the folder.
        let found = fs::metadata(entry.path())?;
        if found.is_dir() && depth < PATH_DEPTH_MAX {
            read(&entry.path(), &format!("{place}/"), depth + 1, documents, problems)?;
        } else if documents.len() >= DOCUMENTS_MAX {
            problems.note(place, format!("there are more than {DOCUMENTS_MAX} documents"));
            return Ok(());
        } else {
            match document(&entry.path(), &place, found.len()) {
                Ok(document) => documents.push(document),
                Err(why) => problems.note(place, why),
            }
        }
    }
    Ok(())
}

fn document(file: &Path, place: &str, bytes: u64) -> Result<Document, String> {
    let path = DocumentPath::new(place).map_err(|error| error.to_string())?;
    if bytes > DOCUMENT_BYTES_MAX as u64 {
        return Err(format!("it has {bytes} bytes, at most {DOCUMENT_BYTES_MAX} are accepted"));
    }
    let text = fs::read_to_string(file).map_err(|error| format!("it cannot be read as UTF-8 text: {error}"))?;
    check_form(&path, &text)?;
    Document::new(path, text).map_err(|error| error.to_string())
}

/// Whether the text is what its extension says. What it means is for the node to judge, which applies it or refuses it
/// whole.
pub(crate) fn check_form(path: &DocumentPath, text: &str) -> Result<(), String> {
    match path.extension() {
        "toml" => {
            let mut problems = Problems::default();
            let read = TableReader::parse(text, &mut problems).map(drop);
            problems.into_result(read).map_err(|problems| problems.to_string())
        }
        "json" => serde_json::from_str(text)
            .map(|serde::de::IgnoredAny| ())
            .map_err(|error| format!("it is not JSON: {error}")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, text: impl AsRef<[u8]>) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("written");
    }

    #[test]
    fn a_folder_is_read_in_order_without_what_is_hidden() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in
            ["lists/wanted.csv", "access.toml", "profiles/main.toml", "thresholds.json", ".git/config", ".x.toml"]
        {
            write(folder.path(), name, if name.ends_with("json") { "{}" } else { "" });
        }
        let documents = read_folder(folder.path()).expect("it is right");
        let paths: Vec<_> = documents.iter().map(|document| document.path().as_str()).collect();
        assert_eq!(paths, ["access.toml", "lists/wanted.csv", "profiles/main.toml", "thresholds.json"]);
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), "access.toml", "deny = [\n");
        write(folder.path(), "lists/Wanted.csv", "");
        write(folder.path(), "README.md", "");
        write(folder.path(), "holders.csv", b"\xff\xfe");
        write(folder.path(), "t.json", "{");
        write(folder.path(), "ok.toml", "x = 1\n");
        let error = read_folder(folder.path()).expect_err("it is wrong").to_string();
        for name in ["access.toml", "lists/Wanted.csv", "README.md", "holders.csv", "t.json"] {
            assert!(error.contains(name), "{name} is not in {error}");
        }
        assert!(!error.contains("ok.toml"), "{error}");
        let empty = tempfile::tempdir().expect("a folder");
        assert!(read_folder(empty.path()).expect_err("empty").to_string().contains("no document"));
        assert!(matches!(read_folder(&empty.path().join("none")), Err(FolderError::Read { .. })));
    }
}
