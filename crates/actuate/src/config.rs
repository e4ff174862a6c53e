//! The table `[actuator]` of a lane: which relay, how long it pulses, what happens when things fail.
//!
//! ```toml
//! [actuator]
//! kind = "modbus"                         # or "http", "gpio"
//! pulse_ms = 800
//! fail_mode = "secure"                    # or "safe": held open when the node goes down
//! address = "192.168.1.50:502"
//! open = { coil = 0 }
//! closed = { discrete = 0 }               # end switch
//! fire = { discrete = 1, active_low = true }
//! button = { discrete = 2 }
//! ```
//!
//! A relay with a timer of its own, over HTTP:
//!
//! ```toml
//! [actuator]
//! kind = "http"
//! open = { url = "http://192.168.1.51/relay/0?turn=on&timer={s}" }
//! hold = { url = "http://192.168.1.51/relay/0?turn=on" }
//! close = { url = "http://192.168.1.51/relay/0?turn=off" }
//! state = { url = "http://192.168.1.51/status", pointer = "/inputs/0/input", open = ["1"], closed = ["0"] }
//! auth = { scheme = "basic", file = "/etc/gatehouse/barrier.secret" }
//! ```

pub mod gpio;
pub mod http;
pub mod modbus;

use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::{Problems, TableReader};
use serde::Deserialize;
use thiserror::Error;

use crate::relay::Relay;
use gpio::GpioConfig;
use http::{HttpConfig, HttpOpenError};
use modbus::ModbusConfig;

/// A lane's actuator, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActuatorConfig {
    /// The relay.
    pub relay: RelayConfig,
    /// Length of a pulse where an order does not say another, and of the manual button's. 0.8 s unless told.
    pub pulse: Duration,
    /// Length of a pulse of the close contact. 0.8 s unless told.
    pub close_pulse: Duration,
    /// Longest exchange with the relay, whatever an order's deadline. 2 s unless told.
    pub exchange_max: Duration,
    /// How often feedback and inputs are read. 0.2 s unless told.
    pub poll: Duration,
    /// What the lane does when the node goes down in order, or its lane thread ends.
    pub fail_mode: FailMode,
    /// Whether the manual button opens during a lock-down.
    pub button_in_lockdown: ButtonInLockdown,
}

/// Which relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RelayConfig {
    /// HTTP.
    Http(Box<HttpConfig>),
    /// Modbus TCP.
    Modbus(ModbusConfig),
    /// GPIO lines.
    Gpio(GpioConfig),
}

/// What a lane does when nobody decides any more. A machine that loses its power decides nothing: there it is the
/// relay's rest position and the barrier's own setting that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailMode {
    /// It is held open: escape routes.
    Safe,
    /// It is released and stays closed.
    #[default]
    Secure,
}

/// Whether the manual button opens during a lock-down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ButtonInLockdown {
    /// It opens: whoever is inside must be able to leave.
    #[default]
    Opens,
    /// It is ignored, and told as ignored.
    Ignored,
}

/// Why a relay cannot be set up.
#[derive(Debug, Error)]
pub enum OpenError {
    /// A file that the HTTP relay needs.
    #[error("cannot set up the HTTP relay")]
    Http(#[source] HttpOpenError),
    /// The system gives no means to wait for the network.
    #[error("cannot set up the Modbus relay")]
    Modbus(#[source] std::io::Error),
}

/// Shortest and longest pulse in milliseconds: what contactors follow, and what is a hold.
const PULSE_MS: std::ops::RangeInclusive<u64> = 50..=30_000;

impl ActuatorConfig {
    /// Reads the document `text`, which has a table `[actuator]` and nothing else; all that is wrong, at once.
    pub fn parse(text: &str) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let config = TableReader::parse(text, &mut problems).and_then(|mut table| {
            if !table.has("actuator") {
                table.note("actuator", "missing: give a table [actuator]");
            }
            let config = table.nested("actuator", Self::read).flatten();
            table.finish();
            config
        });
        problems.into_result(config)
    }

    /// Reads the table `[actuator]`; what is wrong is noted there.
    pub fn read(table: &mut TableReader<'_>) -> Option<Self> {
        let pulse = table.ranged("pulse_ms", PULSE_MS, "50 to 30000", 800);
        let close_pulse = table.ranged("close_pulse_ms", PULSE_MS, "50 to 30000", 800);
        let exchange_max = table.ranged("exchange_max_ms", 50..=10_000, "50 to 10000", 2_000);
        let poll = table.ranged("poll_ms", 20..=60_000, "20 to 60000", 200);
        let fail_mode = table.optional("fail_mode").unwrap_or_default();
        let button_in_lockdown = table.optional("button_in_lockdown").unwrap_or_default();
        let kind: Option<Kind> = table.required("kind", "\"http\", \"modbus\" or \"gpio\"");
        // Without a kind nobody knows which other fields are right.
        let relay = match kind? {
            Kind::Http => http::read(table).map(|config| RelayConfig::Http(Box::new(config))),
            Kind::Modbus => modbus::read(table).map(RelayConfig::Modbus),
            Kind::Gpio => gpio::read(table).map(RelayConfig::Gpio),
        };
        Some(Self {
            relay: relay?,
            pulse: Duration::from_millis(pulse),
            close_pulse: Duration::from_millis(close_pulse),
            exchange_max: Duration::from_millis(exchange_max),
            poll: Duration::from_millis(poll),
            fail_mode,
            button_in_lockdown,
        })
    }

    /// Resolves relative paths of secrets and certificates against `folder`.
    pub fn resolve_against(&mut self, folder: &Path) {
        let resolve = |path: &mut PathBuf| *path = folder.join(&*path);
        match &mut self.relay {
            RelayConfig::Http(http) => {
                if let Some(auth) = &mut http.auth {
                    resolve(&mut auth.file);
                }
                if let Some(ca_file) = &mut http.ca_file {
                    resolve(ca_file);
                }
            }
            RelayConfig::Modbus(_) | RelayConfig::Gpio(_) => {}
        }
    }
}

impl RelayConfig {
    /// Sets the relay up. Nothing is sent: connections and lines are taken when first needed.
    pub fn open(&self) -> Result<Box<dyn Relay>, OpenError> {
        Ok(match self {
            Self::Http(config) => {
                Box::new(crate::http::HttpRelay::open(config.as_ref().clone()).map_err(OpenError::Http)?)
            }
            Self::Modbus(config) => {
                Box::new(crate::modbus::ModbusRelay::new(config.clone()).map_err(OpenError::Modbus)?)
            }
            Self::Gpio(config) => Box::new(crate::gpio::GpioRelay::new(config.clone())),
        })
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Http,
    Modbus,
    Gpio,
}
