//! The hub's configuration: a TOML document read so that all its mistakes are named at once.

mod login;
mod media;
mod oidc;
mod security;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use domain::Problems;
use domain::table::TableReader;
use store::{BlobsAt, Location};
use thiserror::Error;

use crate::accounts::LoginConfig;
use crate::broker::{BrokerConfig, Credentials, Secret, Subscription, Tls};
use crate::enrolment::AuthorityConfig;
use crate::feeds::config::FeedsConfig;
use crate::https::HttpsConfig;
use crate::retention::RetentionRule;

/// Where a hub listens when nothing else is said.
pub const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// How what is sent to the HTTP API is kept from others on the way: passwords and cookies are among it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Listening {
    /// Only programs of this machine reach it, such as a proxy that speaks TLS; another address is refused.
    #[default]
    LoopbackOnly,
    /// A proxy on another machine speaks TLS to the world. Browsers send the cookie over TLS only.
    BehindTls,
    /// Nothing: passwords and cookies are readable on the network. For a closed network, by an explicit word.
    PlainHttp,
}

/// Where the keys are with which the hub signs what nodes believe. Without them it only passes on what was signed elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SigningConfig {
    /// The policy key: whoever may publish then does so by the API.
    pub policy_key: Option<PathBuf>,
    /// The order key: whoever may give orders then does so by the API.
    pub order_key: Option<PathBuf>,
    /// The pass key: whoever may issue passes then does so by the API.
    pub pass_key: Option<PathBuf>,
    /// The view key: whoever may look through cameras then does so. The order key serves where it is not given.
    pub view_key: Option<PathBuf>,
}

/// What a hub needs to know.
#[derive(Debug, Clone)]
pub struct HubConfig {
    /// The database: a file, or a PostgreSQL server that other hubs may use as well.
    pub db: Location,
    /// Where media are kept.
    pub blobs: BlobsAt,
    /// How long what is kept; nothing where nothing is ever deleted.
    pub retention: Option<Vec<RetentionRule>>,
    /// Where HTTP is served; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What keeps it from others on the way.
    pub listening: Listening,
    /// How people and programs get in.
    pub login: LoginConfig,
    /// Names under which the page may be opened besides those of this machine, without port, such as
    /// `ioc.example.vn` behind a proxy.
    pub hosts: Vec<String>,
    /// How many months the log is kept, the running one among them; nothing where it is kept for good.
    pub log_keep_months: Option<u32>,
    /// The broker.
    pub broker: BrokerConfig,
    /// Webhooks, alerts, reports and other feeds.
    pub feeds: FeedsConfig,
    /// What nodes are enrolled with; nothing where there is no `[authority]`.
    pub authority: Option<AuthorityConfig>,
    /// What the hub signs with.
    pub signing: SigningConfig,
    /// This very hub's address for nodes, where several share one: pictures that are looked at here come to it.
    pub view_url: Option<String>,
    /// What HTTPS is served with; plain HTTP where there is no `[https]`.
    pub https: Option<HttpsConfig>,
}

/// Why a configuration file is not taken.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read the configuration \"{}\"", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It has mistakes.
    #[error("the configuration \"{}\" has {problems}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// All of them.
        problems: Problems,
    },
}

impl HubConfig {
    /// A hub on this machine with its files in `folder`.
    pub fn new(folder: &Path, broker: BrokerConfig) -> Self {
        Self {
            db: folder.join("hub.db").into(),
            blobs: BlobsAt { folder: folder.join("blobs"), bucket: None },
            retention: None,
            listen: LISTEN,
            listening: Listening::default(),
            login: LoginConfig::default(),
            hosts: Vec::new(),
            log_keep_months: None,
            broker,
            feeds: FeedsConfig::default(),
            authority: None,
            signing: SigningConfig::default(),
            view_url: None,
            https: None,
        }
    }

