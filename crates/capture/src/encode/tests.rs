use super::*;
use crate::library;

fn format(width: u32, height: u32) -> FrameFormat {
    library::start().expect("GStreamer is installed");
    let info = VideoInfo::builder(VideoFormat::I420, width, height).fps(gst::Fraction::new(10, 1)).build();
    FrameFormat(info.expect("a size that pictures have"))
}

/// A grey picture.
fn planes(width: usize, height: usize) -> [Vec<u8>; 3] {
    [vec![90; width * height], vec![128; width * height / 4], vec![128; width * height / 4]]
}

fn view<'p>(planes: &'p [Vec<u8>; 3], width: usize, height: usize) -> I420View<'p> {
    let plane = |index: usize, stride| Plane { stride, data: planes[index].as_slice() };
    I420View::new(width, height, plane(0, width), plane(1, width / 2), plane(2, width / 2)).expect("planes that fit")
}

fn at(millis: u64) -> MediaTime {
    MediaTime::from_micros(millis * 1_000)
}

#[test]
fn every_encoder_that_may_be_chosen_writes_a_clip() {
    let format = format(64, 48);
    for (encoder, package) in ENCODERS {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("copy.mp4");
        assert!(gst::ElementFactory::find(encoder).is_some(), "{encoder} is missing: install {package}");
        let mut clip = ClipEncoder::start_with(encoder, &path, &format).expect(encoder);
        let planes = planes(64, 48);
        for number in 0..30 {
            clip.push(at(number * 100), &view(&planes, 64, 48)).expect(encoder);
        }
        let clip = clip.finish().expect(encoder);
        let bytes = std::fs::read(&path).expect("the clip lies there");
        assert_eq!((clip.frames, clip.bytes, clip.encoder), (30, bytes.len() as u64, encoder));
        let place = |name: &[u8; 4]| bytes.windows(4).position(|four| four == name).expect("an MP4 file");
        assert!(place(b"moov") < place(b"mdat"), "{encoder}: it can be played before all of it was loaded");
    }
}

#[test]
fn sizes_that_halved_colours_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for (width, height) in [(63, 48), (64, 47), (14, 48)] {
        let error =
            ClipEncoder::start(&folder.path().join("copy.mp4"), &format(width, height)).expect_err("a bad size");
        assert!(error.to_string().contains("even sides of at least 16"), "{error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}
