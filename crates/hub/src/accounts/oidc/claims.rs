//! What the claims of a token that was checked say of somebody: who it is, what for people, and which roles where.

use std::collections::BTreeSet;

use domain::SiteId;
use serde_json::{Map, Value};

use super::{ClaimIs, OidcConfig, OidcError};
use crate::accounts::make::{DISPLAY_NAME_CHARS_MAX, NAME_CHARS_MAX};
use crate::accounts::scope::{Grant, Grants};
use crate::accounts::token::kept;

/// Longest subject (OpenID Connect Core 1.0, 2).
const SUBJECT_CHARS_MAX: usize = 255;

/// Digits at the end of an account's name that make it nobody else's.
const NAME_DIGITS: usize = 8;

/// Who the provider says somebody is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Identity {
    /// `ISSUER SUBJECT`: an issuer has no blanks.
    pub(crate) external_id: String,
    /// The account's name.
    pub(crate) name: String,
    pub(crate) display_name: String,
    /// `vi` or `en`.
    pub(crate) language: &'static str,
    /// None where the provider says nothing that gives a role.
    pub(crate) grants: Grants,
    /// Whether the provider says that a second factor was shown.
    pub(crate) has_second_factor: bool,
}

/// A claim, by its path.
fn claim<'a>(claims: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    // A name with dots of its own, such as an address, comes first.
    if let Some(value) = claims.get(path) {
        return Some(value);
    }
    let (first, rest) = path.split_once('.')?;
    claim(claims.get(first)?.as_object()?, rest)
}

/// The texts of a claim that is a text or a list.
fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).collect(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => Vec::new(),
    }
}

fn holds(claims: &Map<String, Value>, wanted: &ClaimIs) -> bool {
    texts(claim(claims, &wanted.claim)).into_iter().any(|text| wanted.values.contains(text))
}

/// What is shown of a text that somebody else wrote: one line, and no characters that turn the text around it.
fn plain_line(text: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}');
    let line: String = text.chars().filter(|c| !c.is_control() && !turns(*c)).take(DISPLAY_NAME_CHARS_MAX).collect();
    line.trim().to_owned()
}

/// A name for an account: readable, and never that of an account which was made here or of another person.
fn account_name(name: &str, external_id: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_@".contains(*c);
    let chars_max = NAME_CHARS_MAX - NAME_DIGITS - 1;
    let plain: String = name.to_lowercase().chars().filter(is_plain).take(chars_max).collect();
    format!("{plain}-{}", &kept(external_id)[..NAME_DIGITS])
}

/// The roles that the claims give. A claim never means every site: that takes a word of this hub's own configuration.
fn grants(config: &OidcConfig, claims: &Map<String, Value>) -> Result<Grants, OidcError> {
    let mut given = Vec::new();
    for mapping in config.grants.iter().filter(|mapping| holds(claims, &mapping.when)) {
        let sites: BTreeSet<String> = match &mapping.sites_claim {
            None => mapping.grant.sites.iter().cloned().collect(),
            Some(path) => {
                let named = texts(claim(claims, path)).into_iter().filter(|site| site.parse::<SiteId>().is_ok());
                named.map(str::to_owned).collect()
            }
        };
        if !sites.is_empty() {
            given.push(Grant { role: mapping.grant.role, sites: sites.into_iter().collect() });
        }
    }
    Ok(Grants::new(given)?)
}

