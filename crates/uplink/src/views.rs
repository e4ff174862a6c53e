//! Looking through the node's cameras from the hub: who wants to, until when, and where the pictures go.
//!
//! [`Viewings`] is what is to be shown at the moment: a pure state that requests prolong and time ends. A request that is
//! over, or that is not later than the one before of the same asker, changes nothing: whoever repeats what he heard at the
//! broker gains nothing. [`ViewPost`] sends one picture over HTTP and hears whether it is still wanted. Nothing is queued
//! anywhere: a picture that cannot go now is dropped by whoever made it.

mod post;

use std::time::{Duration, Instant};

use domain::{CameraId, UtcTime};
use tokio::sync::mpsc;
use tracing::debug;
use wire::ViewRequest;
use wire::view::AskerId;

pub use post::{Posted, ViewPost, ViewPostConfig};

/// Most requests that wait to be checked; of more, the newcomer is dropped. Its asker asks again.
pub const HEARD_MAX: usize = 16;

/// Most that look at the same time: cameras times hubs. A further one is refused, and told so.
pub const VIEWINGS_MAX: usize = 16;

/// How long after its end a viewing is remembered, so that its last request is known when it comes again although the
/// clock was set back.
const REMEMBERED_AFTER: Duration = Duration::from_secs(60);

/// What the publisher needs to hand on requests.
#[derive(Debug, Clone)]
pub struct ViewLink(mpsc::Sender<Vec<u8>>);

impl ViewLink {
    /// The link and what comes out of it.
    pub fn new() -> (Self, mpsc::Receiver<Vec<u8>>) {
        let (heard, hearing) = mpsc::channel(HEARD_MAX);
        (Self(heard), hearing)
    }

    /// Hands over a message from the node's topic for requests. Never waits.
    pub fn deliver(&self, message: &[u8]) {
        if self.0.try_send(message.to_vec()).is_err() {
            debug!("a request for pictures is dropped: too many at a time, or the node ends");
        }
    }
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Pictures are sent from now on.
    Begun,
    /// Pictures go on being sent.
    Renewed,
    /// It came before, or is older than what came: nothing changes.
    Again,
    /// It is over, or from the future: nothing changes.
    Untimely,
    /// Too many look.
    TooMany,
}

/// How a camera is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Until when.
    pub until: Instant,
    /// Pictures a second.
    pub fps_max: u8,
    /// Their width in pixels.
    pub width_px_max: u16,
}

/// Where a camera's pictures go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Who asked.
    pub asker: AskerId,
    /// The address that the request named.
    pub url: Option<String>,
}

#[derive(Debug)]
struct Viewing {
    camera: CameraId,
    target: Target,
    issued_at: UtcTime,
    wanted: Wanted,
    /// The asker does not want pictures any more, whatever the request said.
    is_ended: bool,
}

impl Viewing {
    fn is_on(&self, now: Instant) -> bool {
        !self.is_ended && now < self.wanted.until
    }
}

/// Who looks through which camera.
#[derive(Debug, Default)]
pub struct Viewings(Vec<Viewing>);

impl Viewings {
    /// Takes a request that was believed; `at` is the time of the node's wall clock.
    pub fn admit(&mut self, request: &ViewRequest, at: UtcTime, now: Instant) -> Admission {
        let Some(left) = request.time_left(at) else { return Admission::Untimely };
        let ViewRequest { asker, camera, fps_max, width_px_max, url, issued_at, .. } = request;
        let wanted = Wanted { until: now + left, fps_max: *fps_max, width_px_max: *width_px_max };
        self.0.retain(|viewing| now < viewing.wanted.until + REMEMBERED_AFTER);
        if let Some(known) = self.0.iter_mut().find(|one| one.target.asker == *asker && one.camera == *camera) {
            if *issued_at <= known.issued_at {
                return Admission::Again;
            }
            let was_on = known.is_on(now);
            (known.issued_at, known.wanted, known.is_ended) = (*issued_at, wanted, false);
            known.target.url.clone_from(url);
            return if was_on { Admission::Renewed } else { Admission::Begun };
        }
        if self.0.len() >= VIEWINGS_MAX {
            let over = self.0.iter().position(|viewing| !viewing.is_on(now));
            let Some(over) = over else { return Admission::TooMany };
            self.0.swap_remove(over);
        }
        self.0.push(Viewing {
            camera: camera.clone(),
            target: Target { asker: *asker, url: url.clone() },
            issued_at: *issued_at,
            wanted,
            is_ended: false,
        });
        Admission::Begun
    }

    /// How this camera is looked at: as often and as wide as whoever wants most.
    pub fn wanted(&self, camera: &CameraId, now: Instant) -> Option<Wanted> {
        let on = self.0.iter().filter(|viewing| viewing.camera == *camera && viewing.is_on(now));
        on.map(|viewing| viewing.wanted).reduce(|one, other| Wanted {
            until: one.until.max(other.until),
            fps_max: one.fps_max.max(other.fps_max),
            width_px_max: one.width_px_max.max(other.width_px_max),
        })
    }

    /// Where this camera's pictures go; each address once.
    pub fn targets(&self, camera: &CameraId, now: Instant) -> Vec<Target> {
        let mut targets: Vec<Target> = Vec::new();
        for viewing in self.0.iter().filter(|viewing| viewing.camera == *camera && viewing.is_on(now)) {
            if !targets.iter().any(|target| target.url == viewing.target.url) {
                targets.push(viewing.target.clone());
            }
        }
        targets
    }

