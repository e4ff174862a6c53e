//! Where the broker is and how to speak to it.

use std::net::Ipv6Addr;
use std::time::Duration;

use domain::{NodeId, SiteId};
use rumqttc::v5::MqttOptions;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::LastWill;
use rumqttc::{NetworkOptions, TlsConfiguration, Transport};
use wire::policy::WANTED_BYTES_MAX;

use crate::tls::Tls;

/// How often a connection shows that it is alive.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Longest time to set up a connection: name, TCP, TLS and the broker's welcome.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// Longest packet in bytes that a broker may send to a node: receipts and wanted policies are all it subscribes to. A
/// broker must not send a longer one.
const INCOMING_BYTES_MAX: u32 = WANTED_BYTES_MAX as u32 + 4 * 1024;

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one who must send it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// User and password for a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user.
    pub user: String,
    /// The password.
    pub password: Secret,
}

/// Where the broker is.
#[derive(Debug, Clone)]
pub struct BrokerConfig {
    /// Host name or address. An IPv6 address works without TLS only.
    pub host: String,
    /// Port, usually 1883, or 8883 with TLS.
    pub port: u16,
    /// Encrypts the connection; without it, everything is readable on the way (though not forgeable: events are
    /// signed).
    pub tls: Option<Tls>,
    /// Sent where the broker asks for them.
    pub credentials: Option<Credentials>,
}

impl BrokerConfig {
    /// Host and port, for people.
    pub(crate) fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The options of one connection of a node that leaves `will` behind, if anything.
    pub(crate) fn options(
        &self,
        site: &SiteId,
        node: &NodeId,
        will: Option<LastWill>,
        in_flight_max: u16,
    ) -> MqttOptions {
        let host = match self.host.parse::<Ipv6Addr>() {
            Ok(address) => format!("[{address}]"),
            Err(_) => self.host.clone(),
        };
        let mut network = NetworkOptions::new();
        // Otherwise each small message waits for the answer to the one before, up to 40 ms.
        network.set_tcp_nodelay(true);
        let mut options = MqttOptions::new(format!("gatehouse-{site}-{node}"), host, self.port);
        options
            // The outbox knows what is not delivered; a session kept by the broker would only repeat it.
            .set_clean_start(true)
            .set_keep_alive(KEEP_ALIVE)
            .set_connection_timeout(CONNECT_MAX.as_secs())
            .set_max_packet_size(Some(INCOMING_BYTES_MAX))
            .set_outgoing_inflight_upper_limit(in_flight_max)
            .set_network_options(network);
        if let Some(will) = will {
            options.set_last_will(will);
        }
        if let Some(Credentials { user, password }) = &self.credentials {
            options.set_credentials(user, password.reveal());
        }
        if let Some(tls) = &self.tls {
            options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(tls.config())));
        }
        options
    }
}

/// A last will that stays readable for whoever comes later.
pub(crate) fn retained_will(topic: String, message: Vec<u8>) -> LastWill {
    LastWill::new(topic, message, QoS::AtLeastOnce, true, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let credentials = Credentials { user: "n1".to_owned(), password: Secret::new("mật khẩu") };
        assert!(!format!("{credentials:?}").contains("mật khẩu"));
        assert_eq!(credentials.password.reveal(), "mật khẩu");
    }
}
