//! An exchange of the ledger for machines: one JSON object, of a schema that has a version.

use daypass_jose::Timestamp;
use daypass_store::{CredentialRecord, ExchangeRecord};
use serde_json::{Value, json};

/// The version of the schema, which `docs/audit.md` describes. New members may come with it; it is counted up when one goes
/// or changes its meaning, since programs of other people read it.
pub const SCHEMA_VERSION: u32 = 1;

/// The exchange as an object of the schema.
pub fn as_json(exchange: &ExchangeRecord) -> Value {
    json!({
        "version": SCHEMA_VERSION,
        "id": exchange.id,
        "at": to_the_millisecond(exchange.at),
        "face": exchange.face,
        "outcome": exchange.outcome.as_str(),
        "code": exchange.code,
        "detail": exchange.detail,
        "issuer": exchange.issuer,
        "role": exchange.role,
        "repository_id": exchange.repository_id,
        "repository": exchange.repository,
        "owner_id": exchange.owner_id,
        "owner": exchange.owner,
        "run_id": exchange.run_id,
        "job": exchange.job,
        "event": exchange.event,
        "ref": exchange.git_ref,
        "project_id": exchange.project_id,
        "source": exchange.source,
        "policy_version": exchange.policy_version,
        "claims": column(exchange.claims.as_deref()),
        "trace": column(exchange.trace.as_deref()),
        "request_id": exchange.request_id,
        "credentials": exchange.credentials.iter().map(credential).collect::<Vec<_>>(),
    })
}

/// A column that holds JSON; whatever else is in it is the text that it is.
pub fn column(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| serde_json::from_str(text).unwrap_or_else(|_| text.into()))
}

fn credential(credential: &CredentialRecord) -> Value {
    json!({
        "id": credential.id,
        "kind": credential.kind,
        "audience": credential.audience,
        "scopes": credential.scopes,
        "expires_at": credential.expires_at.to_string(),
        "key_id": credential.key_id,
    })
}

fn to_the_millisecond(moment: Timestamp) -> String {
    let millis = moment.millis().rem_euclid(1000);
    format!("{}.{millis:03}Z", moment.to_string().trim_end_matches('Z'))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use daypass_jose::Random;
    use daypass_jose::ids::{CredentialId, ExchangeId};

    use super::*;

    struct Zeros;

    impl Random for Zeros {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    #[test]
    fn a_moment_is_told_to_the_millisecond() {
        for (millis, told) in [
            (1_795_512_599_007, "2026-11-24T09:29:59.007Z"),
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] {
            let moment = Timestamp::from_millis(millis);
            assert_eq!(to_the_millisecond(moment), told);
            assert_eq!(Timestamp::parse(told), Some(moment));
        }
    }

    #[test]
    fn the_schema_that_is_documented_has_each_member_and_no_other() {
        let credential = CredentialRecord {
            id: CredentialId::new(Timestamp::from_millis(0), &Zeros),
            kind: String::new(),
            audience: None,
            scopes: Vec::new(),
            expires_at: Timestamp::from_millis(0),
            key_id: None,
        };
        let id = ExchangeId::first_of(Timestamp::from_millis(0));
        let exchange = ExchangeRecord {
            credentials: vec![credential],
            ..ExchangeRecord::new(id, Timestamp::from_millis(0), "native", "192.0.2.1")
        };
        let whole = as_json(&exchange);
        let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        let mut members = names(&whole);
        members.extend(names(&whole["credentials"][0]).iter().map(|name| format!("credentials[].{name}")));
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/audit.md");
        let documentation = std::fs::read_to_string(path).unwrap();
        let schema = documentation.split_once("## The schema").unwrap().1;
        let rows = schema.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        assert_eq!(rows.map(ToOwned::to_owned).collect::<BTreeSet<_>>(), members);
        assert!(schema.contains(&format!("`version` is {SCHEMA_VERSION}.")));
    }

    #[test]
    fn what_is_no_json_is_a_text() {
        assert_eq!(column(Some("{\"a\":1}")), json!({"a": 1}));
        assert_eq!((column(Some("{")), column(None)), (json!("{"), Value::Null));
    }
}
