//! A real RTSP server on the loopback interface: a camera that can be made to die, freeze, end and ask for a password.
//!
//! Stands alone, so that a crate's own tests can take it in by its path.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use gstreamer as gst;
use gstreamer::glib;
use gstreamer::prelude::*;
use gstreamer_rtsp_server as gst_rtsp_server;
use gstreamer_rtsp_server::prelude::*;

/// The path of the stream on every server.
pub const STREAM: &str = "/stream";

/// What a server shows to each client, from the beginning.
#[derive(Debug, Clone)]
pub enum Show {
    /// A moving test picture.
    Pattern {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
        /// Frames a second.
        fps: u32,
        /// The stream ends after so many frames; never where `None`.
        frames: Option<u32>,
    },
    /// A ball that goes around once a second by the machine's clock, so that its place says when a picture was taken.
    Clock {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
        /// Frames a second.
        fps: u32,
        /// Frames from one key frame to the next.
        key_every: u32,
        /// How much later than taken each picture is sent, in milliseconds.
        late_ms: u32,
    },
    /// An MP4 file with H.264, at its own speed; the stream ends with the file.
    Mp4(PathBuf),
    /// A file of bare H.264 (byte stream, key frame first), at this many frames a second, over and over without end.
    Loop {
        /// The file.
        path: PathBuf,
        /// Frames a second.
        fps: u32,
    },
    /// A test picture with a part that always changes, all of it in key frames, until [`RtspServer::set_pattern`].
    Pictures {
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
        /// Frames a second.
        fps: u32,
    },
    /// A tone and no picture.
    Tone,
}

/// What a server is like.
#[derive(Debug, Clone)]
pub struct Setup {
    /// What it shows.
    pub show: Show,
    /// The user name and password without which it shows nothing.
    pub login: Option<(String, String)>,
    /// Where it listens; any free port where 0.
    pub port: u16,
}

impl Setup {
    /// Shows `show` to everybody, on any free port.
    pub fn open(show: Show) -> Self {
        Self { show, login: None, port: 0 }
    }
}

/// The sources of the test pictures that are being shown.
type Sources = Arc<Mutex<Vec<gst::glib::WeakRef<gst::Element>>>>;

/// A running server; dropping it ends it the hard way, with its connections.
#[derive(Debug)]
pub struct RtspServer {
    port: u16,
    frozen: Arc<AtomicBool>,
    streams: Arc<AtomicUsize>,
    sources: Sources,
    main_loop: glib::MainLoop,
    thread: Option<JoinHandle<()>>,
}

