//! What a camera shows of itself to people at the gate: its state, its costs, and a live picture while somebody looks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::{CameraId, ObjectClass, PixelView, TrackObservation, UtcTime};
use inference::picture::{Mark, marked_jpeg};
use perception::plate::FoundPlate;
use serde::Serialize;
use tokio::sync::watch;
use wire::Event;
use wire::event::CameraState;
use wire::plate::PlateOutcome;

use crate::access::CodeKind;
use crate::health::PictureHealth;
use crate::health::reads::{HourOfReads, ReadRate};
use crate::stage::Stages;
use crate::today::Today;

/// A live picture is made while somebody asked for one so recently: nobody pays for a view that nobody has.
const LOOKED_AT: Duration = Duration::from_secs(5);
/// Live pictures are at least this far apart.
const VIEW_GAP: Duration = Duration::from_millis(150);
/// Their JPEG quality.
const VIEW_QUALITY: i32 = 75;
/// A camera whose work has not gone on for so long is stuck: no frame takes that long on any machine.
const STUCK: Duration = Duration::from_secs(60);

/// The public face of one camera.
#[derive(Debug)]
pub struct Board {
    /// The camera.
    pub id: CameraId,
    /// What its work has cost.
    pub stages: Stages,
    reads_plates: bool,
    started: Instant,
    asked_ms: AtomicU64,
    ticked_ms: AtomicU64,
    view: watch::Sender<View>,
    clips: [AtomicU64; ClipCount::ALL.len()],
    codes: [AtomicU64; CodeKind::ALL.len()],
    reads: Mutex<ReadRate>,
    today: Mutex<Today>,
    now: Mutex<Now>,
}

/// What became of a clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClipCount {
    /// It is in the spool and told of.
    Made,
    /// Too many were being made.
    Refused,
    /// It could not be made, or not be kept.
    Failed,
}

impl ClipCount {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Made, Self::Refused, Self::Failed];

    /// Its name in metrics and the status.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// A picture with what is followed in it, JPEG; empty before the first.
pub type View = bytes::Bytes;

#[derive(Debug, Default)]
struct Now {
    state: Option<CameraState>,
    reason: String,
    since: Option<Instant>,
    frame: Option<Instant>,
    shown: Option<Instant>,
    size: (u32, u32),
    marks: Vec<Mark>,
    plates_px: Vec<(f32, f32)>,
    picture: Option<PictureHealth>,
    decoder: Option<&'static str>,
    /// Why the stream for reading is away, where it is.
    reading_down: Option<String>,
}

/// The state of a camera for its page.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CameraStatus {
    /// The camera.
    pub camera: CameraId,
    /// What it is; nothing before its first sign.
    pub state: Option<CameraState>,
    /// Why, where there is something to say.
    pub reason: String,
    /// For how long, seconds.
    pub since_s: Option<u64>,
    /// How long ago the newest frame came, milliseconds.
    pub last_frame_ms: Option<u64>,
    /// Width and height of its frames in pixels.
    pub size: (u32, u32),
    /// Persons and vehicles followed in the newest frame that was looked at.
    pub followed: usize,
    /// Whether plates are read in it.
    pub reads_plates: bool,
    /// Width and height of the last plates that were found, pixels of the full frame: the middle ones. Less than 90 wide
    /// they read badly.
    pub plate_px: Option<(u32, u32)>,
    /// What its pictures are like; nothing before the first was measured.
    pub picture: Option<PictureHealth>,
    /// Who decodes its video.
    pub decoder: Option<&'static str>,
    /// Why its stream for reading is away, where it has one and it is.
    pub reading_down: Option<String>,
    /// Clips made, refused because too many were being made, and failed.
    pub clips: Vec<(&'static str, u64)>,
}

/// The sizes of how many plates are remembered.
const PLATES_REMEMBERED: usize = 64;

impl Board {
    /// A camera that has not said anything.
    pub fn new(id: CameraId) -> Self {
        Self {
            id,
            stages: Stages::default(),
            reads_plates: false,
            started: Instant::now(),
            asked_ms: AtomicU64::new(0),
            ticked_ms: AtomicU64::new(0),
            view: watch::Sender::new(View::new()),
            clips: Default::default(),
            codes: Default::default(),
            reads: Mutex::default(),
            today: Mutex::default(),
            now: Mutex::default(),
        }
    }

