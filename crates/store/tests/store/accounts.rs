//! Accounts, sessions, keys, failures and writes that are sent again.

use std::collections::BTreeSet;
use std::time::Duration;

use store::{
    AccountError, AccountRow, ApiKeyRow, BegunRow, Claim, FailureRow, IDEMPOTENCY_AGE_MAX, KeptAnswer, LogActor,
    LogEntry, SessionRow, TotpRow,
};

use crate::support::{Home, at, on_both};

fn log() -> LogEntry {
    LogEntry {
        at: at(0),
        actor: LogActor { kind: "program", id: String::new(), name: "tests".to_owned() },
        address: String::new(),
        action: "account.made".to_owned(),
        site: None,
        subject: String::new(),
        purpose: None,
        outcome: "done".to_owned(),
    }
}

fn account(name: &str, roles: &[(&str, &str)]) -> AccountRow {
    AccountRow {
        id: format!("id-{name}"),
        name: name.to_owned(),
        display_name: "Lan".to_owned(),
        language: "vi".to_owned(),
        password_hash: Some("hash".to_owned()),
        password_history: vec!["older".to_owned()],
        password_at: at(1),
        must_change_password: true,
        external_id: None,
        disabled_at: None,
        created_at: at(1),
        created_by: "tests".to_owned(),
        signed_in_at: None,
        version: 1,
        roles: roles.iter().map(|(role, site)| ((*role).to_owned(), (*site).to_owned())).collect::<BTreeSet<_>>(),
        totp: None,
    }
}

