//! A list of a policy as a table: read from its CSV text, changed row by row, written back with everything else in it left as
//! it was.
//!
//! What a row means, and whether it is right, is for the `access` crate to say; here is only the form. Comments stay above the
//! rows above which they stand.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

/// The cells of a row, by the names of their columns; what is empty is left out.
pub type Cells = BTreeMap<String, String>;

/// What a list is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListKind {
    /// Persons and vehicles that may pass.
    Holders,
    /// Who and what must not pass.
    Denied,
}

impl ListKind {
    /// Its name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holders => "holders",
            Self::Denied => "denied",
        }
    }

    /// Its columns, in the order in which a new list has them.
    pub const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Holders => &[
                "holder",
                "name",
                "kind",
                "category",
                "plates",
                "passes",
                "cards",
                "citizen_card",
                "valid_from",
                "valid_to",
                "zones",
                "drivers",
                "note",
            ],
            Self::Denied => &["what", "value", "reason", "valid_from", "valid_to"],
        }
    }

    /// Those that every row fills.
    pub const fn required(self) -> &'static [&'static str] {
        match self {
            Self::Holders => &["holder", "name", "kind", "category"],
            Self::Denied => &["what", "value", "reason"],
        }
    }

    /// By what a row is told from the others.
    pub fn key(self, cells: &Cells) -> String {
        let cell = |column: &str| cells.get(column).map_or("", String::as_str);
        match self {
            Self::Holders => cell("holder").to_owned(),
            Self::Denied => format!("{}:{}", cell("what"), cell("value")),
        }
    }
}

/// Why a text is no such table.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ListError {
    /// Its first line cannot be read.
    #[error("not a table: {0}")]
    NotATable(String),
    /// A column that it cannot have.
    #[error("unknown column \"{column}\": {accepted} are accepted")]
    UnknownColumn {
        /// Its name.
        column: String,
        /// Those that are.
        accepted: String,
    },
    /// A column twice.
    #[error("two columns \"{0}\"")]
    ColumnTwice(String),
}

/// A row with where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRow {
    /// Its line, as the problems of a policy name it.
    pub line: u64,
    /// What it says.
    pub cells: Cells,
    /// Comments and empty lines above it, as they stand.
    above: String,
    /// Its own text; nothing where it was changed.
    raw: Option<String>,
}

/// A list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    kind: ListKind,
    /// Everything before the first row: comments and the line with the columns.
    head: String,
    columns: Vec<String>,
    rows: Vec<ListRow>,
}

impl List {
    /// A list without rows.
    pub fn new(kind: ListKind) -> Self {
        let columns: Vec<_> = kind.columns().iter().map(|column| (*column).to_owned()).collect();
        Self { kind, head: format!("{}\n", columns.join(",")), columns, rows: Vec::new() }
    }

