//! A decoded token in words: what kind it looks like, its claims as a table, its times from now.

use daypass_client::printable;
use daypass_jose::{Algorithm, Timestamp};
use serde_json::{Value, json};

use super::decode::Decoded;
use crate::output::{BAD, BOLD, CARE, FAINT, styled};
use crate::table::Table;
use crate::words;

const WARNING: &str = "NOTHING HERE IS VERIFIED: anybody can write a token that says this.";

/// Claims that are times (RFC 7519 §4.1, OpenID Connect Core §2).
const TIMES: [&str; 4] = ["iat", "nbf", "exp", "auth_time"];

/// For reading.
pub(super) fn for_people(token: &Decoded, now: Timestamp) -> String {
    let mut parts = vec![styled(CARE, WARNING)];
    parts.extend(token.notes.iter().map(|note| format!("note: {note}")));
    parts.extend(token.faults.iter().map(|fault| format!("{} {}", styled(BAD, "broken:"), printable(fault))));
    if token.header.is_some() || token.claims.is_some() {
        parts.push(format!("It looks like {}.", kind(token)));
    }
    if let Some(header) = &token.header {
        parts.push(format!("\n{}\n{}", styled(BOLD, "Header"), table(header, now)));
        parts.extend(algorithm_note(header).map(|note| format!("note: {note}")));
    }
    if let Some(claims) = &token.claims {
        parts.push(format!("\n{}\n{}", styled(BOLD, "Claims"), table(claims, now)));
        parts.push(String::new());
        parts.push(lifetime(claims, now));
    }
    if let Some(size) = token.signature_size_bytes {
        parts.push(styled(FAINT, &format!("The signature has {size} bytes; whose it is was not checked.")));
    }
    parts.join("\n")
}

/// For machines.
pub(super) fn as_json(token: &Decoded) -> Value {
    json!({
        "verified": false,
        "looks_like": kind(token),
        "header": token.header,
        "claims": token.claims,
        "signature_size_bytes": token.signature_size_bytes,
        "notes": token.notes,
        "faults": token.faults,
    })
}

fn table(part: &Value, now: Timestamp) -> Table {
    let mut table = Table::indented("  ");
    for (name, value) in part.as_object().into_iter().flatten() {
        let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        let text = match time(name, value) {
            Some(moment) => format!("{text} ({moment}, {})", words::relative(moment, now)),
            None => text,
        };
        table.row([name.as_str().into(), text.into()]);
    }
    table
}

fn time(name: &str, value: &Value) -> Option<Timestamp> {
    let seconds = value.as_i64().filter(|_| TIMES.contains(&name))?;
    Timestamp::from_seconds(seconds)
}

/// Whether it would be in time, if it were what it says.
fn lifetime(claims: &Value, now: Timestamp) -> String {
    let moment = |name: &str| claims.get(name).and_then(|value| time(name, value));
    match (moment("exp"), moment("nbf")) {
        (Some(exp), _) if exp <= now => format!("By its own word it expired {}.", words::relative(exp, now)),
        (_, Some(nbf)) if nbf > now => {
            format!("By its own word it becomes valid {}.", words::relative(nbf, now))
        }
        (Some(exp), _) => format!("By its own word it expires {}.", words::relative(exp, now)),
        (None, _) => "It does not say when it expires; daypass refuses such a token.".to_owned(),
    }
}

fn algorithm_note(header: &Value) -> Option<String> {
    let algorithm = header.get("alg").and_then(Value::as_str)?;
    let reason = match algorithm {
        "none" => "it is not signed at all",
        "HS256" | "HS384" | "HS512" => "whoever can check such a signature can make one",
        _ if Algorithm::from_name(algorithm).is_none() => "it is not one of those that it knows",
        _ => return None,
    };
    Some(format!("daypass refuses the algorithm `{}`: {reason}", printable(algorithm)))
}

