//! The camera's own clock, from the sender reports that go with its stream (RFC 3550, 6.4.1): what tells when a picture
//! was taken, not when it came.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use gstreamer as gst;
use gstreamer::glib;
use gstreamer::prelude::*;

use crate::camera::Shared;

/// The packet type of a sender report.
const SENDER_REPORT: u8 = 200;
/// Bytes of a sender report up to the time stamp of its stream.
const REPORT_BYTES_MIN: usize = 20;

/// Listens to the sender reports that `source`, an `rtspsrc`, gets.
pub(crate) fn listen(source: &gst::Element, shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    source.connect("new-manager", false, move |values| {
        let manager = values.get(1).and_then(|value| value.get::<gst::Element>().ok())?;
        let known = |name| glib::subclass::SignalId::lookup(name, manager.type_()).is_some();
        if known("new-jitterbuffer") {
            let shared = Arc::clone(&shared);
            manager.connect("new-jitterbuffer", false, move |values| {
                let buffer = values.get(1).and_then(|value| value.get::<gst::Element>().ok())?;
                let shared = Arc::clone(&shared);
                buffer.connect("handle-sync", false, move |values| {
                    let report = values.get(1).and_then(|value| value.get::<gst::Structure>().ok());
                    if let Some((running, taken)) = report.as_deref().and_then(read) {
                        learn(&shared, running, taken);
                    }
                    None
                });
                None
            });
        }
        None
    });
}

/// A moment of the stream, in the pipeline's running time and by the camera's clock.
fn read(report: &gst::StructureRef) -> Option<(Duration, Duration)> {
    let [base, reported] = ["base-rtptime", "sr-ext-rtptime"].map(|field| report.get::<u64>(field).ok());
    let (base, reported) = (base?, reported?);
    let (base_time, rate) = (report.get::<u64>("base-time").ok()?, report.get::<u32>("clock-rate").ok()?);
    let packet = report.get::<gst::Buffer>("sr-buffer").ok()?;
    let taken = report_time(&packet.map_readable().ok()?)?;
    if rate == 0 || base_time == u64::MAX {
        return None;
    }
    let after = i128::from(reported) - i128::from(base);
    let running = i128::from(base_time) + after * 1_000_000_000 / i128::from(rate);
    Some((Duration::from_nanos(u64::try_from(running).ok()?), taken))
}

/// The sender's time in the report at the beginning of `packet`, since 1900.
fn report_time(packet: &[u8]) -> Option<Duration> {
    let report = packet.get(..REPORT_BYTES_MIN).filter(|report| report[1] == SENDER_REPORT)?;
    let (seconds, rest) = report[8..].split_first_chunk::<4>()?;
    let (fraction, _) = rest.split_first_chunk::<4>()?;
    let (seconds, fraction) = (u32::from_be_bytes(*seconds), u32::from_be_bytes(*fraction));
    // Zero is what a sender without a clock writes.
    (seconds != 0).then(|| Duration::new(seconds.into(), ((u64::from(fraction) * 1_000_000_000) >> 32) as u32))
}

fn learn(shared: &Shared, running: Duration, taken: Duration) {
    let elapsed = Instant::now().duration_since(shared.started);
    let media = shared.clock.lock().unwrap_or_else(PoisonError::into_inner).place(running, elapsed);
    let taken = i64::try_from(taken.as_micros()).ok();
    let ahead = taken.zip(i64::try_from(media.as_micros()).ok()).map(|(taken, media)| taken - media);
    *shared.camera_clock.lock().unwrap_or_else(PoisonError::into_inner) = ahead;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_report_is_read_and_nothing_else() {
        // SSRC 1, 3_900_000_000.5 s, stream time stamp 7.
        let mut packet = vec![0x80, SENDER_REPORT, 0, 6, 0, 0, 0, 1];
        packet.extend(3_900_000_000_u32.to_be_bytes());
        packet.extend(0x8000_0000_u32.to_be_bytes());
        packet.extend(7_u32.to_be_bytes());
        assert_eq!(report_time(&packet), Some(Duration::from_millis(3_900_000_000_500)));
        assert_eq!(report_time(&packet[..19]), None, "cut off");
        packet[8..12].fill(0);
        assert_eq!(report_time(&packet), None, "a sender without a clock");
        packet[1] = 201;
        assert_eq!(report_time(&packet), None, "a receiver report");
    }
}
