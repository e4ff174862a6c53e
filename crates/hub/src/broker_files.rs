//! The configuration of a Mosquitto broker for nodes and hubs.
//!
//! Two listeners. Nodes come to the first with a certificate of the authority of nodes; the broker knows them by its
//! name and by no other, so that none can write under, listen to or take the place of another. Hubs come to the second
//! with a certificate of the authority of servers.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::authority::{AuthorityError, AuthorityFiles, HUB_USER, read_secret, replace};
use crate::broker::RECEIVE_MAX;

/// What is to be known of a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerPlan {
    /// Where the broker's files go; an absolute path, as the broker will see it.
    pub folder: PathBuf,
    /// Where the broker keeps sessions and retained messages.
    pub data: PathBuf,
    /// Port for nodes.
    pub node_port: u16,
    /// Port for hubs.
    pub hub_port: u16,
    /// Address that both listeners are bound to; all of the machine where nothing is given.
    pub bind: Option<std::net::IpAddr>,
}

/// The port for nodes where nothing else is said: the usual one of MQTT over TLS.
pub const NODE_PORT: u16 = 8883;

/// The port for hubs where nothing else is said.
pub const HUB_PORT: u16 = 8884;

/// Clients of one listener: a province has 1,000 gates.
const CONNECTIONS_MAX: u32 = 5_000;

/// Messages that wait for a hub that is away. At most a window of each node's events is unconfirmed at the broker, and
/// nodes keep all of them: what finds no room comes again.
const QUEUED_MESSAGES_MAX: u32 = 500_000;

/// The same in bytes: this bounds the broker's memory.
const QUEUED_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Longest packet in bytes: four times an envelope, so that one that is too long still arrives at the hub and is named.
const PACKET_BYTES_MAX: u32 = 256 * 1024;

/// The broker's configuration.
pub fn mosquitto(plan: &BrokerPlan) -> String {
    let BrokerPlan { folder, data, node_port, hub_port, bind } = plan;
    let folder = folder.display();
    let bind = bind.map_or_else(String::new, |address| format!(" {address}"));
    let mut text = String::new();
    let mut line = |text_: std::fmt::Arguments<'_>| {
        writeln!(text, "{text_}").expect("a string takes all text");
    };
    line(format_args!(
        "# Made by `gatehouse-hub broker-config` for Mosquitto 2.0.11 and later of 2.0; made anew it is replaced."
    ));
    line(format_args!("per_listener_settings false\nallow_anonymous false\nacl_file {folder}/gatehouse.acl\n"));
    line(format_args!(
        "# Sessions of hubs and what is retained outlive the broker. Events lost here between two saves come again:"
    ));
    line(format_args!("# only the hub's own receipt takes them off a node's disk."));
    line(format_args!("persistence true\npersistence_location {}/\nautosave_interval 60", data.display()));
    line(format_args!("persistent_client_expiration 14d\nretain_available true\n"));
    line(format_args!("# As many as the hub takes without acknowledging; the others wait here, up to these limits."));
    line(format_args!("max_inflight_messages {RECEIVE_MAX}\nmax_queued_messages {QUEUED_MESSAGES_MAX}"));
    line(format_args!("max_queued_bytes {QUEUED_BYTES_MAX}\nqueue_qos0_messages false"));
    line(format_args!("max_packet_size {PACKET_BYTES_MAX}\nmax_keepalive 120"));
    line(format_args!("set_tcp_nodelay true\n\nlog_dest syslog\nlog_type error\nlog_type warning\nlog_type notice"));
    line(format_args!("connection_messages true\n"));
    line(format_args!("# Nodes."));
    line(format_args!("listener {node_port}{bind}\ncafile {folder}/nodes.crt\ncrlfile {folder}/nodes.crl"));
    line(format_args!("certfile {folder}/broker.crt\nkeyfile {folder}/broker.key\ntls_version tlsv1.2"));
    line(format_args!("require_certificate true\nuse_identity_as_username true\nuse_username_as_clientid true"));
    line(format_args!("max_connections {CONNECTIONS_MAX}\n"));
    line(format_args!("# Hubs, each under a name of its own choice: `client_id` in its configuration."));
    line(format_args!("listener {hub_port}{bind}\ncafile {folder}/servers.crt"));
    line(format_args!("certfile {folder}/broker.crt\nkeyfile {folder}/broker.key\ntls_version tlsv1.2"));
    line(format_args!("require_certificate true\nuse_identity_as_username true\nmax_connections {CONNECTIONS_MAX}"));
    text
}

