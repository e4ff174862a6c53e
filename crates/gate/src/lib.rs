//! The state machine of one gate: followed objects in, passages, stays, occupancy and incidents out.
//!
//! Owns what a crossing is and when it counts. Never does IO, reads a clock or draws a random number: the same
//! observations give the same events, byte for byte, which is how a count is explained a year later.
//!
//! Start reading at [`Gate`]; [`profile`] says how a gate is configured.

mod crowd;
mod identity;
mod line;
pub mod profile;
mod ride;
mod state;
mod tailgating;
mod zone;

pub use profile::{Anchor, Counting, CountingLine, CrowdLimit, GateProfile, SiteKind, Zone};
pub use state::{Gate, GateEvent, IDENTITIES_MAX, IdentityNumber, Look};