on_both! {
    async fn an_account_comes_back_as_it_was_written_and_each_change_stands_in_the_log(home: Home) {
        let store = home.open().await;
        let mut lan = account("lan", &[("viewer", "a"), ("viewer", "b"), ("security_admin", "*")]);
        store.account_insert_first(&lan, &log()).await.unwrap();
        assert!(matches!(store.account_insert_first(&account("ba", &[]), &log()).await, Err(AccountError::NotFirst)));
        assert!(matches!(store.account_insert(&account("lan", &[]), &log()).await, Err(AccountError::NameTaken(_))));
        assert_eq!(store.account_by_name("lan").await.unwrap(), Some(lan.clone()));
        assert_eq!(store.account_get("id-lan").await.unwrap(), Some(lan.clone()));
        assert_eq!(store.account_by_name("lan anh").await.unwrap(), None);

        let before = lan.clone();
        lan.totp = Some(TotpRow { secret: "00".to_owned(), confirmed_at: Some(at(2)), used_step: Some(7) });
        lan.roles.remove(&("viewer".to_owned(), "b".to_owned()));
        lan.external_id = Some("https://id.vn 1".to_owned());
        lan.version = store.account_update(&lan, "security_admin", &log()).await.unwrap();
        assert_eq!(store.account_by_external_id("https://id.vn 1").await.unwrap(), Some(lan.clone()));
        assert!(matches!(store.account_update(&before, "security_admin", &log()).await, Err(AccountError::Stale)));
        store.account_insert(&account("an", &[]), &log()).await.unwrap();
        let names: Vec<_> = store.accounts("", 9).await.unwrap().into_iter().map(|row| row.name).collect();
        assert_eq!(names, ["an", "lan"]);
        assert_eq!(store.accounts("an", 9).await.unwrap(), [lan]);
        assert_eq!(store.audit_log_head().await.unwrap().seq, 3, "what was refused is not there");
    }

    async fn the_last_one_who_can_manage_accounts_stays(home: Home) {
        let store = home.open().await;
        let mut lan = account("lan", &[("security_admin", "*")]);
        store.account_insert(&lan, &log()).await.unwrap();
        lan.disabled_at = Some(at(5));
        let refused = store.account_update(&lan, "security_admin", &log()).await;
        assert!(matches!(refused, Err(AccountError::Last(_))));
        assert_eq!(store.account_get("id-lan").await.unwrap().unwrap().disabled_at, None);
        store.account_insert(&account("ba", &[("security_admin", "*")]), &log()).await.unwrap();
        store.account_update(&lan, "security_admin", &log()).await.unwrap();
    }

    async fn no_code_is_taken_twice_whoever_comes_first(home: Home) {
        let store = home.open().await;
        let mut lan = account("lan", &[]);
        lan.totp = Some(TotpRow { secret: "00".to_owned(), confirmed_at: Some(at(2)), used_step: None });
        store.account_insert(&lan, &log()).await.unwrap();
        assert!(store.account_signed_in("id-lan", at(9), Some(100)).await.unwrap());
        assert!(!store.account_signed_in("id-lan", at(9), Some(100)).await.unwrap());
        assert!(!store.account_signed_in("id-lan", at(9), Some(99)).await.unwrap());
        // Somebody who read the account before that does not make the code new again.
        lan.display_name = "Lan Anh".to_owned();
        store.account_update(&lan, "security_admin", &log()).await.unwrap();
        let kept = store.account_get("id-lan").await.unwrap().unwrap();
        assert_eq!((kept.totp.unwrap().used_step, kept.signed_in_at), (Some(100), Some(at(9))));
    }

    async fn sessions_are_found_by_their_token_and_end(home: Home) {
        let store = home.open().await;
        store.account_insert(&account("lan", &[]), &log()).await.unwrap();
        let session = |number: i64| SessionRow {
            token_hash: format!("{number:064}"),
            id: format!("s-{number}"),
            account: "id-lan".to_owned(),
            opened_at: at(number),
            seen_at: at(number),
            address: "::1".to_owned(),
            agent: "Firefox".to_owned(),
        };
        for number in 1..=25 {
            store.session_insert(&session(number), at(3)).await.unwrap();
        }
        let open = store.sessions_of("id-lan").await.unwrap();
        assert_eq!((open.len(), open[0].id.as_str(), open[19].id.as_str()), (20, "s-25", "s-6"), "the oldest make way");
        store.session_seen(&session(6).token_hash, at(60)).await.unwrap();
        assert_eq!(store.sessions_of("id-lan").await.unwrap()[0].seen_at, at(60));
        assert!(store.session_end(&session(25).token_hash).await.unwrap());
        assert!(!store.session_end(&session(25).token_hash).await.unwrap());
        assert_eq!(store.session_find(&session(25).token_hash).await.unwrap(), None);
        assert_eq!(store.sessions_end("id-lan", Some(&session(6).token_hash)).await.unwrap(), 18);
        assert_eq!(store.sessions_of("id-lan").await.unwrap().len(), 1);
    }

    async fn keys_are_listed_and_taken_back_once(home: Home) {
        let store = home.open().await;
        let key = ApiKeyRow {
            id: "k1".to_owned(),
            secret_hash: "0".repeat(64),
            name: "ioc".to_owned(),
            grants: "[]".to_owned(),
            created_at: at(1),
            created_by: "lan".to_owned(),
            expires_at: Some(at(99)),
            used_at: None,
            revoked_at: None,
        };
        store.api_key_insert(&key, &log()).await.unwrap();
        assert_eq!(store.api_key_find("k1").await.unwrap(), Some(key.clone()));
        store.api_key_used("k1", at(5)).await.unwrap();
        assert!(store.api_key_revoke("k1", at(6), &log()).await.unwrap());
        assert!(!store.api_key_revoke("k1", at(7), &log()).await.unwrap());
        let listed = store.api_keys(9).await.unwrap();
        assert_eq!((listed[0].used_at, listed[0].revoked_at, listed.len()), (Some(at(5)), Some(at(6)), 1));
    }

    async fn failures_are_counted_also_when_they_come_at_once(home: Home) {
        let store = home.open().await;
        let next = |before: Option<FailureRow>| FailureRow { count: before.map_or(0, |row| row.count) + 1, last_at: at(9) };
        let failed = (0..10).map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.sign_in_failed("account", "lan", next).await.unwrap() })
        });
        for failed in failed.collect::<Vec<_>>() {
            failed.await.unwrap();
        }
        assert_eq!(store.sign_in_failures("account", "lan").await.unwrap(), Some(FailureRow { count: 10, last_at: at(9) }));
        assert_eq!(store.sign_in_failures("address", "lan").await.unwrap(), None);
        assert!(store.sign_in_forgiven("account", "lan").await.unwrap());
        assert!(!store.sign_in_forgiven("account", "lan").await.unwrap());
    }

    async fn an_address_is_forgiven_what_an_account_did_wrong_and_nothing_else(home: Home) {
        let store = home.open().await;
        let next = |before: Option<FailureRow>| FailureRow { count: before.map_or(0, |row| row.count) + 1, last_at: at(9) };
        let count = async || store.sign_in_failures("address", "10.0.0.1").await.unwrap().map(|row| row.count);
        for account in [Some("lan"), Some("lan"), Some("minh"), None] {
            store.address_failed("10.0.0.1", account, next).await.unwrap();
        }
        store.address_failed("10.0.0.2", Some("lan"), next).await.unwrap();
        assert_eq!(store.address_refunded("10.0.0.1", "lan").await.unwrap(), 2);
        assert_eq!(count().await, Some(2), "what was tried at others stays");
        assert_eq!(store.address_refunded("10.0.0.1", "lan").await.unwrap(), 0, "nothing is forgiven twice");
        assert_eq!(store.address_refunded("10.0.0.1", "nobody").await.unwrap(), 0);
        assert_eq!(store.address_refunded("10.0.0.2", "lan").await.unwrap(), 1);
        assert_eq!(store.sign_in_failures("address", "10.0.0.2").await.unwrap(), None);
        // Counted anew: a share of the old count is not taken off the new one.
        let anew = |_: Option<FailureRow>| FailureRow { count: 1, last_at: at(99) };
        store.address_failed("10.0.0.1", None, anew).await.unwrap();
        assert_eq!(store.address_refunded("10.0.0.1", "minh").await.unwrap(), 0);
        assert_eq!(count().await, Some(1));
    }

    async fn a_begun_sign_in_is_finished_once_by_whoever_has_both_halves_and_in_time(home: Home) {
        let store = home.open().await;
        let hash = |digit: &str| digit.repeat(64);
        let begun = |state: &str, binding: &str| BegunRow {
            state_hash: hash(state),
            binding_hash: hash(binding),
            nonce: format!("nonce-{state}"),
            verifier: format!("verifier-{state}"),
        };
        store.sign_in_begin(&begun("1", "a"), at(100), at(0)).await.unwrap();
        store.sign_in_begin(&begun("2", "b"), at(101), at(0)).await.unwrap();
        assert_eq!(store.sign_in_finish(&hash("1"), &hash("b"), at(0)).await.unwrap(), None, "of another browser");
        let finished = store.sign_in_finish(&hash("1"), &hash("a"), at(0)).await.unwrap();
        assert_eq!(finished, Some(begun("1", "a")));
        assert_eq!(store.sign_in_finish(&hash("1"), &hash("a"), at(0)).await.unwrap(), None, "a second time");
        assert_eq!(store.sign_in_finish(&hash("2"), &hash("b"), at(102)).await.unwrap(), None, "too late");
        store.sign_in_begin(&begun("3", "c"), at(103), at(0)).await.unwrap();
        store.sign_in_begin(&begun("4", "d"), at(200), at(150)).await.unwrap();
        assert_eq!(store.sign_in_finish(&hash("3"), &hash("c"), at(0)).await.unwrap(), None, "forgotten");
        assert!(!format!("{:?}", begun("4", "d")).contains("verifier-4"));
        assert!(store.sign_in_finish(&hash("4"), &hash("d"), at(200)).await.unwrap().is_some());
    }

    async fn a_write_that_is_sent_again_gets_its_answer_for_a_day(home: Home) {
        let store = home.open().await;
        let (print, other) = ("1".repeat(64), "2".repeat(64));
        let claim = async |print: &str, now| store.idempotency_claim("account:lan", "k", print, now).await.unwrap();
        assert_eq!(claim(&print, at(0)).await, Claim::Mine);
        assert_eq!(claim(&print, at(1)).await, Claim::Working);
        let answer =
            KeptAnswer { status: 201, headers: vec![("etag".to_owned(), "\"1\"".to_owned())], body: vec![1, 0, 2] };
        store.idempotency_keep("account:lan", "k", &answer).await.unwrap();
        assert_eq!(claim(&print, at(2)).await, Claim::Done(answer));
        assert_eq!(claim(&other, at(2)).await, Claim::Other);
        assert_eq!(store.idempotency_claim("account:ba", "k", &other, at(2)).await.unwrap(), Claim::Mine, "another's key");
        let day = i64::try_from((IDEMPOTENCY_AGE_MAX + Duration::from_secs(1)).as_secs()).unwrap();
        assert_eq!(claim(&other, at(day)).await, Claim::Mine, "forgotten");
        store.idempotency_release("account:lan", "k").await.unwrap();
        assert_eq!(claim(&print, at(day)).await, Claim::Mine);
        assert_eq!(claim(&print, at(day + 121)).await, Claim::Mine, "its hub was cut off");
    }
}