    /// The same of a camera in which plates are read, or not.
    #[must_use]
    pub fn reading_plates(self, reads_plates: bool) -> Self {
        Self { reads_plates, ..self }
    }

    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The camera's state changed.
    pub fn change(&self, state: CameraState, reason: &str) {
        let mut now = self.now();
        if now.state != Some(state) {
            now.since = Some(Instant::now());
        }
        (now.state, now.reason) = (Some(state), reason.to_owned());
    }

    /// The camera's work goes on, whether frames come or not.
    pub fn tick(&self) {
        self.ticked_ms.store(self.now_ms(), Ordering::Relaxed);
    }

    /// Whether the camera's work goes on, or has ended as it should. A camera that is down is worked on too.
    pub fn is_alive(&self) -> bool {
        let ended = matches!(self.now().state, Some(CameraState::Ended | CameraState::Failed));
        let silent = self.now_ms().saturating_sub(self.ticked_ms.load(Ordering::Relaxed));
        ended || Duration::from_millis(silent) < STUCK
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A frame came.
    pub fn frame(&self, size: (u32, u32)) {
        let mut now = self.now();
        (now.frame, now.size) = (Some(Instant::now()), size);
    }

    /// What was followed in the newest frame that was looked at.
    pub fn followed(&self, tracks: &[TrackObservation]) {
        let marks = tracks.iter().map(|track| Mark {
            bbox: track.bbox.clipped(),
            text: format!("{} {}", track.class.as_str(), track.track),
            colour: colour(track.class),
        });
        self.now().marks = marks.collect();
    }

    /// What was followed and found in it, to be drawn.
    pub fn marks(&self) -> Vec<Mark> {
        self.now().marks.clone()
    }

    /// The plates that were found in it, or in the picture of the stream for reading, which is so many pixels wide
    /// and high.
    pub fn plates(&self, found: &[FoundPlate], (full_width, full_height): (usize, usize)) {
        let mut now = self.now();
        for (plate, bbox) in found.iter().filter_map(|plate| Some((plate, plate.bbox()?))) {
            let width = bbox.width() * full_width as f32;
            now.plates_px.push((width, plate.scaled(full_width as f32, full_height as f32).height()));
            now.marks.push(Mark { bbox: bbox.clipped(), text: format!("{width:.0} px"), colour: [0, 215, 255] });
        }
        let surplus = now.plates_px.len().saturating_sub(PLATES_REMEMBERED);
        now.plates_px.drain(..surplus);
    }

    /// What its pictures are like now.
    pub fn picture(&self, health: PictureHealth) {
        self.now().picture = Some(health);
    }

    /// Who decodes.
    pub fn decoder(&self, decoder: Option<&'static str>) {
        self.now().decoder = decoder;
    }

    /// The stream for reading is there (nothing), or not, and why.
    pub fn reading(&self, down: Option<String>) {
        self.now().reading_down = down;
    }

    /// Counts what became of a clip.
    pub fn count_clip(&self, what: ClipCount) {
        self.clips[what as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many clips that became of.
    pub fn clips(&self, what: ClipCount) -> u64 {
        self.clips[what as usize].load(Ordering::Relaxed)
    }

    /// Counts a code that was read.
    pub fn count_code(&self, kind: CodeKind) {
        self.codes[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many codes of that kind were read.
    pub fn codes(&self, kind: CodeKind) -> u64 {
        self.codes[kind as usize].load(Ordering::Relaxed)
    }

    fn own_reads(&self) -> MutexGuard<'_, ReadRate> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what was kept of the read rate before the node was started again.
    pub fn set_reads(&self, kept: ReadRate) {
        *self.own_reads() = kept;
    }

    /// A plate came, and this came of reading it.
    pub fn plate_came(&self, outcome: PlateOutcome, at: UtcTime) {
        self.own_reads().add(outcome, at);
    }

    /// The read rate, to keep it.
    pub fn reads(&self) -> ReadRate {
        self.own_reads().clone()
    }

    /// Plates that came and were read, by the hour, over the day that ends now.
    pub fn reads_of_day(&self, now: UtcTime) -> Vec<HourOfReads> {
        self.own_reads().last_day(now)
    }

    fn own_today(&self) -> MutexGuard<'_, Today> {
        self.today.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over what was kept of the day before the node was started again.
    pub fn set_today(&self, kept: Today) {
        *self.own_today() = kept;
    }

    /// Events of the camera are safe.
    pub fn kept(&self, events: &[Event]) {
        let mut today = self.own_today();
        events.iter().for_each(|event| today.add(event));
    }

    /// What the camera's gates have counted today.
    pub fn today(&self) -> Today {
        self.own_today().clone()
    }

    /// Makes a live picture where somebody looks and the last one is old enough.
    pub fn show(&self, picture: &PixelView<'_>) {
        let asked = Duration::from_millis(self.asked_ms.load(Ordering::Relaxed));
        if asked.is_zero() || self.started.elapsed().saturating_sub(asked) > LOOKED_AT {
            return;
        }
        let marks = {
            let mut now = self.now();
            if now.shown.is_some_and(|shown| shown.elapsed() < VIEW_GAP) {
                return;
            }
            now.shown = Some(Instant::now());
            now.marks.clone()
        };
        match marked_jpeg(picture, &marks, VIEW_QUALITY) {
            Ok(jpeg) => drop(self.view.send_replace(jpeg.into())),
            Err(error) => tracing::debug!(camera = %self.id, %error, "no live picture"),
        }
    }

    /// Follows the live pictures. Call [`Board::ask`] as long as they are wanted.
    pub fn view(&self) -> watch::Receiver<View> {
        self.view.subscribe()
    }

    /// Somebody looks.
    pub fn ask(&self) {
        // 0 means that nobody ever did.
        self.asked_ms.store(self.now_ms().max(1), Ordering::Relaxed);
    }

    /// How it is.
    pub fn status(&self) -> CameraStatus {
        let now = self.now();
        let (mut widths, mut heights): (Vec<f32>, Vec<f32>) = now.plates_px.iter().copied().unzip();
        let middle = |numbers: &mut [f32]| {
            numbers.sort_by(f32::total_cmp);
            numbers.get(numbers.len() / 2).map(|px| *px as u32)
        };
        CameraStatus {
            camera: self.id.clone(),
            state: now.state,
            reason: now.reason.clone(),
            since_s: now.since.map(|since| since.elapsed().as_secs()),
            last_frame_ms: now.frame.map(|at| u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX)),
            size: now.size,
            followed: now.marks.len(),
            reads_plates: self.reads_plates,
            plate_px: middle(&mut widths).zip(middle(&mut heights)),
            picture: now.picture.clone(),
            decoder: now.decoder,
            reading_down: now.reading_down.clone(),
            clips: ClipCount::ALL.map(|what| (what.as_str(), self.clips(what))).to_vec(),
        }
    }
}

fn colour(class: ObjectClass) -> [u8; 3] {
    match class.group() {
        domain::CountGroup::Person => [80, 220, 80],
        domain::CountGroup::Vehicle => [230, 160, 40],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{BoundingBox, TrackId};

    #[test]
    fn a_picture_is_made_only_while_somebody_looks() {
        let board = Board::new(CameraId::new("c").expect("a slug"));
        let pixels = vec![90; 64 * 48 * 3];
        let picture = PixelView::new(64, 48, 64 * 3, &pixels).expect("a picture");
        let tracks = [TrackObservation {
            track: TrackId(1),
            class: ObjectClass::Car,
            confidence: 0.9,
            bbox: BoundingBox::new(0.1, 0.1, 0.5, 0.5).expect("a box"),
        }];
        board.followed(&tracks);
        board.show(&picture);
        assert!(board.view().borrow().is_empty());
        board.ask();
        board.show(&picture);
        let first = board.view().borrow().clone();
        assert!(first.starts_with(&[0xff, 0xd8]), "a JPEG");
        board.show(&picture);
        assert_eq!(*board.view().borrow(), first, "not so soon again");
        assert_eq!(board.status().followed, 1);
    }
}
