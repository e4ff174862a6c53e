//! Clips of events: asked for when the event is safe, waited for off the camera's thread, moved into the spool, and told
//! of in an event of their own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use capture::{Clip, ClipHandle};
use domain::{CameraId, ClockQuality, MediaTime, UtcTime};
use uplink::EvidenceClass;
use wire::event::WithEvidence;
use wire::evidence::{ClipEdge, CutReason};
use wire::plate::{ListPurpose, PlateRead};
use wire::{BlobHash, Event, EventId, EvidenceAdded, EvidenceRef, EvidenceRole, Payload};

use crate::board::{Board, ClipCount};
use crate::config::stream::{ClipKind, ClipPlan};
use crate::eyes::Eyes;
use crate::watch::{Sink, SinkError, one_line};

/// Clips of one camera that may be under way at once. One more is refused and counted.
pub const CLIPS_WAITING_MAX: usize = capture::clip::CLIPS_MAX;
/// Longest wait for one clip: its own patience is shorter.
const WAIT_MAX: Duration = Duration::from_secs(300);
/// The media type of every clip.
pub const CLIP_TYPE: &str = "video/mp4";

/// Of what a clip is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// The event.
    event: EventId,
    /// How much it matters.
    class: EvidenceClass,
    /// When it happened, in media time.
    media: MediaTime,
    /// How far the clock could be trusted then.
    clock: ClockQuality,
}

/// How much the evidence of a plate matters.
pub fn class_of_plate(read: &PlateRead) -> EvidenceClass {
    let is_watched = read.matches.iter().any(|found| found.purpose == ListPurpose::Watch);
    if is_watched { EvidenceClass::Alert } else { EvidenceClass::Plate }
}

/// What an event wants of a plan, where it wants anything.
pub fn wanted(plan: &ClipPlan, event: &Event) -> Option<Wanted> {
    if !plan.wants_any() {
        return None;
    }
    let has = |kind: ClipKind| plan.of.contains(&kind);
    let (is_wanted, class, media) = match &event.payload {
        Payload::PlateRead(WithEvidence { what, .. }) => {
            let class = class_of_plate(what);
            (has(ClipKind::Plate) || has(ClipKind::PlateMatch) && class == EvidenceClass::Alert, class, what.shot.media)
        }
        Payload::Passed(passed) => (has(ClipKind::Passage), EvidenceClass::Passage, passed.what.media),
        Payload::Stayed(stayed) => (has(ClipKind::Stay), EvidenceClass::Passage, stayed.what.media_to),
        Payload::IncidentSeen(seen) => (has(ClipKind::Incident), EvidenceClass::Alert, seen.what.media),
        Payload::OccupancyChanged(_)
        | Payload::CameraChanged(_)
        | Payload::NodeStarted(_)
        | Payload::ClockJumped(_)
        | Payload::PolicyChanged(_)
        | Payload::EvidenceAdded(_)
        | Payload::AccessDecided(_)
        | Payload::LaneChanged(_) => return None,
    };
    is_wanted.then_some(Wanted { event: event.id, class, media, clock: event.clock })
}

/// A clip in the making, for the thread that waits for it.
struct Job {
    handle: ClipHandle,
    wanted: Wanted,
    /// A media time of the clip's own stream and when that was.
    anchor: (MediaTime, UtcTime),
}

/// Makes the clips of one camera. When it is dropped it waits for those under way, so the camera must go first: a clip of
/// a camera that is stopped gets what there is.
pub struct Clips {
    plan: ClipPlan,
    camera: CameraId,
    folder: PathBuf,
    board: Arc<Board>,
    waiting: Arc<AtomicUsize>,
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Clips {
    /// Starts the thread that waits for clips; `folder` is where they are made, and exists.
    pub fn start(
        plan: ClipPlan,
        folder: PathBuf,
        nonce: [u8; 16],
        sink: impl Sink + 'static,
        board: Arc<Board>,
    ) -> std::io::Result<Self> {
        let (sender, jobs) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let camera = board.id.clone();
        let mut clerk = Clerk { sink, camera: camera.clone(), nonce, told: 0, board: Arc::clone(&board) };
        let left = Arc::clone(&waiting);
        let span = tracing::Span::current();
        let work = move || span.in_scope(|| clerk.run(&jobs, &left));
        let thread = std::thread::Builder::new().name("clips".to_owned()).spawn(work)?;
        Ok(Self { plan, camera, folder, board, waiting, jobs: Some(sender), thread: Some(thread) })
    }

    /// Which clips are wanted.
    pub fn plan(&self) -> &ClipPlan {
        &self.plan
    }

    /// Begins to make the clip of an event that is safe. `utc_at` says when a media time of the camera was.
    pub fn begin(&self, wanted: Wanted, eyes: &Eyes, utc_at: impl Fn(MediaTime) -> UtcTime) {
        if self.waiting.load(Ordering::Acquire) >= CLIPS_WAITING_MAX {
            self.board.count_clip(ClipCount::Refused);
            tracing::warn!(camera = %self.camera, "no clip: {CLIPS_WAITING_MAX} are being made already");
            return;
        }
        let path = self.folder.join(format!("{}-{}.mp4", self.camera, wanted.event));
        match eyes.clip(wanted.media, &self.plan, path) {
            Ok((handle, own)) => {
                self.waiting.fetch_add(1, Ordering::AcqRel);
                let anchor = (own, utc_at(wanted.media));
                let jobs = self.jobs.as_ref().expect("there until it is dropped");
                jobs.send(Job { handle, wanted, anchor }).expect("the clerk listens until the sender is gone");
            }
            Err(error) => {
                self.board.count_clip(ClipCount::Failed);
                tracing::warn!(camera = %self.camera, error = one_line(&error), "no clip");
            }
        }
    }
}

impl Drop for Clips {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!(camera = %self.camera, "the thread for clips panicked");
        }
    }
}