    /// Whoever gets pictures at this address does not want them any more.
    pub fn end(&mut self, camera: &CameraId, url: Option<&str>) {
        let of_target = |viewing: &&mut Viewing| viewing.camera == *camera && viewing.target.url.as_deref() == url;
        self.0.iter_mut().filter(of_target).for_each(|viewing| viewing.is_ended = true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> UtcTime {
        UtcTime::from_unix_micros((1_763_600_000 + seconds) * 1_000_000).expect("in range")
    }

    fn camera() -> CameraId {
        CameraId::new("cam-1").expect("a slug")
    }

    fn request(asker: u8, from: i64) -> ViewRequest {
        ViewRequest {
            asker: AskerId::from_random([asker; 16]),
            site: "s1".parse().expect("a slug"),
            node: "n1".parse().expect("a slug"),
            camera: camera(),
            fps_max: 5,
            width_px_max: 1280,
            url: None,
            issued_at: at(from),
            not_after: at(from + 20),
        }
    }

    /// Viewings on both clocks, which go together.
    struct Fixture {
        viewings: Viewings,
        start: Instant,
    }

    impl Fixture {
        fn new() -> Self {
            Self { viewings: Viewings::default(), start: Instant::now() }
        }

        fn now(&self, seconds: i64) -> Instant {
            self.start + Duration::from_secs(seconds.unsigned_abs())
        }

        fn admit(&mut self, request: &ViewRequest, seconds: i64) -> Admission {
            let now = self.now(seconds);
            self.viewings.admit(request, at(seconds), now)
        }

        fn is_wanted(&self, seconds: i64) -> bool {
            self.viewings.wanted(&camera(), self.now(seconds)).is_some()
        }
    }

    #[test]
    fn a_viewing_lasts_as_long_as_it_is_renewed_and_no_longer() {
        let mut fixture = Fixture::new();
        assert!(!fixture.is_wanted(0));
        assert_eq!(fixture.admit(&request(1, 0), 0), Admission::Begun);
        assert!(fixture.is_wanted(19) && !fixture.is_wanted(20));
        assert_eq!(fixture.admit(&request(1, 5), 5), Admission::Renewed);
        assert!(fixture.is_wanted(24) && !fixture.is_wanted(25));
        let other = CameraId::new("cam-2").expect("a slug");
        assert_eq!(fixture.viewings.wanted(&other, fixture.now(6)), None);
    }

    #[test]
    fn what_is_over_or_comes_again_changes_nothing() {
        let mut fixture = Fixture::new();
        assert_eq!(fixture.admit(&request(1, 0), 21), Admission::Untimely, "over");
        assert!(!fixture.is_wanted(21));
        assert_eq!(fixture.admit(&request(1, 100), 21), Admission::Untimely, "from the future");
        assert_eq!(fixture.admit(&request(1, 25), 25), Admission::Begun);
        assert_eq!(fixture.admit(&request(1, 25), 30), Admission::Again);
        assert_eq!(fixture.admit(&request(1, 24), 30), Admission::Again);
        assert!(!fixture.is_wanted(45), "no repetition prolongs it");
        // Neither does one after the asker has said that he has enough.
        assert_eq!(fixture.admit(&request(1, 50), 50), Admission::Begun);
        fixture.viewings.end(&camera(), None);
        assert!(!fixture.is_wanted(51));
        assert_eq!(fixture.admit(&request(1, 50), 52), Admission::Again);
        assert!(!fixture.is_wanted(53));
        assert_eq!(fixture.admit(&request(1, 54), 54), Admission::Begun, "until he asks anew");
    }

    #[test]
    fn two_hubs_get_one_picture_each_or_one_together() {
        let mut fixture = Fixture::new();
        let at_own = ViewRequest { url: Some("https://hub-2".to_owned()), fps_max: 2, ..request(2, 0) };
        fixture.admit(&request(1, 0), 0);
        fixture.admit(&ViewRequest { width_px_max: 1920, ..request(3, 0) }, 0);
        fixture.admit(&at_own, 0);
        let urls = |fixture: &Fixture| {
            let targets = fixture.viewings.targets(&camera(), fixture.now(1));
            targets.into_iter().map(|target| target.url).collect::<Vec<_>>()
        };
        assert_eq!(urls(&fixture), [None, at_own.url.clone()]);
        let wanted = fixture.viewings.wanted(&camera(), fixture.now(1)).expect("somebody looks");
        assert_eq!((wanted.fps_max, wanted.width_px_max), (5, 1920), "as whoever wants most");
        fixture.viewings.end(&camera(), None);
        assert_eq!(urls(&fixture), [at_own.url]);
    }

    #[test]
    fn so_many_look_at_once_and_no_more_until_one_leaves() {
        let mut fixture = Fixture::new();
        for asker in 0..u8::try_from(VIEWINGS_MAX).expect("it is small") {
            assert_eq!(fixture.admit(&request(asker, 0), 0), Admission::Begun);
        }
        assert_eq!(fixture.admit(&request(100, 1), 1), Admission::TooMany);
        assert_eq!(fixture.admit(&request(0, 1), 1), Admission::Renewed, "who looks goes on");
        assert_eq!(fixture.admit(&request(100, 21), 21), Admission::Begun, "the others' time is over");
    }
}
