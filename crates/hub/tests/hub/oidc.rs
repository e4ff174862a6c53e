//! Signing in at an identity provider, played by a simulator (`support::provider_simulator`).

use std::collections::BTreeSet;

use hub::accounts::oidc::{ClaimGrant, ClaimIs, OidcConfig};
use hub::accounts::{Grant, Grants, Role};
use hub::{BrokerConfig, HubConfig, Secret};
use serde_json::{Value, json};

use crate::access::{SignedIn, make, sign_in};
use crate::support::http::Answer;
use crate::support::provider_simulator::{CLIENT, CLIENT_SECRET, ProviderSimulator, Says, Signed};
use crate::support::{Hub, free_port};

const HUB: &str = "https://hub.example.vn";

fn config(issuer: &str) -> OidcConfig {
    let grant = |value: &str, role, sites: &[&str]| ClaimGrant {
        when: is("realm_access.roles", value),
        grant: Grant { role, sites: sites.iter().map(|site| (*site).to_owned()).collect() },
        sites_claim: sites.is_empty().then(|| "unit".to_owned()),
    };
    OidcConfig {
        issuer: issuer.to_owned(),
        client_id: CLIENT.to_owned(),
        client_secret: Some(Secret::new(CLIENT_SECRET)),
        redirect_url: format!("{HUB}/api/v1/oidc/callback").parse().unwrap(),
        scopes: vec!["profile".to_owned()],
        label: "VNeID".to_owned(),
        name_claim: "preferred_username".to_owned(),
        display_name_claim: "name".to_owned(),
        ca: None,
        is_asked_each_time: false,
        asks_user_info: false,
        second_factor: Some(is("acr", "two")),
        grants: vec![
            grant("watchers", Role::Viewer, &["*"]),
            grant("operators", Role::GateOperator, &[]),
            grant("auditors", Role::Auditor, &["*"]),
        ],
    }
}

fn is(claim: &str, value: &str) -> ClaimIs {
    ClaimIs { claim: claim.to_owned(), values: BTreeSet::from([value.to_owned()]) }
}

fn hub_with(change: impl FnOnce(&mut HubConfig)) -> Hub {
    let broker = BrokerConfig::new("127.0.0.1", free_port());
    let hub = Hub::start_in(tempfile::tempdir().unwrap(), broker, change);
    make(&hub, "local", Grants::everywhere([Role::Viewer]));
    hub
}

fn hub(provider: &ProviderSimulator) -> Hub {
    hub_with(|config| config.login.oidc = Some(self::config(&provider.issuer)))
}

fn lan() -> Value {
    json!({"preferred_username": "Lan.Tran@tinh", "name": "Trần Thị Lan", "unit": "cao-nguyen",
           "realm_access": {"roles": ["operators"]}})
}

/// A browser that left for the provider.
struct Gone {
    /// What it keeps: `NAME=VALUE`.
    cookie: String,
    /// Where the provider sent it: path and query at the hub.
    back: String,
}

fn go(hub: &Hub) -> Gone {
    let start = hub.http.send_bare("/api/v1/oidc/start", &[]);
    assert_eq!(start.status, 303, "{}", String::from_utf8_lossy(&start.body));
    let cookie = start.header("set-cookie");
    assert!(
        cookie.starts_with("gatehouse_oidc=") && cookie.contains("; HttpOnly; SameSite=Lax; Max-Age=600"),
        "{cookie}"
    );
    let agent: ureq::Agent = ureq::Agent::config_builder().max_redirects(0).build().into();
    let answer = agent.get(start.header("location")).call().unwrap();
    let back = answer.headers()["location"].to_str().unwrap();
    Gone { cookie: cookie.split(';').next().unwrap().to_owned(), back: back.strip_prefix(HUB).unwrap().to_owned() }
}

fn come_back(hub: &Hub, gone: &Gone) -> Answer {
    hub.http.send_bare(&gone.back, &[("cookie", &gone.cookie)])
}

fn go_round(hub: &Hub) -> Answer {
    come_back(hub, &go(hub))
}

fn session_cookie(answer: &Answer) -> Option<String> {
    let cookies = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    let pairs = cookies.map(|(_, value)| value.split(';').next().unwrap().to_owned());
    pairs.into_iter().find(|pair| pair.starts_with("gatehouse_session="))
}

/// The session that an answer opened.
fn session(hub: &Hub, answer: &Answer) -> Value {
    assert_eq!((answer.status, answer.header("location")), (303, "../../../"), "{answer:?}");
    let cookie = session_cookie(answer).expect("a session");
    hub.http.ask("/api/v1/session", &[("cookie", &cookie)]).json()
}

