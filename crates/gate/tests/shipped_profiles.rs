//! Every profile in `pipelines/` is one that the code accepts, and each kind of place has one.

use std::path::Path;

use gate::{GateProfile, SiteKind};

#[test]
fn every_shipped_profile_is_good() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pipelines");
    let mut kinds = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("the folder of profiles") {
        let path = entry.expect("an entry").path();
        // A folder holds something else: the access policies.
        if path.is_dir() {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a readable profile");
        let profile = GateProfile::parse(&text).unwrap_or_else(|problems| panic!("{}: {problems}", path.display()));
        kinds.push(profile.kind);
    }
    for kind in [SiteKind::TouristSite, SiteKind::IndustrialPark, SiteKind::CoachStation, SiteKind::Junction] {
        assert!(kinds.contains(&kind), "no profile for {kind:?}");
    }
}
