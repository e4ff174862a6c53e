//! The node's configuration: who it is, where its broker and hub are, its cameras and gates.

pub mod enrolled;
pub mod lanes;
pub mod reference;
pub mod stream;
pub mod view;

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::{Path, PathBuf};

use domain::{CameraId, GateId, NodeId, Problems, SiteId, TableReader};
use gate::GateProfile;
use serde::Deserialize;
use thiserror::Error;
use uplink::Secret;
use wire::policy::TrustedKeys;

use crate::config::lanes::{AccessConfig, LaneConfig, TrustedHub, check_lanes, read_access, read_lane, read_trusted};
use crate::config::stream::{StreamConfig, read_stream};
use crate::config::view::{ViewConfig, read_view};
use crate::local::LocalConfig;
use crate::plates::list::PlateList;
use crate::watch::one_line;

/// Width of the picture in which plates are looked for, unless a camera says otherwise: a plate that fills a twentieth
/// of a frame is 32 pixels wide in it.
const PLATES_WIDTH: u32 = 640;

/// Where the node's own page is, unless the configuration says otherwise.
const LOCAL_LISTEN: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8090));
/// A shorter password is none.
const PASSWORD_LEN_MIN: usize = 12;

/// The highest importance of a camera.
pub const IMPORTANCE_MAX: u8 = 9;
/// The importance of a camera that does not say.
const IMPORTANCE: u8 = 5;

/// Most cameras of one node.
pub const CAMERAS_MAX: usize = 8;

/// The configuration of a node, checked. Relative paths have been resolved against the folder of the file.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// The site.
    pub site: SiteId,
    /// The node.
    pub node: NodeId,
    /// Folder for the key, the outbox and the evidence spool.
    pub data: PathBuf,
    /// The broker; a node without one keeps everything in its outbox.
    pub broker: Option<BrokerAddress>,
    /// Base URL of the hub that pictures are uploaded to, such as `http://127.0.0.1:8080`.
    pub hub_url: Option<String>,
    /// Models.
    pub models: ModelsConfig,
    /// The node's own page; nothing where there is no `[local]`.
    pub local: Option<LocalConfig>,
    /// How many frames are looked at at a time; as many as there are processor cores where absent, and never more
    /// than cameras.
    pub engines: Option<usize>,
    /// Cameras, 1 to [`CAMERAS_MAX`].
    pub cameras: Vec<CameraConfig>,
    /// Gates, each at one of the cameras.
    pub gates: Vec<GateConfig>,
    /// Lists that plates are held against.
    pub plate_lists: Vec<PlateListConfig>,
    /// Who may pass at the lanes; nothing where there is no `[access]`.
    pub access: Option<AccessConfig>,
    /// Lanes, at most [`lanes::LANES_MAX`].
    pub lanes: Vec<LaneConfig>,
    /// The keys of the hub whose policies are followed; nothing where there is no `[policy]`.
    pub trusted: Option<TrustedKeys>,
    /// The keys whose orders are taken: those, and more that may give orders and nothing else.
    pub trusted_orders: Option<TrustedKeys>,
    /// How the cameras may be looked through from the hub.
    pub view: ViewConfig,
    /// The keys whose requests for that are taken: those of orders, and more that may look and nothing else.
    pub trusted_views: Option<TrustedKeys>,
    /// What the machine became when it was enrolled; nothing where its names and addresses are configured.
    pub enrolled: Option<uplink::Enrolled>,
}

/// A list of plates and the name of its file, by which a policy of the hub replaces it.
#[derive(Debug, Clone)]
pub struct PlateListConfig {
    /// The file's name without its folders.
    pub file: String,
    /// What was read from it.
    pub list: PlateList,
}

/// Where the broker is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokerAddress {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// User name, where the broker asks for one.
    pub username: Option<String>,
    /// File that holds the password and nothing else.
    pub password_file: Option<PathBuf>,
    /// Certificate authority to trust; its presence turns TLS on.
    pub ca_file: Option<PathBuf>,
}

/// Where models are and which are used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelsConfig {
    /// The manifest; the one of the installation where absent.
    pub manifest: Option<PathBuf>,
    /// Folders in which model files are looked for, before those of the installation.
    pub folders: Vec<PathBuf>,
    /// Id of the detector; the first of the manifest that is installed where absent.
    pub detector: Option<String>,
    /// The ONNX Runtime library; looked for where absent.
    pub onnxruntime: Option<PathBuf>,
}

