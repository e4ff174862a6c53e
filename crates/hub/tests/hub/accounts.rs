//! Getting in: the first account, passwords, second factors, sessions, keys, and what the audit log says of it.

use hub::accounts::totp::TotpSecret;
use hub::accounts::{Grants, Role};
use hub::{BrokerConfig, HubConfig};
use serde_json::{Value, json};

use crate::access::{SignedIn, make, sign_in};
use crate::support::child::{HubChild, run, run_with_input};
use crate::support::http::{Answer, Http};
use crate::support::{Hub, config, free_port, key};

const PASSWORD: &str = "con bò vàng gặm cỏ";
const OTHER: &str = "hai con trâu đen lội sông";

fn lonely() -> Hub {
    Hub::start(BrokerConfig::new("127.0.0.1", free_port()))
}

/// A hub with this said of it.
fn with(change: impl FnOnce(&mut HubConfig)) -> Hub {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut config = config(&folder, BrokerConfig::new("127.0.0.1", free_port()));
    change(&mut config);
    let handle = runtime.block_on(hub::start(config)).unwrap();
    let key = runtime.block_on(key(&handle.store, [Role::GateOperator]));
    Hub { folder, http: Http(handle.addr, key), handle, runtime }
}

fn kind(answer: &Answer) -> String {
    answer.json()["type"].as_str().unwrap().rsplit(':').next().unwrap().to_owned()
}

fn post(hub: &Hub, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    write(hub, "POST", path, headers, body)
}

fn write(hub: &Hub, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let headers = [&[("content-type", "application/json")], headers].concat();
    hub.http.send(method, path, &headers, body.to_string().as_bytes())
}

fn knock(hub: &Hub, name: &str, password: &str, totp: Option<&str>) -> Answer {
    post(hub, "/api/v1/session", &[("cookie", "")], &json!({"name": name, "password": password, "totp": totp}))
}

fn log(hub: &Hub, auditor: &SignedIn, query: &str) -> Vec<Value> {
    let answer = hub.http.send("GET", &format!("/api/v1/audit-log?limit=500&{query}"), &auditor.headers(), b"");
    let Value::Array(entries) = answer.json()["entries"].take() else { panic!("no list") };
    entries
}