    /// Reads a configuration file; its paths are relative to its folder.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, folder).map_err(|problems| ConfigError::Invalid { path: path.to_owned(), problems })
    }

    /// Reads a configuration document; its paths are relative to `folder`.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let config = TableReader::parse(text, &mut problems).and_then(|mut table| {
            let db = database(&mut table, folder);
            let blobs = media::blobs(&mut table, folder);
            let retention = table.has("retention").then(|| table.nested("retention", media::retention)).flatten();
            let listen = table.optional::<SocketAddr>("listen").unwrap_or(LISTEN);
            let listening = match table.optional::<String>("transport").as_deref() {
                None | Some("loopback") => Listening::LoopbackOnly,
                Some("behind_tls") => Listening::BehindTls,
                Some("plain_http") => Listening::PlainHttp,
                Some(other) => {
                    table.note(
                        "transport",
                        format!("\"{other}\" is not known: loopback, behind_tls or plain_http is accepted"),
                    );
                    Listening::LoopbackOnly
                }
            };
            if table.has("listen_without_login") {
                let _: Option<bool> = table.optional("listen_without_login");
                table.note(
                    "listen_without_login",
                    "this is gone: the hub always asks for a login; remove the line, and see transport",
                );
            }
            if let Err(error) = check_listening(listen, listening) {
                table.note("listen", error);
            }
            let hosts = table.optional::<Vec<String>>("hosts").unwrap_or_default();
            let log_keep_months = keep_months(&mut table, db.as_ref());
            let login = table.nested("login", |table| login::login(table, folder)).unwrap_or_default();
            if !table.has("broker") {
                table.note("broker", "missing: give the table [broker] with address = \"HOST:PORT\"");
            }
            let broker = table.nested("broker", |table| broker(table, folder));
            let feeds = FeedsConfig::read(&mut table, folder);
            let has_authority = table.has("authority");
            let authority = table.nested("authority", |table| security::authority(table, folder)).flatten();
            let https = table.nested("https", |table| security::https(table, folder, authority.as_ref())).flatten();
            let signing = table.nested("signing", |table| security::signing(table, folder)).unwrap_or_default();
            let view_url = table.nested("view", security::view_url).flatten();
            table.finish();
            if has_authority && authority.is_none() {
                return None;
            }
            Some(Self {
                db: db?,
                log_keep_months,
                blobs: blobs?,
                retention,
                listen,
                listening,
                login,
                hosts,
                broker: broker??,
                feeds,
                authority,
                signing,
                view_url,
                https,
            })
        });
        problems.into_result(config)
    }
}

/// A path, or `postgres://USER@HOST/NAME` with its password in a file of its own.
fn database(table: &mut TableReader<'_>, folder: &Path) -> Option<Location> {
    let text = table.required::<String>("db", "the path of the database file, or postgres://USER@HOST/NAME");
    let password = table.optional::<PathBuf>("db_password_file").map(|file| folder.join(file));
    let place = match Location::parse(&text?, folder) {
        Ok(place) => place,
        Err(error) => {
            table.note("db", error);
            return None;
        }
    };
    let Some(file) = password else { return Some(place) };
    if place.file().is_some() {
        table.note("db_password_file", "a database file has no password: leave it out");
    }
    match std::fs::read_to_string(&file) {
        Ok(text) => Some(place.with_password(text.trim_end_matches(['\n', '\r']))),
        Err(error) => {
            table.note("db_password_file", format!("cannot read \"{}\": {error}", file.display()));
            None
        }
    }
}

fn keep_months(table: &mut TableReader<'_>, db: Option<&Location>) -> Option<u32> {
    let months = table.optional::<u32>("log_keep_months")?;
    if !(store::log::MONTHS_KEPT_MIN..=LOG_KEEP_MONTHS_MAX).contains(&i64::from(months)) {
        let (least, most) = (store::log::MONTHS_KEPT_MIN, LOG_KEEP_MONTHS_MAX);
        table.note("log_keep_months", format!("{months} is out of range: {least} to {most} is accepted"));
    }
    if db.is_some_and(|db| db.file().is_some()) {
        table.note("log_keep_months", "a database file keeps its log for good: only a PostgreSQL server drops months");
    }
    Some(months)
}

/// A hundred years.
const LOG_KEEP_MONTHS_MAX: i64 = 1_200;

/// A non-loopback address needs a word about how passwords and cookies travel to it.
pub(crate) fn check_listening(listen: SocketAddr, listening: Listening) -> Result<(), String> {
    match listening {
        Listening::LoopbackOnly if !listen.ip().is_loopback() => Err(format!(
            "{listen} can be reached from other machines, and passwords and cookies would travel readable for all: give \
             a loopback address such as 127.0.0.1:{} with a proxy beside it that speaks TLS, say transport = \
             \"behind_tls\" where that proxy is on another machine, or transport = \"plain_http\" (--plain-http) on a \
             closed network",
            listen.port()
        )),
        Listening::LoopbackOnly | Listening::BehindTls | Listening::PlainHttp => Ok(()),
    }
}

