//! The connection to the broker.
//!
//! One task only polls the client's event loop and hands messages on; the ingest task never waits for the client, it
//! only tries to put something into its queue. So neither can wait for the other: when the ingest is slow the inbox
//! fills, polling stops, and the broker keeps the rest.

use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rumqttc::Outgoing;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Filter, Packet, Publish, SubscribeReasonCode};
use rumqttc::v5::{AsyncClient, Event, EventLoop};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{debug, info, warn};
use wire::Channel;

use crate::broker::{BrokerConfig, KEEP_ALIVE, RECEIVE_MAX};
use crate::health::HealthBoard;

/// Messages between the connection and the ingest. When it is full the connection is not read any further.
const INBOX_MAX: usize = RECEIVE_MAX as usize;

/// Acknowledgements and receipts that wait to be written. When it is full the ingest keeps them and tries again.
const REQUESTS_MAX: usize = 2 * RECEIVE_MAX as usize;

/// A healthy connection shows some event with every keep-alive; without one for this long it is made anew.
const SILENCE_MAX: Duration = KEEP_ALIVE.saturating_mul(3);

/// First wait after a lost connection; doubles up to [`RECONNECT_AFTER_MAX`].
const RECONNECT_AFTER: Duration = Duration::from_millis(100);

/// Longest wait between two attempts to connect. There is no limit to their number.
const RECONNECT_AFTER_MAX: Duration = Duration::from_secs(10);

/// A connection that lasted this long was a good one: the next failure is retried soon.
const GOOD_AFTER: Duration = Duration::from_secs(5);

/// How long a good-bye may take.
const GOOD_BYE_MAX: Duration = Duration::from_secs(2);

/// What the ingest hears from the connection.
#[derive(Debug)]
pub(crate) enum Inbound {
    /// The subscriptions stand (again): receipts may have been missed.
    Subscribed,
    /// A message, acknowledged when it is committed.
    Message(Box<Delivery>),
}

/// A message and the connection that it came by.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub(crate) publish: Publish,
    connection: u64,
}

impl Delivery {
    /// What is left to be acknowledged.
    pub(crate) fn unacknowledged(&self) -> Unacknowledged {
        Unacknowledged { connection: self.connection, packet: self.publish.pkid, qos: self.publish.qos }
    }
}

/// A message that is to be acknowledged: no more of it than that needs. Acknowledgements are written one at a time while
/// messages are read by the dozen, and a broker may let far more be open than was asked for (Mosquitto 2.0.11 sends
/// [`RECEIVE_MAX`] more for each one), so tens of thousands may wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unacknowledged {
    connection: u64,
    packet: u16,
    qos: QoS,
}

/// The way back to the broker.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    client: AsyncClient,
    /// Number of the connection. An acknowledgement belongs to the connection that brought the message: packet numbers
    /// are used again, and after a reconnection the old number could stand for a message that is not committed.
    connection: Arc<Mutex<u64>>,
    /// How often the broker has granted the subscriptions: a new one may have forgotten what was retained.
    subscribed: watch::Sender<u64>,
}

/// What became of something for the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handed {
    /// It will be written, or need not be any more.
    Done,
    /// The queue is full: try again.
    Later,
}

impl Link {
    /// Acknowledges a message, unless its connection is gone: then the broker sends it again.
    pub(crate) fn acknowledge(&self, message: Unacknowledged) -> Handed {
        let Unacknowledged { connection, packet: pkid, qos } = message;
        let current = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if *current != connection || self.client.try_ack(&Publish { pkid, qos, ..Publish::default() }).is_ok() {
            Handed::Done
        } else {
            Handed::Later
        }
    }

    /// Publishes a retained message.
    pub(crate) fn publish_retained(&self, topic: String, payload: Vec<u8>) -> Handed {
        match self.client.try_publish(topic, QoS::AtLeastOnce, true, payload) {
            Ok(()) => Handed::Done,
            Err(_) => Handed::Later,
        }
    }

    /// Publishes a message that is of use now or never: at most once, kept by nobody.
    pub(crate) fn publish_now(&self, topic: String, payload: Vec<u8>) -> Handed {
        match self.client.try_publish(topic, QoS::AtMostOnce, false, payload) {
            Ok(()) => Handed::Done,
            Err(_) => Handed::Later,
        }
    }

    /// Follows how often the broker has granted the hub's subscriptions; 0 before the first time.
    pub(crate) fn subscriptions(&self) -> watch::Receiver<u64> {
        self.subscribed.subscribe()
    }

    /// Says good-bye after everything that was handed over before. The broker keeps the session.
    pub(crate) fn disconnect(&self) -> Handed {
        match self.client.try_disconnect() {
            Ok(()) => Handed::Done,
            Err(_) => Handed::Later,
        }
    }
}

/// The task that polls the event loop.
pub(crate) struct Connection {
    events: EventLoop,
    link: Link,
    inbox: mpsc::Sender<Inbound>,
    filters: Vec<Filter>,
    place: String,
    health: HealthBoard,
}

