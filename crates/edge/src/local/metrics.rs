//! The status as Prometheus reads it (text format 0.0.4).

use std::fmt::Write;

use crate::access::{CodeKind, LaneState, LaneStatus};
use crate::attention::Skipped;
use crate::board::ClipCount;
use crate::health::PictureHealth;
use crate::histogram::{BOUNDS_MS, Histogram};
use crate::stage::Stage;
use crate::status::{CameraView, NodeView};
use crate::today::{LineToday, ZoneNow};

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
    pictures(&status.cameras, &mut out);
    today(&status.cameras, &mut out);
    clips(view, &mut out);
    codes(view, &mut out);
    lanes(&status.lanes, &mut out);
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

/// What the pictures of each camera are like, and how many of its plates were read.
fn pictures(cameras: &[CameraView], out: &mut String) {
    let mut gauge = |name: &str, help: &str, value: &dyn Fn(&CameraView) -> Option<f64>| {
        let values: Vec<_> =
            cameras.iter().filter_map(|camera| Some((&camera.status.camera, value(camera)?))).collect();
        if !values.is_empty() {
            writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge").expect("a string takes it");
        }
        for (camera, value) in values {
            writeln!(out, "{name}{{camera=\"{camera}\"}} {value}").expect("a string takes it");
        }
    };
    let of = |read: fn(&PictureHealth) -> Option<f64>| {
        move |camera: &CameraView| camera.status.picture.as_ref().and_then(read)
    };
    let help = "Variance of the Laplacian; compare it with the same camera's.";
    gauge("gatehouse_camera_sharpness", help, &of(|own| Some(own.sharpness)));
    let help = "The sharpness of a good day.";
    gauge("gatehouse_camera_sharpness_reference", help, &of(|own| own.sharpness_reference));
    gauge("gatehouse_camera_brightness", "Mean brightness, 0 to 255.", &of(|own| Some(own.brightness)));
    let help = "How far the view is from the one that the camera was set up for, 0 to 1.";
    gauge("gatehouse_camera_moved", help, &of(|own| own.moved));
    let help = "For how long the picture has been the same; 0 where it changes.";
    gauge("gatehouse_camera_frozen_seconds", help, &of(|own| Some(own.frozen_s.unwrap_or(0) as f64)));
    let px = |of: fn((u32, u32)) -> u32| move |camera: &CameraView| camera.status.plate_px.map(|px| f64::from(of(px)));
    let help = "Width of the last plates in pixels of the full frame, the middle one.";
    gauge("gatehouse_plate_width_pixels", help, &px(|(width, _)| width));
    let help = "Height of the last plates in pixels of the full frame, the middle one.";
    gauge("gatehouse_plate_height_pixels", help, &px(|(_, height)| height));
    let help = "Share of the plates of the last day that were read.";
    gauge("gatehouse_plate_read_share", help, &|camera| camera.read_share);
    let visits = |camera: &CameraView| camera.reads.iter().map(|hour| hour.visits).sum::<u64>() as f64;
    let help = "Plates of the last day.";
    gauge("gatehouse_plate_visits_last_day", help, &|camera| camera.read_share.map(|_| visits(camera)));
}

/// What the gates have counted since midnight in Vietnam, and who is in their zones.
fn today(cameras: &[CameraView], out: &mut String) {
    let mut line = |text: std::fmt::Arguments<'_>| writeln!(out, "{text}").expect("a string takes it");
    if cameras.iter().any(|camera| !camera.today.is_empty()) {
        let help = "Passages since midnight in Vietnam, as the node counts them.";
        line(format_args!("# HELP gatehouse_passages_today {help}\n# TYPE gatehouse_passages_today gauge"));
    }
    for LineToday { gate, line: id, group, r#in, out } in cameras.iter().flat_map(|camera| &camera.today) {
        let group = group.as_str();
        for (direction, count) in [("in", r#in), ("out", out)] {
            let labels = format!("gate=\"{gate}\",line=\"{id}\",group=\"{group}\",direction=\"{direction}\"");
            line(format_args!("gatehouse_passages_today{{{labels}}} {count}"));
        }
    }
    if cameras.iter().any(|camera| !camera.inside.is_empty()) {
        line(format_args!("# HELP gatehouse_zone_count Who is in a zone.\n# TYPE gatehouse_zone_count gauge"));
    }
    for ZoneNow { gate, zone, group, count } in cameras.iter().flat_map(|camera| &camera.inside) {
        let group = group.as_str();
        line(format_args!("gatehouse_zone_count{{gate=\"{gate}\",zone=\"{zone}\",group=\"{group}\"}} {count}"));
    }
}

fn clips(view: &NodeView, out: &mut String) {
    let head = "# HELP gatehouse_clips_total Clips of events.\n# TYPE gatehouse_clips_total counter";
    writeln!(out, "{head}").expect("a string takes it");
    for board in view.boards() {
        for what in ClipCount::ALL {
            let (camera, name, count) = (&board.id, what.as_str(), board.clips(what));
            writeln!(out, "gatehouse_clips_total{{camera=\"{camera}\",outcome=\"{name}\"}} {count}")
                .expect("a string takes it");
        }
    }
}

fn codes(view: &NodeView, out: &mut String) {
    let head = "# HELP gatehouse_codes_total Codes that were read.\n# TYPE gatehouse_codes_total counter";
    writeln!(out, "{head}").expect("a string takes it");
    for board in view.boards() {
        for kind in CodeKind::ALL {
            let (camera, name, count) = (&board.id, kind.as_str(), board.codes(kind));
            writeln!(out, "gatehouse_codes_total{{camera=\"{camera}\",kind=\"{name}\"}} {count}")
                .expect("a string takes it");
        }
    }
}

/// What the lanes are doing.
pub(super) fn lanes(lanes: &[LaneStatus], out: &mut String) {
    if lanes.is_empty() {
        return;
    }
    let mut line = |text: std::fmt::Arguments<'_>| writeln!(out, "{text}").expect("a string takes it");
    line(format_args!("# HELP gatehouse_lane_state 1 for what the lane is doing.\n# TYPE gatehouse_lane_state gauge"));
    for LaneStatus { lane, state, .. } in lanes {
        for one in LaneState::ALL {
            let is = u8::from(one == *state);
            line(format_args!("gatehouse_lane_state{{lane=\"{lane}\",state=\"{}\"}} {is}", one.as_str()));
        }
    }
    line(format_args!(
        "# HELP gatehouse_lane_relay_up 1 while the relay does what it is told.\n# TYPE gatehouse_lane_relay_up gauge"
    ));
    for LaneStatus { lane, relay_error, .. } in lanes.iter().filter(|lane| lane.state != LaneState::WithoutBarrier) {
        line(format_args!("gatehouse_lane_relay_up{{lane=\"{lane}\"}} {}", u8::from(relay_error.is_none())));
    }
    let name = "gatehouse_lane_decisions_total";
    line(format_args!("# HELP {name} Decisions.\n# TYPE {name} counter"));
    for LaneStatus { lane, decisions, .. } in lanes {
        for (verdict, count) in decisions {
            line(format_args!("{name}{{lane=\"{lane}\",verdict=\"{verdict}\"}} {count}"));
        }
    }
    let name = "gatehouse_lane_orders_total";
    line(format_args!("# HELP {name} Guards' orders.\n# TYPE {name} counter"));
    for LaneStatus { lane, orders, .. } in lanes {
        for (outcome, count) in orders {
            line(format_args!("{name}{{lane=\"{lane}\",outcome=\"{outcome}\"}} {count}"));
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
