//! A real Mosquitto on a free port of this machine.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;
use uplink::BrokerConfig;

use super::{DEADLINE, LOOK_EVERY};

/// Ports below those that the system gives away by itself, so that a broker that is down keeps its own.
const PORTS: std::ops::Range<u16> = 21_000..29_000;

/// A port that no other test takes while this lives, not even while nobody listens on it.
struct Port {
    number: u16,
    _lock: File,
}

impl Port {
    fn take() -> Self {
        let start = PORTS.start + u16::try_from(std::process::id() % 8_000).unwrap();
        let mut numbers = (start..PORTS.end).chain(PORTS.start..start);
        let free = numbers.find_map(|number| {
            let lock = File::create(std::env::temp_dir().join(format!("gatehouse-test-port-{number}"))).ok()?;
            lock.try_lock().ok()?;
            TcpListener::bind(("127.0.0.1", number)).ok()?;
            Some(Self { number, _lock: lock })
        });
        free.expect("a free port")
    }
}

/// A broker that forgets everything when it is killed.
pub(crate) struct Broker {
    folder: TempDir,
    port: Port,
    child: Option<Child>,
}

impl Broker {
    /// A running broker that lets everybody do everything.
    pub(crate) fn start() -> Self {
        let mut broker = Self::down("allow_anonymous true\n");
        broker.up();
        broker
    }

    /// A broker that does not run yet, with `settings` after those of its listener. `FOLDER` in them is replaced by
    /// [`Broker::folder`].
    pub(crate) fn down(settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = Port::take();
        let settings = settings.replace("FOLDER", folder.path().to_str().unwrap());
        let number = port.number;
        let settings = format!(
            "user root\nlistener {number} 127.0.0.1\npersistence false\nset_tcp_nodelay true\nlog_dest none\n{settings}"
        );
        fs::write(folder.path().join("mosquitto.conf"), settings).unwrap();
        Self { folder, port, child: None }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts it and waits until it listens.
    pub(crate) fn up(&mut self) {
        let program = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto"]
            .into_iter()
            .find(|path| Path::new(path).exists())
            .unwrap_or("mosquitto");
        let child = Command::new(program)
            .arg("-c")
            .arg(self.folder().join("mosquitto.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start mosquitto ({error}): run deploy/setup.sh to install it"));
        self.child = Some(child);
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port.number)).is_err() {
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < DEADLINE, "mosquitto does not listen: {ended:?}");
            // tidy: sleep is between two looks, with a deadline above
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Kills it with SIGKILL, as a power cut would.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Sends it a signal by its name: `STOP` freezes it, `CONT` lets it go on.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    pub(crate) fn config(&self) -> BrokerConfig {
        BrokerConfig { host: "127.0.0.1".to_owned(), port: self.port.number, tls: None, credentials: None }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.kill();
        }
    }
}
