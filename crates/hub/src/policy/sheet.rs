//! A table that somebody brings: a workbook (XLSX) or CSV, as rows of texts.
//!
//! Bounded before it is read: a workbook is a compressed archive, and a small one may hold more than any memory.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use calamine::{Data, DataRef, ExcelDateTime, Reader, Xlsx};
use thiserror::Error;
use zip::ZipArchive;

/// Longest file, in bytes.
pub const FILE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Most that a workbook may hold when it is unpacked, in bytes.
const UNPACKED_BYTES_MAX: u64 = 96 * 1024 * 1024;

/// Most parts of a workbook.
const PARTS_MAX: usize = 2_000;

/// Most rows besides the one with the headings.
pub const ROWS_MAX: usize = 20_000;

/// Columns that are looked at.
const COLUMNS_MAX: u32 = 64;

/// A table: the headings of its first row that is not empty, and the rows below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The headings, in their order; empty ones too.
    pub headings: Vec<String>,
    /// The rows that say anything, each with its number in the file, counted from 1.
    pub rows: Vec<(u64, Vec<String>)>,
}

/// Why a file is no such table.
#[derive(Debug, Error)]
pub enum SheetError {
    /// Nothing in it.
    #[error("the file has no rows: its first row holds the headings")]
    Empty,
    /// Too many rows.
    #[error("the file has more than {ROWS_MAX} rows: split it")]
    TooManyRows,
    /// Not a workbook that can be read.
    #[error("the workbook cannot be read: {0}")]
    Workbook(String),
    /// Unpacked it is too large.
    #[error("the workbook is too large: at most {} MiB unpacked and {PARTS_MAX} parts are accepted", UNPACKED_BYTES_MAX / 1024 / 1024)]
    TooLarge,
    /// An old workbook.
    #[error("this is an old workbook (XLS): save it as XLSX or CSV")]
    OldWorkbook,
    /// Not text.
    #[error("the file is neither a workbook (XLSX) nor text in UTF-8: save it as \"CSV UTF-8\" or XLSX")]
    NotText,
    /// A row that is none.
    #[error("row {0} is no row of a table: put a text with a quotation mark between quotes")]
    BadRow(u64),
}

impl Sheet {
    /// Reads a file, whatever its name says: a workbook by its first sheet, anything else as CSV with commas, semicolons or
    /// tabs.
    pub fn read(bytes: &[u8]) -> Result<Self, SheetError> {
        let rows = if bytes.starts_with(b"PK\x03\x04") {
            workbook(bytes)?
        } else if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
            return Err(SheetError::OldWorkbook);
        } else {
            csv(bytes)?
        };
        let mut rows = rows.into_iter().filter(|(_, cells)| cells.iter().any(|cell| !cell.is_empty()));
        let (_, headings) = rows.next().ok_or(SheetError::Empty)?;
        let rows: Vec<_> = rows.take(ROWS_MAX + 1).collect();
        if rows.len() > ROWS_MAX {
            return Err(SheetError::TooManyRows);
        }
        Ok(Self { headings, rows })
    }
}

fn csv(bytes: &[u8]) -> Result<Vec<(u64, Vec<String>)>, SheetError> {
    let text = std::str::from_utf8(bytes).map_err(|_| SheetError::NotText)?.trim_start_matches('\u{feff}');
    if text.contains('\0') {
        return Err(SheetError::NotText);
    }
    let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or("");
    // Spreadsheets of countries that write 1,5 put semicolons between cells.
    let count = |mark: char| first.matches(mark).count();
    let mark = [',', ';', '\t'].into_iter().rev().max_by_key(|mark| count(*mark)).unwrap_or(',');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .delimiter(mark as u8)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| SheetError::BadRow(error.position().map_or(0, csv::Position::line)))?;
        let line = record.position().map_or(0, csv::Position::line);
        rows.push((line, record.iter().take(COLUMNS_MAX as usize).map(str::to_owned).collect()));
        if rows.len() > ROWS_MAX + 1 {
            return Err(SheetError::TooManyRows);
        }
    }
    Ok(rows)
}

