//! One picture after the other, for as long as somebody looks.
//!
//! The answer is `multipart/x-mixed-replace`: one connection, each picture with its length, moment and age. A slow reader
//! gets fewer pictures and never older ones. The console reads the parts itself, because it shows how old a picture is.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use store::LogEntry;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_stream::wrappers::ReceiverStream;
use wire::view::ViewRefusal;

use super::{AGE_MS, CAPTURED_AT, Place, begin, not_begun};
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::problem::Problem;
use crate::clock;
use crate::views::{LiveView, Picture, Viewing};

/// What separates the parts.
const BOUNDARY: &str = "gatehouse-frame";

/// Longest time of one answer; whoever still looks asks anew.
const LIVE_FOR_MAX: Duration = Duration::from_secs(30 * 60);

/// A view without a picture for so long ends.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// A reader who takes nothing for so long is sent away.
const STALL_MAX: Duration = Duration::from_secs(10);

/// How often it is looked whether the reader would still be let in.
const KNOW_AGAIN_EVERY: Duration = Duration::from_secs(10);

/// Parts that wait for a slow reader: what is newer waits for its turn as the newest.
const WAITING_MAX: usize = 1;

/// Live pictures of a camera, each a part of a `multipart/x-mixed-replace` answer with `content-length`, `x-captured-at`
/// and `x-age-ms`. A part of the type application/json says why there is none for the moment (`{"refused": "no_picture"}`).
/// It ends with the reader's session, after thirty seconds without a picture, and after half an hour.
#[utoipa::path(get, path = "/api/v1/cameras/{site}/{node}/{camera}/live", tag = "nodes",
    params(("site" = String, Path), ("node" = String, Path), ("camera" = String, Path)),
    responses(
        (status = 200, description = "Pictures, with heads coarsened", content_type = "multipart/x-mixed-replace"),
        (status = 400, body = Problem),
        (status = 404, description = "No such camera at a site of the caller", body = Problem),
        (status = 429, description = "Too many viewings begun", body = Problem),
        (status = 501, description = "The hub holds no view key", body = Problem),
        (status = 503, description = "The node is offline, forbids it, or its camera gives no picture", body = Problem),
        (status = 504, description = "The node has not answered", body = Problem),
    ))]
pub(crate) async fn live(
    State(app): State<App>,
    caller: Caller,
    Path((site, node, camera)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    let place = Place::parse(&site, &node, &camera)?;
    let counted = app.views.live(caller.key()).map_err(not_begun)?;
    let (viewing, first) = begin(&app, &caller, &place).await?;
    let entry =
        LogEntry { site: Some(place.site.clone()), ..caller.entry(clock::now(), "camera.view", place.to_string()) };
    let begun = LogEntry { outcome: "begun".to_owned(), ..entry.clone() };
    app.reception.audit.record(begun).await.map_err(|error| Problem::later(error.to_string()))?;
    let (parts, stream) = mpsc::channel(WAITING_MAX);
    let show = Show { app, caller, viewing, parts };
    tokio::spawn(show.run(first, entry, counted));
    let kind = format!("multipart/x-mixed-replace; boundary={BOUNDARY}");
    let mut response = Body::from_stream(ReceiverStream::new(stream)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::try_from(kind).expect("it is ASCII"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy that gathers an answer before it passes it on would show nothing.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// One live view under way.
struct Show {
    app: App,
    caller: Caller,
    viewing: Viewing,
    parts: mpsc::Sender<Result<Bytes, Infallible>>,
}

/// Why it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Left,
    SessionOver,
    Silent,
    LongEnough,
    HubStops,
}

impl End {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::SessionOver => "session over",
            Self::Silent => "no picture",
            Self::LongEnough => "long enough",
            Self::HubStops => "hub stops",
        }
    }
}

impl Show {
    async fn run(mut self, first: Picture, entry: LogEntry, counted: LiveView) {
        let began = Instant::now();
        let mut stopping = self.app.stopping.clone();
        let end = tokio::select! {
            end = self.show(first, began) => end,
            _ = stopping.wait_for(|stop| *stop) => End::HubStops,
        };
        let Self { app, viewing, parts, .. } = self;
        // Nobody is asked for pictures any more from here on.
        drop((viewing, parts, counted));
        let seconds = began.elapsed().as_secs();
        let outcome = format!("ended after {seconds} s: {}", end.as_str());
        let ended = LogEntry { at: clock::now(), action: "camera.view_end".to_owned(), outcome, ..entry };
        if let Err(error) = app.reception.audit.record(ended).await {
            tracing::warn!(%error, "that somebody stopped looking through a camera cannot be noted");
        }
    }

    async fn show(&mut self, first: Picture, began: Instant) -> End {
        let mut looks = interval(KNOW_AGAIN_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        looks.tick().await;
        let mut shown = first.captured_at;
        let mut told: Option<ViewRefusal> = None;
        let mut pictured = Instant::now();
        if self.send(part_of(&first)).await.is_err() {
            return End::Left;
        }
        loop {
            tokio::select! {
                changed = self.viewing.news.changed() => {
                    if changed.is_err() {
                        return End::HubStops;
                    }
                    let news = self.viewing.news.borrow_and_update().clone();
                    let part = match (news.refusal, news.picture) {
                        (Some(refusal), _) if told != Some(refusal) => {
                            told = Some(refusal);
                            part_of_refusal(refusal)
                        }
                        (Some(_), _) => continue,
                        (None, Some(picture)) if picture.captured_at > shown => {
                            (shown, told, pictured) = (picture.captured_at, None, Instant::now());
                            part_of(&picture)
                        }
                        (None, Some(_) | None) => continue,
                    };
                    if self.send(part).await.is_err() {
                        return End::Left;
                    }
                }
                () = self.parts.closed() => return End::Left,
                _ = looks.tick() => match self.app.reception.know_again(&self.caller).await {
                    Ok(Some(_)) => {}
                    Ok(None) | Err(_) => return End::SessionOver,
                },
                () = sleep_until(pictured + SILENCE_MAX) => return End::Silent,
                () = sleep_until(began + LIVE_FOR_MAX) => return End::LongEnough,
            }
        }
    }

    async fn send(&self, part: Bytes) -> Result<(), mpsc::error::SendTimeoutError<Result<Bytes, Infallible>>> {
        self.parts.send_timeout(Ok(part), STALL_MAX).await
    }
}

fn part_of(picture: &Picture) -> Bytes {
    let age_ms = picture.age().as_millis();
    let head = format!("{CAPTURED_AT}: {}\r\n{AGE_MS}: {age_ms}\r\n", picture.captured_at);
    part("image/jpeg", &head, &picture.jpeg)
}

fn part_of_refusal(refusal: ViewRefusal) -> Bytes {
    let told = serde_json::json!({ "refused": refusal.as_str() }).to_string();
    part("application/json", "", told.as_bytes())
}

fn part(kind: &str, more: &str, body: &[u8]) -> Bytes {
    let head = format!("--{BOUNDARY}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n{more}\r\n", body.len());
    [head.as_bytes(), body, b"\r\n"].concat().into()
}
