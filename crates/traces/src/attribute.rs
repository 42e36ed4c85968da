//! What a span may say: a closed list, each of a bounded size.

use std::borrow::Cow;

use daypass_jose::ids::{ExchangeId, RequestId};

/// Bytes of one text; what is longer is cut off.
const MAX_TEXT_SIZE_BYTES: usize = 256;

/// One thing that a span says. None of them is a token, a header or a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    /// The method of an HTTP request, as the semantic conventions of OpenTelemetry write it.
    Method(&'static str),
    /// The route, as the table of routes writes it.
    Route(String),
    /// The path that was asked for.
    Path(String),
    /// `http` or `https`.
    Scheme(&'static str),
    /// The status of the answer.
    Status(u16),
    /// The id under which the answer names the request.
    Request(RequestId),
    /// The face that took an exchange.
    Face(&'static str),
    /// The id of an exchange.
    Exchange(ExchangeId),
    /// The name of a registered issuer in the settings.
    Issuer(String),
    /// How an exchange or a decision ended.
    Outcome(&'static str),
    /// A role that policy knows.
    Role(String),
    /// The version of the policy that decided.
    Policy(String),
    /// Whether the keys of an issuer were fetched for this request, rather than held.
    KeysFetched(bool),
    /// The host from which something is fetched.
    Server(String),
    /// Requests that the same commit of the ledger took along.
    BatchSize(usize),
    /// Why a span failed: a code of a closed list.
    Error(Cow<'static, str>),
}

/// What an attribute says, as OTLP tells kinds of values apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Boolean(bool),
}

impl Attribute {
    /// Its name. Those without `daypass.` are of the semantic conventions of OpenTelemetry.
    pub(crate) const fn key(&self) -> &'static str {
        match self {
            Self::Method(_) => "http.request.method",
            Self::Route(_) => "http.route",
            Self::Path(_) => "url.path",
            Self::Scheme(_) => "url.scheme",
            Self::Status(_) => "http.response.status_code",
            Self::Request(_) => "daypass.request.id",
            Self::Face(_) => "daypass.face",
            Self::Exchange(_) => "daypass.exchange.id",
            Self::Issuer(_) => "daypass.issuer",
            Self::Outcome(_) => "daypass.outcome",
            Self::Role(_) => "daypass.role",
            Self::Policy(_) => "daypass.policy.version",
            Self::KeysFetched(_) => "daypass.keys.fetched",
            Self::Server(_) => "server.address",
            Self::BatchSize(_) => "daypass.ledger.batch_size",
            Self::Error(_) => "error.type",
        }
    }

    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Method(text) | Self::Scheme(text) | Self::Face(text) | Self::Outcome(text) => {
                Value::Text((*text).to_owned())
            }
            Self::Route(text)
            | Self::Path(text)
            | Self::Issuer(text)
            | Self::Role(text)
            | Self::Policy(text)
            | Self::Server(text) => Value::Text(bounded(text)),
            Self::Error(text) => Value::Text(bounded(text)),
            Self::Status(status) => Value::Integer(i64::from(*status)),
            Self::Request(id) => Value::Text(id.to_string()),
            Self::Exchange(id) => Value::Text(id.to_string()),
            Self::KeysFetched(is_so) => Value::Boolean(*is_so),
            Self::BatchSize(count) => Value::Integer(i64::try_from(*count).unwrap_or(i64::MAX)),
        }
    }
}

fn bounded(text: &str) -> String {
    text.get(..text.floor_char_boundary(MAX_TEXT_SIZE_BYTES)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_off_between_two_letters() {
        let long = Attribute::Role("ä".repeat(200));
        assert_eq!(long.value(), Value::Text("ä".repeat(128)));
        assert_eq!(Attribute::Role("x".repeat(256)).value(), Value::Text("x".repeat(256)));
        assert_eq!(Attribute::Path(format!("{}ä", "x".repeat(255))).value(), Value::Text("x".repeat(255)));
    }
}
