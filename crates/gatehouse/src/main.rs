//! `gatehouse`: a whole site in one process. Edge, broker, hub and page with nothing else to install: the demo, and a
//! real appliance for a single site.

#![expect(clippy::print_stdout, reason = "a program's answers go to standard output")]

mod appliance;
mod broker;
mod demo;
mod install;
mod run;

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use edge::installation::Installation;

#[derive(Parser)]
#[command(name = "gatehouse", version, about = "A whole site in one process: gate, broker, hub and page")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Watch the sample video as if it were a camera and show the counts on a page.
    Demo(demo::Arguments),
    /// Run a real site on this machine. Where nothing is set up yet, the page leads through it.
    Run {
        /// Folder in which everything is kept: configuration, databases, pictures. Where absent, `gatehouse` in the folder
        /// of this user's data.
        #[arg(long)]
        data: Option<PathBuf>,
        /// A node's configuration written by hand, as for `gatehouse-edge`, without [broker] and [hub]: both are here. The
        /// page does not change it.
        #[arg(long, conflicts_with = "data")]
        config: Option<PathBuf>,
        /// Where the page is served; an address of this machine only.
        #[arg(long, default_value_t = hub::config::LISTEN)]
        listen: SocketAddr,
    },
}

fn main() -> ExitCode {
    // The embedded broker calls every client that leaves an error; both of them report for themselves.
    let level =
        tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,ort=warn,rumqttd=off".into());
    tracing_subscriber::fmt()
        .with_env_filter(level)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    match run(Arguments::parse().command) {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    let installation = Installation::locate();
    let runtime = tokio::runtime::Runtime::new().context("cannot start the asynchronous run time")?;
    runtime.block_on(async {
        match command {
            Command::Demo(arguments) => demo::run(&arguments, &installation).await,
            Command::Run { config: Some(config), listen, data: _ } => {
                run::by_config(&config, listen, &installation).await
            }
            Command::Run { config: None, listen, data } => {
                let data = data.map_or_else(run::usual_folder, Ok)?;
                run::by_folder(&data, listen, &installation).await
            }
        }
    })
}
