//! What the API asks. Every query has a limit or is bounded by the number of gates and nodes.

mod alerts;
mod clips;
mod counts;
mod decisions;
mod dwell;
mod figures;
mod gates;
mod incidents;
mod inside;
mod lanes;
mod lists;
mod nodes;
mod plates;
mod sites;
mod visits;

pub use alerts::{Acted, AlertAction, AlertError, AlertFilter, AlertOutcome, AlertRow, AlertState, HelpCall};
pub use clips::CLIPS_PER_EVENT_MAX;
pub use counts::{CountBucket, CountRow, CountsFilter};
pub use decisions::{DecisionCountRow, DecisionFilter};
pub use dwell::DwellStretch;
pub use figures::{AlertFate, GateCountRow, OutageRow};
pub use gates::{CameraRow, GateRow, ZoneRow};
pub use inside::InsideRow;
pub(crate) use inside::Until;
pub use lanes::{LaneContact, LaneRow};
pub use lists::{AlarmRow, BlobRow, ListCursor, ListFilter, QuarantineRow};
pub use nodes::{NodeHealthRow, NodePolicyRow, NodeRow, NodeStatusRow};
pub use plates::{PlateFilter, PlateOfPassage};
pub use sites::Sites;
pub use visits::{MOVES_MAX, MoveFilter};
