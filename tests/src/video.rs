//! Videos for tests, made with GStreamer.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;

/// Longest time that a video may take to make.
const MAKE_MAX: Duration = Duration::from_secs(60);
/// The same for a long one in a camera's full size.
const MAKE_LARGE_MAX: Duration = Duration::from_secs(600);

/// Copies the first `frames` frames of an AVI file into a Matroska file, as they are.
///
/// # Panics
/// Where that is not possible.
pub fn cut(from: &Path, frames: u32, to: &Path) {
    make(
        MAKE_MAX,
        &format!(
            "filesrc location=\"{}\" ! avidemux ! queue ! identity eos-after={frames} ! matroskamux \
         ! filesink location=\"{}\"",
            from.display(),
            to.display()
        ),
    );
}

/// Makes an MP4 file of a moving test picture. Its index lies at the end, as a camera's recorder writes it.
///
/// # Panics
/// Where that is not possible.
pub fn mp4(frames: u32, to: &Path) {
    make(
        MAKE_MAX,
        &format!(
            "videotestsrc num-buffers={frames} pattern=ball ! video/x-raw,format=I420,width=160,height=120,framerate=25/1 \
         ! x264enc speed-preset=ultrafast ! mp4mux ! filesink location=\"{}\"",
            to.display()
        ),
    );
}

/// Makes an AVI file of a moving test picture.
///
/// # Panics
/// Where that is not possible.
pub fn avi(frames: u32, to: &Path) {
    make(
        MAKE_MAX,
        &format!(
            "videotestsrc num-buffers={frames} pattern=ball ! video/x-raw,format=I420,width=160,height=120,framerate=25/1 \
         ! jpegenc ! avimux ! filesink location=\"{}\"",
            to.display()
        ),
    );
}

/// Makes an MP4 file of grey frames that lie one behind the other in the file `raw`, a byte a pixel.
///
/// # Panics
/// Where that is not possible.
pub fn of_grey(raw: &Path, (width, height): (usize, usize), fps: u32, to: &Path) {
    make(
        MAKE_MAX,
        &format!(
            "filesrc location=\"{}\" ! rawvideoparse format=gray8 width={width} height={height} framerate={fps}/1 \
         ! videoconvert ! video/x-raw,format=I420 ! x264enc speed-preset=ultrafast bitrate=4000 key-int-max={fps} ! mp4mux \
         ! filesink location=\"{}\"",
            raw.display(),
            to.display()
        ),
    );
}

/// Encodes a video anew as a camera of 1920 × 1080 sends it: bare H.264, `fps` frames a second, a key frame every two
/// seconds, 4 Mbit/s.
///
/// # Panics
/// Where that is not possible.
pub fn camera_stream(from: &Path, fps: u32, to: &Path) {
    make(
        MAKE_LARGE_MAX,
        &format!(
            "filesrc location=\"{}\" ! decodebin ! videoconvert ! videoscale ! videorate \
             ! video/x-raw,format=I420,width=1920,height=1080,pixel-aspect-ratio=1/1,framerate={fps}/1 \
             ! x264enc speed-preset=superfast bitrate=4000 key-int-max={} bframes=0 \
             ! video/x-h264,stream-format=byte-stream,profile=main ! filesink location=\"{}\"",
            from.display(),
            2 * fps,
            to.display()
        ),
    );
}

/// Encodes the first frames of a video anew, `count` or one less, into an MP4 file with its index at the beginning. Says
/// how many it has.
///
/// # Panics
/// Where that is not possible.
pub fn beginning(from: &Path, count: u32, to: &Path) -> u64 {
    make(
        MAKE_MAX,
        &format!(
            "{} ! videoconvert ! video/x-raw,format=I420 \
             ! x264enc speed-preset=veryfast pass=qual quantizer=18 key-int-max=25 ! mp4mux faststart=true \
             ! filesink location=\"{}\"",
            first(from, count),
            to.display()
        ),
    );
    frames(to)
}

/// Makes a JPEG of a video's frame with this number, from 1, or of the one before.
///
/// # Panics
/// Where that is not possible.
pub fn still(from: &Path, frame: u32, to: &Path) {
    // Each frame up to it is written over the one before.
    make(
        MAKE_MAX,
        &format!(
            "{} ! videoconvert ! jpegenc quality=95 ! multifilesink location=\"{}\"",
            first(from, frame),
            to.display()
        ),
    );
}

/// Decodes the first `frames` frames of a video, or one less where its parser tells of itself first. They are counted while they are compressed: what is decoded may be many
/// at once.
fn first(from: &Path, frames: u32) -> String {
    // The end comes in the place of the frame that has the number.
    let end = frames + 1;
    format!("filesrc location=\"{}\" ! parsebin ! identity eos-after={end} ! decodebin", from.display())
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
    play(&pipeline, MAKE_MAX, &launch);
    count.load(Ordering::Relaxed)
}

fn make(most: Duration, launch: &str) {
    gst::init().expect("GStreamer is installed");
    let pipeline = gst::parse::launch(launch).unwrap_or_else(|error| panic!("{launch}: {error}"));
    play(&pipeline, most, launch);
}

fn play(pipeline: &gst::Element, most: Duration, launch: &str) {
    pipeline.set_state(gst::State::Playing).unwrap_or_else(|error| panic!("{launch}: {error}"));
    let bus = pipeline.bus().expect("a pipeline has a bus");
    let until = gst::ClockTime::try_from(most).expect("minutes");
    let last = bus.timed_pop_filtered(until, &[gst::MessageType::Eos, gst::MessageType::Error]);
    pipeline.set_state(gst::State::Null).unwrap_or_else(|error| panic!("{launch}: {error}"));
    let last = last.unwrap_or_else(|| panic!("{launch}: not done within {most:?}"));
    if let gst::MessageView::Error(error) = last.view() {
        panic!("{launch}: {}", error.error());
    }
}