/// What kind of token it looks like, by the names of its claims and the word of its issuer.
fn kind(token: &Decoded) -> String {
    let claims = token.claims.as_ref();
    let has = |name: &str| claims.is_some_and(|claims| claims.get(name).is_some());
    let text = |name: &str| claims.and_then(|claims| claims.get(name)).and_then(Value::as_str);
    let token_type = token.header.as_ref().and_then(|header| header.get("typ")).and_then(Value::as_str);
    let of = |what: &str| match text("iss") {
        Some(issuer) => format!("{what} of {}", printable(issuer)),
        None => what.to_owned(),
    };
    let emulated = if has("daypass_emulated") { ", made by `daypass emulate`" } else { "" };
    let what = if token.claims.is_none() {
        "a token whose claims cannot be read".to_owned()
    } else if has("exchange") && token_type == Some("at+jwt") {
        of("a pass")
    } else if has("repository_owner_id") || has("job_workflow_ref") {
        of("an identity token of a GitHub Actions job,")
    } else if has("namespace_id") && has("project_path") && has("job_id") {
        of("an identity token of a GitLab CI job,")
    } else if has("kubernetes.io") {
        of("a service-account token of Kubernetes,")
    } else if token_type.is_some_and(|kind| kind.eq_ignore_ascii_case("at+jwt")) || has("scope") || has("scp")
    {
        of("an access token")
    } else if has("nonce") || has("email") || has("auth_time") {
        of("an ID token of somebody who logged in,")
    } else {
        of("some JSON Web Token")
    };
    format!("{}{emulated}", what.trim_end_matches(',').replace(", of ", ", issuer "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(header: Value, claims: Value) -> Decoded {
        Decoded { header: Some(header), claims: Some(claims), ..Decoded::default() }
    }

    #[test]
    fn the_kind_is_told_by_the_claims() {
        for (header, claims, expected) in [
            (json!({"typ": "at+jwt"}), json!({"iss": "https://p", "exchange": "1"}), "a pass of https://p"),
            (
                json!({"typ": "JWT"}),
                json!({"iss": "http://127.0.0.1:1", "repository_owner_id": "65", "daypass_emulated": true}),
                "an identity token of a GitHub Actions job, issuer http://127.0.0.1:1, made by `daypass emulate`",
            ),
            (
                json!({}),
                json!({"namespace_id": "7", "project_path": "octo/app", "job_id": "1"}),
                "an identity token of a GitLab CI job",
            ),
            (json!({}), json!({"iss": "https://a", "scope": "x"}), "an access token of https://a"),
            (json!({}), json!({"email": "x"}), "an ID token of somebody who logged in"),
            (json!({}), json!({"iss": "a\nb"}), "some JSON Web Token of a\u{fffd}b"),
        ] {
            assert_eq!(kind(&decoded(header, claims)), expected);
        }
    }

    #[test]
    fn algorithms_that_protect_nothing_are_pointed_out() {
        assert!(algorithm_note(&json!({"alg": "none"})).unwrap().contains("not signed"));
        assert!(algorithm_note(&json!({"alg": "HS256"})).unwrap().contains("can make one"));
        assert!(algorithm_note(&json!({"alg": "XY1"})).unwrap().contains("not one of those"));
        assert_eq!(algorithm_note(&json!({"alg": "ES256"})), None);
    }

    #[test]
    fn times_are_told_from_now() {
        let now = Timestamp::from_seconds(1_000_000).unwrap();
        for (claims, expected) in [
            (json!({"exp": 1_000_300}), "By its own word it expires in 5 minutes."),
            (json!({"exp": 999_940}), "By its own word it expired 1 minute ago."),
            (json!({"exp": 1_000_300, "nbf": 1_000_060}), "By its own word it becomes valid in 1 minute."),
            (json!({"exp": "soon"}), "It does not say when it expires; daypass refuses such a token."),
        ] {
            assert_eq!(lifetime(&claims, now), expected);
        }
    }
}
