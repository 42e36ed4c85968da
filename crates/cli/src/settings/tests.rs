//! Each rule of the settings, by tables of texts and what is said of them.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Overlay, Settings};

const LOCAL: &str = "public_url = 'http://127.0.0.1:8080'\n";
const PUBLIC: &str = "public_url = 'https://pass.example.com'\n";

fn read(text: &str, overlay: &Overlay) -> Result<Settings, String> {
    Settings::from_text(Path::new("daypass.toml"), text, overlay).map_err(|faults| faults.to_string())
}

fn taken(text: &str) -> Settings {
    read(text, &Overlay::default()).unwrap_or_else(|faults| panic!("{text}\n{faults}"))
}

fn refused(text: &str) -> String {
    read(text, &Overlay::default()).err().unwrap_or_else(|| panic!("taken: {text}"))
}

fn variables(pairs: &[(&str, &str)]) -> Overlay {
    let environment: BTreeMap<String, String> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Overlay::of_environment(&environment)
}

fn issuer(lines: &str) -> String {
    format!("[[issuers]]\nname = 'github'\nprovider = 'github'\n{lines}\n")
}

#[test]
fn nothing_said_means_this_machine_alone() {
    let settings = taken("");
    assert_eq!(settings.public_url.as_str(), "http://127.0.0.1:8080");
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.store.to_string(), "sqlite://daypass.db");
    assert_eq!(settings.policy.projects.audience, "http://127.0.0.1:8080");
    assert_eq!(settings.policy.projects.ttl_seconds, 900);
    assert_eq!(settings.limits.failures_per_minute_per_source, 600);
    let keys = settings.pass_keys;
    assert_eq!(
        (keys.algorithm.name(), keys.rotate_after_seconds, keys.jwks_max_age_seconds),
        ("ES256", 30 * 86_400, 300)
    );
    assert!(settings.issuers.is_empty() && settings.policy_dir.is_none());
}

#[test]
fn an_issuer_of_a_known_provider_needs_its_name_only() {
    let settings = taken(&format!("{PUBLIC}{}", issuer("")));
    let registered = &settings.issuers[0].registered;
    assert_eq!(registered.url.as_str(), "https://token.actions.githubusercontent.com");
    assert_eq!(registered.audiences, ["pass.example.com"]);
    assert!(registered.is_shared);
    assert!(!settings.is_loopback_only());
}

#[test]
fn what_the_server_is_called_and_where_it_listens() {
    for (text, fault) in [
        ("public_url = 'http://pass.example.com'", "`public_url` must be `https://…`"),
        ("public_url = 'https://pass.example.com/'", "without the slash at its end"),
        ("public_url = 'pass.example.com'", "write `https://pass.example.com`"),
        ("public_url = 'https://Pass.example.com'", "has a host that is not lower-case ASCII"),
        ("listen = '0.0.0.0:8080'", "daypass.toml:1:1: error: `public_url` is missing"),
        ("listen = '127.0.0.1:0'", "cannot be guessed since the port"),
        ("listen = 'localhost:8080'", "write `127.0.0.1:8080`"),
        ("listen = ':8080'", "write `0.0.0.0:8080`"),
        ("listen = 8080", "`listen` must be a text, not a whole number"),
        ("policy_dir = 'nowhere'", "there is no folder `nowhere`"),
        ("public_ulr = 'https://x.example'", "did you mean `public_url`?"),
        ("[onboarding]\naccounts = 'approve'", "the file has no key `onboarding`"),
        ("[admin]", "the file has no key `admin`"),
    ] {
        let faults = refused(text);
        assert!(faults.contains(fault), "{text}\n{faults}");
    }
    for (text, url) in [
        ("listen = '127.0.0.1:9090'", "http://127.0.0.1:9090"),
        ("listen = '127.0.0.1:80'", "http://127.0.0.1"),
        ("listen = '[::1]:9090'", "http://[::1]:9090"),
        (
            "listen = '0.0.0.0:80'\npublic_url = 'https://pass.example.com/base'",
            "https://pass.example.com/base",
        ),
        ("listen = '127.0.0.1:0'\npublic_url = 'http://localhost:4000'", "http://localhost:4000"),
    ] {
        assert_eq!(taken(text).public_url.as_str(), url);
    }
}

