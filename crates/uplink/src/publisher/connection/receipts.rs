//! What the hub's receipts do: the outbox lets go of what they cover, and what does not fit is an alarm.

use tracing::{info, warn};
use wire::Ack;

use super::Connection;
use crate::chain;
use crate::outbox::{ConfirmOutcome, StorageError};
use crate::publisher::Alarm;
use crate::publisher::delivery::Heard;

impl Connection<'_> {
    /// Has the outbox work on `receipt`, or on what it adds to the one that waits.
    pub(super) fn confirm(&mut self, heard: Heard, receipt: Ack) {
        if self.confirming.is_some() {
            self.waiting = Some(match self.waiting.take() {
                Some((before, waiting)) => (before.or(heard), waiting.and(receipt)),
                None => (heard, receipt),
            });
            return;
        }
        let outbox = self.node.outbox.clone();
        self.confirming = Some(Box::pin(async move {
            let outcome = outbox.confirm(&receipt).await;
            (heard, receipt, outcome)
        }));
    }

    pub(super) fn handle_confirmed(
        &mut self,
        heard: Heard,
        receipt: Ack,
        outcome: Result<ConfirmOutcome, StorageError>,
    ) {
        match outcome {
            Ok(ConfirmOutcome::Removed { .. }) => self.tell_alarm(None),
            Ok(ConfirmOutcome::Stale) => {}
            Ok(ConfirmOutcome::NotOurs { seq, theirs, ours }) => {
                self.tell_alarm(Some(Alarm::OtherChain { seq, theirs, ours }));
                // Nothing that it says is about our events.
                return;
            }
            Err(error) => {
                let error = chain(&error);
                warn!(%error, "a receipt could not be recorded; the events stay until the next one");
                self.node.tell(|state| state.last_error = Some(error));
                return;
            }
        }
        let confirmed = self.node.outbox.backlog().confirmed_seq;
        self.delivery.handle_receipt(confirmed, receipt.highest_seq, heard, self.node.now());
        self.receipt = Some(receipt);
        self.tell_progress();
    }

    /// A hub that stays behind what it had confirmed will never take what follows.
    pub(super) fn check_hub_forgot(&self) {
        let confirmed_seq = self.node.outbox.backlog().confirmed_seq;
        if let Some(Ack { committed_seq, .. }) = self.receipt
            && committed_seq < confirmed_seq
        {
            self.tell_alarm(Some(Alarm::HubForgot { committed_seq, confirmed_seq }));
        }
    }

    fn tell_alarm(&self, alarm: Option<Alarm>) {
        if self.node.state.borrow().alarm == alarm {
            return;
        }
        match alarm {
            Some(Alarm::OtherChain { seq, theirs, ours }) => {
                let ours = ours.map_or_else(|| "no such event".to_owned(), |hash| hash.to_string());
                warn!(seq, %theirs, ours, "the hub confirms another chain than this node's; nothing is removed");
            }
            Some(Alarm::HubForgot { committed_seq, confirmed_seq }) => {
                warn!(committed_seq, confirmed_seq, "the hub lost events that it had confirmed");
            }
            None => info!("the hub's receipts fit this node's chain again"),
        }
        self.node.tell(|state| state.alarm = alarm);
    }
}
