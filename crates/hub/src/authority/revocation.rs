//! The list of nodes' certificates that are good no more (CRL, RFC 5280 section 5), as a broker reads it.

use std::path::Path;

use domain::UtcTime;
use rcgen::{
    CertificateRevocationListParams, Issuer, KeyIdMethod, KeyPair, RevocationReason, RevokedCertParams, SerialNumber,
};
use rustls::pki_types::CertificateRevocationListDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::prelude::{CertificateRevocationList, FromDer};

use super::files::{PUBLIC, replace};
use super::issue::moment;
use super::{AuthorityError, NodeAuthority};

/// A list is good for so long, in seconds: ten years. A broker refuses everybody when its list is too old, and ours is
/// written anew whenever it changes, so its age says nothing.
const GOOD_S: i64 = 10 * 365 * 86_400;

/// A list begins so many seconds before it is made, for a broker whose clock is slow.
const BACKDATED_S: i64 = 3600;

/// A certificate that is good no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedCertificate {
    /// Its serial number in hexadecimal digits.
    pub serial: String,
    /// Since when.
    pub at: UtcTime,
}

impl NodeAuthority {
    /// Writes the list into the authority's folder, and to `copies`, from where brokers read it. Says whether it is
    /// another than before.
    pub fn write_revoked(
        &self,
        revoked: &[RevokedCertificate],
        copies: &[impl AsRef<Path>],
        now: UtcTime,
    ) -> Result<(), AuthorityError> {
        let path = self.files.revoked();
        let pem = sign(&self.issuer, revoked, std::fs::read(&path).ok().as_deref(), now)?;
        replace(&path, pem.as_bytes(), PUBLIC)?;
        for copy in copies {
            replace(copy.as_ref(), pem.as_bytes(), PUBLIC)?;
        }
        Ok(())
    }
}

pub(super) fn write_first(path: &Path, issuer: &Issuer<'_, KeyPair>, now: UtcTime) -> Result<(), AuthorityError> {
    replace(path, sign(issuer, &[], None, now)?.as_bytes(), PUBLIC)
}

fn sign(
    issuer: &Issuer<'_, KeyPair>,
    revoked: &[RevokedCertificate],
    before: Option<&[u8]>,
    now: UtcTime,
) -> Result<String, AuthorityError> {
    let seconds = |at: UtcTime| at.as_unix_micros().div_euclid(1_000_000);
    // OpenSSL goes on with the list that it has unless the next one begins later.
    let begins_after = before.and_then(begin).map_or(i64::MIN, |begin| begin + 1);
    let begin = begins_after.max(seconds(now) - BACKDATED_S);
    let failed = |source| AuthorityError::Sign { what: "the list of revoked certificates", source };
    let revoked_certs = revoked
        .iter()
        .map(|certificate| {
            let serial = hex::decode(&certificate.serial).unwrap_or_default();
            RevokedCertParams {
                serial_number: SerialNumber::from_slice(&serial),
                revocation_time: moment(seconds(certificate.at)),
                reason_code: Some(RevocationReason::PrivilegeWithdrawn),
                invalidity_date: None,
            }
        })
        .collect();
    let params = CertificateRevocationListParams {
        this_update: moment(begin),
        next_update: moment(begin + GOOD_S),
        crl_number: SerialNumber::from_slice(&begin.to_be_bytes()),
        issuing_distribution_point: None,
        revoked_certs,
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(issuer).and_then(|list| list.pem()).map_err(failed)
}

/// When a list begins, in seconds since 1970.
fn begin(pem: &[u8]) -> Option<i64> {
    let der = CertificateRevocationListDer::from_pem_slice(pem).ok()?;
    let (_, list) = CertificateRevocationList::from_der(&der).ok()?;
    Some(list.last_update().timestamp())
}
