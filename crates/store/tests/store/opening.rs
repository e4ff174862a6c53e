//! Who may open a database, and which database may be opened.

use sqlx::Row;
use store::{OpenError, Store};

use crate::support::{Home, Node, ingest};

#[tokio::test]
async fn a_second_hub_on_the_same_database_is_refused_by_name() {
    let home = Home::sqlite();
    let first = home.open().await;
    let error = Store::open(&home.db(), &home.blobs()).await.unwrap_err();
    let OpenError::InUse { pid, lock, .. } = &error else { panic!("{error}") };
    assert_eq!(*pid, Some(std::process::id()));
    let text = error.to_string();
    assert!(text.contains(&lock.display().to_string()) && text.contains("in use by another hub"), "{text}");
    first.close().await;
    drop(first);
    home.open().await;
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_as_damaged() {
    let home = Home::sqlite();
    std::fs::write(home.db(), vec![b'x'; 8192]).unwrap();
    let error = Store::open(&home.db(), &home.blobs()).await.unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
    assert!(error.to_string().contains("hub.db"), "{error}");
}

#[tokio::test]
async fn a_database_that_lost_its_end_is_named_as_damaged() {
    let home = Home::sqlite();
    let store = home.open().await;
    let mut node = Node::new("n1", 1).added_to(&store).await;
    ingest(&store, node.passes(500)).await;
    store.close().await;
    drop(store);
    let length = std::fs::metadata(home.db()).unwrap().len();
    std::fs::OpenOptions::new().write(true).open(home.db()).unwrap().set_len(length / 2).unwrap();
    let error = Store::open(&home.db(), &home.blobs()).await.unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let home = Home::sqlite();
    let file = home.folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Store::open(&file.join("hub.db"), &home.blobs()).await.unwrap_err();
    assert!(matches!(error, OpenError::Folder { .. }) && error.to_string().contains("file"), "{error}");
}

#[tokio::test]
async fn migrations_from_nothing_give_a_durable_sound_schema_with_a_comment_per_column() {
    let home = Home::sqlite();
    home.open().await.close().await;
    let mut connection = home.sqlite_connection().await;
    let mode: String = sqlx::query_scalar("pragma journal_mode").fetch_one(&mut connection).await.unwrap();
    assert_eq!(mode, "wal");
    let rows = sqlx::query("select name, sql from sqlite_schema where type = 'table' and name not like 'sqlite_%'")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    let mut tables = 0;
    for row in rows.iter().filter(|row| row.get::<&str, _>("name") != "_sqlx_migrations") {
        tables += 1;
        let sql: &str = row.get("sql");
        let mut lines = sql.lines().skip(1).map(str::trim).peekable();
        while let Some(line) = lines.next() {
            let is_column = line
                .split_whitespace()
                .nth(1)
                .is_some_and(|t| ["text", "bigint", "integer", "blob", "real", "boolean"].contains(&t));
            assert!(!is_column, "{}: \"{line}\" has no comment", row.get::<&str, _>("name"));
            if line.starts_with("--") {
                lines.next();
            }
        }
    }
    assert_eq!(tables, 73);
}

#[tokio::test]
async fn invariants_are_checked_by_the_database_itself() {
    let home = Home::sqlite();
    let store = home.open().await;
    Node::new("n1", 1).added_to(&store).await;
    let mut connection = home.sqlite_connection().await;
    for sql in [
        "insert into count_minute values ('s', 'g', 'l', 'sideways', 'car', 1, 1)",
        "insert into count_minute values ('s', 'g', 'l', 'in', 'car', 1, 0)",
        "insert into chain_head values ('n1', 5, '0000000000000000000000000000000000000000000000000000000000000000', 4)",
        "insert into chain_head values ('nobody', 0, '0000000000000000000000000000000000000000000000000000000000000000', 0)",
        "insert into node values ('n2', 's', 'short', 0, '')",
    ] {
        let error = sqlx::query(sql).execute(&mut connection).await.unwrap_err().to_string();
        assert!(error.contains("constraint"), "{sql}: {error}");
    }
}
