//! The form of an OAuth request (RFC 6749 §3.2, RFC 8693 §2.1): each parameter once, empty ones as if left out.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::HeaderMap;
use daypass_app::{Code, Refusal};
use daypass_jose::Secret;
use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::body;

/// Of every form.
pub(super) const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";

/// Parameters of one request.
struct Form(BTreeMap<String, String>);

/// The form of RFC 7009 §2.1 and RFC 7662 §2.1
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "TokenForm", transform = never_null)]
pub(super) struct TokenForm {
    /// The pass
    #[schemars(required, length(min = 1))]
    token: Option<String>,
    /// Passed over: there is one kind of token
    #[expect(dead_code, reason = "it may be sent, and means nothing here (RFC 7009 §2.1)")]
    token_type_hint: Option<String>,
}

/// What a form lacks is absent: it has no null.
pub(super) fn never_null(schema: &mut Schema) {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for property in properties.into_iter().flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        property.insert("type".to_owned(), "string".into());
    }
    schema.insert("additionalProperties".to_owned(), json!({ "type": "string" }));
}

impl TokenForm {
    /// The `token`.
    pub(super) fn token(self) -> Result<Secret, Refusal> {
        required("token", self.token).map(Secret::new)
    }
}

/// Reads the form of a request. Parameters that `T` does not know are passed over (RFC 6749 §3.2).
pub(super) async fn read<T: DeserializeOwned>(headers: &HeaderMap, body: Body) -> Result<T, Refusal> {
    Form::parse(&body::read(headers, body, MEDIA_TYPE).await?)?.into_typed()
}

/// A parameter that must be there.
pub(super) fn required(name: &str, value: Option<String>) -> Result<String, Refusal> {
    value.ok_or_else(|| {
        Refusal::new(Code::RequestInvalid).with_detail(format!("the parameter `{name}` is missing"))
    })
}

impl Form {
    fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        let refuse = |detail: &str| Refusal::new(Code::RequestInvalid).with_detail(detail);
        if !is_well_encoded(bytes) {
            return Err(refuse("the body is not form encoded UTF-8"));
        }
        let mut parameters = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(bytes) {
            if name.contains('\u{fffd}') || value.contains('\u{fffd}') {
                return Err(refuse("the body is not form encoded UTF-8"));
            }
            if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(refuse("a parameter stands twice"));
            }
        }
        parameters.retain(|_, value| !value.is_empty());
        Ok(Self(parameters))
    }

    fn into_typed<T: DeserializeOwned>(self) -> Result<T, Refusal> {
        let parameters = self.0.into_iter().map(|(name, value)| (name, Value::String(value)));
        serde_json::from_value(Value::Object(parameters.collect()))
            .map_err(|fault| Refusal::internal(format!("a form: {fault}")))
    }
}

/// Every `%` begins an octet, and nothing is outside ASCII.
fn is_well_encoded(bytes: &[u8]) -> bool {
    let mut rest = bytes.iter();
    while let Some(byte) = rest.next() {
        let well = match byte {
            b'%' => {
                [rest.next(), rest.next()].into_iter().all(|digit| digit.is_some_and(u8::is_ascii_hexdigit))
            }
            other => other.is_ascii_graphic(),
        };
        if !well {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_parameter_stands_once() {
        assert!(Form::parse(b"a=1&b=2").is_ok_and(|form| form.0.get("a").is_some_and(|a| a == "1")));
        assert!(Form::parse(b"a=").is_ok_and(|form| form.0.is_empty()));
        for body in
            [&b"a=1&a=1"[..], b"a=1&%61=2", b"a=%", b"a=%2", b"a=%zz", b"a=%ff", b"a=\xff", b"a=1\r\n"]
        {
            assert!(Form::parse(body).is_err(), "{body:?}");
        }
    }
}
