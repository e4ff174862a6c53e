//! Passwords: which are taken, and how they are kept.
//!
//! Length is what makes a password hard to guess, so length is asked for and nothing else: no rule about digits and
//! signs, which only leads to `Password1!` (NIST SP 800-63B, 5.1.1.2). What many people take is refused.

use argon2::password_hash::{PasswordHash, SaltString};
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::broker::Secret;

/// Fewest characters of a password.
pub const CHARS_MIN: usize = 12;

/// Most bytes of a password: hashing a long one costs the hub, not the guesser.
pub const BYTES_MAX: usize = 512;

/// A password must not be one of so many that an account had last.
pub const HISTORY_MAX: usize = 10;

/// Passwords hashed at the same time; each takes 19 MiB and a tenth of a second. Who comes then waits.
const HASHES_MAX: usize = 2;

/// Memory in KiB, rounds and lanes of argon2id: OWASP Password Storage Cheat Sheet, 2023.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

static HASHING: Semaphore = Semaphore::const_new(HASHES_MAX);

/// Beginnings and wholes that people take, in Viet Nam and elsewhere; one a line, lower case. A password that is one of
/// them, or one of them with digits and signs around it or repeated, is refused.
const COMMON: &str = include_str!("common_passwords.txt");

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PasswordFault {
    /// Too short.
    #[error(
        "{0} characters are too few: {CHARS_MIN} or more are accepted, of any kind; a sentence is easiest to remember"
    )]
    Short(usize),
    /// Too long.
    #[error("the password is too long: at most {BYTES_MAX} bytes are accepted")]
    Long,
    /// Everybody's.
    #[error("this password is among the first that are guessed: take words that only you put together")]
    Common,
    /// The account's own name.
    #[error("the password holds little more than the name of the account")]
    Name,
    /// Few different characters.
    #[error("the password repeats too few different characters: 5 or more are accepted")]
    Monotone,
    /// It was this account's before.
    #[error("this account had this password before: the last {HISTORY_MAX} are not taken again")]
    Before,
}

/// Fewest different characters.
const KINDS_MIN: usize = 5;

/// What is wrong with `password` for the account with this name.
pub fn check(password: &str, name: &str) -> Result<(), PasswordFault> {
    let chars = password.chars().count();
    if chars < CHARS_MIN {
        return Err(PasswordFault::Short(chars));
    }
    if password.len() > BYTES_MAX {
        return Err(PasswordFault::Long);
    }
    let lower = password.to_lowercase();
    let kinds = lower.chars().collect::<std::collections::BTreeSet<_>>().len();
    if kinds < KINDS_MIN {
        return Err(PasswordFault::Monotone);
    }
    let bare = bare(&lower);
    if COMMON.lines().any(|common| lower == common || bare == common || is_repeated(&bare, common)) || is_a_row(&lower)
    {
        return Err(PasswordFault::Common);
    }
    let name = name.to_lowercase();
    if bare == name || is_repeated(&bare, &name) {
        return Err(PasswordFault::Name);
    }
    Ok(())
}

/// Without what is put around a word: digits and signs at both ends.
fn bare(lower: &str) -> String {
    lower.trim_matches(|c: char| !c.is_alphabetic()).to_owned()
}

fn is_repeated(text: &str, part: &str) -> bool {
    let times = text.len().checked_div(part.len()).unwrap_or(0);
    times >= 2 && part.repeat(times) == text
}

/// Whether each character follows the one before: `abcdefghijkl`, `123456789012`.
fn is_a_row(lower: &str) -> bool {
    let steps = lower.chars().zip(lower.chars().skip(1)).filter(|(one, next)| {
        let step = i64::from(u32::from(*next)) - i64::from(u32::from(*one));
        step.abs() == 1 || (*one == '9' && *next == '0')
    });
    steps.count() + 1 >= lower.chars().count()
}

