//! What the edge node costs above its floor: processor time of the whole `gatehouse-edge` process for a video, over the
//! sum of decoding that video alone and running the same model alone as often; and, with `--peer`, beside the Python
//! program `benches/peer.py` that does the same with the same model. All run in turn on the same machine in one call;
//! the ratio is what counts, the seconds depend on the machine.

#![expect(clippy::print_stdout, reason = "a measurement is printed")]

mod peer;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use wait4::Wait4;

#[derive(Parser)]
#[command(about = "CPU time of the edge process over decoding alone plus bare inference alone")]
struct Arguments {
    /// The video.
    #[arg(long, default_value = ".samples/vtest.avi")]
    video: PathBuf,
    /// Runs of each; the median is printed.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// A Python with opencv-python-headless and onnxruntime: the same work is done by `benches/peer.py` too.
    #[arg(long)]
    peer: Option<PathBuf>,
    /// The detector, as the manifest calls it; the first that is installed where absent.
    #[arg(long)]
    detector: Option<String>,
    /// Only runs the model this often on an empty picture (the program calls itself with this).
    #[arg(long, num_args = 3, value_names = ["LIBRARY", "MODEL", "TIMES"])]
    bare_inference: Option<Vec<String>>,
}

/// Processor time of one run in seconds.
#[derive(Clone, Copy)]
struct Cost {
    edge: f64,
    decode: f64,
    inference: f64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(bare) = &arguments.bare_inference {
        return bare_inference(Path::new(&bare[0]), Path::new(&bare[1]), bare[2].parse()?);
    }
    ensure!(arguments.runs > 0, "--runs must be at least 1");
    let video = arguments
        .video
        .canonicalize()
        .with_context(|| format!("no video \"{}\": deploy/setup.sh fetches the sample", arguments.video.display()))?;
    let program = std::env::current_exe()?;
    let edge = program.with_file_name("gatehouse-edge");
    ensure!(edge.exists(), "{} is missing: cargo build --release -p edge", edge.display());

    let detector = arguments.detector.as_deref();
    let mut costs = Vec::new();
    let mut last = serde_json::Value::Null;
    for run in 1..=arguments.runs {
        let (edge_s, summary) = run_edge(&edge, &video, detector)?;
        let decode =
            cpu_seconds(
                Command::new("gst-launch-1.0")
                    .args(["-q", "filesrc"])
                    .arg(format!("location={}", video.display()))
                    .args(["!", "decodebin", "!", "fakesink", "sync=false"]),
            )?;
        let text = |key: &str| summary[key].as_str().map(str::to_owned).with_context(|| format!("no {key} in summary"));
        let frames = summary["cameras"][0]["frames"].as_u64().context("no frames in the summary")?;
        let inference = cpu_seconds(Command::new(&program).arg("--bare-inference").args([
            text("onnxruntime")?,
            text("model_path")?,
            frames.to_string(),
        ]))?;
        println!("run {run}: edge {edge_s:.2} s, decode {decode:.2} s, inference {inference:.2} s");
        costs.push(Cost { edge: edge_s, decode, inference });
        last = summary;
    }
    let edge_s = print(&mut costs, &last)?;
    if let Some(python) = &arguments.peer {
        peer::compare(&peer::Ours { program: &edge, seconds: edge_s, summary: &last }, python, &video, arguments.runs)?;
    }
    Ok(())
}

/// Prints the median run; gives the edge's processor time in it.
fn print(costs: &mut [Cost], summary: &serde_json::Value) -> Result<f64> {
    let camera = &summary["cameras"][0];
    let frames = camera["frames"].as_u64().context("no frames in the summary")? as f64;
    costs.sort_by(|a, b| ratio(a).total_cmp(&ratio(b)));
    let median = costs[costs.len() / 2];
    let ms = |seconds: f64| seconds / frames * 1e3;
    println!("\nCPU per frame over {frames} frames, {}", summary["model"].as_str().unwrap_or("?"));
    println!("  decoding alone     {:7.2} ms", ms(median.decode));
    println!("  bare inference     {:7.2} ms", ms(median.inference));
    println!("  whole edge process {:7.2} ms", ms(median.edge));
    println!("  ratio              {:7.3}", ratio(&median));
    println!("time by stage of the last run (wall clock of the camera's thread):");
    for (stage, seconds) in camera["stages_s"].as_object().context("no stages in the summary")? {
        println!("  {stage:<18} {:7.3} ms", ms(seconds.as_f64().unwrap_or(0.0)));
    }
    Ok(median.edge)
}

fn ratio(cost: &Cost) -> f64 {
    cost.edge / (cost.decode + cost.inference)
}

/// Runs the node on the video once, without a broker, every frame; returns its processor time and its own summary.
fn run_edge(edge: &Path, video: &Path, detector: Option<&str>) -> Result<(f64, serde_json::Value)> {
    let folder = tempfile::tempdir()?;
    let profile = std::fs::canonicalize("pipelines/tourist-site.toml").context("run this from the repository")?;
    let config = folder.path().join("node.toml");
    let models = detector.map_or_else(String::new, |id| format!("[models]\ndetector = {id:?}\n"));
    std::fs::write(
        &config,
        format!(
            "site = \"bench\"\nnode = \"bench\"\ndata = \"data\"\n{models}\
             [[camera]]\nid = \"cam-1\"\nsource = {video:?}\nplay = \"once\"\n\
             [[gate]]\nid = \"gate-1\"\ncamera = \"cam-1\"\nprofile = {profile:?}\n"
        ),
    )?;
    let summary = folder.path().join("summary.json");
    let seconds =
        cpu_seconds(Command::new(edge).arg("run").arg("--config").arg(&config).arg("--summary").arg(&summary))?;
    let text = std::fs::read_to_string(&summary).context("the edge process wrote no summary")?;
    Ok((seconds, serde_json::from_str(&text)?))
}

fn cpu_seconds(command: &mut Command) -> Result<f64> {
    let shown = format!("{command:?}");
    let mut child = command.stdout(Stdio::null()).spawn().with_context(|| format!("cannot start {shown}"))?;
    let ended = child.wait4()?;
    if !ended.status.success() {
        bail!("{shown} ended with {}", ended.status);
    }
    Ok((ended.rusage.utime + ended.rusage.stime).as_secs_f64())
}

/// The model alone, with the session options of the node: one thread, no spinning.
fn bare_inference(library: &Path, model: &Path, times: usize) -> Result<()> {
    let environment = ort::init_from(library)?.build()?;
    let mut session = ort::session::Session::builder(&environment)?
        .with_intra_threads(1)
        .map_err(|error| anyhow::anyhow!("{error}"))?
        .with_intra_op_spinning(false)
        .map_err(|error| anyhow::anyhow!("{error}"))?
        .commit_from_file(model)?;
    let shape: Vec<usize> = session.inputs()[0]
        .dtype()
        .tensor_shape()
        .context("the model's input is no tensor")?
        .iter()
        .map(|side| usize::try_from(*side).unwrap_or(1))
        .collect();
    let picture = ort::value::Tensor::from_array(ndarray::ArrayD::<f32>::from_elem(shape, 114.0))?;
    for _ in 0..times {
        session.run(ort::inputs![&picture])?;
    }
    Ok(())
}
