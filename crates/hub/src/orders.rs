//! Giving a guard's order to a node: over a connection of its own to the broker, waiting for the node's own answer.
//!
//! Whoever gives an order needs a key that the node believes: on the command line the policy key's file, in the running hub
//! the order key that `[signing]` names, with which no policy can be published ([`post`]). Nothing is retained and nothing waits at the broker, so an order reaches a node that listens now
//! or none. What becomes of it is in the log besides, as the node's own events, with who gave it and why.

pub(crate) mod post;

use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Packet, PubAckReason, SubscribeReasonCode};
use rumqttc::v5::{AsyncClient, ConnectionError, Event};
use thiserror::Error;
use tokio::time::timeout;
use tracing::debug;
use wire::order::OrderError;
use wire::{Channel, LaneOrder, NodePublicKey, NodeTopic, OrderAnswer, OrderKey};

use crate::broker::BrokerConfig;

/// How much longer than the order lives its answer is waited for.
pub const ANSWER_AFTER_MAX: Duration = Duration::from_secs(5);

/// Requests that wait to be written: a subscription, the order, a good-bye.
const REQUESTS_MAX: usize = 8;

/// Why nobody knows that an order was carried out.
#[derive(Debug, Error)]
pub enum GiveError {
    /// It cannot be signed.
    #[error("the order is not signed")]
    NotSealed(#[from] OrderError),
    /// The connection to the broker failed before the order was on its way.
    #[error("the broker {broker} cannot be reached; the order was not given")]
    Broker {
        /// Host and port.
        broker: String,
        /// Why.
        #[source]
        source: Box<ConnectionError>,
    },
    /// The broker does not let this user do it.
    #[error("the broker {broker} does not allow it: {what}; the order was not given")]
    Denied {
        /// Host and port.
        broker: String,
        /// What it refused.
        what: &'static str,
    },
    /// No node listens.
    #[error(
        "node \"{0}\" does not listen for orders: it is not connected, has no lanes, or its [policy] has no keys; the \
         order was not given"
    )]
    NobodyListens(String),
    /// No answer came. The order may have been carried out.
    #[error(
        "node \"{node}\" has not answered: it may have carried the order out, and its events say so when they arrive; \
         after {not_after} it does not any more. A node answers nothing where it does not trust the key that signed"
    )]
    Silent {
        /// The node.
        node: String,
        /// Until when it may still carry the order out.
        not_after: domain::UtcTime,
    },
}

/// Gives `order` to its node, which owns `node_key`, and waits for its answer as long as it lives, and a little longer.
///
/// # Errors
/// When the order did not get to the node, or nobody knows.
pub async fn give(
    broker: &BrokerConfig,
    order: &LaneOrder,
    key: &OrderKey,
    node_key: &NodePublicKey,
) -> Result<OrderAnswer, GiveError> {
    let sealed = order.seal(key)?;
    let patience = order.not_after.since(order.issued_at) + ANSWER_AFTER_MAX;
    let mut is_sent = false;
    let answer = timeout(patience, exchange(broker, order, sealed, node_key, &mut is_sent)).await;
    let silent = || GiveError::Silent { node: order.node.to_string(), not_after: order.not_after };
    match answer {
        Ok(Err(GiveError::Broker { .. })) if is_sent => Err(silent()),
        Ok(answered) => answered,
        Err(_) => Err(silent()),
    }
}

async fn exchange(
    broker: &BrokerConfig,
    order: &LaneOrder,
    sealed: Vec<u8>,
    node_key: &NodePublicKey,
    is_sent: &mut bool,
) -> Result<OrderAnswer, GiveError> {
    let topic = |channel| NodeTopic { site: order.site.clone(), node: order.node.clone(), channel }.to_string();
    let (orders, answers) = (topic(Channel::Order), topic(Channel::Answer));
    let own = BrokerConfig { client_id: format!("{}-order-{}", broker.client_id, order.id), ..broker.clone() };
    let mut options = own.options();
    // Nothing of this connection is worth keeping.
    options.set_clean_start(true).set_session_expiry_interval(None).set_manual_acks(false);
    let (client, mut events) = AsyncClient::new(options, REQUESTS_MAX);
    let denied = |what| GiveError::Denied { broker: broker.place(), what };
    // The queue is empty and has room for everything that is asked for here.
    let mut sealed = Some(sealed);
    loop {
        let event = events
            .poll()
            .await
            .map_err(|source| GiveError::Broker { broker: broker.place(), source: Box::new(source) })?;
        let Event::Incoming(packet) = event else { continue };
        if let Packet::ConnAck(_) = &packet {
            client.try_subscribe(answers.as_str(), QoS::AtLeastOnce).map_err(|_| denied("no room to subscribe"))?;
        } else if let Packet::SubAck(suback) = &packet {
            if !suback.return_codes.iter().all(|code| matches!(code, SubscribeReasonCode::Success(_))) {
                return Err(denied("hearing the node's answer"));
            }
            // Only now, so that the answer cannot come before it is listened for.
            if let Some(sealed) = sealed.take() {
                let published = client.try_publish(orders.as_str(), QoS::AtLeastOnce, false, sealed);
                published.map_err(|_| denied("no room to publish"))?;
                *is_sent = true;
            }
        } else if let Packet::PubAck(answer) = &packet {
            match answer.reason {
                PubAckReason::Success => {}
                PubAckReason::NoMatchingSubscribers => return Err(GiveError::NobodyListens(order.node.to_string())),
                PubAckReason::UnspecifiedError
                | PubAckReason::ImplementationSpecificError
                | PubAckReason::NotAuthorized
                | PubAckReason::TopicNameInvalid
                | PubAckReason::PacketIdentifierInUse
                | PubAckReason::QuotaExceeded
                | PubAckReason::PayloadFormatInvalid => return Err(denied("publishing an order")),
            }
        } else if let Packet::Publish(message) = &packet {
            match OrderAnswer::open(&message.payload, node_key) {
                Ok(answer) if answer.order == order.id => {
                    // The answer is here; how the connection ends does not matter.
                    let _ = client.try_disconnect();
                    let _ = timeout(ANSWER_AFTER_MAX, events.poll()).await;
                    return Ok(answer);
                }
                Ok(_) => debug!("the answer to another order"),
                Err(error) => debug!(%error, "something else on the topic for answers"),
            }
        }
    }
}
