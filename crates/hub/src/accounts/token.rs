//! What a browser or a program shows to be let in: session tokens, the token that proves a page of ours sent a write, and
//! API keys. The hub keeps hashes of them only: they are long and random, so one round of SHA-256 does.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::broker::Secret;

/// Random bytes of a session token.
const SESSION_BYTES: usize = 32;

/// How every API key begins, so that a scanner for leaked secrets finds it.
pub const API_KEY_PREFIX: &str = "gh_";

/// Bytes of the part of an API key that names it.
const KEY_ID_BYTES: usize = 8;

/// Bytes of the part that must stay secret.
const KEY_SECRET_BYTES: usize = 24;

/// The hash that is kept of something secret: 64 digits 0-9 a-f.
pub fn kept(secret: &str) -> String {
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// `bytes` random bytes as digits 0-9 a-f: for names that nobody chooses.
pub fn random_hex<const BYTES: usize>() -> Result<String, getrandom::Error> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(hex::encode(bytes))
}

/// What the cookie holds.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionToken(Secret);

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(..)")
    }
}

impl SessionToken {
    /// A new one.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; SESSION_BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(Secret::new(URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// From a cookie; nothing where it cannot be one.
    pub fn from_cookie(text: &str) -> Option<Self> {
        let is_one = URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == SESSION_BYTES);
        is_one.then(|| Self(Secret::new(text)))
    }

    /// For the cookie.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }

    /// What is kept of it.
    pub fn kept(&self) -> String {
        kept(self.reveal())
    }

    /// What a page must send with writes: only who may read the hub's answers knows it, which a page from elsewhere does
    /// not, though the browser would send it the cookie.
    pub fn csrf(&self) -> String {
        let digest = Sha256::new().chain_update(b"gatehouse csrf\0").chain_update(self.reveal()).finalize();
        URL_SAFE_NO_PAD.encode(&digest[..18])
    }
}

/// A key for programs: `gh_`, 16 digits that name it, 48 that must stay secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    id: String,
    secret: Secret,
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({}..)", self.id)
    }
}

impl ApiKey {
    /// A new one.
    pub fn random() -> Result<Self, getrandom::Error> {
        let secret = Secret::new(random_hex::<KEY_SECRET_BYTES>()?);
        Ok(Self { id: random_hex::<KEY_ID_BYTES>()?, secret })
    }

    /// From the header `Authorization: Bearer …`; nothing where it cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(API_KEY_PREFIX)?;
        let is_one = digits.len() == 2 * (KEY_ID_BYTES + KEY_SECRET_BYTES)
            && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let (id, secret) = is_one.then(|| digits.split_at(2 * KEY_ID_BYTES))?;
        Some(Self { id: id.to_owned(), secret: Secret::new(secret) })
    }

    /// The whole key, shown once.
    pub fn reveal(&self) -> String {
        format!("{API_KEY_PREFIX}{}{}", self.id, self.secret.reveal())
    }

    /// The part that names it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What is kept of its secret.
    pub fn kept(&self) -> String {
        kept(self.secret.reveal())
    }
}

/// Whether two hashes are the same, in the same time wherever they differ.
pub fn is_same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_token_comes_back_from_its_cookie_and_shows_nowhere() {
        let token = SessionToken::random().expect("random bytes");
        let read = SessionToken::from_cookie(token.reveal()).expect("it is one");
        assert_eq!((read.kept(), read.csrf()), (token.kept(), token.csrf()));
        assert!(!token.kept().contains(token.reveal()) && token.csrf() != token.kept());
        assert_ne!(token.csrf(), SessionToken::random().expect("random bytes").csrf());
        assert_eq!(format!("{token:?}"), "SessionToken(..)");
        for no in ["", "x", &"A".repeat(44), &"ä".repeat(20), &format!("{}=", "A".repeat(42))] {
            assert!(SessionToken::from_cookie(no).is_none(), "{no}");
        }
    }

    #[test]
    fn an_api_key_is_read_back_and_what_is_none_is_not() {
        let key = ApiKey::random().expect("random bytes");
        let text = key.reveal();
        assert_eq!(text.len(), 3 + 64);
        let read = ApiKey::parse(&text).expect("it is one");
        assert_eq!((read.id(), read.kept()), (key.id(), key.kept()));
        assert_eq!(format!("{key:?}"), format!("ApiKey({}..)", key.id()));
        for no in ["", "gh_", &text[1..], &text[..66], &format!("{text}0"), &text.to_uppercase()] {
            assert!(ApiKey::parse(no).is_none(), "{no}");
        }
    }

    #[test]
    fn hashes_are_compared_whole() {
        assert!(is_same("abc", "abc"));
        assert!(!is_same("abc", "abd") && !is_same("abc", "ab") && !is_same("", "a"));
    }
}
