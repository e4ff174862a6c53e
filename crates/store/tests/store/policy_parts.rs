//! What policies are made of: drafts with their history, watch lists that need two persons, visitors' passes.

use domain::SiteId;
use store::{Decision, DraftError, Expected, NewWatch, PassError, PassRow, PassUses, WatchError, text_hash};
use wire::policy::{Document, DocumentPath};

use crate::support::{Home, at, on_both};

fn site() -> SiteId {
    SiteId::new("den-hung").unwrap()
}

fn path(text: &str) -> DocumentPath {
    DocumentPath::new(text).unwrap()
}

fn document(place: &str, text: &str) -> Document {
    Document::new(path(place), text).unwrap()
}

fn watch(id: u8, plate: &str, until: i64) -> NewWatch {
    NewWatch {
        id: format!("{id:016x}"),
        site: site(),
        list: "stolen".to_owned(),
        plate: plate.parse().unwrap(),
        note: "Xe mất cắp".to_owned(),
        legal_basis: "Lệnh 12/2026".to_owned(),
        authority: "Công an tỉnh".to_owned(),
        expires_at: at(until),
        proposed_by: "an".to_owned(),
        proposed_at: at(0),
    }
}

fn pass(id: u8) -> PassRow {
    PassRow {
        id: format!("019a9b3e-7c00-7000-8000-{id:012x}"),
        site: site(),
        category: "visitor".to_owned(),
        lanes: vec!["vao".to_owned()],
        zones: vec![],
        not_before: at(0),
        not_after: at(1_000),
        uses: PassUses::Once,
        escort: true,
        visitor: "Lê Văn C".to_owned(),
        purpose: String::new(),
        issued_by: "an".to_owned(),
        issued_at: at(i64::from(id)),
        revoked: None,
    }
}