#[test]
fn with_a_certificate_the_server_is_called_by_https_alone() {
    let http = "[http]\ntls_certificate_file = 'tls.crt'\ntls_key_file = 'tls.key'\ntrusted_proxies = ['10.0.0.0/8']";
    for (top, url) in [
        ("", "https://127.0.0.1:8080"),
        ("listen = '127.0.0.1:443'\n", "https://127.0.0.1"),
        ("listen = '[::1]:80'\n", "https://[::1]:80"),
        (PUBLIC, "https://pass.example.com"),
        ("public_url = 'https://localhost:8443'\n", "https://localhost:8443"),
    ] {
        let settings = taken(&format!("{top}{http}"));
        assert_eq!(settings.public_url.as_str(), url);
        assert!(settings.certificate.is_some() && !settings.trusted_proxies.is_empty());
    }
    let faults = refused(&format!("{LOCAL}{http}"));
    assert!(
        faults.contains("the server speaks TLS alone") && faults.contains("write `https://127.0.0.1:8080`"),
        "{faults}"
    );
    let overlay =
        variables(&[("DAYPASS_HTTP_TLS_CERTIFICATE_FILE", "a"), ("DAYPASS_HTTP_TLS_KEY_FILE", "b")]);
    assert!(read("", &overlay).is_ok_and(|settings| settings.certificate.is_some()));
    let settings = taken("");
    assert!(
        settings.certificate.is_none() && settings.trusted_proxies.is_empty(),
        "nobody is trusted unasked"
    );
}

#[test]
fn each_rule_of_issuers() {
    for (lines, fault) in [
        ("provder = 'x'", "did you mean `provider`?"),
        ("url = 'https://a.example/'", "has a path with empty, dot or reserved segments"),
        ("url = 'http://a.example'", "is reached without TLS"),
        ("url = 'http://a.example'\ninsecure_http = true", "is not on this machine"),
        ("url = 'https://pass.example.com'", "cannot be an issuer of its own jobs"),
        ("url = 'https://pass.example.com/federation'", "cannot be an issuer of its own jobs"),
        ("url = 'http://127.0.0.1:4011'\ninsecure_http = true", "`insecure_http` works only while"),
        ("url = 'https://localhost:4011'", "is on this machine, and taken only while"),
        ("audiences = []", "without an audience no token is taken"),
        ("audiences = ['']", "is not an audience"),
        ("audiences = 'pass.example.com'", "`audiences` must be a list of texts"),
        ("audiences = ['sts.amazonaws.com']", "error[foreign_audience]"),
        ("algorithms = ['HS256']", "`HS256` is not a signature algorithm"),
        ("algorithms = []", "`algorithms` is empty"),
        ("shared = false", "everybody can run jobs at"),
        ("token_reuse = 'twice'", "write `once` or `until-expiry`"),
        ("ca_file = 'nowhere.pem'", "`nowhere.pem`: there is no such file"),
        ("jwks_file = 'nowhere.json'", "`nowhere.json`: there is no such file"),
        ("aws_audiences = ['sts.amazonaws.com']", "`issuers` has no key `aws_audiences`"),
    ] {
        let faults = refused(&format!("{PUBLIC}{}", issuer(lines)));
        assert!(faults.contains(fault), "{lines}\n{faults}");
    }
    for (sections, fault) in [
        ("[[issuers]]\nprovider = 'github'", "`issuers` lacks `name`"),
        ("[[issuers]]\nname = 'a'", "`issuers` lacks `provider`"),
        ("[[issuers]]\nname = 'A b'\nprovider = 'github'", "is not a name for an issuer"),
        ("[[issuers]]\nname = 'a'\nprovider = 'githb'", "did you mean `github`?"),
        ("[[issuers]]\nname = 'a'\nprovider = 'generic'", "lacks `url`"),
        ("[issuers]\nname = 'a'", "`issuers` must be an array of tables"),
        (
            "[[issuers]]\nname = 'a'\nprovider = 'github'\n[[issuers]]\nname = 'a'\nprovider = 'gitlab'",
            "two issuers have the name `a`",
        ),
        (
            "[[issuers]]\nname = 'a'\nprovider = 'github'\n[[issuers]]\nname = 'b'\nprovider = 'github'",
            "two issuers have the URL",
        ),
    ] {
        let faults = refused(&format!("{PUBLIC}{sections}"));
        assert!(faults.contains(fault), "{sections}\n{faults}");
    }
}

