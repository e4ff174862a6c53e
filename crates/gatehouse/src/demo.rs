//! The demo: the sample video as a camera, all the way to the page.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use domain::{Direction, ObjectClass};
use edge::config::{ModelsConfig, NodeConfig};
use edge::fetch::HttpFetch;
use edge::installation::Installation;
use edge::models::{choose_detector, model_store};
use edge::node::RunOptions;
use edge::watch::one_line;
use hub::accounts::session::SessionRules;
use hub::accounts::{By, Grants, Knower, NewAccount, Order, Role, account_make, password_set, random_password};
use hub::{LoginConfig, Secret};
use inference::Tier;
use inference::models::{Mirror, PullOutcome, pull};
use store::{CountBucket, CountsFilter, Sites, Store};
use wire::access::AccessDecided;
use wire::{BlobHash, Event, Payload, PlateRead};

use crate::appliance::Appliance;

/// Longest wait for the last events and pictures to arrive at the hub.
const DELIVERY_MAX: Duration = Duration::from_secs(60);

/// The video of the first camera, below the installation, where deploy/setup.sh puts it.
const SAMPLE: &str = ".samples/vtest.avi";
/// The clip of the second camera.
const PLATES_CLIP: &str = "models/bundled/gate_plates.mp4";

/// The demo's account.
const DEMO_NAME: &str = "demo";

/// Events read from the hub's log at a time.
const PAGE: u32 = 1_000;

/// What the demo can be told.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Play the video once, print what was counted, stored and lost, and end.
    #[arg(long)]
    once: bool,
    /// Port of the page; with --once a free one.
    #[arg(long)]
    port: Option<u16>,
    /// Folder or base URL that holds the models, besides their origin.
    #[arg(long)]
    mirror: Option<String>,
    /// The video; the sample that deploy/setup.sh fetches where absent.
    #[arg(long)]
    video: Option<PathBuf>,
    /// Folder for keys, databases and pictures; `.state/demo` of the installation where absent, with --once a
    /// temporary one.
    #[arg(long)]
    state: Option<PathBuf>,
    /// Write a copy of the events to this file, one JSON object a line.
    #[arg(long)]
    events: Option<PathBuf>,
}

pub(crate) async fn run(arguments: &Arguments, installation: &Installation) -> Result<ExitCode> {
    ensure_models(arguments.mirror.as_deref(), installation)?;
    let temporary = tempfile::tempdir().context("no temporary folder can be made")?;
    let state = match &arguments.state {
        Some(state) => state.clone(),
        None if arguments.once => temporary.path().to_owned(),
        None => installation.home().join(".state/demo"),
    };
    let config = configuration(arguments, state, installation)?;
    let port = arguments.port.unwrap_or(if arguments.once { 0 } else { hub::config::LISTEN.port() });
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let events = arguments.events.clone().unwrap_or_else(|| temporary.path().join("events.jsonl"));
    let options = RunOptions { record: None, events: arguments.once.then(|| events.clone()) };
    let mut site = Appliance::start(config, Path::new("."), listen, login(), installation, &options).await?;
    println!("Gatehouse: http://{}/", site.hub.addr);
    if let Some(local) = site.node.local_address() {
        println!("The node at the gate: http://{local}/");
    }
    if !arguments.once {
        let password = demo_account(&site.hub.store).await?;
        println!("Sign in as {DEMO_NAME} with the password {password}");
        println!("The sample video plays over and over; Ctrl-C ends.");
        tokio::select! {
            watched = site.node.watched() => watched?,
            () = edge::node::stop_signal()? => {
                site.node.stop_cameras();
                site.node.watched().await?;
            }
        }
        site.stop().await;
        return Ok(ExitCode::SUCCESS);
    }
    site.node.watched().await?;
    let delivered = tokio::time::timeout(DELIVERY_MAX, site.node.delivered()).await.is_ok();
    let told = read_events(&events)?;
    let result = compare(&told, &site.hub.store).await?;
    print(&result);
    site.stop().await;
    if delivered && result.lost() == 0 { Ok(ExitCode::SUCCESS) } else { bail!("not everything arrived at the hub") }
}

/// Whoever looks at the demo is not signed out while he looks.
fn login() -> LoginConfig {
    let long = Duration::from_secs(14 * 24 * 3_600);
    let sessions = SessionRules { idle: long, idle_admin: long, absolute: long };
    LoginConfig { sessions, ..LoginConfig::default() }
}

