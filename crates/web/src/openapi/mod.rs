//! The OpenAPI document of the server (OpenAPI 3.1), put together from what each handler says of itself.

mod serve;

use daypass_app::Code;
use serde_json::{Map, Value, json};

use crate::describe::{Components, Described, Family, Operation, Refusals};
use crate::{failures, problem};

pub(crate) use serve::{Served, operation, show};

/// Where the server is, in a document that no server gives.
const ANY_SERVER: &str = "https://pass.example.com";

const ABOUT: &str = "\
Short-lived credentials for CI jobs, from the identity token that they already have.

* A refusal has a `code` of one closed list: what it means, and what to do, is in docs/errors.md. Examples are real answers.
* Every answer has `x-request-id`. Where the server speaks TLS itself under a public name, every answer has \
`Strict-Transport-Security` too.
* `GET` can be asked as `HEAD`, which is answered without the content, but for `/v1.0/auth/jwt`. Every other method that is not \
described is refused as the response `MethodNotAllowed`, every other path as `NotFound`.
* What is no HTTP is answered 400 with an empty body and no header of these, and the connection is closed: so is a request \
with a head larger than 48 KiB or of more than 100 fields, with 431. Who speaks plain HTTP to a port of TLS is told so with 400.
* `/metrics` is on a listener of its own and is not described here.";

/// The groups, in which tools show the operations.
const TAGS: [(&str, &str); 6] = [
    ("exchange", "An identity token goes in, a pass comes out"),
    ("oauth", "The same by the standards, and introspection and revocation"),
    ("pass", "What holders of a pass can do with it, and services that are shown one"),
    ("api", "An API behind the pass"),
    ("discovery", "What clients and APIs find out by themselves"),
    ("operations", "What operators look at"),
];

/// The document of these routes, for a server at this address.
pub(crate) fn document(routes: &[Described], url: Option<&str>) -> Value {
    let mut components = Components::new();
    let paths = routes.iter().map(|route| (route.path.to_owned(), path(route, &mut components)));
    let paths: Map<String, Value> = paths.collect();
    let responses = shared_responses(&mut components);
    let mut components = components.into_value();
    components.insert("responses".to_owned(), responses);
    components.insert("securitySchemes".to_owned(), security_schemes());
    let tags = TAGS.map(|(name, description)| json!({ "name": name, "description": description }));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "daypass",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": url.unwrap_or(ANY_SERVER) }],
        "tags": tags,
        "paths": paths,
        "components": components,
    })
}

fn path(route: &Described, components: &mut Components) -> Value {
    let operation = with_layers((route.operation)(components));
    let mut path = Map::new();
    for method in route.methods {
        let id = match path.len() {
            0 => operation.id.to_owned(),
            _ => format!("{}By{}", operation.id, method),
        };
        path.insert(method.to_ascii_lowercase(), operation.value(&id, components));
    }
    Value::Object(path)
}

/// With what the layers around every handler refuse.
fn with_layers(mut operation: Operation) -> Operation {
    let families = operation.refusals.iter().map(|refusals| refusals.family);
    // A refusal that is held back is worded as it would have been.
    let oauth = families.into_iter().find(|family| family.name == "oauth");
    operation.refusals.push(Refusals::of(problem::PROBLEM, &[&[Code::RequestInvalid]]));
    for family in [Some(problem::BEARER), oauth].into_iter().flatten() {
        operation.refusals.push(Refusals::of(family, &[]).and("rate_limited", failures::refusal()));
    }
    operation
}

/// Answers that belong to no operation: to other methods, other paths, and what is too large to be read.
fn shared_responses(components: &mut Components) -> Value {
    let mut take = |code, families: &[Family], headers: &[&'static str]| {
        let refusals = families.iter().map(|family| Refusals::of(*family, &[&[code]]));
        Operation::response_of(&refusals.collect::<Vec<_>>(), headers, components)
    };
    json!({
        "NotFound": take(Code::NotFound, &[problem::PROBLEM], &[]),
        "MethodNotAllowed": take(Code::MethodNotAllowed, &[problem::PROBLEM, problem::BEARER], &["allow"]),
        "HeadTooLarge": { "description": "the head of the request is larger than 48 KiB or has more than 100 fields" },
    })
}

fn security_schemes() -> Value {
    let bearer = |description| json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": description });
    json!({
        "identityToken": bearer("the identity token that a CI system gives its job, for the audience of this server"),
        "pass": bearer("a pass of this server, as an exchange gives it"),
    })
}
