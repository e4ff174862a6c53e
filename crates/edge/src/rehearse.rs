//! A camera without a camera: the observations of a log, fed to the gates at the speed at which they were made, over
//! and over, with the times of now. For commissioning, load and failure tests: everything behind the detector is real.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::{CameraId, FrameStamp, MediaTime, Observations, TrackId};
use perception::plate::FoundPlate;
use perception::plate_visit::{PlateLook, Wanted};
use thiserror::Error;
use vnplate::Calibration;

use crate::board::Board;
use crate::desk::{Desk, Pending};
use crate::node_clock::NodeClock;
use crate::observation_log::Record;
use crate::stage::Stage;
use crate::watch::{Sink, SinkError};

/// Longest sleep before the stop signal is looked at.
const SLEEP_MAX: Duration = Duration::from_millis(100);
/// Pause between the end of the log and its next beginning.
const PAUSE: Duration = Duration::from_millis(100);

/// Why a rehearsal ended.
#[derive(Debug, Error)]
pub enum RehearsalError {
    /// The log cannot be read.
    #[error("cannot read the observation log \"{path}\"", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line is not a record.
    #[error("line {line} of the observation log \"{path}\" is not a record", path = path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// The log holds no frame.
    #[error("the observation log \"{path}\" holds no \"seen\" record", path = path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// An event could not be kept.
    #[error(transparent)]
    Sink(#[from] SinkError),
}

/// Everything that a rehearsal needs.
pub struct Rehearsal<S> {
    /// The camera that it stands for.
    pub id: CameraId,
    /// The observation log.
    pub log: PathBuf,
    /// The camera's gates.
    pub desk: Desk,
    /// Where events go.
    pub sink: S,
    /// The node's clocks.
    pub clock: Arc<NodeClock>,
    /// Where time and frames are accounted for.
    pub board: Arc<Board>,
}

/// A frame of the log: what was seen in it, and which plates were found and read.
#[derive(Debug)]
struct Frame {
    seen: Observations,
    plates: Option<(Vec<FoundPlate>, Vec<PlateLook>)>,
}

/// Slope and intercept of the confidence with which the plates of a log were read; the decoder's own where the log does
/// not say.
pub fn calibration(log: &Path) -> Result<[f32; 2], RehearsalError> {
    let said = match Frames::open(log)?.next_record()? {
        Some(Record::Header(header)) => header.plates.map(|plates| plates.calibration),
        Some(
            Record::Clock { .. }
            | Record::Seen { .. }
            | Record::Plates { .. }
            | Record::Rules { .. }
            | Record::TimedOut { .. }
            | Record::Ended { .. }
            | Record::Camera { .. }
            | Record::Shown { .. },
        )
        | None => None,
    };
    let Calibration { a, b } = Calibration::default();
    Ok(said.unwrap_or([a, b]))
}

/// Where one round of the log begins on the clocks of now.
struct Round {
    started: Instant,
    media: MediaTime,
    tracks_before: u64,
}

impl<S: Sink> Rehearsal<S> {
    /// Rehearses until `stop` says so.
    pub fn run(mut self, stop: &dyn Fn() -> bool) -> Result<(), RehearsalError> {
        let mut newest = MediaTime::default();
        let mut tracks_before = 0;
        while !stop() {
            let round = Round { started: Instant::now() + PAUSE, media: newest + PAUSE, tracks_before };
            let mut frames = Frames::open(&self.log)?;
            let Some(first) = frames.next_frame()? else {
                return Err(RehearsalError::Empty { path: self.log.clone() });
            };
            let first_at = first.seen.stamp.media;
            let mut next = Some(first);
            while let Some(frame) = next {
                let since_first = frame.seen.stamp.media.since(first_at);
                let due = round.started + since_first;
                if !wait_until(due, stop) {
                    break;
                }
                newest = round.media + since_first;
                let tracks_now = self.see(frame, newest, &round)?;
                tracks_before = tracks_before.max(tracks_now);
                next = frames.next_frame()?;
            }
        }
        let (at, clock) = (self.clock.utc(), self.clock.quality());
        let pending = self.desk.handle_end(newest, at, clock);
        Ok(self.keep(pending)?)
    }

