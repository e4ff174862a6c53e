//! The audit log: only ever added to, and a changed row is found.

use store::{AuditHead, AuditLogFilter, AuditVerdict, LogActor, LogEntry, Store};

use crate::support::{Home, at};

fn entry(number: i64) -> LogEntry {
    LogEntry {
        at: at(number),
        actor: LogActor { kind: "account", id: format!("id-{}", number % 2), name: "lan".to_owned() },
        address: "203.0.113.9".to_owned(),
        action: if number % 2 == 0 { "GET /api/v1/plates".to_owned() } else { "session.opened".to_owned() },
        site: Some("cao-nguyen".parse().unwrap()),
        subject: format!("key=30A{number}%"),
        purpose: Some("tìm xe mất cắp".to_owned()),
        outcome: "200".to_owned(),
    }
}

async fn filled(home: &Home, rows: i64) -> Store {
    let store = home.open().await;
    for number in 1..=rows {
        store.audit_log_append(&[entry(number)]).await.unwrap();
    }
    store
}

fn newest(limit: u32) -> AuditLogFilter {
    AuditLogFilter { limit, ..AuditLogFilter::default() }
}

#[tokio::test]
async fn rows_follow_each_other_and_are_found_by_who_what_and_when() {
    let home = Home::sqlite();
    let store = filled(&home, 5).await;
    let seqs = async |filter: AuditLogFilter| -> Vec<u64> {
        store.audit_log(&filter).await.unwrap().iter().map(|row| row.seq).collect()
    };
    assert_eq!(seqs(newest(3)).await, [5, 4, 3]);
    assert_eq!(seqs(AuditLogFilter { before: Some(3), ..newest(9) }).await, [2, 1]);
    assert_eq!(seqs(AuditLogFilter { actor_id: Some("id-0".to_owned()), ..newest(9) }).await, [4, 2]);
    assert_eq!(seqs(AuditLogFilter { action: Some("session.".to_owned()), ..newest(9) }).await, [5, 3, 1]);
    assert_eq!(seqs(AuditLogFilter { subject: Some("30A3%".to_owned()), ..newest(9) }).await, [3], "no wildcard");
    assert_eq!(seqs(AuditLogFilter { from: Some(at(2)), to: Some(at(4)), ..newest(9) }).await, [3, 2]);
    let elsewhere = AuditLogFilter { site: Some("lang-son".parse().unwrap()), ..newest(9) };
    assert_eq!(seqs(elsewhere).await, [0; 0]);
    let row = store.audit_log(&newest(1)).await.unwrap().remove(0);
    assert_eq!((row.purpose.as_deref(), row.prev_hash.len()), (Some("tìm xe mất cắp"), 64));
    let verified = store.audit_log_verify(None).await.unwrap();
    assert_eq!((verified.rows, verified.verdict), (5, AuditVerdict::Whole));
    assert_eq!(verified.head, AuditHead { seq: 5, hash: row.hash });
}

#[tokio::test]
async fn the_database_itself_refuses_to_change_or_delete_a_row() {
    let home = Home::sqlite();
    drop(filled(&home, 2).await);
    let mut raw = home.sqlite_connection().await;
    for (statement, says) in [
        ("update audit_log set actor = 'somebody else'", "never changed"),
        ("delete from audit_log where seq = 2", "never deleted"),
        ("delete from audit_log_head", "one head"),
        ("update audit_log_head set seq = 1", "never gets shorter"),
    ] {
        let refused = sqlx::query(statement).execute(&mut raw).await.unwrap_err().to_string();
        assert!(refused.contains(says), "{statement}: {refused}");
    }
}

#[tokio::test]
async fn whoever_gets_around_that_is_found_out_by_the_first_row_that_is_wrong() {
    let drop_triggers = "drop trigger audit_log_is_not_changed; drop trigger audit_log_is_not_deleted; \
                         drop trigger audit_log_head_only_rises;";
    for (damage, broken, says) in [
        ("update audit_log set purpose = 'khác' where seq = 3", 3, "was changed"),
        ("update audit_log set site = null where seq = 4", 4, "was changed"),
        ("delete from audit_log where seq = 2", 2, "missing"),
        ("delete from audit_log where seq > 3", 4, "at the end are gone"),
        ("update audit_log set prev_hash = hash where seq = 5", 5, "does not follow"),
        (
            "delete from audit_log where seq = 5; update audit_log_head set seq = 4",
            4,
            "another than the one that the head names",
        ),
    ] {
        let home = Home::sqlite();
        drop(filled(&home, 5).await);
        let mut raw = home.sqlite_connection().await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("{drop_triggers} {damage}"))).execute(&mut raw).await.unwrap();
        drop(raw);
        let verified = home.open().await.audit_log_verify(None).await.unwrap();
        let AuditVerdict::Broken { seq, what } = verified.verdict else { panic!("{damage}: not found") };
        assert_eq!(seq, broken, "{damage}: {what}");
        assert!(what.contains(says), "{damage}: {what}");
    }
}

#[tokio::test]
async fn a_chain_that_was_made_anew_is_found_out_by_a_head_that_was_written_down() {
    let home = Home::sqlite();
    let known = filled(&home, 3).await.audit_log_head().await.unwrap();
    let known: AuditHead = known.to_string().parse().unwrap();
    let other = Home::sqlite();
    let store = filled(&other, 2).await;
    let gone = store.audit_log_verify(Some(&known)).await.unwrap().verdict;
    assert!(matches!(&gone, AuditVerdict::Broken { seq: 3, what } if what.contains("are gone")), "{gone:?}");
    store.audit_log_append(&[entry(7), entry(8)]).await.unwrap();
    let rewritten = store.audit_log_verify(Some(&known)).await.unwrap().verdict;
    assert!(matches!(&rewritten, AuditVerdict::Broken { seq: 3, what } if what.contains("rewritten")), "{rewritten:?}");
    let store = home.open().await;
    store.audit_log_append(&[entry(4)]).await.unwrap();
    assert_eq!(store.audit_log_verify(Some(&known)).await.unwrap().verdict, AuditVerdict::Whole);
    assert!("3:xyz".parse::<AuditHead>().is_err() && "no".parse::<AuditHead>().is_err());
}

#[tokio::test]
async fn many_writers_at_once_make_one_chain() {
    let home = Home::sqlite();
    let (one, other) = (home.open().await, Store::visit(home.db(), &home.blobs()).await.unwrap());
    let writers = (0..8).map(|writer| {
        let store = if writer % 2 == 0 { one.clone() } else { other.clone() };
        tokio::spawn(async move {
            for number in 0..10 {
                store.audit_log_append(&[entry(number), entry(writer)]).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let verified = one.audit_log_verify(None).await.unwrap();
    assert_eq!((verified.rows, verified.verdict), (160, AuditVerdict::Whole));
}

#[tokio::test]
async fn what_no_database_holds_is_replaced_before_it_is_hashed() {
    let home = Home::sqlite();
    let store = home.open().await;
    let odd = LogEntry { subject: format!("a\0b{}", "ạ".repeat(5_000)), purpose: None, site: None, ..entry(1) };
    store.audit_log_append(&[odd]).await.unwrap();
    assert_eq!(store.audit_log_verify(None).await.unwrap().verdict, AuditVerdict::Whole);
    let row = store.audit_log(&newest(1)).await.unwrap().remove(0);
    assert!(row.subject.starts_with("a\u{fffd}b") && row.subject.chars().count() == 2_000);
}
