//! The lanes of a node: who may pass there, which camera reads for them, what opens them; and whose policies count.

use std::path::Path;
use std::sync::Arc;

use access::policy::{Counted, PassageSensor};
use access::{AccessPolicy, LaneId, Method};
use actuate::ActuatorConfig;
use domain::{CameraId, GateId, LineId, Problems, TableReader};
use serde::Deserialize;
use wire::policy::{TrustedKeys, TrustedKeysError};
use wire::{PassKeys, PassPublicKey};

use super::{CameraConfig, GateConfig};

/// Most lanes of one node; each with an actuator has a thread of its own.
pub const LANES_MAX: usize = 16;

/// Who may pass at the node's lanes.
#[derive(Debug, Clone)]
pub struct AccessConfig {
    /// The site's rules and lists, as they stand beside the configuration.
    pub policy: Arc<AccessPolicy>,
    /// The keys whose visitors' passes are taken.
    pub pass_keys: PassKeys,
}

/// A lane.
#[derive(Debug, Clone)]
pub struct LaneConfig {
    /// Its name, as the access policy has it.
    pub id: LaneId,
    /// The camera whose plates and codes are shown here.
    pub camera: CameraId,
    /// The line that is passed behind the barrier; nothing where the actuator's loop tells of passages, or nothing does.
    pub passage: Option<PassageLine>,
    /// Who is looked for when something passes the line.
    pub counted: Counted,
    /// What the loss of the camera does to the lane; without a word it depends on what may be shown there.
    pub camera_loss: Option<CameraLoss>,
    /// What opens it; a lane without an actuator decides and reports.
    pub actuator: Option<ActuatorConfig>,
}

/// What a lane does while its camera is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CameraLoss {
    /// It goes to its fail mode.
    Fail,
    /// It goes on with whatever else may be shown there.
    GoOn,
}

impl CameraLoss {
    /// What holds where the configuration does not say: a lane at which nothing but plates may be shown has lost
    /// everything by which it knows anybody; at others a card or a pass still opens.
    pub fn of(methods: &[Method]) -> Self {
        if methods.iter().all(|method| *method == Method::Plate) { Self::Fail } else { Self::GoOn }
    }
}

/// A counting line that is passed behind a barrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassageLine {
    /// The gate.
    pub gate: GateId,
    /// The line of its profile.
    pub line: LineId,
}

/// Reads `[access]`.
pub(super) fn read_access(table: &mut TableReader<'_>, folder: &Path) -> Option<AccessConfig> {
    let file = table.required::<std::path::PathBuf>("policy", "the path of an access policy; its lists lie beside it");
    let pass_keys = table.optional::<Vec<String>>("pass_keys").unwrap_or_default();
    let pass_keys = keys::<PassPublicKey>("pass_keys", &pass_keys, table);
    let pass_keys = pass_keys.and_then(|keys| match PassKeys::new(keys) {
        Ok(keys) => Some(keys),
        Err(error) => {
            table.note("pass_keys", error);
            None
        }
    });
    let path = folder.join(file?);
    let policy = match std::fs::read_to_string(&path) {
        Ok(text) => read_policy(&text, &path),
        Err(error) => {
            table.note("policy", format!("cannot read \"{}\": {error}", path.display()));
            return None;
        }
    };
    match policy {
        Ok(policy) => Some(AccessConfig { policy: Arc::new(policy), pass_keys: pass_keys? }),
        Err(problems) => {
            for problem in problems.as_slice() {
                table.note("policy", format!("\"{}\": {}: {}", path.display(), problem.path, problem.message));
            }
            None
        }
    }
}

fn read_policy(text: &str, path: &Path) -> Result<AccessPolicy, Problems> {
    let folder = path.parent().unwrap_or(Path::new("."));
    AccessPolicy::parse(text, |name| {
        let path = folder.join(name);
        std::fs::read_to_string(&path).map_err(|error| format!("cannot read \"{}\": {error}", path.display()))
    })
}

/// Whom this node believes.
#[derive(Debug)]
pub(super) struct TrustedHub {
    /// In policies.
    pub(super) policies: TrustedKeys,
    /// In guards' orders: whoever may say who passes, and whoever may say nothing but "open".
    pub(super) orders: TrustedKeys,
}

