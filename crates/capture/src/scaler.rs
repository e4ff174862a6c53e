//! From a decoded frame to the small BGR picture of the detector.
//!
//! A picture that shrinks by two or more is halved first, as often as it goes, in the direction in which it goes: halving
//! takes the mean of neighbours, costs a twentieth of general scaling (GStreamer has SIMD code for just that) and leaves
//! out no pixel, where interpolating between two neighbours would. The rest, less than a factor of two, is interpolated.
//! All of that is done on I420, which is half the bytes of BGR; colours are converted last, at the small size.

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_video as gst_video;
use gstreamer_video::video_frame::{Readable, Writable};
use gstreamer_video::{VideoConverter, VideoConverterConfig, VideoFormat, VideoFrame, VideoInfo};

use crate::ScaledSize;
use gstreamer_video::VideoFrameExt;

/// Scales frames; keeps what it needs from frame to frame.
#[derive(Debug)]
pub(crate) struct Scaler {
    wanted: ScaledSize,
    ready: Option<Ready>,
}

/// Everything for frames of one size and colour.
#[derive(Debug)]
struct Ready {
    from: VideoInfo,
    steps: Vec<Step>,
    to_bgr: VideoConverter,
    bgr: VideoInfo,
    pool: gst::BufferPool,
}

#[derive(Debug)]
struct Step {
    converter: VideoConverter,
    result: VideoFrame<Writable>,
}

/// Width and height in pixels.
type Size = (u32, u32);

impl Scaler {
    pub(crate) fn new(wanted: ScaledSize) -> Self {
        Self { wanted, ready: None }
    }

    /// The small picture of `full`; the error is what the library said.
    pub(crate) fn scale(&mut self, full: &VideoFrame<Readable>) -> Result<VideoFrame<Writable>, String> {
        let ready = match self.ready.take() {
            Some(ready) if ready.from == *full.info() => ready,
            Some(_) | None => Ready::new(full.info(), self.wanted).map_err(|error| error.to_string())?,
        };
        self.ready.insert(ready).scale(full)
    }
}

impl Ready {
    fn new(from: &VideoInfo, wanted: ScaledSize) -> Result<Self, gst::glib::BoolError> {
        let goal = goal(wanted, (from.width(), from.height()), (from.par().numer(), from.par().denom()));
        let mut steps = Vec::new();
        let mut before = from.clone();
        for (width, height) in sizes((from.width(), from.height()), goal) {
            let info = like(from, VideoFormat::I420, (width, height))?;
            let converter = VideoConverter::new(&before, &info, Some(options()))?;
            let buffer = gst::Buffer::with_size(info.size())?;
            let result = VideoFrame::from_buffer_writable(buffer, &info)
                .map_err(|_| gst::glib::bool_error!("no memory for a picture of {}x{}", width, height))?;
            steps.push(Step { converter, result });
            before = info;
        }
        let bgr = VideoInfo::builder(VideoFormat::Bgr, goal.0, goal.1)
            .fps(from.fps())
            .interlace_mode(from.interlace_mode())
            .build()?;
        let to_bgr = VideoConverter::new(&before, &bgr, Some(options()))?;
        let pool = gst::BufferPool::new();
        let mut config = pool.config();
        let size = u32::try_from(bgr.size()).map_err(|_| gst::glib::bool_error!("the picture is too large"))?;
        config.set_params(Some(&bgr.to_caps()?), size, 0, 0);
        pool.set_config(config)?;
        pool.set_active(true)?;
        Ok(Self { from: from.clone(), steps, to_bgr, bgr, pool })
    }

    fn scale(&mut self, full: &VideoFrame<Readable>) -> Result<VideoFrame<Writable>, String> {
        let buffer = self.pool.acquire_buffer(None).map_err(|error| error.to_string())?;
        let mut bgr = VideoFrame::from_buffer_writable(buffer, &self.bgr).map_err(|_| "cannot map the result")?;
        let mut done: Option<&VideoFrame<Writable>> = None;
        for step in &mut self.steps {
            match done {
                Some(before) => step.converter.frame(before, &mut step.result),
                None => step.converter.frame(full, &mut step.result),
            }
            done = Some(&step.result);
        }
        match done {
            Some(small) => self.to_bgr.frame(small, &mut bgr),
            None => self.to_bgr.frame(full, &mut bgr),
        }
        Ok(bgr)
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        // Buffers still held by frames go back to a pool that no longer keeps them.
        if let Err(error) = self.pool.set_active(false) {
            tracing::debug!(%error, "cannot stop a buffer pool");
        }
    }
}

