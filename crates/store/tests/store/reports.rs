//! Reports, and which are made by themselves.

use domain::SiteId;
use store::{ReportDocument, ReportRow, ReportScheduleRow, ReportScope};

use crate::support::{Home, at, on_both};

fn report(id: &str, schedule: Option<&str>, second: i64) -> ReportRow {
    ReportRow {
        id: id.to_owned(),
        kind: "day".to_owned(),
        site: None,
        from_minute: 0,
        to_minute: 1_440,
        data_until: at(second),
        made_by: String::new(),
        schedule: schedule.map(str::to_owned),
    }
}

on_both! {
    async fn what_is_scheduled_is_made_once_and_not_again_when_it_was_deleted(home: Home) {
        let store = home.open().await;
        let documents = [ReportDocument::new("vi", "pdf", b"%PDF".to_vec())];
        assert!(!store.report_is_settled("day/0/").await.unwrap());
        assert!(store.report_insert(&report("a", Some("day/0/"), 1), &documents).await.unwrap());
        assert!(!store.report_insert(&report("b", Some("day/0/"), 2), &documents).await.unwrap());
        assert!(store.report_insert(&report("by-hand", None, 3), &documents).await.unwrap());
        assert!(store.report_is_settled("day/0/").await.unwrap());
        for (id, was_there) in [("a", true), ("a", false), ("by-hand", true)] {
            assert_eq!(store.report_delete(id, at(4)).await.unwrap(), was_there, "{id}");
        }
        assert!(store.reports(None, None, 10).await.unwrap().is_empty());
        assert!(store.report_document("a", "vi", "pdf").await.unwrap().is_none());
        assert!(store.report_is_settled("day/0/").await.unwrap(), "it is not wanted again");
        assert!(!store.report_is_settled("day/1440/").await.unwrap());
    }

    async fn a_schedule_bears_the_first_name_and_ends_alone(home: Home) {
        let store = home.open().await;
        let row = |scope, set_by: &str, second| ReportScheduleRow {
            kind: "week".to_owned(),
            scope,
            set_by: set_by.to_owned(),
            set_at: at(second),
        };
        let site = ReportScope::Site(SiteId::new("den-hung").unwrap());
        let rows = [row(ReportScope::All, "lan", 1), row(ReportScope::Each, "lan", 2), row(site.clone(), "minh", 3)];
        for row in &rows {
            assert!(store.report_schedule_add(row).await.unwrap());
        }
        assert!(!store.report_schedule_add(&row(ReportScope::All, "minh", 9)).await.unwrap());
        assert_eq!(store.report_schedules().await.unwrap(), rows);
        assert!(!store.report_schedule_delete("day", &site).await.unwrap());
        assert!(store.report_schedule_delete("week", &ReportScope::Each).await.unwrap());
        assert_eq!(store.report_schedules().await.unwrap(), [rows[0].clone(), rows[2].clone()]);
        let unknown = ReportScheduleRow { kind: "quarter".to_owned(), ..row(ReportScope::All, "lan", 1) };
        assert!(store.report_schedule_add(&unknown).await.is_err(), "the database itself refuses it");
    }
}
