//! The hub as a program of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::found::program;
use crate::process::{Outcome, Process};
use crate::strace::{self, Strace};
use crate::wait::{PATIENCE, eventually};

/// Longest wait for an answer.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// Largest answer in bytes.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A running hub.
#[derive(Debug)]
pub struct Hub {
    /// The program.
    pub process: Process,
    folder: PathBuf,
}

/// The database of the hub in `folder`.
pub fn database(folder: &Path) -> PathBuf {
    folder.join("hub.db")
}

impl Hub {
    /// Starts it with its files in `folder`, and does not wait until it serves.
    pub fn start(folder: &Path, broker_port: u16) -> Self {
        Self::start_at(folder, broker_port, SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// The same at an address that is known beforehand.
    pub fn start_at(folder: &Path, broker_port: u16, listen: SocketAddr) -> Self {
        let mut command = command_to_run(folder, broker_port, listen);
        Self { process: Process::start(&mut command, folder, "hub"), folder: folder.to_owned() }
    }

    /// The same as [`Hub::start`] with more tables in its configuration.
    ///
    /// # Panics
    /// Where the disk is full.
    pub fn start_with(folder: &Path, broker_port: u16, tables: &str) -> Self {
        let config = folder.join("hub.toml");
        let text = format!(
            "db = \"hub.db\"\nblobs = \"blobs\"\nlisten = \"127.0.0.1:0\"\n[broker]\naddress = \
             \"127.0.0.1:{broker_port}\"\n{tables}"
        );
        std::fs::write(&config, text).expect("the configuration is written");
        let mut command = Command::new(program("gatehouse-hub"));
        command.args(["run", "--config"]).arg(&config);
        Self { process: Process::start(&mut command, folder, "hub"), folder: folder.to_owned() }
    }

    /// The same as [`Hub::start`] under a tracer.
    pub fn start_under(strace: Option<&Strace>, folder: &Path, broker_port: u16) -> Self {
        let command = command_to_run(folder, broker_port, SocketAddr::from(([127, 0, 0, 1], 0)));
        let process = Process::start(&mut strace::under(strace, command), folder, "hub");
        Self { process, folder: folder.to_owned() }
    }

    /// Whether it has said where it listens.
    pub fn listens(&self) -> bool {
        self.process.stdout().contains("listening on http://")
    }

    /// Where it serves; waits until it does.
    ///
    /// # Panics
    /// Where it ends instead.
    pub fn http(&mut self) -> Http {
        let address: SocketAddr = eventually("the hub says where it listens", || {
            let ended = self.process.ended();
            assert!(ended.is_none(), "the hub ended: {ended:?}\n{}", self.process.last_words());
            let text = self.process.stdout();
            let line = text.lines().find_map(|line| line.strip_prefix("listening on http://"))?;
            Some(line.parse().expect("an address and a port"))
        });
        Http(address, Some(key(&self.folder, address)))
    }

    /// Waits until it takes events in.
    pub fn ready(&mut self) -> Http {
        let http = self.http();
        eventually("the hub takes events in", || (http.ask("/readyz")?.0 == 200).then_some(()));
        http
    }
}

fn command_to_run(folder: &Path, broker_port: u16, listen: SocketAddr) -> Command {
    let mut command = Command::new(program("gatehouse-hub"));
    let (listen, broker) = (listen.to_string(), format!("127.0.0.1:{broker_port}"));
    command.args(["run", "--listen", &listen, "--broker", &broker, "--db"]);
    command.arg(database(folder));
    command
}

/// Runs a command of the hub's program on the database in `folder`.
pub fn command(folder: &Path, arguments: &[&str]) -> Outcome {
    let mut command = Command::new(program("gatehouse-hub"));
    command.args(arguments).arg("--db").arg(database(folder));
    Process::start(&mut command, folder, "hub-command").outcome()
}

/// What a command of the hub's program prints that needs no database.
///
/// # Panics
/// Where the program refuses.
pub fn program_output(arguments: &[&str]) -> String {
    let done = Command::new(program("gatehouse-hub")).args(arguments).output().expect("the program runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("text")
}

/// Has the hub of `folder` believe a node from now on.
///
/// # Panics
/// Where the program refuses.
pub fn node_add(folder: &Path, site: &str, node: &str, key: &str) {
    let done = command(folder, &["node", "add", "--site", site, "--node", node, "--key", key]);
    assert!(done.status.success(), "{}", done.stderr);
}

/// The key with which the tests read the hub of `folder` at `address`: made by the program when it is asked for first, and
/// again where the hub has another database by then.
fn key(folder: &Path, address: SocketAddr) -> &'static str {
    let kept = folder.join("tests.key");
    if let Ok(text) = std::fs::read_to_string(&kept) {
        let key: &'static str = text.trim().to_owned().leak();
        if Http(address, Some(key)).ask("/api/v1/sites").is_none_or(|(status, _)| status != 401) {
            return key;
        }
    }
    let roles = ["--role", "gate_operator", "--role", "system_admin"];
    let made = command(folder, &[&["api-key", "add", "--name", "tests"], &roles[..]].concat());
    assert!(made.status.success(), "{}", made.stderr);
    std::fs::write(&kept, &made.stdout).expect("the key is kept");
    made.stdout.trim().to_owned().leak()
}

/// A reader of the API, with an API key where it is a hub's.
#[derive(Debug, Clone, Copy)]
pub struct Http(pub SocketAddr, pub Option<&'static str>);

impl Http {
    /// Status and body; nothing where nobody answers.
    ///
    /// # Panics
    /// Where an answer breaks off.
    pub fn ask(&self, path: &str) -> Option<(u16, Vec<u8>)> {
        let config = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(ANSWER_MAX));
        let agent: ureq::Agent = config.build().into();
        let mut request = agent.get(format!("http://{}{path}", self.0));
        if let Some(key) = self.1 {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let mut answer = request.call().ok()?;
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        Some((answer.status().as_u16(), body.expect("the answer is whole")))
    }

    /// The JSON at `path`.
    ///
    /// # Panics
    /// Where there is none.
    pub fn get(&self, path: &str) -> Value {
        let (status, body) = self.ask(path).unwrap_or_else(|| panic!("{path}: nobody answers"));
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// A list of the API.
    ///
    /// # Panics
    /// Where it is none.
    pub fn list(&self, path: &str, name: &str) -> Vec<Value> {
        let Value::Array(rows) = self.get(path)[name].take() else { panic!("{path} has no list \"{name}\"") };
        rows
    }

    /// Every event of `node` up to this number is in the hub's log; 0 where the node is not known.
    pub fn committed(&self, node: &str) -> u64 {
        let nodes = self.list("/api/v1/nodes", "nodes");
        let known = nodes.iter().find(|known| known["node"] == node);
        known.and_then(|known| known["head"]["committed_seq"].as_u64()).unwrap_or(0)
    }

    /// Waits until the hub's log holds every event of `node` up to `seq`.
    ///
    /// # Panics
    /// Where that does not happen.
    pub fn wait_committed(&self, node: &str, seq: u64) {
        let reached = crate::wait::within(PATIENCE, || (self.committed(node) >= seq).then_some(()));
        assert!(reached.is_some(), "events up to {seq} of {node} do not arrive: {}", self.committed(node));
    }

    /// Kinds of the alarms of `node` that are open.
    pub fn open_alarms(&self, node: &str) -> Vec<String> {
        let alarms = self.list(&format!("/api/v1/alarms?node={node}&limit=500"), "alarms");
        let open = alarms.iter().filter(|alarm| alarm["closed_at"].is_null());
        open.filter_map(|alarm| Some(alarm["kind"].as_str()?.to_owned())).collect()
    }

    /// All passages that were ever counted, by direction and class.
    pub fn counts(&self) -> std::collections::BTreeMap<(String, String), u64> {
        let mut sums = std::collections::BTreeMap::new();
        for row in self.list("/api/v1/counts?from=2020-01-01T00:00:00Z&bucket=day&by=class", "rows") {
            for direction in ["in", "out"] {
                let class = row["class"].as_str().expect("a class").to_owned();
                *sums.entry((direction.to_owned(), class)).or_default() += row[direction].as_u64().expect("a number");
            }
        }
        sums.retain(|_, count| *count > 0);
        sums
    }
}
