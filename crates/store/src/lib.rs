//! The hub's memory: the log of events, what they add up to, and the media that show them.
//!
//! Owns the database and the media, in a folder or a bucket. An event is taken in exactly once, in one transaction with everything
//! that it changes; whatever cannot be taken in is kept apart with the reason. Never speaks MQTT or HTTP and reads no
//! clock: whoever calls says what time it is.
//!
//! The database is SQLite or PostgreSQL. Nothing outside this crate sees which, and inside it only `db` does.
//!
//! Start reading at [`Store::open`] and [`Store::ingest`]; the tables are in `migrations/`.

pub mod account;
pub mod audit_log;
pub mod blob;
pub mod commissioning;
pub mod copy;
pub mod deletion_log;
pub mod draft;
pub mod enrolment;
pub mod error;
pub mod event;
pub mod hold;
pub mod ingest;
pub mod lane_order;
pub mod ledger;
pub mod log;
pub mod month;
pub mod node;
pub mod open;
pub mod pass;
pub mod place;
pub mod policy;
pub mod query;
pub mod rebuild;
pub mod report;
pub mod retention;
pub mod revocation;
pub mod signal;
pub mod verify;
pub mod watch;
pub mod webhook;

mod alarm;
mod clock;
mod db;
mod limits;
mod lock;
mod projection;
mod quarantine;
mod row;

pub use account::{
    ACCOUNTS_MAX, AccountError, AccountRow, ApiKeyRow, BegunRow, Claim, FailureRow, IDEMPOTENCY_AGE_MAX, KeptAnswer,
    SIGN_INS_BEGUN_MAX, SessionRow, TotpRow,
};
pub use alarm::{AlarmKind, STRANGER_ALARMS_MAX};
pub use audit_log::{
    AuditHead, AuditLogFilter, AuditLogRow, AuditVerdict, AuditVerified, InvalidHead, LogActor, LogEntry,
};
pub use blob::bucket::{BucketConfig, BucketError};
pub use blob::inspect::{Imported, MediaChecked, MediumFound, MediumState};
pub use blob::place::{BlobsAt, ProbeError};
pub use blob::writer::BlobWriter;
pub use blob::{BlobError, StoredBlob, Written};
pub use commissioning::{CommissioningMark, CommissioningOutcome};
pub use copy::Held;
pub use db::location::{Location, LocationError, Server};
pub use deletion_log::{Deletion, DeletionLogFilter, DeletionLogRow};
pub use draft::{DraftChange, DraftError, DraftRow, Expected, text_hash};
pub use enrolment::{CertificateRow, ClaimError, InvitationRow, InviteError, IssuedFor, NewInvitation, RenewError};
pub use error::{OpenError, StoreError};
pub use event::StoredEvent;
pub use hold::{HOLD_EVENTS_MAX, HoldEnd, HoldRow, NewHold};
pub use ingest::{BatchOutcome, CheckedBatch, Message, NodeHead, Outcome, Reason};
pub use lane_order::{NewOrder, OrderEnd, OrderFate, OrderFilter, OrderNoted, OrderRate, OrderRow};
pub use ledger::{
    Area, AuditErrors, AuditFilter, AuditRow, CorrectionRow, LedgerError, LedgerMark, NewAudit, NewCorrection,
    NewReset, ResetRow,
};
pub use log::{DropError, DroppedMonth, LogMonth};
pub use month::{InvalidMonth, Month};
pub use node::{NodeError, RegisteredNode};
pub use open::Store;
pub use pass::{PassError, PassRow, PassUses};
pub use place::{GatePlace, SitePlace, SitePlan};
pub use policy::{NewPolicy, PolicyDocument, PolicyError, PolicyMark, PolicyRow, WantedRow};
pub use projection::TABLES as PROJECTION_TABLES;
pub use quarantine::{
    PAYLOAD_BYTES_MAX as QUARANTINE_PAYLOAD_BYTES_MAX, ROWS_MAX as QUARANTINE_ROWS_MAX,
    ROWS_PER_NODE_MAX as QUARANTINE_ROWS_PER_NODE_MAX,
};
pub use query::{
    Acted, AlarmRow, AlertAction, AlertError, AlertFate, AlertFilter, AlertOutcome, AlertRow, AlertState, BlobRow,
    CLIPS_PER_EVENT_MAX, CameraRow, CountBucket, CountRow, CountsFilter, DecisionCountRow, DecisionFilter,
    DwellStretch, GateCountRow, GateRow, HelpCall, InsideRow, LaneContact, LaneRow, ListCursor, ListFilter, MOVES_MAX,
    MoveFilter, NodeHealthRow, NodePolicyRow, NodeRow, NodeStatusRow, OutageRow, PlateFilter, PlateOfPassage,
    QuarantineRow, Sites, ZoneRow,
};
pub use rebuild::Rebuilt;
pub use report::{ReportDocument, ReportRow, ReportScheduleRow, ReportScope};
pub use retention::{RetentionBatch, RetentionClass, RetentionState};
pub use revocation::{Revocation, RevokeError};
pub use signal::{Signal, Signals};
pub use verify::{Finding, Verified};
pub use watch::{Decision, NewWatch, WatchError, WatchRow, Word};
pub use webhook::{DEAD_LETTERS_MAX, DeadLetterRow, WEBHOOKS_MAX, WebhookChange, WebhookError, WebhookRow};
