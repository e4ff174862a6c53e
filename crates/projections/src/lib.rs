//! Pure folds: what the events of all nodes add up to.
//!
//! Owns the meaning of counts, dwell, visits, occupancy, read plates, alerts, camera and node state. An event is folded into [`Delta`]s that either add up
//! or are decided by the node's own event number, so that events may come in any order; whoever stores them only has
//! to let each event in once. Never does IO and reads no clock.
//!
//! Start reading at [`fold()`]; [`Changes`] says how deltas combine, and [`day`] where a day begins.

pub mod accuracy;
pub mod alert;
pub mod changes;
pub mod day;
pub mod delta;
pub mod dwell;
pub mod fold;
pub mod inside;
pub mod rollup;
pub mod today;
pub mod visit;

pub use accuracy::{Accuracy, Audited, AuditedHour, RelativeError, accuracy};
pub use alert::{AlertKind, AlertSignal, AlertSource, Edge, Episode, UnknownAlertKind, episodes};
pub use changes::{Changes, Projections};
pub use day::LocalDay;
pub use delta::{
    CameraKey, CameraValue, ClipRow, ClockJumpValue, CountKey, DecisionRow, Delta, GateCameraKey, GateNodeKey,
    IncidentRow, NodeSeenValue, NodeStartValue, OccupancyKey, OccupancyValue, PLATE_TEXT_CHARS_MAX, PassageRow,
    PlateBest, PlateDecided, PlateListed, PlateRow, StayRow,
};
pub use dwell::{Dwell, DwellKey};
pub use fold::{Fact, fold};
pub use inside::{Base, BaseKind, Inside, InvalidResetTime, ResetTime};
pub use rollup::{Grain, Piece, pieces};
pub use today::{GateToday, GroupToday};
pub use visit::{PlateMove, VISIT_MAX, Visit, visits};

/// Version of the fold: raised whenever the same events would give another result, so that a store knows that what it
/// has folded must be folded again.
pub const FOLD_VERSION: u32 = 5;
