//! What a certificate says.

use std::path::Path;

use domain::UtcTime;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use wire::enrolment::AuthorityPrint;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::AuthorityError;
use super::files::read_public;

/// What the first certificate of a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// The common name.
    pub name: String,
    /// Host names and addresses.
    pub names: Vec<String>,
    /// Its serial number in hexadecimal digits.
    pub serial: String,
    /// Its beginning.
    pub not_before: UtcTime,
    /// Its end.
    pub not_after: UtcTime,
    /// Its fingerprint.
    pub print: AuthorityPrint,
}

/// Reads the first certificate of a PEM file.
pub fn certificate_facts(path: &Path) -> Result<CertificateFacts, AuthorityError> {
    let damaged = || AuthorityError::Damaged { path: path.to_owned(), what: "a certificate" };
    let text = read_public(path)?;
    let der = CertificateDer::from_pem_slice(text.as_bytes()).map_err(|_| damaged())?;
    facts(&der).ok_or_else(damaged)
}

/// What a certificate in DER says; nothing where it is none.
pub(crate) fn facts(der: &CertificateDer<'_>) -> Option<CertificateFacts> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let moment = |seconds: i64| UtcTime::from_unix_micros(seconds.checked_mul(1_000_000)?).ok();
    let names = match certificate.subject_alternative_name() {
        Ok(Some(names)) => names.value.general_names.iter().filter_map(name).collect(),
        Ok(None) | Err(_) => Vec::new(),
    };
    Some(CertificateFacts {
        name: certificate.subject().iter_common_name().next()?.as_str().ok()?.to_owned(),
        names,
        serial: hex::encode(certificate.raw_serial()),
        not_before: moment(certificate.validity().not_before.timestamp())?,
        not_after: moment(certificate.validity().not_after.timestamp())?,
        print: AuthorityPrint::of(der),
    })
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum; our certificates have no other names")]
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|v4| std::net::Ipv4Addr::from(v4).to_string()),
            16 => <[u8; 16]>::try_from(*bytes).ok().map(|v6| std::net::Ipv6Addr::from(v6).to_string()),
            _ => None,
        },
        _ => None,
    }
}
