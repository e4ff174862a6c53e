//! A running node: its outbox, its publisher, its cameras.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context, Error, Result};
use domain::{CameraId, GateId};
use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use uplink::{
    AppendError, BrokerConfig, ClockReading, Credentials, Identity, Limits, Links, NodeKeyFile, OrderClientHandle,
    Outbox, PolicyClientHandle, Publisher, PublisherHandle, Renewer, RenewerHandle, Secret, Spool, Tls, Uploader,
    UploaderConfig, UploaderHandle, WallClock,
};
use wire::event::NodeStart;
use wire::{Event, EventId, NodeKey, NodePublicKey, Payload};

use crate::access::{AccessHandle, AccessParts, AccessThread};
use crate::attention::Skipped;
use crate::board::Board;
use crate::clips::{self, Clips};
use crate::codes;
use crate::config::{BrokerAddress, NodeConfig, Play};
use crate::desk::{Desk, DeskPlan};
use crate::eyes::Eyes;
use crate::follow::{Follower, follow, rules_at_start};
use crate::histogram::Histogram;
use crate::installation::Installation;
use crate::local::Local;
use crate::models::{LoadedModel, Looking};
use crate::node_clock::NodeClock;
use crate::observation_log::ObservationLog;
use crate::orders::take_orders;
use crate::plates::confusion;
use crate::plates::desk::PlatePlan;
use crate::refused::Refused;
use crate::rehearse::{Rehearsal, calibration};
use crate::rules::{Rules, RulesInForce};
use crate::sink::{EventsFile, NodeSink, append_before_evidence, open_outbox};
use crate::stage::{Stage, Stages};
use crate::status::{NodeView, Parts};
use crate::views::Views;
use crate::watch::{SinkError, Watch, one_line};

/// What a run is asked to write besides its events.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Observation log; with several cameras the camera's name is put behind it.
    pub record: Option<PathBuf>,
    /// Events, one JSON object a line, as they are before they are numbered and signed.
    pub events: Option<PathBuf>,
}

/// A node that runs.
#[derive(Debug)]
pub struct Node {
    key: NodePublicKey,
    outbox: Outbox,
    spool: Spool,
    publisher: Option<PublisherHandle>,
    policy: Option<PolicyClientHandle>,
    orders: Option<OrderClientHandle>,
    access: Option<AccessThread>,
    views: Option<Views>,
    uploader: Option<UploaderHandle>,
    /// Ends with the node.
    _renewer: Option<RenewerHandle>,
    cameras: Vec<RunningCamera>,
    model: Option<LoadedModel>,
    local: Option<Local>,
    stop: Arc<AtomicBool>,
    /// How the first camera failed that did.
    failure: Option<Error>,
}

#[derive(Debug)]
struct RunningCamera {
    board: Arc<Board>,
    /// Nothing once it has been seen to end.
    task: Option<JoinHandle<Result<()>>>,
}

/// Opens, or makes, the signing key of a node.
pub fn node_key(config: &NodeConfig) -> Result<NodeKey> {
    std::fs::create_dir_all(&config.data)
        .with_context(|| format!("cannot create the data folder \"{}\"", config.data.display()))?;
    Ok(NodeKeyFile::load_or_create(&config.data.join("node.key"))?)
}

/// Listens for SIGTERM and SIGINT from now on. What it gives ends when one of them comes, or has come.
pub fn stop_signal() -> Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// A nonce for the event ids of one run.
pub fn draw_nonce() -> Result<[u8; 16]> {
    let mut nonce = [0; 16];
    getrandom::fill(&mut nonce).context("the system gives no random numbers")?;
    Ok(nonce)
}

