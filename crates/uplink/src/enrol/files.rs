//! The files of an enrolled machine, below the folder `enrolment` of its data.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rcgen::KeyPair;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use wire::enrolment::AuthorityPrint;

use super::{EnrolError, Enrolled, new_key};
use crate::durable;

/// Where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentFiles {
    folder: PathBuf,
}

impl EnrolmentFiles {
    /// Those of the machine with the data folder `data`.
    pub fn new(data: &Path) -> Self {
        Self { folder: data.join("enrolment") }
    }

    /// The authority that signed the certificates of broker and hub.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }

    /// The node's certificate and its secret key.
    pub fn identity(&self) -> PathBuf {
        self.folder.join("identity.pem")
    }

    /// What the machine is.
    pub fn state(&self) -> PathBuf {
        self.folder.join("enrolment.json")
    }

    /// A key whose certificate is not here yet.
    fn pending(&self) -> PathBuf {
        self.folder.join("pending.key")
    }

    pub(super) fn make_folder(&self) -> Result<(), EnrolError> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        made.map_err(|source| EnrolError::File { path: self.folder.clone(), source })
    }

    /// The key that a certificate is asked for: the one of an attempt that was cut off, or a new one, on the disk before
    /// anybody hears of it.
    pub(super) fn pending_key(&self) -> Result<KeyPair, EnrolError> {
        let path = self.pending();
        match fs::read_to_string(&path) {
            Ok(text) => {
                if let Ok(key) = KeyPair::from_pem(&text) {
                    return Ok(key);
                }
                // Nobody has a certificate for it; a new one costs nothing.
                tracing::warn!(path = %path.display(), "a key without a certificate is damaged and is made anew");
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(EnrolError::File { path, source }),
        }
        let key = new_key()?;
        write(&path, key.serialize_pem().as_bytes())?;
        Ok(key)
    }

    pub(super) fn forget_pending(&self) -> Result<(), EnrolError> {
        match fs::remove_file(self.pending()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(EnrolError::File { path: self.pending(), source: error })
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    pub(super) fn write_authority(&self, pem: &str) -> Result<(), EnrolError> {
        write(&self.authority(), pem.as_bytes())
    }

    pub(super) fn write_identity(&self, pem: &str) -> Result<(), EnrolError> {
        write(&self.identity(), pem.as_bytes())
    }

    pub(super) fn authority_print(&self) -> Result<AuthorityPrint, EnrolError> {
        let path = self.authority();
        let read = CertificateDer::from_pem_file(&path);
        read.map(|der| AuthorityPrint::of(&der)).map_err(|source| EnrolError::Damaged { path, source: source.into() })
    }
}

/// All of them may be read by the node's own user only.
fn write(path: &Path, bytes: &[u8]) -> Result<(), EnrolError> {
    durable::replace(path, &durable::beside(path, ".new"), bytes, 0o600)
        .map_err(|source| EnrolError::File { path: path.to_owned(), source })
}

pub(super) fn read_state(files: &EnrolmentFiles) -> Result<Option<Enrolled>, EnrolError> {
    let path = files.state();
    match fs::read(&path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|source| EnrolError::Damaged { path, source: source.into() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(EnrolError::File { path, source }),
    }
}

pub(super) fn write_state(files: &EnrolmentFiles, enrolled: &Enrolled) -> Result<(), EnrolError> {
    let text = serde_json::to_vec_pretty(enrolled).expect("it has text keys and no failing parts");
    write(&files.state(), &text)
}
