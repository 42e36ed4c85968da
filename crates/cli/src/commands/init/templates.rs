//! What `daypass init` writes.

use daypass_jose::IssuerUrl;

use super::EMULATOR_LISTEN;
use crate::args::Ci;
use crate::settings::is_loopback_url;

/// `daypass.toml`.
pub(super) fn settings(ci: Ci, url: &IssuerUrl) -> String {
    let (name, example) = match ci {
        Ci::Github => ("github", "https://token.actions.githubusercontent.com"),
        Ci::Gitlab => ("gitlab", "https://gitlab.com"),
    };
    let emulator = if is_loopback_url(url) { emulator(name, emulator_listen(url)) } else { String::new() };
    let listen = listen(url);
    let http = if is_loopback_url(url) { "" } else { HTTP };
    let key = if is_loopback_url(url) {
        "# encryption_key_file = \"daypass.key\"   # without one, a server on this machine makes `daypass.db.key`"
    } else {
        "encryption_key_file = \"daypass.key\"     # make it: (umask 077; openssl rand -base64 32 > daypass.key)"
    };
    format!(
        r#"# Settings of daypass. A variable DAYPASS_<SECTION>_<KEY> overrides a key: DAYPASS_STORE_URL, DAYPASS_LISTEN, …
# Paths are relative to this file.

# The address by which clients know this server, and the issuer of its passes. https unless it is this machine itself.
public_url = "{url}"
listen     = "{listen}"
policy_dir = "policies"          # every *.toml in it; read again when it changes
{http}
[store]
url = "sqlite://daypass.db"      # the ledger: who got what, and which tokens are spent

[keys]                           # the key under which signing keys are stored
{key}
# algorithm = "ES256"            # of passes: ES256, EdDSA or RS256

# Who is trusted to say what a job is. Tokens of anybody else are refused.
[[issuers]]
name     = "{name}"
provider = "{name}"
# url       = "{example}"   # another one for a server of your own
# audiences = ["…"]              # whom its tokens must be for; default: the host of public_url
{emulator}
# What an onboarded repository (`daypass project add`) may have without any role.
[projects]
scopes = ["config:read"]
# audience = "https://api.example.com"   # the API that takes the pass; default: public_url
# ttl      = "15m"

[limits]
failures_per_minute_per_source = 600     # refused requests that are answered in full; 0 = no limit
"#
    )
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
# Delete this block when you no longer try things out.
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
    let authority = url.authority();
    let address = authority.replace("localhost", "127.0.0.1");
    let has_port = address.parse::<std::net::SocketAddr>().is_ok();
    if is_loopback_url(url) && url.is_plain_http() && has_port {
        address
    } else {
        "127.0.0.1:8080".to_owned()
    }
}

/// `policies/example.toml`. All of it is a comment, since a role that names nobody's real ids would trust somebody
/// else.
pub(super) fn policy(ci: Ci) -> &'static str {
    match ci {
        Ci::Github => GITHUB_POLICY,
        Ci::Gitlab => GITLAB_POLICY,
    }
}

const GITHUB_POLICY: &str = r#"## A role: who may take it, and what it gives. Fill in your ids, and take the `# ` away from every line that has it.
## Ids come first, since a name can be taken by somebody else: gh api repos/OWNER/NAME --jq '.id, .owner.id'

# [roles.deploy]
# description = "Release from main"
# max_ttl     = "1h"
#
# [[roles.deploy.trust]]                  # any block may match; inside a block, all of it must
# issuer              = "github"
# repository_owner_id = "65"              # OWNER
# repository_id       = "123456789"       # OWNER/NAME
# ref                 = "refs/heads/main"
#
# [roles.deploy.grants.api]               # a pass for your own API
# audience = "https://api.example.com"
# scopes   = ["releases:write"]
"#;

const GITLAB_POLICY: &str = r#"## A role: who may take it, and what it gives. Fill in your ids, and take the `# ` away from every line that has it.
## Ids come first, since a name can be taken by somebody else. The page of a project and that of its group show them.

# [roles.deploy]
# description = "Release from main"
# max_ttl     = "1h"
#
# [[roles.deploy.trust]]                  # any block may match; inside a block, all of it must
# issuer        = "gitlab"
# namespace_id  = "7"                     # GROUP
# project_id    = "42"                    # GROUP/NAME
# ref           = "main"
# ref_protected = "true"
#
# [roles.deploy.grants.api]               # a pass for your own API
# audience = "https://api.example.com"
# scopes   = ["releases:write"]
"#;
