//! The checklist by which a node is put into service.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::NodeId;
use serde::{Deserialize, Serialize};
use store::{CommissioningMark, CommissioningOutcome, NodeRow};
use utoipa::ToSchema;

use crate::api::App;
use crate::api::actor::Actor;
use crate::api::body::Body;
use crate::api::problem::Problem;
use crate::clock;
use crate::commissioning::{Checked, Standing, Step, checklist, handed_over};

/// Longest note, in characters.
const NOTE_CHARS_MAX: usize = 500;

/// Shortest note on a step to which there is said to be nothing, in characters.
const WHY_CHARS_MIN: usize = 3;

/// What a person said of a step.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StepMark {
    /// `confirmed` or `not_applicable`.
    outcome: &'static str,
    /// In his words.
    note: String,
    /// Who.
    by: String,
    /// When.
    at: String,
}

/// A step of the checklist.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CommissioningStep {
    /// Measured of the node: `online`, `clock`, `disk`, `delivery`, `policy`, `machine`; of a camera: `picture`, `light`,
    /// `view`, `plate_size`, `read_rate`. Confirmed by a person: `aim`, `trial`, `night`, `barrier`, `power_cut`, `notice`,
    /// `instruction`, and `hand_over` at the end.
    step: &'static str,
    /// The camera; nothing for the node itself.
    camera: Option<String>,
    /// Whether a person confirms it; the others are measured.
    by_person: bool,
    /// `good`, `open` (nothing is known yet, or nobody confirmed it) or `bad`.
    state: &'static str,
    /// What was measured: of `clock` milliseconds off, of `disk` bytes free, of `delivery` events that wait, of `plate_size`
    /// pixels of width, of `read_rate` the share of plates read.
    value: Option<f64>,
    /// What that should be: of `clock` and `delivery` at most, of the others at least.
    wanted: Option<f64>,
    /// What a person said of it.
    mark: Option<StepMark>,
}

/// The checklist of a node.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Checklist {
    /// Its site.
    site: String,
    /// Its name.
    node: String,
    /// Where it stands.
    summary: Commissioning,
    /// In the order in which an engineer goes through it.
    steps: Vec<CommissioningStep>,
}

/// How far a node is put into service.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Commissioning {
    /// Who found it fit for service; nothing where nobody has.
    handed_over_by: Option<String>,
    /// When.
    handed_over_at: Option<String>,
    /// Steps that are well.
    good: u64,
    /// Steps of which nothing is known yet, or which nobody confirmed.
    open: u64,
    /// Steps that are not well.
    bad: u64,
}

impl From<&NodeRow> for Commissioning {
    fn from(node: &NodeRow) -> Self {
        Self::of(node, &checklist(node))
    }
}

impl Commissioning {
    /// How far these steps of a node are done.
    fn of(node: &NodeRow, steps: &[Checked<'_>]) -> Self {
        let count = |standing| steps.iter().filter(|step| step.standing == standing).count() as u64;
        let (by, at) = handed_over(node).unzip();
        Self {
            handed_over_by: by.map(ToOwned::to_owned),
            handed_over_at: at.map(|at| at.to_string()),
            good: count(Standing::Good),
            open: count(Standing::Open),
            bad: count(Standing::Bad),
        }
    }
}

impl From<&Checked<'_>> for CommissioningStep {
    fn from(checked: &Checked<'_>) -> Self {
        let mark = |mark: &CommissioningMark| StepMark {
            outcome: mark.outcome.as_str(),
            note: mark.note.clone(),
            by: mark.by.clone(),
            at: mark.at.to_string(),
        };
        Self {
            step: checked.step.as_str(),
            camera: checked.camera.map(ToOwned::to_owned),
            by_person: checked.step.is_by_person(),
            state: match checked.standing {
                Standing::Good => "good",
                Standing::Open => "open",
                Standing::Bad => "bad",
            },
            value: checked.value,
            wanted: checked.wanted,
            mark: checked.mark.map(mark),
        }
    }
}

/// What a person says of a step.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMark {
    /// `confirmed`, or `not_applicable` where there is nothing to it at this node.
    #[schema(value_type = String, pattern = "^(confirmed|not_applicable)$")]
    outcome: CommissioningOutcome,
    /// What he saw, at most 500 characters; of a step that is not applicable, why.
    #[serde(default)]
    #[schema(max_length = 500)]
    note: String,
}

/// A node of a site that the caller may see. Of any other there is nothing to be told, not even that it is there.
async fn node_seen(app: &App, actor: &Actor, name: &str) -> Result<NodeRow, Problem> {
    let node: NodeId = name.parse().map_err(|error| Problem::bad_request(format!("node: {error}")))?;
    let rows = app.store.nodes().await?;
    let found = rows.into_iter().find(|row| row.node.node == node && actor.sees(&row.node.site));
    found.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, format!("there is no node \"{node}\"")))
}

