//! The same work by a Python program: what a user would write otherwise.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Boxes that overlap by this much are the same detection.
const SAME_OVERLAP_MIN: f64 = 0.7;
/// Detections at least so sure are compared: those that are followed.
const SURE_MIN: f64 = 0.5;

/// What our program did.
pub(super) struct Ours<'r> {
    /// `gatehouse-edge`.
    pub(super) program: &'r Path,
    /// Processor time for the video.
    pub(super) seconds: f64,
    /// Its summary.
    pub(super) summary: &'r Value,
}

/// Runs the Python program `runs` times each, as its libraries set themselves up and with one thread, and prints how
/// many frames a second of processor time each way gives; then how many of its detections ours are.
pub(super) fn compare(ours: &Ours<'_>, python: &Path, video: &Path, runs: usize) -> Result<()> {
    let text = |key: &str| ours.summary[key].as_str().with_context(|| format!("no {key} in the summary"));
    let (model, id) = (text("model_path")?, text("model")?);
    let output = if id.starts_with("person_vehicle_bike") { "ssd" } else { "yolox" };
    let folder = tempfile::tempdir()?;
    let theirs = folder.path().join("theirs.jsonl");
    let run = |more: &[&str]| -> Result<(f64, f64)> {
        let mut command = Command::new(python);
        command
            .arg("benches/peer.py")
            .args(["--model", model, "--output", output])
            .arg("--video")
            .arg(video)
            .args(more);
        let done = command.output().with_context(|| format!("cannot start \"{}\"", python.display()))?;
        ensure!(done.status.success(), "benches/peer.py: {}", String::from_utf8_lossy(&done.stderr));
        let told: Value = serde_json::from_slice(&done.stdout).context("benches/peer.py tells its result as JSON")?;
        let number = |key: &str| told[key].as_f64().with_context(|| format!("no {key} from benches/peer.py"));
        Ok((number("frames")?, number("cpu_s")?))
    };
    let frames = ours.summary["cameras"][0]["frames"].as_f64().context("no frames in the summary")?;
    println!("\nframes a second of processor time (ours with start-up, the other without)");
    println!("  gatehouse-edge                     {:7.1}", frames / ours.seconds);
    for (name, more) in [("Python, as the libraries are set up", &[][..]), ("Python, one thread", &["--threads", "1"])]
    {
        let mut rates = Vec::new();
        for _ in 0..runs {
            let (frames, seconds) = run(more)?;
            rates.push(frames / seconds);
        }
        rates.sort_by(f64::total_cmp);
        let rate = rates[rates.len() / 2];
        println!("  {name:<34} {rate:7.1}   ours is {:.2} times as fast", frames / ours.seconds / rate);
    }
    let named = theirs.to_str().context("a temporary folder has a plain name")?;
    run(&["--threads", "1", "--detections", named])?;
    let own = folder.path().join("ours.jsonl");
    let done = Command::new(ours.program)
        .args(["eval", "detections", "--detector", id, "--video"])
        .arg(video)
        .arg("--out")
        .arg(&own)
        .output()?;
    ensure!(done.status.success(), "eval detections: {}", String::from_utf8_lossy(&done.stderr));
    let (same, own, theirs) = overlap(&read(&own, our_box)?, &read(&theirs, their_box)?);
    println!("detections of {SURE_MIN} or surer: {own} ours, {theirs} theirs, {same} of them the same");
    Ok(())
}

type Box = [f64; 4];

/// The sure boxes of each frame.
fn read(path: &Path, of: fn(&Value) -> Option<(Box, f64)>) -> Result<Vec<Vec<Box>>> {
    let mut frames = Vec::new();
    for line in BufReader::new(File::open(path)?).lines() {
        let line: Value = serde_json::from_str(&line?)?;
        let found = line["detections"].as_array().context("a line without detections")?;
        let boxes: Option<Vec<_>> = found.iter().map(of).collect();
        let boxes = boxes.context("a detection without box or confidence")?;
        frames.push(boxes.into_iter().filter(|(_, sure)| *sure >= SURE_MIN).map(|(bbox, _)| bbox).collect());
    }
    Ok(frames)
}

fn our_box(found: &Value) -> Option<(Box, f64)> {
    let edge = |index: usize| found["bbox"][index].as_f64();
    Some(([edge(0)?, edge(1)?, edge(2)?, edge(3)?], found["confidence"].as_f64()?))
}

fn their_box(found: &Value) -> Option<(Box, f64)> {
    let number = |index: usize| found[index].as_f64();
    Some(([number(1)?, number(2)?, number(3)?, number(4)?], number(5)?))
}

/// How many boxes are in both, and in each.
fn overlap(ours: &[Vec<Box>], theirs: &[Vec<Box>]) -> (usize, usize, usize) {
    let count = |frames: &[Vec<Box>]| frames.iter().map(Vec::len).sum();
    let same = |(own, other): (&Vec<Box>, &Vec<Box>)| {
        own.iter().filter(|bbox| other.iter().any(|one| iou(bbox, one) >= SAME_OVERLAP_MIN)).count()
    };
    (ours.iter().zip(theirs).map(same).sum(), count(ours), count(theirs))
}

fn iou(a: &Box, b: &Box) -> f64 {
    let side = |low: usize, high: usize| (a[high].min(b[high]) - a[low].max(b[low])).max(0.0);
    let shared = side(0, 2) * side(1, 3);
    let area = |one: &Box| (one[2] - one[0]) * (one[3] - one[1]);
    shared / (area(a) + area(b) - shared)
}