/// Host and port of `HOST:PORT`.
pub fn parse_address(text: &str) -> Result<(String, u16), String> {
    let refuse = || format!("\"{text}\" is not HOST:PORT, such as mqtt.example.vn:1883");
    let (host, port) = text.rsplit_once(':').ok_or_else(refuse)?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port: u16 = port.parse().map_err(|_| refuse())?;
    if host.is_empty() || port == 0 || host.contains(char::is_whitespace) {
        return Err(refuse());
    }
    Ok((host.to_owned(), port))
}

fn broker(table: &mut TableReader<'_>, folder: &Path) -> Option<BrokerConfig> {
    let address = table.required::<String>("address", "HOST:PORT").and_then(|text| match parse_address(&text) {
        Ok(address) => Some(address),
        Err(error) => {
            table.note("address", error);
            None
        }
    });
    let client_id = table.optional::<String>("client_id").unwrap_or_else(|| BrokerConfig::CLIENT_ID.to_owned());
    if client_id.is_empty() || client_id.len() > CLIENT_ID_BYTES_MAX {
        table.note("client_id", format!("give 1 to {CLIENT_ID_BYTES_MAX} bytes"));
    }
    let subscription = match table.optional::<String>("subscription").as_deref() {
        None | Some("shared") => Subscription::Shared,
        Some("plain") => Subscription::Plain,
        Some(other) => {
            table.note("subscription", format!("\"{other}\" is not known: shared or plain is accepted"));
            Subscription::Shared
        }
    };
    let credentials = credentials(table, folder);
    let tls = tls(table, folder);
    let (host, port) = address?;
    Some(BrokerConfig { host, port, client_id, subscription, tls, credentials })
}

/// MQTT lets a broker refuse longer ones (MQTT 5, 3.1.3.1); ours are readable names.
const CLIENT_ID_BYTES_MAX: usize = 100;

fn credentials(table: &mut TableReader<'_>, folder: &Path) -> Option<Credentials> {
    let user = table.optional::<String>("user");
    let file = table.optional::<PathBuf>("password_file").map(|file| folder.join(file));
    match (user, file) {
        (None, None) => None,
        (Some(user), Some(file)) => match std::fs::read_to_string(&file) {
            Ok(text) => Some(Credentials { user, password: Secret::new(text.trim_end_matches(['\n', '\r'])) }),
            Err(error) => {
                table.note("password_file", format!("cannot read \"{}\": {error}", file.display()));
                None
            }
        },
        (Some(_), None) | (None, Some(_)) => {
            table.note("user", "give user and password_file together");
            None
        }
    }
}

