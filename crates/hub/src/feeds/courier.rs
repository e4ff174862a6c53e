//! Delivers events to webhooks, each hook in the order of the log.
//!
//! A hook's place in the log is in the database and moves only behind what its receiver took, or what was given up and kept
//! apart: nothing is lost over a restart, and what was delivered just before one may come twice under the same identity.
//! Of several hubs one at a time delivers to a hook.

use std::collections::BTreeSet;
use std::time::Duration;

use store::{DeadLetterRow, Store, StoreError, StoredEvent, WebhookChange, WebhookRow};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{debug, info, warn};
use ureq::Agent;

use super::Feeds;
use super::client::{Delivered, agent, body, post};
use super::config::WebhookRules;
use crate::clock;
use crate::metrics::Metrics;

/// Events read for a hook at a time.
const PAGE_EVENTS: u32 = 100;

/// After so many deliveries a hook's place is written, so that at most so many come twice after a power cut.
const DELIVERIES_PER_WRITE: u64 = 25;

/// Hooks that are delivered to at the same time; the others wait their turn.
const HOOKS_AT_ONCE: usize = 8;

/// How often hooks are looked at when nothing happens: a wait may be over, or another hub may have gone away.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long a hook belongs to the hub that delivers to it. Longer than one delivery, renewed with each page.
const LEASE: Duration = Duration::from_secs(60);

/// Deliveries whose time may run out within the lease: a page of slow ones ends before another hub takes over.
const PAGE_TIME_MAX: Duration = Duration::from_secs(30);

/// Delivers to all hooks.
pub(crate) struct Courier {
    pub(crate) store: Store,
    pub(crate) feeds: Feeds,
    pub(crate) rules: WebhookRules,
    pub(crate) metrics: Metrics,
    /// The name of this hub among those that share the database.
    pub(crate) owner: String,
}

/// Delivers to one hook.
#[derive(Clone)]
struct Round {
    store: Store,
    rules: WebhookRules,
    metrics: Metrics,
    owner: String,
    agent: Agent,
}

impl Courier {
    /// Delivers until the hub stops.
    pub(crate) async fn run(self, mut stopping: watch::Receiver<bool>) {
        let Self { store, feeds, rules, metrics, owner } = self;
        let round = Round { agent: agent(rules.reach), store, rules, metrics, owner };
        let mut rounds: JoinSet<String> = JoinSet::new();
        let mut busy: BTreeSet<String> = BTreeSet::new();
        let mut has_failed = false;
        loop {
            tokio::select! {
                () = feeds.more() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                Some(done) = rounds.join_next() => {
                    if let Ok(id) = done {
                        busy.remove(&id);
                    }
                }
                _ = stopping.wait_for(|stop| *stop) => break,
            }
            let due = match round.due().await {
                Ok(due) => {
                    has_failed = false;
                    due
                }
                Err(error) => {
                    if !has_failed {
                        warn!(error = &error as &dyn std::error::Error, "cannot read the webhooks");
                    }
                    has_failed = true;
                    continue;
                }
            };
            for hook in due {
                if busy.len() >= HOOKS_AT_ONCE {
                    break;
                }
                if busy.insert(hook.clone()) {
                    let (round, stopping) = (round.clone(), stopping.clone());
                    rounds.spawn(async move {
                        if let Err(error) = round.deliver(&hook, &stopping).await {
                            warn!(error = &error as &dyn std::error::Error, "a webhook has to wait for the database");
                        }
                        hook
                    });
                }
            }
        }
        // A delivery on its way ends by itself within its time; its place is written then.
        while rounds.join_next().await.is_some() {}
    }
}

impl Round {
    /// Hooks for which there may be something to deliver now.
    async fn due(&self) -> Result<Vec<String>, StoreError> {
        let (now, end) = (clock::now(), self.store.event_last_pos().await?);
        let hooks = self.store.webhooks().await?;
        let waiting = hooks.iter().filter(|hook| hook.is_active).map(|hook| end.saturating_sub(hook.cursor)).max();
        self.metrics.webhooks_waiting(waiting.unwrap_or(0));
        let is_due = |hook: &&WebhookRow| hook.is_active && hook.next_at <= now && hook.cursor < end;
        Ok(hooks.iter().filter(is_due).map(|hook| hook.id.clone()).collect())
    }

    async fn deliver(&self, id: &str, stopping: &watch::Receiver<bool>) -> Result<(), StoreError> {
        let delivered = self.pages(id, stopping).await;
        // Another hub, or this one after a restart, need not wait until the lease is over.
        let released = self.store.webhook_release(id, &self.owner).await;
        delivered.and(released)
    }

