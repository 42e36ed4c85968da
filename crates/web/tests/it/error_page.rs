//! `docs/errors.md` is made from the list of codes and the OpenAPI document: a row for each code, with who is told it.

use std::collections::{BTreeMap, BTreeSet};

use daypass_app::Code;
use daypass_web::ROUTES;
use serde_json::Value;

use crate::support::documented::{DOCUMENT, resolved};

const HEAD: &str = "# Errors

Every refusal has a code of this list; a code keeps its meaning for ever. Bearer and native endpoints answer with a problem
document (RFC 9457) that has `code`, `detail`, `hint` and, where an exchange was begun, `exchange_id`; `POST /oauth2/token` and
`/oauth2/revoke` with an error of RFC 6749 that has the same members, and so does `/oauth2/introspect` where its Bearer is good;
the status that they answer with is behind the stroke where it is another. A caller whom the role knows sees `differences`: claim,
wanted, got. `Retry-After` says when to come back; what has none will not change by itself.

*Exchanges* are `/v1.0/auth/jwt`, `/v1.0/exchange` and `/oauth2/token`; *passes* are shown to `/v1.0/config`, `/v1.0/whoami`,
`/v1.0/revoke`, `/v1.0/verify` and `/oauth2/introspect`. An example of each refusal is in [the OpenAPI document](openapi.json).

| Code | Where | Status | What it means | What to do |
|---|---|---|---|---|
";

/// Endpoints that have a name together.
const GROUPS: [(&str, &[&str]); 2] = [
    ("exchanges", &["/v1.0/auth/jwt", "/v1.0/exchange", "/oauth2/token"]),
    ("passes", &["/v1.0/config", "/v1.0/whoami", "/v1.0/revoke", "/v1.0/verify", "/oauth2/introspect"]),
];

/// What the document says of one code.
#[derive(Default)]
struct Told {
    paths: BTreeSet<String>,
    statuses: BTreeSet<String>,
    oauth_statuses: BTreeSet<String>,
}

impl Told {
    fn places(&self) -> String {
        let all: BTreeSet<String> = ROUTES.iter().map(|route| route.path.to_owned()).collect();
        if self.paths == all {
            return "everywhere".to_owned();
        }
        let mut left = self.paths.clone();
        let mut places = Vec::new();
        for (name, group) in GROUPS {
            if group.iter().all(|path| left.contains(*path)) {
                left.retain(|path| !group.contains(&path.as_str()));
                places.push(name.to_owned());
            }
        }
        places.extend(
            left.iter().map(|path| if path.starts_with('/') { format!("`{path}`") } else { path.clone() }),
        );
        places.join(", ")
    }

    fn status(&self) -> String {
        let joined = |statuses: &BTreeSet<String>| statuses.iter().cloned().collect::<Vec<_>>().join(", ");
        if self.statuses == self.oauth_statuses || self.oauth_statuses.is_empty() {
            return joined(&self.statuses);
        }
        if self.statuses.is_empty() {
            return joined(&self.oauth_statuses);
        }
        format!("{} / {}", joined(&self.statuses), joined(&self.oauth_statuses))
    }
}

fn told() -> BTreeMap<String, Told> {
    let mut all = BTreeMap::new();
    for (path, operations) in DOCUMENT["paths"].as_object().unwrap() {
        for (status, response) in
            operations.as_object().unwrap().values().flat_map(|one| one["responses"].as_object().unwrap())
        {
            take(&mut all, path, status, response);
        }
    }
    let shared = &DOCUMENT["components"]["responses"];
    take(&mut all, "every other path", "404", &shared["NotFound"]);
    take(&mut all, "every other method", "405", &shared["MethodNotAllowed"]);
    all
}

fn take(all: &mut BTreeMap<String, Told>, path: &str, status: &str, response: &Value) {
    for media in resolved(response)["content"].as_object().into_iter().flat_map(|content| content.values()) {
        for (name, example) in media["examples"].as_object().into_iter().flatten() {
            let code = resolved(example)["value"]["code"].as_str().unwrap().to_owned();
            let told: &mut Told = all.entry(code).or_default();
            told.paths.insert(path.to_owned());
            let is_oauth =
                ["oauth.", "token-exchange.", "jwt-bearer."].iter().any(|family| name.starts_with(family));
            let statuses = if is_oauth { &mut told.oauth_statuses } else { &mut told.statuses };
            statuses.insert(status.to_owned());
        }
    }
}

fn rendered() -> String {
    let told = told();
    let row = |code: &Code| {
        let told = &told[code.as_str()];
        format!(
            "| `{code}` | {} | {} | {} | {} |\n",
            told.places(),
            told.status(),
            code.title(),
            code.advice()
        )
    };
    HEAD.to_owned() + &Code::ALL.iter().map(row).collect::<String>()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a switch of the developer, not of the product")]
fn the_page_has_every_code_with_where_it_is_told() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md");
    if std::env::var("UPDATE_DOCS").is_ok() {
        std::fs::write(path, rendered()).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        written,
        rendered(),
        "make it anew: UPDATE_DOCS=1 cargo nextest run -p daypass-web error_page"
    );
}