/// A camera.
#[derive(Debug, Clone)]
pub struct CameraConfig {
    /// Its name.
    pub id: CameraId,
    /// An RTSP URL, or the path of a file.
    pub source: String,
    /// How a file is played; a live source knows only `live`.
    pub play: Play,
    /// Where plates are read: width of the picture in which they are looked for, pixels.
    pub plates: Option<u32>,
    /// Whether codes are read and shown at the camera's lane.
    pub codes: bool,
    /// When there is more to see than the machine can look at, cameras of less importance are looked at less often
    /// first; 1 to [`IMPORTANCE_MAX`].
    pub importance: u8,
    /// How its streams are read, and the clips that are kept of it.
    pub stream: StreamConfig,
}

/// How a source is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Play {
    /// A camera: the newest frame wins.
    Live,
    /// A file at its own speed, over and over, as if it were a camera.
    Loop,
    /// A file once, every frame, as fast as the node can: for tests and measurements. Event times come from the file.
    Once,
    /// An observation log instead of a video, over and over, with the times of now: for commissioning and tests.
    Rehearse,
}

/// A gate.
#[derive(Debug, Clone)]
pub struct GateConfig {
    /// Its name.
    pub id: GateId,
    /// The camera that sees it.
    pub camera: CameraId,
    /// The name of the profile's file without its folders, by which a policy of the hub replaces it.
    pub file: String,
    /// The text of its profile, which goes into the observation log.
    pub profile_text: String,
    /// What was read from it.
    pub profile: GateProfile,
}

/// Why a configuration cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration \"{path}\"", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file says something wrong.
    #[error("the configuration \"{path}\" has {problems}", path = path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Everything that is wrong.
        problems: Problems,
    },
}

impl NodeConfig {
    /// Reads the file and every profile that it names; reports all mistakes at once.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::parse(&text, folder).map_err(|problems| ConfigError::Invalid { path: path.to_owned(), problems })
    }

    /// Reads a configuration from its text; relative paths are those below `folder`.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let config = TableReader::parse(text, &mut problems).and_then(|mut table| {
            let config = read_config(&mut table, folder);
            table.finish();
            config
        });
        problems.into_result(config)
    }
}

fn read_config(table: &mut TableReader<'_>, folder: &Path) -> Option<NodeConfig> {
    let data = table.required::<PathBuf>("data", "the folder for the key, the outbox and the evidence");
    let enrolled = data.as_ref().and_then(|data| enrolled::read(table, &folder.join(data)));
    let site = enrolled::name(table, "site", enrolled.as_ref().map(|enrolled| &enrolled.site));
    let node = enrolled::name(table, "node", enrolled.as_ref().map(|enrolled| &enrolled.node));
    let broker = table.nested("broker", |t| read_broker(t, folder));
    let hub_url = table.nested("hub", read_hub).flatten();
    let (broker, hub_url) = match (&enrolled, &data) {
        (Some(enrolled), Some(data)) => enrolled::places(enrolled, &folder.join(data)),
        (Some(_) | None, _) => (broker, hub_url),
    };
    let models = table.nested("models", |t| read_models(t, folder)).unwrap_or_default();
    let local = table.nested("local", |t| read_local(t, folder));
    let engines = table.optional::<usize>("engines");
    if engines.is_some_and(|count| !(1..=CAMERAS_MAX).contains(&count)) {
        table.note("engines", format!("1 to {CAMERAS_MAX} are accepted"));
    }
    let cameras = table.each("camera", read_camera).into_iter().collect::<Option<Vec<_>>>();
    let gates = table.each("gate", |t| read_gate(t, folder)).into_iter().collect::<Option<Vec<_>>>();
    let plate_lists = table.each("plate_list", |t| read_plate_list(t, folder));
    let plate_lists = plate_lists.into_iter().collect::<Option<Vec<_>>>();
    let has_access = table.has("access");
    let access = table.nested("access", |t| read_access(t, folder)).flatten();
    let lanes = table.each("lane", |t| read_lane(t, folder)).into_iter().collect::<Option<Vec<_>>>();
    let has_trusted = table.has("policy");
    let trusted = table.nested("policy", read_trusted).flatten();
    let (trusted, trusted_orders) = trusted.map(|TrustedHub { policies, orders }| (policies, orders)).unzip();
    let view = table.nested("view", read_view).unwrap_or_default();
    let trusted_views = view.trusted(table, trusted_orders.as_ref());
    if has_trusted && (hub_url.is_none() || broker.is_none()) {
        table.note("policy", "a policy is announced by the [broker] and read from the [hub]: give both");
    }
    if let (Some(cameras), Some(gates)) = (&cameras, &gates) {
        check_names(table, cameras, gates);
        if let Some(lanes) = lanes.as_ref().filter(|_| access.is_some() || !has_access) {
            check_lanes(table, lanes, cameras, gates, access.as_ref());
        }
    }
    if (has_access && access.is_none()) || (has_trusted && trusted.is_none()) {
        return None;
    }
    let broker = match broker {
        Some(read) => Some(read?),
        None => None,
    };
    Some(NodeConfig {
        site: site?,
        node: node?,
        data: folder.join(data?),
        broker,
        hub_url,
        models,
        local: local.flatten(),
        engines,
        cameras: cameras?,
        gates: gates?,
        plate_lists: plate_lists?,
        access,
        lanes: lanes?,
        trusted,
        trusted_orders,
        view,
        trusted_views,
        enrolled,
    })
}

