//! The first contact with a hub: nothing is trusted but the authority whose fingerprint is in the code.

use std::io::{self, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    StreamOwned,
};
use thiserror::Error as ThisError;
use ureq::http::Uri;
use wire::enrolment::AuthorityPrint;

/// Longest time to reach the hub, and for which nothing moves.
const STALL_MAX: Duration = Duration::from_secs(10);

/// Why the other end is not taken for the hub that gave the code.
#[derive(Debug, ThisError)]
pub enum PinError {
    /// It cannot be reached.
    #[error("cannot reach {place}")]
    Unreachable {
        /// Host and port.
        place: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its certificate is of another authority.
    #[error(
        "{place} is not the hub that gave the code: its certificate is not signed by the authority {wanted}; somebody may \
         be in between, or the address is another hub's"
    )]
    Stranger {
        /// Host and port.
        place: String,
        /// The fingerprint in the code.
        wanted: AuthorityPrint,
    },
    /// A clock is wrong, or the certificate is over.
    #[error(
        "the certificate of {place} is {what} by this machine's clock: set the clock first; if it is right, the hub needs \
         `gatehouse-hub authority renew`"
    )]
    Clock {
        /// Host and port.
        place: String,
        /// `not good yet` or `good no more`.
        what: &'static str,
    },
    /// The handshake failed otherwise.
    #[error("cannot make sure of {place}: {why}")]
    Handshake {
        /// Host and port.
        place: String,
        /// Why.
        why: String,
    },
}

/// The certificate of the authority with that fingerprint, by which `hub` has proved itself. Waits for the network.
pub(super) fn authority_of(hub: &str, wanted: AuthorityPrint) -> Result<CertificateDer<'static>, PinError> {
    let address = hub.parse::<Uri>().ok().and_then(|url| {
        let host = url.host()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        Some((host, url.port_u16().unwrap_or(443)))
    });
    let no_place = |why: &str| PinError::Handshake { place: hub.to_owned(), why: why.to_owned() };
    let (host, port) = address.ok_or_else(|| no_place("it names no host"))?;
    let place = format!("{host}:{port}");
    let name = ServerName::try_from(host.clone()).map_err(|_| no_place("its host is neither a name nor an address"))?;
    let failed = |why: String| PinError::Handshake { place: place.clone(), why };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(Pinned { wanted, provider: Arc::clone(&provider), proved: Mutex::default() });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&verifier) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(config), name).map_err(|error| failed(error.to_string()))?;
    let unreachable = |source| PinError::Unreachable { place: place.clone(), source };
    let socket = connect(&host, port).map_err(unreachable)?;
    let mut stream = StreamOwned::new(connection, socket);
    if let Err(error) = stream.conn.complete_io(&mut stream.sock) {
        let tls = error.get_ref().and_then(|source| source.downcast_ref::<Error>());
        return Err(match tls {
            Some(tls) => judge(tls, &place, wanted),
            None => unreachable(error),
        });
    }
    stream.conn.send_close_notify();
    // The answer is here; how the connection ends does not matter.
    let _ = stream.flush();
    let proved = verifier.proved.lock().unwrap_or_else(PoisonError::into_inner).take();
    proved.ok_or(PinError::Stranger { place, wanted })
}

fn judge(error: &Error, place: &str, wanted: AuthorityPrint) -> PinError {
    let place = place.to_owned();
    #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum that grows; all others are told as they are")]
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => PinError::Stranger { place, wanted },
        Error::InvalidCertificate(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => {
            PinError::Clock { place, what: "not good yet" }
        }
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            PinError::Clock { place, what: "good no more" }
        }
        other => PinError::Handshake { place, why: other.to_string() },
    }
}

/// Connects to the first address that answers.
pub(crate) fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, STALL_MAX) {
            Ok(socket) => {
                socket.set_read_timeout(Some(STALL_MAX))?;
                socket.set_write_timeout(Some(STALL_MAX))?;
                return Ok(socket);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Trusts the one authority with the wanted fingerprint, where the server shows it, and everything else as usual: name,
/// time and signatures.
#[derive(Debug)]
struct Pinned {
    wanted: AuthorityPrint,
    provider: Arc<CryptoProvider>,
    proved: Mutex<Option<CertificateDer<'static>>>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let authority = intermediates.iter().find(|certificate| AuthorityPrint::of(certificate) == self.wanted);
        let authority = authority.ok_or(CertificateError::UnknownIssuer)?.clone().into_owned();
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone())?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider))
            .build()
            .map_err(|error| Error::General(error.to_string()))?;
        let verified = verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
        *self.proved.lock().unwrap_or_else(PoisonError::into_inner) = Some(authority);
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
