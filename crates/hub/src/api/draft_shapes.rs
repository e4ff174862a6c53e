//! The lines and zones of a gate profile in a draft, to be drawn instead of written.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{Point, Problems};
use serde::{Deserialize, Serialize};
use store::{DraftError, Expected};
use utoipa::{IntoParams, ToSchema};
use wire::policy::{Document, DocumentPath};

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::appliance::wrong;
use crate::api::body::Body;
use crate::api::drafts::{expected, path_of};
use crate::api::params::Params;
use crate::api::policies::site_seen;
use crate::api::problem::Problem;
use crate::clock;
use crate::drawing::Drawing;
use crate::setup::{DrawnLine, DrawnZone, Inwards};

/// Longest drawing in bytes: all shapes that a profile may have, with many corners.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// Where profiles lie.
const PROFILES: &str = "profiles/";

/// Which profile.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ShapesParams {
    /// Its path, `profiles/NAME.toml`.
    path: String,
}

/// The lines and zones of a profile. Points are shares of the picture's width and height, 0 to 1, y downwards.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shapes {
    /// Its counting lines.
    lines: Vec<LineShape>,
    /// Its zones.
    zones: Vec<ZoneShape>,
}

/// A counting line.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LineShape {
    /// The id of the line that it was: what no drawing shows stays with it. Nothing for a new one.
    #[serde(default)]
    was: Option<String>,
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
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ZoneShape {
    /// The id of the zone that it was, as of a line.
    #[serde(default)]
    was: Option<String>,
    /// Its id.
    id: String,
    /// Its corners in order, `[[x, y], …]`.
    #[schema(value_type = Vec<Vec<f64>>)]
    points: Vec<Point>,
    /// What is counted: `person`, `vehicle`.
    groups: Vec<String>,
}

impl From<Drawing> for Shapes {
    fn from(drawing: Drawing) -> Self {
        let line = |DrawnLine { was, id, points, inwards, groups }| LineShape { was, id, points, inwards, groups };
        let zone = |DrawnZone { was, id, points, groups }| ZoneShape { was, id, points, groups };
        Self {
            lines: drawing.lines.into_iter().map(line).collect(),
            zones: drawing.zones.into_iter().map(zone).collect(),
        }
    }
}

impl From<Shapes> for Drawing {
    fn from(shapes: Shapes) -> Self {
        let line = |LineShape { was, id, points, inwards, groups }| DrawnLine { was, id, points, inwards, groups };
        let zone = |ZoneShape { was, id, points, groups }| DrawnZone { was, id, points, groups };
        Self {
            lines: shapes.lines.into_iter().map(line).collect(),
            zones: shapes.zones.into_iter().map(zone).collect(),
        }
    }
}

fn profile_path(text: &str) -> Result<DocumentPath, Problem> {
    let path = path_of(text)?;
    if path.as_str().starts_with(PROFILES) {
        return Ok(path);
    }
    Err(Problem::bad_request(format!("path: \"{path}\" is no profile: {PROFILES}NAME.toml is accepted")))
}

/// The profile's text cannot be drawn: it is to be put right as a text first.
fn not_drawn(path: &DocumentPath, problems: &Problems) -> Problem {
    Problem::of("not_a_profile", StatusCode::CONFLICT, format!("\"{path}\": {problems}"))
}

/// The lines and zones of a profile in the draft.
#[utoipa::path(get, path = "/api/v1/sites/{site}/policy-draft/shapes", tag = "policies",
    params(("site" = String, Path, description = "The site"), ShapesParams),
    responses(
        (status = 200, description = "With the document's ETag", body = Shapes),
        (status = 400, body = Problem),
        (status = 404, body = Problem),
        (status = 409, description = "not_a_profile: its text has mistakes, and which", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn shapes(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Params(params): Params<ShapesParams>,
) -> Result<Response, Problem> {
    let site = site_seen(&caller, Permission::PoliciesRead, &name)?;
    let path = profile_path(&params.path)?;
    let found = app.store.draft_document(&site, &path).await?;
    let (row, text) = found.ok_or_else(|| Problem::from(DraftError::Missing(path.clone())))?;
    let drawing = Drawing::of(&text).map_err(|problems| not_drawn(&path, &problems))?;
    Ok(([(header::ETAG, format!("\"{}\"", row.sha256))], Json(Shapes::from(drawing))).into_response())
}

/// Changes the lines and zones of a profile in the draft. Everything else of it stays as it is written.
#[utoipa::path(put, path = "/api/v1/sites/{site}/policy-draft/shapes", tag = "policies",
    params(
        ("site" = String, Path, description = "The site"),
        ShapesParams,
        ("if-match" = String, Header, description = "The ETag that was read, or *"),
    ),
    request_body = Shapes,
    responses(
        (status = 204),
        (status = 400, body = Problem),
        (status = 404, body = Problem),
        (status = 409, description = "not_a_profile: its text has mistakes, and which", body = Problem),
        (status = 412, description = "Somebody changed it meanwhile", body = Problem),
        (status = 422, description = "setup_wrong: what is wrong, by its field", body = Problem),
        (status = 428, description = "No If-Match", body = Problem),
        (status = 503, body = Problem),
    ))]
pub(crate) async fn shapes_put(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Params(params): Params<ShapesParams>,
    headers: HeaderMap,
    Body(shapes): Body<Shapes, BODY_BYTES_MAX>,
) -> Result<StatusCode, Problem> {
    let site = site_seen(&caller, Permission::PoliciesWrite, &name)?;
    let path = profile_path(&params.path)?;
    let expected = expected(&headers)?;
    let found = app.store.draft_document(&site, &path).await?;
    let (row, text) = found.ok_or_else(|| Problem::from(DraftError::Missing(path.clone())))?;
    let is_read = match &expected {
        Expected::Any => true,
        Expected::Text(sha256) => *sha256 == row.sha256,
        Expected::Absent => false,
    };
    if !is_read {
        return Err(DraftError::Changed { path, by: Some(row.changed_by) }.into());
    }
    Drawing::of(&text).map_err(|problems| not_drawn(&path, &problems))?;
    let changed = Drawing::from(shapes).into_text(&text).map_err(|problems| wrong(&problems))?;
    let document = Document::new(path, changed).map_err(|error| Problem::bad_request(format!("text: {error}")))?;
    // Held against the text that was changed: another change in between is not overwritten.
    app.store.draft_put(&site, &document, &Expected::Text(row.sha256), caller.name(), clock::now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