/// Makes the demo's account, or gives it a new password; nobody but the reader of the terminal knows it.
async fn demo_account(store: &Store) -> Result<String> {
    let password = random_password().context("the machine gives no random bytes")?;
    let (secret, by) = (Secret::new(password.as_str()), By::program("gatehouse demo"));
    match store.account_by_name(DEMO_NAME).await? {
        Some(account) => {
            password_set(store, account, secret, Knower::Owner, None, &by).await?;
        }
        None => {
            let new = NewAccount {
                name: DEMO_NAME.to_owned(),
                display_name: "Demo".to_owned(),
                language: "vi".to_owned(),
                password: Some(secret),
                must_change_password: false,
                external_id: None,
                // One person plays all the parts.
                grants: Grants::everywhere([Role::GateOperator, Role::SystemAdmin, Role::SecurityAdmin]),
            };
            account_make(store, new, Order::First, &by).await?;
        }
    }
    Ok(password)
}

/// Gets a recommended detector from the mirror where one is named and none is installed; what is bundled serves too.
fn ensure_models(mirror: Option<&str>, installation: &Installation) -> Result<()> {
    let models = ModelsConfig::default();
    let (manifest, store) = model_store(&models, installation)?;
    let recommended =
        || manifest.entries().iter().filter(|e| e.role() == inference::Role::Detector && e.tier == Tier::Recommended);
    if let Some(mirror) = mirror.map(Mirror::parse).filter(|_| !recommended().any(|entry| store.find(entry).is_ok())) {
        for entry in recommended() {
            match pull(entry, &installation.pulled_models(), Some(&mirror), &HttpFetch::default()) {
                PullOutcome::Present { .. } => break,
                PullOutcome::Pulled { from, .. } => {
                    println!("Model {} from {from}", entry.id);
                    break;
                }
                PullOutcome::Failed { reason } => {
                    println!("Model {} not fetched: {}", entry.id, one_line(&reason));
                }
            }
        }
    }
    let (_, entry, _) = choose_detector(&models, installation)?;
    let hint = match entry.tier {
        Tier::Bundled => "; `make models` fetches one that sees more",
        Tier::Recommended => "",
    };
    println!("Detector: {}{hint}", entry.id);
    Ok(())
}

/// The demo's node, as a configuration file would describe it.
fn configuration(arguments: &Arguments, data: PathBuf, installation: &Installation) -> Result<NodeConfig> {
    let at = |path: &str| installation.home().join(path);
    let video = arguments.video.clone().unwrap_or_else(|| at(SAMPLE));
    let play = if arguments.once { "once" } else { "loop" };
    let mut text = format!(
        "site = \"demo\"\nnode = \"demo-node\"\ndata = {}\n[local]\nlisten = \"127.0.0.1:0\"\n\
         [[camera]]\nid = \"cam-1\"\nsource = {}\nplay = \"{play}\"\n\
         [[gate]]\nid = \"main-gate\"\ncamera = \"cam-1\"\nprofile = {}\n",
        quoted(&data)?,
        quoted(&video)?,
        quoted(&at("pipelines/tourist-site.toml"))?
    );
    let clip = at(PLATES_CLIP);
    if arguments.video.is_none() && clip.is_file() {
        write!(
            text,
            "[[camera]]\nid = \"cam-2\"\nsource = {}\nplay = \"{play}\"\nplates = true\n\
             [[gate]]\nid = \"vehicle-gate\"\ncamera = \"cam-2\"\nprofile = {}\n\
             [[plate_list]]\nname = \"demo watchlist\"\npurpose = \"watch\"\nfile = {}\n\
             [access]\npolicy = {}\n[[lane]]\nid = \"vehicle-in\"\ncamera = \"cam-2\"\n",
            quoted(&clip)?,
            quoted(&at("pipelines/industrial-park.toml"))?,
            quoted(&at("pipelines/demo/watched.csv"))?,
            quoted(&at("pipelines/demo/access.toml"))?
        )
        .expect("a string takes it");
    }
    NodeConfig::parse(&text, Path::new(".")).context("the demo's own configuration")
}

/// A path as TOML writes it.
fn quoted(path: &Path) -> Result<String> {
    let path = std::path::absolute(path).with_context(|| format!("\"{}\" is no path", path.display()))?;
    let text = path.to_str().with_context(|| format!("\"{}\": the path must be UTF-8", path.display()))?;
    Ok(toml::Value::from(text).to_string())
}

fn read_events(path: &Path) -> Result<Vec<Event>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read \"{}\"", path.display()))?;
    text.lines().map(|line| serde_json::from_str(line).context("an event of our own")).collect()
}

/// What the node told, held against what the hub has.
struct Outcome {
    /// By direction and class: told by the node, counted by the hub.
    counts: BTreeMap<(Direction, ObjectClass), (u64, u64)>,
    events_told: usize,
    events_lost: usize,
    pictures_told: usize,
    pictures_lost: usize,
    /// Plates that were told: what they say, kind, confidence.
    plates: Vec<String>,
    /// What was decided at the lane: plate, verdict, why.
    decisions: Vec<String>,
}

