//! Taking events in, each exactly once.
//!
//! A batch is checked outside the database ([`check`]) and its rows are made ([`rows`]), which can be done while the one
//! before is being written; then it is compared with the log ([`plan`]) and written in one transaction: events, projections,
//! chain heads, alarms and what was refused. After a failure nothing of it is kept and the same batch can be given again.

mod ahead;
mod check;
mod heads;
mod plan;
mod rows;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::{NodeId, SiteId, UtcTime};
use wire::{Ack, NodeTopic, Received};

use crate::AlarmKind;
use crate::alarm::Alarms;
use crate::clock::{self, Told};
use crate::db::Dialect;
use crate::error::{StoreError, in_words};
use crate::event::StoredEvent;
use crate::month::Month;
use crate::open::Store;
use crate::projection;
use crate::quarantine::{self, Refused, batch_moment};
use crate::query::AlertRow;
use crate::revocation::revoked_among;
use ahead::ahead;
use check::{Checked, Refusal};
use plan::{Identities, Place};
use rows::Rows;

/// Highest event number taken: what a JSON number holds exactly, and a node never reaches.
pub const SEQ_MAX: u64 = 1 << 53;

/// How often a batch is tried before a collision with another hub counts as a failure.
const COLLISIONS_MAX: u32 = 5;

/// A message as it came from the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Where it was published.
    pub topic: String,
    /// Its bytes.
    pub payload: Vec<u8>,
    /// When it arrived, by the hub's clock.
    pub received_at: UtcTime,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the log now.
    Stored,
    /// It was in the log already.
    Duplicate,
    /// It is kept apart.
    Quarantined(Reason),
}

/// Why a message was kept apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The topic is not a node's event topic.
    UnknownTopic,
    /// See [`AlarmKind::Unreadable`].
    Unreadable,
    /// See [`AlarmKind::Misplaced`].
    Misplaced,
    /// See [`AlarmKind::UnknownNode`].
    UnknownNode,
    /// See [`AlarmKind::BadSignature`].
    BadSignature,
    /// See [`AlarmKind::BadNumber`].
    BadNumber,
    /// See [`AlarmKind::Fork`].
    Fork,
    /// See [`AlarmKind::IdReused`].
    IdReused,
    /// See [`AlarmKind::Unstorable`].
    Unstorable,
    /// See [`AlarmKind::Revoked`].
    Revoked,
}

impl Reason {
    /// The name used in the database and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownTopic => "unknown_topic",
            Self::Unreadable => AlarmKind::Unreadable.as_str(),
            Self::Misplaced => AlarmKind::Misplaced.as_str(),
            Self::UnknownNode => AlarmKind::UnknownNode.as_str(),
            Self::BadSignature => AlarmKind::BadSignature.as_str(),
            Self::BadNumber => AlarmKind::BadNumber.as_str(),
            Self::Fork => AlarmKind::Fork.as_str(),
            Self::IdReused => AlarmKind::IdReused.as_str(),
            Self::Unstorable => AlarmKind::Unstorable.as_str(),
            Self::Revoked => AlarmKind::Revoked.as_str(),
        }
    }

    const fn alarm(self) -> Option<AlarmKind> {
        match self {
            Self::UnknownTopic => None,
            Self::Unreadable => Some(AlarmKind::Unreadable),
            Self::Misplaced => Some(AlarmKind::Misplaced),
            Self::UnknownNode => Some(AlarmKind::UnknownNode),
            Self::BadSignature => Some(AlarmKind::BadSignature),
            Self::BadNumber => Some(AlarmKind::BadNumber),
            Self::Fork => Some(AlarmKind::Fork),
            Self::IdReused => Some(AlarmKind::IdReused),
            Self::Unstorable => Some(AlarmKind::Unstorable),
            Self::Revoked => Some(AlarmKind::Revoked),
        }
    }
}

/// How far a node's chain is complete, as its receipt says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeHead {
    /// The site.
    pub site: SiteId,
    /// The node.
    pub node: NodeId,
    /// The receipt.
    pub ack: Ack,
}

/// What became of a batch.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BatchOutcome {
    /// What became of each message, in their order.
    pub outcomes: Vec<Outcome>,
    /// The head of every believed node that a message with a good signature came from, also where it brought nothing
    /// new: the node may have missed its receipt.
    pub heads: Vec<NodeHead>,
    /// The new events, in the order of the log.
    pub stored: Vec<StoredEvent>,
    /// The alerts that these raised, ended or changed.
    pub alerts: Vec<AlertRow>,
}

