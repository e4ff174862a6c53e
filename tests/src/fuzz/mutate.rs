//! Texts, values and bytes that programs stumble over.

use serde_json::{Map, Number, Value};

use crate::dice::Dice;

/// Texts that mean something to somebody: a file system, a database, a page, a parser of numbers or moments.
const ODD_TEXTS: [&str; 22] = [
    "",
    " ",
    "0",
    "-1",
    "18446744073709551616",
    "1e309",
    "NaN",
    "null",
    "../../etc/passwd",
    "'; drop table event; --",
    "<script>alert(1)</script>",
    "a\0b",
    "\u{202e}ngược",
    "Đường Trần Phú",
    "é\u{301}\u{301}\u{301}",
    "2026-02-30T25:61:61Z",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:60+14:00",
    "00000000-0000-0000-0000-000000000000",
    "%00%ff%",
    "*",
    "30A-123.45",
];

pub(super) fn odd_text(dice: &mut Dice) -> String {
    match dice.below(12) {
        0 => "ă".repeat(1 << dice.below(15)),
        1 => (0..dice.below(40)).filter_map(|_| char::from_u32(u32::try_from(dice.below(0x11_0000)).ok()?)).collect(),
        _ => ODD_TEXTS[dice.index(ODD_TEXTS.len())].to_owned(),
    }
}

pub(super) fn odd_value(dice: &mut Dice) -> Value {
    let whole = [0, 1, -1, i64::MAX, i64::MIN, 1 << 53, 253_402_300_800];
    match dice.below(9) {
        0 => Value::Null,
        1 => Value::Bool(dice.below(2) == 0),
        2 => Value::from(whole[dice.index(whole.len())]),
        3 => Value::from(u64::MAX - dice.below(3)),
        4 => Number::from_f64([0.1, -0.0, 1e300, 1e-300][dice.index(4)]).map_or(Value::Null, Value::Number),
        5 => Value::Array((0..dice.below(4)).map(|_| odd_value(dice)).collect()),
        6 => Value::Object((0..dice.below(3)).map(|_| (odd_text(dice), odd_value(dice))).collect()),
        _ => Value::String(odd_text(dice)),
    }
}

/// Changes one thing in a value: another text or number, a member more or less, a list turned over.
pub(super) fn json(dice: &mut Dice, value: &mut Value) {
    // Mostly deeper: there is more below than above.
    match value {
        Value::Object(members) if !members.is_empty() && dice.below(5) > 0 => {
            let key = members.keys().nth(dice.index(members.len())).cloned().unwrap_or_default();
            members_change(dice, members, &key);
        }
        Value::Array(items) if !items.is_empty() && dice.below(4) > 0 => {
            let place = dice.index(items.len());
            match dice.below(5) {
                0 => items.reverse(),
                1 => {
                    items.remove(place);
                }
                2 => {
                    let again = items[place].clone();
                    items.extend(std::iter::repeat_n(again, 1 << dice.below(8)));
                }
                _ => json(dice, &mut items[place]),
            }
        }
        Value::Object(_) | Value::Array(_) | Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {
            *value = odd_value(dice)
        }
    }
}

fn members_change(dice: &mut Dice, members: &mut Map<String, Value>, key: &str) {
    match dice.below(8) {
        0 => {
            members.remove(key);
        }
        1 => {
            members.insert(odd_text(dice), odd_value(dice));
        }
        2 => {
            members.insert(key.to_owned(), odd_value(dice));
        }
        _ => {
            if let Some(held) = members.get_mut(key) {
                json(dice, held);
            }
        }
    }
}

/// Changes bytes, without regard for what they mean.
pub(super) fn bytes(dice: &mut Dice, bytes: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..=dice.below(4) {
        let len = bytes.len();
        if len == 0 {
            return;
        }
        let (from, place) = (dice.index(len), dice.index(len));
        let to = (from + 1 + dice.index(64)).min(len);
        match dice.below(6) {
            0 => bytes[place] ^= 1 << dice.below(8),
            1 => bytes[place] = dice.roll().to_le_bytes()[0],
            2 => {
                bytes.drain(from..to);
            }
            3 => {
                let again = bytes[from..to].to_vec();
                bytes.splice(place..place, again);
            }
            4 => bytes.truncate(place),
            _ => {
                let cut = dice.index(other.len().max(1)).min(other.len());
                bytes.splice(place.., other[cut..].iter().copied());
            }
        }
    }
}
