//! What a site allows: zones, lanes, categories, times, who is on its lists and who is denied. Checked when it is read.

mod find;
mod holders;
mod read;
mod table;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use domain::{Direction, Problems, UtcTime, ZoneId};
use serde::Deserialize;
use vnplate::Key;

use crate::cccd::IdDigest;
use crate::credential::Method;
use crate::id::{CardKey, CategoryId, HolderId, LaneId, PassId, RuleId, ScheduleId};
use crate::lane::BarrierSettings;
use crate::schedule::When;

pub use find::{Differing, Lookalike};

/// Version of the policy format that this code reads.
pub const POLICY_VERSION: u32 = 1;
/// Most zones, lanes, categories, schedules or holiday lists of a policy, each.
pub const ENTRIES_MAX: usize = 64;
/// Most holders of a policy.
pub const HOLDERS_MAX: usize = 100_000;
/// Most denied things of a policy.
pub const DENIED_MAX: usize = 100_000;
/// Most plates, passes, cards, zones or drivers of one holder, each.
pub const HOLDER_ITEMS_MAX: usize = 32;

/// A site's rules and lists, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct AccessPolicy {
    pub(crate) zones: BTreeMap<ZoneId, Zone>,
    pub(crate) lanes: BTreeMap<LaneId, LanePolicy>,
    pub(crate) categories: BTreeMap<CategoryId, Category>,
    pub(crate) schedules: BTreeMap<ScheduleId, When>,
    pub(crate) holders: Vec<Holder>,
    pub(crate) denied: Vec<Denied>,
    index: Index,
}

/// Where to find a holder or a denial by what was shown.
#[derive(Debug, Clone, PartialEq, Default)]
struct Index {
    holders: HashMap<HolderId, usize>,
    plates: HashMap<Key, usize>,
    passes: HashMap<PassId, usize>,
    cards: HashMap<CardKey, usize>,
    citizens: HashMap<IdDigest, usize>,
    denied: HashMap<DeniedThing, Vec<usize>>,
}

/// A part of the site that one enters and leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Most that may be in it, and who is counted.
    pub occupancy: Option<OccupancyLimit>,
    /// What happens when somebody is not where he should be.
    pub anti_passback: AntiPassback,
}

/// Most that may be in a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OccupancyLimit {
    /// How many.
    pub max: u32,
    /// Of whom.
    pub of: Counted,
}

/// Who is counted in a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Counted {
    /// Persons and vehicles.
    All,
    /// Persons.
    Person,
    /// Vehicles.
    Vehicle,
}

impl Counted {
    /// Whether one of this kind is counted.
    #[must_use]
    pub const fn counts(self, kind: HolderKind) -> bool {
        match (self, kind) {
            (Self::All, _) | (Self::Person, HolderKind::Person) | (Self::Vehicle, HolderKind::Vehicle) => true,
            (Self::Person, HolderKind::Vehicle) | (Self::Vehicle, HolderKind::Person) => false,
        }
    }
}

/// Whether a credential may be used twice in the same direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AntiPassback {
    /// Nobody looks.
    Off,
    /// It is noted in the decision, which stands.
    Soft,
    /// It is denied.
    Hard,
    /// Nobody comes in again so soon after coming in.
    Timed(Duration),
}

/// A way through a barrier or a door, in one direction.
#[derive(Debug, Clone, PartialEq)]
pub struct LanePolicy {
    /// Its name.
    pub id: LaneId,
    /// Into the site or out of it.
    pub direction: Direction,
    /// The zone that one comes from; nothing for outside.
    pub from: Option<ZoneId>,
    /// The zone that one goes to; nothing for outside.
    pub to: Option<ZoneId>,
    /// What may be shown here.
    pub methods: Vec<Method>,
    /// Who may pass, and when.
    pub rules: Vec<Rule>,
    /// Whether two different methods are needed: plate and card, plate and pass.
    pub second_factor: Demand,
    /// Whether two persons are needed.
    pub two_person: Demand,
    /// How long the second factor or the second person may take.
    pub pair_within: Duration,
    /// Who needs an escort.
    pub escort: Option<Escort>,
    /// A plate that was read with less confidence goes to the guard.
    pub confidence_min: f32,
    /// How long after the credential was seen the decision may still open.
    pub deadline: Duration,
    /// How long a permit waits for the passage.
    pub permit_for: Duration,
    /// What tells that somebody went through.
    pub sensor: PassageSensor,
    /// How the barrier or door behaves.
    pub barrier: BarrierSettings,
}

/// Whether a lane asks for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Demand {
    /// No.
    None,
    /// Yes.
    Required,
}

/// What tells that somebody went through a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PassageSensor {
    /// A loop, a light barrier or a camera: the caller reports each passage.
    Present,
    /// Nothing: a permit counts as a passage.
    Absent,
}