fn options() -> VideoConverterConfig {
    let mut options = VideoConverterConfig::new();
    options.set_resampler_method(gst_video::VideoResamplerMethod::Linear);
    options.set_resampler_taps(2);
    options.set_dither_method(gst_video::VideoDitherMethod::None);
    options.set_threads(1);
    options
}

/// `from` in another size: the colours must be named alike, or the converter would recompute each pixel.
fn like(from: &VideoInfo, format: VideoFormat, (width, height): Size) -> Result<VideoInfo, gst::glib::BoolError> {
    VideoInfo::builder(format, width, height)
        .fps(from.fps())
        .interlace_mode(from.interlace_mode())
        .colorimetry(&from.colorimetry())
        .chroma_site(from.chroma_site())
        .build()
}

/// The size that a picture of `size` pixels, each as wide to its height as `pixel` says, gets.
fn goal(wanted: ScaledSize, (width, height): Size, pixel: (i32, i32)) -> Size {
    match wanted {
        ScaledSize::Exact { width, height } => (width, height),
        ScaledSize::Within { width: width_max, height: height_max } => {
            let stretch = if pixel.0 > 0 && pixel.1 > 0 { f64::from(pixel.0) / f64::from(pixel.1) } else { 1.0 };
            let (seen_width, seen_height) = (f64::from(width) * stretch, f64::from(height));
            let scale = (f64::from(width_max) / seen_width).min(f64::from(height_max) / seen_height);
            let side = |seen: f64, max: u32| ((seen * scale).round() as u32).clamp(1, max);
            (side(seen_width, width_max), side(seen_height, height_max))
        }
    }
}

/// The sizes on the way from one size to another: halves as long as they fit, then the goal unless it is reached.
fn sizes(from: Size, goal: Size) -> Vec<Size> {
    let halved = |side: u32, goal: u32| if side.is_multiple_of(2) && side / 2 >= goal { side / 2 } else { side };
    let mut sizes = Vec::new();
    let mut at = from;
    loop {
        let next = (halved(at.0, goal.0), halved(at.1, goal.1));
        if next == at {
            break;
        }
        sizes.push(next);
        at = next;
    }
    if at != goal {
        sizes.push(goal);
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_pictures_are_halved_before_they_are_interpolated() {
        assert_eq!(sizes((1920, 1080), (384, 384)), [(960, 540), (480, 540), (384, 384)]);
        assert_eq!(sizes((768, 432), (384, 384)), [(384, 432), (384, 384)]);
        assert_eq!(sizes((1280, 720), (640, 360)), [(640, 360)]);
        assert_eq!(sizes((641, 361), (320, 180)), [(320, 180)]);
        assert_eq!(sizes((320, 240), (416, 312)), [(416, 312)]);
        assert_eq!(sizes((384, 384), (384, 384)), []);
    }

    #[test]
    fn the_aspect_in_which_a_picture_is_seen_is_kept_within_bounds() {
        let within = |width, height| ScaledSize::Within { width, height };
        assert_eq!(goal(within(416, 416), (1920, 1080), (1, 1)), (416, 234));
        assert_eq!(goal(within(416, 416), (1080, 1920), (1, 1)), (234, 416));
        assert_eq!(goal(within(416, 416), (720, 576), (64, 45)), (416, 234));
        assert_eq!(goal(within(416, 416), (208, 104), (1, 1)), (416, 208));
        assert_eq!(goal(within(16, 16), (4000, 2), (1, 1)), (16, 1));
        assert_eq!(goal(ScaledSize::Exact { width: 300, height: 200 }, (1920, 1080), (1, 1)), (300, 200));
    }
}
