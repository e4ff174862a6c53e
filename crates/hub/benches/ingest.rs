//! How many events a second go from Mosquitto into the database, confirmed.
//!
//! `cargo bench -p hub --bench ingest`. Several nodes publish a backlog as fast as the broker takes it; the time runs
//! from the first message to the last receipt.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, unreachable_pub, dead_code)]

#[path = "../tests/hub"]
mod shared {
    pub mod support;
}

use std::time::Instant;

use shared::support;
use support::mosquitto::Mosquitto;
use support::node::{Node, Publisher};
use wire::Channel;

const NODES: usize = 8;
const EVENTS_PER_NODE: u64 = 2_500;

fn main() {
    let broker = Mosquitto::start();
    let hub = support::Hub::ready(&broker);
    let mut nodes: Vec<_> = (0..NODES).map(|n| Node::new(&"n".repeat(n + 1))).collect();
    nodes.iter().for_each(|node| hub.add(node));
    let publisher = Publisher::connect(broker.port);
    let began = Instant::now();
    let told: Vec<_> =
        nodes.iter_mut().map(|node| (node.topic(Channel::Event), node.passes(EVENTS_PER_NODE))).collect();
    let bytes = told[0].1[0].len();
    let sealed = began.elapsed();
    let began = Instant::now();
    for (topic, events) in told {
        publisher.publish(&topic, events);
    }
    for node in &nodes {
        publisher.wait_for_receipt(node);
    }
    let took = began.elapsed();
    let events = EVENTS_PER_NODE * NODES as u64;
    println!("{events} events of {bytes} bytes from {NODES} nodes, confirmed in {:.2} s", took.as_secs_f64());
    println!(
        "{:.0} events/s (sealing them took {:.2} s more)",
        events as f64 / took.as_secs_f64(),
        sealed.as_secs_f64()
    );
    hub.stop();
}
