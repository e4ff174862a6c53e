//! Watching one camera: frames in, events out. One thread a camera, from the newest frame to the event on disk.

use std::sync::Arc;
use std::time::{Duration, Instant};

use capture::{Camera, Ending, Frame, Happened};
use domain::{CameraId, ClockQuality, FrameStamp, MediaTime, Observations, UtcTime};
use inference::plates::{PlateError, PlateSource};
use inference::{DetectError, MotionGate};
use perception::tracker::{Tracker, TrackerConfig};
use thiserror::Error;
use wire::event::{CameraChange, CameraState, EvidenceRef, EvidenceRole};
use wire::{BlobHash, Event};

use crate::attention::{Attention, Skipped};
use crate::board::Board;
use crate::config::Play;
use crate::desk::{Desk, Pending};
use crate::engine::{Engine, Engines};
use crate::node_clock::NodeClock;
use crate::shots::{PlateShots, Shots};
use crate::stage::Stage;
use crate::turns::Turn;

/// Longest wait for a frame before timers and the stop signal are looked at.
const WAIT_MAX: Duration = Duration::from_millis(200);

/// Media type of every picture.
pub const PICTURE_TYPE: &str = "image/jpeg";

/// Where events and their pictures go.
pub trait Sink: Send {
    /// Keeps a picture; it is safe when this returns.
    fn picture(&mut self, jpeg: &[u8]) -> Result<(), SinkError>;
    /// Keeps events, in this order; they are safe when this returns.
    fn events(&mut self, events: Vec<Event>) -> Result<(), SinkError>;
}

/// Why events could not be kept. The camera stops: an event that is not safe must not be acted on.
#[derive(Debug, Error)]
#[error("events cannot be kept: {what}")]
pub struct SinkError {
    /// What failed.
    pub what: String,
    /// Why.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// Why watching a camera ended before its source did.
#[derive(Debug, Error)]
pub enum WatchError {
    /// The source can never deliver.
    #[error("camera {camera} cannot be used")]
    Source {
        /// The camera.
        camera: CameraId,
        /// Why.
        source: capture::SourceError,
    },
    /// The model failed on a frame.
    #[error("the detector failed on a frame of camera {camera}")]
    Detect {
        /// The camera.
        camera: CameraId,
        /// Why.
        source: DetectError,
    },
    /// A plate model failed on a frame.
    #[error("plates could not be read in a frame of camera {camera}")]
    Plates {
        /// The camera.
        camera: CameraId,
        /// Why.
        source: PlateError,
    },
    /// An event could not be kept.
    #[error(transparent)]
    Sink(#[from] SinkError),
}

/// Everything that is needed to watch one camera.
pub struct Watch<S> {
    /// The camera's name.
    pub id: CameraId,
    /// Its frames.
    pub camera: Camera,
    /// How its source is played, which decides where time comes from.
    pub play: Play,
    /// What looks at its frames, shared with the other cameras.
    pub engines: Arc<Engines>,
    /// Which of the node's cameras it is, for its importance.
    pub number: usize,
    /// Where plates are read: the width of the picture in which they are looked for.
    pub plates: Option<u32>,
    /// Its gates.
    pub desk: Desk,
    /// Where events go.
    pub sink: S,
    /// The node's clocks.
    pub clock: Arc<NodeClock>,
    /// Where time and frames are accounted for, and what people see of the camera.
    pub board: Arc<Board>,
}

/// The parts that change while watching.
struct Watching<S> {
    watch: Watch<S>,
    tracker: Tracker,
    motion: MotionGate,
    attention: Attention,
    /// How many were followed in the frame looked at last.
    present: usize,
    shots: Shots,
    plate_shots: PlateShots,
    /// Event times of a file that is played once are these plus the frame's time.
    file_start: UtcTime,
    newest: MediaTime,
}

impl<S: Sink> Watch<S> {
    /// Watches until the source is over, cannot go on, or `stop` says so. Returns the sink.
    pub fn run(self, stop: &dyn Fn() -> bool) -> Result<S, WatchError> {
        let file_start = self.clock.utc();
        let tracker = Tracker::new(TrackerConfig::default());
        let mut watching = Watching {
            watch: self,
            tracker,
            motion: MotionGate::default(),
            attention: Attention::default(),
            present: 0,
            shots: Shots::default(),
            plate_shots: PlateShots::default(),
            file_start,
            newest: MediaTime::default(),
        };
        watching.run(stop)?;
        Ok(watching.watch.sink)
    }
}

impl<S: Sink> Watching<S> {
    fn run(&mut self, stop: &dyn Fn() -> bool) -> Result<(), WatchError> {
        while !stop() {
            match self.watch.camera.next(WAIT_MAX) {
                Some(Happened::Frame(frame)) => self.see(&frame, stop)?,
                Some(Happened::Up) => self.change(CameraState::Up, String::new())?,
                Some(Happened::Down(reason)) => self.change(CameraState::Down, reason.to_string())?,
                Some(Happened::Ended(ending)) => {
                    self.end()?;
                    return self.change(CameraState::Ended, told(&ending));
                }
                Some(Happened::Failed(source)) => {
                    self.change(CameraState::Failed, one_line(&source))?;
                    return Err(WatchError::Source { camera: self.watch.id.clone(), source });
                }
                None => {}
            }
            self.time_out()?;
        }
        self.end()
    }

