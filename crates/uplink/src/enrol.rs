//! Becoming a node: keys made here, a certificate from the hub, and keeping it good.
//!
//! [`enrol`] may be interrupted at any instruction and done again with the same code: the keys are on the disk before the
//! hub hears of them, and `enrolment.json` is written last. Without that file the machine is no node yet.

mod files;
mod pin;
mod renewer;

use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::{NodeId, SiteId, UtcTime};
use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use wire::enrolment::{AuthorityPrint, EnrolmentAnswer, EnrolmentCode, EnrolmentRequest};

use crate::http;
use crate::key_file::{KeyFileError, NodeKeyFile};
use crate::tls::{ClientCertificate, Tls, TlsError};

pub use files::EnrolmentFiles;
pub use pin::PinError;
pub use renewer::{RenewError, Renewer, RenewerHandle, is_due, renew};

pub(crate) use pin::connect;

/// Longest wait for the hub's answer.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// Longest answer in bytes.
const ANSWER_BYTES_MAX: u64 = 256 * 1024;

/// What a machine is since it was enrolled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolled {
    /// The site that it speaks for.
    pub site: SiteId,
    /// Its name.
    pub node: NodeId,
    /// The hub's address.
    pub hub: String,
    /// The broker's name or address.
    pub broker_host: String,
    /// The broker's port.
    pub broker_port: u16,
    /// When the certificate was got, by this machine's clock.
    pub issued_at: UtcTime,
    /// Until when it is good.
    pub not_after: UtcTime,
}

/// Whether a machine that is a node already becomes one anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It stays what it is.
    Keep,
    /// It gets a new certificate, and perhaps another name: for one whose certificate is over.
    Replace,
}

/// How an enrolment ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The machine is a node now.
    New(Enrolled),
    /// It was one before.
    Already(Enrolled),
}

/// Why a machine does not become a node.
#[derive(Debug, Error)]
pub enum EnrolError {
    /// The hub's address cannot be used.
    #[error("\"{0}\" is not the address of a hub that enrols nodes: https://HOST or https://HOST:PORT is accepted")]
    BadUrl(String),
    /// The code is of another hub than the fingerprint says.
    #[error("the code was given by a hub with the authority {code}, which is not the fingerprint {given}")]
    OtherAuthority {
        /// In the code.
        code: AuthorityPrint,
        /// As given beside it.
        given: AuthorityPrint,
    },
    /// It is a node of another hub.
    #[error(
        "this machine is node \"{node}\" of the hub {hub} already, which has another authority: with --again it becomes a \
         node of the new one, and the old one does not hear of it any more"
    )]
    Elsewhere {
        /// Its name there.
        node: NodeId,
        /// The hub.
        hub: String,
    },
    /// The other end is not the hub that gave the code.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// No answer.
    #[error("no answer from {hub}: {why}")]
    NoAnswer {
        /// The hub.
        hub: String,
        /// Why.
        why: String,
    },
    /// The hub refuses.
    #[error("{hub} refuses (HTTP status {status}): {detail}")]
    Refused {
        /// The hub.
        hub: String,
        /// The status.
        status: u16,
        /// In its own words.
        detail: String,
    },
    /// The hub's answer cannot be used.
    #[error("the answer of {hub} cannot be used: {why}")]
    BadAnswer {
        /// The hub.
        hub: String,
        /// What is wrong with it.
        why: String,
    },
    /// The key that signs events cannot be had.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The key of the certificate cannot be made.
    #[error("cannot make a key")]
    Make(#[source] rcgen::Error),
    /// A file cannot be read or written.
    #[error("cannot use \"{}\"", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file of an earlier enrolment is damaged.
    #[error("\"{}\" is damaged: restore it from a backup, or enrol this machine again with --again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Enrolled {
    /// What the machine with the data folder `data` is; nothing where it was never enrolled.
    pub fn read(data: &Path) -> Result<Option<Self>, EnrolError> {
        files::read_state(&EnrolmentFiles::new(data))
    }
}

impl EnrolmentFiles {
    /// What it takes to speak to broker and hub as this node.
    pub fn tls(&self) -> Result<Tls, TlsError> {
        let identity = self.identity();
        Tls::read(&self.authority(), Some(&ClientCertificate { chain: identity.clone(), key: identity }))
    }
}