    /// Shows one frame to the gates; returns the highest track number so far.
    fn see(&mut self, frame: Frame, media: MediaTime, round: &Round) -> Result<u64, SinkError> {
        let stamp = FrameStamp { media, arrived: self.clock.mono(Instant::now()), utc: self.clock.utc() };
        let Frame { seen: Observations { mut tracks, .. }, plates } = frame;
        // Tracks of different rounds are different objects.
        tracks.iter_mut().for_each(|t| t.track = TrackId(t.track.0.saturating_add(round.tracks_before)));
        let highest = tracks.iter().map(|t| t.track.0).max().unwrap_or(round.tracks_before);
        self.board.tick();
        self.board.stages.count_frame();
        let (seen, clock) = (Observations { camera: self.id.clone(), stamp, tracks }, self.clock.quality());
        let board = Arc::clone(&self.board);
        let stages = &board.stages;
        let mut pending = stages.time(Stage::Decide, || self.desk.handle_observations(seen, clock));
        if let Some((found, looks)) = plates {
            let wanted = self.desk.follow_plates(&found, stamp);
            let looks = looks_at(&wanted, &found, looks);
            pending.extend(self.desk.handle_plates(found, looks, stamp, clock).0);
        }
        stages.time(Stage::Keep, || self.keep(pending))?;
        Ok(highest)
    }

    fn keep(&mut self, pending: Vec<Pending>) -> Result<(), SinkError> {
        if pending.is_empty() {
            return Ok(());
        }
        let events = pending.into_iter().map(|one| self.desk.complete(one, Vec::new())).collect();
        self.sink.events(events)
    }
}

/// The looks of the log at what is wanted now: visits are numbered anew in each round, and a plate stands where it did.
fn looks_at(wanted: &[Wanted], found: &[FoundPlate], mut looks: Vec<PlateLook>) -> Vec<PlateLook> {
    let again = wanted.iter().filter_map(|wanted| {
        let at = looks.iter().position(|look| look.corners == found[wanted.found].corners)?;
        Some(PlateLook { visit: wanted.visit, ..looks.swap_remove(at) })
    });
    again.collect()
}

/// Sleeps until `due`; false where it was asked to stop before.
fn wait_until(due: Instant, stop: &dyn Fn() -> bool) -> bool {
    loop {
        if stop() {
            return false;
        }
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        std::thread::sleep(left.min(SLEEP_MAX));
    }
}

/// The frames of a log, one after the other.
struct Frames {
    path: PathBuf,
    lines: std::io::Lines<BufReader<File>>,
    line: usize,
    /// A frame whose plates may still follow.
    begun: Option<Observations>,
}

impl Frames {
    fn open(path: &Path) -> Result<Self, RehearsalError> {
        let file = File::open(path).map_err(|source| RehearsalError::Read { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), lines: BufReader::new(file).lines(), line: 0, begun: None })
    }

    fn next_record(&mut self) -> Result<Option<Record>, RehearsalError> {
        let Some(text) = self.lines.next() else { return Ok(None) };
        self.line += 1;
        let text = text.map_err(|source| RehearsalError::Read { path: self.path.clone(), source })?;
        let record = serde_json::from_str(&text);
        record.map(Some).map_err(|source| RehearsalError::Line { path: self.path.clone(), line: self.line, source })
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, RehearsalError> {
        let mut plates = None;
        while let Some(record) = self.next_record()? {
            match record {
                Record::Seen { seen } => {
                    if let Some(before) = self.begun.replace(seen) {
                        return Ok(Some(Frame { seen: before, plates }));
                    }
                }
                Record::Plates { found, looks, .. } => plates = Some((found, looks)),
                Record::Header(_)
                | Record::Clock { .. }
                // What was in force then is of no concern now.
                | Record::Rules { .. }
                | Record::TimedOut { .. }
                | Record::Ended { .. }
                | Record::Camera { .. }
                | Record::Shown { .. } => {}
            }
        }
        Ok(self.begun.take().map(|seen| Frame { seen, plates }))
    }
}
