//! The cameras as they are looked through from the hub: pictures while somebody there asks for them, and only then.
//!
//! A camera offers a frame once everything about it is decided, at most as often as pictures are wanted, and only a frame
//! that the detector has looked at: where persons are is known of that very frame. The offer is a copy of the frame, or
//! nothing where the last picture is still being made or sent; nothing waits in a queue, and nothing that the camera does
//! waits for anything here. One thread of low priority for all cameras ([`maker`]) covers, draws, encodes and sends.
//!
//! Persons' heads are coarsened in every picture, as in those that are stored; who or what a gate's profile does not allow
//! to be pictured is coarsened as a whole ([`scene`]).

mod maker;
mod scene;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use domain::{CameraId, Detection, GateId, I420View, TrackObservation};
use inference::cover::OwnFrame;
use inference::picture::Mark;
use tokio::task::JoinHandle;
use uplink::views::{Admission, Wanted};
use uplink::{Tls, ViewLink, ViewPost, ViewPostConfig, Viewings, WallClock};
use wire::policy::TrustedKeys;
use wire::view::ViewRefusal;
use wire::{NodeKey, ViewRequest};

use crate::board::Board;
use crate::config::NodeConfig;
use crate::config::view::{ViewConfig, ViewPermission};
use crate::rules::{Rules, RulesInForce};
use crate::watch::one_line;
use maker::Maker;
use scene::{Found, Memory};

/// While load is shed a picture is made this seldom at most: what is decided goes before what is looked at.
pub const UNDER_LOAD_EVERY: Duration = Duration::from_secs(2);

/// How often a message that is not believed is told of.
const UNBELIEVED_EVERY: Duration = Duration::from_secs(600);

/// A frame that somebody will see.
#[derive(Debug)]
struct Sight {
    frame: OwnFrame,
    captured: Instant,
    found: Vec<Found>,
    marks: Vec<Mark>,
    rules: Arc<Rules>,
}

/// What a camera and the maker of pictures share.
#[derive(Debug)]
struct Place {
    camera: CameraId,
    gates: Vec<GateId>,
    epoch: Instant,
    /// Until when somebody looks, in milliseconds since `epoch`; what a camera reads of every frame.
    until_ms: AtomicU64,
    slot: Mutex<Slot>,
}

#[derive(Debug, Default)]
struct Slot {
    wanted: Option<Wanted>,
    sight: Option<Sight>,
    /// The maker is at work on a picture of this camera.
    is_busy: bool,
    offered: Option<Instant>,
}

