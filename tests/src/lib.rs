//! What the tests of the whole system share: the real programs, a real Mosquitto, made-up observations, and the
//! campaign of kills.
//!
//! Whatever goes wrong around a test (a program that does not start, a broker that is not installed) panics with the
//! reason; there is nothing else that a test could do about it. Start reading at [`site::Site`].

pub mod broker;
pub mod crash;
pub mod deletion;
pub mod dice;
pub mod disk;
pub mod edge;
pub mod found;
pub mod fuzz;
pub mod hub;
mod hub_log;
pub mod line;
pub mod offline;
pub mod postgres;
pub mod process;
pub mod reconnect;
pub mod rehearsal;
pub mod relay;
pub mod rtsp;
pub mod site;
pub mod soak;
pub mod strace;
mod traffic;
pub mod video;
pub mod wait;
