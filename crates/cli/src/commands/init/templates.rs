//! What `daypass init` writes into the settings.

use daypass_jose::IssuerUrl;

use super::EMULATOR_LISTEN;
use super::plan::Plan;
use super::quoting::toml;
use crate::args::Ci;
use crate::settings::is_loopback_url;

/// The port of a URL `http://…` that names none (RFC 9110 §4.2.1).
const HTTP_PORT: u16 = 80;
/// Where the ledger is unless it is said.
pub(super) const DEFAULT_STORE: &str = "sqlite://daypass.db";

/// `daypass.toml`.
pub(super) fn settings(plan: &Plan) -> String {
    let url = &plan.public_url;
    let name = match plan.ci {
        Ci::Github => "github",
        Ci::Gitlab => "gitlab",
    };
    let emulator = if plan.is_local() { emulator(name, emulator_listen(url)) } else { String::new() };
    let listen = listen(url);
    let http = if plan.is_local() { "" } else { HTTP };
    // Only a server on this machine, on a file, makes a key by itself.
    let key = if plan.is_local() && plan.store.starts_with("sqlite://") {
        "# encryption_key_file = \"daypass.key\"   # without one, a server on this machine makes `daypass.db.key`"
    } else {
        "encryption_key_file = \"daypass.key\"     # make it: (umask 077; openssl rand -base64 32 > daypass.key)"
    };
    format!(
        r#"# Settings of daypass. A variable DAYPASS_<SECTION>_<KEY> overrides a key: DAYPASS_STORE_URL, DAYPASS_LISTEN, …
# Paths are relative to this file. What holds, and which line or variable says so: daypass config show
# For help in an editor: daypass config schema > daypass.schema.json, and as the first line here
# `#:schema ./daypass.schema.json`.

# The address by which clients know this server, and the issuer of its passes. https unless it is this machine itself.
public_url = "{url}"
listen     = "{listen}"
policy_dir = "policies"          # every *.toml in it; read again when it changes
{http}
[store]
url = {store}      # the ledger: who got what, and which tokens are spent

[keys]                           # the key under which signing keys are stored
{key}
# algorithm = "ES256"            # of passes: ES256, EdDSA or RS256

# Who is trusted to say what a job is. Tokens of anybody else are refused.
[[issuers]]
name     = "{name}"
provider = "{name}"
{issuer_url}
# audiences = ["…"]              # whom its tokens must be for; default: the host of public_url
{emulator}
# What an onboarded repository (`daypass project add`) may have without any role.
[projects]
scopes = ["config:read"]
# audience = "https://api.example.com"   # the API that takes the pass; default: public_url
# ttl      = "15m"

[limits]
failures_per_minute_per_source = 600     # refused requests that are answered in full; 0 = no limit
"#,
        store = toml(&plan.store),
        issuer_url = issuer_url(plan),
    )
}

/// The line that says where an issuer is, or where it is unless one is named.
fn issuer_url(plan: &Plan) -> String {
    match (plan.ci, &plan.gitlab_url) {
        (Ci::Gitlab, Some(url)) => format!(
            "url      = \"{url}\"    # byte for byte as in the tokens' `iss`\n\
             # ca_file         = \"ca.pem\"   # a private CA, for this issuer alone\n\
             # private_network = true       # it may resolve to a private address"
        ),
        (Ci::Gitlab, None) => "# url       = \"https://gitlab.com\"   # another one for a GitLab of your own".to_owned(),
        (Ci::Github, _) => "# url       = \"https://token.actions.githubusercontent.com\"   # another one for a server of your own".to_owned(),
    }
}

/// TLS, for a server that others reach.
const HTTP: &str = r#"
# One of the two: TLS by the server itself, or a proxy in front that ends it.
# [http]
# tls_certificate_file = "tls.crt"         # read again when it changes
# tls_key_file         = "tls.key"         # chmod 600
# trusted_proxies      = ["127.0.0.1"]     # whose X-Forwarded-For is believed
"#;

/// The emulator of this machine as one more issuer, for trying things out.
fn emulator(provider: &str, listen: &str) -> String {
    format!(
        r#"
# Jobs on this machine: daypass emulate {provider} --listen {listen} -- CMD
# Delete this block, and the one of each role that names it, when you no longer try things out.
[[issuers]]
name          = "emulator"
provider      = "{provider}"
url           = "http://{listen}"
insecure_http = true             # works only while public_url and listen are loopback
shared        = true             # as {provider}.com is: strangers get valid tokens there too
"#
    )
}

/// Where the emulator listens; not where the server does.
pub(super) fn emulator_listen(url: &IssuerUrl) -> &'static str {
    if url.authority().ends_with(":4011") { "127.0.0.1:4012" } else { EMULATOR_LISTEN }
}

/// A local server listens where its address says; others stand behind something that ends TLS.
fn listen(url: &IssuerUrl) -> String {
    if !is_loopback_url(url) || !url.is_plain_http() {
        return "127.0.0.1:8080".to_owned();
    }
    let address = url.authority().replace("localhost", "127.0.0.1");
    if address.parse::<std::net::SocketAddr>().is_ok() { address } else { format!("{address}:{HTTP_PORT}") }
}
