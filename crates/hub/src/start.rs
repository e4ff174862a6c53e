//! Starting and stopping a hub.

use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use store::{OpenError, Store, StoreError};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;
use tracing::{info, warn};
use wire::ViewKey;
use wire::view::AskerId;

use crate::accounts::audit::AuditWriter;
use crate::accounts::oidc::Provider;
use crate::accounts::rate::RateLimiter;
use crate::accounts::reception::Reception;
use crate::accounts::setup::{SetupCode, SetupCodeError};
use crate::api::{self, App, POLICY_READS_MAX, REPORTS_MAX, STREAMS_MAX, UPLOADS_MAX, UnguardedRoutes};
use crate::authority::AuthorityError;
use crate::config::{HubConfig, Listening, check_listening};
use crate::enrolment::Enrolment;
use crate::enrolment::bouncer::{Bouncer, HEARD_MAX};
use crate::feeds::{self, Feeds};
use crate::follow::Follow;
use crate::health::{Health, HealthBoard};
use crate::https::{HttpsConfig, HttpsError, Peer, TlsListener};
use crate::ingest::Ingest;
use crate::link;
use crate::live::Live;
use crate::metrics::Metrics;
use crate::orders::post::GuardPost;
use crate::policy::herald::Herald;
use crate::policy::{KeyFileError, OrderKeyFile, PassKeyFile, PolicyKeyFile, ViewKeyFile};
use crate::retention;
use crate::setup::{Installer, SetupDesk};
use crate::views::Views;

/// How long open requests may take to end when the hub stops; then they are cut off.
const REQUESTS_END_MAX: Duration = Duration::from_secs(5);

/// Why a hub does not start. A broker that is away is no reason: the hub waits for it.
#[derive(Debug, Error)]
pub enum StartError {
    /// The address needs an explicit word.
    #[error("refusing to listen: {0}")]
    NotAllowed(String),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The code of the first start cannot be kept.
    #[error(transparent)]
    Setup(#[from] SetupCodeError),
    /// The accounts cannot be read.
    #[error("cannot look at the accounts")]
    Accounts(#[from] StoreError),
    /// Nobody said who may use a route.
    #[error(transparent)]
    Unguarded(#[from] UnguardedRoutes),
    /// The authority of nodes cannot be used.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// A key that the configuration names cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// HTTPS cannot be served.
    #[error(transparent)]
    Https(#[from] HttpsError),
    /// The address cannot be listened on.
    #[error("cannot listen on {listen}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// A running hub. Dropped, it stops as a power cut would stop it; nothing is lost.
#[derive(Debug)]
pub struct HubHandle {
    /// Where HTTP or HTTPS is served.
    pub addr: SocketAddr,
    /// Its store.
    pub store: Store,
    health: HealthBoard,
    stop: watch::Sender<bool>,
    tasks: Tasks,
    setup: Option<Arc<SetupCode>>,
}

#[derive(Debug)]
struct Tasks {
    ingest: JoinHandle<()>,
    connection: JoinHandle<()>,
    herald: JoinHandle<()>,
    bouncer: JoinHandle<()>,
    live: JoinHandle<()>,
    follow: JoinHandle<()>,
    retention: JoinHandle<()>,
    audit: JoinHandle<()>,
    feeding: JoinSet<()>,
    http: JoinHandle<()>,
}

impl Drop for Tasks {
    fn drop(&mut self) {
        let Self { ingest, connection, herald, bouncer, live, follow, retention, audit, feeding, http } = self;
        feeding.abort_all();
        for task in [ingest, connection, herald, bouncer, live, follow, retention, audit, http] {
            task.abort();
        }
    }
}

impl HubHandle {
    /// Follows what works.
    pub fn health(&self) -> watch::Receiver<Health> {
        self.health.watch()
    }

    /// Waits until events are taken in.
    pub async fn ready(&self) {
        // Cannot fail: the board lives as long as this handle.
        let _ = self.health.watch().wait_for(|health| health.is_ready()).await;
    }

    /// The code with which the first account is made, and its file; nothing where there are accounts.
    pub fn setup(&self) -> Option<&SetupCode> {
        self.setup.as_deref()
    }

    /// Finishes the batch that is being written, confirms it to the nodes, says good-bye to the broker, which keeps the
    /// session, ends the open requests and closes the database.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let tasks = [
            ("ingest", &mut self.tasks.ingest),
            ("connection", &mut self.tasks.connection),
            ("wanted policies", &mut self.tasks.herald),
            ("revoked nodes", &mut self.tasks.bouncer),
            ("live updates", &mut self.tasks.live),
            ("other hubs' events", &mut self.tasks.follow),
            ("what is too old", &mut self.tasks.retention),
        ];
        for (name, task) in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "the task \"{name}\" did not end well");
            }
        }
        while let Some(ended) = self.tasks.feeding.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a feed did not end well");
            }
        }
        if timeout(REQUESTS_END_MAX, &mut self.tasks.http).await.is_err() {
            warn!("open requests did not end in time and are cut off");
            self.tasks.http.abort();
        }
        // It ends with the last request that could write to it.
        if timeout(REQUESTS_END_MAX, &mut self.tasks.audit).await.is_err() {
            warn!("the audit log was not written to its end in time");
        }
        match self.store.audit_log_head().await {
            Ok(head) => info!(%head, "the audit log ends here"),
            Err(error) => warn!(error = &error as &dyn std::error::Error, "the end of the audit log cannot be read"),
        }
        self.store.close().await;
        info!("the hub stopped");
    }
}

