//! Measuring counts against a truth that a person made by looking; [`plates`] measures the reading of plates.

pub mod detections;
pub mod plates;
pub mod score;
pub mod visit;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use domain::{CountGroup, Direction, Line, Polygon};
use gate::GateProfile;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use uplink::EvidenceClass;
use wire::{BlobHash, Event, Payload};

use crate::watch::{Sink, SinkError};

/// What a person counted in a video.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Truth {
    /// The line that `counts` speaks of.
    pub line: Option<Line>,
    /// Crossings of the line.
    pub counts: Option<BTreeMap<CountGroup, TrueCounts>>,
    /// The zone that `visits` speaks of.
    pub zone: Option<Polygon>,
    /// Stays in the zone.
    pub visits: Option<BTreeMap<CountGroup, u64>>,
}

/// True crossings of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct TrueCounts {
    /// From side A to side B.
    pub a_to_b: u64,
    /// From side B to side A.
    pub b_to_a: u64,
}

/// Why a truth cannot be used.
#[derive(Debug, Error)]
pub enum TruthError {
    /// The file cannot be read.
    #[error("cannot read the truth \"{path}\"", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not a truth.
    #[error("\"{path}\" is not a truth: {{\"line\": [[x0,y0],[x1,y1]], \"counts\": {{\"person\": {{\"a_to_b\": 0, \"b_to_a\": 0}}}}}} or {{\"zone\": [[x,y],…], \"visits\": {{\"person\": 0}}}} is accepted", path = path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A line without counts, a zone without visits, or neither.
    #[error("the truth \"{path}\" must hold line and counts, or zone and visits", path = path.display())]
    Incomplete {
        /// The file.
        path: PathBuf,
    },
}

impl Truth {
    /// Reads a truth; members that do not matter here (notes, frame numbers) are passed over.
    pub fn load(path: &Path) -> Result<Self, TruthError> {
        let at = || path.to_owned();
        let text = std::fs::read_to_string(path).map_err(|source| TruthError::Read { path: at(), source })?;
        let truth: Self = serde_json::from_str(&text).map_err(|source| TruthError::Parse { path: at(), source })?;
        let (line, zone) = (truth.line.is_some(), truth.zone.is_some());
        let whole = line == truth.counts.is_some() && zone == truth.visits.is_some() && (line || zone);
        if whole { Ok(truth) } else { Err(TruthError::Incomplete { path: at() }) }
    }

    /// The gate profile that counts what the truth counts. Its "in" is from A to B.
    pub fn profile_text(&self) -> String {
        let mut text =
            "profile = 1\nname = { vi = \"Đo kiểm\", en = \"Evaluation\" }\nkind = \"junction\"\n".to_owned();
        if let Some(line) = &self.line {
            let [from, to] = line.ends();
            text += &format!(
                "[[line]]\nid = \"line\"\nin = \"a_to_b\"\npoints = [[{:?}, {:?}], [{:?}, {:?}]]\n",
                from.x, from.y, to.x, to.y
            );
        }
        if let Some(zone) = &self.zone {
            let corners: Vec<_> = zone.corners().iter().map(|p| format!("[{:?}, {:?}]", p.x, p.y)).collect();
            text += &format!("[[zone]]\nid = \"zone\"\npoints = [{}]\n", corners.join(", "));
        }
        text
    }

    /// The same, read.
    pub fn profile(&self) -> GateProfile {
        GateProfile::parse(&self.profile_text()).expect("a truth holds only lines and zones that a profile accepts")
    }
}

/// Counts events instead of keeping them.
#[derive(Debug, Default)]
pub struct Tally {
    crossings: BTreeMap<(CountGroup, Direction), u64>,
    stays: BTreeMap<CountGroup, u64>,
}

impl Sink for Tally {
    fn picture(&mut self, _class: EvidenceClass, _jpeg: &[u8]) -> Result<(), SinkError> {
        Ok(())
    }

    fn clip(&mut self, _class: EvidenceClass, path: &Path) -> Result<BlobHash, SinkError> {
        // A measurement keeps no clips; it asks for none.
        let refused = std::io::Error::from(std::io::ErrorKind::Unsupported);
        Err(SinkError { what: format!("no clip is kept of \"{}\"", path.display()), source: refused.into() })
    }

    fn events(&mut self, events: Vec<Event>) -> Result<(), SinkError> {
        for event in events {
            match event.payload {
                Payload::Passed(passed) => {
                    *self.crossings.entry((passed.what.class.group(), passed.what.direction)).or_default() += 1;
                }
                Payload::Stayed(stayed) => *self.stays.entry(stayed.what.class.group()).or_default() += 1,
                Payload::OccupancyChanged(_)
                | Payload::PlateRead(_)
                | Payload::CameraChanged(_)
                | Payload::NodeStarted(_)
                | Payload::ClockJumped(_)
                | Payload::PolicyChanged(_)
                | Payload::EvidenceAdded(_)
                | Payload::AccessDecided(_)
                | Payload::LaneChanged(_)
                | Payload::IncidentSeen(_) => {}
            }
        }
        Ok(())
    }
}

