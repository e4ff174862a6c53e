//! Made-up observations: persons and cars that walk over a line, so that it is known beforehand what must be counted.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use domain::{
    BoundingBox, CameraId, Direction, FrameStamp, MediaTime, MonoTime, ObjectClass, Observations, Point, TrackId,
    TrackObservation, UtcTime,
};

use crate::edge::CAMERA;

/// A gate that counts the walkers: a line down the middle, whose inside is on the left, and a zone beyond it.
pub const PROFILE: &str = r#"
profile = 1
name = { vi = "Cổng thử", en = "Test gate" }
kind = "tourist_site"
[counting]
settle_ms = 0
sightings_min = 2
lost_ms = 200
stay_ms = 0
[[line]]
id = "line"
points = [[0.5, 0.0], [0.5, 1.0]]
in = "a_to_b"
"#;

/// A part of [`PROFILE`]: who stays on the left. Its numbers tell of more kinds of events.
pub const ZONE: &str = r#"
[[zone]]
id = "yard"
points = [[0.0, 0.0], [0.45, 0.0], [0.45, 1.0], [0.0, 1.0]]
"#;

/// Where a walker is in each frame that shows it: from right to left for one who goes in.
const STEPS: [f32; 4] = [0.8, 0.65, 0.35, 0.2];

/// Who walks over the line once.
pub type Walker = (Direction, ObjectClass);

/// When walkers come.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Between two frames.
    pub frame: Duration,
    /// Frames between two walkers of the same direction; persons and cars of the two directions do not wait for each
    /// other.
    pub every: usize,
    /// After the last walker nothing happens for this long.
    pub rest: Duration,
}

/// Writes an observation log in which every walker passes once, in this order.
///
/// # Panics
/// Where the disk is full.
pub fn write(path: &Path, walkers: &[Walker], pace: Pace) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).expect("the log is created"));
    for frame in frames(walkers, pace) {
        let record = serde_json::json!({ "record": "seen", "seen": frame });
        writeln!(file, "{record}").expect("the log is written");
    }
    file.flush().expect("the log is written");
}

fn frames(walkers: &[Walker], pace: Pace) -> Vec<Observations> {
    let mut frames: Vec<Vec<TrackObservation>> = vec![Vec::new()];
    let (mut next_in, mut next_out) = (0, 0);
    for (number, (direction, class)) in (1..).zip(walkers) {
        let next = match direction {
            Direction::In => &mut next_in,
            Direction::Out => &mut next_out,
        };
        let first = *next;
        *next += pace.every;
        frames.resize_with(frames.len().max(first + STEPS.len()), Vec::new);
        for (step, frame) in frames[first..first + STEPS.len()].iter_mut().enumerate() {
            frame.push(TrackObservation {
                track: TrackId(number),
                class: *class,
                confidence: 0.875,
                bbox: place(*direction, step),
            });
        }
    }
    let last = frames.len();
    frames.push(Vec::new());
    let at = |index: usize| match u32::try_from(index).expect("few frames") {
        index if usize::try_from(index).expect("few frames") == last => pace.frame * index + pace.rest,
        index => pace.frame * index,
    };
    let camera = CameraId::new(CAMERA).expect("a slug");
    frames
        .into_iter()
        .enumerate()
        .map(|(index, tracks)| Observations {
            camera: camera.clone(),
            stamp: FrameStamp {
                media: MediaTime::default() + at(index),
                arrived: MonoTime::default() + at(index),
                utc: UtcTime::UNIX_EPOCH.saturating_add(at(index)),
            },
            tracks,
        })
        .collect()
}

/// Each direction has its own lane, so that nobody is taken for somebody who was lost.
fn place(direction: Direction, step: usize) -> BoundingBox {
    let (x, y) = match direction {
        Direction::In => (STEPS[step], 0.3),
        Direction::Out => (STEPS[STEPS.len() - 1 - step], 0.7),
    };
    BoundingBox::around(Point { x, y }, 0.06, 0.12)
}

/// So many walkers in a fixed mixture of classes, as many in as out.
pub fn crowd(count: usize) -> Vec<Walker> {
    let kinds = [
        (Direction::In, ObjectClass::Person),
        (Direction::Out, ObjectClass::Person),
        (Direction::In, ObjectClass::Car),
        (Direction::Out, ObjectClass::Person),
        (Direction::In, ObjectClass::Person),
        (Direction::Out, ObjectClass::Car),
    ];
    kinds.into_iter().cycle().take(count).collect()
}
