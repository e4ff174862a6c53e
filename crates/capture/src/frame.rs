//! One frame, in the two sizes that are needed of it.

use std::fmt;
use std::time::Instant;

use domain::{I420View, InvalidPicture, MediaTime, PixelView, Plane};
use gstreamer_video as gst_video;
use gstreamer_video::VideoFrameExt;
use gstreamer_video::video_frame::{Readable, Writable};

/// A frame as it came from the decoder.
pub(crate) struct Decoded {
    pub(crate) media: MediaTime,
    pub(crate) arrived: Instant,
    pub(crate) dropped_before: u32,
    // Boxed, because the library's own description of a frame is 700 bytes.
    pub(crate) full: Box<gst_video::VideoFrame<Readable>>,
}

impl fmt::Debug for Decoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decoded({:?}, dropped before {})", self.media, self.dropped_before)
    }
}

/// One frame of a source: small for the detector, full size for pictures.
///
/// Holds one of the decoder's own buffers: keep no more frames than needed at a time.
pub struct Frame {
    /// Presentation time since the camera was started; later than that of the frame before, through loops and
    /// reconnections too. For a file it depends on the file only.
    pub media: MediaTime,
    /// When it left the decoder.
    pub arrived: Instant,
    /// How many frames were dropped for newer ones since the frame delivered before.
    pub dropped_before: u32,
    full: Box<gst_video::VideoFrame<Readable>>,
    scaled: Box<gst_video::VideoFrame<Writable>>,
}

impl Frame {
    pub(crate) fn new(decoded: Decoded, scaled: gst_video::VideoFrame<Writable>) -> Result<Self, InvalidPicture> {
        view_bgr(&scaled)?;
        view_i420(&decoded.full)?;
        let Decoded { media, arrived, dropped_before, full } = decoded;
        Ok(Self { media, arrived, dropped_before, full, scaled: Box::new(scaled) })
    }

    /// The picture in the size that the configuration asks for.
    pub fn scaled(&self) -> PixelView<'_> {
        view_bgr(&self.scaled).expect("checked when the frame was made")
    }

    /// The picture as decoded; the decoder's own buffer, not a copy.
    pub fn full(&self) -> I420View<'_> {
        view_i420(&self.full).expect("checked when the frame was made")
    }

    /// How the picture as decoded is laid out and meant to be seen.
    pub fn format(&self) -> FrameFormat {
        FrameFormat(self.full.info().clone())
    }

    /// Width and height of the picture as decoded, in pixels.
    pub fn full_size(&self) -> (u32, u32) {
        (self.full.width(), self.full.height())
    }
}

/// How the full pictures of a source are laid out and meant to be seen: size, rate, and the shape and colours of their
/// pixels. What is encoded anew should have the same.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameFormat(pub(crate) gst_video::VideoInfo);

impl FrameFormat {
    /// Width and height in pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.0.width(), self.0.height())
    }

    /// Frames a second, where the source says so.
    pub fn rate(&self) -> Option<f64> {
        let rate = self.0.fps();
        (rate.numer() > 0 && rate.denom() > 0).then(|| f64::from(rate.numer()) / f64::from(rate.denom()))
    }
}

/// One frame at its full size only. Holds one of the decoder's own buffers, as [`Frame`] does.
pub struct FullFrame {
    /// As [`Frame::media`], of its own camera.
    pub media: MediaTime,
    /// When it left the decoder.
    pub arrived: Instant,
    full: Box<gst_video::VideoFrame<Readable>>,
}

impl FullFrame {
    pub(crate) fn new(decoded: Decoded) -> Result<Self, InvalidPicture> {
        view_i420(&decoded.full)?;
        let Decoded { media, arrived, full, .. } = decoded;
        Ok(Self { media, arrived, full })
    }

    /// The picture as decoded.
    pub fn full(&self) -> I420View<'_> {
        view_i420(&self.full).expect("checked when the frame was made")
    }

    /// Width and height of the picture as decoded, in pixels.
    pub fn full_size(&self) -> (u32, u32) {
        (self.full.width(), self.full.height())
    }
}

impl fmt::Debug for FullFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (media, arrived) = (&self.media, &self.arrived);
        f.debug_struct("FullFrame").field("media", media).field("arrived", arrived).field("full", &self.full()).finish()
    }
}

fn plane<T>(frame: &gst_video::VideoFrame<T>, index: u32) -> Plane<'_> {
    let stride = frame.plane_stride().get(index as usize).copied().unwrap_or(0);
    Plane { stride: usize::try_from(stride).unwrap_or(0), data: frame.plane_data(index).unwrap_or_default() }
}

fn view_bgr(frame: &gst_video::VideoFrame<Writable>) -> Result<PixelView<'_>, InvalidPicture> {
    let Plane { stride, data } = plane(frame, 0);
    PixelView::new(frame.width() as usize, frame.height() as usize, stride, data)
}

fn view_i420(frame: &gst_video::VideoFrame<Readable>) -> Result<I420View<'_>, InvalidPicture> {
    let [y, u, v] = [0, 1, 2].map(|index| plane(frame, index));
    I420View::new(frame.width() as usize, frame.height() as usize, y, u, v)
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("media", &self.media)
            .field("arrived", &self.arrived)
            .field("dropped_before", &self.dropped_before)
            .field("full", &self.full())
            .field("scaled", &self.scaled())
            .finish()
    }
}
