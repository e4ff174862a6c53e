//! Copies of evidence for handing out: heads of persons, faces and number plates are covered, but for what shall be kept.
//!
//! The source is read and never touched. A copy is written under another name and gets its own once it is complete, so
//! there is never half of one. What is found once is covered for a while before and after, because a detector misses
//! frames; what it is unsure of is covered, too. Start reading at [`redact`]; [`timeline`] is where frames are joined.

pub mod areas;
mod clip;
pub mod keep;
mod looker;
mod place;
pub mod report;
mod source;
mod still;
pub mod timeline;

use std::path::PathBuf;

use anyhow::{Context, Result};

pub use keep::Keep;
pub use place::Replace;
pub use report::Report;

use crate::config::ModelsConfig;
use crate::installation::Installation;
use looker::Looker;
use place::Place;
use source::{Kind, Source};

/// Most areas and plates that may be kept. More are refused.
pub const KEEPS_MAX: usize = 32;

/// A copy that is wanted.
#[derive(Debug, Clone)]
pub struct Request {
    /// The picture or clip.
    pub source: PathBuf,
    /// Where the copy goes.
    pub out: PathBuf,
    /// Where the report goes, if it is wanted as a file.
    pub report: Option<PathBuf>,
    /// What is not covered.
    pub keeps: Vec<Keep>,
    /// What becomes of files that lie there.
    pub replace: Replace,
    /// Where the models are.
    pub models: ModelsConfig,
}

/// Makes the copy, and its report.
pub fn redact(request: &Request, installation: &Installation) -> Result<Report> {
    let Request { source, out, report: report_path, keeps, replace, models } = request;
    anyhow::ensure!(keeps.len() <= KEEPS_MAX, "{} things to keep: at most {KEEPS_MAX} are accepted", keeps.len());
    let source = Source::open(source)?;
    let mut copy = Place::new(out, &source, source.kind.endings(), *replace)?;
    let mut told = match report_path {
        Some(path) => Some(Place::new(path, &source, &["json"], *replace)?),
        None => None,
    };
    if let Some(told) = &told {
        told.differs_from(&copy)?;
    }
    let mut looker = Looker::open(models, installation, keeps)?;
    let made = match source.kind {
        Kind::Picture => still::redact(&source, &mut looker, &copy)?,
        Kind::Clip => clip::redact(&source, &mut looker, &copy)?,
    };
    source.is_unchanged()?;
    let report = Report::new(&source, &copy, made, keeps, &looker)?;
    if let Some(told) = &mut told {
        let text = serde_json::to_string_pretty(&report).context("the report has no JSON form")?;
        told.write(format!("{text}\n").as_bytes())?;
    }
    copy.finish()?;
    told.map_or(Ok(()), |mut told| told.finish())?;
    Ok(report)
}