/// Reads `[policy]`: the keys whose policies this node follows, and those whose orders alone it takes besides.
pub(super) fn read_trusted(table: &mut TableReader<'_>) -> Option<TrustedHub> {
    let given =
        table.required::<Vec<String>>("keys", "the public keys of the hub, as `gatehouse-hub policy keygen` says");
    let more = table.optional::<Vec<String>>("order_keys").unwrap_or_default();
    let more = keys("order_keys", &more, table);
    let own = given.and_then(|given| keys("keys", &given, table));
    let (own, more) = (own?, more?);
    if own.is_empty() {
        table.note("keys", "none: give at least one, or leave [policy] out");
        return None;
    }
    let mut noted = |field: &str, read: Result<TrustedKeys, TrustedKeysError>| match read {
        Ok(keys) => Some(keys),
        Err(error) => {
            table.note(field, error);
            None
        }
    };
    let policies = noted("keys", TrustedKeys::new(own))?;
    let orders = noted("order_keys", policies.and(&more))?;
    Some(TrustedHub { policies, orders })
}

pub(super) fn keys<K: std::str::FromStr>(field: &str, given: &[String], table: &mut TableReader<'_>) -> Option<Vec<K>>
where
    K::Err: std::fmt::Display,
{
    let mut all = Some(Vec::with_capacity(given.len()));
    for (index, text) in given.iter().enumerate() {
        match text.parse() {
            Ok(key) => {
                if let Some(keys) = &mut all {
                    keys.push(key);
                }
            }
            Err(error) => {
                table.note(&format!("{field}[{index}]"), error);
                all = None;
            }
        }
    }
    all
}

/// Reads one `[[lane]]`.
pub(super) fn read_lane(table: &mut TableReader<'_>, folder: &Path) -> Option<LaneConfig> {
    let id = table.required("id", "the name of a lane of the access policy");
    let camera = table.required("camera", "the id of the [[camera]] whose plates and codes are shown here");
    let gate = table.optional::<GateId>("gate");
    let line = table.optional::<LineId>("line");
    if gate.is_some() != line.is_some() {
        table.note("line", "gate and line go together: the gate, and the line of its profile behind the barrier");
    }
    let counted = table.optional("counted").unwrap_or(Counted::Vehicle);
    let camera_loss = table.optional("camera_loss");
    let has_actuator = table.has("actuator");
    let actuator = table.nested("actuator", ActuatorConfig::read).flatten();
    if has_actuator && actuator.is_none() {
        return None;
    }
    let actuator = actuator.map(|mut actuator| {
        actuator.resolve_against(folder);
        actuator
    });
    let passage = gate.zip(line).map(|(gate, line)| PassageLine { gate, line });
    Some(LaneConfig { id: id?, camera: camera?, passage, counted, camera_loss, actuator })
}

/// What the lanes, the cameras, the gates and the policy must agree on.
pub(super) fn check_lanes(
    table: &mut TableReader<'_>,
    lanes: &[LaneConfig],
    cameras: &[CameraConfig],
    gates: &[GateConfig],
    access: Option<&AccessConfig>,
) {
    if lanes.len() > LANES_MAX {
        table.note("lane", format!("{} given: at most {LANES_MAX} [[lane]] are accepted", lanes.len()));
    }
    for (index, lane) in lanes.iter().enumerate() {
        let mut note = |field: &str, message: String| table.note(&format!("lane[{index}].{field}"), message);
        if lanes[..index].iter().any(|other| other.id == lane.id) {
            note("id", format!("\"{}\" is given twice", lane.id));
        }
        match cameras.iter().find(|camera| camera.id == lane.camera) {
            None => {
                let known = cameras.iter().map(|camera| camera.id.as_str()).collect::<Vec<_>>().join(", ");
                note("camera", format!("no camera \"{}\": {known} are there", lane.camera));
            }
            Some(_) if lanes[..index].iter().any(|other| other.camera == lane.camera) => {
                let message =
                    format!("the plates of \"{}\" are shown at another lane already: one may open", lane.camera);
                note("camera", message);
            }
            Some(_) => {}
        }
        if let Some(passage) = &lane.passage {
            let gate = gates.iter().find(|gate| gate.id == passage.gate);
            match gate.map(|gate| gate.profile.lines.iter().any(|line| line.id == passage.line)) {
                Some(true) => {}
                Some(false) => {
                    note("line", format!("the profile of \"{}\" has no line \"{}\"", passage.gate, passage.line))
                }
                None => note("gate", format!("no gate \"{}\"", passage.gate)),
            }
        }
        if access.is_none() {
            note("id", "there is no [access]: give one with the policy that this lane belongs to".to_owned());
        }
    }
    for (index, camera) in cameras.iter().enumerate().filter(|(_, camera)| camera.codes) {
        if !lanes.iter().any(|lane| lane.camera == camera.id) {
            let message = format!("codes are shown at the lane of their camera, and no [[lane]] has \"{}\"", camera.id);
            table.note(&format!("camera[{index}].codes"), message);
        }
    }
    if let Some(access) = access {
        for LaneProblem { lane, field, message } in disagreements(&access.policy, lanes) {
            table.note(&format!("lane[{lane}].{field}"), message);
        }
    }
}

/// Where a policy and a lane's wiring cannot both be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LaneProblem {
    /// Which lane, counted from 0.
    pub lane: usize,
    /// Which of its fields.
    pub field: &'static str,
    /// What is wrong.
    pub message: String,
}

