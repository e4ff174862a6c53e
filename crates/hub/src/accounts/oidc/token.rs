//! Checking an ID token (OpenID Connect Core 1.0, 3.1.3.7). The library checks the signature and nothing else; what the
//! claims must be is said here, where a claim of another type is as good as none.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::accounts::token::is_same;

/// Signatures that are taken: those with a key that only the provider has. Not those with the client's secret.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// How far the provider's clock may be from the hub's, in seconds.
const CLOCK_APART_S: f64 = 60.0;

/// Oldest token that is taken, in seconds: it was made for this very sign-in.
const TOKEN_AGE_MAX_S: f64 = 600.0;

/// Keys that are tried for one token.
const KEYS_TRIED_MAX: usize = 8;

/// Why a token is not taken. Says nothing of what stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenFault {
    /// Not three parts of base64 and JSON.
    #[error("it cannot be read")]
    Unreadable,
    /// Not signed, or not in a way that only the provider could.
    #[error("its signature is of no accepted kind")]
    Algorithm,
    /// It has a header that must be understood, and is not.
    #[error("it has a critical header that is not known here")]
    Critical,
    /// The provider does not publish the key.
    #[error("the provider does not publish the key that signed it")]
    Key,
    /// Somebody else signed it.
    #[error("its signature is wrong")]
    Signature,
    /// Of another provider.
    #[error("its issuer is another one")]
    Issuer,
    /// For somebody else.
    #[error("its audience is another program")]
    Audience,
    /// It is over.
    #[error("it is over, or does not say until when it is good")]
    Expired,
    /// It is of the future.
    #[error("it is not good yet")]
    NotYet,
    /// It was made long ago.
    #[error("it is old, or does not say when it was made")]
    Old,
    /// Of another sign-in.
    #[error("its nonce is of another sign-in")]
    Nonce,
    /// The provider did not ask for a proof.
    #[error("it does not say that the provider asked for a proof just now")]
    NotAsked,
}

/// What a token must say.
#[derive(Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    /// Whether the provider was told to ask for a proof.
    pub(super) is_asked_each_time: bool,
    /// Seconds since 1970.
    pub(super) now_s: i64,
}

/// The claims of `token`, if the provider signed it for this hub and this sign-in, just now.
pub(super) fn check(token: &str, keys: &[Jwk], expected: &Expected<'_>) -> Result<Map<String, Value>, TokenFault> {
    let claims = verified(token, keys)?;
    check_claims(&claims, expected)?;
    Ok(claims)
}

/// The claims of a token whose signature is the provider's.
fn verified(token: &str, keys: &[Jwk]) -> Result<Map<String, Value>, TokenFault> {
    let parts: Vec<&str> = token.split('.').collect();
    let [first, _, _] = parts.as_slice() else { return Err(TokenFault::Unreadable) };
    let header = URL_SAFE_NO_PAD.decode(first).ok().and_then(|bytes| serde_json::from_slice::<Map<_, _>>(&bytes).ok());
    let header: Map<String, Value> = header.ok_or(TokenFault::Unreadable)?;
    if header.contains_key("crit") {
        return Err(TokenFault::Critical);
    }
    // The library knows no algorithm "none".
    let header = decode_header(token).map_err(|_| TokenFault::Algorithm)?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(TokenFault::Algorithm);
    }
    let is_named = |key: &&Jwk| header.kid.is_none() || key.common.key_id == header.kid;
    let fitting = keys.iter().filter(is_named).filter(|key| is_for_signatures(key)).filter_map(|key| {
        let is_other = key.common.key_algorithm.is_some_and(|known| known.to_string() != format!("{:?}", header.alg));
        DecodingKey::from_jwk(key).ok().filter(|_| !is_other)
    });
    let mut fault = TokenFault::Key;
    for key in fitting.take(KEYS_TRIED_MAX) {
        let mut signature = Validation::new(header.alg);
        signature.required_spec_claims.clear();
        (signature.validate_exp, signature.validate_nbf, signature.validate_aud) = (false, false, false);
        match decode::<Map<String, Value>>(token, &key, &signature) {
            Ok(read) => return Ok(read.claims),
            Err(_) => fault = TokenFault::Signature,
        }
    }
    Err(fault)
}

fn is_for_signatures(key: &Jwk) -> bool {
    let by_use = key.common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
    let operations = key.common.key_operations.as_ref();
    by_use && operations.is_none_or(|operations| operations.contains(&KeyOperations::Verify))
}