/// Where somebody is sent who is not let in: the word for the page.
fn refusal(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{answer:?}");
    assert_eq!(session_cookie(answer), None, "nobody was let in");
    answer.header("location").strip_prefix("../../../?sign_in=").unwrap_or_else(|| panic!("{answer:?}"))
}

fn sign_ins(hub: &Hub, auditor: &SignedIn) -> Vec<(String, String, String)> {
    let answer =
        hub.http.send("GET", "/api/v1/audit-log?limit=500&action=session.opened", &auditor.headers(), b"").json();
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
    let entries = answer["entries"].as_array().unwrap().iter();
    entries.map(|entry| (text(entry, "actor_kind"), text(entry, "subject"), text(entry, "outcome"))).collect()
}

fn auditor(hub: &Hub) -> SignedIn {
    make(hub, "auditor", Grants::everywhere([Role::Auditor]));
    sign_in(hub, "auditor")
}

#[test]
fn whoever_the_provider_knows_is_let_in_with_the_roles_and_sites_of_its_claims() {
    let provider = ProviderSimulator::start(lan());
    let hub = hub(&provider);
    assert_eq!(
        hub.http.ask("/api/v1/setup", &[("cookie", "")]).json(),
        json!({"needed": false, "sign_in_elsewhere": "VNeID", "sets_up_gates": false})
    );
    let answer = go_round(&hub);
    let set = answer.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| value.as_str());
    let set: Vec<&str> = set.collect();
    assert!(set[0].ends_with("; Path=/; HttpOnly; SameSite=Strict"), "the same cookie as by password: {set:?}");
    assert!(set[1].starts_with("gatehouse_oidc=;") && set[1].contains("Max-Age=0"), "{set:?}");
    let first = session(&hub, &answer);
    assert_eq!(first["account"]["display_name"], "Trần Thị Lan");
    assert_eq!((&first["roles"], &first["sites"]), (&json!(["gate_operator"]), &json!(["cao-nguyen"])));
    let name = first["account"]["name"].as_str().unwrap().to_owned();
    assert!(name.starts_with("lan.tran@tinh-"), "{first}");

    // A write needs the session's token, as every session's does.
    let cookie = session_cookie(&answer).unwrap();
    let sign_out = |csrf: &str| {
        hub.http.send("DELETE", "/api/v1/session", &[("cookie", &cookie), ("x-csrf-token", csrf)], b"").status
    };
    assert_eq!((sign_out(""), sign_out(first["csrf"].as_str().unwrap())), (403, 204));

    // The same person again is the same account, with what the provider says by then, also of the name.
    let open = go_round(&hub);
    let other = json!({"preferred_username": "lan.le", "name": "Lê Thị Lan", "realm_access": {"roles": ["watchers"]}});
    provider.says(|says| says.claims = other);
    let again = session(&hub, &go_round(&hub));
    assert_eq!((&again["account"]["id"], &again["roles"]), (&first["account"]["id"], &json!(["viewer"])));
    assert_eq!((&again["account"]["name"], &again["account"]["display_name"]), (&json!(name), &json!("Lê Thị Lan")));
    let before = session_cookie(&open).unwrap();
    assert_eq!(
        hub.http.ask("/api/v1/session", &[("cookie", &before)]).status,
        401,
        "sessions with other roles are over"
    );
    // Another person with the same name is another account.
    provider.says(|says| says.instead = json!({"sub": "person-2"}));
    let namesake = session(&hub, &go_round(&hub));
    assert_ne!(namesake["account"]["id"], first["account"]["id"]);

    let told = sign_ins(&hub, &auditor(&hub));
    let done = format!("{name} {}", provider.issuer);
    assert!(told.contains(&("account".to_owned(), done, "done".to_owned())), "{told:?}");
}

