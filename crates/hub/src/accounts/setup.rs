//! The code with which the first account is made: whoever can read a file beside the hub's data, or sees what the hub
//! prints when it starts, is who may begin.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::accounts::token::is_same;

/// The file's name.
const FILE: &str = "setup-code";

/// Letters and digits that nobody mistakes for each other (Crockford's base32).
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Characters of a code: 80 bits.
const CHARS: usize = 16;

/// Why there is no code.
#[derive(Debug, Error)]
pub enum SetupCodeError {
    /// The file cannot be read or written.
    #[error("cannot keep the code of the first start in \"{}\"", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No randomness.
    #[error("the machine gives no random bytes")]
    Random(#[source] getrandom::Error),
}

/// A code and its file.
#[derive(Clone, PartialEq, Eq)]
pub struct SetupCode {
    code: String,
    path: PathBuf,
}

impl std::fmt::Debug for SetupCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SetupCode({})", self.path.display())
    }
}

impl SetupCode {
    /// The code that is kept in `folder`, or a new one, readable by the hub's own user only.
    pub fn in_folder(folder: &Path) -> Result<Self, SetupCodeError> {
        let path = folder.join(FILE);
        let failed = |source| SetupCodeError::File { path: path.clone(), source };
        match std::fs::read_to_string(&path) {
            Ok(text) if is_code(text.trim()) => {
                std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).map_err(failed)?;
                return Ok(Self { code: text.trim().to_owned(), path });
            }
            // Damaged: a new one takes its place.
            Ok(_) => std::fs::remove_file(&path).map_err(failed)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let mut bytes = [0; CHARS];
        getrandom::fill(&mut bytes).map_err(SetupCodeError::Random)?;
        let chars: Vec<char> = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
        let code = chars.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-");
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
        writeln!(file, "{code}").and_then(|()| file.sync_all()).map_err(failed)?;
        Ok(Self { code, path })
    }

    /// For people.
    pub fn reveal(&self) -> &str {
        &self.code
    }

    /// Where it is kept.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether somebody typed it, in whatever case and with whatever between the groups.
    pub fn is(&self, typed: &str) -> bool {
        is_same(&bare(&self.code), &bare(typed))
    }

    /// Takes the file away; a file that is gone already is as good.
    pub fn forget(&self) {
        if let Err(error) = std::fs::remove_file(&self.path)
            && error.kind() != ErrorKind::NotFound
        {
            tracing::warn!(%error, path = %self.path.display(), "the used code of the first start cannot be removed");
        }
    }
}

fn bare(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

fn is_code(text: &str) -> bool {
    let bare = bare(text);
    bare.len() == CHARS && bare.bytes().all(|b| ALPHABET.contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_kept_over_a_restart_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let code = SetupCode::in_folder(folder.path()).expect("it is made");
        assert_eq!(SetupCode::in_folder(folder.path()).expect("it is read"), code);
        let mode = std::fs::metadata(code.path()).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(code.is(code.reveal()) && code.is(&code.reveal().to_lowercase().replace('-', " ")));
        assert!(!code.is("") && !code.is("0000-0000-0000-0000") && !format!("{code:?}").contains(code.reveal()));
        code.forget();
        code.forget();
        assert_ne!(SetupCode::in_folder(folder.path()).expect("a new one"), code);
    }

    #[test]
    fn a_damaged_file_makes_way_for_a_new_code() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(FILE), "").expect("it is written");
        let code = SetupCode::in_folder(folder.path()).expect("it is made");
        assert_eq!(code.reveal().len(), CHARS + 3);
    }
}
