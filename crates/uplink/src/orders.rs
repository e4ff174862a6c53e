//! Guards' orders: heard, checked, handed on once, answered.
//!
//! An [`OrderClient`] takes what the publisher's connection hears on the node's topic for orders, believes only what a
//! trusted key signed for this node, hands each order on once, while it is good, and answers under the node's own
//! signature. What was handed on is kept on the disk ([`seen`]), so that whoever can write to the broker gains nothing by
//! sending an order again, not even after a power cut.
//!
//! Nothing waits here for long: an order that finds no room, or comes when nobody listens, is gone, and whoever gave it
//! is told that nobody answered. A barrier that opens minutes later would be worse.

mod client;
pub(crate) mod link;
mod seen;

use thiserror::Error;
use wire::order::Untimely;

pub use client::{OrderClient, OrderClientConfig, OrderClientHandle, UNBELIEVED_EVERY};
pub use link::{ANSWERS_MAX, HEARD_MAX, OrderLink};
pub use seen::{SeenOrders, SeenOrdersError, TAKEN_MAX};

/// Why a believed order is not handed on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OrderFault {
    /// Too late, or from the node's future.
    #[error(transparent)]
    Untimely(#[from] Untimely),
    /// It may have been carried out before, and this node cannot know.
    #[error(
        "this node has forgotten which orders of that time it had, because its clock was set back or a file is damaged"
    )]
    Forgotten,
    /// More orders than are remembered.
    #[error("more than {TAKEN_MAX} orders within minutes")]
    TooMany,
    /// It could be given twice.
    #[error("it cannot be kept on the disk that it was given: {0}")]
    Unsaved(String),
}

impl OrderFault {
    /// Its name in events.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Untimely(Untimely::Late { .. }) => "late",
            Self::Untimely(Untimely::Ahead { .. }) => "clock",
            Self::Forgotten => "forgotten",
            Self::TooMany => "too-many",
            Self::Unsaved(_) => "unsaved",
        }
    }
}
