//! Rows that come back, read by the names of their columns.

use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Postgres, Sqlite, Type};

use crate::error::StoreError;

/// A row of either database.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// What can be read from a column of either database: `i64`, `f64`, `bool`, text, bytes, and each of them or nothing.
pub(crate) trait Readable<'r>:
    Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>
{
}

impl<'r, T> Readable<'r> for T where T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres> {}

impl Row {
    /// The value of a column. An error names the column and what stands there instead.
    pub(crate) fn try_get<'r, T: Readable<'r>>(&'r self, column: &str) -> Result<T, StoreError> {
        let value = match self {
            Self::Sqlite(row) => sqlx::Row::try_get(row, column),
            Self::Postgres(row) => sqlx::Row::try_get(row, column),
        };
        value.map_err(|source| StoreError::Column { column: column.to_owned(), source })
    }

    /// The value of the first column.
    pub(crate) fn first<'r, T: Readable<'r>>(&'r self) -> Result<T, StoreError> {
        let value = match self {
            Self::Sqlite(row) => sqlx::Row::try_get(row, 0),
            Self::Postgres(row) => sqlx::Row::try_get(row, 0),
        };
        value.map_err(|source| StoreError::Column { column: "1".to_owned(), source })
    }
}
