//! `make reconnect-test`: a whole province comes back at once. Ends with an error where an event is lost or doubled, a
//! count is wrong, or the hub needs more memory than it may.

#![expect(clippy::print_stdout, reason = "a program's answers go to standard output")]

use std::process::ExitCode;

use clap::Parser;
use gatehouse_tests::reconnect::{Reconnect, reconnect};

#[derive(Parser)]
#[command(name = "reconnect-test", about = "Many nodes with the backlog of a day find their broker at the same moment")]
struct Arguments {
    /// Nodes.
    #[arg(long, default_value_t = 1_000)]
    nodes: u32,
    /// Hours for which nobody listened to them.
    #[arg(long, default_value_t = 24)]
    hours: u32,
    /// Passages at each node in 24 hours; 1,000 nodes with 137 make 100 million events a year.
    #[arg(long, default_value_t = 137)]
    passages_a_day: u32,
    /// What the moments of the passages are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let Arguments { nodes, hours, passages_a_day, seed } = Arguments::parse();
    println!("{nodes} nodes with {hours} hours of {passages_a_day} passages a day, seed {seed}");
    let report = reconnect(Reconnect { nodes, hours, passages_a_day, seed });
    println!("\n{report}");
    if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
