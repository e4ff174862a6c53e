//! Deliveries that a person asks for: a trial of a webhook, and what it did not take sent again or given up for good.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use wire::EventId;

use super::{his, unknown};
use crate::api::App;
use crate::api::actor::Actor;
use crate::api::problem::Problem;
use crate::feeds::client::Delivered;
use crate::feeds::courier::{is_wanted, redeliver};

/// How many places from the end of the log a trial looks for an event that the hook wants.
const LOOKED_BACK: u32 = 1_000;

/// What became of a trial.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Trial {
    /// Whether the receiver took it.
    taken: bool,
    /// Identity of the event that was posted.
    event: String,
    /// Its kind.
    kind: String,
    /// Why it was not taken; nothing where it was.
    error: Option<String>,
}

/// Posts the newest event that a webhook wants to it, now, exactly as any other delivery. The receiver knows it again by its
/// identity; the hook's place in the log stays where it is.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/trial", operation_id = "webhook_trial", tag = "feeds",
    params(("id" = String, Path, description = "The webhook")),
    responses((status = 200, body = Trial), (status = 404, body = Problem),
        (status = 409, description = "The log has no such event near its end", body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn trial(
    State(app): State<App>,
    Path(id): Path<String>,
    actor: Actor,
) -> Result<Json<Trial>, Problem> {
    let hook = his(&app, &actor, &id).await?;
    let end = app.store.event_last_pos().await?;
    let events = app.store.events_after(end.saturating_sub(LOOKED_BACK.into()), LOOKED_BACK).await?;
    let newest = events.into_iter().rev().find(|event| is_wanted(&hook, event)).ok_or_else(|| {
        let detail = format!(
            "none of the last {LOOKED_BACK} events of the log is of a kind and site that this webhook wants: there is nothing \
             to post"
        );
        Problem::of("nothing_to_post", StatusCode::CONFLICT, detail)
    })?;
    let (event, kind) = (newest.id.to_string(), newest.kind.clone());
    let error = match redeliver(&app.config.webhooks, hook, newest).await {
        Delivered::Taken => {
            app.metrics.webhook_delivered();
            None
        }
        Delivered::Refused(error) => {
            app.metrics.webhook_refused();
            Some(error)
        }
        Delivered::Gone => Some("the receiver answered 410 Gone".to_owned()),
    };
    Ok(Json(Trial { taken: error.is_none(), event, kind, error }))
}

fn number(letter: &str) -> Result<u64, Problem> {
    letter.parse().map_err(|_| Problem::bad_request("letter: the `id` of a dead letter is accepted"))
}

fn gone(id: &str, letter: u64) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, format!("webhook \"{id}\" has no dead letter {letter}"))
}

/// Delivers an event again that a webhook did not take, now. It leaves the list when it is taken.
#[utoipa::path(post, path = "/api/v1/webhooks/{id}/dead-letters/{letter}/redeliver", tag = "feeds",
    params(("id" = String, Path, description = "The webhook"), ("letter" = u64, Path, description = "The letter")),
    responses((status = 204, description = "It was taken"), (status = 404, body = Problem),
        (status = 502, description = "It was not taken", body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn redeliver_letter(
    State(app): State<App>,
    Path((id, letter)): Path<(String, String)>,
    actor: Actor,
) -> Result<StatusCode, Problem> {
    let hook = his(&app, &actor, &id).await?;
    let letter = number(&letter)?;
    let found = app.store.dead_letter_find(&id, letter).await?.ok_or_else(|| gone(&id, letter))?;
    let event: EventId = serde_json::from_value(found.event.clone().into()).map_err(|_| gone(&id, letter))?;
    // The log may have been cut since: then nothing can be delivered any more.
    let event = app.store.event_find(event).await?.ok_or_else(|| gone(&id, letter))?;
    match redeliver(&app.config.webhooks, hook, event).await {
        Delivered::Taken => {
            app.metrics.webhook_delivered();
            app.store.dead_letter_delete(&id, letter).await?;
            Ok(StatusCode::NO_CONTENT)
        }
        Delivered::Refused(error) => {
            app.metrics.webhook_refused();
            Err(Problem::of("not_taken", StatusCode::BAD_GATEWAY, error))
        }
        Delivered::Gone => Err(Problem::of("not_taken", StatusCode::BAD_GATEWAY, "the receiver answered 410 Gone")),
    }
}

/// Gives an event up for good that a webhook did not take: it leaves the list and is not delivered. It stays in the log.
#[utoipa::path(delete, path = "/api/v1/webhooks/{id}/dead-letters/{letter}", tag = "feeds",
    params(("id" = String, Path, description = "The webhook"), ("letter" = u64, Path, description = "The letter")),
    responses((status = 204), (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(crate) async fn discard_letter(
    State(app): State<App>,
    Path((id, letter)): Path<(String, String)>,
    actor: Actor,
) -> Result<StatusCode, Problem> {
    let hook = his(&app, &actor, &id).await?;
    let letter = number(&letter)?;
    if app.store.dead_letter_discard(&hook.id, letter).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    // Whoever else discarded it, or sent it, was first.
    Err(match app.store.webhook_find(&id).await? {
        Some(_) => gone(&id, letter),
        None => unknown(&id),
    })
}
