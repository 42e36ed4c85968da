//! The schema of `daypass.toml`. Defaults are those that the reader goes by.

use std::path::Path;

use daypass_app::signing_keys::PASS_ALGORITHMS;
use daypass_jose::Algorithm;
use daypass_policy::{Lint, Profile, TokenReuse, Trigger};
use serde_json::{Map, Value, json};

use super::build::{boolean, duration, formed, list, one_of, scope, table, text, with};
use crate::settings::{DEFAULT_FILE, Overlay, Settings};

/// An IP address and a port.
const ADDRESS: &str = "^(\\[[0-9a-fA-F:.%]+\\]|[0-9.]+):[0-9]{1,5}$";
/// What `IssuerUrl` reads, as far as a pattern can say it.
const URL: &str = "^https?://[^/@?#\\s]+(/[^/?#\\s]+)*$";

/// What follows from another setting is no default of a schema.
const FOLLOWS: [&str; 2] = ["public_url", "projects.audience"];

/// The whole file.
pub(super) fn top() -> Value {
    let mut top = table(
        "",
        [
            (
                "public_url",
                formed(
                    "The address by which clients know the server, and the issuer of its passes; https unless the host is loopback",
                    URL,
                ),
            ),
            ("listen", formed("Where the server listens; port 0 lets the system choose", ADDRESS)),
            ("policy_dir", text("Folder of the policy files, relative to this file")),
            ("http", http()),
            ("store", store()),
            ("keys", keys()),
            (
                "issuers",
                list("Who is trusted to say what a job is; tokens of anybody else are refused", &issuer()),
            ),
            ("projects", projects()),
            ("policy", policy()),
            ("limits", limits()),
            ("metrics", metrics()),
            ("traces", traces()),
            ("audit", table("The audit log", [("stream", audit_stream())])),
            ("outbound", outbound()),
        ],
    );
    add_defaults(&mut top);
    top
}

fn http() -> Value {
    let network = json!({ "type": "string", "pattern": "^[0-9a-fA-F:.]+(/[0-9]{1,3})?$" });
    let http = table(
        "TLS by the server itself, and the proxies in front of it",
        [
            (
                "tls_certificate_file",
                text("PEM: the server's own certificate, then those that lead to a root"),
            ),
            ("tls_key_file", text("PEM: its private key, readable by its owner alone")),
            (
                "trusted_proxies",
                with(
                    list("Addresses and networks of the proxies whose X-Forwarded-For is believed", &network),
                    json!({ "maxItems": 64 }),
                ),
            ),
        ],
    );
    let both = json!({ "tls_certificate_file": ["tls_key_file"], "tls_key_file": ["tls_certificate_file"] });
    with(http, json!({ "dependentRequired": both }))
}

fn store() -> Value {
    let url = formed(
        "`sqlite://PATH`, or `postgres://USER@HOST/DATABASE`; a password is better given by DAYPASS_STORE_URL",
        "^(sqlite|postgres|postgresql)://.+$",
    );
    table(
        "The ledger: who got what, and which tokens are spent",
        [
            ("url", with(url, json!({ "not": { "pattern": "^sqlite://(/|:memory:)$" } }))),
            (
                "keep_exchanges",
                duration(
                    "How long the records of exchanges are kept, 7d or more; for ever unless it is said",
                ),
            ),
        ],
    )
}

fn keys() -> Value {
    let command = list(
        "Program and arguments, run once at start without a shell, that prints the encryption key",
        &json!({ "type": "string" }),
    );
    let keys = table(
        "The key under which signing keys are stored, and how signing keys are made and rotated",
        [
            ("encryption_key_file", text("File with 32 bytes in base64, readable by its owner alone")),
            ("encryption_key_command", with(command, json!({ "minItems": 1 }))),
            ("algorithm", one_of("Of the next key for passes", PASS_ALGORITHMS.map(Algorithm::name))),
            ("rotate_after", duration("For how long a key signs, 10s to 366d")),
            ("jwks_max_age", duration("For how long an API may keep the published keys, 1s to 1h")),
        ],
    );
    with(keys, json!({ "not": { "required": ["encryption_key_file", "encryption_key_command"] } }))
}

