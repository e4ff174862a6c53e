//! What a broker may bring besides good events: the hub keeps it apart, says so, and goes on.

use domain::{CameraId, ClockQuality, NodeId, SiteId, UtcTime};
use gatehouse_tests::edge::{NODE, SITE};
use gatehouse_tests::hub::{self, Http};
use gatehouse_tests::site::Site;
use gatehouse_tests::wait::eventually;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::{AsyncClient, MqttOptions};
use tokio::runtime::Runtime;
use wire::envelope::ENVELOPE_BYTES_MAX;
use wire::event::{CameraChange, CameraState};
use wire::{Channel, Envelope, Event, EventHash, EventId, NodeKey, NodeTopic, Payload, Unsealed};

/// Somebody with a key and an MQTT client.
struct Client {
    key: NodeKey,
    runtime: Runtime,
    client: AsyncClient,
}

fn topic(node: &str) -> String {
    let (site, node) = (SiteId::new(SITE).unwrap(), NodeId::new(node).unwrap());
    NodeTopic { site, node, channel: Channel::Event }.to_string()
}

impl Client {
    fn connect(port: u16, name: &str, seed: u8) -> Self {
        let runtime = Runtime::new().unwrap();
        let mut options = MqttOptions::new(name, "127.0.0.1", port);
        options.set_max_packet_size(Some(1024 * 1024));
        let client = runtime.block_on(async {
            let (client, mut events) = AsyncClient::new(options, 1_000);
            tokio::spawn(async move { while events.poll().await.is_ok() {} });
            client
        });
        Self { key: NodeKey::from_seed([seed; 32]), runtime, client }
    }

    fn publish(&self, topic: &str, payload: &[u8]) {
        let sent = self.client.publish(topic.to_owned(), QoS::AtLeastOnce, false, payload.to_vec());
        self.runtime.block_on(sent).unwrap();
    }

    /// Event `seq` of the node, which tells `what`.
    fn seal(&self, seq: u64, prev: EventHash, what: &str) -> Envelope {
        let camera = CameraId::new("cam-1").unwrap();
        let change = CameraChange { camera, state: CameraState::Down, reason: what.to_owned() };
        let at = UtcTime::from_unix_micros(1_763_600_000_000_000).unwrap();
        let nonce: [u8; 16] = std::array::from_fn(|index| what.as_bytes().get(index).copied().unwrap_or(0));
        let id = EventId::derive(at, &nonce, seq);
        let event = Event { id, at, clock: ClockQuality::MEDIA, payload: Payload::CameraChanged(change) };
        let (site, node) = (SiteId::new(SITE).unwrap(), NodeId::new(NODE).unwrap());
        Envelope::seal(&self.key, &Unsealed { site: &site, node: &node, seq, prev }, &event).unwrap()
    }

    /// Events 1 to `count`.
    fn chain(&self, count: u64) -> Vec<Envelope> {
        let mut chain: Vec<Envelope> = Vec::new();
        for seq in 1..=count {
            let prev = chain.last().map_or(EventHash::GENESIS, Envelope::hash);
            chain.push(self.seal(seq, prev, "good"));
        }
        chain
    }
}

fn wait_for_alarm(http: &Http, node: &str, kind: &str) {
    eventually(&format!("the alarm {kind}"), || http.open_alarms(node).contains(&kind.to_owned()).then_some(()));
}

/// How many messages are in quarantine, by reason.
fn quarantined(http: &Http, reason: &str) -> usize {
    let messages = http.list("/api/v1/quarantine?limit=500", "messages");
    messages.iter().filter(|message| message["reason"] == reason).count()
}

#[test]
fn poison_forgeries_repeats_and_disorder_are_told_apart_and_ingest_goes_on() {
    let site = Site::new();
    let mut hub = site.hub();
    let http = hub.ready();
    let node = Client::connect(site.broker.port, "real", 1);
    hub::node_add(&site.hub_folder(), SITE, NODE, &node.key.public().to_string());
    let (chain, here) = (node.chain(6), topic(NODE));
    node.publish(&here, chain[0].as_bytes());
    http.wait_committed(NODE, 1);

    let newer = String::from_utf8(chain[1].as_bytes().to_vec()).unwrap().replace("\"v\":1", "\"v\":2");
    let poison: [&[u8]; 5] =
        [b"\xff\xfe not JSON", b"", b"{\"v\":1}", &[b'['; ENVELOPE_BYTES_MAX + 1], newer.as_bytes()];
    for payload in poison {
        node.publish(&here, payload);
    }
    eventually("all poison is in quarantine", || (quarantined(&http, "unreadable") == poison.len()).then_some(()));
    wait_for_alarm(&http, NODE, "unreadable");
    node.publish("gatehouse/v1/Not A Slug/node-1/event", chain[1].as_bytes());
    eventually("a topic of nobody", || (quarantined(&http, "unknown_topic") == 1).then_some(()));

    let thief = Client::connect(site.broker.port, "thief", 2);
    thief.publish(&here, thief.seal(2, chain[0].hash(), "forged").as_bytes());
    wait_for_alarm(&http, NODE, "bad_signature");
    node.publish(&topic("node-2"), chain[1].as_bytes());
    wait_for_alarm(&http, "node-2", "misplaced");
    assert_eq!(http.committed(NODE), 1, "nothing of that was believed");

    for _ in 0..3 {
        node.publish(&here, chain[0].as_bytes());
    }
    node.publish(&here, chain[3].as_bytes());
    node.publish(&here, chain[2].as_bytes());
    wait_for_alarm(&http, NODE, "gap");
    assert_eq!(http.committed(NODE), 1, "what came too early waits");
    node.publish(&here, chain[1].as_bytes());
    http.wait_committed(NODE, 4);
    assert!(!http.open_alarms(NODE).contains(&"gap".to_owned()), "the gap is closed");

    node.publish(&here, node.seal(3, chain[1].hash(), "another past").as_bytes());
    wait_for_alarm(&http, NODE, "fork");
    node.publish(&here, chain[4].as_bytes());
    node.publish(&here, chain[5].as_bytes());
    http.wait_committed(NODE, 6);
    let mut open = http.open_alarms(NODE);
    open.sort();
    assert_eq!(open, ["bad_signature", "fork", "unreadable"]);
    let check = hub::command(&site.hub_folder(), &["check"]);
    assert_eq!(check.stdout, "6 events looked at, 0 things wrong\n", "each is there once: {}", check.stderr);
}
