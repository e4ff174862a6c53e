//! `gatehouse-edge eval`: accuracy, as JSON and as a table.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Subcommand;
use domain::{CameraId, GateId};
use edge::board::Board;
use edge::config::stream::StreamConfig;
use edge::config::{CameraConfig, ModelsConfig, Play};
use edge::desk::{Desk, DeskPlan};
use edge::engine::{Engine, Engines, Wants};
use edge::eval::detections::detections;
use edge::eval::plates::{crops, scenes};
use edge::eval::score::{Scored, Scores};
use edge::eval::visit::{load_truth, visit};
use edge::eval::{Stopwatch, Tally, Truth};
use edge::eyes::{Eyes, open_camera};
use edge::installation::Installation;
use edge::models::choose_detector;
use edge::node::draw_nonce;
use edge::node_clock::NodeClock;
use edge::plates::PlateEngine;
use edge::watch::Watch;
use inference::{Detector, Threads};
use serde::Serialize;

#[derive(Subcommand)]
pub(crate) enum Eval {
    /// Count a video and hold the result against a truth made by eye.
    Count {
        #[command(flatten)]
        video: Video,
        /// Id of the detector; the first of the manifest that is installed where absent.
        #[arg(long)]
        detector: Option<String>,
    },
    /// Write what the detector finds in each frame of a video: one JSON object a frame.
    Detections {
        /// The video.
        #[arg(long)]
        video: PathBuf,
        /// Id of the detector; the first of the manifest that is installed where absent.
        #[arg(long)]
        detector: Option<String>,
        /// Folder with model files, before those of the installation.
        #[arg(long)]
        models: Option<PathBuf>,
        /// Where to write them.
        #[arg(long)]
        out: PathBuf,
    },
    /// Read crops of plates: one plate a picture.
    Plates(Pictures),
    /// Find and read the plates of street scenes.
    Scenes(Pictures),
    /// Read the plates of a video, one result a visit.
    Visit(Video),
}

#[derive(clap::Args)]
pub(crate) struct Video {
    /// The video.
    #[arg(long)]
    video: PathBuf,
    /// The truth (JSON): counts, or which plates come in it.
    #[arg(long)]
    truth: PathBuf,
    /// Folder with model files, before those of the installation.
    #[arg(long)]
    models: Option<PathBuf>,
    /// Where to write the result.
    #[arg(long)]
    json: PathBuf,
}

#[derive(clap::Args)]
pub(crate) struct Pictures {
    /// Folder of the pictures.
    #[arg(long)]
    images: PathBuf,
    /// The labels (CSV). Crops: image, plate, optionally rows and label_source. Scenes: image, x0, y0, x1, y1, plate,
    /// optionally rows.
    #[arg(long)]
    labels: PathBuf,
    /// Folder with model files, before those of the installation.
    #[arg(long)]
    models: Option<PathBuf>,
    /// Where to write the result.
    #[arg(long)]
    json: PathBuf,
    /// Where to write what became of each plate (CSV).
    #[arg(long)]
    each: Option<PathBuf>,
}

pub(crate) fn run(command: Eval, installation: &Installation) -> Result<()> {
    match command {
        Eval::Count { video: Video { video, truth, models, json }, detector } => {
            let folders = models.into_iter().collect();
            let models = ModelsConfig { folders, detector, ..ModelsConfig::default() };
            count(&video, &truth, &models, &json, installation)
        }
        Eval::Detections { video, detector, models, out } => {
            let folders = models.into_iter().collect();
            let models = ModelsConfig { folders, detector, ..ModelsConfig::default() };
            list_detections(&video, &models, &out, installation)
        }
        Eval::Plates(arguments) => {
            let mut engine = open(arguments.models.as_ref(), installation)?;
            let (scores, plates) = crops(&mut engine, &arguments.images, &arguments.labels)?;
            tell(&scores);
            write(&scores, &plates, &arguments)
        }
        Eval::Scenes(arguments) => {
            let mut engine = open(arguments.models.as_ref(), installation)?;
            let (scores, plates) = scenes(&mut engine, &arguments.images, &arguments.labels)?;
            println!(
                "{} pictures: {} of {} plates found ({:.2} %), {:.2} % of those read exactly, {:.2} others a picture",
                scores.images,
                scores.found,
                scores.plates.n,
                scores.found_rate * 100.0,
                scores.read_of_found * 100.0,
                scores.false_plates_per_image
            );
            tell(&scores.plates);
            write(&scores, &plates, &arguments)
        }
        Eval::Visit(Video { video, truth, models, json }) => {
            let truth = load_truth(&truth)?;
            let mut engine = open(models.as_ref(), installation)?;
            let (scores, plates) = visit(&mut engine, video, &truth)?;
            for plate in &plates {
                let read = plate.read.as_deref().unwrap_or(plate.outcome);
                println!("{:<12} {:<12} {:>7.2} %", plate.truth, read, plate.confidence * 100.0);
            }
            println!(
                "{} of {} visits read exactly, {} told besides; {} looks in {} frames, {:.1} ms a frame",
                scores.plates.exact,
                scores.plates.n,
                scores.false_visits,
                scores.looks,
                scores.frames,
                scores.ms_per_frame
            );
            write_json(&scores, &json)
        }
    }
}

fn open(folder: Option<&PathBuf>, installation: &Installation) -> Result<PlateEngine> {
    let models = ModelsConfig { folders: folder.into_iter().cloned().collect(), ..ModelsConfig::default() };
    PlateEngine::open(&models, installation, Threads { intra: 1 }, None)
}

