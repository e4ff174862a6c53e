//! What travels between machines: the event envelope, acknowledgements, node status, policies, guards' orders, passes
//! of visitors, requests for a camera's pictures, the enrolment of nodes, topics, keys and blob names.
//!
//! Owns every byte that one machine sends and another reads, so that both ends agree by construction. Never does IO,
//! reads a clock or draws a random number.
//!
//! Start reading at [`envelope`]; [`topic`] says where each message goes.

pub mod access;
pub mod ack;
pub mod blob;
mod canonical;
pub mod enrolment;
pub mod envelope;
pub mod event;
pub mod evidence;
pub mod hash;
pub mod health;
pub mod key;
pub mod ngsi;
pub mod order;
pub mod pass;
pub mod plate;
pub mod policy;
#[cfg(test)]
mod samples;
pub mod status;
pub mod topic;
pub mod view;
pub mod webhook;

pub use access::{AccessDecided, AccessVerdict, LaneChange, LaneHappening, LaneName};
pub use ack::Ack;
pub use blob::{BlobHash, UploadGrant};
pub use envelope::{Envelope, EnvelopeError, Received, Unsealed, verify_all};
pub use event::{Event, EventId, EvidenceRef, EvidenceRole, Payload};
pub use evidence::EvidenceAdded;
pub use hash::{EventHash, InvalidHash};
pub use health::{CameraHealth, NodeHealth, PictureQuality, PlateQuality, Trouble};
pub use key::{InvalidKey, NodeKey, NodePublicKey, Signature};
pub use order::{LaneOrder, OrderAction, OrderAnswer, OrderId, OrderKey};
pub use pass::{Pass, PassKey, PassKeys, PassPublicKey};
pub use plate::PlateRead;
pub use status::{NodeState, Status};
pub use topic::{Channel, NodeTopic};
pub use view::{ViewKey, ViewRequest};
