//! Forging what must be refused, with keys of this run alone.

use aws_lc_rs::hmac;
use daypass_jose::jwt::{MintFault, SigningKey};
use daypass_jose::{Algorithm, Json, Object, base64url};
use serde_json::{Value, json};

use super::super::super::Context;
use super::super::ask::Server;
use super::super::issuers::Forgeable;
use super::super::server;

/// An issuer that nobody registers: the name is reserved (RFC 2606 §2).
const NOBODY: &str = "https://issuer.invalid";

/// What forgeries are made of.
pub(super) struct Forge {
    /// Signs everything, and is thrown away.
    key: SigningKey,
    issuer: Option<Forgeable>,
    /// What the server calls itself.
    server: String,
    /// One of the public keys of the server.
    server_key: Object,
    now_seconds: i64,
}

impl Forge {
    pub(super) async fn new(
        server: &Server<'_>,
        issuer: Option<Forgeable>,
        context: &Context,
    ) -> Result<Self, String> {
        let algorithm = issuer.as_ref().map_or(Algorithm::ES256, |issuer| issuer.algorithm);
        let (key, _) = SigningKey::generate(algorithm)
            .or_else(|fault| match fault {
                // Not one of those by which daypass signs: the signature is another key's all the same.
                MintFault::Algorithm(_) => SigningKey::generate(Algorithm::ES256),
                MintFault::Key | MintFault::Sign => Err(fault),
            })
            .map_err(|fault| fault.to_string())?;
        let metadata = get(server, "/.well-known/openid-configuration").await?;
        let set = get(server, "/.well-known/jwks.json").await?;
        let server_key = match set.member("keys") {
            Some(Json::Array(keys)) => keys.first(),
            Some(_) | None => None,
        };
        let Some(Json::Object(server_key)) = server_key else { return Err("it publishes no key".to_owned()) };
        Ok(Self {
            key,
            issuer,
            server: server::text_of(&metadata, "issuer").unwrap_or(&server.url).to_owned(),
            server_key: server_key.clone(),
            now_seconds: context.clock.now().seconds(),
        })
    }

    pub(super) fn knows_issuer(&self) -> bool {
        self.issuer.is_some()
    }

    /// An identity token that would be good, were it signed by its issuer; of nobody's where no issuer is known.
    fn claims(&self, change: &[(&str, Value)]) -> Object {
        let (issuer, audience) = match &self.issuer {
            Some(Forgeable { registered, .. }) => {
                (registered.url.as_str(), registered.audiences.first().map_or("", String::as_str))
            }
            None => (NOBODY, ""),
        };
        let mut claims = json!({
            "iss": issuer,
            "aud": audience,
            "sub": "daypass-doctor",
            "iat": self.now_seconds,
            "nbf": self.now_seconds,
            "exp": self.now_seconds.saturating_add(300),
            "jti": format!("daypass-doctor-{}", self.key.key_id()),
        });
        for (name, value) in change {
            if let Some(claims) = claims.as_object_mut() {
                claims.insert((*name).to_owned(), value.clone());
            }
        }
        object(&claims)
    }

    /// Signed by the key of this run under a key id and algorithm of the issuer.
    pub(super) fn under_known_key(&self, change: &[(&str, Value)]) -> Option<String> {
        let Forgeable { key_id, algorithm, .. } = self.issuer.as_ref()?;
        let header = json!({ "alg": algorithm.name(), "kid": key_id, "typ": "JWT" });
        Some(self.signed(&header, &self.claims(change)))
    }

    /// Signed by the key of this run under its own key id, in the name of the issuer.
    pub(super) fn under_unknown_key(&self) -> Option<String> {
        let algorithm = self.issuer.as_ref()?.algorithm.name();
        let header = json!({ "alg": algorithm, "kid": self.key.key_id(), "typ": "JWT" });
        Some(self.signed(&header, &self.claims(&[])))
    }

    pub(super) fn of_nobody(&self) -> String {
        let header = json!({ "alg": self.key.algorithm().name(), "kid": self.key.key_id(), "typ": "JWT" });
        self.signed(&header, &self.claims(&[("iss", json!(NOBODY))]))
    }

    pub(super) fn expired(&self) -> Option<String> {
        let times = [-7200, -7200, -3600].map(|seconds: i64| json!(self.now_seconds.saturating_add(seconds)));
        let [issued, not_before, expires] = times;
        self.under_known_key(&[("iat", issued), ("nbf", not_before), ("exp", expires)])
    }

    pub(super) fn for_another(&self) -> Option<String> {
        self.under_known_key(&[("aud", json!("https://somebody-else.invalid"))])
    }

    /// RFC 7519 §6.
    pub(super) fn unsigned(&self) -> String {
        let kid = self.issuer.as_ref().map(|issuer| issuer.key_id.as_str());
        format!(
            "{}.",
            input(&json!({ "alg": "none", "kid": kid.unwrap_or("1"), "typ": "JWT" }), &self.claims(&[]))
        )
    }

    /// An identity token by HS256, with what everybody knows as the secret: RFC 8725 §2.1.
    pub(super) fn symmetric(&self) -> String {
        let kid = self.issuer.as_ref().map(|issuer| issuer.key_id.as_str());
        self.hmac(&json!({ "alg": "HS256", "kid": kid.unwrap_or("1"), "typ": "JWT" }), &self.claims(&[]))
    }

    /// A pass of this server under one of its key ids, signed by the key of this run.
    pub(super) fn pass(&self) -> String {
        let name = |name| server::text_of(&self.server_key, name).unwrap_or("");
        self.signed(&json!({ "alg": name("alg"), "kid": name("kid"), "typ": "at+jwt" }), &self.pass_claims())
    }

    pub(super) fn symmetric_pass(&self) -> String {
        let kid = server::text_of(&self.server_key, "kid").unwrap_or("");
        self.hmac(&json!({ "alg": "HS256", "kid": kid, "typ": "at+jwt" }), &self.pass_claims())
    }

    fn pass_claims(&self) -> Object {
        let server = json!(self.server);
        let change = [("iss", server.clone()), ("aud", server), ("sub", json!("role:project"))];
        self.claims(&change)
    }

    fn signed(&self, header: &Value, claims: &Object) -> String {
        let token = self.key.sign_with_header(&object(header), claims);
        // Without a signature it must be refused all the same.
        token.map_or_else(|_| format!("{}.", input(header, claims)), |token| token.reveal().to_owned())
    }

    /// The secret is the server's public key, as it is published.
    fn hmac(&self, header: &Value, claims: &Object) -> String {
        let input = input(header, claims);
        let public: Vec<u8> = ["n", "x", "y"]
            .into_iter()
            .filter_map(|name| base64url::decode(server::text_of(&self.server_key, name)?))
            .flatten()
            .collect();
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &public), input.as_bytes());
        format!("{input}.{}", base64url::encode(tag))
    }
}

async fn get(server: &Server<'_>, path: &str) -> Result<Object, String> {
    server.get(path).await.map(|answer| server::object(&answer)).map_err(|fault| fault.to_string())
}

fn object(value: &Value) -> Object {
    Object::parse(value.to_string().as_bytes()).unwrap_or_default()
}

/// What is signed (RFC 7515 §5.1).
fn input(header: &Value, claims: &Object) -> String {
    format!("{}.{}", base64url::encode(header.to_string()), base64url::encode(claims.to_string()))
}
