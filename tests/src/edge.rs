//! The edge as a program of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use wire::Event;

use crate::found::{Home, program, repository};
use crate::process::{Outcome, Process};
use crate::strace::{self, Strace};

/// The site of every test's node.
pub const SITE: &str = "cao-nguyen";
/// The node.
pub const NODE: &str = "node-1";
/// Its camera.
pub const CAMERA: &str = "cam-1";
/// Its gate.
pub const GATE: &str = "main-gate";

/// What a node is configured for.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The camera's source.
    pub source: String,
    /// How it is played.
    pub play: &'static str,
    /// Text of the gate's profile.
    pub profile: String,
    /// Port of the broker.
    pub broker: Option<u16>,
    /// The hub, for pictures.
    pub hub: Option<SocketAddr>,
    /// Whether plates are read.
    pub plates: bool,
    /// What else stands in the file, at its end.
    pub more: String,
}

impl Plan {
    /// A node whose camera plays `source` and that keeps everything to itself.
    pub fn new(source: impl AsRef<Path>, play: &'static str, profile: impl Into<String>) -> Self {
        let source = source.as_ref().display().to_string();
        Self { source, play, profile: profile.into(), broker: None, hub: None, plates: false, more: String::new() }
    }

    /// The same with a broker.
    #[must_use]
    pub fn with_broker(mut self, port: u16) -> Self {
        self.broker = Some(port);
        self
    }

    /// The same with a hub for its pictures.
    #[must_use]
    pub fn with_hub(mut self, hub: SocketAddr) -> Self {
        self.hub = Some(hub);
        self
    }

    /// The same with plates that are read and shown at a lane: `more` has the lanes.
    #[must_use]
    pub fn with_lanes(mut self, more: impl Into<String>) -> Self {
        self.plates = true;
        self.more = more.into();
        self
    }

    /// The configuration; the profile lies beside it under `profile`.
    fn text(&self, profile: &str) -> String {
        let broker = self.broker.map(|port| format!("[broker]\nhost = \"127.0.0.1\"\nport = {port}\n"));
        let hub = self.hub.map(|address| format!("[hub]\nurl = \"http://{address}\"\n"));
        format!(
            "site = \"{SITE}\"\nnode = \"{NODE}\"\ndata = \"data\"\n{}{}[[camera]]\nid = \"{CAMERA}\"\n\
             source = \"{}\"\nplay = \"{}\"\nplates = {}\n[[gate]]\nid = \"{GATE}\"\ncamera = \"{CAMERA}\"\nprofile = \"{profile}\"\n{}",
            broker.unwrap_or_default(),
            hub.unwrap_or_default(),
            self.source,
            self.play,
            self.plates,
            self.more
        )
    }

    /// Writes the configuration into `folder` under `name`.
    ///
    /// # Panics
    /// Where the disk is full.
    pub fn write(&self, folder: &Path, name: &str) -> PathBuf {
        std::fs::create_dir_all(folder).expect("a folder");
        let profile = format!("{name}-gate.toml");
        std::fs::write(folder.join(&profile), &self.profile).expect("the profile is written");
        let path = folder.join(format!("{name}.toml"));
        std::fs::write(&path, self.text(&profile)).expect("the configuration is written");
        path
    }
}

/// The program with the installation that it shall use: one with a detector, or the repository, where none is looked
/// for.
pub fn edge(home: Option<&Home>) -> Command {
    let mut command = Command::new(program("gatehouse-edge"));
    command.env_remove("GATEHOUSE_ONNXRUNTIME");
    command.env("GATEHOUSE_HOME", home.map_or_else(repository, |home| home.path().to_owned()));
    command
}

/// Starts a node.
pub fn run(home: Option<&Home>, config: &Path, arguments: &[(&str, &Path)]) -> Process {
    run_under(None, home, config, arguments)
}

/// Starts a node under a tracer.
pub fn run_under(strace: Option<&Strace>, home: Option<&Home>, config: &Path, arguments: &[(&str, &Path)]) -> Process {
    let mut command = edge(home);
    command.args(["run", "--config"]).arg(config);
    for (name, path) in arguments {
        command.arg(name).arg(path);
    }
    Process::start(&mut strace::under(strace, command), folder_of(config), "edge")
}

/// Runs the program to its end; its output lies in `logs`.
pub fn command(home: Option<&Home>, logs: &Path, arguments: &[&str]) -> Outcome {
    Process::start(edge(home).args(arguments), logs, "edge-command").outcome()
}

/// The public key of the node, which is made where there is none.
///
/// # Panics
/// Where the program refuses.
pub fn key(config: &Path) -> String {
    let mut command = edge(None);
    command.args(["key", "--config"]).arg(config);
    let done = Process::start(&mut command, folder_of(config), "edge-key").outcome();
    assert!(done.status.success(), "{}", done.stderr);
    done.stdout.trim().to_owned()
}

fn folder_of(config: &Path) -> &Path {
    config.parent().expect("a file lies in a folder")
}

/// The events in a file that `--events` wrote; a last line that was cut off is passed over.
///
/// # Panics
/// Where a line is no event.
pub fn events(path: &Path) -> Vec<Event> {
    let text = String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    whole.lines().map(read).collect()
}
