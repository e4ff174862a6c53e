//! One connection to the broker, from its first byte to whatever ends it.

mod receipts;

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::time::Duration;

use rumqttc::Outgoing;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Filter, Packet, PubAckReason, Publish, SubscribeReasonCode};
use rumqttc::v5::{AsyncClient, ConnectionError, Event, EventLoop};
use tokio::sync::watch;
use tokio::time::Instant;
use tracing::{debug, info, warn};
use wire::policy::PolicyStatus;
use wire::{Ack, Channel, NodeState, NodeTopic, Status};

use super::delivery::{Answer, Delivery, Due, Heard};
use super::{Hearing, Node, PublisherState, Refusal, Stop, stopped};
use crate::broker::retained_will;
use crate::chain;
use crate::orders::link::next_answer;
use crate::outbox::{Backlog, ConfirmOutcome, StorageError};
use crate::policy::link;

/// Most messages that are handed to the MQTT client and not on the wire; further ones stay in the outbox.
const REQUESTS_MAX: usize = 64;

/// Places in the client's queue beyond [`REQUESTS_MAX`]: a subscription, a status, a good-bye.
const REQUESTS_SPARE: usize = 8;

/// Most messages on the wire that the broker has not answered. A broker may want fewer and says so when it lets us
/// in; the client then holds back by itself.
const IN_FLIGHT_MAX: u16 = 1024;

/// How soon a status that found no room is tried again.
const STATUS_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Why a connection ended.
#[derive(Debug)]
pub(super) enum End {
    /// It was asked to.
    Stopped,
    /// Something went wrong.
    Failed(String),
}

/// What a published message was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Event,
    Status,
    Answer,
    GoodBye,
}

/// What the client reports next. Owns the event loop, so that a branch that wins a `select!` never drops it half-way
/// through writing a packet.
type Next = Pin<Box<dyn Future<Output = (EventLoop, Result<Event, ConnectionError>)> + Send>>;

/// A receipt on its way into the outbox.
type Confirming = Pin<Box<dyn Future<Output = (Heard, Ack, Result<ConfirmOutcome, StorageError>)> + Send>>;

/// Waits for the receipt that is on its way, if one is.
async fn confirmed(confirming: &mut Option<Confirming>) -> (Heard, Ack, Result<ConfirmOutcome, StorageError>) {
    match confirming {
        Some(confirming) => confirming.await,
        None => std::future::pending().await,
    }
}

fn next(mut events: EventLoop) -> Next {
    Box::pin(async move {
        let event = events.poll().await;
        (events, event)
    })
}

pub(super) struct Connection<'a> {
    node: &'a Node,
    client: AsyncClient,
    next: Next,
    delivery: Delivery,
    /// Messages in the client's queue, in order.
    queued: VecDeque<Sent>,
    /// Messages on the wire by packet number.
    on_wire: HashMap<u16, Sent>,
    status_at: Instant,
    last_sign: Instant,
    stopping: Option<Instant>,
    /// The receipt that the outbox is working on.
    confirming: Option<Confirming>,
    /// What came meanwhile. Receipts are cumulative, so one place is enough.
    waiting: Option<(Heard, Ack)>,
    /// The last receipt that was about our chain.
    receipt: Option<Ack>,
    events: String,
    statuses: String,
    receipts: String,
    policies: String,
    orders: String,
    answers: String,
    views: String,
    /// What the node says of its policy.
    policy: Option<watch::Receiver<PolicyStatus>>,
}

impl<'a> Connection<'a> {
    pub(super) fn new(node: &'a Node) -> Self {
        let topic = |channel| {
            let (site, node) = (node.outbox.site().clone(), node.outbox.node().clone());
            NodeTopic { site, node, channel }.to_string()
        };
        let statuses = topic(Channel::Status);
        let will = retained_will(statuses.clone(), to_json(&node.last_will()));
        let options = node.broker.options(node.outbox.site(), node.outbox.node(), Some(will), IN_FLIGHT_MAX);
        let (client, events) = AsyncClient::new(options, REQUESTS_MAX + REQUESTS_SPARE);
        let Backlog { head_seq, confirmed_seq, .. } = node.outbox.backlog();
        let now = Instant::now();
        Self {
            node,
            client,
            next: next(events),
            delivery: Delivery::new(node.pace(), head_seq, confirmed_seq),
            queued: VecDeque::new(),
            on_wire: HashMap::new(),
            status_at: now,
            last_sign: now,
            stopping: None,
            confirming: None,
            waiting: None,
            receipt: None,
            events: topic(Channel::Event),
            statuses,
            receipts: topic(Channel::Ack),
            policies: topic(Channel::Policy),
            orders: topic(Channel::Order),
            answers: topic(Channel::Answer),
            views: topic(Channel::View),
            policy: node.policy.as_ref().map(|link| link.status()),
        }
    }