#[test]
fn the_first_account_takes_the_code_that_the_hub_keeps_in_a_file_of_its_own() {
    let hub = lonely();
    assert_eq!(
        hub.http.ask("/api/v1/setup", &[("cookie", "")]).json(),
        json!({"needed": true, "sign_in_elsewhere": null, "sets_up_gates": false})
    );
    let setup = hub.handle.setup().unwrap();
    let kept = std::fs::read_to_string(hub.folder.path().join("setup-code")).unwrap();
    assert_eq!(kept.trim(), setup.reveal());
    let first = |code: &str, password: &str| {
        let body = json!({"code": code, "name": "Lan", "display_name": "Trần Thị Lan", "password": password});
        post(&hub, "/api/v1/setup", &[("cookie", "")], &body)
    };
    let wrong = first("0000-0000-0000-0000", PASSWORD);
    assert_eq!((wrong.status, kind(&wrong).as_str()), (401, "code_wrong"));
    let short = first(setup.reveal(), "ngắn quá");
    assert_eq!((short.status, kind(&short).as_str()), (400, "password_refused"));
    let made = first(setup.reveal(), PASSWORD);
    assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    let cookie = made.header("set-cookie");
    assert!(cookie.starts_with("gatehouse_session=") && cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
    assert!(!cookie.contains("Secure"), "over plain HTTP a browser would not send it back");
    let session = made.json();
    assert_eq!(session["account"]["display_name"], "Trần Thị Lan");
    assert_eq!((&session["roles"], &session["sites"]), (&json!(["system_admin", "security_admin"]), &json!(["*"])));
    assert!(!hub.folder.path().join("setup-code").exists());
    let again = first(setup.reveal(), PASSWORD);
    assert_eq!((again.status, kind(&again).as_str()), (409, "setup_done"));
    assert_eq!(
        hub.http.ask("/api/v1/setup", &[("cookie", "")]).json(),
        json!({"needed": false, "sign_in_elsewhere": null, "sets_up_gates": false})
    );
}

#[test]
fn five_wrong_passwords_lock_an_account_for_everybody_who_tries_and_are_forgiven_on_the_command_line() {
    let hub = lonely();
    make(&hub, "lan", Grants::everywhere([Role::Viewer]));
    for (name, times) in [("lan", 5), ("nobody", 5)] {
        for _ in 0..times {
            let wrong = knock(&hub, name, OTHER, None);
            assert_eq!((wrong.status, kind(&wrong).as_str()), (401, "password_wrong"));
        }
        // A name that nobody has is locked alike: nobody learns which names there are.
        let locked = knock(&hub, name, PASSWORD, None);
        assert_eq!((locked.status, kind(&locked).as_str()), (401, "locked"), "{name}");
        let wait: u64 = locked.header("retry-after").parse().unwrap();
        assert!((50..=60).contains(&wait), "{wait}");
    }
    let db = hub.folder.path().join("hub.db").display().to_string();
    let unlocked = run(&["account", "unlock", "lan", "--db", &db]);
    assert!(unlocked.status.success(), "{}", String::from_utf8_lossy(&unlocked.stderr));
    sign_in(&hub, "lan");
}

#[test]
fn an_office_behind_one_address_is_not_shut_by_its_typing_mistakes_and_nobody_buys_guesses_with_his_own_account() {
    let hub = lonely();
    for name in ["lan", "minh"] {
        make(&hub, name, Grants::everywhere([Role::Viewer]));
    }
    let failures = || {
        let row = hub.runtime.block_on(hub.handle.store.sign_in_failures("address", "127.0.0.1")).unwrap();
        row.map_or(0, |row| row.count)
    };
    for name in ["lan", "lan", "minh", "nobody"] {
        assert_eq!(kind(&knock(&hub, name, OTHER, None)), "password_wrong");
    }
    sign_in(&hub, "lan");
    assert_eq!(failures(), 2, "what was tried at others stays");
    sign_in(&hub, "minh");
    assert_eq!(failures(), 1);
    // What cannot be a name is counted of the address and kept nowhere else.
    let long = "x".repeat(5_000);
    assert_eq!(kind(&knock(&hub, &long, OTHER, None)), "password_wrong");
    let kept = hub.runtime.block_on(hub.handle.store.sign_in_failures("account", &long[..65])).unwrap();
    assert_eq!((failures(), kept), (2, None));

    for guess in 2..20 {
        if guess % 6 == 0 {
            sign_in(&hub, "lan");
        }
        assert_eq!(kind(&knock(&hub, &format!("victim-{guess}"), OTHER, None)), "password_wrong", "{guess}");
    }
    assert_eq!(kind(&knock(&hub, "lan", PASSWORD, None)), "locked", "the address is, and its own account with it");
}

#[test]
fn a_locked_account_is_opened_by_a_security_administrator_who_is_not_its_owner() {
    let hub = lonely();
    let lan = make(&hub, "lan", Grants::everywhere([Role::Viewer]));
    let own = make(&hub, "admin", Grants::everywhere([Role::SecurityAdmin]));
    make(&hub, "auditor", Grants::everywhere([Role::Auditor]));
    let (admin, auditor) = (sign_in(&hub, "admin"), sign_in(&hub, "auditor"));
    let locked_until = || {
        let path = format!("/api/v1/accounts/{lan}");
        let one = hub.http.send("GET", &path, &admin.headers(), b"").json()["locked_until"].clone();
        let all = hub.http.send("GET", "/api/v1/accounts", &admin.headers(), b"").json();
        let listed = all["accounts"].as_array().unwrap().iter().find(|account| account["id"] == lan.as_str()).unwrap();
        assert_eq!(one.is_null(), listed["locked_until"].is_null());
        one
    };
    assert_eq!(locked_until(), Value::Null);
    for _ in 0..5 {
        knock(&hub, "lan", OTHER, None);
    }
    assert!(locked_until().as_str().unwrap() > hub::clock::now().to_string().as_str());
    assert_eq!(kind(&knock(&hub, "lan", PASSWORD, None)), "locked");
    let unlock =
        |id: &str, who: &SignedIn| hub.http.send("POST", &format!("/api/v1/accounts/{id}/unlock"), &who.headers(), b"");
    assert_eq!(unlock(&lan, &auditor).status, 403);
    assert_eq!(kind(&unlock(&own, &admin)), "own_account");
    assert_eq!(unlock(&lan, &admin).status, 204);
    assert_eq!(locked_until(), Value::Null);
    sign_in(&hub, "lan");
    let entries = log(&hub, &auditor, "action=account.unlocked");
    assert_eq!((&entries[0]["actor"], entries.len()), (&json!("admin"), 1), "{entries:?}");
    assert!(entries[0]["subject"].as_str().unwrap().ends_with(" lan"), "{entries:?}");
}

#[test]
fn whoever_gives_roles_at_sites_is_told_their_names_and_nothing_else_of_them() {
    let hub = lonely();
    hub.add(&crate::support::node::Node::new("n1"));
    make(&hub, "admin", Grants::everywhere([Role::SecurityAdmin]));
    let admin = sign_in(&hub, "admin");
    let names = hub.http.send("GET", "/api/v1/site-names", &admin.headers(), b"").json();
    assert_eq!(names, json!({"sites": ["cao-nguyen"]}));
    assert_eq!(hub.http.send("GET", "/api/v1/sites", &admin.headers(), b"").status, 403);
    assert_eq!(hub.http.ask("/api/v1/site-names", &[]).status, 403, "a key of gates and machines gives no roles");
}

#[test]
fn a_second_factor_is_set_up_in_two_steps_and_then_asked_for_and_no_code_works_twice() {
    let hub = lonely();
    let id = make(&hub, "lan", Grants::everywhere([Role::Viewer]));
    make(&hub, "admin", Grants::everywhere([Role::SecurityAdmin]));
    let lan = sign_in(&hub, "lan");
    let path = format!("/api/v1/accounts/{id}/totp");
    let none = post(&hub, &path, &lan.headers(), &json!({"code": "123456"}));
    assert_eq!((none.status, kind(&none).as_str()), (409, "totp_none"));
    let secret = post(&hub, &path, &lan.headers(), &json!({})).json();
    assert!(secret["uri"].as_str().unwrap().starts_with("otpauth://totp/Gatehouse:lan?secret="), "{secret}");
    let wrong = post(&hub, &path, &lan.headers(), &json!({"code": "000000"}));
    assert_eq!((wrong.status, kind(&wrong).as_str()), (400, "totp_wrong"));
    sign_in(&hub, "lan");

    let row = hub.runtime.block_on(hub.handle.store.account_get(&id)).unwrap().unwrap();
    let kept = TotpSecret::from_hex(&row.totp.unwrap().secret).unwrap();
    assert_eq!(kept.to_base32(), secret["secret"]);
    let now_s = || u64::try_from(hub::clock::now().as_unix_micros() / 1_000_000).unwrap();
    let code = kept.code(now_s());
    assert_eq!(post(&hub, &path, &lan.headers(), &json!({"code": code})).status, 204);
    let needed = knock(&hub, "lan", PASSWORD, None);
    assert_eq!((needed.status, kind(&needed).as_str()), (401, "totp_needed"));
    let used = knock(&hub, "lan", PASSWORD, Some(&code));
    assert_eq!((used.status, kind(&used).as_str()), (401, "totp_wrong"));
    let next = kept.code(now_s() + 30);
    assert_eq!(knock(&hub, "lan", PASSWORD, Some(&next)).status, 200);
    assert_eq!(kind(&knock(&hub, "lan", PASSWORD, Some(&next))), "totp_wrong", "used");

    // Lost: whoever manages the accounts takes it away, and the sessions with it.
    let admin = sign_in(&hub, "admin");
    assert_eq!(write(&hub, "DELETE", &path, &admin.headers(), &Value::Null).status, 204);
    assert_eq!(hub.http.send("GET", "/api/v1/session", &lan.headers(), b"").status, 401);
    sign_in(&hub, "lan");
}

#[test]
fn a_hub_may_ask_a_second_factor_of_administrators_before_anything_else() {
    let hub = with(|config| config.login.totp_for.extend([Role::SystemAdmin]));
    let id = make(&hub, "admin", Grants::everywhere([Role::SystemAdmin]));
    let admin = sign_in(&hub, "admin");
    assert_eq!((&admin.session["duties"], &admin.session["permissions"]), (&json!(["totp"]), &json!([])));
    assert_eq!(hub.http.send("GET", "/api/v1/nodes", &admin.headers(), b"").status, 403);
    let path = format!("/api/v1/accounts/{id}/totp");
    assert_eq!(post(&hub, &path, &admin.headers(), &json!({})).status, 200);
    let row = hub.runtime.block_on(hub.handle.store.account_get(&id)).unwrap().unwrap();
    let secret = TotpSecret::from_hex(&row.totp.unwrap().secret).unwrap();
    let code = secret.code(u64::try_from(hub::clock::now().as_unix_micros() / 1_000_000).unwrap());
    assert_eq!(post(&hub, &path, &admin.headers(), &json!({"code": code})).status, 204);
    assert_eq!(hub.http.send("GET", "/api/v1/nodes", &admin.headers(), b"").status, 200);
    let removed = write(&hub, "DELETE", &path, &admin.headers(), &Value::Null);
    assert_eq!((removed.status, kind(&removed).as_str()), (403, "totp_required"));
}

#[test]
fn accounts_are_made_changed_and_disabled_by_a_security_administrator_and_not_by_themselves() {
    let hub = lonely();
    let own = make(&hub, "admin", Grants::everywhere([Role::SecurityAdmin]));
    let admin = sign_in(&hub, "admin");
    let new = json!({"name": "lan", "password": PASSWORD, "grants": [{"role": "viewer", "sites": ["cao-nguyen"]}]});
    let again = [&[("idempotency-key", "one")], &admin.headers()[..]].concat();
    let made = post(&hub, "/api/v1/accounts", &again, &new);
    assert_eq!((made.status, made.header("etag")), (201, "\"1\""), "{}", String::from_utf8_lossy(&made.body));
    let replayed = post(&hub, "/api/v1/accounts", &again, &new);
    assert_eq!((replayed.status, replayed.header("idempotency-replayed")), (201, "true"));
    assert_eq!(replayed.json(), made.json());
    let reused = post(&hub, "/api/v1/accounts", &again, &json!({"name": "ba", "grants": []}));
    assert_eq!((reused.status, kind(&reused).as_str()), (422, "idempotency_key_reused"));
    let taken = post(&hub, "/api/v1/accounts", &admin.headers(), &new);
    assert_eq!((taken.status, kind(&taken).as_str()), (409, "name_taken"));
    let both =
        json!({"name": "x2", "grants": [{"role": "auditor", "sites": ["*"]}, {"role": "viewer", "sites": ["*"]}]});
    assert_eq!(kind(&post(&hub, "/api/v1/accounts", &admin.headers(), &both)), "roles_conflict");
    let path = format!("/api/v1/accounts/{}", made.json()["id"].as_str().unwrap());

    // Somebody else knows the first password: it must be changed before anything else.
    let lan = sign_in(&hub, "lan");
    assert_eq!(lan.session["duties"], json!(["password"]));
    assert_eq!(hub.http.send("GET", "/api/v1/gates", &lan.headers(), b"").status, 403);
    let set = |current: &str, password: &str| {
        post(&hub, &format!("{path}/password"), &lan.headers(), &json!({"current": current, "password": password}))
    };
    assert_eq!(kind(&set(OTHER, OTHER)), "password_wrong");
    assert_eq!(kind(&set(PASSWORD, PASSWORD)), "password_refused", "it was this account's before");
    assert_eq!(set(PASSWORD, OTHER).status, 204);
    assert_eq!(hub.http.send("GET", "/api/v1/gates", &lan.headers(), b"").status, 200, "the own session stays");

    let change = |headers: &[(&str, &str)], what: &Value| write(&hub, "PATCH", &path, headers, what);
    assert_eq!(change(&lan.headers(), &json!({"display_name": "Lan Anh"})).status, 200);
    assert_eq!(kind(&change(&lan.headers(), &json!({"grants": []}))), "own_account");
    let stale = [&[("if-match", "\"1\"")], &admin.headers()[..]].concat();
    assert_eq!(change(&stale, &json!({"enabled": false})).status, 412);
    let read = hub.http.send("GET", &path, &admin.headers(), b"");
    let fresh = [&[("if-match", read.header("etag"))], &admin.headers()[..]].concat();
    assert_eq!(change(&fresh, &json!({"enabled": false})).json()["enabled"], false);
    assert_eq!(hub.http.send("GET", "/api/v1/gates", &lan.headers(), b"").status, 401, "its sessions are ended");
    assert_eq!(kind(&knock(&hub, "lan", OTHER, None)), "disabled");

    let own = format!("/api/v1/accounts/{own}");
    assert_eq!(kind(&write(&hub, "PATCH", &own, &admin.headers(), &json!({"enabled": false}))), "own_account");
    make(&hub, "other", Grants::everywhere([Role::SecurityAdmin]));
    let other = sign_in(&hub, "other");
    let listed = hub.http.send("GET", "/api/v1/accounts", &other.headers(), b"").json();
    let names: Vec<_> = listed["accounts"].as_array().unwrap().iter().map(|row| row["name"].clone()).collect();
    assert_eq!(names, ["admin", "lan", "other"]);
}

#[test]
fn a_write_of_a_session_needs_its_token_and_a_form_of_another_page_is_refused() {
    let hub = lonely();
    make(&hub, "admin", Grants::everywhere([Role::SecurityAdmin]));
    let admin = sign_in(&hub, "admin");
    let new = json!({"name": "lan", "grants": []});
    for csrf in ["", "x"] {
        let headers = [("cookie", admin.cookie.as_str()), ("x-csrf-token", csrf)];
        let refused = post(&hub, "/api/v1/accounts", &headers, &new);
        assert_eq!((refused.status, kind(&refused).as_str()), (403, "csrf_wrong"));
    }
    let form = [("content-type", "text/plain"), ("cookie", "")];
    let body = json!({"name": "admin", "password": PASSWORD}).to_string();
    assert_eq!(hub.http.send("POST", "/api/v1/session", &form, body.as_bytes()).status, 415);
}

#[test]
fn keys_open_what_their_roles_say_until_they_are_taken_back() {
    let hub = lonely();
    make(&hub, "admin", Grants::everywhere([Role::SecurityAdmin]));
    let admin = sign_in(&hub, "admin");
    let grants = json!([{"role": "viewer", "sites": ["cao-nguyen"]}]);
    let made = post(&hub, "/api/v1/api-keys", &admin.headers(), &json!({"name": "ioc", "grants": grants}));
    assert_eq!(made.status, 201);
    let (key, id) =
        (made.json()["key"].as_str().unwrap().to_owned(), made.json()["api_key"]["id"].as_str().unwrap().to_owned());
    assert!(key.starts_with("gh_") && key[3..].starts_with(&id), "{key}");
    let bearer = format!("Bearer {key}");
    let with_key = |path: &str| hub.http.ask(path, &[("authorization", &bearer)]);
    assert_eq!((with_key("/api/v1/gates").status, with_key("/api/v1/plates").status), (200, 403));
    let wrong = hub.http.ask("/api/v1/gates", &[("authorization", &bearer.replace(&key[60..], "0000000"))]);
    assert_eq!((wrong.status, kind(&wrong).as_str()), (401, "key_wrong"));
    let listed = hub.http.send("GET", "/api/v1/api-keys", &admin.headers(), b"").json();
    assert!(!listed.to_string().contains(&key[20..]), "no secret is listed");
    let too_much = json!({"name": "x", "grants": [{"role": "security_admin", "sites": ["*"]}]});
    assert_eq!(post(&hub, "/api/v1/api-keys", &admin.headers(), &too_much).status, 400);
    let path = format!("/api/v1/api-keys/{id}");
    assert_eq!(write(&hub, "DELETE", &path, &admin.headers(), &Value::Null).status, 204);
    assert_eq!((with_key("/api/v1/gates").status, kind(&with_key("/api/v1/gates")).as_str()), (401, "key_wrong"));
}

#[test]
fn the_audit_log_tells_every_read_write_search_refusal_and_sign_in() {
    let hub = lonely();
    make(&hub, "auditor", Grants::everywhere([Role::Auditor]));
    make(&hub, "lan", Grants::everywhere([Role::GateOperator]));
    let auditor = sign_in(&hub, "auditor");
    knock(&hub, "lan", OTHER, None);
    let lan = sign_in(&hub, "lan");
    let purpose = "tìm xe mất cắp, hồ sơ 12";
    let encoded = "t%C3%ACm%20xe%20m%E1%BA%A5t%20c%E1%BA%AFp%2C%20h%E1%BB%93%20s%C6%A1%2012";
    let headers = [&lan.headers()[..], &[("x-purpose", encoded)]].concat();
    assert_eq!(hub.http.send("GET", "/api/v1/plates?key=30A12345&site=cao-nguyen", &headers, b"").status, 200);
    assert_eq!(kind(&hub.http.send("GET", "/api/v1/plates?key=30A12345", &lan.headers(), b"")), "purpose_needed");
    assert_eq!(hub.http.send("GET", "/api/v1/audit-log", &lan.headers(), b"").status, 403);
    hub.http.send("GET", "/api/v1/gates", &lan.headers(), b"");

    let id = lan.session["account"]["id"].as_str().unwrap();
    let told = log(&hub, &auditor, &format!("actor_id={id}"));
    let told: Vec<_> =
        told.iter().map(|row| (row["action"].as_str().unwrap(), row["outcome"].as_str().unwrap())).collect();
    assert_eq!(
        told,
        [("GET /api/v1/audit-log", "forbidden"), ("GET /api/v1/plates", "200"), ("session.opened", "done")],
        "figures are nobody's personal data"
    );
    let search = &log(&hub, &auditor, "action=GET%20/api/v1/plates&subject=30A12345")[0];
    assert_eq!((&search["purpose"], &search["site"]), (&json!(purpose), &json!("cao-nguyen")));
    assert_eq!((&search["actor"], &search["address"]), (&json!("lan"), &json!("127.0.0.1")));
    let refused = &log(&hub, &auditor, "action=session.opened&subject=lan")[1];
    assert_eq!((&refused["outcome"], &refused["actor_kind"]), (&json!("password_wrong"), &json!("nobody")));
    let everything = json!(log(&hub, &auditor, "")).to_string();
    assert!(!everything.contains(PASSWORD) && !everything.contains(OTHER));

    let check = hub.http.send("GET", "/api/v1/audit-log/verify", &auditor.headers(), b"").json();
    assert_eq!((&check["whole"], &check["broken_seq"]), (&json!(true), &Value::Null));
    let head = check["head"].as_str().unwrap();
    let db = hub.folder.path().join("hub.db").display().to_string();
    let verified = run(&["audit", "verify", "--db", &db, "--expect", head]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    let text = String::from_utf8_lossy(&verified.stdout).into_owned();
    assert!(text.contains("every row is there"), "{text}");
}

#[test]
fn whoever_asks_too_often_waits() {
    let hub = with(|config| config.login.rates.api_key = hub::accounts::rate::Rate { burst: 3.0, per_second: 0.01 });
    let answers: Vec<_> = (0..5).map(|_| hub.http.ask("/api/v1/gates", &[])).collect();
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [200, 200, 200, 429, 429]);
    assert_eq!(kind(&answers[4]), "too_many_requests");
    assert!(answers[4].header("retry-after").parse::<u64>().unwrap() > 60);
    let first = json!({"code": "x", "name": "lan", "password": PASSWORD});
    let knocks: Vec<_> = (0..40).map(|_| post(&hub, "/api/v1/setup", &[("cookie", "")], &first).status).collect();
    assert!(knocks.contains(&429), "trying to get in is slower still: {knocks:?}");
}

#[test]
fn behind_a_proxy_the_cookie_goes_over_tls_only_and_the_log_names_the_client() {
    let hub =
        with(|config| config.login.proxies = hub::accounts::origin::Proxies::new(vec!["127.0.0.1".parse().unwrap()]));
    make(&hub, "lan", Grants::everywhere([Role::Viewer]));
    make(&hub, "auditor", Grants::everywhere([Role::Auditor]));
    let body = json!({"name": "lan", "password": PASSWORD});
    let forwarded = [("cookie", ""), ("x-forwarded-for", "8.8.8.8, 203.0.113.9"), ("x-forwarded-proto", "https")];
    let answer = post(&hub, "/api/v1/session", &forwarded, &body);
    assert!(answer.header("set-cookie").contains("; Secure"), "{}", answer.header("set-cookie"));
    let auditor = sign_in(&hub, "auditor");
    assert_eq!(log(&hub, &auditor, "action=session.opened&subject=lan")[0]["address"], "203.0.113.9");
}

#[test]
fn sessions_are_listed_and_ended_and_a_stream_ends_with_its_session() {
    let hub = lonely();
    let id = make(&hub, "lan", Grants::everywhere([Role::Viewer]));
    let (one, other) = (sign_in(&hub, "lan"), sign_in(&hub, "lan"));
    let path = format!("/api/v1/accounts/{id}/sessions");
    let listed = hub.http.send("GET", &path, &one.headers(), b"").json();
    assert_eq!(listed["sessions"].as_array().unwrap().iter().filter(|row| row["is_this"] == true).count(), 1);
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 2);
    let mut stream = hub.http.stream_with("/api/v1/stream", None, &format!("Cookie: {}", other.cookie));
    assert_eq!(stream.next().unwrap().name, "hello");
    assert_eq!(write(&hub, "DELETE", &path, &one.headers(), &Value::Null).status, 204);
    assert_eq!(hub.http.send("GET", "/api/v1/session", &other.headers(), b"").status, 401);
    assert_eq!(hub.http.send("GET", "/api/v1/session", &one.headers(), b"").status, 200);
    // Within ten seconds.
    while stream.next().is_some() {}
}

