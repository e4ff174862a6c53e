//! Follows what the hub wants.
//!
//! One task. What it hears is believed only with the hub's signature, so whoever floods the topic stops nothing: an
//! unbelieved message neither ends a download under way nor is told of more often than every [`UNBELIEVED_EVERY`].

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use thiserror::Error;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tracing::{debug, info, warn};
use wire::NodeKey;
use wire::policy::report::short_reason;
use wire::policy::{
    Bundle, PolicyChange, PolicyName, PolicyOutcome, PolicyRefusal, PolicyStatus, PolicyWaiting, Step, WantedPolicy,
};

use super::fetch::Fetcher;
use super::link::{Heard, PolicyLink};
use super::store::{PolicyStore, Staged};
use crate::backoff::Backoff;
use crate::tls::Tls;
use crate::{WallClock, chain, http};

/// After so many failed downloads of one policy the node's status and an event say so. The node goes on trying: nobody
/// would come to tell it that the hub is back.
pub const FETCHES_BEFORE_ALARM: u32 = 5;

/// How often a message that is not believed is told of.
pub const UNBELIEVED_EVERY: Duration = Duration::from_secs(600);

/// How often the clock is looked at while a policy waits for its time, because clocks are set.
const LOOK_AT_CLOCK_EVERY: Duration = Duration::from_secs(10);

/// Where from and as whom.
#[derive(Debug, Clone)]
pub struct PolicyClientConfig {
    /// The hub, such as `https://hub.example.vn` or `http://10.0.0.5:8080`.
    pub hub_url: String,
    /// The node's signing key: bundles are read by nodes only.
    pub key: NodeKey,
    /// The authority to trust for `https`; without it, the public ones.
    pub tls: Option<Tls>,
    /// How long to wait after the first failed download; doubles up to `retry_after_max`.
    pub retry_after: Duration,
    /// Longest wait after a failed download.
    pub retry_after_max: Duration,
}

impl PolicyClientConfig {
    /// The usual patience: from half a second to two minutes.
    pub fn new(hub_url: impl Into<String>, key: NodeKey, tls: Option<Tls>) -> Self {
        let (retry_after, retry_after_max) = (Duration::from_millis(500), Duration::from_secs(120));
        Self { hub_url: hub_url.into(), key, tls, retry_after, retry_after_max }
    }
}

/// Why the client does not start.
#[derive(Debug, Error)]
pub enum PolicyClientError {
    /// The hub's address cannot be used.
    #[error("\"{0}\" is not the address of a hub: http://HOST, http://HOST:PORT or the same with https is accepted")]
    BadUrl(String),
}

/// Starts to follow the hub's policy.
#[derive(Debug)]
pub struct PolicyClient;

/// A client that runs; dropping it ends it. A policy that is being applied then is applied.
#[derive(Debug)]
pub struct PolicyClientHandle {
    status: watch::Receiver<PolicyStatus>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl PolicyClientHandle {
    /// Follows what the node says of its policy.
    pub fn watch(&self) -> watch::Receiver<PolicyStatus> {
        self.status.clone()
    }

    /// Ends it; what is in force stays.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // It ends by itself, or panicked, which was logged.
        let _ = (&mut self.task).await;
    }
}

impl Drop for PolicyClientHandle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Apply = Box<dyn FnMut(&Bundle) -> Result<(), String> + Send>;
type Report = Box<dyn FnMut(&PolicyChange) + Send>;

/// What only one may do at a time.
struct Hands {
    store: PolicyStore,
    apply: Apply,
    report: Report,
}

struct Client {
    hands: Arc<Mutex<Hands>>,
    fetcher: Arc<Fetcher>,
    status: Arc<watch::Sender<PolicyStatus>>,
    clock: WallClock,
    config: PolicyClientConfig,
    node: String,
}

