//! Where the broker is and how to speak to it.

use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rumqttc::v5::MqttOptions;
use rumqttc::{NetworkOptions, TlsConfiguration, Transport};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use thiserror::Error;
use wire::Channel;

use crate::ingest::BATCH_MAX;

/// How often the connection shows that it is alive.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Longest time to set up a connection: name, TCP, TLS and the broker's welcome.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// How long the broker keeps messages for a hub that is away, in seconds: seven days. Nodes keep theirs for longer.
const SESSION_EXPIRY_S: u32 = 7 * 24 * 3600;

/// Most messages that the broker is asked to send before the first of them is acknowledged; it keeps the others. So many
/// that a batch is gathered and others are checked while one is being written. Some brokers send more all the same, so what
/// the hub holds of each is little.
pub(crate) const RECEIVE_MAX: u16 = 4 * BATCH_MAX as u16;

/// Longest packet that the broker may send; it throws longer ones away. Four times an envelope, so that one that is too
/// long still arrives here and is named in quarantine.
const PACKET_BYTES_MAX: u32 = 4 * 64 * 1024;

/// The group under which hubs share the events among them.
const SHARE_GROUP: &str = "hub";

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// User and password for the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// How the hub asks for events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Subscription {
    /// As one of the hubs that divide the events among them.
    #[default]
    Shared,
    /// All for itself, for a broker without shared subscriptions.
    Plain,
}

impl Subscription {
    pub(crate) fn event_filter(self) -> String {
        match self {
            Self::Shared => Channel::Event.shared_filter(SHARE_GROUP),
            Self::Plain => Channel::Event.filter(),
        }
    }
}

/// Where the broker is.
#[derive(Debug, Clone)]
pub struct BrokerConfig {
    /// Host name or address.
    pub host: String,
    /// Port, usually 1883, or 8883 with TLS.
    pub port: u16,
    /// The name under which the broker keeps the hub's session. Every hub of a broker needs its own.
    pub client_id: String,
    /// How the hub asks for events.
    pub subscription: Subscription,
    /// Encrypts the connection.
    pub tls: Option<Tls>,
    /// Sent where the broker asks for them.
    pub credentials: Option<Credentials>,
}

impl BrokerConfig {
    /// The name of the hub's session where none is given.
    pub const CLIENT_ID: &str = "gatehouse-hub";

    /// A broker that asks for nothing.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self {
            host: host.into(),
            port,
            client_id: Self::CLIENT_ID.to_owned(),
            subscription: Subscription::default(),
            tls: None,
            credentials: None,
        }
    }

    /// Host and port, for people.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    pub(crate) fn options(&self) -> MqttOptions {
        let host = match self.host.parse::<Ipv6Addr>() {
            Ok(address) => format!("[{address}]"),
            Err(_) => self.host.clone(),
        };
        let mut network = NetworkOptions::new();
        // Acknowledgements are small; waiting to send several together would hold back what the broker sends next.
        network.set_tcp_nodelay(true);
        let mut options = MqttOptions::new(&self.client_id, host, self.port);
        options
            .set_network_options(network)
            .set_clean_start(false)
            .set_session_expiry_interval(Some(SESSION_EXPIRY_S))
            .set_receive_maximum(Some(RECEIVE_MAX))
            .set_max_packet_size(Some(PACKET_BYTES_MAX))
            .set_keep_alive(KEEP_ALIVE)
            .set_connection_timeout(CONNECT_MAX.as_secs())
            .set_manual_acks(true);
        if let Some(Credentials { user, password }) = &self.credentials {
            options.set_credentials(user, password.reveal());
        }
        if let Some(Tls(config)) = &self.tls {
            options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(Arc::clone(config))));
        }
        options
    }
}

/// A checked TLS configuration that trusts one authority.
#[derive(Clone)]
pub struct Tls(Arc<ClientConfig>);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

/// Why there is no TLS configuration.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file is missing or not PEM.
    #[error("cannot read the {what} \"{}\": a PEM file is accepted", path.display())]
    Read {
        /// What it should be.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: pem::Error,
    },
    /// A PEM file without a certificate.
    #[error("the {what} \"{}\" holds no certificate", path.display())]
    Empty {
        /// What it should be.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// Authority, certificate and key do not fit together.
    #[error("the certificates cannot be used")]
    Unusable(#[source] rustls::Error),
}

impl Tls {
    /// Trusts the authorities in the PEM file `authority`, and nobody else; shows the certificate and key of `client` to
    /// a broker that asks.
    pub fn read(authority: &Path, client: Option<(&Path, &Path)>) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates("certificate authority", authority)? {
            roots.add(certificate).map_err(TlsError::Unusable)?;
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Unusable)?
            .with_root_certificates(roots);
        let config = match client {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => {
                let chain = certificates("client certificate", chain)?;
                let key = PrivateKeyDer::from_pem_file(key).map_err(|source| TlsError::Read {
                    what: "client key",
                    path: key.to_owned(),
                    source,
                })?;
                builder.with_client_auth_cert(chain, key).map_err(TlsError::Unusable)?
            }
        };
        Ok(Self(Arc::new(config)))
    }
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |source| TlsError::Read { what, path: path.to_owned(), source };
    let found: Vec<_> =
        CertificateDer::pem_file_iter(path).map_err(failed)?.collect::<Result<_, _>>().map_err(failed)?;
    if found.is_empty() { Err(TlsError::Empty { what, path: path.to_owned() }) } else { Ok(found) }
}
