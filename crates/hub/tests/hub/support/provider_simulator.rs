//! A simulator of an identity provider, for tests only: the part of OpenID Connect that the hub uses, as the standards say it
//! (Core 1.0, 3.1; Discovery 1.0; RFC 6749, 7636 and 9207). No provider of anybody is played, and nothing of it ships.
//!
//! | Path | What it does |
//! |---|---|
//! | `/.well-known/openid-configuration` | names the endpoints; HTTP Basic, or a form, is how a client proves itself |
//! | `/keys` | the public keys, as a JWK set, with one of a kind that nobody knows among them |
//! | `/authorize` | lets the person of the simulator in without asking: back to `redirect_uri` with `code`, `state`, `iss` |
//! | `/userinfo` | the claims of the person, for the access token |
//! | `/token` | an ID token for a code, once, if client, secret, address and PKCE verifier are those of its authorisation |
//!
//! What a token says is what the test gives; each way in which a token can be wrong is one change of [`Says`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rcgen::{KeyPair, PublicKeyData};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tiny_http::{Response, Server};

pub const CLIENT: &str = "gatehouse";
pub const CLIENT_SECRET: &str = "bí mật: %+/&";

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// With the key that is published.
    Rightly,
    /// With a new key, which is published from now on.
    WithANewKey,
    /// With a key that is not published, under the name of the one that is.
    WithAnothersKey,
    /// Not at all.
    NotAtAll,
    /// With the client's secret (HS256).
    WithTheSecret,
    /// With the published key as if it were a secret (HS256).
    WithThePublicKey,
}

/// What the provider says in its tokens, besides what the standard asks for.
#[derive(Debug, Clone)]
pub struct Says {
    /// Claims of the person.
    pub claims: Value,
    /// Claims that are put in place of the right ones; null takes one out.
    pub instead: Value,
    pub signed: Signed,
    /// Whether a client's secret is taken in the form only.
    pub secret_in_form: bool,
    /// Whether the claims of the person are told at `/userinfo` only; of this subject.
    pub user_info_of: Option<String>,
}

struct Authorised {
    redirect_uri: String,
    challenge: String,
    nonce: String,
}

pub struct ProviderSimulator {
    pub issuer: String,
    pub says: Arc<Mutex<Says>>,
    server: Arc<Server>,
}

impl Drop for ProviderSimulator {
    fn drop(&mut self) {
        self.server.unblock();
    }
}

fn pairs(text: &str) -> HashMap<String, String> {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

impl ProviderSimulator {
    pub fn start(claims: Value) -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let issuer = format!("http://{}", server.server_addr());
        let says =
            Says { claims, instead: json!({}), signed: Signed::Rightly, secret_in_form: false, user_info_of: None };
        let says = Arc::new(Mutex::new(says));
        let (serving, base, words) = (Arc::clone(&server), issuer.clone(), Arc::clone(&says));
        std::thread::spawn(move || {
            let key = KeyPair::generate().unwrap();
            let mut desk = Desk { issuer: base, says: words, keys: vec![key], codes: HashMap::new(), numbers: 0 };
            for mut request in serving.incoming_requests() {
                let mut body = String::new();
                request.as_reader().read_to_string(&mut body).unwrap();
                let basic = request.headers().iter().find(|header| header.field.equiv("authorization"));
                let basic = basic.map(|header| header.value.as_str().to_owned());
                let url = request.url().to_owned();
                let (status, text, location) = desk.answer(&url, &body, basic.as_deref());
                let mut response = Response::from_string(text).with_status_code(status);
                if let Some(location) = location {
                    response.add_header(tiny_http::Header::from_bytes("location", location).unwrap());
                }
                // Whoever asked may be gone.
                let _ = request.respond(response);
            }
        });
        Self { issuer, says, server }
    }

    pub fn says(&self, change: impl FnOnce(&mut Says)) {
        change(&mut self.says.lock().unwrap());
    }
}

struct Desk {
    issuer: String,
    says: Arc<Mutex<Says>>,
    /// The last is the one that signs.
    keys: Vec<KeyPair>,
    codes: HashMap<String, Authorised>,
    numbers: u32,
}

type Answer = (u16, String, Option<String>);

impl Desk {
    fn answer(&mut self, url: &str, body: &str, basic: Option<&str>) -> Answer {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        match path {
            "/.well-known/openid-configuration" => {
                let at = |path: &str| format!("{}{path}", self.issuer);
                let mut document = json!({
                    "issuer": self.issuer, "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
                    "jwks_uri": at("/keys"), "userinfo_endpoint": at("/userinfo"), "response_types_supported": ["code"],
                    "authorization_response_iss_parameter_supported": true,
                });
                if self.says.lock().unwrap().secret_in_form {
                    document["token_endpoint_auth_methods_supported"] =
                        json!(["private_key_jwt", "client_secret_post"]);
                }
                (200, document.to_string(), None)
            }
            "/keys" => {
                let mut keys = vec![json!({"kty": "LATTICE", "kid": "of tomorrow", "alg": "XX999"})];
                keys.extend(self.keys.iter().enumerate().map(|(number, key)| jwk(number, key)));
                (200, json!({ "keys": keys }).to_string(), None)
            }
            "/userinfo" => {
                let says = self.says.lock().unwrap().clone();
                let Some(subject) = says.user_info_of.filter(|_| basic == Some("Bearer x")) else {
                    return (401, "{}".to_owned(), None);
                };
                let mut told = says.claims;
                (told["sub"], told["iss"]) = (json!(subject), json!("https://other.example"));
                (200, told.to_string(), None)
            }
            "/authorize" => self.authorise(&pairs(query)),
            "/token" => self.token(&pairs(body), basic),
            _ => (404, "{}".to_owned(), None),
        }
    }