impl Place {
    fn lock(&self) -> MutexGuard<'_, Slot> {
        // Each change is a single assignment, so a panic leaves it whole.
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the camera is looked at from now on.
    fn set(&self, wanted: Option<Wanted>) {
        let until = wanted.map_or(Duration::ZERO, |wanted| wanted.until.saturating_duration_since(self.epoch));
        self.until_ms.store(u64::try_from(until.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        let mut slot = self.lock();
        slot.wanted = wanted;
        if wanted.is_none() {
            slot.sight = None;
        }
    }

    fn is_watched(&self, now: Instant) -> bool {
        let until = Duration::from_millis(self.until_ms.load(Ordering::Relaxed));
        now.saturating_duration_since(self.epoch) < until
    }
}

/// Something that is told in place of pictures.
#[derive(Debug)]
struct Refused {
    camera: CameraId,
    url: Option<String>,
    refusal: ViewRefusal,
}

/// Most refusals that wait to be told; of more, the newcomer is dropped. Whoever asked asks again.
const REFUSALS_MAX: usize = 8;

/// What all cameras of the node share.
#[derive(Debug)]
struct Shared {
    places: Vec<Arc<Place>>,
    viewings: Mutex<Viewings>,
    refusals: Mutex<Vec<Refused>>,
    /// When the line is free again, in milliseconds since `epoch`.
    free_ms: AtomicU64,
    epoch: Instant,
    stop: AtomicBool,
    wake: SyncSender<()>,
}

impl Shared {
    fn viewings(&self) -> MutexGuard<'_, Viewings> {
        self.viewings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refuse(&self, refused: Refused) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        if refusals.len() < REFUSALS_MAX {
            refusals.push(refused);
        }
    }

    fn refused(&self) -> Vec<Refused> {
        std::mem::take(&mut *self.refusals.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Has the maker look whether there is something to do. One call that was not heard yet is enough.
    fn wake(&self) {
        let _ = self.wake.try_send(());
    }

    fn is_line_free(&self, now: Instant) -> bool {
        let free = Duration::from_millis(self.free_ms.load(Ordering::Relaxed));
        now.saturating_duration_since(self.epoch) >= free
    }
}

/// The view of one camera, from the camera's side.
#[derive(Debug)]
pub struct CameraView {
    place: Arc<Place>,
    shared: Arc<Shared>,
    rules: Arc<RulesInForce>,
    fps_max: u8,
    memory: Memory,
}

impl CameraView {
    /// The detector has looked at the frame that came at `captured`.
    pub fn seen(&mut self, detections: &[Detection], tracks: &[TrackObservation], captured: Instant) {
        if self.place.is_watched(captured) {
            self.memory.see(detections, tracks, captured);
        } else {
            self.memory.forget();
        }
    }

    /// Offers that very frame, of which a copy is made where a picture is due. `shed_level` is how many steps of load the
    /// node sheds.
    pub fn offer(&mut self, frame: &I420View<'_>, board: &Board, shed_level: usize, captured: Instant) {
        if !self.place.is_watched(captured) || !self.shared.is_line_free(Instant::now()) {
            return;
        }
        // Somebody may have begun to look since the detector did: who is in this frame is not known here.
        let Some(found) = self.memory.of(captured) else { return };
        // Whoever holds the lock is of low priority: the camera does not wait for it.
        let mut slot = match self.place.slot.try_lock() {
            Ok(slot) => slot,
            Err(TryLockError::Poisoned(slot)) => slot.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let Some(wanted) = slot.wanted else { return };
        let every = Duration::from_secs(1) / u32::from(wanted.fps_max.min(self.fps_max).max(1));
        let every = if shed_level > 0 { every.max(UNDER_LOAD_EVERY) } else { every };
        // A tenth less, so that a camera of the wanted rate is not halved by its own unsteadiness.
        let is_due = slot.offered.is_none_or(|at| captured.saturating_duration_since(at) >= every * 9 / 10);
        if !is_due || slot.is_busy || slot.sight.is_some() {
            return;
        }
        slot.offered = Some(captured);
        slot.sight = Some(Sight {
            frame: OwnFrame::copy_of(frame),
            captured,
            found: found.to_vec(),
            marks: board.marks(),
            rules: self.rules.now(),
        });
        drop(slot);
        self.shared.wake();
    }
}

/// The views of a node's cameras. Dropped, no more pictures are made; the one in hand may still be sent.
#[derive(Debug)]
pub(crate) struct Views {
    shared: Arc<Shared>,
    rules: Arc<RulesInForce>,
    fps_max: u8,
    hearing: JoinHandle<()>,
}

impl Drop for Views {
    fn drop(&mut self) {
        self.hearing.abort();
        self.shared.stop.store(true, Ordering::Relaxed);
        self.shared.wake();
    }
}

impl Views {
    /// Listens for requests from now on; nothing where the node believes nobody, or has no hub to send pictures to.
    pub(crate) fn start(
        config: &NodeConfig,
        key: &NodeKey,
        tls: Option<&Tls>,
        rules: &Arc<RulesInForce>,
        clock: WallClock,
    ) -> Result<Option<(Self, ViewLink)>> {
        let (Some(trusted), Some(hub_url)) = (&config.trusted_views, &config.hub_url) else { return Ok(None) };
        let (node, tls) = (config.node.clone(), tls.cloned());
        let post = ViewPostConfig { hub_url: hub_url.clone(), node, key: key.clone(), tls };
        let post = ViewPost::new(post, Arc::clone(&clock))?;
        let epoch = Instant::now();
        let place = |camera: &CameraId| {
            let gates = config.gates.iter().filter(|gate| gate.camera == *camera).map(|gate| gate.id.clone());
            let (camera, gates) = (camera.clone(), gates.collect());
            Arc::new(Place { camera, gates, epoch, until_ms: AtomicU64::new(0), slot: Mutex::default() })
        };
        let places = config.cameras.iter().map(|camera| place(&camera.id)).collect();
        let (wake, wakes) = sync_channel(1);
        let shared = Arc::new(Shared {
            places,
            viewings: Mutex::default(),
            refusals: Mutex::default(),
            free_ms: AtomicU64::new(0),
            epoch,
            stop: AtomicBool::new(false),
            wake,
        });
        let maker = Maker { shared: Arc::clone(&shared), post, view: config.view.clone(), wakes };
        std::thread::Builder::new()
            .name("views".to_owned())
            .spawn(move || maker.run())
            .context("cannot start the thread that makes pictures for the hub")?;
        let (link, heard) = ViewLink::new();
        let ear = Ear {
            shared: Arc::clone(&shared),
            view: config.view.clone(),
            site: config.site.clone(),
            node: config.node.clone(),
            trusted: trusted.clone(),
            clock,
            told_at: None,
        };
        let hearing = tokio::spawn(ear.run(heard));
        let fps_max = config.view.fps_max;
        Ok(Some((Self { shared, rules: Arc::clone(rules), fps_max, hearing }, link)))
    }

    /// The view of the camera with this number.
    pub(crate) fn camera(&self, number: usize) -> CameraView {
        CameraView {
            place: Arc::clone(&self.shared.places[number]),
            shared: Arc::clone(&self.shared),
            rules: Arc::clone(&self.rules),
            fps_max: self.fps_max,
            memory: Memory::default(),
        }
    }
}

/// What hears requests.
struct Ear {
    shared: Arc<Shared>,
    view: ViewConfig,
    site: domain::SiteId,
    node: domain::NodeId,
    trusted: TrustedKeys,
    clock: WallClock,
    told_at: Option<Instant>,
}

impl Ear {
    async fn run(mut self, mut heard: tokio::sync::mpsc::Receiver<Vec<u8>>) {
        while let Some(message) = heard.recv().await {
            match ViewRequest::open(&message, &self.trusted, &self.site, &self.node) {
                Ok(request) => self.take(&request),
                Err(error) => self.pass_over(&one_line(&error)),
            }
        }
    }

    fn pass_over(&mut self, why: &str) {
        if self.told_at.is_none_or(|at| at.elapsed() >= UNBELIEVED_EVERY) {
            self.told_at = Some(Instant::now());
            tracing::warn!(
                why,
                "a request for pictures is not taken; others of the kind are told at DEBUG for a while"
            );
        } else {
            tracing::debug!(why, "a request for pictures is not taken");
        }
    }

    fn take(&self, request: &ViewRequest) {
        let ViewRequest { camera, asker, .. } = request;
        let (at, now) = ((self.clock)().at, Instant::now());
        let admission = self.shared.viewings().admit(request, at, now);
        let place = self.shared.places.iter().find(|place| place.camera == *camera);
        let refusal = match (admission, place, self.view.permission) {
            (Admission::Again | Admission::Untimely, _, _) => {
                tracing::debug!(%camera, %asker, ?admission, "a request for pictures changes nothing");
                return;
            }
            (_, None, _) => Some(ViewRefusal::NoCamera),
            (_, Some(_), ViewPermission::Withheld) => Some(ViewRefusal::Forbidden),
            (Admission::TooMany, Some(_), ViewPermission::Given) => Some(ViewRefusal::TooMany),
            (Admission::Begun | Admission::Renewed, Some(_), ViewPermission::Given) => None,
        };
        match (refusal, place) {
            (None, Some(place)) => {
                if admission == Admission::Begun {
                    tracing::info!(%camera, %asker, "somebody at the hub looks through the camera");
                }
                place.set(self.shared.viewings().wanted(camera, now));
            }
            (Some(refusal), _) => {
                tracing::info!(%camera, %asker, refusal = refusal.as_str(), "the hub asks for pictures and gets none");
                if refusal != ViewRefusal::TooMany {
                    self.shared.viewings().end(camera, request.url.as_deref());
                }
                self.shared.refuse(Refused { camera: camera.clone(), url: request.url.clone(), refusal });
            }
            (None, None) => {}
        }
        self.shared.wake();
    }
}

#[cfg(test)]
mod tests;
