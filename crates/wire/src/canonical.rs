//! Whether a text is in the canonical form of RFC 8785 already, found in one pass and without building anything.
//!
//! Nodes send events in that form, and what is signed is that form without `sig`. A hub that knows that the text at hand is
//! canonical cuts `sig` out of it; for any other text it builds the value and writes the form itself. Both give the same
//! bytes, so this decides how long reading takes and nothing else: where in doubt it says no.

use std::ops::Range;

/// Whole numbers beyond this are not exact in the canonical form.
const WHOLE_MAX: u64 = 1 << 53;

/// As many digits as a whole number has that is surely not beyond [`WHOLE_MAX`] or fits a `u64` to be compared with it.
const WHOLE_DIGITS_MAX: usize = 16;

/// With so many digits every decimal number is a double of its own.
const DECIMAL_DIGITS_MAX: usize = 15;

/// With more zeros than these behind the point of a number below 1 it is written with an exponent.
const ZEROS_MAX: usize = 5;

/// Deeper nesting than any event has.
const DEPTH_MAX: u32 = 32;

/// A member of an object: its name, its value as text, and where both stand.
pub(crate) struct Member<'t> {
    pub(crate) name: &'t str,
    pub(crate) value: &'t str,
    place: Range<usize>,
}

/// Calls `each` with the members of the one object that `text` is. Nothing where `text` is not canonical, or not plainly so:
/// what was seen until then means nothing.
pub(crate) fn members_of_canonical<'t>(text: &'t str, mut each: impl FnMut(Member<'t>)) -> Option<()> {
    let mut scan = Scan { bytes: text.as_bytes(), at: 0 };
    scan.object(0, |scan, name, from| {
        let place = from..scan.at;
        let value = &text[name.end + "\":".len()..scan.at];
        each(Member { name: &text[name], value, place });
    })?;
    (scan.at == text.len()).then_some(())
}

impl Member<'_> {
    /// Where it stands in `text`, with the comma that goes when it goes.
    pub(crate) fn cut(&self, text: &str) -> Range<usize> {
        let (Range { start, end }, bytes) = (self.place.clone(), text.as_bytes());
        // The text may end behind it: that it is whole is only known when all of it is read.
        if bytes.get(end) == Some(&b',') {
            start..end + 1
        } else if bytes[start - 1] == b',' {
            // The last member: the comma before it goes, or it is the only one.
            start - 1..end
        } else {
            start..end
        }
    }
}

