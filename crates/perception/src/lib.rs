//! Numbers in, domain out: what a detector's raw output means, and who is who from one frame to the next.
//!
//! Owns box decoding and the choice among overlapping boxes ([`decode`], [`nms`]) and the tracking of objects over
//! frames; the finding, following and reading of plates ([`plate`], [`plate_visit`]); and the finding of faces ([`face`]).
//! Never touches a pixel, a file, a clock or a model: whoever runs the model hands in its numbers.

pub mod decode;
pub mod face;
pub mod nms;
pub mod plate;
pub mod plate_visit;
pub mod tracker;
