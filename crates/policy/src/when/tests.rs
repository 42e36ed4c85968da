//! What an expression may say, and what is refused by its form or its cost.

use super::*;

fn fault(text: &str) -> WhenFault {
    When::parse(text).expect_err(text)
}

#[test]
fn an_expression_names_the_claims_that_it_looks_at() {
    let when =
        When::parse("claims.ref == 'x' && has(claims.environment) || 'a.b' in claims || claims['c.d'] == 1")
            .unwrap();
    assert_eq!(when.claims().collect::<Vec<_>>(), ["a.b", "c.d", "environment", "ref"]);
    assert_eq!(when.selected().collect::<Vec<_>>(), ["environment", "ref"]);
    for text in [
        "claims.run_attempt == '1'",
        "int(claims.run_number) < 3",
        "size(claims.groups_direct) > 1 && 'octo' in claims.groups_direct",
        "claims.ref.startsWith('refs/heads/') && !claims.ref.endsWith('x') && !claims.ref.contains('/wip/')",
        "claims.ref in ['a', 'b']",
        "has(claims.environment) ? claims.environment == 'prod' : claims.ref == 'main'",
        "claims.job_config.url == 'x'",
    ] {
        assert!(When::parse(text).is_ok(), "{text}: {}", fault(text));
    }
}

#[test]
fn what_could_grow_or_run_long_is_not_offered() {
    for text in [
        "claims.a.all(x, x == 'b')",
        "claims.a.exists(x, x == 'b')",
        "claims.a.map(x, x + x) == []",
        "claims.a.filter(x, true) == []",
        "claims.ref.matches('^(a+)+$')",
        "claims.a + claims.b == 'ab'",
        "claims.a * 2 == 4",
        "-claims.a == 1",
        "{'a': claims.a} == {}",
        "claims.a == b'x'",
        "claims.a == 1.5",
        "duration(claims.a) > duration('1s')",
        "timestamp(claims.a) > timestamp('x')",
        "type(claims.a) == string",
        "dyn(claims.a) == 1",
        "optional.of(claims.a).hasValue()",
        "bytes(claims.a) == claims.a",
        "claims.a.size(1) == 1",
        "size() == claims.a",
    ] {
        let fault = fault(text);
        assert!(matches!(fault, WhenFault::NotOffered(_)), "{text}: {fault}");
    }
}

#[test]
fn an_expression_sees_claims_and_nothing_else() {
    for text in ["now == claims.a", "env.HOME == claims.a", "claims.a == x", "ref == 'main'"] {
        assert!(matches!(fault(text), WhenFault::UnknownName(_)), "{text}");
    }
    for text in
        ["size(claims) == 1", "claims == claims", "claims[claims.a] == 1", "claims.a in claims", "claims"]
    {
        assert_eq!(fault(text), WhenFault::WholeClaims, "{text}");
    }
    for text in ["true", "1 == 1", "'a' in ['a']"] {
        assert_eq!(fault(text), WhenFault::Constant, "{text}");
    }
    for text in [
        "",
        "claims.",
        "claims.a ==",
        "(",
        ")",
        "claims.a == 'x",
        "&&",
        "claims.a claims.b",
        "\u{0}",
        "a\u{202e}",
    ] {
        let fault = fault(text);
        assert!(matches!(fault, WhenFault::Syntax { .. }), "{text}: {fault}");
    }
}

#[test]
fn a_bomb_is_refused_by_its_cost() {
    let many = vec!["claims.a == 'b'"; 60].join("||");
    assert!(matches!(fault(&many), WhenFault::TooCostly), "{}", fault(&many));
    assert_eq!(fault(&format!("claims.a == '{}'", "x".repeat(1024))), WhenFault::TooLong);
    let nested = |open: &str, close: &str, levels: usize| {
        format!("{}claims.a{} == 1", open.repeat(levels), close.repeat(levels))
    };
    for (open, close) in
        [("(", ")"), ("[", "]"), ("!", ""), ("-", ""), ("size(", ")"), ("true ? ", ": 1"), ("claims[", "]")]
    {
        let levels = 1000 / (open.len() + close.len());
        // The parser takes signs and brackets that change nothing without going deeper.
        if let Ok(when) = When::parse(&nested(open, close, levels.min(500))) {
            assert_eq!(when.claims().collect::<Vec<_>>(), ["a"], "{open}");
        }
    }
    assert_eq!(fault(&format!("claims{}", ".a".repeat(300))), WhenFault::TooDeep);
}

proptest::proptest! {
    #[test]
    fn no_text_brings_the_reader_down(text in ".{0,200}", pieces in proptest::collection::vec(
        proptest::sample::select(vec![
            "claims", ".", "a", "[", "]", "(", ")", "'", "\"", "&&", "||", "!", "==", "?", ":", "in", "has", "1", "-", "{", "}",
            ",", "\\", "\\u00", "`", "b'", "r\"", "\u{0}", "ä", " ", "0x", "1e", "9999999999999999999", "u", "//",
        ]), 0..60,
    )) {
        drop(When::parse(&text));
        drop(When::parse(&pieces.concat()));
    }
}