fn issuer() -> Value {
    let profiles = Profile::all();
    let without_url = profiles.iter().filter(|profile| profile.default_url.is_none());
    let without_url: Vec<&str> = without_url.map(|profile| profile.name.as_str()).collect();
    let audience = json!({ "type": "string", "minLength": 1 });
    let algorithm = one_of("A signature algorithm", Algorithm::ALL.map(Algorithm::name));
    let reuses = [TokenReuse::Once, TokenReuse::UntilExpiry].map(TokenReuse::name);
    let issuer = table(
        "One issuer",
        [
            ("name", formed("The name that rules and records use", "^[a-z0-9_-]{1,64}$")),
            (
                "provider",
                one_of("What kind of CI system it is", profiles.iter().map(|profile| &profile.name)),
            ),
            ("url", formed("Byte for byte as in the tokens' `iss`; the provider's unless it is said", URL)),
            (
                "audiences",
                with(
                    list(
                        "A token must carry exactly one of these, alone; the host of public_url unless it is said",
                        &audience,
                    ),
                    json!({ "minItems": 1 }),
                ),
            ),
            (
                "algorithms",
                with(
                    list("By which it signs; the provider's unless it is said", &algorithm),
                    json!({ "minItems": 1 }),
                ),
            ),
            (
                "shared",
                boolean(
                    "Whether strangers get tokens of this issuer; true for github.com, gitlab.com and others",
                ),
            ),
            (
                "token_reuse",
                one_of(
                    "Whether a token can be exchanged once or until it expires; the provider's unless it is said",
                    reuses,
                ),
            ),
            ("insecure_http", boolean("`http://`, only while public_url and listen are loopback")),
            ("private_network", boolean("This issuer, and no other, may resolve to a private address")),
            ("ca_file", text("A private CA, for this issuer alone")),
            ("jwks_file", text("The keys, for an issuer that cannot be reached")),
        ],
    );
    let needs_url = json!({ "properties": { "provider": { "enum": without_url } } });
    with(
        issuer,
        json!({ "required": ["name", "provider"], "if": needs_url, "then": { "required": ["url"] } }),
    )
}

fn projects() -> Value {
    let mut events: Vec<&str> = Profile::all()
        .iter()
        .filter_map(|profile| profile.trigger.as_ref())
        .flat_map(Trigger::admissible)
        .collect();
    events.sort_unstable();
    events.dedup();
    // Claims have a place in roles only.
    let fixed = with(scope(), json!({ "pattern": "^[!#-\\[\\]-z|~]+$" }));
    table(
        "What an onboarded repository may have without any role",
        [
            ("scopes", list("What its pass may do", &fixed)),
            (
                "audience",
                formed(
                    "Whom its pass is for; public_url unless it is said",
                    "^[^ {}\\u0000-\\u001f\\u007f-\\u009f]+$",
                ),
            ),
            (
                "events",
                list(
                    "On which events; trusted and review ones unless it is said",
                    &one_of("An event of a CI system", events),
                ),
            ),
            ("ttl", duration("For how long its pass is valid, a day at most")),
        ],
    )
}

fn policy() -> Value {
    let reason =
        |lint: Lint| (lint.name().to_owned(), formed(&format!("Why `{}` may be", lint.name()), "\\S"));
    let lints: Map<String, Value> = Lint::ALL.into_iter().map(reason).collect();
    let allow = json!({
        "type": "object", "description": "Lints that are allowed, each with a reason", "additionalProperties": false, "properties": lints,
    });
    table("How policy files are judged", [("allow", allow)])
}

fn limits() -> Value {
    let failures = json!({
        "type": "integer", "description": "Refused requests of one address that are answered in full; 0 is no limit",
        "minimum": 0, "maximum": u32::MAX,
    });
    table("Bounds", [("failures_per_minute_per_source", failures)])
}

