//! Guards' orders through a real broker: heard once, in time, from whom they must be; answered.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{ClockQuality, UtcTime};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use uplink::{
    ClockReading, Hearing, Identity, Links, OrderClient, OrderClientConfig, OrderClientHandle, Publisher,
    PublisherHandle, SeenOrders, WallClock,
};
use wire::order::OrderOutcome;
use wire::policy::{PolicyKey, TrustedKeys};
use wire::{Channel, LaneName, LaneOrder, NodeTopic, OrderAction, OrderAnswer, OrderId, OrderKey};

use crate::support::broker::Broker;
use crate::support::hub::{Hub, Receipts};
use crate::support::{DEADLINE, identity, key, open, patient, until_state};

fn at(seconds: i64) -> UtcTime {
    UtcTime::from_unix_micros((1_763_600_000 + seconds) * 1_000_000).unwrap()
}

/// The guard's side: says something on the node's topic for orders and hears its answers.
struct Guard {
    client: AsyncClient,
    answers: mpsc::UnboundedReceiver<Vec<u8>>,
    task: JoinHandle<()>,
}

fn topic(channel: Channel) -> String {
    let Identity { site, node, .. } = identity();
    NodeTopic { site, node, channel }.to_string()
}

impl Guard {
    async fn connect(broker: &Broker) -> Self {
        let config = broker.config();
        let mut options = MqttOptions::new("guard", config.host, config.port);
        options.set_clean_start(true);
        let (client, mut events) = AsyncClient::new(options, 64);
        let (told, answers) = mpsc::unbounded_channel();
        let (ready, is_ready) = tokio::sync::oneshot::channel();
        client.subscribe(topic(Channel::Answer), QoS::AtLeastOnce).await.unwrap();
        let task = tokio::spawn(async move {
            let mut ready = Some(ready);
            while let Ok(event) = events.poll().await {
                let Event::Incoming(packet) = event else { continue };
                if let Packet::SubAck(_) = &packet
                    && let Some(ready) = ready.take()
                {
                    let _ = ready.send(());
                } else if let Packet::Publish(message) = packet {
                    let _ = told.send(message.payload.to_vec());
                }
            }
        });
        timeout(DEADLINE, is_ready).await.unwrap().unwrap();
        Self { client, answers, task }
    }

    async fn say(&self, message: &[u8], retain: bool) {
        self.client.publish(topic(Channel::Order), QoS::AtLeastOnce, retain, message.to_vec()).await.unwrap();
    }

