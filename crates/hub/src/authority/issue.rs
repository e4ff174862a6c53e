//! Making the authorities and signing certificates.

use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use domain::{NodeId, SiteId, UtcTime};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, SanType,
    SerialNumber,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use time::OffsetDateTime;
use wire::enrolment::{AuthorityPrint, CSR_BYTES_MAX};

use super::files::{PUBLIC, SECRET, make_folder, read_public, read_secret, replace};
use super::{AuthorityError, AuthorityFiles, HUB_USER};

/// How long a node's certificate is good, in days. Nodes renew it in its last third, so one that is away for four months
/// still comes back by itself.
pub const NODE_DAYS: u64 = 365;

/// How long the certificates of broker and hub are good, in days.
pub const SERVER_DAYS: u64 = 730;

/// How long an authority is good, in days: twenty years.
const AUTHORITY_DAYS: u64 = 20 * 365;

/// Certificates begin so long before they are made, for machines whose clock is slow.
const BACKDATED: Duration = Duration::from_secs(3600);

/// Length of a serial number in bytes: 16 random ones, none of which repeat.
const SERIAL_BYTES: usize = 16;

/// Under which names broker and hub are reached: host names or addresses, as nodes will dial them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerNames {
    /// The hub's; at least one.
    pub hub: Vec<String>,
    /// The broker's; at least one.
    pub broker: Vec<String>,
}

/// A certificate that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// Its serial number in hexadecimal digits.
    pub serial: String,
    /// Its beginning.
    pub not_before: UtcTime,
    /// Its end.
    pub not_after: UtcTime,
    /// The certificate.
    pub pem: String,
}

/// The authority of nodes, with its secret key.
pub struct NodeAuthority {
    pub(super) issuer: Issuer<'static, KeyPair>,
    pub(super) files: AuthorityFiles,
    servers_pem: String,
    print: AuthorityPrint,
}

impl std::fmt::Debug for NodeAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NodeAuthority(secret of {})", self.files.folder.display())
    }
}

/// Makes both authorities and the certificates of broker and hub, in a folder in which there is none yet. All of it is
/// there when this returns, or nothing.
pub fn init(folder: &Path, names: &ServerNames, now: UtcTime) -> Result<AuthorityFiles, AuthorityError> {
    let files = AuthorityFiles::new(folder);
    let is_empty = fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    if folder.exists() && !is_empty {
        return Err(AuthorityError::Exists { folder: folder.to_owned() });
    }
    let mut beside = folder.as_os_str().to_owned();
    beside.push(".making");
    let making = AuthorityFiles::new(Path::new(&beside));
    let failed = |source| AuthorityError::Write { path: folder.to_owned(), source };
    // What a power cut left of an earlier attempt, which nobody trusts yet.
    if making.folder.exists() {
        fs::remove_dir_all(&making.folder).map_err(failed)?;
    }
    make_folder(&making.folder)?;
    let servers = make_authority("Gatehouse servers", &making.servers(), &making.servers_key(), now)?;
    let nodes = make_authority("Gatehouse nodes", &making.nodes(), &making.nodes_key(), now)?;
    server_certificates(&making, &servers, names, now)?;
    super::revocation::write_first(&making.revoked(), &nodes, now)?;
    if is_empty {
        fs::remove_dir(folder).map_err(failed)?;
    }
    fs::rename(&making.folder, folder).map_err(failed)?;
    Ok(files)
}

/// New certificates for broker and hub by the authority that nodes trust already.
pub fn renew(files: &AuthorityFiles, names: &ServerNames, now: UtcTime) -> Result<(), AuthorityError> {
    let servers = open_issuer(&files.servers(), &files.servers_key())?;
    server_certificates(files, &servers, names, now)
}

impl NodeAuthority {
    /// Opens the one in `files`.
    pub fn open(files: &AuthorityFiles) -> Result<Self, AuthorityError> {
        let issuer = open_issuer(&files.nodes(), &files.nodes_key())?;
        let servers_pem = read_public(&files.servers())?;
        let damaged = || AuthorityError::Damaged { path: files.servers(), what: "the certificate of an authority" };
        let der = CertificateDer::from_pem_slice(servers_pem.as_bytes()).map_err(|_| damaged())?;
        let print = AuthorityPrint::of(&der);
        Ok(Self { issuer, files: files.clone(), servers_pem, print })
    }

    /// The fingerprint of the authority that nodes trust.
    pub fn print(&self) -> AuthorityPrint {
        self.print
    }

    /// That authority's certificate, as PEM.
    pub fn servers_pem(&self) -> &str {
        &self.servers_pem
    }

    /// The list of revoked certificates as it was last written, as PEM.
    pub fn revoked_pem(&self) -> Result<String, AuthorityError> {
        read_public(&self.files.revoked())
    }

    /// A certificate for a node, from its request. Of the request only the key is taken: the names are ours to give.
    pub fn issue(&self, csr: &str, site: &SiteId, node: &NodeId, now: UtcTime) -> Result<Issued, AuthorityError> {
        let refused = |why: String| AuthorityError::Request { why };
        if csr.len() > CSR_BYTES_MAX {
            return Err(refused(format!("it has {} bytes, {CSR_BYTES_MAX} are accepted", csr.len())));
        }
        let request = CertificateSigningRequestParams::from_pem(csr)
            .map_err(|error| refused(format!("{error}; a PKCS #10 request as PEM, signed by its key, is accepted")))?;
        let algorithm = request.public_key.algorithm();
        if *algorithm != PKCS_ECDSA_P256_SHA256 && *algorithm != PKCS_ED25519 {
            return Err(refused("its key is neither ECDSA P-256 nor Ed25519, which are accepted".to_owned()));
        }
        let (mut params, issued) = frame(node.as_str(), NODE_DAYS, now)?;
        params.distinguished_name.push(DnType::OrganizationalUnitName, site.as_str());
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params
            .signed_by(&request.public_key, &self.issuer)
            .map_err(|source| AuthorityError::Sign { what: "the certificate of a node", source })?;
        Ok(Issued { pem: certificate.pem(), ..issued })
    }
}