impl Node {
    /// Starts everything. `folder` is what relative sources are relative to.
    pub async fn start(
        config: &NodeConfig,
        folder: &Path,
        installation: &Installation,
        options: &RunOptions,
    ) -> Result<Self> {
        let started_at = Instant::now();
        let key = node_key(config)?;
        let tls = node_tls(config)?;
        let identity = Identity { site: config.site.clone(), node: config.node.clone(), key: key.clone() };
        let (rules, policies) = rules_at_start(config)?;
        let spool = config.data.join("spool");
        let outbox = open_outbox(&config.data.join("outbox.db"), identity, &spool).await?;
        let spool = Spool::open(&spool)?;
        clips::prepare_folder(&config.data.join("clips")).context("cannot use the folder for clips")?;
        let clock = Arc::new(NodeClock::start());
        let looking = Looking::open(config, installation);
        let (loaded, engines) = (looking.model.clone(), looking.engines.clone());
        let mut models: Vec<_> = loaded.iter().map(|m| (m.id.clone(), m.sha256.clone())).collect();
        models.extend(engines.iter().flat_map(|engines| engines.plate_models().iter().cloned()));
        append_before_evidence(&outbox, &spool, &[started(config, models.clone(), &clock)?]).await?;

        let events = options.events.as_deref().map(EventsFile::create).transpose()?;
        let access = decide(config, &rules, (&outbox, &spool), events.clone(), &clock)?;
        let rules = Arc::new(RulesInForce::new(rules));
        let follower = policies.map(|store| {
            let follower = Follower {
                config: config.clone(),
                rules: Arc::clone(&rules),
                access: access.as_ref().map(|access| access.handle().clone()),
                outbox: outbox.clone(),
                events: events.clone(),
                clock: wall_clock(Arc::clone(&clock)),
                nonce: draw_nonce()?,
                key: key.clone(),
            };
            follow(store, follower, tls.clone())
        });
        let (policy, link) = follower.transpose()?.unzip();
        let handle = access.as_ref().map(AccessThread::handle);
        let (orders, order_link) = take_orders(config, &key, handle, wall_clock(Arc::clone(&clock)))?.unzip();
        let views = Views::start(config, &key, tls.as_ref(), &rules, wall_clock(Arc::clone(&clock)))?;
        let (views, view_link) = views.unzip();
        let (view, health) = NodeView::to_come();
        let links = Links { policy: link, orders: order_link, views: view_link, health: Some(health) };
        let publisher = config
            .broker
            .as_ref()
            .map(|b| publish((b, tls.as_ref()), &outbox, Arc::clone(&clock), links))
            .transpose()?;
        let uploader = config.hub_url.as_ref().map(|url| {
            let uploads = UploaderConfig::new(url.clone(), config.node.clone(), key.clone(), tls.clone());
            Uploader::start(spool.clone(), uploads, wall_clock(Arc::clone(&clock)))
        });
        let renewer = tls.map(|tls| Renewer::start(config.data.clone(), tls, wall_clock(Arc::clone(&clock))));
        let mut node = Self {
            key: key.public(),
            outbox,
            spool,
            publisher,
            policy,
            orders,
            access,
            views,
            uploader: uploader.transpose()?,
            _renewer: renewer,
            cameras: Vec::new(),
            model: loaded,
            local: None,
            stop: Arc::new(AtomicBool::new(false)),
            failure: None,
        };
        for (number, camera) in config.cameras.iter().enumerate() {
            let now = rules.now();
            let own = |id: &GateId| config.gates.iter().any(|gate| gate.id == *id && gate.camera == camera.id);
            let gates = now.gates.iter().filter(|gate| own(&gate.gate));
            let gates = gates.map(|gate| (gate.gate.clone(), gate.text.clone(), gate.profile.clone())).collect();
            let calibration = match (camera.plates, camera.play) {
                (None, _) => None,
                (Some(_), Play::Rehearse) => Some(calibration(&folder.join(&camera.source))?),
                (Some(_), Play::Live | Play::Loop | Play::Once) => {
                    engines.as_ref().and_then(|engines| engines.calibration())
                }
            };
            let plate_plan = calibration.map(|calibration| PlatePlan { calibration, lists: now.lists.clone() });
            let plan = DeskPlan { camera: camera.id.clone(), gates, nonce: draw_nonce()?, plates: plate_plan };
            let log =
                options.record.as_deref().map(|path| ObservationLog::path(path, config.cameras.len(), &camera.id));
            let log = log.map(|path| ObservationLog::create(&path)).transpose()?;
            let board = Arc::new(Board::new(camera.id.clone()).reading_plates(camera.plates.is_some()));
            let own = Arc::clone(&board);
            let mut desk = Desk::new(plan, log);
            desk.follow(Arc::clone(&rules));
            let sink = NodeSink {
                outbox: node.outbox.clone(),
                spool: node.spool.clone(),
                events: events.clone(),
                runtime: Handle::current(),
                stop: Arc::clone(&node.stop),
                board: Arc::clone(&board),
                access: node.access().cloned(),
            };
            let (id, clock, stop) = (camera.id.clone(), Arc::clone(&clock), Arc::clone(&node.stop));
            let task = match (looking.refuses(camera), &engines) {
                (Some(reason), _) => {
                    let refused = Refused { id, reason: reason.to_owned(), desk, sink, clock, board };
                    tokio::task::spawn_blocking(move || refused.tell())
                }
                (None, Some(engines)) if camera.play != Play::Rehearse => {
                    let (play, plates, engines) = (camera.play, camera.plates, Arc::clone(engines));
                    let plan = camera.stream.clips.clone();
                    let clips = plan.wants_any().then(|| {
                        let made_in = config.data.join("clips");
                        Clips::start(plan, made_in, draw_nonce()?, sink.clone(), Arc::clone(&board))
                            .map_err(Error::from)
                    });
                    let (eyes, clips) = (Eyes::open(camera, folder, engines.wants())?, clips.transpose()?);
                    let codes = codes::start(config, camera, node.access(), &board)?;
                    let (view, data) =
                        (node.views.as_ref().map(|views| views.camera(number)), Some(config.data.clone()));
                    let watch = Watch {
                        id,
                        eyes,
                        clips,
                        codes,
                        view,
                        data,
                        play,
                        engines,
                        number,
                        plates,
                        desk,
                        sink,
                        clock,
                        board,
                    };
                    tokio::task::spawn_blocking(move || Ok(watch.run(&|| stop.load(Ordering::Relaxed)).map(drop)?))
                }
                (None, Some(_) | None) => {
                    let log = folder.join(&camera.source);
                    let rehearsal = Rehearsal { id, log, desk, sink, clock, board };
                    tokio::task::spawn_blocking(move || Ok(rehearsal.run(&|| stop.load(Ordering::Relaxed))?))
                }
            };
            node.cameras.push(RunningCamera { board: own, task: Some(task) });
        }
        let view = view.come(Parts {
            site: config.site.clone(),
            node: config.node.clone(),
            data: config.data.clone(),
            models,
            boards: node.cameras.iter().map(|camera| Arc::clone(&camera.board)).collect(),
            engines,
            outbox: node.outbox.clone(),
            spool: node.spool.clone(),
            publisher: node.publisher.as_ref().map(PublisherHandle::watch),
            access: node.access().cloned(),
            clock,
            started: started_at,
        });
        if let Some(local) = &config.local {
            node.local = Some(Local::start(local, view).await?);
        }
        Ok(node)
    }

