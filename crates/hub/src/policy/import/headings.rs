//! Which column of a list a heading of somebody's table means, and how people write what stands below it.

use crate::policy::list::ListKind;

/// Headings by which people call each column, in Vietnamese and English: small letters without marks, one blank between words.
const HEADINGS: &[(&str, &[&str])] = &[
    ("holder", &["holder", "id", "code", "ma", "ma so", "ma doi tuong", "ma nhan vien", "ma nv", "ma xe"]),
    ("name", &["name", "full name", "ten", "ho ten", "ho va ten", "ten goi"]),
    ("kind", &["kind", "type", "loai", "nguoi hay xe", "nguoi xe"]),
    ("category", &["category", "group", "nhom", "loai doi tuong", "doi tuong"]),
    ("plates", &["plates", "plate", "bien so", "bien so xe", "bien kiem soat", "bks"]),
    ("passes", &["passes", "pass", "the khach", "ma the khach"]),
    ("cards", &["cards", "card", "the", "so the", "ma the", "the tu"]),
    ("citizen_card", &["citizen card", "ma bam can cuoc", "can cuoc ma bam"]),
    ("valid_from", &["valid from", "from", "tu", "tu ngay", "hieu luc tu", "ngay bat dau"]),
    ("valid_to", &["valid to", "to", "until", "den", "den ngay", "het han", "ngay het han", "hieu luc den"]),
    ("zones", &["zones", "zone", "khu vuc", "vung"]),
    ("drivers", &["drivers", "driver", "lai xe", "tai xe", "nguoi lai"]),
    ("note", &["note", "notes", "ghi chu"]),
    ("what", &["what", "cam gi", "loai cam"]),
    ("value", &["value", "gia tri", "bien so hoac ma"]),
    ("reason", &["reason", "ly do"]),
];

/// The column that each heading means; nothing where it means none. Refused where one is meant twice, or one that every row
/// fills by none.
pub(super) fn columns(kind: ListKind, headings: &[String]) -> Result<Vec<Option<&'static str>>, Vec<String>> {
    let mut problems = Vec::new();
    let mut found: Vec<Option<&'static str>> = Vec::with_capacity(headings.len());
    for heading in headings {
        let name = folded(heading);
        let column = HEADINGS.iter().find(|(column, names)| kind.columns().contains(column) && names.contains(&&*name));
        let column = column.map(|(column, _)| *column);
        if let Some(column) = column.filter(|_| found.contains(&column)) {
            problems.push(format!("two headings mean \"{column}\": \"{heading}\" is the second"));
        }
        found.push(column);
    }
    for missing in kind.required().iter().filter(|column| !found.contains(&Some(**column))) {
        let names = HEADINGS.iter().find(|(column, _)| column == missing).map_or(&[][..], |(_, names)| names);
        problems.push(format!("no heading means \"{missing}\": {} are accepted", names.join(", ")));
    }
    if problems.is_empty() { Ok(found) } else { Err(problems) }
}

/// What a cell says in the form that a list takes: what cannot be meant otherwise is put right, all else is left for the
/// policy's reader to judge.
pub(super) fn value(column: &str, text: &str) -> String {
    // A list has one line for each row.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match column {
        "holder" | "category" => slug(&text),
        "kind" => match folded(&text).as_str() {
            "nguoi" | "ca nhan" | "person" => "person".to_owned(),
            "xe" | "phuong tien" | "vehicle" | "o to" | "xe may" => "vehicle".to_owned(),
            _ => text,
        },
        "what" => match folded(&text).as_str() {
            "bien so" => "plate".to_owned(),
            "the" => "card".to_owned(),
            "the khach" => "pass".to_owned(),
            "nguoi" | "doi tuong" => "holder".to_owned(),
            "nhom" => "category".to_owned(),
            _ => text,
        },
        "plates" | "passes" | "cards" => entries(&text, &[';', ',', '/'], str::to_owned),
        "zones" | "drivers" => entries(&text, &[';', ','], slug),
        "valid_from" | "valid_to" => day(&text).unwrap_or(text),
        _ => text,
    }
}

fn entries(text: &str, marks: &[char], each: impl Fn(&str) -> String) -> String {
    let parts = text.split(marks).map(str::trim).filter(|part| !part.is_empty());
    parts.map(each).collect::<Vec<_>>().join(";")
}

