//! The hub's own certificate authorities: one for servers (broker and hub), which nodes trust, and one for nodes, which
//! broker and hub trust.
//!
//! They are two so that a node's certificate opens nothing but the listener for nodes, and so that the running hub needs
//! only the secret key of the authority for nodes: the one for servers can be kept elsewhere between two renewals. All of
//! it lies in one folder outside the database; the secret keys may be read by their owner only.
//!
//! Start reading at [`init`] and [`NodeAuthority::open`].

mod files;
mod issue;
mod revocation;
mod show;

use std::path::{Path, PathBuf};

use thiserror::Error;

pub use issue::{Issued, NODE_DAYS, NodeAuthority, SERVER_DAYS, ServerNames, init, renew};
pub use revocation::RevokedCertificate;
pub use show::{CertificateFacts, certificate_facts};

pub(crate) use show::facts;

pub(crate) use files::{read_secret, replace};

/// The name by which a broker knows hubs: no node can be called so, because names of nodes have no dot.
pub const HUB_USER: &str = "gatehouse.hub";

/// Where everything of the authorities lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorityFiles {
    /// The folder.
    pub folder: PathBuf,
}

impl AuthorityFiles {
    /// Those in `folder`.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Certificate of the authority of servers: whom nodes trust.
    pub fn servers(&self) -> PathBuf {
        self.file("servers.crt")
    }

    /// Its secret key, needed for [`renew`] only.
    pub fn servers_key(&self) -> PathBuf {
        self.file("servers.key")
    }

    /// Certificate of the authority of nodes: whom broker and hub trust.
    pub fn nodes(&self) -> PathBuf {
        self.file("nodes.crt")
    }

    /// Its secret key.
    pub fn nodes_key(&self) -> PathBuf {
        self.file("nodes.key")
    }

    /// The nodes' certificates that are good no more.
    pub fn revoked(&self) -> PathBuf {
        self.file("nodes.crl")
    }

    /// The hub's certificate for HTTPS, with its authority.
    pub fn hub(&self) -> PathBuf {
        self.file("hub.crt")
    }

    /// Its secret key.
    pub fn hub_key(&self) -> PathBuf {
        self.file("hub.key")
    }

    /// The broker's certificate, with its authority.
    pub fn broker(&self) -> PathBuf {
        self.file("broker.crt")
    }

    /// Its secret key.
    pub fn broker_key(&self) -> PathBuf {
        self.file("broker.key")
    }

    /// The certificate that the hub shows to the broker.
    pub fn client(&self) -> PathBuf {
        self.file("hub-client.crt")
    }

    /// Its secret key.
    pub fn client_key(&self) -> PathBuf {
        self.file("hub-client.key")
    }
}

/// Why an authority cannot be made or used.
#[derive(Debug, Error)]
pub enum AuthorityError {
    /// There is one already.
    #[error(
        "there is an authority in \"{}\" already: a new one would cut off every node that trusts it; renew its certificates \
         with `gatehouse-hub authority renew`, or give another folder", folder.display()
    )]
    Exists {
        /// The folder.
        folder: PathBuf,
    },
    /// A name that no certificate can have.
    #[error("\"{name}\" cannot stand in a certificate: a host name such as hub.example.vn or an address is accepted")]
    Name {
        /// The name.
        name: String,
    },
    /// A file cannot be read.
    #[error(
        "cannot read \"{}\": make the authority with `gatehouse-hub authority init`, or restore it from a backup",
        path.display()
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write \"{}\"", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Others may read a secret.
    #[error(
        "the secret key \"{}\" may be used by others than its owner (mode {mode:04o}, 0600 is accepted): run chmod 600 on \
         it, and make a new authority if somebody may have copied it", path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A file is not what it should be.
    #[error("\"{}\" is damaged: {what} as PEM is accepted; restore it from a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
    },
    /// The request for a certificate is none.
    #[error("the request for a certificate is not taken: {why}")]
    Request {
        /// What is wrong with it.
        why: String,
    },
    /// The cryptography refuses.
    #[error("cannot sign {what}")]
    Sign {
        /// What was to be signed.
        what: &'static str,
        /// Why.
        #[source]
        source: rcgen::Error,
    },
    /// The system has no randomness to give.
    #[error("cannot draw a random number")]
    NoRandomness(#[source] getrandom::Error),
}
