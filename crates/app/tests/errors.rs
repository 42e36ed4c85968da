//! `docs/errors.md` is made from the list of codes.

use daypass_app::Code;
use daypass_app::refusal::Class;

const HEAD: &str = "# Errors

Every refusal has a code of this list; a code keeps its meaning for ever. Bearer and native endpoints answer with a problem
document (RFC 9457) that has `code`, `detail`, `hint` and, where an exchange was begun, `exchange_id`; `POST /oauth2/token` and
`/oauth2/revoke` with an error of RFC 6749 that has the same members, and 400 in place of 401 and 403, and so does
`/oauth2/introspect` where its Bearer is good. A caller whom the role knows sees `differences`: claim, wanted, got.
`Retry-After` says when to come back; what has none will not change by itself.

| Code | Status | What it means | What to do |
|---|---|---|---|
";

fn status(class: Class) -> &'static str {
    match class {
        Class::Unauthenticated | Class::TokenInvalid => "401",
        Class::Malformed => "400",
        Class::Denied => "403",
        Class::TooLarge => "413",
        Class::NotFound => "404",
        Class::MethodNotAllowed => "405",
        Class::MediaType => "415",
        Class::Limited => "429",
        Class::Unavailable => "503",
        Class::Internal => "500",
    }
}

fn rendered() -> String {
    let row = |code: &Code| {
        format!("| `{code}` | {} | {} | {} |\n", status(code.class()), code.title(), code.advice())
    };
    HEAD.to_owned() + &Code::ALL.iter().map(row).collect::<String>()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a switch of the developer, not of the product")]
fn the_document_lists_every_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md");
    if std::env::var("UPDATE_DOCS").is_ok() {
        std::fs::write(path, rendered()).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(written, rendered(), "make it anew: UPDATE_DOCS=1 cargo test -p daypass-app --test errors");
}