fn tls(table: &mut TableReader<'_>, folder: &Path) -> Option<Tls> {
    let mut file = |key| table.optional::<PathBuf>(key).map(|file| folder.join(file));
    let (authority, certificate, key) = (file("ca_file"), file("certificate_file"), file("key_file"));
    let client = match (&certificate, &key) {
        (Some(certificate), Some(key)) => Some((certificate.as_path(), key.as_path())),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => {
            table.note("certificate_file", "give certificate_file and key_file together");
            return None;
        }
    };
    match authority {
        Some(authority) => match Tls::read(&authority, client) {
            Ok(tls) => Some(tls),
            Err(error) => {
                table.note("ca_file", error);
                None
            }
        },
        None => {
            if client.is_some() {
                table.note("ca_file", "missing: give the authority that signed the broker's certificate");
            }
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_configuration_is_read_with_paths_beside_it() {
        let text = "db = \"hub.db\"\nblobs = \"/srv/blobs\"\nlisten = \"127.0.0.1:9000\"\nhosts = [\"ioc.vn\"]\n\
                    [broker]\naddress = \"[::1]:1884\"\nsubscription = \"plain\"\nclient_id = \"hub-2\"\n";
        let config = HubConfig::parse(text, Path::new("/etc/gatehouse")).expect("it is right");
        assert_eq!(config.db, Path::new("/etc/gatehouse/hub.db").into());
        assert_eq!(config.blobs, Path::new("/srv/blobs").into());
        assert_eq!((config.broker.host.as_str(), config.broker.port), ("::1", 1884));
        assert_eq!((config.broker.subscription, config.broker.client_id.as_str()), (Subscription::Plain, "hub-2"));
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let text = "blobs = 7\nlisten = \"0.0.0.0:80\"\ncolour = \"red\"\n[broker]\naddress = \"nowhere\"\n\
                    subscription = \"half\"\nuser = \"hub\"\nca_file = \"missing.pem\"\ncertificate_file = \"x\"\n";
        let problems = HubConfig::parse(text, Path::new("")).expect_err("it is wrong");
        let paths: Vec<_> = problems.as_slice().iter().map(|p| p.path.as_str()).collect();
        for path in [
            "db",
            "blobs",
            "listen",
            "colour",
            "broker.address",
            "broker.subscription",
            "broker.user",
            "broker.certificate_file",
        ] {
            assert!(paths.contains(&path), "{path} is not in {paths:?}");
        }
        let shown = problems.to_string();
        assert!(shown.contains("behind_tls") && shown.contains("shared or plain"), "{shown}");
    }

    #[test]
    fn a_tls_file_that_is_missing_or_no_certificate_is_named() {
        let base = "db = \"a\"\nblobs = \"b\"\n[broker]\naddress = \"h:1\"\n";
        let problems =
            HubConfig::parse(&format!("{base}ca_file = \"/missing.pem\"\n"), Path::new("")).expect_err("missing");
        assert!(problems.to_string().contains("/missing.pem"), "{problems}");
        let file = tempfile::NamedTempFile::new().expect("a file");
        let text = format!("{base}ca_file = \"{}\"\n", file.path().display());
        let problems = HubConfig::parse(&text, Path::new("")).expect_err("empty");
        assert!(problems.to_string().contains("holds no certificate"), "{problems}");
    }

    #[test]
    fn a_database_on_a_server_has_its_password_in_a_file() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "bí mật\n").expect("it is written");
        let text = |db: &str| {
            let password = file.path().display();
            format!("db = \"{db}\"\ndb_password_file = \"{password}\"\nblobs = \"b\"\n[broker]\naddress = \"h:1\"\n")
        };
        let config = HubConfig::parse(&text("postgres://hub@db.vn/gatehouse"), Path::new("/etc")).expect("it is right");
        assert_eq!(config.db.to_string(), "postgres://hub@db.vn:5432/gatehouse");
        assert!(config.db.file().is_none() && !format!("{config:?}").contains("bí mật"));
        for (db, path, wrong) in [
            ("hub.db", "db_password_file", "a database file has no password"),
            ("postgres://hub:secret@db.vn/gatehouse", "db", "holds a password"),
            ("postgres://hub@db.vn", "db", "names no database"),
        ] {
            let problems = HubConfig::parse(&text(db), Path::new("")).expect_err("it is wrong");
            let [problem] = problems.as_slice() else { panic!("{problems}") };
            assert!(problem.path == path && problems.to_string().contains(wrong), "{problems}");
        }
    }

    #[test]
    fn months_of_the_log_are_kept_only_where_they_can_be_dropped() {
        let parse = |db: &str, months: u32| {
            let text =
                format!("db = \"{db}\"\nlog_keep_months = {months}\nblobs = \"b\"\n[broker]\naddress = \"h:1\"\n");
            HubConfig::parse(&text, Path::new("")).map_err(|problems| problems.to_string())
        };
        let server = "postgres://hub@db.vn/gatehouse";
        assert_eq!(parse(server, 24).expect("it is right").log_keep_months, Some(24));
        assert!(parse(server, 1).expect_err("too few").contains("2 to 1200 is accepted"));
        assert!(parse("hub.db", 24).expect_err("a file").contains("only a PostgreSQL server"));
    }

    #[test]
    fn a_password_is_read_from_its_file_and_never_shown() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "bí mật\n").expect("it is written");
        let text = format!(
            "db = \"a\"\nblobs = \"b\"\n[broker]\naddress = \"h:1\"\nuser = \"hub\"\npassword_file = \"{}\"\n",
            file.path().display()
        );
        let config = HubConfig::parse(&text, Path::new("")).expect("it is right");
        assert_eq!(config.broker.credentials.as_ref().map(|c| c.password.reveal()), Some("bí mật"));
        assert!(!format!("{config:?}").contains("bí mật"));
    }
}
