//! A real Mosquitto on a free port of this machine.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;
use uplink::BrokerConfig;

use super::{DEADLINE, LOOK_EVERY};

/// A broker that forgets everything when it is killed.
pub(crate) struct Broker {
    folder: TempDir,
    port: u16,
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
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings = settings.replace("FOLDER", folder.path().to_str().unwrap());
        let settings = format!("user root\nlistener {port} 127.0.0.1\npersistence false\nlog_dest none\n{settings}");
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
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none() && began.elapsed() < DEADLINE, "mosquitto does not listen: {ended:?}");
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Kills it with SIGKILL, as a power cut would.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    pub(crate) fn config(&self) -> BrokerConfig {
        BrokerConfig { host: "127.0.0.1".to_owned(), port: self.port, tls: None, credentials: None }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.kill();
        }
    }
}
