//! A camera without a camera: the observations of a log, fed to the gates at the speed at which they were made, over
//! and over, with the times of now. For commissioning, load and failure tests: everything behind the detector is real.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::{CameraId, FrameStamp, MediaTime, Observations, TrackId};
use thiserror::Error;

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
            let first_at = first.stamp.media;
            let mut next = Some(first);
            while let Some(frame) = next {
                let due = round.started + frame.stamp.media.since(first_at);
                if !wait_until(due, stop) {
                    break;
                }
                newest = round.media + frame.stamp.media.since(first_at);
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
    fn see(&mut self, frame: Observations, media: MediaTime, round: &Round) -> Result<u64, SinkError> {
        let stamp = FrameStamp { media, arrived: self.clock.mono(Instant::now()), utc: self.clock.utc() };
        let mut tracks = frame.tracks;
        // Tracks of different rounds are different objects.
        tracks.iter_mut().for_each(|t| t.track = TrackId(t.track.0.saturating_add(round.tracks_before)));
        let highest = tracks.iter().map(|t| t.track.0).max().unwrap_or(round.tracks_before);
        self.board.stages.count_frame();
        let (seen, clock) = (Observations { camera: self.id.clone(), stamp, tracks }, self.clock.quality());
        let board = Arc::clone(&self.board);
        let stages = &board.stages;
        let pending = stages.time(Stage::Decide, || self.desk.handle_observations(seen, clock));
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
}

impl Frames {
    fn open(path: &Path) -> Result<Self, RehearsalError> {
        let file = File::open(path).map_err(|source| RehearsalError::Read { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), lines: BufReader::new(file).lines(), line: 0 })
    }

    fn next_frame(&mut self) -> Result<Option<Observations>, RehearsalError> {
        for line in self.lines.by_ref() {
            self.line += 1;
            let text = line.map_err(|source| RehearsalError::Read { path: self.path.clone(), source })?;
            let record = serde_json::from_str(&text).map_err(|source| RehearsalError::Line {
                path: self.path.clone(),
                line: self.line,
                source,
            })?;
            match record {
                Record::Seen { seen } => return Ok(Some(seen)),
                Record::Header(_)
                | Record::Clock { .. }
                | Record::TimedOut { .. }
                | Record::Ended { .. }
                | Record::Camera { .. }
                // Whatever follows from plates is not rehearsed: it hangs on frames that are not there.
                | Record::Plates { .. }
                | Record::Shown { .. } => {}
            }
        }
        Ok(None)
    }
}