struct Scan<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    fn literal(&mut self, wanted: &[u8]) -> Option<()> {
        self.bytes[self.at..].starts_with(wanted).then(|| self.at += wanted.len())
    }

    fn value(&mut self, depth: u32) -> Option<()> {
        if depth > DEPTH_MAX {
            return None;
        }
        match self.peek()? {
            b'{' => self.object(depth, |_, _, _| {}),
            b'[' => self.array(depth),
            b'"' => self.string(),
            b't' => self.literal(b"true"),
            b'f' => self.literal(b"false"),
            b'n' => self.literal(b"null"),
            b'-' | b'0'..=b'9' => self.number(),
            _ => None,
        }
    }

    /// Calls `seen` behind each member with the place of its name, without quotes, and of its beginning.
    fn object(&mut self, depth: u32, mut seen: impl FnMut(&Self, Range<usize>, usize)) -> Option<()> {
        self.take(b'{')?;
        if self.take(b'}').is_some() {
            return Some(());
        }
        let mut before: Option<Range<usize>> = None;
        loop {
            let from = self.at;
            let key = self.plain_name()?;
            // The form orders by UTF-16 units, which is the order of bytes among plain names; none comes twice.
            if before.is_some_and(|before| self.bytes[before] >= self.bytes[key.clone()]) {
                return None;
            }
            self.take(b':')?;
            self.value(depth + 1)?;
            seen(self, key.clone(), from);
            before = Some(key);
            match self.peek()? {
                b',' => self.at += 1,
                _ => return self.take(b'}'),
            }
        }
    }

    fn array(&mut self, depth: u32) -> Option<()> {
        self.take(b'[')?;
        if self.take(b']').is_some() {
            return Some(());
        }
        loop {
            self.value(depth + 1)?;
            match self.peek()? {
                b',' => self.at += 1,
                _ => return self.take(b']'),
            }
        }
    }

    /// A name of visible ASCII without anything that would be escaped.
    fn plain_name(&mut self) -> Option<Range<usize>> {
        self.take(b'"')?;
        let from = self.at;
        self.at +=
            self.bytes[from..].iter().position(|byte| !matches!(byte, b' '..=b'~') || matches!(byte, b'"' | b'\\'))?;
        let name = from..self.at;
        self.take(b'"')?;
        Some(name)
    }

    fn string(&mut self) -> Option<()> {
        self.take(b'"')?;
        loop {
            let plain = self.bytes[self.at..].iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))?;
            self.at += plain + 1;
            match self.bytes[self.at - 1] {
                b'"' => return Some(()),
                b'\\' => self.escape()?,
                _ => return None,
            }
        }
    }

    /// What stands behind a backslash: only what has to be escaped is, and the short way where there is one.
    fn escape(&mut self) -> Option<()> {
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b'"' | b'\\' | b'b' | b't' | b'n' | b'f' | b'r' => Some(()),
            b'u' => {
                let control = match self.bytes.get(self.at..self.at + 4)? {
                    [b'0', b'0', high @ (b'0' | b'1'), low @ (b'0'..=b'9' | b'a'..=b'f')] => {
                        let low = if low.is_ascii_digit() { low - b'0' } else { low - b'a' + 10 };
                        (high - b'0') * 16 + low
                    }
                    _ => return None,
                };
                let has_short = matches!(control, 8 | 9 | 10 | 12 | 13);
                (!has_short).then(|| self.at += 4)
            }
            _ => None,
        }
    }

    fn number(&mut self) -> Option<()> {
        let from = self.at;
        let is_negative = self.take(b'-').is_some();
        let whole_from = self.at;
        self.digits()?;
        let whole = &self.bytes[whole_from..self.at];
        if whole.len() > 1 && whole[0] == b'0' {
            return None;
        }
        if !matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            if whole.len() > WHOLE_DIGITS_MAX || is_negative && whole == b"0" {
                return None;
            }
            let value = whole.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0'));
            return (value <= WHOLE_MAX).then_some(());
        }
        let whole = whole_from..self.at;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')) {
            self.at += 1;
        }
        if is_plain_decimal(&self.bytes[whole.clone()], &self.bytes[whole.end..self.at]) {
            return Some(());
        }
        let text = std::str::from_utf8(&self.bytes[from..self.at]).ok()?;
        let value: f64 = text.parse().ok()?;
        let is_exact = value.is_finite() && value.abs() < WHOLE_MAX as f64;
        (is_exact && ryu_js::Buffer::new().format_finite(value) == text).then_some(())
    }

    fn digits(&mut self) -> Option<()> {
        let from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        (self.at > from).then_some(())
    }
}

