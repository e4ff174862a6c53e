//! Published policies: numbered, kept, and wanted of the right nodes.

use domain::{NodeId, SiteId, UtcTime};
use store::{NewPolicy, PolicyError, Sites, Store};
use wire::policy::{
    Addressees, Bundle, Document, DocumentPath, PolicyKey, PolicyRefusal, PolicyStatus, SealedBundle, WantedPolicy,
};
use wire::{NodeState, Status};

use crate::support::{Home, Node, on_both};

fn bundle(site: &SiteId, version: u64, nodes: &[&str], rollback_from: Option<u64>) -> Bundle {
    let named = nodes.iter().map(|node| NodeId::new(*node).unwrap()).collect();
    Bundle {
        version,
        site: site.clone(),
        nodes: if nodes.is_empty() { Addressees::All } else { Addressees::Named(named) },
        issued_at: UtcTime::UNIX_EPOCH,
        issued_by: "Trần Thị B".to_owned(),
        not_before: UtcTime::UNIX_EPOCH,
        rollback_from,
        documents: vec![Document::new(DocumentPath::new("a.toml").unwrap(), "x = 1\n").unwrap()],
    }
}

async fn publish(store: &Store, bundle: &Bundle) -> Result<SealedBundle, PolicyError> {
    let key = PolicyKey::from_seed([1; 32]);
    let sealed = SealedBundle::seal(&key, bundle).unwrap();
    let wanted = WantedPolicy::of(bundle, &sealed, "/x").seal(&key).unwrap();
    let new = NewPolicy { bundle, sealed: &sealed, wanted: &wanted, key: &key.id() };
    store.policy_insert(&new, UtcTime::UNIX_EPOCH).await.map(|()| sealed)
}

on_both! {
    async fn versions_only_rise_and_what_was_published_is_kept_for_good(home: Home) {
        let store = home.open().await;
        let node = Node::new("n1", 1).added_to(&store).await;
        let site = node.site.clone();
        assert_eq!(store.policy_next_version(&site).await.unwrap(), 1);
        let first = publish(&store, &bundle(&site, 1, &[], None)).await.unwrap();
        let error = publish(&store, &bundle(&site, 1, &["n1"], None)).await.unwrap_err();
        assert!(matches!(error, PolicyError::Taken { version: 1, next: 2, .. }), "{error}");
        publish(&store, &bundle(&site, 2, &[], Some(9))).await.unwrap();
        assert_eq!(store.policy_next_version(&site).await.unwrap(), 10, "above what may be rolled back");
        assert!(publish(&store, &bundle(&site, 3, &[], None)).await.is_err());
        let (row, bytes) = store.policy_bundle(&site, 1).await.unwrap().unwrap();
        assert_eq!((row.sha256, bytes.as_slice()), (first.hash(), first.as_bytes()));
        assert_eq!((row.issued_by.as_str(), row.documents[0].bytes), ("Trần Thị B", 6));
        let versions: Vec<_> = store.policy_history(&site, 9).await.unwrap().iter().map(|row| row.version).collect();
        assert_eq!(versions, [2, 1]);
        assert!(store.policy_bundle(&SiteId::new("elsewhere").unwrap(), 1).await.unwrap().is_none());
        for sql in ["delete from policy", "update policy set issued_by = 'nobody'"] {
            let error = home.execute(sql).await.unwrap_err().to_string();
            assert!(error.contains("never"), "{sql}: {error}");
        }
    }

    async fn each_node_is_wanted_the_newest_policy_that_is_for_it(home: Home) {
        let store = home.open().await;
        let site = Node::new("n1", 1).added_to(&store).await.site;
        let before = store.policies_mark().await.unwrap();
        publish(&store, &bundle(&site, 1, &[], None)).await.unwrap();
        publish(&store, &bundle(&site, 2, &["n2"], None)).await.unwrap();
        assert_ne!(store.policies_mark().await.unwrap(), before);
        let wanted = |store: Store| async move {
            let mut wanted: Vec<_> =
                store.policies_wanted().await.unwrap().into_iter().map(|row| (row.node.to_string(), row.policy)).collect();
            wanted.sort();
            wanted
        };
        assert_eq!(wanted(store.clone()).await, [("n1".to_owned(), 1)]);
        // A node that comes later is told too.
        let before = store.policies_mark().await.unwrap();
        Node::new("n2", 2).added_to(&store).await;
        assert_ne!(store.policies_mark().await.unwrap(), before);
        assert_eq!(wanted(store.clone()).await, [("n1".to_owned(), 1), ("n2".to_owned(), 2)]);
        let nodes = store.nodes().await.unwrap();
        assert_eq!(nodes.iter().map(|row| row.policy_wanted).collect::<Vec<_>>(), [Some(1), Some(2)]);
    }

    async fn a_refused_policy_is_an_alarm_until_it_is_put_right_and_a_last_will_changes_nothing(home: Home) {
        let store = home.open().await;
        let node = Node::new("n1", 1).added_to(&store).await;
        let refused = PolicyRefusal { version: Some(7), reason: "x".repeat(1000), at: UtcTime::UNIX_EPOCH };
        let status = |policy| Status {
            state: NodeState::Online,
            version: "1".to_owned(),
            at: None,
            backlog: None,
            clock: None,
            policy,
            health: None,
        };
        let set = |status: Status| {
            let (store, node) = (store.clone(), &node);
            async move { store.node_status_set(&node.site, &node.node, &status, UtcTime::UNIX_EPOCH).await.unwrap() }
        };
        assert!(set(status(Some(PolicyStatus { refused: Some(refused), ..PolicyStatus::default() }))).await);
        assert!(set(status(None)).await);
        let row = store.nodes().await.unwrap().remove(0);
        let kept = row.policy.unwrap().status.refused.unwrap();
        assert_eq!((kept.version, kept.reason.len(), row.alarms_open), (Some(7), 400, 1));
        let alarms = store.alarms(&Sites::All, None, 9).await.unwrap();
        assert!(alarms[0].kind == "policy_refused" && alarms[0].detail.starts_with("version 7: x"), "{alarms:?}");
        assert!(set(status(Some(PolicyStatus::default()))).await);
        assert_eq!(store.nodes().await.unwrap()[0].alarms_open, 0);
    }
}
