//! `make crash-test`: kills the edge, the hub and the broker at seeded points. Ends with an error where an event is lost
//! or doubled.

#![expect(clippy::print_stdout, reason = "a program's answers go to standard output")]

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use gatehouse_tests::crash::{Campaign, campaign};
use gatehouse_tests::strace;

/// Kills between two lines of progress.
const TOLD_EVERY: u32 = 50;

#[derive(Parser)]
#[command(name = "crash-test", about = "Kills edge, hub and broker at seeded points; nothing may be lost or doubled")]
struct Arguments {
    /// Kills in all, half of them of the edge.
    #[arg(long, default_value_t = 500)]
    points: u32,
    /// What the points are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let Arguments { points, seed } = Arguments::parse();
    println!("killing gatehouse-edge, gatehouse-hub and mosquitto at {points} points, seed {seed}");
    if !strace::works() {
        println!("strace is not installed, or may not trace: no kills at system calls and inside flushes");
    }
    let report = campaign(Campaign { points, seed }, |number, _| {
        if number % TOLD_EVERY == 0 {
            println!("{number} of {points} kills");
            // A pipe would keep the progress to the end; where nobody reads, nobody misses it.
            let _ = std::io::stdout().flush();
        }
    });
    println!("\n{report}");
    if report.is_clean() {
        return ExitCode::SUCCESS;
    }
    for (what, ids) in [("lost", &report.lost), ("doubled", &report.doubled)] {
        for id in ids {
            println!("{what}: {id}");
        }
    }
    ExitCode::FAILURE
}