fn tell(scores: &Scores) {
    println!("{:<14} {:>6} {:>6} {:>8}", "plates", "n", "exact", "%");
    let line = |name: &str, n: usize, exact: usize, rate: f64| {
        println!("{name:<14} {n:>6} {exact:>6} {:>8.2}", rate * 100.0);
    };
    line("all", scores.n, scores.exact, scores.exact_rate);
    for (what, groups) in [("rows", &scores.by_rows), ("from", &scores.by_source), ("with", &scores.by_letter)] {
        for (name, share) in groups {
            line(&format!("{what} {name}"), share.n, share.exact, share.exact_rate);
        }
    }
    println!("glyphs right {:.2} %, calibration error {:.4}", scores.char_accuracy * 100.0, scores.calibration_error);
    println!("{:<14} {:>8} {:>14}", "confidence", "read %", "wrong of read %");
    for point in &scores.rejection {
        println!(
            ">= {:<11} {:>8.2} {:>14.3}  ({})",
            point.threshold,
            point.read * 100.0,
            point.wrong_of_read * 100.0,
            point.wrong
        );
    }
    println!("{:.2} ms a plate in the middle, {:.2} ms for 95 of 100", scores.ms_p50, scores.ms_p95);
}

fn write(scores: &impl Serialize, plates: &[Scored], arguments: &Pictures) -> Result<()> {
    write_json(scores, &arguments.json)?;
    let Some(path) = &arguments.each else { return Ok(()) };
    let failed = || format!("cannot write \"{}\"", path.display());
    let mut table = csv::Writer::from_path(path).with_context(failed)?;
    table.write_record(["truth", "read", "raw", "outcome", "confidence", "exact"]).with_context(failed)?;
    for plate in plates {
        let confidence = format!("{:.4}", plate.confidence);
        let read = plate.read.as_deref().unwrap_or("");
        let exact = if plate.is_exact() { "1" } else { "0" };
        let row = [&plate.truth, read, &plate.raw, plate.outcome, &confidence, exact];
        table.write_record(row).with_context(failed)?;
    }
    table.flush().with_context(failed)
}

fn write_json(scores: &impl Serialize, path: &Path) -> Result<()> {
    let text = serde_json::to_string_pretty(scores).context("the result has no JSON form")?;
    std::fs::write(path, format!("{text}\n")).with_context(|| format!("cannot write \"{}\"", path.display()))
}

fn played_once(video: &Path) -> Result<CameraConfig> {
    let source = video.to_str().context("the video's path must be UTF-8")?.to_owned();
    let (id, stream) = (CameraId::new("eval").expect("a slug"), StreamConfig::default());
    Ok(CameraConfig { id, source, play: Play::Once, plates: None, codes: false, importance: 1, stream })
}

fn list_detections(video: &Path, models: &ModelsConfig, out: &Path, installation: &Installation) -> Result<()> {
    let (runtime, entry, model) = choose_detector(models, installation)?;
    let mut detector = Detector::open(runtime, &entry, &model.path, Threads { intra: 1 })?;
    let wants = Wants { size: detector.input_size(), fit: detector.fit() };
    let camera = open_camera(&played_once(video)?, Path::new("."), wants)?;
    let file = File::create(out).with_context(|| format!("cannot write \"{}\"", out.display()))?;
    let mut file = BufWriter::new(file);
    let frames = detections(&camera, &mut detector, &mut file, out)?;
    file.flush().with_context(|| format!("cannot write \"{}\"", out.display()))?;
    println!("{frames} frames, {}", model.id);
    Ok(())
}

fn count(video: &Path, truth: &Path, models: &ModelsConfig, json: &Path, installation: &Installation) -> Result<()> {
    let truth = Truth::load(truth)?;
    let (runtime, entry, model) = choose_detector(models, installation)?;
    let stopwatch = Stopwatch::start();
    let camera = played_once(video)?;
    let id = camera.id.clone();
    let detector = || Detector::open(runtime, &entry, &model.path, Threads { intra: 1 });
    let engines = Engines::open(1, vec![1], &|| Ok(Engine { detector: detector()?, plates: Vec::new() }))?;
    let eyes = Eyes::open(&camera, Path::new("."), engines.wants())?;
    let gate = (GateId::new("eval").expect("a slug"), truth.profile_text(), truth.profile());
    let desk = Desk::new(DeskPlan { camera: id.clone(), gates: vec![gate], nonce: draw_nonce()?, plates: None }, None);
    let board = Arc::new(Board::new(id.clone()));
    let watch = Watch {
        id,
        eyes,
        clips: None,
        codes: None,
        view: None,
        data: None,
        play: Play::Once,
        engines,
        number: 0,
        plates: None,
        desk,
        sink: Tally::default(),
        clock: Arc::new(NodeClock::start()),
        board: Arc::clone(&board),
    };
    let tally = watch.run(&|| false)?;
    let report = stopwatch.report(&truth, &tally, board.stages.frames(), &model.id);
    write_json(&report, json)?;
    println!("{:<10} {:<8} {:>8} {:>6} {:>6}", "group", "what", "counted", "true", "error");
    for (group, compared) in &report.groups {
        for (what, c) in compared {
            println!("{:<10} {:<8} {:>8} {:>6} {:>6}", group.as_str(), what, c.counted, c.truth, c.abs_error);
        }
    }
    println!(
        "{} frames, {} a second, {} s CPU, {}",
        report.frames, report.frames_per_second, report.cpu_seconds, report.model
    );
    Ok(())
}
