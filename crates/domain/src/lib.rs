//! The vocabulary of Gatehouse: ids, times, geometry, what was seen and what passed.
//!
//! Owns the words that every other crate speaks. Never reads a clock, a file, the network, the environment or
//! a random number: whoever needs a time hands one in.
//!
//! Start reading at [`observation`] (what a camera saw in one frame) and [`passage`] (what the gate made of it).

pub mod class;
pub mod clock;
pub mod geometry;
pub mod id;
pub mod incident;
pub mod observation;
pub mod passage;
pub mod picture;
pub mod problem;
pub mod table;
pub mod time;

pub use class::{CountGroup, ObjectClass};
pub use clock::{ClockQuality, ClockSource};
pub use geometry::{BoundingBox, Line, Point, Polygon, Side};
pub use id::{CameraId, GateId, LineId, NodeId, SiteId, TrackId, ZoneId};
pub use incident::{Incident, IncidentKind};
pub use observation::{Detection, FrameStamp, Observations, TrackObservation};
pub use passage::{Direction, Occupancy, Passage, Stay};
pub use picture::{I420View, InvalidPicture, PixelView, Plane};
pub use problem::{Problem, Problems};
pub use table::TableReader;
pub use time::{MediaTime, MonoTime, UtcTime};
