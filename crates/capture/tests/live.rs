//! Cameras over RTSP: a real server on the loopback interface that dies, freezes, ends and refuses.

#![allow(clippy::unwrap_used)]

use std::net::TcpListener;
use std::time::{Duration, Instant};

use capture::{DownReason, Happened, SourceConfig};

use crate::support::rtsp::{RtspServer, Setup, Show};
use crate::support::{DEADLINE, SIZE, Watched, mp4, quick};

#[path = "support/watched.rs"]
mod support;

const SHOW: Show = Show::Pattern { width: 320, height: 240, fps: 25, frames: None };

fn config(url: &str) -> SourceConfig {
    SourceConfig { limits: quick(), ..SourceConfig::new(url.parse().unwrap(), SIZE) }
}

#[test]
fn a_camera_plays() {
    let server = RtspServer::start(Setup::open(SHOW));
    let mut watched = Watched::start(config(&server.url()));
    watched.up();
    let (begun, first) = (Instant::now(), watched.frame());
    assert_eq!((first.full_size(), first.scaled().width(), first.scaled().height()), ((320, 240), 64, 48));
    let mut last = first.media;
    while last.since(first.media) < Duration::from_secs(2) {
        last = watched.frame().media;
    }
    let (media, wall) = (last.since(first.media), begun.elapsed());
    assert!(media.abs_diff(wall) < Duration::from_secs(1), "{media:?} of media time passed in {wall:?}");
}

#[test]
fn a_camera_that_dies_and_comes_back_is_found_again() {
    let server = RtspServer::start(Setup::open(SHOW));
    let port = server.port();
    let mut watched = Watched::start(config(&server.url()));
    watched.up();
    watched.frame();
    drop(server);
    let first = watched.down();
    assert!(
        matches!(first, DownReason::StreamEnded | DownReason::Broken { .. } | DownReason::Refused { .. }),
        "{first:?}"
    );
    let then = if matches!(first, DownReason::Refused { .. }) { first } else { watched.down() };
    assert!(matches!(then, DownReason::Refused { .. }), "{then:?}");
    let server = RtspServer::start(Setup { port, ..Setup::open(SHOW) });
    watched.up();
    watched.frame();
    assert_eq!(server.streams_begun(), 1);
}

#[test]
fn a_stream_that_the_camera_ends_is_asked_for_again() {
    let show = Show::Pattern { width: 320, height: 240, fps: 25, frames: Some(20) };
    let server = RtspServer::start(Setup::open(show));
    let mut watched = Watched::start(config(&server.url()));
    for _ in 0..2 {
        watched.up();
        watched.frame();
        assert_eq!(watched.down(), DownReason::StreamEnded);
    }
    assert!(server.streams_begun() >= 2);
}

#[test]
fn a_recorded_file_served_over_rtsp_plays() {
    let folder = tempfile::tempdir().unwrap();
    let server = RtspServer::start(Setup::open(Show::Mp4(mp4(folder.path(), 100))));
    let mut watched = Watched::start(config(&server.url()));
    watched.up();
    assert_eq!(watched.frame().full_size(), (320, 240));
}

#[test]
fn a_frozen_camera_is_noticed_and_asked_again() {
    let server = RtspServer::start(Setup::open(SHOW));
    let mut watched = Watched::start(config(&server.url()));
    watched.up();
    watched.frame();
    server.freeze();
    let frozen = Instant::now();
    let reason = watched.down();
    let DownReason::Frozen { silent_for } = reason else { panic!("{reason:?}") };
    assert!(silent_for >= quick().no_frame && frozen.elapsed() < quick().no_frame * 5, "{silent_for:?}");
    server.thaw();
    watched.up();
    watched.frame();
}

#[test]
fn a_camera_that_never_shows_a_picture_is_silent() {
    let server = RtspServer::start(Setup::open(SHOW));
    server.freeze();
    let mut config = config(&server.url());
    config.limits.connect = Duration::from_secs(2);
    let reason = Watched::start(config).down();
    assert!(matches!(reason, DownReason::Silent { .. }), "{reason:?}");
}

