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
        Self::spawn(command, folder, &database(folder))
    }

    /// One of several on a server.
    pub fn start_replica(db: &str, blobs: &Path, broker_port: u16, client_id: &str) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(["run", "--listen", "127.0.0.1:0", "--db", db, "--client-id", client_id, "--blobs"]).arg(blobs);
        command.args(["--broker", &format!("127.0.0.1:{broker_port}")]);
        Self::spawn(command, blobs, db)
    }

    /// One that survives a limit on the size of its files: writes then fail as they do on a full disk.
    pub fn start_under_limit(folder: &Path, broker_port: u16) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", PROGRAM]);
        run_arguments(&mut command, folder, broker_port);
        Self::spawn(command, folder, &database(folder))
    }

    /// The key of the tests lies in `folder`, which hubs of one database share.
    fn spawn(mut command: Command, folder: &Path, db: &str) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").expect("the hub says where it listens");
        Self { http: Http(address.parse().unwrap(), key(folder, db)), child }
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

fn database(folder: &Path) -> String {
    folder.join("hub.db").display().to_string()
}

/// The key of the tests in this hub's folder, made by the program when it is asked for first.
fn key(folder: &Path, db: &str) -> &'static str {
    let kept = folder.join("tests.key");
    if !kept.exists() {
        let blobs = folder.join("blobs").display().to_string();
        let roles = ["--role", "gate_operator", "--role", "system_admin"];
        let made = run(&[&["api-key", "add", "--name", "tests", "--db", db, "--blobs", &blobs], &roles[..]].concat());
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        std::fs::write(&kept, made.stdout).unwrap();
    }
    std::fs::read_to_string(kept).unwrap().trim().to_owned().leak()
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

/// The same with something on its standard input.
pub fn run_with_input(arguments: &[&str], input: &str) -> Output {
    use std::io::Write;
    let pipes = |command: &mut Command| {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let mut child = pipes(Command::new(PROGRAM).args(arguments));
    // A program that ends before it reads closes the pipe.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}
