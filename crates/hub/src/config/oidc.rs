//! The table `[login.oidc]`: signing in at an identity provider.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use domain::table::TableReader;
use url::Url;

use crate::accounts::oidc::{ClaimGrant, ClaimIs, OidcConfig, authorities, is_safe};
use crate::accounts::{Grant, Grants, Role};
use crate::broker::Secret;

/// Most rules about claims.
const GRANTS_MAX: usize = 100;

/// Most characters of what the page calls the provider.
const LABEL_CHARS_MAX: usize = 40;

/// Where the provider sends browsers back to.
const CALLBACK: &str = "/api/v1/oidc/callback";

/// An address to which secrets may be sent.
fn address(table: &mut TableReader<'_>, key: &'static str, text: &str) -> Option<Url> {
    match text.parse::<Url>() {
        Ok(url) if !is_safe(&url) => {
            table.note(key, format!("\"{text}\" is not https: what is sent there would be readable on the way"));
            None
        }
        Ok(url) if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() => {
            table.note(key, format!("\"{text}\" has more than host and path"));
            None
        }
        Ok(url) => Some(url),
        Err(error) => {
            table.note(key, format!("\"{text}\" is no address: {error}; such as https://id.example.vn is accepted"));
            None
        }
    }
}

fn file(table: &mut TableReader<'_>, key: &'static str, folder: &Path) -> Option<(PathBuf, Vec<u8>)> {
    let path = table.optional::<PathBuf>(key).map(|file| folder.join(file))?;
    match std::fs::read(&path) {
        Ok(bytes) => Some((path, bytes)),
        Err(error) => {
            table.note(key, format!("cannot read \"{}\": {error}", path.display()));
            None
        }
    }
}

fn secret(table: &mut TableReader<'_>, folder: &Path) -> Option<Secret> {
    let (path, bytes) = file(table, "client_secret_file", folder)?;
    let text = String::from_utf8(bytes).unwrap_or_default();
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() || text.chars().any(char::is_control) {
        let what = format!("\"{}\" does not hold one line of text: the client's secret is accepted", path.display());
        table.note("client_secret_file", what);
        return None;
    }
    Some(Secret::new(text))
}

fn authority(table: &mut TableReader<'_>, folder: &Path) -> Option<(PathBuf, Vec<u8>)> {
    let (path, pem) = file(table, "ca_file", folder)?;
    if authorities(&pem).is_empty() {
        table.note("ca_file", format!("\"{}\" holds no certificate in PEM", path.display()));
        return None;
    }
    Some((path, pem))
}

fn claim_is(table: &mut TableReader<'_>) -> Option<ClaimIs> {
    let claim = table.required::<String>("claim", "the name of a claim, such as groups or realm_access.roles");
    let values = table.required::<BTreeSet<String>>("values", "a list of what the claim must be or hold one of");
    let values = values?;
    if values.is_empty() || values.contains("") {
        table.note("values", "give at least one, and none that is empty");
        return None;
    }
    Some(ClaimIs { claim: claim?, values })
}

fn grant(table: &mut TableReader<'_>) -> Option<ClaimGrant> {
    let when = claim_is(table);
    let role = table.required::<String>("role", "the name of a role");
    let sites = table.optional::<Vec<String>>("sites");
    let sites_claim = table.optional::<String>("sites_claim");
    let role = match role?.parse::<Role>() {
        Ok(role) => role,
        Err(error) => {
            table.note("role", error);
            return None;
        }
    };
    let sites = match (sites, &sites_claim) {
        (Some(sites), None) => sites,
        (None, Some(_)) => Vec::new(),
        (None, None) | (Some(_), Some(_)) => {
            table.note("sites", "give either sites, such as [\"*\"], or sites_claim, a claim that names them");
            return None;
        }
    };
    // A role that holds at no single site cannot be given at those that a claim names.
    let tried = if sites_claim.is_some() { vec!["a".to_owned()] } else { sites.clone() };
    if let Err(error) = Grants::new([Grant { role, sites: tried }]) {
        table.note(if sites_claim.is_some() { "sites_claim" } else { "sites" }, error);
        return None;
    }
    Some(ClaimGrant { when: when?, grant: Grant { role, sites }, sites_claim })
}

fn label(table: &mut TableReader<'_>) -> String {
    let label = table.optional::<String>("label").unwrap_or_else(|| "SSO".to_owned());
    let label = label.trim();
    if label.is_empty() || label.chars().count() > LABEL_CHARS_MAX || label.chars().any(char::is_control) {
        table.note("label", format!("give 1 to {LABEL_CHARS_MAX} characters in one line"));
    }
    label.to_owned()
}

