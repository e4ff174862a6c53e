//! `make offline-test`: days without a broker. Ends with an error where an event or a picture is lost or doubled, or
//! comes in another order than it happened in.

#![expect(clippy::print_stdout, reason = "a program's answers go to standard output")]

use std::process::ExitCode;

use clap::Parser;
use gatehouse_tests::offline::{Offline, offline};

#[derive(Parser)]
#[command(name = "offline-test", about = "Days without a broker; everything that happened must arrive, once, in order")]
struct Arguments {
    /// Simulated hours without a broker.
    #[arg(long, default_value_t = 72)]
    hours: u32,
    /// Passages in 24 hours, each with a picture.
    #[arg(long, default_value_t = 2_000)]
    passages_a_day: u32,
    /// Starts of the node in these hours, every second one ended by `kill -9`.
    #[arg(long, default_value_t = 9)]
    starts: u32,
    /// What the moments of the passages are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let Arguments { hours, passages_a_day, starts, seed } = Arguments::parse();
    println!("{hours} simulated hours without a broker, {passages_a_day} passages a day, seed {seed}");
    let report = offline(Offline { hours, passages_a_day, starts, seed });
    println!("\n{report}");
    if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
