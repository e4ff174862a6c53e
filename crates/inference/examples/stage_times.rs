//! What one picture costs in each stage, for every detector whose weights are at hand: median and 95th percentile.
//!
//! `cargo run --release -p inference --example stage_times -- LIBONNXRUNTIME MODELS_FOLDER [THREADS]`

#![expect(clippy::print_stdout, reason = "a program's answers go to standard output")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::PixelView;
use inference::{Detector, Manifest, ModelStore, Runtime, StageTimes, Threads};

const WARM_UP: usize = 20;
const PICTURES: usize = 200;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [library, folder, rest @ ..] = &arguments[..] else {
        return Err("usage: stage_times LIBONNXRUNTIME MODELS_FOLDER [THREADS]".into());
    };
    let intra = rest.first().map_or(Ok(1), |threads| threads.parse())?;
    let runtime = Runtime::load(Some(Path::new(library)), &[])?;
    let manifest = Manifest::parse(include_str!("../../../models/manifest.toml"))?;
    let store = ModelStore::new(vec![PathBuf::from(folder)]);
    println!("{:<32} {:>15} {:>15} {:>15}   ms, median / 95 %", "model", "preprocess", "inference", "postprocess");
    for entry in manifest.entries() {
        let mut detector = Detector::open(runtime, entry, &store.find(entry)?, Threads { intra })?;
        let (width, height) = (entry.input_size.0 as usize, entry.input_size.1 as usize);
        // A pattern rather than grey, so that the output is not all zeros.
        let pixels: Vec<u8> =
            (0..width * height * 3).map(|i| ((i / 3 % width * 7) ^ (i / 3 / width * 3)) as u8).collect();
        let picture = PixelView::new(width, height, width * 3, &pixels)?;
        let mut times = Vec::with_capacity(PICTURES);
        for number in 0..WARM_UP + PICTURES {
            let (_, spent) = detector.detect_timed(&picture)?;
            if number >= WARM_UP {
                times.push(spent);
            }
        }
        let shown = |stage: fn(&StageTimes) -> Duration| {
            let mut each: Vec<_> = times.iter().map(stage).collect();
            each.sort();
            let ms = |at: usize| each[at].as_secs_f64() * 1e3;
            format!("{:.2} / {:.2}", ms(PICTURES / 2), ms(PICTURES * 95 / 100))
        };
        let (before, during, after) = (shown(|t| t.preprocess), shown(|t| t.inference), shown(|t| t.postprocess));
        println!("{:<32} {before:>15} {during:>15} {after:>15}", entry.id);
    }
    Ok(())
}
