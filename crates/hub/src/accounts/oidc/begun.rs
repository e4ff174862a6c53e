//! What a sign-in is begun with: three numbers that nobody can guess and a fourth that only the browser keeps.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use store::BegunRow;
use url::Url;

use super::OidcConfig;
use crate::accounts::token::kept;

/// How long somebody may take at the provider.
pub(crate) const BEGUN_MAX: Duration = Duration::from_secs(600);

/// Random bytes of each part; as text they are the 43 characters that RFC 7636 asks of a verifier.
const PART_BYTES: usize = 32;

fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0; PART_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// A sign-in that begins.
pub(crate) struct Begun {
    state: String,
    /// For the browser's cookie: whoever comes back without it began nothing here.
    pub(crate) binding: String,
    nonce: String,
    verifier: String,
}

impl Begun {
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        Ok(Self { state: random()?, binding: random()?, nonce: random()?, verifier: random()? })
    }

    /// What the hub keeps.
    pub(crate) fn row(&self) -> BegunRow {
        BegunRow {
            state_hash: kept(&self.state),
            binding_hash: kept(&self.binding),
            nonce: self.nonce.clone(),
            verifier: self.verifier.clone(),
        }
    }

    /// Where the browser is sent.
    pub(crate) fn address(&self, config: &OidcConfig, endpoint: &Url) -> Url {
        let scopes: Vec<&str> = std::iter::once("openid").chain(config.scopes.iter().map(String::as_str)).collect();
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier));
        let mut address = endpoint.clone();
        let mut pairs = address.query_pairs_mut();
        pairs
            .append_pair("response_type", "code")
            .append_pair("client_id", &config.client_id)
            .append_pair("redirect_uri", config.redirect_url.as_str())
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", &self.state)
            .append_pair("nonce", &self.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        if config.is_asked_each_time {
            pairs.append_pair("prompt", "login").append_pair("max_age", "0");
        }
        if let Some(factor) = config.second_factor.as_ref().filter(|factor| factor.claim == "acr") {
            let values: Vec<&str> = factor.values.iter().map(String::as_str).collect();
            pairs.append_pair("acr_values", &values.join(" "));
        }
        drop(pairs);
        address
    }
}

#[cfg(test)]
mod tests {
    use super::super::claims::tests::config;
    use super::*;

    #[test]
    fn nothing_that_must_stay_here_is_sent_to_the_provider() {
        let begun = Begun::new().expect("random bytes");
        let mut config = config();
        let endpoint: Url = "https://id.example.vn/auth?x=1".parse().expect("a URL");
        let address = begun.address(&config, &endpoint).to_string();
        assert!(
            address.contains("x=1&response_type=code") && address.contains("code_challenge_method=S256"),
            "{address}"
        );
        assert!(address.contains("scope=openid+profile") && address.contains(&begun.state), "{address}");
        assert!(!address.contains(&begun.verifier) && !address.contains(&begun.binding), "{address}");
        assert!(!address.contains("prompt") && address.contains("acr_values=two"), "{address}");
        config.is_asked_each_time = true;
        assert!(begun.address(&config, &endpoint).as_str().contains("prompt=login&max_age=0"));
        let row = begun.row();
        assert!(row.state_hash != begun.state && row.binding_hash == kept(&begun.binding));
        assert_eq!((begun.verifier.len(), row.verifier), (43, begun.verifier));
    }
}
