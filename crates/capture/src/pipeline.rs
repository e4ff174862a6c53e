//! One GStreamer pipeline: source, decoder, sink. Lives from one connection, or from one play of a file, to its end.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use gstreamer as gst;
use gstreamer::glib;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use gstreamer_video as gst_video;

use crate::camera::Shared;
use crate::decoding;
use crate::diagnosis::{self, Heard};
use crate::frame::Decoded;
use crate::mailbox::Put;
use crate::media_clock::FrameTiming;
use crate::session::Inbox;
use crate::{Pacing, RtspUrl, SourceConfig, SourceLocation};
use crate::{sender_clock, tap};

/// How long packets of a camera may be held back to be put in order. Over TCP they come in order.
const JITTER_BUFFER: Duration = Duration::from_millis(100);

/// Names under which decoders take their number of threads.
const THREAD_PROPERTIES: [&str; 3] = ["max-threads", "n-threads", "threads"];

/// A pipeline that plays; stops when dropped.
pub(crate) struct Pipeline {
    pipeline: gst::Pipeline,
    decodebin: gst::Element,
    /// Whether the camera has a video stream; not known before it has described itself, and always so for files.
    offers_video: Arc<AtomicBool>,
}

impl Pipeline {
    /// Builds and starts it. What it has to say goes to `inbox`, marked with the number of this `run`; its frames go to
    /// the mailbox.
    pub(crate) fn start(
        config: &SourceConfig,
        shared: &Arc<Shared>,
        inbox: &SyncSender<Inbox>,
        run: u64,
    ) -> Result<Self, glib::BoolError> {
        let pipeline = gst::Pipeline::new();
        let decodebin = decodebin(config, shared, inbox, run)?;
        // Passes I420 through untouched, which is what nearly all decoders give.
        let convert = gst::ElementFactory::make("videoconvert").property("n-threads", 1_u32).build()?;
        let sink = sink(config, shared);
        pipeline.add_many([&decodebin, &convert, sink.upcast_ref()])?;
        convert.link(&sink)?;
        let offers_video = Arc::new(AtomicBool::new(true));
        match &config.location {
            SourceLocation::File(path) => {
                let source = gst::ElementFactory::make("filesrc").property("location", path).build()?;
                pipeline.add(&source)?;
                source.link(&decodebin)?;
            }
            SourceLocation::Rtsp(url) => {
                offers_video.store(false, Ordering::Release);
                let source = rtsp_source(url, config, &offers_video)?;
                sender_clock::listen(&source, shared);
                pipeline.add(&source)?;
                link_video_when_it_appears(&source, &decodebin, "application/x-rtp");
            }
        }
        link_video_when_it_appears(&decodebin, &convert, "video/x-raw");
        if let Some(bus) = pipeline.bus() {
            let inbox = inbox.clone();
            bus.set_sync_handler(move |_, message| {
                if let Some(heard) = Heard::from_message(message) {
                    // Full only if nobody listens any more to the many complaints of a broken pipeline.
                    let _full = inbox.try_send(Inbox::Heard { run, heard });
                }
                gst::BusSyncReply::Drop
            });
        }
        let pipeline = Self { pipeline, decodebin, offers_video };
        // Where that fails, an element has put the reason on the bus.
        let _reason_follows = pipeline.pipeline.set_state(gst::State::Playing);
        Ok(pipeline)
    }

    /// Whether there was a video stream to choose.
    pub(crate) fn offers_video(&self) -> bool {
        self.offers_video.load(Ordering::Acquire)
    }

    /// How long a file says it lasts, where that can only be meant of its pictures.
    pub(crate) fn duration_of_pictures(&self) -> Option<Duration> {
        let alone = self.decodebin.src_pads().len() == 1;
        alone.then(|| self.pipeline.query_duration::<gst::ClockTime>()).flatten().map(Duration::from)
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        if let Some(bus) = self.pipeline.bus() {
            bus.set_flushing(true);
        }
        let _nothing_to_wait_for = self.pipeline.set_state(gst::State::Null);
    }
}

