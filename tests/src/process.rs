//! A program that runs beside the test.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::wait::eventually;

/// Lines of a program's messages that are shown where a test fails.
const LINES_SHOWN_MAX: usize = 30;

/// A running program with its output in files. Dropped, it is killed.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

/// What a program left that ran to its end.
#[derive(Debug)]
pub struct Outcome {
    /// How it ended.
    pub status: ExitStatus,
    /// What it answered.
    pub stdout: String,
    /// What it had to say besides.
    pub stderr: String,
}

impl Process {
    /// Starts it; its output goes to files in `logs`.
    ///
    /// # Panics
    /// Where it cannot be started.
    pub fn start(command: &mut Command, logs: &Path, name: &str) -> Self {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let at = |suffix: &str| logs.join(format!("{number:04}-{name}.{suffix}"));
        let (stdout, stderr) = (at("out"), at("err"));
        let create = |path: &Path| File::create(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let child = command
            .env("NO_COLOR", "1")
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(create(&stdout))
            .stderr(create(&stderr))
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        Self { name: name.to_owned(), child, stdout, stderr }
    }

    /// What it answered so far.
    pub fn stdout(&self) -> String {
        read(&self.stdout)
    }

    /// What it had to say besides so far.
    pub fn stderr(&self) -> String {
        read(&self.stderr)
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The most memory that it has had at once, in bytes.
    ///
    /// # Panics
    /// Where it has ended.
    pub fn memory_max(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells it");
        let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().expect("a number");
        kilobytes * 1024
    }

    /// How it ended, where it has.
    ///
    /// # Panics
    /// Where the system does not know.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the system knows its children")
    }

    /// Kills it as a power cut would, and waits until it is gone.
    ///
    /// # Panics
    /// Where it has gone already.
    pub fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("the system knows its children");
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    ///
    /// # Panics
    /// Where it does not.
    pub fn terminate(&mut self) -> ExitStatus {
        let asked = Command::new("sh").args(["-c", "kill -TERM \"$0\"", &self.child.id().to_string()]).status();
        assert!(asked.expect("there is a shell").success(), "{} is not there to be ended", self.name);
        self.wait()
    }

    /// Waits until it has ended by itself.
    ///
    /// # Panics
    /// Where it does not.
    pub fn wait(&mut self) -> ExitStatus {
        let what = format!("the end of {}", self.name);
        eventually(&what, || self.ended())
    }

    /// Waits for its end; everything that it left.
    pub fn outcome(mut self) -> Outcome {
        let status = self.wait();
        Outcome { status, stdout: self.stdout(), stderr: self.stderr() }
    }

    /// The last lines of what it had to say.
    pub fn last_words(&self) -> String {
        let text = self.stderr();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(LINES_SHOWN_MAX)..].join("\n")
    }
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("-- {} said:\n{}", self.name, self.last_words());
        }
    }
}
