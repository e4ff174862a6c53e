//! What becomes of a list when a table is imported: row by row, before anything is taken.
//!
//! Whether a row is right is asked of the node's own reader of policies, with the row in its place among all others: so a plate
//! that somebody else has, a driver who is on no list and a category that the site does not know are found as the node would
//! find them. Nothing here changes a draft.

mod headings;

use std::collections::{BTreeMap, BTreeSet};

use access::AccessPolicy;

use super::list::{Cells, List, ListError, ListKind};
use super::sheet::Sheet;

/// How often rows that turn out wrong are taken away and the rest is looked at again: a vehicle may lose its driver by that.
const ROUNDS_MAX: usize = 8;

/// What would become of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowFate {
    /// It is added.
    New,
    /// It changes what is there.
    Changed,
    /// It is there already.
    Same,
    /// It is wrong and left out.
    Refused,
}

impl RowFate {
    /// Its name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Same => "same",
            Self::Refused => "refused",
        }
    }
}

/// A row of the table that is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedRow {
    /// Its number in the file.
    pub row: u64,
    /// What it is as a row of the list.
    pub cells: Cells,
    /// What would become of it.
    pub fate: RowFate,
    /// What is wrong with it; none unless it is refused.
    pub problems: Vec<String>,
}

/// What an import would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The headings of the file, each with the column that it was taken for.
    pub headings: Vec<(String, Option<&'static str>)>,
    /// The rows, in their order.
    pub rows: Vec<ImportedRow>,
}

/// The documents among which a list stands: `access.toml` first of all.
#[derive(Debug, Clone)]
pub struct Around {
    /// The access policy.
    pub access: String,
    /// The lists that it names, by their paths; the one that is looked at among them.
    pub lists: BTreeMap<String, String>,
}

impl Around {
    /// What the node's reader says of all of it, with `text` as the list `path`: place and message.
    pub fn problems(&self, path: &str, text: &str) -> Vec<(String, String)> {
        let list = |name: &str| {
            if name == path {
                return Ok(text.to_owned());
            }
            self.lists.get(name).cloned().ok_or_else(|| "the policy has no such document".to_owned())
        };
        let found = AccessPolicy::parse(&self.access, list).err();
        let all = found.iter().flat_map(|problems| problems.as_slice());
        all.map(|problem| (problem.path.clone(), problem.message.clone())).collect()
    }
}

/// What is wrong with each row of a list, by its line.
pub fn problems_by_line(path: &str, problems: &[(String, String)]) -> BTreeMap<u64, Vec<String>> {
    let mut found: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    let line = |place: &str| place.strip_prefix(path)?.strip_prefix(':')?.parse::<u64>().ok();
    for (place, message) in problems {
        if let Some(line) = line(place) {
            found.entry(line).or_default().push(message.clone());
        } else if let Some(line) = message.split_once(" is also at ").and_then(|(_, place)| line(place)) {
            // A list that comes later has the same: nobody could tell whose it is.
            found.entry(line).or_default().push(format!("{message} and at {place}"));
        }
    }
    found
}

/// The rows of `list` with these keys that are wrong, each with what is: as they stand in `text`, which is the list's own.
pub fn faults_of(
    kind: ListKind,
    path: &str,
    text: &str,
    keys: &BTreeSet<String>,
    around: &Around,
) -> Result<BTreeMap<String, Vec<String>>, ListError> {
    let list = List::parse(kind, text)?;
    let by_line = problems_by_line(path, &around.problems(path, text));
    let rows = list.rows().iter().map(|row| (kind.key(&row.cells), row.line));
    let faulty = rows.filter(|(key, _)| keys.contains(key));
    Ok(faulty.filter_map(|(key, line)| Some((key, by_line.get(&line)?.clone()))).collect())
}

/// Looks at what an import of `sheet` would do to `list`.
pub fn preview(kind: ListKind, path: &str, list: &List, sheet: &Sheet, around: &Around) -> Result<Import, Vec<String>> {
    let columns = headings::columns(kind, &sheet.headings)?;
    let mut rows: Vec<ImportedRow> = Vec::with_capacity(sheet.rows.len());
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for (number, texts) in &sheet.rows {
        let mut cells = Cells::new();
        for (column, text) in columns.iter().zip(texts) {
            if let Some(column) = column {
                let text = headings::value(column, text);
                if !text.is_empty() {
                    cells.insert((*column).to_owned(), text);
                }
            }
        }
        let key = kind.key(&cells);
        let held = list.find(&key);
        // What the file says nothing of, or leaves empty, stays as it is.
        let mut whole = held.map(|row| row.cells.clone()).unwrap_or_default();
        whole.extend(cells);
        whole.retain(|_, text| !text.is_empty());
        let fate = match held {
            Some(row) if row.cells == whole => RowFate::Same,
            Some(_) => RowFate::Changed,
            None => RowFate::New,
        };
        let mut row = ImportedRow { row: *number, cells: whole, fate, problems: Vec::new() };
        if let Some(first) = seen.get(&key).filter(|_| !key.is_empty()) {
            row.problems.push(format!("row {first} of the file is about the same"));
            row.fate = RowFate::Refused;
        } else {
            seen.insert(key, *number);
        }
        rows.push(row);
    }
    for _ in 0..ROUNDS_MAX {
        if !refuse_faulty(kind, path, list, &mut rows, around) {
            break;
        }
    }
    let headings = sheet.headings.iter().cloned().zip(columns).collect();
    Ok(Import { headings, rows })
}