    pub(super) async fn run(mut self, stopping: &mut watch::Receiver<Stop>) -> End {
        let mut backlog = self.node.outbox.watch();
        loop {
            let connected = self.node.state.borrow().connected;
            if connected
                && self.stopping.is_none()
                && let Err(error) = self.feed().await
            {
                return End::Failed(error);
            }
            let wake_at = self.wake_at();
            tokio::select! {
                (events, event) = &mut self.next => {
                    self.next = next(events);
                    self.last_sign = Instant::now();
                    match event {
                        Ok(event) => if let Some(end) = self.handle(event) { return end },
                        Err(_) if self.stopping.is_some() => return End::Stopped,
                        Err(error) => return End::Failed(error.to_string()),
                    }
                }
                (heard, receipt, outcome) = confirmed(&mut self.confirming) => {
                    self.confirming = None;
                    self.handle_confirmed(heard, receipt, outcome);
                    if let Some((heard, receipt)) = self.waiting.take() {
                        self.confirm(heard, receipt);
                    }
                }
                changed = backlog.changed() => {
                    if changed.is_err() {
                        return End::Stopped;
                    }
                    let now = *backlog.borrow_and_update();
                    self.delivery.handle_outbox(now.head_seq, now.confirmed_seq, self.node.now());
                    self.tell_progress();
                }
                () = link::changed(&mut self.policy), if connected && self.stopping.is_none() => {
                    // Where an older one waits to be sent, the next one comes soon after.
                    self.status_at = match self.publish_status(NodeState::Online, Sent::Status) {
                        Told::Now => Instant::now() + self.node.limits.status_every,
                        Told::Later => Instant::now() + STATUS_AGAIN_AFTER,
                    };
                }
                answer = next_answer(self.node.orders.as_ref()), if connected => {
                    if let Err(error) = self.publish(self.answers.clone(), Retain::No, answer, Sent::Answer) {
                        warn!(error, "no room for the answer to an order");
                    }
                }
                () = stopped(stopping), if self.stopping.is_none() => {
                    if !connected {
                        return End::Stopped;
                    }
                    self.stopping = Some(Instant::now() + self.node.limits.stop_max);
                    self.publish_status(NodeState::Offline, Sent::GoodBye);
                }
                () = tokio::time::sleep_until(wake_at) => if let Some(end) = self.handle_timeout() { return end },
            }
        }
    }

    /// When something is due even if nothing happens.
    fn wake_at(&self) -> Instant {
        let silence_at = self.silence_at();
        match self.stopping {
            Some(at) => at.min(silence_at),
            None if !self.node.state.borrow().connected => silence_at,
            None => {
                let due = self.delivery.poll_timeout().map(|at| self.node.instant(at));
                due.into_iter().fold(self.status_at.min(silence_at), Instant::min)
            }
        }
    }

    /// When the connection counts as dead.
    fn silence_at(&self) -> Instant {
        self.last_sign + self.node.limits.silence_max
    }

    fn handle_timeout(&mut self) -> Option<End> {
        let now = Instant::now();
        if self.stopping.is_some_and(|at| at <= now) {
            return Some(End::Stopped);
        }
        if self.silence_at() <= now {
            let silence = self.node.limits.silence_max;
            return Some(End::Failed(format!("nothing moves on the connection for {silence:?}")));
        }
        if self.stopping.is_some() || !self.node.state.borrow().connected {
            return None;
        }
        if self.status_at <= now {
            self.publish_status(NodeState::Online, Sent::Status);
            self.status_at = now + self.node.limits.status_every;
        }
        match self.delivery.handle_timeout(self.node.now()) {
            Due::Nothing => {}
            Due::Hole => debug!("the hub misses events; they are sent again"),
            Due::Silence => {
                debug!("the hub is silent; one event is sent again, to ask");
                self.check_hub_forgot();
                // The receipt may have been lost on its way: subscribing makes the broker send the one it keeps.
                self.subscribe();
                self.tell_progress();
            }
        }
        None
    }