impl Outcome {
    fn lost(&self) -> u64 {
        let counts: u64 = self.counts.values().map(|(told, stored)| told.abs_diff(*stored)).sum();
        counts + (self.events_lost + self.pictures_lost) as u64
    }
}

async fn compare(told: &[Event], store: &Store) -> Result<Outcome> {
    let mut counts: BTreeMap<(Direction, ObjectClass), (u64, u64)> = BTreeMap::new();
    let mut pictures: BTreeSet<BlobHash> = BTreeSet::new();
    let (mut plates, mut decisions) = (Vec::new(), Vec::new());
    for event in told {
        match &event.payload {
            Payload::Passed(passed) => {
                counts.entry((passed.what.direction, passed.what.class)).or_default().0 += 1;
                pictures.extend(passed.evidence.iter().map(|e| e.sha256));
            }
            Payload::Stayed(stayed) => pictures.extend(stayed.evidence.iter().map(|e| e.sha256)),
            Payload::IncidentSeen(seen) => pictures.extend(seen.evidence.iter().map(|e| e.sha256)),
            Payload::PlateRead(read) => {
                pictures.extend(read.evidence.iter().map(|e| e.sha256));
                plates.push(plate_line(&read.what));
            }
            Payload::AccessDecided(decided) => {
                pictures.extend(decided.evidence.iter().map(|e| e.sha256));
                decisions.push(decision_line(&decided.what));
            }
            Payload::EvidenceAdded(added) => drop(pictures.insert(added.clip.sha256)),
            Payload::OccupancyChanged(_)
            | Payload::CameraChanged(_)
            | Payload::NodeStarted(_)
            | Payload::ClockJumped(_)
            | Payload::PolicyChanged(_)
            | Payload::LaneChanged(_) => {}
        }
    }
    let always = CountsFilter {
        sites: Sites::All,
        gate: None,
        from_minute: 0,
        to_minute: i64::from(i32::MAX),
        bucket: CountBucket::Day,
    };
    for row in store.counts(&always).await? {
        counts.entry((row.direction, row.class)).or_default().1 += row.count;
    }
    let mut stored = BTreeSet::new();
    let mut position = 0;
    loop {
        let page = store.events_after(position, PAGE).await?;
        let Some(last) = page.last() else { break };
        position = last.pos;
        stored.extend(page.iter().map(|event| event.id));
    }
    let mut pictures_lost = 0;
    for picture in &pictures {
        pictures_lost += usize::from(store.blob_find(picture).await?.is_none());
    }
    Ok(Outcome {
        counts,
        events_told: told.len(),
        events_lost: told.iter().filter(|event| !stored.contains(&event.id)).count(),
        pictures_told: pictures.len(),
        pictures_lost,
        plates,
        decisions,
    })
}

fn plate_line(read: &PlateRead) -> String {
    let listed = read.matches.first().map(|one| format!("  on \"{}\"", one.list)).unwrap_or_default();
    match read.readings.first() {
        Some(best) => {
            let issuer = best.issuer.as_deref().unwrap_or("-");
            format!("{:<14} {:<18} {issuer:<12} {:>6.2} %{listed}", best.display, best.kind, best.confidence * 100.0)
        }
        None => format!("{:<14} {}: {}", read.raw, read.outcome.as_str(), read.reason),
    }
}

fn decision_line(decided: &AccessDecided) -> String {
    let plate = decided.plate.as_ref().map_or("-", |plate| plate.key.as_str());
    let rule = decided.rule.as_deref().unwrap_or(&decided.reason);
    format!("{plate:<14} {:<8} {rule}", decided.verdict.as_str())
}

fn print(outcome: &Outcome) {
    println!("\n{:<24} {:>8} {:>8} {:>8}", "", "counted", "stored", "lost");
    for ((direction, class), (told, stored)) in &outcome.counts {
        let name = format!("{class} {direction}");
        println!("{name:<24} {told:>8} {stored:>8} {:>8}", told.abs_diff(*stored));
    }
    for (name, told, lost) in [
        ("events", outcome.events_told, outcome.events_lost),
        ("pictures", outcome.pictures_told, outcome.pictures_lost),
    ] {
        println!("{name:<24} {told:>8} {:>8} {lost:>8}", told - lost);
    }
    if !outcome.plates.is_empty() {
        println!("\n{:<14} {:<18} {:<12} {:>8}", "plate", "kind", "province", "sure");
        outcome.plates.iter().for_each(|line| println!("{line}"));
    }
    if !outcome.decisions.is_empty() {
        println!("\n{:<14} {:<8} why", "at the lane", "");
        outcome.decisions.iter().for_each(|line| println!("{line}"));
    }
    println!();
}
