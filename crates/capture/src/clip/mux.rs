//! Compressed pictures into an MP4 file that can be played from its beginning: index first, then the pictures.
//!
//! GStreamer's muxer writes such a file only after it has seen all of it, and keeps it in a file until then. That file
//! lies in memory, a clip being bounded, so that the disk sees one stream of bytes: they are written and hashed as they
//! come, under a temporary name, and the name is changed when all of it is on disk.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use rustix::fs::MemfdFlags;
use sha2::{Digest, Sha256};

use crate::clip::{ClipError, Codec, UNFINISHED_SUFFIX};
use crate::ring::{StreamFormat, Unit};

/// The longest that muxing and writing may take; a disk that is slower than this is taken for broken.
const WRITE_MAX: Duration = Duration::from_secs(60);
/// Bytes that are written at once.
const WRITE_BYTES: usize = 256 * 1024;

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
    let output = Arc::new(Mutex::new(Output::new(unfinished.file.try_clone().map_err(io_error)?)));
    let muxed = mux(format, units, &output);
    let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
    // What the disk said comes before what the library made of it.
    if let Some(source) = output.error.take() {
        return Err(io_error(source));
    }
    muxed.map_err(|detail| ClipError::Mux { path: path.to_path_buf(), detail })?;
    output.file.flush().and_then(|()| unfinished.finish(path)).map_err(io_error)?;
    Ok(Written { bytes: output.bytes, sha256: output.hash.clone().finalize().into() })
}

/// A file under its temporary name; removed when dropped.
struct Unfinished {
    file: File,
    path: Option<PathBuf>,
}

impl Unfinished {
    fn create(path: &Path) -> io::Result<Self> {
        let mut name = OsString::from(path);
        name.push(UNFINISHED_SUFFIX);
        let unfinished = PathBuf::from(name);
        let file = File::options().write(true).create_new(true).open(&unfinished)?;
        Ok(Self { file, path: Some(unfinished) })
    }

    fn finish(mut self, path: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        if let Some(unfinished) = &self.path {
            fs::rename(unfinished, path)?;
        }
        self.path = None;
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(path) = &self.path
            && let Err(error) = fs::remove_file(path)
        {
            tracing::warn!(path = %path.display(), %error, "cannot remove half a clip");
        }
    }
}

/// Where the bytes of the file go.
struct Output {
    file: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
    error: Option<io::Error>,
}

impl Output {
    fn new(file: File) -> Self {
        Self { file: BufWriter::with_capacity(WRITE_BYTES, file), hash: Sha256::new(), bytes: 0, error: None }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), ()> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes).map_err(|error| self.error = Some(error))
    }
}

/// Runs the muxer over `units`; the error is what the library said.
fn mux(format: &StreamFormat, units: &[Unit], output: &Arc<Mutex<Output>>) -> Result<(), String> {
    let said = |error: gst::glib::BoolError| error.to_string();
    let memory = rustix::fs::memfd_create("clip", MemfdFlags::CLOEXEC).map_err(|error| error.to_string())?;
    let pipeline = Playing(gst::Pipeline::new());
    let source = gst_app::AppSrc::builder().caps(&format.caps).format(gst::Format::Time).max_bytes(0).build();
    let parser = gst::ElementFactory::make(match format.codec {
        Codec::H264 => "h264parse",
        Codec::H265 => "h265parse",
    });
    let parser = parser.build().map_err(said)?;
    let muxer = gst::ElementFactory::make("mp4mux")
        .property("faststart", true)
        .property("faststart-file", path_of(&memory))
        .build()
        .map_err(said)?;
    let sink = sink(output);
    let elements = [source.upcast_ref(), &parser, &muxer, sink.upcast_ref()];
    pipeline.0.add_many(elements).map_err(said)?;
    gst::Element::link_many(elements).map_err(said)?;
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
        Some(gst::MessageView::Error(error)) => {
            let debug = error.debug().unwrap_or_default();
            Err(format!("{} ({})", error.error().message(), debug.lines().last().unwrap_or_default()))
        }
        Some(_) | None => started.map_err(|error| error.to_string()).and(Err(format!("not done within {WRITE_MAX:?}"))),
    }
}

/// A pipeline that stops when dropped.
struct Playing(gst::Pipeline);

impl Drop for Playing {
    fn drop(&mut self) {
        let _nothing_to_wait_for = self.0.set_state(gst::State::Null);
    }
}

/// A path under which this process may open the file again.
fn path_of(memory: &OwnedFd) -> String {
    format!("/proc/self/fd/{}", memory.as_raw_fd())
}

fn sink(output: &Arc<Mutex<Output>>) -> gst_app::AppSink {
    let sink = gst_app::AppSink::builder().sync(false).async_(false).enable_last_sample(false).build();
    let output = Arc::clone(output);
    let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |sink| {
        let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        let bytes = sample.buffer().and_then(|buffer| buffer.map_readable().ok()).ok_or(gst::FlowError::Error)?;
        let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
        output.put(&bytes).map(|()| gst::FlowSuccess::Ok).map_err(|()| gst::FlowError::Error)
    });
    sink.set_callbacks(callbacks.build());
    sink
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
