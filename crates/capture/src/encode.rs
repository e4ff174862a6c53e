//! Clips that are encoded anew: pictures that were worked on, into an MP4 file that can be played from its beginning.
//!
//! For copies that are handed out. Evidence itself is never encoded again; see [`clip`](crate::clip).
//!
//! ```no_run
//! # use std::path::Path;
//! # use capture::{ClipEncoder, Frame};
//! # fn copy(frames: &[Frame]) -> Result<(), capture::EncodeError> {
//! let mut encoder = ClipEncoder::start(Path::new("copy.mp4"), &frames[0].format())?;
//! for frame in frames {
//!     encoder.push(frame.media, &frame.full())?;
//! }
//! println!("{} bytes", encoder.finish()?.bytes);
//! # Ok(())
//! # }
//! ```

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::{I420View, MediaTime, Plane};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use gstreamer_video::{VideoFormat, VideoFrame, VideoFrameExt, VideoInfo, VideoInterlaceMode};
use thiserror::Error;

use crate::FrameFormat;
use crate::mp4_file::{Output, Playing, Unfinished, path_of, said, sink};

/// Pictures that wait for the encoder. With so many, [`ClipEncoder::push`] waits.
pub const PICTURES_WAITING_MAX: u64 = 4;
/// How long the encoder may take for a picture, or the muxer for the end, before it is taken for broken.
pub const STALL_MAX: Duration = Duration::from_secs(120);
/// The shortest side of a picture that is encoded, in pixels.
pub const SIDE_MIN: u32 = 16;
/// The rate that counts where the source tells none: pictures keep their own times, only the bits are shared out by it.
const RATE_DEFAULT: gst::Fraction = gst::Fraction::new_raw(25, 1);
/// How often it is looked whether there is room, besides when something goes wrong.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Pictures from one that stands alone to the next.
const KEY_PICTURES: u32 = 50;
/// Constant quality of x264: small losses, about the size of a camera's own stream.
const X264_QUANTIZER: u32 = 21;
/// What OpenH264, which has no constant quality, may use for a pixel of a picture, in bits.
const OPENH264_BITS: f64 = 0.15;
/// And the least for the whole stream, in bits a second.
const OPENH264_BITRATE_MIN: f64 = 1e6;

/// The encoders of H.264 in the order of preference, and their Debian packages. The last one comes with the others that
/// this program needs.
const ENCODERS: [(&str, &str); 2] =
    [("x264enc", "gstreamer1.0-plugins-ugly"), ("openh264enc", "gstreamer1.0-plugins-bad")];
/// What else is needed, and the Debian packages.
const ELEMENTS: [(&str, &str); 3] = [
    ("appsrc", "gstreamer1.0-plugins-base"),
    ("h264parse", "gstreamer1.0-plugins-bad"),
    ("mp4mux", "gstreamer1.0-plugins-good"),
];

/// A clip that is complete and on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedClip {
    /// Where it lies.
    pub path: PathBuf,
    /// Pictures.
    pub frames: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Hash of the file.
    pub sha256: [u8; 32],
    /// GStreamer's name of what encoded it.
    pub encoder: &'static str,
}

/// Why there is no clip.
#[derive(Debug, Error)]
pub enum EncodeError {
    /// An element of GStreamer is not installed.
    #[error("encoding a clip needs GStreamer's element {element}; install the Debian package {package}")]
    ElementMissing {
        /// GStreamer's name of it.
        element: &'static str,
        /// The package that brings it.
        package: &'static str,
    },
    /// Such pictures cannot be encoded.
    #[error(
        "pictures of {width} x {height} pixels cannot be encoded; accepted are even sides of at least {SIDE_MIN} pixels"
    )]
    BadSize {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// The path has no file name.
    #[error("cannot write clip \"{path}\": the path names no file", path = path.display())]
    BadPath {
        /// The path given.
        path: PathBuf,
    },
    /// A picture is of another size than the clip.
    #[error(
        "picture {number} is of {found_width} x {found_height} pixels, the clip of {width} x {height}: a clip has one size"
    )]
    OtherSize {
        /// Which picture, from 1.
        number: u64,
        /// Its width.
        found_width: usize,
        /// Its height.
        found_height: usize,
        /// The clip's width.
        width: u32,
        /// The clip's height.
        height: u32,
    },
    /// A picture is not later than the one before.
    #[error("picture {number} is not later than the one before")]
    NotLater {
        /// Which picture, from 1.
        number: u64,
    },
    /// There was no picture.
    #[error("a clip without pictures cannot be written")]
    NoPictures,
    /// The file system refused: full, read-only, gone.
    #[error("cannot write clip \"{path}\"", path = path.display())]
    Write {
        /// Where it should lie.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// GStreamer could not make a file of it.
    #[error("cannot encode clip \"{path}\": {detail}", path = path.display())]
    Encode {
        /// Where it should lie.
        path: PathBuf,
        /// What the library said.
        detail: String,
    },
}

