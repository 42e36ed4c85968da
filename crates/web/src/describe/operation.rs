//! One request that the server takes, and what it is answered.

use serde_json::{Map, Value, json};

use super::components::Components;
use super::headers::Header;
use super::refusals::Refusals;

/// What must come with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Credential {
    /// Nothing in a header: nothing at all, or a token in the body.
    #[default]
    NoHeader,
    /// The identity token of a CI job, as Bearer.
    IdentityToken,
    /// A pass of this server, as Bearer, with these scopes.
    Pass(&'static [&'static str]),
}

/// A parameter of the query, or a header of the request.
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    /// `query` or `header`.
    pub(crate) place: &'static str,
    pub(crate) is_required: bool,
    pub(crate) description: &'static str,
    pub(crate) schema: Value,
}

/// What is sent beside the head.
pub(crate) struct Body {
    pub(crate) media_type: &'static str,
    pub(crate) schema: Value,
    pub(crate) example: Value,
}

/// One answer that is no refusal.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) description: &'static str,
    /// Media types, and what is in them.
    pub(crate) content: Vec<(&'static str, Value)>,
    /// Beside those that every answer has.
    pub(crate) headers: Vec<Header>,
}

/// One request that the server takes.
#[derive(Default)]
pub(crate) struct Operation {
    /// The name that clients give it that are made from the document.
    pub(crate) id: &'static str,
    /// The group that it stands in.
    pub(crate) tag: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) description: &'static str,
    pub(crate) credential: Credential,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<Body>,
    pub(crate) answers: Vec<Answer>,
    pub(crate) refusals: Vec<Refusals>,
}

/// Headers that the layers around the handlers put on every answer.
const OF_EVERY_ANSWER: [Header; 2] =
    [Header::always("x-request-id"), Header::always("x-content-type-options")];

/// Where the document says what becomes of a head that is too large.
const HEAD_TOO_LARGE: &str = "#/components/responses/HeadTooLarge";

impl Operation {
    /// As the document has it, under a name of its own for each method.
    pub(crate) fn value(&self, id: &str, components: &mut Components) -> Value {
        let mut members = vec![
            ("operationId", json!(id)),
            ("tags", json!([self.tag])),
            ("summary", json!(self.summary)),
            ("description", json!(self.description)),
            ("security", self.credential.value()),
            ("responses", Value::Object(self.responses(components))),
        ];
        if !self.parameters.is_empty() {
            members.push(("parameters", self.parameters.iter().map(Parameter::value).collect()));
        }
        members.extend(self.body.as_ref().map(|body| ("requestBody", body.value())));
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// One answer that belongs to no operation.
    pub(crate) fn response_of(
        refusals: &[Refusals],
        headers: &[&'static str],
        components: &mut Components,
    ) -> Value {
        let own = headers.iter().map(|name| Header::always(name));
        let headers: Vec<Header> = OF_EVERY_ANSWER.into_iter().chain(own).collect();
        Refusals::responses(refusals, &headers, components)
            .into_iter()
            .map(|(_, response)| response)
            .next()
            .unwrap_or_default()
    }

    fn responses(&self, components: &mut Components) -> Map<String, Value> {
        let mut responses = Refusals::responses(&self.refusals, &OF_EVERY_ANSWER, components);
        for answer in &self.answers {
            responses.insert(answer.status.to_string(), answer.value(components));
        }
        // By hyper, before anything of this crate sees the request.
        responses.insert("431".to_owned(), json!({ "$ref": HEAD_TOO_LARGE }));
        responses
    }
}

impl Credential {
    fn value(self) -> Value {
        match self {
            Self::NoHeader => json!([]),
            Self::IdentityToken => json!([{ "identityToken": [] }]),
            Self::Pass(scopes) => json!([{ "pass": scopes }]),
        }
    }
}

impl Parameter {
    /// `If-None-Match` of RFC 9110 §13.1.2.
    pub(crate) fn if_none_match() -> Self {
        Self {
            name: "If-None-Match",
            place: "header",
            is_required: false,
            description: "an ETag of an earlier answer: 304 where the content is still that one",
            schema: json!({ "type": "string" }),
        }
    }

    fn value(&self) -> Value {
        json!({
            "name": self.name,
            "in": self.place,
            "required": self.is_required,
            "description": self.description,
            "schema": self.schema,
        })
    }
}

impl Body {
    fn value(&self) -> Value {
        let content = json!({ self.media_type: { "schema": self.schema, "example": self.example } });
        json!({ "required": true, "content": content })
    }
}

impl Answer {
    fn value(&self, components: &mut Components) -> Value {
        let headers = headers(&[&OF_EVERY_ANSWER[..], &self.headers].concat(), components);
        if self.content.is_empty() {
            return json!({ "description": self.description, "headers": headers });
        }
        let content =
            self.content.iter().map(|(name, schema)| ((*name).to_owned(), json!({ "schema": schema })));
        let content: Map<String, Value> = content.collect();
        json!({ "description": self.description, "headers": headers, "content": content })
    }
}

/// Headers as an answer of the document has them.
pub(super) fn headers(headers: &[Header], components: &mut Components) -> Map<String, Value> {
    headers.iter().map(|header| (header.name.to_owned(), components.header(header))).collect()
}