    /// The key by which the hub knows this node.
    pub fn key(&self) -> &NodePublicKey {
        &self.key
    }

    /// The detector in use, where there is one.
    pub fn model(&self) -> Option<&LoadedModel> {
        self.model.as_ref()
    }

    /// The outbox, for its backlog.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// What each camera has cost so far.
    pub fn stages(&self) -> impl Iterator<Item = (&CameraId, &Stages)> {
        self.cameras.iter().map(|camera| (&camera.board.id, &camera.board.stages))
    }

    /// Where codes, cards and guards' orders for the lanes are handed in; nothing where the node has no lanes.
    pub fn access(&self) -> Option<&AccessHandle> {
        self.access.as_ref().map(AccessThread::handle)
    }

    /// Waits until every camera's source is over; live ones never are. Fails with the first camera that failed, after
    /// all have ended: one broken camera does not stop the others. May be given up and asked again.
    pub async fn watched(&mut self) -> Result<()> {
        for camera in &mut self.cameras {
            let Some(task) = &mut camera.task else { continue };
            let ended = task.await.context("a camera's thread panicked").and_then(|ended| ended);
            camera.task = None;
            if let Err(error) = ended {
                tracing::error!(camera = %camera.board.id, error = format!("{error:#}"), "camera ended");
                self.failure.get_or_insert(error);
            }
        }
        self.failure.take().map_or(Ok(()), Err)
    }

