//! What is written loads, says what was asked for and nothing else, whatever is asked for.

use clap::Parser as _;
use daypass_policy::{Condition, Pattern, Policy, PolicyFile, Template, TrustBlock, Wanted};
use proptest::prelude::*;

use super::files::Files;
use super::plan::Plan;
use crate::args::{Arguments, Command, InitArguments};
use crate::settings::{Overlay, Settings};

fn arguments(flags: &[&str]) -> InitArguments {
    let all = ["daypass", "init"].iter().chain(flags);
    let Command::Init(arguments) = Arguments::try_parse_from(all).unwrap().command else {
        panic!("{flags:?}")
    };
    *arguments
}

/// What a command line without a terminal comes to.
fn made(flags: &[&str]) -> Result<(Plan, Files), String> {
    let arguments = arguments(flags);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let plan = runtime.block_on(Plan::make(&arguments, false)).map_err(|fault| fault.to_string())?;
    let files = Files::make(&plan, &arguments).map_err(|fault| fault.to_string())?;
    Ok((plan, files))
}

const GITHUB: [&str; 8] = [
    "--ci",
    "github",
    "--repository",
    "octo-org/octo-repo",
    "--repository-id",
    "123456789",
    "--owner-id",
    "65",
];
const GITLAB: [&str; 8] =
    ["--ci", "gitlab", "--project-path", "octo/app", "--project-id", "42", "--namespace-id", "7"];

/// The trust blocks of the one role, each as `claim=value`, read as the server reads them.
fn blocks(plan: &Plan, files: &Files) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("policies")).unwrap();
    let path = folder.path().join("daypass.toml");
    let settings = Settings::from_text(&path, &files.settings.text, &Overlay::default());
    let settings = settings.unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(settings.public_url, plan.public_url);
    let issuers: Vec<&str> = settings.policy.issuers.iter().map(|issuer| issuer.name.as_str()).collect();
    let name = if files.settings.text.contains("\nname     = \"github\"\n") { "github" } else { "gitlab" };
    assert_eq!(issuers, if plan.is_local() { vec![name, "emulator"] } else { vec![name] });
    let file = PolicyFile { path: "role.toml".to_owned(), text: files.role.text.clone() };
    let (policy, findings) = Policy::load(&[file], &settings.policy).unwrap();
    assert_eq!(findings, []);
    let names: Vec<&str> =
        policy.roles().map(|role| role.name.as_str()).filter(|name| *name != "project").collect();
    assert_eq!((names.as_slice(), policy.deny().len()), (&[plan.role.as_str()][..], 0));
    let role = policy.role(&plan.role).unwrap();
    let api = role.grants.api.as_ref().unwrap();
    let scopes: Vec<&str> = api.scopes.iter().map(Template::as_str).collect();
    assert_eq!(
        (api.audience.as_str(), scopes),
        (plan.audience.as_str(), plan.scopes.iter().map(String::as_str).collect())
    );
    let shown = |condition: &Condition| {
        let Pattern::AnyOf(wanted) = &condition.pattern else { panic!("{condition:?}") };
        let [Wanted::Exact(text)] = wanted.as_slice() else { panic!("{condition:?}") };
        format!("{}={text}", condition.claim)
    };
    let block = |block: &TrustBlock| {
        assert!(!block.untrusted_triggers);
        let conditions: Vec<String> = block.conditions.iter().map(shown).collect();
        format!("{}: {}", block.issuer, conditions.join(" "))
    };
    role.trust.iter().map(block).collect()
}

#[test]
fn every_choice_gives_files_that_load_without_a_finding_and_say_just_that() {
    let github = "repository_owner_id=65 repository_id=123456789 ref=refs/heads/main";
    let gitlab = "namespace_id=7 project_id=42 ref=main ref_type=branch ref_protected=true";
    for (base, name, conditions) in [(&GITHUB, "github", github), (&GITLAB, "gitlab", gitlab)] {
        for url in [
            "https://pass.example.com",
            "https://127.0.0.1:8443",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
        ] {
            for (more, and) in [
                (&[][..], ""),
                (&["--environment", "prod eu/1"], " environment=prod eu/1"),
                (
                    &[
                        "--role",
                        "true",
                        "--audience",
                        "https://x.example.com/a?b#c'&",
                        "--scope",
                        "a:b",
                        "--scope",
                        "c",
                    ],
                    "",
                ),
                (&["--store", "postgres://daypass@127.0.0.1/daypass"], ""),
            ] {
                let flags = [&base[..], &["--public-url", url], more].concat();
                let (plan, files) = made(&flags).unwrap_or_else(|fault| panic!("{flags:?}: {fault}"));
                let issuers: &[&str] = if plan.is_local() { &[name, "emulator"] } else { &[name] };
                let wanted: Vec<String> =
                    issuers.iter().map(|issuer| format!("{issuer}: {conditions}{and}")).collect();
                assert_eq!(blocks(&plan, &files), wanted, "{flags:?}");
            }
        }
    }
    let own = [
        &GITLAB[..],
        &["--public-url", "https://pass.example.com", "--gitlab-url", "https://git.example.com/gitlab"],
    ];
    let (plan, files) = made(&own.concat()).unwrap();
    assert_eq!(blocks(&plan, &files), [format!("gitlab: {gitlab}")]);
    assert!(
        files.settings.text.contains("\nurl      = \"https://git.example.com/gitlab\""),
        "{}",
        files.settings.text
    );
}