    fn authorise(&mut self, asked: &HashMap<String, String>) -> Answer {
        assert_eq!((asked["response_type"].as_str(), asked["code_challenge_method"].as_str()), ("code", "S256"));
        assert_eq!(asked["client_id"], CLIENT);
        assert!(asked["scope"].split(' ').any(|scope| scope == "openid"));
        self.numbers += 1;
        let code = format!("code-{}", self.numbers);
        let mut back = form_urlencoded::Serializer::new(format!("{}?", asked["redirect_uri"]));
        back.append_pair("code", &code).append_pair("state", &asked["state"]).append_pair("iss", &self.issuer);
        let authorised = Authorised {
            redirect_uri: asked["redirect_uri"].clone(),
            challenge: asked["code_challenge"].clone(),
            nonce: asked["nonce"].clone(),
        };
        self.codes.insert(code, authorised);
        (302, String::new(), Some(back.finish().replace("?&", "?")))
    }

    fn is_client(&self, asked: &HashMap<String, String>, basic: Option<&str>) -> bool {
        if self.says.lock().unwrap().secret_in_form {
            let (id, secret) = (asked.get("client_id"), asked.get("client_secret"));
            return basic.is_none()
                && id.map(String::as_str) == Some(CLIENT)
                && secret.map(String::as_str) == Some(CLIENT_SECRET);
        }
        let Some(pair) = basic.and_then(|basic| basic.strip_prefix("Basic ")) else { return false };
        let pair = String::from_utf8(STANDARD.decode(pair).unwrap()).unwrap();
        let (id, secret) = pair.split_once(':').unwrap();
        let plain = |text: &str| pairs(&format!("x={text}"))["x"].clone();
        (plain(id), plain(secret)) == (CLIENT.to_owned(), CLIENT_SECRET.to_owned())
            && !asked.contains_key("client_secret")
    }

    fn token(&mut self, asked: &HashMap<String, String>, basic: Option<&str>) -> Answer {
        let refused = |status: u16, why: &str| (status, json!({ "error": why }).to_string(), None);
        if !self.is_client(asked, basic) {
            return refused(401, "invalid_client");
        }
        let Some(authorised) = asked.get("code").and_then(|code| self.codes.remove(code)) else {
            return refused(400, "invalid_grant");
        };
        let verifier = asked.get("code_verifier").map_or("", String::as_str);
        if URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) != authorised.challenge
            || asked.get("redirect_uri") != Some(&authorised.redirect_uri)
        {
            return refused(400, "invalid_grant");
        }
        let says = self.says.lock().unwrap().clone();
        let now_s = hub::clock::now().as_unix_micros() / 1_000_000;
        let mut claims = json!({
            "iss": self.issuer, "aud": CLIENT, "sub": "person-1", "iat": now_s, "exp": now_s + 300,
            "nonce": authorised.nonce,
        });
        let told = if says.user_info_of.is_some() { json!({}) } else { says.claims };
        for (name, value) in told.as_object().unwrap().iter().chain(says.instead.as_object().unwrap()) {
            claims[name] = value.clone();
        }
        let token = self.signed(&claims, says.signed);
        (200, json!({"access_token": "x", "token_type": "Bearer", "id_token": token}).to_string(), None)
    }

    fn signed(&mut self, claims: &Value, signed: Signed) -> String {
        if signed == Signed::WithANewKey && self.keys.len() == 1 {
            self.keys.push(KeyPair::generate().unwrap());
        }
        let number = self.keys.len() - 1;
        let named = |algorithm| Header { kid: Some(format!("key-{number}")), ..Header::new(algorithm) };
        let by =
            |key: &KeyPair| encode(&named(Algorithm::ES256), claims, &EncodingKey::from_ec_der(&key.serialize_der()));
        let secretly = |secret: &[u8]| encode(&named(Algorithm::HS256), claims, &EncodingKey::from_secret(secret));
        match signed {
            Signed::Rightly | Signed::WithANewKey => by(&self.keys[number]).unwrap(),
            Signed::WithAnothersKey => by(&KeyPair::generate().unwrap()).unwrap(),
            Signed::WithTheSecret => secretly(CLIENT_SECRET.as_bytes()).unwrap(),
            Signed::WithThePublicKey => secretly(self.keys[number].der_bytes()).unwrap(),
            Signed::NotAtAll => {
                let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
                format!("{}.{}.", part(&json!({"alg": "none", "kid": "key-0"})), part(claims))
            }
        }
    }
}

fn jwk(number: usize, key: &KeyPair) -> Value {
    // An uncompressed point: 4, x, y.
    let point = key.der_bytes();
    let part = |from: usize| URL_SAFE_NO_PAD.encode(&point[from..from + 32]);
    json!({
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": format!("key-{number}"),
        "x": part(1), "y": part(33),
    })
}