on_both! {
    async fn nobody_overwrites_a_document_that_he_has_not_seen_and_every_change_is_kept(home: Home) {
        let store = home.open().await;
        let (first, second) = (document("a.toml", "x = 1\n"), document("a.toml", "x = 2\n"));
        store.draft_put(&site(), &first, &Expected::Absent, "an", at(1)).await.unwrap();
        let late = store.draft_put(&site(), &second, &Expected::Absent, "bình", at(2)).await.unwrap_err();
        assert!(matches!(&late, DraftError::Changed { by: Some(by), .. } if by == "an"), "{late}");
        let seen = Expected::Text(text_hash("x = 1\n"));
        store.draft_put(&site(), &second, &seen, "bình", at(3)).await.unwrap();
        let stale = store.draft_delete(&site(), first.path(), &seen, "an", at(4)).await.unwrap_err();
        assert!(matches!(stale, DraftError::Changed { .. }), "{stale}");
        let missing = store.draft_delete(&site(), &path("b.toml"), &Expected::Any, "an", at(4)).await.unwrap_err();
        assert!(matches!(missing, DraftError::Missing(_)), "{missing}");
        let other = SiteId::new("cho").unwrap();
        assert!(store.draft(&other).await.unwrap().is_empty(), "another site has its own");

        store.draft_replace(&site(), &[document("b.toml", "y = 1\n")], "an", at(5)).await.unwrap();
        let held = store.draft_documents(&site()).await.unwrap();
        assert_eq!(held, [(path("b.toml"), "y = 1\n".to_owned())]);
        let changes = store.draft_changes(&site(), None, None, 10).await.unwrap();
        let told: Vec<_> = changes.iter().map(|one| (one.path.as_str(), one.by.as_str(), one.after.as_deref())).collect();
        assert_eq!(
            told,
            [
                ("a.toml", "an", None),
                ("b.toml", "an", Some("y = 1\n")),
                ("a.toml", "bình", Some("x = 2\n")),
                ("a.toml", "an", Some("x = 1\n"))
            ]
        );
        let page = store.draft_changes(&site(), Some(first.path()), Some(changes[2].id), 10).await.unwrap();
        assert_eq!(page.len(), 1);
        assert_eq!(page[0].before, None);
    }

    async fn a_plate_is_watched_only_with_a_second_persons_word_and_only_until_its_time_is_over(home: Home) {
        let store = home.open().await;
        store.watch_propose(&watch(1, "30A12345", 100)).await.unwrap();
        let twin = store.watch_propose(&watch(2, "30A12345", 200)).await.unwrap_err();
        assert!(matches!(&twin, WatchError::Twin { id, .. } if *id == watch(1, "30A12345", 1).id), "{twin}");
        for (wrong, field) in [
            (NewWatch { note: " ".to_owned(), ..watch(3, "29A11111", 100) }, "note"),
            (NewWatch { authority: "a\nb".to_owned(), ..watch(3, "29A11111", 100) }, "authority"),
            (watch(3, "29A11111", 367 * 86_400), "expires_at"),
            (watch(3, "29A11111", -1), "expires_at"),
        ] {
            let refused = store.watch_propose(&wrong).await.unwrap_err().to_string();
            assert!(refused.starts_with(field), "{refused}");
        }
        let in_force = async |second| {
            let (lists, entries) = store.watch_in_force(&site(), at(second)).await.unwrap();
            (lists.len(), entries.len())
        };
        assert_eq!(in_force(1).await, (1, 0), "nobody has approved it");
        let id = watch(1, "30A12345", 1).id;
        let alone = store.watch_decide(&site(), &id, Decision::Approved, "an", at(2)).await.unwrap_err();
        assert!(matches!(alone, WatchError::SamePerson { .. }), "{alone}");
        store.watch_decide(&site(), &id, Decision::Approved, "bình", at(3)).await.unwrap();
        let again = store.watch_decide(&site(), &id, Decision::Refused, "chi", at(4)).await.unwrap_err();
        assert!(matches!(again, WatchError::Settled { state: "in_force", .. }), "{again}");
        assert_eq!((in_force(5).await, in_force(100).await), ((1, 1), (1, 0)), "it ends by itself");
        store.watch_remove(&site(), &id, "tìm thấy xe", "chi", at(6)).await.unwrap();
        assert_eq!(in_force(7).await, (1, 0));
        let rows = store.watch_entries(&site(), Some("stolen"), 10).await.unwrap();
        assert_eq!((rows.len(), rows[0].state(at(8))), (1, "removed"));
        assert_eq!(rows[0].decided.as_ref().map(|(word, decision)| (word.by.as_str(), *decision)), Some(("bình", Decision::Approved)));
        let unknown = store.watch_remove(&SiteId::new("cho").unwrap(), &id, "x", "chi", at(9)).await.unwrap_err();
        assert!(matches!(unknown, WatchError::Unknown(_)), "of another site: {unknown}");
    }

    async fn a_pass_is_revoked_once_and_nodes_hear_of_it_as_long_as_it_would_be_good(home: Home) {
        let store = home.open().await;
        store.pass_insert(&pass(1)).await.unwrap();
        store.pass_insert(&pass(2)).await.unwrap();
        let long = store.pass_insert(&PassRow { visitor: "x".repeat(201), ..pass(3) }).await.unwrap_err();
        assert!(long.to_string().starts_with("visitor"), "{long}");
        assert_eq!(store.passes(&site(), 10).await.unwrap(), [pass(2), pass(1)]);
        store.pass_revoke(&site(), &pass(1).id, "mất điện thoại", "bình", at(5)).await.unwrap();
        let again = store.pass_revoke(&site(), &pass(1).id, "x", "an", at(6)).await.unwrap_err();
        assert!(matches!(&again, PassError::Already { by, .. } if by == "bình"), "{again}");
        let revoked = async |second| store.passes_revoked(&site(), at(second)).await.unwrap().len();
        assert_eq!((revoked(10).await, revoked(1_000).await), (1, 0));
    }
}