    /// Hands events to the client for as long as it has room.
    async fn feed(&mut self) -> Result<(), String> {
        loop {
            let room = REQUESTS_MAX.saturating_sub(self.queued.len()) as u64;
            let Some(seqs) = self.delivery.poll_send(room, self.node.now()) else {
                self.tell_progress();
                return Ok(());
            };
            let rows = self.node.outbox.rows(seqs).await.map_err(|error| chain(&error))?;
            for row in rows {
                self.publish(self.events.clone(), Retain::No, row.envelope, Sent::Event)?;
            }
        }
    }

    fn handle(&mut self, event: Event) -> Option<End> {
        match event {
            Event::Outgoing(Outgoing::Publish(number)) => {
                // The client sends in the order in which it was handed the messages.
                if let Some(sent) = self.queued.pop_front() {
                    self.on_wire.insert(number, sent);
                }
            }
            Event::Outgoing(Outgoing::Disconnect) => return Some(End::Stopped),
            Event::Outgoing(_) => {}
            Event::Incoming(packet) => {
                if let Packet::ConnAck(_) = packet {
                    self.greet();
                } else if let Packet::PubAck(answer) = packet {
                    self.handle_answer(answer.pkid, answer.reason);
                } else if let Packet::SubAck(answer) = packet {
                    self.handle_subscribed(&answer.return_codes);
                } else if let Packet::Publish(message) = packet {
                    self.handle_message(&message);
                }
            }
        }
        None
    }

    /// The broker let us in.
    fn greet(&mut self) {
        let Backlog { head_seq, confirmed_seq, rows, .. } = self.node.outbox.backlog();
        info!(broker = %self.node.broker.place(), backlog = rows, "connected to the broker");
        self.delivery = Delivery::new(self.node.pace(), head_seq, confirmed_seq);
        self.node.tell(|state| {
            *state =
                PublisherState { connected: true, unconfirmed: rows, alarm: state.alarm, ..PublisherState::default() };
        });
        self.subscribe();
        self.publish_status(NodeState::Online, Sent::Status);
        self.status_at = Instant::now() + self.node.limits.status_every;
    }

    fn handle_answer(&mut self, number: u16, reason: PubAckReason) {
        let Some(sent) = self.on_wire.remove(&number) else { return };
        let refusal = Refusal::of(reason);
        match sent {
            Sent::GoodBye => {
                // Where even that fails, the time for good-byes runs out by itself.
                let _ = self.client.try_disconnect();
                return;
            }
            // That nobody reads a status is no trouble; that we may not publish one is.
            // Nor that whoever ordered something does not wait for the answer.
            Sent::Status | Sent::Answer if refusal.is_none_or(|r| r == Refusal::NobodyListens) => return,
            Sent::Status | Sent::Answer => {}
            Sent::Event => {
                let answer = match refusal {
                    None => Answer::Accepted,
                    Some(Refusal::NobodyListens) => Answer::NobodyListens,
                    Some(_) => Answer::Refused,
                };
                self.delivery.handle_answer(answer, self.node.now());
            }
        }
        self.tell_refusal(refusal);
    }

    fn handle_subscribed(&mut self, answers: &[SubscribeReasonCode]) {
        // In the order of `topics`.
        let mut denied = answers.iter().map(|answer| !matches!(answer, SubscribeReasonCode::Success(_)));
        if denied.next() != Some(false) {
            self.tell_refusal(Some(Refusal::ReceiptsDenied));
        }
        let policy_denied = self.node.policy.is_some() && denied.next() == Some(true);
        let hearing = |denied: Option<bool>| match denied {
            None => Hearing::Unknown,
            Some(false) => Hearing::Granted,
            Some(true) => Hearing::Denied,
        };
        let orders = hearing(self.node.orders.as_ref().and_then(|_| denied.next()));
        let views = hearing(self.node.views.as_ref().and_then(|_| denied.next()));
        let (policy_was_denied, orders_before, views_before) = {
            let state = self.node.state.borrow();
            (state.policy_denied, state.orders, state.views)
        };
        if policy_denied && !policy_was_denied {
            warn!(topic = self.policies, "the broker does not let this node hear which policy the hub wants");
        }
        if orders == Hearing::Denied && orders_before != orders {
            warn!(topic = self.orders, "the broker does not let this node hear guards' orders");
        }
        if views == Hearing::Denied && views_before != views {
            warn!(topic = self.views, "the broker does not let this node hear who looks through its cameras");
        }
        self.node.tell(|state| (state.policy_denied, state.orders, state.views) = (policy_denied, orders, views));
    }