/// Who may pass a lane, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its name, which the permit carries.
    pub id: RuleId,
    /// For whom.
    pub categories: Vec<CategoryId>,
    /// When.
    pub schedule: ScheduleId,
}

/// Who needs an escort, and whose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escort {
    /// Who needs one.
    pub of: Vec<CategoryId>,
    /// Who can be one.
    pub by: Vec<CategoryId>,
    /// How long apart the two may be.
    pub within: Duration,
}

/// A sort of holders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Category {
    /// The zones that it may enter, unless a holder's own say otherwise.
    pub zones: Vec<ZoneId>,
    /// Whether each of its holders needs an end of validity.
    pub window: Demand,
}

/// Person or vehicle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HolderKind {
    /// A person.
    Person,
    /// A vehicle.
    Vehicle,
}

/// From when until when; this last moment is not in it. An end that is absent is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// The first moment.
    pub from: Option<UtcTime>,
    /// The moment after the last.
    pub to: Option<UtcTime>,
}

impl Window {
    /// Whether it needs no clock.
    #[must_use]
    pub const fn is_always(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    /// Whether the moment is before it.
    #[must_use]
    pub fn is_ahead(&self, at: UtcTime) -> bool {
        self.from.is_some_and(|from| at < from)
    }

    /// Whether the moment is after it.
    #[must_use]
    pub fn is_over(&self, at: UtcTime) -> bool {
        self.to.is_some_and(|to| at >= to)
    }
}

/// Somebody or something on the lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The name by which decisions call him.
    pub id: HolderId,
    /// The name by which people call him.
    pub name: String,
    /// Person or vehicle.
    pub kind: HolderKind,
    /// His category.
    pub category: CategoryId,
    /// His plates.
    pub plates: Vec<Key>,
    /// His passes.
    pub passes: Vec<PassId>,
    /// His cards.
    pub cards: Vec<CardKey>,
    /// His citizen card, as a digest.
    pub citizen_card: Option<IdDigest>,
    /// When he may pass at all.
    pub valid: Window,
    /// The zones that he may enter, where they differ from his category's.
    pub zones: Option<Vec<ZoneId>>,
    /// Of a vehicle: whose card or pass completes its plate.
    pub drivers: Vec<HolderId>,
    /// What the guard should know.
    pub note: String,
}

/// What a denial names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DeniedThing {
    /// A plate.
    Plate(Key),
    /// A holder.
    Holder(HolderId),
    /// A pass.
    Pass(PassId),
    /// A card.
    Card(CardKey),
    /// Everybody of a category.
    Category(CategoryId),
}

/// Somebody or something that must not pass. It beats every grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// Who or what.
    pub thing: DeniedThing,
    /// Why, for the guard.
    pub reason: String,
    /// When.
    pub valid: Window,
}

impl AccessPolicy {
    /// Reads a policy from TOML. `list` gives the text of a list that the policy names, or says why it cannot. Every
    /// mistake is reported at once, those in lists with their line, such as `holders.csv:12`.
    ///
    /// # Errors
    /// Every mistake in the policy and its lists.
    pub fn parse(text: &str, list: impl Fn(&str) -> Result<String, String>) -> Result<Self, Problems> {
        read::parse(text, &list)
    }

    fn assemble(mut self) -> Self {
        let mut index = Index::default();
        for (at, holder) in self.holders.iter().enumerate() {
            index.holders.insert(holder.id.clone(), at);
            index.plates.extend(holder.plates.iter().map(|key| (*key, at)));
            index.passes.extend(holder.passes.iter().map(|pass| (pass.clone(), at)));
            index.cards.extend(holder.cards.iter().map(|card| (card.clone(), at)));
            index.citizens.extend(holder.citizen_card.map(|digest| (digest, at)));
        }
        for (at, denied) in self.denied.iter().enumerate() {
            index.denied.entry(denied.thing.clone()).or_default().push(at);
        }
        self.index = index;
        self
    }

    /// The lanes, by name.
    pub fn lanes(&self) -> impl Iterator<Item = &LanePolicy> {
        self.lanes.values()
    }

    /// A lane.
    #[must_use]
    pub fn lane(&self, id: &LaneId) -> Option<&LanePolicy> {
        self.lanes.get(id)
    }

    /// The zones, by name.
    pub fn zones(&self) -> impl Iterator<Item = (&ZoneId, &Zone)> {
        self.zones.iter()
    }

    /// Who is on the lists, in their order.
    #[must_use]
    pub fn holders(&self) -> &[Holder] {
        &self.holders
    }

    /// Somebody on the lists.
    #[must_use]
    pub fn holder(&self, id: &HolderId) -> Option<&Holder> {
        self.index.holders.get(id).map(|at| &self.holders[*at])
    }

    pub(crate) fn anti_passback(&self, zone: Option<&ZoneId>) -> AntiPassback {
        zone.and_then(|zone| self.zones.get(zone)).map_or(AntiPassback::Off, |zone| zone.anti_passback)
    }
}
