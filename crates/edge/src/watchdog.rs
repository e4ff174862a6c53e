//! What the service manager is told about the node, by the protocol of `sd_notify(3)`: that it is ready, that it still
//! lives, what it is at, that it ends. Where nobody asked to be told, nothing is.
//!
//! The protocol is a datagram a message to a socket that the environment names. A library for it would read the
//! environment by itself, which tests cannot change, and take variables out of it, which takes unsafe code.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use thiserror::Error;

/// Environment variable that names the socket.
const SOCKET_VARIABLE: &str = "NOTIFY_SOCKET";
/// Environment variable with the longest silence in microseconds.
const SILENCE_VARIABLE: &str = "WATCHDOG_USEC";
/// Environment variable with the process that must not be silent.
const PROCESS_VARIABLE: &str = "WATCHDOG_PID";
/// How long a message may take: a service manager that does not read must not hold the node up.
const SEND_WITHIN: Duration = Duration::from_secs(1);
/// Most bytes of a status; what is beyond is cut off.
const STATUS_BYTES_MAX: usize = 200;

/// Tells the service manager about the node until it is dropped.
#[derive(Debug)]
pub struct Watchdog {
    line: Option<Arc<Line>>,
    pulse: Option<Pulse>,
}

/// The thread that says that the node lives. It ends when `end` is dropped.
#[derive(Debug)]
struct Pulse {
    end: Sender<()>,
    thread: JoinHandle<()>,
}

/// The way to the service manager.
#[derive(Debug)]
struct Line {
    socket: UnixDatagram,
    to: SocketAddr,
}

/// What the environment says about who wants to know what.
#[derive(Debug, Default, PartialEq, Eq)]
struct Listener {
    socket: Option<OsString>,
    silence_max: Option<Duration>,
}

/// Why nobody can be told.
#[derive(Debug, Error)]
enum LineError {
    #[error("{SOCKET_VARIABLE} is \"{}\": a path that begins with / or a name that begins with @ is accepted", .0.display())]
    Address(PathBuf),
    #[error("cannot make a socket to the service manager")]
    Socket(#[source] io::Error),
}

impl Watchdog {
    /// Says that the node is ready, and from then on, as often as the service manager asks, that it lives, as long as
    /// `alive` says so. A node that does not live any more is ended and started again by the service manager.
    pub fn start(alive: impl Fn() -> bool + Send + 'static) -> Self {
        Self::start_for(&Listener::of(|name| std::env::var_os(name), std::process::id()), alive)
    }

    fn start_for(listener: &Listener, alive: impl Fn() -> bool + Send + 'static) -> Self {
        let Some(address) = &listener.socket else { return Self { line: None, pulse: None } };
        let line = match Line::to(address) {
            Ok(line) => Arc::new(line),
            Err(error) => {
                tracing::warn!(error = crate::watch::one_line(&error), "the service manager is told nothing");
                return Self { line: None, pulse: None };
            }
        };
        line.send("READY=1");
        // Half of what is allowed, so that one late message is not the end.
        let every = listener.silence_max.map(|longest| longest / 2);
        let pulse = every.and_then(|every| Pulse::start(Arc::clone(&line), every, alive));
        Self { line: Some(line), pulse }
    }

    /// What the node is at, for people who ask the service manager.
    pub fn status(&self, text: &str) {
        if let Some(line) = &self.line {
            line.send(&status_message(text));
        }
    }

    /// Says that the node ends on purpose. Dropping the watchdog says so too.
    pub fn stopping(self) {
        drop(self);
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        if let Some(pulse) = self.pulse.take() {
            drop(pulse.end);
            if pulse.thread.join().is_err() {
                tracing::error!("the thread that tells the service manager that the node lives broke off");
            }
        }
        if let Some(line) = self.line.take() {
            line.send("STOPPING=1");
        }
    }
}

impl Pulse {
    fn start(line: Arc<Line>, every: Duration, alive: impl Fn() -> bool + Send + 'static) -> Option<Self> {
        let (end, ended) = channel();
        let beat = move || {
            let mut lived = true;
            loop {
                let lives = alive();
                if lives {
                    line.send("WATCHDOG=1");
                }
                if lives != lived {
                    tracing::warn!(lives, "what the service manager is told about the node changes");
                    line.send(if lives { "STATUS=alive again" } else { "STATUS=stuck: waits to be started again" });
                }
                lived = lives;
                match ended.recv_timeout(every) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
                }
            }
        };
        match std::thread::Builder::new().name("watchdog".to_owned()).spawn(beat) {
            Ok(thread) => Some(Self { end, thread }),
            Err(error) => {
                // Without it the service manager ends the node, which is what it asked for.
                tracing::error!(%error, "cannot start the thread that tells the service manager that the node lives");
                None
            }
        }
    }
}

impl Line {
    fn to(address: &OsStr) -> Result<Self, LineError> {
        let to = match address.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
            [b'/', ..] => SocketAddr::from_pathname(address),
            [..] => return Err(LineError::Address(address.into())),
        };
        let socket = UnixDatagram::unbound().map_err(LineError::Socket)?;
        socket.set_write_timeout(Some(SEND_WITHIN)).map_err(LineError::Socket)?;
        Ok(Self { socket, to: to.map_err(LineError::Socket)? })
    }

    fn send(&self, message: &str) {
        if let Err(error) = self.socket.send_to_addr(message.as_bytes(), &self.to) {
            tracing::warn!(%error, message, "the service manager cannot be told");
        }
    }
}

impl Listener {
    fn of(variable: impl Fn(&str) -> Option<OsString>, process: u32) -> Self {
        let number = |name| variable(name).and_then(|text| text.to_str()?.parse::<u64>().ok());
        let meant = number(PROCESS_VARIABLE).is_none_or(|meant| meant == u64::from(process));
        let silence_max = number(SILENCE_VARIABLE).filter(|longest| meant && *longest > 0).map(Duration::from_micros);
        Self { socket: variable(SOCKET_VARIABLE).filter(|socket| !socket.is_empty()), silence_max }
    }
}

/// One line: each line of a message is an assignment of its own.
fn status_message(text: &str) -> String {
    let mut end = text.len().min(STATUS_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("STATUS={}", text[..end].replace(char::is_control, " "))
}

#[cfg(test)]
mod tests;