    /// Reads the text of a list. A row with too many or too few cells is read as far as it goes: what is wrong with it the
    /// policy's own reader tells.
    pub fn parse(kind: ListKind, text: &str) -> Result<Self, ListError> {
        let body = text.trim_start_matches('\u{feff}');
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .comment(Some(b'#'))
            .flexible(true)
            .from_reader(body.as_bytes());
        let headers = reader.headers().map_err(|error| ListError::NotATable(error.to_string()))?.clone();
        if headers.iter().all(str::is_empty) {
            return Ok(Self { head: format!("{body}{}", Self::new(kind).head), ..Self::new(kind) });
        }
        let mut columns: Vec<String> = Vec::new();
        for column in &headers {
            if !kind.columns().contains(&column) {
                let accepted = kind.columns().join(", ");
                return Err(ListError::UnknownColumn { column: column.to_owned(), accepted });
            }
            if columns.iter().any(|known| known == column) {
                return Err(ListError::ColumnTwice(column.to_owned()));
            }
            columns.push(column.to_owned());
        }
        let mut found = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| ListError::NotATable(error.to_string()))?;
            let (at, line) = record.position().map_or((0, 0), |position| (position.byte() as usize, position.line()));
            let cells = columns.iter().zip(&record).filter(|(_, text)| !text.is_empty());
            found.push((at, line, cells.map(|(column, text)| (column.clone(), text.to_owned())).collect::<Cells>()));
        }
        let ends = found.iter().skip(1).map(|(at, ..)| *at).chain([body.len()]).collect::<Vec<_>>();
        let head = body[..found.first().map_or(body.len(), |(at, ..)| *at)].to_owned();
        let row = |((at, line, cells), end): ((usize, u64, Cells), usize)| {
            let (above, own) = split_comments(&body[at..end]);
            ListRow { line, cells, above: above.to_owned(), raw: Some(own.to_owned()) }
        };
        let rows = found.into_iter().zip(ends).map(row).collect();
        Ok(Self { kind, head, columns, rows })
    }

    /// The rows, in their order.
    pub fn rows(&self) -> &[ListRow] {
        &self.rows
    }

    /// The row with this key.
    pub fn find(&self, key: &str) -> Option<&ListRow> {
        self.rows.iter().find(|row| self.kind.key(&row.cells) == key)
    }

    /// Puts rows in, each in place of the one with its key or at the end.
    pub fn put(&mut self, rows: impl IntoIterator<Item = Cells>) {
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for (at, row) in self.rows.iter().enumerate() {
            places.entry(self.kind.key(&row.cells)).or_insert(at);
        }
        for mut cells in rows {
            cells.retain(|_, text| !text.is_empty());
            match places.get(&self.kind.key(&cells)) {
                Some(&at) if self.rows[at].cells == cells => {}
                Some(&at) => self.rows[at] = ListRow { cells, raw: None, ..self.rows[at].clone() },
                None => {
                    places.insert(self.kind.key(&cells), self.rows.len());
                    self.rows.push(ListRow { line: 0, cells, above: String::new(), raw: None });
                }
            }
        }
    }

    /// Takes the rows with these keys out; gives back the keys that no row has.
    pub fn remove(&mut self, keys: &BTreeSet<String>) -> Vec<String> {
        let mut missing = keys.clone();
        let mut comments = String::new();
        let rows = std::mem::take(&mut self.rows);
        for mut row in rows {
            let key = self.kind.key(&row.cells);
            if keys.contains(&key) {
                missing.remove(&key);
                comments.push_str(&row.above);
            } else {
                row.above.insert_str(0, &std::mem::take(&mut comments));
                self.rows.push(row);
            }
        }
        // What stood above rows at the end that are gone has no row to stand above: it goes with them.
        missing.into_iter().collect()
    }

    /// The text of the list. The line with the columns is written anew only where a row fills a column that it lacks.
    pub fn text(&self) -> String {
        let lacking = self.kind.columns().iter().filter(|column| {
            !self.columns.iter().any(|known| known == *column)
                && self.rows.iter().any(|row| row.cells.contains_key(**column))
        });
        let lacking: Vec<_> = lacking.map(|column| (*column).to_owned()).collect();
        let columns = [self.columns.clone(), lacking.clone()].concat();
        let mut text = if lacking.is_empty() {
            self.head.clone()
        } else {
            let (above, _) = split_comments(&self.head);
            format!("{above}{}\n", columns.join(","))
        };
        for row in &self.rows {
            end_line(&mut text);
            text.push_str(&row.above);
            match &row.raw {
                Some(raw) if lacking.is_empty() => text.push_str(raw),
                Some(_) | None => text.push_str(&line(&columns, &row.cells)),
            }
        }
        end_line(&mut text);
        text
    }
}

fn end_line(text: &mut String) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

/// The comments and empty lines with which a piece of text begins, and the rest.
fn split_comments(text: &str) -> (&str, &str) {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if !line.starts_with('#') && !line.trim().is_empty() {
            break;
        }
        at += line.len();
    }
    text.split_at(at)
}

