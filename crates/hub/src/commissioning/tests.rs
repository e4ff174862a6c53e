use domain::{ClockQuality, SiteId};
use store::{CommissioningOutcome, NodeHealthRow, NodeStatusRow, RegisteredNode};
use wire::{Ack, EventHash, NodeHealth, NodeKey, PictureQuality, PlateQuality, Trouble};

use super::*;

/// A node that nobody has heard of yet.
fn unheard() -> NodeRow {
    let node = RegisteredNode {
        site: SiteId::new("s").expect("a slug"),
        node: "n".parse().expect("a slug"),
        key: NodeKey::from_seed([1; 32]).public(),
        added_at: UtcTime::UNIX_EPOCH,
        added_by: "tests".to_owned(),
    };
    NodeRow {
        node,
        head: Ack { committed_seq: 0, committed_hash: EventHash::GENESIS, highest_seq: 0 },
        status: None,
        seen: None,
        start: None,
        jump: None,
        cameras: Vec::new(),
        alarms_open: 0,
        policy: None,
        health: None,
        marks: Vec::new(),
        policy_wanted: None,
    }
}

fn good_camera() -> CameraHealth {
    CameraHealth {
        camera: "cam-1".parse().expect("a slug"),
        width_px: 1920,
        height_px: 1080,
        last_frame_ms: Some(60),
        picture: Some(PictureQuality {
            brightness: 110.0,
            burnt: 0.01,
            sharpness: 480.0,
            sharpness_reference: Some(500.0),
            moved: Some(0.02),
            reference_at: Some(UtcTime::UNIX_EPOCH),
        }),
        plates: Some(PlateQuality { width_px: Some(140), height_px: Some(38), came: 50, read: 48 }),
    }
}

/// One of which everything is well that is measured.
fn good() -> NodeRow {
    let clock = ClockQuality { source: ClockSource::Synchronised, offset_ms: 3, uncertainty_ms: Some(9) };
    let health =
        NodeHealth { disk_free_bytes: Some(80_000_000_000), cameras: vec![good_camera()], ..NodeHealth::default() };
    NodeRow {
        head: Ack { committed_seq: 9, committed_hash: EventHash::GENESIS, highest_seq: 9 },
        status: Some(NodeStatusRow {
            state: NodeState::Online,
            version: "1".to_owned(),
            at: None,
            backlog: Some(2),
            clock: Some(clock),
            received_at: UtcTime::UNIX_EPOCH,
        }),
        health: Some(NodeHealthRow { health, received_at: UtcTime::UNIX_EPOCH }),
        ..unheard()
    }
}

fn standing(node: &NodeRow, step: Step) -> Standing {
    checklist(node).into_iter().find(|one| one.step == step).expect("the step").standing
}

#[test]
fn of_a_node_that_nobody_has_heard_of_everything_is_open_but_the_policy_that_nobody_wants() {
    let node = unheard();
    for one in checklist(&node) {
        let wanted = if one.step == Step::Policy { Standing::Good } else { Standing::Open };
        assert_eq!(one.standing, wanted, "{:?}", one.step);
    }
    assert_eq!(handed_over(&node), None);
}

#[test]
fn what_is_measured_is_well_and_what_people_see_stays_open_until_they_say_so() {
    let mut node = good();
    for one in checklist(&node) {
        let wanted = if one.step.is_by_person() { Standing::Open } else { Standing::Good };
        assert_eq!(one.standing, wanted, "{:?}", one.step);
    }
    let mark = |step: Step| CommissioningMark {
        node: node.node.node.clone(),
        step: step.as_str().to_owned(),
        outcome: CommissioningOutcome::NotApplicable,
        note: "no barrier here".to_owned(),
        by: "Lan".to_owned(),
        at: UtcTime::UNIX_EPOCH,
    };
    node.marks = vec![mark(Step::Barrier), mark(Step::HandOver)];
    assert_eq!(standing(&node, Step::Barrier), Standing::Good);
    assert_eq!(standing(&node, Step::Aim), Standing::Open);
    assert_eq!(handed_over(&node), Some(("Lan", UtcTime::UNIX_EPOCH)));
}

