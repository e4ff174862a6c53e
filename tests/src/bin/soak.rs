//! `make soak`: four cameras of 1920 × 1080 at 15 frames a second on one node for half an hour, with a broker, a hub
//! and a camera server on the same machine. Says what the node cost, and ends with an error where a camera waited too
//! long, a decision came too late, a camera was lost or the memory grew.

#![expect(clippy::print_stdout, reason = "a program's answers go to standard output")]

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use gatehouse_tests::broker::free_port;
use gatehouse_tests::edge::{self, CAMERA, Plan};
use gatehouse_tests::found::{Home, repository, sample_video};
use gatehouse_tests::hub::Http;
use gatehouse_tests::rtsp::{RtspServer, Setup, Show};
use gatehouse_tests::site::Site;
use gatehouse_tests::soak::{Metrics, growth};
use gatehouse_tests::video;
use gatehouse_tests::wait::eventually;

/// Frames a second of each stream.
const FPS: u32 = 15;
/// The first and the third camera count persons; the second and the fourth count vehicles and read their plates.
const CAMERAS: [&str; 4] = [CAMERA, "cam-2", "cam-3", "cam-4"];
/// Caches fill and pools reach their size before anything is measured.
const WARM_UP: Duration = Duration::from_secs(120);
/// Between two readings of the memory.
const SAMPLE_EVERY: Duration = Duration::from_secs(5);
/// Between two lines of progress.
const TOLD_EVERY: Duration = Duration::from_secs(120);
/// No camera may wait longer for its turn, 99 times of 100.
const WAIT_MAX_S: f64 = 0.250;
/// From a frame to what is decided on it, 99 times of 100, where there are vehicles.
const DECISION_MAX_S: f64 = 0.150;
/// How much the memory may grow.
const GROWTH_MAX: f64 = 0.05;

#[derive(Parser)]
#[command(name = "soak", about = "Runs a node with four full-size cameras and holds it to its limits")]
struct Arguments {
    /// How long it is measured, after two minutes of warming up.
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// The detector, as the manifest calls it; the first that is installed where absent.
    #[arg(long)]
    detector: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (Some(home), Some(people)) = (Home::whole(), sample_video()) else { return ExitCode::FAILURE };
    let site = Site::new();
    let mut hub = site.hub();
    let plates = repository().join("models/bundled/gate_plates.mp4");
    println!("making two streams of 1920 × 1080, {FPS} frames a second");
    let streams = [(people, "people.h264"), (plates, "plates.h264")].map(|(from, name)| {
        let path = site.path(name);
        video::camera_stream(&from, FPS, &path);
        path
    });
    let show = |number: usize| Show::Loop { path: streams[number % 2].clone(), fps: FPS };
    let servers: Vec<_> = (0..CAMERAS.len()).map(|number| RtspServer::start(Setup::open(show(number)))).collect();
    let urls: Vec<_> = servers.iter().map(RtspServer::url).collect();
    let address = hub.ready().0;
    let page = free_port();
    let config = plan(&urls, address, page, arguments.detector.as_deref(), &site);
    site.believe(&config);
    let node = edge::run(Some(&home), &config, &[]);
    let page = Http(SocketAddr::from(([127, 0, 0, 1], page)), None);
    eventually("the node serves its page", || page.ask("/metrics"));

    rest(WARM_UP);
    let before = read(&page);
    let started = Instant::now();
    let length = Duration::from_secs(arguments.minutes.max(1) * 60);
    let (mut memory, mut told) = (Vec::new(), started);
    while started.elapsed() < length {
        rest(SAMPLE_EVERY);
        let now = read(&page);
        memory.push(now.value("process_resident_memory_bytes"));
        if told.elapsed() >= TOLD_EVERY {
            told = Instant::now();
            let minutes = started.elapsed().as_secs() / 60;
            println!("{minutes} of {} min, {:.0} MB", arguments.minutes, memory.last().unwrap_or(&0.0) / 1e6);
            // A pipe would keep the progress to the end; where nobody reads, nobody misses it.
            let _ = std::io::stdout().flush();
        }
    }
    let spent = read(&page).since(&before);
    let begun: Vec<_> = servers.iter().map(RtspServer::streams_begun).collect();
    drop(node);
    report(&spent, started.elapsed(), &memory, &begun)
}

/// Time passes; that is what is measured.
fn rest(length: Duration) {
    // tidy: sleep is the time over which the node is measured
    std::thread::sleep(length);
}

