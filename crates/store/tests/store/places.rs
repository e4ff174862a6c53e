//! Where sites and gates are.

use domain::{GateId, SiteId};
use store::GatePlace;

use crate::support::{Home, at, on_both};

fn gate(name: &str, at: Option<(f64, f64)>, person_max: Option<u64>) -> GatePlace {
    GatePlace { gate: GateId::new(name).unwrap(), at, person_max, vehicle_max: None }
}

on_both! {
    async fn a_site_is_put_on_the_map_moved_and_taken_off(home: Home) {
        let store = home.open().await;
        let site = SiteId::new("den-hung").unwrap();
        store.site_place_set(&site, Some((21.37, 105.32)), "an", at(1)).await.unwrap();
        store.site_place_set(&site, Some((21.3676, 105.3214)), "binh", at(2)).await.unwrap();
        let places = store.site_places().await.unwrap();
        assert_eq!(places.len(), 1);
        assert_eq!((places[0].latitude, places[0].longitude), (21.3676, 105.3214));
        store.site_place_set(&site, None, "an", at(3)).await.unwrap();
        assert!(store.site_places().await.unwrap().is_empty());
        let off = store.site_place_set(&site, Some((91.0, 0.0)), "an", at(4)).await;
        assert!(off.is_err(), "the database itself refuses what is not on the earth");
    }

    async fn gates_stand_on_a_plan_until_it_is_taken_away_and_limits_stay(home: Home) {
        let store = home.open().await;
        let (site, other) = (SiteId::new("den-hung").unwrap(), SiteId::new("cho").unwrap());
        assert!(!store.site_plan_delete(&site).await.unwrap());
        store.site_plan_set(&site, "image/png", (640, 480), vec![1, 2, 3], "an", at(1)).await.unwrap();
        store.site_plan_set(&site, "image/webp", (800, 600), vec![4, 5], "binh", at(2)).await.unwrap();
        let (plan, bytes) = store.site_plan(&site).await.unwrap().unwrap();
        assert_eq!((bytes.as_slice(), plan.width_px, plan.changed_by.as_str()), ([4, 5].as_slice(), 800, "binh"));
        assert_eq!(store.site_plans().await.unwrap(), [plan]);
        assert!(store.site_plan(&other).await.unwrap().is_none());

        let placed = [gate("east", Some((0.25, 1.0)), Some(300)), gate("west", None, None)];
        store.gate_places_set(&site, &placed).await.unwrap();
        store.gate_places_set(&other, &[gate("east", Some((0.5, 0.5)), None)]).await.unwrap();
        let held = store.gate_places().await.unwrap();
        assert_eq!(held.iter().filter(|(of, _)| *of == site).map(|(_, one)| one.clone()).collect::<Vec<_>>(), placed);
        store.gate_places_set(&site, &placed[..1]).await.unwrap();
        assert!(store.site_plan_delete(&site).await.unwrap());
        let held = store.gate_places().await.unwrap();
        assert_eq!(held.len(), 2, "another site's stay, and what is no longer said is gone");
        assert!(held.iter().any(|(of, one)| *of == site && *one == gate("east", None, Some(300))), "{held:?}");
        assert!(held.iter().any(|(of, one)| *of == other && one.at.is_some()), "{held:?}");
    }
}
