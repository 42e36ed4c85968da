//! As much of JSON Schema as the OpenAPI document uses, and stricter: a member that the schema does not name is a fault.

use serde_json::Value;

use super::documented::resolved;

/// Words that say something to people alone, or to makers of clients.
const PASSED_OVER: [&str; 9] =
    ["description", "title", "format", "default", "minimum", "maximum", "minLength", "minItems", "maxItems"];

/// Checks a value, and says where it is another.
pub(crate) fn check(schema: &Value, value: &Value) -> Result<(), String> {
    let schema = &resolved(schema);
    if let Some(any_of) = schema["anyOf"].as_array() {
        let faults: Vec<String> = any_of.iter().filter_map(|one| check(one, value).err()).collect();
        return if faults.len() < any_of.len() { Ok(()) } else { Err(faults.join("; or ")) };
    }
    for (word, wanted) in schema.as_object().unwrap() {
        let is_right = match word.as_str() {
            "type" => is_of_type(wanted, value),
            "const" => wanted == value,
            "enum" => wanted.as_array().unwrap().contains(value),
            "properties" | "required" | "items" | "additionalProperties" => true,
            word => {
                assert!(PASSED_OVER.contains(&word), "this test does not know `{word}`");
                true
            }
        };
        if !is_right {
            return Err(format!("{value} is not of {word} {wanted}"));
        }
    }
    match value {
        Value::Object(members) => {
            let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
            if let Some(missing) = required.iter().find(|name| !members.contains_key(name.as_str().unwrap()))
            {
                return Err(format!("{missing} is missing in {value}"));
            }
            members.iter().try_for_each(|(name, member)| match schema["properties"].get(name) {
                Some(schema) => check(schema, member),
                None if schema["additionalProperties"] == Value::Bool(true) => Ok(()),
                None => Err(format!("`{name}` is not in the schema")),
            })
        }
        Value::Array(items) => items.iter().try_for_each(|item| check(&schema["items"], item)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

fn is_of_type(wanted: &Value, value: &Value) -> bool {
    let name = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    *wanted == name || wanted.as_array().is_some_and(|several| several.iter().any(|one| *one == name))
}
