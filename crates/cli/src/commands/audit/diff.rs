//! The trace of a decision as a diff: of each block that was tried, the claims that differ, and shortly those that held.
//!
//! It is read as it was stored, perhaps by another version: what is not understood is left out, and if nothing is, the
//! text itself is shown.

use daypass_app::audit;
use daypass_client::printable;
use serde_json::Value;

use crate::output::{BAD, FAINT, GOOD, styled};
use crate::table::{Cell, Table};
use crate::words;

/// Reasons that lie in how the repository stands. The blocks were tested all the same, but nothing hung on them.
const OF_STANDING: [&str; 4] = ["project_unknown", "project_pending", "project_suspended", "project_deleted"];

/// Values of a list that are shown; a reader who needs all of them has `--json`.
const MAX_WANTED: usize = 3;

/// What stands before the claims of a block.
const INDENT: &str = "      ";

/// The trace as lines; `elsewhere` is what else is known of the repository.
pub(in crate::commands) fn shown(trace: &str, elsewhere: Option<&str>) -> String {
    let value = audit::column(Some(trace));
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
    let mut blocks: Vec<Block<'_>> = members(&value, "blocks").map(Block::of).collect();
    // What decided, or came closest to it, is what a reader looks for.
    blocks.sort_by_key(Block::distance);
    let has = |kind| blocks.iter().any(|block| block.kind == kind);
    let (is_denied, is_let_in) = (has(Kind::KeepsOut), has(Kind::LetsIn));
    for block in blocks.iter().filter(|_| !is_of_standing) {
        lines.push(block.heading(is_denied));
        // Of a job that is let in by one block, nobody asks what differs from the others.
        if block.kind != Kind::Differs || !is_let_in {
            lines.extend(block.claims());
        }
    }
    if lines.is_empty() { format!("  {}", printable(trace)) } else { lines.join("\n") }
}

/// Why the policy said no, if it did.
pub(super) fn reason(trace: &str) -> Option<String> {
    text(&audit::column(Some(trace)), "reason").map(ToOwned::to_owned)
}

/// The key that verified the token, and how old the set was that it is of.
pub(super) fn key(trace: &str) -> Option<String> {
    let trace = audit::column(Some(trace));
    let key = trace.get("key").filter(|key| key.is_object())?;
    let id = text(key, "id").map_or_else(|| "the one key of the issuer".to_owned(), printable);
    let age = key.get("age_seconds").and_then(Value::as_i64);
    let age =
        age.map_or_else(|| "from a file".to_owned(), |age| format!("fetched {} before", words::span(age)));
    Some(format!("{id}, {age}"))
}

/// One block of the policy, as it was tried.
struct Block<'a> {
    value: &'a Value,
    kind: Kind,
    conditions: Vec<&'a Value>,
}

/// What became of a block.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It denies, and matches.
    KeepsOut,
    /// It trusts, and matches.
    LetsIn,
    /// It trusts, and does not match.
    Differs,
    /// It speaks of another issuer.
    OtherIssuer,
    /// It denies, and does not match.
    NotApplying,
}

impl<'a> Block<'a> {
    fn of(value: &'a Value) -> Self {
        let is_deny = text(value, "effect") == Some("deny");
        let matches = value.get("matches").and_then(Value::as_bool).unwrap_or(false);
        let tests_nothing = value.get("conditions").and_then(Value::as_array).is_some_and(Vec::is_empty);
        let kind = match (is_deny, matches) {
            (_, false) if tests_nothing => Kind::OtherIssuer,
            (true, true) => Kind::KeepsOut,
            (false, true) => Kind::LetsIn,
            (false, false) => Kind::Differs,
            (true, false) => Kind::NotApplying,
        };
        Self { value, kind, conditions: members(value, "conditions").collect() }
    }

    /// How far from deciding it was.
    fn distance(&self) -> (u8, usize) {
        match self.kind {
            Kind::KeepsOut => (0, 0),
            Kind::LetsIn => (1, 0),
            Kind::Differs => (2, self.split().1.len()),
            Kind::OtherIssuer => (3, 0),
            Kind::NotApplying => (4, 0),
        }
    }

    /// The claims that differ, and under them those that held.
    fn claims(&self) -> Vec<String> {
        let (held, differing) = self.split();
        let (shown_in_full, shown_shortly) = match self.kind {
            Kind::KeepsOut => (held, Vec::new()),
            Kind::LetsIn | Kind::Differs => (differing, held),
            Kind::OtherIssuer | Kind::NotApplying => (Vec::new(), Vec::new()),
        };
        let mut lines = Vec::new();
        if !shown_in_full.is_empty() {
            lines.push(self.differences(&shown_in_full));
        }
        if !shown_shortly.is_empty() {
            lines.push(format!("{INDENT}{} {}", styled(GOOD, "held"), in_short(&shown_shortly)));
        }
        lines
    }

    /// The conditions that hold, and those that do not.
    fn split(&self) -> (Vec<&'a Value>, Vec<&'a Value>) {
        let holds = |condition: &&Value| condition.get("holds").and_then(Value::as_bool).unwrap_or(false);
        self.conditions.iter().partition(|condition| holds(condition))
    }

