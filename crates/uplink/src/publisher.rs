//! Delivers the outbox to the hub, through an MQTT 5 broker.
//!
//! One task owns the connection. It publishes the oldest unconfirmed events, a window of them at a time, and lets go
//! of what the hub's receipts cover ([`wire::ack`]). Whatever goes wrong, the task drops the connection, waits and
//! makes a new one; the outbox says where to go on. Events may arrive twice; the hub knows them by their number.

mod connection;
mod delivery;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use domain::MonoTime;
use rumqttc::v5::mqttbytes::v5::PubAckReason;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::{info, warn};
use wire::{EventHash, NodeHealth, NodeState, Status};

use crate::backoff::Backoff;
use crate::broker::{BrokerConfig, KEEP_ALIVE};
use crate::orders::OrderLink;
use crate::outbox::{Backlog, Outbox};
use crate::policy::PolicyLink;
use crate::views::ViewLink;
use crate::{ClockReading, WallClock};
use connection::{Connection, End};
use delivery::Pace;

/// Most events that are published and not confirmed; the others wait on disk.
pub const WINDOW: u16 = 256;

/// A connection that lasted this long was a good one: the next failure is retried soon.
const GOOD_AFTER: Duration = Duration::from_secs(5);

/// Three keep-alives. The client notices a broker that does not answer after two; this is for a network that swallows
/// what we write, where the client would wait for as long as TCP does.
const SILENCE_MAX: Duration = KEEP_ALIVE.saturating_mul(3);

/// How patient the publisher is. Tests want it nervous.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most events that are published and not confirmed: [`WINDOW`].
    pub window: u16,
    /// How long to wait for a receipt before asking with one event; doubles up to `resend_after_max`.
    pub resend_after: Duration,
    /// Longest wait for a receipt.
    pub resend_after_max: Duration,
    /// How long a hole in the hub's receipts may last before the missing events are sent again.
    pub hole_after: Duration,
    /// How long to wait before the first reconnection; doubles up to `reconnect_after_max`.
    pub reconnect_after: Duration,
    /// Longest wait before a reconnection.
    pub reconnect_after_max: Duration,
    /// Longest time for which nothing may happen on a connection before it counts as dead. A healthy one shows a sign
    /// with every keep-alive, each 15 s.
    pub silence_max: Duration,
    /// How often the node's status is published.
    pub status_every: Duration,
    /// How long [`PublisherHandle::stop`] tries to say good-bye.
    pub stop_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            window: WINDOW,
            resend_after: Duration::from_secs(30),
            resend_after_max: Duration::from_secs(600),
            hole_after: Duration::from_secs(2),
            reconnect_after: Duration::from_millis(500),
            reconnect_after_max: Duration::from_secs(30),
            silence_max: SILENCE_MAX,
            status_every: Duration::from_secs(30),
            stop_max: Duration::from_secs(3),
        }
    }
}

/// Why a broker does not pass events on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No hub subscribes: the broker throws events away. They stay here.
    NobodyListens,
    /// The node may not publish its events there.
    NotAuthorised,
    /// The broker's quota for the node is used up.
    QuotaExceeded,
    /// The node may not read its receipts there.
    ReceiptsDenied,
    /// Another of MQTT's reasons.
    Other(&'static str),
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NobodyListens => f.write_str("no hub is subscribed to the node's events"),
            Self::NotAuthorised => f.write_str("the broker does not let this node publish its events (not authorised)"),
            Self::QuotaExceeded => f.write_str("the broker's quota for this node is used up"),
            Self::ReceiptsDenied => f.write_str("the broker does not let this node subscribe to its receipts"),
            Self::Other(reason) => write!(f, "the broker refuses events: {reason}"),
        }
    }
}

impl Refusal {
    fn of(reason: PubAckReason) -> Option<Self> {
        match reason {
            PubAckReason::Success => None,
            PubAckReason::NoMatchingSubscribers => Some(Self::NobodyListens),
            PubAckReason::NotAuthorized => Some(Self::NotAuthorised),
            PubAckReason::QuotaExceeded => Some(Self::QuotaExceeded),
            PubAckReason::UnspecifiedError => Some(Self::Other("unspecified error")),
            PubAckReason::ImplementationSpecificError => Some(Self::Other("implementation specific error")),
            PubAckReason::TopicNameInvalid => Some(Self::Other("topic name invalid")),
            PubAckReason::PacketIdentifierInUse => Some(Self::Other("packet identifier in use")),
            PubAckReason::PayloadFormatInvalid => Some(Self::Other("payload format invalid")),
        }
    }
}

