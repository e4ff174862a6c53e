//! Following the hub's policy: what was in force at the start, and whatever comes while the node runs.

use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::runtime::Handle;
use uplink::{
    Outbox, PolicyClient, PolicyClientConfig, PolicyClientHandle, PolicyLink, PolicyReader, PolicyStore, Tls, WallClock,
};
use wire::policy::{Bundle, PolicyChange};
use wire::{Event, EventId, NodeKey, Payload};

use crate::access::AccessHandle;
use crate::config::NodeConfig;
use crate::rules::{Rules, RulesInForce};
use crate::sink::EventsFile;
use crate::watch::one_line;

/// The rules at the start, and where those of the hub are kept; nothing where the node follows no hub. A policy that
/// was in force and does not fit any more gives way to the one before, and in the end to the configuration.
pub(crate) fn rules_at_start(config: &NodeConfig) -> Result<(Rules, Option<PolicyStore>)> {
    let Some(trusted) = config.trusted.clone() else { return Ok((Rules::of_config(config), None)) };
    let reader = PolicyReader { site: config.site.clone(), node: config.node.clone(), trusted };
    let mut store = PolicyStore::open(&config.data.join("policy"), reader)?;
    while let Some(bundle) = store.running() {
        match Rules::of_bundle(&bundle, config) {
            Ok(rules) => {
                tracing::info!(version = bundle.version, "the node works by a policy of the hub");
                return Ok((rules, Some(store)));
            }
            Err(why) => store.fall_back(&why)?,
        }
    }
    Ok((Rules::of_config(config), Some(store)))
}

/// What takes a new policy.
pub(crate) struct Follower {
    pub(crate) config: NodeConfig,
    pub(crate) rules: Arc<RulesInForce>,
    pub(crate) access: Option<AccessHandle>,
    pub(crate) outbox: Outbox,
    /// A copy of the events for people and tests.
    pub(crate) events: Option<EventsFile>,
    pub(crate) clock: WallClock,
    pub(crate) nonce: [u8; 16],
    pub(crate) key: NodeKey,
}

/// Follows the hub from now on.
pub(crate) fn follow(
    store: PolicyStore,
    follower: Follower,
    tls: Option<Tls>,
) -> Result<(PolicyClientHandle, PolicyLink)> {
    let Follower { config, rules, access, outbox, events, clock, nonce, key } = follower;
    let url = config.hub_url.clone().context("a policy is read from the [hub], and there is none")?;
    let client = PolicyClientConfig::new(url, key, tls);
    let runtime = Handle::current();
    let now = Arc::clone(&clock);
    let mut number = 0;
    let report = move |change: &PolicyChange| {
        number += 1;
        let reading = now();
        let id = EventId::derive(reading.at, &nonce, number);
        let payload = Payload::PolicyChanged(change.clone());
        let event = Event { id, at: reading.at, clock: reading.quality, payload };
        if let Err(error) = runtime.block_on(outbox.append(std::slice::from_ref(&event))) {
            // The status says it all the same, as long as it lasts.
            tracing::warn!(error = one_line(&error), "a change of the policy could not be told");
        } else if let Some(Err(error)) = events.as_ref().map(|file| file.write(&[event])) {
            tracing::warn!(error = one_line(&error), "a change of the policy could not be copied");
        }
    };
    let apply = move |bundle: &Bundle| apply(bundle, &config, &rules, access.as_ref());
    Ok(PolicyClient::start(store, client, clock, apply, report)?)
}

/// Puts a policy into effect: everything is read before anything is swapped, and who may pass is swapped first.
fn apply(
    bundle: &Bundle,
    config: &NodeConfig,
    in_force: &RulesInForce,
    access: Option<&AccessHandle>,
) -> Result<(), String> {
    let rules = Rules::of_bundle(bundle, config)?;
    if let (Some(access), Some(policy)) = (access, &rules.access) {
        access.replace_policy(Arc::clone(policy)).map_err(|error| error.to_string())?;
    }
    in_force.replace(rules);
    Ok(())
}