#[test]
fn an_issuer_on_this_machine_is_taken_while_everything_is_on_it() {
    let emulator = issuer("url = 'http://127.0.0.1:4011'\ninsecure_http = true");
    assert!(taken(&format!("{LOCAL}{emulator}")).is_loopback_only());
    let faults = refused(&format!("{LOCAL}listen = '0.0.0.0:8080'\n{emulator}"));
    assert!(faults.contains("only while `public_url` and `listen` are both loopback"), "{faults}");
    let https = issuer("url = 'https://localhost:4011'");
    taken(&format!("{LOCAL}{https}"));
    let private = issuer("url = 'https://ghes.corp'\nprivate_network = true\nshared = true");
    assert!(taken(&format!("{PUBLIC}{private}")).issuers[0].registered.is_shared);
}

#[test]
fn a_foreign_audience_is_allowed_by_an_operator_with_a_reason() {
    let text = format!("{PUBLIC}{}", issuer("audiences = ['sts.amazonaws.com']"));
    taken(&format!("{text}[policy.allow]\nforeign_audience = 'moving over'\n"));
    let by_flag = |flag: &str| read(&text, &Overlay::default().with_allowed(&[flag.to_owned()]));
    assert!(by_flag("foreign_audience=moving over").is_ok());
    for (flag, fault) in [
        ("foreign_audience", "--allow: error: `foreign_audience` gives no reason"),
        ("foreign_audience= ", "is allowed without a reason"),
        ("foreign_audiense=x", "did you mean `foreign_audience`?"),
        ("duplicate_role=both are right", "`duplicate_role` cannot be allowed"),
        ("duplicate_arn=both are right", "`duplicate_arn` cannot be allowed"),
    ] {
        let faults = by_flag(flag).err().unwrap();
        assert!(faults.contains(fault), "{flag}\n{faults}");
    }
    let faults = refused(&format!("{PUBLIC}[policy.allow]\nnothing_such = 'x'\nempty_trust = ''\n"));
    assert!(faults.contains("daypass.toml:3:1") && faults.contains("there is no lint"), "{faults}");
    assert!(faults.contains("daypass.toml:4:1") && faults.contains("without a reason"), "{faults}");
}