    fn see(&mut self, frame: &Frame, stop: &dyn Fn() -> bool) -> Result<(), WatchError> {
        let (stamp, clock) = self.stamp(frame);
        self.newest = stamp.media;
        let board = Arc::clone(&self.watch.board);
        let stages = &board.stages;
        board.frame(frame.full_size());
        stages.count_skipped(Skipped::Replaced, frame.dropped_before);
        if let Some(why) = self.skips(frame) {
            stages.count_skipped(why, 1);
            board.show(&frame.scaled());
            return Ok(());
        }
        let engines = Arc::clone(&self.watch.engines);
        let asked = Instant::now();
        let Some(mut engine) = engines.turns().take(frame.arrived, stop) else { return Ok(()) };
        engines.waited(asked.elapsed(), self.watch.clock.mono(Instant::now()));
        stages.add_wait(frame.arrived.elapsed());
        stages.count_frame();
        let (detections, times) = engine
            .detector
            .detect_timed(&frame.scaled())
            .map_err(|source| WatchError::Detect { camera: self.watch.id.clone(), source })?;
        stages.add(Stage::Prepare, times.preprocess);
        stages.add(Stage::Infer, times.inference);
        stages.add(Stage::Decode, times.postprocess);
        let tracks = stages.time(Stage::Track, || self.tracker.update(&detections, stamp.media));
        self.present = tracks.len();
        board.followed(&tracks);
        let seen = Observations { camera: self.watch.id.clone(), stamp, tracks };
        let mut pending = stages.time(Stage::Decide, || self.watch.desk.handle_observations(seen, clock));
        if let Some(width) = self.watch.plates {
            pending.extend(stages.time(Stage::Plates, || self.see_plates(engine, width, frame, stamp, clock))?);
        } else {
            // Others need the engine more than this frame's pictures do.
            drop(engine);
        }
        stages.add_latency(frame.arrived.elapsed());
        stages.time(Stage::Encode, || {
            let added = self.shots.add(self.watch.desk.looks(), stamp.media, &frame.full());
            if let Err(error) = added {
                // A passage counts without its picture; the count is what the gate is for.
                tracing::warn!(camera = %self.watch.id, error = one_line(&error), "no picture");
            }
        });
        stages.time(Stage::Keep, || self.keep(pending))?;
        self.shots.retain(self.watch.desk.looks());
        self.plate_shots.retain(self.watch.desk.plates_present());
        board.show(&frame.scaled());
        Ok(())
    }

    /// Whether a frame is not looked at. A file that is played once is looked at whole: it is measured by.
    fn skips(&mut self, frame: &Frame) -> Option<Skipped> {
        if self.watch.play == Play::Once {
            return None;
        }
        let moved = self.watch.board.stages.time(Stage::Motion, || self.motion.see(&frame.scaled()).moved);
        let interval = self.watch.engines.interval(self.watch.number);
        self.attention.skips(self.watch.clock.mono(frame.arrived), moved, self.present, interval)
    }

    fn see_plates(
        &mut self,
        mut engine: Turn<'_, Engine>,
        width: u32,
        frame: &Frame,
        stamp: FrameStamp,
        clock: ClockQuality,
    ) -> Result<Vec<Pending>, WatchError> {
        let failed = |source| WatchError::Plates { camera: self.watch.id.clone(), source };
        let reader = engine.plates(width).expect("an engine is opened for the width of every camera");
        let full = frame.full();
        let source = PlateSource::I420(&full);
        let found = reader.find(&source).map_err(failed)?;
        self.watch.board.plates(&found);
        let wanted = self.watch.desk.follow_plates(&found, stamp);
        let looks = reader.look(&source, &found, &wanted).map_err(failed)?;
        drop(engine);
        let (pending, best) = self.watch.desk.handle_plates(found, looks, stamp, clock);
        for (visit, corners) in best {
            if let Err(error) = self.plate_shots.add(visit, &corners, stamp.media, &full) {
                // A plate is told without its picture; the reading is what the gate waits for.
                tracing::warn!(camera = %self.watch.id, error = one_line(&error), "no picture of a plate");
            }
        }
        Ok(pending)
    }

