//! Thousands of tokens that were never issued.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::{StreamExt, stream};
use jsonwebtoken::crypto::sign;
use jsonwebtoken::{Algorithm, EncodingKey};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use reqwest::header::HeaderValue;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::sessions::pair;
use super::tokens::{FAR, ID, LEGACY, SECRET};
use crate::app::{TestApp, body_of};

/// Tokens that are tried on each database.
const TOKENS: usize = 5_000;

/// Concurrent requests.
const CONCURRENT_REQUESTS: usize = 16;

#[testkit::on_both_databases]
async fn five_thousand_forged_tokens_are_a_401_and_nothing_else() {
    let app = TestApp::spawn_with(&LEGACY).await;
    let mut forger = Forger::of(&app).await;
    assert_eq!(ask(&app, forger.access.clone()).await.0, 200);
    let honest = Forger::resigned(&forger.header(), &forger.claims());
    assert_eq!(ask(&app, honest).await.0, 200, "the forger signs as we do");

    let tokens: Vec<String> = (0..TOKENS).map(|_| forger.token()).collect();
    let answers = stream::iter(tokens).map(|token| async {
        let (status, body) = ask(&app, token.clone()).await;
        (token, status, body)
    });
    let bad: Vec<_> = answers
        .buffer_unordered(CONCURRENT_REQUESTS)
        .filter(|(_, status, body)| {
            let is_401 = *status == 401 && body["detail"] == "Could not validate credentials";
            std::future::ready(!is_401)
        })
        .collect()
        .await;

    assert!(bad.is_empty(), "{} of {TOKENS}, such as {:?}", bad.len(), bad[0]);
    assert_eq!(ask(&app, forger.access.clone()).await.0, 200);
    println!("{TOKENS} forged tokens, each a 401");
}

async fn ask(app: &TestApp, token: String) -> (u16, Value) {
    let header = HeaderValue::from_bytes(format!("Bearer {token}").as_bytes()).unwrap();
    let answer = app.get("/api/auth/me").header("authorization", header).send().await.unwrap();
    (answer.status().as_u16(), body_of(answer).await)
}

/// Makes tokens that are nearly valid, some signed with the real key.
struct Forger {
    random: StdRng,
    access: String,
    refresh: String,
    visitor: String,
}

/// The key that the server signs access tokens with.
pub(crate) fn access_key() -> EncodingKey {
    let key = Sha256::new().chain_update("cardroom access token").chain_update(SECRET);
    EncodingKey::from_secret(&key.finalize())
}

impl Forger {
    async fn of(app: &TestApp) -> Self {
        let seed = rand::random();
        println!("seed {seed}");
        let pair = pair(app).await;
        let room = app.counsellor().await.room().await;
        let visitor = body_of(app.join(&room.code, "session-1").await).await;
        let visitor = visitor["visitor_token"].as_str().unwrap().to_owned();
        let random = StdRng::seed_from_u64(seed);
        Self { random, access: pair.access, refresh: pair.refresh, visitor }
    }

    fn token(&mut self) -> String {
        match self.random.random_range(0..8) {
            0 => self.changed(),
            1 => self.other_algorithm(),
            2 => self.other_header(),
            3 => self.other_claims(),
            4 => self.other_form(),
            5 => self.other_kind(),
            6 => self.legacy(),
            _ => self.noise(),
        }
    }

