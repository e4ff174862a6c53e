//! A PostgreSQL of its own: nobody else's data, on a socket in a folder, as durable as one in service.
//!
//! Stands alone, so that tests of other packages take it in by its path.

use std::io::Write;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Who owns the database: no superuser, as in service.
const USER: &str = "gatehouse";

/// The database.
const NAME: &str = "gatehouse";

/// How long the server may take to answer, or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server. Dropped, it is ended at once and its data go.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    owner: Option<Owner>,
    folder: TempDir,
    child: Option<Child>,
}

/// The user under whom the server runs where the tests are root: it refuses to be root.
#[derive(Debug, Clone, Copy)]
struct Owner {
    user: u32,
    group: u32,
}

impl Postgres {
    /// Starts one with an empty database. Nothing where PostgreSQL is not installed, which is noted as a skipped test.
    ///
    /// # Panics
    /// Where it is installed and does not start.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            skip("PostgreSQL is not installed: run deploy/setup.sh");
            return None;
        };
        let owner = owner();
        let template = template(&programs, owner);
        let folder = tempfile::tempdir().expect("a temporary folder");
        give(folder.path(), owner);
        let copied = Command::new("cp").arg("-a").arg(&template).arg(folder.path().join("data")).status();
        assert!(copied.expect("there is cp").success(), "{} cannot be copied", template.display());
        let mut server = Self { programs, owner, folder, child: None };
        server.start_again();
        Some(server)
    }

    /// Where the hub finds it.
    pub fn url(&self) -> String {
        self.url_of(USER)
    }

    /// The same for a superuser, who may do what a hub may not.
    pub fn url_of_superuser(&self) -> String {
        self.url_of("postgres")
    }

    fn url_of(&self, user: &str) -> String {
        format!("postgres://{user}@localhost/{NAME}?host={}", self.folder.path().display())
    }

    /// Starts it again after [`Postgres::stop`].
    ///
    /// # Panics
    /// Where it does not start.
    pub fn start_again(&mut self) {
        let mut command = as_owner(self.owner, &self.programs.join("postgres"));
        command.arg("-D").arg(self.folder.path().join("data")).arg("-k").arg(self.folder.path());
        command.args(["-c", "listen_addresses=", "-c", "max_connections=60"]);
        let log = std::fs::File::create(self.folder.path().join("log")).expect("a log");
        let log_too = log.try_clone().expect("a log");
        let child = command.stdin(Stdio::null()).stdout(log).stderr(log_too).spawn();
        self.child = Some(child.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}")));
        let began = Instant::now();
        while !self.answers() {
            let ended = self.child.as_mut().and_then(|child| child.try_wait().expect("the system knows its children"));
            assert!(ended.is_none() && began.elapsed() < PATIENCE, "PostgreSQL does not start:\n{}", self.log());
            // tidy: sleep is the pause before the server is asked again
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn answers(&self) -> bool {
        let mut ask = Command::new(self.programs.join("pg_isready"));
        ask.arg("-q").arg("-h").arg(self.folder.path()).args(["-U", USER, "-d", NAME]);
        ask.status().is_ok_and(|status| status.success())
    }

    /// What the server said since it was started last.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Ends it in good order: whoever is connected is sent away.
    pub fn stop(&mut self) {
        self.signal("INT");
    }

    /// Ends it as a power cut would: what was not flushed is gone.
    pub fn kill(&mut self) {
        self.signal("QUIT");
    }

    fn signal(&mut self, name: &str) {
        let Some(mut child) = self.child.take() else { return };
        let told = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status();
        assert!(told.is_ok_and(|status| status.success()), "PostgreSQL is not there to be ended:\n{}", self.log());
        child.wait().expect("the system knows its children");
    }

    /// What `sql` gives, as rows of texts with `|` in between.
    ///
    /// # Panics
    /// Where the server refuses it.
    pub fn ask(&self, sql: &str) -> String {
        let output = Command::new(self.programs.join("psql"))
            .arg("-h")
            .arg(self.folder.path())
            .args(["-U", "postgres", "-d", NAME, "-v", "ON_ERROR_STOP=1", "-AtXqc", sql])
            .output()
            .expect("psql starts");
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().collect();
            eprintln!("-- PostgreSQL said:\n{}", lines[lines.len().saturating_sub(30)..].join("\n"));
        }
        if let Some(mut child) = self.child.take() {
            // It may have ended already.
            let _ = Command::new("kill").arg("-QUIT").arg(child.id().to_string()).stderr(Stdio::null()).status();
            let _ = child.wait();
        }
    }
}

