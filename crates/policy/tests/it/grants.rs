//! Grants of the language: typed and checked, and refused where this build does not mint them.

use crate::kit::{file, load};

fn faults(grant: &str) -> Vec<String> {
    let text = format!(
        "[[roles.r.trust]]\nissuer = \"github\"\nrepository_owner_id = \"65\"\nrepository_id = \"1\"\n[roles.r.grants.{grant}\n"
    );
    let faults = load(&[file("roles.toml", &text)]).expect_err(grant);
    faults.lines().filter(|line| line.starts_with("roles.toml")).map(str::to_owned).collect()
}

/// Faults beside the one that the grant is not minted.
fn others(grant: &str) -> Vec<String> {
    let faults = faults(grant);
    assert!(faults.iter().any(|fault| fault.contains("mints no")), "{grant}: {faults:?}");
    faults.into_iter().filter(|fault| !fault.contains("mints no")).collect()
}

#[test]
fn a_grant_that_this_build_does_not_mint_is_refused_and_known() {
    for grant in [
        "aws]\narn = \"arn:aws:iam::000000000000:role/example-deploy\"\npolicy = \"ecr-push.json\"",
        "aws]\narn = \"arn:aws:iam::000000000000:role/x-{repository_id}\"\n\
         upstream = { role = \"arn:aws:iam::111111111111:role/real\", region = \"us-west-2\" }",
        "aws]\narn = \"arn:aws:iam::000000000000:role/x\"\npolicy = \"x.json\"\ntrust_policy = \"trust.json\"",
        "registry]\npush = [\"team/{repository_id}/*\"]\npull = [\"**\"]",
        "state]\nwrite = [\"live/{repository_id}/**\"]",
        "state]\nread = [\"live/{repository_id}/**\"]",
        "github]\nrepository_ids = [\"987654321\"]\npermissions = { contents = \"write\" }",
        "identity]\naudience = \"api://AzureADTokenExchange\"\nsubject = \"team:payments:prod\"",
        "identity]\naudience = \"sts.amazonaws.com\"",
    ] {
        assert_eq!(others(grant), Vec::<String>::new(), "{grant}");
    }
}

#[test]
fn what_a_grant_says_is_checked_with_its_place() {
    let all: Vec<String> = [
        "aws]\narn = \"arn:aws:iam::1:role/x\"\npolicy = \"../x.json\"\nregion = \"x\"",
        "aws]\narn = \"arn:aws:iam::000000000000:role/x\"\nupstream = { role = \"arn:aws:iam::111111111111:role/{repository_id}\", region = \"US\" }",
        "registry]\npsh = [\"a/*\"]",
        "registry]\npush = [\"team/{repository}/*\", \"a//b\", \"a/../b\", \"a|b\", \"{nothing}/x\"]",
        "state]\nwrite = \"live/**\"",
        "github]\nrepository_ids = [\"octo-org/octo-repo\"]\npermissions = { content = \"write\", issues = \"all\" }",
        "github]\nrepository_ids = []",
        "identity]\naudience = \"https://pass.example.com/v1.0/admin\"",
        "identity]\naudience = \"x:{repository_id}\"",
    ]
    .into_iter()
    .flat_map(others)
    .collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn two_roles_with_one_arn_are_refused() {
    let role = |name: &str, arn: &str| {
        format!(
            "[roles.{name}]\n[[roles.{name}.trust]]\nissuer = \"github\"\nrepository_owner_id = \"65\"\n\
             [roles.{name}.grants.aws]\narn = \"arn:aws:iam::000000000000:role/{arn}\"\npolicy = \"x.json\"\n"
        )
    };
    let faults = |one: &str, other: &str| {
        load(&[file("a.toml", &role("a", one)), file("b.toml", &role("b", other))]).unwrap_err()
    };
    assert!(faults("x", "x").contains("b.toml:1:8: error[duplicate_arn]"), "{}", faults("x", "x"));
    assert!(!faults("x", "y").contains("duplicate_arn"));
}
