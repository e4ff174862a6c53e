//! The thread that makes pictures of what cameras offer, and sends them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use domain::CameraId;
use inference::picture::PictureError;
use inference::view::view_jpeg;
use uplink::ViewPost;
use uplink::views::Posted;
use wire::view::{FRAME_BYTES_MAX, ViewRefusal};

use super::scene::scene;
use super::{Place, Refused, Shared, Sight};
use crate::config::view::ViewConfig;
use crate::watch::one_line;

/// How often it is looked whether a camera gives no picture.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A camera that is looked at and gives no picture for so long is said to give none.
const NO_PICTURE_AFTER: Duration = Duration::from_secs(3);

/// How often that is said.
const NO_PICTURE_EVERY: Duration = Duration::from_secs(3);

/// JPEG quality, 0 to 100; the second where the first gives too many bytes.
const QUALITIES: [i32; 2] = [72, 45];

/// How much less than others the thread is served by the machine.
const NICENESS: i32 = 10;

/// What makes pictures.
pub(super) struct Maker {
    pub(super) shared: Arc<Shared>,
    pub(super) post: ViewPost,
    pub(super) view: ViewConfig,
    pub(super) wakes: Receiver<()>,
}

/// What the maker remembers of a camera.
#[derive(Debug, Default)]
struct Progress {
    /// Since when it is looked at without a picture.
    lacking: Option<Instant>,
    /// When that was said last.
    told: Option<Instant>,
    /// Whether the last picture did not get to the hub.
    has_failed: bool,
}

impl Maker {
    pub(super) fn run(self) {
        if let Err(error) = rustix::process::nice(NICENESS) {
            tracing::warn!(%error, "pictures for the hub are made at the usual priority");
        }
        let mut progress: Vec<Progress> = self.shared.places.iter().map(|_| Progress::default()).collect();
        while !self.shared.stop.load(Ordering::Relaxed) {
            match self.wakes.recv_timeout(LOOK_EVERY) {
                Ok(()) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            for Refused { camera, url, refusal } in self.shared.refused() {
                self.refuse(&camera, url.as_deref(), refusal);
            }
            for (place, progress) in self.shared.places.iter().zip(&mut progress) {
                self.attend(place, progress);
            }
        }
    }

    /// Sees to one camera.
    fn attend(&self, place: &Place, progress: &mut Progress) {
        let now = Instant::now();
        let sight = {
            let mut slot = place.lock();
            let sight = slot.sight.take();
            slot.is_busy = sight.is_some();
            sight
        };
        if let Some(sight) = sight {
            (progress.lacking, progress.told) = (None, None);
            self.show(place, &sight, progress);
            place.lock().is_busy = false;
            return;
        }
        if !place.is_watched(now) {
            *progress = Progress::default();
            return;
        }
        let lacking = *progress.lacking.get_or_insert(now);
        let is_told = progress.told.is_some_and(|told| now.duration_since(told) < NO_PICTURE_EVERY);
        if now.duration_since(lacking) >= NO_PICTURE_AFTER && !is_told && self.shared.is_line_free(now) {
            progress.told = Some(now);
            let targets = self.shared.viewings().targets(&place.camera, now);
            for target in targets {
                self.refuse(&place.camera, target.url.as_deref(), ViewRefusal::NoPicture);
            }
        }
    }

    /// Makes a picture and sends it to whoever wants it.
    fn show(&self, place: &Place, sight: &Sight, progress: &mut Progress) {
        let camera = &place.camera;
        // As it is now: whoever wanted it may have left.
        let Some(wanted) = self.shared.viewings().wanted(camera, Instant::now()) else { return };
        let width = wanted.width_px_max.min(self.view.width_px_max);
        let jpeg = match picture(sight, place, u32::from(width)) {
            Ok(Some(jpeg)) => jpeg,
            Ok(None) => {
                tracing::debug!(%camera, "a picture for the hub has too many bytes");
                return;
            }
            Err(error) => {
                tracing::warn!(%camera, error = one_line(&error), "no picture for the hub");
                return;
            }
        };
        let targets = self.shared.viewings().targets(camera, Instant::now());
        for target in targets {
            let url = target.url.as_deref();
            let began = Instant::now();
            let posted = match self.post.place(url) {
                Some(address) => self.post.picture(&address, camera, &jpeg, sight.captured),
                None => {
                    tracing::warn!(%camera, url, "a hub wants pictures sent where this node sends none");
                    Posted::NotWanted
                }
            };
            self.pay(jpeg.len(), began);
            match posted {
                Posted::Taken => progress.has_failed = false,
                Posted::NotWanted => {
                    tracing::info!(%camera, "nobody at the hub looks through the camera any more");
                    self.end(place, url);
                }
                Posted::Failed(why) => {
                    if !std::mem::replace(&mut progress.has_failed, true) {
                        tracing::warn!(%camera, why, "a picture did not get to the hub");
                    }
                }
            }
        }
    }

    fn refuse(&self, camera: &CameraId, url: Option<&str>, refusal: ViewRefusal) {
        let Some(address) = self.post.place(url) else { return };
        match self.post.refusal(&address, camera, refusal) {
            Posted::NotWanted => {
                if let Some(place) = self.shared.places.iter().find(|place| place.camera == *camera) {
                    self.end(place, url);
                }
            }
            Posted::Taken => {}
            Posted::Failed(why) => tracing::debug!(%camera, why, "the hub was not told why it gets no picture"),
        }
    }

    fn end(&self, place: &Place, url: Option<&str>) {
        let wanted = {
            let mut viewings = self.shared.viewings();
            viewings.end(&place.camera, url);
            viewings.wanted(&place.camera, Instant::now())
        };
        place.set(wanted);
    }

    /// Keeps the line free until the bytes that were sent since `began` are within what pictures may take of it.
    fn pay(&self, bytes: usize, began: Instant) {
        let bits = u64::try_from(bytes).unwrap_or(u64::MAX).saturating_mul(8);
        let takes = Duration::from_millis(bits / u64::from(self.view.kbit_s_max.max(1)));
        let free = began.saturating_duration_since(self.shared.epoch) + takes;
        self.shared.free_ms.fetch_max(u64::try_from(free.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

/// The picture; nothing where even the coarser one has too many bytes.
fn picture(sight: &Sight, place: &Place, width: u32) -> Result<Option<Vec<u8>>, PictureError> {
    let (frame, scene) = (sight.frame.view(), scene(sight, &place.gates));
    for quality in QUALITIES {
        let jpeg = view_jpeg(&frame, &scene, width, quality)?;
        if jpeg.len() <= FRAME_BYTES_MAX {
            return Ok(Some(jpeg));
        }
    }
    Ok(None)
}
