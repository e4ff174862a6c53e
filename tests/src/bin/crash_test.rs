//! `make crash-test`: kills the edge, the hub and the broker at seeded moments. Ends with an error where an event is
//! lost or doubled.

#![expect(clippy::print_stdout, reason = "a program's answers go to standard output")]

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use gatehouse_tests::crash::{Campaign, campaign};

/// Kills between two lines of progress.
const TOLD_EVERY: u32 = 30;

#[derive(Parser)]
#[command(name = "crash-test", about = "Kills edge, hub and broker at seeded moments; nothing may be lost or doubled")]
struct Arguments {
    /// Kills of each program.
    #[arg(long, default_value_t = 100)]
    kills: u32,
    /// What the order and the moments of the kills are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let Arguments { kills, seed } = Arguments::parse();
    println!("killing gatehouse-edge, gatehouse-hub and mosquitto {kills} times each, seed {seed}");
    let report = campaign(Campaign { kills, seed }, |number, _| {
        if number % TOLD_EVERY == 0 {
            println!("{number} of {} kills", 3 * kills);
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
