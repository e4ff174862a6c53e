//! A copy of a clip, in two passes: first all of it is looked through, then it is covered and encoded anew.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use capture::{
    Camera, ClipEncoder, Ending, Frame, FrameFormat, Happened, Limits, Pacing, Repeat, ScaledSize, SourceConfig,
    SourceLocation,
};
use domain::BoundingBox;
use inference::cover::OwnFrame;
use inference::look::PictureSource;

use super::looker::Looker;
use super::place::Place;
use super::report::Made;
use super::source::Source;
use super::timeline::{Seen, chains, patches};
use crate::watch::one_line;

/// Most frames of a clip: an hour of thirty a second. What was found in each is kept until the end.
pub(super) const FRAMES_MAX: usize = 108_000;
/// How long a clip may give no frame before it is given up.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// How often it is told how far the work is.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// Writes the copy to `place`, without giving it its name yet.
pub(super) fn redact(source: &Source, looker: &mut Looker<'_>, place: &Place) -> Result<Made> {
    let path = &source.path;
    let whole = BoundingBox::new(0.0, 0.0, 1.0, 1.0).expect("the whole picture is a box");
    let mut seen: Vec<Seen> = Vec::new();
    let mut format: Option<FrameFormat> = None;
    let wants = looker.wants();
    let mut progress = Progress::new("looking");
    play(path, wants, &mut |frame| {
        ensure!(seen.len() < FRAMES_MAX, "the clip has more than {FRAMES_MAX} frames: hand out a shorter one");
        let own = frame.format();
        ensure!(
            format.get_or_insert_with(|| own.clone()).size() == own.size(),
            "its pictures change their size at {:.2} s: such a clip cannot be copied",
            frame.media.as_secs_f64()
        );
        let full = frame.full();
        let found = looker.look(&[(frame.scaled(), whole)], &PictureSource::I420(&full))?;
        seen.push(Seen { media: frame.media, found });
        progress.at(seen.len(), None);
        Ok(())
    })?;
    let Some(format) = format else { bail!("the clip \"{}\" has no pictures", path.display()) };
    let things = chains(&seen);
    let patches = patches(&seen, &things);

    let mut encoder = ClipEncoder::start(place.unfinished(), &format)?;
    let mut at = 0;
    let mut progress = Progress::new("covering");
    // The small picture is not needed this time.
    let small = ScaledSize::Exact { width: 16, height: 16 };
    play(path, small, &mut |frame| {
        let same = seen.get(at).is_some_and(|seen| seen.media == frame.media);
        ensure!(same, "frame {} was another one when it was read again", at + 1);
        let mut own = OwnFrame::copy_of(&frame.full());
        for patch in &patches[at] {
            own.cover(&patch.area, patch.how).context("a frame cannot be covered")?;
        }
        encoder.push(frame.media, &own.view())?;
        at += 1;
        progress.at(at, Some(seen.len()));
        Ok(())
    })?;
    ensure!(at == seen.len(), "of {} frames only {at} came when they were read again", seen.len());
    let written = encoder.finish()?;
    let (width, height) = format.size();
    let mut made = Made::new((width as usize, height as usize), &things, &patches);
    made.lasts = seen.last().zip(seen.first()).map(|(last, first)| last.media.since(first.media));
    made.encoder = Some(written.encoder);
    (made.bytes, made.sha256) = (written.bytes, written.sha256);
    Ok(made)
}

/// Gives every frame of a clip in turn. Fails where not all of it can be read.
fn play(path: &Path, scaled: ScaledSize, each: &mut dyn FnMut(&Frame) -> Result<()>) -> Result<()> {
    let config = SourceConfig {
        pacing: Pacing::Lossless,
        repeat: Repeat::Once,
        limits: Limits { connect: SILENCE_MAX, ..Limits::default() },
        ..SourceConfig::new(SourceLocation::File(path.to_owned()), scaled)
    };
    let camera = Camera::start(config)?;
    let shown = path.display();
    let mut heard = Instant::now();
    loop {
        match camera.next(Duration::from_millis(200)) {
            Some(Happened::Frame(frame)) => {
                each(&frame).with_context(|| format!("cannot copy \"{shown}\""))?;
                heard = Instant::now();
            }
            Some(Happened::Ended(Ending::Whole)) => return Ok(()),
            Some(Happened::Ended(Ending::CutShort { reason })) => {
                bail!("\"{shown}\" is cut off or damaged, so it is not copied: {reason}");
            }
            Some(Happened::Failed(error)) => bail!("{}", one_line(&error)),
            Some(Happened::Up | Happened::Down(_)) | None => {
                ensure!(heard.elapsed() <= SILENCE_MAX, "\"{shown}\" gave no frame for {} s", SILENCE_MAX.as_secs());
            }
        }
    }
}

/// Tells now and then how far the work is.
struct Progress {
    what: &'static str,
    told: Instant,
}

impl Progress {
    fn new(what: &'static str) -> Self {
        Self { what, told: Instant::now() }
    }

    fn at(&mut self, frame: usize, of: Option<usize>) {
        if self.told.elapsed() >= TELL_EVERY {
            self.told = Instant::now();
            match of {
                Some(of) => tracing::info!(frame, of, "{}", self.what),
                None => tracing::info!(frame, "{}", self.what),
            }
        }
    }
}
