//! `make fuzz`: rubbish with a plan against the hub. Ends with an error where something happened that must not.

#![expect(clippy::print_stdout, reason = "a program's answers go to standard output")]

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use gatehouse_tests::fuzz::{Until, api, envelope};

#[derive(Parser)]
#[command(name = "fuzz", about = "Sends the hub messages and requests that are almost right")]
struct Arguments {
    /// What is sent.
    target: Target,
    /// For how long.
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// What everything is drawn from; the same seed sends the same.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Target {
    /// Messages of nodes, into a store.
    Envelope,
    /// Requests that the description of the API suggests, to the running hub.
    Api,
}

fn main() -> ExitCode {
    let Arguments { target, minutes, seed } = Arguments::parse();
    let until = Until::Elapsed(Duration::from_secs(minutes * 60));
    println!("{minutes} minutes, seed {seed}");
    let report = match target {
        Target::Envelope => envelope::envelopes(seed, until),
        Target::Api => api::requests(seed, until),
    };
    println!("{report}");
    if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
