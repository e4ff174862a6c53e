//! A hub that serves HTTPS and a broker as `broker-config` sets it up, with machines that want to become nodes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::{NodeId, SiteId, UtcTime};
use hub::accounts::Role;
use hub::authority::{AuthorityFiles, ServerNames, init};
use hub::broker_files::{self, BrokerPlan};
use hub::{HubConfig, HubHandle, clock};
use rcgen::KeyPair;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Packet, PubAckReason, SubscribeReasonCode};
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use rumqttc::{TlsConfiguration, Transport};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use wire::NodeKey;
use wire::enrolment::{EnrolmentCode, EnrolmentRequest};

use super::http::Answer;
use super::key;
use super::mosquitto::Mosquitto;
use super::{PATIENCE, free_port};

pub struct Secured {
    pub folder: TempDir,
    pub broker: Mosquitto,
    pub hub: Option<HubHandle>,
    pub runtime: Runtime,
    pub node_port: u16,
    pub https_port: u16,
    hub_port: u16,
    /// The key of whoever looks after nodes.
    api_key: &'static str,
}

/// A machine with keys of its own.
pub struct Machine {
    pub key: NodeKey,
    pub secret: KeyPair,
}

/// A certificate and its key, as PEM.
#[derive(Clone)]
pub struct Shown {
    pub certificate: String,
    pub key: String,
}

pub fn names() -> ServerNames {
    ServerNames { hub: vec!["127.0.0.1".to_owned()], broker: vec!["127.0.0.1".to_owned()] }
}

impl Secured {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = init(&folder.path().join("authority"), &names(), clock::now()).unwrap();
        let broker_folder = tempfile::tempdir().unwrap();
        let (node_port, hub_port, https_port) = (free_port(), free_port(), free_port());
        let plan = BrokerPlan {
            folder: broker_folder.path().to_owned(),
            data: broker_folder.path().to_owned(),
            node_port,
            hub_port,
            bind: Some([127, 0, 0, 1].into()),
        };
        broker_files::write(broker_folder.path(), &plan, &authority).unwrap();
        let broker = Mosquitto::of_files(broker_folder, node_port);
        let text = format!(
            "db = \"hub.db\"\nblobs = \"blobs\"\nlisten = \"127.0.0.1:{https_port}\"\n\
             [authority]\nfolder = \"authority\"\nhub_url = \"https://127.0.0.1:{https_port}\"\n\
             broker = \"127.0.0.1:{node_port}\"\n[https]\n\
             [broker]\naddress = \"127.0.0.1:{hub_port}\"\nca_file = \"authority/servers.crt\"\n\
             certificate_file = \"authority/hub-client.crt\"\nkey_file = \"authority/hub-client.key\"\n"
        );
        std::fs::write(folder.path().join("hub.toml"), &text).unwrap();
        let config = HubConfig::parse(&text, folder.path()).unwrap();
        let runtime = Runtime::new().unwrap();
        let hub = runtime.block_on(hub::start(config)).unwrap();
        runtime.block_on(async { tokio::time::timeout(PATIENCE, hub.ready()).await }).expect("the hub gets ready");
        let api_key = runtime.block_on(key(&hub.store, [Role::GateOperator, Role::SystemAdmin]));
        Self { folder, broker, hub: Some(hub), runtime, node_port, https_port, hub_port, api_key }
    }

    pub fn hub_port(&self) -> u16 {
        self.hub_port
    }

    pub fn hub(&self) -> &HubHandle {
        self.hub.as_ref().unwrap()
    }

    pub fn authority(&self) -> AuthorityFiles {
        AuthorityFiles::new(&self.folder.path().join("authority"))
    }

    fn agent(&self, shown: Option<&Shown>) -> ureq::Agent {
        let authority = std::fs::read(self.authority().servers()).unwrap();
        let roots = ureq::tls::RootCerts::new_with_certs(&[ureq::tls::Certificate::from_pem(&authority).unwrap()]);
        let client = shown.map(|shown| {
            let certificate = ureq::tls::Certificate::from_pem(shown.certificate.as_bytes()).unwrap();
            let key = ureq::tls::PrivateKey::from_pem(shown.key.as_bytes()).unwrap();
            ureq::tls::ClientCert::new_with_certs(&[certificate], key)
        });
        let tls = ureq::tls::TlsConfig::builder().root_certs(roots).client_cert(client).build();
        ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .tls_config(tls)
            .build()
            .into()
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.api_key)
    }

    fn url(&self, path: &str) -> String {
        format!("https://127.0.0.1:{}{path}", self.https_port)
    }

    pub fn get(&self, path: &str) -> Value {
        let request = self.agent(None).get(self.url(path)).header("authorization", self.bearer());
        let answer: Answer = request.call().unwrap().into();
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
        answer.json()
    }

    pub fn post(&self, path: &str, shown: Option<&Shown>, body: &Value) -> Answer {
        let request = self.agent(shown).post(self.url(path)).content_type("application/json");
        // A machine has its own proof, and no key.
        let request = if shown.is_none() { request.header("authorization", self.bearer()) } else { request };
        request.send(&serde_json::to_vec(body).unwrap()).unwrap().into()
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.agent(None).delete(self.url(path)).header("authorization", self.bearer()).call().unwrap().into()
    }

    pub fn put(&self, path: &str, shown: Option<&Shown>, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = self.agent(shown).put(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send(body).unwrap().into()
    }

    /// A code for the node of that name.
    pub fn invite(&self, site: &str, node: &str) -> EnrolmentCode {
        let answer = self.post(&format!("/api/v1/sites/{site}/enrolments"), None, &json!({"node": node}));
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
        assert!(answer.json()["hub"].as_str().unwrap().starts_with("https://127.0.0.1:"));
        answer.json()["code"].as_str().unwrap().parse().unwrap()
    }

    /// A machine that has become the node of that name, and what it shows from now on.
    pub fn enrolled(&self, site: &str, node: &str, seed: u8) -> (Machine, Shown) {
        let machine = Machine::new(seed);
        let code = self.invite(site, node);
        let answer = self.post("/api/v1/enrolment", None, &machine.request(&code, clock::now()));
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let answer = answer.json();
        assert_eq!((&answer["site"], &answer["node"]), (&json!(site), &json!(node)));
        let shown = machine.shown(answer["certificate"].as_str().unwrap());
        (machine, shown)
    }

    pub fn connect(&self, port: u16, shown: Option<&Shown>, client_id: &str) -> Result<Client, String> {
        Client::connect(port, &self.authority().servers(), shown, client_id)
    }
}

