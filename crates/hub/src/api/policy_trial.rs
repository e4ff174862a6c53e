//! Who could pass at a lane at a moment, and why, by a draft or a published policy.

use std::collections::BTreeMap;

use access::AccessPolicy;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use domain::{SiteId, UtcTime};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use wire::policy::Bundle;

use crate::accounts::Permission;
use crate::accounts::principal::Caller;
use crate::api::App;
use crate::api::draft_access::told;
use crate::api::params::Params;
use crate::api::policies::site_seen;
use crate::api::problem::Problem;
use crate::clock;
use crate::policy::draft::{ACCESS, texts};
use crate::policy::trial::{Answer, Question, QuestionError, TrialStep, Who, ask, methods};

/// The word for the policy in the making.
const DRAFT: &str = "draft";

/// A question.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TrialParams {
    /// `draft`, or the number of a published policy; the newest published one where it is not given.
    policy: Option<String>,
    /// The lane.
    lane: String,
    /// Who comes: `plate:30A-123.45` or `holder:w-001`.
    who: String,
    /// What a holder shows: `plate`, `pass`, `card` or `citizen-card`; what the lane takes of what he has where it is not given.
    method: Option<String>,
    /// When; now where it is not given.
    #[param(value_type = Option<String>)]
    at: Option<UtcTime>,
    /// Where whoever comes is: a zone, or `outside`; where the lane begins where it is not given.
    inside: Option<String>,
    /// What this is asked for, where the header `x-purpose` does not say.
    #[expect(dead_code, reason = "read before, for the audit log")]
    purpose: Option<String>,
}

/// A check and what it found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyTrialStep {
    /// About whom.
    subject: Option<String>,
    /// What was looked at, such as `deny-list`.
    check: &'static str,
    /// What was found: `held`, `not-asked`, `noted`, `resembles`, `denied` or `referred`.
    finding: &'static str,
    /// The name of the reason; empty where there is none.
    reason: &'static str,
    /// The reason in words.
    detail: String,
}

/// What would be decided. What only the node knows is assumed: nobody waits at the lane, nobody else is inside, no pass was
/// used, the plate is read surely, the clock is right.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyTrial {
    /// By which policy: `draft` or its number.
    policy: String,
    /// When.
    at: String,
    /// `permit`, `deny` or `refer`.
    verdict: &'static str,
    /// The name of the reason; of a permit, `rule`.
    reason: &'static str,
    /// The rule that permits.
    rule: Option<String>,
    /// In words.
    detail: String,
    /// Whom it is about, such as `holder:w-001`.
    subjects: Vec<String>,
    /// His name, where the lists know him.
    name: Option<String>,
    /// What was shown.
    method: &'static str,
    /// Where he was taken to be; nothing for outside.
    inside: Option<String>,
    /// What the lane waits for before it decides: `second-factor`, `two-person` or `escort`. The verdict is then what comes of
    /// it where nothing does.
    awaits: Vec<&'static str>,
    /// Every check in its order.
    trail: Vec<PolicyTrialStep>,
}

impl From<TrialStep> for PolicyTrialStep {
    fn from(step: TrialStep) -> Self {
        let TrialStep { subject, check, finding, reason, detail } = step;
        Self { subject, check, finding, reason, detail }
    }
}

