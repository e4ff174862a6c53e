//! Between the connection that hears what is wanted and the client that follows it.

use std::sync::Arc;

use tokio::sync::watch;
use wire::policy::PolicyStatus;

/// A message from the node's policy topic, as it came.
pub(super) type Heard = Option<Arc<[u8]>>;

/// What the publisher needs of a [`PolicyClient`](super::PolicyClient).
#[derive(Debug, Clone)]
pub struct PolicyLink {
    heard: watch::Sender<Heard>,
    status: watch::Receiver<PolicyStatus>,
}

impl PolicyLink {
    pub(super) fn new(status: watch::Receiver<PolicyStatus>) -> (Self, watch::Receiver<Heard>) {
        let (heard, hearing) = watch::channel(None);
        (Self { heard, status }, hearing)
    }

    /// Hands over a message from the node's policy topic. Only the newest matters; the same again changes nothing, and an
    /// empty one is how a retained message is removed.
    pub fn deliver(&self, message: &[u8]) {
        if message.is_empty() {
            return;
        }
        self.heard.send_if_modified(|heard| {
            let is_new = heard.as_deref() != Some(message);
            if is_new {
                *heard = Some(message.into());
            }
            is_new
        });
    }

    /// Follows what the node says of its policy.
    pub fn status(&self) -> watch::Receiver<PolicyStatus> {
        self.status.clone()
    }
}

/// Waits until the node has something new to say of its policy.
pub(crate) async fn changed(status: &mut Option<watch::Receiver<PolicyStatus>>) {
    if let Some(changes) = status
        && changes.changed().await.is_ok()
    {
        return;
    }
    // Nobody follows a policy, or no longer.
    std::future::pending().await
}