#[test]
fn each_rule_of_the_other_sections() {
    for (text, fault) in [
        ("[http]\ntls_certificate_file = 'a'", "`tls_certificate_file` needs `tls_key_file` beside it"),
        ("[http]\ntls_key_file = 'a'", "`tls_key_file` needs `tls_certificate_file` beside it"),
        ("[http]\ntls_certificate_file = ''\ntls_key_file = 'a'", "`tls_certificate_file` is empty"),
        ("[http]\ntrusted_proxies = '127.0.0.1'", "must be a list of texts"),
        ("[http]\ntrusted_proxies = ['proxy']", "`proxy` is neither an address nor a network"),
        ("[http]\ntrusted_proxies = ['127.0.0.1', '10.0.0.1/8']", "write `10.0.0.0/8`"),
        ("[http]\ntrusted_proxies = ['0.0.0.0/0']", "everybody could say to be anybody"),
        ("[http]\ntrusted_proxies = ['::ffff:10.0.0.1']", "write the IPv4 address"),
        ("[http]\ntrusted_proxy = ['10.0.0.1']", "did you mean `trusted_proxies`?"),
        ("[store]\nurl = 'sqlite://'", "it names no file"),
        ("[store]\nurl = 'sqlite://:memory:'", "forgets which tokens are spent"),
        ("[store]\nurl = 'postgres://db/daypass?sslmode=disable'", "for a server on this machine"),
        ("[store]\nurl = 'postgres://u:p@ss@db/daypass'", "is written as `%40`"),
        ("[store]\nurl = 'daypass.db'", "is not the URL of a store"),
        ("[store]\nulr = 'sqlite://x'", "`store` has no key `ulr`"),
        ("[keys]\nencryption_key_file = 'a'\nencryption_key_command = ['b']", "both name the encryption key"),
        ("[keys]\nencryption_key_command = []", "names no program"),
        ("[keys]\nencryption_key_command = 'cat key'", "must be a list of texts"),
        ("[keys]\nalgorithm = 'HS256'", "write one of `ES256`, `EdDSA`, `RS256`"),
        ("[store]\nkeep_exchanges = '6d'", "`keep_exchanges` must be between 7d and 36600d"),
        ("[store]\nkeep_exchanges = 'forever'", "`keep_exchanges` is not a duration"),
        ("[keys]\nrotate_after = '30'", "`rotate_after` is not a duration"),
        ("[keys]\nrotate_after = '9s'", "`rotate_after` must be between 10s and 366d"),
        ("[keys]\nrotate_after = '367d'", "`rotate_after` must be between 10s and 366d"),
        ("[keys]\njwks_max_age = '0s'", "`jwks_max_age` is not a duration"),
        ("[keys]\njwks_max_age = '61m'", "`jwks_max_age` must be between 1s and 1h"),
        ("[projects]\nttl = '15'", "`ttl` is not a duration"),
        ("[projects]\nttl = '2d'", "`ttl`: longer than a day"),
        ("[projects]\nscopes = ['admin:projects']", "`scopes`: `admin:projects`"),
        ("[projects]\naudience = 'http://127.0.0.1:8080/v1.0/admin'", "is an address of this server itself"),
        ("[projects]\naudience = ''", "no audience is empty"),
        ("[limits]\nfailures_per_minute_per_source = -1", "between 0 and"),
        ("[limits]\nfailures_per_minute_per_source = 'many'", "must be a whole number"),
        ("[outbound]\nproxy = 'proxy.corp:3128'", "the proxy is not `http://host:port`"),
        ("[outbound]\nproxy = 'http://proxy.corp:3128'\nno_proxy = ['*']", "`*` in `no_proxy`"),
        ("[outbound]\nno_proxy = ['*.corp']", "and there is none"),
        ("[policy]\nallowed = 1", "did you mean `allow`?"),
        ("store = 'sqlite://x'", "`store` must be a table"),
    ] {
        let faults = refused(text);
        assert!(faults.contains(fault), "{text}\n{faults}");
    }
}

#[test]
fn exchanges_are_kept_for_ever_unless_the_settings_say_for_how_long() {
    assert_eq!(taken("").keep_exchanges_seconds, None);
    assert_eq!(taken("[store]\nkeep_exchanges = '400d'").keep_exchanges_seconds, Some(400 * 86_400));
}

#[test]
fn signing_keys_may_live_shortly() {
    let settings = taken("[keys]\nrotate_after = '10s'\njwks_max_age = '2s'\nalgorithm = 'EdDSA'");
    let keys = settings.pass_keys;
    assert_eq!(
        (keys.algorithm.name(), keys.rotate_after_seconds, keys.jwks_max_age_seconds),
        ("EdDSA", 10, 2)
    );
    let overlay = variables(&[("DAYPASS_KEYS_ROTATE_AFTER", "366d"), ("DAYPASS_KEYS_JWKS_MAX_AGE", "1h")]);
    let keys = read("", &overlay).ok().unwrap().pass_keys;
    assert_eq!((keys.rotate_after_seconds, keys.jwks_max_age_seconds), (366 * 86_400, 3600));
}

