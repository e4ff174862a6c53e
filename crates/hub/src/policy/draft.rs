//! A site's policy in the making: the documents of its draft, with the lists that are made from the watch list and from the
//! passes that were revoked.

use std::collections::BTreeMap;

use access::AccessPolicy;
use domain::{Problems, SiteId, UtcTime};
use gate::GateProfile;
use store::{Store, StoreError, WatchRow};
use thiserror::Error;
use wire::policy::document::DocumentError;
use wire::policy::{Document, DocumentPath};

use crate::policy::folder::check_form;

/// Where the revoked passes go; the access policy names it among its `denied_lists`.
pub const REVOKED_PASSES: &str = "lists/revoked-passes.csv";

/// The document with the access policy.
pub const ACCESS: &str = "access.toml";

/// A policy as it would be published.
#[derive(Debug, Clone, PartialEq)]
pub struct Assembled {
    /// Its documents, in the order of their paths.
    pub documents: Vec<Document>,
    /// The paths of those that were made here.
    pub made: Vec<DocumentPath>,
    /// What is wrong with it, each with the document and the place; none where it can be published.
    pub problems: Vec<DraftProblem>,
}

/// Something that keeps a draft from being published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftProblem {
    /// The document.
    pub document: String,
    /// Where in it; empty where it is about all of it.
    pub place: String,
    /// What is wrong and what is accepted.
    pub message: String,
}

/// Why a draft is not put together.
#[derive(Debug, Error)]
pub enum AssembleError {
    /// A list does not fit into a document.
    #[error("\"{path}\" cannot be made")]
    Document {
        /// Its path.
        path: String,
        /// Why.
        #[source]
        source: DocumentError,
    },
    /// The database failed.
    #[error("cannot read the draft")]
    Store(#[from] StoreError),
}

/// The texts of a draft by their paths, with those that are made here.
struct Gathered {
    texts: BTreeMap<String, String>,
    made: Vec<String>,
    problems: Vec<DraftProblem>,
}

/// The texts of a site's draft as they would be published now, by their paths, and the paths of those that are made here.
pub async fn texts(
    store: &Store,
    site: &SiteId,
    now: UtcTime,
) -> Result<(BTreeMap<String, String>, Vec<String>), StoreError> {
    let Gathered { texts, made, .. } = gather(store, site, now).await?;
    Ok((texts, made))
}

async fn gather(store: &Store, site: &SiteId, now: UtcTime) -> Result<Gathered, StoreError> {
    let mut texts: BTreeMap<String, String> =
        store.draft_documents(site).await?.into_iter().map(|(path, text)| (path.to_string(), text)).collect();
    let (lists, entries) = store.watch_in_force(site, now).await?;
    let revoked = store.passes_revoked(site, now).await?;
    let (mut made, mut problems) = (Vec::new(), Vec::new());
    let mut make = |path: String, text: String, texts: &mut BTreeMap<String, String>| {
        if texts.insert(path.clone(), text).is_some() {
            problems.push(DraftProblem {
                document: path.clone(),
                place: String::new(),
                message: "it is made by the hub: take the document of that name out of the draft".to_owned(),
            });
        }
        made.push(path);
    };
    for list in lists {
        let of_list: Vec<_> = entries.iter().filter(|row| row.entry.list == list).collect();
        make(watch_path(&list), watch_text(&of_list), &mut texts);
    }
    let is_named = texts.get(ACCESS).is_some_and(|text| text.contains(REVOKED_PASSES));
    if is_named || !revoked.is_empty() {
        let rows = revoked.iter().map(|row| {
            let reason = row.revoked.as_ref().map_or("", |(_, _, reason)| reason.as_str());
            ["pass".to_owned(), row.id.clone(), reason.to_owned()]
        });
        make(REVOKED_PASSES.to_owned(), csv_text(["what", "value", "reason"], rows), &mut texts);
    }
    if !revoked.is_empty() && !is_named {
        problems.push(DraftProblem {
            document: ACCESS.to_owned(),
            place: "denied_lists".to_owned(),
            message: format!(
                "passes were revoked, so it must name \"{REVOKED_PASSES}\": nodes would go on taking them"
            ),
        });
    }
    Ok(Gathered { texts, made, problems })
}

/// Puts a site's draft together as it would be published now.
pub async fn assemble(store: &Store, site: &SiteId, now: UtcTime) -> Result<Assembled, AssembleError> {
    let Gathered { texts, made, mut problems } = gather(store, site, now).await?;
    problems.extend(examine(&texts));
    let mut documents = Vec::with_capacity(texts.len());
    for (path, text) in texts {
        match DocumentPath::new(path.clone()) {
            Ok(at) => documents.push(
                Document::new(at, text).map_err(|source| AssembleError::Document { path: path.clone(), source })?,
            ),
            Err(error) => {
                problems.push(DraftProblem { document: path, place: String::new(), message: error.to_string() });
            }
        }
    }
    if documents.is_empty() {
        let message = "the draft has no documents".to_owned();
        problems.push(DraftProblem { document: String::new(), place: String::new(), message });
    }
    documents.sort_by(|one, other| one.path().cmp(other.path()));
    let made = made.into_iter().filter_map(|path| DocumentPath::new(path).ok()).collect();
    Ok(Assembled { documents, made, problems })
}

/// Where a watch list lies in the policy.
pub fn watch_path(list: &str) -> String {
    format!("lists/{list}.csv")
}

fn watch_text(rows: &[&WatchRow]) -> String {
    let rows = rows.iter().map(|row| {
        let entry = &row.entry;
        [entry.plate.to_string(), format!("{} ({})", entry.note, entry.authority)]
    });
    csv_text(["plate", "note"], rows)
}

fn csv_text<const N: usize>(header: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header).expect("memory takes all");
    for row in rows {
        writer.write_record(&row).expect("memory takes all");
    }
    let bytes = writer.into_inner().expect("memory takes all");
    String::from_utf8(bytes).expect("it is made of text")
}

