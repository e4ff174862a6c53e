//! Relays against real servers on loopback, well behaved and not, and the lane's thread on top of them.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test waits for one thing among many")]

mod config;
mod device;
mod gpio;
mod http;
mod lane;
mod modbus;