/// A clip in the making. Dropped before [`ClipEncoder::finish`], it leaves nothing.
pub struct ClipEncoder {
    path: PathBuf,
    info: VideoInfo,
    encoder: &'static str,
    // Stops before the files below are closed.
    pipeline: Playing,
    source: gst_app::AppSrc,
    bus: gst::Bus,
    output: Arc<Mutex<Output>>,
    unfinished: Unfinished,
    /// Where the muxer keeps the pictures until it knows their index; it has no name and goes with this.
    _pictures: File,
    first: MediaTime,
    last: Option<MediaTime>,
    frames: u64,
}

impl std::fmt::Debug for ClipEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ClipEncoder({} with {}, {} pictures)", self.path.display(), self.encoder, self.frames)
    }
}

impl ClipEncoder {
    /// Begins a clip at `path` of pictures in `format`. A file that lies there is replaced once the clip is complete.
    pub fn start(path: &Path, format: &FrameFormat) -> Result<Self, EncodeError> {
        let there = ENCODERS.into_iter().find(|(element, _)| gst::ElementFactory::find(element).is_some());
        let [.., (element, package)] = ENCODERS;
        let (encoder, _) = there.ok_or(EncodeError::ElementMissing { element, package })?;
        Self::start_with(encoder, path, format)
    }

    fn start_with(encoder: &'static str, path: &Path, format: &FrameFormat) -> Result<Self, EncodeError> {
        let missing = ELEMENTS.iter().find(|(element, _)| gst::ElementFactory::find(element).is_none());
        if let Some((element, package)) = missing {
            return Err(EncodeError::ElementMissing { element, package });
        }
        let (width, height) = format.size();
        if [width, height].iter().any(|side| *side < SIDE_MIN || !side.is_multiple_of(2)) {
            return Err(EncodeError::BadSize { width, height });
        }
        if path.file_name().is_none_or(OsStr::is_empty) {
            return Err(EncodeError::BadPath { path: path.to_owned() });
        }
        let write_error = |source| EncodeError::Write { path: path.to_owned(), source };
        let unfinished = Unfinished::create(path).map_err(write_error)?;
        let output = Arc::new(Mutex::new(unfinished.output().map_err(write_error)?));
        let pictures = nameless_file(path).map_err(write_error)?;
        let failed =
            |error: gst::glib::BoolError| EncodeError::Encode { path: path.to_owned(), detail: error.to_string() };
        let info = plain(&format.0).map_err(failed)?;
        let (pipeline, source) = build(encoder, &info, &pictures, &output).map_err(failed)?;
        let bus = pipeline.0.bus().expect("every pipeline has a bus");
        let path = path.to_owned();
        let mut started = Self {
            path,
            info,
            encoder,
            pipeline,
            source,
            bus,
            output,
            unfinished,
            _pictures: pictures,
            first: MediaTime::default(),
            last: None,
            frames: 0,
        };
        if let Err(error) = started.pipeline.0.set_state(gst::State::Playing) {
            return Err(started.failure().unwrap_or_else(|| started.encode_error(error.to_string())));
        }
        Ok(started)
    }

