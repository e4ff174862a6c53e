//! A GStreamer that lacks parts. In a program of its own, because the parts are taken out of the whole process.

#![allow(clippy::unwrap_used)]

use capture::{Camera, SourceConfig, SourceError, StartError};
use gstreamer as gst;
use gstreamer::prelude::*;

use crate::support::{SIZE, failure, lossless, mp4};

#[path = "support/watched.rs"]
mod support;

fn take_out(unwanted: impl Fn(&gst::ElementFactory) -> bool) {
    let registry = gst::Registry::get();
    for factory in registry.features(gst::ElementFactory::static_type()) {
        if factory.downcast_ref::<gst::ElementFactory>().is_some_and(&unwanted) {
            registry.remove_feature(&factory);
        }
    }
}

#[test]
fn a_missing_part_is_named_with_the_package_that_brings_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = mp4(folder.path(), 10);

    let h264 = gst::Caps::builder("video/x-h264").build();
    let decodes = |factory: &gst::ElementFactory| {
        factory.has_type(gst::ElementFactoryType::DECODER | gst::ElementFactoryType::MEDIA_VIDEO)
            && factory.can_sink_any_caps(&h264)
    };
    take_out(decodes);
    let error = failure(&path);
    assert!(matches!(error, SourceError::NoDecoder { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("H.264") && text.contains("install the Debian package gstreamer1.0-libav"), "{text}");

    take_out(|factory| factory.name() == "rtspsrc");
    let error = Camera::start(SourceConfig::new("rtsp://127.0.0.1/x".parse().unwrap(), SIZE)).unwrap_err();
    assert!(matches!(error, StartError::ElementMissing { element: "rtspsrc", .. }), "{error:?}");
    assert!(error.to_string().contains("gstreamer1.0-plugins-good"), "{error}");

    take_out(|factory| factory.name() == "decodebin");
    let error = Camera::start(lossless(&path)).unwrap_err();
    assert!(error.to_string().contains("gstreamer1.0-plugins-base"), "{error}");
}
