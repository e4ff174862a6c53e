//! Codes that are held before a camera: looked for beside the watching of the camera, told once, and shown at its lane.
//!
//! A thread of its own looks at one picture at a time and never holds up the camera: of pictures that come meanwhile the
//! newest waits, and the camera offers a few a second at most, and none while nothing moves. What a code says stays in
//! memory as long as it takes to read it; afterwards only its hash is kept, to tell a code that is still held there from
//! one that comes again.

mod again;
pub mod salt;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use access::cccd::Salt;
use anyhow::{Context, Result};
use domain::{CameraId, I420View, MonoTime};
use inference::codes::{Grey, find_codes_in};

use crate::access::AccessHandle;
use crate::board::Board;
use crate::config::{CameraConfig, NodeConfig};
use crate::watch::one_line;
use again::Again;

/// Shortest time between two pictures that are looked through. One costs 3 to 30 ms of one core, and 0.1 s where somebody
/// holds up what was made to cost time.
pub const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Who takes what was read.
type Show = Box<dyn FnMut(&str, Instant) + Send>;

/// A picture and when it was seen.
#[derive(Debug)]
struct Sight {
    picture: Grey,
    seen: Instant,
}

/// Room for one picture.
#[derive(Debug, Default)]
struct Place {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    sight: Option<Sight>,
    is_closed: bool,
}

impl Place {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Each change is a single assignment, so a panic leaves it whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next picture; nothing once there will be none. One that waits at the end is still given.
    fn next(&self) -> Option<Sight> {
        let mut waiting = self.lock();
        loop {
            if let Some(sight) = waiting.sight.take() {
                self.changed.notify_all();
                return Some(sight);
            }
            if waiting.is_closed {
                return None;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// What looks for codes in the pictures of one camera. Dropped, it ends after the picture in hand.
#[derive(Debug)]
pub struct Codes {
    place: Arc<Place>,
    thread: Option<JoinHandle<()>>,
    offered: Option<MonoTime>,
}

impl Codes {
    /// Looks from now on; `show` is told each code once as long as it is held there.
    pub fn start(camera: CameraId, show: impl FnMut(&str, Instant) + Send + 'static) -> std::io::Result<Self> {
        let place = Arc::<Place>::default();
        let taking = Arc::clone(&place);
        let name = format!("codes {camera}");
        let thread = std::thread::Builder::new().name(name).spawn(move || look(&camera, &taking, Box::new(show)))?;
        Ok(Self { place, thread: Some(thread), offered: None })
    }

    /// Offers a picture, of which a copy is made where one is due; one that waits gives way to it.
    pub fn offer(&mut self, picture: &I420View<'_>, now: MonoTime, seen: Instant) {
        if self.is_due(now) {
            self.place.lock().sight = Some(Sight { picture: Grey::of(picture), seen });
            self.place.changed.notify_all();
        }
    }

    /// The same of a file that is played once: every picture that is due is looked at, however long that takes.
    pub fn offer_all(&mut self, picture: &I420View<'_>, now: MonoTime, seen: Instant) {
        if self.is_due(now) {
            let mut waiting = self.place.lock();
            while waiting.sight.is_some() {
                waiting = self.place.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            }
            waiting.sight = Some(Sight { picture: Grey::of(picture), seen });
            drop(waiting);
            self.place.changed.notify_all();
        }
    }

    fn is_due(&mut self, now: MonoTime) -> bool {
        let is_due = self.offered.is_none_or(|offered| now.since(offered) >= LOOK_EVERY);
        if is_due {
            self.offered = Some(now);
        }
        is_due
    }
}

impl Drop for Codes {
    fn drop(&mut self) {
        self.place.lock().is_closed = true;
        self.place.changed.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a thread that reads codes panicked");
        }
    }
}

fn look(camera: &CameraId, place: &Place, mut show: Show) {
    let (mut again, mut failures) = (Again::default(), 0_u64);
    while let Some(Sight { picture, seen }) = place.next() {
        match find_codes_in(&picture) {
            Ok(found) => {
                for code in found {
                    if again.is_new(&code.text, seen) {
                        show(&code.text, seen);
                    }
                }
            }
            Err(error) => {
                failures += 1;
                if failures.is_power_of_two() {
                    let error = one_line(&error);
                    tracing::warn!(%camera, error, failures, "a picture could not be looked through for codes");
                }
            }
        }
    }
}

/// Starts to read the codes of a camera, where it is to read any.
pub(crate) fn start(
    config: &NodeConfig,
    camera: &CameraConfig,
    access: Option<&AccessHandle>,
    board: &Arc<Board>,
) -> Result<Option<Codes>> {
    let lane = config.lanes.iter().find(|lane| lane.camera == camera.id);
    let (true, Some(lane), Some(access)) = (camera.codes, lane, access) else { return Ok(None) };
    let (lane, access, board) = (lane.id.clone(), access.clone(), Arc::clone(board));
    let show = move |text: &str, seen| board.count_code(access.see_code(lane.clone(), text, seen));
    Codes::start(camera.id.clone(), show).context("cannot start the thread that reads codes").map(Some)
}

/// The salt of citizens' numbers, made where there is none; nothing where no camera reads codes.
pub(crate) fn salt_of(config: &NodeConfig) -> Result<Option<Salt>> {
    if !config.cameras.iter().any(|camera| camera.codes) {
        return Ok(None);
    }
    Ok(Some(salt::load_or_create(&salt::path(&config.data))?))
}

#[cfg(test)]
pub(crate) mod tests;