fn metrics() -> Value {
    table(
        "Metrics",
        [(
            "listen",
            formed("Where Prometheus finds them, by plain HTTP and for everybody who reaches it", ADDRESS),
        )],
    )
}

fn traces() -> Value {
    let ratio = json!({
        "type": "number", "description": "Of how many requests there are spans", "minimum": 0, "maximum": 1,
    });
    let name = json!({
        "type": "string", "description": "How this server is called among others", "minLength": 1, "maxLength": 64,
    });
    table(
        "The collector to which the spans of requests go",
        [
            (
                "endpoint",
                formed(
                    "The URL to which they are posted (OTLP, protobuf), its path included",
                    "^https?://[^/@?#\\s]+(/[^/?#\\s]+)+$",
                ),
            ),
            (
                "headers_file",
                text(
                    "File with what the collector wants to see, `Name: value` a line, readable by its owner alone",
                ),
            ),
            ("sample_ratio", ratio),
            ("service_name", name),
            ("insecure_http", boolean("`http://`, for a collector on this machine")),
            ("private_network", boolean("The collector may be at a private address")),
            ("ca_file", text("A private CA, for the collector alone")),
        ],
    )
}

fn audit_stream() -> Value {
    let destinations = ["webhook", "file", "stdout"];
    let stdout = json!({ "properties": { "stdout": { "const": true } }, "required": ["stdout"] });
    let stream = table(
        "Where each exchange is sent on to, as a line of JSON",
        [
            (
                "webhook",
                formed("An address that takes signed batches (Standard Webhooks)", "^https?://[^@#\\s]+$"),
            ),
            ("file", text("A file that is appended to")),
            ("stdout", boolean("Standard output")),
            ("from", one_of("Where a new stream begins", ["beginning", "now"])),
            (
                "secret_file",
                text("File with the secret of the webhook's signatures, readable by its owner alone"),
            ),
            ("private_network", boolean("The webhook, and nothing else, may resolve to a private address")),
            ("insecure_http", boolean("`http://`, for a webhook on this machine")),
            ("ca_file", text("A private CA, for the webhook alone")),
        ],
    );
    let one = |name: &str| if name == "stdout" { stdout.clone() } else { json!({ "required": [name] }) };
    let of_webhook = ["secret_file", "private_network", "insecure_http", "ca_file"];
    let of_webhook: Map<String, Value> =
        of_webhook.iter().map(|key| ((*key).to_owned(), json!(["webhook"]))).collect();
    let mut needs = of_webhook;
    needs.insert("webhook".to_owned(), json!(["secret_file"]));
    with(stream, json!({ "oneOf": destinations.map(one), "dependentRequired": needs }))
}

fn outbound() -> Value {
    let outbound = table(
        "The proxy through which issuers are reached",
        [
            ("proxy", formed("`http://host:port`; no user, no password", "^http://[^/@?#\\s]+/?$")),
            (
                "no_proxy",
                list(
                    "What is reached without it: hosts, `*.suffix`, addresses, networks",
                    &json!({ "type": "string", "minLength": 1 }),
                ),
            ),
        ],
    );
    with(outbound, json!({ "dependentRequired": { "no_proxy": ["proxy"] } }))
}

/// Those by which the reader goes where a file says nothing.
fn add_defaults(top: &mut Value) {
    let Ok(settings) = Settings::from_text(Path::new(DEFAULT_FILE), "", &Overlay::default()) else { return };
    for setting in settings.shown() {
        let name = setting.name.as_str();
        let place = format!("/properties/{}", name.replace('.', "/properties/"));
        let key = top.pointer_mut(&place).and_then(Value::as_object_mut);
        if let Some(key) = key.filter(|_| !setting.value.is_null() && !FOLLOWS.contains(&name)) {
            key.insert("default".to_owned(), setting.value);
        }
    }
}
