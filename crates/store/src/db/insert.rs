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
        for query in self.queries(tx.dialect()) {
            query.execute(&mut *tx).await?;
        }
        Ok(())
    }

    /// Inserts the rows, in their order, and gives what `conflict` says to return.
    pub(crate) async fn fetch_all(self, tx: &mut Tx) -> Result<Vec<Row>, StoreError> {
        let mut rows = Vec::with_capacity(self.rows);
        for query in self.queries(tx.dialect()) {
            rows.extend(query.fetch_all(&mut *tx).await?);
        }
        Ok(rows)
    }

    fn queries(self, dialect: Dialect) -> Vec<Query> {
        if self.rows == 0 {
            return Vec::new();
        }
        let rows_each = match dialect {
            Dialect::Postgres => self.rows,
            Dialect::Sqlite => SQLITE_ROWS_PER_STATEMENT.min(SQLITE_VALUES_PER_STATEMENT / self.columns.len()).max(1),
        };
        let mut queries = Vec::with_capacity(self.rows.div_ceil(rows_each));
        let mut left = self.columns;
        let mut rows = self.rows;
        while rows > 0 {
            let rest = left.iter_mut().map(|column| column.split_off(rows_each.min(rows))).collect();
            let chunk = std::mem::replace(&mut left, rest);
            let mut query = Query::new(self.into);
            query.push(" ").push_rows(dialect, chunk).push(self.conflict);
            // Of SQLite's texts only the one for a full chunk comes again and again.
            let is_full = rows >= rows_each;
            queries.push(if is_full { query } else { query.once() });
            rows = rows.saturating_sub(rows_each);
        }
        queries
    }
}