/// Starts a hub: opens the database, serves HTTP and keeps trying to reach the broker.
pub async fn start(config: HubConfig) -> Result<HubHandle, StartError> {
    start_with(config, None).await
}

/// The same in a program that watches cameras itself: they are set up by `installer` from the page.
pub async fn start_with(config: HubConfig, installer: Option<Arc<dyn Installer>>) -> Result<HubHandle, StartError> {
    if config.https.is_none() {
        check_listening(config.listen, config.listening).map_err(StartError::NotAllowed)?;
    }
    // Before anything is opened: mistakes in files are told at once.
    let enrolment = config.authority.clone().map(Enrolment::open).transpose()?.map(Arc::new);
    let policy_key = config.signing.policy_key.as_deref().map(PolicyKeyFile::read).transpose()?.map(Arc::new);
    let order_key = config.signing.order_key.as_deref().map(OrderKeyFile::read).transpose()?;
    let pass_key = config.signing.pass_key.as_deref().map(PassKeyFile::read).transpose()?.map(Arc::new);
    let view_key = config.signing.view_key.as_deref().map(ViewKeyFile::read).transpose()?;
    // Whoever may open a barrier may see who stands there.
    let view_key = view_key.or_else(|| order_key.clone().map(ViewKey::from));
    let mut asker = [0; 16];
    getrandom::fill(&mut asker).map_err(KeyFileError::NoRandomness)?;
    let acceptor = config.https.as_ref().map(HttpsConfig::acceptor).transpose()?;
    let store = Store::open(&config.db, &config.blobs).await?;
    let failed = |source| StartError::Listen { listen: config.listen, source };
    let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
    let addr = listener.local_addr().map_err(failed)?;
    if config.listening == Listening::PlainHttp && !addr.ip().is_loopback() {
        warn!(%addr, "passwords and cookies travel readable for all: put a proxy that speaks TLS in front");
    }
    let setup = setup_code(&store, &config).await?;
    let head = store.audit_log_head().await?;
    info!(%head, "the audit log ends here");
    let (audit, audit_task) = AuditWriter::start(store.clone());
    let reception = Reception {
        store: store.clone(),
        limiter: Arc::new(RateLimiter::new(config.login.rates)),
        config: Arc::new(config.login.clone()),
        audit,
        setup: setup.clone(),
    };

    let (stop, stopping) = watch::channel(false);
    let health = HealthBoard::new(Health { database: true, ..Health::default() });
    let live = Live::new();
    let (connection, link, inbox) = link::connection(&config.broker, health.clone());
    let herald = Herald { store: store.clone(), link: link.clone() };
    let (revoked, heard) = mpsc::channel(HEARD_MAX);
    let views = Views::new(view_key, config.view_url, AskerId::from_random(asker), link.clone(), health.clone());
    let bouncer = Bouncer { store: store.clone(), broker: config.broker.clone(), enrolment: enrolment.clone(), heard };
    let (metrics, feeds) = (Metrics::default(), Feeds::default());
    let hub = feeds::Hub { store: &store, link: &link, live: &live, metrics: &metrics, stopping: &stopping };
    let feeding = feeds.start(&config.feeds, &hub);
    let ingest = Ingest {
        store: store.clone(),
        link,
        live: live.clone(),
        health: health.clone(),
        feeds: feeds.clone(),
        metrics: metrics.clone(),
        revoked,
    };
    let follow = Follow { store: store.clone(), live: live.clone() };
    let guard_post = order_key.map(|key| GuardPost::new(key, config.broker.clone(), store.clone())).map(Arc::new);
    let app = App {
        store: store.clone(),
        live: live.clone(),
        health: health.clone(),
        stopping: stopping.clone(),
        streams: Arc::new(Semaphore::new(STREAMS_MAX)),
        uploads: Arc::new(Semaphore::new(UPLOADS_MAX)),
        policy_reads: Arc::new(Semaphore::new(POLICY_READS_MAX)),
        enrolment,
        policy_key,
        guard_post,
        views,
        pass_key,
        hosts: api::hosts(addr, &config.hosts),
        oidc: config.login.oidc.clone().map(Provider::new).map(Arc::new),
        reception,
        is_behind_tls: config.listening == Listening::BehindTls || config.https.is_some(),
        feeds,
        metrics,
        config: Arc::new(config.feeds),
        reports: Arc::new(Semaphore::new(REPORTS_MAX)),
        setup: installer.map(SetupDesk::new).map(Arc::new),
        retention: config.retention.clone().map(Arc::from),
    };
    let mut http_stopping = stopping.clone();
    let stopped = async move {
        // Fails when the handle is gone: then the task is ended anyway.
        let _ = http_stopping.wait_for(|stop| *stop).await;
    };
    let service = api::router(app)?.into_make_service_with_connect_info::<Peer>();
    let http: Pin<Box<dyn Future<Output = std::io::Result<()>> + Send>> = match acceptor {
        Some(acceptor) => {
            let listener = TlsListener::start(listener, acceptor).map_err(failed)?;
            Box::pin(axum::serve(listener, service).with_graceful_shutdown(stopped).into_future())
        }
        None => Box::pin(axum::serve(listener, service).with_graceful_shutdown(stopped).into_future()),
    };
    let tasks = Tasks {
        ingest: tokio::spawn(ingest.run(inbox, stopping.clone())),
        connection: tokio::spawn(connection.run(stopping.clone())),
        herald: tokio::spawn(herald.run(stopping.clone())),
        bouncer: tokio::spawn(bouncer.run(stopping.clone())),
        live: tokio::spawn(live.run(store.clone(), stopping.clone())),
        follow: tokio::spawn(follow.run(stopping.clone())),
        retention: tokio::spawn(retention::run(store.clone(), config.log_keep_months, config.retention, stopping)),
        audit: audit_task,
        feeding,
        http: tokio::spawn(async move {
            if let Err(error) = http.await {
                tracing::error!(%error, "the HTTP server ended");
            }
        }),
    };
    info!(%addr, db = %config.db, "the hub serves");
    Ok(HubHandle { addr, store, health, stop, tasks, setup })
}

/// The code of the first start, where there is no account yet.
async fn setup_code(store: &Store, config: &HubConfig) -> Result<Option<Arc<SetupCode>>, StartError> {
    if store.account_count().await? > 0 {
        return Ok(None);
    }
    let folder = config.blobs.folder.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(Some(Arc::new(SetupCode::in_folder(folder)?)))
}
