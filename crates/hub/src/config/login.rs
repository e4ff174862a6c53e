//! The table `[login]`: how people and programs get in.

use std::path::Path;
use std::time::Duration;

use domain::table::TableReader;

use crate::accounts::origin::{Block, Proxies};
use crate::accounts::rate::Rates;
use crate::accounts::session::SessionRules;
use crate::accounts::{LoginConfig, Role};

/// Longest session that may be configured: two weeks.
const SESSION_MAX: Duration = Duration::from_secs(14 * 24 * 3_600);

/// A time in `unit`s of a table; nothing where it is not given or wrong.
fn time(table: &mut TableReader<'_>, key: &'static str, unit: Duration) -> Option<Duration> {
    let count = table.optional::<u32>(key)?;
    let most = SESSION_MAX.as_secs() / unit.as_secs();
    if count == 0 || u64::from(count) > most {
        table.note(key, format!("{count} is out of range: 1 to {most} is accepted"));
        return None;
    }
    Some(unit * count)
}

/// A rate in requests a second; its burst is twenty seconds' worth.
fn rate(table: &mut TableReader<'_>, key: &'static str) -> Option<(f64, f64)> {
    let per_second = table.optional::<u32>(key)?;
    if !(1..=10_000).contains(&per_second) {
        table.note(key, format!("{per_second} is out of range: 1 to 10000 is accepted"));
        return None;
    }
    Some((f64::from(per_second) * 20.0, f64::from(per_second)))
}

/// Files are relative to `folder`.
pub(super) fn login(table: &mut TableReader<'_>, folder: &Path) -> LoginConfig {
    let mut sessions = SessionRules::default();
    let minute = Duration::from_secs(60);
    if let Some(idle) = time(table, "idle_minutes", minute) {
        sessions.idle = idle;
    }
    if let Some(idle) = time(table, "idle_admin_minutes", minute) {
        sessions.idle_admin = idle;
    }
    if let Some(absolute) = time(table, "session_hours", 60 * minute) {
        sessions.absolute = absolute;
    }
    let mut rates = Rates::default();
    for (key, rate_of) in
        [("account_requests_per_second", &mut rates.account), ("key_requests_per_second", &mut rates.api_key)]
    {
        if let Some((burst, per_second)) = rate(table, key) {
            (rate_of.burst, rate_of.per_second) = (burst, per_second);
        }
    }
    let mut totp_for = std::collections::BTreeSet::new();
    for name in table.optional::<Vec<String>>("totp_for").unwrap_or_default() {
        match name.parse::<Role>() {
            Ok(role) => drop(totp_for.insert(role)),
            Err(error) => table.note("totp_for", error),
        }
    }
    let mut proxies = Vec::new();
    for text in table.optional::<Vec<String>>("trusted_proxies").unwrap_or_default() {
        match text.parse::<Block>() {
            Ok(block) => proxies.push(block),
            Err(error) => table.note("trusted_proxies", error),
        }
    }
    let oidc = table.nested("oidc", |table| super::oidc::oidc(table, folder, &totp_for)).flatten();
    LoginConfig { sessions, rates, totp_for, proxies: Proxies::new(proxies), oidc }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use crate::HubConfig;
    use crate::accounts::Role;

    const BASE: &str = "db = \"a\"\nblobs = \"b\"\n[broker]\naddress = \"h:1\"\n";

    #[test]
    fn what_is_said_of_logins_is_read() {
        let text = format!(
            "{BASE}[login]\nidle_minutes = 30\nsession_hours = 8\ntotp_for = [\"system_admin\", \"security_admin\"]\n\
             trusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]\nkey_requests_per_second = 500\n"
        );
        let login = HubConfig::parse(&text, Path::new("")).expect("it is right").login;
        assert_eq!(login.sessions.idle, Duration::from_secs(1_800));
        assert_eq!(login.sessions.idle_admin, Duration::from_secs(300));
        assert_eq!(login.sessions.absolute, Duration::from_secs(8 * 3_600));
        assert!(login.totp_for.contains(&Role::SystemAdmin));
        assert_eq!(login.rates.api_key.per_second, 500.0);
    }

    #[test]
    fn mistakes_about_logins_are_named_at_once() {
        let text = format!(
            "listen_without_login = true\ntransport = \"tls\"\n{BASE}[login]\nidle_minutes = 0\n\
             totp_for = [\"root\"]\ntrusted_proxies = [\"proxy\"]\ncolour = 1\n"
        );
        let problems = HubConfig::parse(&text, Path::new("")).expect_err("it is wrong").to_string();
        for says in ["always asks for a login", "behind_tls", "idle_minutes", "gate_operator", "10.1.0.0/16", "colour"]
        {
            assert!(problems.contains(says), "{says}: {problems}");
        }
    }
}
