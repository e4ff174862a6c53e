//! What goes into the decoder, seen on its way.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gstreamer as gst;
use gstreamer::prelude::*;

use crate::Decodes;
use crate::camera::Shared;
use crate::clip::Codec;
use crate::ring::{StreamFormat, Unit};

/// What the stream has said of itself on this pad.
#[derive(Debug, Default)]
struct Said {
    segment: Option<gst::FormattedSegment<gst::ClockTime>>,
    /// Whether the stream is one that clips can be cut from.
    cuttable: bool,
    /// Where the last picture ended, for one that does not say when it is shown.
    over: Duration,
    /// Whether the decoder has got the picture before this one.
    in_step: bool,
}

/// What becomes of a picture on its way into the decoder.
enum Way {
    Pass,
    /// Nobody reads.
    Drop,
    /// After these, which the decoder needs first.
    PassAfter(Vec<Unit>),
}

/// Keeps what `decoder` gets, if the camera keeps its stream, and lets through what is to be decoded.
pub(crate) fn watch(decoder: &gst::Element, shared: &Arc<Shared>, decodes: Decodes) {
    let wanted = shared.ring.keeps() || decodes == Decodes::WhileReading;
    let Some(pad) = decoder.sink_pads().into_iter().next().filter(|_| wanted) else { return };
    let shared = Arc::clone(shared);
    let said = Mutex::new(Said::default());
    // Set while what was kept goes into the decoder, through this same probe.
    let replaying = AtomicBool::new(false);
    pad.add_probe(gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM, move |pad, info| {
        if replaying.load(Ordering::Acquire) {
            return gst::PadProbeReturn::Ok;
        }
        let way = {
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            match &info.data {
                Some(gst::PadProbeData::Buffer(buffer)) => {
                    keep(&shared, &mut said, buffer);
                    way(&shared, &mut said, buffer, decodes)
                }
                Some(gst::PadProbeData::Event(event)) => {
                    hear(&shared, &mut said, event);
                    Way::Pass
                }
                Some(_) | None => Way::Pass,
            }
        };
        match way {
            Way::Pass => {}
            Way::Drop => return gst::PadProbeReturn::Drop,
            Way::PassAfter(units) => {
                replaying.store(true, Ordering::Release);
                let went = replay(pad, units);
                replaying.store(false, Ordering::Release);
                if let Err(error) = went {
                    // The next picture gets the same answer from the decoder, and the pipeline learns of it.
                    tracing::debug!(%error, "cannot decode what was kept");
                }
            }
        }
        gst::PadProbeReturn::Ok
    });
}

/// What becomes of the picture in `buffer`, which is kept already.
fn way(shared: &Shared, said: &mut Said, buffer: &gst::Buffer, decodes: Decodes) -> Way {
    if decodes == Decodes::Always || !said.cuttable {
        return Way::Pass;
    }
    shared.mailbox.sign_of_life(Instant::now());
    let reading = shared.reading.load(Ordering::Acquire);
    let was_in_step = std::mem::replace(&mut said.in_step, reading);
    if !reading {
        return Way::Drop;
    }
    if was_in_step || is_key(buffer) {
        return Way::Pass;
    }
    let mut needed = shared.ring.since_key_frame();
    // The last of them is this one.
    if needed.pop().is_some() {
        return Way::PassAfter(needed);
    }
    said.in_step = false;
    Way::Drop
}

/// Puts what was kept into the decoder.
fn replay(pad: &gst::Pad, units: Vec<Unit>) -> Result<(), gst::FlowError> {
    for (number, unit) in units.into_iter().enumerate() {
        let mut buffer = unit.buffer;
        if number == 0 {
            buffer.make_mut().set_flags(gst::BufferFlags::DISCONT);
        }
        pad.chain(buffer)?;
    }
    Ok(())
}

fn is_key(buffer: &gst::BufferRef) -> bool {
    !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT)
}

fn hear(shared: &Shared, said: &mut Said, event: &gst::Event) {
    // EventView is not ours and grows with the library.
    #[expect(clippy::wildcard_enum_match_arm)]
    match event.view() {
        gst::EventView::Caps(caps) => {
            let caps = caps.caps_owned();
            let format = stream_format(&caps);
            said.cuttable = format.is_some();
            match format {
                Some(format) => shared.ring.begin(format),
                None => shared.ring.begin_uncuttable(&name_of(&caps)),
            }
        }
        gst::EventView::Segment(segment) => {
            said.segment = segment.segment().downcast_ref::<gst::ClockTime>().cloned();
        }
        _ => {}
    }
}

fn keep(shared: &Shared, said: &mut Said, buffer: &gst::Buffer) {
    if !said.cuttable {
        return;
    }
    let stamped = said.segment.as_ref().zip(buffer.pts()).and_then(|(segment, pts)| segment.to_running_time(pts));
    let running = stamped.map_or(said.over, Duration::from);
    let elapsed = Instant::now().duration_since(shared.started);
    let media = shared.clock.lock().unwrap_or_else(PoisonError::into_inner).place(running, elapsed);
    let unit = Unit { buffer: buffer.clone(), running, media, key: is_key(buffer) };
    said.over = running + unit.lasts();
    shared.ring.put(unit);
}

/// The format of whole pictures in H.264 or H.265.
fn stream_format(caps: &gst::Caps) -> Option<StreamFormat> {
    let structure = caps.structure(0)?;
    let codec = match structure.name().as_str() {
        "video/x-h264" => Codec::H264,
        "video/x-h265" => Codec::H265,
        _ => return None,
    };
    (structure.get::<&str>("alignment").ok()? == "au").then(|| StreamFormat { codec, caps: caps.clone() })
}

/// What a stream that cannot be cut is called, for people.
pub(crate) fn name_of(caps: &gst::CapsRef) -> String {
    match caps.structure(0).map(|structure| structure.name().as_str()) {
        Some("image/jpeg") => "Motion JPEG".to_owned(),
        Some("video/x-raw") | None => "uncompressed video".to_owned(),
        Some(other) => other.to_owned(),
    }
}
