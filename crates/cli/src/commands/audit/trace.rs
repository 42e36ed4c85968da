//! The trace of a decision for a person: each block, each condition, with ticks and crosses.
//!
//! It is read as it was stored, perhaps by another version: what is not understood is left out, and if nothing is, the
//! text itself is shown.

use daypass_client::printable;
use serde_json::Value;

use crate::output::{BAD, FAINT, GOOD, styled};
use crate::table::{Cell, Table};

/// Reasons that lie in how the repository stands. The blocks were tested all the same, but nothing hung on them.
const OF_STANDING: [&str; 4] = ["project_unknown", "project_pending", "project_suspended", "project_deleted"];

/// Values of a list that are shown; a reader who needs all of them has `--json`.
const MAX_WANTED: usize = 3;

/// The trace as lines; `elsewhere` is what else is known of the repository.
pub(super) fn shown(trace: &str, elsewhere: Option<&str>) -> String {
    let value = super::column(Some(trace));
    let blocks = value.get("blocks").and_then(Value::as_array);
    let mut lines: Vec<String> = Vec::new();
    if let Some(reason) = text(&value, "reason") {
        lines.push(format!("  {}", in_words(reason)));
    }
    let is_of_standing = text(&value, "reason").is_some_and(|reason| OF_STANDING.contains(&reason));
    if let Some(standing) = text(&value, "standing").map(standing_in_words) {
        let what =
            if is_of_standing { "how the repository stands decided this:" } else { "the repository is" };
        lines.push(format!("  {what} {standing}"));
    }
    lines.extend(elsewhere.map(|elsewhere| format!("  {}", printable(elsewhere))));
    for block in blocks.into_iter().flatten().filter(|_| !is_of_standing) {
        lines.push(heading(block));
        let conditions = conditions(block);
        if !conditions.is_empty() {
            lines.push(conditions);
        }
    }
    if lines.is_empty() { format!("  {}", printable(trace)) } else { lines.join("\n") }
}

/// Why the policy said no, if it did.
pub(super) fn reason(trace: &str) -> Option<String> {
    text(&super::column(Some(trace)), "reason").map(ToOwned::to_owned)
}

fn heading(block: &Value) -> String {
    let is_deny = text(block, "effect") == Some("deny");
    let matches = block.get("matches").and_then(Value::as_bool).unwrap_or(false);
    let tests_nothing = block.get("conditions").and_then(Value::as_array).is_some_and(Vec::is_empty);
    let kind = if is_deny { "deny" } else { "trust" };
    let (mark, said) = match (is_deny, matches) {
        (_, false) if tests_nothing => (styled(FAINT, "·"), "the token is of another issuer"),
        (false, true) => (styled(GOOD, "✓"), "lets it in"),
        (false, false) => (styled(BAD, "✗"), "does not let it in"),
        (true, true) => (styled(BAD, "✗"), "keeps it out"),
        (true, false) => (styled(FAINT, "·"), "does not apply"),
    };
    let issuer = printable(text(block, "issuer").unwrap_or("?"));
    format!("  {mark} {kind} block for `{issuer}`{}: {said}", place(block))
}

fn place(block: &Value) -> String {
    let line = block.get("line").and_then(Value::as_u64);
    match (text(block, "file"), line) {
        (Some(file), _) if file.starts_with('[') => format!(", from {} of the settings", printable(file)),
        (Some(file), Some(line)) => format!(", {}:{line}", printable(file)),
        (Some(file), None) => format!(", {}", printable(file)),
        (None, _) => String::new(),
    }
}

fn conditions(block: &Value) -> String {
    let mut table = Table::indented("      ");
    let is_deny = text(block, "effect") == Some("deny");
    let tested = block.get("conditions").and_then(Value::as_array);
    for condition in tested.into_iter().flatten() {
        let holds = condition.get("holds").and_then(Value::as_bool).unwrap_or(false);
        let (mark, style) = match (holds, is_deny) {
            (true, false) => ("✓", GOOD),
            (false, false) | (true, true) => ("✗", BAD),
            (false, true) => ("·", FAINT),
        };
        let got = text(condition, "got")
            .map_or_else(|| "the token lacks it".to_owned(), |got| format!("got {got}"));
        table.row([
            Cell::new(mark, style),
            text(condition, "claim").unwrap_or("?").into(),
            format!("wanted {}", wanted(condition)).into(),
            got.into(),
        ]);
    }
    table.to_string()
}

