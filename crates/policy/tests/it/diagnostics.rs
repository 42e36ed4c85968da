//! Findings as a person sees them.

use daypass_policy::{Policy, Rendering, render};

use crate::kit::{context, file};

const BROKEN: &str = r#"# Deploys from main.
[roles.deploy]
max_ttl = "1h"

[[roles.deploy.trust]]
issuer              = "githb"

[[roles.deploy.trust]]
issuer              = "github"
repositry_id        = "123456789"
environment         = [
    "staging",
    7,
]
when                = "claims.run_attmpt == '1'"

[[roles.deploy.trust]]
issuer = "github"
ref    = { glob = "**" }

[roles.deploy.grants.api]
audience = "https://api.example.com"
scopes   = ["admin:everything"]
"#;

fn rendered(rendering: Rendering) -> String {
    let findings =
        Policy::load(&[file("policies/deploy.toml", BROKEN)], &context()).expect_err("it is taken");
    render(&findings, rendering)
}

#[test]
fn each_fault_has_its_line_its_caret_and_what_to_do() {
    insta::assert_snapshot!(rendered(Rendering::Plain));
}

#[test]
fn colours_add_nothing_but_escape_sequences() {
    let coloured = rendered(Rendering::Coloured);
    assert!(coloured.contains("\u{1b}["));
    let mut bare = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        bare.push_str(before);
        rest = after.split_once('m').map_or("", |(_, behind)| behind);
    }
    bare.push_str(rest);
    assert_eq!(bare, rendered(Rendering::Plain));
}

#[test]
fn a_file_does_not_speak_to_the_terminal() {
    let text = "[roles.r]\n\"\u{202e}x\u{9b}31m\" = 1\n\u{61c}\n";
    let findings = Policy::load(&[file("\u{1b}[2Jx.toml", text)], &context()).expect_err("it is taken");
    let shown = render(&findings, Rendering::Plain);
    let is_obeyed = |character: char| {
        character != '\n' && (character.is_control() || "\u{202e}\u{61c}".contains(character))
    };
    assert!(!shown.contains(is_obeyed), "{shown:?}");
}
