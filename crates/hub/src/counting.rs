//! What persons enter about counts, as they write it: hours, directions, and sheets of audited hours.

use std::fmt::Display;
use std::io::Read;

use csv::StringRecord;
use domain::{CountGroup, Direction, UtcTime};
use store::{AuditErrors, NewAudit, Store};
use thiserror::Error;

/// Most rows of one sheet.
pub const ROWS_MAX: usize = 10_000;

/// Most mistakes that are named at once.
const MISTAKES_MAX: usize = 50;

/// Columns of a sheet that must be there.
const REQUIRED: [&str; 7] = ["site", "gate", "line", "direction", "hour", "counted", "by"];

/// Columns that may be there.
const OPTIONAL: [&str; 2] = ["group", "note"];

/// Why a sheet is not taken: nothing of it was.
#[derive(Debug, Error)]
pub enum ImportError {
    /// It is no table with these columns.
    #[error("{0}")]
    Sheet(String),
    /// It has mistakes.
    #[error("{} mistakes, so that nothing was entered:\n{}", .0.len(), shown(.0))]
    Mistakes(Vec<String>),
}

fn shown(mistakes: &[String]) -> String {
    let more = mistakes.len().saturating_sub(MISTAKES_MAX);
    let mut lines: Vec<_> = mistakes.iter().take(MISTAKES_MAX).map(|mistake| format!("  {mistake}")).collect();
    if more > 0 {
        lines.push(format!("  and {more} more"));
    }
    lines.join("\n")
}

/// `in` or `out`.
pub fn parse_direction(text: &str) -> Result<Direction, String> {
    match text {
        "in" => Ok(Direction::In),
        "out" => Ok(Direction::Out),
        other => Err(format!("\"{other}\" is no direction: in or out is accepted")),
    }
}

/// `person` or `vehicle`.
pub fn parse_group(text: &str) -> Result<CountGroup, String> {
    let found = CountGroup::ALL.into_iter().find(|group| group.as_str() == text);
    found.ok_or_else(|| format!("\"{text}\" is not counted: person or vehicle is accepted"))
}

/// The beginning of an hour: `2026-11-20T08` or `2026-11-20 08:00` by the clocks of Vietnam, or a moment in RFC 3339.
pub fn parse_hour(text: &str) -> Result<UtcTime, String> {
    let refuse = || format!("\"{text}\" is not an hour: 2026-11-20T08:00, by the clocks of Vietnam, is accepted");
    if let Ok(moment) = text.parse() {
        return Ok(moment);
    }
    let hour = text.strip_suffix(":00").unwrap_or(text);
    let (day, hour) = hour.split_once(['T', ' ']).ok_or_else(refuse)?;
    if hour.len() != 2 {
        return Err(refuse());
    }
    format!("{day}T{hour}:00:00+07:00").parse().map_err(|_| refuse())
}

/// Reads a sheet of audited hours (CSV with a header) and enters all of it, or nothing where anything is mistaken.
/// Returns how many hours were entered.
pub async fn import_audits(store: &Store, sheet: impl Read, now: UtcTime) -> Result<usize, ImportError> {
    let (audits, lines) = read_sheet(sheet)?;
    match store.audits_insert(&audits, now).await {
        Ok(()) => Ok(audits.len()),
        Err(AuditErrors(errors)) => {
            let named = errors.into_iter().map(|(place, error)| {
                let line = lines.get(place).copied().unwrap_or_default();
                format!("line {line}: {}", one_line(&error))
            });
            Err(ImportError::Mistakes(named.collect()))
        }
    }
}

