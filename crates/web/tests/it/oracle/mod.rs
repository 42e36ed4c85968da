//! Nobody learns which roles there are by asking: whatever a repository asks for that no role in question knows, the answers
//! differ in nothing but their ids, and no clock tells them apart.
//!
//! `TEST_ORACLE_ASKS` says how many asks (400). Where it is set their times are compared too; `scripts/soak` sets it to ten
//! thousand.

mod ask;
mod times;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::attacks::kit::{Kit, Table};
use crate::support::app::{Setup, TestApp};
use ask::{Answered, FACES, Face, ask};
use times::Times;

/// Asks where nobody says how many.
const ASKS: usize = 400;

/// Blocks of the role that is looked at for longest.
const BLOCKS_OF_LARGE: usize = 100;

/// What is asked for: a role that is absent, and roles that are there, of others.
const ROLES: [&str; 4] = ["absent", "deploy", "large", "denying"];

/// Ids of owners who ask: of one no role knows anything, the other has a role, for which it does not ask.
const OWNERS: [&str; 2] = ["8", "77"];

fn policy() -> String {
    let mut policy = String::new();
    let role = |name: &str, owners: &[String]| {
        let mut text = format!("[roles.{name}]\n");
        for owner in owners {
            write!(
                text,
                "[[roles.{name}.trust]]\nissuer = \"main\"\nrepository_owner_id = \"{owner}\"\nref = {{ glob = \
                 \"refs/heads/release/**/*-*\" }}\nenvironment = [\"staging\", \"production\"]\n"
            )
            .unwrap();
        }
        text + &format!(
            "[roles.{name}.grants.api]\naudience = \"https://{name}.example.com\"\nscopes = [\"releases:write\"]\n"
        )
    };
    let many: Vec<String> = (0..BLOCKS_OF_LARGE).map(|number| format!("65{number}")).collect();
    policy += &role("deploy", &["65".to_owned()]);
    policy += &role("large", &many);
    policy += &role("denying", &["65".to_owned()]);
    policy += "[[roles.denying.deny]]\nissuer = \"main\"\nrunner_environment = \"github-hosted\"\nabsent = \"deny\"\n";
    policy += &role("theirs", &["77".to_owned()]);
    policy
}

async fn start() -> (Kit, Table, TestApp) {
    let kit = Kit::start().await;
    let app =
        Setup::new().shared("main", kit.main.url(), "github", &["RS256"]).policy(&policy()).start().await;
    (kit, Table::default(), app)
}

/// What an asker chooses itself, and what the roles look at.
fn token(kit: &Kit, table: &mut Table, number: usize) -> String {
    let refs = ["refs/heads/main", "refs/heads/release/1/x-y", "refs/tags/v1", "refs/heads/x"];
    let environments = [None, Some("production"), Some("staging"), Some("x")];
    let own = |name: &str, value: Option<Value>| (name.to_owned(), value);
    let environment = environments[number / 4 % 4].map(Into::into);
    let changes = [
        own("repository_id", Some(json!("9"))),
        own("repository_owner_id", Some(json!(OWNERS[number / 16 % 2]))),
        own("ref", Some(json!(refs[number % 4]))),
        own("environment", environment),
    ];
    let changes: Vec<(&str, Option<Value>)> =
        changes.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    kit.with(table, &changes)
}

/// Asks for every role at every face, in an order that a seed has shuffled, so that what else the machine does meets all
/// alike.
async fn answers(asks: usize) -> Vec<(&'static str, Face, Answered)> {
    let (kit, mut table, app) = start().await;
    let kinds: Vec<(&str, Face)> = ROLES.iter().flat_map(|role| FACES.map(|face| (*role, face))).collect();
    let mut answers = Vec::new();
    let mut dice: u64 = 0x9e37_79b9_7f4a_7c15;
    for round in 0..asks.div_ceil(kinds.len()) {
        let mut kinds = kinds.clone();
        while !kinds.is_empty() {
            // xorshift64
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            let (role, face) =
                kinds.swap_remove(usize::try_from(dice % u64::try_from(kinds.len()).unwrap()).unwrap());
            let name = if role == "absent" { format!("absent{}", dice % 7) } else { role.to_owned() };
            let token = token(&kit, &mut table, usize::try_from(dice >> 20).unwrap().wrapping_add(round));
            answers.push((role, face, ask(app.address, face, &name, &token).await));
        }
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_stranger_asks_for_the_answers_differ_in_nothing_but_their_ids() {
    let chosen = times::number("TEST_ORACLE_ASKS");
    let answers = answers(chosen.unwrap_or(ASKS)).await;
    let mut first: BTreeMap<Face, &str> = BTreeMap::new();
    for (role, face, answered) in &answers {
        let same = first.entry(*face).or_insert(&answered.text);
        assert_eq!(*same, answered.text, "{face:?}, {role}");
        assert!(answered.text.contains("not_allowed") && !answered.text.contains("differences"), "{same}");
    }
    assert_eq!(first.len(), FACES.len());
    if chosen.is_some() {
        let times = Times::of(&answers);
        assert!(
            times.finds_what_is_planted(),
            "a difference that was planted is not found: {}",
            times.told()
        );
        println!("{}", times.told());
        assert!(times.are_alike(), "{}", times.told());
    }
}

#[tokio::test]
async fn who_is_known_to_a_role_is_told_what_differs_so_that_the_answers_are_not_alike_by_accident() {
    let (kit, mut table, app) = start().await;
    let own = kit.with(&mut table, &[("repository_owner_id", Some(json!("77")))]);
    for face in FACES {
        let known = ask(app.address, face, "theirs", &own).await;
        let stranger = ask(app.address, face, "deploy", &own).await;
        assert_ne!(known.text, stranger.text, "{face:?}");
        assert!(known.text.contains("environment"), "{face:?}: {}", known.text);
    }
}
