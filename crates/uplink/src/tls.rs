//! Whom to trust and how to prove who we are, on TLS connections to the broker and the hub.

mod identity;

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use thiserror::Error;

use crate::enrol::connect;
use identity::Identity;

/// How long a server gets to say that it does not want us, after a handshake that went well.
const REFUSAL_MAX: Duration = Duration::from_secs(1);

/// A checked TLS configuration for connections that trust one certificate authority. All clones show the same
/// certificate.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    authorities: Vec<CertificateDer<'static>>,
    identity: Option<Arc<Identity>>,
}

/// The certificate by which a broker knows a node, where it asks for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// PEM file with the certificate chain, the node's own first.
    pub chain: PathBuf,
    /// PEM file with its private key.
    pub key: PathBuf,
}

/// Why there is no TLS configuration.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file is missing or not PEM.
    #[error("cannot read the {what} \"{path}\", a PEM file is accepted")]
    Read {
        /// What it should be.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: pem::Error,
    },
    /// A PEM file without a certificate.
    #[error("the {what} \"{path}\" holds no certificate")]
    Empty {
        /// What it should be.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A certificate that cannot be an authority.
    #[error("the certificate authority \"{path}\" is not usable")]
    BadAuthority {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// Certificate and key do not fit together.
    #[error("the client certificate \"{chain}\" cannot be used with the key \"{key}\"")]
    BadClient {
        /// The certificate.
        chain: PathBuf,
        /// The key.
        key: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// The cryptography and the protocol versions do not fit; not reachable with what is built in.
    #[error("cannot set up TLS")]
    Unsupported(#[source] rustls::Error),
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tls({} authorities)", self.authorities.len())
    }
}

impl Tls {
    /// Trusts the authorities in the PEM file `authority`, and nobody else; shows `client` to a broker or hub that asks.
    pub fn read(authority: &Path, client: Option<&ClientCertificate>) -> Result<Self, TlsError> {
        let authorities = certificates("certificate authority", authority)?;
        let failed = |source| TlsError::BadAuthority { path: authority.to_owned(), source };
        Self::new(authorities, client, failed)
    }

    /// Trusts this authority, and shows nothing.
    pub(crate) fn of_authority(authority: CertificateDer<'static>) -> Result<Self, TlsError> {
        Self::new(vec![authority], None, |source| TlsError::BadAuthority { path: PathBuf::new(), source })
    }

    fn new(
        authorities: Vec<CertificateDer<'static>>,
        client: Option<&ClientCertificate>,
        failed: impl Fn(rustls::Error) -> TlsError,
    ) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in &authorities {
            roots.add(certificate.clone()).map_err(&failed)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Unsupported)?
            .with_root_certificates(roots);
        let identity = client.map(|client| Identity::read(client.clone(), provider)).transpose()?.map(Arc::new);
        let config = match &identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let identity = Arc::clone(identity);
                builder.with_client_cert_resolver(identity)
            }
        };
        Ok(Self { config: Arc::new(config), authorities, identity })
    }

    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }

    /// Whether connections show a certificate.
    pub fn has_identity(&self) -> bool {
        self.identity.is_some()
    }

    /// Reads the certificate that is shown again: connections that are made from now on show the new one. After an
    /// error they go on with the one before.
    pub fn reload(&self) -> Result<(), TlsError> {
        self.identity.as_ref().map_or(Ok(()), |identity| identity.reload())
    }

    /// Another number after each [`Tls::reload`].
    pub(crate) fn generation(&self) -> u64 {
        self.identity.as_ref().map_or(0, |identity| identity.generation())
    }

    /// The same trust for the HTTP client, which keeps its own configuration.
    pub(crate) fn for_http(&self) -> ureq::tls::TlsConfig {
        let authorities: Vec<_> =
            self.authorities.iter().map(|der| ureq::tls::Certificate::from_der(der).to_owned()).collect();
        ureq::tls::TlsConfig::builder()
            .root_certs(ureq::tls::RootCerts::new_with_certs(&authorities))
            .client_cert(self.identity.as_ref().map(|identity| identity.for_http()))
            .build()
    }

    /// Shakes hands with a server and leaves, without a word of the protocol above. Waits for the network.
    pub(crate) fn shake_hands(&self, host: &str, port: u16) -> io::Result<()> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let connection = ClientConnection::new(self.config(), name).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(connection, connect(host, port)?);
        stream.conn.complete_io(&mut stream.sock)?;
        stream.sock.set_read_timeout(Some(REFUSAL_MAX))?;
        // With TLS 1.3 a server looks at our certificate after we are through, and its refusal is the first thing to read.
        match stream.read(&mut [0]) {
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Ok(()),
        }
    }
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |source| TlsError::Read { what, path: path.to_owned(), source };
    let found: Vec<_> =
        CertificateDer::pem_file_iter(path).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)?;
    if found.is_empty() { Err(TlsError::Empty { what, path: path.to_owned() }) } else { Ok(found) }
}
