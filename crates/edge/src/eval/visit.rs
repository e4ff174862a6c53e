//! Measuring plates over visits: a video, and which plates come in it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use capture::{Camera, Happened, Pacing, Repeat, ScaledSize, SourceConfig, SourceLocation};
use domain::{FrameStamp, MediaTime, MonoTime, UtcTime};
use inference::look::PictureSource;
use perception::plate_visit::{PlateVisit, PlateVisits, VisitConfig};
use serde::{Deserialize, Serialize};

use super::score::{Scored, Scores, score};
use crate::plates::PlateEngine;
use crate::watch::one_line;

/// How long a video may give no frame before it is given up.
const SILENCE_MAX: Duration = Duration::from_secs(20);
/// How far a reading may lie outside the time of its visit in the truth, seconds.
const SLACK_S: f64 = 1.0;

/// Which plates come in a video.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct VisitTruth {
    /// The plates, in the order of their coming.
    pub plates: Vec<TrueVisit>,
}

/// One plate in front of the camera.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TrueVisit {
    /// What it says.
    pub plate: String,
    /// Rows of glyphs.
    pub rows: Option<u8>,
    /// From when it can be seen, seconds from the start of the video.
    pub from_s: Option<f64>,
    /// Until when.
    pub to_s: Option<f64>,
}

/// A measurement on a video.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VisitScores {
    /// Of every true visit; what was never told counts as not read.
    #[serde(flatten)]
    pub plates: Scores,
    /// Visits that were told.
    pub told: usize,
    /// Told visits that are none of the truth's.
    pub false_visits: usize,
    /// Looks that were read, in all.
    pub looks: usize,
    /// Frames of the video.
    pub frames: u64,
    /// Time for finding and reading in a frame, milliseconds.
    pub ms_per_frame: f64,
}

/// Reads the truth.
pub fn load_truth(path: &Path) -> Result<VisitTruth> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read the truth \"{}\"", path.display()))?;
    let truth: VisitTruth = serde_json::from_str(&text).with_context(|| {
        format!("\"{}\" is not a truth: {{\"plates\": [{{\"plate\": \"30A12345\"}}]}} is accepted", path.display())
    })?;
    if truth.plates.is_empty() {
        bail!("the truth \"{}\" names no plate", path.display());
    }
    Ok(truth)
}

/// Plays a video once and reads its plates, every frame.
pub fn visit(engine: &mut PlateEngine, video: PathBuf, truth: &VisitTruth) -> Result<(VisitScores, Vec<Scored>)> {
    let small = ScaledSize::Exact { width: 32, height: 32 };
    let config = SourceConfig {
        pacing: Pacing::Lossless,
        repeat: Repeat::Once,
        ..SourceConfig::new(SourceLocation::File(video), small)
    };
    let camera = Camera::start(config)?;
    let mut visits = PlateVisits::new(VisitConfig::default(), engine.options().clone());
    let (mut frames, mut looks, mut spent) = (0u64, 0, Duration::ZERO);
    let mut heard = Instant::now();
    loop {
        match camera.next(Duration::from_millis(200)) {
            Some(Happened::Frame(frame)) => {
                let started = Instant::now();
                let full = frame.full();
                let source = PictureSource::I420(&full);
                let arrived = MonoTime::default() + frame.media.since(MediaTime::default());
                let stamp = FrameStamp { media: frame.media, arrived, utc: UtcTime::UNIX_EPOCH };
                let found = engine.find(&source)?;
                let wanted = visits.follow(&found, &[], stamp);
                looks += wanted.len();
                visits.hear(&engine.look(&source, &found, &wanted)?, stamp.media);
                spent += started.elapsed();
                frames += 1;
                heard = Instant::now();
            }
            Some(Happened::Ended(_)) => break,
            Some(Happened::Failed(source)) => bail!("the video cannot be used: {}", one_line(&source)),
            Some(Happened::Up | Happened::Down(_)) | None => {
                if heard.elapsed() > SILENCE_MAX {
                    bail!("the video gave no frame for {} s", SILENCE_MAX.as_secs());
                }
            }
        }
    }
    visits.end();
    let told: Vec<PlateVisit> = std::iter::from_fn(|| visits.poll()).collect();
    for one in &told {
        let read = one.settled.decoded.outcome.to_string();
        let (from, to) = (one.first.media.as_secs_f64(), one.last.media.as_secs_f64());
        tracing::debug!(visit = one.number, from, to, looks = one.votes.len(), read, "told");
    }
    let ms = if frames == 0 { 0.0 } else { spent.as_secs_f64() * 1e3 / frames as f64 };
    let (plates, false_visits) = matched(&told, truth, ms)?;
    let scores = VisitScores {
        plates: score(&plates),
        told: told.len(),
        false_visits,
        looks,
        frames,
        ms_per_frame: (ms * 1e3).round() / 1e3,
    };
    Ok((scores, plates))
}

/// Gives each true visit a told one of its time: the one with its key if there is one, else the one that shares most
/// time with it, so that a wrong reading is held against the plate that it was made of.
fn matched(told: &[PlateVisit], truth: &VisitTruth, ms: f64) -> Result<(Vec<Scored>, usize)> {
    let keys = truth.plates.iter().map(|one| {
        let key = vnplate::Key::from_text(&one.plate);
        key.map(|key| key.as_str().to_owned()).with_context(|| format!("\"{}\" in the truth is no plate", one.plate))
    });
    let keys = keys.collect::<Result<Vec<String>>>()?;
    let read = |visit: &PlateVisit| visit.settled.decoded.best().map(|best| best.key().as_str().to_owned());
    let mut pairs = Vec::new();
    for (one, visit) in truth.plates.iter().enumerate() {
        for (other, told) in told.iter().enumerate() {
            let shared = shared_s(visit, told);
            if shared >= -SLACK_S {
                pairs.push((read(told).as_deref() == Some(keys[one].as_str()), shared, one, other));
            }
        }
    }
    pairs.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)).then((a.2, a.3).cmp(&(b.2, b.3))));
    let (mut hits, mut free) = (vec![None; keys.len()], vec![true; told.len()]);
    for (_, _, one, other) in pairs {
        if hits[one].is_none() && free[other] {
            hits[one] = Some(&told[other]);
            free[other] = false;
        }
    }
    let scored = keys.into_iter().zip(&truth.plates).zip(hits).map(|((key, one), hit)| {
        let best = hit.and_then(|visit| visit.settled.decoded.best());
        Scored {
            truth: key,
            read: best.map(|reading| reading.key().as_str().to_owned()),
            raw: hit.map(|visit| visit.settled.decoded.raw.to_string()).unwrap_or_default(),
            outcome: hit.map_or("not_found", |visit| visit.settled.decoded.outcome.slug()),
            confidence: best.map_or(0.0, |reading| reading.confidence),
            rows: one.rows,
            source: None,
            ms,
        }
    });
    Ok((scored.collect(), free.into_iter().filter(|free| *free).count()))
}

/// How long the two were at the same time, seconds; below 0 by how much they missed each other.
fn shared_s(truth: &TrueVisit, told: &PlateVisit) -> f64 {
    let (first, last) = (told.first.media.as_secs_f64(), told.last.media.as_secs_f64());
    truth.to_s.unwrap_or(last).min(last) - truth.from_s.unwrap_or(first).max(first)
}
