//! Asking a node for pictures, again and again while somebody looks.

use std::sync::Weak;
use std::time::Duration;

use domain::{CameraId, NodeId, SiteId};
use tokio::task::AbortHandle;
use wire::view::VIEW_LIFE_MAX;
use wire::{Channel, NodeTopic, ViewRequest};

use super::Inner;
use crate::clock;

/// How often the request is renewed: so often that the loss of one or two is not seen.
const RENEW_EVERY: Duration = Duration::from_secs(6);

/// How often it is repeated before the first answer.
const REPEAT_EVERY: Duration = Duration::from_millis(1_500);

/// Pictures a second that are asked for; the node gives what its configuration, its line and its load allow.
const FPS_MAX: u8 = 5;

/// Their width in pixels, at most.
const WIDTH_PX_MAX: u16 = 1280;

/// Asks until it is aborted.
pub(super) fn ask(inner: Weak<Inner>, site: SiteId, node: NodeId, camera: CameraId) -> AbortHandle {
    let asking = tokio::spawn(async move {
        let place = (node.clone(), camera.clone());
        loop {
            let Some(inner) = inner.upgrade() else { return };
            publish(&inner, &site, &node, &camera);
            let has_answered = inner.watched().get(&place).is_some_and(|known| known.news.borrow().number > 0);
            drop(inner);
            // tidy: sleep is the time until the request is renewed
            tokio::time::sleep(if has_answered { RENEW_EVERY } else { REPEAT_EVERY }).await;
        }
    });
    asking.abort_handle()
}

fn publish(inner: &Inner, site: &SiteId, node: &NodeId, camera: &CameraId) {
    // What would wait for the broker would be over when it is back.
    let (Some(key), true) = (&inner.key, inner.health.get().broker) else { return };
    let issued_at = clock::now();
    let request = ViewRequest {
        asker: inner.asker,
        site: site.clone(),
        node: node.clone(),
        camera: camera.clone(),
        fps_max: FPS_MAX,
        width_px_max: WIDTH_PX_MAX,
        url: inner.url.clone(),
        issued_at,
        not_after: issued_at.saturating_add(VIEW_LIFE_MAX),
    };
    let topic = NodeTopic { site: site.clone(), node: node.clone(), channel: Channel::View };
    match request.seal(key) {
        // Where there is no room for it the next one follows soon.
        Ok(message) => drop(inner.link.publish_now(topic.to_string(), message)),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a request for pictures cannot be signed");
        }
    }
}