/// A batch of which is known what can be said without the log.
#[derive(Debug)]
pub struct CheckedBatch {
    batch: Arc<[Message]>,
    /// The believed nodes' events, each with its place in the batch.
    good: Vec<(usize, Box<Received>)>,
    /// Why each of the others is refused.
    refusals: Vec<Option<Refusal>>,
    /// The rows of the good ones: nearly always all of them are new, and then this need not be made while the database waits.
    rows: Result<Rows, StoreError>,
}

impl Store {
    /// Looks at a batch as far as that goes without the log: what its messages are, and whether nodes that are believed
    /// signed them.
    pub async fn check(&self, batch: Arc<[Message]>) -> Result<CheckedBatch, StoreError> {
        let topics = check::topics(&batch);
        let nodes = self.nodes_known(topics.iter().flatten().map(|topic| &topic.node).collect::<BTreeSet<_>>()).await?;
        let (dialect, messages) = (self.inner.db.dialect(), batch.len());
        let check = move || {
            let mut good = Vec::with_capacity(batch.len());
            let mut refusals = Vec::with_capacity(batch.len());
            for (index, checked) in check::check_all(&batch, &topics, &nodes).into_iter().enumerate() {
                match checked {
                    Checked::Good(event) => {
                        good.push((index, event));
                        refusals.push(None);
                    }
                    Checked::Bad(refusal) => refusals.push(Some(refusal)),
                }
            }
            let rows = Rows::of(dialect, &good, &batch);
            CheckedBatch { batch, good, refusals, rows }
        };
        let check = move || ahead(messages, check);
        Ok(tokio::task::spawn_blocking(check).await.expect("the check does not panic and is not cancelled"))
    }

    /// Takes in a batch in one transaction. An error means that nothing was kept, and that trying again makes sense.
    ///
    /// Should the database refuse something in it, each message gets a transaction of its own, and only those that are
    /// refused then are kept apart.
    pub async fn ingest(&self, batch: Arc<[Message]>) -> Result<BatchOutcome, StoreError> {
        let checked = self.check(Arc::clone(&batch)).await;
        match checked {
            Ok(checked) => self.ingest_checked(checked).await,
            Err(error) => {
                self.months_forget();
                Err(error)
            }
        }
    }

    /// The same for a batch that was checked before: a moment ago, because what it says of nodes is of then.
    pub async fn ingest_checked(&self, checked: CheckedBatch) -> Result<BatchOutcome, StoreError> {
        let batch = Arc::clone(&checked.batch);
        let outcome = match self.ingest_without_collision(checked).await {
            Err(error) if error.is_about_the_data() => self.ingest_one_by_one(&batch).await,
            result => result,
        };
        if outcome.is_err() {
            self.months_forget();
        }
        outcome
    }

    /// Goes on where another hub's transaction stood in the way.
    async fn ingest_without_collision(&self, mut checked: CheckedBatch) -> Result<BatchOutcome, StoreError> {
        let batch = Arc::clone(&checked.batch);
        let mut identities = Identities::LeftToTheIndex;
        for attempt in 1..COLLISIONS_MAX {
            match self.ingest_together(checked, identities).await {
                Err(error) if error.is_about_the_data() && identities == Identities::LeftToTheIndex => {
                    identities = Identities::LookedUp;
                    checked = self.check(Arc::clone(&batch)).await?;
                }
                Err(error) if error.is_a_collision() => {
                    tracing::debug!(attempt, error = %in_words(&error), "another hub stood in the way");
                    checked = self.check(Arc::clone(&batch)).await?;
                }
                result => return result,
            }
        }
        self.ingest_together(checked, Identities::LookedUp).await
    }

    async fn ingest_one_by_one(&self, batch: &[Message]) -> Result<BatchOutcome, StoreError> {
        let mut all = BatchOutcome::default();
        let mut heads = BTreeMap::new();
        for message in batch {
            let checked = self.check(Arc::from([message.clone()])).await?;
            let one = match self.ingest_without_collision(checked).await {
                Err(error) if error.is_about_the_data() => self.unstorable_keep(message, &error).await?,
                result => result?,
            };
            all.outcomes.extend(one.outcomes);
            all.stored.extend(one.stored);
            all.alerts.extend(one.alerts);
            heads.extend(one.heads.into_iter().map(|head| (head.node.clone(), head)));
        }
        all.heads = heads.into_values().collect();
        Ok(all)
    }

    async fn unstorable_keep(&self, message: &Message, error: &StoreError) -> Result<BatchOutcome, StoreError> {
        let detail = in_words(error);
        let node = message.topic.parse::<NodeTopic>().ok().map(|topic| topic.node);
        tracing::error!(topic = %message.topic, error = %detail, "the database refuses an event");
        let mut alarms = Alarms::default();
        if let Some(node) = &node {
            alarms.raise(node, AlarmKind::Unstorable, detail.clone());
        }
        let refused = Refused { message, node, reason: Reason::Unstorable, detail };
        let mut tx = self.write_begin().await?;
        quarantine::write(&mut tx, &[refused]).await?;
        alarms.write(&mut tx, message.received_at).await?;
        tx.commit().await?;
        Ok(BatchOutcome { outcomes: vec![Outcome::Quarantined(Reason::Unstorable)], ..BatchOutcome::default() })
    }

