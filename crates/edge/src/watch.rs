//! Watching one camera: frames in, events out. One thread a camera, from the newest frame to the event on disk.

mod care;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use capture::{Ending, Frame, Happened, Near, Reading};
use domain::{CameraId, ClockQuality, CountGroup, FrameStamp, MediaTime, MonoTime, Observations, UtcTime};
use inference::look::{LookError, PictureSource};
use inference::{DetectError, MotionGate};
use perception::tracker::{Tracker, TrackerConfig};
use thiserror::Error;
use uplink::EvidenceClass;
use wire::event::{CameraChange, CameraState, EvidenceRef, EvidenceRole};
use wire::{BlobHash, Event};

use crate::attention::{Attention, Skipped};
use crate::board::Board;
use crate::clips::{self, Clips, class_of_plate};
use crate::codes::Codes;
use crate::config::Play;
use crate::desk::{Desk, Pending};
use crate::engine::{Engine, Engines};
use crate::eyes::{Eyes, Seen};
use crate::health::HealthWatch;
use crate::health::reads::{ReadRate, reads_file};
use crate::health::reference::reference_file;
use crate::node_clock::NodeClock;
use crate::shots::{Cut, Picture, PlateShots, Shots};
use crate::stage::Stage;
use crate::today::{Today, today_file};
use crate::turns::Turn;
use crate::views::CameraView;

/// Longest wait for a frame before timers and the stop signal are looked at.
const WAIT_MAX: Duration = Duration::from_millis(200);

/// Two streams further apart than this show another moment, and their pictures say so.
const APART_MAX_MICROS: u64 = 100_000;
/// Media type of every picture.
pub const PICTURE_TYPE: &str = "image/jpeg";

/// Where events and their pictures go.
pub trait Sink: Send {
    /// Keeps a picture; it is safe when this returns.
    fn picture(&mut self, class: EvidenceClass, jpeg: &[u8]) -> Result<(), SinkError>;
    /// Takes a finished clip from where it lies, and gives its name; it is safe when this returns.
    fn clip(&mut self, class: EvidenceClass, path: &Path) -> Result<BlobHash, SinkError>;
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
        source: LookError,
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
    pub eyes: Eyes,
    /// What makes its clips, where any are kept. It must go after the eyes.
    pub clips: Option<Clips>,
    /// What reads codes, where the camera is to read any.
    pub codes: Option<Codes>,
    /// Who looks through it from the hub, where anybody may.
    pub view: Option<CameraView>,
    /// The node's data folder, where the health of its pictures is kept; it is not looked at where there is none.
    pub data: Option<PathBuf>,
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
    /// Vehicles among them.
    vehicles: usize,
    /// When something moved last.
    moved: Option<MonoTime>,
    reading: Reading,
    /// Why the stream for reading is away, where it is.
    reading_down: bool,
    health: Option<HealthWatch>,
    reads_kept: ReadRate,
    today_kept: Today,
    shots: Shots,
    plate_shots: PlateShots,
    /// Event times of a file that is played once are these plus the frame's time.
    file_start: UtcTime,
    newest: MediaTime,
    /// When the newest frame was.
    newest_utc: UtcTime,
}

impl<S: Sink> Watch<S> {
    /// Watches until the source is over, cannot go on, or `stop` says so. Returns the sink.
    pub fn run(self, stop: &dyn Fn() -> bool) -> Result<S, WatchError> {
        let file_start = self.clock.utc();
        let tracker = Tracker::new(TrackerConfig::default());
        let data = self.data.as_deref().filter(|_| self.play != Play::Once);
        let health = data.map(|data| HealthWatch::new(reference_file(data, &self.id)));
        let reads_kept = data.map(|data| ReadRate::load(&reads_file(data, &self.id))).unwrap_or_default();
        self.board.set_reads(reads_kept.clone());
        let today_kept = data.map(|data| Today::load(&today_file(data, &self.id))).unwrap_or_default();
        self.board.set_today(today_kept.clone());
        let mut watching = Watching {
            watch: self,
            tracker,
            motion: MotionGate::default(),
            attention: Attention::default(),
            present: 0,
            vehicles: 0,
            moved: None,
            reading: Reading::Off,
            reading_down: false,
            health,
            reads_kept,
            today_kept,
            shots: Shots::default(),
            plate_shots: PlateShots::default(),
            file_start,
            newest: MediaTime::default(),
            newest_utc: file_start,
        };
        let ended = watching.run(stop);
        watching.keep_numbers();
        let Watch { eyes, clips, codes, sink, .. } = watching.watch;
        // Clips that are under way get what there is, and are told of before this returns.
        drop(eyes);
        drop(clips);
        drop(codes);
        ended.map(|()| sink)
    }
}