    fn stamp(&self, frame: &Frame) -> (FrameStamp, ClockQuality) {
        let media = frame.media;
        match self.watch.play {
            Play::Live | Play::Loop | Play::Rehearse => {
                let (arrived, utc) = (self.watch.clock.mono(frame.arrived), self.watch.clock.utc());
                (FrameStamp { media, arrived, utc }, self.watch.clock.quality())
            }
            Play::Once => {
                let since_start = media.since(MediaTime::default());
                let utc = self.file_start.saturating_add(since_start);
                let arrived = domain::MonoTime::default() + since_start;
                (FrameStamp { media, arrived, utc }, ClockQuality::MEDIA)
            }
        }
    }

    fn now(&self) -> (UtcTime, ClockQuality) {
        match self.watch.play {
            Play::Live | Play::Loop | Play::Rehearse => (self.watch.clock.utc(), self.watch.clock.quality()),
            Play::Once => {
                let since_start = self.newest.since(MediaTime::default());
                (self.file_start.saturating_add(since_start), ClockQuality::MEDIA)
            }
        }
    }

    /// Timers run on the monotonic clock, so a file that is played once has none: its own frames move its time.
    fn time_out(&mut self) -> Result<(), WatchError> {
        if self.watch.play == Play::Once {
            return Ok(());
        }
        let now = self.watch.clock.mono(Instant::now());
        if self.watch.desk.poll_timeout().is_none_or(|due| due > now) {
            return Ok(());
        }
        let clock = self.watch.clock.quality();
        let pending = self.watch.desk.handle_timeout(now, clock);
        self.keep(pending)
    }

    fn change(&mut self, state: CameraState, reason: String) -> Result<(), WatchError> {
        tracing::info!(camera = %self.watch.id, ?state, reason, "camera changed");
        self.watch.board.change(state, &reason);
        let (at, clock) = self.now();
        let change = CameraChange { camera: self.watch.id.clone(), state, reason };
        let pending = self.watch.desk.handle_camera(change, at, clock);
        self.keep(pending)
    }

    fn end(&mut self) -> Result<(), WatchError> {
        let (at, clock) = self.now();
        let pending = self.watch.desk.handle_end(self.newest, at, clock);
        self.keep(pending)
    }

    /// Completes events with their pictures; a picture is safe before the event that names it.
    fn keep(&mut self, pending: Vec<Pending>) -> Result<(), WatchError> {
        if pending.is_empty() {
            return Ok(());
        }
        let mut events = Vec::with_capacity(pending.len());
        for one in pending {
            let mut evidence = Vec::new();
            if let Some((shot, jpeg)) = one.shot().and_then(|shot| Some((shot, self.shots.of(&shot)?))) {
                evidence.extend(kept(&mut self.watch.sink, &self.watch.id, EvidenceRole::Crop, jpeg, shot.media));
            }
            if let Some(read) = one.plate() {
                let media = read.shot.media;
                if let Some((plate, around)) = self.plate_shots.of(read.visit, media) {
                    evidence.extend(kept(&mut self.watch.sink, &self.watch.id, EvidenceRole::Plate, plate, media));
                    evidence.extend(kept(&mut self.watch.sink, &self.watch.id, EvidenceRole::Crop, around, media));
                }
            }
            events.push(self.watch.desk.complete(one, evidence));
        }
        Ok(self.watch.sink.events(events)?)
    }
}

/// Keeps one picture and gives its name. A full disk costs the picture, never the event.
fn kept(
    sink: &mut impl Sink,
    camera: &CameraId,
    role: EvidenceRole,
    jpeg: &[u8],
    media: MediaTime,
) -> Option<EvidenceRef> {
    if jpeg.is_empty() {
        return None;
    }
    match sink.picture(jpeg) {
        Ok(()) => Some(EvidenceRef {
            role,
            sha256: BlobHash::of(jpeg),
            media_type: PICTURE_TYPE.to_owned(),
            bytes: jpeg.len() as u64,
            media,
        }),
        Err(error) => {
            tracing::warn!(camera = %camera, error = one_line(&error), "no picture");
            None
        }
    }
}

fn told(ending: &Ending) -> String {
    match ending {
        Ending::Whole => String::new(),
        Ending::CutShort { reason } => format!("cut short: {reason}"),
    }
}

/// An error with all its causes, for a log line or an event.
pub fn one_line(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
