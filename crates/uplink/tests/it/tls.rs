//! Encrypted connections to a real broker.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use uplink::{BrokerConfig, ClientCertificate, Tls, TlsError};

use crate::support::broker::Broker;
use crate::support::{nervous, open, publish, until_state};

/// An authority with a certificate for this machine and one for a node, as files in `folder`.
fn certificates(folder: &Path, prefix: &str) -> (PathBuf, ClientCertificate) {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(vec![]).unwrap();
    authority.distinguished_name.push(DnType::CommonName, "authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = Issuer::new(authority, authority_key);
    let write = |name: &str, text: String| {
        let path = folder.join(format!("{prefix}{name}"));
        fs::write(&path, text).unwrap();
        path
    };
    let issue = |name: &str, subject: &str| {
        let key = KeyPair::generate().unwrap();
        let mut certificate = CertificateParams::new(vec![subject.to_owned()]).unwrap();
        certificate.distinguished_name.push(DnType::CommonName, subject);
        let certificate = certificate.signed_by(&key, &issuer).unwrap();
        let chain = write(&format!("{name}.crt"), certificate.pem());
        ClientCertificate { chain, key: write(&format!("{name}.key"), key.serialize_pem()) }
    };
    issue("server", "127.0.0.1");
    (write("ca.crt", authority_pem), issue("node", "n1"))
}

fn encrypted(broker: &Broker, tls: Tls) -> BrokerConfig {
    BrokerConfig { tls: Some(tls), ..broker.config() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_is_trusted_by_its_authority_only() {
    let mut broker = Broker::down(
        "allow_anonymous true\ncafile FOLDER/ca.crt\ncertfile FOLDER/server.crt\nkeyfile FOLDER/server.key\n",
    );
    let (authority, _) = certificates(broker.folder(), "");
    let (stranger, _) = certificates(broker.folder(), "other-");
    broker.up();
    let folder = tempfile::tempdir().unwrap();
    let outbox = open(&folder.path().join("outbox.db")).await;
    let publisher = publish(&outbox, encrypted(&broker, Tls::read(&stranger, None).unwrap()), nervous());
    let state = until_state(&publisher, "an error", |state| state.last_error.is_some()).await;
    assert!(state.last_error.as_ref().is_some_and(|e| e.contains("certificate")), "{state:?}");
    publisher.stop().await;

    let publisher = publish(&outbox, encrypted(&broker, Tls::read(&authority, None).unwrap()), nervous());
    until_state(&publisher, "a connection", |state| state.connected).await;
    publisher.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_asks_gets_the_nodes_certificate() {
    let mut broker = Broker::down(
        "allow_anonymous true\nrequire_certificate true\ncafile FOLDER/ca.crt\ncertfile FOLDER/server.crt\nkeyfile \
         FOLDER/server.key\n",
    );
    let (authority, client) = certificates(broker.folder(), "");
    broker.up();
    let folder = tempfile::tempdir().unwrap();
    let outbox = open(&folder.path().join("outbox.db")).await;
    let publisher = publish(&outbox, encrypted(&broker, Tls::read(&authority, None).unwrap()), nervous());
    until_state(&publisher, "an error", |state| state.last_error.is_some() && !state.connected).await;
    publisher.stop().await;
    let tls = Tls::read(&authority, Some(&client)).unwrap();
    let publisher = publish(&outbox, encrypted(&broker, tls), nervous());
    until_state(&publisher, "a connection", |state| state.connected).await;
    publisher.stop().await;
}

#[test]
fn files_that_do_not_fit_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, client) = certificates(folder.path(), "");
    let (_, other) = certificates(folder.path(), "other-");
    let empty = folder.path().join("empty.crt");
    fs::write(&empty, "").unwrap();
    let missing = folder.path().join("missing.crt");
    let error = Tls::read(&missing, None).unwrap_err();
    assert!(matches!(&error, TlsError::Read { path, .. } if *path == missing), "{error}");
    let error = Tls::read(&empty, None).unwrap_err();
    assert!(matches!(&error, TlsError::Empty { path, .. } if *path == empty), "{error}");
    let error = Tls::read(&client.key, None).unwrap_err();
    assert!(matches!(&error, TlsError::Empty { .. }), "a key is no certificate: {error}");
    let mixed = ClientCertificate { chain: client.chain.clone(), key: other.key };
    let error = Tls::read(&authority, Some(&mixed)).unwrap_err();
    assert!(matches!(&error, TlsError::BadClient { .. }), "{error}");
    let keyless = ClientCertificate { key: client.chain.clone(), ..client };
    let error = Tls::read(&authority, Some(&keyless)).unwrap_err();
    assert!(matches!(&error, TlsError::Read { what: "client key", .. }), "{error}");
}
