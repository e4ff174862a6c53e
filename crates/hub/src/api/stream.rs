//! Live updates as server-sent events.
//!
//! A watcher first gets the whole state, then what changes. Passages, plates, decisions, incidents and what happens at
//! lanes carry their place in the log, so that a watcher that comes back says what it had last and gets what it missed
//! from the log. One that cannot keep up is sent away: it comes back by itself.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use domain::SiteId;
use serde::{Deserialize, Serialize};
use store::StoreError;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_stream::wrappers::ReceiverStream;
use utoipa::{IntoParams, ToSchema};

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::accounts::reception::LoginFailure;
use crate::api::App;
use crate::api::params::Params;
use crate::api::problem::Problem;
use crate::api::view::{Decision, Gate, Incident, LaneChanged, Node, Passage, Plate};
use crate::clock;
use crate::live::{Update, What, site_inside};

/// Events that wait for a slow watcher in memory; beyond it the watcher's share of
/// [`UPDATES_MAX`](crate::live::UPDATES_MAX) fills.
const WAITING_MAX: usize = 64;

/// A watcher that takes nothing for so long is sent away.
const STALL_MAX: Duration = Duration::from_secs(10);

/// How often it is looked whether a watcher would still be let in.
const KNOW_AGAIN_EVERY: Duration = Duration::from_secs(10);

/// How often a sign of life is sent when there is nothing to tell.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Events of the log that a watcher may have missed; after more it is told to load everything again.
const MISSED_MAX: u64 = 2_000;

/// Events read from the log at a time.
const PAGE_EVENTS: u32 = 500;

/// Where to go on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamParams {
    /// The place in the log up to which everything is known, such as the `pos` of `/api/v1/passages`. The header
    /// `Last-Event-ID` goes before it.
    after: Option<u64>,
}

/// The first event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Hello {
    /// The end of the log.
    pos: u64,
    /// Version of the hub: a page that was loaded from another one may load itself again.
    version: &'static str,
}

/// Everything has to be loaded again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Reset {
    /// Why.
    reason: &'static str,
}

/// Live updates: events `hello`, `gate`, `site`, `node`, `passage`, `plate`, `decision`, `lane`, `incident`, `alert`, `blob`
/// and `reset`, each with the JSON of its schema (`site`: SiteInside). Only of sites and kinds of events that the watcher may
/// see.
#[utoipa::path(get, path = "/api/v1/stream", tag = "events",
    params(StreamParams, ("last-event-id" = Option<u64>, Header, description = "Id of the last event that was seen")),
    responses(
        (status = 200, description = "Server-sent events", content_type = "text/event-stream", body = String),
        (status = 400, body = Problem),
        (status = 503, description = "Too many watchers", body = Problem),
    ))]
pub(crate) async fn stream(
    State(app): State<App>,
    caller: Caller,
    Params(params): Params<StreamParams>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let last = match headers.get("last-event-id") {
        None => params.after,
        Some(text) => {
            let read = text.to_str().ok().and_then(|text| text.parse().ok());
            let problem = || Problem::bad_request("last-event-id: the id of an event of this stream is accepted");
            Some(read.ok_or_else(problem)?)
        }
    };
    let permit = app.streams.clone().try_acquire_owned();
    let permit = permit.map_err(|_| Problem::later("too many watchers at once; come back later"))?;
    let (events, stream) = mpsc::channel(WAITING_MAX);
    tokio::spawn(async move {
        let mut stopping = app.stopping.clone();
        let watcher = Watcher { app, caller, events };
        tokio::select! {
            gone = watcher.run(last) => if let Err(Gone::Failed(error)) = gone {
                tracing::warn!(error = &error as &dyn std::error::Error, "a watcher was sent away");
            },
            _ = stopping.wait_for(|stop| *stop) => {}
        }
        drop(permit);
    });
    Ok(Sse::new(ReceiverStream::new(stream)).keep_alive(KeepAlive::new().interval(HEARTBEAT)))
}

struct Watcher {
    app: App,
    caller: Caller,
    events: mpsc::Sender<Result<Event, Infallible>>,
}

/// Why a watcher is served no longer.
enum Gone {
    Away,
    /// The session is over or the key was taken back: whoever it was has to come in anew.
    Over,
    Failed(StoreError),
}