impl PolicyClient {
    /// Follows what the hub wants from now on. `apply` puts a checked bundle into effect, whole or not at all, and says
    /// in words why it cannot; its words travel unencrypted. `report` is told of every change and refusal, to make an
    /// event of it. Both are called one at a time on a thread that may wait. Hand the link to
    /// [`Publisher::start_with_policy`](crate::Publisher::start_with_policy).
    pub fn start(
        store: PolicyStore,
        config: PolicyClientConfig,
        clock: WallClock,
        apply: impl FnMut(&Bundle) -> Result<(), String> + Send + 'static,
        report: impl FnMut(&PolicyChange) + Send + 'static,
    ) -> Result<(PolicyClientHandle, PolicyLink), PolicyClientError> {
        let hub = http::hub_url(&config.hub_url).ok_or_else(|| PolicyClientError::BadUrl(config.hub_url.clone()))?;
        let reader = store.reader().clone();
        let refused = store.loss().map(|loss| PolicyRefusal {
            version: loss.policy.map(|name| name.version),
            reason: short_reason(&loss.reason),
            at: clock().at,
        });
        let (status, watched) = watch::channel(PolicyStatus { running: store.running_name(), refused, waiting: None });
        let (link, hearing) = PolicyLink::new(watched.clone());
        let (stop, stopping) = watch::channel(false);
        let (site, key) = (reader.site.clone(), config.key.clone());
        let fetcher = Fetcher::new(hub, config.tls.as_ref(), site, reader.node.clone(), key, Arc::clone(&clock));
        let client = Client {
            hands: Arc::new(Mutex::new(Hands { store, apply: Box::new(apply), report: Box::new(report) })),
            fetcher: Arc::new(fetcher),
            status: Arc::new(status),
            clock,
            config,
            node: reader.node.to_string(),
        };
        let open = move |bytes: &[u8]| {
            WantedPolicy::open(bytes, &reader.trusted, &reader.site, &reader.node).map_err(|error| chain(&error))
        };
        let task = tokio::spawn(run(Arc::new(client), open, hearing, stopping));
        Ok((PolicyClientHandle { status: watched, stop, task }, link))
    }
}

type Pursuit = Pin<Box<dyn Future<Output = ()> + Send>>;

async fn run(
    client: Arc<Client>,
    open: impl Fn(&[u8]) -> Result<WantedPolicy, String>,
    mut hearing: watch::Receiver<Heard>,
    mut stopping: watch::Receiver<bool>,
) {
    client.report_loss().await;
    let mut pursuit: Option<Pursuit> = None;
    let mut told_at: Option<Instant> = None;
    loop {
        let heard = hearing.borrow_and_update().clone();
        match heard.as_deref().map(&open) {
            None => {}
            Some(Ok(wanted)) => {
                let client = Arc::clone(&client);
                // What it was after before is out of date.
                pursuit = Some(Box::pin(async move { client.pursue(wanted).await }));
            }
            Some(Err(why)) if told_at.is_none_or(|at| at.elapsed() >= UNBELIEVED_EVERY) => {
                told_at = Some(Instant::now());
                client.refuse(None, why).await;
            }
            Some(Err(why)) => debug!(why, "another message on the policy topic that is not believed"),
        }
        let mut is_deaf = false;
        while !(is_deaf && pursuit.is_none()) {
            let pursued = async {
                match &mut pursuit {
                    Some(pursuit) => pursuit.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop) => return,
                changed = hearing.changed(), if !is_deaf => match changed {
                    Ok(()) => break,
                    // The publisher is gone, and with it everything that could still be heard: finish what was.
                    Err(_) => is_deaf = true,
                },
                () = pursued => pursuit = None,
            }
        }
        if is_deaf {
            return;
        }
    }
}

/// How an attempt to put a bundle in force ended.
enum Taken {
    /// It is, or was already.
    InForce,
    /// It is not, for good.
    Refused(String),
    /// It is, but the disk does not hold it yet.
    Unsaved(Staged, String),
}

