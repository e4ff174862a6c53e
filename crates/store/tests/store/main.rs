//! What a store promises, whatever database is behind it.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, unreachable_pub)]

mod blobs;
mod clips;
mod counting;
mod crash;
mod ingest;
mod opening;
mod plates;
mod policies;
mod rebuild;
mod support;