#[test]
fn an_engineer_without_a_password_gets_back_in_from_the_hubs_own_machine() {
    let folder = tempfile::tempdir().unwrap();
    let hub = HubChild::start(folder.path(), free_port());
    let db = folder.path().join("hub.db").display().to_string();
    let command = |arguments: &[&str], input: &str| {
        let output = run_with_input(&[arguments, &["--db", &db]].concat(), input);
        (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let roles = ["--role", "system_admin", "--role", "security_admin"];
    let (ok, text) = command(&[&["account", "add", "--name", "Lan"], &roles[..]].concat(), &format!("{PASSWORD}\n"));
    assert!(ok && text.contains("account lan is made"), "{text}");
    let (ok, text) = command(&["account", "add", "--name", "ba", "--role", "root"], "x");
    assert!(!ok && text.contains("gate_operator"), "{text}");
    let (ok, text) = command(&["account", "add", "--name", "ba", "--role", "viewer@cao-nguyen"], "ngắn\n");
    assert!(!ok && text.contains("12 or more"), "{text}");
    let (ok, text) = command(&[&["account", "add", "--name", "ba"], &roles[..]].concat(), &format!("{PASSWORD}\n"));
    assert!(!ok && text.contains("two persons"), "only the first account is both: {text}");
    let (ok, text) = command(&["account", "password", "lan"], &format!("{OTHER}\n"));
    assert!(ok, "{text}");
    let body = json!({"name": "lan", "password": OTHER}).to_string();
    let headers = [("content-type", "application/json"), ("cookie", "")];
    assert_eq!(hub.http.send("POST", "/api/v1/session", &headers, body.as_bytes()).status, 200);
    let (ok, text) = command(&["account", "disable", "lan"], "");
    assert!(!ok && text.contains("last account"), "{text}");
    let (ok, text) = command(&["account", "list"], "");
    assert!(ok && text.contains("lan\tlan\tsecurity_admin@* system_admin@*\tenabled"), "{text}");
    let (ok, text) = command(&["account", "unlock", "nobody"], "");
    assert!(!ok && text.contains("account list"), "{text}");
    let (ok, text) = command(&["api-key", "list"], "");
    assert!(ok && text.contains("tests"), "{text}");
    let (ok, text) = command(&["audit", "verify"], "");
    assert!(ok && text.contains("every row is there"), "{text}");
}
