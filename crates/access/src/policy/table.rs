//! Reading a list from CSV so that all its mistakes are found at once, each with its line.

use domain::Problems;

/// A row of a list.
pub(super) struct Row<'t> {
    /// The list's name and the row's line, such as `holders.csv:12`.
    pub(super) path: String,
    cells: Vec<(&'static str, &'t str)>,
}

impl<'t> Row<'t> {
    /// The text of a column; empty where the row or the list does not have it.
    pub(super) fn cell(&self, column: &str) -> &'t str {
        self.cells.iter().find(|(name, _)| *name == column).map_or("", |(_, text)| text)
    }

    /// The entries of a column that holds several, separated by semicolons.
    pub(super) fn entries(&self, column: &str) -> impl Iterator<Item = &'t str> + use<'t> {
        self.cell(column).split(';').map(str::trim).filter(|entry| !entry.is_empty())
    }
}

/// Reads the rows of the list `name`. Columns may stand in any order; those in `required` must be there, those in
/// `optional` may, and no others. After `rows_max` rows reading stops with a problem.
pub(super) fn each_row(
    (name, text): (&str, &str),
    required: &'static [&'static str],
    optional: &'static [&'static str],
    rows_max: usize,
    problems: &mut Problems,
    mut read: impl FnMut(&Row<'_>, &mut Problems),
) {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(text.as_bytes());
    let headers = match reader.headers() {
        Ok(headers) => headers.clone(),
        Err(error) => return problems.note(name, format!("not a table: {error}")),
    };
    let known = |column: &str| required.iter().chain(optional).copied().find(|name| *name == column);
    let mut columns = Vec::new();
    for column in &headers {
        match known(column) {
            Some(column) if columns.contains(&Some(column)) => problems.note(name, format!("two columns \"{column}\"")),
            Some(_) => {}
            None => {
                let accepted = required.iter().chain(optional).copied().collect::<Vec<_>>().join(", ");
                problems.note(name, format!("unknown column \"{column}\": {accepted} are accepted"));
            }
        }
        columns.push(known(column));
    }
    for missing in required.iter().filter(|column| !columns.contains(&Some(**column))) {
        problems.note(name, format!("no column \"{missing}\": {} are needed", required.join(", ")));
    }
    for (count, record) in reader.records().enumerate() {
        if count == rows_max {
            return problems.note(name, format!("more than {rows_max} rows"));
        }
        match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                let cells = columns.iter().zip(&record).filter_map(|(name, text)| name.map(|name| (name, text)));
                read(&Row { path: format!("{name}:{line}"), cells: cells.collect() }, problems);
            }
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                problems.note(format!("{name}:{line}"), row_error(error.kind()));
            }
        }
    }
}

fn row_error(kind: &csv::ErrorKind) -> String {
    if let csv::ErrorKind::UnequalLengths { expected_len, len, .. } = kind {
        return format!("{len} cells where the first line has {expected_len}: put a text with a comma between quotes");
    }
    format!("not a row: {kind:?}")
}
