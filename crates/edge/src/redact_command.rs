//! `gatehouse-edge redact`: a copy of a picture or clip for handing out.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use edge::config::ModelsConfig;
use edge::installation::Installation;
use edge::redact::keep::{parse_area, parse_plate};
use edge::redact::report::{Counted, Report};
use edge::redact::{Keep, Replace, Request, redact};

/// The copy is there, but something that was to be kept was not found.
const NOTHING_TO_KEEP: u8 = 3;

/// Make a copy of a JPEG picture or an MP4 clip for handing out: heads of persons and number plates are covered, but for
/// what is kept. The source stays as it is; the copy is no evidence, and says so in its report. Look through it before you
/// hand it out: what the models do not find is not covered. Ends with 0 when the copy is made, with 3 when it is made
/// and something to keep was not found, and with 1 when nothing was written.
#[derive(Args)]
pub(crate) struct Redact {
    /// The picture or clip.
    source: PathBuf,
    /// Where the copy goes: .jpg of a picture, .mp4 of a clip.
    #[arg(long)]
    out: PathBuf,
    /// Do not cover who and what is in this area: left, top, right and bottom edge as shares of the picture, 0 to 1.
    /// May be given several times.
    #[arg(long = "keep", value_name = "X0,Y0,X1,Y1", value_parser = parse_area, allow_hyphen_values = true)]
    areas: Vec<Keep>,
    /// Do not cover this plate. May be given several times.
    #[arg(long = "keep-plate", value_name = "PLATE", value_parser = parse_plate)]
    plates: Vec<Keep>,
    /// Write what was done to this file, as JSON.
    #[arg(long)]
    report: Option<PathBuf>,
    /// Replace the copy and the report if they are there already.
    #[arg(long)]
    force: bool,
    /// Folder with model files, before those of the installation.
    #[arg(long)]
    models: Option<PathBuf>,
}

pub(crate) fn run(command: Redact, installation: &Installation) -> Result<ExitCode> {
    let Redact { source, out, areas, plates, report, force, models } = command;
    let request = Request {
        source,
        out,
        report,
        keeps: areas.into_iter().chain(plates).collect(),
        replace: if force { Replace::Allowed } else { Replace::Refused },
        models: ModelsConfig { folders: models.into_iter().collect(), ..ModelsConfig::default() },
    };
    let done = redact(&request, installation)?;
    tell(&request, &done);
    Ok(if done.all_keeps_matched() { ExitCode::SUCCESS } else { NOTHING_TO_KEEP.into() })
}

fn tell(request: &Request, done: &Report) {
    println!("source   {}  sha256 {}", request.source.display(), done.source.sha256);
    println!("copy     {}  sha256 {}", request.out.display(), done.result.sha256);
    println!("frames   {}, of which {} are covered in places", done.media.frames, done.frames_covered);
    for (name, counted) in [("persons", done.persons), ("plates", done.plates)] {
        let Counted { followed, found, covered, kept } = counted;
        println!("{name:<8} {followed} followed; found {found} times, covered {covered}, kept {kept}");
    }
    println!("{}\n{}", done.statement, done.limits);
    for warning in &done.warnings {
        tracing::warn!("{warning}");
    }
}