    async fn ingest_together(
        &self,
        CheckedBatch { batch, good, mut refusals, rows }: CheckedBatch,
        identities: Identities,
    ) -> Result<BatchOutcome, StoreError> {
        let at = batch_moment(&batch);
        let mut alarms = Alarms::default();
        self.months_ready(batch.iter().map(|message| Month::of(message.received_at)).collect()).await?;
        let believed: BTreeMap<NodeId, SiteId> =
            good.iter().map(|(_, event)| (event.node.clone(), event.site.clone())).collect();
        let mut tx = self.ingest_begin().await?;
        let before = heads::lock(&mut tx, believed.keys()).await?;
        // Behind the lock, so that a revocation counts for every batch that begins after it.
        let revoked = revoked_among(&mut tx, believed.keys().collect()).await?;
        let mut log = plan::neighbours(&mut tx, good.iter().map(|(_, event)| &**event), &before, identities).await?;
        let mut outcomes = vec![Outcome::Duplicate; batch.len()];
        let checked = good.len();
        let mut fresh = Vec::with_capacity(checked);
        for (index, event) in good {
            match log.place(&event) {
                // What is in the log already came before the revocation.
                Place::New if revoked.contains(&event.node) => {
                    let detail = format!("node \"{}\" was revoked; event {} is not taken in", event.node, event.seq);
                    refusals[index] = Some(Refusal { reason: Reason::Revoked, detail, node: Some(event.node.clone()) });
                }
                Place::New => {
                    log.add(&event);
                    outcomes[index] = Outcome::Stored;
                    fresh.push((index, event));
                }
                Place::Held => {}
                Place::Refused(reason, detail) => {
                    refusals[index] = Some(Refusal { reason, detail, node: Some(event.node.clone()) });
                }
            }
        }
        for (_, event) in &fresh {
            if let Some(detail) = log.broken_link(event) {
                alarms.raise(&event.node, AlarmKind::BrokenChain, detail);
            }
        }
        for (index, event) in &fresh {
            let told = Told { at: event.at, received_at: received_at(&batch, *index) };
            if let Some(detail) = clock::event_fault(event.seq, event.clock, told) {
                alarms.raise(&event.node, AlarmKind::Clock, detail);
            }
        }

        let Rows { log: log_rows, projected } =
            if fresh.len() == checked { rows? } else { ahead(fresh.len(), || Rows::of(tx.dialect(), &fresh, &batch))? };
        let comes_first = tx.dialect() == Dialect::Sqlite;
        let (mut positions, mut log_rows) = (Vec::new(), Some(log_rows));
        if let Some(rows) = log_rows.take_if(|_| comes_first) {
            positions = write::events(&mut tx, rows, &fresh).await?;
        }
        let alerts = projection::write(&mut tx, projected).await?;
        let heads = heads::advance(&mut tx, believed, before, fresh.iter().map(|(_, event)| &**event), at).await?;

        let mut refused = Vec::new();
        for (index, refusal) in refusals.into_iter().enumerate() {
            let Some(Refusal { reason, detail, node }) = refusal else { continue };
            outcomes[index] = Outcome::Quarantined(reason);
            if let (Some(kind), Some(node)) = (reason.alarm(), &node) {
                alarms.raise(node, kind, detail.clone());
            }
            refused.push(Refused { message: &batch[index], node, reason, detail });
        }
        quarantine::write(&mut tx, &refused).await?;
        alarms.write(&mut tx, at).await?;
        if let Some(rows) = log_rows {
            positions = write::events(&mut tx, rows, &fresh).await?;
        }
        tx.commit().await?;

        let mut stored: Vec<_> = std::iter::zip(positions, fresh)
            .map(|(pos, (index, event))| StoredEvent::from_received(pos, received_at(&batch, index), *event))
            .collect();
        stored.sort_by_key(|event| event.pos);
        Ok(BatchOutcome { outcomes, heads, stored, alerts })
    }

    /// The head of every believed node, with a receipt for nothing where nothing has come.
    pub async fn heads(&self) -> Result<Vec<NodeHead>, StoreError> {
        heads::all(&self.inner.db).await
    }
}

/// When a message of the batch arrived.
fn received_at(batch: &[Message], index: usize) -> UtcTime {
    batch[index].received_at
}
