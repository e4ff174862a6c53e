//! Made-up observations: persons and cars that walk over a line, so that it is known beforehand what must be counted.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use domain::{
    BoundingBox, CameraId, Direction, FrameStamp, MediaTime, MonoTime, ObjectClass, Observations, Point, TrackId,
    TrackObservation, UtcTime,
};

use vnplate::Glyph;
use vnplate::decode::BLANK;

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

/// Places for glyphs in a look.
const GLYPHS_MAX: usize = 12;

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

/// A car that comes, stands while its plate is read, and may go in over the line.
#[derive(Debug, Clone)]
pub struct Car {
    /// When it comes.
    pub at: Duration,
    /// Its plate, as its key.
    pub plate: &'static str,
    /// Where its plate is seen, below [`PLACES`]: at the same place the same plate is the same visit for a while.
    pub place: usize,
    /// Whether it goes in once its plate was read.
    pub passage: CarPassage,
}

/// Whether a car goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CarPassage {
    /// It goes in.
    In,
    /// It stays where it is and is gone.
    None,
}

/// Places at which plates can be seen without one being taken for another.
pub const PLACES: usize = 40;
/// Between two frames of cars.
const CAR_FRAME: Duration = Duration::from_millis(100);
/// Frames in which a plate is seen: more than a reader needs.
const PLATE_FRAMES: usize = 6;
/// From a car's coming to its first step towards the line, in frames.
const CAR_STANDS: usize = 15;

/// Writes an observation log in which these cars come; `rest` after the last one the log is over.
///
/// # Panics
/// Where the disk is full.
pub fn write_cars(path: &Path, cars: &[Car], rest: Duration) {
    let frame_of = |at: Duration| usize::try_from(at.as_millis() / CAR_FRAME.as_millis()).expect("few frames");
    let count = cars.iter().map(|car| frame_of(car.at)).max().unwrap_or(0) + CAR_STANDS + STEPS.len() + 5;
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).expect("the log is created"));
    let mut put = |record: serde_json::Value| writeln!(file, "{record}").expect("the log is written");
    for index in 0..=count {
        let since = if index == count { CAR_FRAME * (count as u32) + rest } else { CAR_FRAME * (index as u32) };
        let stamp = FrameStamp {
            media: MediaTime::default() + since,
            arrived: MonoTime::default() + since,
            utc: UtcTime::UNIX_EPOCH.saturating_add(since),
        };
        let (mut tracks, mut found, mut looks) = (Vec::new(), Vec::new(), Vec::new());
        for (number, car) in (1..).zip(cars).filter(|_| index < count) {
            let Some(step) = index.checked_sub(frame_of(car.at)) else { continue };
            if step < PLATE_FRAMES {
                let corners = plate_corners(car.place);
                found.push(serde_json::json!({ "corners": corners, "score": 0.875 }));
                looks.push(look(car.plate, corners));
            }
            let walk = step.checked_sub(CAR_STANDS).filter(|step| *step < STEPS.len());
            if let Some(step) = walk.filter(|_| car.passage == CarPassage::In) {
                let bbox = place(Direction::In, step);
                tracks.push(TrackObservation {
                    track: TrackId(number),
                    class: ObjectClass::Car,
                    confidence: 0.875,
                    bbox,
                });
            }
        }
        let seen = Observations { camera: CameraId::new(CAMERA).expect("a slug"), stamp, tracks };
        put(serde_json::json!({ "record": "seen", "seen": seen }));
        put(serde_json::json!({ "record": "plates", "stamp": stamp, "found": found, "looks": looks }));
    }
    file.flush().expect("the log is written");
}

fn plate_corners(place: usize) -> [[f32; 2]; 4] {
    assert!(place < PLACES, "there are {PLACES} places");
    // Far enough apart that none is followed into the place of another.
    let (x, y) = (0.02 + 0.16 * (place % 6) as f32, 0.03 + 0.13 * (place / 6) as f32);
    [[x, y], [x + 0.1, y], [x + 0.1, y + 0.05], [x, y + 0.05]]
}

/// A look that reads `plate` without any doubt.
fn look(plate: &str, corners: [[f32; 2]; 4]) -> serde_json::Value {
    let mut glyphs = vec![vec![0.0; BLANK + 1]; GLYPHS_MAX];
    for (at, position) in glyphs.iter_mut().enumerate() {
        let glyph = plate.chars().nth(at).map(|sign| Glyph::from_char(sign).expect("a sign of plates"));
        position[glyph.map_or(BLANK, Glyph::index)] = 1.0;
    }
    serde_json::json!({
        "visit": 0, "corners": corners, "glyphs": glyphs, "not_a_plate": 0.0, "weight": 1.0,
        "evidence": { "two_rows": 0.0, "colours": [1.0, 0.0, 0.0, 0.0, 0.0], "motorbike": 0.0, "cut_off": 0.0, "not_a_plate": 0.0 },
    })
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
