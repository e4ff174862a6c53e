//! `gatehouse-edge`: the program at the gate.

#![expect(clippy::print_stdout, reason = "a program's answers go to standard output")]

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Parser, Subcommand};
use edge::check;
use edge::config::{ModelsConfig, NodeConfig};
use edge::fetch::HttpFetch;
use edge::installation::Installation;
use edge::models::model_store;
use edge::node::{Node, RunOptions, node_key, stop_signal};
use edge::watch::one_line;
use edge::watchdog::Watchdog;
use inference::Tier;
use inference::models::{Mirror, PullOutcome, pull};

mod card_command;
mod enrol_command;
mod eval_command;
mod plate_command;
mod redact_command;

#[derive(Parser)]
#[command(name = "gatehouse-edge", version, about = "Watches the cameras of a gate and tells the hub what passed")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the node.
    Run(Run),
    /// Give the events of an observation log again, one JSON object a line.
    Replay {
        /// The observation log.
        log: PathBuf,
        /// Where to write the events; standard output where absent.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Measure accuracy.
    #[command(subcommand)]
    Eval(eval_command::Eval),
    /// Number plates.
    #[command(subcommand)]
    Plate(Plate),
    Redact(redact_command::Redact),
    /// Models: what there is, what is installed, and getting what is not.
    #[command(subcommand)]
    Models(Models),
    /// Look at everything that a node needs and say what to mend: cameras, models, broker, hub, clock, disk. Fails
    /// where something does not work.
    Check {
        /// The node's configuration.
        config: PathBuf,
        /// Write what was found to this file too, as JSON.
        #[arg(long)]
        json: Option<PathBuf>,
    },
    /// The health of a camera's pictures.
    #[command(subcommand)]
    Health(Health),
    /// Print what stands for a citizen's number in the column `citizen_card` of a list: reads the 12 digits, or the text of
    /// a card's QR code, from standard input. The node's salt is made where there is none.
    Card {
        /// The node's configuration.
        #[arg(long)]
        config: PathBuf,
    },
    /// Print the reference of the configuration: every field, what is accepted and what it means, as Markdown.
    Reference,
    /// Become a node: with the one-time code that the hub has given. Does nothing where the machine is one already.
    Enrol(enrol_command::Enrol),
    /// Print the node's public key, by which the hub knows it; makes the key where there is none.
    Key {
        /// The node's configuration.
        #[arg(long)]
        config: PathBuf,
    },
}

#[derive(clap::Args)]
struct Run {
    /// The node's configuration.
    #[arg(long)]
    config: PathBuf,
    /// Write everything that the gates are told to this observation log.
    #[arg(long)]
    record: Option<PathBuf>,
    /// Write a copy of the events to this file, one JSON object a line.
    #[arg(long)]
    events: Option<PathBuf>,
    /// Write frames and time by stage to this file at the end.
    #[arg(long)]
    summary: Option<PathBuf>,
    /// After the last source is over, wait this many seconds for the hub to confirm everything.
    #[arg(long, default_value_t = 60)]
    deliver_within: u64,
}

#[derive(Subcommand)]
enum Health {
    /// Take what a camera shows now for what it should show: sharpness and view are held against it from now on. Also
    /// beside a running node.
    Reference {
        /// The node's configuration.
        config: PathBuf,
        /// The camera.
        camera: String,
    },
}

#[derive(Subcommand)]
enum Plate {
    /// Say which kinds of plate a text can be, who issues them, and why.
    Explain {
        /// The text, with or without separators; `/` between two rows.
        text: String,
    },
    /// Read the plates of pictures; one JSON object for each plate.
    Read {
        /// The pictures are street scenes in which plates are looked for; else each is one plate and little else.
        #[arg(long)]
        scene: bool,
        /// Folder with model files, before those of the installation.
        #[arg(long)]
        models: Option<PathBuf>,
        /// The pictures, JPEG or PNG.
        #[arg(required = true)]
        pictures: Vec<PathBuf>,
    },
}

#[derive(Subcommand)]
enum Models {
    /// Every model of the manifest and whether it is installed.
    List {
        /// Folder with model files, before those of the installation.
        #[arg(long)]
        dir: Option<PathBuf>,
    },
    /// Check the hashes of installed models; fails where one is damaged or missing.
    Verify {
        /// Folder with model files, before those of the installation.
        #[arg(long)]
        dir: Option<PathBuf>,
        /// Only these models.
        ids: Vec<String>,
    },
    /// Get models from their pinned origin or from a mirror; a file with another hash is refused.
    Pull {
        /// Folder or base URL that holds the files.
        #[arg(long)]
        mirror: Option<String>,
        /// Where to put them; `.models` beside the manifest where absent.
        #[arg(long)]
        dir: Option<PathBuf>,
        /// Only these models; all recommended ones where absent.
        ids: Vec<String>,
    },
}

