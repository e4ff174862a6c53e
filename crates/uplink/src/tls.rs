//! Whom to trust and how to prove who we are, on TLS connections to the broker and the hub.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;

/// A checked TLS configuration for connections that trust one certificate authority.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    authorities: Vec<CertificateDer<'static>>,
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
    /// Trusts the authorities in the PEM file `authority`, and nobody else; shows `client` to a broker that asks.
    pub fn read(authority: &Path, client: Option<&ClientCertificate>) -> Result<Self, TlsError> {
        let authorities = certificates("certificate authority", authority)?;
        let mut roots = RootCertStore::empty();
        for certificate in &authorities {
            roots
                .add(certificate.clone())
                .map_err(|source| TlsError::BadAuthority { path: authority.to_owned(), source })?;
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Unsupported)?
            .with_root_certificates(roots);
        let config = match client {
            None => builder.with_no_client_auth(),
            Some(ClientCertificate { chain, key }) => {
                let certificates = certificates("client certificate", chain)?;
                let secret = PrivateKeyDer::from_pem_file(key).map_err(|source| TlsError::Read {
                    what: "client key",
                    path: key.clone(),
                    source,
                })?;
                builder.with_client_auth_cert(certificates, secret).map_err(|source| TlsError::BadClient {
                    chain: chain.clone(),
                    key: key.clone(),
                    source,
                })?
            }
        };
        Ok(Self { config: Arc::new(config), authorities })
    }

    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }

    /// The same trust for the HTTP client, which keeps its own configuration.
    pub(crate) fn for_http(&self) -> ureq::tls::TlsConfig {
        let authorities: Vec<_> =
            self.authorities.iter().map(|der| ureq::tls::Certificate::from_der(der).to_owned()).collect();
        ureq::tls::TlsConfig::builder().root_certs(ureq::tls::RootCerts::new_with_certs(&authorities)).build()
    }
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |source| TlsError::Read { what, path: path.to_owned(), source };
    let found: Vec<_> =
        CertificateDer::pem_file_iter(path).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)?;
    if found.is_empty() { Err(TlsError::Empty { what, path: path.to_owned() }) } else { Ok(found) }
}
