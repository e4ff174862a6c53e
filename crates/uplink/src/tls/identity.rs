//! The certificate that is shown, which may be replaced while connections are made.

use std::sync::{Arc, PoisonError, RwLock};

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::sign::CertifiedKey;

use super::{ClientCertificate, TlsError, certificates};

#[derive(Debug)]
pub(super) struct Identity {
    client: ClientCertificate,
    provider: Arc<CryptoProvider>,
    shown: RwLock<Shown>,
}

/// The same twice: each of the two clients has its own form.
#[derive(Debug, Clone)]
struct Shown {
    for_rustls: Arc<CertifiedKey>,
    for_http: ureq::tls::ClientCert,
    generation: u64,
}

impl Identity {
    pub(super) fn read(client: ClientCertificate, provider: Arc<CryptoProvider>) -> Result<Self, TlsError> {
        let shown = RwLock::new(read(&client, &provider, 0)?);
        Ok(Self { client, provider, shown })
    }

    pub(super) fn reload(&self) -> Result<(), TlsError> {
        let new = read(&self.client, &self.provider, self.generation() + 1)?;
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    pub(super) fn generation(&self) -> u64 {
        self.shown.read().unwrap_or_else(PoisonError::into_inner).generation
    }

    pub(super) fn for_http(&self) -> ureq::tls::ClientCert {
        self.shown.read().unwrap_or_else(PoisonError::into_inner).for_http.clone()
    }
}

impl ResolvesClientCert for Identity {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.shown.read().unwrap_or_else(PoisonError::into_inner).for_rustls))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn read(client: &ClientCertificate, provider: &CryptoProvider, generation: u64) -> Result<Shown, TlsError> {
    let ClientCertificate { chain, key } = client;
    let certificates = certificates("client certificate", chain)?;
    let unreadable = |source| TlsError::Read { what: "client key", path: key.clone(), source };
    let text = std::fs::read(key).map_err(|error| unreadable(pem::Error::Io(error)))?;
    let secret = PrivateKeyDer::from_pem_slice(&text).map_err(unreadable)?;
    let for_http: Vec<_> = certificates.iter().map(|der| ureq::tls::Certificate::from_der(der).to_owned()).collect();
    let key_for_http = ureq::tls::PrivateKey::from_pem(&text).map_err(|_| unreadable(pem::Error::NoItemsFound))?;
    let bad = |source| TlsError::BadClient { chain: chain.clone(), key: key.clone(), source };
    let for_rustls = CertifiedKey::from_der(certificates, secret, provider).map_err(bad)?;
    let for_http = ureq::tls::ClientCert::new_with_certs(&for_http, key_for_http);
    Ok(Shown { for_rustls: Arc::new(for_rustls), for_http, generation })
}
