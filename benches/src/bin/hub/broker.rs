//! A Mosquitto of its own that holds a whole backlog.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use tempfile::TempDir;

use crate::nodes::Node;

/// How long the broker may take for anything.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Mosquitto {
    pub(crate) port: u16,
    folder: TempDir,
    child: Child,
}

impl Mosquitto {
    pub(crate) fn start() -> Result<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let folder = tempfile::tempdir()?;
        let user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
        let (config, log) = (folder.path().join("mosquitto.conf"), folder.path().join("log"));
        std::fs::write(
            &config,
            format!(
                "user {user}\nlistener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nset_tcp_nodelay true\n\
                 log_type subscribe\nlog_dest file {}\n",
                log.display()
            ),
        )?;
        let places = ["/usr/sbin/mosquitto", "/usr/bin/mosquitto", "/usr/local/sbin/mosquitto"];
        let program = places.iter().find(|path| std::path::Path::new(path).exists());
        let program = program.context("mosquitto is not installed: run deploy/setup.sh")?;
        let child = Command::new(program).arg("-c").arg(&config).stderr(Stdio::null()).spawn()?;
        let broker = Self { port, folder, child };
        broker.until("it listens", || TcpStream::connect(("127.0.0.1", port)).is_ok())?;
        Ok(broker)
    }

    fn until(&self, what: &str, is_done: impl Fn() -> bool) -> Result<()> {
        let began = Instant::now();
        while !is_done() {
            ensure!(began.elapsed() < PATIENCE, "mosquitto: never came: {what}");
            // tidy: sleep is the pause between two looks
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Waits until the hub has subscribed to events.
    pub(crate) fn wait_for_subscription(&self) -> Result<()> {
        let log = self.folder.path().join("log");
        self.until("the hub's subscription", || {
            std::fs::read_to_string(&log).is_ok_and(|text| text.lines().any(|line| line.contains("/event")))
        })
    }

    /// Publishes so many events of each node, and waits until the broker has them all.
    pub(crate) async fn publish(&self, nodes: &mut [Node], each: u64) -> Result<u64> {
        self.publish_made(nodes, each, |node, _| node.passes()).await
    }

    /// The same with what `make` makes of a node and the number of the event.
    pub(crate) async fn publish_made(
        &self,
        nodes: &mut [Node],
        each: u64,
        make: impl Fn(&mut Node, u64) -> Result<Vec<u8>>,
    ) -> Result<u64> {
        let mut options = MqttOptions::new("bench", "127.0.0.1", self.port);
        options.set_max_packet_size(Some(1024 * 1024));
        let (client, mut events) = AsyncClient::new(options, 1_000);
        let told = each * nodes.len() as u64;
        let confirmed = tokio::spawn(async move {
            let mut confirmed = 0;
            while confirmed < told {
                match events.poll().await {
                    Ok(Event::Incoming(Packet::PubAck(_))) => confirmed += 1,
                    Ok(_) => {}
                    Err(error) => bail!("the broker went away: {error}"),
                }
            }
            Ok(())
        });
        for number in 0..each {
            for node in &mut *nodes {
                let event = make(node, number)?;
                client.publish(node.topic(), QoS::AtLeastOnce, false, event).await?;
            }
        }
        confirmed.await??;
        Ok(told)
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
