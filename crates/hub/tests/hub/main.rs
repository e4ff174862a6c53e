//! The hub with a real broker: events in by MQTT, figures out by HTTP.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, unreachable_pub)]

mod access;
mod accounts;
mod alerts;
mod api;
mod backup;
mod blobs;
mod broker_rights;
mod command_line;
mod commissioning;
mod counting;
mod decisions;
mod delivery;
mod enrolment;
mod failures;
mod feeds;
mod live;
mod oidc;
mod orders;
mod plates;
mod policy_lists;
mod policy_parts;
#[path = "../../../../tests/src/postgres.rs"]
#[allow(dead_code)]
mod postgres;
mod replicas;
mod reports;
mod retention;
mod support;
mod tls;
mod views;