impl Drop for Secured {
    fn drop(&mut self) {
        if let Some(hub) = self.hub.take() {
            self.runtime.block_on(hub.stop());
        }
    }
}

impl Machine {
    pub fn new(seed: u8) -> Self {
        Self { key: NodeKey::from_seed([seed; 32]), secret: KeyPair::generate().unwrap() }
    }

    pub fn csr(&self) -> String {
        let params = rcgen::CertificateParams::new(vec!["whatever".to_owned()]).unwrap();
        params.serialize_request(&self.secret).unwrap().pem().unwrap()
    }

    pub fn signed(&self, code: &EnrolmentCode, at: UtcTime) -> EnrolmentRequest {
        EnrolmentRequest::sign(code, &self.key, self.csr(), at)
    }

    pub fn request(&self, code: &EnrolmentCode, at: UtcTime) -> Value {
        serde_json::to_value(self.signed(code, at)).unwrap()
    }

    pub fn shown(&self, certificate: &str) -> Shown {
        Shown { certificate: certificate.to_owned(), key: self.secret.serialize_pem() }
    }

    pub fn node(&self, site: &str, node: &str) -> super::node::Node {
        super::node::Node {
            site: SiteId::new(site).unwrap(),
            node: NodeId::new(node).unwrap(),
            key: self.key.clone(),
            seq: 0,
            prev: wire::EventHash::GENESIS,
        }
    }
}

/// A client of the broker.
pub struct Client {
    client: AsyncClient,
    events: EventLoop,
    runtime: Runtime,
}

fn rustls_config(authority: &Path, shown: Option<&Shown>) -> rustls::ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(PathBuf::from(authority)).unwrap()).unwrap();
    let builder = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    match shown {
        None => builder.with_no_client_auth(),
        Some(shown) => {
            let chain = CertificateDer::pem_slice_iter(shown.certificate.as_bytes()).map(Result::unwrap).collect();
            let key = PrivateKeyDer::from_pem_slice(shown.key.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    }
}

impl Client {
    fn connect(port: u16, authority: &Path, shown: Option<&Shown>, client_id: &str) -> Result<Self, String> {
        let mut options = MqttOptions::new(client_id, "127.0.0.1", port);
        let tls = TlsConfiguration::Rustls(Arc::new(rustls_config(authority, shown)));
        options.set_transport(Transport::tls_with_config(tls)).set_keep_alive(Duration::from_secs(5));
        let (client, events) = AsyncClient::new(options, 100);
        let mut own = Self { client, events, runtime: Runtime::new().unwrap() };
        own.until(|packet| matches!(packet, Packet::ConnAck(_)).then_some(()))?;
        Ok(own)
    }

    /// Polls until a packet gives what is wanted; an error when the connection ends.
    pub fn until<T>(&mut self, mut wanted: impl FnMut(&Packet) -> Option<T>) -> Result<T, String> {
        let events = &mut self.events;
        let polled = async {
            loop {
                match events.poll().await {
                    Ok(Event::Incoming(Packet::Disconnect(disconnect))) => {
                        return Err(format!("{:?}", disconnect.reason_code));
                    }
                    Ok(Event::Incoming(packet)) => {
                        if let Some(found) = wanted(&packet) {
                            return Ok(found);
                        }
                    }
                    Ok(Event::Outgoing(_)) => {}
                    Err(error) => return Err(error.to_string()),
                }
            }
        };
        self.runtime.block_on(async { tokio::time::timeout(PATIENCE, polled).await }).expect("an answer in time")
    }

    /// Waits until the broker ends the connection, and says how.
    pub fn ended(&mut self) -> String {
        self.until(|_| None::<()>).unwrap_err()
    }

    pub fn publish(&mut self, topic: &str, payload: Vec<u8>) -> Result<PubAckReason, String> {
        self.client.try_publish(topic, QoS::AtLeastOnce, false, payload).unwrap();
        self.until(|packet| if let Packet::PubAck(ack) = packet { Some(ack.reason) } else { None })
    }

    pub fn subscribe(&mut self, filter: &str) -> Result<bool, String> {
        self.client.try_subscribe(filter, QoS::AtLeastOnce).unwrap();
        let is_granted = |code: &SubscribeReasonCode| matches!(code, SubscribeReasonCode::Success(_));
        self.until(
            |packet| {
                if let Packet::SubAck(ack) = packet { Some(ack.return_codes.iter().all(is_granted)) } else { None }
            },
        )
    }

    /// The next message on a topic that ends with `end`.
    pub fn message(&mut self, end: &str) -> Vec<u8> {
        let found = self.until(|packet| {
            if let Packet::Publish(publish) = packet {
                publish.topic.ends_with(end.as_bytes()).then(|| publish.payload.to_vec())
            } else {
                None
            }
        });
        found.unwrap()
    }
}
