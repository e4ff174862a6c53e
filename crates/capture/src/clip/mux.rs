//! Compressed pictures into an MP4 file that can be played from its beginning: index first, then the pictures.
//!
//! GStreamer's muxer writes such a file only after it has seen all of it, and keeps it in a file until then. That file
//! lies in memory, a clip being bounded, so that the disk sees one stream of bytes: they are written and hashed as they
//! come, under a temporary name, and the name is changed when all of it is on disk.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use rustix::fs::MemfdFlags;

use crate::clip::{ClipError, Codec};
use crate::mp4_file::{Output, Playing, Unfinished, path_of, said, sink};
use crate::ring::{StreamFormat, Unit};

/// The longest that muxing and writing may take; a disk that is slower than this is taken for broken.
const WRITE_MAX: Duration = Duration::from_secs(60);

/// The elements that clips are made with, and their Debian packages.
const ELEMENTS: [(&str, &str); 4] = [
    ("appsrc", "gstreamer1.0-plugins-base"),
    ("h264parse", "gstreamer1.0-plugins-bad"),
    ("h265parse", "gstreamer1.0-plugins-bad"),
    ("mp4mux", "gstreamer1.0-plugins-good"),
];

/// What is known of a file once it is written.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) bytes: u64,
    pub(crate) sha256: [u8; 32],
}

/// Whether all is there that clips are made with.
pub(crate) fn check_installed() -> Result<(), ClipError> {
    let missing = ELEMENTS.iter().find(|(element, _)| gst::ElementFactory::find(element).is_none());
    missing.map_or(Ok(()), |(element, package)| Err(ClipError::ElementMissing { element, package }))
}

/// Writes `units` to `path`, down to the disk. Where that fails, nothing new is left there.
pub(crate) fn write(path: &Path, format: &StreamFormat, units: &[Unit]) -> Result<Written, ClipError> {
    let io_error = |source| ClipError::Write { path: path.to_path_buf(), source };
    let unfinished = Unfinished::create(path).map_err(io_error)?;
    let output = Arc::new(Mutex::new(unfinished.output().map_err(io_error)?));
    let muxed = mux(format, units, &output);
    let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
    // What the disk said comes before what the library made of it.
    if let Some(source) = output.take_error() {
        return Err(io_error(source));
    }
    muxed.map_err(|detail| ClipError::Mux { path: path.to_path_buf(), detail })?;
    output.flush().and_then(|()| unfinished.finish(path)).map_err(io_error)?;
    Ok(Written { bytes: output.bytes(), sha256: output.sha256() })
}

/// Runs the muxer over `units`; the error is what the library said.
fn mux(format: &StreamFormat, units: &[Unit], output: &Arc<Mutex<Output>>) -> Result<(), String> {
    let refused = |error: gst::glib::BoolError| error.to_string();
    let memory = rustix::fs::memfd_create("clip", MemfdFlags::CLOEXEC).map_err(|error| error.to_string())?;
    let pipeline = Playing(gst::Pipeline::new());
    let source = gst_app::AppSrc::builder().caps(&format.caps).format(gst::Format::Time).max_bytes(0).build();
    let parser = gst::ElementFactory::make(match format.codec {
        Codec::H264 => "h264parse",
        Codec::H265 => "h265parse",
    });
    let parser = parser.build().map_err(refused)?;
    let muxer = gst::ElementFactory::make("mp4mux")
        .property("faststart", true)
        .property("faststart-file", path_of(&memory))
        .build()
        .map_err(refused)?;
    let sink = sink(output);
    let elements = [source.upcast_ref(), &parser, &muxer, sink.upcast_ref()];
    pipeline.0.add_many(elements).map_err(refused)?;
    gst::Element::link_many(elements).map_err(refused)?;
    let bus = pipeline.0.bus().ok_or("the pipeline has no bus")?;
    let started = pipeline.0.set_state(gst::State::Playing);
    for buffer in retimed(units) {
        // The queue is unbounded and holds references: this does not wait. Why it refuses is on the bus.
        if source.push_buffer(buffer).is_err() {
            break;
        }
    }
    let _refused = source.end_of_stream();
    let most = gst::ClockTime::try_from(WRITE_MAX).unwrap_or(gst::ClockTime::MAX);
    let last = bus.timed_pop_filtered(most, &[gst::MessageType::Eos, gst::MessageType::Error]);
    match last.as_ref().map(|message| message.view()) {
        Some(gst::MessageView::Eos(_)) => Ok(()),
        Some(gst::MessageView::Error(error)) => Err(said(error)),
        Some(_) | None => started.map_err(|error| error.to_string()).and(Err(format!("not done within {WRITE_MAX:?}"))),
    }
}

/// The pictures with times that begin at zero. What a camera says of the order of decoding is not relied on: many say
/// nothing. A picture is decoded when, in the order of showing, its number is up, all of it early enough that none is
/// shown before it is decoded.
fn retimed(units: &[Unit]) -> impl Iterator<Item = gst::Buffer> {
    let mut shown: Vec<Duration> = units.iter().map(|unit| unit.running).collect();
    shown.sort_unstable();
    let early = shown.iter().zip(units).map(|(at, unit)| at.saturating_sub(unit.running)).max().unwrap_or_default();
    let begin = shown.first().copied().unwrap_or_default();
    units.iter().zip(shown).enumerate().map(move |(number, (unit, decoded))| {
        // The description is new, the memory the same.
        let mut buffer = unit.buffer.copy();
        let at = |time: Duration| gst::ClockTime::try_from(time.saturating_sub(begin)).ok();
        {
            let buffer = buffer.make_mut();
            buffer.set_dts(at(decoded));
            buffer.set_pts(at(unit.running + early));
            buffer.unset_flags(gst::BufferFlags::DISCONT);
            if number == 0 {
                buffer.set_flags(gst::BufferFlags::DISCONT);
            }
        }
        buffer
    })
}