    fn heading(&self, is_denied: bool) -> String {
        let kind = if text(self.value, "effect") == Some("deny") { "deny" } else { "trust" };
        let differing = self.split().1.len();
        let (mark, said) = match self.kind {
            Kind::KeepsOut => (styled(BAD, "✗"), "keeps it out".to_owned()),
            Kind::LetsIn if is_denied => (styled(FAINT, "·"), "would let it in".to_owned()),
            Kind::LetsIn => (styled(GOOD, "✓"), "lets it in".to_owned()),
            Kind::Differs => {
                let all = self.conditions.len();
                let verb = if differing == 1 { "differs" } else { "differ" };
                (styled(BAD, "✗"), format!("{differing} of {all} claims {verb}"))
            }
            Kind::OtherIssuer => (styled(FAINT, "·"), "the token is of another issuer".to_owned()),
            Kind::NotApplying => (styled(FAINT, "·"), "does not apply".to_owned()),
        };
        let issuer = printable(text(self.value, "issuer").unwrap_or("?"));
        format!("  {mark} {kind} block for `{issuer}`{}: {said}", place(self.value))
    }

    fn differences(&self, conditions: &[&Value]) -> String {
        let but = if self.kind == Kind::KeepsOut { "anything but " } else { "" };
        let mut table = Table::indented(INDENT);
        for condition in conditions {
            let claim = text(condition, "claim").unwrap_or("?");
            let got = text(condition, "got").unwrap_or("nothing: the token lacks it");
            table.row([claim.into(), Cell::new(&format!("- wanted {but}{}", wanted(condition)), BAD)]);
            table.row(["".into(), Cell::new(&format!("+ got    {got}"), GOOD)]);
        }
        table.to_string()
    }
}

/// Claims and what they are, in a line or two.
fn in_short(conditions: &[&Value]) -> String {
    let each = conditions.iter().map(|condition| {
        let got = text(condition, "got").unwrap_or("(absent)");
        format!("{}={}", printable(text(condition, "claim").unwrap_or("?")), printable(got))
    });
    words::wrapped(&each.collect::<Vec<_>>().join(" "), "           ")
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

fn members<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn in_words(reason: &str) -> String {
    let known = match reason {
        "role_unknown" => "no policy file defines this role",
        "project_unknown" => "the repository is not onboarded, and no role was named",
        "project_pending" => "the repository waits for an operator's yes",
        "project_suspended" => "the repository is suspended",
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

/// What an operator can do about a no of the policy.
pub(super) fn advice(reason: &str) -> Option<&'static str> {
    Some(match reason {
        "role_unknown" => "name a role that a policy file defines, or define this one",
        "project_unknown" => "onboard it with `daypass project add`, or have the job name a role",
        "project_pending" => "accept its owner, or leave it waiting",
        "project_suspended" => "`daypass project resume` lets it in again",
        "project_deleted" => "onboard it again with `daypass project add`, if it is back",
        "denied_by_rule" => "run the job where the deny block does not apply, or change the block",
        "no_rule_matches" => "run the job where the claims fit, or change a trust block of the role",
        "grant_unfillable" => "take the claim out of the role's grant, or run a job whose token has it",
        _ => return None,
    })
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
    fn where_the_standing_decided_no_block_is_shown_as_if_it_had() {
        let trace = r#"{"role":"project","standing":"unknown","reason":"project_unknown","blocks":[
            {"effect":"trust","file":"[projects]","line":1,"issuer":"emulator","matches":true,"conditions":[]}]}"#;
        let plain = anstream::adapter::strip_str(&shown(trace, Some("onboarded elsewhere"))).to_string();
        insta::assert_snapshot!(plain, @"
          the repository is not onboarded, and no role was named
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
        assert!(shown(&trace(r#""a","b","c""#), None).contains("- wanted a or b or c\u{1b}"));
        let long = shown(&trace(r#""a","b","c","d","e""#), None);
        assert!(long.contains("- wanted a or b or c … (5 in all)"), "{long}");
    }

    #[test]
    fn what_another_version_wrote_is_shown_as_it_is() {
        assert_eq!(reason(r#"{"reason":"role_unknown"}"#).as_deref(), Some("role_unknown"));
        assert_eq!((reason(r#"{"reason":null}"#), reason("not json")), (None, None));
        assert_eq!(shown("not json", None), "  not json");
        assert_eq!(shown("[1]", None), "  [1]");
        assert!(shown(r#"{"blocks":[{}]}"#, None).contains("trust block for `?`"));
    }

    #[test]
    fn each_reason_of_the_policy_has_its_words_and_its_advice() {
        use daypass_policy::DenialReason as Reason;
        for reason in [
            Reason::RoleUnknown,
            Reason::ProjectUnknown,
            Reason::ProjectPending,
            Reason::ProjectSuspended,
            Reason::ProjectDeleted,
            Reason::DeniedByRule,
            Reason::NoRuleMatches,
            Reason::GrantUnfillable,
        ] {
            assert!(advice(reason.as_str()).is_some(), "{reason:?}");
            assert_ne!(in_words(reason.as_str()), reason.as_str());
        }
    }
}
