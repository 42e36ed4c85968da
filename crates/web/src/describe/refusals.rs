//! Refusals of the document: real ones, made by the code that faces refuse with.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use axum::body::to_bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use daypass_app::{Code, Refusal};
use serde_json::{Map, Value, json};

use super::components::Components;
use super::headers::Header;
use super::operation::headers;

/// Bytes of an example; none comes near.
const MAX_EXAMPLE_SIZE_BYTES: usize = 64 * 1024;

/// How a protocol words refusals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Family {
    /// The first part of the names of its examples.
    pub(crate) name: &'static str,
    /// The answer of the face.
    pub(crate) answer: fn(&Refusal) -> Response,
    /// The schema of its body.
    pub(crate) schema: fn(&mut Components) -> Value,
}

/// What an endpoint refuses in the words of one protocol.
pub(crate) struct Refusals {
    pub(crate) family: Family,
    /// With the second parts of the names of their examples.
    pub(crate) refusals: Vec<(String, Refusal)>,
}

/// A refusal as it leaves the server.
struct Shown {
    status: u16,
    media_type: String,
    headers: BTreeSet<&'static str>,
    body: Value,
}

/// The refusals of one status.
#[derive(Default)]
struct Group {
    codes: Vec<Code>,
    headers: Vec<BTreeSet<&'static str>>,
    content: BTreeMap<String, (Vec<Value>, Map<String, Value>)>,
}

impl Refusals {
    /// These codes, as they are told where nothing more is known.
    pub(crate) fn of(family: Family, codes: &[&[Code]]) -> Self {
        let refusals = codes.concat().into_iter().map(|code| (code.to_string(), Refusal::new(code)));
        Self { family, refusals: refusals.collect() }
    }

    /// One more, by a name of its own.
    #[must_use]
    pub(crate) fn and(mut self, name: &str, refusal: Refusal) -> Self {
        self.refusals.push((name.to_owned(), refusal));
        self
    }

    /// All refusals of an endpoint by status, with the headers of every answer.
    pub(crate) fn responses(
        all: &[Self],
        of_every_answer: &[Header],
        components: &mut Components,
    ) -> Map<String, Value> {
        let mut groups: BTreeMap<u16, Group> = BTreeMap::new();
        for (family, (name, refusal)) in
            all.iter().flat_map(|one| one.refusals.iter().map(|refusal| (one.family, refusal)))
        {
            let shown = Shown::of((family.answer)(refusal));
            groups.entry(shown.status).or_default().take(shown, (family, name, refusal), components);
        }
        let groups = groups.into_iter();
        groups.map(|(status, group)| (status.to_string(), group.value(of_every_answer, components))).collect()
    }
}

impl Group {
    fn take(
        &mut self,
        shown: Shown,
        (family, name, refusal): (Family, &str, &Refusal),
        components: &mut Components,
    ) {
        if !self.codes.contains(&refusal.code) {
            self.codes.push(refusal.code);
        }
        self.headers.push(shown.headers);
        let schema = (family.schema)(components);
        let (schemas, examples) = self.content.entry(shown.media_type).or_default();
        if !schemas.contains(&schema) {
            schemas.push(schema);
        }
        let name = format!("{}.{name}", family.name);
        examples.insert(name.clone(), components.example(&name, refusal.code.title(), &shown.body));
    }

    fn value(self, of_every_answer: &[Header], components: &mut Components) -> Value {
        let names: BTreeSet<&'static str> = self.headers.iter().flatten().copied().collect();
        let own = names.into_iter().map(|name| Header {
            is_always: self.headers.iter().all(|headers| headers.contains(name)),
            ..Header::always(name)
        });
        let headers = headers(&[of_every_answer, &own.collect::<Vec<_>>()].concat(), components);
        let content = self.content.into_iter().map(|(media_type, (schemas, examples))| {
            let schema = match schemas.as_slice() {
                [one] => one.clone(),
                several => json!({ "anyOf": several }),
            };
            (media_type, json!({ "schema": schema, "examples": examples }))
        });
        let codes: Vec<String> = self.codes.iter().map(|code| format!("`{code}`")).collect();
        json!({
            "description": codes.join(", "),
            "headers": headers,
            "content": content.collect::<Map<_, _>>(),
        })
    }
}

impl Shown {
    fn of(response: Response) -> Self {
        let (head, body) = response.into_parts();
        let text = |name| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let names = head.headers.keys().filter(|name| **name != CONTENT_TYPE);
        let shared = ["cache-control", "daypass-exchange-id", "retry-after", "www-authenticate"];
        let headers = names.filter_map(|name| shared.into_iter().find(|known| name.as_str() == *known));
        let (status, media_type, headers) =
            (head.status.as_u16(), text(CONTENT_TYPE).to_owned(), headers.collect());
        // A body that is there already is read without waiting.
        let read = pin!(to_bytes(body, MAX_EXAMPLE_SIZE_BYTES));
        let body = match read.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(bytes)) => serde_json::from_slice(&bytes).unwrap_or_default(),
            Poll::Ready(Err(_)) | Poll::Pending => Value::Null,
        };
        Self { status, media_type, headers, body }
    }
}