/// Whether the digits before a decimal point, and the point with those behind it, are surely how the form writes that number:
/// so few digits that no two such numbers are the same double, none that could be left out, and not so small that it would be
/// written with an exponent.
fn is_plain_decimal(whole: &[u8], fraction: &[u8]) -> bool {
    let [b'.', digits @ ..] = fraction else { return false };
    digits.iter().all(u8::is_ascii_digit)
        && digits.last().is_some_and(|last| *last != b'0')
        && whole.len() + digits.len() <= DECIMAL_DIGITS_MAX
        && (whole != b"0" || digits.iter().take(ZEROS_MAX + 1).any(|digit| *digit != b'0'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::*;

    /// Where the member of that name stands in a canonical object, with its comma.
    fn member_of_canonical(text: &str, name: &str) -> Option<Range<usize>> {
        let mut found = None;
        members_of_canonical(text, |member| {
            if member.name == name {
                assert!(serde_json::from_str::<Value>(member.value).is_ok(), "{}", member.value);
                found = Some(member);
            }
        })?;
        found.map(|member| member.cut(text))
    }

    #[test]
    fn a_member_is_found_with_the_comma_that_goes_with_it() {
        let without = |text: &str| {
            let found = member_of_canonical(text, "sig")?;
            Some([&text[..found.start], &text[found.end..]].concat())
        };
        assert_eq!(without(r#"{"a":1,"sig":"x","z":2}"#).as_deref(), Some(r#"{"a":1,"z":2}"#));
        assert_eq!(without(r#"{"sig":"x","z":2}"#).as_deref(), Some(r#"{"z":2}"#));
        assert_eq!(without(r#"{"a":1,"sig":"x"}"#).as_deref(), Some(r#"{"a":1}"#));
        assert_eq!(without(r#"{"sig":"x"}"#).as_deref(), Some("{}"));
        assert_eq!(without(r#"{"a":{"sig":1}}"#), None, "a member of a member is another's");
        assert_eq!(without("{}"), None);
    }

    #[test]
    fn what_is_not_canonical_is_not_taken_for_it() {
        let is_taken = |value: &str| member_of_canonical(&format!(r#"{{"a":{value},"sig":0}}"#), "sig").is_some();
        for canonical in [
            "0",
            "-1",
            "1.5",
            "-0.001",
            "0.000001",
            "0.123456789012345",
            "123456789012.345",
            "0.12345678901234568",
            "1e-7",
            "9007199254740992",
            "true",
            "null",
            r#""""#,
            r#""é\n\u001f\"\\""#,
            "[]",
            r#"[1,{"b":2,"c":[]}]"#,
            "{}",
            r#""/""#,
            "\"\u{7f}\"",
        ] {
            assert!(is_taken(canonical), "{canonical}");
        }
        for other in [
            "00",
            "01",
            "-0",
            "-0.0",
            "1.0",
            "1.50",
            "1e5",
            "1E-7",
            "1e400",
            "0.0000001",
            "-0.00000012",
            "0.10",
            "00.5",
            "0.1.5",
            "0.1234567890123456789",
            "9007199254740993",
            "1e21",
            "100000000000000000",
            "+1",
            ".5",
            "1.",
            "- 1",
            " 1",
            "1 ",
            "[1, 2]",
            "[1,]",
            r#"{"b":1,"a":2}"#,
            r#"{"a":1,"a":2}"#,
            r#"{"é":1}"#,
            r#"{"\u0061":1}"#,
            r#""\/""#,
            r#""\u0041""#,
            r#""\u000a""#,
            r#""\u001F""#,
            r#""\u00e9""#,
            "\"\t\"",
            "tru",
            "nul",
            "\"",
            "NaN",
            "Infinity",
            "'a'",
            "",
        ] {
            assert!(!is_taken(other), "{other}");
        }
        for other in
            [r#" {"sig":0}"#, r#"{"sig":0} "#, r#"{"sig":0}{}"#, r#"{"sig":0"#, r#"["sig"]"#, "", "0", r#"{"sig":0,}"#]
        {
            assert_eq!(member_of_canonical(other, "sig"), None, "{other}");
        }
        let deep = format!("{}0{}", "[".repeat(100), "]".repeat(100));
        assert!(!is_taken(&deep), "built as any other");
    }

    /// Anything that JSON can say.
    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f32>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            (any::<i64>(), 0..20i32).prop_map(|(digits, exponent)| Value::from(digits as f64 / 10f64.powi(exponent))),
            (-99_999i32..99_999, 0..12i32)
                .prop_map(|(digits, exponent)| Value::from(f64::from(digits) / 10f64.powi(exponent))),
            "\\PC*|[\\x00-\\x20\"\\\\/]*".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[a-z]{1,6}|\\PC{0,3}", inner, 0..5)
                    .prop_map(|members| Value::Object(Map::from_iter(members))),
            ]
        })
    }

    proptest! {
        /// Whatever is taken for canonical is what the form's own writer would have written, also of texts in which
        /// somebody changed something.
        #[test]
        fn what_is_taken_for_canonical_is(value in any_value(), at in any::<prop::sample::Index>(), byte in 0x20u8..0x7f) {
            let canonical = |value: &Value| serde_json_canonicalizer::to_string(value).expect("a value");
            let object = Value::Object(Map::from_iter([("a".to_owned(), value), ("sig".to_owned(), Value::from("x"))]));
            let own = canonical(&object);
            let mut changed = own.clone().into_bytes();
            let place = at.index(changed.len());
            changed[place] = byte;
            let spaced = serde_json::to_string_pretty(&object).expect("a value");
            for text in [own, String::from_utf8(changed).unwrap_or_default(), object.to_string(), spaced] {
                let Some(found) = member_of_canonical(&text, "sig") else { continue };
                let mut read: Value = serde_json::from_str(&text).expect("it is JSON");
                prop_assert_eq!(&canonical(&read), &text);
                let members = read.as_object_mut().expect("an object");
                members.remove("sig");
                prop_assert_eq!(canonical(&read), [&text[..found.start], &text[found.end..]].concat());
            }
        }
    }
}