impl RtspServer {
    /// Starts a server that listens when this returns.
    ///
    /// # Panics
    /// Where the port is taken or GStreamer is not installed.
    pub fn start(setup: Setup) -> Self {
        gst::init().expect("GStreamer is installed");
        let frozen = Arc::new(AtomicBool::new(false));
        let streams = Arc::new(AtomicUsize::new(0));
        let sources = Sources::default();
        let (sender, listening) = sync_channel(1);
        let thread = thread::spawn({
            let (frozen, streams, sources) = (Arc::clone(&frozen), Arc::clone(&streams), Arc::clone(&sources));
            move || {
                let context = glib::MainContext::new();
                let serve = || {
                    let main_loop = glib::MainLoop::new(Some(&context), false);
                    let server = server(&setup, frozen, streams, sources);
                    let source = server.attach(Some(&context)).expect("the port is free");
                    let port = u16::try_from(server.bound_port()).expect("a TCP port");
                    sender.send((port, main_loop.clone())).expect("somebody waits for the server");
                    main_loop.run();
                    if let Some(source) = context.find_source_by_id(&source) {
                        source.destroy();
                    }
                    server.client_filter(Some(&mut |_, _| gst_rtsp_server::RTSPFilterResult::Remove));
                };
                context.with_thread_default(serve).expect("the context is this thread's own");
            }
        });
        let (port, main_loop) = listening.recv().expect("the server starts");
        Self { port, frozen, streams, sources, main_loop, thread: Some(thread) }
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address of its stream.
    pub fn url(&self) -> String {
        format!("rtsp://127.0.0.1:{}{STREAM}", self.port)
    }

    /// The address of its stream with a user name and password.
    pub fn url_with(&self, user: &str, password: &str) -> String {
        format!("rtsp://{user}:{password}@127.0.0.1:{}{STREAM}", self.port)
    }

    /// How often the stream was begun for a client.
    pub fn streams_begun(&self) -> usize {
        self.streams.load(Ordering::Acquire)
    }

    /// Sends no more frames but keeps the connections.
    pub fn freeze(&self) {
        self.frozen.store(true, Ordering::Release);
    }

    /// Shows another test picture, by GStreamer's name of it, where [`Show::Pictures`] is shown.
    ///
    /// # Panics
    /// Where another test panicked while it did so.
    pub fn set_pattern(&self, pattern: &str) {
        for source in self.sources.lock().expect("nobody panics while it is held").iter() {
            if let Some(source) = source.upgrade() {
                source.set_property_from_str("pattern", pattern);
            }
        }
    }

    /// Sends frames again.
    pub fn thaw(&self) {
        self.frozen.store(false, Ordering::Release);
    }
}

impl Drop for RtspServer {
    fn drop(&mut self) {
        self.main_loop.quit();
        if let Some(thread) = self.thread.take() {
            // A panic in there has been reported by the test's harness already.
            let _panicked = thread.join();
        }
    }
}

fn server(
    setup: &Setup,
    frozen: Arc<AtomicBool>,
    streams: Arc<AtomicUsize>,
    sources: Sources,
) -> gst_rtsp_server::RTSPServer {
    let server = gst_rtsp_server::RTSPServer::new();
    server.set_address("127.0.0.1");
    server.set_service(&setup.port.to_string());
    let factory = gst_rtsp_server::RTSPMediaFactory::new();
    factory.set_launch(&launch(&setup.show));
    factory.set_shared(false);
    let fps = if let Show::Loop { fps, .. } = &setup.show { Some(u64::from(*fps)) } else { None };
    factory.connect_media_configure(move |_, media| {
        streams.fetch_add(1, Ordering::AcqRel);
        media.connect_prepared(report_capture_time);
        let element = media.element();
        let by_name = |name| element.downcast_ref::<gst::Bin>().and_then(|bin| bin.by_name(name));
        let source = by_name("pictures").map(|source| source.downgrade());
        sources.lock().expect("nobody panics while it is held").extend(source);
        let gate = by_name("gate");
        if let Some(fps) = fps {
            let gate = gate.as_ref().and_then(|gate| gate.static_pad("sink")).expect("each launch line has a gate");
            stamp(&gate, fps);
        }
        let frozen = Arc::clone(&frozen);
        gate.and_then(|gate| gate.static_pad("src")).expect("each launch line has a gate").add_probe(
            gst::PadProbeType::BUFFER,
            move |_, _| {
                if frozen.load(Ordering::Acquire) { gst::PadProbeReturn::Drop } else { gst::PadProbeReturn::Ok }
            },
        );
    });
    if let Some((user, password)) = &setup.login {
        let auth = gst_rtsp_server::RTSPAuth::new();
        let token = gst_rtsp_server::RTSPToken::builder()
            .field(gst_rtsp_server::RTSP_TOKEN_MEDIA_FACTORY_ROLE.as_str(), "viewer")
            .build();
        auth.add_basic(gst_rtsp_server::RTSPAuth::make_basic(user, password).as_str(), &token);
        server.set_auth(Some(&auth));
        factory.add_role_from_structure(
            &gst::Structure::builder("viewer")
                .field(gst_rtsp_server::RTSP_PERM_MEDIA_FACTORY_ACCESS.as_str(), true)
                .field(gst_rtsp_server::RTSP_PERM_MEDIA_FACTORY_CONSTRUCT.as_str(), true)
                .build(),
        );
    }
    let mounts = server.mount_points().expect("a new server has mount points");
    mounts.add_factory(STREAM, factory);
    server
}

/// Bare H.264 has no times: each picture gets its own.
fn stamp(pad: &gst::Pad, fps: u64) {
    let sent = AtomicU64::new(0);
    pad.add_probe(gst::PadProbeType::BUFFER, move |_, info| {
        if let Some(buffer) = info.buffer_mut() {
            let number = sent.fetch_add(1, Ordering::Relaxed);
            let at = gst::ClockTime::from_nseconds(number * 1_000_000_000 / fps);
            let buffer = buffer.make_mut();
            buffer.set_pts(at);
            buffer.set_dts(at);
        }
        gst::PadProbeReturn::Ok
    });
}

/// Makes the clock that goes with the stream tell when pictures were taken, as cameras do, not when they are sent.
fn report_capture_time(media: &gst_rtsp_server::RTSPMedia) {
    let pipeline = media.element().parent().and_downcast::<gst::Bin>();
    for element in pipeline.iter().flat_map(|pipeline| pipeline.iterate_elements()).flatten() {
        if element.factory().is_some_and(|factory| factory.name() == "rtpbin") {
            element.set_property("rtcp-sync-send-time", false);
        }
    }
}

fn launch(show: &Show) -> String {
    match show {
        Show::Pattern { width, height, fps, frames } => {
            let frames = frames.map_or(-1, i64::from);
            format!(
                "( videotestsrc is-live=true pattern=ball num-buffers={frames} \
                 ! video/x-raw,format=I420,width={width},height={height},framerate={fps}/1 \
                 ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max={fps} ! identity name=gate \
                 ! rtph264pay name=pay0 pt=96 config-interval=1 )"
            )
        }
        Show::Clock { width, height, fps, key_every, late_ms } => format!(
            "( videotestsrc is-live=true pattern=ball motion=sweep animation-mode=wall-time \
             ! video/x-raw,format=I420,width={width},height={height},framerate={fps}/1 \
             ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max={key_every} \
             ! queue min-threshold-time={late_ms}000000 max-size-time=0 max-size-bytes=0 max-size-buffers=0 \
             ! identity name=gate ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
        ),
        Show::Mp4(path) => format!(
            "( filesrc location=\"{}\" ! qtdemux ! h264parse ! identity name=gate \
             ! rtph264pay name=pay0 pt=96 config-interval=1 )",
            path.display()
        ),
        Show::Loop { path, fps } => format!(
            "( multifilesrc location=\"{}\" loop=true ! h264parse \
             ! video/x-h264,stream-format=byte-stream,alignment=au,framerate={fps}/1 ! identity name=gate \
             ! rtph264pay name=pay0 pt=96 config-interval=1 )",
            path.display()
        ),
        Show::Pictures { width, height, fps } => format!(
            "( videotestsrc name=pictures is-live=true pattern=smpte \
             ! video/x-raw,format=I420,width={width},height={height},framerate={fps}/1 \
             ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=1 pass=quant quantizer=18 \
             ! identity name=gate ! rtph264pay name=pay0 pt=96 config-interval=1 )"
        ),
        Show::Tone => "( audiotestsrc is-live=true ! audioconvert ! identity name=gate \
                       ! rtpL16pay name=pay0 pt=96 )"
            .to_owned(),
    }
}
