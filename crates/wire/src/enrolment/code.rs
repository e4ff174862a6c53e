//! The code that somebody reads off a screen and types at a gate: Crockford's Base32 in groups of five, with two bytes
//! by which a mistyped one is noticed before anybody is asked.

use thiserror::Error;

use super::{AuthorityPrint, PRINT_BYTES};
use crate::hash::{hash_values, sha256};

/// Length of the secret in bytes: 80 bits, which nobody guesses in the days that a code is good, also offline.
pub const CODE_SECRET_BYTES: usize = 10;

const CHECK_BYTES: usize = 2;
const BYTES: usize = CODE_SECRET_BYTES + PRINT_BYTES + CHECK_BYTES;
const DIGITS: usize = (BYTES * 8).div_ceil(5);
const GROUP: usize = 5;

/// Crockford's alphabet: no I, L, O and U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const HASH_PREFIX: &[u8] = b"gatehouse-enrolment-code-v1\n";
const CHECK_PREFIX: &[u8] = b"gatehouse-enrolment-check-v1\n";

/// A code. `Debug` does not show its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolmentCode {
    secret: [u8; CODE_SECRET_BYTES],
    authority: AuthorityPrint,
}

/// Why a text is not a code. The text itself is not repeated: it may be nearly right.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidCode {
    /// Not so many digits.
    #[error("the enrolment code has {0} letters and digits, {DIGITS} are accepted: 9 groups of 5")]
    Length(usize),
    /// A sign that no code has.
    #[error("the enrolment code has the sign \"{0}\": digits and letters but I, L, O and U are accepted")]
    Sign(char),
    /// A mistake somewhere.
    #[error("the enrolment code is mistyped somewhere: compare it with what the hub showed")]
    Mistyped,
}

hash_values! {
    /// The hash of a code's secret, which is all that the hub keeps of it.
    CodeHash;
}

impl EnrolmentCode {
    /// From a secret that came from a cryptographic source of randomness, for the hub that `authority` vouches for.
    pub const fn new(secret: [u8; CODE_SECRET_BYTES], authority: AuthorityPrint) -> Self {
        Self { secret, authority }
    }

    /// The authority of the hub that gave it.
    pub const fn authority(&self) -> AuthorityPrint {
        self.authority
    }

    /// What the hub knows it by.
    pub fn hash(&self) -> CodeHash {
        CodeHash::from_bytes(sha256(&[HASH_PREFIX, &self.secret]))
    }

    fn check(&self) -> [u8; CHECK_BYTES] {
        let hash = sha256(&[CHECK_PREFIX, &self.secret, self.authority.as_bytes()]);
        [hash[0], hash[1]]
    }
}

impl std::fmt::Display for EnrolmentCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = [&self.secret[..], self.authority.as_bytes(), &self.check()].concat();
        for digit in 0..DIGITS {
            if digit > 0 && digit.is_multiple_of(GROUP) {
                f.write_str("-")?;
            }
            let value = (0..5).fold(0, |value, bit| {
                let at = digit * 5 + bit;
                let set = bytes.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
                value << 1 | usize::from(set)
            });
            write!(f, "{}", char::from(ALPHABET[value]))?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for EnrolmentCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EnrolmentCode(secret {})", self.hash())
    }
}

impl std::str::FromStr for EnrolmentCode {
    type Err = InvalidCode;
    fn from_str(text: &str) -> Result<Self, InvalidCode> {
        let signs: Vec<char> = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        if signs.len() != DIGITS {
            return Err(InvalidCode::Length(signs.len()));
        }
        let mut bytes = [0_u8; (DIGITS * 5).div_ceil(8)];
        for (index, sign) in signs.into_iter().enumerate() {
            // What is easily taken for another is read as that other, as Crockford has it.
            let digit = match sign.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let value = ALPHABET.iter().position(|known| char::from(*known) == digit);
            let value = value.ok_or(InvalidCode::Sign(sign))?;
            for bit in (0..5).filter(|bit| value >> (4 - bit) & 1 == 1) {
                let at = index * 5 + bit;
                bytes[at / 8] |= 1 << (7 - at % 8);
            }
        }
        let (secret, rest) = bytes.split_first_chunk().ok_or(InvalidCode::Mistyped)?;
        let (authority, rest) = rest.split_first_chunk().ok_or(InvalidCode::Mistyped)?;
        let code = Self { secret: *secret, authority: AuthorityPrint(*authority) };
        let (check, padding) = rest.split_at(CHECK_BYTES);
        if check == code.check() && padding.iter().all(|byte| *byte == 0) {
            Ok(code)
        } else {
            Err(InvalidCode::Mistyped)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(secret: [u8; CODE_SECRET_BYTES], seed: u8) -> EnrolmentCode {
        EnrolmentCode::new(secret, AuthorityPrint::of(&[seed]))
    }

    proptest! {
        #[test]
        fn a_code_is_read_back_however_it_is_typed(secret: [u8; CODE_SECRET_BYTES], seed: u8) {
            let code = code(secret, seed);
            let shown = code.to_string();
            prop_assert_eq!(shown.len(), DIGITS + DIGITS / GROUP - 1);
            let sloppy = shown.to_lowercase().replace('0', "o").replace('1', "l").replace('-', " ");
            for text in [shown, sloppy] {
                prop_assert_eq!(text.parse::<EnrolmentCode>(), Ok(code.clone()));
            }
        }

        #[test]
        fn one_wrong_sign_is_noticed(secret: [u8; CODE_SECRET_BYTES], seed: u8, place in 0..DIGITS - 1, by in 1..32_usize) {
            let shown: Vec<_> = code(secret, seed).to_string().bytes().filter(|b| *b != b'-').collect();
            let mut wrong = shown.clone();
            let value = ALPHABET.iter().position(|known| *known == shown[place]).expect("a digit");
            wrong[place] = ALPHABET[(value + by) % 32];
            let wrong = String::from_utf8(wrong).expect("ASCII");
            // Two bytes let one in 65,536 by; then at least it is not the same code.
            prop_assert_ne!(wrong.parse::<EnrolmentCode>().ok(), Some(code(secret, seed)));
        }
    }

    #[test]
    fn what_is_no_code_is_refused_without_being_repeated() {
        let good = code([7; CODE_SECRET_BYTES], 1).to_string();
        assert_eq!("".parse::<EnrolmentCode>(), Err(InvalidCode::Length(0)));
        assert_eq!(good[1..].parse::<EnrolmentCode>(), Err(InvalidCode::Length(DIGITS - 1)));
        assert_eq!(good.replacen(&good[..1], "U", 1).parse::<EnrolmentCode>(), Err(InvalidCode::Sign('U')));
        assert!(!format!("{:?}", code([7; CODE_SECRET_BYTES], 1)).contains(&good));
    }
}
