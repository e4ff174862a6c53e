//! Looking through a camera: one picture, or one after the other; and where nodes bring them.
//!
//! A live picture of persons is personal data of another kind than a count: it has a permission of its own, each viewing
//! is written down with who looked through which camera and for how long, and nothing of it stays here.

mod intake;
mod live;

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{CameraId, NodeId, SiteId};
use tokio::time::{Instant, timeout_at};
use wire::NodeState;
use wire::view::ViewRefusal;

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::problem::{Problem, later_by};
use crate::views::{LIVE_MAX, News, NotBegun, Picture, Viewing};

pub(crate) use intake::{__path_put_view, put_view};
pub(crate) use live::{__path_live, live};

/// Longest wait for the first picture.
const FIRST_MAX: Duration = Duration::from_secs(5);

/// A picture of this age or less need not be waited for.
const FRESH_MAX: Duration = Duration::from_millis(800);

/// When a picture was taken, by the node's clock.
pub(super) const CAPTURED_AT: HeaderName = HeaderName::from_static("x-captured-at");

/// How old a picture is when it is sent, in milliseconds, whatever the clocks say.
pub(super) const AGE_MS: HeaderName = HeaderName::from_static("x-age-ms");

/// A camera of a node.
#[derive(Debug, Clone)]
struct Place {
    site: SiteId,
    node: NodeId,
    camera: CameraId,
}

impl Place {
    fn parse(site: &str, node: &str, camera: &str) -> Result<Self, Problem> {
        let bad = |what: &str, error: &dyn std::fmt::Display| Problem::bad_request(format!("{what}: {error}"));
        Ok(Self {
            site: site.parse().map_err(|error| bad("site", &error))?,
            node: node.parse().map_err(|error| bad("node", &error))?,
            camera: camera.parse().map_err(|error| bad("camera", &error))?,
        })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { site, node, camera } = self;
        write!(f, "{site}/{node}/{camera}")
    }
}

/// One picture of a camera, as it is now. The node is asked for it and has five seconds.
#[utoipa::path(get, path = "/api/v1/cameras/{site}/{node}/{camera}/snapshot", tag = "nodes",
    params(("site" = String, Path), ("node" = String, Path), ("camera" = String, Path)),
    responses(
        (status = 200, description = "The picture, with heads coarsened; `x-captured-at` and `x-age-ms` say of when",
            content_type = "image/jpeg"),
        (status = 400, body = Problem),
        (status = 404, description = "No such camera at a site of the caller", body = Problem),
        (status = 429, description = "Too many viewings begun", body = Problem),
        (status = 501, description = "The hub holds no view key", body = Problem),
        (status = 503, description = "The node is offline, forbids it, or its camera gives no picture", body = Problem),
        (status = 504, description = "The node has not answered", body = Problem),
    ))]