impl<S: Sink> Watching<S> {
    fn run(&mut self, stop: &dyn Fn() -> bool) -> Result<(), WatchError> {
        while !stop() {
            self.watch.board.tick();
            match self.watch.eyes.next(WAIT_MAX) {
                Some(Seen::Happened(Happened::Frame(frame))) => self.see(&frame, stop)?,
                Some(Seen::Happened(Happened::Up)) => self.change(CameraState::Up, String::new())?,
                Some(Seen::Happened(Happened::Down(reason))) => self.change(CameraState::Down, reason.to_string())?,
                Some(Seen::Happened(Happened::Ended(ending))) => {
                    self.end()?;
                    return self.change(CameraState::Ended, told(&ending));
                }
                Some(Seen::Happened(Happened::Failed(source))) => {
                    self.change(CameraState::Failed, one_line(&source))?;
                    return Err(WatchError::Source { camera: self.watch.id.clone(), source });
                }
                Some(Seen::Reading(down)) => self.reading_changed(down),
                None => {}
            }
            self.time_out()?;
        }
        self.end()
    }

    fn see(&mut self, frame: &Frame, stop: &dyn Fn() -> bool) -> Result<(), WatchError> {
        let (stamp, clock) = self.stamp(frame);
        (self.newest, self.newest_utc) = (stamp.media, stamp.utc);
        let board = Arc::clone(&self.watch.board);
        let stages = &board.stages;
        board.frame(frame.full_size());
        stages.count_skipped(Skipped::Replaced, frame.dropped_before);
        self.measure(frame, stamp);
        let skipped = self.skips(frame);
        self.attend(stamp.arrived);
        if !self.watch.eyes.has_reading_stream() || self.reading_down {
            self.offer_codes(&frame.full(), stamp.arrived, frame.arrived);
        }
        if let Some(why) = skipped {
            stages.count_skipped(why, 1);
            board.show(&frame.scaled());
            return Ok(());
        }
        // Before the engine is asked for: others look while this camera waits for its large picture.
        let near = if self.reading == Reading::On { self.watch.eyes.near(frame) } else { None };
        if let Some(near) = &near {
            self.offer_codes(&near.frame.full(), stamp.arrived, frame.arrived);
        }
        let engines = Arc::clone(&self.watch.engines);
        let Some(mut engine) = engines.turns().take(frame.arrived, stop) else { return Ok(()) };
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
        self.vehicles = tracks.iter().filter(|track| track.class.group() == CountGroup::Vehicle).count();
        board.followed(&tracks);
        if let Some(view) = &mut self.watch.view {
            view.seen(&detections, &tracks, frame.arrived);
        }
        let seen = Observations { camera: self.watch.id.clone(), stamp, tracks };
        let mut pending = stages.time(Stage::Decide, || self.watch.desk.handle_observations(seen, clock));
        let full = near.as_ref().map_or_else(|| frame.full(), |near| near.frame.full());
        let cut = Cut { media: stamp.media, frame: &full, later_by_ms: near.as_ref().and_then(later_by_ms) };
        // The small stream shows no plate well: while the large one is on its way, its plates are not looked for.
        let is_readable = near.is_some() || !self.watch.eyes.has_reading_stream() || self.reading_down;
        if let Some(width) = self.watch.plates.filter(|_| is_readable) {
            pending.extend(stages.time(Stage::Plates, || self.see_plates(engine, width, cut, stamp, clock))?);
        } else {
            // Others need the engine more than this frame's pictures do.
            drop(engine);
        }
        let latency = frame.arrived.elapsed();
        stages.add_latency(latency);
        engines.took(latency, self.watch.clock.mono(Instant::now()));
        stages.time(Stage::Encode, || {
            let added = self.shots.add(self.watch.desk.looks(), cut);
            if let Err(error) = added {
                // A passage counts without its picture; the count is what the gate is for.
                tracing::warn!(camera = %self.watch.id, error = one_line(&error), "no picture");
            }
        });
        stages.time(Stage::Keep, || self.keep(pending))?;
        self.shots.retain(self.watch.desk.looks());
        self.plate_shots.retain(self.watch.desk.plates_present());
        board.show(&frame.scaled());
        if let Some(view) = &mut self.watch.view {
            view.offer(&frame.full(), &board, engines.shed_level(), frame.arrived);
        }
        Ok(())
    }

