//! The bare limit: the rows that the hub wrote, written again into empty copies of its tables.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use sqlx::{AssertSqlSafe, Connection, PgConnection, QueryBuilder, Row, Sqlite, SqliteConnection};

/// Rows of one transaction, as the hub takes them in.
const BATCH: usize = 2_000;

/// Rows of one SQLite statement: where it stops getting faster.
const ROWS_PER_STATEMENT: usize = 200;

/// What the bare insertion took.
pub(crate) struct Bare {
    pub(crate) events: usize,
    pub(crate) rows: usize,
    pub(crate) took: Duration,
}

/// A column of text or of numbers.
enum Column {
    Text(Vec<String>),
    Number(Vec<i64>),
}

impl Column {
    fn part(&self, from: usize, to: usize) -> Self {
        match self {
            Self::Text(values) => Self::Text(values[from..to].to_vec()),
            Self::Number(values) => Self::Number(values[from..to].to_vec()),
        }
    }
}

/// A table and the columns that are written; those that begin with `#` hold numbers.
const EVENT: (&str, &[&str]) = (
    "event",
    &["#pos", "node", "#seq", "id", "site", "kind", "#at", "clock", "hash", "prev", "body", "sig", "#received_at"],
);
const PASSAGE: (&str, &[&str]) = ("passage", &["node", "#seq", "id", "site", "gate", "#at", "passage", "evidence"]);
const KEY: (&str, &[&str]) = ("event_key", &["node", "#seq", "#pos", "id", "hash", "prev"]);

fn name(column: &str) -> &str {
    column.trim_start_matches('#')
}

/// Into PostgreSQL: one statement a table and batch, whose columns are lists.
pub(crate) async fn postgres(connection: &mut PgConnection) -> Result<Bare> {
    let mut tables = Vec::new();
    for (table, columns) in [EVENT, KEY, PASSAGE] {
        let shown: Vec<_> = columns
            .iter()
            .map(|column| match (table, name(column)) {
                ("event_key", "id") => "id::text".to_owned(),
                ("event_key", name @ ("hash" | "prev")) => format!("encode({name}, 'hex') as {name}"),
                (_, name) => name.to_owned(),
            })
            .collect();
        let sql = format!(
            "select {} from {table} order by {}",
            shown.join(", "),
            columns.iter().find(|c| **c == "#pos").map_or("node, seq", |_| "pos")
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut *connection).await?;
        let mut held = Vec::new();
        for column in columns {
            held.push(if column.starts_with('#') {
                Column::Number(rows.iter().map(|row| row.try_get(name(column))).collect::<Result<_, _>>()?)
            } else {
                Column::Text(rows.iter().map(|row| row.try_get(name(column))).collect::<Result<_, _>>()?)
            });
        }
        tables.push((table, columns, held, rows.len()));
    }
    // Copies with the same columns and indexes, the log with a month of its own.
    sqlx::raw_sql(
        "create schema bare; \
         create table bare.event (like event including all) partition by range (received_at); \
         create table bare.event_all partition of bare.event default; \
         create table bare.event_key (like event_key including all); \
         create table bare.passage (like passage including all)",
    )
    .execute(&mut *connection)
    .await?;
    let events = tables[0].3;
    let began = Instant::now();
    for from in (0..events).step_by(BATCH) {
        let to = (from + BATCH).min(events);
        let mut tx = connection.begin().await?;
        for (table, columns, held, rows) in &tables {
            let (from, to) = (from.min(*rows), to.min(*rows));
            let lists: Vec<_> = held
                .iter()
                .enumerate()
                .map(|(at, column)| match column {
                    Column::Text(_) => format!("${}::text[]", at + 1),
                    Column::Number(_) => format!("${}::bigint[]", at + 1),
                })
                .collect();
            let names: Vec<_> = columns.iter().map(|column| name(column)).collect();
            let shown: Vec<_> = names
                .iter()
                .map(|name| match (*table, *name) {
                    ("event_key", "id") => "id::uuid".to_owned(),
                    ("event_key", name @ ("hash" | "prev")) => format!("decode({name}, 'hex')"),
                    (_, name) => name.to_owned(),
                })
                .collect();
            let sql = format!(
                "insert into bare.{table} ({names}) select {} from unnest({}) as given ({names})",
                shown.join(", "),
                lists.join(", "),
                names = names.join(", ")
            );
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for column in held {
                query = match column.part(from, to) {
                    Column::Text(values) => query.bind(values),
                    Column::Number(values) => query.bind(values),
                };
            }
            query.execute(&mut *tx).await?;
        }
        tx.commit().await?;
    }
    Ok(Bare { events, rows: tables.iter().map(|table| table.3).sum(), took: began.elapsed() })
}

/// Into SQLite: statements of many rows.
pub(crate) async fn sqlite(connection: &mut SqliteConnection) -> Result<Bare> {
    sqlx::raw_sql("pragma synchronous = full; pragma foreign_keys = off").execute(&mut *connection).await?;
    let mut tables = Vec::new();
    for (table, columns) in [EVENT, PASSAGE] {
        let names: Vec<_> = columns.iter().map(|column| name(column)).collect();
        let sql = format!("select {} from {table} order by rowid", names.join(", "));
        let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut *connection).await?;
        // The same table under another name, with its indexes.
        let made: Vec<String> = sqlx::query_scalar(
            "select sql from sqlite_schema where tbl_name = $1 and sql is not null and type in ('table', 'index') order by type desc",
        )
        .bind(table)
        .fetch_all(&mut *connection)
        .await?;
        for (number, sql) in made.iter().enumerate() {
            // What stands before the first bracket is the name, in whatever case and quotes.
            let (head, columns) = sql.split_at(sql.find('(').context("a table has columns")?);
            let head = head.to_ascii_lowercase();
            let unique = if head.contains(" unique ") { "unique " } else { "" };
            let made = if head.contains(" table ") {
                format!("create table bare_{table} {columns}")
            } else {
                format!("create {unique}index bare_{table}_{number} on bare_{table} {columns}")
            };
            sqlx::raw_sql(AssertSqlSafe(made)).execute(&mut *connection).await?;
        }
        tables.push((table, columns, names, rows));
    }
    let events = tables[0].3.len();
    let began = Instant::now();
    for from in (0..events).step_by(BATCH) {
        let to = (from + BATCH).min(events);
        let mut tx = connection.begin_with("begin immediate").await?;
        for (table, columns, names, rows) in &tables {
            for chunk in rows[from.min(rows.len())..to.min(rows.len())].chunks(ROWS_PER_STATEMENT) {
                let mut query =
                    QueryBuilder::<Sqlite>::new(format!("insert into bare_{table} ({}) ", names.join(", ")));
                query.push_values(chunk, |mut values, row| {
                    for column in *columns {
                        if column.starts_with('#') {
                            values.push_bind(row.get::<i64, _>(name(column)));
                        } else {
                            values.push_bind(row.get::<String, _>(name(column)));
                        }
                    }
                });
                query.build().persistent(chunk.len() == ROWS_PER_STATEMENT).execute(&mut *tx).await?;
            }
        }
        tx.commit().await?;
    }
    Ok(Bare { events, rows: tables.iter().map(|table| table.3.len()).sum(), took: began.elapsed() })
}
