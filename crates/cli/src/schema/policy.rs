//! The schemas of policy files and of ceilings. Claims are those of the provider profiles, all together.

use std::collections::BTreeMap;

use daypass_policy::{ADMIN_ROLE, ClaimType, MAX_GLOB_CHARS, PROJECT_ROLE, Profile};
use serde_json::{Map, Value, json};

use super::build::{boolean, duration, formed, list, one_of, reference, scope, table, text, with};

/// Stars one or two at a time, and no character to which other languages of patterns give a meaning.
const GLOB: &str = "^[^*?\\[\\]{}|\\\\^$\\u0000-\\u001f\\u007f-\\u009f]*(\\*{1,2}[^*?\\[\\]{}|\\\\^$\\u0000-\\u001f\\u007f-\\u009f]+)*\\*{0,2}$";

/// A file of roles.
pub(super) fn top() -> Value {
    let name = json!({ "pattern": "^[a-z][a-z0-9_-]{0,63}$", "not": { "enum": [PROJECT_ROLE, ADMIN_ROLE] } });
    let roles = json!({
        "type": "object", "description": "The roles, by name", "propertyNames": name, "additionalProperties": { "$ref": "#/$defs/role" },
    });
    let deny = list("Blocks that win over all roles", &reference("One block", "deny"));
    table("", [("roles", roles), ("deny", deny)])
}

/// What a file of roles refers to.
pub(super) fn definitions() -> Value {
    json!({
        "role": role(),
        "trust": block("All of it must match", &[("untrusted_triggers", boolean("Let in jobs that may run on the words of a stranger, as those of pull_request_target"))]),
        "deny": block("All of it must match", &[("absent", one_of("What a token without such a claim gets; must be said where not every token carries it", ["deny", "allow"]))]),
        "grants": grants(),
        "wanted": wanted(),
        "condition": condition(),
        "member": member(),
    })
}

/// `_ceiling.toml`.
pub(super) fn ceiling() -> Value {
    let any = json!({ "type": "string" });
    let wanted = reference("A text, or a glob", "wanted");
    table(
        "",
        [
            ("issuers", list("The names of issuers that roles may trust", &any)),
            ("owner_ids", list("The immutable owner ids, one of which each block must bind", &any)),
            ("audiences", list("Audiences that roles may grant", &wanted)),
            ("scopes", list("Scopes that roles may grant", &wanted)),
            ("max_ttl", duration("The longest that anything of a role is valid")),
        ],
    )
}

/// What a ceiling refers to.
pub(super) fn definitions_of_ceilings() -> Value {
    json!({ "wanted": wanted() })
}

fn role() -> Value {
    let trust = list("Any block may match", &reference("One block", "trust"));
    let role = table(
        "A role: who may take it, and what it gives",
        [
            ("description", json!({ "type": "string", "description": "For people" })),
            ("max_ttl", duration("The longest that anything of this role is valid, a day at most")),
            ("trust", with(trust, json!({ "minItems": 1 }))),
            (
                "deny",
                list("Blocks that win over every trust block of the role", &reference("One block", "deny")),
            ),
            ("grants", reference("What it gives", "grants")),
        ],
    );
    with(role, json!({ "required": ["trust", "grants"] }))
}

fn grants() -> Value {
    let audience = "^[^ {}\\u0000-\\u001f\\u007f-\\u009f]+$";
    // A claim at the very beginning could be `admin` and what follows a colon.
    let scope = with(scope(), json!({ "not": { "pattern": "^(admin:|\\{)" } }));
    let api = table(
        "A pass for an API",
        [
            (
                "audience",
                formed(
                    "The API: an address that is not this server's own, and stands for no identity tokens",
                    audience,
                ),
            ),
            ("scopes", list("What the pass may do there; `{repository_id}` stands for the claim", &scope)),
            (
                "ttl",
                duration("For how long, unless the caller asks for another; 15 minutes if it is not said"),
            ),
        ],
    );
    table("What a role gives", [("api", with(api, json!({ "required": ["audience"] })))])
}

/// A block of rules: the issuer, what else belongs to this kind of block, and conditions on claims.
fn block(description: &str, more: &[(&str, Value)]) -> Value {
    let mut properties: Map<String, Value> = claims();
    properties.insert("issuer".to_owned(), text("The name of an issuer in the settings"));
    let unknown = json!({
        "type": "object", "description": "Claims that daypass does not know: claims.\"x.y\" = …",
        "additionalProperties": { "anyOf": [{ "$ref": "#/$defs/condition" }, { "$ref": "#/$defs/member" }] },
    });
    properties.insert("claims".to_owned(), unknown);
    properties.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let prefixes = Profile::all().iter().flat_map(|profile| &profile.string_prefixes);
    let by_prefix: Map<String, Value> =
        prefixes.map(|prefix| (format!("^{prefix}"), reference("A condition", "condition"))).collect();
    json!({
        "type": "object", "description": description, "additionalProperties": false, "required": ["issuer"],
        "properties": properties, "patternProperties": by_prefix,
    })
}

/// Every claim that a rule can test, and of whose tokens it is.
fn claims() -> Map<String, Value> {
    let mut known: BTreeMap<&str, (Vec<&str>, Vec<Value>)> = BTreeMap::new();
    for profile in Profile::all() {
        for claim in profile.claims() {
            let form = match profile.claim_type(claim) {
                Some(ClaimType::String | ClaimType::Integer | ClaimType::StringOrInteger) => "condition",
                Some(ClaimType::List) => "member",
                // No rule can test it.
                Some(ClaimType::Object) | None => continue,
            };
            let form = json!({ "$ref": format!("#/$defs/{form}") });
            let (titles, forms) = known.entry(claim).or_default();
            titles.push(&profile.title);
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
    }
    let property = |(claim, (titles, forms)): (&str, (Vec<&str>, Vec<Value>))| {
        let description = format!("A claim of {}", titles.join(", "));
        (claim.to_owned(), json!({ "description": description, "anyOf": forms }))
    };
    known.into_iter().map(property).collect()
}

/// A text without a star, or a glob. A star in a text is a lint, which the settings may allow.
fn wanted() -> Value {
    let glob = json!({ "type": "string", "minLength": 1, "maxLength": MAX_GLOB_CHARS, "pattern": GLOB });
    let glob = with(
        table(
            "`*` is one or more characters but `/` and `:`, `**` zero or more of any; anchored at both ends",
            [("glob", glob)],
        ),
        json!({ "required": ["glob"] }),
    );
    json!({ "anyOf": [{ "type": "string", "description": "Compared byte for byte" }, glob] })
}

/// What a claim of one value must be.
fn condition() -> Value {
    let any_of =
        with(list("Any of these", &reference("A text, or a glob", "wanted")), json!({ "minItems": 1 }));
    json!({ "anyOf": [{ "$ref": "#/$defs/wanted" }, any_of] })
}

/// What a claim that is a list must hold.
fn member() -> Value {
    let member =
        table("A list that has this in it", [("contains", reference("A text, or a glob", "wanted"))]);
    with(member, json!({ "required": ["contains"] }))
}