/// One number held against the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// What the gate counted.
    pub counted: u64,
    /// What there was.
    #[serde(rename = "true")]
    pub truth: u64,
    /// The difference.
    pub abs_error: u64,
}

impl Compared {
    fn new(counted: u64, truth: u64) -> Self {
        Self { counted, truth, abs_error: counted.abs_diff(truth) }
    }
}

/// The result: for each group its directions or visits, then how it was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// By group, then by `a_to_b`, `b_to_a` or `visits`.
    #[serde(flatten)]
    pub groups: BTreeMap<CountGroup, BTreeMap<&'static str, Compared>>,
    /// Frames in the video.
    pub frames: u64,
    /// Frames that were worked on in a second of wall-clock time.
    pub frames_per_second: f64,
    /// Time on all processors, the whole process.
    pub cpu_seconds: f64,
    /// The detector.
    pub model: String,
}

/// A measurement in progress.
#[derive(Debug)]
pub struct Stopwatch {
    wall: Instant,
    cpu_seconds: f64,
}

impl Stopwatch {
    /// Starts measuring.
    pub fn start() -> Self {
        Self { wall: Instant::now(), cpu_seconds: process_cpu_seconds() }
    }

    /// Holds the tally against the truth.
    pub fn report(&self, truth: &Truth, tally: &Tally, frames: u64, model: &str) -> Report {
        let mut groups: BTreeMap<CountGroup, BTreeMap<&'static str, Compared>> = BTreeMap::new();
        for group in CountGroup::ALL {
            if let Some(counts) = &truth.counts {
                let truth = counts.get(&group).copied().unwrap_or(TrueCounts { a_to_b: 0, b_to_a: 0 });
                let counted = |direction| tally.crossings.get(&(group, direction)).copied().unwrap_or(0);
                let entry = groups.entry(group).or_default();
                entry.insert("a_to_b", Compared::new(counted(Direction::In), truth.a_to_b));
                entry.insert("b_to_a", Compared::new(counted(Direction::Out), truth.b_to_a));
            }
            if let Some(visits) = &truth.visits {
                let counted = tally.stays.get(&group).copied().unwrap_or(0);
                let truth = visits.get(&group).copied().unwrap_or(0);
                groups.entry(group).or_default().insert("visits", Compared::new(counted, truth));
            }
        }
        let seconds = self.wall.elapsed().as_secs_f64();
        let rounded = |value: f64| (value * 100.0).round() / 100.0;
        Report {
            groups,
            frames,
            frames_per_second: rounded(frames as f64 / seconds.max(1e-9)),
            cpu_seconds: rounded(process_cpu_seconds() - self.cpu_seconds),
            model: model.to_owned(),
        }
    }
}

/// User and system time of this process so far, from `/proc/self/stat` (fields 14 and 15, in hundredths of a second);
/// zero where that cannot be read.
pub fn process_cpu_seconds() -> f64 {
    let read = || {
        let text = std::fs::read_to_string("/proc/self/stat").ok()?;
        // The second field is the program's name in brackets and may hold anything.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |index: usize| fields.get(index)?.parse::<u64>().ok();
        Some((ticks(11)? + ticks(12)?) as f64 / 100.0)
    };
    read().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn load(text: &str) -> Result<Truth, TruthError> {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        Truth::load(file.path())
    }

    #[test]
    fn a_truth_becomes_a_profile_with_the_same_line() {
        let truth = load(r#"{"video":"v","line":[[0.73,0.0],[0.73,1.0]],"counts":{"person":{"a_to_b":2,"b_to_a":1}}}"#)
            .expect("a truth");
        assert_eq!(Some(truth.profile().lines[0].line), truth.line);
        let mut tally = Tally::default();
        tally.crossings.insert((CountGroup::Person, Direction::In), 3);
        let report = Stopwatch::start().report(&truth, &tally, 10, "m");
        let json = serde_json::to_value(&report).expect("JSON");
        assert_eq!(json["person"]["a_to_b"], serde_json::json!({"counted": 3, "true": 2, "abs_error": 1}));
        assert_eq!(json["vehicle"]["b_to_a"]["abs_error"], 0);
    }

    #[test]
    fn truths_that_say_half_are_refused() {
        assert!(matches!(load(r#"{"line":[[0,0],[1,1]]}"#), Err(TruthError::Incomplete { .. })));
        assert!(matches!(load("{}"), Err(TruthError::Incomplete { .. })));
        assert!(matches!(load(r#"{"line":[[0,0],[0,0]],"counts":{}}"#), Err(TruthError::Parse { .. })));
        assert!(matches!(Truth::load(Path::new("/nowhere.json")), Err(TruthError::Read { .. })));
    }
}