/// Something that does not mend itself: the events stay here until somebody looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// The hub's receipt speaks of another chain than ours.
    OtherChain {
        /// The number that it confirms.
        seq: u64,
        /// The hash that the hub has for it.
        theirs: EventHash,
        /// The hash that we have; nothing where there never was such an event here.
        ours: Option<EventHash>,
    },
    /// The hub misses events that it had confirmed and that are therefore no longer here: its database was restored.
    HubForgot {
        /// What it confirms now.
        committed_seq: u64,
        /// What it had confirmed.
        confirmed_seq: u64,
    },
}

/// What the publisher is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PublisherState {
    /// Whether the broker has let us in.
    pub connected: bool,
    /// What went wrong last, until it works again.
    pub last_error: Option<String>,
    /// Events that this connection published and the hub has not confirmed.
    pub inflight: u64,
    /// Events that the hub has not confirmed.
    pub unconfirmed: u64,
    /// Why the broker does not pass events on.
    pub refused: Option<Refusal>,
    /// Whether the broker takes events, and the hub has not confirmed any for too long.
    pub receipts_overdue: bool,
    /// What needs a person.
    pub alarm: Option<Alarm>,
    /// Whether the broker does not let the node hear which policy the hub wants.
    pub policy_denied: bool,
    /// Whether the node hears guards' orders.
    pub orders: Hearing,
    /// Whether the node hears who wants to look through its cameras.
    pub views: Hearing,
}

/// Whether the broker lets the node hear a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hearing {
    /// It was not asked, or has not answered.
    #[default]
    Unknown,
    /// It does.
    Granted,
    /// It does not.
    Denied,
}

/// Says how the node and its cameras are; nothing before they have been looked at.
#[derive(Clone)]
pub struct HealthLook(Arc<dyn Fn() -> Option<NodeHealth> + Send + Sync>);

impl HealthLook {
    /// Asks `look` whenever a status is published. It is asked between messages: it must not take long.
    pub fn new(look: impl Fn() -> Option<NodeHealth> + Send + Sync + 'static) -> Self {
        Self(Arc::new(look))
    }
}

impl fmt::Debug for HealthLook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HealthLook")
    }
}

/// What else the publisher's connection says and hears for the node.
#[derive(Debug, Clone, Default)]
pub struct Links {
    /// Which policy the hub wants; what becomes of it is in the node's status at once.
    pub policy: Option<PolicyLink>,
    /// Guards' orders; the answers to them go out by the same connection.
    pub orders: Option<OrderLink>,
    /// Who wants to look through its cameras.
    pub views: Option<ViewLink>,
    /// How it and its cameras are, for its status.
    pub health: Option<HealthLook>,
}

/// Starts the delivery of an outbox.
#[derive(Debug)]
pub struct Publisher;

/// A running delivery. Dropping it stops the delivery as a power cut would: the broker announces the node as offline.
#[derive(Debug)]
pub struct PublisherHandle {
    state: watch::Receiver<PublisherState>,
    backlog: watch::Receiver<Backlog>,
    stop: watch::Sender<Stop>,
    task: JoinHandle<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    NotYet,
    Now,
}

impl Publisher {
    /// Delivers `outbox` through `broker` until stopped. Never fails for good: what goes wrong is in the state, and
    /// tried again. `version` is that of the program; `clock` tells the time of the status.
    pub fn start(
        outbox: Outbox,
        broker: BrokerConfig,
        limits: Limits,
        version: impl Into<String>,
        clock: WallClock,
    ) -> PublisherHandle {
        Self::start_with(outbox, broker, limits, version, clock, Links::default())
    }

    /// As [`Publisher::start`], and hears for the other end of `link` which policy the hub wants; what becomes of it is in
    /// the node's status at once.
    pub fn start_with_policy(
        outbox: Outbox,
        broker: BrokerConfig,
        limits: Limits,
        version: impl Into<String>,
        clock: WallClock,
        link: PolicyLink,
    ) -> PublisherHandle {
        let links = Links { policy: Some(link), ..Links::default() };
        Self::start_with(outbox, broker, limits, version, clock, links)
    }

