//! Asks a broker whether it would let the node in, without saying anything to anybody else.

use std::time::Duration;

use domain::{NodeId, SiteId};
use rumqttc::v5::mqttbytes::v5::ConnectReturnCode;
use rumqttc::v5::{AsyncClient, ConnectionError, Event, Incoming};
use thiserror::Error;

use crate::broker::BrokerConfig;
use crate::tls::Tls;

/// Longest time that a broker gets for its welcome.
const ANSWER_MAX: Duration = Duration::from_secs(12);

/// Why a broker does not let the node in.
#[derive(Debug, Error)]
pub enum ProbeError {
    /// Nothing answered in time.
    #[error("no answer from {place} within {} s", ANSWER_MAX.as_secs())]
    Silent {
        /// Host and port.
        place: String,
    },
    /// The broker refused.
    #[error("{place} refuses the node: {code:?}")]
    Refused {
        /// Host and port.
        place: String,
        /// The broker's answer.
        code: ConnectReturnCode,
    },
    /// The connection failed.
    #[error("cannot reach {place}")]
    Failed {
        /// Host and port.
        place: String,
        /// Why.
        source: Box<ConnectionError>,
    },
}

/// What asks the hub something as the node would, in `answer_max` at most.
pub fn hub_agent(tls: Option<&Tls>, answer_max: Duration) -> ureq::Agent {
    crate::http::agent(tls, answer_max)
}

/// Connects as the node would, with another client name so that a running node is not thrown out, and leaves. With a
/// certificate of its own a node has one name only, so then nothing is said after the handshake.
pub async fn probe(broker: &BrokerConfig, site: &SiteId, node: &NodeId) -> Result<(), ProbeError> {
    let place = || broker.place();
    if let Some(tls) = broker.tls.clone().filter(Tls::has_identity) {
        let (host, port) = (broker.host.clone(), broker.port);
        let shaken = tokio::task::spawn_blocking(move || tls.shake_hands(&host, port)).await;
        let shaken = shaken.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        let failed = |source| Box::new(ConnectionError::Io(source));
        return shaken.map_err(|source| ProbeError::Failed { place: place(), source: failed(source) });
    }
    let mut options = broker.options(site, node, None, 1);
    options.set_client_id(format!("gatehouse-{site}-{node}-check"));
    let (client, mut events) = AsyncClient::new(options, 4);
    let welcomed = async {
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Incoming::ConnAck(ack))) => return Ok(ack.code),
                Ok(_) => {}
                Err(ConnectionError::ConnectionRefused(code)) => return Ok(code),
                Err(error) => return Err(error),
            }
        }
    };
    let code = match tokio::time::timeout(ANSWER_MAX, welcomed).await {
        Err(_) => return Err(ProbeError::Silent { place: place() }),
        Ok(Err(source)) => return Err(ProbeError::Failed { place: place(), source: Box::new(source) }),
        Ok(Ok(code)) => code,
    };
    if code != ConnectReturnCode::Success {
        return Err(ProbeError::Refused { place: place(), code });
    }
    if client.try_disconnect().is_ok() {
        // Until the good-bye is out; the connection ends with it, so any answer will do.
        let _ = tokio::time::timeout(Duration::from_secs(1), events.poll()).await;
    }
    Ok(())
}
