//! Setting gates up from the page, where the hub's program watches cameras itself: trying a camera, its picture, writing the
//! gate. See [`crate::setup`].

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{Point, Problems};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::body::Body;
use crate::api::problem::{FieldProblem, Problem, no_randomness};
use crate::setup::{
    CameraAddress, DrawnLine, DrawnZone, GatePlan, GateThere, Inwards, PlateReading, PutError, SetupDesk, Source,
    Stage, Standing, TRIAL_KEPT, Template, Video,
};

/// Longest wait for a look at a source; it ends sooner by itself, unless the system cannot look a name up.
const LOOK_MAX: Duration = Duration::from_secs(25);

/// Characters of an address.
const ADDRESS_CHARS_MAX: usize = 1_000;

/// How far the set-up of this machine is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Appliance {
    /// `not_begun`, `starting`, `running` or `failed`.
    stage: &'static str,
    /// Why nothing is watched, where it failed.
    reason: Option<String>,
    /// The site, once there is one: further gates are its own.
    site: Option<String>,
    /// The gates that are configured.
    gates: Vec<ConfiguredGate>,
    /// What profiles can be made from.
    templates: Vec<ProfileTemplate>,
    /// Videos that may stand for a camera.
    videos: Vec<SampleVideo>,
}

/// A gate that is configured.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConfiguredGate {
    /// The gate.
    gate: String,
    /// What it is called in Vietnamese.
    vi: String,
    /// What it is called in English.
    en: String,
    /// Its camera.
    camera: String,
    /// The camera's source; a password is shown as `***`.
    source: String,
}

/// What a profile can be made from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProfileTemplate {
    /// Its name.
    name: String,
    /// What it is called in Vietnamese.
    vi: String,
    /// What it is called in English.
    en: String,
    /// What its lines count: `person`, `vehicle`.
    groups: Vec<String>,
}

/// A video in a folder of this machine that may stand for a camera.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SampleVideo {
    /// Its name.
    name: String,
    /// Its size.
    bytes: u64,
}

/// A source to look at.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrialWanted {
    /// The address of a camera, `rtsp://user:password@host:port/path` or `rtsps://…`.
    #[serde(default)]
    #[schema(format = Password)]
    address: Option<String>,
    /// One of the videos, by its name.
    #[serde(default)]
    video: Option<String>,
}

/// What a source showed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CameraTrial {
    /// By this a gate is made of it, and its picture is got.
    id: String,
    /// Where its picture is.
    picture: String,
    /// Pixels in a row.
    width_px: u32,
    /// Rows.
    height_px: u32,
    /// Frames a second.
    frames_per_s: Option<f64>,
    /// What the stream is encoded in, such as `H.264`.
    codec: Option<&'static str>,
    /// How long it is kept, in seconds.
    kept_s: u64,
}

/// A gate as somebody wants it. Points are shares of the picture's width and height, 0 to 1, y downwards.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GateWanted {
    /// The site: the one of this machine, once it has one.
    site: String,
    /// What the site is called.
    #[serde(default)]
    site_name: String,
    /// What the gate is called.
    name: String,
    /// The trial that showed its camera; nothing keeps the camera that the gate has.
    #[serde(default)]
    trial: Option<String>,
    /// The template of its profile.
    template: String,
    /// Whether number plates are read.
    #[serde(default)]
    plates: bool,
    /// Its counting lines.
    lines: Vec<LineWanted>,
    /// Its zones.
    #[serde(default)]
    zones: Vec<ZoneWanted>,
}

/// A counting line.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LineWanted {
    /// Its id.
    id: String,
    /// Its two ends, `[[x0, y0], [x1, y1]]`.
    #[schema(value_type = Vec<Vec<f64>>)]
    points: Vec<Point>,
    /// Which way over it leads into the site.
    inwards: Inwards,
    /// What is counted: `person`, `vehicle`.
    groups: Vec<String>,
}

/// A zone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ZoneWanted {
    /// Its id.
    id: String,
    /// Its corners in order, `[[x, y], …]`.
    #[schema(value_type = Vec<Vec<f64>>)]
    points: Vec<Point>,
    /// What is counted: `person`, `vehicle`.
    groups: Vec<String>,
}

