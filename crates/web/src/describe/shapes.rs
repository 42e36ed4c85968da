//! Schemas of what answers repeat from elsewhere: members of passes, codes, keys.

use std::borrow::Cow;

use daypass_app::Code;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

macro_rules! shape {
    ($(#[doc = $doc:literal] $name:ident $schema:expr;)*) => {$(
        #[doc = $doc]
        pub(crate) struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).trim_end_matches("Text").into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let mut schema: Schema = $schema;
                schema.insert("description".to_owned(), $doc.into());
                schema
            }
        }
    )*};
}

shape! {
    #[doc = "The owner of the repository; `id` and `tenant` are null where it is not onboarded"]
    Account object(&[("id", UUID), ("provider", TEXT), ("external_id", NULLABLE), ("name", NULLABLE), ("tenant", NULLABLE)]);

    #[doc = "The repository; `id` is null where it is not onboarded"]
    Project object(&[("id", UUID), ("provider", TEXT), ("external_id", TEXT), ("path", NULLABLE)]);

    #[doc = "The CI run; null is what the token does not say"]
    Run object(&[
        ("id", NULLABLE), ("attempt", NULLABLE), ("job", NULLABLE), ("workflow", NULLABLE), ("event", NULLABLE),
        ("ref", NULLABLE), ("sha", NULLABLE), ("environment", NULLABLE), ("pull_request", NUMBER),
    ]);

    #[doc = "Why it was refused: a code of the closed list, which keeps its meaning for ever"]
    CodeText codes();

    #[doc = "One claim that differs from what a rule wants: told to callers whom the role knows"]
    DifferenceText json_schema!({
        "type": "object",
        "properties": {
            "claim": { "type": "string" },
            "wanted": { "description": "any of these", "type": "array", "items": { "type": "string" } },
            "got": { "description": "null where the token has none", "type": ["string", "null"] },
        },
        "required": ["claim", "wanted", "got"],
    });

    #[doc = "A key set (RFC 7517)"]
    JwkSet json_schema!({
        "type": "object",
        "properties": { "keys": { "type": "array", "items": {
            "type": "object",
            "properties": {
                "kty": { "type": "string" }, "use": { "const": "sig" }, "alg": { "type": "string" },
                "kid": { "description": "the thumbprint of RFC 7638", "type": "string" },
                "crv": { "type": "string" }, "x": { "type": "string" }, "y": { "type": "string" },
                "n": { "type": "string" }, "e": { "type": "string" },
            },
            "required": ["kty", "use", "alg", "kid"],
        } } },
        "required": ["keys"],
    });
}

/// A type, and a format where it has one.
type Member = (&'static [&'static str], Option<&'static str>);

const TEXT: Member = (&["string"], None);
const NULLABLE: Member = (&["string", "null"], None);
const UUID: Member = (&["string", "null"], Some("uuid"));
const NUMBER: Member = (&["integer", "null"], None);

fn object(members: &[(&str, Member)]) -> Schema {
    let properties = members.iter().map(|(name, (types, format))| {
        let mut member = json_schema!({ "type": types });
        if let Some(format) = format {
            member.insert("format".to_owned(), (*format).into());
        }
        ((*name).to_owned(), member.to_value())
    });
    let properties: serde_json::Map<_, _> = properties.collect();
    let required: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
    json_schema!({ "type": "object", "properties": properties, "required": required })
}

fn codes() -> Schema {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    json_schema!({ "type": "string", "enum": codes })
}
