//! Barriers and doors: relays over HTTP, Modbus TCP and GPIO lines.
//!
//! Owns the last step from a decision to a moving barrier: the exchange with the relay, the end of a pulse, feedback
//! and inputs, and who overrules whom at one lane. Never decides who may pass, and never opens on an order that is
//! older than its deadline.
//!
//! # What the caller is told
//! [`ActuateError`] separates what surely was not done from what may have been done. A pulse whose outcome is unknown
//! is never repeated here and must not be repeated by the caller without a new decision: two pulses let two vehicles
//! pass.
//!
//! # What it cannot do
//! A process that is killed cannot switch off a contact. Relays with a timer of their own
//! ([`PulseBy::Relay`](relay::PulseBy)) are safe from that; with the others the contact is switched off at the next
//! start.
//!
//! Start reading at [`worker`]: one [`ActuatorThread`] a lane. [`actuator`] holds the rules of repeating, [`relay`]
//! what every relay can do.

pub mod actuator;
pub mod config;
pub mod error;
pub mod gpio;
pub mod http;
pub mod modbus;
pub mod relay;
pub mod worker;

pub use actuator::{Actuator, Pulsed};
pub use config::{ActuatorConfig, ButtonInLockdown, FailMode, OpenError, RelayConfig};
pub use error::{ActuateError, Cause, with_sources};
pub use relay::{Contact, Level, Position, Reading, Relay, Signal};
pub use worker::{
    ActuatorThread, Command, Done, Happening, Health, LaneMode, Order, OrderError, OrderId, QUEUE_MAX, StartError,
};