    /// Whether a frame is not looked at. A file that is played once is looked at whole: it is measured by.
    fn skips(&mut self, frame: &Frame) -> Option<Skipped> {
        if self.watch.play == Play::Once {
            return None;
        }
        let moved = self.watch.board.stages.time(Stage::Motion, || self.motion.see(&frame.scaled()).moved);
        if moved {
            self.moved = Some(self.watch.clock.mono(frame.arrived));
        }
        let interval = self.watch.engines.interval(self.watch.number);
        self.attention.skips(self.watch.clock.mono(frame.arrived), moved, self.present, interval)
    }

    fn see_plates(
        &mut self,
        mut engine: Turn<'_, Engine>,
        width: u32,
        cut: Cut<'_>,
        stamp: FrameStamp,
        clock: ClockQuality,
    ) -> Result<Vec<Pending>, WatchError> {
        let failed = |source| WatchError::Plates { camera: self.watch.id.clone(), source };
        let reader = engine.plates(width).expect("an engine is opened for the width of every camera");
        let source = PictureSource::I420(cut.frame);
        let found = reader.find(&source).map_err(failed)?;
        self.watch.board.plates(&found, (cut.frame.width(), cut.frame.height()));
        let wanted = self.watch.desk.follow_plates(&found, stamp);
        let looks = reader.look(&source, &found, &wanted).map_err(failed)?;
        drop(engine);
        let (pending, best) = self.watch.desk.handle_plates(found, looks, stamp, clock);
        for (visit, corners) in best {
            if let Err(error) = self.plate_shots.add(visit, &corners, cut) {
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
        let mut clips = Vec::new();
        for one in pending {
            let mut evidence = Vec::new();
            let class = one.plate().map_or(EvidenceClass::Passage, class_of_plate);
            let (sink, id) = (&mut self.watch.sink, &self.watch.id);
            let mut keep = |role, picture, media| evidence.extend(kept(sink, id, class, role, picture, media));
            if let Some((shot, picture)) = one.shot().and_then(|shot| Some((shot, self.shots.of(&shot)?))) {
                keep(EvidenceRole::Crop, picture, shot.media);
            }
            if let Some(read) = one.plate() {
                let media = read.shot.media;
                if let Some([plate, around]) = self.plate_shots.of(read.visit, media) {
                    keep(EvidenceRole::Plate, plate, media);
                    keep(EvidenceRole::Crop, around, media);
                }
                self.watch.board.plate_came(read.outcome, read.to);
            }
            let event = self.watch.desk.complete(one, evidence);
            clips.extend(self.watch.clips.as_ref().and_then(|own| clips::wanted(own.plan(), &event)));
            events.push(event);
        }
        self.watch.sink.events(events)?;
        for wanted in clips {
            let Some(own) = &self.watch.clips else { break };
            own.begin(wanted, &self.watch.eyes, |media| clips::utc_of(media, self.newest, self.newest_utc));
        }
        Ok(())
    }
}

/// How much later than its frame a picture of the other stream was taken, in milliseconds, where that matters.
fn later_by_ms(near: &Near) -> Option<i64> {
    (near.later_by_micros.unsigned_abs() > APART_MAX_MICROS).then_some(near.later_by_micros / 1_000)
}

/// Keeps one picture and gives its name. A full disk costs the picture, never the event.
fn kept(
    sink: &mut impl Sink,
    camera: &CameraId,
    class: EvidenceClass,
    role: EvidenceRole,
    picture: Picture<'_>,
    media: MediaTime,
) -> Option<EvidenceRef> {
    let Picture { jpeg, later_by_ms } = picture;
    if jpeg.is_empty() {
        return None;
    }
    match sink.picture(class, jpeg) {
        Ok(()) => Some(EvidenceRef {
            role,
            sha256: BlobHash::of(jpeg),
            media_type: PICTURE_TYPE.to_owned(),
            bytes: jpeg.len() as u64,
            media,
            later_by_ms,
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
