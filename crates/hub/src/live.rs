//! What changes, told to whoever watches: what is in the log at once, gates and nodes as whole new states a few times a second.

use std::collections::BTreeSet;
use std::slice;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{GateId, NodeId, SiteId, UtcTime};
use projections::ResetTime;
use store::{AlertRow, Area, LedgerMark, Store, StoreError, StoredEvent};
use tokio::sync::{Notify, broadcast, watch};
use tokio::time::Instant;
use tracing::warn;
use wire::Payload;

use crate::accounts::Permission;
use crate::api::view;
use crate::clock;

/// Updates that a watcher may lag behind; one that lags further is sent away and resumes from the log.
pub(crate) const UPDATES_MAX: usize = 2_048;

/// How often a gate or node is told of at most.
const REFRESH_EVERY: Duration = Duration::from_millis(250);

/// The share of the time that refreshing may take: a refresh that took long is followed by a rest four times as long.
const REST_FACTOR: u32 = 4;

/// So many gates are read one by one; more are read all at once.
const GATES_ONE_BY_ONE_MAX: usize = 16;

/// How often the date and the ledger are looked at: at its reset time a gate begins anew, and another process may have
/// entered a correction.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// One update, in the form in which it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Update {
    pub(crate) site: SiteId,
    pub(crate) what: What,
    /// Its place in the log, where it is there.
    pub(crate) pos: Option<u64>,
    pub(crate) json: Arc<str>,
}

/// What an update tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Passage,
    Plate,
    Decision,
    Lane,
    Incident,
    Alert,
    Gate,
    Site,
    Node,
    Blob,
}

impl What {
    /// The name of the event.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Passage => "passage",
            Self::Plate => "plate",
            Self::Decision => "decision",
            Self::Lane => "lane",
            Self::Incident => "incident",
            Self::Alert => "alert",
            Self::Gate => "gate",
            Self::Site => "site",
            Self::Node => "node",
            Self::Blob => "blob",
        }
    }

    /// What a watcher needs to be told of it.
    pub(crate) const fn permission(self) -> Permission {
        match self {
            Self::Passage | Self::Incident | Self::Blob => Permission::EventsRead,
            Self::Plate => Permission::PlatesRead,
            Self::Decision | Self::Lane => Permission::DecisionsRead,
            Self::Gate | Self::Site => Permission::FiguresRead,
            Self::Node => Permission::NodesRead,
            Self::Alert => Permission::AlertsRead,
        }
    }
}

/// What has changed since it was told of last: bounded by the number of gates and nodes.
#[derive(Debug, Default)]
struct Changed {
    gates: BTreeSet<(SiteId, GateId)>,
    nodes: BTreeSet<NodeId>,
    /// Nodes whose cameras or program changed, which shows at all their gates.
    gates_of: BTreeSet<NodeId>,
    all: bool,
}

/// What decides how many are inside besides passages, when it was looked at last.
#[derive(Debug, Default)]
struct Seen {
    mark: Option<LedgerMark>,
    times: BTreeSet<ResetTime>,
    /// When the running day of each reset time began.
    days: Vec<i64>,
}

impl Seen {
    /// Whether a day has begun somewhere, or somebody has entered something.
    async fn look(&mut self, store: &Store) -> Result<bool, StoreError> {
        let now = clock::now();
        let mark = Some(store.ledger_mark().await?);
        if mark != self.mark {
            self.times = store.reset_times(now).await?;
        }
        let days = self.times.iter().map(|time| time.last_minute(now)).collect();
        let is_first = self.mark.is_none();
        let has_changed = mark != self.mark || days != self.days;
        (self.mark, self.days) = (mark, days);
        Ok(has_changed && !is_first)
    }
}

/// How many are inside a site now.
pub(crate) async fn site_inside(store: &Store, site: SiteId, now: UtcTime) -> Result<view::SiteInside, StoreError> {
    let inside = store.insides(&Area { site: site.clone(), gate: None }, now).await?;
    Ok(view::SiteInside { site: site.to_string(), occupancy: (&inside).into() })
}

/// Where changes are reported and watched.
#[derive(Debug, Clone)]
pub(crate) struct Live {
    updates: broadcast::Sender<Update>,
    changed: Arc<Mutex<Changed>>,
    wake: Arc<Notify>,
}

impl Live {
    pub(crate) fn new() -> Self {
        Self { updates: broadcast::Sender::new(UPDATES_MAX), changed: Arc::default(), wake: Arc::default() }
    }

    pub(crate) fn watch(&self) -> broadcast::Receiver<Update> {
        self.updates.subscribe()
    }

    /// Whether anybody watches.
    pub(crate) fn is_watched(&self) -> bool {
        self.updates.receiver_count() > 0
    }

    fn change(&self, note: impl FnOnce(&mut Changed)) {
        note(&mut self.changed.lock().unwrap_or_else(PoisonError::into_inner));
        self.wake.notify_one();
    }