/// Makes this machine the node that `code` was given for. `data` is the folder of its key and outbox. Waits for the
/// network.
pub fn enrol(
    data: &Path,
    hub: &str,
    code: &EnrolmentCode,
    expected: Option<AuthorityPrint>,
    existing: Existing,
    now: UtcTime,
) -> Result<Outcome, EnrolError> {
    let url = http::hub_url(hub).filter(|url| url.starts_with("https://"));
    let hub = url.ok_or_else(|| EnrolError::BadUrl(hub.to_owned()))?;
    let wanted = code.authority();
    if let Some(given) = expected.filter(|given| *given != wanted) {
        return Err(EnrolError::OtherAuthority { code: wanted, given });
    }
    let files = EnrolmentFiles::new(data);
    files.make_folder()?;
    if existing == Existing::Keep
        && let Some(enrolled) = files::read_state(&files)?
    {
        let held = files.authority_print()?;
        if held != wanted {
            return Err(EnrolError::Elsewhere { node: enrolled.node, hub: enrolled.hub });
        }
        files.forget_pending()?;
        return Ok(Outcome::Already(enrolled));
    }
    let key = NodeKeyFile::load_or_create(&data.join("node.key"))?;
    let secret = files.pending_key()?;
    let authority = pin::authority_of(&hub, wanted)?;
    let trust = Tls::of_authority(authority.clone())
        .map_err(|source| EnrolError::BadAnswer { hub: hub.clone(), why: crate::chain(&source) })?;
    let request = EnrolmentRequest::sign(code, &key, request(&secret)?, now);
    let answer: EnrolmentAnswer = ask(&hub, "/api/v1/enrolment", &trust, &request)?;
    let unusable = |why: String| EnrolError::BadAnswer { hub: hub.clone(), why };
    let told = CertificateDer::from_pem_slice(answer.authority.as_bytes());
    if !told.is_ok_and(|told| told == authority) {
        return Err(unusable("it names another authority than the one that was checked".to_owned()));
    }
    let identity = identity(&secret, &answer.certificate).map_err(unusable)?;
    let enrolled = Enrolled {
        site: answer.site,
        node: answer.node,
        hub: answer.hub,
        broker_host: answer.broker.host,
        broker_port: answer.broker.port,
        issued_at: now,
        not_after: answer.not_after,
    };
    files.write_authority(&answer.authority)?;
    files.write_identity(&identity)?;
    // From here on the machine is a node.
    files::write_state(&files, &enrolled)?;
    files.forget_pending()?;
    Ok(Outcome::New(enrolled))
}

/// A request for a certificate by the key in `secret`, as PEM. Its names are for the hub to give.
fn request(secret: &KeyPair) -> Result<String, EnrolError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.serialize_request(secret).and_then(|request| request.pem()).map_err(EnrolError::Make)
}

/// A key and its certificate in one text, so that both are replaced in one step. An error says what does not fit.
fn identity(secret: &KeyPair, certificate: &str) -> Result<String, String> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificate.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| format!("its certificate is not PEM: {error}"))?;
    let text = secret.serialize_pem();
    let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|error| format!("our key is not PEM: {error}"))?;
    CertifiedKey::from_der(chain, key, &rustls::crypto::ring::default_provider())
        .map_err(|error| format!("its certificate is not for our key: {error}"))?;
    Ok(format!("{text}{certificate}"))
}

fn new_key() -> Result<KeyPair, EnrolError> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(EnrolError::Make)
}

/// Asks the hub and reads its answer.
fn ask<T: serde::de::DeserializeOwned>(
    hub: &str,
    path: &str,
    tls: &Tls,
    request: &impl Serialize,
) -> Result<T, EnrolError> {
    /// What a hub says where it refuses.
    #[derive(Deserialize)]
    struct Problem {
        detail: String,
    }
    let no_answer = |error: ureq::Error| EnrolError::NoAnswer { hub: hub.to_owned(), why: error.to_string() };
    let body = serde_json::to_vec(request).expect("a request has text keys and no failing parts");
    let agent = http::agent(Some(tls), ANSWER_MAX);
    let request = agent.post(format!("{hub}{path}")).content_type("application/json");
    let mut answer = request.send(&body).map_err(no_answer)?;
    let status = answer.status().as_u16();
    let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec().map_err(no_answer)?;
    if status != 200 {
        let detail = serde_json::from_slice(&body).map_or_else(
            |_| "without a word that a hub would say; is this its address?".to_owned(),
            |Problem { detail }| detail,
        );
        return Err(EnrolError::Refused { hub: hub.to_owned(), status, detail });
    }
    serde_json::from_slice(&body).map_err(|error| EnrolError::BadAnswer { hub: hub.to_owned(), why: error.to_string() })
}