fn make_authority(
    name: &str,
    certificate: &Path,
    key: &Path,
    now: UtcTime,
) -> Result<Issuer<'static, KeyPair>, AuthorityError> {
    let failed = |source| AuthorityError::Sign { what: "the certificate of an authority", source };
    let secret = new_key()?;
    let (mut params, _) = frame(name, AUTHORITY_DAYS, now)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.use_authority_key_identifier_extension = false;
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let made = params.self_signed(&secret).map_err(failed)?;
    replace(key, secret.serialize_pem().as_bytes(), SECRET)?;
    replace(certificate, made.pem().as_bytes(), PUBLIC)?;
    Ok(Issuer::new(params, secret))
}

fn server_certificates(
    files: &AuthorityFiles,
    issuer: &Issuer<'static, KeyPair>,
    names: &ServerNames,
    now: UtcTime,
) -> Result<(), AuthorityError> {
    let authority = read_public(&files.servers())?;
    let server = ExtendedKeyUsagePurpose::ServerAuth;
    let client = ExtendedKeyUsagePurpose::ClientAuth;
    let common = |names: &[String]| names.first().cloned().unwrap_or_default();
    let wanted = [
        (files.hub(), files.hub_key(), common(&names.hub), names.hub.as_slice(), server.clone()),
        (files.broker(), files.broker_key(), common(&names.broker), names.broker.as_slice(), server),
        (files.client(), files.client_key(), HUB_USER.to_owned(), &[], client),
    ];
    // All are made before the first is written, so that a bad name changes nothing.
    let mut made = Vec::new();
    for (certificate, key, name, others, usage) in wanted {
        let secret = new_key()?;
        let (mut params, _) = frame(&name, SERVER_DAYS, now)?;
        params.subject_alt_names = others.iter().map(|name| alternative(name)).collect::<Result<_, _>>()?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        let signed = params
            .signed_by(&secret, issuer)
            .map_err(|source| AuthorityError::Sign { what: "the certificate of a server", source })?;
        made.push((certificate, key, format!("{}{authority}", signed.pem()), secret.serialize_pem()));
    }
    for (certificate, key, pem, secret) in made {
        replace(&key, secret.as_bytes(), SECRET)?;
        replace(&certificate, pem.as_bytes(), PUBLIC)?;
    }
    Ok(())
}

fn alternative(name: &str) -> Result<SanType, AuthorityError> {
    let invalid = || AuthorityError::Name { name: name.to_owned() };
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(SanType::IpAddress(address));
    }
    let is_host = !name.is_empty()
        && name.len() <= 253
        && name.split('.').all(|label| {
            let sign = |c: u8| c.is_ascii_alphanumeric();
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|c| sign(c) || c == b'-')
                && label.bytes().next().is_some_and(sign)
                && label.bytes().last().is_some_and(sign)
        });
    if !is_host {
        return Err(invalid());
    }
    name.try_into().map(SanType::DnsName).map_err(|_| invalid())
}

fn new_key() -> Result<KeyPair, AuthorityError> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|source| AuthorityError::Sign { what: "a new key", source })
}

pub(super) fn open_issuer(certificate: &Path, key: &Path) -> Result<Issuer<'static, KeyPair>, AuthorityError> {
    let damaged = |path: &Path, what| AuthorityError::Damaged { path: path.to_owned(), what };
    let secret = KeyPair::from_pem(&read_secret(key)?).map_err(|_| damaged(key, "the secret key of an authority"))?;
    let text = read_public(certificate)?;
    Issuer::from_ca_cert_pem(&text, secret).map_err(|_| damaged(certificate, "the certificate of an authority"))
}

/// What all certificates have in common, and what is told of this one.
fn frame(name: &str, days: u64, now: UtcTime) -> Result<(CertificateParams, Issued), AuthorityError> {
    let mut serial = [0; SERIAL_BYTES];
    getrandom::fill(&mut serial).map_err(AuthorityError::NoRandomness)?;
    // A positive number of always the same length.
    serial[0] = serial[0] & 0x7f | 0x40;
    let begin = now.as_unix_micros().div_euclid(1_000_000) - i64::try_from(BACKDATED.as_secs()).unwrap_or(0);
    let end = now.as_unix_micros().div_euclid(1_000_000) + i64::try_from(days * 86_400).unwrap_or(i64::MAX);
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = moment(begin);
    params.not_after = moment(end);
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.use_authority_key_identifier_extension = true;
    let utc =
        |seconds: i64| UtcTime::from_unix_micros(seconds.saturating_mul(1_000_000)).unwrap_or(UtcTime::UNIX_EPOCH);
    let issued =
        Issued { serial: hex::encode(serial), not_before: utc(begin), not_after: utc(end), pem: String::new() };
    Ok((params, issued))
}

/// A moment as the certificates' library has it; 1970 where it knows none.
pub(super) fn moment(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}
