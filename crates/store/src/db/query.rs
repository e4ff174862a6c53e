//! One statement with its values.

use std::borrow::Cow;
use std::fmt::{Display, Write};

use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Postgres, SqlSafeStr, Sqlite};

use super::value::Value;
use super::{Column, Database, Dialect, IntoValue, Row, Tx};
use crate::error::StoreError;

/// Where a statement runs: outside of transactions, for reading, or in one.
pub(crate) enum On<'a> {
    Readers(&'a Database),
    Tx(&'a mut Tx),
}

impl<'a> From<&'a Database> for On<'a> {
    fn from(db: &'a Database) -> Self {
        Self::Readers(db)
    }
}

impl<'a> From<&'a mut Tx> for On<'a> {
    fn from(tx: &'a mut Tx) -> Self {
        Self::Tx(tx)
    }
}

/// A statement. Values never become part of its text.
#[derive(Debug)]
#[must_use]
pub(crate) struct Query {
    sql: Cow<'static, str>,
    values: Vec<Value>,
    /// Whether a placeholder has a number.
    is_numbered: bool,
    is_once: bool,
}

type SqliteQuery = sqlx::query::Query<'static, Sqlite, SqliteArguments>;
type PostgresQuery = sqlx::query::Query<'static, Postgres, PgArguments>;

/// Runs one of sqlx's methods on whatever database is behind `$on`.
macro_rules! on_either {
    ($query:expr, $on:expr, |$run:ident, $to:ident| $do:expr, $sqlite:expr, $postgres:expr) => {
        match $on.into() {
            On::Readers(Database::Sqlite(pools)) => {
                let ($run, $to) = ($query.for_sqlite()?, &pools.readers);
                $sqlite($do.await?)
            }
            On::Readers(Database::Postgres(pools)) => {
                let ($run, $to) = ($query.for_postgres()?, &pools.readers);
                $postgres($do.await?)
            }
            On::Tx(Tx::Sqlite(tx)) => {
                let ($run, $to) = ($query.for_sqlite()?, &mut **tx);
                $sqlite($do.await?)
            }
            On::Tx(Tx::Postgres(tx)) => {
                let ($run, $to) = ($query.for_postgres()?, &mut **tx);
                $postgres($do.await?)
            }
        }
    };
}

impl Query {
    /// A statement; what is bound to it follows its `$1`, `$2`, …
    pub(crate) fn new(sql: impl Into<Cow<'static, str>>) -> Self {
        Self { sql: sql.into(), values: Vec::new(), is_numbered: false, is_once: false }
    }

    /// Says that the text will hardly come again, so that it is not kept prepared.
    pub(crate) fn once(mut self) -> Self {
        self.is_once = true;
        self
    }

    /// The value of the next placeholder.
    pub(crate) fn bind(mut self, value: impl IntoValue) -> Self {
        self.values.push(value.into_value());
        self.is_numbered = true;
        self
    }

    /// The value of the next placeholder, a whole list: only for PostgreSQL.
    pub(crate) fn bind_list(mut self, column: Column) -> Self {
        self.values.push(Value::List(column));
        self.is_numbered = true;
        self
    }

    /// More text, which is never made of what somebody gave.
    pub(crate) fn push(&mut self, sql: impl Display) -> &mut Self {
        write!(self.sql.to_mut(), "{sql}").expect("a string takes all text");
        self
    }

    /// A placeholder and its value.
    pub(crate) fn push_bind(&mut self, value: impl IntoValue) -> &mut Self {
        self.push_value(value.into_value())
    }

    pub(super) fn push_value(&mut self, value: Value) -> &mut Self {
        self.values.push(value);
        self.is_numbered = true;
        write!(self.sql.to_mut(), "${}", self.values.len()).expect("a string takes all text");
        self
    }

    /// A placeholder among many and its value, without a number where none before it has one: SQLite looks for each
    /// number among all of them, which for a full statement takes ten times as long as what it does.
    fn push_listed(&mut self, value: Value) -> &mut Self {
        if self.is_numbered {
            return self.push_value(value);
        }
        self.values.push(value);
        self.push("?")
    }

    /// Whether what was written last is one of `column`. Written out, as SQLite wants it, the text will hardly come again.
    pub(crate) fn push_in(&mut self, dialect: Dialect, mut column: Column) -> &mut Self {
        match dialect {
            Dialect::Postgres => self.push(" = any(").push_value(Value::List(column)).push(")"),
            Dialect::Sqlite => {
                self.is_once = true;
                self.push(" in (");
                for row in 0..column.len() {
                    if row > 0 {
                        self.push(", ");
                    }
                    self.push_listed(column.take(row));
                }
                self.push(")")
            }
        }
    }

