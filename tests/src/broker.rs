//! A real Mosquitto that keeps its state on disk. It saves everything after every change, so that a kill finds as much
//! as possible there; that makes it slow, some fifty events a second.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::process::Process;
use crate::wait::eventually;

/// Ports that are tried. Below those that the system lends to outgoing connections: a client that tries to reach a
/// broker that is down would sooner or later be lent the broker's own port and talk to itself.
const PORTS: std::ops::Range<u32> = 20_000..30_000;

/// A port of the loopback address on which nobody listens.
///
/// # Panics
/// Where every port is taken.
pub fn free_port() -> u16 {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let count = PORTS.end - PORTS.start;
    // Processes that ask at the same time begin at different ports.
    let begin = std::process::id().wrapping_mul(37).wrapping_add(ASKED.fetch_add(1, Ordering::Relaxed));
    (0..count)
        .map(|step| PORTS.start + begin.wrapping_add(step) % count)
        .map(|port| u16::try_from(port).expect("below 65536"))
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("one of ten thousand ports is free")
}

fn program() -> PathBuf {
    let known = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto"].map(PathBuf::from);
    known.into_iter().find(|path| path.is_file()).expect("Mosquitto is not installed: run deploy/setup.sh")
}

/// A broker and its folder; it may be down.
#[derive(Debug)]
pub struct Broker {
    /// Where it listens when it is up.
    pub port: u16,
    folder: PathBuf,
    process: Option<Process>,
}

impl Broker {
    /// A broker that does not run yet.
    ///
    /// # Panics
    /// Where the disk is full.
    pub fn down(folder: &Path) -> Self {
        Self::down_saving(folder, "autosave_on_changes true\nautosave_interval 1\n")
    }

    /// The same with a broker that saves its state as brokers usually do, every half hour, and is quick.
    pub fn down_and_quick(folder: &Path) -> Self {
        Self::down_saving(folder, "")
    }

    /// The same with as long a queue for the hub as a province needs: of the usual one, of 1,000 messages, Mosquitto
    /// throws away what is too much, and the nodes notice only after a while that no receipt comes.
    pub fn down_for_many(folder: &Path) -> Self {
        Self::down_saving(folder, "max_queued_messages 1000000\nmax_inflight_messages 1000\n")
    }

    fn down_saving(folder: &Path, saving: &str) -> Self {
        let port = free_port();
        std::fs::create_dir_all(folder).expect("a folder");
        // Started by root it would become another user, who may not write here; started by others it ignores this.
        let settings = format!(
            "user root\nlistener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n\
             persistence true\npersistence_location {}/\n{saving}",
            folder.display()
        );
        std::fs::write(folder.join("mosquitto.conf"), settings).expect("the settings are written");
        Self { port, folder: folder.to_owned(), process: None }
    }

    /// One that runs by the configuration that lies in `folder` and listens at `port`.
    ///
    /// # Panics
    /// Where there is none.
    pub fn of_files(folder: &Path, port: u16) -> Self {
        let file = folder.join("mosquitto.conf");
        let settings = std::fs::read_to_string(&file).expect("there is a configuration");
        // As in `down_saving`.
        std::fs::write(&file, format!("user root\n{settings}")).expect("it is written");
        let mut broker = Self { port, folder: folder.to_owned(), process: None };
        broker.start();
        broker.wait();
        broker
    }

    /// A broker that listens.
    pub fn up(folder: &Path) -> Self {
        let mut broker = Self::down(folder);
        broker.start();
        broker.wait();
        broker
    }

    /// Starts it, and does not wait until it listens.
    pub fn start(&mut self) {
        let mut command = Command::new(program());
        command.arg("-c").arg(self.folder.join("mosquitto.conf"));
        self.process = Some(Process::start(&mut command, &self.folder, "mosquitto"));
    }

    /// Waits until it listens.
    pub fn wait(&self) {
        eventually("mosquitto listens", || self.listens().then_some(()));
    }

    /// Whether it listens.
    pub fn listens(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok()
    }

    /// The running program.
    ///
    /// # Panics
    /// Where it is down.
    pub fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("it was started")
    }
}
