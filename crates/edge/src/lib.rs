//! The edge node: watches cameras, decides at the gates, never loses an event.
//!
//! Owns the composition of the other crates and nothing else: which thread runs what, and in which order something
//! becomes durable. Start reading at [`watch`] (one camera's frames become events) and [`node`] (the whole process);
//! [`desk`] is the part that a [`replay`] shares with a live run.

pub mod access;
pub mod attention;
pub mod board;
pub mod check;
pub mod clips;
pub mod codes;
pub mod config;
pub mod desk;
pub mod engine;
pub mod eval;
pub mod eyes;
pub mod fetch;
mod follow;
pub mod health;
pub mod health_command;
pub mod histogram;
pub mod host;
pub mod installation;
pub mod local;
pub mod models;
pub mod node;
pub mod node_clock;
pub mod observation_log;
mod orders;
pub mod plates;
pub mod redact;
mod refused;
pub mod rehearse;
pub mod replay;
pub mod rules;
pub mod shed;
pub mod shots;
mod sink;
pub mod stage;
pub mod status;
pub mod today;
mod told;
pub mod trial;
pub mod turns;
pub mod views;
pub mod watch;
pub mod watchdog;
