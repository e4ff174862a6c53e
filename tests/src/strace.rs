//! `strace` around a program: it kills the program at an exact system call, or stretches every flush of a file so that
//! a kill from outside falls inside one.
//!
//! Stands alone, so that a crate's own tests can take it in by its path.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

/// How long a flush is held up before it is done, and again after it was done and before the program knows.
const STRETCHED_BY: Duration = Duration::from_millis(4);

/// What the programs do to the world outside, as the kernel sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// A file is flushed to the disk.
    Flush,
    /// A page or a frame of a database is written.
    WriteAt,
    /// A line of a file, or a wake-up of another thread.
    Write,
    /// Something is sent to the broker or to whoever asked over HTTP.
    Send,
    /// A file is cut off: the database's log starts over.
    Truncate,
    /// A finished file gets its name.
    Rename,
    /// A file goes.
    Unlink,
}

impl Call {
    /// Those of a program that keeps events and delivers them.
    pub const OF_DELIVERY: [Self; 5] = [Self::Flush, Self::WriteAt, Self::Write, Self::Send, Self::Truncate];
    /// Those of a program that keeps events and evidence.
    pub const OF_KEEPING: [Self; 5] = [Self::Flush, Self::WriteAt, Self::Write, Self::Truncate, Self::Rename];

    const fn names(self) -> &'static str {
        match self {
            Self::Flush => "fsync,fdatasync",
            Self::WriteAt => "pwrite64",
            Self::Write => "write",
            Self::Send => "sendto,sendmsg,writev",
            Self::Truncate => "ftruncate",
            Self::Rename => "rename,renameat,renameat2",
            Self::Unlink => "unlink,unlinkat",
        }
    }
}

/// What is done to a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strace(String);

impl Strace {
    /// Kills the program when one of its threads begins this call for the `number`-th time; the call is not done.
    pub fn killing_at(call: Call, number: u64) -> Self {
        Self(format!("inject={}:signal=KILL:when={number}", call.names()))
    }

    /// Holds every flush up, before and after it is done.
    pub fn stretching_flushes() -> Self {
        let by = STRETCHED_BY.as_micros();
        Self(format!("inject={}:delay_enter={by}:delay_exit={by}", Call::Flush.names()))
    }

    /// The same command under `strace`. The program stays a child of this one, and the tracer is nobody's.
    ///
    /// # Panics
    /// Where there is no `strace`: ask [`works`] before.
    pub fn around(&self, command: &Command) -> Command {
        let mut traced = Command::new(program().expect("asked before"));
        let calls = self.0.split([':', '=']).nth(1).expect("written above");
        traced.args(["-D", "-f", "-qq", "-o", "/dev/null", "-e", "signal=none"]);
        traced.args(["-e", &format!("trace={calls}"), "-e", &self.0]);
        traced.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => traced.env(name, value),
                None => traced.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            traced.current_dir(folder);
        }
        traced
    }
}

/// The command, under `strace` where that is wanted.
pub fn under(strace: Option<&Strace>, command: Command) -> Command {
    match strace {
        Some(strace) => strace.around(&command),
        None => command,
    }
}

fn program() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let find = || {
        let known = ["/usr/bin/strace", "/usr/local/bin/strace"].map(PathBuf::from).into_iter();
        known.filter(|path| path.is_file()).find(|path| {
            // It may be there and not be let: containers often forbid it.
            let mut tried = Command::new(path);
            tried.args(["-D", "-f", "-qq", "-o", "/dev/null", "true"]).stderr(Stdio::null());
            tried.status().is_ok_and(|status| status.success())
        })
    };
    FOUND.get_or_init(find).as_deref()
}

/// Whether programs can be traced on this machine.
pub fn works() -> bool {
    program().is_some()
}

/// Numbers of fsync and fdatasync in this machine's kernel.
#[cfg(target_arch = "x86_64")]
const FLUSHES: [&str; 2] = ["74", "75"];
#[cfg(not(target_arch = "x86_64"))]
const FLUSHES: [&str; 2] = ["82", "83"];

/// Whether a thread of the process is inside a flush now.
pub fn is_flushing(process: u32) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else { return false };
    threads.flatten().any(|thread| {
        let call = std::fs::read_to_string(thread.path().join("syscall")).unwrap_or_default();
        call.split(' ').next().is_some_and(|number| FLUSHES.contains(&number))
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn a_program_is_killed_at_the_very_call_and_without_having_done_it() {
        if !works() {
            // The campaign of kills notes it where everybody sees it.
            eprintln!("skipped: strace is not installed, or may not trace");
            return;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("file");
        let mut command = Command::new("sh");
        command.args(["-c", "for n in 1 2 3 4 5; do echo $n; done >\"$0\""]).arg(&file);
        let status = Strace::killing_at(Call::Write, 4).around(&command).status().expect("strace runs");
        assert_eq!(status.signal(), Some(9), "{status}");
        assert_eq!(std::fs::read_to_string(&file).expect("the file"), "1\n2\n3\n");
    }
}
