//! Between the node and the hub: the durable outbox, the MQTT publisher, evidence on its way to the hub's blob store, and
//! the policy and guards' orders on their way back.
//!
//! Owns the files in which a node keeps what it has not delivered yet (SQLite outbox, signing key, evidence spool), those
//! in which it keeps what it works by, and the connections to broker and hub. Never looks into an event: what it says was decided before it came here.
//!
//! An event is on disk before [`Outbox::append`] returns and stays there until the hub's own receipt covers it
//! ([`Outbox::confirm`]): a broker's acknowledgement alone removes nothing, because a broker that is killed forgets
//! what it acknowledged.
//!
//! Start reading at [`outbox`], then [`publisher`]; [`spool`] and [`uploader`] do the same for pictures and clips,
//! [`policy`] brings what the hub wants, [`orders`] what a guard there orders, and [`views`] who there looks through a camera.

mod backoff;
mod durable;
mod http;

pub mod broker;
pub mod enrol;
pub mod key_file;
pub mod orders;
pub mod outbox;
pub mod policy;
pub mod probe;
pub mod publisher;
pub mod spool;
pub mod tls;
pub mod uploader;
pub mod views;

use std::sync::Arc;

use domain::{ClockQuality, UtcTime};

pub use broker::{BrokerConfig, Credentials, Secret};
pub use enrol::{Enrolled, EnrolmentFiles, Renewer, RenewerHandle};
pub use key_file::{KeyFileError, NodeKeyFile};
pub use orders::{OrderClient, OrderClientConfig, OrderClientHandle, OrderFault, OrderLink, SeenOrders};
pub use outbox::{AppendError, AppendReceipt, Backlog, ConfirmOutcome, Identity, Outbox, OutboxError, StorageError};
pub use policy::{PolicyClient, PolicyClientConfig, PolicyClientHandle, PolicyLink, PolicyReader, PolicyStore};
pub use publisher::{HealthLook, Hearing, Limits, Links, Publisher, PublisherHandle, PublisherState};
pub use spool::{EvidenceClass, MediaType, Spool, SpoolError, SpoolLimits};
pub use tls::{ClientCertificate, Tls, TlsError};
pub use uploader::{Uploader, UploaderConfig, UploaderHandle, UploaderState};
pub use views::{ViewLink, ViewPost, ViewPostConfig, Viewings};

/// What a look at the node's wall clock gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockReading {
    /// The time it shows.
    pub at: UtcTime,
    /// How far that can be trusted.
    pub quality: ClockQuality,
}

/// Reads the node's wall clock. Handed in, because the program decides what time is: a demo plays it from a file.
pub type WallClock = Arc<dyn Fn() -> ClockReading + Send + Sync>;

/// An error with what caused it, on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
