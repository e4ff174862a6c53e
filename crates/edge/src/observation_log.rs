//! The observation log: everything that a desk was told, one JSON object a line, so that a run can be replayed and a
//! decision explained a year later. It holds no pixels.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use domain::{CameraId, ClockQuality, FrameStamp, GateId, MediaTime, MonoTime, Observations, UtcTime};
use perception::plate::FoundPlate;
use perception::plate_visit::PlateLook;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use wire::EvidenceRef;
use wire::event::CameraChange;

use crate::plates::desk::PlateHeader;
use crate::plates::list::ListHeader;

/// Version of the log that this code writes and reads.
pub const LOG_VERSION: u32 = 1;

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// The first line: what ran.
    Header(Header),
    /// How far the clock can be trusted from here on.
    Clock {
        /// The quality.
        clock: ClockQuality,
    },
    /// What was seen in a frame.
    Seen {
        /// The frame.
        seen: Observations,
    },
    /// Plates that were found in a frame, and the looks at them that were read.
    Plates {
        /// The frame.
        stamp: FrameStamp,
        /// Found.
        found: Vec<FoundPlate>,
        /// Read.
        looks: Vec<PlateLook>,
    },
    /// Other rules came into force, before what was seen in the frame of this stamp.
    Rules {
        /// The frame.
        stamp: FrameStamp,
        /// The gates whose profile is another.
        gates: Vec<GateHeader>,
        /// All lists, where one of them is another.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lists: Option<Vec<ListHeader>>,
    },
    /// Whoever was away too long ended.
    TimedOut {
        /// When, on the machine's monotonic clock.
        now: MonoTime,
    },
    /// The source was over.
    Ended {
        /// Frame time of the end.
        media: MediaTime,
        /// The same for people.
        at: UtcTime,
    },
    /// The camera's state changed.
    Camera {
        /// How.
        change: CameraChange,
        /// When.
        at: UtcTime,
    },
    /// Media that show the event with this number. Follows the record that caused the event, before any other.
    Shown {
        /// The event's number in the run.
        number: u64,
        /// The media.
        evidence: Vec<EvidenceRef>,
    },
}

/// What ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the log.
    pub v: u32,
    /// Version of the program.
    pub program: String,
    /// The camera.
    pub camera: CameraId,
    /// What the ids of the run's events are derived from, in hex.
    pub nonce: String,
    /// The gates, in the order in which they decide.
    pub gates: Vec<GateHeader>,
    /// How plates are read, where they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plates: Option<PlateHeader>,
}

/// One gate and the whole text of its profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateHeader {
    /// The gate.
    pub gate: GateId,
    /// Its profile, as it stood in the file.
    pub profile: String,
}

/// Why a log cannot be written.
#[derive(Debug, Error)]
#[error("cannot create the observation log \"{path}\"", path = path.display())]
pub struct LogCreateError {
    path: PathBuf,
    source: std::io::Error,
}

/// A log being written. Recording is a service to people: when the disk fails it stops with a warning, and the gate
/// goes on.
#[derive(Debug)]
pub struct ObservationLog {
    path: PathBuf,
    file: Option<BufWriter<File>>,
}

impl ObservationLog {
    /// Where the log of this camera goes when `record` was asked for: there, or, of several cameras, with the camera's name
    /// behind it.
    pub fn path(record: &Path, cameras: usize, camera: &CameraId) -> PathBuf {
        if cameras == 1 {
            return record.to_owned();
        }
        let mut name = record.as_os_str().to_owned();
        name.push(".");
        name.push(camera.as_str());
        PathBuf::from(name)
    }

    /// Creates the file; one that is there is overwritten.
    pub fn create(path: &Path) -> Result<Self, LogCreateError> {
        let file = File::create(path).map_err(|source| LogCreateError { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), file: Some(BufWriter::new(file)) })
    }

    /// Appends one record.
    pub fn write(&mut self, record: &Record) {
        let Some(file) = &mut self.file else { return };
        let line = serde_json::to_string(record).expect("a record has only text keys and finite numbers");
        if let Err(error) = writeln!(file, "{line}") {
            tracing::warn!(path = %self.path.display(), %error, "recording of observations stops here");
            self.file = None;
        }
    }
}
