//! What the node works by: access policy, plate lists and gate profiles, from its own configuration or, in their place,
//! from a policy of the hub.
//!
//! A policy's documents replace files of the configuration: `access.toml` with the lists that it names replaces the
//! access policy, `lists/NAME.csv` the plate list whose file is called `NAME.csv`, and `profiles/NAME.toml` the profile
//! of every gate whose file is called `NAME.toml`. What a policy does not hold stays as the configuration has it;
//! documents that nothing here asks for belong to other nodes.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use access::AccessPolicy;
use domain::{GateId, Problems};
use gate::GateProfile;
use wire::policy::Bundle;

use crate::config::NodeConfig;
use crate::config::lanes::disagreements;
use crate::plates::list::PlateList;
use crate::watch::one_line;

/// Most mistakes of a document whose places are told; a reason is short, and the first ones say enough.
const PLACES_MAX: usize = 5;

/// One gate with its profile.
#[derive(Debug, Clone)]
pub struct GateRules {
    /// The gate.
    pub gate: GateId,
    /// The text of its profile, which goes into the observation log.
    pub text: String,
    /// What was read from it.
    pub profile: GateProfile,
}

/// What the node works by, checked as a whole.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Who may pass; nothing where the node has no lanes.
    pub access: Option<Arc<AccessPolicy>>,
    /// Lists that plates are held against.
    pub lists: Vec<PlateList>,
    /// The gates.
    pub gates: Vec<GateRules>,
}

impl Rules {
    /// Those of the configuration alone.
    pub fn of_config(config: &NodeConfig) -> Self {
        let rules = |gate: &crate::config::GateConfig| GateRules {
            gate: gate.id.clone(),
            text: gate.profile_text.clone(),
            profile: gate.profile.clone(),
        };
        Self {
            access: config.access.as_ref().map(|access| Arc::clone(&access.policy)),
            lists: config.plate_lists.iter().map(|one| one.list.clone()).collect(),
            gates: config.gates.iter().map(rules).collect(),
        }
    }

    /// Those of the configuration with what `bundle` replaces. Everything is read and checked before anything is given;
    /// the reason names documents and places and no plate, because it travels unencrypted.
    pub fn of_bundle(bundle: &Bundle, config: &NodeConfig) -> Result<Self, String> {
        let mut rules = Self::of_config(config);
        if let (Some(text), Some(_)) = (bundle.text("access.toml"), &config.access) {
            let list = |name: &str| {
                bundle.text(name).map(str::to_owned).ok_or_else(|| "the policy has no such document".to_owned())
            };
            let policy = AccessPolicy::parse(text, list).map_err(|problems| mistakes("access.toml", &problems))?;
            if let Some(problem) = disagreements(&policy, &config.lanes).first() {
                let lane = &config.lanes[problem.lane].id;
                return Err(format!("access.toml does not fit lane \"{lane}\" of this node: {}", problem.message));
            }
            rules.access = Some(Arc::new(policy));
        }
        for (one, list) in config.plate_lists.iter().zip(&mut rules.lists) {
            let path = format!("lists/{}", one.file);
            if let Some(text) = bundle.text(&path) {
                *list = PlateList::read(text.as_bytes(), &path, one.list.name.clone(), one.list.purpose).map_err(
                    |error| {
                        tracing::debug!(error = one_line(&error), "a list of the policy cannot be used");
                        error.without_plates()
                    },
                )?;
            }
        }
        for (gate, rules) in config.gates.iter().zip(&mut rules.gates) {
            let path = format!("profiles/{}", gate.file);
            if let Some(text) = bundle.text(&path) {
                rules.profile = GateProfile::parse(text).map_err(|problems| mistakes(&path, &problems))?;
                text.clone_into(&mut rules.text);
                let gone = config.lanes.iter().filter_map(|lane| lane.passage.as_ref()).find(|passage| {
                    passage.gate == gate.id && !rules.profile.lines.iter().any(|line| line.id == passage.line)
                });
                if let Some(passage) = gone {
                    return Err(format!("{path} has no line \"{}\", which a lane of this node needs", passage.line));
                }
            }
        }
        Ok(rules)
    }
}

fn mistakes(document: &str, problems: &Problems) -> String {
    let all = problems.as_slice();
    tracing::debug!(document, %problems, "a document of the policy cannot be used");
    let places: Vec<_> = all.iter().take(PLACES_MAX).map(|problem| problem.path.as_str()).collect();
    let more = if all.len() > PLACES_MAX { ", …" } else { "" };
    format!("{document} has {} mistakes, at {}{more}", all.len(), places.join(", "))
}

/// The rules in force, for everybody who works by them.
#[derive(Debug)]
pub struct RulesInForce {
    rules: Mutex<Arc<Rules>>,
    /// Rises with each change, so that whoever looks at every frame need not lock.
    version: AtomicU64,
}

impl RulesInForce {
    /// Begins with these.
    pub fn new(rules: Rules) -> Self {
        Self { rules: Mutex::new(Arc::new(rules)), version: AtomicU64::new(0) }
    }

    /// Puts others in force.
    pub fn replace(&self, rules: Rules) {
        *self.rules.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(rules);
        self.version.fetch_add(1, Ordering::Release);
    }

    /// How often they have changed.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Those in force.
    pub fn now(&self) -> Arc<Rules> {
        Arc::clone(&self.rules.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