/// Who may read and write what.
pub fn acl() -> String {
    format!(
        "# Made by `gatehouse-hub broker-config`.\n\n# Hubs, by the name in their certificate.\nuser {HUB_USER}\n\
         topic read gatehouse/v1/+/+/event\ntopic read gatehouse/v1/+/+/status\ntopic read gatehouse/v1/+/+/answer\n\
         topic write gatehouse/v1/+/+/ack\ntopic write gatehouse/v1/+/+/policy\ntopic write gatehouse/v1/+/+/order\n\
         topic write gatehouse/v1/+/+/view\ntopic write gatehouse/feed/#\n\n\
         # Each node, by the name in its certificate: its own topics and nobody else's.\n\
         pattern write gatehouse/v1/+/%u/event\npattern write gatehouse/v1/+/%u/status\n\
         pattern write gatehouse/v1/+/%u/answer\npattern read gatehouse/v1/+/%u/ack\n\
         pattern read gatehouse/v1/+/%u/policy\npattern read gatehouse/v1/+/%u/order\n\
         pattern read gatehouse/v1/+/%u/view\n"
    )
}

/// The unit that notices a new list of revoked certificates.
fn reload_path(authority: &AuthorityFiles) -> String {
    format!(
        "# Notices when a node was revoked.\n[Unit]\nDescription=Gatehouse: revoked nodes\n\n[Path]\nPathChanged={}\n\n\
         [Install]\nWantedBy=multi-user.target\n",
        authority.revoked().display()
    )
}

/// The unit that has the broker read it.
fn reload_service(authority: &AuthorityFiles, plan: &BrokerPlan) -> String {
    format!(
        "# Has the broker refuse nodes that were revoked.\n[Unit]\nDescription=Gatehouse: tell the broker of revoked nodes\n\n\
         [Service]\nType=oneshot\nExecStart=/usr/bin/install -m 0644 {} {}/nodes.crl\n\
         ExecStart=/usr/bin/systemctl reload mosquitto.service\n",
        authority.revoked().display(),
        plan.folder.display()
    )
}

/// Writes everything that the broker needs into `out`, which is `plan.folder` or becomes it.
pub fn write(out: &Path, plan: &BrokerPlan, authority: &AuthorityFiles) -> Result<Vec<PathBuf>, AuthorityError> {
    let failed = |source| AuthorityError::Write { path: out.to_owned(), source };
    std::fs::create_dir_all(out).map_err(failed)?;
    let read = |path: PathBuf| {
        std::fs::read_to_string(&path).map_err(|source| AuthorityError::Read { path: path.clone(), source })
    };
    let files = [
        ("mosquitto.conf", mosquitto(plan), 0o644),
        ("gatehouse.acl", acl(), 0o600),
        ("nodes.crt", read(authority.nodes())?, 0o644),
        ("nodes.crl", read(authority.revoked())?, 0o644),
        ("servers.crt", read(authority.servers())?, 0o644),
        ("broker.crt", read(authority.broker())?, 0o644),
        ("broker.key", read_secret(&authority.broker_key())?, 0o600),
        ("gatehouse-broker-reload.path", reload_path(authority), 0o644),
        ("gatehouse-broker-reload.service", reload_service(authority, plan), 0o644),
    ];
    let mut written = Vec::new();
    for (name, text, mode) in files {
        let path = out.join(name);
        replace(&path, text.as_bytes(), mode)?;
        written.push(path);
    }
    Ok(written)
}
