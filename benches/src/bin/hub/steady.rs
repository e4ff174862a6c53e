//! A stream of events that does not end: whether the hub keeps up, and how long an event takes to whoever watches.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use domain::UtcTime;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::Packet;
use rumqttc::v5::{AsyncClient, Event, MqttOptions};
use serde_json::Value;

use crate::broker::Mosquitto;
use crate::nodes::Node;
use crate::{Database, Hub};

/// Events are published in bursts this far apart: a clock does not tick finer on a busy machine.
const BURST_EVERY: Duration = Duration::from_millis(10);
/// How often the backlog is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long what is left at the end may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is asked for.
pub(crate) struct Load {
    /// Events a second.
    pub(crate) rate: u64,
    /// For so long.
    pub(crate) lasts: Duration,
    /// Whether somebody follows the live stream meanwhile.
    pub(crate) is_watched: bool,
}

/// How long events took to whoever watches, in milliseconds.
#[derive(Debug, Default)]
struct Watched {
    ms: Mutex<Vec<f64>>,
    is_over: AtomicBool,
}

/// Publishes at a steady rate and prints whether the hub kept up.
pub(crate) async fn keep_up(
    name: &str,
    load: &Load,
    broker: &Mosquitto,
    nodes: &mut [Node],
    hub: impl Fn(SocketAddr) -> Result<Hub>,
    key: &str,
    database: &mut Database,
) -> Result<()> {
    let listen = SocketAddr::from(([127, 0, 0, 1], TcpListener::bind("127.0.0.1:0")?.local_addr()?.port()));
    let running = hub(listen)?;
    broker.wait_for_subscription()?;
    let watched = Arc::new(Watched::default());
    let follower = load.is_watched.then(|| {
        let (watched, key) = (Arc::clone(&watched), key.to_owned());
        std::thread::spawn(move || follow(listen, &key, &watched))
    });

    let total = load.rate * load.lasts.as_secs();
    let mut options = MqttOptions::new("bench-steady", "127.0.0.1", broker.port);
    options.set_max_packet_size(Some(1024 * 1024));
    let (client, mut events) = AsyncClient::new(options, 4_000);
    let confirmed = tokio::spawn(async move {
        let mut confirmed = 0;
        while confirmed < total {
            match events.poll().await {
                Ok(Event::Incoming(Packet::PubAck(_))) => confirmed += 1,
                Ok(_) => {}
                Err(error) => bail!("the broker went away: {error}"),
            }
        }
        Ok(())
    });
    let began = Instant::now();
    let (mut told, mut looked, mut backlogs) = (0, Instant::now(), Vec::new());
    while told < total {
        let due = (began.elapsed().as_secs_f64() * load.rate as f64) as u64;
        while told < due.min(total) {
            let node = &mut nodes[(told % nodes.len() as u64) as usize];
            client.publish(node.topic(), QoS::AtLeastOnce, false, node.passes()?).await?;
            told += 1;
        }
        if looked.elapsed() >= LOOK_EVERY {
            looked = Instant::now();
            backlogs.push(told.saturating_sub(database.events().await?));
        }
        // tidy: sleep is the pause between two bursts
        tokio::time::sleep(BURST_EVERY).await;
    }
    let published = began.elapsed();
    confirmed.await??;
    let waits = Instant::now();
    while database.events().await? < total {
        ensure!(waits.elapsed() < PATIENCE, "{name}: not all of {total} events came in");
        // tidy: sleep is the pause between two looks
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let behind = waits.elapsed();
    watched.is_over.store(true, Ordering::Relaxed);
    drop(running);
    if let Some(follower) = follower {
        follower.join().map_err(|_| anyhow::anyhow!("whoever watches panicked"))??;
    }
    let (first, last) = backlogs.split_at(backlogs.len() / 2);
    let mean = |backlogs: &[u64]| backlogs.iter().sum::<u64>() as f64 / backlogs.len().max(1) as f64;
    println!(
        "{name}: {total} events at {:.0} a second ({} wanted); not committed yet: {:.0} in the mean of the first half, {:.0} of \
         the second, {} at most; the last was committed {:.2} s after it was published",
        total as f64 / published.as_secs_f64(),
        load.rate,
        mean(first),
        mean(last),
        backlogs.iter().max().copied().unwrap_or(0),
        behind.as_secs_f64(),
    );
    if load.is_watched {
        let mut ms = watched.ms.lock().unwrap_or_else(PoisonError::into_inner).clone();
        ms.sort_by(f64::total_cmp);
        let at = |share: f64| ms.get(((ms.len() as f64 * share) as usize).min(ms.len().saturating_sub(1))).copied();
        let [p50, p95, p99] = [0.5, 0.95, 0.99].map(|share| at(share).unwrap_or(f64::NAN));
        println!(
            "{name}: from published to the stream of who watches: p50 {p50:.0} ms, p95 {p95:.0} ms, p99 {p99:.0} ms, {} of \
             {total} events",
            ms.len()
        );
    }
    Ok(())
}

/// Makes the key with which the stream is read.
pub(crate) fn reader_key(program: &Path, db: &str, blobs: &Path) -> Result<String> {
    let arguments = ["api-key", "add", "--name", "bench", "--role", "gate_operator", "--role", "system_admin"];
    let made = Command::new(program).args(arguments).args(["--db", db, "--blobs"]).arg(blobs).output()?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Ok(String::from_utf8(made.stdout)?.trim().to_owned())
}

/// Notes how old each passage is when it arrives; begins again where the hub sends it away.
fn follow(hub: SocketAddr, key: &str, watched: &Watched) -> Result<()> {
    while !watched.is_over.load(Ordering::Relaxed) {
        let agent: ureq::Agent = ureq::Agent::config_builder().timeout_connect(Some(PATIENCE)).build().into();
        let asked = agent.get(format!("http://{hub}/api/v1/stream")).header("authorization", format!("Bearer {key}"));
        let Ok(mut answer) = asked.call() else {
            // tidy: sleep is the pause before the next try
            std::thread::sleep(Duration::from_millis(50));
            continue;
        };
        let body: &mut dyn Read = &mut answer.body_mut().as_reader();
        for line in BufReader::new(body).lines() {
            let Ok(line) = line else { break };
            let Some(data) = line.strip_prefix("data:").filter(|data| data.contains("\"direction\"")) else { continue };
            let passage: Value = serde_json::from_str(data.trim()).context("the stream gives JSON")?;
            let Some(at) = passage["at"].as_str().or_else(|| passage["passage"]["at"].as_str()) else { continue };
            let at: UtcTime = at.parse().map_err(|error| anyhow::anyhow!("{error}"))?;
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros() as f64;
            let ms = (now - at.as_unix_micros() as f64) / 1e3;
            watched.ms.lock().unwrap_or_else(PoisonError::into_inner).push(ms);
        }
    }
    Ok(())
}
