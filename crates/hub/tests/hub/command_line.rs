//! The program's commands.

use std::path::Path;

use wire::Channel;

use crate::support::child::{HubChild, run};
use crate::support::mosquitto::Mosquitto;
use crate::support::node::{Node, Publisher};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// `node add`, beside a running hub or without one.
pub fn add(folder: &Path, node: &Node) {
    let db = folder.join("hub.db").display().to_string();
    let (site, name, key) = (node.site.to_string(), node.node.to_string(), node.key.public().to_string());
    let output = run(&["node", "add", "--db", &db, "--site", &site, "--node", &name, "--key", &key]);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn a_node_added_beside_the_running_hub_is_believed_when_it_sends_again() {
    let broker = Mosquitto::start();
    let folder = tempfile::tempdir().unwrap();
    let hub = HubChild::start(folder.path(), broker.port);
    hub.wait_until_ready();
    let publisher = Publisher::connect(broker.port);
    let mut node = Node::new("n1");
    let events = node.passes(3);
    publisher.publish(&node.topic(Channel::Event), events.clone());
    crate::support::eventually("the stranger is noticed", || {
        hub.http.get("/api/v1/alarms")["alarms"][0]["kind"].as_str().map(str::to_owned)
    });
    add(folder.path(), &node);
    publisher.publish(&node.topic(Channel::Event), events);
    publisher.wait_for_receipt(&node);
    let db = folder.path().join("hub.db").display().to_string();
    let list = text(&run(&["node", "list", "--db", &db]).stdout);
    assert!(list.contains("cao-nguyen\tn1\t"), "{list}");
    let check = run(&["check", "--db", &db]);
    assert_eq!(text(&check.stdout), "3 events looked at, 0 things wrong\n");
    let busy = run(&["rebuild", "--db", &db]);
    assert!(!busy.status.success() && text(&busy.stderr).contains("in use by another hub"), "{}", text(&busy.stderr));
    drop(hub);
    let rebuilt = run(&["rebuild", "--db", &db]);
    assert_eq!(text(&rebuilt.stdout), "folded 3 events again, 0 of them of a kind that is not known\n");
}

#[test]
fn mistakes_on_the_command_line_are_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("hub.toml");
    std::fs::write(&config, "db = \"hub.db\"\nlisten = \"here\"\n[broker]\n").unwrap();
    let config = config.display().to_string();
    for (arguments, says) in [
        (vec!["run"], "--config FILE, or --db FILE and --broker"),
        (vec!["run", "--config", "/nothing.toml"], "/nothing.toml"),
        (vec!["run", "--config", &config], "broker.address"),
        (vec!["run", "--db", "x", "--broker", "nowhere"], "HOST:PORT"),
        (vec!["node", "add", "--db", "x", "--site", "S", "--node", "n", "--key", "k"], "a-z"),
        (vec!["node", "add", "--db", "x", "--site", "s", "--node", "n", "--key", "k"], "base64"),
    ] {
        let output = run(&arguments);
        let stderr = text(&output.stderr);
        assert!(!output.status.success() && stderr.contains(says), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}
