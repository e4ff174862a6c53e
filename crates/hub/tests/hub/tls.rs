//! Encrypted connections to a broker that asks who is there.

use std::fs;
use std::path::Path;

use hub::{HubConfig, Listening};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::support::mosquitto::Mosquitto;
use crate::support::{PATIENCE, eventually, free_port};

/// An authority with a certificate for this machine and one for a hub, as files in `folder` that begin with `prefix`.
fn certificates(folder: &Path, prefix: &str) {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(vec![]).unwrap();
    authority.distinguished_name.push(DnType::CommonName, "authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let write = |name: &str, text: String| fs::write(folder.join(format!("{prefix}{name}")), text).unwrap();
    write("ca.crt", authority.self_signed(&authority_key).unwrap().pem());
    let issuer = Issuer::new(authority, authority_key);
    for (name, subject) in [("server", "127.0.0.1"), ("hub", "hub-1")] {
        let key = KeyPair::generate().unwrap();
        let mut certificate = CertificateParams::new(vec![subject.to_owned()]).unwrap();
        certificate.distinguished_name.push(DnType::CommonName, subject);
        write(&format!("{name}.crt"), certificate.signed_by(&key, &issuer).unwrap().pem());
        write(&format!("{name}.key"), key.serialize_pem());
    }
}

fn config(broker: &Mosquitto, tls: &str) -> HubConfig {
    let text = format!(
        "db = \"hub.db\"\nblobs = \"blobs\"\nlisten = \"127.0.0.1:0\"\n[broker]\naddress = \"127.0.0.1:{}\"\n{tls}",
        broker.port
    );
    let config = HubConfig::parse(&text, broker.folder()).unwrap();
    assert_eq!(config.listening, Listening::LoopbackOnly);
    config
}

#[test]
fn the_hub_shows_its_certificate_and_trusts_its_own_authority_only() {
    let broker = Mosquitto::with(free_port(), |folder| {
        certificates(folder, "");
        certificates(folder, "other-");
        let folder = folder.display();
        format!(
            "allow_anonymous true\nrequire_certificate true\ncafile {folder}/ca.crt\ncertfile {folder}/server.crt\n\
             keyfile {folder}/server.key\n"
        )
    });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let ours = "certificate_file = \"hub.crt\"\nkey_file = \"hub.key\"\n";
    let hub = runtime.block_on(hub::start(config(&broker, &format!("ca_file = \"ca.crt\"\n{ours}")))).unwrap();
    runtime.block_on(async { tokio::time::timeout(PATIENCE, hub.ready()).await }).expect("the hub gets in");
    runtime.block_on(hub.stop());

    for wrong in [format!("ca_file = \"other-ca.crt\"\n{ours}"), "ca_file = \"ca.crt\"\n".to_owned()] {
        let hub = runtime.block_on(hub::start(config(&broker, &wrong))).unwrap();
        let error = eventually("a failed attempt", || hub.health().borrow().broker_error.clone());
        assert!(error.to_lowercase().contains("certificate"), "{error}");
        assert!(!hub.health().borrow().broker);
        runtime.block_on(hub.stop());
    }
}
