//! The pieces of which schemas are made.

use serde_json::{Map, Value, json};

/// A whole number above zero and a unit, as `parse_duration` reads it.
const DURATION: &str = "^[1-9][0-9]*[smhd]$";

/// A key, and what it may be.
pub(super) type Key = (&'static str, Value);

/// A table with these keys and no others.
pub(super) fn table<const N: usize>(description: &str, keys: [Key; N]) -> Value {
    let properties: Map<String, Value> =
        keys.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    json!({ "type": "object", "description": description, "additionalProperties": false, "properties": properties })
}

/// The same schema with one more keyword, or several.
pub(super) fn with(mut schema: Value, keywords: Value) -> Value {
    if let (Some(schema), Value::Object(keywords)) = (schema.as_object_mut(), keywords) {
        schema.extend(keywords);
    }
    schema
}

/// Any text but the empty one.
pub(super) fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description, "minLength": 1 })
}

/// A text of this form.
pub(super) fn formed(description: &str, pattern: &str) -> Value {
    json!({ "type": "string", "description": description, "pattern": pattern })
}

/// One of these texts.
pub(super) fn one_of<T: AsRef<str>>(description: &str, values: impl IntoIterator<Item = T>) -> Value {
    let values: Vec<Value> = values.into_iter().map(|value| json!(value.as_ref())).collect();
    json!({ "type": "string", "description": description, "enum": values })
}

/// `15m`.
pub(super) fn duration(description: &str) -> Value {
    formed(description, DURATION)
}

pub(super) fn boolean(description: &str) -> Value {
    json!({ "type": "boolean", "description": description })
}

/// A list of these.
pub(super) fn list(description: &str, items: &Value) -> Value {
    json!({ "type": "array", "description": description, "items": items })
}

/// A scope that a policy may grant, as `scope_fault` judges it (RFC 6749 §3.3).
pub(super) fn scope() -> Value {
    json!({ "type": "string", "pattern": "^[!#-\\[\\]-~]+$", "not": { "pattern": "^admin:" } })
}

/// A definition of this document.
pub(super) fn reference(description: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}"), "description": description })
}
