//! Headers of answers.

use std::borrow::Cow;

use serde_json::{Value, json};

/// A header of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    pub(crate) name: &'static str,
    /// Whether every such answer has it.
    pub(crate) is_always: bool,
    /// What it says; empty for those of the table below.
    pub(crate) described: Cow<'static, str>,
}

/// Headers that answers of several endpoints have, and what they say.
const SHARED: &[(&str, &str)] = &[
    ("x-request-id", "names this request in the log of the server"),
    ("x-content-type-options", "`nosniff`: the body is what its media type says"),
    ("daypass-exchange-id", "names the exchange in the ledger: `daypass audit show ID`"),
    (
        "cache-control",
        "for how long the answer may be kept; `no-store` beside credentials and refusals of them",
    ),
    ("etag", "names this content, for If-None-Match (RFC 9110 §8.8.3)"),
    ("retry-after", "seconds after which the request may be sent again"),
    ("www-authenticate", "the challenge of RFC 6750 §3"),
    ("allow", "the methods that this address takes"),
];

/// What a shared header says.
pub(super) fn shared(name: &str) -> Option<&'static str> {
    SHARED.iter().find(|(known, _)| *known == name).map(|(_, described)| *described)
}

impl Header {
    /// One of the shared ones, which every such answer has.
    pub(crate) const fn always(name: &'static str) -> Self {
        Self { name, is_always: true, described: Cow::Borrowed("") }
    }

    /// One of the shared ones, which some of these answers have.
    pub(crate) const fn sometimes(name: &'static str) -> Self {
        Self { name, is_always: false, described: Cow::Borrowed("") }
    }

    pub(super) fn value(&self) -> Value {
        let mut schema = json!({ "type": "string" });
        if self.name == "retry-after" {
            schema = json!({ "type": "integer", "minimum": 1 });
        }
        if matches!(self.name, "x-request-id" | "daypass-exchange-id") {
            schema = json!({ "type": "string", "format": "uuid" });
        }
        json!({ "description": self.described, "required": self.is_always, "schema": schema })
    }
}