fn decodebin(
    config: &SourceConfig,
    shared: &Arc<Shared>,
    inbox: &SyncSender<Inbox>,
    run: u64,
) -> Result<gst::Element, glib::BoolError> {
    let decodebin = gst::ElementFactory::make("decodebin")
        .property("force-sw-decoders", shared.decoders.only_software())
        .build()?;
    decoding::restrict(&decodebin, shared)?;
    // Sound is not decoded: its pads appear as they are and stay unlinked.
    decodebin.connect("autoplug-continue", false, |values| {
        let caps = values.get(2).and_then(|value| value.get::<gst::Caps>().ok());
        let name = caps.as_ref().and_then(|caps| caps.structure(0)).map(|s| s.name().as_str()).unwrap_or_default();
        Some((!["audio/", "text/", "subpicture/"].iter().any(|kind| name.starts_with(kind))).to_value())
    });
    let (threads, decodes) = (config.decoder_threads, config.decodes);
    if let Some(bin) = decodebin.downcast_ref::<gst::Bin>() {
        let (inbox, shared) = (inbox.clone(), Arc::clone(shared));
        bin.connect_element_added(move |_, element| {
            if element.factory().is_some_and(|factory| decoding::decodes_video(&factory)) {
                tell_when_fed(element, &shared);
                limit_threads(element, threads);
                tap::watch(element, &shared, decodes);
            }
            listen_in(element, inbox.clone(), run);
        });
    }
    Ok(decodebin)
}

/// Tells of the errors of an element inside decodebin, which loses those that a demuxer reports while decodebin is
/// still busy adding it: the demuxer has stopped by then, and the pipeline would stand still without a word.
fn listen_in(element: &gst::Element, inbox: SyncSender<Inbox>, run: u64) {
    let Some(inner) = element.bus() else { return };
    let bus = gst::Bus::new();
    bus.set_sync_handler(move |_, message| {
        if message.type_() == gst::MessageType::Error
            && let Some(heard) = Heard::from_message(message)
        {
            let _full = inbox.try_send(Inbox::Suspected { run, heard });
        }
        if let Err(error) = inner.post(message.clone()) {
            tracing::trace!(%error, "a message of a stopped pipeline");
        }
        gst::BusSyncReply::Drop
    });
    element.set_bus(Some(&bus));
}

fn tell_when_fed(decoder: &gst::Element, shared: &Arc<Shared>) {
    if let Some(pad) = decoder.sink_pads().first() {
        let shared = Arc::clone(shared);
        pad.add_probe(gst::PadProbeType::BUFFER, move |_, _| {
            if !shared.reading.load(Ordering::Acquire) {
                return gst::PadProbeReturn::Ok;
            }
            shared.decoders.fed();
            gst::PadProbeReturn::Remove
        });
    }
}

fn limit_threads(element: &gst::Element, threads: u32) {
    for name in THREAD_PROPERTIES {
        if element.find_property(name).is_some_and(|p| [glib::Type::I32, glib::Type::U32].contains(&p.value_type())) {
            element.set_property_from_str(name, &threads.to_string());
        }
    }
}

fn rtsp_source(
    url: &RtspUrl,
    config: &SourceConfig,
    offers_video: &Arc<AtomicBool>,
) -> Result<gst::Element, glib::BoolError> {
    let mut builder = gst::ElementFactory::make("rtspsrc")
        .property("location", url.bare())
        .property_from_str("protocols", "tcp")
        .property("latency", u32::try_from(JITTER_BUFFER.as_millis()).unwrap_or(u32::MAX))
        .property("tcp-timeout", u64::try_from(config.limits.connect.as_micros()).unwrap_or(u64::MAX));
    let (user, password) = url.credentials();
    if let Some(user) = user {
        builder = builder.property("user-id", user).property("user-pw", password.unwrap_or_default());
    }
    let source = builder.build()?;
    // Sound is not even asked for.
    let offers_video = Arc::clone(offers_video);
    source.connect("select-stream", false, move |values| {
        let caps = values.get(2).and_then(|value| value.get::<gst::Caps>().ok());
        let media = caps.as_ref().and_then(|caps| caps.structure(0)).and_then(|s| s.get::<&str>("media").ok());
        let is_video = media == Some("video");
        offers_video.fetch_or(is_video, Ordering::AcqRel);
        Some(is_video.to_value())
    });
    Ok(source)
}

