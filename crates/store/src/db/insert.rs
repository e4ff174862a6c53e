//! Many rows into one table: by columns in PostgreSQL, row by row in as few statements as possible in SQLite.

use super::{Column, Dialect, IntoValue, Query, Row, Tx};
use crate::error::StoreError;

/// Rows of one SQLite statement: where it stops getting faster.
const SQLITE_ROWS_PER_STATEMENT: usize = 200;

/// Far below SQLite's limit of 32,766 values in one statement.
const SQLITE_VALUES_PER_STATEMENT: usize = 10_000;

/// Rows to insert.
#[derive(Debug)]
pub(crate) struct Insert {
    into: &'static str,
    conflict: &'static str,
    columns: Vec<Column>,
    rows: usize,
    next: usize,
}

impl Insert {
    /// `into` names the table and its columns: `insert into t (a, b)`; `conflict` is what follows the rows.
    pub(crate) const fn new(into: &'static str, conflict: &'static str) -> Self {
        Self { into, conflict, columns: Vec::new(), rows: 0, next: 0 }
    }

    /// Begins the next row: its values follow in the order of the columns.
    pub(crate) fn row(&mut self) -> &mut Self {
        debug_assert!(self.rows == 0 || self.next == self.columns.len(), "{}: a row is not whole", self.into);
        self.rows += 1;
        self.next = 0;
        self
    }

    /// The row's next value.
    pub(crate) fn push_bind(&mut self, value: impl IntoValue) -> &mut Self {
        let value = value.into_value();
        if self.next == self.columns.len() {
            debug_assert!(self.rows == 1, "{}: a row is too long", self.into);
            self.columns.push(value.column(0));
        }
        self.columns[self.next].push(value);
        self.next += 1;
        self
    }

    /// Inserts the rows, in their order.
    pub(crate) async fn execute(self, tx: &mut Tx) -> Result<(), StoreError> {
        let mut chunks = self.chunks(tx.dialect());
        let mut next = chunks.next();
        while let Some(query) = next {
            // The next statement is put together while the database works on this one.
            let (done, following) = tokio::join!(query.execute(&mut *tx), async { chunks.next() });
            done?;
            next = following;
        }
        Ok(())
    }

    /// Inserts the rows, in their order, and gives what `conflict` says to return.
    pub(crate) async fn fetch_all(self, tx: &mut Tx) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::with_capacity(self.rows);
        for query in self.chunks(tx.dialect()) {
            rows.extend(query.fetch_all(&mut *tx).await?);
        }
        Ok(rows)
    }

    /// The statements that it takes.
    fn chunks(self, dialect: Dialect) -> impl Iterator<Item = Query> + Send {
        let Self { into, conflict, mut columns, rows: mut left, next: _ } = self;
        let rows_each = match dialect {
            Dialect::Postgres => left,
            Dialect::Sqlite => (SQLITE_VALUES_PER_STATEMENT / columns.len().max(1)).clamp(1, SQLITE_ROWS_PER_STATEMENT),
        };
        std::iter::from_fn(move || {
            let rows = rows_each.min(left);
            if rows == 0 {
                return None;
            }
            let rest = columns.iter_mut().map(|column| column.split_off(rows)).collect();
            let mut query = Query::new(into);
            query.push(" ").push_rows(dialect, std::mem::replace(&mut columns, rest)).push(conflict);
            left -= rows;
            // Of SQLite's texts only the one for a full chunk comes again and again.
            Some(if rows == rows_each { query } else { query.once() })
        })
    }
}
