//! The hub: takes events in from the broker, keeps what they add up to, and shows it over HTTP.
//!
//! Owns the connection to the broker, the HTTP API and the pages: the console of the crate `console` and a plain one. What an
//! event means is decided in `projections`, what
//! is kept in `store`; this crate only carries. Nothing in its memory is the only copy: a message is acknowledged to
//! the broker, and confirmed to its node, after the commit.
//!
//! What nodes shall work by goes the other way: [`policy`].
//!
//! Start reading at [`start()`]. A message goes [`link`] → [`ingest`] → `store` → [`live`] → [`api::stream`].

pub mod accounts;
pub mod api;
pub mod authority;
pub mod backup;
pub mod broker;
pub mod broker_files;
pub mod check;
pub mod clock;
mod commissioning;
pub mod config;
mod console_page;
pub mod counting;
pub mod drawing;
pub mod enrolment;
mod etag;
pub mod feeds;
mod follow;
pub mod health;
pub mod https;
pub mod ingest;
pub mod link;
pub mod live;
pub mod metrics;
pub mod orders;
pub mod page;
pub mod policy;
pub mod reporting;
pub mod retention;
pub mod setup;
pub mod silence;
pub mod start;
mod views;

pub use accounts::LoginConfig;
pub use broker::{BrokerConfig, Credentials, Secret, Subscription};
pub use config::{ConfigError, HubConfig, Listening};
pub use health::Health;
pub use start::{HubHandle, StartError, start, start_with};
/// What [`HubHandle::store`] is and takes, for whoever composes a hub.
pub use store::{RegisteredNode, Store};