    fn tell_refusal(&self, refused: Option<Refusal>) {
        let before = self.node.state.borrow().refused;
        // An event that the broker takes says nothing about the receipts that it denies.
        if before == refused || (before == Some(Refusal::ReceiptsDenied) && refused.is_none()) {
            return;
        }
        match refused {
            Some(why) => warn!(%why, "events are not passed on; they wait on disk"),
            None => info!("the broker passes events on again"),
        }
        self.node.tell(|state| state.refused = refused);
    }

    fn handle_message(&mut self, message: &Publish) {
        if let Some(link) = self.node.policy.as_ref().filter(|_| message.topic.as_ref() == self.policies.as_bytes()) {
            link.deliver(&message.payload);
            return;
        }
        if let Some(link) = self.node.orders.as_ref().filter(|_| message.topic.as_ref() == self.orders.as_bytes()) {
            // A retained one was put there by somebody who does not know orders: it would come again with each connection.
            if message.retain {
                debug!("a retained message on the topic for orders is passed over");
            } else {
                link.deliver(&message.payload);
            }
            return;
        }
        if let Some(link) = self.node.views.as_ref().filter(|_| message.topic.as_ref() == self.views.as_bytes()) {
            link.deliver(&message.payload);
            return;
        }
        if message.topic.as_ref() != self.receipts.as_bytes() {
            debug!("the broker sent something that was not subscribed to");
            return;
        }
        let heard = if message.retain { Heard::Retained } else { Heard::Live };
        match serde_json::from_slice(&message.payload) {
            Ok(receipt) => self.confirm(heard, receipt),
            Err(error) => {
                warn!(topic = self.receipts, %error, "a message on the topic for receipts is not one");
                self.node.tell(|state| state.last_error = Some(format!("a receipt cannot be read: {error}")));
            }
        }
    }

    fn tell_progress(&self) {
        let (inflight, unconfirmed) = (self.delivery.in_flight(), self.node.outbox.backlog().rows);
        let overdue = self.delivery.is_overdue();
        let was_overdue = self.node.state.borrow().receipts_overdue;
        if overdue && !was_overdue {
            warn!(unconfirmed, "the broker takes events but no receipt of the hub arrives; events wait on disk");
        }
        self.node.tell(|state| {
            state.inflight = if state.connected { inflight } else { 0 };
            state.unconfirmed = unconfirmed;
            state.receipts_overdue = overdue;
        });
    }

    fn subscribe(&self) {
        // Where the queue has no room, the connection is stuck, and the next silence subscribes again.
        let filters = self.topics().map(|topic| Filter::new(topic, QoS::AtLeastOnce));
        if self.client.try_subscribe_many(filters).is_err() {
            debug!("no room to subscribe");
        }
    }

    /// What the node hears: receipts, policies, orders, requests for pictures.
    fn topics(&self) -> impl Iterator<Item = &String> {
        let policies = self.node.policy.as_ref().map(|_| &self.policies);
        let orders = self.node.orders.as_ref().map(|_| &self.orders);
        let views = self.node.views.as_ref().map(|_| &self.views);
        [&self.receipts].into_iter().chain(policies).chain(orders).chain(views)
    }

    fn publish_status(&mut self, state: NodeState, sent: Sent) -> Told {
        if sent == Sent::Status && self.queued.contains(&Sent::Status) {
            return Told::Later;
        }
        let status = to_json(&self.node.status(state));
        match self.publish(self.statuses.clone(), Retain::Yes, status, sent) {
            Ok(()) => Told::Now,
            Err(error) => {
                debug!(error, "no room to publish the status");
                Told::Later
            }
        }
    }

    fn publish(&mut self, topic: String, retain: Retain, payload: Vec<u8>, sent: Sent) -> Result<(), String> {
        let retain = retain == Retain::Yes;
        match self.client.try_publish(topic, QoS::AtLeastOnce, retain, payload) {
            Ok(()) => {
                self.queued.push_back(sent);
                Ok(())
            }
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Whether a status is on its way as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Now,
    Later,
}

/// Whether the broker keeps a message for those who come later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Retain {
    Yes,
    No,
}

fn to_json(status: &Status) -> Vec<u8> {
    serde_json::to_vec(status).expect("a status has only text and numbers")
}