fn wanted(condition: &Value) -> String {
    match condition.get("wanted") {
        Some(Value::Array(wanted)) => {
            let each: Vec<&str> = wanted.iter().filter_map(Value::as_str).collect();
            let first: Vec<&str> = each.iter().copied().take(MAX_WANTED).collect();
            let rest =
                if each.len() > MAX_WANTED { format!(" … ({} in all)", each.len()) } else { String::new() };
            format!("{}{rest}", first.join(" or "))
        }
        Some(Value::String(one)) => one.clone(),
        _ => "?".to_owned(),
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str)
}

fn in_words(reason: &str) -> String {
    let known = match reason {
        "role_unknown" => "no policy file defines this role",
        "project_unknown" => "the repository is not onboarded (`daypass project add`), and no role was named",
        "project_pending" => "the repository waits for an operator's yes",
        "project_suspended" => "the repository is suspended (`daypass project resume`)",
        "project_deleted" => "the repository was deleted at its provider",
        "denied_by_rule" => "a deny block matches",
        "no_rule_matches" => "no trust block matches",
        "grant_unfillable" => {
            "a claim that stands in the role's grant is absent, or could break out of its place"
        }
        other => return printable(other),
    };
    known.to_owned()
}

fn standing_in_words(standing: &str) -> String {
    match standing {
        "unknown" => "not onboarded".to_owned(),
        "active" => "onboarded".to_owned(),
        other => printable(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_condition_has_its_mark_and_what_differs_stands_side_by_side() {
        let trace = r#"{"role":"deploy","standing":"active","reason":"no_rule_matches","blocks":[
            {"effect":"deny","file":"deploy.toml","line":9,"issuer":"github","matches":false,"conditions":[
              {"claim":"runner_environment","wanted":["self-hosted"],"got":"github-hosted","holds":false}]},
            {"effect":"trust","file":"deploy.toml","line":3,"issuer":"github","matches":false,"conditions":[
              {"claim":"repository_owner_id","wanted":["65"],"got":"65","holds":true},
              {"claim":"ref","wanted":["refs/heads/main","refs/heads/next"],"got":"refs/heads/fix","holds":false},
              {"claim":"environment","wanted":["prod"],"got":null,"holds":false}]},
            {"effect":"trust","file":"[projects]","line":1,"issuer":"gitlab","matches":false,"conditions":[]}]}"#;
        let plain = anstream::adapter::strip_str(&shown(trace, None)).to_string();
        insta::assert_snapshot!(plain);
    }

    #[test]
    fn where_the_standing_decided_no_block_is_shown_as_if_it_had() {
        let trace = r#"{"role":"project","standing":"unknown","reason":"project_unknown","blocks":[
            {"effect":"trust","file":"[projects]","line":1,"issuer":"emulator","matches":true,"conditions":[]}]}"#;
        let plain = anstream::adapter::strip_str(&shown(trace, Some("onboarded elsewhere"))).to_string();
        insta::assert_snapshot!(plain, @"
          the repository is not onboarded (`daypass project add`), and no role was named
          how the repository stands decided this: not onboarded
          onboarded elsewhere
        ");
    }

    #[test]
    fn a_long_list_is_cut_short_with_its_length() {
        let trace = |wanted: &str| {
            format!(
                r#"{{"blocks":[{{"conditions":[{{"claim":"event_name","wanted":[{wanted}],"got":"x","holds":false}}]}}]}}"#
            )
        };
        assert!(shown(&trace(r#""a","b","c""#), None).contains("wanted a or b or c  got x"));
        let long = shown(&trace(r#""a","b","c","d","e""#), None);
        assert!(long.contains("wanted a or b or c … (5 in all)  got x"), "{long}");
    }

    #[test]
    fn what_another_version_wrote_is_shown_as_it_is() {
        assert_eq!(reason(r#"{"reason":"role_unknown"}"#).as_deref(), Some("role_unknown"));
        assert_eq!((reason(r#"{"reason":null}"#), reason("not json")), (None, None));
        assert_eq!(shown("not json", None), "  not json");
        assert_eq!(shown("[1]", None), "  [1]");
        assert!(shown(r#"{"blocks":[{}]}"#, None).contains("trust block for `?`"));
    }
}
