//! What the API asks. Every query has a limit or is bounded by the number of gates and nodes.

mod clips;
mod counts;
mod decisions;
mod gates;
mod incidents;
mod inside;
mod lists;
mod nodes;
mod plates;
mod sites;

pub use clips::CLIPS_PER_EVENT_MAX;
pub use counts::{CountBucket, CountRow, CountsFilter};
pub use decisions::{DecisionCountRow, DecisionFilter};
pub use gates::{CameraRow, GateRow, ZoneRow};
pub use inside::InsideRow;
pub(crate) use inside::Until;
pub use lists::{AlarmRow, BlobRow, ListCursor, ListFilter, QuarantineRow};
pub use nodes::{NodePolicyRow, NodeRow, NodeStatusRow};
pub use plates::{PlateFilter, PlateOfPassage};
pub use sites::Sites;