impl From<StoreError> for Gone {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl Watcher {
    async fn run(&self, last: Option<u64>) -> Result<(), Gone> {
        // Watching begins before the log is read, so that nothing falls in between.
        let mut updates = self.app.live.watch();
        let end = self.app.store.event_last_pos().await?;
        let hello = Hello { pos: end, version: env!("CARGO_PKG_VERSION") };
        // Its id counts as seen: so it is that of what the watcher had, until it has the rest.
        let had = last.unwrap_or(end).min(end);
        self.send("hello", Some(had), &json(&hello)).await?;
        self.state().await?;
        if last.is_some_and(|last| last > end) {
            self.reset("the log is shorter than what was seen: the hub has another database", end).await?;
        } else if end - had > MISSED_MAX {
            self.reset("too much was missed", end).await?;
        } else {
            self.missed(had, end).await?;
        }
        let mut looks = tokio::time::interval(KNOW_AGAIN_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        looks.tick().await;
        loop {
            let update = tokio::select! {
                update = updates.recv() => update,
                _ = looks.tick() => {
                    self.look().await?;
                    continue;
                }
            };
            match update {
                Ok(update) if update.pos.is_some_and(|pos| pos <= end) => {}
                Ok(Update { site, what, pos, json }) => self.tell(&site, what, pos, &json).await?,
                // It comes back and resumes from the log.
                Err(RecvError::Lagged(_) | RecvError::Closed) => return Err(Gone::Away),
            }
        }
    }

    /// Sends the watcher away once nobody would let him in any more.
    async fn look(&self) -> Result<(), Gone> {
        match self.app.reception.know_again(&self.caller).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(Gone::Over),
            Err(LoginFailure::Store(error)) => Err(Gone::Failed(error)),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a watcher cannot be looked at again");
                Err(Gone::Over)
            }
        }
    }

    async fn state(&self) -> Result<(), Gone> {
        let now = clock::now();
        let mut sites = BTreeSet::new();
        let visible = self.caller.sites(Permission::FiguresRead);
        for gate in self.app.store.gates(None, now).await?.into_iter().filter(|gate| visible.includes(&gate.site)) {
            self.send("gate", None, &json(&Gate::new(&gate, now))).await?;
            sites.insert(gate.site);
        }
        for site in sites {
            self.send("site", None, &json(&site_inside(&self.app.store, site, now).await?)).await?;
        }
        let visible = self.caller.sites(Permission::NodesRead);
        for node in self.app.store.nodes().await?.iter().filter(|node| visible.includes(&node.node.site)) {
            self.send("node", None, &json(&Node::from(node))).await?;
        }
        Ok(())
    }

    async fn missed(&self, mut had: u64, end: u64) -> Result<(), Gone> {
        while had < end {
            let page = self.app.store.events_after(had, PAGE_EVENTS).await?;
            for event in page.iter().take_while(|event| event.pos <= end) {
                let told = if let Some(passage) = Passage::from_event(event) {
                    Some((What::Passage, json(&passage)))
                } else if let Some(plate) = Plate::from_event(event) {
                    Some((What::Plate, json(&plate)))
                } else if let Some(decision) = Decision::from_event(event) {
                    Some((What::Decision, json(&decision)))
                } else if let Some(change) = LaneChanged::from_event(event) {
                    Some((What::Lane, json(&change)))
                } else {
                    Incident::from_event(event).map(|incident| (What::Incident, json(&incident)))
                };
                if let Some((what, json)) = told {
                    self.tell(&event.site, what, Some(event.pos), &json).await?;
                }
            }
            had = page.last().map_or(end, |event| event.pos);
        }
        Ok(())
    }

    /// Sends an update, unless it is of a site or kind that the watcher may not see.
    async fn tell(&self, site: &SiteId, what: What, pos: Option<u64>, json: &str) -> Result<(), Gone> {
        if !self.caller.sees(what.permission(), site) {
            return Ok(());
        }
        self.send(what.name(), pos, json).await
    }

    /// What was missed counts as seen from here on.
    async fn reset(&self, reason: &'static str, end: u64) -> Result<(), Gone> {
        self.send("reset", Some(end), &json(&Reset { reason })).await
    }

    async fn send(&self, name: &str, id: Option<u64>, json: &str) -> Result<(), Gone> {
        let event = Event::default().event(name).data(json);
        let event = match id {
            Some(id) => event.id(id.to_string()),
            None => event,
        };
        self.events.send_timeout(Ok(event), STALL_MAX).await.map_err(|_| Gone::Away)
    }
}

fn json<T: Serialize>(what: &T) -> String {
    serde_json::to_string(what).expect("views have text keys and no failing parts")
}