    async fn answer(&mut self) -> OrderAnswer {
        let message = timeout(DEADLINE, self.answers.recv()).await.expect("the node answers").unwrap();
        OrderAnswer::open(&message, &key().public()).unwrap()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A node that takes orders.
struct Node {
    carried: Arc<Mutex<Vec<OrderId>>>,
    refused: Arc<Mutex<Vec<(OrderId, &'static str)>>>,
    client: OrderClientHandle,
    publisher: PublisherHandle,
    outbox: uplink::Outbox,
}

impl Node {
    async fn start(folder: &Path, broker: &Broker, now: UtcTime) -> Self {
        let Identity { site, node, key } = identity();
        let trusted = TrustedKeys::new(vec![PolicyKey::from_seed([1; 32]).public()]).unwrap();
        let clock: WallClock = Arc::new(move || ClockReading { at: now, quality: ClockQuality::MEDIA });
        let (carried, refused) = (Arc::<Mutex<Vec<_>>>::default(), Arc::<Mutex<Vec<_>>>::default());
        let (did, told) = (Arc::clone(&carried), Arc::clone(&refused));
        let carry = move |order: &LaneOrder, left: Duration| {
            assert!(left <= Duration::from_secs(10));
            assert!(order.reason != "panic", "a bug of the program");
            did.lock().unwrap().push(order.id);
            if order.action == OrderAction::Hold { Err("there is no such lane".to_owned()) } else { Ok(None) }
        };
        let refuse = move |order: &LaneOrder, fault: &uplink::OrderFault| {
            told.lock().unwrap().push((order.id, fault.as_str()));
        };
        let seen = SeenOrders::open(&folder.join("orders"), now).unwrap();
        let config = OrderClientConfig { site, node, key, trusted };
        let (client, link) = OrderClient::start(config, seen, Arc::clone(&clock), carry, refuse);
        let outbox = open(&folder.join("outbox.db")).await;
        let links = Links { orders: Some(link), ..Links::default() };
        let publisher = Publisher::start_with(outbox.clone(), broker.config(), patient(), "1.2.3", clock, links);
        until_state(&publisher, "it hears orders", |state| state.orders == Hearing::Granted).await;
        Self { carried, refused, client, publisher, outbox }
    }

    async fn stop(self) {
        self.client.stop().await;
        self.publisher.stop().await;
        // Else its file is let go of some time later, and the next start finds it in use.
        self.outbox.close().await;
    }
}

fn order(id: u8, action: OrderAction) -> LaneOrder {
    let Identity { site, node, .. } = identity();
    LaneOrder {
        id: OrderId::from_random([id; 16]),
        site,
        node,
        lane: Some(LaneName::new("car-in").unwrap()),
        action,
        answers: None,
        by: "Trần Thị B".to_owned(),
        reason: "xe cứu thương".to_owned(),
        issued_at: at(0),
        not_after: at(10),
    }
}

fn sealed(order: &LaneOrder) -> Vec<u8> {
    order.seal(&OrderKey::from_seed([1; 32])).unwrap()
}

#[tokio::test]
async fn an_order_is_carried_out_once_and_answered_and_never_again_after_a_start() {
    let (folder, broker) = (tempfile::tempdir().unwrap(), Broker::start());
    let _hub = Hub::start(&broker.config(), Receipts::Sent).await;
    let mut guard = Guard::connect(&broker).await;
    let node = Node::start(folder.path(), &broker, at(1)).await;
    let open = order(1, OrderAction::Open);
    guard.say(&sealed(&open), false).await;
    let answer = guard.answer().await;
    assert_eq!((answer.order, answer.outcome), (open.id, OrderOutcome::Given));
    // The same again, and one that the lane refuses, which shows that the second was looked at.
    guard.say(&sealed(&open), false).await;
    let hold = order(2, OrderAction::Hold);
    guard.say(&sealed(&hold), false).await;
    let answer = guard.answer().await;
    assert_eq!((answer.order, answer.outcome), (hold.id, OrderOutcome::Refused));
    assert_eq!(answer.reason, "there is no such lane");
    assert_eq!(*node.carried.lock().unwrap(), [open.id, hold.id]);
    node.stop().await;
    let node = Node::start(folder.path(), &broker, at(2)).await;
    guard.say(&sealed(&open), false).await;
    guard.say(&sealed(&order(3, OrderAction::Close)), false).await;
    assert_eq!(guard.answer().await.order, order(3, OrderAction::Close).id);
    assert_eq!(*node.carried.lock().unwrap(), [order(3, OrderAction::Close).id]);
    node.stop().await;
}

#[tokio::test]
async fn what_is_late_forged_retained_or_for_another_node_opens_nothing() {
    let (folder, broker) = (tempfile::tempdir().unwrap(), Broker::start());
    let _hub = Hub::start(&broker.config(), Receipts::Sent).await;
    let mut guard = Guard::connect(&broker).await;
    guard.say(&sealed(&order(1, OrderAction::Open)), true).await;
    let node = Node::start(folder.path(), &broker, at(11)).await;
    guard.say(b"open", false).await;
    guard.say(&order(2, OrderAction::Open).seal(&OrderKey::from_seed([2; 32])).unwrap(), false).await;
    let elsewhere = LaneOrder { node: "n2".parse().unwrap(), ..order(3, OrderAction::Open) };
    guard.say(&sealed(&elsewhere), false).await;
    let late = order(4, OrderAction::Open);
    guard.say(&sealed(&late), false).await;
    let answer = guard.answer().await;
    assert_eq!((answer.order, answer.outcome), (late.id, OrderOutcome::Refused), "nothing else is answered");
    assert!(answer.reason.contains("it was good until"), "{}", answer.reason);
    let early = LaneOrder { issued_at: at(60), not_after: at(70), ..order(5, OrderAction::Open) };
    guard.say(&sealed(&early), false).await;
    assert!(guard.answer().await.reason.contains("one of the two clocks is wrong"));
    assert_eq!(*node.refused.lock().unwrap(), [(late.id, "late"), (early.id, "clock")]);
    assert!(node.carried.lock().unwrap().is_empty());
    // A bug of the program costs one order.
    let (issued_at, not_after) = (at(5), at(15));
    let bug = LaneOrder { reason: "panic".to_owned(), issued_at, not_after, ..order(6, OrderAction::Open) };
    guard.say(&sealed(&bug), false).await;
    assert!(guard.answer().await.reason.contains("the program failed"));
    guard.say(&sealed(&LaneOrder { issued_at, not_after, ..order(7, OrderAction::Open) }), false).await;
    assert_eq!(guard.answer().await.outcome, OrderOutcome::Given);
    node.stop().await;
}

#[tokio::test]
async fn a_flood_of_forgeries_is_dropped_and_does_not_stop_the_delivery() {
    let (folder, broker) = (tempfile::tempdir().unwrap(), Broker::start());
    let _hub = Hub::start(&broker.config(), Receipts::Sent).await;
    let mut guard = Guard::connect(&broker).await;
    let node = Node::start(folder.path(), &broker, at(1)).await;
    for number in 0..500 {
        guard.say(format!("{{\"v\":1,\"forged\":{number}}}").as_bytes(), false).await;
    }
    // One may be dropped with the flood; a guard gives it again, as another order.
    let mut answered = None;
    for id in 1..=20 {
        guard.say(&sealed(&order(id, OrderAction::LockDown)), false).await;
        if let Ok(Some(message)) = timeout(Duration::from_secs(1), guard.answers.recv()).await {
            answered = OrderAnswer::open(&message, &key().public()).ok();
            break;
        }
    }
    assert_eq!(answered.map(|answer| answer.outcome), Some(OrderOutcome::Given));
    node.stop().await;
}
