//! What no role of a folder can exceed.

use crate::kit::{file, load};

const ROLE: &str = "[roles.r]\nmax_ttl = \"1h\"\n[[roles.r.trust]]\nissuer = \"github\"\nrepository_owner_id = \"65\"\n\
                    [roles.r.grants.api]\naudience = \"https://a.example\"\nscopes = [\"releases:write\"]\n";

fn under(path: &str, ceiling_path: &str, ceiling: &str) -> Result<(), String> {
    load(&[file(ceiling_path, ceiling), file(path, ROLE)]).map(|_| ())
}

#[test]
fn a_role_at_or_under_its_ceiling_is_taken() {
    for ceiling in [
        "",
        "issuers = [\"github\", \"gitlab\"]",
        "owner_ids = [\"65\", \"66\"]",
        "audiences = [\"https://a.example\"]",
        "audiences = [{ glob = \"https://*.example\" }]",
        "scopes = [{ glob = \"releases:*\" }]",
        "max_ttl = \"1h\"",
    ] {
        assert_eq!(under("team/a/x.toml", "team/_ceiling.toml", ceiling), Ok(()), "{ceiling}");
    }
}

#[test]
fn a_role_over_its_ceiling_is_refused() {
    for ceiling in [
        "issuers = [\"gitlab\"]",
        "owner_ids = [\"66\"]",
        "owner_ids = []",
        "audiences = [\"https://b.example\"]",
        "scopes = [\"releases:read\"]",
        "scopes = []",
        "max_ttl = \"59m\"",
    ] {
        for path in ["team/x.toml", "team/a/b/x.toml"] {
            let fault = under(path, "team/_ceiling.toml", ceiling).expect_err(ceiling);
            assert!(fault.contains("error[over_ceiling]"), "{fault}");
        }
    }
}

#[test]
fn a_ceiling_bounds_its_own_folder_and_those_below() {
    let closed = "scopes = []";
    for path in ["other/x.toml", "x.toml", "teams/x.toml", "team-two/x.toml"] {
        assert_eq!(under(path, "team/_ceiling.toml", closed), Ok(()), "{path}");
    }
    assert!(under("other/x.toml", "_ceiling.toml", closed).is_err());
    let both = load(&[
        file("_ceiling.toml", "max_ttl = \"2h\""),
        file("team/_ceiling.toml", "max_ttl = \"30m\""),
        file("team/x.toml", ROLE),
    ]);
    assert!(both.is_err(), "the tighter of two holds");
}

#[test]
fn a_ceiling_that_cannot_be_read_refuses_the_policy() {
    for ceiling in ["isuers = []", "issuers = [\"githb\"]", "scopes = [1]", "max_ttl = \"1\"", "x ="] {
        assert!(under("team/x.toml", "team/_ceiling.toml", ceiling).is_err(), "{ceiling}");
    }
}

#[test]
fn an_id_of_another_kind_with_the_same_number_is_not_within_the_ceiling() {
    let enterprise = ROLE.replace("repository_owner_id", "enterprise_id");
    let files = [file("_ceiling.toml", "owner_ids = [\"65\"]"), file("x.toml", &enterprise)];
    assert!(load(&files).err().unwrap().contains("over_ceiling"));
}

#[test]
fn every_grant_of_the_language_is_bounded() {
    let roles = |grant: &str| {
        format!(
            "[roles.r]\nmax_ttl = \"1h\"\n[[roles.r.trust]]\nissuer = \"github\"\nrepository_owner_id = \"65\"\n[roles.r.grants.{grant}\n"
        )
    };
    let over = |grant: &str, ceiling: &str| {
        let faults = load(&[file("_ceiling.toml", ceiling), file("x.toml", &roles(grant))]).unwrap_err();
        faults.matches("error[over_ceiling]").count()
    };
    let aws = "aws]\narn = \"arn:aws:iam::000000000000:role/team-{repository_id}\"\n\
               upstream = { role = \"arn:aws:iam::111111111111:role/real\", region = \"us-west-2\" }";
    let registry = "registry]\npush = [\"team/{repository_id}/*\"]\npull = [\"team/**\"]";
    let state = "state]\nwrite = [\"live/{repository_id}/**\"]\nread = [\"live/shared\"]";
    let identity = "identity]\naudience = \"api://AzureADTokenExchange\"";
    for (grant, within, beyond) in [
        (
            aws,
            "arns = [{ glob = \"arn:aws:iam::000000000000:role/team-*\" }]",
            "arns = [{ glob = \"arn:aws:iam::*:role/x-*\" }]",
        ),
        (aws, "upstream_roles = [\"arn:aws:iam::111111111111:role/real\"]", "upstream_roles = []"),
        (registry, "registry = [{ glob = \"team/**\" }]", "registry = [{ glob = \"team/*/*\" }]"),
        (registry, "registry = [{ glob = \"**\" }]", "registry = [{ glob = \"team/1/**\" }]"),
        (state, "state = [{ glob = \"live/**\" }]", "state = [{ glob = \"live/*\" }]"),
        (
            state,
            "state = [\"live/{repository_id}/**\", \"live/shared\"]",
            "state = [\"live/{repository_id}/**\"]",
        ),
        (identity, "audiences = [\"api://AzureADTokenExchange\"]", "audiences = [\"https://a.example\"]"),
        (identity, "max_ttl = \"1h\"", "max_ttl = \"30m\""),
    ] {
        let within = within.replace("glob = \"**\"", "glob = \"team**\"");
        assert_eq!(over(grant, &within), 0, "{grant} under {within}");
        assert!(over(grant, beyond) > 0, "{grant} under {beyond}");
    }
}
