//! A machine becomes a node with the programs that people use: authority, broker configuration, invitation, enrolment,
//! delivery over mutual TLS, and its end.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use domain::{Direction, ObjectClass};
use gatehouse_tests::broker::{Broker, free_port};
use gatehouse_tests::edge;
use gatehouse_tests::found::program;
use gatehouse_tests::process::{Outcome, Process};
use gatehouse_tests::rehearsal::{self, PROFILE, Pace};
use gatehouse_tests::wait::eventually;
use serde_json::Value;
use tempfile::TempDir;

/// A province's data centre on one machine.
struct Centre {
    folder: TempDir,
    _broker: Broker,
    hub: Process,
    https_port: u16,
    /// What the tests read the hub with.
    key: String,
}

fn hub_command(folder: &Path, arguments: &[&str]) -> Outcome {
    let mut command = Command::new(program("gatehouse-hub"));
    Process::start(command.args(arguments), folder, "hub-command").outcome()
}

fn done(outcome: Outcome) -> String {
    assert!(outcome.status.success(), "{}", outcome.stderr);
    outcome.stdout
}

impl Centre {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let (node_port, hub_port, https_port) = (free_port(), free_port(), free_port());
        let authority = path("authority");
        let names = ["--folder", &authority, "--hub", "127.0.0.1", "--broker", "127.0.0.1"];
        let shown = done(hub_command(folder.path(), &[&["authority", "init"][..], &names].concat()));
        assert!(shown.contains("nodes know it by the fingerprint"), "{shown}");
        std::fs::create_dir(folder.path().join("broker")).unwrap();
        let (node, hub) = (node_port.to_string(), hub_port.to_string());
        let broker_config = [
            "broker-config",
            "--out",
            &path("broker"),
            "--data",
            &path("broker"),
            "--folder",
            &authority,
            "--node-port",
            &node,
            "--hub-port",
            &hub,
            "--bind",
            "127.0.0.1",
        ];
        done(hub_command(folder.path(), &broker_config));
        let broker = Broker::of_files(&folder.path().join("broker"), node_port);
        let text = format!(
            "db = \"hub.db\"\nblobs = \"blobs\"\nlisten = \"127.0.0.1:{https_port}\"\n\
             [authority]\nfolder = \"authority\"\nhub_url = \"https://127.0.0.1:{https_port}\"\n\
             broker = \"127.0.0.1:{node_port}\"\n[https]\n\
             [broker]\naddress = \"127.0.0.1:{hub_port}\"\nca_file = \"authority/servers.crt\"\n\
             certificate_file = \"authority/hub-client.crt\"\nkey_file = \"authority/hub-client.key\"\n"
        );
        std::fs::write(folder.path().join("hub.toml"), text).unwrap();
        let mut command = Command::new(program("gatehouse-hub"));
        command.args(["run", "--config"]).arg(folder.path().join("hub.toml"));
        let hub = Process::start(&mut command, folder.path(), "hub");
        let centre = Self { folder, _broker: broker, hub, https_port, key: String::new() };
        eventually("the hub takes events in", || (centre.ask("/readyz").0 == 200).then_some(()));
        let roles = ["--role", "gate_operator", "--role", "system_admin"];
        let config = centre.config();
        let add = [&["api-key", "add", "--name", "tests", "--config", &config][..], &roles].concat();
        let key = done(hub_command(centre.folder.path(), &add)).trim().to_owned();
        Self { key, ..centre }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn config(&self) -> String {
        self.path("hub.toml").display().to_string()
    }

    fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.https_port)
    }

    /// Status and JSON; 0 where nobody answers.
    fn ask(&self, path: &str) -> (u16, Value) {
        let authority = std::fs::read(self.path("authority/servers.crt")).unwrap();
        let roots = ureq::tls::RootCerts::new_with_certs(&[ureq::tls::Certificate::from_pem(&authority).unwrap()]);
        let tls = ureq::tls::TlsConfig::builder().root_certs(roots).build();
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(20)))
            .tls_config(tls)
            .build()
            .into();
        match agent.get(format!("{}{path}", self.url())).header("authorization", format!("Bearer {}", self.key)).call()
        {
            Ok(mut answer) => (answer.status().as_u16(), json(answer.body_mut())),
            Err(_) => (0, Value::Null),
        }
    }

    fn node(&self, name: &str) -> Value {
        let nodes = self.ask("/api/v1/nodes").1;
        let known = nodes["nodes"].as_array().into_iter().flatten();
        known.into_iter().find(|node| node["node"] == name).cloned().unwrap_or(Value::Null)
    }

    fn invite(&self, node: &str) -> String {
        let (config, site) = (self.config(), edge::SITE);
        let invited =
            hub_command(self.folder.path(), &["node", "invite", "--config", &config, "--site", site, "--node", node]);
        done(invited).trim().to_owned()
    }
}

fn json(body: &mut ureq::Body) -> Value {
    let bytes = body.read_to_vec().unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or(Value::Null)
}

/// A machine with a configuration that names neither site nor node, broker or hub.
struct Machine {
    folder: TempDir,
}

impl Machine {
    fn new(more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let walkers = [(Direction::In, ObjectClass::Person), (Direction::In, ObjectClass::Car)];
        let pace = Pace { frame: Duration::from_millis(40), every: 6, rest: Duration::from_millis(400) };
        rehearsal::write(&folder.path().join("walk.jsonl"), &walkers, pace);
        std::fs::write(folder.path().join("gate.toml"), PROFILE).unwrap();
        let text = format!(
            "data = \"data\"\n{more}[[camera]]\nid = \"{}\"\nsource = \"walk.jsonl\"\nplay = \"rehearse\"\n[[gate]]\n\
             id = \"{}\"\ncamera = \"{}\"\nprofile = \"gate.toml\"\n",
            edge::CAMERA,
            edge::GATE,
            edge::CAMERA
        );
        std::fs::write(folder.path().join("edge.toml"), text).unwrap();
        Self { folder }
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("edge.toml")
    }

    fn enrol(&self, hub: &str, code: &str, more: &[&str]) -> Outcome {
        let config = self.config().display().to_string();
        let arguments = ["enrol", "--config", &config, "--hub", hub, "--code", code];
        edge::command(None, self.folder.path(), &[&arguments[..], more].concat())
    }

    fn run(&self) -> Process {
        edge::run(None, &self.config(), &[])
    }
}