fn one_line(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// The hours of a sheet, and the line of each.
fn read_sheet(sheet: impl Read) -> Result<(Vec<NewAudit>, Vec<u64>), ImportError> {
    let refuse = |what: &dyn Display| ImportError::Sheet(what.to_string());
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(sheet);
    let headers = reader.headers().map_err(|error| refuse(&error))?.clone();
    // A spreadsheet may put a byte order mark before the first name.
    let headers: Vec<_> = headers.iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect();
    let accepted = || format!("{} must be there, {} may", REQUIRED.join(","), OPTIONAL.join(","));
    if let Some(missing) = REQUIRED.iter().find(|name| !headers.iter().any(|given| given == *name)) {
        return Err(refuse(&format!("the first line has no column \"{missing}\": {}", accepted())));
    }
    if let Some(unknown) = headers.iter().find(|given| !REQUIRED.iter().chain(&OPTIONAL).any(|name| name == given)) {
        return Err(refuse(&format!("the column \"{unknown}\" is not known: {}", accepted())));
    }
    let (mut audits, mut lines, mut mistakes) = (Vec::new(), Vec::new(), Vec::new());
    for record in reader.records() {
        let record = record.map_err(|error| refuse(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        if audits.len() + mistakes.len() >= ROWS_MAX {
            return Err(refuse(&format!("more than {ROWS_MAX} rows: cut the sheet in parts")));
        }
        let before = mistakes.len();
        let audit = read_row(&headers, &record, |column, mistake| {
            mistakes.push(format!("line {line}: {column}: {mistake}"));
        });
        if let (Some(audit), true) = (audit, mistakes.len() == before) {
            audits.push(audit);
            lines.push(line);
        }
    }
    if !mistakes.is_empty() {
        return Err(ImportError::Mistakes(mistakes));
    }
    if audits.is_empty() {
        return Err(refuse(&"there is no row below the first line"));
    }
    Ok((audits, lines))
}

fn read_row(headers: &[String], record: &StringRecord, mut note: impl FnMut(&str, String)) -> Option<NewAudit> {
    let cell = |column: &str| {
        let place = headers.iter().position(|name| name == column)?;
        record.get(place).filter(|text| !text.is_empty())
    };
    let mut read = Cells { cell: &cell, note: &mut note };
    let site = read.name("site");
    let gate = read.name("gate");
    let line = read.name("line");
    let direction = read.required("direction", parse_direction);
    let hour = read.required("hour", parse_hour);
    let accepted = |text: &str| format!("\"{text}\" is no number of passages: 0 to 1000000 is accepted");
    let counted = read.required("counted", |text| text.parse::<u64>().map_err(|_| accepted(text)));
    let by = read.required("by", |text| Ok(text.to_owned()));
    let group = match cell("group").map(parse_group).transpose() {
        Ok(group) => group,
        Err(mistake) => {
            note("group", mistake);
            None
        }
    };
    let note = cell("note").unwrap_or_default().to_owned();
    Some(NewAudit {
        site: site?,
        gate: gate?,
        line: line?,
        direction: direction?,
        group,
        hour: hour?,
        counted: counted?,
        by: by?,
        note,
    })
}

/// The cells of one row.
struct Cells<'a, 'r> {
    cell: &'a dyn Fn(&str) -> Option<&'r str>,
    note: &'a mut dyn FnMut(&str, String),
}

impl Cells<'_, '_> {
    fn required<T>(&mut self, column: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        match (self.cell)(column).ok_or_else(|| "is empty".to_owned()).and_then(parse) {
            Ok(value) => Some(value),
            Err(mistake) => {
                (self.note)(column, mistake);
                None
            }
        }
    }

    fn name<T: std::str::FromStr<Err: Display>>(&mut self, column: &str) -> Option<T> {
        self.required(column, |text| text.parse().map_err(|error: T::Err| error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_is_read_by_the_clocks_of_vietnam() {
        let eight = "2026-11-20T01:00:00Z".parse::<UtcTime>().expect("a moment");
        for text in ["2026-11-20T08", "2026-11-20T08:00", "2026-11-20 08:00", "2026-11-20T08:00:00+07:00"] {
            assert_eq!(parse_hour(text), Ok(eight), "{text}");
        }
        for bad in ["08:00", "2026-11-20", "2026-11-20T8", "2026-11-20T08:30", "2026-11-20T25:00", "yesterday"] {
            assert!(parse_hour(bad).is_err_and(|error| error.contains("2026-11-20T08:00")), "{bad}");
        }
    }

    #[test]
    fn a_sheet_is_read_with_its_columns_in_any_order() {
        let sheet = "\u{feff}counted,hour,site,gate,line,direction,by,note\n\
                     12,2026-11-20T08:00,cao-nguyen,main,entrance,in,Phạm D,\"mưa, ít khách\"\n";
        let (audits, lines) = read_sheet(sheet.as_bytes()).expect("it is good");
        assert_eq!((audits.len(), lines), (1, vec![2]));
        assert_eq!((audits[0].counted, audits[0].group, audits[0].note.as_str()), (12, None, "mưa, ít khách"));
    }

    #[test]
    fn every_mistake_of_a_sheet_is_named_with_its_line_and_column() {
        let head = "site,gate,line,direction,group,hour,counted,by\n";
        let rows = "cao-nguyen,main,entrance,inwards,person,2026-11-20T08:00,12,D\n\
                    cao-nguyen,Main Gate,entrance,in,crowd,8 o'clock,-3,\n";
        let error = read_sheet(format!("{head}{rows}").as_bytes()).expect_err("six mistakes").to_string();
        for said in [
            "6 mistakes",
            "line 2: direction: \"inwards\"",
            "line 3: gate",
            "line 3: group: \"crowd\"",
            "line 3: hour: \"8 o'clock\"",
            "line 3: counted: \"-3\"",
            "line 3: by: is empty",
        ] {
            assert!(error.contains(said), "\"{said}\" is missing in {error}");
        }
        for (sheet, says) in [
            ("site,gate\n", "no column \"line\""),
            ("site,gate,line,direction,hour,counted,by,colour\n", "\"colour\" is not known"),
            ("site,gate,line,direction,hour,counted,by\n", "no row"),
        ] {
            let error = read_sheet(sheet.as_bytes()).expect_err("mistaken").to_string();
            assert!(error.contains(says), "{error}");
        }
    }
}
