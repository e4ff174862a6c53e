//! Asking the provider: its discovery document, its keys, and a token for a code.
//!
//! What it publishes is kept for an hour; keys are asked for again at once where a token is signed by none of them. A
//! provider that did not answer is left alone for a few seconds, so that those who wait behind each other do not each wait
//! for the same silence.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use store::BegunRow;
use tokio::sync::{Mutex, Semaphore};
use tokio::task::spawn_blocking;
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use url::Url;

use super::token::{Expected, TokenFault, check};
use super::{Begun, OidcConfig, OidcError};
use crate::clock;

/// Longest time to reach the provider.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Longest wait for one answer.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Longest answer.
const ANSWER_BYTES_MAX: u64 = 256 * 1024;

/// Sign-ins for which the provider is asked at the same time; a further one is told to come back later.
const ASKED_MAX: usize = 8;

/// How long what the provider publishes is believed.
const KEPT_MAX: Duration = Duration::from_secs(3_600);

/// How long a provider that did not answer is left alone.
const SILENT_MAX: Duration = Duration::from_secs(3);

/// Keys that are kept; further ones are left out.
const KEYS_MAX: usize = 64;

/// Characters that are kept of what the provider says is wrong.
const WORD_CHARS_MAX: usize = 60;

/// What the discovery document says (OpenID Connect Discovery 1.0, 3).
#[derive(Debug, Clone, Deserialize)]
struct Discovery {
    issuer: String,
    #[serde(deserialize_with = "url")]
    authorization_endpoint: Url,
    #[serde(deserialize_with = "url")]
    token_endpoint: Url,
    #[serde(deserialize_with = "url")]
    jwks_uri: Url,
    #[serde(default, deserialize_with = "maybe_url")]
    userinfo_endpoint: Option<Url>,
    /// Where it is left out, HTTP Basic is what is meant.
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// Whether the provider names itself when it sends a browser back (RFC 9207).
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

fn url<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Url, D::Error> {
    String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
}

fn maybe_url<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Url>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct Published {
    keys: Vec<Value>,
}

#[derive(Clone)]
struct Keys {
    keys: Arc<Vec<Jwk>>,
    read_at: Instant,
}

#[derive(Default)]
struct Known {
    discovery: Option<(Discovery, Instant)>,
    keys: Option<Keys>,
    silent: Option<(String, Instant)>,
}

/// The provider, and what is known of it.
pub(crate) struct Provider {
    pub(crate) config: OidcConfig,
    agent: Agent,
    asked: Semaphore,
    known: Mutex<Known>,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("config", &self.config).finish_non_exhaustive()
    }
}

fn failed(error: impl std::fmt::Display) -> OidcError {
    OidcError::Provider(error.to_string())
}

/// Whether a secret may be sent there: over TLS, or to a program of this machine.
pub(crate) fn is_safe(url: &Url) -> bool {
    url.scheme() == "https"
        || url.scheme() == "http" && matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
}

/// A word of the provider's for logs: RFC 6749 has letters, digits and underscores in them.
pub(crate) fn word(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(WORD_CHARS_MAX).collect()
}

impl Provider {
    pub(crate) fn new(config: OidcConfig) -> Self {
        let mut agent = Agent::config_builder()
            .timeout_connect(Some(CONNECT_MAX))
            .timeout_global(Some(ANSWER_MAX))
            // A redirect could lead the hub's own secret elsewhere.
            .max_redirects(0)
            .http_status_as_error(false)
            .user_agent(concat!("gatehouse-hub/", env!("CARGO_PKG_VERSION")));
        if let Some((_, pem)) = &config.ca {
            let certificates: Vec<Certificate<'static>> = authorities(pem);
            agent = agent.tls_config(TlsConfig::builder().root_certs(RootCerts::new_with_certs(&certificates)).build());
        }
        let agent = agent.build().into();
        Self { config, agent, asked: Semaphore::new(ASKED_MAX), known: Mutex::default() }
    }

    /// Asks the provider what it publishes, and says how many keys there are that a token may be signed with.
    pub(crate) async fn look(&self) -> Result<usize, OidcError> {
        let found = self.discovery().await?;
        match self.keys(&found, None).await?.keys.len() {
            0 => Err(failed("it publishes no key that is known here")),
            keys => Ok(keys),
        }
    }

    /// Where the browser is sent to begin.
    pub(crate) async fn begin(&self, begun: &Begun) -> Result<Url, OidcError> {
        let _asking = self.asked.try_acquire().map_err(|_| OidcError::Busy)?;
        Ok(begun.address(&self.config, &self.discovery().await?.authorization_endpoint))
    }