#[test]
fn something_that_listens_but_never_answers_is_silent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = config(&format!("rtsp://127.0.0.1:{}/x", listener.local_addr().unwrap().port()));
    config.limits.connect = Duration::from_secs(1);
    let begun = Instant::now();
    let reason = Watched::start(config).down();
    assert!(matches!(reason, DownReason::Silent { .. } | DownReason::Unreachable { .. }), "{reason:?}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn a_refused_password_is_told_and_not_tried_often() {
    let login = Some(("gate".to_owned(), "open sesame".to_owned()));
    let server = RtspServer::start(Setup { login, ..Setup::open(SHOW) });
    for url in [server.url_with("gate", "hunter2"), server.url()] {
        let mut config = config(&url);
        config.limits.backoff_max = Duration::from_secs(3600);
        let mut watched = Watched::start(config);
        let reason = watched.down();
        assert!(matches!(reason, DownReason::Unauthorized { .. }), "{reason:?}");
        let text = reason.to_string();
        assert!(text.contains("authentication") && !text.contains("hunter2"), "{text}");
        assert!(watched.camera.next(Duration::from_secs(1)).is_none(), "waits the longest before it asks again");
    }
    let mut watched = Watched::start(config(&server.url_with("gate", "open%20sesame")));
    watched.up();
    watched.frame();
}

#[test]
fn an_absent_camera_refuses_the_connection_and_is_told_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut watched = Watched::start(config(&format!("rtsp://admin:hunter2@127.0.0.1:{port}/x")));
    let reason = watched.down();
    assert_eq!(reason, DownReason::Refused { address: format!("127.0.0.1:{port}") });
    assert!(watched.camera.next(Duration::from_secs(2)).is_none(), "the same cause is no news");
    let _server = RtspServer::start(Setup { port, ..Setup::open(SHOW) });
    let url = format!("rtsp://127.0.0.1:{port}/stream");
    let mut other = Watched::start(config(&url));
    other.up();
    let reason = watched.down();
    assert!(matches!(reason, DownReason::StreamUnknown { .. }), "/x is not served: {reason:?}");
}

#[test]
fn a_host_that_does_not_exist_is_unreachable() {
    let reason = Watched::start(config("rtsp://no-such-host.invalid/x")).down();
    assert!(matches!(reason, DownReason::Unreachable { .. }), "{reason:?}");
    assert!(reason.to_string().contains("no-such-host.invalid:554"), "{reason}");
}

#[test]
fn a_camera_without_picture_says_so() {
    let server = RtspServer::start(Setup::open(Show::Tone));
    let reason = Watched::start(config(&server.url())).down();
    assert!(matches!(reason, DownReason::NoVideo { .. }), "{reason:?}");
}

#[test]
fn a_late_reader_gets_the_newest_frame_of_a_camera() {
    let server = RtspServer::start(Setup::open(SHOW));
    let mut watched = Watched::start(config(&server.url()));
    watched.up();
    watched.frame();
    let (_sender, busy) = std::sync::mpsc::channel::<()>();
    let until = Instant::now() + DEADLINE;
    loop {
        assert!(busy.recv_timeout(Duration::from_millis(500)).is_err());
        let frame = watched.frame();
        if frame.dropped_before >= 5 && frame.arrived.elapsed() < Duration::from_millis(200) {
            break;
        }
        assert!(Instant::now() < until, "older frames are dropped and counted");
    }
}

#[test]
fn a_camera_stops_in_every_state() {
    let server = RtspServer::start(Setup::open(SHOW));
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = config("rtsp://127.0.0.1:1/x");
    let unanswered = config(&format!("rtsp://127.0.0.1:{}/x", silent.local_addr().unwrap().port()));
    for (config, downs, frames) in [(refused, 1, 0), (unanswered, 0, 0), (config(&server.url()), 0, 3)] {
        let mut watched = Watched::start(config);
        for _ in 0..downs {
            watched.down();
        }
        if frames > 0 {
            watched.up();
        }
        for _ in 0..frames {
            assert!(matches!(watched.happens(), Happened::Frame(_)));
        }
        let begun = Instant::now();
        drop(watched);
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    }
}
