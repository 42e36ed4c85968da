//! The form of an OAuth request (RFC 6749 §3.2, RFC 8693 §2.1): each parameter once, empty ones as if left out.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::HeaderMap;
use daypass_app::{Code, Refusal};
use daypass_jose::Secret;

use crate::body;

/// Parameters of one request.
pub(crate) struct Form(BTreeMap<String, String>);

/// The `token` of RFC 7009 §2.1 and RFC 7662 §2.1. `token_type_hint` is passed over, as it may be: there is one kind of token.
pub(crate) fn token(form: &mut Form) -> Result<Secret, Refusal> {
    form.require("token").map(Secret::new)
}

impl Form {
    /// Reads the form of a request.
    pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Self, Refusal> {
        Self::parse(&body::read(headers, body, "application/x-www-form-urlencoded").await?)
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
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

    /// Takes a parameter out.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// Takes a parameter out that must be there.
    pub(crate) fn require(&mut self, name: &str) -> Result<String, Refusal> {
        self.take(name).ok_or_else(|| {
            Refusal::new(Code::RequestInvalid).with_detail(format!("the parameter `{name}` is missing"))
        })
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
        assert!(Form::parse(b"a=1&b=2").is_ok_and(|mut form| form.take("a").as_deref() == Some("1")));
        assert!(Form::parse(b"a=").is_ok_and(|mut form| form.require("a").is_err()));
        for body in
            [&b"a=1&a=1"[..], b"a=1&%61=2", b"a=%", b"a=%2", b"a=%zz", b"a=%ff", b"a=\xff", b"a=1\r\n"]
        {
            assert!(Form::parse(body).is_err(), "{body:?}");
        }
    }
}