/// Everything that is wrong with these documents: in the form that any policy has, and in what they mean to nodes.
pub fn examine(texts: &BTreeMap<String, String>) -> Vec<DraftProblem> {
    let mut found = Vec::new();
    for (path, text) in texts {
        let problem =
            |place: &str, message: String| DraftProblem { document: path.clone(), place: place.to_owned(), message };
        let parsed = match DocumentPath::new(path.clone()) {
            Ok(parsed) => parsed,
            Err(error) => {
                found.push(problem("", error.to_string()));
                continue;
            }
        };
        if let Err(message) = check_form(&parsed, text) {
            found.push(problem("", message));
            continue;
        }
        let meant = if path == ACCESS {
            let list =
                |name: &str| texts.get(name).cloned().ok_or_else(|| "the policy has no such document".to_owned());
            AccessPolicy::parse(text, list).map(drop)
        } else if path.starts_with("profiles/") && path.ends_with(".toml") {
            GateProfile::parse(text).map(drop)
        } else {
            Ok(())
        };
        let problems = meant.err().unwrap_or_else(Problems::default);
        found.extend(problems.as_slice().iter().map(|one| problem(&one.path, one.message.clone())));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examined(documents: &[(&str, &str)]) -> Vec<String> {
        let texts = documents.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        examine(&texts).into_iter().map(|problem| format!("{}:{}", problem.document, problem.place)).collect()
    }

    #[test]
    fn what_a_node_would_refuse_is_told_before_it_is_published() {
        let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../../pipelines/");
        let read = |name: &str| std::fs::read_to_string(format!("{shipped}{name}")).expect("it is there");
        let access = read("access/industrial-park.toml")
            .replace("industrial-park.holders.csv", "lists/holders.csv")
            .replace("industrial-park.denied.csv", "lists/denied.csv");
        let (holders, denied) = (read("access/industrial-park.holders.csv"), read("access/industrial-park.denied.csv"));
        let profile = read("industrial-park.toml");
        let good = [
            ("access.toml", access.as_str()),
            ("lists/holders.csv", holders.as_str()),
            ("lists/denied.csv", denied.as_str()),
            ("profiles/gate.toml", profile.as_str()),
        ];
        assert_eq!(examined(&good), Vec::<String>::new());
        assert!(!examined(&good[..2]).is_empty(), "a list is missing");
        let broken = access.replace("policy = 1", "policy = 9\ncolour = \"red\"");
        let found = examined(&[("access.toml", &broken), good[1], good[2]]);
        assert!(found.contains(&"access.toml:policy".to_owned()), "{found:?}");
        assert!(found.contains(&"access.toml:colour".to_owned()), "{found:?}");
        let found = examined(&[("profiles/gate.toml", "profile = 1\n"), ("thresholds.json", "{"), ("x.exe", "")]);
        assert!(found.iter().any(|one| one.starts_with("profiles/gate.toml:")), "{found:?}");
        assert!(found.contains(&"thresholds.json:".to_owned()) && found.contains(&"x.exe:".to_owned()), "{found:?}");
    }
}