impl Appliance {
    fn new(standing: Standing, templates: Vec<Template>, videos: Vec<Video>) -> Self {
        let (stage, reason) = match standing.stage {
            Stage::NotBegun => ("not_begun", None),
            Stage::Starting => ("starting", None),
            Stage::Running => ("running", None),
            Stage::Failed(reason) => ("failed", Some(reason)),
        };
        let gates = standing.gates.into_iter().map(|there| {
            let GateThere { gate, name: (vi, en), camera, source } = there;
            ConfiguredGate { gate, vi, en, camera, source }
        });
        let templates = templates.into_iter().map(|template| {
            let Template { name, title: (vi, en), groups } = template;
            ProfileTemplate { name, vi, en, groups }
        });
        let videos = videos.into_iter().map(|Video { name, bytes }| SampleVideo { name, bytes });
        Self {
            stage,
            reason,
            site: standing.site,
            gates: gates.collect(),
            templates: templates.collect(),
            videos: videos.collect(),
        }
    }
}

/// Whoever sets this machine up: he looks after all of it. Asked before anything that was sent is read.
pub(crate) struct Setting(Arc<SetupDesk>);

impl FromRequestParts<App> for Setting {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, app).await?;
        let Some(desk) = &app.setup else {
            let detail = "this hub watches no cameras itself: its nodes are set up where they are, and `gatehouse run --data \
                          FOLDER` is the program that is hub and node at once";
            return Err(Problem::of("no_appliance", StatusCode::NOT_FOUND, detail));
        };
        if !caller.sites(Permission::NodesWrite).is_all() {
            let detail = format!("this takes the permission {} at every site", Permission::NodesWrite);
            return Err(Problem::of("forbidden", StatusCode::FORBIDDEN, detail));
        }
        Ok(Self(Arc::clone(desk)))
    }
}

/// Runs what blocks on a thread of its own.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "a task of the set-up did not end well");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the set-up failed; its log says why")
    })
}

async fn standing(desk: Arc<SetupDesk>) -> Result<Json<Appliance>, Problem> {
    let installer = Arc::clone(&desk.installer);
    apart(move || Appliance::new(installer.standing(), installer.templates(), installer.videos())).await.map(Json)
}

/// How far the set-up of this machine is, and what it can be set up with.
#[utoipa::path(get, path = "/api/v1/appliance", tag = "appliance",
    responses(
        (status = 200, body = Appliance),
        (status = 404, description = "no_appliance: this hub watches no cameras itself", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn appliance(Setting(desk): Setting) -> Result<Json<Appliance>, Problem> {
    standing(desk).await
}

/// Looks at a source once: whether it shows a picture, how large, how often. One at a time.
#[utoipa::path(post, path = "/api/v1/appliance/trials", tag = "appliance", request_body = TrialWanted,
    responses(
        (status = 201, description = "It shows a picture", body = CameraTrial),
        (status = 400, body = Problem),
        (status = 404, description = "no_appliance: this hub watches no cameras itself", body = Problem),
        (status = 409, description = "trial_busy: another source is being looked at", body = Problem),
        (status = 422, description = "camera_…: it shows none, and why", body = Problem),
        (status = 503, body = Problem),
        (status = 504, description = "camera_silent: nothing came of it in time", body = Problem),
    ))]
pub(crate) async fn try_source(
    Setting(desk): Setting,
    Body(wanted): Body<TrialWanted>,
) -> Result<(StatusCode, Json<CameraTrial>), Problem> {
    let source = match (wanted.address, wanted.video) {
        (Some(address), None) if address.chars().count() <= ADDRESS_CHARS_MAX => {
            Source::Rtsp(CameraAddress::new(address.trim()))
        }
        (Some(_), None) => {
            return Err(Problem::bad_request(format!("address: at most {ADDRESS_CHARS_MAX} characters are accepted")));
        }
        (None, Some(video)) => Source::Video(video),
        (Some(_), Some(_)) | (None, None) => {
            return Err(Problem::bad_request("address, video: one of the two is accepted"));
        }
    };
    let Some(turn) = desk.begin() else {
        let detail = "another source is being looked at: ask again when that is done";
        return Err(Problem::of("trial_busy", StatusCode::CONFLICT, detail).after(Duration::from_secs(2)));
    };
    let (installer, looked_at) = (Arc::clone(&desk.installer), source.clone());
    // The turn is over when the look is, also where nobody waits for it any more.
    let looking = apart(move || {
        let seen = installer.look(&looked_at);
        drop(turn);
        seen
    });
    let silent = |_| {
        Problem::of("camera_silent", StatusCode::GATEWAY_TIMEOUT, "nothing came of it in time: is the address right?")
    };
    let seen = timeout(LOOK_MAX, looking).await.map_err(silent)??;
    let still = seen.map_err(|refusal| {
        Problem::of(&format!("camera_{}", refusal.code), StatusCode::UNPROCESSABLE_ENTITY, refusal.said)
    })?;
    let trial = desk.keep(source, still).map_err(no_randomness)?;
    let still = &trial.still;
    let shown = CameraTrial {
        picture: format!("/api/v1/appliance/trials/{}/picture", trial.id),
        id: trial.id,
        width_px: still.width_px,
        height_px: still.height_px,
        frames_per_s: still.frames_per_s,
        codec: still.codec,
        kept_s: TRIAL_KEPT.as_secs(),
    };
    Ok((StatusCode::CREATED, Json(shown)))
}