#[test]
fn each_fault_of_a_camera_turns_its_own_step_and_no_other() {
    let turned = |change: fn(&mut CameraHealth), problem: Option<&str>| {
        let mut node = good();
        let health = &mut node.health.as_mut().expect("health").health;
        change(&mut health.cameras[0]);
        health.troubles = problem
            .map(|problem| Trouble { problem: problem.to_owned(), of: Some("cam-1".to_owned()), detail: String::new() })
            .into_iter()
            .collect();
        let steps = checklist(&node);
        let unwell = steps.iter().filter(|one| !one.step.is_by_person() && one.standing != Standing::Good);
        unwell.map(|one| (one.step, one.standing)).collect::<Vec<_>>()
    };
    let (bad, open) = (Standing::Bad, Standing::Open);
    assert_eq!(turned(|_| {}, None), []);
    assert_eq!(turned(|camera| camera.last_frame_ms = Some(9_000), None), [(Step::Picture, bad)]);
    assert_eq!(turned(|camera| camera.last_frame_ms = None, None), [(Step::Picture, bad)]);
    assert_eq!(turned(|_| {}, Some("camera_frozen")), [(Step::Picture, bad)]);
    assert_eq!(turned(|_| {}, Some("camera_dark")), [(Step::Light, bad)]);
    let burnt = |camera: &mut CameraHealth| camera.picture.as_mut().expect("a picture").burnt = 0.4;
    assert_eq!(turned(burnt, None), [(Step::Light, bad)]);
    assert_eq!(turned(|_| {}, Some("camera_moved")), [(Step::View, bad)]);
    let new = |camera: &mut CameraHealth| camera.picture.as_mut().expect("a picture").reference_at = None;
    assert_eq!(turned(new, None), [(Step::View, open)]);
    let plates = |width_px, came, read| PlateQuality { width_px, height_px: width_px, came, read };
    let mut camera = good_camera();
    for (own, wanted) in [
        (plates(Some(89), 50, 48), vec![(Step::PlateSize, bad)]),
        (plates(Some(90), 50, 39), vec![(Step::ReadRate, bad)]),
        (plates(Some(90), 19, 0), vec![(Step::ReadRate, open)]),
        (plates(None, 0, 0), vec![(Step::PlateSize, open), (Step::ReadRate, open)]),
    ] {
        camera.plates = Some(own);
        let unwell = camera_steps(&camera, |_| false).into_iter().filter(|one| one.standing != Standing::Good);
        assert_eq!(unwell.map(|one| (one.step, one.standing)).collect::<Vec<_>>(), wanted);
    }
    camera.plates = None;
    assert_eq!(camera_steps(&camera, |_| false).len(), 3, "nothing of plates where none are read");
}

#[test]
fn each_fault_of_the_node_turns_its_own_step() {
    let mut missing = good();
    missing.head.highest_seq = 12;
    assert_eq!(standing(&missing, Step::Delivery), Standing::Bad);
    let mut full = good();
    full.health.as_mut().expect("health").health.disk_free_bytes = Some(1_000);
    assert_eq!(standing(&full, Step::Disk), Standing::Bad);
    let mut late = good();
    late.status.as_mut().expect("a status").clock.as_mut().expect("a clock").offset_ms = -60_000;
    assert_eq!(standing(&late, Step::Clock), Standing::Bad);
    let mut offline = good();
    offline.status.as_mut().expect("a status").state = NodeState::Offline;
    assert_eq!(standing(&offline, Step::Online), Standing::Bad);
    let mut unruly = good();
    unruly.policy_wanted = Some(3);
    assert_eq!(standing(&unruly, Step::Policy), Standing::Open);
    unruly.policy = Some(store::NodePolicyRow { status: Default::default(), received_at: UtcTime::UNIX_EPOCH });
    assert_eq!(standing(&unruly, Step::Policy), Standing::Bad);
    let mut hot = good();
    let trouble = Trouble { problem: "hot".to_owned(), of: None, detail: "91 °C".to_owned() };
    hot.health.as_mut().expect("health").health.troubles = vec![trouble];
    assert_eq!(standing(&hot, Step::Machine), Standing::Bad);
    let alarmed = NodeRow { alarms_open: 1, ..good() };
    assert_eq!(standing(&alarmed, Step::Machine), Standing::Bad);
}