/// Whether somebody could pass at a lane at a moment, with every check that leads to the answer, as the site's nodes would decide
/// it. Nothing is decided by asking.
#[utoipa::path(get, path = "/api/v1/sites/{site}/policy-trial", operation_id = "policy_trial", tag = "policies",
    params(("site" = String, Path, description = "The site"), TrialParams),
    responses((status = 200, body = PolicyTrial), (status = 400, description = "No such lane, holder, plate or zone, or no purpose", body = Problem),
        (status = 404, description = "No such policy", body = Problem),
        (status = 409, description = "The policy has mistakes", body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn trial(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Params(params): Params<TrialParams>,
) -> Result<Json<PolicyTrial>, Problem> {
    let site = site_seen(&caller, Permission::PoliciesRead, &name)?;
    let who = match params.who.split_once(':') {
        Some(("plate", plate)) => Who::Plate(plate.trim().to_owned()),
        Some(("holder", holder)) => Who::Holder(holder.trim().to_owned()),
        Some(_) | None => {
            return Err(Problem::bad_request("who: plate:30A-123.45 or holder:w-001 is accepted"));
        }
    };
    if let Some(method) = params.method.as_deref().filter(|method| !methods().contains(method)) {
        let accepted = methods().join(", ");
        return Err(Problem::bad_request(format!("method: \"{method}\" is not known: {accepted} are accepted")));
    }
    let at = params.at.unwrap_or_else(clock::now);
    let (policy, documents) = documents(&app, &site, params.policy.as_deref()).await?;
    let question = Question { lane: params.lane, who, method: params.method, at, inside: params.inside };
    let answer = tokio::task::spawn_blocking(move || answer(&documents, &question));
    let answer = answer.await.map_err(|_| Problem::later("the hub is stopping"))??;
    let Answer { verdict, reason, rule, detail, subjects, name, method, inside, awaits, trail } = answer;
    let trail = trail.into_iter().map(PolicyTrialStep::from).collect();
    let at = at.to_string();
    Ok(Json(PolicyTrial { policy, at, verdict, reason, rule, detail, subjects, name, method, inside, awaits, trail }))
}

/// The texts of the policy that is asked for, and its name.
async fn documents(
    app: &App,
    site: &SiteId,
    wanted: Option<&str>,
) -> Result<(String, BTreeMap<String, String>), Problem> {
    let version = match wanted {
        Some(DRAFT) => return Ok((DRAFT.to_owned(), texts(&app.store, site, clock::now()).await?.0)),
        Some(number) => number.parse::<u64>().map_err(|_| {
            Problem::bad_request(format!(
                "policy: \"{number}\" is not known: draft or the number of a policy is accepted"
            ))
        })?,
        None => {
            let newest = app.store.policy_history(site, 1).await?.into_iter().next();
            let none = || Problem::new(StatusCode::NOT_FOUND, format!("site \"{site}\" has no published policy"));
            newest.ok_or_else(none)?.version
        }
    };
    let missing = || Problem::new(StatusCode::NOT_FOUND, format!("site \"{site}\" has no policy {version}"));
    let (_, bytes) = app.store.policy_bundle(site, version).await?.ok_or_else(missing)?;
    let documents = Bundle::documents_unproved(&bytes)
        .map_err(|error| Problem::new(StatusCode::CONFLICT, format!("policy {version}: {error}")))?;
    let texts = documents.iter().map(|one| (one.path().to_string(), one.text().to_owned())).collect();
    Ok((version.to_string(), texts))
}

fn answer(documents: &BTreeMap<String, String>, question: &Question) -> Result<Answer, Problem> {
    let access = documents.get(ACCESS).ok_or_else(|| {
        let detail = "the policy has no access.toml, so it decides nothing at lanes";
        Problem::of("no_access_policy", StatusCode::NOT_FOUND, detail)
    })?;
    let list = |name: &str| documents.get(name).cloned().ok_or_else(|| "the policy has no such document".to_owned());
    let policy = AccessPolicy::parse(access, list).map_err(|problems| {
        let said: Vec<_> = problems.as_slice().iter().map(|one| format!("{}: {}", one.path, one.message)).collect();
        Problem::of("policy_wrong", StatusCode::CONFLICT, told(&said))
    })?;
    ask(policy, question).map_err(|error| match error {
        QuestionError::Lane { .. }
        | QuestionError::Holder(_)
        | QuestionError::Plate { .. }
        | QuestionError::Method { .. }
        | QuestionError::Zone { .. } => Problem::bad_request(error.to_string()),
    })
}
