//! Posting one event to one hook.

use std::time::Duration;

use store::{StoredEvent, WebhookRow};
use ureq::Agent;
use ureq::unversioned::transport::DefaultConnector;
use wire::webhook::{ID_HEADER, KIND_HEADER, SIGNATURE_HEADER, WebhookBody, redact, sign};

use super::address::CarefulResolver;
use super::config::Reach;
use crate::clock;

/// Longest time to reach a receiver.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Longest time for a delivery with its answer.
const DELIVERY_MAX: Duration = Duration::from_secs(15);

/// Longest error that is kept, in characters.
const ERROR_CHARS_MAX: usize = 300;

/// A client that goes where `reach` allows, follows nobody and uses no proxy: a proxy would look names up by itself.
pub(super) fn agent(reach: Reach) -> Agent {
    let config = Agent::config_builder()
        .timeout_connect(Some(CONNECT_MAX))
        .timeout_global(Some(DELIVERY_MAX))
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .user_agent(concat!("gatehouse-hub/", env!("CARGO_PKG_VERSION")))
        .build();
    Agent::with_parts(config, DefaultConnector::default(), CarefulResolver(reach))
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// The receiver has it.
    Taken,
    /// It does not; why.
    Refused(String),
    /// It wants no more (410 Gone).
    Gone,
}

/// The body that tells a hook of an event.
pub(crate) fn body(hook: &WebhookRow, event: &StoredEvent) -> WebhookBody {
    let payload = event.payload.as_ref().map(|payload| {
        // By way of text, so that a number is the one that the node wrote.
        let text = serde_json::to_string(payload).expect("payloads have text keys and no failing parts");
        let mut value: serde_json::Value = serde_json::from_str(&text).expect("it was just written");
        value.get_mut("payload").map(serde_json::Value::take).unwrap_or_default()
    });
    let (data, redacted) = match hook.legal_basis {
        Some(_) => (payload, false),
        None => (redact(&event.kind, payload), true),
    };
    WebhookBody {
        v: 1,
        id: event.id.to_string(),
        kind: event.kind.clone(),
        site: event.site.clone(),
        node: event.node.clone(),
        pos: event.pos,
        at: event.at,
        redacted,
        data,
    }
}

/// Posts `body` to `hook` and waits for the answer. Blocks.
pub(crate) fn post(agent: &Agent, hook: &WebhookRow, body: &WebhookBody) -> Delivered {
    let bytes = serde_json::to_vec(body).expect("a body has text keys and no failing parts");
    let seconds = clock::now().as_unix_micros().div_euclid(1_000_000);
    let sent = agent
        .post(&hook.url)
        .header("content-type", "application/json")
        .header(SIGNATURE_HEADER, sign(hook.secret.as_bytes(), seconds, &bytes))
        .header(ID_HEADER, &body.id)
        .header(KIND_HEADER, &body.kind)
        .send(&bytes[..]);
    match sent {
        Ok(answer) if answer.status().is_success() => Delivered::Taken,
        Ok(answer) if answer.status().as_u16() == 410 => Delivered::Gone,
        Ok(answer) => Delivered::Refused(format!("the receiver answered {}", answer.status())),
        Err(error) => Delivered::Refused(error.to_string().chars().take(ERROR_CHARS_MAX).collect()),
    }
}