fn check_claims(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), TokenFault> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let number = |name: &str| claims.get(name).and_then(Value::as_f64);
    if text("iss") != Some(expected.issuer) {
        return Err(TokenFault::Issuer);
    }
    let (is_ours, is_others) = match claims.get("aud") {
        Some(Value::String(one)) => (one == expected.client_id, false),
        Some(Value::Array(all)) => {
            (all.iter().any(|one| one == expected.client_id), all.iter().any(|one| one != expected.client_id))
        }
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => (false, true),
    };
    // Where it is for others too, or names a party, that party is this hub.
    let is_party = text("azp") == Some(expected.client_id);
    if !is_ours || !is_party && (is_others || claims.contains_key("azp")) {
        return Err(TokenFault::Audience);
    }
    if text("nonce").is_none_or(|nonce| !is_same(nonce, expected.nonce)) {
        return Err(TokenFault::Nonce);
    }
    let now = expected.now_s as f64;
    if number("exp").is_none_or(|exp| now >= exp + CLOCK_APART_S) {
        return Err(TokenFault::Expired);
    }
    let made = number("iat").ok_or(TokenFault::Old)?;
    let begins = if claims.contains_key("nbf") { number("nbf").ok_or(TokenFault::NotYet)? } else { made };
    if now + CLOCK_APART_S < made.max(begins) {
        return Err(TokenFault::NotYet);
    }
    if now - made > TOKEN_AGE_MAX_S {
        return Err(TokenFault::Old);
    }
    if expected.is_asked_each_time && number("auth_time").is_none_or(|asked| now - asked > TOKEN_AGE_MAX_S) {
        return Err(TokenFault::NotAsked);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW_S: i64 = 1_800_000_000;

    fn expected() -> Expected<'static> {
        Expected { issuer: "https://i", client_id: "hub", nonce: "n", is_asked_each_time: false, now_s: NOW_S }
    }

    fn fault(change: Value, expected: &Expected<'_>) -> Option<TokenFault> {
        let mut claims = json!({
            "iss": "https://i", "aud": "hub", "sub": "1", "nonce": "n", "iat": NOW_S - 5, "exp": NOW_S + 300,
        });
        for (name, value) in change.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        check_claims(claims.as_object().expect("an object"), expected).err()
    }

    #[test]
    fn a_right_token_is_taken_also_by_a_clock_that_is_a_little_off() {
        for right in [
            json!({}),
            json!({"exp": NOW_S - 59}),
            json!({"iat": NOW_S + 59}),
            json!({"aud": ["hub"]}),
            json!({"aud": ["hub", "other"], "azp": "hub"}),
            json!({"nbf": NOW_S + 30, "iat": 1_799_999_990.5}),
        ] {
            assert_eq!(fault(right.clone(), &expected()), None, "{right}");
        }
    }

    #[test]
    fn each_wrong_claim_is_refused_and_one_of_another_type_is_none() {
        for (wrong, why) in [
            (json!({"iss": "https://i/"}), TokenFault::Issuer),
            (json!({"iss": ["https://i"]}), TokenFault::Issuer),
            (json!({"aud": "other"}), TokenFault::Audience),
            (json!({"aud": []}), TokenFault::Audience),
            (json!({"aud": null}), TokenFault::Audience),
            (json!({"aud": ["hub", "other"]}), TokenFault::Audience),
            (json!({"aud": ["hub", 7]}), TokenFault::Audience),
            (json!({"azp": "other"}), TokenFault::Audience),
            (json!({"azp": 7}), TokenFault::Audience),
            (json!({"nonce": "m"}), TokenFault::Nonce),
            (json!({"nonce": null}), TokenFault::Nonce),
            (json!({"exp": NOW_S - 60}), TokenFault::Expired),
            (json!({"exp": (NOW_S + 300).to_string()}), TokenFault::Expired),
            (json!({"exp": null}), TokenFault::Expired),
            (json!({"iat": NOW_S + 61}), TokenFault::NotYet),
            (json!({"nbf": NOW_S + 61}), TokenFault::NotYet),
            (json!({"nbf": "soon"}), TokenFault::NotYet),
            (json!({"iat": NOW_S - 601}), TokenFault::Old),
            (json!({"iat": "just now"}), TokenFault::Old),
        ] {
            assert_eq!(fault(wrong.clone(), &expected()), Some(why), "{wrong}");
        }
    }

    #[test]
    fn where_a_proof_is_asked_each_time_the_token_says_that_it_was() {
        let expected = Expected { is_asked_each_time: true, ..expected() };
        assert_eq!(fault(json!({"auth_time": NOW_S - 20}), &expected), None);
        for wrong in [json!({}), json!({"auth_time": NOW_S - 3_600}), json!({"auth_time": "now"})] {
            assert_eq!(fault(wrong, &expected), Some(TokenFault::NotAsked));
        }
    }

    #[test]
    fn what_is_no_token_is_refused_before_a_key_is_looked_for() {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let token = |header: Value| format!("{}.{}.c2ln", part(header), part(json!({})));
        for (token, why) in [
            (String::new(), TokenFault::Unreadable),
            ("a.b".to_owned(), TokenFault::Unreadable),
            ("a.b.c.d.e".to_owned(), TokenFault::Unreadable),
            (token(json!({"alg": "none"})), TokenFault::Algorithm),
            (token(json!({"alg": "HS256"})), TokenFault::Algorithm),
            (token(json!({"alg": "RS256", "crit": ["x"], "x": 1})), TokenFault::Critical),
            (token(json!({"alg": "RS256", "kid": "one"})), TokenFault::Key),
        ] {
            assert_eq!(verified(&token, &[]), Err(why), "{token}");
        }
    }
}