    /// Waits until the hub has confirmed every event and has every picture.
    pub async fn delivered(&self) {
        if let Some(publisher) = &self.publisher {
            publisher.confirmed_all().await;
        }
        if self.uploader.is_some() {
            // Fails only when the spool is closed, and then there is nothing to wait for.
            let _ = self.spool.watch().wait_for(|spool| spool.files == 0).await;
        }
    }

    /// Asks the cameras to end; [`Node::watched`] returns soon after.
    pub fn stop_cameras(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Says whether the work of every camera goes on; for a watchdog.
    pub fn pulse(&self) -> impl Fn() -> bool + Send + 'static {
        let boards: Vec<_> = self.cameras.iter().map(|camera| Arc::clone(&camera.board)).collect();
        move || boards.iter().all(|board| board.is_alive())
    }

    /// Where the node's own page listens, where it has one.
    pub fn local_address(&self) -> Option<std::net::SocketAddr> {
        self.local.as_ref().map(Local::address)
    }

    /// Says good-bye to the broker and ends. What is not confirmed stays on disk.
    pub async fn close(mut self) {
        if let Some(local) = self.local.take() {
            local.stop();
        }
        if let Some(policy) = self.policy.take() {
            policy.stop().await;
        }
        if let Some(orders) = self.orders.take() {
            orders.stop().await;
        }
        drop(self.views.take());
        if let Some(access) = self.access.take() {
            // It waits for the lanes, which go into their fail mode, and tells the last events.
            let _ = tokio::task::spawn_blocking(move || drop(access)).await;
        }
        if let Some(uploader) = self.uploader.take() {
            uploader.stop().await;
        }
        if let Some(publisher) = self.publisher.take() {
            publisher.stop().await;
        }
        self.outbox.close().await;
    }

    /// Frames, drops and time by stage of every camera, and what they ran on.
    pub fn summary(&self) -> serde_json::Value {
        let cameras: Vec<_> = self
            .stages()
            .map(|(id, stages)| {
                let spent: serde_json::Map<_, _> = Stage::ALL
                    .iter()
                    .map(|stage| (stage.as_str().to_owned(), stages.spent(*stage).as_secs_f64().into()))
                    .collect();
                serde_json::json!({
                    "camera": id, "frames": stages.frames(), "stages_s": spent,
                    "skipped": Skipped::ALL.map(|why| (why.as_str(), stages.skipped(why))).into_iter().collect::<BTreeMap<_, _>>(),
                    "wait_ms": quantiles(stages.waits()), "latency_ms": quantiles(stages.latencies()),
                })
            })
            .collect();
        serde_json::json!({
            "model": self.model.as_ref().map(|m| &m.id),
            "model_path": self.model.as_ref().map(|m| &m.path),
            "onnxruntime": self.model.as_ref().map(|m| &m.onnxruntime),
            "unconfirmed": self.outbox.backlog().rows, "cameras": cameras,
        })
    }
}

/// The middle and the tails of a histogram, in milliseconds.
pub(crate) fn quantiles(histogram: &Histogram) -> serde_json::Value {
    let of = |share: f64| histogram.quantile_ms(share).map(|ms| (ms * 10.0).round() / 10.0);
    serde_json::json!({ "p50": of(0.5), "p95": of(0.95), "p99": of(0.99) })
}

fn started(config: &NodeConfig, models: Vec<(String, String)>, clock: &NodeClock) -> Result<Event> {
    let at = clock.utc();
    let profiles: Vec<_> = config.gates.iter().map(|gate| gate.profile.name.en.as_str()).collect();
    let start = NodeStart {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        profile: profiles.join(", "),
        models: models.into_iter().collect(),
    };
    let id = EventId::derive(at, &draw_nonce()?, 0);
    Ok(Event { id, at, clock: clock.quality(), payload: Payload::NodeStarted(start) })
}

