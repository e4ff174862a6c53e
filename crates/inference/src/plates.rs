//! Plates: finding them with their corners, setting them upright, and the probabilities of each glyph.
//!
//! What the glyphs mean is not decided here: the numbers go to the crate that knows the grammar of plates.

mod detector;
mod reader;
mod rectify;

pub use detector::PlateDetector;
pub use reader::{GLYPH_CLASSES, PlateGlance, PlateReader, Quality, SLOTS};
pub use rectify::plate_picture;
