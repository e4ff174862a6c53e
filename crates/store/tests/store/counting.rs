//! How many are inside, corrections, reset times, audited hours and incidents.

use domain::{CountGroup, Direction, GateId, LineId, ObjectClass, SiteId, UtcTime};
use projections::{AuditedHour, BaseKind};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use store::{Area, AuditFilter, LedgerError, ListFilter, Message, NewAudit, NewCorrection, NewReset, Sites, Store};
use wire::Payload;

use crate::support::{Home, Node, at, incident, ingest, on_both, passed};

/// Seconds after [`at`]'s start, 08:30 in Vietnam; all of a day, so that the clock of the tests is ahead of them.
const NOW: i64 = 7_200;

fn site() -> SiteId {
    SiteId::new("cao-nguyen").unwrap()
}

fn gate() -> Area {
    Area { site: site(), gate: Some(GateId::new("cong-chinh").unwrap()) }
}

fn whole_site() -> Area {
    Area { site: site(), gate: None }
}

fn person(direction: Direction, second: u64) -> Payload {
    passed(direction, ObjectClass::Person, second)
}

fn at_gate(payload: Payload, gate: &str) -> Payload {
    let Payload::Passed(mut passed) = payload else { panic!("a passage") };
    passed.what.gate = GateId::new(gate).unwrap();
    Payload::Passed(passed)
}

fn correction(area: Area, count: u64, second: i64) -> NewCorrection {
    NewCorrection {
        area,
        group: CountGroup::Person,
        count,
        at: at(second),
        by: "Trần Thị B".to_owned(),
        reason: "đếm lại ở bãi".to_owned(),
    }
}

/// How many persons are inside, and how many of those who left are unexplained.
async fn persons(store: &Store, area: &Area, now: UtcTime) -> (u64, u64) {
    let rows = store.insides(area, now).await.unwrap();
    let row = rows.iter().find(|row| row.group == CountGroup::Person).unwrap();
    (row.inside.count, row.inside.unexplained)
}

async fn told(store: &Store, node: &mut Node, payloads: Vec<Payload>) {
    let messages: Vec<Message> = payloads.into_iter().map(|payload| node.says(payload)).collect();
    ingest(store, messages).await;
}

fn audit(hour: i64, counted: u64) -> NewAudit {
    NewAudit {
        site: site(),
        gate: GateId::new("cong-chinh").unwrap(),
        line: LineId::new("vach-1").unwrap(),
        direction: Direction::In,
        group: None,
        hour: at(hour),
        counted,
        by: "Phạm D".to_owned(),
        note: String::new(),
    }
}

/// One step of a day: at most one passage in a minute, so that their order is known, and corrections between minutes.
#[derive(Debug, Clone, Copy)]
enum Step {
    Passage(Direction),
    Correction(u64),
    Nothing,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => any::<bool>().prop_map(|inward| Step::Passage(if inward { Direction::In } else { Direction::Out })),
        1 => (0u64..5).prop_map(Step::Correction),
        1 => Just(Step::Nothing),
    ]
}

/// In whatever order passages and corrections come, those inside are whom a doorkeeper would have counted.
#[test]
fn inside_is_what_a_doorkeeper_counts_whatever_the_order_of_arrival() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let config = Config { cases: 24, max_shrink_iters: 100, failure_persistence: None, ..Config::default() };
    let days = prop::collection::vec(step(), 1..60).prop_flat_map(|steps| {
        let order = Vec::from_iter(0..steps.len());
        (Just(steps), Just(order).prop_shuffle())
    });
    TestRunner::new(config)
        .run(&days, |(steps, order)| {
            let (mut count, mut unexplained) = (0_u64, 0_u64);
            for step in &steps {
                match step {
                    Step::Passage(Direction::In) => count += 1,
                    Step::Passage(Direction::Out) if count == 0 => unexplained += 1,
                    Step::Passage(Direction::Out) => count -= 1,
                    Step::Correction(to) => (count, unexplained) = (*to, 0),
                    Step::Nothing => {}
                }
            }
            let shown = runtime.block_on(async {
                let home = Home::sqlite();
                let store = home.open().await;
                let mut node = Node::new("n1", 1).added_to(&store).await;
                // The gate must be known before anybody can correct its count.
                told(&store, &mut node, vec![incident(9, 0)]).await;
                for place in order {
                    let second = 60 * i64::try_from(place).unwrap();
                    match steps[place] {
                        Step::Passage(direction) => {
                            let second = u64::try_from(second).unwrap() + 10;
                            told(&store, &mut node, vec![person(direction, second)]).await;
                        }
                        Step::Correction(to) => {
                            store.correction_insert(&correction(gate(), to, second + 30), at(NOW)).await.unwrap();
                        }
                        Step::Nothing => {}
                    }
                }
                let live = persons(&store, &gate(), at(NOW)).await;
                store.rebuild().await.unwrap();
                assert_eq!(persons(&store, &gate(), at(NOW)).await, live);
                live
            });
            prop_assert_eq!(shown, (count, unexplained));
            Ok(())
        })
        .unwrap();
}

