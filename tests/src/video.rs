//! Videos for tests, made with GStreamer.

use std::path::Path;
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

fn make(launch: &str) {
    gst::init().expect("GStreamer is installed");
    let pipeline = gst::parse::launch(launch).unwrap_or_else(|error| panic!("{launch}: {error}"));
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