    /// Tells of events that were just committed.
    pub(crate) fn committed(&self, events: &[StoredEvent]) {
        if events.is_empty() {
            return;
        }
        self.change(|changed| {
            for event in events {
                changed.nodes.insert(event.node.clone());
                let gates = match &event.payload {
                    Some(Payload::Passed(passed)) => slice::from_ref(&passed.what.gate),
                    Some(Payload::Stayed(stayed)) => slice::from_ref(&stayed.what.gate),
                    Some(Payload::OccupancyChanged(occupancy)) => slice::from_ref(&occupancy.gate),
                    Some(Payload::PlateRead(read)) => &read.what.gates,
                    // Which gates a clip is of is in the event that it shows; those of its node are looked at again.
                    Some(Payload::CameraChanged(_) | Payload::NodeStarted(_) | Payload::EvidenceAdded(_)) => {
                        changed.gates_of.insert(event.node.clone());
                        &[]
                    }
                    Some(Payload::AccessDecided(decided)) => decided.what.gate.as_slice(),
                    Some(Payload::LaneChanged(change)) => change.gate.as_slice(),
                    Some(Payload::IncidentSeen(seen)) => slice::from_ref(&seen.what.gate),
                    Some(Payload::ClockJumped(_) | Payload::PolicyChanged(_)) | None => &[],
                };
                changed.gates.extend(gates.iter().map(|gate| (event.site.clone(), gate.clone())));
            }
        });
        if !self.is_watched() {
            return;
        }
        for event in events {
            if let Some(passage) = view::Passage::from_event(event) {
                self.logged(event, What::Passage, &passage);
            } else if let Some(plate) = view::Plate::from_event(event) {
                self.logged(event, What::Plate, &plate);
            } else if let Some(decision) = view::Decision::from_event(event) {
                self.logged(event, What::Decision, &decision);
            } else if let Some(change) = view::LaneChanged::from_event(event) {
                self.logged(event, What::Lane, &change);
            } else if let Some(incident) = view::Incident::from_event(event) {
                self.logged(event, What::Incident, &incident);
            }
        }
    }

    /// Tells that something about a node changed that is not in the log: its status, an alarm.
    pub(crate) fn node_changed(&self, node: &NodeId) {
        self.change(|changed| {
            changed.nodes.insert(node.clone());
        });
    }

    /// Tells of an alert that was raised, ended, acknowledged or closed.
    pub(crate) fn alert_changed(&self, alert: &AlertRow) {
        self.send(alert.site.clone(), What::Alert, None, &view::Alert::from(alert));
    }

    /// Tells that a medium of a node of `site` is here.
    pub(crate) fn blob_stored(&self, site: SiteId, blob: &view::Blob) {
        self.send(site, What::Blob, None, blob);
    }

    fn logged<T: serde::Serialize>(&self, event: &StoredEvent, what: What, view: &T) {
        self.send(event.site.clone(), what, Some(event.pos), view);
    }

    fn send<T: serde::Serialize>(&self, site: SiteId, what: What, pos: Option<u64>, view: &T) {
        let json = serde_json::to_string(view).expect("views have text keys and no failing parts");
        // Fails when nobody watches.
        let _ = self.updates.send(Update { site, what, pos, json: json.into() });
    }

    /// Reads and tells what changed, until the hub stops.
    pub(crate) async fn run(self, store: Store, mut stopping: watch::Receiver<bool>) {
        let mut seen = Seen::default();
        let mut has_failed = false;
        loop {
            tokio::select! {
                () = self.wake.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = stopping.wait_for(|stop| *stop) => return,
            }
            // What cannot be read now is looked at again in a second.
            if seen.look(&store).await.unwrap_or(false) {
                self.change(|changed| changed.all = true);
            }
            let changed = std::mem::take(&mut *self.changed.lock().unwrap_or_else(PoisonError::into_inner));
            if !self.is_watched() {
                continue;
            }
            let began = Instant::now();
            match self.refresh(&store, changed).await {
                Ok(()) => has_failed = false,
                Err(error) if !has_failed => {
                    has_failed = true;
                    warn!(
                        error = &error as &dyn std::error::Error,
                        "cannot read what changed; watchers see old figures"
                    );
                    self.change(|changed| changed.all = true);
                }
                Err(_) => self.change(|changed| changed.all = true),
            }
            let rest = REFRESH_EVERY.max(began.elapsed() * REST_FACTOR);
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                _ = stopping.wait_for(|stop| *stop) => return,
            }
        }
    }

    async fn refresh(&self, store: &Store, changed: Changed) -> Result<(), StoreError> {
        let now = clock::now();
        let Changed { gates, nodes, gates_of, all } = changed;
        let mut sites = BTreeSet::new();
        if all || !gates_of.is_empty() || gates.len() > GATES_ONE_BY_ONE_MAX {
            for gate in store.gates(None, now).await? {
                let is_changed = all
                    || gates.contains(&(gate.site.clone(), gate.gate.clone()))
                    || gate.nodes.iter().any(|node| gates_of.contains(node));
                if is_changed {
                    self.send(gate.site.clone(), What::Gate, None, &view::Gate::new(&gate, now));
                    sites.insert(gate.site);
                }
            }
        } else {
            for (site, gate) in &gates {
                for gate in store.gates(Some((site, gate)), now).await? {
                    self.send(site.clone(), What::Gate, None, &view::Gate::new(&gate, now));
                }
                sites.insert(site.clone());
            }
        }
        for site in sites {
            let inside = site_inside(store, site.clone(), now).await?;
            self.send(site, What::Site, None, &inside);
        }
        if all || !nodes.is_empty() {
            for node in store.nodes().await? {
                if all || nodes.contains(&node.node.node) {
                    self.send(node.node.site.clone(), What::Node, None, &view::Node::from(&node));
                }
            }
        }
        Ok(())
    }
}
