//! The policy that the hub wants this node to work by: heard, fetched, checked, applied, kept.
//!
//! A [`PolicyStore`] keeps the policy in force and the one before on the disk, so that a node that starts without a hub
//! works by what it had. A [`PolicyClient`] waits for what the publisher's connection hears on the node's policy topic,
//! fetches the bundle from the hub, checks everything about it ([`wire::policy`]) and hands it to the program. Only what
//! the program could apply is made current; whatever goes wrong, the policy in force stays, and the node's status and an
//! event say why.
//!
//! ```no_run
//! # use std::path::Path;
//! # use uplink::policy::{PolicyClient, PolicyClientConfig, PolicyReader, PolicyStore};
//! # use uplink::{BrokerConfig, Limits, Outbox, Publisher, WallClock};
//! # use wire::policy::{Bundle, PolicyChange, TrustedKeys};
//! # fn apply_to_gates(_: &Bundle) -> Result<(), String> { Ok(()) }
//! # fn append_event(_: &PolicyChange) {}
//! # async fn run(outbox: Outbox, broker: BrokerConfig, clock: WallClock, key: wire::NodeKey, trusted: TrustedKeys)
//! #     -> Result<(), Box<dyn std::error::Error>> {
//! let reader = PolicyReader { site: "cao-nguyen".parse()?, node: "n1".parse()?, trusted };
//! let mut store = PolicyStore::open(Path::new("/var/lib/gatehouse/policy"), reader)?;
//! // What was in force before the start; the one before it where that cannot be applied (any more).
//! while let Some(bundle) = store.running() {
//!     match apply_to_gates(&bundle) {
//!         Ok(()) => break,
//!         Err(why) => store.fall_back(&why)?,
//!     }
//! }
//! let config = PolicyClientConfig::new("http://10.0.0.5:8080", key, None);
//! // Both run on threads that may wait. `append_event` makes `wire::Payload::PolicyChanged` of it.
//! let (policy, link) = PolicyClient::start(store, config, clock.clone(), apply_to_gates, append_event)?;
//! let publisher = Publisher::start_with_policy(outbox, broker, Limits::default(), "1.0", clock, link);
//! # publisher.stop().await; policy.stop().await; Ok(()) }
//! ```

mod client;
mod fetch;
pub(crate) mod link;
mod store;

pub use client::{
    FETCHES_BEFORE_ALARM, PolicyClient, PolicyClientConfig, PolicyClientError, PolicyClientHandle, UNBELIEVED_EVERY,
};
pub use link::PolicyLink;
pub use store::{PolicyLoss, PolicyReader, PolicyStore, PolicyStoreError, Staged};