    /// The key of access tokens.
    fn part(&self, index: usize) -> Value {
        let part = self.access.split('.').nth(index).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    fn header(&self) -> String {
        String::from_utf8(URL_SAFE_NO_PAD.decode(self.access.split('.').next().unwrap()).unwrap())
            .unwrap()
    }

    fn claims(&self) -> String {
        self.part(1).to_string()
    }

    /// These texts, signed with our own key.
    fn resigned(header: &str, claims: &str) -> String {
        let message = [header, claims].map(|it| URL_SAFE_NO_PAD.encode(it)).join(".");
        let signature = sign(message.as_bytes(), &access_key(), Algorithm::HS256).unwrap();
        format!("{message}.{signature}")
    }

    /// One letter is changed, removed or added.
    fn changed(&mut self) -> String {
        const LETTERS: &[u8] = b"ABCxyz019-_.=+/ %";
        let mut token = self.access.clone().into_bytes();
        let at = self.random.random_range(0..token.len());
        let letter = *LETTERS.choose(&mut self.random).unwrap();
        match self.random.random_range(0..4) {
            0 => token.truncate(at),
            1 => drop(token.remove(at)),
            2 if letter != b' ' => token.insert(at, letter),
            _ => token[at] = if token[at] == letter { b'*' } else { letter },
        }
        // Blanks around a token are not part of it, and an empty text is no token.
        let token = String::from_utf8(token).unwrap();
        if [&self.access, ""].contains(&token.trim()) { "*".into() } else { token }
    }

    /// Another algorithm: signed with our key, unsigned, or with the signature of ours.
    fn other_algorithm(&mut self) -> String {
        let names = [
            "none", "None", "NONE", "nOnE", "HS384", "HS512", "RS256", "ES256", "PS256", "EdDSA",
            "", "HS256 ", "hs256", "HMAC",
        ];
        let name = *names.choose(&mut self.random).unwrap();
        let mut header = self.part(0);
        header["alg"] = name.into();
        let message =
            [header.to_string(), self.claims()].map(|it| URL_SAFE_NO_PAD.encode(it)).join(".");
        let algorithm = match name {
            "HS384" => Algorithm::HS384,
            "HS512" => Algorithm::HS512,
            _ => Algorithm::HS256,
        };
        let signature = match self.random.random_range(0..3) {
            0 => String::new(),
            1 => self.access.rsplit('.').next().unwrap().to_owned(),
            _ => sign(message.as_bytes(), &access_key(), algorithm).unwrap(),
        };
        format!("{message}.{signature}")
    }

    /// A header that the server never writes, signed with its key.
    fn other_header(&mut self) -> String {
        let tricks = [
            ("kid", json!("../../../../dev/null")),
            ("kid", json!("' UNION SELECT 'key' --")),
            ("kid", json!("")),
            ("kid", json!("0000000000000000")),
            ("kid", json!(["a", "b"])),
            ("kid", json!({ "a": 1 })),
            ("kid", json!(7)),
            ("kid", json!("\u{0}")),
            ("kid", Value::Null),
            ("typ", json!("JWT")),
            ("typ", json!("visitor+jwt")),
            ("typ", json!("AT+JWT")),
            ("typ", json!("application/at+jwt")),
            ("typ", Value::Null),
            ("jku", json!("https://keys.example.com/keys.json")),
            ("x5u", json!("https://keys.example.com/key.pem")),
            ("jwk", json!({ "kty": "oct", "k": "AAAA" })),
            ("crit", json!(["exp"])),
            ("b64", json!(false)),
            ("zip", json!("DEF")),
            ("cty", json!("JWT")),
        ];
        let (name, value) = tricks.choose(&mut self.random).unwrap().clone();
        let mut header = self.part(0);
        if self.random.random_bool(0.1) {
            header.as_object_mut().unwrap().remove(name);
            header["more"] = self.random.random::<u32>().into();
        } else {
            header[name] = value;
        }
        Self::resigned(&header.to_string(), &self.claims())
    }

    /// Claims that the server never writes, or that have expired, signed with its key.
    fn other_claims(&mut self) -> String {
        let now = chrono::Utc::now().timestamp();
        let claims = [
            ("exp", json!(now - self.random.random_range(10..1_000_000))),
            ("exp", json!(-1)),
            ("exp", json!(0)),
            ("exp", json!(FAR.to_string())),
            ("exp", json!([FAR])),
            ("exp", json!(true)),
            ("exp", Value::Null),
            ("exp", serde_json::from_str("-1e400").unwrap()),
            ("iat", json!("now")),
            ("iat", Value::Null),
            ("nbf", json!(now + self.random.random_range(60..1_000_000))),
            ("iss", json!("somebody")),
            ("iss", json!("")),
            ("iss", Value::Null),
            ("aud", json!("cardroom-rooms")),
            ("aud", json!(["somebody"])),
            ("aud", Value::Null),
            ("sub", json!("")),
            ("sub", json!("' OR 1=1 --")),
            ("sub", json!(1)),
            ("sub", json!("00000000-0000-0000-0001-000000000003")),
            ("sub", Value::Null),
            ("sid", json!(uuid::Uuid::new_v4())),
            ("sid", json!("x")),
            ("sid", Value::Null),
            ("jti", json!(1)),
            ("jti", Value::Null),
        ];
        let (name, value) = claims.choose(&mut self.random).unwrap().clone();
        let mut forged = self.part(1);
        if value.is_null() && self.random.random() {
            forged.as_object_mut().unwrap().remove(name);
        } else {
            forged[name] = value;
        }
        let texts = [forged.to_string(), "[]".into(), "null".into(), "{}".into(), "x".into()];
        let weights = self.random.random_range(0..20_usize);
        Self::resigned(&self.header(), texts.get(weights).unwrap_or(&texts[0]))
    }

    /// The valid token in another form.
    fn other_form(&mut self) -> String {
        let access = &self.access;
        let parts: Vec<&str> = access.split('.').collect();
        let [head, claims, signature] = parts[..] else { unreachable!() };
        let long = "A".repeat(self.random.random_range(5_000..48_000));
        let forms = [
            format!("{access}."),
            format!(".{access}"),
            format!("{head}..{claims}.{signature}"),
            format!("{head}.{claims}.{signature}.{signature}"),
            format!("{head}.{claims}"),
            format!("{head}.{claims}."),
            format!(".{claims}.{signature}"),
            format!("{head}..{signature}"),
            ".".repeat(self.random.random_range(1..3_000)),
            format!("{access}="),
            format!("{head}=.{claims}.{signature}"),
            json!({ "protected": head, "payload": claims, "signature": signature }).to_string(),
            json!({ "payload": claims, "signatures": [{ "protected": head, "signature": signature }] })
                .to_string(),
            access.replace('.', "%2e"),
            access.to_uppercase(),
            access.chars().rev().collect(),
            format!("Bearer {access}"),
            format!("{access},{access}"),
            format!("\"{access}\""),
            format!("{access}{long}"),
            format!("{head}.{claims}{long}.{signature}"),
            Self::resigned(&self.header(), &json!({ "sub": ID, "exp": FAR, "more": long }).to_string()),
            Self::resigned(&format!(" {}", self.header()), &self.claims()),
            self.loose_end(),
        ];
        forms.choose(&mut self.random).unwrap().clone()
    }

    /// The signature has 256 bits in 43 letters of six bits; two bits of the last letter are unused.
    fn loose_end(&self) -> String {
        const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let last = self.access.chars().last().unwrap();
        let value = DIGITS.find(last).unwrap();
        let other = DIGITS.as_bytes()[value | 1] as char;
        format!("{}{other}", &self.access[..self.access.len() - 1])
    }

    /// A valid token of another kind.
    fn other_kind(&mut self) -> String {
        let mut signed_as_visitor = self.part(1);
        signed_as_visitor["aud"] = "cardroom-rooms".into();
        let header = r#"{"typ":"visitor+jwt","alg":"HS256"}"#;
        let kinds = [
            self.refresh.clone(),
            self.visitor.clone(),
            Self::resigned(header, &signed_as_visitor.to_string()),
            format!("{}.{}.", self.refresh, self.visitor),
        ];
        kinds.choose(&mut self.random).unwrap().clone()
    }

    /// A token of the earlier backend that is invalid, or not signed with its secret.
    fn legacy(&mut self) -> String {
        let far = FAR + self.random.random_range(0..1000);
        let kid = self.part(0)["kid"].clone();
        let secret: Vec<u8> = match self.random.random_range(0..4) {
            0 => b"your-secret-key".to_vec(),
            1 => Vec::new(),
            2 => SECRET[1..].to_vec(),
            _ => SECRET.to_vec(),
        };
        let is_ours = secret == SECRET;
        let good = json!({ "sub": ID, "exp": far });
        let header = json!({ "typ": "JWT", "alg": "HS256" });
        let (header, claims) = if is_ours {
            let choices = [
                (json!({ "typ": "JWT", "alg": "HS256", "kid": kid }), good.clone()),
                (json!({ "typ": "at+jwt", "alg": "HS256" }), good.clone()),
                (json!({ "typ": "visitor+jwt", "alg": "HS256" }), good.clone()),
                (header.clone(), json!({ "sub": ID })),
                (header.clone(), json!({ "sub": ID, "exp": far.to_string() })),
                (header.clone(), json!({ "sub": ID, "exp": 1 })),
                (header.clone(), json!({ "exp": far })),
                (header.clone(), json!({ "sub": 1, "exp": far })),
                (header.clone(), json!({ "sub": ID, "exp": far, "nbf": far - 1 })),
            ];
            choices.choose(&mut self.random).unwrap().clone()
        } else {
            (header, good)
        };
        let message = [header, claims].map(|it| URL_SAFE_NO_PAD.encode(it.to_string())).join(".");
        let key = EncodingKey::from_secret(&secret);
        let signature = sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
        format!("{message}.{signature}")
    }

    /// Anything that fits into a header.
    fn noise(&mut self) -> String {
        let length = self.random.random_range(1..600);
        let letters: Vec<u8> = if self.random.random() {
            (0x21..=0x7e).collect()
        } else {
            b"eyJhbGciOiJIUzI1NiJ9.".to_vec()
        };
        let noise = (0..length).map(|_| *letters.choose(&mut self.random).unwrap());
        String::from_utf8(noise.collect()).unwrap()
    }
}