/// Everything in which `policy` and the wiring of `lanes` disagree.
pub fn disagreements(policy: &AccessPolicy, lanes: &[LaneConfig]) -> Vec<LaneProblem> {
    let mut problems = Vec::new();
    for (index, lane) in lanes.iter().enumerate() {
        let mut note = |field, message| problems.push(LaneProblem { lane: index, field, message });
        let Some(rules) = policy.lane(&lane.id) else {
            let known = policy.lanes().map(|lane| lane.id.as_str()).collect::<Vec<_>>().join(", ");
            note("id", format!("the access policy has no lane \"{}\": {known} are there", lane.id));
            continue;
        };
        if rules.sensor == PassageSensor::Present && lane.passage.is_none() && lane.actuator.is_none() {
            let message = "the policy says passage_sensor = \"present\", and nothing tells of passages: give gate and line, \
                           or an actuator with a loop";
            note("line", message.to_owned());
        }
        let stays_closed = rules.barrier.fail == access::lane::FailMode::Secure;
        let wired_closed = lane.actuator.as_ref().map(|actuator| actuator.fail_mode == actuate::FailMode::Secure);
        if wired_closed.is_some_and(|wired| wired != stays_closed) {
            let (policy, actuator) = if stays_closed { ("secure", "safe") } else { ("safe", "secure") };
            let message =
                format!("is \"{actuator}\" and the policy's barrier fails \"{policy}\": both must say the same");
            note("actuator.fail_mode", message);
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::NodeConfig;

    const POLICY: &str = r#"
        policy = 1
        holders = ["holders.csv"]
        zone = [{ id = "park" }]
        category = [{ id = "worker", zones = ["park"] }]
        [[lane]]
        id = "car-in"
        direction = "in"
        from = "outside"
        to = "park"
        methods = ["plate"]
        allow = [{ rule = "workers", categories = ["worker"], schedule = "always" }]
        passage_sensor = "present"
        barrier = { fail = "secure", feedback = "none" }
    "#;

    const NODE: &str = r#"
        site = "den-hung"
        node = "gate-1"
        data = "data"
        [broker]
        host = "127.0.0.1"
        [hub]
        url = "http://127.0.0.1:8080"
        [[camera]]
        id = "cam-1"
        source = "rtsp://camera.lan/stream"
        [[gate]]
        id = "main"
        camera = "cam-1"
        profile = "PROFILE"
        [access]
        policy = "access.toml"
        [policy]
        keys = ["KEY"]
        [[lane]]
        id = "car-in"
        camera = "cam-1"
        gate = "main"
        line = "LINE"
        [lane.actuator]
        kind = "http"
        open = { url = "http://127.0.0.1:1/on?timer={s}" }
        hold = { url = "http://127.0.0.1:1/on" }
        close = { url = "http://127.0.0.1:1/off" }
    "#;

    fn parse(change: impl FnOnce(String) -> String) -> Result<NodeConfig, Problems> {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
        write("access.toml", POLICY);
        write("holders.csv", "holder,name,kind,category,plates\ncar-1,Xe 1,vehicle,worker,30A-123.45\n");
        let profile = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pipelines/tourist-site.toml");
        let text = std::fs::read_to_string(&profile).expect("a profile");
        let line = gate::GateProfile::parse(&text).expect("a profile").lines[0].id.to_string();
        let key = wire::policy::PolicyKey::from_seed([1; 32]).public().to_string();
        let text = NODE.replace("PROFILE", profile.to_str().expect("text")).replace("LINE", &line).replace("KEY", &key);
        NodeConfig::parse(&change(text), folder.path())
    }

    #[test]
    fn a_lane_with_its_policy_is_read() {
        let config = parse(|text| text).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(config.lanes[0].id.as_str(), "car-in");
        assert!(config.lanes[0].actuator.is_some() && config.lanes[0].passage.is_some());
        assert!(config.access.is_some() && config.trusted.is_some_and(|keys| keys.as_slice().len() == 1));
    }

    #[test]
    fn a_key_of_orders_is_believed_in_orders_and_in_no_policy() {
        let guard = wire::OrderKey::from_seed([2; 32]).public();
        let with = |more: &str| parse(|text| text.replace("[policy]", &format!("[policy]\norder_keys = [\"{more}\"]")));
        let config = with(&guard.to_string()).unwrap_or_else(|problems| panic!("{problems}"));
        assert!(!config.trusted.expect("policies").as_slice().contains(&guard));
        assert!(config.trusted_orders.expect("orders").as_slice().contains(&guard));
        let alone = parse(|text| text).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(alone.trusted, alone.trusted_orders, "whoever says who passes gives orders as well");
        let twice = wire::policy::PolicyKey::from_seed([1; 32]).public().to_string();
        for (bad, path) in [("x", "policy.order_keys[0]"), (twice.as_str(), "policy.order_keys")] {
            let problems = with(bad).expect_err("it is wrong");
            let paths: Vec<_> = problems.as_slice().iter().map(|problem| problem.path.as_str()).collect();
            assert_eq!(paths, [path], "{problems}");
        }
    }

    #[test]
    fn every_mistake_of_a_lane_is_told_at_once() {
        let problems = parse(|text| {
            let bad = text
                .replace("id = \"car-in\"", "id = \"car-out\"")
                .replace("kind = \"http\"", "kind = \"http\"\nfail_mode = \"safe\"");
            let twin = "[[lane]]\nid = \"car-in\"\ncamera = \"cam-1\"\ngate = \"side\"\nline = \"x\"\n\
                        [[lane]]\nid = \"car-in\"\ncamera = \"cam-7\"\ngate = \"main\"\n";
            format!("{bad}\n{twin}").replace("keys = [\"", "keys = [\"?")
        });
        let problems = problems.expect_err("many mistakes");
        let mut paths: Vec<_> = problems.as_slice().iter().map(|problem| problem.path.as_str()).collect();
        paths.sort_unstable();
        let expected = [
            "lane[0].id",
            "lane[1].camera",
            "lane[1].gate",
            "lane[2].camera",
            "lane[2].id",
            "lane[2].line",
            "lane[2].line",
            "policy.keys[0]",
        ];
        assert_eq!(paths, expected, "{problems}");
    }

    #[test]
    fn codes_need_a_lane_and_pictures() {
        let read = parse(|text| {
            text.replace("id = \"cam-1\"\n        source", "id = \"cam-1\"\ncodes = true\n        source")
        });
        assert!(read.unwrap_or_else(|problems| panic!("{problems}")).cameras[0].codes);
        let twin = "[[camera]]\nid = \"cam-2\"\ncodes = true\nsource = \"a.jsonl\"\nplay = \"rehearse\"\n";
        let problems = parse(|text| format!("{text}\n{twin}")).expect_err("neither");
        let paths: Vec<_> = problems.as_slice().iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths, ["camera[1].codes", "camera[1].codes"], "{problems}");
    }

    #[test]
    fn mistakes_of_the_policy_are_told_with_their_file() {
        let problems = parse(|text| text.replace("access.toml", "nowhere.toml")).expect_err("no policy");
        assert!(problems.to_string().contains("nowhere.toml"), "{problems}");
        let problems = parse(|text| text.replace("kind = \"http\"", "kind = \"http\"\nfail_mode = \"safe\""))
            .expect_err("a contradiction");
        assert!(problems.to_string().contains("both must say the same"), "{problems}");
    }
}