fn read(page: &Http) -> Metrics {
    let (status, body) = page.ask("/metrics").expect("the node serves its page as long as it runs");
    assert_eq!(status, 200, "the node's metrics");
    Metrics::parse(&String::from_utf8(body).expect("metrics are text"))
}

/// The node's configuration.
fn plan(urls: &[String], hub: SocketAddr, page: u16, detector: Option<&str>, site: &Site) -> std::path::PathBuf {
    let profile = |name: &str| repository().join("pipelines").join(name);
    let (persons, vehicles) = (profile("tourist-site.toml"), profile("industrial-park.toml"));
    let mut more = String::new();
    for (number, (camera, url)) in CAMERAS.iter().zip(urls).enumerate().skip(1) {
        let (profile, plates): (&Path, bool) = if number % 2 == 0 { (&persons, false) } else { (&vehicles, true) };
        write!(
            more,
            "[[camera]]\nid = \"{camera}\"\nsource = \"{url}\"\nplates = {plates}\n[[gate]]\nid = \"gate-{number}\"\n\
             camera = \"{camera}\"\nprofile = \"{}\"\n",
            profile.display()
        )
        .expect("a string takes it");
    }
    write!(more, "[local]\nlisten = \"127.0.0.1:{page}\"\n").expect("a string takes it");
    if let Some(detector) = detector {
        write!(more, "[models]\ndetector = \"{detector}\"\n").expect("a string takes it");
    }
    let text = std::fs::read_to_string(&persons).expect("the profile is in the repository");
    let mut plan = Plan::new(&urls[0], "live", text).with_hub(hub);
    plan.more = more;
    site.plan(&plan, "node")
}

fn report(spent: &Metrics, length: Duration, memory: &[f64], begun: &[usize]) -> ExitCode {
    let mut broken = Vec::new();
    let limit = |value: Option<f64>, most: f64, what: String, broken: &mut Vec<String>| match value {
        Some(value) if value <= most => format!("≤ {:.0} ms", value * 1e3),
        Some(value) => {
            broken.push(format!("{what}: {:.0} ms, at most {:.0} ms", value * 1e3, most * 1e3));
            format!("≤ {:.0} ms (!)", value * 1e3)
        }
        None => {
            broken.push(format!("{what}: not one frame"));
            "-".to_owned()
        }
    };
    println!(
        "\n{:<8} {:>9} {:>9} {:>14} {:>16} {:>9}",
        "camera", "looked at", "skipped", "wait p99", "decision p99", "streams"
    );
    for (number, camera) in CAMERAS.iter().enumerate() {
        let labels = format!("camera=\"{camera}\"");
        let frames = spent.value(&format!("gatehouse_frames_total{{{labels}}}"));
        let skipped: f64 =
            spent.beginning(&format!("gatehouse_frames_skipped_total{{{labels}")).map(|(_, value)| value).sum();
        let wait = spent.quantile_max("gatehouse_frame_wait_seconds", &labels, 0.99);
        let wait = limit(wait, WAIT_MAX_S, format!("{camera} waits"), &mut broken);
        let decision = spent.quantile_max("gatehouse_decision_seconds", &labels, 0.99);
        // Where only persons walk, nobody waits for a barrier.
        let most = if number % 2 == 1 { DECISION_MAX_S } else { f64::INFINITY };
        let decision = limit(decision, most, format!("{camera} decides"), &mut broken);
        println!("{camera:<8} {frames:>9} {skipped:>9} {wait:>14} {decision:>16} {:>9}", begun[number]);
        if begun[number] != 1 {
            broken.push(format!("{camera}: the stream was begun {} times", begun[number]));
        }
    }
    for (name, value) in spent.beginning("gatehouse_frames_skipped_total").filter(|(_, value)| *value > 0.0) {
        println!("  {name} {value}");
    }
    let cpu = spent.value("process_cpu_seconds_total") / length.as_secs_f64();
    let grown = growth(memory);
    let mean = memory.iter().sum::<f64>() / memory.len() as f64 / 1e6;
    println!("processor {cpu:.2} cores, {:.2} a stream", cpu / CAMERAS.len() as f64);
    println!("memory {mean:.0} MB, {:+.1} % from the first fifth of the time to the last", grown * 100.0);
    if grown > GROWTH_MAX {
        broken.push(format!("memory grew by {:.1} %", grown * 100.0));
    }
    if broken.is_empty() {
        println!("every limit is kept");
        return ExitCode::SUCCESS;
    }
    for one in &broken {
        println!("broken: {one}");
    }
    ExitCode::FAILURE
}