/// The programs of the newest version that is installed.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions.map(|entry| entry.path().join("bin")).filter(|bin| bin.join("initdb").is_file());
    newest.max_by_key(|bin| bin.parent().and_then(|dir| dir.file_name()?.to_str()?.parse::<u32>().ok()))
}

fn owner() -> Option<Owner> {
    let id = |arguments: &[&str]| -> Option<u32> {
        let output = Command::new("id").args(arguments).output().ok()?;
        String::from_utf8(output.stdout).ok()?.trim().parse().ok()
    };
    (id(&["-u"])? == 0).then(|| Owner {
        user: id(&["-u", "postgres"]).expect("the package made the user postgres"),
        group: id(&["-g", "postgres"]).expect("the package made the group postgres"),
    })
}

fn give(path: &Path, owner: Option<Owner>) {
    if let Some(Owner { user, group }) = owner {
        chown(path, Some(user), Some(group)).expect("root gives files away");
    }
}

/// A program that runs as the owner and ends when the test does.
fn as_owner(owner: Option<Owner>, program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if let Some(Owner { user, group }) = owner {
        command.args([&format!("--reuid={user}"), &format!("--regid={group}"), "--clear-groups"]);
    }
    command.arg("--pdeathsig=QUIT").arg(program).current_dir("/");
    command
}

/// A folder with an empty database that servers are copied from: making one takes longer than most tests. Made once for
/// each version and user.
fn template(programs: &Path, owner: Option<Owner>) -> PathBuf {
    let version = programs.parent().and_then(|dir| dir.file_name()).and_then(|name| name.to_str()).unwrap_or("?");
    let user = owner.map_or_else(|| std::env::var("USER").unwrap_or_default(), |owner| owner.user.to_string());
    let folder = std::env::temp_dir().join(format!("gatehouse-postgres-1-{version}-{user}"));
    std::fs::create_dir_all(&folder).expect("a folder for the template");
    give(&folder, owner);
    let lock = std::fs::File::create(folder.join("lock")).expect("a lock");
    lock.lock().expect("a lock");
    let made = folder.join("data");
    if !made.join("PG_VERSION").is_file() {
        let new = folder.join("new");
        let _ = std::fs::remove_dir_all(&new);
        run(as_owner(owner, &programs.join("initdb")).arg("-D").arg(&new).args([
            "--auth=trust",
            "--username=postgres",
            "--encoding=UTF8",
            "--locale=C",
        ]));
        for sql in [
            format!("create role {USER} login"),
            format!("create database {NAME} owner {USER} encoding 'UTF8' locale 'C' template template0"),
        ] {
            let mut single = as_owner(owner, &programs.join("postgres"));
            single.args(["--single", "-D"]).arg(&new).arg("postgres");
            run_with(&mut single, &sql);
        }
        std::fs::rename(&new, &made).expect("a folder is renamed");
    }
    made
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn run_with(command: &mut Command, input: &str) {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    writeln!(child.stdin.take().expect("it is piped"), "{input}").expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("ERROR"), "{input}: {said}");
}

/// Notes that the running test cannot be done on this machine; see `cargo xtask test`.
fn skip(reason: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    eprintln!("skipped {test}: {reason}");
    if let Some(path) = std::env::var_os("GATEHOUSE_SKIPPED") {
        let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
        let mut file = file.expect("the file for skipped tests can be written");
        writeln!(file, "{test}: {reason}").expect("the file for skipped tests can be written");
    }
}
