//! The status as Prometheus reads it (text format 0.0.4).

use std::fmt::Write;

use crate::attention::Skipped;
use crate::histogram::{BOUNDS_MS, Histogram};
use crate::stage::Stage;
use crate::status::NodeView;

/// Every metric of the node.
pub(super) fn text(view: &NodeView) -> String {
    let status = view.status();
    let mut out = String::new();
    let mut one = |name: &str, kind: &str, help: &str, value: Option<f64>| {
        if let Some(value) = value {
            writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}").expect("a string takes it");
        }
    };
    let number = |value: u64| Some(value as f64);
    one("gatehouse_up", "gauge", "1 while the node runs.", Some(1.0));
    one("gatehouse_uptime_seconds", "gauge", "Time since the node started.", number(status.uptime_s));
    one("gatehouse_problems", "gauge", "Things that a person should see to.", number(status.problems.len() as u64));
    one("gatehouse_events_waiting", "gauge", "Events that the hub has not confirmed.", number(status.events_waiting.0));
    one("gatehouse_events_waiting_max", "gauge", "Most events that may wait.", number(status.events_waiting.1));
    one("gatehouse_pictures_waiting", "gauge", "Pictures that the hub has not got.", number(status.pictures_waiting.0));
    one("gatehouse_pictures_waiting_bytes", "gauge", "Their bytes.", number(status.pictures_waiting.1));
    one(
        "gatehouse_pictures_dropped_total",
        "counter",
        "Pictures that went for want of room.",
        number(status.pictures_dropped),
    );
    let connected = status.connected.map(|connected| f64::from(u8::from(connected)));
    one("gatehouse_broker_connected", "gauge", "1 while the broker lets the node in.", connected);
    one("gatehouse_shed_level", "gauge", "Steps of load that are shed.", number(status.shed_level as u64));
    one(
        "gatehouse_clock_offset_seconds",
        "gauge",
        "How far the clock jumped since the start.",
        Some(status.clock.offset_ms as f64 / 1e3),
    );
    let host = &status.host;
    one(
        "gatehouse_disk_free_bytes",
        "gauge",
        "Free bytes of the data folder's disk.",
        host.disk_free_bytes.map(|b| b as f64),
    );
    one(
        "gatehouse_temperature_celsius",
        "gauge",
        "The hottest sensor of the machine.",
        host.temperature_c.map(f64::from),
    );
    one("process_resident_memory_bytes", "gauge", "Resident memory.", host.memory_bytes.map(|b| b as f64));
    one("process_cpu_seconds_total", "counter", "Processor time.", Some(host.cpu_seconds));
    cameras(view, &mut out);
    out
}

fn cameras(view: &NodeView, out: &mut String) {
    let mut line = |text: std::fmt::Arguments<'_>| writeln!(out, "{text}").expect("a string takes it");
    line(format_args!("# HELP gatehouse_frames_total Frames looked at.\n# TYPE gatehouse_frames_total counter"));
    for board in view.boards() {
        line(format_args!("gatehouse_frames_total{{camera=\"{}\"}} {}", board.id, board.stages.frames()));
    }
    line(format_args!(
        "# HELP gatehouse_frames_skipped_total Frames not looked at.\n# TYPE gatehouse_frames_skipped_total counter"
    ));
    for board in view.boards() {
        for why in Skipped::ALL {
            let count = board.stages.skipped(why);
            line(format_args!(
                "gatehouse_frames_skipped_total{{camera=\"{}\",reason=\"{}\"}} {count}",
                board.id,
                why.as_str()
            ));
        }
    }
    line(format_args!(
        "# HELP gatehouse_frame_wait_seconds From a frame's arrival to its turn.\n# TYPE gatehouse_frame_wait_seconds histogram"
    ));
    for board in view.boards() {
        histogram(&mut line, "gatehouse_frame_wait_seconds", &format!("camera=\"{}\"", board.id), board.stages.waits());
    }
    line(format_args!(
        "# HELP gatehouse_decision_seconds From a frame's arrival to what was decided.\n# TYPE gatehouse_decision_seconds histogram"
    ));
    for board in view.boards() {
        histogram(
            &mut line,
            "gatehouse_decision_seconds",
            &format!("camera=\"{}\"", board.id),
            board.stages.latencies(),
        );
    }
    line(format_args!(
        "# HELP gatehouse_stage_seconds What a stage of a frame's work cost.\n# TYPE gatehouse_stage_seconds histogram"
    ));
    for board in view.boards() {
        for stage in Stage::ALL {
            let labels = format!("camera=\"{}\",stage=\"{}\"", board.id, stage.as_str());
            histogram(&mut line, "gatehouse_stage_seconds", &labels, board.stages.of(stage));
        }
    }
}

fn histogram(line: &mut impl FnMut(std::fmt::Arguments<'_>), name: &str, labels: &str, histogram: &Histogram) {
    let counts = histogram.counts();
    let mut below = 0;
    for (bound, count) in BOUNDS_MS.iter().zip(counts) {
        below += count;
        line(format_args!("{name}_bucket{{{labels},le=\"{}\"}} {below}", bound / 1e3));
    }
    let total: u64 = counts.iter().sum();
    line(format_args!("{name}_bucket{{{labels},le=\"+Inf\"}} {total}"));
    line(format_args!("{name}_sum{{{labels}}} {}", histogram.sum().as_secs_f64()));
    line(format_args!("{name}_count{{{labels}}} {total}"));
}