impl Client {
    /// Fetches what is wanted, waits for its time and takes it, or says why not.
    async fn pursue(&self, wanted: WantedPolicy) {
        let began = Instant::now();
        match self
            .with_hands({
                let wanted = wanted.clone();
                move |hands| hands.store.judge(&wanted)
            })
            .await
        {
            Ok(Step::Take) => {}
            Ok(Step::Nothing) => return self.tell(|status| status.refused = None),
            Err(error) => return self.refuse(Some(wanted.name()), error.to_string()).await,
        }
        let bytes = self.fetch(&wanted).await;
        let trusted = self.with_hands(|hands| hands.store.reader().trusted.clone()).await;
        let opened = tokio::task::spawn_blocking(move || (Bundle::open(&bytes, &trusted), bytes)).await;
        let (bundle, bytes) = match opened {
            Ok((Ok(bundle), bytes)) => (Arc::new(bundle), bytes),
            Ok((Err(error), _)) => return self.refuse(Some(wanted.name()), chain(&error)).await,
            Err(error) => return self.refuse(Some(wanted.name()), error.to_string()).await,
        };
        if let Some(why) = unlike(&bundle, &wanted) {
            return self.refuse(Some(wanted.name()), why).await;
        }
        self.wait_for_its_time(&bundle).await;
        self.take(wanted, bundle, bytes).await;
        let version = self.status.borrow().running.map(|running| running.version);
        debug!(version, took_ms = began.elapsed().as_millis(), "a wanted policy was dealt with");
    }

    /// The bytes that are wanted, however long it takes to get them.
    async fn fetch(&self, wanted: &WantedPolicy) -> Vec<u8> {
        let PolicyClientConfig { retry_after, retry_after_max, .. } = self.config;
        let mut backoff = Backoff::new(&self.node, retry_after, retry_after_max);
        let mut failures = 0;
        loop {
            let (fetcher, what) = (Arc::clone(&self.fetcher), wanted.clone());
            let fetched = tokio::task::spawn_blocking(move || fetcher.fetch(&what)).await;
            let why = match fetched {
                Ok(Ok(bytes)) => return bytes,
                Ok(Err(error)) => error.to_string(),
                Err(error) => error.to_string(),
            };
            failures += 1;
            let wait = backoff.after_failure();
            warn!(version = wanted.version, why, failures, ?wait, "the policy cannot be fetched; trying again");
            if failures == FETCHES_BEFORE_ALARM {
                let why = format!("it cannot be fetched ({failures} attempts so far, trying on): {why}");
                self.refuse(Some(wanted.name()), why).await;
            }
            sleep(wait).await;
        }
    }

    async fn wait_for_its_time(&self, bundle: &Bundle) {
        let Bundle { version, not_before, .. } = *bundle;
        while (self.clock)().at < not_before {
            self.tell(|status| status.waiting = Some(PolicyWaiting { version, not_before }));
            sleep(not_before.since((self.clock)().at).min(LOOK_AT_CLOCK_EVERY)).await;
        }
    }

    /// Stages, applies and adopts in one go on a thread of its own, so that nothing that is heard meanwhile comes between.
    async fn take(&self, wanted: WantedPolicy, bundle: Arc<Bundle>, bytes: Vec<u8>) {
        let status = Arc::clone(&self.status);
        let (name, issued_at, clock) = (wanted.name(), wanted.issued_at, Arc::clone(&self.clock));
        let mut taken = self.with_hands(move |hands| {
            let taken = hands.take(&wanted, &bundle, &bytes);
            if let Taken::InForce | Taken::Unsaved(..) = taken {
                status.send_replace(PolicyStatus { running: Some(name), ..PolicyStatus::default() });
                let since_issued_ms = clock().at.since(issued_at).as_millis();
                info!(version = name.version, since_issued_ms, "another policy is in force");
                hands.tell(PolicyOutcome::Applied, Some(name), Some(name), String::new());
            }
            taken
        });
        let PolicyClientConfig { retry_after, retry_after_max, .. } = self.config;
        let mut backoff = Backoff::new(&self.node, retry_after, retry_after_max);
        loop {
            match taken.await {
                Taken::InForce => return,
                Taken::Refused(why) => return self.refuse(Some(name), why).await,
                Taken::Unsaved(staged, why) => {
                    let why = format!("it is in force, but cannot be kept for the next start: {why}");
                    self.note_refusal(Some(name), &why);
                    sleep(backoff.after_failure()).await;
                    let status = Arc::clone(&self.status);
                    taken = self.with_hands(move |hands| match hands.store.adopt(&staged) {
                        Ok(()) => {
                            status.send_modify(|status| status.refused = None);
                            Taken::InForce
                        }
                        Err(error) => Taken::Unsaved(staged, chain(&error)),
                    });
                }
            }
        }
    }

