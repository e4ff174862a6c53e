//! What only shows when everything was read: names that nobody gave, and holders whom no rule can ever let in.

use domain::Problems;

use super::{Draft, first_twin, known};
use crate::policy::{Demand, DeniedThing, HolderKind};

impl Draft {
    /// Notes what does not fit together.
    pub(super) fn check(&self, problems: &mut Problems) {
        let named = &self.named;
        for (path, id) in first_twin(&self.lanes) {
            problems.note(path, format!("lane \"{id}\" is given twice"));
        }
        for (path, lane) in &self.lanes {
            known("zone", lane.from.iter().chain(&lane.to), &named.zones, path, problems);
            for rule in &lane.rules {
                known("category", &rule.categories, &named.categories, path, problems);
                known("schedule", [&rule.schedule], &named.schedules, path, problems);
            }
            if let Some(escort) = &lane.escort {
                known("category", escort.of.iter().chain(&escort.by), &named.categories, path, problems);
            }
        }
        for (id, category) in &self.categories {
            known("zone", &category.zones, &named.zones, &format!("category \"{id}\""), problems);
        }
        for (path, denied) in &self.denied {
            if let DeniedThing::Category(category) = &denied.thing {
                known("category", [category], &named.categories, path, problems);
            }
        }
        self.check_holders(problems);
    }

    fn check_holders(&self, problems: &mut Problems) {
        let kinds: std::collections::HashMap<_, _> =
            self.holders.iter().map(|(_, holder)| (&holder.id, holder.kind)).collect();
        for (path, holder) in &self.holders {
            known("category", [&holder.category], &self.named.categories, path, problems);
            known("zone", holder.zones.iter().flatten(), &self.named.zones, path, problems);
            let needs_end = self.categories.get(&holder.category).map(|category| category.window);
            if needs_end == Some(Demand::Required) && holder.valid.to.is_none() {
                problems.note(path, format!("valid_to: every {} needs an end of validity", holder.category));
            }
            for driver in &holder.drivers {
                match kinds.get(driver) {
                    Some(HolderKind::Person) => {}
                    Some(HolderKind::Vehicle) => {
                        problems.note(path, format!("drivers: \"{driver}\" is a vehicle, not a person"));
                    }
                    None => problems.note(path, format!("drivers: no holder \"{driver}\"")),
                }
            }
        }
    }
}