    /// The claims of the token that the provider gives for a code, once the token is checked. `issuer` is what came back
    /// with the code, where anything did: an answer of another provider is not taken for one of this.
    pub(crate) async fn claims(
        &self,
        begun: &BegunRow,
        code: String,
        issuer: Option<&str>,
    ) -> Result<Map<String, Value>, OidcError> {
        let _asking = self.asked.try_acquire().map_err(|_| OidcError::Busy)?;
        let found = self.discovery().await?;
        match issuer {
            Some(issuer) if issuer != found.issuer => return Err(TokenFault::Issuer.into()),
            None if found.authorization_response_iss_parameter_supported => return Err(TokenFault::Issuer.into()),
            Some(_) | None => {}
        }
        let tokens = self.exchange(&found, &begun.verifier, code).await?;
        let mut claims = self.checked(&found, &tokens.id_token, &begun.nonce).await?;
        if self.config.asks_user_info {
            self.complete(&found, tokens.access_token, &mut claims).await?;
        }
        Ok(claims)
    }

    async fn checked(&self, found: &Discovery, token: &str, nonce: &str) -> Result<Map<String, Value>, OidcError> {
        let expected = Expected {
            issuer: &found.issuer,
            client_id: &self.config.client_id,
            nonce,
            is_asked_each_time: self.config.is_asked_each_time,
            now_s: clock::now().as_unix_micros() / 1_000_000,
        };
        let began = Instant::now();
        let keys = self.keys(found, began.checked_sub(KEPT_MAX)).await?;
        match check(token, &keys.keys, &expected) {
            // The provider may sign with a new key. It answers for this token itself, so nobody else makes the hub ask.
            Err(TokenFault::Key | TokenFault::Signature) if keys.read_at < began => {
                let keys = self.keys(found, Some(began)).await?;
                Ok(check(token, &keys.keys, &expected)?)
            }
            checked => Ok(checked?),
        }
    }

    async fn discovery(&self) -> Result<Discovery, OidcError> {
        let mut known = self.known.lock().await;
        if let Some((discovery, at)) = &known.discovery
            && at.elapsed() < KEPT_MAX
        {
            return Ok(discovery.clone());
        }
        if let Some((why, at)) = &known.silent
            && at.elapsed() < SILENT_MAX
        {
            return Err(OidcError::Provider(why.clone()));
        }
        let (agent, issuer) = (self.agent.clone(), self.config.issuer.clone());
        match blocking(move || discover(&agent, &issuer)).await {
            Ok(discovery) => {
                (known.discovery, known.silent) = (Some((discovery.clone(), Instant::now())), None);
                Ok(discovery)
            }
            Err(error) => {
                known.silent = Some((reason(&error), Instant::now()));
                Err(error)
            }
        }
    }

    /// The provider's keys, read after `since` where a moment is given.
    async fn keys(&self, found: &Discovery, since: Option<Instant>) -> Result<Keys, OidcError> {
        let mut known = self.known.lock().await;
        if let Some(keys) = known.keys.as_ref().filter(|keys| since.is_none_or(|since| keys.read_at > since)) {
            return Ok(keys.clone());
        }
        let (agent, address) = (self.agent.clone(), found.jwks_uri.clone());
        let published: Published = blocking(move || get(&agent, &address, "the keys")).await?;
        // Keys of kinds that are not known here are no mistake: the provider has them for others.
        let read = published.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        let keys = Keys { keys: Arc::new(read.take(KEYS_MAX).collect()), read_at: Instant::now() };
        known.keys = Some(keys.clone());
        Ok(keys)
    }

