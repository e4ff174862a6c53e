//! Between the connection that hears orders and the client that checks them.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};
use tracing::warn;

/// Most orders that wait to be checked; of more, the newcomer is dropped and its giver hears nothing.
pub const HEARD_MAX: usize = 16;
/// Most answers that wait to be published; of more, the newcomer is dropped. The order's event is told all the same.
pub const ANSWERS_MAX: usize = 64;

/// What the publisher needs of an [`OrderClient`](super::OrderClient).
#[derive(Debug, Clone)]
pub struct OrderLink {
    heard: mpsc::Sender<Vec<u8>>,
    answers: Arc<Mutex<mpsc::Receiver<Vec<u8>>>>,
}

/// The client's end of a link.
#[derive(Debug)]
pub(super) struct ClientEnd {
    pub(super) heard: mpsc::Receiver<Vec<u8>>,
    pub(super) answers: mpsc::Sender<Vec<u8>>,
}

impl OrderLink {
    pub(super) fn new() -> (Self, ClientEnd) {
        let (heard, hearing) = mpsc::channel(HEARD_MAX);
        let (answers, answering) = mpsc::channel(ANSWERS_MAX);
        (Self { heard, answers: Arc::new(Mutex::new(answering)) }, ClientEnd { heard: hearing, answers })
    }

    /// Hands over a message from the node's topic for orders. Never waits.
    pub fn deliver(&self, message: &[u8]) {
        if self.heard.try_send(message.to_vec()).is_err() {
            warn!("an order is dropped: too many at a time, or the node ends");
        }
    }

    /// The next answer to publish; nothing once the client has ended.
    pub async fn next_answer(&self) -> Option<Vec<u8>> {
        self.answers.lock().await.recv().await
    }
}

/// Waits for an answer of `link`, where there is one.
pub(crate) async fn next_answer(link: Option<&OrderLink>) -> Vec<u8> {
    match link {
        Some(link) => match link.next_answer().await {
            Some(answer) => answer,
            None => std::future::pending().await,
        },
        None => std::future::pending().await,
    }
}
