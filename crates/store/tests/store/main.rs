//! What a store promises, whatever database is behind it.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, unreachable_pub)]

mod accounts;
mod alerts;
mod audit_log;
mod blobs;
mod clips;
mod clock;
mod counting;
mod crash;
mod ingest;
mod node_health;
mod opening;
mod orders;
mod places;
mod plates;
mod policies;
mod policy_parts;
#[path = "../../../../tests/src/postgres.rs"]
#[allow(clippy::expect_used, dead_code)]
mod postgres;
mod rebuild;
mod reports;
mod retention;
mod search;
mod server;
mod support;
