//! Asks a broker whether it would let the node in, without saying anything to anybody else.

use std::time::Duration;

use domain::{NodeId, SiteId};
use rumqttc::v5::mqttbytes::v5::ConnectReturnCode;
use rumqttc::v5::{AsyncClient, ConnectionError, Event, Incoming};
use thiserror::Error;

use crate::broker::BrokerConfig;

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

/// Connects as the node would, with another client name so that a running node is not thrown out, and leaves.
pub async fn probe(broker: &BrokerConfig, site: &SiteId, node: &NodeId) -> Result<(), ProbeError> {
    let place = || broker.place();
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
