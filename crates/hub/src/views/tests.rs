use super::*;
use crate::broker::BrokerConfig;
use crate::health::Health;

fn names() -> (SiteId, NodeId, CameraId) {
    ("s1".parse().expect("a slug"), "n1".parse().expect("a slug"), "cam-1".parse().expect("a slug"))
}

fn caller(name: &str) -> Asker {
    Asker::Account(name.to_owned())
}

/// Views of a hub whose messages go nowhere.
fn views(key: Option<ViewKey>) -> Views {
    let health = HealthBoard::new(Health { broker: true, ..Health::default() });
    let (_, link, _) = crate::link::connection(&BrokerConfig::new("127.0.0.1", 1), health.clone());
    Views::new(key, None, AskerId::from_random([1; 16]), link, health)
}

fn picture(at: i64, byte: u8) -> Picture {
    let captured_at = UtcTime::from_unix_micros(1_763_600_000_000_000 + at).expect("in range");
    Picture::new(Bytes::from(vec![byte; 8]), captured_at, Duration::from_millis(40))
}

#[tokio::test]
async fn only_the_newest_picture_is_held_and_only_while_somebody_looks() {
    let (site, node, camera) = names();
    let views = views(Some(ViewKey::from_seed([1; 32])));
    assert_eq!(views.show(&node, &camera, picture(1, 1)), Err(NotWanted), "nobody looks");
    let first = views.begin((&site, &node, &camera), caller("a")).expect("it begins");
    let second = views.begin((&site, &node, &camera), caller("b")).expect("it begins");
    for (at, byte) in [(1, 1), (3, 3), (2, 2)] {
        views.show(&node, &camera, picture(at, byte)).expect("somebody looks");
    }
    let held = first.news.borrow().picture.clone().expect("a picture");
    assert_eq!((held.jpeg[0], first.news.borrow().number), (3, 2), "an older one changes nothing");
    assert!(held.age() >= Duration::from_millis(40));
    let other: CameraId = "cam-2".parse().expect("a slug");
    assert_eq!(views.show(&node, &other, picture(9, 9)), Err(NotWanted), "another camera");
    drop(first);
    assert!(views.is_wanted(&node, &camera));
    drop(second);
    assert!(!views.is_wanted(&node, &camera) && views.0.watched().is_empty(), "nothing is left of it");
}

#[tokio::test]
async fn a_refusal_stands_until_the_next_picture() {
    let (site, node, camera) = names();
    let views = views(Some(ViewKey::from_seed([1; 32])));
    let viewing = views.begin((&site, &node, &camera), caller("a")).expect("it begins");
    views.refuse(&node, &camera, ViewRefusal::NoPicture).expect("somebody looks");
    assert_eq!(viewing.news.borrow().refusal, Some(ViewRefusal::NoPicture));
    views.show(&node, &camera, picture(1, 1)).expect("somebody looks");
    assert_eq!(viewing.news.borrow().refusal, None);
}

#[tokio::test]
async fn cameras_and_views_are_bounded_and_beginnings_are_not_too_often() {
    let (site, node, _) = names();
    let views = views(Some(ViewKey::from_seed([1; 32])));
    let begin = |number: usize, who: &str| {
        let camera: CameraId = format!("cam-{number}").parse().expect("a slug");
        views.begin((&site, &node, &camera), caller(who))
    };
    let held: Vec<_> = (0..CAMERAS_MAX).map(|n| begin(n, &format!("a{n}")).expect("there is room")).collect();
    assert_eq!(begin(CAMERAS_MAX, "b").err(), Some(NotBegun::TooMany));
    begin(0, "b").expect("a camera that is looked through already takes no more room");
    drop(held);
    let refused = (0..100).find_map(|n| begin(n, "c").err());
    assert!(matches!(refused, Some(NotBegun::TooOften(_))), "{refused:?}");

    let mut own: Vec<_> = (0..LIVE_OF_ONE_MAX).map(|_| views.live("a".to_owned()).expect("there is room")).collect();
    assert_eq!(views.live("a".to_owned()).err(), Some(NotBegun::TooMany));
    own.pop();
    own.push(views.live("a".to_owned()).expect("one has left"));
    let others = (0..LIVE_MAX).map_while(|n| views.live(format!("o{n}")).ok()).collect::<Vec<_>>();
    assert_eq!(own.len() + others.len(), LIVE_MAX);
    drop((own, others));
    assert!(views.0.live().is_empty(), "nobody is remembered");
}

#[tokio::test]
async fn without_a_key_or_a_broker_nobody_begins() {
    let (site, node, camera) = names();
    let without = views(None).begin((&site, &node, &camera), caller("a")).err();
    assert_eq!(without, Some(NotBegun::NoKey));
    let views = views(Some(ViewKey::from_seed([1; 32])));
    views.0.health.set(|health| health.broker = false);
    assert_eq!(views.begin((&site, &node, &camera), caller("a")).err(), Some(NotBegun::NoBroker));
}