    /// The next picture, shown at `media`; the clip begins with its first one. Waits while the encoder is behind.
    pub fn push(&mut self, media: MediaTime, picture: &I420View<'_>) -> Result<(), EncodeError> {
        let number = self.frames + 1;
        let (width, height) = (self.info.width(), self.info.height());
        let (found_width, found_height) = (picture.width(), picture.height());
        if (found_width, found_height) != (width as usize, height as usize) {
            return Err(EncodeError::OtherSize { number, found_width, found_height, width, height });
        }
        match self.last {
            None => self.first = media,
            Some(last) if media <= last => return Err(EncodeError::NotLater { number }),
            Some(_) => {}
        }
        self.last = Some(media);
        self.wait_for_room()?;
        let buffer = self.buffer(media, picture).map_err(|error| self.encode_error(error.to_string()))?;
        if let Err(error) = self.source.push_buffer(buffer) {
            return Err(self.failure().unwrap_or_else(|| self.encode_error(error.to_string())));
        }
        self.frames = number;
        Ok(())
    }

    /// Writes the clip to its end, down to the disk, and gives it its name.
    pub fn finish(mut self) -> Result<EncodedClip, EncodeError> {
        if self.frames == 0 {
            return Err(EncodeError::NoPictures);
        }
        let refused = self.source.end_of_stream();
        let ends = [gst::MessageType::Eos, gst::MessageType::Error];
        let most = gst::ClockTime::try_from(STALL_MAX).unwrap_or(gst::ClockTime::MAX);
        let last = self.bus.timed_pop_filtered(most, &ends);
        match last.as_ref().map(|message| message.view()) {
            Some(gst::MessageView::Eos(_)) => {}
            Some(gst::MessageView::Error(error)) => return Err(self.failed(said(error))),
            Some(_) | None => {
                let detail = refused.err().map_or_else(|| stalled("the end"), |error| error.to_string());
                return Err(self.failed(detail));
            }
        }
        let Self { path, encoder, pipeline, output, unfinished, frames, .. } = self;
        drop(pipeline);
        let write_error = |source| EncodeError::Write { path: path.clone(), source };
        let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
        output.flush().and_then(|()| unfinished.finish(&path)).map_err(write_error)?;
        let (bytes, sha256) = (output.bytes(), output.sha256());
        drop(output);
        Ok(EncodedClip { path, frames, bytes, sha256, encoder })
    }

    fn wait_for_room(&mut self) -> Result<(), EncodeError> {
        let full = PICTURES_WAITING_MAX * self.info.size() as u64;
        let since = Instant::now();
        let look_every = gst::ClockTime::try_from(LOOK_EVERY).unwrap_or(gst::ClockTime::MAX);
        while self.source.current_level_bytes() >= full {
            if since.elapsed() > STALL_MAX {
                return Err(self.failed(stalled("a picture")));
            }
            let heard = self.bus.timed_pop_filtered(look_every, &[gst::MessageType::Error]);
            if let Some(gst::MessageView::Error(error)) = heard.as_ref().map(|message| message.view()) {
                return Err(self.failed(said(error)));
            }
        }
        Ok(())
    }

    fn buffer(&self, media: MediaTime, picture: &I420View<'_>) -> Result<gst::Buffer, gst::glib::BoolError> {
        let memory = gst::Buffer::with_size(self.info.size())?;
        let frame = VideoFrame::from_buffer_writable(memory, &self.info);
        let mut frame = frame.map_err(|_| gst::glib::bool_error!("no memory for a picture"))?;
        for (index, plane) in (0u32..).zip([picture.y(), picture.u(), picture.v()]) {
            let columns = frame.comp_width(index) as usize;
            let stride = usize::try_from(frame.plane_stride()[index as usize]).unwrap_or(0);
            copy_rows(plane, columns, frame.comp_height(index) as usize, frame.plane_data_mut(index)?, stride);
        }
        let mut buffer = frame.into_buffer();
        let rate = self.info.fps();
        let lasts = Duration::from_secs_f64(f64::from(rate.denom()) / f64::from(rate.numer()));
        let at = |time: Duration| gst::ClockTime::try_from(time).ok();
        let memory = buffer.get_mut().ok_or_else(|| gst::glib::bool_error!("a new picture is used elsewhere"))?;
        memory.set_pts(at(media.since(self.first)));
        memory.set_duration(at(lasts));
        Ok(buffer)
    }

