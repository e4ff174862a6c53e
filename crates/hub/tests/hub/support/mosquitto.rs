//! A Mosquitto of its own on a free port.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use hub::BrokerConfig;
use tempfile::TempDir;

use super::{eventually, free_port};

pub struct Mosquitto {
    pub port: u16,
    folder: TempDir,
    child: Child,
}

fn program() -> PathBuf {
    let found = ["/usr/sbin/mosquitto", "/usr/bin/mosquitto", "/usr/local/sbin/mosquitto"].map(PathBuf::from);
    found.into_iter().find(|path| path.exists()).expect("mosquitto is not installed: run deploy/setup.sh")
}

impl Mosquitto {
    pub fn start() -> Self {
        Self::start_on(free_port())
    }

    pub fn start_on(port: u16) -> Self {
        Self::with(port, |_| "allow_anonymous true\n".to_owned())
    }

    /// One with the lines of configuration that `lines` gives for its folder.
    pub fn with(port: u16, lines: impl FnOnce(&Path) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Started by root it would become another user, who may not write here.
        let user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
        let config = format!(
            "user {user}\nlistener {port} 127.0.0.1\nmax_queued_messages 100000\nset_tcp_nodelay true\n\
             persistence true\npersistence_location {}/\n{}",
            folder.path().display(),
            lines(folder.path())
        );
        std::fs::write(folder.path().join("mosquitto.conf"), config).unwrap();
        let child = spawn(&folder);
        let broker = Self { port, folder, child };
        broker.wait();
        broker
    }

    /// One with the files that `broker-config` has written into `folder`.
    pub fn of_files(folder: TempDir, port: u16) -> Self {
        let path = folder.path().join("mosquitto.conf");
        let user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
        let config = std::fs::read_to_string(&path).unwrap();
        // Started by root it would become another user, who may not read here.
        std::fs::write(&path, format!("user {user}\n{config}")).unwrap();
        let child = spawn(&folder);
        let broker = Self { port, folder, child };
        broker.wait();
        broker
    }

    /// Gives it a new list of revoked certificates, as the unit for it does.
    pub fn take_list(&mut self, list: &Path) {
        std::fs::copy(list, self.folder.path().join("nodes.crl")).unwrap();
        let told = Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn wait(&self) {
        eventually("mosquitto listens", || std::net::TcpStream::connect(("127.0.0.1", self.port)).ok());
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn start_again(&mut self) {
        self.child = spawn(&self.folder);
        self.wait();
    }

    /// What the broker keeps on a topic.
    pub fn retained(&self, topic: &str) -> Option<Vec<u8>> {
        let mut options =
            rumqttc::v5::MqttOptions::new(format!("reader-{}", super::free_port()), "127.0.0.1", self.port);
        options.set_max_packet_size(Some(1024 * 1024));
        let (client, mut events) = rumqttc::v5::Client::new(options, 10);
        client.subscribe(topic, rumqttc::v5::mqttbytes::QoS::AtLeastOnce).unwrap();
        loop {
            // The broker sends what it keeps right after it granted the subscription.
            match events.recv_timeout(std::time::Duration::from_millis(500)) {
                Ok(Ok(rumqttc::v5::Event::Incoming(rumqttc::v5::mqttbytes::v5::Packet::Publish(publish)))) => {
                    return Some(publish.payload.to_vec());
                }
                Ok(Ok(_)) => {}
                Ok(Err(_)) | Err(_) => return None,
            }
        }
    }

    pub fn config(&self) -> BrokerConfig {
        BrokerConfig::new("127.0.0.1", self.port)
    }
}

fn spawn(folder: &TempDir) -> Child {
    Command::new(program())
        .arg("-c")
        .arg(folder.path().join("mosquitto.conf"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        // It may have been killed by the test already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