/// Files are relative to `folder`; `totp_for` are the roles that take a second factor.
pub(super) fn oidc(table: &mut TableReader<'_>, folder: &Path, totp_for: &BTreeSet<Role>) -> Option<OidcConfig> {
    let issuer = table.required::<String>("issuer", "the provider's address, exactly as it writes itself");
    let issuer = issuer.filter(|text| address(table, "issuer", text).is_some());
    let redirect_url = table.required::<String>("redirect_url", "https://HUB/api/v1/oidc/callback, as browsers see it");
    let redirect_url = redirect_url.and_then(|text| address(table, "redirect_url", &text));
    if redirect_url.as_ref().is_some_and(|url| !url.path().ends_with(CALLBACK)) {
        table.note("redirect_url", format!("it ends with {CALLBACK}"));
    }
    let client_id = table.required::<String>("client_id", "the name that the provider gave to this hub");
    let client_secret = secret(table, folder);
    let ca = authority(table, folder);
    let scopes = table.optional::<Vec<String>>("scopes").unwrap_or_else(|| vec!["profile".to_owned()]);
    if scopes.iter().any(|scope| scope.is_empty() || !scope.bytes().all(|b| b.is_ascii_graphic())) {
        table.note("scopes", "a scope is a word of visible ASCII characters, such as \"profile\"");
    }
    let label = label(table);
    let name_claim = table.optional::<String>("name_claim").unwrap_or_else(|| "preferred_username".to_owned());
    let display_name_claim = table.optional::<String>("display_name_claim").unwrap_or_else(|| "name".to_owned());
    let is_asked_each_time = table.optional::<bool>("ask_each_time").unwrap_or(false);
    let asks_user_info = table.optional::<bool>("user_info").unwrap_or(false);
    let second_factor = table.nested("second_factor", claim_is).flatten();
    let grants: Vec<ClaimGrant> = table.each("grant", grant).into_iter().flatten().collect();
    if grants.is_empty() || grants.len() > GRANTS_MAX {
        table
            .note("grant", format!("give 1 to {GRANTS_MAX} tables [[login.oidc.grant]]: without one nobody is let in"));
    }
    let config = OidcConfig {
        issuer: issuer?,
        client_id: client_id?,
        client_secret,
        redirect_url: redirect_url?,
        scopes,
        label,
        name_claim,
        display_name_claim,
        ca,
        is_asked_each_time,
        asks_user_info,
        second_factor,
        grants,
    };
    let roles = config.roles();
    let unproved: Vec<&str> = roles.intersection(totp_for).map(|role| role.as_str()).collect();
    if !unproved.is_empty() && config.second_factor.is_none() {
        let roles = unproved.join(", ");
        let what = format!(
            "{roles} in login.totp_for take a second factor: say by which claim and values the provider tells of one, or \
             give these roles to accounts of this hub only"
        );
        table.note("second_factor", what);
    }
    Some(config)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::HubConfig;
    use crate::accounts::oidc::OidcConfig;

    const BASE: &str = "db = \"a\"\nblobs = \"b\"\n[broker]\naddress = \"h:1\"\n";

    const RIGHT: &str = "[login.oidc]\nissuer = \"https://id.vn/realm\"\nclient_id = \"hub\"\nlabel = \"VNeID\"\n\
         redirect_url = \"https://hub.vn/api/v1/oidc/callback\"\n\
         [[login.oidc.grant]]\nclaim = \"groups\"\nvalues = [\"w\"]\nrole = \"viewer\"\nsites = [\"*\"]\n\
         [[login.oidc.grant]]\nclaim = \"groups\"\nvalues = [\"o\", \"p\"]\nrole = \"gate_operator\"\nsites_claim = \"unit\"\n";

    fn read(text: &str) -> Result<Option<OidcConfig>, String> {
        let read = HubConfig::parse(&format!("{BASE}{text}"), Path::new(""));
        read.map(|config| config.login.oidc).map_err(|problems| problems.to_string())
    }

    #[test]
    fn a_provider_and_its_claims_are_read() {
        let oidc = read(RIGHT).expect("it is right").expect("it is there");
        assert_eq!((oidc.label.as_str(), oidc.grants.len()), ("VNeID", 2));
        assert_eq!((oidc.scopes.as_slice(), oidc.is_asked_each_time), (&["profile".to_owned()][..], false));
        assert_eq!(oidc.issuer, "https://id.vn/realm");
        assert_eq!(read("").expect("it is right"), None);
    }

    #[test]
    fn mistakes_about_a_provider_are_named_at_once() {
        let text = "[login.oidc]\nissuer = \"http://id.vn\"\nredirect_url = \"https://hub.vn/\"\n\
             client_secret_file = \"/missing\"\nca_file = \"/dev/null\"\nlabel = \"\"\nscopes = [\"a b\"]\n\
             [[login.oidc.grant]]\nclaim = \"groups\"\nvalues = [\"w\"]\nrole = \"root\"\nsites = []\n\
             [[login.oidc.grant]]\nclaim = \"groups\"\nvalues = []\nrole = \"viewer\"\n\
             [[login.oidc.grant]]\nclaim = \"groups\"\nvalues = [\"s\"]\nrole = \"security_admin\"\nsites_claim = \"unit\"\n";
        let problems = read(text).expect_err("it is wrong");
        for says in [
            "not https",
            "/api/v1/oidc/callback",
            "client_id",
            "/missing",
            "no certificate",
            "login.oidc.label",
            "visible ASCII",
            "gate_operator",
            "give at least one",
            "either sites",
            "about the hub as a whole",
            "nobody is let in",
        ] {
            assert!(problems.contains(says), "{says}: {problems}");
        }
    }

    #[test]
    fn roles_that_take_a_second_factor_are_given_only_where_the_provider_tells_of_one() {
        let admins = "[login]\ntotp_for = [\"gate_operator\", \"auditor\"]\n";
        let problems = read(&format!("{admins}{RIGHT}")).expect_err("nobody would know");
        assert!(problems.contains("gate_operator in login.totp_for"), "{problems}");
        let told = "[login.oidc.second_factor]\nclaim = \"acr\"\nvalues = [\"two\"]\n";
        assert!(read(&format!("{admins}{RIGHT}{told}")).expect("it is right").is_some());
    }
}