fn line(columns: &[String], cells: &Cells) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let record = columns.iter().map(|column| cells.get(column).map_or("", String::as_str));
    writer.write_record(record).expect("memory takes all");
    let bytes = writer.into_inner().expect("memory takes all");
    let text = String::from_utf8(bytes).expect("it is made of text");
    // A first cell that begins like a comment would be taken for one.
    if text.starts_with('#') {
        let (first, rest) = text.split_once(',').unwrap_or((text.trim_end(), ""));
        return if rest.is_empty() { format!("\"{first}\"\n") } else { format!("\"{first}\",{rest}") };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Invented.\nholder,name,kind,category,cards\n# Day shift\nw-1,\"Nguyễn, Ví Dụ\",person,worker,04A1\n\
                        w-2, Trần Thị Mẫu ,person,worker,04A2\n# Vehicles\nx-1,Xe 1,vehicle,worker,04A3";

    fn cells(pairs: &[(&str, &str)]) -> Cells {
        pairs.iter().map(|(column, text)| ((*column).to_owned(), (*text).to_owned())).collect()
    }

    fn read(text: &str) -> List {
        List::parse(ListKind::Holders, text).expect("it is a list")
    }

    #[test]
    fn what_is_not_changed_stays_to_the_letter() {
        let list = read(TEXT);
        assert_eq!(list.text(), format!("{TEXT}\n"));
        assert_eq!(list.find("w-1").expect("a row").cells["name"], "Nguyễn, Ví Dụ");
        assert_eq!(list.find("w-2").expect("a row").cells["name"], "Trần Thị Mẫu");
        let empty = read("");
        assert_eq!(empty.text(), List::new(ListKind::Holders).text());
        assert_eq!(read("# nobody yet\n").text(), format!("# nobody yet\n{}", empty.text()));
    }

    #[test]
    fn lines_are_those_that_the_policy_s_own_reader_tells() {
        let policy = "policy = 1\nholders = [\"h.csv\"]\n";
        let list = read(TEXT);
        for row in list.rows() {
            let mut broken = list.clone();
            broken.put([cells(&[
                ("holder", &row.cells["holder"]),
                ("name", "x"),
                ("kind", "ghost"),
                ("category", "worker"),
            ])]);
            let text = broken.text();
            let line = read(&text).find(&row.cells["holder"]).expect("a row").line;
            let problems = access::AccessPolicy::parse(policy, |_| Ok(text.clone())).expect_err("a ghost");
            let told = format!("h.csv:{line}");
            assert!(
                problems.as_slice().iter().any(|one| one.path == told && one.message.contains("ghost")),
                "{told}: {problems}"
            );
        }
    }

    #[test]
    fn a_row_is_put_in_its_place_and_a_new_one_at_the_end() {
        let mut list = read(TEXT);
        list.put([
            cells(&[("holder", "w-2"), ("name", "Trần \"Mới\""), ("kind", "person"), ("category", "worker")]),
            cells(&[("holder", "w-3"), ("name", "Lê"), ("kind", "person"), ("category", "worker"), ("cards", "04A9")]),
        ]);
        let text = list.text();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[2..],
            [
                "# Day shift",
                "w-1,\"Nguyễn, Ví Dụ\",person,worker,04A1",
                "w-2,\"Trần \"\"Mới\"\"\",person,worker,",
                "# Vehicles",
                "x-1,Xe 1,vehicle,worker,04A3",
                "w-3,Lê,person,worker,04A9",
            ]
        );
        assert_eq!(read(&text).rows().len(), 4);
    }

    #[test]
    fn a_column_that_is_missing_is_added_to_every_row() {
        let mut list = read(TEXT);
        list.put([cells(&[
            ("holder", "w-1"),
            ("name", "A"),
            ("kind", "person"),
            ("category", "worker"),
            ("note", "ca đêm"),
        ])]);
        let text = list.text();
        assert!(text.starts_with(
            "# Invented.\nholder,name,kind,category,cards,note\n# Day shift\nw-1,A,person,worker,,ca đêm\n"
        ));
        assert!(text.contains("x-1,Xe 1,vehicle,worker,04A3,\n"), "{text}");
    }

    #[test]
    fn rows_are_taken_out_and_comments_stay() {
        let mut list = read(TEXT);
        let keys = ["w-1", "nobody"].map(str::to_owned).into();
        assert_eq!(list.remove(&keys), ["nobody"]);
        let text = list.text();
        assert!(text.contains("# Day shift\nw-2") && !text.contains("w-1"), "{text}");
    }

    #[test]
    fn columns_that_a_list_cannot_have_are_named() {
        let refused = |text: &str| List::parse(ListKind::Denied, text).expect_err(text).to_string();
        assert!(refused("what,colour\n").contains("\"colour\": what, value, reason"));
        assert!(refused("what,what\n").contains("two columns"));
    }

    #[test]
    fn a_cell_that_begins_like_a_comment_is_none() {
        let mut list = List::new(ListKind::Denied);
        list.put([cells(&[("what", "#plate"), ("value", "x"), ("reason", "y")])]);
        let again = List::parse(ListKind::Denied, &list.text()).expect("a list");
        assert_eq!(again.rows().len(), 1);
        assert_eq!(again.rows()[0].cells["what"], "#plate");
    }

    proptest::proptest! {
        /// Whatever stands in cells is read back, in lists that were changed in any order.
        #[test]
        fn what_was_put_is_read_back(rows in proptest::collection::vec(("[a-z]{1,3}", "[^\\p{C}]{0,20}", "[#;,\" a-z]{0,9}"), 1..12)) {
            let mut list = read(TEXT);
            let mut expected = BTreeMap::new();
            for (holder, name, note) in &rows {
                let row = cells(&[("holder", holder), ("name", name.trim()), ("note", note.trim())]);
                list.put([row.clone()]);
                expected.insert(holder.clone(), row.into_iter().filter(|(_, text)| !text.is_empty()).collect::<Cells>());
            }
            let again = read(&list.text());
            for (holder, row) in expected {
                proptest::prop_assert_eq!(&again.find(&holder).expect("it was put").cells, &row);
            }
            proptest::prop_assert_eq!(again.text(), list.text());
        }
    }
}
