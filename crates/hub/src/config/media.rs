//! Where media are kept and for how long: `blobs`, or the table `[blobs]` with `[blobs.s3]`, and `[retention]`.

use std::path::{Path, PathBuf};

use domain::table::TableReader;
use serde::Deserialize;
use store::{BlobsAt, BucketConfig, RetentionClass};

use crate::retention::RetentionRule;

/// Longest time in days: a hundred years.
const DAYS_MAX: u32 = 36_500;

/// `blobs = FOLDER`, or a table with `folder` and, below it, `s3`.
pub(super) fn blobs(table: &mut TableReader<'_>, folder: &Path) -> Option<BlobsAt> {
    if !table.has_table("blobs") {
        let blobs = table.required::<PathBuf>("blobs", "the path of the folder for media, or a table [blobs]")?;
        return Some(BlobsAt { folder: folder.join(blobs), bucket: None });
    }
    let read = |table: &mut TableReader<'_>| {
        let blobs = table.required::<PathBuf>("folder", "the path of the folder for media that are coming in");
        let has_bucket = table.has("s3");
        let bucket = table.nested("s3", |table| bucket(table, folder)).flatten();
        // A bucket that was meant and is not right must not become a folder.
        if has_bucket && bucket.is_none() {
            return None;
        }
        Some(BlobsAt { folder: folder.join(blobs?), bucket })
    };
    table.nested("blobs", read).flatten()
}

fn bucket(table: &mut TableReader<'_>, folder: &Path) -> Option<BucketConfig> {
    let endpoint = table.optional::<String>("endpoint").map(|url| url.trim_end_matches('/').to_owned());
    let is_open = table.optional::<bool>("plain_http").unwrap_or(false);
    if let Some(url) = &endpoint {
        let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        if !host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#'])) {
            table.note("endpoint", format!("\"{url}\" is not https://HOST or https://HOST:PORT"));
        } else if url.contains('@') {
            table.note("endpoint", "it holds a password or a key: give access_key_id and secret_key_file");
        } else if url.starts_with("http://") && !is_open {
            let why = "pictures of persons would be readable on the network: give https://, or plain_http = true in a closed \
                       one or on this machine";
            table.note("endpoint", why);
        }
    }
    let bucket = table.required::<String>("bucket", "the name of the bucket, which has to be there");
    let region = table.optional::<String>("region").unwrap_or_else(|| "us-east-1".to_owned());
    let prefix = table.optional::<String>("prefix").unwrap_or_default().trim_matches('/').to_owned();
    let path_style = table.optional::<bool>("path_style").unwrap_or(endpoint.is_some());
    let ca_file = table.optional::<PathBuf>("ca_file").map(|file| folder.join(file));
    let (access_key_id, secret_access_key, session_token) = credentials(table, folder)?;
    let config = BucketConfig {
        endpoint,
        bucket: bucket?,
        region,
        prefix,
        path_style,
        access_key_id,
        secret_access_key,
        session_token,
        ca_file,
    };
    Some(config)
}

/// From the configuration and a file, or from the environment.
fn credentials(table: &mut TableReader<'_>, folder: &Path) -> Option<(String, String, Option<String>)> {
    let id = table.optional::<String>("access_key_id");
    let file = table.optional::<PathBuf>("secret_key_file").map(|file| folder.join(file));
    match (id, file) {
        (Some(id), Some(file)) => match std::fs::read_to_string(&file) {
            Ok(text) => Some((id, text.trim().to_owned(), None)),
            Err(error) => {
                table.note("secret_key_file", format!("cannot read \"{}\": {error}", file.display()));
                None
            }
        },
        (None, None) => {
            let from = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
            match from("AWS_ACCESS_KEY_ID").zip(from("AWS_SECRET_ACCESS_KEY")) {
                Some((id, secret)) => Some((id, secret, from("AWS_SESSION_TOKEN"))),
                None => {
                    let how = "missing: give access_key_id and secret_key_file, or AWS_ACCESS_KEY_ID and \
                               AWS_SECRET_ACCESS_KEY in the environment";
                    table.note("access_key_id", how);
                    None
                }
            }
        }
        (Some(_), None) | (None, Some(_)) => {
            table.note("access_key_id", "give access_key_id and secret_key_file together");
            None
        }
    }
}

/// How long a class is kept.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Kept {
    Days(i64),
    Word(String),
}

