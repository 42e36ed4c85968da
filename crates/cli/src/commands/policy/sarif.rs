//! Findings as a SARIF 2.1.0 log (OASIS), in which code hosts find the lines of a pull request.

use daypass_policy::{Finding, Level, Lint, Policy};
use serde_json::{Value, json};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The rule of findings that no lint makes: the file cannot be understood, and nothing allows that.
const FAULT: &str = "fault";

/// One run with all findings.
pub(super) fn log(findings: &[Finding], policy: Option<&Policy>) -> Value {
    let driver = json!({
        "name": "daypass",
        "version": env!("CARGO_PKG_VERSION"),
        "rules": rules(),
    });
    let run = json!({
        "tool": { "driver": driver },
        // Columns are counted in characters (§3.14.17).
        "columnKind": "unicodeCodePoints",
        "properties": {
            "not_fully_linted": policy.map(|policy| policy.not_fully_linted().collect::<Vec<_>>()),
        },
        "results": findings.iter().map(result).collect::<Vec<_>>(),
    });
    json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": [run] })
}

/// Every lint, and the rule of faults behind them.
fn rules() -> Vec<Value> {
    let of_lint = |lint: Lint| {
        json!({
            "id": lint.name(),
            "shortDescription": { "text": lint.summary() },
            "fullDescription": { "text": lint.explanation() },
            "defaultConfiguration": { "level": level(lint.level()) },
        })
    };
    let mut rules: Vec<Value> = Lint::ALL.into_iter().map(of_lint).collect();
    rules.push(json!({
        "id": FAULT,
        "shortDescription": { "text": "a policy file that cannot be understood" },
        "defaultConfiguration": { "level": "error" },
    }));
    rules
}

fn result(finding: &Finding) -> Value {
    let index = match finding.lint {
        Some(lint) => Lint::ALL.iter().position(|one| *one == lint).unwrap_or(Lint::ALL.len()),
        None => Lint::ALL.len(),
    };
    let who =
        finding.counter_example.as_ref().map(|example| format!("takes `{}`: {}", example.role, example.who));
    let parts = [Some(finding.message.clone()), who, finding.help.clone()];
    let text = parts.into_iter().flatten().collect::<Vec<_>>().join("\n");
    let mut region = json!({ "startLine": finding.line, "startColumn": finding.column });
    if let (Some(excerpt), Some(region)) = (&finding.excerpt, region.as_object_mut()) {
        region.insert("endLine".to_owned(), excerpt.end_line.into());
        region.insert("endColumn".to_owned(), excerpt.end_column.into());
    }
    json!({
        "ruleId": finding.lint.map_or(FAULT, Lint::name),
        "ruleIndex": index,
        "level": level(finding.level),
        "message": { "text": text },
        "locations": [{
            "physicalLocation": { "artifactLocation": { "uri": uri(&finding.file) }, "region": region },
        }],
    })
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Deny => "error",
        Level::Warn => "warning",
    }
}

/// A path as a URI reference (RFC 3986); an absolute one as `file://`.
fn uri(path: &str) -> String {
    let written = |byte: u8| {
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
        if is_plain { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    let scheme = if path.starts_with('/') { "file://" } else { "" };
    std::iter::once(scheme.to_owned()).chain(path.bytes().map(written)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_uri() {
        assert_eq!(uri("policies/a b.toml"), "policies/a%20b.toml");
        assert_eq!(uri("/etc/x/ä:1.toml"), "file:///etc/x/%C3%A4%3A1.toml");
    }
}
