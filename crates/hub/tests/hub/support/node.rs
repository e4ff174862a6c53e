//! A node as the hub knows it: seals events, publishes them and reads its receipts.

use std::sync::{Arc, Mutex};

use domain::{
    BoundingBox, CameraId, ClockQuality, Direction, GateId, LineId, MediaTime, NodeId, ObjectClass, Passage, Point,
    SiteId, TrackId, UtcTime,
};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event as MqttEvent, MqttOptions};
use store::RegisteredNode;
use tokio::runtime::Runtime;
use wire::event::WithEvidence;
use wire::plate::{PlateColour, PlateOutcome, PlateRead, PlateReading, PlateShot, PlateVote};
use wire::{Ack, Channel, Envelope, Event, EventHash, EventId, EvidenceRef, NodeKey, NodeTopic, Payload, Unsealed};

use super::eventually;

pub struct Node {
    pub site: SiteId,
    pub node: NodeId,
    pub key: NodeKey,
    pub seq: u64,
    pub prev: EventHash,
}

impl Node {
    pub fn new(name: &str) -> Self {
        Self {
            site: SiteId::new("cao-nguyen").unwrap(),
            node: NodeId::new(name).unwrap(),
            key: NodeKey::from_seed([name.len() as u8; 32]),
            seq: 0,
            prev: EventHash::GENESIS,
        }
    }

    pub fn registration(&self) -> RegisteredNode {
        RegisteredNode {
            site: self.site.clone(),
            node: self.node.clone(),
            key: self.key.public(),
            added_at: hub::clock::now(),
            added_by: "test".to_owned(),
        }
    }

    pub fn topic(&self, channel: Channel) -> String {
        NodeTopic { site: self.site.clone(), node: self.node.clone(), channel }.to_string()
    }

    /// The node's next event in its wire form.
    pub fn says(&mut self, payload: Payload) -> Vec<u8> {
        self.seq += 1;
        let at = hub::clock::now();
        let mut nonce = [0; 16];
        nonce[..self.node.as_str().len()].copy_from_slice(self.node.as_str().as_bytes());
        let event = Event { id: EventId::derive(at, &nonce, self.seq), at, clock: ClockQuality::MEDIA, payload };
        let place = Unsealed { site: &self.site, node: &self.node, seq: self.seq, prev: self.prev };
        let envelope = Envelope::seal(&self.key, &place, &event).unwrap();
        self.prev = envelope.hash();
        envelope.as_bytes().to_vec()
    }

    /// So many persons going in now.
    pub fn passes(&mut self, times: u64) -> Vec<Vec<u8>> {
        (0..times).map(|_| self.says(passed(Direction::In, ObjectClass::Person, hub::clock::now(), vec![]))).collect()
    }
}

pub fn passed(direction: Direction, class: ObjectClass, at: UtcTime, evidence: Vec<EvidenceRef>) -> Payload {
    let bbox = BoundingBox::new(0.25, 0.25, 0.5, 0.75).unwrap();
    Payload::Passed(WithEvidence {
        what: Passage {
            gate: GateId::new("cong-chinh").unwrap(),
            line: LineId::new("vach-1").unwrap(),
            camera: CameraId::new("cam-1").unwrap(),
            direction,
            class,
            confidence: 0.75,
            track: TrackId(1),
            media: MediaTime::from_micros(1),
            at,
            bbox,
            shot: domain::passage::Shot { media: MediaTime::from_micros(1), bbox },
        },
        evidence,
    })
}