fn wall_clock(clock: Arc<NodeClock>) -> WallClock {
    Arc::new(move || ClockReading { at: clock.utc(), quality: clock.quality() })
}

/// By what an enrolled node knows broker and hub, and they know it; nothing where it was not enrolled.
pub(crate) fn node_tls(config: &NodeConfig) -> Result<Option<Tls>> {
    let files = config.enrolled.as_ref().map(|_| uplink::EnrolmentFiles::new(&config.data));
    Ok(files.map(|files| files.tls()).transpose()?)
}

/// What it takes to speak to the broker; reads the certificate and the password.
pub(crate) fn broker_config(broker: &BrokerAddress, enrolled: Option<&Tls>) -> Result<BrokerConfig> {
    let tls = match enrolled {
        Some(tls) => Some(tls.clone()),
        None => broker.ca_file.as_deref().map(|authority| Tls::read(authority, None)).transpose()?,
    };
    let credentials = match (&broker.username, &broker.password_file) {
        (Some(user), Some(file)) => {
            let password = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read the broker's password from \"{}\"", file.display()))?;
            Some(Credentials { user: user.clone(), password: Secret::new(password.trim_end_matches(['\r', '\n'])) })
        }
        (Some(_), None) | (None, _) => None,
    };
    Ok(BrokerConfig { host: broker.host.clone(), port: broker.port, tls, credentials })
}

/// Starts to decide at the node's lanes, where it has some.
fn decide(
    config: &NodeConfig,
    rules: &Rules,
    (outbox, spool): (&Outbox, &Spool),
    events: Option<EventsFile>,
    clock: &Arc<NodeClock>,
) -> Result<Option<AccessThread>> {
    let (Some(access), Some(policy)) = (&config.access, &rules.access) else { return Ok(None) };
    let (outbox, spool, runtime) = (outbox.clone(), spool.clone(), Handle::current());
    let keep = move |told: &[Event]| -> Result<(), SinkError> {
        let refused = |source: AppendError| SinkError { what: "the outbox refused them".into(), source: source.into() };
        match runtime.block_on(append_before_evidence(&outbox, &spool, told)) {
            Ok(_) => {}
            // One that fits no envelope must not hold up the others.
            Err(AppendError::Seal { .. }) => {
                for event in told {
                    match runtime.block_on(append_before_evidence(&outbox, &spool, std::slice::from_ref(event))) {
                        Ok(_) => {}
                        Err(error @ AppendError::Seal { .. }) => {
                            tracing::error!(kind = event.payload.kind(), error = one_line(&error), "an event is lost");
                        }
                        Err(error) => return Err(refused(error)),
                    }
                }
            }
            Err(error) => return Err(refused(error)),
        }
        events.as_ref().map_or(Ok(()), |file| file.write(told))
    };
    let parts = AccessParts {
        site: config.site.clone(),
        folder: &config.data.join("access"),
        policy: Arc::clone(policy),
        lanes: &config.lanes,
        pass_keys: access.pass_keys.clone(),
        citizen_salt: codes::salt_of(config)?,
        confusion: Arc::new(confusion()?),
        clock: Arc::clone(clock),
        nonce: draw_nonce()?,
        keep: Box::new(keep),
    };
    AccessThread::start(parts).map(Some)
}

fn publish(
    (broker, tls): (&BrokerAddress, Option<&Tls>),
    outbox: &Outbox,
    clock: Arc<NodeClock>,
    links: Links,
) -> Result<PublisherHandle> {
    let (outbox, broker, version) = (outbox.clone(), broker_config(broker, tls)?, env!("CARGO_PKG_VERSION"));
    let (limits, clock) = (Limits::default(), wall_clock(clock));
    Ok(Publisher::start_with(outbox, broker, limits, version, clock, links))
}