fn main() -> ExitCode {
    let level = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,ort=warn".into());
    let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_env_filter(level).with_ansi(ansi).with_writer(std::io::stderr).init();
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    let installation = Installation::locate();
    match command {
        Command::Run(arguments) => {
            let runtime = tokio::runtime::Runtime::new().context("cannot start the asynchronous run time")?;
            runtime.block_on(run_node(&arguments, &installation))
        }
        Command::Replay { log, out } => replay(&log, out.as_deref()),
        Command::Eval(command) => eval_command::run(command, &installation).map(|()| ExitCode::SUCCESS),
        Command::Plate(Plate::Explain { text }) => explain(&text),
        Command::Plate(Plate::Read { scene, models, pictures }) => {
            plate_command::read(scene, models, &pictures, &installation).map(|()| ExitCode::SUCCESS)
        }
        Command::Redact(command) => redact_command::run(command, &installation),
        Command::Check { config, json } => {
            let runtime = tokio::runtime::Runtime::new().context("cannot start the asynchronous run time")?;
            runtime.block_on(check_node(&config, json.as_deref(), &installation))
        }
        Command::Models(Models::List { dir }) => list(dir, &installation),
        Command::Models(Models::Verify { dir, ids }) => verify(dir, &ids, &installation),
        Command::Models(Models::Pull { mirror, dir, ids }) => pull_models(mirror, dir, &ids, &installation),
        Command::Health(Health::Reference { config: path, camera }) => {
            let config = NodeConfig::load(&path)?;
            let folder = path.parent().unwrap_or(Path::new("."));
            let taken = edge::health_command::take_reference(&config, folder, &camera)?;
            let (width, height) = taken.size;
            println!(
                "camera {camera}: {width}×{height}, sharpness {:.0}, brightness {:.0}",
                taken.sharpness, taken.brightness
            );
            Ok(ExitCode::SUCCESS)
        }
        Command::Reference => {
            print!("{}", edge::config::reference::markdown());
            Ok(ExitCode::SUCCESS)
        }
        Command::Card { config } => {
            card_command::digest(&config)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Enrol(arguments) => {
            enrol_command::enrol(arguments)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Key { config } => {
            println!("{}", node_key(&NodeConfig::load(&config)?)?.public());
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn run_node(arguments: &Run, installation: &Installation) -> Result<ExitCode> {
    let config = NodeConfig::load(&arguments.config)?;
    let folder = arguments.config.parent().unwrap_or(Path::new("."));
    let options = RunOptions { record: arguments.record.clone(), events: arguments.events.clone() };
    // Before the start, so that a node that is asked to end while it starts still ends in good order.
    let stopped = stop_signal()?;
    let mut node = Node::start(&config, folder, installation, &options).await?;
    let watchdog = Watchdog::start(node.pulse());
    let watched = tokio::select! {
        watched = node.watched() => Some(watched),
        () = stopped => None,
    };
    watchdog.stopping();
    let stopped = watched.is_none();
    let watched = match watched {
        Some(watched) => watched,
        None => {
            node.stop_cameras();
            node.watched().await
        }
    };
    if !stopped && config.broker.is_some() {
        let patience = Duration::from_secs(arguments.deliver_within);
        if tokio::time::timeout(patience, node.delivered()).await.is_err() {
            tracing::warn!(
                events = node.outbox().backlog().rows,
                "not confirmed by the hub yet: they stay in the outbox"
            );
        }
    }
    if let Some(path) = &arguments.summary {
        std::fs::write(path, format!("{:#}\n", node.summary()))
            .with_context(|| format!("cannot write the summary \"{}\"", path.display()))?;
    }
    node.close().await;
    watched.map(|()| ExitCode::SUCCESS)
}

async fn check_node(path: &Path, json: Option<&Path>, installation: &Installation) -> Result<ExitCode> {
    let config = NodeConfig::load(path)?;
    println!("ok    {:<20} \"{}\"", "configuration", path.display());
    let folder = path.parent().unwrap_or(Path::new("."));
    let tell = |finding: &check::Finding| println!("{finding}");
    let mut findings = check::Findings::new(&tell);
    check::check(&config, folder, installation, &mut findings).await;
    let findings = findings.into_vec();
    if let Some(path) = json {
        let text = serde_json::to_string_pretty(&findings).context("the findings have no JSON form")?;
        std::fs::write(path, text + "\n").with_context(|| format!("cannot write \"{}\"", path.display()))?;
    }
    let bad = findings.iter().filter(|finding| finding.verdict == check::Verdict::Bad).count();
    let warnings = findings.iter().filter(|finding| finding.verdict == check::Verdict::Warning).count();
    println!("{bad} bad, {warnings} to look at");
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn replay(log: &Path, out: Option<&Path>) -> Result<ExitCode> {
    let file = File::open(log).with_context(|| format!("cannot open the observation log \"{}\"", log.display()))?;
    let output: Box<dyn Write> = match out {
        Some(path) => Box::new(File::create(path).with_context(|| format!("cannot create \"{}\"", path.display()))?),
        None => Box::new(std::io::stdout().lock()),
    };
    let done = edge::replay::replay(BufReader::new(file), BufWriter::new(output))
        .with_context(|| format!("cannot replay \"{}\"", log.display()))?;
    tracing::info!(frames = done.frames, events = done.events, "replayed");
    Ok(ExitCode::SUCCESS)
}

fn models_config(dir: Option<PathBuf>) -> ModelsConfig {
    ModelsConfig { folders: dir.into_iter().collect(), ..ModelsConfig::default() }
}

fn list(dir: Option<PathBuf>, installation: &Installation) -> Result<ExitCode> {
    let (manifest, store) = model_store(&models_config(dir), installation)?;
    for entry in manifest.entries() {
        let state = match store.find(entry) {
            Ok(path) => format!("installed  {}", path.display()),
            Err(error) => format!("-  {}", one_line(&error)),
        };
        println!("{:<32} {:<12} {:<12} {state}", entry.id, entry.tier.as_str(), entry.licence);
    }
    Ok(ExitCode::SUCCESS)
}

fn verify(dir: Option<PathBuf>, ids: &[String], installation: &Installation) -> Result<ExitCode> {
    let (manifest, store) = model_store(&models_config(dir), installation)?;
    let mut code = ExitCode::SUCCESS;
    for entry in chosen(&manifest, ids)? {
        match store.find(entry) {
            Ok(path) => println!("ok      {}  {}", entry.id, path.display()),
            Err(error) => {
                println!("failed  {}  {}", entry.id, one_line(&error));
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

fn chosen<'m>(manifest: &'m inference::Manifest, ids: &[String]) -> Result<Vec<&'m inference::ModelEntry>> {
    if let Some(unknown) = ids.iter().find(|id| !manifest.entries().iter().any(|e| e.id == **id)) {
        let known: Vec<_> = manifest.entries().iter().map(|e| e.id.as_str()).collect();
        bail!("the manifest has no model \"{unknown}\": {} are accepted", known.join(", "));
    }
    Ok(manifest.entries().iter().filter(|e| ids.is_empty() || ids.contains(&e.id)).collect())
}

fn pull_models(
    mirror: Option<String>,
    dir: Option<PathBuf>,
    ids: &[String],
    installation: &Installation,
) -> Result<ExitCode> {
    let (manifest, _) = model_store(&ModelsConfig::default(), installation)?;
    let folder = dir.unwrap_or_else(|| installation.pulled_models());
    let mirror = mirror.map(|mirror| Mirror::parse(&mirror));
    let mut failed = 0;
    let mut wanted = chosen(&manifest, ids)?;
    if ids.is_empty() {
        // The bundled ones came with the program.
        wanted.retain(|entry| entry.tier == Tier::Recommended);
    }
    let count = wanted.len();
    for (index, entry) in wanted.into_iter().enumerate() {
        let outcome = pull(entry, &folder, mirror.as_ref(), &HttpFetch::default());
        let told = match &outcome {
            PullOutcome::Present { path } => format!("present  {}", path.display()),
            PullOutcome::Pulled { from, path } => format!("pulled   {} from {from}", path.display()),
            PullOutcome::Failed { reason } => {
                failed += 1;
                format!("failed   {}", one_line(reason))
            }
        };
        println!("[{}/{count}] {}: {told}", index + 1, entry.id);
    }
    if failed > 0 {
        bail!(
            "{failed} of {count} models could not be had; without internet, give --mirror a folder or URL that holds the files"
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn explain(text: &str) -> Result<ExitCode> {
    let explanation = vnplate::explain(text);
    println!("{explanation}");
    Ok(if explanation.parsed.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