    /// Whether the row of columns that was written last is one of the rows of `columns`; the same holds for its text.
    pub(crate) fn push_in_rows(&mut self, dialect: Dialect, columns: Vec<Column>) -> &mut Self {
        self.is_once |= dialect == Dialect::Sqlite;
        self.push(" in (").push_rows(dialect, columns).push(")")
    }

    /// The rows of `columns`, as something to select or insert from. One statement's text in PostgreSQL however many they
    /// are.
    pub(super) fn push_rows(&mut self, dialect: Dialect, mut columns: Vec<Column>) -> &mut Self {
        match dialect {
            Dialect::Postgres => {
                self.push("select * from unnest(");
                for (index, column) in columns.into_iter().enumerate() {
                    if index > 0 {
                        self.push(", ");
                    }
                    let list_type = column.list_type();
                    self.push_value(Value::List(column)).push("::").push(list_type);
                }
                self.push(")")
            }
            Dialect::Sqlite => {
                let rows = columns.first().map_or(0, Column::len);
                self.push("values ");
                for row in 0..rows {
                    self.push(if row == 0 { "(" } else { ", (" });
                    for (index, column) in columns.iter_mut().enumerate() {
                        if index > 0 {
                            self.push(", ");
                        }
                        self.push_listed(column.take(row));
                    }
                    self.push(")");
                }
                self
            }
        }
    }

    fn for_sqlite(self) -> Result<SqliteQuery, StoreError> {
        let mut arguments = SqliteArguments::default();
        for value in self.values {
            value.add_to_sqlite(&mut arguments)?;
        }
        Ok(sqlx::query_with(text(self.sql), arguments).persistent(!self.is_once))
    }

    fn for_postgres(self) -> Result<PostgresQuery, StoreError> {
        let mut arguments = PgArguments::default();
        for value in self.values {
            value.add_to_postgres(&mut arguments)?;
        }
        Ok(sqlx::query_with(text(self.sql), arguments).persistent(!self.is_once))
    }

    /// Runs it and says how many rows it changed.
    pub(crate) async fn execute<'a>(self, on: impl Into<On<'a>>) -> Result<u64, StoreError> {
        Ok(on_either!(
            self,
            on,
            |query, to| query.execute(to),
            |done: sqlx::sqlite::SqliteQueryResult| done.rows_affected(),
            |done: sqlx::postgres::PgQueryResult| done.rows_affected()
        ))
    }

    /// All its rows.
    pub(crate) async fn fetch_all<'a>(self, on: impl Into<On<'a>>) -> Result<Vec<Row>, StoreError> {
        Ok(on_either!(
            self,
            on,
            |query, to| query.fetch_all(to),
            |rows: Vec<_>| rows.into_iter().map(Row::Sqlite).collect(),
            |rows: Vec<_>| rows.into_iter().map(Row::Postgres).collect()
        ))
    }

    /// Its row, where there is one.
    pub(crate) async fn fetch_optional<'a>(self, on: impl Into<On<'a>>) -> Result<Option<Row>, StoreError> {
        Ok(on_either!(
            self,
            on,
            |query, to| query.fetch_optional(to),
            |row: Option<_>| row.map(Row::Sqlite),
            |row: Option<_>| row.map(Row::Postgres)
        ))
    }

    /// Its row, which is always there.
    pub(crate) async fn fetch_one<'a>(self, on: impl Into<On<'a>>) -> Result<Row, StoreError> {
        Ok(on_either!(self, on, |query, to| query.fetch_one(to), Row::Sqlite, Row::Postgres))
    }

    /// The number in the first column of its row, which is always there.
    pub(crate) async fn fetch_number<'a>(self, on: impl Into<On<'a>>) -> Result<i64, StoreError> {
        self.fetch_one(on).await?.first()
    }

    /// The text in the first column of each of its rows.
    pub(crate) async fn fetch_texts<'a>(self, on: impl Into<On<'a>>) -> Result<Vec<String>, StoreError> {
        self.fetch_all(on).await?.iter().map(Row::first).collect()
    }
}

fn text(sql: Cow<'static, str>) -> sqlx::SqlStr {
    match sql {
        Cow::Borrowed(sql) => sql.into_sql_str(),
        Cow::Owned(sql) => AssertSqlSafe(sql).into_sql_str(),
    }
}
