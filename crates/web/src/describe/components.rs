//! What operations of the document share: schemas, headers, examples.

use std::collections::BTreeMap;

use schemars::generate::{Contract, SchemaSettings};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::headers::{self, Header};

/// The parts of the document that others refer to, each made when something first refers to it.
pub(crate) struct Components {
    answers: SchemaGenerator,
    requests: SchemaGenerator,
    headers: BTreeMap<String, Value>,
    examples: BTreeMap<String, Value>,
}

impl Components {
    pub(crate) fn new() -> Self {
        Self {
            answers: generator(Contract::Serialize),
            requests: generator(Contract::Deserialize),
            headers: BTreeMap::new(),
            examples: BTreeMap::new(),
        }
    }

    /// The schema of what is written as `T`.
    pub(crate) fn answer<T: JsonSchema>(&mut self) -> Value {
        self.answers.subschema_for::<T>().to_value()
    }

    /// The schema of what is read as `T`.
    pub(crate) fn request<T: JsonSchema>(&mut self) -> Value {
        self.requests.subschema_for::<T>().to_value()
    }

    /// A header of an answer, by reference where others have it too.
    pub(super) fn header(&mut self, header: &Header) -> Value {
        let Some(described) = headers::shared(header.name) else { return header.value() };
        let name =
            if header.is_always { header.name.to_owned() } else { format!("{}-optional", header.name) };
        let reference = json!({ "$ref": format!("#/components/headers/{name}") });
        self.headers
            .entry(name)
            .or_insert_with(|| Header { described: described.into(), ..header.clone() }.value());
        reference
    }

    /// An example that several answers show.
    pub(super) fn example(&mut self, name: &str, summary: &str, value: &Value) -> Value {
        let reference = json!({ "$ref": format!("#/components/examples/{name}") });
        self.examples.entry(name.to_owned()).or_insert_with(|| json!({ "summary": summary, "value": value }));
        reference
    }

    /// All of them, as the document has them.
    pub(crate) fn into_value(mut self) -> Map<String, Value> {
        let mut schemas = self.answers.take_definitions(true);
        schemas.extend(self.requests.take_definitions(true));
        Map::from_iter([
            ("schemas".to_owned(), Value::Object(schemas)),
            ("headers".to_owned(), json!(self.headers)),
            ("examples".to_owned(), json!(self.examples)),
        ])
    }
}

fn generator(contract: Contract) -> SchemaGenerator {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.contract = contract;
        settings.meta_schema = None;
    });
    SchemaGenerator::new(settings)
}
