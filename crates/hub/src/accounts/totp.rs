//! The second factor: six digits of an app that change every thirty seconds (TOTP, RFC 6238, with SHA-1, which is what
//! apps know).

use thiserror::Error;
use totp_rs::{Algorithm, TOTP};

/// Bytes of a secret (RFC 4226, 4: 160 bits are recommended).
pub const SECRET_BYTES: usize = 20;

/// Digits of a code.
pub const DIGITS: usize = 6;

/// How long a code holds, in seconds.
pub const STEP_S: u64 = 30;

/// Codes before and after the present one that are taken too, for clocks that are a little wrong (RFC 6238, 5.2).
const STEPS_APART: i64 = 1;

/// A shared secret.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret([u8; SECRET_BYTES]);

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TotpSecret(..)")
    }
}

/// Why kept text is no secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the kept secret of the second factor is damaged")]
pub struct DamagedSecret;

impl TotpSecret {
    /// A new one.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; SECRET_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// As it is kept.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }

    /// From what was kept.
    pub fn from_hex(text: &str) -> Result<Self, DamagedSecret> {
        let mut bytes = [0; SECRET_BYTES];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| DamagedSecret)?;
        Ok(Self(bytes))
    }

    fn totp(&self) -> TOTP {
        TOTP::new_unchecked(Algorithm::SHA1, DIGITS, 0, STEP_S, self.0.to_vec())
    }

    /// As a person types it into an app: base32.
    pub fn to_base32(&self) -> String {
        self.totp().get_secret_base32()
    }

    /// As a QR code hands it to an app (Google Authenticator's key URI format).
    pub fn to_uri(&self, account: &str) -> String {
        let issuer = "Gatehouse";
        let name: String = account
            .bytes()
            .map(|b| {
                if b.is_ascii_alphanumeric() || b"-._".contains(&b) {
                    char::from(b).to_string()
                } else {
                    format!("%{b:02X}")
                }
            })
            .collect();
        format!(
            "otpauth://totp/{issuer}:{name}?secret={}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_S}",
            self.to_base32()
        )
    }

    /// The code at a moment.
    pub fn code(&self, unix_s: u64) -> String {
        self.totp().generate(unix_s)
    }

    /// The step whose code this is, where it is one of those around `unix_s` and later than `used`: a code is taken once,
    /// so that who looks over a shoulder cannot use it again (RFC 6238, 5.2).
    pub fn step_of(&self, code: &str, unix_s: u64, used: Option<i64>) -> Option<i64> {
        let now = i64::try_from(unix_s / STEP_S).ok()?;
        let given: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        (now - STEPS_APART..=now + STEPS_APART)
            .filter(|step| used.is_none_or(|used| *step > used))
            .find(|step| u64::try_from(*step).is_ok_and(|step| is_same(&self.code(step * STEP_S), &given)))
    }
}

/// Compares in the same time wherever the first difference is.
fn is_same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> TotpSecret {
        TotpSecret(*b"12345678901234567890")
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, SHA-1; the last six of its eight digits.
        for (unix_s, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret().code(unix_s), code, "{unix_s}");
        }
    }

    #[test]
    fn a_code_is_taken_once_and_only_around_its_time() {
        let now = 1_111_111_109;
        let step = secret().step_of("081 804", now, None).expect("it is the code");
        assert_eq!(step, 1_111_111_109 / 30);
        assert_eq!(secret().step_of("081804", now, Some(step)), None, "used");
        assert_eq!(secret().step_of("081804", now + 30, None), Some(step), "a clock that is 30 s slow");
        assert_eq!(secret().step_of("081804", now + 90, None), None, "too late");
        for wrong in ["", "0", "081805", "81804", "0818044"] {
            assert_eq!(secret().step_of(wrong, now, None), None, "{wrong}");
        }
    }

    #[test]
    fn a_secret_is_kept_and_shown_to_apps_and_never_in_a_log() {
        assert_eq!(TotpSecret::from_hex(&secret().to_hex()), Ok(secret()));
        assert_eq!(TotpSecret::from_hex("00"), Err(DamagedSecret));
        assert_eq!(secret().to_base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let uri = secret().to_uri("lan anh");
        assert!(uri.starts_with("otpauth://totp/Gatehouse:lan%20anh?secret=GEZDGNBVGY3TQOJQ"), "{uri}");
        assert_eq!(format!("{:?}", secret()), "TotpSecret(..)");
    }
}
