//! Reads a video file or a camera, every frame of it, and says what happened:
//! `read SOURCE [WIDTH HEIGHT [THREADS [KEPT_SECONDS]]]`.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::{Duration, Instant};

use capture::{Camera, Happened, Keep, Pacing, ScaledSize, SourceConfig, SourceLocation};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [source, rest @ ..] = arguments.as_slice() else {
        return Err("usage: read SOURCE [WIDTH HEIGHT [THREADS [KEPT_SECONDS]]]".into());
    };
    let numbers = rest.iter().map(|text| text.parse()).collect::<Result<Vec<u32>, _>>()?;
    let (width, height) = (*numbers.first().unwrap_or(&384), *numbers.get(1).unwrap_or(&384));
    let mut config = SourceConfig::new(source.parse()?, ScaledSize::Exact { width, height });
    config.decoder_threads = *numbers.get(2).unwrap_or(&1);
    config.keep =
        numbers.get(3).map(|seconds| Keep { duration: Duration::from_secs((*seconds).into()), ..Keep::default() });
    if matches!(config.location, SourceLocation::File(_)) {
        config.pacing = Pacing::Lossless;
    }
    let camera = Camera::start(config)?;
    let (begun, mut frames, mut dropped) = (Instant::now(), 0_u64, 0_u64);
    loop {
        match camera.next(Duration::from_secs(1)) {
            None => println!("nothing for a second"),
            Some(Happened::Frame(frame)) => {
                frames += 1;
                dropped += u64::from(frame.dropped_before);
                if frames == 1 {
                    println!("{:.3} s: {frame:?}", begun.elapsed().as_secs_f64());
                }
            }
            Some(Happened::Up) => println!("{:.3} s: up", begun.elapsed().as_secs_f64()),
            Some(Happened::Down(reason)) => println!("{:.3} s: down: {reason}", begun.elapsed().as_secs_f64()),
            Some(Happened::Ended(ending)) => {
                let seconds = begun.elapsed().as_secs_f64();
                println!("{seconds:.3} s: {ending:?} after {frames} frames, {dropped} dropped");
                println!("{:?}, {:?}", camera.kept(), camera.decoder());
                return Ok(());
            }
            Some(Happened::Failed(error)) => return Err(error.into()),
        }
    }
}