/// What is kept where a table `[retention]` says nothing of it, in days. The law sets no number but the purpose (Law
/// 91/2025/QH15, article 32): what shows nothing that somebody deals with goes after a month.
const fn days_usual(class: RetentionClass) -> u32 {
    match class {
        RetentionClass::PassagePictures
        | RetentionClass::PlatePictures
        | RetentionClass::Clips
        | RetentionClass::UnclaimedMedia
        | RetentionClass::PlateReads => 30,
        RetentionClass::DecisionEvidence => 90,
        RetentionClass::AlertEvidence | RetentionClass::WatchReads => 180,
        // Counts of decisions are made of them.
        RetentionClass::Decisions => 365,
    }
}

/// One rule for each class.
pub(super) fn retention(table: &mut TableReader<'_>) -> Vec<RetentionRule> {
    let accepted = format!("1 to {DAYS_MAX} days, or \"keep\" for ever, is accepted");
    let rule = |class: RetentionClass| {
        let days = match table.optional::<Kept>(class.as_str()) {
            None => Some(days_usual(class)),
            Some(Kept::Word(word)) if word == "keep" => None,
            Some(Kept::Word(word)) => {
                table.note(class.as_str(), format!("\"{word}\" is not known: {accepted}"));
                None
            }
            Some(Kept::Days(days)) => {
                let read = u32::try_from(days).ok().filter(|days| (1..=DAYS_MAX).contains(days));
                if read.is_none() {
                    table.note(class.as_str(), format!("{days} is out of range: {accepted}"));
                }
                read
            }
        };
        RetentionRule { class, days }
    };
    RetentionClass::ALL.into_iter().map(rule).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use store::RetentionClass;

    use crate::config::HubConfig;

    const BROKER: &str = "[broker]\naddress = \"h:1\"\n";

    fn parse(text: &str) -> Result<HubConfig, String> {
        HubConfig::parse(&format!("db = \"a\"\n{text}{BROKER}"), Path::new("/etc")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_bucket_has_its_secret_key_in_a_file_and_never_shows_it() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "bí mật\n").expect("it is written");
        let s3 = format!(
            "[blobs]\nfolder = \"coming\"\n[blobs.s3]\nendpoint = \"https://s3.example.vn/\"\nbucket = \"media\"\n\
             prefix = \"/hub/\"\naccess_key_id = \"hub\"\nsecret_key_file = \"{}\"\n",
            file.path().display()
        );
        let config = parse(&s3).expect("it is right");
        assert_eq!(config.blobs.folder, Path::new("/etc/coming"));
        let bucket = config.blobs.bucket.as_ref().expect("a bucket");
        assert_eq!((bucket.secret_access_key.as_str(), bucket.path_style), ("bí mật", true));
        assert_eq!(bucket.to_string(), "s3://media/hub at https://s3.example.vn");
        assert!(!format!("{config:?}").contains("bí mật"));
        for (from, to, wrong) in [
            ("https://s3.example.vn/", "http://s3.example.vn", "readable on the network"),
            ("https://s3.example.vn/", "https://hub:key@s3.example.vn", "holds a password"),
            ("https://s3.example.vn/", "s3.example.vn", "is not https://HOST"),
            ("access_key_id = \"hub\"\n", "", "together"),
            ("bucket = \"media\"\n", "", "the name of the bucket"),
        ] {
            let error = parse(&s3.replace(from, to)).expect_err("it is wrong");
            assert!(error.contains("blobs.s3.") && error.contains(wrong), "{error}");
        }
    }

    #[test]
    fn each_class_has_days_or_is_kept_and_without_the_table_nothing_is_deleted() {
        let blobs = "blobs = \"b\"\n";
        assert_eq!(parse(blobs).expect("it is right").retention, None);
        let rules = parse(&format!("{blobs}[retention]\nclips = 14\ndecisions = \"keep\"\n")).expect("it is right");
        let days = |class| {
            let rules = rules.retention.as_ref().expect("rules");
            rules.iter().find(|rule| rule.class == class).expect("each class has one").days
        };
        assert_eq!((days(RetentionClass::Clips), days(RetentionClass::Decisions)), (Some(14), None));
        assert_eq!(days(RetentionClass::PlateReads), Some(30));
        let text = format!("{blobs}[retention]\nclips = 0\nplate_reads = \"never\"\nfaces = 3\n");
        let error = parse(&text).expect_err("it is wrong");
        for wrong in ["retention.clips", "retention.plate_reads", "retention.faces", "\"keep\" for ever"] {
            assert!(error.contains(wrong), "{wrong}: {error}");
        }
    }
}