/// Waits for clips and tells of them.
struct Clerk<S> {
    sink: S,
    camera: CameraId,
    nonce: [u8; 16],
    told: u64,
    board: Arc<Board>,
}

impl<S: Sink> Clerk<S> {
    fn run(&mut self, jobs: &Receiver<Job>, left: &AtomicUsize) {
        for job in jobs {
            let made = match job.handle.wait(WAIT_MAX) {
                Some(Ok(clip)) => self.keep(&job, &clip).map_err(|error| one_line(&error)),
                Some(Err(error)) => Err(one_line(&error)),
                None => Err(format!("it was not done within {WAIT_MAX:?}")),
            };
            left.fetch_sub(1, Ordering::AcqRel);
            match made {
                Ok(()) => self.board.count_clip(ClipCount::Made),
                Err(error) => {
                    self.board.count_clip(ClipCount::Failed);
                    tracing::warn!(camera = %self.camera, error, "no clip");
                }
            }
        }
    }

    /// The clip is in the spool before the event that names it.
    fn keep(&mut self, job: &Job, clip: &Clip) -> Result<(), SinkError> {
        let kept = self.sink.clip(job.wanted.class, &clip.path);
        if kept.is_err() {
            // It may be that the disk is full: what nobody will ask for must not stay on it.
            let _ = std::fs::remove_file(&clip.path);
        }
        let added = told(&self.camera, job.wanted.event, job.anchor, clip, kept?);
        self.told += 1;
        let at = added.to;
        let id = EventId::derive(at, &self.nonce, self.told);
        let event = Event { id, at, clock: job.wanted.clock, payload: Payload::EvidenceAdded(added) };
        self.sink.events(vec![event])
    }
}

fn told(
    camera: &CameraId,
    event: EventId,
    (media, utc): (MediaTime, UtcTime),
    clip: &Clip,
    sha256: BlobHash,
) -> EvidenceAdded {
    let evidence = EvidenceRef {
        role: EvidenceRole::Clip,
        sha256,
        media_type: CLIP_TYPE.to_owned(),
        bytes: clip.bytes,
        media: clip.first,
        later_by_ms: None,
    };
    EvidenceAdded {
        event,
        camera: camera.clone(),
        clip: evidence,
        from: utc_of(clip.first, media, utc),
        to: utc_of(clip.last, media, utc),
        media_to: clip.last,
        frames: u32::try_from(clip.frames).unwrap_or(u32::MAX),
        begins: edge(clip.begins),
        ends: edge(clip.ends),
    }
}

/// When a media time was, by another of which that is known.
pub fn utc_of(media: MediaTime, known: MediaTime, utc: UtcTime) -> UtcTime {
    let micros = |time: MediaTime| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    let later = micros(media).saturating_sub(micros(known));
    UtcTime::from_unix_micros(utc.as_unix_micros().saturating_add(later)).unwrap_or(utc)
}

fn edge(edge: capture::ClipEdge) -> ClipEdge {
    match edge {
        capture::ClipEdge::Whole => ClipEdge::Whole,
        capture::ClipEdge::Cut { missing, why } => ClipEdge::Cut {
            missing_ms: u64::try_from(missing.as_millis()).unwrap_or(u64::MAX),
            why: match why {
                capture::CutReason::NotKept => CutReason::NotKept,
                capture::CutReason::NoStream => CutReason::NoStream,
                capture::CutReason::Deadline => CutReason::Deadline,
                capture::CutReason::TooLarge => CutReason::TooLarge,
                capture::CutReason::Stopped => CutReason::Stopped,
            },
        },
    }
}

/// Makes the folder in which clips are made, and empties it of what a process that was killed left there: no event will
/// name it.
pub fn prepare_folder(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut removed = capture::clip::remove_leftovers(folder)?;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "mp4") {
            std::fs::remove_file(&path)?;
            removed += 1;
        }
    }
    if removed > 0 {
        tracing::info!(removed, "clips that were being made when the node was killed are gone");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_clip_is_counted_from_its_event_in_both_directions() {
        let event = (MediaTime::from_micros(9_000_000), UtcTime::UNIX_EPOCH.saturating_add(Duration::from_secs(100)));
        let at = |micros| utc_of(MediaTime::from_micros(micros), event.0, event.1).as_unix_micros();
        assert_eq!((at(4_500_000), at(9_000_000), at(13_250_000)), (95_500_000, 100_000_000, 104_250_000));
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let own = folder.path().join("clips");
        std::fs::create_dir(&own).expect("a folder");
        for name in ["cam-1-a.mp4", "cam-1-b.mp4.unfinished", "note.txt"] {
            std::fs::write(own.join(name), b"x").expect("a file");
        }
        prepare_folder(&own).expect("it can be emptied");
        let left: Vec<_> =
            std::fs::read_dir(&own).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
        assert_eq!(left, ["note.txt"]);
    }
}
