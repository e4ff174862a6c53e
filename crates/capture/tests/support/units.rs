//! Compressed pictures in a file, as they are.

#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used)]

use std::path::Path;
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;

use super::DEADLINE;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Since the file's first picture is shown.
    pub shown: Duration,
    pub key: bool,
    pub bytes: Vec<u8>,
}

/// All pictures of a file that `demux` (an element or several) takes apart, in the order of decoding.
pub fn units_through(path: &Path, demux: &str) -> Vec<Seen> {
    gst::init().unwrap();
    let launch = format!("filesrc location={} ! {demux} ! appsink name=sink sync=false", path.display());
    let pipeline = gst::parse::launch(&launch).unwrap().downcast::<gst::Pipeline>().unwrap();
    let sink = pipeline.by_name("sink").unwrap().downcast::<gst_app::AppSink>().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let mut seen = Vec::new();
    while let Some(sample) = sink.try_pull_sample(gst::ClockTime::try_from(DEADLINE).unwrap()) {
        let buffer = sample.buffer().unwrap();
        let segment = sample.segment().unwrap().downcast_ref::<gst::ClockTime>().unwrap();
        let shown = segment.to_running_time(buffer.pts().unwrap()).unwrap();
        let key = !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
        seen.push(Seen { shown: shown.into(), key, bytes: buffer.map_readable().unwrap().to_vec() });
    }
    assert!(sink.is_eos(), "{} is read to its end", path.display());
    pipeline.set_state(gst::State::Null).unwrap();
    seen
}

/// All pictures of an MP4 file.
pub fn units(path: &Path) -> Vec<Seen> {
    units_through(path, "qtdemux")
}

/// The parts of an H.264 picture with four bytes of length before each that are pictures: no parameters and no notes.
pub fn slices(seen: &Seen) -> Vec<Vec<u8>> {
    let mut rest = seen.bytes.as_slice();
    let mut slices = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (part, after) = after.split_at(u32::from_be_bytes(*length) as usize);
        if matches!(part[0] & 0x1f, 1..=5) {
            slices.push(part.to_vec());
        }
        rest = after;
    }
    slices
}

/// How many pictures can be decoded from a file, without any complaint.
pub fn decoded(path: &Path) -> usize {
    let launch = format!(
        "filesrc location={} ! qtdemux ! decodebin ! video/x-raw ! fakesink name=sink sync=false",
        path.display()
    );
    let pipeline = gst::parse::launch(&launch).unwrap().downcast::<gst::Pipeline>().unwrap();
    let sink = pipeline.by_name("sink").unwrap();
    let count = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&count);
    sink.static_pad("sink").unwrap().add_probe(gst::PadProbeType::BUFFER, move |_, _| {
        counted.fetch_add(1, std::sync::atomic::Ordering::AcqRel);
        gst::PadProbeReturn::Ok
    });
    pipeline.set_state(gst::State::Playing).unwrap();
    let ends = [gst::MessageType::Eos, gst::MessageType::Error, gst::MessageType::Warning];
    let bus = pipeline.bus().unwrap();
    let message = bus.timed_pop_filtered(gst::ClockTime::from_seconds(DEADLINE.as_secs()), &ends).unwrap();
    pipeline.set_state(gst::State::Null).unwrap();
    assert_eq!(message.type_(), gst::MessageType::Eos, "{}: {message:?}", path.display());
    count.load(std::sync::atomic::Ordering::Acquire)
}
