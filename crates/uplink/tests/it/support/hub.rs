//! The other end: receives events over MQTT, keeps them and sends receipts, as a hub does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use tokio::task::JoinHandle;
use uplink::BrokerConfig;
use wire::{Ack, Channel, EventHash, NodeTopic, Received, Status};

use super::{DEADLINE, identity, key, until};

/// Whether the hub answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Receipts {
    Sent,
    Withheld,
}

/// What a hub knows. Outlives its connection, as a database does.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) stored: BTreeMap<u64, EventHash>,
    /// Every event number that arrived, repetitions included.
    pub(crate) arrived: Vec<u64>,
    /// Event numbers that are lost on the way once.
    pub(crate) lose_once: BTreeSet<u64>,
    pub(crate) statuses: Vec<Status>,
    /// The last receipt that was sent.
    pub(crate) committed: u64,
    /// The furthest that an event was ahead of the receipts.
    pub(crate) ahead_max: u64,
    connected: bool,
}

impl Ledger {
    /// The receipt for what is stored.
    pub(crate) fn receipt(&self) -> Ack {
        let next = (self.committed + 1..).find(|seq| !self.stored.contains_key(seq)).unwrap();
        let committed = next - 1;
        Ack {
            committed_seq: committed,
            committed_hash: self.stored.get(&committed).copied().unwrap_or(EventHash::GENESIS),
            highest_seq: self.stored.keys().next_back().copied().unwrap_or(0),
        }
    }

    /// Whether it has exactly the events 1 to `last`.
    pub(crate) fn is_complete(&self, last: u64) -> bool {
        self.stored.len() as u64 == last && self.receipt().committed_seq == last
    }
}

pub(crate) struct Hub {
    ledger: Arc<Mutex<Ledger>>,
    current: Arc<Mutex<Option<AsyncClient>>>,
    task: JoinHandle<()>,
}

impl Hub {
    /// A hub with an empty database.
    pub(crate) async fn start(broker: &BrokerConfig, receipts: Receipts) -> Self {
        Self::resume(broker, receipts, Arc::default()).await
    }

    /// A hub that goes on with what `ledger` holds; returns when it is subscribed. Connects again for ever.
    pub(crate) async fn resume(broker: &BrokerConfig, receipts: Receipts, ledger: Arc<Mutex<Ledger>>) -> Self {
        let mut network = rumqttc::NetworkOptions::new();
        network.set_tcp_nodelay(true);
        let mut options = MqttOptions::new("hub", &broker.host, broker.port);
        options.set_clean_start(true).set_max_packet_size(Some(1 << 20)).set_network_options(network);
        let current = Arc::new(Mutex::new(None));
        let task = tokio::spawn({
            let (current, ledger) = (Arc::clone(&current), Arc::clone(&ledger));
            async move {
                loop {
                    let (client, mut events) = AsyncClient::new(options.clone(), 4096);
                    *current.lock().unwrap() = Some(client.clone());
                    while let Ok(event) = events.poll().await {
                        if let Event::Incoming(packet) = event {
                            handle(&client, &ledger, receipts, packet);
                        }
                    }
                    ledger.lock().unwrap().connected = false;
                    // tidy: sleep is before the next connection to a broker that may be dead
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        });
        let hub = Self { ledger, current, task };
        until("the hub's subscription", || hub.ledger().connected).await;
        hub
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap()
    }

    /// Sends `receipt` as if the hub meant it.
    pub(crate) fn send(&self, receipt: &Ack) {
        let client = self.current.lock().unwrap().clone().unwrap();
        send(&client, receipt);
    }

    /// Waits until the ledger fits.
    pub(crate) async fn until(&self, what: &str, mut fits: impl FnMut(&Ledger) -> bool) {
        until(what, || {
            assert!(!self.task.is_finished(), "the hub panicked");
            fits(&self.ledger())
        })
        .await;
    }

    /// Takes the hub off the network; its database stays.
    pub(crate) async fn stop(mut self) -> Arc<Mutex<Ledger>> {
        self.task.abort();
        let _ = tokio::time::timeout(DEADLINE, &mut self.task).await.unwrap();
        self.ledger().connected = false;
        Arc::clone(&self.ledger)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn topic(channel: Channel) -> String {
    let uplink::Identity { site, node, .. } = identity();
    NodeTopic { site, node, channel }.to_string()
}

/// Never waits for room: whoever polls the client would wait for itself. A receipt that does not fit is lost, as a
/// network loses them.
fn send(client: &AsyncClient, receipt: &Ack) {
    let bytes = serde_json::to_vec(receipt).unwrap();
    let _ = client.try_publish(topic(Channel::Ack), QoS::AtLeastOnce, true, bytes);
}

fn handle(client: &AsyncClient, ledger: &Mutex<Ledger>, receipts: Receipts, packet: Packet) {
    if let Packet::ConnAck(_) = packet {
        for channel in [Channel::Status, Channel::Event] {
            client.try_subscribe(channel.filter(), QoS::AtLeastOnce).unwrap();
        }
    } else if let Packet::SubAck(_) = packet {
        ledger.lock().unwrap().connected = true;
    } else if let Packet::Publish(message) = packet {
        if message.topic.as_ref() == topic(Channel::Status).as_bytes() {
            ledger.lock().unwrap().statuses.push(serde_json::from_slice(&message.payload).unwrap());
            return;
        }
        let received = Received::parse(&message.payload).unwrap();
        assert!(received.verify(&key().public()));
        let receipt = {
            let mut ledger = ledger.lock().unwrap();
            ledger.arrived.push(received.seq);
            ledger.ahead_max = ledger.ahead_max.max(received.seq.saturating_sub(ledger.committed));
            if ledger.lose_once.remove(&received.seq) {
                return;
            }
            let before = ledger.stored.insert(received.seq, received.hash);
            assert!(before.is_none_or(|hash| hash == received.hash), "event {} changed", received.seq);
            if receipts == Receipts::Withheld {
                return;
            }
            let receipt = ledger.receipt();
            ledger.committed = receipt.committed_seq;
            receipt
        };
        send(client, &receipt);
    }
}
