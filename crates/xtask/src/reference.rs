//! The documents that are made from the programs: the reference of the edge node's configuration.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};

/// Where the reference lies, and the program that prints it.
const REFERENCE: (&str, [&str; 8]) = (
    "deploy/edge-configuration.md",
    ["run", "--locked", "--quiet", "--package", "edge", "--bin", "gatehouse-edge", "reference"],
);

/// Writes the documents again. A program that fails changes nothing.
pub(crate) fn run(root: &Path) -> Result<ExitCode> {
    let (path, arguments) = REFERENCE;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let told = Command::new(cargo)
        .current_dir(root)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    ensure!(told.status.success(), "the edge node did not print the reference: {}", told.status);
    ensure!(!told.stdout.is_empty(), "the edge node printed an empty reference");
    std::fs::write(root.join(path), told.stdout).with_context(|| format!("cannot write {path}"))?;
    eprintln!("{path} is written");
    Ok(ExitCode::SUCCESS)
}
