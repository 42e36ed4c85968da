//! JSON Schema (2020-12) of the settings and of policy files: what editors and other programs know of them.
//!
//! A schema says what a file may look like; what it may mean, the readers say. That both know the same keys, a test holds that
//! asks the readers about every word of theirs.

mod build;
mod policy;
mod settings;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

/// That of `daypass.toml`.
pub(crate) fn of_settings() -> Value {
    document("daypass.toml", "Settings of daypass", settings::top())
}

/// That of a policy file.
pub(crate) fn of_policy() -> Value {
    let mut schema =
        document("policy file", "Roles of daypass: who may take them, and what they give", policy::top());
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("$defs".to_owned(), policy::definitions());
    }
    schema
}

/// That of `_ceiling.toml`.
pub(crate) fn of_ceilings() -> Value {
    let mut schema = document(
        "_ceiling.toml",
        "What no role of this folder, or of those below, can exceed",
        policy::ceiling(),
    );
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("$defs".to_owned(), policy::definitions_of_ceilings());
    }
    schema
}

/// As it is printed, and kept in `docs/schemas`.
pub(crate) fn text(schema: &Value) -> String {
    format!("{schema:#}")
}

fn document(title: &str, description: &str, mut top: Value) -> Value {
    if let Some(top) = top.as_object_mut() {
        top.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        top.insert("title".to_owned(), json!(title));
        top.insert("description".to_owned(), json!(description));
    }
    top
}
