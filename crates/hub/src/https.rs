//! HTTPS: the hub's certificate, and who is at the other end.
//!
//! A certificate of a node is asked for and not demanded, because people's browsers have none; a route for nodes demands
//! it (see [`Peer`]). Whether the node is still believed is for that route to ask: a certificate says who somebody is.

mod certificate;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use domain::NodeId;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::{debug, warn};

use crate::authority::facts;
use certificate::Served;

/// Handshakes at the same time; further connections wait in the system's queue.
const HANDSHAKES_MAX: usize = 128;

/// Longest handshake; then the connection is dropped.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// Connections between their handshake and their first request.
const ACCEPTED_MAX: usize = 64;

/// How long accepting rests after it failed, such as for want of file descriptors.
const REST_AFTER_FAILURE: Duration = Duration::from_millis(100);

/// What a hub needs to serve HTTPS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpsConfig {
    /// PEM file with the hub's certificate and those between it and its authority; that of the authority too, so that
    /// a node that is being enrolled can compare its fingerprint. Read again when it changes.
    pub certificate: PathBuf,
    /// PEM file with its secret key.
    pub key: PathBuf,
    /// PEM file with the authority of nodes.
    pub nodes: PathBuf,
}

/// Why HTTPS is not served.
#[derive(Debug, Error)]
pub enum HttpsError {
    /// A file is missing or not PEM.
    #[error("cannot read the {what} \"{}\": a PEM file is accepted", path.display())]
    Read {
        /// What it should be.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// The files do not fit together.
    #[error("the {what} \"{}\" cannot be used", path.display())]
    Unusable {
        /// What it should be.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Who is at the other end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub addr: SocketAddr,
    /// What is known of who it is.
    pub shown: Shown,
}

/// What a peer has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// Nothing, and nothing was asked: the connection is not encrypted.
    Plain,
    /// No certificate.
    Nothing,
    /// The certificate of this node, signed by the authority of nodes and good at the moment of the handshake.
    Node {
        /// The node.
        node: NodeId,
        /// The certificate's serial number in hexadecimal digits.
        serial: String,
    },
}

impl HttpsConfig {
    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor, HttpsError> {
        let unusable = |what, path: &Path, source: Box<dyn std::error::Error + Send + Sync>| HttpsError::Unusable {
            what,
            path: path.to_owned(),
            source,
        };
        let mut roots = RootCertStore::empty();
        let what = "authority of nodes";
        for certificate in certificates(what, &self.nodes)? {
            roots.add(certificate).map_err(|source| unusable(what, &self.nodes, source.into()))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .map_err(|source| unusable(what, &self.nodes, source.into()))?;
        let served = Served::read(&self.certificate, &self.key, Arc::clone(&provider))?;
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|source| unusable("certificate", &self.certificate, source.into()))?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::new(served));
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, HttpsError> {
    let failed = |source| HttpsError::Read { what, path: path.to_owned(), source };
    let found: Vec<_> =
        CertificateDer::pem_file_iter(path).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)?;
    match found.is_empty() {
        true => Err(failed(rustls::pki_types::pem::Error::NoItemsFound)),
        false => Ok(found),
    }
}

/// Accepts connections and hands on those whose handshake succeeded.
#[derive(Debug)]
pub(crate) struct TlsListener {
    addr: SocketAddr,
    accepted: mpsc::Receiver<(TlsStream<TcpStream>, Peer)>,
    task: JoinHandle<()>,
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl TlsListener {
    pub(crate) fn start(listener: TcpListener, acceptor: TlsAcceptor) -> std::io::Result<Self> {
        let addr = listener.local_addr()?;
        let (sender, accepted) = mpsc::channel(ACCEPTED_MAX);
        let task = tokio::spawn(accept(listener, acceptor, sender));
        Ok(Self { addr, accepted, task })
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, sender: mpsc::Sender<(TlsStream<TcpStream>, Peer)>) {
    let handshakes = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    loop {
        let permit = Arc::clone(&handshakes).acquire_owned().await.expect("the semaphore is never closed");
        let (stream, addr) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "a connection cannot be accepted");
                sleep(REST_AFTER_FAILURE).await;
                continue;
            }
        };
        let (acceptor, sender) = (acceptor.clone(), sender.clone());
        tokio::spawn(async move {
            let _permit = permit;
            match timeout(HANDSHAKE_MAX, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => {
                    let peer = Peer { addr, shown: shown(&stream) };
                    // Fails when the hub stops.
                    let _ = sender.send((stream, peer)).await;
                }
                Ok(Err(error)) => debug!(%addr, %error, "a handshake failed"),
                Err(_) => debug!(%addr, "a handshake took too long"),
            }
        });
    }
}

fn shown(stream: &TlsStream<TcpStream>) -> Shown {
    let (_, connection) = stream.get_ref();
    let certificate = connection.peer_certificates().and_then(|chain| chain.first()).and_then(facts);
    match certificate.and_then(|facts| Some((NodeId::new(facts.name).ok()?, facts.serial))) {
        Some((node, serial)) => Shown::Node { node, serial },
        None => Shown::Nothing,
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = Peer;

    async fn accept(&mut self) -> (Self::Io, Peer) {
        match self.accepted.recv().await {
            Some(accepted) => accepted,
            // The task ends with this listener only.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<Peer> {
        Ok(Peer { addr: self.addr, shown: Shown::Nothing })
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        stream.remote_addr().clone()
    }
}

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        Self { addr: *stream.remote_addr(), shown: Shown::Plain }
    }
}
