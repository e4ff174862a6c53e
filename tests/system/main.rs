//! The whole system from outside: the real programs, a real Mosquitto, HTTP.

#![allow(clippy::unwrap_used)]

mod access;
mod clock;
mod codes;
mod command_line;
mod counting;
mod crash;
mod delivery;
mod disk;
mod enrolment;
mod evidence;
mod fuzz;
mod offline;
mod orders;
mod plates;
mod poison;
mod policy;
mod reconnect;
mod redact;
mod replay;
mod replica;
mod retention;
mod rtsp;
mod set_up;
mod two_processes;
mod uploads;
mod views;
