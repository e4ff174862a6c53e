//! Looking through cameras from here: asking nodes for pictures while somebody looks, and the newest picture of each.
//!
//! The hub cannot reach a node, so it asks by a signed message of a few seconds' life over the broker (`wire::view`), again
//! and again while somebody looks, and the node sends pictures over HTTP. Of each camera the newest picture is kept in
//! memory as long as somebody looks, and nowhere else: it is never written to the disk, the database or the log. What
//! comes when nobody looks is refused, which is how a node hears that it may stop.
//!
//! Several hubs that share one address name their own in each request (`[view] url`), so that pictures come to the hub at
//! which somebody looks.

mod asking;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use domain::{CameraId, NodeId, SiteId, UtcTime};
use tokio::sync::{Semaphore, watch};
use tokio::task::AbortHandle;
use wire::ViewKey;
use wire::view::{AskerId, ViewRefusal};

use crate::accounts::rate::{Asker, Rate, RateLimiter, Rates};
use crate::health::HealthBoard;
use crate::link::Link;

/// Cameras that are looked through at the same time. Each holds one picture of [`wire::view::FRAME_BYTES_MAX`] at most, so
/// this bounds their memory to 32 MiB; a further one is refused.
pub(crate) const CAMERAS_MAX: usize = 64;

/// Live views at the same time, of all cameras; a further one is refused.
pub(crate) const LIVE_MAX: usize = 64;

/// Live views of one account or key at the same time.
const LIVE_OF_ONE_MAX: usize = 4;

/// Pictures that are being taken in at the same time; a further one is dropped by its node.
pub(crate) const TAKING_MAX: usize = 32;

/// How often one account or key may begin to look.
const BEGIN_RATE: Rate = Rate { burst: 12.0, per_second: 0.5 };

/// What asks for pictures, and keeps the newest.
#[derive(Debug, Clone)]
pub(crate) struct Views(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    key: Option<ViewKey>,
    url: Option<String>,
    asker: AskerId,
    link: Link,
    health: HealthBoard,
    watched: Mutex<HashMap<(NodeId, CameraId), Watched>>,
    live: Mutex<HashMap<String, usize>>,
    taking: Arc<Semaphore>,
    limiter: RateLimiter,
}

/// A camera that somebody looks through.
#[derive(Debug)]
struct Watched {
    viewers: usize,
    news: watch::Sender<News>,
    asking: AbortHandle,
}

/// The newest of a camera.
#[derive(Debug, Clone, Default)]
pub(crate) struct News {
    /// Counts what came, so that a viewer knows what he has.
    pub(crate) number: u64,
    /// The newest picture.
    pub(crate) picture: Option<Picture>,
    /// Why there is none, where the node said so after the newest picture.
    pub(crate) refusal: Option<ViewRefusal>,
}

/// A picture in memory.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    pub(crate) jpeg: Bytes,
    /// When the camera's frame came, by the node's clock.
    pub(crate) captured_at: UtcTime,
    /// How old it was when it came here.
    age: Duration,
    received: Instant,
}

impl Picture {
    pub(crate) fn new(jpeg: Bytes, captured_at: UtcTime, age: Duration) -> Self {
        Self { jpeg, captured_at, age, received: Instant::now() }
    }

    /// How old it is, whatever the clocks of node and hub say.
    pub(crate) fn age(&self) -> Duration {
        self.age + self.received.elapsed()
    }
}

/// Why nobody can begin to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotBegun {
    /// The hub holds no key that nodes believe.
    NoKey,
    /// The hub has no connection to its broker.
    NoBroker,
    /// Too many cameras or views at the same time.
    TooMany,
    /// The asker began too often.
    TooOften(Duration),
}

/// Nobody looks through this camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotWanted;