/// Who the claims of a token that was checked say somebody is.
pub(crate) fn identity(config: &OidcConfig, claims: &Map<String, Value>) -> Result<Identity, OidcError> {
    let text = |path: &str| {
        let found = claim(claims, path).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
        found.ok_or_else(|| OidcError::Claim(path.to_owned()))
    };
    let is_subject = |sub: &&str| sub.chars().count() <= SUBJECT_CHARS_MAX && !sub.chars().any(char::is_control);
    let subject = text("sub")?;
    let subject = Some(subject).filter(is_subject).ok_or_else(|| OidcError::Claim("sub".to_owned()))?;
    let external_id = format!("{} {subject}", config.issuer);
    let name = account_name(text(&config.name_claim)?, &external_id);
    let display_name = text(&config.display_name_claim).map(plain_line).unwrap_or_default();
    let display_name = if display_name.is_empty() { name.clone() } else { display_name };
    let is_english = text("locale").is_ok_and(|locale| locale.to_ascii_lowercase().starts_with("en"));
    Ok(Identity {
        name,
        display_name,
        external_id,
        language: if is_english { "en" } else { "vi" },
        grants: grants(config, claims)?,
        has_second_factor: config.second_factor.as_ref().is_some_and(|wanted| holds(claims, wanted)),
    })
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::ClaimGrant;
    use super::*;
    use crate::accounts::{Permission, Role};

    fn when(claim: &str, value: &str) -> ClaimIs {
        ClaimIs { claim: claim.to_owned(), values: BTreeSet::from([value.to_owned()]) }
    }

    pub(in super::super) fn config() -> OidcConfig {
        let grant = |role, sites: &[&str]| Grant { role, sites: sites.iter().map(|site| (*site).to_owned()).collect() };
        OidcConfig {
            issuer: "https://id.example.vn/realm".to_owned(),
            client_id: "gatehouse".to_owned(),
            client_secret: None,
            redirect_url: "https://hub.example.vn/api/v1/oidc/callback".parse().expect("a URL"),
            scopes: vec!["profile".to_owned()],
            label: "VNeID".to_owned(),
            name_claim: "preferred_username".to_owned(),
            display_name_claim: "name".to_owned(),
            ca: None,
            is_asked_each_time: false,
            asks_user_info: false,
            second_factor: Some(when("acr", "two")),
            grants: vec![
                ClaimGrant { when: when("groups", "watchers"), grant: grant(Role::Viewer, &["*"]), sites_claim: None },
                ClaimGrant {
                    when: when("realm_access.roles", "operator"),
                    grant: grant(Role::GateOperator, &[]),
                    sites_claim: Some("unit".to_owned()),
                },
            ],
        }
    }

    fn read(claims: Value) -> Result<Identity, OidcError> {
        identity(&config(), claims.as_object().expect("an object"))
    }

    #[test]
    fn claims_become_roles_at_sites() {
        let identity = read(json!({
            "sub": "1", "preferred_username": "Lan.Tran", "name": "Trần Thị Lan", "acr": "two", "locale": "en-GB",
            "groups": ["x", "watchers"], "realm_access": {"roles": ["operator"]}, "unit": ["cao-nguyen", "*", "Đơn vị"],
        }));
        let identity = identity.expect("it is right");
        assert_eq!(identity.external_id, "https://id.example.vn/realm 1");
        assert!(identity.name.starts_with("lan.tran-") && identity.name.len() == 8 + 9, "{}", identity.name);
        assert_eq!((identity.display_name.as_str(), identity.language), ("Trần Thị Lan", "en"));
        assert!(identity.has_second_factor);
        assert_eq!(identity.grants.roles(), BTreeSet::from([Role::Viewer, Role::GateOperator]));
        let plates = identity.grants.scope(Permission::PlatesRead);
        assert_eq!(plates.names(), ["cao-nguyen"], "a claim never means everywhere");
    }

    #[test]
    fn whoever_is_said_nothing_of_gets_no_role() {
        for claims in [
            json!({"sub": "1", "preferred_username": "lan", "groups": "others"}),
            json!({"sub": "1", "preferred_username": "lan", "groups": {"watchers": true}}),
            json!({"sub": "1", "preferred_username": "lan", "realm_access": {"roles": ["operator"]}}),
            json!({"sub": "1", "preferred_username": "lan", "realm_access": {"roles": ["operator"]}, "unit": "*"}),
        ] {
            let identity = read(claims.clone()).expect("somebody");
            assert!(identity.grants.roles().is_empty() && !identity.has_second_factor, "{claims}");
        }
    }

    #[test]
    fn whoever_has_no_name_or_no_subject_is_nobody() {
        for (claims, missing) in [
            (json!({"sub": "1", "groups": "watchers"}), "preferred_username"),
            (json!({"sub": "1", "preferred_username": 7}), "preferred_username"),
            (json!({"preferred_username": "lan"}), "sub"),
            (json!({"sub": "a\nb", "preferred_username": "lan"}), "sub"),
            (json!({"sub": "a".repeat(256), "preferred_username": "lan"}), "sub"),
        ] {
            assert!(matches!(read(claims), Err(OidcError::Claim(claim)) if claim == missing), "{missing}");
        }
    }

    #[test]
    fn names_of_accounts_are_plain_and_of_one_person_each() {
        let (one, other) = (account_name("admin", "i 1"), account_name("admin", "i 2"));
        assert!(one != other && one != "admin", "{one} {other}");
        let long = account_name(&"Đ".repeat(99), "i 1") + &account_name(&"x".repeat(99), "i 1");
        assert!(crate::accounts::make::name_read(&account_name("Ấ", "i 1")).is_ok(), "{long}");
        assert_eq!(account_name(&"x".repeat(99), "i 1").len(), NAME_CHARS_MAX);
    }

    #[test]
    fn a_name_cannot_turn_the_line_around_or_break_it() {
        assert_eq!(plain_line(" Lan\u{202E}nimda\n\u{FEFF} "), "Lannimda");
        let nameless = read(json!({"sub": "1", "preferred_username": "lan", "name": "\u{202E}"})).expect("somebody");
        assert_eq!(nameless.display_name, nameless.name);
    }
}