#[test]
fn an_account_of_the_provider_has_no_password_and_no_second_factor_here() {
    let provider = ProviderSimulator::start(lan());
    let hub = hub(&provider);
    let answer = go_round(&hub);
    let lan = session(&hub, &answer);
    let (id, name) = (lan["account"]["id"].as_str().unwrap(), lan["account"]["name"].as_str().unwrap());
    make(&hub, "admin", Grants::everywhere([Role::SecurityAdmin]));
    let admin = sign_in(&hub, "admin");
    let json = |headers: &[(&str, &str)], path: &str, body: Value| {
        let headers = [&[("content-type", "application/json")], headers].concat();
        hub.http.send("POST", path, &headers, body.to_string().as_bytes())
    };
    let password = json!({"password": "con bò vàng gặm cỏ"});
    let set = json(&admin.headers(), &format!("/api/v1/accounts/{id}/password"), password);
    assert_eq!((set.status, set.json()["type"].as_str().unwrap()), (409, "urn:gatehouse:problem:signs_in_elsewhere"));
    let cookie = session_cookie(&answer).unwrap();
    let own = [("cookie", cookie.as_str()), ("x-csrf-token", lan["csrf"].as_str().unwrap())];
    assert_eq!(json(&own, &format!("/api/v1/accounts/{id}/totp"), json!({})).status, 409);
    let body = json!({"name": name, "password": "con bò vàng gặm cỏ"});
    assert_eq!(json(&[("cookie", "")], "/api/v1/session", body).status, 401);
    let shown = hub.http.send("GET", &format!("/api/v1/accounts/{id}"), &admin.headers(), b"").json();
    assert_eq!((&shown["signs_in_elsewhere"], &shown["has_password"]), (&json!(true), &json!(false)));
    assert_eq!(shown["created_by"], "identity provider");
}

#[test]
fn a_token_that_is_wrong_in_any_way_lets_nobody_in() {
    let provider = ProviderSimulator::start(lan());
    let hub = hub(&provider);
    let now_s = hub::clock::now().as_unix_micros() / 1_000_000;
    let says = |signed: Signed, instead: Value| Says {
        claims: lan(),
        instead,
        signed,
        secret_in_form: false,
        user_info_of: None,
    };
    let instead = |instead: Value| says(Signed::Rightly, instead);
    let wrong = [
        (says(Signed::WithAnothersKey, json!({})), "signature is wrong"),
        (says(Signed::NotAtAll, json!({})), "no accepted kind"),
        (says(Signed::WithTheSecret, json!({})), "no accepted kind"),
        (says(Signed::WithThePublicKey, json!({})), "no accepted kind"),
        (instead(json!({"iss": "https://other.example"})), "issuer"),
        (instead(json!({"aud": "another program"})), "audience"),
        (instead(json!({"aud": [CLIENT, "another program"]})), "audience"),
        (instead(json!({"exp": now_s - 120})), "over"),
        (instead(json!({"exp": null})), "over"),
        (instead(json!({"iat": now_s - 3_600})), "old"),
        (instead(json!({"nonce": "of another sign-in"})), "nonce"),
        (instead(json!({"nonce": null})), "nonce"),
        (instead(json!({"preferred_username": 7})), "preferred_username"),
        (instead(json!({"sub": null})), "sub"),
    ];
    for (says, why) in &wrong {
        provider.says(|now| *now = says.clone());
        assert_eq!(refusal(&go_round(&hub)), "token_refused", "{why}");
    }
    let told = sign_ins(&hub, &auditor(&hub));
    let refused: Vec<_> = told.iter().filter(|(kind, ..)| kind == "nobody").map(|(.., outcome)| outcome).collect();
    assert_eq!(refused.len(), wrong.len(), "{told:?}");
    // The log begins with what came last.
    for (outcome, (_, why)) in refused.iter().rev().zip(&wrong) {
        assert!(outcome.starts_with("token_refused: ") && outcome.contains(why), "{why}: {outcome}");
    }
}

#[test]
fn a_key_that_the_provider_changes_to_is_found_without_a_restart() {
    let provider = ProviderSimulator::start(lan());
    let hub = hub(&provider);
    session(&hub, &go_round(&hub));
    provider.says(|says| says.signed = Signed::WithANewKey);
    session(&hub, &go_round(&hub));
}

#[test]
fn a_client_s_secret_goes_in_the_form_where_the_provider_takes_it_only_there() {
    let provider = ProviderSimulator::start(lan());
    provider.says(|says| says.secret_in_form = true);
    let hub = hub(&provider);
    session(&hub, &go_round(&hub));
}

#[test]
fn what_the_token_leaves_out_is_asked_for_where_the_hub_is_told_to_and_only_of_the_same_person() {
    let provider = ProviderSimulator::start(lan());
    provider.says(|says| says.user_info_of = Some("person-1".to_owned()));
    assert_eq!(refusal(&go_round(&hub(&provider))), "token_refused", "the token alone names nobody");
    let hub = hub_with(|config| {
        config.login.oidc = Some(OidcConfig { asks_user_info: true, ..self::config(&provider.issuer) });
    });
    assert_eq!(session(&hub, &go_round(&hub))["roles"], json!(["gate_operator"]));
    provider.says(|says| says.user_info_of = Some("person-2".to_owned()));
    assert_eq!(refusal(&go_round(&hub)), "token_refused");
}