fn step_by_person(name: &str) -> Result<Step, Problem> {
    Step::by_person(name).ok_or_else(|| {
        let known = Step::BY_PERSON.map(Step::as_str).join(", ");
        Problem::new(StatusCode::NOT_FOUND, format!("step \"{name}\" is not confirmed by a person; these are: {known}"))
    })
}

/// The checklist by which a node is put into service: what is measured of it and of its cameras, and what people confirmed.
#[utoipa::path(get, path = "/api/v1/nodes/{node}/commissioning", operation_id = "commissioning", tag = "nodes",
    params(("node" = String, Path, description = "The node")),
    responses((status = 200, body = Checklist), (status = 400, body = Problem), (status = 404, body = Problem),
        (status = 503, body = Problem)))]
pub(crate) async fn commissioning(
    State(app): State<App>,
    actor: Actor,
    Path(name): Path<String>,
) -> Result<Json<Checklist>, Problem> {
    let row = node_seen(&app, &actor, &name).await?;
    let steps = checklist(&row);
    Ok(Json(Checklist {
        site: row.node.site.to_string(),
        node: row.node.node.to_string(),
        summary: Commissioning::of(&row, &steps),
        steps: steps.iter().map(CommissioningStep::from).collect(),
    }))
}

/// Confirms a step in the caller's name. The hand-over takes that every other step is well.
#[utoipa::path(put, path = "/api/v1/nodes/{node}/commissioning/{step}", operation_id = "commissioning_confirm", tag = "nodes",
    params(("node" = String, Path, description = "The node"), ("step" = String, Path, description = "The step")),
    request_body = NewMark,
    responses((status = 204), (status = 400, body = Problem), (status = 404, body = Problem),
        (status = 409, description = "Other steps are not well yet", body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn confirm(
    State(app): State<App>,
    actor: Actor,
    Path((name, step)): Path<(String, String)>,
    Body(NewMark { outcome, note }): Body<NewMark>,
) -> Result<StatusCode, Problem> {
    let step = step_by_person(&step)?;
    let note = note.trim();
    if note.chars().count() > NOTE_CHARS_MAX {
        return Err(Problem::bad_request(format!("note: at most {NOTE_CHARS_MAX} characters are accepted")));
    }
    let row = node_seen(&app, &actor, &name).await?;
    if outcome == CommissioningOutcome::NotApplicable {
        if step == Step::HandOver {
            return Err(Problem::bad_request("outcome: the hand-over is confirmed, or it has not been".to_owned()));
        }
        if note.chars().count() < WHY_CHARS_MIN {
            let wanted = format!("note: says why there is nothing to it, in {WHY_CHARS_MIN} characters or more");
            return Err(Problem::bad_request(wanted));
        }
    }
    if step == Step::HandOver {
        let missing = what_is_missing(&row);
        if !missing.is_empty() {
            let detail = format!("not all is well yet: {}", missing.join(", "));
            return Err(Problem::of("commissioning_unfinished", StatusCode::CONFLICT, detail));
        }
    }
    let mark = CommissioningMark {
        node: row.node.node,
        step: step.as_str().to_owned(),
        outcome,
        note: note.to_owned(),
        by: actor.name(),
        at: clock::now(),
    };
    app.store.commissioning_mark_set(&mark).await?;
    app.live.node_changed(&mark.node);
    Ok(StatusCode::NO_CONTENT)
}

/// The steps, but for the hand-over, that are not well.
fn what_is_missing(row: &NodeRow) -> Vec<String> {
    let steps = checklist(row);
    let unwell = steps.iter().filter(|one| one.step != Step::HandOver && one.standing != Standing::Good);
    let named = unwell.map(|one| match one.camera {
        Some(camera) => format!("{} of {camera}", one.step.as_str()),
        None => one.step.as_str().to_owned(),
    });
    named.collect()
}

/// Takes back what was said of a step. The hand-over rested on it, and is taken back with it.
#[utoipa::path(delete, path = "/api/v1/nodes/{node}/commissioning/{step}", operation_id = "commissioning_withdraw", tag = "nodes",
    params(("node" = String, Path, description = "The node"), ("step" = String, Path, description = "The step")),
    responses((status = 204), (status = 400, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn withdraw(
    State(app): State<App>,
    actor: Actor,
    Path((name, step)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let step = step_by_person(&step)?;
    let node = node_seen(&app, &actor, &name).await?.node.node;
    let steps = [step.as_str(), Step::HandOver.as_str()];
    if app.store.commissioning_marks_delete(&node, &steps).await? {
        app.live.node_changed(&node);
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::new(StatusCode::NOT_FOUND, format!("nobody confirmed \"{}\" of node \"{node}\"", step.as_str())))
}
