//! What was found in the frames of a clip, joined over time: what is covered in which frame.
//!
//! A detector misses frames, and one missed frame would show a face. So each thing is covered from half a second before
//! it was found until half a second after, wherever it is found in that time, in areas that grow while it is not found;
//! and where the same thing was missed for longer, on its way between. Where covering and keeping meet, what is covered stays covered.

use std::time::Duration;

use domain::{BoundingBox, MediaTime};
use inference::cover::Cover;

use super::areas::{between, grown, hull};
use super::keep::Verdict;

/// How long before and after it was found a thing is covered.
pub const AROUND: Duration = Duration::from_millis(500);
/// How much the area has grown on each side when the thing was not seen for that time, as a share of its size. It grows
/// no further than that.
pub const GROWTH: f32 = 0.35;
/// The longest time for which a thing is missed and taken for the same afterwards.
pub const MISSED_MAX: Duration = Duration::from_millis(2_000);
/// The longest time between two looks at a plate that say keep, for which looks between that say nothing are kept.
pub const BRIDGED_MAX: Duration = Duration::from_millis(1_000);
/// How far apart two sights of the same thing may be, as a share of its size: at once, more for each second, and at most.
const REACH: f32 = 0.6;
const REACH_PER_SECOND: f32 = 2.0;
const REACH_MAX: f32 = 3.0;
/// Two areas are covered as one when that is at most so many times as much as they cover together.
const JOINED_MAX: f32 = 1.15;
/// How many times larger one sight of a thing may be than another.
const SIZE_RATIO_MAX: f32 = 1.6;

/// What a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The head of a person.
    Person,
    /// A number plate.
    Plate,
}

impl Subject {
    /// How it is covered.
    pub const fn cover(self) -> Cover {
        match self {
            Self::Person => Cover::Coarse,
            Self::Plate => Cover::Flat,
        }
    }
}

/// Something that was found in a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// What it is.
    pub subject: Subject,
    /// What is to be covered of it.
    pub area: BoundingBox,
    /// Whether it is.
    pub verdict: Verdict,
}

/// One frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// When it is shown.
    pub media: MediaTime,
    /// What is in it.
    pub found: Vec<Found>,
}

/// One thing over time: indices of frames and what was found in each.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    subject: Subject,
    sights: Vec<(usize, Found)>,
}

impl Chain {
    /// What it is.
    pub fn subject(&self) -> Subject {
        self.subject
    }

    /// What becomes of each sight.
    pub fn verdicts(&self) -> impl Iterator<Item = Verdict> + '_ {
        self.sights.iter().map(|(_, found)| found.verdict)
    }

    fn covers(&self) -> impl Iterator<Item = &(usize, Found)> {
        self.sights.iter().filter(|(_, found)| !matches!(found.verdict, Verdict::Keep(_)))
    }
}

/// A part of a frame that is covered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Patch {
    /// Where.
    pub area: BoundingBox,
    /// How.
    pub how: Cover,
}

/// Joins what was found in frames that follow each other, and settles what is kept.
pub fn chains(frames: &[Seen]) -> Vec<Chain> {
    let mut chains: Vec<Chain> = Vec::new();
    // Those that may go on.
    let mut open: Vec<usize> = Vec::new();
    for (index, frame) in frames.iter().enumerate() {
        open.retain(|chain| {
            let (last, _) = chains[*chain].sights.last().expect("a chain begins with a sight");
            frame.media.since(frames[*last].media) <= MISSED_MAX
        });
        let mut pairs: Vec<(f32, usize, usize)> = Vec::new();
        for chain in &open {
            let (last, sight) = chains[*chain].sights.last().expect("a chain begins with a sight");
            let apart = frame.media.since(frames[*last].media).as_secs_f32();
            for (one, found) in frame.found.iter().enumerate() {
                pairs.extend(distance(sight, found, apart).map(|distance| (distance, *chain, one)));
            }
        }
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        let mut taken = vec![false; frame.found.len()];
        let mut gone_on: Vec<usize> = Vec::new();
        for (_, chain, one) in pairs {
            if !taken[one] && !gone_on.contains(&chain) {
                taken[one] = true;
                gone_on.push(chain);
                chains[chain].sights.push((index, frame.found[one]));
            }
        }
        for (found, _) in frame.found.iter().zip(taken).filter(|(_, taken)| !taken) {
            open.push(chains.len());
            chains.push(Chain { subject: found.subject, sights: vec![(index, *found)] });
        }
    }
    for chain in &mut chains {
        bridge(chain, frames);
    }
    chains
}

/// How far two sights are from being the same thing, 0 to 1; nothing where they cannot be.
fn distance(before: &Found, after: &Found, apart_s: f32) -> Option<f32> {
    // Two readings that contradict each other are two plates.
    let contradict = matches!(
        (before.verdict, after.verdict),
        (Verdict::Keep(_), Verdict::Cover) | (Verdict::Cover, Verdict::Keep(_))
    );
    if before.subject != after.subject || contradict {
        return None;
    }
    let (one, other) = (&before.area, &after.area);
    let ratio = one.area().max(1e-9) / other.area().max(1e-9);
    if !(1.0 / (SIZE_RATIO_MAX * SIZE_RATIO_MAX)..=SIZE_RATIO_MAX * SIZE_RATIO_MAX).contains(&ratio) {
        return None;
    }
    let reach = (REACH + REACH_PER_SECOND * apart_s).min(REACH_MAX);
    let width = one.width().max(other.width()).max(1e-6) * reach;
    let height = one.height().max(other.height()).max(1e-6) * reach;
    let (a, b) = (one.centre(), other.centre());
    let far = ((a.x - b.x) / width).hypot((a.y - b.y) / height);
    (far <= 1.0).then_some(far)
}