#[test]
fn what_was_not_begun_in_this_browser_is_not_finished_in_it() {
    let provider = ProviderSimulator::start(lan());
    let hub = hub(&provider);
    type Spoil = fn(&mut Gone);
    let spoils: [(Spoil, &str); 6] = [
        (|gone| gone.back = gone.back.replace("state=", "state=x"), "not_begun"),
        (|gone| gone.cookie.clear(), "not_begun"),
        (|gone| gone.cookie.truncate(40), "not_begun"),
        (|gone| gone.back = gone.back.replace("code=", "x="), "not_begun"),
        (|gone| gone.back = gone.back.replace("code=", "error=access_denied&x="), "refused_there"),
        (|gone| gone.back = gone.back.replace("iss=", "iss=https%3A%2F%2Fother.example&x="), "token_refused"),
    ];
    for (spoil, word) in spoils {
        let mut gone = go(&hub);
        spoil(&mut gone);
        assert_eq!(refusal(&come_back(&hub, &gone)), word, "{}", gone.back);
    }
    // A link with a code of somebody else's account signs nobody in as that person: this browser did not begin it.
    let (attacker, victim) = (go(&hub), go(&hub));
    let crossed = Gone { cookie: victim.cookie.clone(), back: attacker.back.clone() };
    assert_eq!(refusal(&come_back(&hub, &crossed)), "not_begun");
    // Nor does a stolen code fit a sign-in that the thief began himself: the verifier is another.
    let code_of = |gone: &Gone| gone.back.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let thief = go(&hub);
    let stolen = Gone { back: thief.back.replace(&code_of(&thief), &code_of(&victim)), cookie: thief.cookie };
    assert_eq!(refusal(&come_back(&hub, &stolen)), "not_begun");
    // Each of the two is still good for whoever began it, unless its code was tried; and then only once.
    session(&hub, &come_back(&hub, &attacker));
    assert_eq!(refusal(&come_back(&hub, &attacker)), "not_begun", "played again");
    let told = sign_ins(&hub, &auditor(&hub));
    assert!(told.iter().any(|(.., outcome)| outcome == "code_refused"), "{told:?}");
}

#[test]
fn whoever_gets_no_role_is_not_let_in_and_whoever_loses_it_is_out_at_the_next_sign_in() {
    let provider = ProviderSimulator::start(lan());
    let hub = hub(&provider);
    let roles = |names: &[&str]| provider.says(|says| says.claims["realm_access"]["roles"] = json!(names));
    for (names, word) in
        [(&["strangers"][..], "no_role"), (&[], "no_role"), (&["auditors", "watchers"], "roles_conflict")]
    {
        roles(names);
        assert_eq!(refusal(&go_round(&hub)), word);
    }
    let count = || hub.runtime.block_on(hub.handle.store.account_count()).unwrap();
    assert_eq!(count(), 1, "nobody was made an account");
    roles(&["operators"]);
    let open = go_round(&hub);
    let id = session(&hub, &open)["account"]["id"].as_str().unwrap().to_owned();
    for names in [&["strangers"][..], &["auditors", "watchers"]] {
        roles(names);
        let _ = refusal(&go_round(&hub));
    }
    let cookie = session_cookie(&open).unwrap();
    assert_eq!(hub.http.ask("/api/v1/session", &[("cookie", &cookie)]).status, 401, "whoever was in is out");
    let row = hub.runtime.block_on(hub.handle.store.account_get(&id)).unwrap().unwrap();
    assert!(row.roles.is_empty(), "{:?}", row.roles);
    roles(&["operators"]);
    session(&hub, &go_round(&hub));
    assert_eq!(count(), 2);
}

