//! The tables `[authority]`, `[https]`, `[signing]` and `[view]`.

use std::path::{Path, PathBuf};

use domain::table::TableReader;
use wire::enrolment::BrokerPlace;

use crate::authority::AuthorityFiles;
use crate::config::{SigningConfig, parse_address};
use crate::enrolment::AuthorityConfig;
use crate::https::HttpsConfig;

pub(super) fn authority(table: &mut TableReader<'_>, folder: &Path) -> Option<AuthorityConfig> {
    let files = table.required::<PathBuf>("folder", "the folder that `gatehouse-hub authority init` has made");
    let hub_url =
        table.required::<String>("hub_url", "this hub's address for nodes, such as https://hub.example.vn:8443");
    if let Some(url) = &hub_url
        && (!url.starts_with("https://") || url.trim_end_matches('/').len() <= "https://".len())
    {
        table.note("hub_url", format!("\"{url}\" is not https://HOST or https://HOST:PORT"));
    }
    let broker = table.required::<String>("broker", "the broker's address for nodes, HOST:PORT");
    let broker = broker.and_then(|text| match parse_address(&text) {
        Ok((host, port)) => Some(BrokerPlace { host, port }),
        Err(error) => {
            table.note("broker", error);
            None
        }
    });
    let crl_copies = table.optional::<Vec<PathBuf>>("crl_copies").unwrap_or_default();
    Some(AuthorityConfig {
        files: AuthorityFiles::new(&folder.join(files?)),
        hub_url: hub_url?.trim_end_matches('/').to_owned(),
        broker: broker?,
        crl_copies: crl_copies.into_iter().map(|path| folder.join(path)).collect(),
    })
}

pub(super) fn https(
    table: &mut TableReader<'_>,
    folder: &Path,
    authority: Option<&AuthorityConfig>,
) -> Option<HttpsConfig> {
    let mut file = |key| table.optional::<PathBuf>(key).map(|file| folder.join(file));
    let (certificate, key, nodes) = (file("certificate_file"), file("key_file"), file("nodes_ca_file"));
    if certificate.is_some() != key.is_some() {
        table.note("certificate_file", "give certificate_file and key_file together");
        return None;
    }
    let files = authority.map(|authority| &authority.files);
    let given = certificate.zip(key).or_else(|| files.map(|files| (files.hub(), files.hub_key())));
    let nodes = nodes.or_else(|| files.map(AuthorityFiles::nodes));
    match given.zip(nodes) {
        Some(((certificate, key), nodes)) => Some(HttpsConfig { certificate, key, nodes }),
        None => {
            table.note(
                "certificate_file",
                "missing: give a table [authority], or certificate_file, key_file and nodes_ca_file",
            );
            None
        }
    }
}

/// The table `[signing]`.
pub(super) fn signing(table: &mut TableReader<'_>, folder: &Path) -> SigningConfig {
    let mut file = |key| table.optional::<PathBuf>(key).map(|file| folder.join(file));
    SigningConfig {
        policy_key: file("policy_key_file"),
        order_key: file("order_key_file"),
        pass_key: file("pass_key_file"),
        view_key: file("view_key_file"),
    }
}

/// The table `[view]`.
pub(super) fn view_url(table: &mut TableReader<'_>) -> Option<String> {
    let url = table.optional::<String>("url")?;
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    if host.is_none_or(|host| host.trim_end_matches('/').is_empty() || host.trim_end_matches('/').contains('/')) {
        table.note(
            "url",
            format!("\"{url}\" is not this hub's address for nodes: https://HOST or https://HOST:PORT is"),
        );
        return None;
    }
    Some(url.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use crate::config::HubConfig;
    use std::path::Path;

    const BASE: &str = "db = \"hub.db\"\nblobs = \"blobs\"\n[broker]\naddress = \"h:1\"\n";

    #[test]
    fn https_takes_what_the_authority_has_made() {
        let text = format!(
            "{BASE}[authority]\nfolder = \"ca\"\nhub_url = \"https://hub.vn:8443/\"\nbroker = \"mqtt.vn:8883\"\n\
             crl_copies = [\"/etc/mosquitto/nodes.crl\"]\n[https]\n"
        );
        let config = HubConfig::parse(&text, Path::new("/etc/gatehouse")).expect("it is right");
        let (authority, https) = (config.authority.expect("an authority"), config.https.expect("https"));
        assert_eq!(https.certificate, Path::new("/etc/gatehouse/ca/hub.crt"));
        assert_eq!((authority.hub_url.as_str(), authority.broker.port), ("https://hub.vn:8443", 8883));
    }

    #[test]
    fn a_hub_among_several_says_where_pictures_come_to_it() {
        let view = |url: &str| HubConfig::parse(&format!("{BASE}[view]\nurl = \"{url}\"\n"), Path::new(""));
        let config = view("https://hub-2.vn:8443/").expect("it is right");
        assert_eq!(config.view_url.as_deref(), Some("https://hub-2.vn:8443"));
        for wrong in ["hub-2.vn", "https://", "https://hub-2.vn/path", "ftp://hub-2.vn"] {
            let problems = view(wrong).expect_err(wrong).to_string();
            assert!(problems.contains("view.url"), "{problems}");
        }
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let text = format!("{BASE}[authority]\nhub_url = \"http://hub\"\nbroker = \"b\"\n[https]\nkey_file = \"k\"\n");
        let problems = HubConfig::parse(&text, Path::new("")).expect_err("it is wrong");
        let paths: Vec<_> = problems.as_slice().iter().map(|problem| problem.path.as_str()).collect();
        for path in ["authority.folder", "authority.hub_url", "authority.broker", "https.certificate_file"] {
            assert!(paths.contains(&path), "{path} is not in {paths:?}");
        }
    }
}