/// A name of small letters, digits and dashes, where the text is one written otherwise.
fn slug(text: &str) -> String {
    text.to_lowercase().replace([' ', '_', '.', '/'], "-")
}

/// `20/11/2026` and `20-11-2026` as `2026-11-20`.
fn day(text: &str) -> Option<String> {
    let parts: Vec<_> = text.split(['/', '-', '.']).collect();
    let [day, month, year] = parts[..] else { return None };
    let number = |text: &str, digits: std::ops::RangeInclusive<usize>| {
        (digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()))
            .then(|| text.parse::<u32>().ok())?
    };
    let (day, month, year) = (number(day, 1..=2)?, number(month, 1..=2)?, number(year, 4..=4)?);
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then(|| format!("{year:04}-{month:02}-{day:02}"))
}

/// Small letters without Vietnamese marks, other signs as one blank.
fn folded(text: &str) -> String {
    let plain = text.to_lowercase().chars().filter_map(plain).collect::<String>();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A letter without its marks; nothing for a mark that stands by itself.
fn plain(letter: char) -> Option<char> {
    Some(match letter {
        'à' | 'á' | 'ả' | 'ã' | 'ạ' | 'ă' | 'ằ' | 'ắ' | 'ẳ' | 'ẵ' | 'ặ' | 'â' | 'ầ' | 'ấ' | 'ẩ' | 'ẫ' | 'ậ' => {
            'a'
        }
        'è' | 'é' | 'ẻ' | 'ẽ' | 'ẹ' | 'ê' | 'ề' | 'ế' | 'ể' | 'ễ' | 'ệ' => 'e',
        'ì' | 'í' | 'ỉ' | 'ĩ' | 'ị' => 'i',
        'ò' | 'ó' | 'ỏ' | 'õ' | 'ọ' | 'ô' | 'ồ' | 'ố' | 'ổ' | 'ỗ' | 'ộ' | 'ơ' | 'ờ' | 'ớ' | 'ở' | 'ỡ' | 'ợ' => {
            'o'
        }
        'ù' | 'ú' | 'ủ' | 'ũ' | 'ụ' | 'ư' | 'ừ' | 'ứ' | 'ử' | 'ữ' | 'ự' => 'u',
        'ỳ' | 'ý' | 'ỷ' | 'ỹ' | 'ỵ' => 'y',
        'đ' => 'd',
        // Written as letter and mark apart.
        '\u{300}'..='\u{36f}' => return None,
        letter if letter.is_alphanumeric() => letter,
        _ => ' ',
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_known_however_they_are_written() {
        let given =
            ["MÃ NHÂN VIÊN", "Họ và  tên", "Loại", "Nhóm ", "Biển số xe", "Lương", "Đến ngày (hết)", "valid_to"];
        let columns = columns(ListKind::Holders, &given.map(str::to_owned)).expect("enough of them");
        let expected = ["holder", "name", "kind", "category", "plates", "", "", "valid_to"];
        assert_eq!(columns.iter().map(|column| column.unwrap_or("")).collect::<Vec<_>>(), expected);
        // The same letters with their marks apart.
        assert_eq!(folded("Bie\u{302}\u{309}n số"), "bien so");
    }

    #[test]
    fn headings_that_are_missing_or_double_are_named_at_once() {
        let given = ["Họ tên", "Tên", "Loại"].map(str::to_owned);
        let problems = columns(ListKind::Holders, &given).expect_err("not enough").join("\n");
        for wanted in ["\"Tên\" is the second", "means \"holder\"", "means \"category\"", "ma nhan vien"] {
            assert!(problems.contains(wanted), "{wanted} is not in {problems}");
        }
    }

    #[test]
    fn values_are_put_into_the_form_of_lists() {
        for (column, text, expected) in [
            ("holder", " NV 001 ", "nv-001"),
            ("kind", "Người", "person"),
            ("kind", "Xe", "vehicle"),
            ("kind", "ma", "ma"),
            ("plates", "30A-123.45, 29C-999.88", "30A-123.45;29C-999.88"),
            ("drivers", "NV 1; nv-2", "nv-1;nv-2"),
            ("valid_to", "5/3/2027", "2027-03-05"),
            ("valid_to", "2027-03-05", "2027-03-05"),
            ("valid_to", "31/13/2027", "31/13/2027"),
            ("note", "hai\ndòng", "hai dòng"),
            ("what", "Biển số", "plate"),
        ] {
            assert_eq!(value(column, text), expected, "{column}");
        }
    }
}
