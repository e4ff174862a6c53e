//! Builds the page with Node.js and lists its files for the crate.
//!
//! The packages are those of `package-lock.json`, fetched once and again when the lock file changes. Nothing is done
//! where neither the sources nor the configuration changed.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the page is built from, beside this file.
const SOURCES: [&str; 6] = ["package.json", "package-lock.json", ".npmrc", "tsconfig.json", "vite.config.ts", "web"];

/// The oldest Node.js that the build tools run on; Debian 12 has 18.
const NODE_MAJOR_MIN: u32 = 18;

/// Lines of a tool's complaint that are shown.
const SAID_LINES_MAX: usize = 20;

/// What to do where Node.js or npm is missing.
const INSTALL: &str = "deploy/setup.sh installs Node.js and npm (on Debian 12: apt-get install nodejs npm)";

fn main() {
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
    println!("cargo::rerun-if-changed=build.rs");
    if let Err(problem) = build() {
        println!("cargo::error=the console cannot be built: {problem}");
        std::process::exit(1);
    }
}

fn build() -> Result<(), String> {
    let here = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(variable("OUT_DIR")?);
    check_node()?;
    fetch_packages(&here)?;
    let page = out.join("page");
    let mut vite = Command::new("node");
    vite.arg("node_modules/vite/bin/vite.js").args(["build", "--logLevel", "warn", "--emptyOutDir", "--outDir"]);
    run(vite.arg(&page).current_dir(&here), "vite build")?;
    let mut files = Vec::new();
    walk(&page, &page, &mut files)?;
    files.sort();
    write(&out.join("files.rs"), &listing(&page, &files)?)
}

fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|error| format!("cargo did not set {name}: {error}"))
}

fn check_node() -> Result<(), String> {
    let output = Command::new("node").arg("--version").output();
    let output = output.map_err(|error| format!("node does not start ({error}); {INSTALL}"))?;
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    match major {
        Some(major) if major >= NODE_MAJOR_MIN => Ok(()),
        Some(_) | None => {
            Err(format!("node says it is \"{version}\", version {NODE_MAJOR_MIN} or newer is needed; {INSTALL}"))
        }
    }
}

/// Fetches the packages of the lock file unless they are there already.
fn fetch_packages(here: &Path) -> Result<(), String> {
    let lock = fs::read(here.join("package-lock.json")).map_err(|error| format!("package-lock.json: {error}"))?;
    // A copy of the lock file that the packages are from; written last, so that a fetch that was cut off is done again.
    let fetched = here.join("node_modules/.fetched-lock.json");
    if fs::read(&fetched).is_ok_and(|fetched| fetched == lock) {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    // Packages run no programs of their own when they are installed, and are there whatever NODE_ENV says.
    npm.args(["ci", "--ignore-scripts", "--include=dev", "--no-audit", "--no-fund", "--loglevel=error"]);
    run(npm.current_dir(here), "npm ci")?;
    fs::write(&fetched, lock).map_err(|error| format!("{}: {error}", fetched.display()))
}

fn run(command: &mut Command, what: &str) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{what} does not start ({error}); {INSTALL}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    // Cargo takes one line as one error; what matters comes first.
    let said: Vec<_> = said.lines().map(str::trim).filter(|line| !line.is_empty()).take(SAID_LINES_MAX).collect();
    Err(format!("{what} ended with {}: {}", output.status, said.join(" | ")))
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<String>) -> Result<(), String> {
    let problem = |error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(problem)? {
        let path = entry.map_err(problem)?.path();
        if path.is_dir() {
            walk(root, &path, files)?;
        } else {
            let name = path.strip_prefix(root).map_err(|error| error.to_string())?;
            files.push(name.to_str().ok_or("a file of the page has a name that is not UTF-8")?.to_owned());
        }
    }
    Ok(())
}

/// The files as a Rust constant: each with its bytes, and with its compressed forms where the build made them.
fn listing(page: &Path, files: &[String]) -> Result<String, String> {
    let mut text = String::from("&[\n");
    for name in files.iter().filter(|name| !name.ends_with(".br") && !name.ends_with(".gz")) {
        let bytes = |ending: &str| {
            let whole = format!("{name}{ending}");
            let path = page.join(&whole);
            let is_there = ending.is_empty() || files.contains(&whole);
            is_there.then(|| format!("include_bytes!({:?})", path.display().to_string()))
        };
        let or_none = |made: Option<String>| made.map_or("None".to_owned(), |made| format!("Some({made})"));
        let plain = bytes("").ok_or("a file is there")?;
        let (brotli, gzip) = (or_none(bytes(".br")), or_none(bytes(".gz")));
        writeln!(text, "    Asset {{ path: {name:?}, plain: {plain}, brotli: {brotli}, gzip: {gzip} }},")
            .map_err(|error| error.to_string())?;
    }
    text.push(']');
    Ok(text)
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