/// Links the first pad of `from` whose format begins with `format` to `to`; tells on the bus when there is none.
fn link_video_when_it_appears(from: &gst::Element, to: &gst::Element, format: &'static str) {
    let linked = Arc::new(AtomicBool::new(false));
    from.connect_pad_added({
        let linked = Arc::clone(&linked);
        // Weak, because the pipeline owns both elements and must be able to let them go.
        let to = to.downgrade();
        move |_, pad| {
            let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
            let fits = caps.structure(0).is_some_and(|s| s.name().as_str().starts_with(format));
            let Some(sink) = to.upgrade().and_then(|to| to.static_pad("sink")).filter(|sink| fits && !sink.is_linked())
            else {
                return;
            };
            match pad.link(&sink) {
                Ok(_) => linked.store(true, Ordering::Release),
                Err(error) => tracing::debug!(%error, %caps, "cannot link"),
            }
        }
    });
    from.connect_no_more_pads(move |from| {
        if !linked.load(Ordering::Acquire)
            && let Err(error) = from.post_message(diagnosis::no_video(from))
        {
            tracing::debug!(%error, "cannot tell that there is no video");
        }
    });
}

fn sink(config: &SourceConfig, shared: &Arc<Shared>) -> gst_app::AppSink {
    let sink = gst_app::AppSink::builder()
        .caps(&gst_video::VideoCapsBuilder::new().format(gst_video::VideoFormat::I420).build())
        .sync(config.pacing == Pacing::Realtime)
        .max_buffers(1)
        .enable_last_sample(false)
        .build();
    // Without this promise decoders that pad their pictures would copy each one into a buffer without padding.
    if let Some(pad) = sink.static_pad("sink") {
        pad.add_probe(gst::PadProbeType::QUERY_DOWNSTREAM, |_, info| {
            if let Some(query) = info.query_mut()
                && let gst::QueryViewMut::Allocation(allocation) = query.view_mut()
            {
                allocation.add_allocation_meta::<gst_video::VideoMeta>(None);
                return gst::PadProbeReturn::Handled;
            }
            gst::PadProbeReturn::Ok
        });
    }
    let shared = Arc::clone(shared);
    let mut known: Option<(gst::Caps, gst_video::VideoInfo)> = None;
    sink.set_callbacks(
        gst_app::AppSinkCallbacks::builder()
            .new_sample(move |sink| {
                let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                let arrived = Instant::now();
                let caps = sample.caps_owned().ok_or(gst::FlowError::NotNegotiated)?;
                let (_, info) = match &mut known {
                    Some(known) if known.0 == caps => known,
                    unknown => {
                        let info = gst_video::VideoInfo::from_caps(&caps).map_err(|_| gst::FlowError::NotNegotiated)?;
                        shared.decoders.proven();
                        // Told only where no compressed stream has begun.
                        shared.ring.begin_uncuttable(&tap::name_of(&caps));
                        unknown.insert((caps, info))
                    }
                };
                deliver(&shared, &sample, info, arrived)
            })
            .build(),
    );
    sink
}

fn deliver(
    shared: &Shared,
    sample: &gst::Sample,
    info: &gst_video::VideoInfo,
    arrived: Instant,
) -> Result<gst::FlowSuccess, gst::FlowError> {
    let buffer = sample.buffer_owned().ok_or(gst::FlowError::Error)?;
    let segment = sample.segment().and_then(|segment| segment.downcast_ref::<gst::ClockTime>());
    let running = |at: Option<gst::ClockTime>| segment.and_then(|s| s.to_running_time(at?)).map(Duration::from);
    let rate = info.fps();
    let by_rate = (rate.numer() > 0 && rate.denom() > 0)
        .then(|| Duration::from_secs_f64(f64::from(rate.denom()) / f64::from(rate.numer())));
    let timing = FrameTiming {
        running: running(buffer.pts()),
        ends: running(segment.and_then(|segment| segment.stop())),
        duration: buffer.duration().map(Duration::from).or(by_rate),
        elapsed: arrived.duration_since(shared.started),
    };
    let full = gst_video::VideoFrame::from_buffer_readable(buffer, info).map_err(|_| gst::FlowError::Error)?;
    let media = shared.clock.lock().unwrap_or_else(PoisonError::into_inner).stamp(timing);
    match shared.mailbox.put_frame(Decoded { media, arrived, dropped_before: 0, full: Box::new(full) }) {
        Put::Kept => Ok(gst::FlowSuccess::Ok),
        Put::Closed => Err(gst::FlowError::Flushing),
    }
}