/// Keeps what says nothing by itself between two sights of the same thing that are kept for the same reason.
fn bridge(chain: &mut Chain, frames: &[Seen]) {
    let mut last: Option<(usize, usize)> = None;
    for at in 0..chain.sights.len() {
        let (_, Found { verdict, .. }) = chain.sights[at];
        match verdict {
            Verdict::Keep(keep) => {
                if let Some((from, _)) = last.filter(|(_, other)| *other == keep) {
                    let (first, second) = (chain.sights[from].0, chain.sights[at].0);
                    if frames[second].media.since(frames[first].media) <= BRIDGED_MAX {
                        for (_, between) in &mut chain.sights[from + 1..at] {
                            between.verdict = verdict;
                        }
                    }
                }
                last = Some((at, keep));
            }
            Verdict::Cover => last = None,
            Verdict::Unknown => {}
        }
    }
}

/// What is covered in each frame.
pub fn patches(frames: &[Seen], chains: &[Chain]) -> Vec<Vec<Patch>> {
    let mut patches: Vec<Vec<Patch>> = vec![Vec::new(); frames.len()];
    for chain in chains {
        let sights = with_the_way_between(chain, frames);
        let (Some(first), Some(last)) = (sights.first(), sights.last()) else { continue };
        let begin = frames.partition_point(|frame| frame.media + AROUND < frames[first.index].media);
        let end = frames.partition_point(|frame| frame.media <= frames[last.index].media + AROUND);
        for (frame, into) in frames[begin..end].iter().zip(&mut patches[begin..end]) {
            let how = chain.subject.cover();
            into.extend(areas_at(&sights, frames, frame.media).into_iter().map(|area| Patch { area, how }));
        }
    }
    patches
}

/// Where a thing is covered in a frame.
#[derive(Debug, Clone, Copy)]
struct Covered {
    /// The frame.
    index: usize,
    area: BoundingBox,
    /// How long before or after that frame it was seen; zero where it was seen in this very one.
    unseen_s: f32,
}

/// The sights of a thing that are covered, and between two of them one for each frame that missed it.
fn with_the_way_between(chain: &Chain, frames: &[Seen]) -> Vec<Covered> {
    let mut sights: Vec<Covered> = Vec::new();
    for (index, found) in chain.covers() {
        if let Some(last) = sights.last().copied() {
            let (from, to) = (frames[last.index].media, frames[*index].media);
            let missed = last.index + 1..*index;
            // Where it was seen and kept it was not missed.
            let kept = chain.sights.iter().any(|(one, _)| missed.contains(one));
            if !kept && to.since(from) <= MISSED_MAX {
                let whole = to.since(from).as_secs_f32().max(f32::MIN_POSITIVE);
                sights.extend(missed.clone().zip(&frames[missed]).map(|(index, frame)| {
                    let (since, until) = (frame.media.since(from).as_secs_f32(), to.since(frame.media).as_secs_f32());
                    let area = between(&last.area, &found.area, (since / whole).clamp(0.0, 1.0));
                    Covered { index, area, unseen_s: since.min(until) }
                }));
            }
        }
        sights.push(Covered { index: *index, area: found.area, unseen_s: 0.0 });
    }
    sights
}

/// Everything that sights around this moment want covered, the larger the longer it is since or until the thing was
/// seen. Areas that follow each other become one where that covers little more.
fn areas_at(sights: &[Covered], frames: &[Seen], at: MediaTime) -> Vec<BoundingBox> {
    let begin = sights.partition_point(|sight| frames[sight.index].media + AROUND < at);
    let end = sights.partition_point(|sight| frames[sight.index].media <= at + AROUND);
    let near = &sights[begin..end.max(begin)];
    let unseen_s = near.iter().map(|sight| {
        let media = frames[sight.index].media;
        let apart = if media > at { media.since(at) } else { at.since(media) };
        sight.unseen_s + apart.as_secs_f32()
    });
    let growth = GROWTH * (unseen_s.fold(f32::MAX, f32::min) / AROUND.as_secs_f32()).min(1.0);
    let mut areas: Vec<BoundingBox> = Vec::new();
    for area in near.iter().map(|sight| grown(&sight.area, growth)) {
        match areas.last_mut() {
            Some(last) if hull(last, &area).area() <= JOINED_MAX * union(last, &area) => *last = hull(last, &area),
            Some(_) | None => areas.push(area),
        }
    }
    areas
}

/// What both cover together.
fn union(one: &BoundingBox, other: &BoundingBox) -> f32 {
    one.area() + other.area() - one.intersection(other)
}

#[cfg(test)]
mod tests;
