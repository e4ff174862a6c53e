//! The hub as a program of its own, to be killed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use super::eventually;
use super::http::Http;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_gatehouse-hub");

pub struct HubChild {
    pub child: Child,
    pub http: Http,
}

impl HubChild {
    pub fn start(folder: &Path, broker_port: u16) -> Self {
        let mut command = Command::new(PROGRAM);
        run_arguments(&mut command, folder, broker_port);
        Self::spawn(command)
    }

    /// One of several on a server.
    pub fn start_replica(db: &str, blobs: &Path, broker_port: u16, client_id: &str) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(["run", "--listen", "127.0.0.1:0", "--db", db, "--client-id", client_id, "--blobs"]).arg(blobs);
        command.args(["--broker", &format!("127.0.0.1:{broker_port}")]);
        Self::spawn(command)
    }

    /// One that survives a limit on the size of its files: writes then fail as they do on a full disk.
    pub fn start_under_limit(folder: &Path, broker_port: u16) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", PROGRAM]);
        run_arguments(&mut command, folder, broker_port);
        Self::spawn(command)
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").expect("the hub says where it listens");
        Self { http: Http(address.parse().unwrap()), child }
    }

    pub fn wait_until_ready(&self) {
        eventually("the hub is ready", || (self.http.ask("/readyz", &[]).status == 200).then_some(()));
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and whether it ended well.
    pub fn terminate(&mut self) -> bool {
        let killed = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(killed.success());
        eventually("the end of the hub", || self.child.try_wait().unwrap()).success()
    }

    pub fn limit_files(&self, limit: &str) {
        let pid = self.child.id().to_string();
        let set = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={limit}")]).status().unwrap();
        assert!(set.success());
    }
}

fn run_arguments(command: &mut Command, folder: &Path, broker_port: u16) {
    command
        .args(["run", "--listen", "127.0.0.1:0", "--db"])
        .arg(folder.join("hub.db"))
        .args(["--broker", &format!("127.0.0.1:{broker_port}")]);
}

impl Drop for HubChild {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the program to its end.
pub fn run(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().unwrap()
}