fn workbook(bytes: &[u8]) -> Result<Vec<(u64, Vec<String>)>, SheetError> {
    let broken = |error: &dyn std::fmt::Display| SheetError::Workbook(error.to_string());
    unpacks(bytes)?;
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    let first = book.sheet_names().first().cloned().ok_or(SheetError::Empty)?;
    let mut cells = book.worksheet_cells_reader(&first).map_err(|error| broken(&error))?;
    // Cell by cell: a table with one cell far below and far right would be a rectangle of thousands of millions.
    let mut rows: BTreeMap<u32, BTreeMap<u32, String>> = BTreeMap::new();
    while let Some(cell) = cells.next_cell().map_err(|error| broken(&error))? {
        let (row, column) = cell.get_position();
        let text = text(cell.get_value());
        if text.is_empty() || column >= COLUMNS_MAX {
            continue;
        }
        rows.entry(row).or_default().insert(column, text);
        if rows.len() > ROWS_MAX + 1 {
            return Err(SheetError::TooManyRows);
        }
    }
    let row = |(row, cells): (u32, BTreeMap<u32, String>)| {
        let width = cells.last_key_value().map_or(0, |(column, _)| column + 1);
        let texts = (0..width).map(|column| cells.get(&column).cloned().unwrap_or_default()).collect();
        (u64::from(row) + 1, texts)
    };
    Ok(rows.into_iter().map(row).collect())
}

/// Unpacks everything to nowhere, so that what follows is bounded whatever the archive says of itself.
fn unpacks(bytes: &[u8]) -> Result<(), SheetError> {
    let broken = |error: &dyn std::fmt::Display| SheetError::Workbook(error.to_string());
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(&error))?;
    if archive.len() > PARTS_MAX {
        return Err(SheetError::TooLarge);
    }
    let mut left = UNPACKED_BYTES_MAX;
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(|error| broken(&error))?;
        let read = std::io::copy(&mut part.take(left + 1), &mut std::io::sink()).map_err(|error| broken(&error))?;
        left = left.checked_sub(read).ok_or(SheetError::TooLarge)?;
    }
    Ok(())
}

/// What a person reads in a cell.
fn text(value: &DataRef<'_>) -> String {
    match Data::from(value.clone()) {
        Data::Int(number) => number.to_string(),
        // Numbers of cards and badges are whole, and Excel keeps them as such up to fifteen digits.
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        Data::Float(number) => number.to_string(),
        Data::String(text) => text.trim().to_owned(),
        Data::Bool(value) => value.to_string(),
        Data::DateTime(moment) => date(moment),
        Data::DateTimeIso(text) | Data::DurationIso(text) => text,
        Data::Error(error) => error.to_string(),
        Data::Empty => String::new(),
    }
}

/// A day, or a moment in Vietnam where the cell says a time as well.
fn date(moment: ExcelDateTime) -> String {
    if !moment.is_datetime() {
        return moment.as_f64().to_string();
    }
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    if (hour, minute, second) == (0, 0, 0) {
        return format!("{year:04}-{month:02}-{day:02}");
    }
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+07:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(sheet: &Sheet) -> Vec<(u64, Vec<&str>)> {
        sheet.rows.iter().map(|(row, cells)| (*row, cells.iter().map(String::as_str).collect())).collect()
    }

    #[test]
    fn csv_is_read_with_any_of_the_marks_that_spreadsheets_write() {
        for mark in [',', ';', '\t'] {
            let text = "\u{feff}\r\n# chú thích\r\nMã|Họ tên|Biển số\r\nnv-1|\"An | Bình\"|30A-123.45\r\n\r\n||\r\nnv-2|Chi\r\n"
                .replace('|', &mark.to_string());
            let sheet = Sheet::read(text.as_bytes()).expect("it is a table");
            assert_eq!(sheet.headings, ["Mã", "Họ tên", "Biển số"]);
            let name = format!("An {mark} Bình");
            let found = rows(&sheet);
            assert_eq!(found.len(), 2, "empty rows are none: {found:?}");
            assert_eq!(found[0].1, ["nv-1", &name, "30A-123.45"]);
            assert_eq!(found[1].1, ["nv-2", "Chi"]);
        }
    }

    #[test]
    fn what_is_no_table_is_refused_with_what_to_do() {
        let refused = |bytes: &[u8]| Sheet::read(bytes).expect_err("no table").to_string();
        assert!(refused(b"").contains("no rows"));
        assert!(refused(b"\xff\xfeM\0").contains("UTF-8"));
        assert!(refused(b"\xd0\xcf\x11\xe0 old").contains("XLSX"));
        assert!(refused(b"PK\x03\x04 no archive").contains("workbook"));
        let long = "a\n".repeat(ROWS_MAX + 2);
        assert!(refused(long.as_bytes()).contains("20000"));
    }

    #[test]
    fn a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_read() {
        use std::io::Write;
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file("xl/sharedStrings.xml", zip::write::SimpleFileOptions::default()).expect("memory");
        let piece = vec![b' '; 1024 * 1024];
        for _ in 0..=UNPACKED_BYTES_MAX / 1024 / 1024 {
            writer.write_all(&piece).expect("memory");
        }
        let bytes = writer.finish().expect("memory").into_inner();
        assert!(bytes.len() < 1024 * 1024, "{}", bytes.len());
        assert!(matches!(Sheet::read(&bytes), Err(SheetError::TooLarge)));
    }
}