/// Refuses the rows that are wrong among those that are left; says whether there were any.
fn refuse_faulty(kind: ListKind, path: &str, list: &List, rows: &mut [ImportedRow], around: &Around) -> bool {
    let is_taken = |row: &ImportedRow| matches!(row.fate, RowFate::New | RowFate::Changed);
    let mut candidate = list.clone();
    candidate.put(rows.iter().filter(|row| is_taken(row)).map(|row| row.cells.clone()));
    let keys = rows.iter().filter(|row| is_taken(row)).map(|row| kind.key(&row.cells)).collect();
    let faults = faults_of(kind, path, &candidate.text(), &keys, around).unwrap_or_default();
    for row in rows.iter_mut().filter(|row| is_taken(row)) {
        if let Some(problems) = faults.get(&kind.key(&row.cells)) {
            row.problems.extend(problems.iter().cloned());
            row.fate = RowFate::Refused;
        }
    }
    !faults.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCESS: &str = r#"
        policy = 1
        holders = ["lists/holders.csv", "lists/guests.csv"]
        zone = [{ id = "park" }]
        category = [{ id = "worker", zones = ["park"] }, { id = "contractor", zones = ["park"], validity = "required" }]
        [[lane]]
        id = "car-in"
        direction = "in"
        from = "outside"
        to = "park"
        methods = ["plate", "card"]
        allow = [{ rule = "workers", categories = ["worker"], schedule = "always" }]
        passage_sensor = "absent"
        barrier = { fail = "secure", feedback = "none" }
    "#;
    const HOLDERS: &str =
        "holder,name,kind,category,cards,plates\nw-1,An,person,worker,04A1,\nx-1,Xe 1,vehicle,worker,,30A-123.45\n";
    const PATH: &str = "lists/holders.csv";

    fn around(guests: &str) -> Around {
        let lists = [("lists/guests.csv", guests), (PATH, HOLDERS)];
        Around { access: ACCESS.to_owned(), lists: lists.map(|(path, text)| (path.to_owned(), text.to_owned())).into() }
    }

    fn imported(table: &str) -> Vec<(u64, RowFate, String)> {
        let list = List::parse(ListKind::Holders, HOLDERS).expect("a list");
        let sheet = Sheet::read(table.as_bytes()).expect("a table");
        let guests = "holder,name,kind,category,cards\ng-1,Khách,person,worker,04FF\n";
        let import = preview(ListKind::Holders, PATH, &list, &sheet, &around(guests)).expect("headings");
        import.rows.into_iter().map(|row| (row.row, row.fate, row.problems.join("; "))).collect()
    }

    #[test]
    fn the_policy_of_these_tests_is_right() {
        let problems = around("holder,name,kind,category,cards\n").problems(PATH, HOLDERS);
        assert_eq!(problems, Vec::new());
    }

    #[test]
    fn each_row_is_new_changed_the_same_or_refused_with_what_is_wrong() {
        let rows = imported(
            "Mã;Họ tên;Loại;Nhóm;Thẻ;Biển số;Đến ngày\n\
             W-1;An;người;worker;04A1;;\n\
             w-2;Bình;người;worker;04A2;;31/12/2026\n\
             x-1;Xe mới;xe;worker;;30A-123.45;\n\
             x-2;Xe 2;xe;worker;;30A-123.45;\n\
             w-3;Chi;người;thợ;04A3;;\n\
             w-4;Dũng;người;contractor;04A4;;\n\
             w-2;Bình nữa;người;worker;04A5;;\n\
             ;Không mã;người;worker;04A6;;\n\
             w-5;Em;người;worker;04FF;;\n\
             w-6;Giang;ma;worker;04A8;;32/13/2026\n",
        );
        use RowFate::{Changed, New, Refused, Same};
        let fates: Vec<_> = rows.iter().map(|(_, fate, _)| *fate).collect();
        assert_eq!(
            fates,
            [Same, New, Changed, Refused, Refused, Refused, Refused, Refused, Refused, Refused],
            "{rows:#?}"
        );
        assert!(rows[3].2.contains("30A12345 is also at"), "{rows:#?}");
        assert!(rows[4].2.contains("no category \"thợ\"") || rows[4].2.contains("category"), "{rows:#?}");
        assert!(rows[5].2.contains("valid_to"), "{rows:#?}");
        assert!(rows[6].2.contains("row 3 of the file"), "{rows:#?}");
        assert!(rows[8].2.contains("is also at"), "another list has the card: {rows:#?}");
        assert!(rows[9].2.contains("\"ma\""), "{rows:#?}");
    }

    #[test]
    fn a_vehicle_whose_driver_is_refused_is_refused_with_him() {
        let rows = imported(
            "holder,name,kind,category,plates,cards,drivers\nx-9,Xe 9,vehicle,worker,30A-999.99,,w-9\nw-9,Sai,person,ghost,,04A9,\n",
        );
        assert!(rows.iter().all(|(_, fate, _)| *fate == RowFate::Refused), "{rows:#?}");
        assert!(rows[0].2.contains("drivers"), "{rows:#?}");
    }

    #[test]
    fn columns_that_the_file_lacks_stay_as_they_are() {
        let list = List::parse(ListKind::Holders, HOLDERS).expect("a list");
        let sheet =
            Sheet::read("holder,name,kind,category\nx-1,Xe đổi tên,vehicle,worker\n".as_bytes()).expect("a table");
        let import =
            preview(ListKind::Holders, PATH, &list, &sheet, &around("holder,name,kind,category\n")).expect("headings");
        assert_eq!((import.rows[0].fate, import.rows[0].cells["plates"].as_str()), (RowFate::Changed, "30A-123.45"));
    }
}