fn check_names(table: &mut TableReader<'_>, cameras: &[CameraConfig], gates: &[GateConfig]) {
    if cameras.is_empty() || cameras.len() > CAMERAS_MAX {
        table.note("camera", format!("{} given: 1 to {CAMERAS_MAX} [[camera]] are accepted", cameras.len()));
    }
    for (index, camera) in cameras.iter().enumerate() {
        if cameras[..index].iter().any(|c| c.id == camera.id) {
            table.note(&format!("camera[{index}].id"), format!("\"{}\" is given twice", camera.id));
        }
    }
    if gates.is_empty() {
        table.note("gate", "no gate: give at least one [[gate]]");
    }
    for (index, gate) in gates.iter().enumerate() {
        if gates[..index].iter().any(|g| g.id == gate.id) {
            table.note(&format!("gate[{index}].id"), format!("\"{}\" is given twice", gate.id));
        }
        if !cameras.iter().any(|c| c.id == gate.camera) {
            let known = cameras.iter().map(|c| c.id.as_str()).collect::<Vec<_>>().join(", ");
            table.note(&format!("gate[{index}].camera"), format!("no camera \"{}\": {known} are there", gate.camera));
        }
    }
}

fn read_broker(table: &mut TableReader<'_>, folder: &Path) -> Option<BrokerAddress> {
    let host = table.required("host", "the broker's name or address");
    let ca_file = table.optional::<PathBuf>("ca_file").map(|path| folder.join(path));
    let port = table.ranged("port", 1..=u16::MAX, "1 to 65535", if ca_file.is_some() { 8883 } else { 1883 });
    let username = table.optional::<String>("username");
    let password_file = table.optional::<PathBuf>("password_file").map(|path| folder.join(path));
    if username.is_some() != password_file.is_some() {
        table.note("username", "username and password_file go together");
    }
    Some(BrokerAddress { host: host?, port, username, password_file, ca_file })
}

fn read_hub(table: &mut TableReader<'_>) -> Option<String> {
    let url: String = table.required("url", "the hub's base URL, such as http://127.0.0.1:8080")?;
    if url.starts_with("http://") || url.starts_with("https://") {
        Some(url.trim_end_matches('/').to_owned())
    } else {
        table.note("url", format!("\"{url}\" is not a URL: http://… or https://… is accepted"));
        None
    }
}

/// Beyond the loopback address the page asks for a password.
fn read_local(table: &mut TableReader<'_>, folder: &Path) -> Option<LocalConfig> {
    let listen: SocketAddr = table.optional("listen").unwrap_or(LOCAL_LISTEN);
    let file = table.optional::<PathBuf>("password_file").map(|path| folder.join(path));
    let password = match &file {
        None => None,
        Some(path) => match std::fs::read_to_string(path) {
            Ok(text) if text.trim_end().len() >= PASSWORD_LEN_MIN => Some(Secret::new(text.trim_end())),
            Ok(_) => {
                table.note(
                    "password_file",
                    format!("\"{}\" holds fewer than {PASSWORD_LEN_MIN} characters", path.display()),
                );
                return None;
            }
            Err(error) => {
                table.note("password_file", format!("cannot read \"{}\": {error}", path.display()));
                return None;
            }
        },
    };
    if password.is_none() && !listen.ip().is_loopback() {
        table.note("listen", format!("{listen} can be reached from other machines: give a password_file too"));
        return None;
    }
    Some(LocalConfig { listen, password })
}

fn read_models(table: &mut TableReader<'_>, folder: &Path) -> ModelsConfig {
    let path = |p: PathBuf| folder.join(p);
    ModelsConfig {
        manifest: table.optional("manifest").map(path),
        folders: table.optional::<Vec<PathBuf>>("folders").unwrap_or_default().into_iter().map(path).collect(),
        detector: table.optional("detector"),
        onnxruntime: table.optional("onnxruntime").map(path),
    }
}