on_both! {
    async fn who_leaves_an_empty_gate_is_told_and_never_a_negative_number(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let passages = [(Direction::Out, 0), (Direction::Out, 60), (Direction::In, 120)];
        told(&store, &mut node, passages.map(|(direction, second)| person(direction, second)).into()).await;
        assert_eq!(persons(&store, &gate(), at(NOW)).await, (1, 2));
        let row = &store.gates(None, at(NOW)).await.unwrap()[0];
        assert_eq!(row.inside[0].inside.count, 1);
        assert_eq!(row.today.person.difference(), -1);
    }

    async fn a_correction_counts_from_its_moment_on_and_keeps_what_was_shown_before(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        // Two before the correction, one of them in its minute; three after it, one of them in its minute.
        let seconds = [30, 605, 650, 700, 800];
        told(&store, &mut node, seconds.map(|second| person(Direction::In, second)).into()).await;
        let row = store.correction_insert(&correction(gate(), 40, 630), at(NOW)).await.unwrap();
        // What was shown is counted by whole minutes: the one of 650 s is in it.
        assert_eq!((row.before, row.entered_at), (3, at(NOW)));
        assert_eq!(persons(&store, &gate(), at(NOW)).await, (43, 0));
        assert_eq!(persons(&store, &whole_site(), at(NOW)).await, (5, 0));
        // One that was on its way when the correction was made counts where it belongs.
        told(&store, &mut node, vec![person(Direction::In, 10), person(Direction::Out, 900)]).await;
        assert_eq!(persons(&store, &gate(), at(NOW)).await, (42, 0));
        let before = store.insides(&gate(), at(NOW)).await.unwrap();
        store.rebuild().await.unwrap();
        assert_eq!(store.insides(&gate(), at(NOW)).await.unwrap(), before);
        assert_eq!(before[0].base.kind, BaseKind::Correction);
        assert_eq!(before[0].correction.as_ref().map(|row| row.entry.by.as_str()), Some("Trần Thị B"));
        // The later entry of one moment counts.
        store.correction_insert(&correction(gate(), 7, 630), at(NOW)).await.unwrap();
        assert_eq!(persons(&store, &gate(), at(NOW)).await, (9, 0));
        let entries = store.corrections(&Some(site()).into(), 10).await.unwrap();
        assert_eq!(entries.iter().map(|row| row.entry.count).collect::<Vec<_>>(), [7, 40]);
    }

    async fn the_day_begins_at_the_reset_time_of_the_gate_or_of_its_site(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        // Persons come at 08:30, 08:50 and 09:10.
        told(&store, &mut node, [0, 1_200, 2_400].map(|second| person(Direction::In, second)).into()).await;
        assert_eq!(persons(&store, &gate(), at(NOW)).await, (3, 0));
        let reset = |area, time: &str| {
            let (time, by, reason) = (time.parse().unwrap(), "Lê C".to_owned(), "giờ mở cửa".to_owned());
            NewReset { area, time, by, reason }
        };
        store.reset_insert(&reset(whole_site(), "09:00"), at(NOW)).await.unwrap();
        assert_eq!(persons(&store, &gate(), at(NOW)).await, (1, 0));
        assert_eq!(persons(&store, &whole_site(), at(NOW)).await, (1, 0));
        store.reset_insert(&reset(gate(), "08:40"), at(NOW)).await.unwrap();
        assert_eq!(persons(&store, &gate(), at(NOW)).await, (2, 0));
        assert_eq!(persons(&store, &whole_site(), at(NOW)).await, (1, 0));
        // At the next reset nobody is inside, whatever was corrected before.
        store.correction_insert(&correction(gate(), 40, 3_000), at(NOW)).await.unwrap();
        assert_eq!(persons(&store, &gate(), at(NOW)).await, (40, 0));
        let tomorrow = at(24 * 3_600 + 600);
        assert_eq!(persons(&store, &gate(), tomorrow).await, (0, 0));
        let early = store.correction_insert(&correction(gate(), 4, 0), at(NOW)).await.expect_err("before 08:40");
        assert!(matches!(early, LedgerError::BeforeReset { .. }), "{early}");
        let times: Vec<_> = store.reset_times(at(NOW)).await.unwrap().into_iter().map(|time| time.to_string()).collect();
        assert_eq!(times, ["00:00", "08:40", "09:00"]);
    }

    async fn who_comes_by_one_gate_and_leaves_by_another_is_no_longer_at_the_site(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let other = at_gate(person(Direction::Out, 300), "cong-sau");
        told(&store, &mut node, vec![person(Direction::In, 60), person(Direction::In, 120), other]).await;
        assert_eq!(persons(&store, &gate(), at(NOW)).await, (2, 0));
        assert_eq!(persons(&store, &whole_site(), at(NOW)).await, (1, 0));
    }

    async fn many_areas_at_once_are_the_same_as_each_by_itself(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        let back = |payload| at_gate(payload, "cong-sau");
        let van = |direction, second| passed(direction, ObjectClass::Truck, second);
        told(&store, &mut node, vec![
            person(Direction::Out, 0),
            person(Direction::In, 60),
            van(Direction::In, 90),
            back(person(Direction::In, 120)),
            back(van(Direction::Out, 200)),
            back(van(Direction::In, 900)),
            at_gate(person(Direction::In, 1_300), "cong-bac"),
            at_gate(person(Direction::In, 1_900), "cong-bac"),
        ])
        .await;
        let named = |name: &str| Area { site: site(), gate: Some(GateId::new(name).unwrap()) };
        // Persons and vehicles of one gate begin at different minutes, another gate's day at another hour.
        store.correction_insert(&correction(named("cong-sau"), 5, 630), at(NOW)).await.unwrap();
        let (time, by, reason) = ("09:00".parse().unwrap(), "Lê C".to_owned(), "giờ mở cửa".to_owned());
        store.reset_insert(&NewReset { area: named("cong-bac"), time, by, reason }, at(NOW)).await.unwrap();
        let areas = [whole_site(), gate(), named("cong-sau"), named("cong-bac"), named("nobody-passed")];
        let together = store.insides_of(&areas, at(NOW)).await.unwrap();
        let counts: Vec<_> =
            together.iter().map(|rows| rows.each_ref().map(|row| (row.inside.count, row.inside.unexplained))).collect();
        assert_eq!(counts, [
            [(4, 1), (1, 0)], [(1, 1), (1, 0)], [(5, 0), (1, 1)], [(1, 0), (0, 0)], [(0, 0), (0, 0)]
        ]);
        for (area, rows) in std::iter::zip(&areas, together) {
            assert_eq!(store.insides(area, at(NOW)).await.unwrap(), rows, "{area}");
        }
        assert_eq!(store.insides_of(&[], at(NOW)).await.unwrap(), Vec::<[store::InsideRow; 2]>::new());
    }

    async fn an_entry_of_the_ledger_is_never_changed_or_deleted(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        told(&store, &mut node, vec![person(Direction::In, 0)]).await;
        store.correction_insert(&correction(gate(), 4, 60), at(NOW)).await.unwrap();
        for sql in ["update occupancy_correction set count = 9", "delete from occupancy_correction"] {
            let error = home.execute(sql).await.expect_err("it is refused").to_string();
            assert!(error.contains("enter another one"), "{error}");
        }
    }

    async fn a_mistaken_entry_is_refused_with_what_is_accepted(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        told(&store, &mut node, vec![person(Direction::In, 0)]).await;
        let area =
            |site: &str, gate: &str| Area { site: SiteId::new(site).unwrap(), gate: Some(GateId::new(gate).unwrap()) };
        let good = correction(gate(), 4, 60);
        for (entry, says) in [
            (NewCorrection { area: area("cao-nguyen", "cong-chin"), ..good.clone() }, "cong-chinh is accepted"),
            (NewCorrection { area: area("cao", "cong-chinh"), ..good.clone() }, "cao-nguyen is accepted"),
            (NewCorrection { by: " ".to_owned(), ..good.clone() }, "by: give 1 to 200"),
            (NewCorrection { reason: "a\nb".to_owned(), ..good.clone() }, "reason: give 1 to 200"),
            (NewCorrection { count: 1_000_001, ..good.clone() }, "to: 1000001 is too large"),
            (NewCorrection { at: at(NOW + 1), ..good.clone() }, "has not come yet"),
        ] {
            let error = store.correction_insert(&entry, at(NOW)).await.expect_err("a mistake").to_string();
            assert!(error.contains(says), "{error}");
        }
        assert_eq!(store.corrections(&Sites::All, 10).await.unwrap(), []);
    }

    async fn an_audited_hour_stands_beside_what_the_machine_counted_in_it(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        // 09:00 to 10:00 begins after 1,800 s. Of these, two are in the hour and go in.
        let passages = [(Direction::In, 1_799), (Direction::In, 1_800), (Direction::Out, 2_000), (Direction::In, 5_399)];
        told(&store, &mut node, passages.map(|(direction, second)| person(direction, second)).into()).await;
        store.audits_insert(&[audit(1_800, 3)], at(NOW)).await.unwrap();
        let counts = |rows: Vec<store::AuditRow>| rows.into_iter().map(|row| row.counts).collect::<Vec<_>>();
        let rows = store.audits(&AuditFilter::default()).await.unwrap();
        assert_eq!((rows[0].group, rows[0].hour), (CountGroup::Person, at(1_800)));
        assert_eq!(counts(rows), [AuditedHour { by_hand: 3, by_machine: 2 }]);
        // A passage that was still on its way, and an entry that puts another right.
        told(&store, &mut node, vec![person(Direction::In, 3_000)]).await;
        store.audits_insert(&[audit(1_800, 4)], at(NOW)).await.unwrap();
        let rows = store.audits(&AuditFilter { sites: Some(site()).into(), ..AuditFilter::default() }).await.unwrap();
        assert_eq!(counts(rows), [AuditedHour { by_hand: 4, by_machine: 3 }]);
        let later = AuditFilter { from: Some(at(1_801)), ..AuditFilter::default() };
        assert_eq!(store.audits(&later).await.unwrap(), []);
    }

    async fn audited_hours_are_entered_all_or_none_and_every_mistake_is_named(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        told(&store, &mut node, vec![person(Direction::In, 0), passed(Direction::In, ObjectClass::Car, 1)]).await;
        let group = Some(CountGroup::Person);
        let entries = [
            NewAudit { group, ..audit(1_800, 3) },
            audit(1_800, 3),
            NewAudit { line: LineId::new("vach-9").unwrap(), group, ..audit(1_800, 3) },
            NewAudit { group, ..audit(1_801, 3) },
            NewAudit { group, ..audit(5_400, 3) },
            NewAudit { group, gate: GateId::new("cong-phu").unwrap(), ..audit(1_800, 3) },
        ];
        let errors = store.audits_insert(&entries, at(NOW)).await.expect_err("five mistakes");
        let shown: Vec<_> = errors.0.iter().map(|(place, error)| format!("{place} {error}")).collect();
        for (shown, says) in shown.iter().zip([
            "1 group: line \"vach-1\" counts persons and vehicles",
            "2 line: \"vach-9\" is not known: vach-1 is accepted",
            "3 hour: 2026-11-20T02:00:01.000000Z is not the beginning of an hour",
            "4 hour: the hour from 2026-11-20T03:00:00.000000Z on is not over yet",
            "5 gate: \"cong-phu\" is not known: cong-chinh is accepted",
        ]) {
            assert!(shown.contains(says), "{shown}");
        }
        assert_eq!(shown.len(), 5, "{shown:?}");
        assert_eq!(store.audits(&AuditFilter::default()).await.unwrap(), []);
    }

    async fn incidents_are_listed_newest_first_and_by_kind(home: Home) {
        let store = home.open().await;
        let mut node = Node::new("n1", 1).added_to(&store).await;
        told(&store, &mut node, vec![incident(9, 60), incident(0, 120)]).await;
        let page = ListFilter { limit: 10, ..ListFilter::default() };
        let kinds =
            |rows: Vec<projections::IncidentRow>| rows.iter().map(|row| row.incident.what.as_str()).collect::<Vec<_>>();
        assert_eq!(kinds(store.incidents(&page, None).await.unwrap()), ["wrong_direction", "crowding_began"]);
        assert_eq!(kinds(store.incidents(&page, Some("crowding_began")).await.unwrap()), ["crowding_began"]);
        assert_eq!(store.gates(None, at(NOW)).await.unwrap()[0].cameras.len(), 1);
    }
}
