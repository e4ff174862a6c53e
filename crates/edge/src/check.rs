//! The self-test of a node: cameras, models, broker, hub, clock, disk; each with what to do where it is not well.
//!
//! It changes nothing and throws nobody out: it may run beside the node. Numbers are held against the rules by which a
//! camera is hung up: how large a plate or a person must be, how short the shutter.

mod cameras;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use domain::{ClockSource, PixelView};
use inference::models::FindError;
use inference::{Detector, Threads};
use serde::Serialize;
use uplink::{BrokerConfig, Spool};
use wire::health::DISK_FREE_MIN_BYTES;

use crate::config::{NodeConfig, Play};
use crate::host::HostStatus;
use crate::installation::Installation;
use crate::models::{choose_detector, model_store, plate_engine};
use crate::node::{broker_config, node_tls};
use crate::node_clock::NodeClock;
use crate::plates::PlateEngine;
use crate::watch::one_line;

/// Longest wait for the hub's answer.
const HUB_ANSWER_MAX: Duration = Duration::from_secs(8);

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Well.
    Good,
    /// It works, and could be better.
    Warning,
    /// It does not work.
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What, such as `camera gate-1`.
    pub what: String,
    /// How it is.
    pub verdict: Verdict,
    /// What was seen.
    pub seen: String,
    /// What to do about it; empty where nothing is to be done.
    pub fix: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.verdict {
            Verdict::Good => "ok  ",
            Verdict::Warning => "warn",
            Verdict::Bad => "BAD ",
        };
        write!(f, "{mark}  {:<20} {}", self.what, self.seen)?;
        if self.fix.is_empty() { Ok(()) } else { write!(f, "\n      {:<20} → {}", "", self.fix) }
    }
}

/// Gathers findings and tells each as soon as it is there: a camera takes seconds.
pub struct Findings<'t> {
    found: Vec<Finding>,
    tell: &'t dyn Fn(&Finding),
}

impl<'t> Findings<'t> {
    /// None yet.
    pub fn new(tell: &'t dyn Fn(&Finding)) -> Self {
        Self { found: Vec::new(), tell }
    }

    fn add(&mut self, verdict: Verdict, what: &str, seen: impl Into<String>, fix: impl Into<String>) {
        let finding = Finding { what: what.to_owned(), verdict, seen: seen.into(), fix: fix.into() };
        (self.tell)(&finding);
        self.found.push(finding);
    }

    fn good(&mut self, what: &str, seen: impl Into<String>) {
        self.add(Verdict::Good, what, seen, "");
    }

    /// All of them.
    pub fn into_vec(self) -> Vec<Finding> {
        self.found
    }
}

/// Looks at everything that a node of this configuration needs. `folder` is what relative sources are relative to.
pub async fn check(config: &NodeConfig, folder: &Path, installation: &Installation, findings: &mut Findings<'_>) {
    disk(config, findings);
    clock(findings);
    certificate(config, findings);
    broker(config, findings).await;
    hub(config, findings);
    let detector = models(config, installation, findings);
    let mut plates = plate_models(config, installation, findings);
    for camera in &config.cameras {
        let plates = camera.plates.and_then(|width| plates.get_mut(&width));
        cameras::camera(camera, &config.data, folder, detector.as_ref(), plates, findings);
    }
}

fn disk(config: &NodeConfig, findings: &mut Findings<'_>) {
    let what = "data folder";
    let data = config.data.display();
    if let Err(error) = std::fs::create_dir_all(&config.data) {
        findings.add(
            Verdict::Bad,
            what,
            format!("\"{data}\": {error}"),
            "make the folder and give it to the user of the node",
        );
        return;
    }
    let trial = config.data.join(".gatehouse-check");
    let written = std::fs::write(&trial, b"check").and_then(|()| std::fs::remove_file(&trial));
    if let Err(error) = written {
        findings.add(
            Verdict::Bad,
            what,
            format!("\"{data}\" cannot be written: {error}"),
            "give it to the user of the node; look whether the disk is full or read-only",
        );
        return;
    }
    let free = HostStatus::read(&config.data).disk_free_bytes.unwrap_or(0);
    let seen = format!("\"{data}\", {:.1} GB free", free as f64 / 1e9);
    if free < DISK_FREE_MIN_BYTES {
        findings.add(
            Verdict::Warning,
            what,
            seen,
            format!(
                "keep {:.0} GB free: events and pictures wait here while the network is away",
                DISK_FREE_MIN_BYTES as f64 / 1e9
            ),
        );
    } else {
        findings.good(what, seen);
    }
    match Spool::open(&config.data.join("spool")) {
        Ok(spool) => findings.good("evidence", format!("{} files wait for the hub", spool.state().files)),
        Err(error) => findings.add(
            Verdict::Bad,
            "evidence",
            one_line(&error),
            "the folder spool must belong to the user of the node",
        ),
    }
}

fn clock(findings: &mut Findings<'_>) {
    let quality = NodeClock::start().quality();
    if quality.source == ClockSource::Unknown {
        findings.add(
            Verdict::Warning,
            "clock",
            "no time service has set it",
            "install chrony or systemd-timesyncd and give it the site's time server: times of events are evidence",
        );
    } else {
        findings.good("clock", format!("set by {:?}", quality.source).to_lowercase());
    }
}