    /// What is in force stays: says why, in the status and as an event.
    async fn refuse(&self, policy: Option<PolicyName>, why: String) {
        self.note_refusal(policy, &why);
        self.with_hands(move |hands| {
            let running = hands.store.running_name();
            hands.tell(PolicyOutcome::Refused, policy, running, why);
        })
        .await;
    }

    fn note_refusal(&self, policy: Option<PolicyName>, why: &str) {
        let version = policy.map(|name| name.version);
        warn!(version, why, "a policy that the hub wants is not taken as it should be");
        let refusal = PolicyRefusal { version, reason: short_reason(why), at: (self.clock)().at };
        self.tell(|status| {
            status.refused = Some(refusal);
            status.waiting = None;
        });
    }

    async fn report_loss(&self) {
        self.with_hands(|hands| {
            if let Some(loss) = hands.store.loss().cloned() {
                let running = hands.store.running_name();
                hands.tell(PolicyOutcome::Lost, loss.policy, running, loss.reason);
            }
        })
        .await;
    }

    fn tell(&self, change: impl FnOnce(&mut PolicyStatus)) {
        self.status.send_if_modified(|status| {
            let before = status.clone();
            change(status);
            *status != before
        });
    }

    /// Runs `work` where it may wait. It ends even where the one who asked is gone.
    fn with_hands<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Hands) -> T + Send + 'static,
    ) -> Pin<Box<dyn Future<Output = T> + Send>> {
        let hands = Arc::clone(&self.hands);
        let done = tokio::task::spawn_blocking(move || {
            // Whoever panicked left the store as it is on the disk.
            work(&mut hands.lock().unwrap_or_else(PoisonError::into_inner))
        });
        Box::pin(async move {
            match done.await {
                Ok(done) => done,
                // The run time ends, and this task with it.
                Err(error) if error.is_cancelled() => std::future::pending().await,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        })
    }
}

impl Hands {
    fn take(&mut self, wanted: &WantedPolicy, bundle: &Arc<Bundle>, bytes: &[u8]) -> Taken {
        // Looked at again: another may have been taken while this one was on its way.
        match self.store.judge(wanted) {
            Ok(Step::Take) => {}
            Ok(Step::Nothing) => return Taken::InForce,
            Err(error) => return Taken::Refused(error.to_string()),
        }
        let staged = match self.store.stage(bytes, Arc::clone(bundle)) {
            Ok(staged) => staged,
            Err(error) => return Taken::Refused(chain(&error)),
        };
        let applied = catch_unwind(AssertUnwindSafe(|| (self.apply)(bundle)));
        let refused = match applied {
            Ok(Ok(())) => None,
            Ok(Err(why)) => Some(format!("it cannot be applied: {why}")),
            Err(_) => Some("the program failed while applying it".to_owned()),
        };
        if let Some(why) = refused {
            self.store.discard(staged);
            return Taken::Refused(why);
        }
        match self.store.adopt(&staged) {
            Ok(()) => Taken::InForce,
            Err(error) => Taken::Unsaved(staged, chain(&error)),
        }
    }

    fn tell(
        &mut self,
        outcome: PolicyOutcome,
        policy: Option<PolicyName>,
        running: Option<PolicyName>,
        reason: String,
    ) {
        (self.report)(&PolicyChange { outcome, policy, running, reason: short_reason(&reason) });
    }
}

/// Where a bundle is not the one that was announced, although both are signed.
fn unlike(bundle: &Bundle, wanted: &WantedPolicy) -> Option<String> {
    let same = bundle.version == wanted.version
        && bundle.site == wanted.site
        && bundle.nodes == wanted.nodes
        && bundle.rollback_from == wanted.rollback_from;
    (!same).then(|| {
        format!(
            "the bundle is version {} for site \"{}\", and was announced as version {} for site \"{}\" with other marks",
            bundle.version, bundle.site, wanted.version, wanted.site
        )
    })
}