#[test]
fn an_enrolled_machine_needs_no_names_delivers_follows_policies_and_is_believed_until_it_is_revoked() {
    let centre = Centre::start();
    let keygen = ["policy", "keygen", "--config", &centre.config()];
    let key = done(hub_command(centre.folder.path(), &keygen));
    let machine = Machine::new(&format!("[policy]\nkeys = [\"{}\"]\n", key.lines().last().unwrap()));

    // Before it is enrolled its configuration lacks everything, and says so.
    let before = edge::command(None, machine.folder.path(), &["check", machine.config().to_str().unwrap()]);
    assert!(!before.status.success() && before.stderr.contains("site"), "{}", before.stderr);

    let code = centre.invite("gate-1");
    let enrolled = done(machine.enrol(&centre.url(), &code, &[]));
    assert!(enrolled.contains("node gate-1 of site"), "{enrolled}");
    let again = done(machine.enrol(&centre.url(), &code, &[]));
    assert!(again.contains("already"), "{again}");
    for name in ["identity.pem", "authority.pem", "enrolment.json"] {
        let file = machine.folder.path().join("data/enrolment").join(name);
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }

    let mut node = machine.run();
    let head = eventually("events of the node", || {
        centre.node("gate-1")["head"]["committed_seq"].as_u64().filter(|seq| *seq >= 6)
    });
    assert!(head >= 6);
    let policy = centre.path("policy");
    std::fs::create_dir_all(policy.join("profiles")).unwrap();
    std::fs::write(policy.join("profiles/gate.toml"), PROFILE).unwrap();
    let (config, folder) = (centre.config(), policy.display().to_string());
    let publish =
        ["policy", "publish", "--config", &config, "--site", edge::SITE, "--folder", &folder, "--by", "Trần Thị B"];
    done(hub_command(centre.folder.path(), &publish));
    eventually("the node works by the policy that it read over its certificate", || {
        (centre.node("gate-1")["policy"]["version"].as_u64() == Some(1)).then_some(())
    });

    let revoke = ["node", "revoke", "--config", &config, "--node", "gate-1", "--reason", "stolen from the gate"];
    done(hub_command(centre.folder.path(), &revoke));
    let committed = eventually("the log stands still", || {
        let alarms = centre.ask("/api/v1/alarms?node=gate-1").1;
        let alarm = alarms["alarms"].as_array()?.iter().find(|alarm| alarm["kind"] == "revoked").cloned()?;
        (alarm["count"].as_u64()? > 1).then(|| centre.node("gate-1")["head"]["committed_seq"].as_u64())
    });
    let quarantined = |rows: &Value| rows["messages"].as_array().map_or(0, Vec::len);
    let rows = quarantined(&centre.ask("/api/v1/quarantine").1);
    assert!(rows > 0, "what came after is kept apart");
    assert_eq!(centre.node("gate-1")["head"]["committed_seq"].as_u64(), committed);
    let refused = centre.folder.path().join("authority/nodes.crl");
    assert!(std::fs::read_to_string(refused).unwrap().contains("X509 CRL"));
    node.terminate();
    let mut hub = centre.hub;
    assert!(hub.terminate().success(), "{}", hub.last_words());
}

#[test]
fn codes_and_hubs_that_do_not_fit_are_refused_in_words_and_leave_no_node() {
    let centre = Centre::start();
    let elsewhere = Centre::start();
    let machine = Machine::new("");
    let code = centre.invite("gate-1");
    let url = centre.url();
    let mut mistyped = code.clone();
    mistyped.replace_range(0..1, if code.starts_with('7') { "8" } else { "7" });
    let whole = "0".repeat(64);
    for (hub, code, more, words) in [
        (url.as_str(), mistyped.as_str(), &[][..], "mistyped"),
        (url.as_str(), "ABC", &[][..], "45 are accepted"),
        ("http://127.0.0.1:1", code.as_str(), &[][..], "https://HOST"),
        ("https://127.0.0.1:1", code.as_str(), &[][..], "cannot reach"),
        (elsewhere.url().as_str(), code.as_str(), &[][..], "is not the hub that gave the code"),
        (url.as_str(), code.as_str(), &["--ca-fingerprint", whole.as_str()][..], "which is not the fingerprint"),
        (&url.replace("127.0.0.1", "localhost"), code.as_str(), &[][..], "cannot make sure of"),
    ] {
        let refused = machine.enrol(hub, code, more);
        assert!(!refused.status.success() && refused.stderr.contains(words), "{words}: {}", refused.stderr);
        assert!(!machine.folder.path().join("data/enrolment/enrolment.json").exists());
    }
    done(machine.enrol(&url, &code, &[]));
    let second = Machine::new("");
    let refused = second.enrol(&url, &code, &[]);
    assert!(refused.stderr.contains("was used at") && !refused.status.success(), "{}", refused.stderr);
    let other = elsewhere.invite("gate-9");
    let refused = machine.enrol(&elsewhere.url(), &other, &[]);
    assert!(refused.stderr.contains("already, which has another authority"), "{}", refused.stderr);
    let faked = machine.folder.path().join("edge.toml");
    let text = std::fs::read_to_string(&faked).unwrap();
    std::fs::write(&faked, format!("site = \"other\"\n{text}")).unwrap();
    let refused = edge::command(None, machine.folder.path(), &["check", faked.to_str().unwrap()]);
    assert!(refused.stderr.contains("as which the machine was enrolled"), "{}", refused.stderr);
}