fn hasher() -> Argon2<'static> {
    let (memory, rounds, lanes) = COST;
    let params = Params::new(memory, rounds, lanes, None).expect("the cost is within argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Why a password could not be hashed or compared.
#[derive(Debug, Error)]
pub enum HashError {
    /// No randomness.
    #[error("the machine gives no random bytes")]
    Random(#[source] getrandom::Error),
    /// The library refuses.
    #[error("the password cannot be hashed: {0}")]
    Hash(argon2::password_hash::Error),
    /// What was kept is no hash.
    #[error("the kept hash of the password is damaged: {0}")]
    Damaged(argon2::password_hash::Error),
}

/// The hash to keep, in PHC form, with its own salt and cost.
pub async fn hash(password: Secret) -> Result<String, HashError> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(HashError::Random)?;
    let _turn = HASHING.acquire().await.expect("the semaphore is never closed");
    let hashed = spawn_blocking(move || {
        let salt = SaltString::encode_b64(&salt)?;
        Ok(hasher().hash_password(password.reveal().as_bytes(), &salt)?.to_string())
    });
    hashed.await.expect("hashing does not panic").map_err(HashError::Hash)
}

/// Whether `password` is the one of `kept`. Takes as long where there is no account, so that names cannot be asked for.
pub async fn is_right(password: Secret, kept: Option<String>) -> Result<bool, HashError> {
    let exists = kept.is_some();
    let kept = kept.unwrap_or_else(|| NOBODY.to_owned());
    let _turn = HASHING.acquire().await.expect("the semaphore is never closed");
    let compared = spawn_blocking(move || {
        let kept = PasswordHash::new(&kept)?;
        match hasher().verify_password(password.reveal().as_bytes(), &kept) {
            Ok(()) => Ok(true),
            Err(argon2::password_hash::Error::Password) => Ok(false),
            Err(error) => Err(error),
        }
    });
    let is_equal = compared.await.expect("comparing does not panic").map_err(HashError::Damaged)?;
    Ok(exists && is_equal)
}

/// A hash of nobody's password, at the same cost as a real one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5MTIzNA$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_counts_and_composition_does_not() {
        for good in ["con bò vàng gặm cỏ", "correct horse battery staple", "xanh-đỏ-tím-vàng", "zkqwmvbxthrp"]
        {
            assert_eq!(check(good, "lan"), Ok(()), "{good}");
        }
        assert_eq!(check("Đúng 11 chữ", "lan"), Err(PasswordFault::Short(11)));
        assert_eq!(check(&"dài lắm ".repeat(100), "lan"), Err(PasswordFault::Long));
    }

    #[test]
    fn what_is_guessed_first_is_refused() {
        for (bad, fault) in [
            ("passwordpassword", PasswordFault::Common),
            ("Password123456!", PasswordFault::Common),
            ("matkhau123456789", PasswordFault::Common),
            ("anhyeuem2024!!!!", PasswordFault::Common),
            ("qwertyuiop123456", PasswordFault::Common),
            ("123456789012", PasswordFault::Common),
            ("abcdefghijklm", PasswordFault::Common),
            ("aaaaaaaaaaaaaaaa", PasswordFault::Monotone),
            ("1212121212121212", PasswordFault::Monotone),
            ("nguyenvanlan1990", PasswordFault::Name),
        ] {
            assert_eq!(check(bad, "nguyenvanlan"), Err(fault), "{bad}");
        }
    }

    #[test]
    fn every_common_one_is_written_as_it_is_compared() {
        for common in COMMON.lines() {
            assert!(!common.is_empty() && common == common.to_lowercase().trim(), "{common:?}");
        }
    }

    #[tokio::test]
    async fn a_hash_knows_its_password_and_no_other_and_is_never_the_same() {
        let secret = || Secret::new("con bò vàng gặm cỏ");
        let kept = hash(secret()).await.expect("it hashes");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert_ne!(kept, hash(secret()).await.expect("it hashes"));
        assert!(is_right(secret(), Some(kept.clone())).await.expect("it compares"));
        assert!(!is_right(Secret::new("con bò vàng gặm cỏ "), Some(kept)).await.expect("it compares"));
        assert!(!is_right(secret(), None).await.expect("the hash of nobody is one"));
        assert!(is_right(secret(), Some("plain".to_owned())).await.is_err());
    }
}