pub(crate) fn connection(broker: &BrokerConfig, health: HealthBoard) -> (Connection, Link, mpsc::Receiver<Inbound>) {
    let (client, events) = AsyncClient::new(broker.options(), REQUESTS_MAX);
    let (inbox, outbox) = mpsc::channel(INBOX_MAX);
    let link = Link { client, connection: Arc::default(), subscribed: watch::Sender::new(0) };
    let filters = vec![
        Filter::new(broker.subscription.event_filter(), QoS::AtLeastOnce),
        Filter::new(Channel::Status.filter(), QoS::AtLeastOnce),
    ];
    let connection = Connection { events, link: link.clone(), inbox, filters, place: broker.place(), health };
    (connection, link, outbox)
}

impl Connection {
    /// Keeps the connection up until the good-bye is written after `stopping` became true.
    pub(crate) async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        let mut wait = RECONNECT_AFTER;
        let mut last_error = None;
        loop {
            let began = Instant::now();
            let error = match self.connected(&mut stopping).await {
                End::GoodBye => return,
                End::Lost(error) => error,
            };
            self.drop_connection();
            self.health.set(|health| {
                health.broker = false;
                health.broker_error = Some(error.clone());
            });
            if *stopping.borrow() {
                return;
            }
            if began.elapsed() >= GOOD_AFTER {
                (wait, last_error) = (RECONNECT_AFTER, None);
            }
            if last_error.as_ref() != Some(&error) {
                warn!(broker = %self.place, %error, "no connection to the broker; trying again until there is one");
                last_error = Some(error);
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = stopping.wait_for(|stop| *stop) => return,
            }
            wait = (wait * 2).min(RECONNECT_AFTER_MAX);
        }
    }

    /// Ends the connection and everything that belonged to it, before anything can be written to the next one.
    fn drop_connection(&mut self) {
        let mut connection = self.link.connection.lock().unwrap_or_else(PoisonError::into_inner);
        *connection += 1;
        self.events.clean();
    }

    async fn connected(&mut self, stopping: &mut watch::Receiver<bool>) -> End {
        let mut good_bye_by: Option<Instant> = None;
        loop {
            let silence_until = Instant::now() + SILENCE_MAX;
            // `poll` is dropped half-way only where the connection is given up.
            let polled = {
                let mut poll = pin!(self.events.poll());
                loop {
                    tokio::select! {
                        polled = &mut poll => break polled,
                        _ = stopping.wait_for(|stop| *stop), if good_bye_by.is_none() => {
                            if !self.health.get().broker {
                                return End::GoodBye;
                            }
                            // The ingest says good-bye when it has handed over the rest; this bounds how long that takes.
                            good_bye_by = Some(Instant::now() + GOOD_BYE_MAX);
                        }
                        () = sleep_until(good_bye_by.unwrap_or(silence_until)) => {
                            return match good_bye_by {
                                Some(_) => End::GoodBye,
                                None => End::Lost(format!("nothing was heard for {} s", SILENCE_MAX.as_secs())),
                            };
                        }
                    }
                }
            };
            match polled {
                Ok(Event::Outgoing(Outgoing::Disconnect)) => {
                    // Written, but perhaps not flushed: one more look flushes it or finds the connection closed.
                    let _ = timeout(GOOD_BYE_MAX, self.events.poll()).await;
                    return End::GoodBye;
                }
                Ok(Event::Outgoing(_)) => {}
                Ok(Event::Incoming(packet)) => {
                    if let Err(error) = self.incoming(packet, good_bye_by.is_some()).await {
                        return End::Lost(error);
                    }
                }
                Err(error) => return End::Lost(error.to_string()),
            }
        }
    }

    async fn incoming(&mut self, packet: Packet, is_stopping: bool) -> Result<(), String> {
        if let Packet::ConnAck(connack) = &packet {
            debug!(broker = %self.place, session_present = connack.session_present, "the broker let the hub in");
            // Asked for anew each time: the broker may have lost the session, and doing it twice changes nothing.
            return match self.link.client.try_subscribe_many(self.filters.clone()) {
                Ok(()) => Ok(()),
                Err(error) => Err(error.to_string()),
            };
        }
        if let Packet::SubAck(suback) = &packet {
            for (filter, code) in std::iter::zip(&self.filters, &suback.return_codes) {
                if !matches!(code, SubscribeReasonCode::Success(_)) {
                    return Err(format!("the broker refuses the subscription \"{}\": {code:?}", filter.path));
                }
            }
            if self.health.set(|health| {
                health.broker = true;
                health.broker_error = None;
            }) {
                info!(broker = %self.place, "connected to the broker and subscribed");
            }
            self.link.subscribed.send_modify(|times| *times += 1);
            self.hand_on(Inbound::Subscribed).await;
        } else if let Packet::Publish(publish) = packet
            && !is_stopping
        {
            let connection = *self.link.connection.lock().unwrap_or_else(PoisonError::into_inner);
            self.hand_on(Inbound::Message(Box::new(Delivery { publish, connection }))).await;
        }
        Ok(())
    }

    async fn hand_on(&mut self, inbound: Inbound) {
        // Fails when the ingest is gone, which is when the hub stops.
        let _ = self.inbox.send(inbound).await;
    }
}

enum End {
    GoodBye,
    Lost(String),
}