#[test]
fn a_try_out_trusts_the_emulator_alone_since_its_ids_may_be_somebodys() {
    for ci in ["github", "gitlab"] {
        let (plan, files) = made(&["--try-out", "--ci", ci]).unwrap();
        let blocks = blocks(&plan, &files);
        assert_eq!(blocks.len(), 1);
        assert!(blocks[0].starts_with("emulator: "), "{blocks:?}");
    }
    let fault = made(&["--try-out", "--public-url", "https://pass.example.com"]).unwrap_err();
    assert!(fault.contains("a try-out is on this machine alone"), "{fault}");
}

#[test]
fn what_is_missing_is_listed_at_once_with_how_it_is_found() {
    let fault = made(&["--ci", "github", "--owner", "octo-org"]).unwrap_err();
    for flag in [
        "--public-url URL",
        "--repository OWNER/NAME",
        "--repository-id ID",
        "--owner-id ID",
        "gh api repos/",
    ] {
        assert!(fault.contains(flag), "{flag}: {fault}");
    }
    let fault =
        made(&["--ci", "gitlab", "--project-path", "octo/sub/app", "--public-url", "https://p.example.com"]);
    let fault = fault.unwrap_err();
    for flag in ["--project-id ID", "--namespace-id ID", "projects/octo%2Fsub%2Fapp"] {
        assert!(fault.contains(flag), "{flag}: {fault}");
    }
    assert!(!fault.contains("--project-path"), "{fault}");
    let fault = made(&["--public-url", "https://pass.example.com"]).unwrap_err();
    assert!(fault.contains("--ci github|gitlab"), "{fault}");
}

#[test]
fn what_the_server_would_not_take_is_not_written() {
    let with = |more: &[&str]| {
        let flags = [&GITHUB[..], &["--public-url", "https://pass.example.com"], more].concat();
        made(&flags).err().unwrap_or_else(|| panic!("{more:?}"))
    };
    for (more, fault) in [
        (&["--audience", "https://pass.example.com/v1.0/admin"][..], "an address of this server itself"),
        (&["--audience", "pass.example.com"], "stands for identity tokens of the issuer `github`"),
        (&["--scope", "admin:projects"], "no policy grants scopes that begin with `admin:`"),
        (&["--role", "project"], "made from the settings"),
        (&["--store", "postgres://u:pa55word@127.0.0.1/d"], "holds a password"),
        (&["--project-id", "42"], "do not belong together"),
        (&["--ref", "release/*"], "or a pattern, into the files by hand"),
    ] {
        let told = with(more);
        assert!(told.contains(fault) && !told.contains("pa55word"), "{told}");
    }
}

#[test]
fn a_word_that_would_add_a_block_of_its_own_is_refused() {
    let block = "\n[[roles.deploy.trust]]\nissuer = \"github\"\nrepository_owner_id = \"66\"";
    for (flag, word) in [
        ("--repository", format!("octo-org/octo-repo{block} #")),
        ("--owner", format!("octo-org{block} #")),
        ("--repository-id", format!("1\"{block} #")),
        ("--ref", format!("main\"{block} #")),
        ("--environment", format!("production\"{block} #")),
        ("--audience", format!("https://api.example.com\"{block} #")),
        ("--scope", format!("a\"]{block} #")),
        ("--role", "deploy]\n[roles.evil".to_owned()),
        ("--store", "sqlite://a.db\"\n[policy.allow]\nempty_trust = \"x".to_owned()),
    ] {
        let mut pairs: Vec<(&str, &str)> = GITHUB.chunks(2).map(|pair| (pair[0], pair[1])).collect();
        pairs.retain(|(name, _)| *name != flag && (flag != "--owner" || *name != "--repository"));
        pairs.extend([("--public-url", "https://pass.example.com"), (flag, word.as_str())]);
        pairs.extend((flag == "--owner").then_some(("--repository", "octo-repo")));
        let flags: Vec<&str> = pairs.into_iter().flat_map(|(name, value)| [name, value]).collect();
        assert!(made(&flags).is_err(), "{flag}: {word}");
    }
}