    async fn pages(&self, id: &str, stopping: &watch::Receiver<bool>) -> Result<(), StoreError> {
        while !*stopping.borrow() {
            let Some(hook) = self.store.webhook_own(id, &self.owner, clock::now(), LEASE).await? else { return Ok(()) };
            let events = self.store.events_after(hook.cursor, PAGE_EVENTS).await?;
            if events.is_empty() || !self.page(&hook, events, stopping).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Delivers a page. Says whether to go on with the next.
    async fn page(
        &self,
        hook: &WebhookRow,
        events: Vec<StoredEvent>,
        stopping: &watch::Receiver<bool>,
    ) -> Result<bool, StoreError> {
        let began = tokio::time::Instant::now();
        let (mut cursor, mut delivered) = (hook.cursor, 0);
        for (place, event) in events.iter().enumerate() {
            if *stopping.borrow() || began.elapsed() > PAGE_TIME_MAX {
                break;
            }
            if is_wanted(hook, event) {
                let (agent, sent_to, told) = (self.agent.clone(), hook.clone(), body(hook, event));
                let sent = tokio::task::spawn_blocking(move || post(&agent, &sent_to, &told)).await;
                match sent.unwrap_or_else(|error| Delivered::Refused(error.to_string())) {
                    Delivered::Taken => {
                        self.metrics.webhook_delivered();
                        delivered += 1;
                    }
                    Delivered::Gone => {
                        self.store.webhook_advance(&hook.id, &self.owner, cursor, delivered).await?;
                        info!(webhook = %hook.id, "the receiver of a webhook wants no more; it is switched off");
                        let change = WebhookChange { is_active: Some(false), ..WebhookChange::default() };
                        // It may have been deleted meanwhile, which is as good.
                        let _ = self.store.webhook_change(&hook.id, &change).await;
                        return Ok(false);
                    }
                    Delivered::Refused(error) => {
                        // Only the page's first event was tried before.
                        let attempts = if place == 0 { hook.attempts } else { 0 } + 1;
                        self.store.webhook_advance(&hook.id, &self.owner, cursor, delivered).await?;
                        return self.refused(hook, event, attempts, error).await;
                    }
                }
            }
            cursor = event.pos;
            if delivered >= DELIVERIES_PER_WRITE {
                self.store.webhook_advance(&hook.id, &self.owner, cursor, delivered).await?;
                delivered = 0;
            }
        }
        self.store.webhook_advance(&hook.id, &self.owner, cursor, delivered).await?;
        Ok(true)
    }

    async fn refused(
        &self,
        hook: &WebhookRow,
        event: &StoredEvent,
        attempts: u64,
        error: String,
    ) -> Result<bool, StoreError> {
        self.metrics.webhook_refused();
        let now = clock::now();
        if attempts >= self.rules.attempts_max {
            warn!(webhook = %hook.id, pos = event.pos, %error, "a webhook did not take an event, which is kept apart");
            self.metrics.webhook_given_up();
            let letter = DeadLetterRow {
                id: 0,
                webhook: hook.id.clone(),
                pos: event.pos,
                event: event.id.to_string(),
                kind: event.kind.clone(),
                attempts,
                error,
                at: now,
            };
            self.store.webhook_give_up(&self.owner, &letter).await?;
            return Ok(true);
        }
        let wait = backoff(&self.rules, attempts, jitter());
        debug!(webhook = %hook.id, pos = event.pos, %error, ?wait, "a webhook did not take an event; it is tried again");
        self.store.webhook_failed(&hook.id, &self.owner, &error, now.saturating_add(wait)).await?;
        Ok(false)
    }
}

/// Whether a hook wants an event.
pub(crate) fn is_wanted(hook: &WebhookRow, event: &StoredEvent) -> bool {
    let kind = hook.kinds.is_empty() || hook.kinds.contains(&event.kind);
    kind && (hook.sites.is_empty() || hook.sites.contains(&event.site))
}

/// The wait after the `attempts`th failure: doubled each time, and off by up to a quarter either way, so that hooks that
/// failed together do not come back together. `jitter` is 0 to 1.
fn backoff(rules: &WebhookRules, attempts: u64, jitter: f64) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX).min(20);
    let wait = rules.retry_after.saturating_mul(1 << doublings).min(rules.retry_after_max);
    wait.mul_f64(0.75 + 0.5 * jitter)
}

fn jitter() -> f64 {
    let mut bytes = [0; 2];
    // Without randomness the wait is the middle one.
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u16::from_be_bytes(bytes)) / f64::from(u16::MAX),
        Err(_) => 0.5,
    }
}

/// Delivers an event that was given up, now. Says what became of it.
pub(crate) async fn redeliver(rules: &WebhookRules, hook: WebhookRow, event: StoredEvent) -> Delivered {
    let agent = agent(rules.reach);
    let sent = tokio::task::spawn_blocking(move || post(&agent, &hook, &body(&hook, &event))).await;
    sent.unwrap_or_else(|error| Delivered::Refused(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_are_spread() {
        let rules = WebhookRules::default();
        let wait = |attempts, jitter| backoff(&rules, attempts, jitter).as_millis();
        assert_eq!([wait(1, 0.5), wait(2, 0.5), wait(5, 0.5)], [2_000, 4_000, 32_000]);
        assert_eq!((wait(1, 0.0), wait(1, 1.0)), (1_500, 2_500));
        assert_eq!((wait(11, 0.5), wait(u64::MAX, 0.5)), (600_000, 600_000));
        assert!((0.0..=1.0).contains(&jitter()));
    }
}