    /// What went wrong, if something did: what the disk said comes before what the library made of it.
    fn failure(&mut self) -> Option<EncodeError> {
        let heard = self.bus.pop_filtered(&[gst::MessageType::Error]);
        match heard.as_ref().map(|message| message.view()) {
            Some(gst::MessageView::Error(error)) => Some(self.failed(said(error))),
            Some(_) | None => self.disk_error(),
        }
    }

    fn failed(&mut self, detail: String) -> EncodeError {
        self.disk_error().unwrap_or_else(|| self.encode_error(detail))
    }

    fn disk_error(&mut self) -> Option<EncodeError> {
        let source = lock(&self.output).take_error()?;
        Some(EncodeError::Write { path: self.path.clone(), source })
    }

    fn encode_error(&self, detail: String) -> EncodeError {
        EncodeError::Encode { path: self.path.clone(), detail }
    }
}

fn lock(output: &Mutex<Output>) -> MutexGuard<'_, Output> {
    output.lock().unwrap_or_else(PoisonError::into_inner)
}

fn stalled(what: &str) -> String {
    format!("the encoder is not done with {what} within {STALL_MAX:?}")
}

/// A file in the folder of `path` that has lost its name: it is gone when it is closed, however the program ends.
fn nameless_file(path: &Path) -> io::Result<File> {
    let mut name = OsString::from(path);
    name.push(".pictures");
    let name = PathBuf::from(name);
    let file = File::options().read(true).write(true).create_new(true).open(&name)?;
    fs::remove_file(&name)?;
    Ok(file)
}

/// The format of the pictures as they are given to the encoder: without a decoder's padding.
fn plain(from: &VideoInfo) -> Result<VideoInfo, gst::glib::BoolError> {
    let known = from.fps().numer() > 0 && from.fps().denom() > 0;
    VideoInfo::builder(VideoFormat::I420, from.width(), from.height())
        .fps(if known { from.fps() } else { RATE_DEFAULT })
        .par(from.par())
        .interlace_mode(VideoInterlaceMode::Progressive)
        .colorimetry(&from.colorimetry())
        .chroma_site(from.chroma_site())
        .build()
}

fn build(
    encoder: &str,
    info: &VideoInfo,
    pictures: &File,
    output: &Arc<Mutex<Output>>,
) -> Result<(Playing, gst_app::AppSrc), gst::glib::BoolError> {
    let pipeline = Playing(gst::Pipeline::new());
    let source = gst_app::AppSrc::builder().caps(&info.to_caps()?).format(gst::Format::Time).max_bytes(0).build();
    let encoder = encoder_of(encoder, info)?;
    let parser = gst::ElementFactory::make("h264parse").build()?;
    let muxer = gst::ElementFactory::make("mp4mux")
        .property("faststart", true)
        .property("faststart-file", path_of(pictures))
        .build()?;
    let sink = sink(output);
    let elements = [source.upcast_ref(), &encoder, &parser, &muxer, sink.upcast_ref()];
    pipeline.0.add_many(elements)?;
    gst::Element::link_many(elements)?;
    Ok((pipeline, source))
}

fn encoder_of(name: &str, info: &VideoInfo) -> Result<gst::Element, gst::glib::BoolError> {
    let builder = gst::ElementFactory::make(name);
    if name == "x264enc" {
        return builder
            .property_from_str("speed-preset", "veryfast")
            .property_from_str("pass", "qual")
            .property("quantizer", X264_QUANTIZER)
            .property("bframes", 0_u32)
            .property("key-int-max", KEY_PICTURES)
            .build();
    }
    let rate = info.fps();
    let pixels = f64::from(info.width()) * f64::from(info.height());
    let bits = pixels * OPENH264_BITS * f64::from(rate.numer()) / f64::from(rate.denom());
    builder
        .property_from_str("rate-control", "quality")
        .property("bitrate", bits.max(OPENH264_BITRATE_MIN) as u32)
        .property("gop-size", KEY_PICTURES)
        .build()
}

fn copy_rows(from: Plane<'_>, columns: usize, rows: usize, to: &mut [u8], stride: usize) {
    for row in 0..rows {
        let source = &from.data[row * from.stride..][..columns];
        to[row * stride..][..columns].copy_from_slice(source);
    }
}

#[cfg(test)]
mod tests;