#[test]
fn a_blocked_account_stays_out_whatever_the_provider_says() {
    let provider = ProviderSimulator::start(lan());
    let hub = hub(&provider);
    let open = go_round(&hub);
    let id = session(&hub, &open)["account"]["id"].as_str().unwrap().to_owned();
    make(&hub, "admin", Grants::everywhere([Role::SecurityAdmin]));
    let admin = sign_in(&hub, "admin");
    let path = format!("/api/v1/accounts/{id}");
    let headers = [&[("content-type", "application/json")], admin.headers().as_slice()].concat();
    assert_eq!(hub.http.send("PATCH", &path, &headers, br#"{"enabled":false}"#).status, 200);
    let cookie = session_cookie(&open).unwrap();
    assert_eq!(hub.http.ask("/api/v1/session", &[("cookie", &cookie)]).status, 401);
    provider.says(|says| says.claims["realm_access"]["roles"] = json!(["watchers"]));
    assert_eq!(refusal(&go_round(&hub)), "disabled");
    let row = hub.runtime.block_on(hub.handle.store.account_get(&id)).unwrap().unwrap();
    assert!(row.roles.iter().all(|(role, _)| role == "gate_operator"), "nothing of it changes: {:?}", row.roles);
}

#[test]
fn roles_that_take_a_second_factor_are_given_where_the_provider_says_that_one_was_shown() {
    let provider = ProviderSimulator::start(lan());
    let hub = hub_with(|config| {
        config.login.totp_for = [Role::GateOperator].into();
        config.login.oidc = Some(self::config(&provider.issuer));
    });
    assert_eq!(refusal(&go_round(&hub)), "second_factor");
    provider.says(|says| says.claims["acr"] = json!("two"));
    let session = session(&hub, &go_round(&hub));
    assert_eq!(session["duties"], json!([]), "nothing else is asked of him");
    provider.says(|says| says.claims = json!({"preferred_username": "b", "realm_access": {"roles": ["watchers"]}}));
    provider.says(|says| says.instead = json!({"sub": "person-2"}));
    assert_eq!(self::session(&hub, &go_round(&hub))["roles"], json!(["viewer"]), "who takes none needs none");
}

#[test]
fn while_the_provider_is_away_the_page_says_so_and_passwords_still_work() {
    let gone_port = free_port();
    let hub = hub_with(|config| config.login.oidc = Some(self::config(&format!("http://127.0.0.1:{gone_port}"))));
    for _ in 0..2 {
        assert_eq!(refusal(&hub.http.send_bare("/api/v1/oidc/start", &[])), "provider_away");
    }
    sign_in(&hub, "local");

    // It goes away while somebody is there.
    let provider = ProviderSimulator::start(lan());
    let hub = self::hub(&provider);
    let gone = go(&hub);
    let port: u16 = provider.issuer.rsplit(':').next().unwrap().parse().unwrap();
    drop(provider);
    crate::support::eventually("the provider is away", || std::net::TcpListener::bind(("127.0.0.1", port)).ok());
    assert_eq!(refusal(&come_back(&hub, &gone)), "provider_away");
    sign_in(&hub, "local");
}

#[test]
fn the_first_account_is_made_on_the_hub_and_not_by_the_provider() {
    let provider = ProviderSimulator::start(lan());
    let broker = BrokerConfig::new("127.0.0.1", free_port());
    let hub = Hub::start_in(tempfile::tempdir().unwrap(), broker, |config| {
        config.login.oidc = Some(self::config(&provider.issuer));
    });
    assert_eq!(
        hub.http.ask("/api/v1/setup", &[("cookie", "")]).json(),
        json!({"needed": true, "sign_in_elsewhere": null, "sets_up_gates": false})
    );
    assert_eq!(refusal(&go_round(&hub)), "no_accounts");
    assert_eq!(hub.runtime.block_on(hub.handle.store.account_count()).unwrap(), 0);
}

#[test]
fn another_page_cannot_begin_a_sign_in_and_over_tls_the_cookie_is_this_host_s_alone() {
    let provider = ProviderSimulator::start(lan());
    let hub = hub_with(|config| {
        config.login.oidc = Some(self::config(&provider.issuer));
        config.listening = hub::Listening::BehindTls;
    });
    let start = |headers: &[(&str, &str)]| hub.http.send_bare("/api/v1/oidc/start", headers);
    let foreign = start(&[("sec-fetch-site", "cross-site")]);
    assert_eq!((foreign.status, foreign.header("location"), foreign.header("set-cookie")), (303, "../../../", ""));
    let own = start(&[("sec-fetch-site", "same-origin")]);
    let cookie = own.header("set-cookie");
    assert!(own.header("location").starts_with(&provider.issuer) && cookie.ends_with("; Secure"), "{cookie}");
    assert!(cookie.starts_with("__Host-gatehouse_oidc=") && cookie.contains("; Path=/;"), "{cookie}");
    assert!(!own.header("location").contains(cookie.split(['=', ';']).nth(1).unwrap()), "the provider never sees it");
    let is_refused = |_| start(&[]).header("location") == "../../../?sign_in=too_many";
    assert!((0..200).any(is_refused), "whoever tries too often waits");
}

#[test]
fn a_hub_without_a_provider_says_so() {
    let hub = Hub::start(BrokerConfig::new("127.0.0.1", free_port()));
    for path in ["/api/v1/oidc/start", "/api/v1/oidc/callback?code=1&state=2"] {
        assert_eq!(hub.http.send_bare(path, &[]).status, 404);
    }
    assert_eq!(
        hub.http.ask("/api/v1/setup", &[("cookie", "")]).json(),
        json!({"needed": true, "sign_in_elsewhere": null, "sets_up_gates": false})
    );
}
