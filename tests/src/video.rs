//! Videos for tests, made with GStreamer.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;

/// Longest time that a video may take to make.
const MAKE_MAX: Duration = Duration::from_secs(60);

/// Copies the first `frames` frames of an AVI file into a Matroska file, as they are.
///
/// # Panics
/// Where that is not possible.
pub fn cut(from: &Path, frames: u32, to: &Path) {
    make(&format!(
        "filesrc location=\"{}\" ! avidemux ! queue ! identity eos-after={frames} ! matroskamux \
         ! filesink location=\"{}\"",
        from.display(),
        to.display()
    ));
}

/// Makes an MP4 file of a moving test picture. Its index lies at the end, as a camera's recorder writes it.
///
/// # Panics
/// Where that is not possible.
pub fn mp4(frames: u32, to: &Path) {
    make(&format!(
        "videotestsrc num-buffers={frames} pattern=ball ! video/x-raw,format=I420,width=160,height=120,framerate=25/1 \
         ! x264enc speed-preset=ultrafast ! mp4mux ! filesink location=\"{}\"",
        to.display()
    ));
}

/// Makes an AVI file of a moving test picture.
///
/// # Panics
/// Where that is not possible.
pub fn avi(frames: u32, to: &Path) {
    make(&format!(
        "videotestsrc num-buffers={frames} pattern=ball ! video/x-raw,format=I420,width=160,height=120,framerate=25/1 \
         ! jpegenc ! avimux ! filesink location=\"{}\"",
        to.display()
    ));
}

/// Plays a video to its end, and says how many frames that were.
///
/// # Panics
/// Where it does not play.
pub fn frames(path: &Path) -> u64 {
    gst::init().expect("GStreamer is installed");
    let launch = format!("filesrc location=\"{}\" ! decodebin ! fakesink name=end sync=false", path.display());
    let pipeline = gst::parse::launch(&launch).unwrap_or_else(|error| panic!("{launch}: {error}"));
    let end = pipeline.downcast_ref::<gst::Bin>().and_then(|bin| bin.by_name("end")).expect("it is named so");
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    end.static_pad("sink").expect("a sink has one").add_probe(gst::PadProbeType::BUFFER, move |_, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        gst::PadProbeReturn::Ok
    });
    play(&pipeline, &launch);
    count.load(Ordering::Relaxed)
}

fn make(launch: &str) {
    gst::init().expect("GStreamer is installed");
    let pipeline = gst::parse::launch(launch).unwrap_or_else(|error| panic!("{launch}: {error}"));
    play(&pipeline, launch);
}

fn play(pipeline: &gst::Element, launch: &str) {
    pipeline.set_state(gst::State::Playing).unwrap_or_else(|error| panic!("{launch}: {error}"));
    let bus = pipeline.bus().expect("a pipeline has a bus");
    let most = gst::ClockTime::try_from(MAKE_MAX).expect("a minute");
    let last = bus.timed_pop_filtered(most, &[gst::MessageType::Eos, gst::MessageType::Error]);
    pipeline.set_state(gst::State::Null).unwrap_or_else(|error| panic!("{launch}: {error}"));
    let last = last.unwrap_or_else(|| panic!("{launch}: not done within {MAKE_MAX:?}"));
    if let gst::MessageView::Error(error) = last.view() {
        panic!("{launch}: {}", error.error());
    }
}
