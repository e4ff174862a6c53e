//! Values that go into statements.

use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, Encode, Postgres, Sqlite, Type};

use crate::error::StoreError;

/// A value of one row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(Option<String>),
    Int(Option<i64>),
    Real(Option<f64>),
    Bool(Option<bool>),
    Bytes(Option<Vec<u8>>),
    /// A list, which only PostgreSQL knows.
    List(Column),
}

/// Values of one column, in the order of the rows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Column {
    Text(Vec<Option<String>>),
    Int(Vec<Option<i64>>),
    Real(Vec<Option<f64>>),
    Bool(Vec<Option<bool>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

/// What a statement takes.
pub(crate) trait IntoValue {
    /// What stands for nothing, with its type.
    const NULL: Value;

    fn into_value(self) -> Value;
}

macro_rules! into_value {
    ($($from:ty => $kind:ident, |$it:ident| $value:expr;)*) => {$(
        impl IntoValue for $from {
            const NULL: Value = Value::$kind(None);

            fn into_value(self) -> Value {
                let $it = self;
                Value::$kind(Some($value))
            }
        }
    )*};
}

into_value! {
    &str => Text, |text| clean(text.to_owned());
    String => Text, |text| clean(text);
    &String => Text, |text| clean(text.clone());
    i64 => Int, |number| number;
    u32 => Int, |number| i64::from(number);
    f64 => Real, |number| number;
    f32 => Real, |number| f64::from(number);
    bool => Bool, |flag| flag;
    &[u8] => Bytes, |bytes| bytes.to_vec();
    Vec<u8> => Bytes, |bytes| bytes;
}

impl<T: IntoValue> IntoValue for Option<T> {
    const NULL: Value = T::NULL;

    fn into_value(self) -> Value {
        self.map_or(Self::NULL, T::into_value)
    }
}

/// PostgreSQL's text holds no NUL. Names have none, and what is signed is JSON, which writes it as an escape; so only what
/// a node wrote for people may hold one. The replacement character stands for it in both databases, so that they hold
/// the same.
fn clean(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

impl Value {
    /// An empty column for values like this one.
    pub(crate) fn column(&self, capacity: usize) -> Column {
        match self {
            Self::Text(_) => Column::Text(Vec::with_capacity(capacity)),
            Self::Int(_) => Column::Int(Vec::with_capacity(capacity)),
            Self::Real(_) => Column::Real(Vec::with_capacity(capacity)),
            Self::Bool(_) => Column::Bool(Vec::with_capacity(capacity)),
            Self::Bytes(_) => Column::Bytes(Vec::with_capacity(capacity)),
            Self::List(_) => panic!("a list is no value of a row"),
        }
    }

    pub(crate) fn add_to_sqlite(self, arguments: &mut SqliteArguments) -> Result<(), StoreError> {
        match self {
            Self::Text(value) => add::<Sqlite, _>(arguments, value),
            Self::Int(value) => add::<Sqlite, _>(arguments, value),
            Self::Real(value) => add::<Sqlite, _>(arguments, value),
            Self::Bool(value) => add::<Sqlite, _>(arguments, value),
            Self::Bytes(value) => add::<Sqlite, _>(arguments, value),
            Self::List(_) => panic!("lists are only written for PostgreSQL"),
        }
    }

    pub(crate) fn add_to_postgres(self, arguments: &mut PgArguments) -> Result<(), StoreError> {
        match self {
            Self::Text(value) => add::<Postgres, _>(arguments, value),
            Self::Int(value) => add::<Postgres, _>(arguments, value),
            Self::Real(value) => add::<Postgres, _>(arguments, value),
            Self::Bool(value) => add::<Postgres, _>(arguments, value),
            Self::Bytes(value) => add::<Postgres, _>(arguments, value),
            Self::List(Column::Text(values)) => add::<Postgres, _>(arguments, values),
            Self::List(Column::Int(values)) => add::<Postgres, _>(arguments, values),
            Self::List(Column::Real(values)) => add::<Postgres, _>(arguments, values),
            Self::List(Column::Bool(values)) => add::<Postgres, _>(arguments, values),
            Self::List(Column::Bytes(values)) => add::<Postgres, _>(arguments, values),
        }
    }
}

fn add<'t, D, T>(arguments: &mut D::Arguments, value: T) -> Result<(), StoreError>
where
    D: sqlx::Database,
    T: Encode<'t, D> + Type<D> + 't,
{
    Ok(arguments.add(value).map_err(sqlx::Error::Encode)?)
}

impl Column {
    /// Adds the value of the next row. All values of a column are of one type: they come from one piece of code.
    pub(crate) fn push(&mut self, value: Value) {
        match (self, value) {
            (Self::Text(column), Value::Text(value)) => column.push(value),
            (Self::Int(column), Value::Int(value)) => column.push(value),
            (Self::Real(column), Value::Real(value)) => column.push(value),
            (Self::Bool(column), Value::Bool(value)) => column.push(value),
            (Self::Bytes(column), Value::Bytes(value)) => column.push(value),
            (column, value) => panic!("{value:?} does not belong into the column {column:?}"),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Text(values) => values.len(),
            Self::Int(values) => values.len(),
            Self::Real(values) => values.len(),
            Self::Bool(values) => values.len(),
            Self::Bytes(values) => values.len(),
        }
    }

    /// Cuts the column in two and gives the part from row `at` on.
    pub(super) fn split_off(&mut self, at: usize) -> Self {
        match self {
            Self::Text(values) => Self::Text(values.split_off(at)),
            Self::Int(values) => Self::Int(values.split_off(at)),
            Self::Real(values) => Self::Real(values.split_off(at)),
            Self::Bool(values) => Self::Bool(values.split_off(at)),
            Self::Bytes(values) => Self::Bytes(values.split_off(at)),
        }
    }

    /// Takes one value out.
    pub(crate) fn take(&mut self, row: usize) -> Value {
        match self {
            Self::Text(values) => Value::Text(values[row].take()),
            Self::Int(values) => Value::Int(values[row].take()),
            Self::Real(values) => Value::Real(values[row].take()),
            Self::Bool(values) => Value::Bool(values[row].take()),
            Self::Bytes(values) => Value::Bytes(values[row].take()),
        }
    }

    /// The type of the list in PostgreSQL.
    pub(crate) const fn list_type(&self) -> &'static str {
        match self {
            Self::Text(_) => "text[]",
            Self::Int(_) => "bigint[]",
            Self::Real(_) => "double precision[]",
            Self::Bool(_) => "boolean[]",
            Self::Bytes(_) => "bytea[]",
        }
    }
}

impl<T: IntoValue> FromIterator<T> for Column {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut column = T::NULL.column(0);
        for value in values {
            column.push(value.into_value());
        }
        column
    }
}