#[test]
fn a_local_server_listens_where_clients_look_for_it_also_where_the_address_names_no_port() {
    for (url, listen) in [
        ("http://localhost", "127.0.0.1:80"),
        ("http://127.0.0.1", "127.0.0.1:80"),
        ("http://[::1]", "[::1]:80"),
        ("http://localhost:8081", "127.0.0.1:8081"),
        ("http://[::1]:8081", "[::1]:8081"),
        ("https://localhost", "127.0.0.1:8080"),
        ("https://pass.example.com", "127.0.0.1:8080"),
    ] {
        let (_, files) = made(&[&GITHUB[..], &["--public-url", url]].concat()).unwrap();
        let line = format!("\nlisten     = \"{listen}\"\n");
        assert!(files.settings.text.contains(&line), "{url}: {}", files.settings.text);
    }
}

#[test]
fn a_plus_in_a_name_means_itself_in_the_filter_of_github() {
    for (git_ref, line) in [
        ("refs/tags/v1.0+b", r#"    tags: ["v1.0\\+b"]"#),
        ("a+b", r#"    branches: ["a\\+b"]"#),
        ("release/1.x", r#"    branches: ["release/1.x"]"#),
    ] {
        let flags = ["--public-url", "https://pass.example.com", "--ref", git_ref];
        let (_, files) = made(&[&GITHUB[..], &flags].concat()).unwrap();
        assert!(files.workflow.text.lines().any(|told| told == line), "{}", files.workflow.text);
        // The other CI system compares, and has no patterns there.
        let (_, files) = made(&[&GITLAB[..], &flags].concat()).unwrap();
        assert!(!files.workflow.text.contains("\\\\+"), "{}", files.workflow.text);
    }
}

/// Words that want out of where they are put.
fn hostile() -> impl Strategy<Value = String> {
    let ends = prop_oneof![
        Just("\"]"),
        Just("\"\n[roles.evil]\n"),
        Just("\n"),
        Just("'"),
        Just("\""),
        Just("\\"),
        Just("#"),
        Just("${{ x }}"),
        Just("$(id)"),
        Just("*"),
        Just("**"),
        Just("{repository}"),
        Just(": "),
        Just("\u{2028}"),
        Just("\0"),
        Just("/"),
        Just("..")
    ];
    (prop_oneof!["[a-z0-9]{0,8}", "\\PC{0,8}", ".{0,8}"], ends, prop_oneof!["[a-z0-9]{0,8}", ".{0,8}"])
        .prop_map(|(before, end, after)| format!("{before}{end}{after}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_hostile_word_is_refused_or_stays_within_its_place(which in 0..10_usize, word in hostile(), gitlab: bool) {
        let flags = if gitlab {
            ["--project-path", "--project-id", "--namespace-id", "--gitlab-url", "--role", "--ref", "--environment", "--audience", "--scope", "--store"]
        } else {
            ["--repository", "--repository-id", "--owner-id", "--owner", "--role", "--ref", "--environment", "--audience", "--scope", "--public-url"]
        };
        let base = if gitlab { &GITLAB } else { &GITHUB };
        let flag = flags[which];
        let mut pairs: Vec<(&str, &str)> = base.chunks(2).map(|pair| (pair[0], pair[1])).collect();
        pairs.push(("--public-url", "https://pass.example.com"));
        pairs.retain(|(name, _)| *name != flag);
        let joined: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).chain([format!("{flag}={word}")]).collect();
        let joined: Vec<&str> = joined.iter().map(String::as_str).collect();
        if let Ok((plan, files)) = made(&joined) {
            let blocks = blocks(&plan, &files);
            prop_assert_eq!(blocks.len(), 1);
            let environment = plan.environment.as_ref().map_or(String::new(), |name| format!(" environment={name}"));
            let (id, owner_id, full, short) = (plan.project.id, plan.project.owner_id, plan.git_ref.in_full(), plan.git_ref.name());
            let wanted = if gitlab {
                let kind = if full.starts_with("refs/tags/") { "tag" } else { "branch" };
                format!("gitlab: namespace_id={owner_id} project_id={id} ref={short} ref_type={kind} ref_protected=true{environment}")
            } else {
                format!("github: repository_owner_id={owner_id} repository_id={id} ref={full}{environment}")
            };
            prop_assert_eq!(&blocks[0], &wanted);
            // The word as it is, or nothing: no part of it was dropped on the way.
            let taken = match flag {
                "--project-path" | "--repository" => plan.project.path.clone(),
                "--role" => plan.role.clone(),
                "--ref" => if word.starts_with("refs/") { full } else { short.to_owned() },
                "--environment" => plan.environment.clone().unwrap_or_default(),
                "--audience" => plan.audience.clone(),
                "--scope" => plan.scopes.join(","),
                "--store" => plan.store.clone(),
                "--public-url" => plan.public_url.to_string(),
                _ => word.clone(),
            };
            prop_assert_eq!(taken, word);
            prop_assert_eq!(files.workflow.text.matches("\non:").count(), usize::from(!gitlab));
        }
    }
}