fn certificate(config: &NodeConfig, findings: &mut Findings<'_>) {
    let Some(enrolled) = &config.enrolled else { return };
    let now = NodeClock::start().utc();
    let seen = format!("node {} of site {}, good until {}", enrolled.node, enrolled.site, enrolled.not_after);
    if now >= enrolled.not_after {
        let fix = "it is over: ask the hub for a new code and enrol the machine again with --again; its key stays";
        findings.add(Verdict::Bad, "certificate", seen, fix);
    } else if uplink::enrol::is_due(enrolled, now) {
        let fix = "the node renews it by itself when it reaches the hub; see the line about the hub";
        findings.add(Verdict::Warning, "certificate", seen, fix);
    } else {
        findings.good("certificate", seen);
    }
}

async fn broker(config: &NodeConfig, findings: &mut Findings<'_>) {
    let Some(address) = &config.broker else {
        findings.add(Verdict::Warning, "broker", "none: events stay on this node", "give a [broker] once there is one");
        return;
    };
    let place = format!("{}:{}", address.host, address.port);
    let asked: anyhow::Result<BrokerConfig> = node_tls(config).and_then(|tls| broker_config(address, tls.as_ref()));
    let answer = match asked {
        Ok(broker) => uplink::probe::probe(&broker, &config.site, &config.node).await.map_err(anyhow::Error::from),
        Err(error) => Err(error),
    };
    match answer {
        Ok(()) if address.ca_file.is_none() => findings.add(
            Verdict::Warning,
            "broker",
            format!("{place} lets the node in, unencrypted"),
            "give ca_file: events are signed, but can be read on the way",
        ),
        Ok(()) => findings.good("broker", format!("{place} lets the node in")),
        Err(error) => findings.add(
            Verdict::Bad,
            "broker",
            format!("{error:#}"),
            "check address, port, user and password, certificate, and the way through the firewall",
        ),
    }
}

fn hub(config: &NodeConfig, findings: &mut Findings<'_>) {
    let Some(url) = &config.hub_url else {
        findings.add(Verdict::Warning, "hub", "none: pictures stay on this node", "give a [hub] url once there is one");
        return;
    };
    let agent = match node_tls(config) {
        Ok(tls) => uplink::probe::hub_agent(tls.as_ref(), HUB_ANSWER_MAX),
        Err(error) => {
            return findings.add(Verdict::Bad, "hub", format!("{error:#}"), "enrol the machine again with --again");
        }
    };
    match agent.get(format!("{url}/healthz")).call() {
        Ok(answer) if answer.status().is_success() => findings.good("hub", format!("{url} answers")),
        Ok(answer) => findings.add(
            Verdict::Bad,
            "hub",
            format!("{url}/healthz says {}", answer.status()),
            "is that the hub's address?",
        ),
        Err(error) => findings.add(
            Verdict::Bad,
            "hub",
            format!("{url}: {error}"),
            "check the address and the way through the firewall",
        ),
    }
}

fn models(config: &NodeConfig, installation: &Installation, findings: &mut Findings<'_>) -> Option<Detector> {
    let wanted = config.cameras.iter().any(|camera| camera.play != Play::Rehearse);
    if !wanted {
        return None;
    }
    let (runtime, entry, loaded) = match choose_detector(&config.models, installation) {
        Ok(chosen) => chosen,
        Err(error) => {
            let known = model_store(&config.models, installation).is_ok();
            let fix = if known {
                "gatehouse-edge models pull, or models list to see what is missing"
            } else {
                "the model manifest is missing: is the installation whole?"
            };
            findings.add(Verdict::Bad, "detector", format!("{error:#}"), fix);
            return None;
        }
    };
    if let Ok((manifest, store)) = model_store(&config.models, installation) {
        for damaged in manifest.entries().iter().filter_map(|other| store.find(other).err()) {
            if !matches!(damaged, FindError::Missing { .. }) {
                findings.add(Verdict::Warning, "models", one_line(&damaged), "gatehouse-edge models pull");
            }
        }
    }
    match Detector::open(runtime, &entry, &loaded.path, Threads { intra: 1 }) {
        Ok(mut detector) => {
            let (width, height) = detector.input_size();
            let (width, height) = (width as usize, height as usize);
            let grey = vec![114; width * height * 3];
            let ms = PixelView::new(width, height, width * 3, &grey).ok().and_then(|view| {
                detector.detect(&view).ok()?;
                let started = Instant::now();
                detector.detect(&view).ok()?;
                Some(started.elapsed().as_secs_f64() * 1e3)
            });
            let pace = ms.map_or_else(String::new, |ms| format!(", {ms:.0} ms a frame here"));
            findings.good("detector", format!("{}{pace}", entry.id));
            Some(detector)
        }
        Err(error) => {
            findings.add(Verdict::Bad, "detector", one_line(&error), "gatehouse-edge models verify");
            None
        }
    }
}

/// What reads plates, for each width that a camera asks for.
fn plate_models(
    config: &NodeConfig,
    installation: &Installation,
    findings: &mut Findings<'_>,
) -> BTreeMap<u32, PlateEngine> {
    let widths: BTreeSet<u32> = config.cameras.iter().filter_map(|camera| camera.plates).collect();
    let mut engines = BTreeMap::new();
    for width in widths {
        match plate_engine(config, installation, width) {
            Ok(engine) => drop(engines.insert(width, engine)),
            Err(error) => {
                findings.add(Verdict::Bad, "plates", format!("{error:#}"), "gatehouse-edge models verify");
                // Another width wants the same files.
                break;
            }
        }
    }
    engines
}