#[test]
fn events_of_projects_are_those_of_a_registered_issuer() {
    let with = |events: &str| format!("{PUBLIC}[projects]\nevents = [{events}]\n{}", issuer(""));
    let events = taken(&with("'push', 'pull_request'")).policy.projects.events;
    assert_eq!(events.unwrap_or_default(), ["push", "pull_request"]);
    assert!(refused(&with("'pusk'")).contains("daypass.toml:3:10: error: `events`: `pusk`"));
    assert!(refused(&with("'pull_request_target'")).contains("`pull_request_target`"));
}

#[test]
fn variables_and_flags_override_the_file_and_are_named_in_their_faults() {
    let text =
        "public_url = 'https://pass.example.com'\nlisten = 'broken'\n[store]\nurl = 'sqlite://a/b.db'\n";
    let overlay = variables(&[
        ("DAYPASS_STORE_URL", "sqlite://c.db"),
        ("DAYPASS_LIMITS_FAILURES_PER_MINUTE_PER_SOURCE", "0"),
        ("DAYPASS_PROJECTS_TTL", "1h"),
        ("DAYPASS_SOMETHING", "else"),
    ]);
    let faults = read(text, &overlay).err().unwrap();
    assert_eq!(faults.matches("error").count(), 1, "{faults}");
    let settings = read(text, &overlay.with_flag("listen", "--listen", Some("127.0.0.1:0")))
        .unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(settings.store.to_string(), "sqlite://c.db");
    assert_eq!(settings.limits.failures_per_minute_per_source, 0);
    assert_eq!(settings.policy.projects.ttl_seconds, 3600);
    let broken = variables(&[
        ("DAYPASS_LIMITS_FAILURES_PER_MINUTE_PER_SOURCE", "many"),
        ("DAYPASS_PROJECTS_TTL", "soon"),
        ("DAYPASS_PUBLIC_URL", "x"),
        ("DAYPASS_STORE_URL", "x"),
    ]);
    let faults = read("", &broken.with_flag("listen", "--listen", Some("y"))).err().unwrap();
    for place in [
        "DAYPASS_LIMITS_FAILURES_PER_MINUTE_PER_SOURCE: error: `many`",
        "DAYPASS_PROJECTS_TTL: error: `ttl`",
        "DAYPASS_PUBLIC_URL: error: `public_url`",
        "DAYPASS_STORE_URL: error: `store.url`",
        "--listen: error: `listen`",
    ] {
        assert!(faults.contains(place), "{place}\n{faults}");
    }
}

#[test]
fn paths_are_relative_to_the_file_that_names_them() {
    let text = "[store]\nurl = 'sqlite://data/daypass.db'\n[keys]\nencryption_key_file = 'key'\n";
    let settings =
        Settings::from_text(Path::new("/etc/daypass/daypass.toml"), text, &Overlay::default()).ok().unwrap();
    assert_eq!(settings.store.to_string(), "sqlite:///etc/daypass/data/daypass.db");
    assert_eq!(settings.encryption_key, super::EncryptionKeySource::File("/etc/daypass/key".into()));
    let overlay = variables(&[("DAYPASS_STORE_URL", "sqlite://x.db")]);
    let settings = Settings::from_text(Path::new("/etc/daypass/daypass.toml"), text, &overlay).ok().unwrap();
    assert_eq!(settings.store.to_string(), "sqlite://x.db");
}

#[test]
fn a_file_that_is_no_toml_has_that_fault_alone() {
    let faults = refused("public_url = \nlisten = 'x'\n");
    assert!(faults.starts_with("daypass.toml:1:") && !faults.contains("listen"), "{faults}");
}