fn read_camera(table: &mut TableReader<'_>) -> Option<CameraConfig> {
    let id = table.required("id", "a name of a-z, 0-9 and -");
    let source = table.required::<String>("source", "an rtsp:// or rtsps:// URL, or the path of a file");
    let play = table.optional("play").unwrap_or(Play::Live);
    let plates = table.optional::<bool>("plates").unwrap_or(false);
    let width = table.ranged("plates_width", 256..=1920, "256 to 1920 pixels", PLATES_WIDTH);
    if !width.is_multiple_of(32) {
        table.note("plates_width", format!("{width} is not a multiple of 32"));
    }
    let plates = plates.then_some(width);
    let codes = table.optional::<bool>("codes").unwrap_or(false);
    let importance = table.ranged("importance", 1..=IMPORTANCE_MAX, "1 to 9", IMPORTANCE);
    let stream = read_stream(table, source.as_deref(), play, plates.is_some());
    let source = source?;
    let is_live = source.contains("://") && !source.starts_with("file://");
    match (is_live, play) {
        (true, Play::Loop | Play::Once | Play::Rehearse) => table.note("play", "a live source is played \"live\""),
        (false, Play::Live) => {
            table.note("play", "a video file is played \"loop\" or \"once\", an observation log \"rehearse\"");
        }
        (true, Play::Live) | (false, Play::Loop | Play::Once | Play::Rehearse) => {}
    }
    if codes && play == Play::Rehearse {
        table.note("codes", "an observation log has no pictures to read codes in");
    }
    Some(CameraConfig { id: id?, source, play, plates, codes, importance, stream })
}

fn read_plate_list(table: &mut TableReader<'_>, folder: &Path) -> Option<PlateListConfig> {
    let name = table.required("name", "what the list is called");
    let purpose = table.required("purpose", "\"watch\" or \"allow\"");
    let file = table.required::<PathBuf>("file", "the path of a CSV file with the columns plate and note");
    let path = folder.join(file?);
    match PlateList::load(&path, name?, purpose?) {
        Ok(list) => Some(PlateListConfig { file: file_name(&path), list }),
        Err(error) => {
            table.note("file", one_line(&error));
            None
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn read_gate(table: &mut TableReader<'_>, folder: &Path) -> Option<GateConfig> {
    let id = table.required("id", "a name of a-z, 0-9 and -");
    let camera = table.required("camera", "the id of a [[camera]]");
    let profile = table.required::<PathBuf>("profile", "the path of a gate profile");
    let path = folder.join(profile?);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            table.note("profile", format!("cannot read \"{}\": {error}", path.display()));
            return None;
        }
    };
    match GateProfile::parse(&text) {
        Ok(profile) => {
            Some(GateConfig { id: id?, camera: camera?, file: file_name(&path), profile_text: text, profile })
        }
        Err(problems) => {
            for problem in problems.as_slice() {
                table.note("profile", format!("\"{}\": {}: {}", path.display(), problem.path, problem.message));
            }
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<NodeConfig, Problems> {
        NodeConfig::parse(text, &Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pipelines"))
    }

    const GOOD: &str = r#"
        site = "den-hung"
        node = "gate-1"
        data = "/var/lib/gatehouse-edge"
        [broker]
        host = "127.0.0.1"
        [hub]
        url = "http://127.0.0.1:8080/"
        [[camera]]
        id = "cam-1"
        source = "rtsp://camera.lan/stream"
        [[gate]]
        id = "main"
        camera = "cam-1"
        profile = "tourist-site.toml"
    "#;

    #[test]
    fn a_good_configuration_is_read() {
        let config = parse(GOOD).expect("it is good");
        assert_eq!((config.cameras[0].play, config.hub_url.as_deref()), (Play::Live, Some("http://127.0.0.1:8080")));
        assert_eq!(config.broker.expect("a broker").port, 1883);
    }

    #[test]
    fn every_mistake_is_reported_at_once() {
        let bad = GOOD
            .replace("den-hung", "Đền Hùng")
            .replace("http://127.0.0.1:8080/", "127.0.0.1:8080")
            .replace("rtsp://camera.lan/stream", "video.mp4")
            .replace("host =", "hots =")
            .replace("tourist-site.toml", "nowhere.toml");
        let problems = parse(&bad).expect_err("five mistakes and a misspelt field");
        let mut paths: Vec<_> = problems.as_slice().iter().map(|p| p.path.as_str()).collect();
        paths.sort_unstable();
        let expected = ["broker.host", "broker.hots", "camera[0].play", "gate[0].profile", "hub.url", "site"];
        assert_eq!(paths, expected, "{problems}");
    }

    #[test]
    fn a_gate_needs_a_camera_that_is_there_and_names_of_its_own() {
        let gate = &GOOD[GOOD.find("[[gate]]").expect("a gate")..];
        let bad = format!("{GOOD}\n{}", gate.replace("cam-1", "cam-9"));
        let text = parse(&bad).expect_err("a twin at no camera").to_string();
        assert!(text.contains("given twice") && text.contains("no camera \"cam-9\": cam-1"), "{text}");
    }
}
