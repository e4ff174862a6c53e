//! From a decoded frame to the small BGR picture of the detector.
//!
//! A picture that shrinks by two or more is halved first, as often as it goes, in the direction in which it goes: halving
//! takes the mean of neighbours, costs a twentieth of general scaling (GStreamer has SIMD code for just that) and leaves
//! out no pixel, where interpolating between two neighbours would. The rest, less than a factor of two, is interpolated
//! ([`interpolation`]).
//! All of that is done on I420, which is half the bytes of BGR; colours are converted last, at the small size.

mod interpolation;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_video as gst_video;
use gstreamer_video::video_frame::{Readable, Writable};
use gstreamer_video::{VideoConverter, VideoConverterConfig, VideoFormat, VideoFrame, VideoInfo};

use crate::ScaledSize;
use gstreamer_video::VideoFrameExt;
use interpolation::Interpolation;

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
    way: Way,
    result: VideoFrame<Writable>,
}

/// How a picture gets another size.
#[derive(Debug)]
enum Way {
    /// With GStreamer.
    Convert(VideoConverter),
    /// Plane by plane.
    Interpolate(Box<[Interpolation; 3]>),
}

impl Way {
    fn of(before: &VideoInfo, info: &VideoInfo) -> Result<Self, gst::glib::BoolError> {
        let is_kept_or_halved = |before: u32, now: u32| before == now || before == now * 2;
        let is_halving =
            is_kept_or_halved(before.width(), info.width()) && is_kept_or_halved(before.height(), info.height());
        // The lines of an interlaced picture belong to two moments, which GStreamer keeps apart.
        if is_halving || before.is_interlaced() || before.format() != VideoFormat::I420 {
            return Ok(Self::Convert(VideoConverter::new(before, info, Some(options()))?));
        }
        let side = |length: u32, halved: bool| if halved { length.div_ceil(2) as usize } else { length as usize };
        let size = |of: &VideoInfo, halved| (side(of.width(), halved), side(of.height(), halved));
        let plane = |halved| Interpolation::new(size(before, halved), size(info, halved));
        Ok(Self::Interpolate(Box::new([plane(false), plane(true), plane(true)])))
    }

    fn frame<T>(&mut self, from: &VideoFrame<T>, to: &mut VideoFrame<Writable>) -> Result<(), String> {
        let planes = match self {
            Self::Convert(converter) => {
                converter.frame(from, to);
                return Ok(());
            }
            Self::Interpolate(planes) => planes,
        };
        for (number, plane) in (0..).zip(planes.iter_mut()) {
            let stride =
                |strides: &[i32]| usize::try_from(strides[number as usize]).map_err(|_| "a picture upside down");
            let (from_stride, to_stride) = (stride(from.plane_stride())?, stride(to.plane_stride())?);
            let source = from.plane_data(number).map_err(|error| error.to_string())?;
            let result = to.plane_data_mut(number).map_err(|error| error.to_string())?;
            plane.scale((source, from_stride), (result, to_stride));
        }
        Ok(())
    }
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
            let way = Way::of(&before, &info)?;
            let buffer = gst::Buffer::with_size(info.size())?;
            let result = VideoFrame::from_buffer_writable(buffer, &info)
                .map_err(|_| gst::glib::bool_error!("no memory for a picture of {}x{}", width, height))?;
            steps.push(Step { way, result });
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
                Some(before) => step.way.frame(before, &mut step.result)?,
                None => step.way.frame(full, &mut step.result)?,
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

    #[test]
    fn interpolating_gives_what_gstreamer_gives_to_within_two_steps() {
        gst::init().expect("GStreamer is there");
        let info = |(width, height)| VideoInfo::builder(VideoFormat::I420, width, height).build().expect("a size");
        for (from, to) in [((192, 144), (104, 78)), ((97, 61), (80, 45)), ((60, 40), (91, 57))] {
            let (before, after) = (info(from), info(to));
            // Smooth, and another in each plane; the last bytes of a row may be padding.
            let wave = |at: usize| (127.0 + 120.0 * ((at % 61) as f64 * 0.1).sin()) as u8;
            let buffer = gst::Buffer::from_mut_slice((0..before.size()).map(wave).collect::<Vec<u8>>());
            let full = VideoFrame::from_buffer_readable(buffer, &before).expect("a picture");
            let empty = || {
                let buffer = gst::Buffer::with_size(after.size()).expect("memory");
                VideoFrame::from_buffer_writable(buffer, &after).expect("a picture")
            };
            let (mut ours, mut theirs) = (empty(), empty());
            let mut way = Way::of(&before, &after).expect("a way");
            assert!(matches!(way, Way::Interpolate(_)), "{from:?} to {to:?}");
            way.frame(&full, &mut ours).expect("scaled");
            VideoConverter::new(&before, &after, Some(options())).expect("a converter").frame(&full, &mut theirs);
            for (plane, halved) in [(0, false), (1, true), (2, true)] {
                let side = |length: u32| if halved { length.div_ceil(2) as usize } else { length as usize };
                let stride = ours.plane_stride()[plane as usize] as usize;
                let rows = |of: &VideoFrame<Writable>| -> Vec<Vec<u8>> {
                    let data = of.plane_data(plane).expect("a plane");
                    (0..side(to.1)).map(|row| data[row * stride..][..side(to.0)].to_vec()).collect()
                };
                for (row, (ours, theirs)) in rows(&ours).iter().zip(&rows(&theirs)).enumerate() {
                    let apart = ours.iter().zip(theirs).map(|(a, b)| a.abs_diff(*b)).max();
                    assert!(apart <= Some(2), "{from:?} to {to:?}, plane {plane}, row {row}: {ours:?}, {theirs:?}");
                }
            }
        }
    }
}
