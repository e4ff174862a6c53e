//! Tables that are taken away: cells for CSV and XLSX.

use domain::UtcTime;
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use thiserror::Error;

use crate::number::excel;

/// Most rows of a sheet, its head included (Excel's limit).
pub const SHEET_ROWS_MAX: u32 = 1_048_576;

/// Widest column that is made for a head, in characters.
const WIDTH_MAX: f64 = 40.0;

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// A text, from whoever.
    Text(String),
    /// A number.
    Number(f64),
    /// A moment.
    Moment(UtcTime),
    /// Nothing.
    Empty,
}

impl Cell {
    /// A count.
    pub fn count(count: u64) -> Self {
        Self::Number(count as f64)
    }

    /// A text, or nothing where there is none.
    pub fn text(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Empty, |text| Self::Text(text.into()))
    }

    /// What stands in a CSV file. A text that a spreadsheet would take for a formula gets an apostrophe before it
    /// (OWASP, CSV injection); moments are those of Asia/Ho_Chi_Minh.
    pub fn csv(&self) -> String {
        match self {
            Self::Text(text) => guarded(text),
            Self::Number(number) => number.to_string(),
            Self::Moment(at) => local(*at),
            Self::Empty => String::new(),
        }
    }
}

fn guarded(text: &str) -> String {
    // What begins with spaces is taken for a formula too, and so are the full-width forms.
    let first = text.trim_start_matches([' ', '\u{a0}', '\u{3000}']).chars().next();
    match first {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠') => format!("'{text}"),
        Some(_) | None => text.to_owned(),
    }
}

/// `2026-11-21T08:30:00+07:00`.
fn local(at: UtcTime) -> String {
    let micros = at.as_unix_micros() + projections::day::LOCAL_OFFSET_MINUTES * 60_000_000;
    let text = UtcTime::from_unix_micros(micros).unwrap_or(at).to_string();
    format!("{}+07:00", text.get(..19).unwrap_or(&text))
}

/// Why a table cannot be written.
#[derive(Debug, Error)]
pub enum TableError {
    /// It is longer than a sheet.
    #[error("a sheet holds {SHEET_ROWS_MAX} rows: take less time, or CSV")]
    TooLong,
    /// The workbook cannot be written.
    #[error("cannot write the workbook")]
    Workbook(#[from] XlsxError),
}

/// A workbook of one sheet that is written row by row, with little in memory.
pub struct TableWriter {
    workbook: Workbook,
    row: u32,
    moment: Format,
}

impl std::fmt::Debug for TableWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TableWriter").field("row", &self.row).finish_non_exhaustive()
    }
}

impl TableWriter {
    /// A sheet with its heads.
    pub fn new(name: &str, heads: &[&str]) -> Result<Self, TableError> {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name(name)?;
        sheet.set_freeze_panes(1, 0)?;
        let bold = Format::new().set_bold();
        for (column, head) in (0_u16..).zip(heads) {
            let width = (head.chars().count() as f64 + 4.0).clamp(14.0, WIDTH_MAX);
            sheet.set_column_width(column, width)?;
            sheet.write_string_with_format(0, column, *head, &bold)?;
        }
        Ok(Self { workbook, row: 1, moment: Format::new().set_num_format("dd/mm/yyyy hh:mm:ss") })
    }

    /// Adds a row.
    pub fn row(&mut self, cells: &[Cell]) -> Result<(), TableError> {
        if self.row >= SHEET_ROWS_MAX {
            return Err(TableError::TooLong);
        }
        let sheet = self.workbook.worksheet_from_index(0)?;
        for (column, cell) in (0_u16..).zip(cells) {
            match cell {
                // A string cell is never computed, whatever it begins with.
                Cell::Text(text) => sheet.write_string(self.row, column, text.as_str())?,
                Cell::Number(number) => sheet.write_number(self.row, column, *number)?,
                Cell::Moment(at) => sheet.write_number_with_format(self.row, column, excel(*at), &self.moment)?,
                Cell::Empty => sheet,
            };
        }
        self.row += 1;
        Ok(())
    }

    /// The workbook's bytes.
    pub fn finish(mut self) -> Result<Vec<u8>, TableError> {
        Ok(self.workbook.save_to_buffer()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_compute_is_kept_a_text() {
        for bad in ["=1+1", "+84", "-2", "@sum", "\t=1", "  =1", "＝1", "\r\n=1"] {
            assert!(Cell::Text(bad.to_owned()).csv().starts_with('\''), "{bad:?}");
        }
        for good in ["cong-1", "30A-123.45", "", "người"] {
            assert_eq!(Cell::Text(good.to_owned()).csv(), good);
        }
        assert_eq!(Cell::Number(-2.5).csv(), "-2.5");
        let at = "2026-11-20T18:00:00.5Z".parse().expect("a moment");
        assert_eq!(Cell::Moment(at).csv(), "2026-11-21T01:00:00+07:00");
    }
}
