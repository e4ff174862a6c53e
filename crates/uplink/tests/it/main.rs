//! The uplink against real things: files, processes, a Mosquitto broker, a TCP server.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod delivery;
mod kill;
mod orders;
mod outbox;
mod policy;
mod policy_kill;
mod refusal;
mod spool;
#[allow(dead_code, unreachable_pub)] // not everything of it is needed here
#[path = "../../../../tests/src/strace.rs"]
mod strace;
mod support;
mod tls;
mod upload;
