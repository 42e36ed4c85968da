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