    /// As [`Publisher::start`], and hears for the other ends of `links`.
    pub fn start_with(
        outbox: Outbox,
        broker: BrokerConfig,
        limits: Limits,
        version: impl Into<String>,
        clock: WallClock,
        links: Links,
    ) -> PublisherHandle {
        let (version, Links { policy, orders, views, health }) = (version.into(), links);
        let unconfirmed = outbox.backlog().rows;
        let (state, watched) = watch::channel(PublisherState { unconfirmed, ..PublisherState::default() });
        let (stop, stopping) = watch::channel(Stop::NotYet);
        let backlog = outbox.watch();
        let epoch = Instant::now();
        let node = Node { outbox, broker, limits, version, clock, policy, orders, views, health, state, epoch };
        let task = tokio::spawn(run(Arc::new(node), stopping));
        PublisherHandle { state: watched, backlog, stop, task }
    }
}

impl PublisherHandle {
    /// Follows what the publisher is doing.
    pub fn watch(&self) -> watch::Receiver<PublisherState> {
        self.state.clone()
    }

    /// Waits until the hub has confirmed everything.
    pub async fn confirmed_all(&self) {
        // Fails where the outbox was closed: then nobody will confirm anything.
        let _ = self.backlog.clone().wait_for(|backlog| backlog.rows == 0).await;
    }

    /// Publishes that the node goes offline, disconnects and ends; what is not confirmed stays in the outbox.
    pub async fn stop(mut self) {
        self.stop.send_replace(Stop::Now);
        // It ends by itself, or panicked, which was logged.
        let _ = (&mut self.task).await;
    }
}

impl Drop for PublisherHandle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What every connection of a publisher shares.
struct Node {
    outbox: Outbox,
    broker: BrokerConfig,
    limits: Limits,
    version: String,
    clock: WallClock,
    policy: Option<PolicyLink>,
    orders: Option<OrderLink>,
    views: Option<ViewLink>,
    health: Option<HealthLook>,
    state: watch::Sender<PublisherState>,
    epoch: Instant,
}

impl Node {
    fn now(&self) -> MonoTime {
        MonoTime::from_micros(u64::try_from(self.epoch.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    fn instant(&self, at: MonoTime) -> Instant {
        self.epoch + Duration::from_micros(at.as_micros())
    }

    fn pace(&self) -> Pace {
        let Limits { window, resend_after, resend_after_max, hole_after, .. } = self.limits;
        Pace { window: u64::from(window.max(1)), resend_after, resend_after_max, hole_after }
    }

    /// Changes the state, and wakes those who follow it where it is another then.
    fn tell(&self, change: impl FnOnce(&mut PublisherState)) {
        self.state.send_if_modified(|state| {
            let before = state.clone();
            change(state);
            *state != before
        });
    }

    fn status(&self, state: NodeState) -> Status {
        let ClockReading { at, quality } = (self.clock)();
        let backlog = Some(self.outbox.backlog().rows);
        let policy = self.policy.as_ref().map(|link| link.status().borrow().clone());
        let health = self.health.as_ref().and_then(|HealthLook(look)| look());
        Status { state, version: self.version.clone(), at: Some(at), backlog, clock: Some(quality), policy, health }
    }

    /// What the broker says of the node when the connection is lost.
    fn last_will(&self) -> Status {
        let version = self.version.clone();
        let state = NodeState::Offline;
        Status { state, version, at: None, backlog: None, clock: None, policy: None, health: None }
    }
}

async fn run(node: Arc<Node>, mut stopping: watch::Receiver<Stop>) {
    let Limits { reconnect_after, reconnect_after_max, .. } = node.limits;
    let mut backoff = Backoff::new(node.outbox.node().as_str(), reconnect_after, reconnect_after_max);
    let broker = node.broker.place();
    while *stopping.borrow() == Stop::NotYet {
        let began = Instant::now();
        let end = Connection::new(&node).run(&mut stopping).await;
        node.tell(|state| {
            state.connected = false;
            state.inflight = 0;
        });
        let error = match end {
            End::Stopped => break,
            End::Failed(error) => error,
        };
        if began.elapsed() >= GOOD_AFTER {
            backoff.reset();
        }
        let wait = backoff.after_failure();
        let error = format!("broker {broker}: {error}");
        if node.state.borrow().last_error.as_ref() != Some(&error) {
            warn!(%error, backlog = node.outbox.backlog().rows, "no connection to the broker; events wait on disk");
        }
        node.tell(|state| state.last_error = Some(error));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stopped(&mut stopping) => {}
        }
    }
    info!(%broker, "the publisher stopped");
}

/// Waits until the publisher shall stop, or nobody is left to say so.
async fn stopped(stopping: &mut watch::Receiver<Stop>) {
    let _ = stopping.wait_for(|stop| *stop == Stop::Now).await;
}