pub(crate) async fn snapshot(
    State(app): State<App>,
    caller: Caller,
    Path((site, node, camera)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    let place = Place::parse(&site, &node, &camera)?;
    let (_viewing, picture) = begin(&app, &caller, &place).await?;
    let name = format!("{site}-{node}-{camera}-{}.jpg", file_moment(&picture.captured_at.to_string()));
    let disposition = format!("inline; filename=\"{name}\"");
    let mut response = ([(header::CONTENT_TYPE, "image/jpeg")], picture.jpeg.clone()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::try_from(disposition).expect("slugs and digits"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(CAPTURED_AT, HeaderValue::try_from(picture.captured_at.to_string()).expect("a moment is ASCII"));
    headers.insert(AGE_MS, HeaderValue::from(u64::try_from(picture.age().as_millis()).unwrap_or(u64::MAX)));
    Ok(response)
}

/// A moment as a file's name can hold it: `20261122T021534Z`.
fn file_moment(moment: &str) -> String {
    let whole = moment.split('.').next().unwrap_or(moment);
    let kept: String = whole.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    format!("{}Z", kept.trim_end_matches('Z'))
}

/// Begins to look and waits for the first picture that is fresh.
async fn begin(app: &App, caller: &Caller, place: &Place) -> Result<(Viewing, Picture), Problem> {
    let Place { site, node, camera } = place;
    let missing =
        || Problem::of("no_camera", StatusCode::NOT_FOUND, format!("there is no camera \"{place}\" at your sites"));
    if !caller.sees(Permission::CamerasView, site) {
        return Err(missing());
    }
    let known = app.store.nodes().await?.into_iter().find(|known| known.node.node == *node && known.node.site == *site);
    let known = known.ok_or_else(missing)?;
    if !known.cameras.iter().any(|known| known.camera == *camera) {
        return Err(missing());
    }
    if let Some(gone) = app.store.revocation_of(node).await? {
        let detail = format!("node \"{node}\" is believed no more since {}: nobody looks through its cameras", gone.at);
        return Err(Problem::of("node_revoked", StatusCode::CONFLICT, detail));
    }
    match known.status.map(|status| status.state) {
        Some(NodeState::Online) => {}
        Some(NodeState::Offline) | None => {
            let detail = format!("node \"{node}\" is offline: its pictures are seen once it is back");
            return Err(Problem::of("node_offline", StatusCode::SERVICE_UNAVAILABLE, detail));
        }
    }
    let begun = app.views.begin((site, node, camera), caller.asker());
    let mut viewing = begun.map_err(not_begun)?;
    let first = first(&mut viewing, place).await?;
    Ok((viewing, first))
}

fn not_begun(why: NotBegun) -> Problem {
    match why {
        NotBegun::NoKey => {
            let detail = "this hub holds no view key: make one with `gatehouse-hub view-key keygen`, give its configuration a \
                          table [signing] with view_key_file, and the nodes its public half as [view] keys; an \
                          order_key_file serves too";
            Problem::of("no_view_key", StatusCode::NOT_IMPLEMENTED, detail)
        }
        NotBegun::NoBroker => {
            let detail = "the hub has no connection to its broker, by which nodes are asked";
            Problem::of("no_broker", StatusCode::SERVICE_UNAVAILABLE, detail)
        }
        NotBegun::TooMany => {
            let detail =
                format!("too many look through cameras at the same time: {LIVE_MAX} views are shown, 4 of one account");
            Problem::of("too_many_views", StatusCode::SERVICE_UNAVAILABLE, detail)
        }
        NotBegun::TooOften(wait) => later_by("too many viewings begun", wait),
    }
}

async fn first(viewing: &mut Viewing, place: &Place) -> Result<Picture, Problem> {
    let deadline = Instant::now() + FIRST_MAX;
    let fresh = |news: &News| news.picture.clone().filter(|picture| picture.age() <= FRESH_MAX);
    if let Some(picture) = fresh(&viewing.news.borrow_and_update()) {
        return Ok(picture);
    }
    // What was said before somebody asked anew is no answer.
    while let Ok(Ok(())) = timeout_at(deadline, viewing.news.changed()).await {
        let news = viewing.news.borrow_and_update().clone();
        match (news.refusal, news.picture) {
            (Some(refusal), _) => return Err(refused(refusal, place)),
            (None, Some(picture)) => return Ok(picture),
            (None, None) => {}
        }
    }
    let detail = format!(
        "node \"{}\" has not answered within {} s: its line may be too slow, its program older than this, its clock off by \
         more than 20 s, or it does not believe this hub's key ([view] keys in its configuration)",
        place.node,
        FIRST_MAX.as_secs()
    );
    Err(Problem::of("no_answer", StatusCode::GATEWAY_TIMEOUT, detail))
}

fn refused(refusal: ViewRefusal, place: &Place) -> Problem {
    let Place { node, camera, .. } = place;
    let later = StatusCode::SERVICE_UNAVAILABLE;
    match refusal {
        ViewRefusal::Forbidden => {
            let detail =
                format!("node \"{node}\" forbids that its cameras are looked through ([view] in its configuration)");
            Problem::of("view_forbidden", later, detail)
        }
        ViewRefusal::NoCamera => {
            let detail = format!("node \"{node}\" has no camera \"{camera}\" any more");
            Problem::of("no_camera", StatusCode::NOT_FOUND, detail)
        }
        ViewRefusal::NoPicture => {
            let detail = format!("camera \"{camera}\" gives no picture at the moment");
            Problem::of("no_picture", later, detail)
        }
        ViewRefusal::TooMany => {
            let detail = format!("too many look through the cameras of node \"{node}\"");
            Problem::of("too_many_views", later, detail)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_in_a_file_s_name_needs_no_quoting() {
        assert_eq!(file_moment("2026-11-22T02:15:34.123456Z"), "20261122T021534Z");
        assert_eq!(file_moment("2026-11-22T02:15:34Z"), "20261122T021534Z");
    }

    #[test]
    fn every_refusal_has_a_name_of_its_own_that_programs_know() {
        let place = Place::parse("s1", "n1", "cam-1").expect("slugs");
        let names = ViewRefusal::ALL.map(|refusal| refused(refusal, &place).kind());
        assert_eq!(names, ["view_forbidden", "no_camera", "no_picture", "too_many_views"]);
    }
}