/// The picture that a source showed. It is kept in memory for as long as the trial, and nowhere else.
#[utoipa::path(get, path = "/api/v1/appliance/trials/{id}/picture", tag = "appliance",
    params(("id" = String, Path, description = "The trial")),
    responses(
        (status = 200, description = "The picture", content_type = "image/jpeg"),
        (status = 404, description = "No such trial, or its time is over", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn trial_picture(Setting(desk): Setting, Path(id): Path<String>) -> Result<Response, Problem> {
    let trial = desk.trial(&id).ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, trial_gone()))?;
    let mut response = trial.still.jpeg.clone().into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    Ok(response)
}

fn trial_gone() -> String {
    format!("this trial is not known, or is over: a source is kept for {} minutes", TRIAL_KEPT.as_secs() / 60)
}

/// Makes a gate, or makes it anew, and has its camera watched.
#[utoipa::path(put, path = "/api/v1/appliance/gates/{gate}", tag = "appliance", request_body = GateWanted,
    params(("gate" = String, Path, description = "The gate")),
    responses(
        (status = 200, description = "It is written, and is being started", body = Appliance),
        (status = 400, body = Problem),
        (status = 404, description = "no_appliance: this hub watches no cameras itself", body = Problem),
        (status = 422, description = "setup_wrong: what is wrong, by its field", body = Problem),
        (status = 500, description = "It cannot be written", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn gate_put(
    Setting(desk): Setting,
    Path(gate): Path<String>,
    Body(wanted): Body<GateWanted>,
) -> Result<Json<Appliance>, Problem> {
    let trial = match &wanted.trial {
        None => None,
        Some(id) => {
            let gone = || {
                let mut problems = Problems::default();
                problems.note("trial", trial_gone());
                wrong(&problems)
            };
            Some(desk.trial(id).ok_or_else(gone)?)
        }
    };
    let plan = GatePlan {
        site: wanted.site,
        site_name: wanted.site_name,
        gate,
        name: wanted.name,
        source: trial.map(|trial| trial.source),
        template: wanted.template,
        plates: if wanted.plates { PlateReading::On } else { PlateReading::Off },
        lines: wanted.lines.into_iter().map(LineWanted::drawn).collect(),
        zones: wanted.zones.into_iter().map(ZoneWanted::drawn).collect(),
    };
    let installer = Arc::clone(&desk.installer);
    match apart(move || installer.put_gate(plan)).await? {
        Ok(()) => standing(desk).await,
        Err(PutError::Wrong(problems)) => Err(wrong(&problems)),
        Err(PutError::Failed(reason)) => {
            tracing::warn!(reason, "a gate cannot be written");
            Err(Problem::of("setup_failed", StatusCode::INTERNAL_SERVER_ERROR, reason))
        }
    }
}

impl LineWanted {
    fn drawn(self) -> DrawnLine {
        let Self { id, points, inwards, groups } = self;
        DrawnLine { was: None, id, points, inwards, groups }
    }
}

impl ZoneWanted {
    fn drawn(self) -> DrawnZone {
        let Self { id, points, groups } = self;
        DrawnZone { was: None, id, points, groups }
    }
}

/// Everything that is wrong with what was sent.
pub(super) fn wrong(problems: &Problems) -> Problem {
    let fields = problems
        .as_slice()
        .iter()
        .map(|problem| FieldProblem { field: problem.path.clone(), detail: problem.message.clone() });
    Problem::of("setup_wrong", StatusCode::UNPROCESSABLE_ENTITY, problems.to_string()).with_fields(fields.collect())
}
