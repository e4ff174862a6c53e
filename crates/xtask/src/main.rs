//! Developer tasks, run as `cargo xtask <task>`.
//!
//! Owns the house rules that no off-the-shelf tool checks (`tidy`), the way the whole test suite is run and summed up
//! (`test`), and the documents made from the programs (`reference`). It never ships and depends on none of our crates.
//! Start reading at [`tidy::run`].

mod reference;
mod tests_run;
mod tidy;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "xtask", about = "Developer tasks of Gatehouse")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Check the house rules over the whole tree and list every breach with its file and line.
    Tidy,
    /// Write deploy/edge-configuration.md again, from what the edge node reads.
    Reference,
    /// Run every Rust test, name the skipped ones and end with one line of counts.
    Test {
        /// Passed on to the test runner, for example the name of a test.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        runner_arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    run(Arguments::parse().task).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(task: Task) -> Result<ExitCode> {
    let root = workspace_root()?;
    match task {
        Task::Tidy => tidy::run(&root),
        Task::Reference => reference::run(&root),
        Task::Test { runner_arguments } => tests_run::run(&root, &runner_arguments),
    }
}

/// The workspace this program was built in: two folders above its own manifest.
fn workspace_root() -> Result<PathBuf> {
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).map(PathBuf::from).context("xtask does not lie two folders below the workspace root")
}
