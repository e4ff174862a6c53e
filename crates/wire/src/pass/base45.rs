//! Base45 (RFC 9285): bytes in the signs that a QR code packs most tightly, three of them for two bytes.
//!
//! Decoding is exact: every text stands for one sequence of bytes and every sequence for one text.

const SIGNS: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// The text of `bytes`.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(2) * 3);
    for pair in bytes.chunks(2) {
        let (mut value, signs) = match pair {
            [high, low] => (u32::from(*high) << 8 | u32::from(*low), 3),
            [single] => (u32::from(*single), 2),
            _ => unreachable!("chunks of two have one or two"),
        };
        for _ in 0..signs {
            text.push(char::from(SIGNS[value as usize % 45]));
            value /= 45;
        }
    }
    text
}

/// The bytes of `text`; nothing where it is not Base45.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 3 * 2 + 1);
    for group in text.as_bytes().chunks(3) {
        let mut value: u32 = 0;
        for sign in group.iter().rev() {
            let digit = SIGNS.iter().position(|known| known == sign)?;
            value = value * 45 + u32::try_from(digit).ok()?;
        }
        match group.len() {
            3 => bytes.extend(u16::try_from(value).ok()?.to_be_bytes()),
            2 => bytes.push(u8::try_from(value).ok()?),
            _ => return None,
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_standard_hold() {
        // RFC 9285, 4.3 and 4.4.
        for (bytes, text) in
            [("AB", "BB8"), ("Hello!!", "%69 VD92EX0"), ("base-45", "UJCLQE7W581"), ("ietf!", "QED8WEX0")]
        {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()));
        }
        assert_eq!(decode(""), Some(Vec::new()));
    }

    #[test]
    fn what_stands_for_nothing_is_refused() {
        // Too large for two bytes and for one, a sign left over, and signs of another alphabet.
        for bad in ["GGW", ":::", "V5", "::", "A", "BB8A", "bb8", "BB8\n", "BB€", "BB_"] {
            assert_eq!(decode(bad), None, "{bad:?}");
        }
    }
}
