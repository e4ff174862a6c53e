//! The embedded MQTT broker of the one-machine program.
//!
//! It keeps no queue over a restart, which loses nothing: a node keeps every event until the hub's receipt covers it,
//! and sends again. It listens on the loopback address only.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::{Context, Result};
use rumqttd::{Broker, Config, ConnectionSettings, RouterConfig, ServerSettings};

/// Most clients: the hub, the node, and a person with a debugging client.
const CONNECTIONS_MAX: usize = 16;
/// Largest message in bytes; an envelope has at most [`wire::envelope::ENVELOPE_BYTES_MAX`].
const PAYLOAD_BYTES_MAX: usize = 128 * 1024;
/// Most unacknowledged messages of one client.
const INFLIGHT_MAX: usize = 500;
/// Size and number of the segments in which the broker holds messages in memory: 64 MiB a topic filter at most. When
/// they are full the oldest go; nodes send them again.
const SEGMENT_BYTES: usize = 16 * 1024 * 1024;
const SEGMENTS_MAX: usize = 4;

/// Starts the broker on a free port of the loopback address; it runs until the process ends.
pub(crate) fn start() -> Result<SocketAddr> {
    // The port is free again when the listener is dropped; the broker does not tell which one it got by itself.
    let listen = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .context("no free port on the loopback address for the embedded broker")?;
    let connections = ConnectionSettings {
        connection_timeout_ms: 10_000,
        max_payload_size: PAYLOAD_BYTES_MAX,
        max_inflight_count: INFLIGHT_MAX,
        auth: None,
        external_auth: None,
        dynamic_filters: true,
    };
    let server =
        ServerSettings { name: "loopback".to_owned(), listen, tls: None, next_connection_delay_ms: 1, connections };
    let config = Config {
        router: RouterConfig {
            max_connections: CONNECTIONS_MAX,
            max_outgoing_packet_count: 200,
            max_segment_size: SEGMENT_BYTES,
            max_segment_count: SEGMENTS_MAX,
            ..RouterConfig::default()
        },
        v5: Some(HashMap::from([("loopback".to_owned(), server)])),
        ..Config::default()
    };
    let mut broker = Broker::new(config);
    std::thread::Builder::new()
        .name("broker".to_owned())
        .spawn(move || {
            if let Err(error) = broker.start() {
                tracing::error!(%error, "the embedded broker ended");
            }
        })
        .context("cannot start the broker's thread")?;
    Ok(listen)
}