    /// An ID token for a code.
    async fn exchange(&self, found: &Discovery, verifier: &str, code: String) -> Result<Tokens, OidcError> {
        let mut form = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", code),
            ("redirect_uri", self.config.redirect_url.to_string()),
            ("code_verifier", verifier.to_owned()),
        ];
        let mut request = self.agent.post(found.token_endpoint.as_str()).header("accept", "application/json");
        let methods = found.token_endpoint_auth_methods_supported.as_deref();
        let takes = |method: &str| methods.is_some_and(|methods| methods.iter().any(|known| known == method));
        match &self.config.client_secret {
            Some(secret) if methods.is_none() || takes("client_secret_basic") => {
                let part = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", part(&self.config.client_id), part(secret.reveal()));
                request = request.header("authorization", format!("Basic {}", STANDARD.encode(pair)));
            }
            Some(secret) if takes("client_secret_post") => {
                form.push(("client_id", self.config.client_id.clone()));
                form.push(("client_secret", secret.reveal().to_owned()));
            }
            Some(_) => {
                return Err(failed("it takes a client's secret neither by HTTP Basic nor in the form"));
            }
            None => form.push(("client_id", self.config.client_id.clone())),
        }
        let answer = blocking(move || request.send_form(form).map_err(failed)).await?;
        blocking(move || read::<Tokens>(answer, "the token")).await
    }

    /// Adds what the provider tells of the same person at its address for user information (OpenID Connect Core 1.0, 5.3).
    /// What the token says is not put aside by it.
    async fn complete(
        &self,
        found: &Discovery,
        access_token: Option<String>,
        claims: &mut Map<String, Value>,
    ) -> Result<(), OidcError> {
        let none = || failed("it tells of no address for user information, or gives no access token for it");
        let (address, token) = found.userinfo_endpoint.clone().zip(access_token).ok_or_else(none)?;
        if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(none());
        }
        let agent = self.agent.clone();
        let told: Map<String, Value> = blocking(move || {
            let asked = agent.get(address.as_str()).header("accept", "application/json");
            read(
                asked.header("authorization", format!("Bearer {token}")).call().map_err(failed)?,
                "the user information",
            )
        })
        .await?;
        // Of somebody else it is worth nothing (5.3.2).
        if told.get("sub").is_none_or(|sub| Some(sub) != claims.get("sub")) {
            return Err(OidcError::Claim("sub".to_owned()));
        }
        for (name, value) in told {
            claims.entry(name).or_insert(value);
        }
        Ok(())
    }
}

fn reason(error: &OidcError) -> String {
    if let OidcError::Provider(why) = error { why.clone() } else { error.to_string() }
}

/// Does something that blocks elsewhere.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OidcError> + Send + 'static,
) -> Result<T, OidcError> {
    spawn_blocking(work).await.map_err(|_| failed("the hub is stopping"))?
}

/// The certificates in a PEM text.
pub(crate) fn authorities(pem: &[u8]) -> Vec<Certificate<'static>> {
    let items = parse_pem(pem).filter_map(Result::ok);
    items
        .filter_map(|item| if let PemItem::Certificate(certificate) = item { Some(certificate) } else { None })
        .collect()
}

fn read<T: DeserializeOwned>(mut answer: ureq::http::Response<ureq::Body>, what: &str) -> Result<T, OidcError> {
    let status = answer.status();
    let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec().map_err(failed)?;
    if !status.is_success() {
        let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
        let why = word(problem["error"].as_str().unwrap_or_default());
        if why == "invalid_grant" {
            return Err(OidcError::Code);
        }
        return Err(failed(format!("{what}: status {} {why}", status.as_u16())));
    }
    // What serde says names a field or a place, and may show a value: never of an answer that holds tokens.
    serde_json::from_slice(&body).map_err(|_| failed(format!("{what}: the answer is not what the standard says")))
}

fn get<T: DeserializeOwned>(agent: &Agent, address: &Url, what: &str) -> Result<T, OidcError> {
    let answer = agent.get(address.as_str()).header("accept", "application/json").call();
    read(answer.map_err(|error| failed(format!("{what}: {error}")))?, what)
}

fn discover(agent: &Agent, issuer: &str) -> Result<Discovery, OidcError> {
    let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let found: Discovery = get(agent, &address.parse().map_err(failed)?, "the discovery document")?;
    if found.issuer != issuer {
        return Err(failed(
            "the discovery document is of another issuer: give `issuer` exactly as the provider writes it",
        ));
    }
    let endpoints = [&found.authorization_endpoint, &found.token_endpoint, &found.jwks_uri];
    for endpoint in endpoints.into_iter().chain(&found.userinfo_endpoint) {
        let is_as_safe = is_safe(endpoint) && (endpoint.scheme() == "https" || issuer.starts_with("http:"));
        if !is_as_safe {
            return Err(failed("an address in the discovery document is not https"));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_over_tls_or_stay_on_this_machine() {
        for (address, safe) in [
            ("https://id.example.vn", true),
            ("http://127.0.0.1:80/a", true),
            ("http://[::1]/", true),
            ("http://id.example.vn", false),
            ("http://127.0.0.1.evil.example/", false),
            ("ftp://127.0.0.1/", false),
        ] {
            assert_eq!(is_safe(&address.parse().expect("a URL")), safe, "{address}");
        }
    }

    #[test]
    fn what_the_provider_says_is_wrong_cannot_write_lines_into_logs() {
        assert_eq!(word("access_denied"), "access_denied");
        assert_eq!(word("a\nb c<d>\u{202E}"), "abcd");
        assert_eq!(word(&"x".repeat(1_000)).len(), WORD_CHARS_MAX);
    }
}