impl Views {
    pub(crate) fn new(
        key: Option<ViewKey>,
        url: Option<String>,
        asker: AskerId,
        link: Link,
        health: HealthBoard,
    ) -> Self {
        let limiter = RateLimiter::new(Rates { account: BEGIN_RATE, api_key: BEGIN_RATE, address: BEGIN_RATE });
        let taking = Arc::new(Semaphore::new(TAKING_MAX));
        let (watched, live) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Inner { key, url, asker, link, health, watched, live, taking, limiter }))
    }

    /// Room to take in pictures.
    pub(crate) fn taking(&self) -> Arc<Semaphore> {
        Arc::clone(&self.0.taking)
    }

    /// Looks through a camera from now on, until what this gives is dropped.
    pub(crate) fn begin(
        &self,
        (site, node, camera): (&SiteId, &NodeId, &CameraId),
        asker: Asker,
    ) -> Result<Viewing, NotBegun> {
        if self.0.key.is_none() {
            return Err(NotBegun::NoKey);
        }
        if !self.0.health.get().broker {
            return Err(NotBegun::NoBroker);
        }
        self.0.limiter.take(asker, Instant::now()).map_err(NotBegun::TooOften)?;
        let place = (node.clone(), camera.clone());
        let mut watched = self.0.watched();
        let is_full = watched.len() >= CAMERAS_MAX;
        let news = match watched.get_mut(&place) {
            Some(known) => {
                known.viewers += 1;
                known.news.subscribe()
            }
            None if is_full => return Err(NotBegun::TooMany),
            None => {
                let (news, seen) = watch::channel(News::default());
                let asking = asking::ask(Arc::downgrade(&self.0), site.clone(), node.clone(), camera.clone());
                watched.insert(place.clone(), Watched { viewers: 1, news, asking });
                seen
            }
        };
        drop(watched);
        Ok(Viewing { views: self.clone(), place, news })
    }

    /// Counts one more live view of this caller; it counts until what this gives is dropped.
    pub(crate) fn live(&self, caller: String) -> Result<LiveView, NotBegun> {
        let mut live = self.0.live();
        let all: usize = live.values().sum();
        let own = live.get(&caller).copied().unwrap_or(0);
        if all >= LIVE_MAX || own >= LIVE_OF_ONE_MAX {
            return Err(NotBegun::TooMany);
        }
        live.insert(caller.clone(), own + 1);
        Ok(LiveView { views: self.clone(), caller })
    }

    /// Whether somebody looks through this camera.
    pub(crate) fn is_wanted(&self, node: &NodeId, camera: &CameraId) -> bool {
        self.0.watched().contains_key(&(node.clone(), camera.clone()))
    }

    /// Takes a picture, which replaces the one before. An older one changes nothing.
    pub(crate) fn show(&self, node: &NodeId, camera: &CameraId, picture: Picture) -> Result<(), NotWanted> {
        self.tell(node, camera, |news| {
            if news.picture.as_ref().is_some_and(|held| held.captured_at >= picture.captured_at) {
                return false;
            }
            (news.picture, news.refusal) = (Some(picture), None);
            true
        })
    }

    /// Hears why there is no picture.
    pub(crate) fn refuse(&self, node: &NodeId, camera: &CameraId, refusal: ViewRefusal) -> Result<(), NotWanted> {
        self.tell(node, camera, |news| {
            news.refusal = Some(refusal);
            true
        })
    }

    fn tell(&self, node: &NodeId, camera: &CameraId, change: impl FnOnce(&mut News) -> bool) -> Result<(), NotWanted> {
        let watched = self.0.watched();
        let known = watched.get(&(node.clone(), camera.clone())).ok_or(NotWanted)?;
        known.news.send_if_modified(|news| {
            let has_changed = change(news);
            news.number += u64::from(has_changed);
            has_changed
        });
        Ok(())
    }
}

impl Inner {
    fn watched(&self) -> MutexGuard<'_, HashMap<(NodeId, CameraId), Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn live(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who looks through a camera. Dropped with the last, its picture is forgotten and asked for no more.
#[derive(Debug)]
pub(crate) struct Viewing {
    views: Views,
    place: (NodeId, CameraId),
    pub(crate) news: watch::Receiver<News>,
}

impl Drop for Viewing {
    fn drop(&mut self) {
        let mut watched = self.views.0.watched();
        let Some(known) = watched.get_mut(&self.place) else { return };
        known.viewers -= 1;
        if known.viewers == 0 {
            known.asking.abort();
            watched.remove(&self.place);
        }
    }
}

/// One live view.
#[derive(Debug)]
pub(crate) struct LiveView {
    views: Views,
    caller: String,
}

impl Drop for LiveView {
    fn drop(&mut self) {
        let mut live = self.views.0.live();
        match live.get_mut(&self.caller) {
            Some(own) if *own > 1 => *own -= 1,
            Some(_) | None => drop(live.remove(&self.caller)),
        }
    }
}

#[cfg(test)]
mod tests;
