//! The certificate that is shown, read again when its file changes: a renewed one needs no restart.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tracing::{info, warn};

use super::{HttpsError, certificates};

/// How often the files are looked at, at most.
const LOOK_EVERY: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct Served {
    certificate: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    looked_at: Instant,
    changed_at: Option<SystemTime>,
    current: Arc<CertifiedKey>,
}

impl Served {
    pub(super) fn read(certificate: &Path, key: &Path, provider: Arc<CryptoProvider>) -> Result<Self, HttpsError> {
        let current = read(certificate, key, &provider)?;
        let state = State { looked_at: Instant::now(), changed_at: changed_at(certificate), current };
        Ok(Self { certificate: certificate.to_owned(), key: key.to_owned(), provider, state: Mutex::new(state) })
    }

    fn current(&self) -> Arc<CertifiedKey> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked_at.elapsed() >= LOOK_EVERY {
            state.looked_at = Instant::now();
            let changed_at = changed_at(&self.certificate);
            if changed_at != state.changed_at {
                match read(&self.certificate, &self.key, &self.provider) {
                    Ok(current) => {
                        info!(certificate = %self.certificate.display(), "the hub shows a new certificate");
                        (state.current, state.changed_at) = (current, changed_at);
                    }
                    // The old one is still good; half-replaced files are whole at the next look.
                    Err(error) => {
                        let error = &error as &dyn std::error::Error;
                        warn!(error, "the hub's new certificate cannot be used; it goes on with the one before");
                    }
                }
            }
        }
        Arc::clone(&state.current)
    }
}

impl ResolvesServerCert for Served {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

fn changed_at(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|file| file.modified()).ok()
}

fn read(certificate: &Path, key: &Path, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, HttpsError> {
    let chain = certificates("certificate", certificate)?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|source| HttpsError::Read {
        what: "secret key",
        path: key.to_owned(),
        source,
    })?;
    let unusable = |source: rustls::Error| HttpsError::Unusable {
        what: "certificate",
        path: certificate.to_owned(),
        source: source.into(),
    };
    CertifiedKey::from_der(chain, secret, provider).map(Arc::new).map_err(unusable)
}
