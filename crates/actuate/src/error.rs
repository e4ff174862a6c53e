//! What can go wrong between an order and the relay, told so that the caller knows whether trying again is safe.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::relay::Contact;

/// Why an operation did not end well.
///
/// Three of them look alike and are not: after [`ActuateError::NotSent`] and [`ActuateError::Refused`] the barrier has
/// not moved and the same order may be given again; after [`ActuateError::Unknown`] it may have moved, and a second
/// pulse would be a second opening.
#[derive(Debug, Error)]
pub enum ActuateError {
    /// The deadline was over before anything was sent.
    #[error("too late by {} ms, nothing was sent", late_by.as_millis())]
    TooLate {
        /// How long ago the deadline was.
        late_by: Duration,
    },
    /// Nothing reached the relay.
    #[error("the order did not reach the relay")]
    NotSent(#[source] Cause),
    /// The order left this machine and no answer says what became of it.
    #[error("it is not known whether the relay did it")]
    Unknown(#[source] Cause),
    /// The relay answered that it did not do it.
    #[error("the relay refused")]
    Refused(#[source] Cause),
    /// The relay has no such function in its configuration.
    #[error("the relay is not set up for this: {0}")]
    Unsupported(&'static str),
    /// A contact that we switched on, or may have, cannot be switched off.
    #[error("the {contact} contact may still be on, {tries} tries to switch it off failed")]
    StuckOn {
        /// The contact.
        contact: Contact,
        /// How often it was tried.
        tries: u32,
        /// What the last try met.
        #[source]
        source: Box<ActuateError>,
    },
}

/// What an exchange with a relay met.
#[derive(Debug, Error)]
pub enum Cause {
    /// No connection.
    #[error("cannot connect to {address}")]
    Connect {
        /// Where to.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The time was over.
    #[error("no {what} within {} ms", waited.as_millis())]
    TimedOut {
        /// What was waited for.
        what: &'static str,
        /// How long.
        waited: Duration,
    },
    /// The connection failed.
    #[error("the connection failed")]
    Io(#[source] std::io::Error),
    /// HTTP failed.
    #[error("the HTTP exchange failed")]
    Http(#[source] ureq::Error),
    /// An HTTP status that does not stand for success. A redirect is one of them and never followed.
    #[error("HTTP status {status}{}", redirect(location.as_deref()))]
    Status {
        /// The status.
        status: u16,
        /// Where a redirect points.
        location: Option<String>,
    },
    /// A Modbus exception.
    #[error("Modbus exception {code:#04x}: {0}", code = u8::from(*.0))]
    Exception(tokio_modbus::ExceptionCode),
    /// The answer is not one to what was asked.
    #[error("the answer cannot be used: {0}")]
    BadAnswer(String),
    /// A GPIO chip that is not there or not ours to use.
    #[error("cannot open the GPIO chip \"{}\"", path.display())]
    GpioChip {
        /// The chip.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A GPIO line that cannot be used.
    #[error("cannot {what} line {lines} of the GPIO chip \"{}\"", path.display())]
    GpioLine {
        /// What was tried.
        what: &'static str,
        /// The chip.
        path: PathBuf,
        /// The line, or several.
        lines: String,
        /// Why.
        source: gpiocdev::Error,
    },
}

fn redirect(location: Option<&str>) -> String {
    location.map(|to| format!(", a redirect to \"{to}\" that is not followed")).unwrap_or_default()
}

/// `error` and all its sources in one line, for a log or a page.
pub fn with_sources(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        // Some libraries print their source themselves.
        let source_text = source.to_string();
        if !text.ends_with(&source_text) {
            text.push_str(": ");
            text.push_str(&source_text);
        }
        next = source.source();
    }
    text
}
