//! Which decoder is used. In a program of its own, because decoders that this machine may not have are registered in the
//! whole process: real decoders under the names of hardware.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use capture::{Camera, DecoderInUse, Decoding, Ending, SourceConfig, StartError};
use gstreamer as gst;
use gstreamer::prelude::*;

use crate::support::{Watched, lossless, mp4, pattern, produce};

#[path = "support/watched.rs"]
mod support;

/// The same decoder under another name.
fn register(name: &str, like: &str) {
    gst::init().unwrap();
    let like = gst::ElementFactory::find(like).unwrap().load().unwrap().element_type();
    gst::Element::register(None, name, gst::Rank::MARGINAL, like).unwrap();
}

/// A video that lacks its only key frame: openh264 shows nothing of it, libav all it has.
fn headless(folder: &Path) -> PathBuf {
    let path = folder.join("headless.mkv");
    produce(&format!(
        "{} ! x264enc bframes=0 key-int-max=200 speed-preset=veryfast ! h264parse ! identity drop-buffer-flags=header \
         ! matroskamux ! filesink location={}",
        pattern(60, 160, 120),
        path.display()
    ));
    path
}

fn play(config: SourceConfig) -> (usize, Ending, Option<DecoderInUse>) {
    let mut watched = Watched::start(config);
    let (frames, ending) = watched.play_to_end();
    (frames.len(), ending, watched.camera.decoder())
}

#[test]
fn a_decoder_that_is_not_there_is_refused_with_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    let path = mp4(folder.path(), 3);
    // Hardware that this machine has is not refused.
    for (wanted, needs) in
        [(Decoding::Vaapi, "/dev/dri"), (Decoding::V4l2, "/dev/video"), (Decoding::Nvidia, "libnvcuvid1")]
    {
        match Camera::start(SourceConfig { decoding: wanted, ..lossless(&path) }) {
            Err(error @ StartError::DecodingMissing { .. }) => {
                let text = error.to_string();
                assert!(text.contains(wanted.as_str()) && text.contains(needs) && text.contains("software"), "{text}");
            }
            Err(error) => panic!("{error:?}"),
            Ok(_) => eprintln!("skipped: this machine has a {wanted} decoder"),
        }
    }
}

#[test]
fn the_decoder_that_is_wanted_decodes_and_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = mp4(folder.path(), 30);
    for decoding in [Decoding::Software, Decoding::Auto] {
        let (frames, ending, decoder) = play(SourceConfig { decoding, ..lossless(&path) });
        let decoder = decoder.unwrap();
        assert_eq!((frames, ending, decoder.fell_back), (30, Ending::Whole, None));
        if decoding == Decoding::Software {
            assert_eq!((decoder.element.as_str(), decoder.decoding), ("avdec_h264", Decoding::Software));
        }
    }
    register("vah264dec", "avdec_h264");
    for (decoding, element, used) in [
        (Decoding::Auto, "vah264dec", Decoding::Vaapi),
        (Decoding::Vaapi, "vah264dec", Decoding::Vaapi),
        (Decoding::Software, "avdec_h264", Decoding::Software),
    ] {
        let (frames, ending, decoder) = play(SourceConfig { decoding, ..lossless(&path) });
        let expected = DecoderInUse { element: element.to_owned(), decoding: used, fell_back: None };
        assert_eq!((frames, ending, decoder), (30, Ending::Whole, Some(expected)), "{decoding}");
    }
}

#[test]
fn hardware_that_fails_is_replaced_by_software_which_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = headless(folder.path());
    register("nvh264dec", "openh264dec");
    let (frames, _, decoder) = play(SourceConfig { decoding: Decoding::Auto, ..lossless(&path) });
    let decoder = decoder.unwrap();
    assert_eq!((frames, decoder.element.as_str(), decoder.decoding), (59, "avdec_h264", Decoding::Software));
    assert!(decoder.fell_back.as_ref().is_some_and(|why| why.starts_with("nvh264dec: ")), "{decoder:?}");
    // Where it was named, it is not replaced behind the installer's back.
    let failed = Watched::start(SourceConfig { decoding: Decoding::Nvidia, ..lossless(&path) }).happens();
    assert!(matches!(failed, capture::Happened::Failed(_)), "{failed:?}");
}

#[test]
fn formats_that_hardware_is_not_chosen_for_are_decoded_anyway() {
    let folder = tempfile::tempdir().unwrap();
    register("vah264dec", "avdec_h264");
    let path = folder.path().join("a.webm");
    produce(&format!("{} ! vp8enc deadline=1 ! webmmux ! filesink location={}", pattern(10, 160, 120), path.display()));
    let (frames, _, decoder) = play(SourceConfig { decoding: Decoding::Vaapi, ..lossless(&path) });
    assert_eq!((frames, decoder.unwrap().decoding), (10, Decoding::Software));
}