/// A plate of the vehicle that `passed` tells of, seen now.
pub fn plate(key: &str, display: &str) -> PlateRead {
    let now = hub::clock::now();
    PlateRead {
        gates: vec![GateId::new("cong-chinh").unwrap()],
        camera: CameraId::new("cam-1").unwrap(),
        visit: 1,
        vehicle: Some(TrackId(1)),
        vehicle_class: Some(ObjectClass::Car),
        from: now,
        to: now,
        outcome: PlateOutcome::Read,
        reason: String::new(),
        readings: vec![PlateReading {
            key: key.to_owned(),
            display: display.to_owned(),
            kind: "car".to_owned(),
            issuer: Some("Hà Nội".to_owned()),
            confidence: 0.75,
            glyph_confidence: vec![0.75; key.len()],
            corrected: vec![2],
            ambiguous: false,
        }],
        raw: key.to_owned(),
        colour: PlateColour::White,
        rows: 1,
        votes: vec![PlateVote {
            media: MediaTime::from_micros(40_000),
            raw: key.to_owned(),
            confidence: 0.5,
            weight: 1.0,
        }],
        shot: PlateShot { media: MediaTime::from_micros(40_000), corners: [Point { x: 0.25, y: 0.5 }; 4] },
        matches: vec![],
    }
}

pub fn plate_read(what: PlateRead, evidence: Vec<EvidenceRef>) -> Payload {
    Payload::PlateRead(WithEvidence { what, evidence })
}

/// A client of the broker that publishes for nodes and keeps the newest receipt of each.
pub struct Publisher {
    client: AsyncClient,
    receipts: Arc<Mutex<std::collections::HashMap<String, Ack>>>,
    runtime: Runtime,
}

impl Publisher {
    pub fn connect(port: u16) -> Self {
        let runtime = Runtime::new().unwrap();
        let mut options = MqttOptions::new(format!("publisher-{}", super::free_port()), "127.0.0.1", port);
        let mut network = rumqttc::NetworkOptions::new();
        network.set_tcp_nodelay(true);
        options.set_network_options(network).set_max_packet_size(Some(1024 * 1024));
        let (client, mut events) = AsyncClient::new(options, 100_000);
        let receipts = Arc::new(Mutex::new(std::collections::HashMap::new()));
        let (seen, again) = (Arc::clone(&receipts), client.clone());
        runtime.spawn(async move {
            loop {
                match events.poll().await {
                    Ok(MqttEvent::Incoming(Packet::ConnAck(_))) => {
                        again.try_subscribe(Channel::Ack.filter(), QoS::AtLeastOnce).unwrap();
                    }
                    Ok(MqttEvent::Incoming(Packet::Publish(publish))) => {
                        let topic = String::from_utf8(publish.topic.to_vec()).unwrap();
                        let ack: Ack = serde_json::from_slice(&publish.payload).unwrap();
                        // Of two hubs the one that knows less may speak last.
                        let mut seen = seen.lock().unwrap();
                        let is_newer = |held: &Ack| held.committed_seq <= ack.committed_seq;
                        if seen.get(&topic).is_none_or(is_newer) {
                            seen.insert(topic, ack);
                        }
                    }
                    Ok(_) => {}
                    // tidy: sleep is the pause before the next try to reach a broker that was killed
                    Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
                }
            }
        });
        Self { client, receipts, runtime }
    }

    pub fn publish(&self, topic: &str, payloads: impl IntoIterator<Item = Vec<u8>>) {
        for payload in payloads {
            let sent = self.client.publish(topic, QoS::AtLeastOnce, false, payload);
            self.runtime.block_on(sent).unwrap();
        }
    }

    pub fn publish_retained(&self, topic: &str, payload: Vec<u8>) {
        self.runtime.block_on(self.client.publish(topic, QoS::AtLeastOnce, true, payload)).unwrap();
    }

    pub fn receipt(&self, node: &Node) -> Option<Ack> {
        self.receipts.lock().unwrap().get(&node.topic(Channel::Ack)).cloned()
    }

    pub fn forget_receipts(&self) {
        self.receipts.lock().unwrap().clear();
    }

    /// Waits until the hub confirms everything that the node has said.
    pub fn wait_for_receipt(&self, node: &Node) -> Ack {
        eventually("a receipt for everything", || {
            self.receipt(node).filter(|ack| ack.committed_seq == node.seq && ack.committed_hash == node.prev)
        })
    }
}
