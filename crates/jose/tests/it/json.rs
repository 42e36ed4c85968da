//! JSON with one meaning or none, in the reader and through both JSON parts of a token.

use daypass_jose::json::{JsonFault, MAX_DEPTH};
use daypass_jose::jwt::TokenFault;
use daypass_jose::{Algorithm, Json, Object};
use proptest::prelude::*;

use crate::support::{Bench, object, payload};

fn fault(text: impl AsRef<[u8]>) -> Option<JsonFault> {
    Object::parse(text.as_ref()).err()
}

#[test]
fn a_name_that_stands_twice_is_refused_at_any_depth_and_however_it_is_written() {
    for text in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"b":2,"a":3}"#,
        r#"{"a":1,"\u0061":1}"#,
        r#"{"\u0061":1,"\u0061":1}"#,
        r#"{"":1,"":1}"#,
        r#"{"o":{"a":1,"a":1}}"#,
        r#"{"l":[{"a":1},{"a":1,"a":2}]}"#,
        r#"{"l":[[[{"x":{"a":null,"a":null}}]]]}"#,
        r#"{"\ud83d\ude00":1,"😀":1}"#,
        r#"{"a\/b":1,"a/b":1}"#,
    ] {
        assert_eq!(fault(text), Some(JsonFault::DuplicateMember), "{text}");
    }
    // Names that differ in case, normal form or place are different names.
    for text in [
        r#"{"a":1,"A":1}"#,
        "{\"\u{e9}\":1,\"e\u{301}\":1}",
        r#"{"a":{"a":1}}"#,
        r#"{"l":[{"a":1},{"a":1}]}"#,
    ] {
        assert_eq!(fault(text), None, "{text}");
    }
}

/// Texts that are not one object of RFC 8259, some of which other readers take.
const NO_OBJECT: &[&[u8]] = &[
    b"",
    b" ",
    b"null",
    b"1",
    b"\"a\"",
    b"[]",
    b"[{}]",
    b"{",
    b"}",
    b"{}}",
    b"{}{}",
    b"{} {}",
    b"{}x",
    b"{}\0",
    b"{},",
    br#"{"a":1,}"#,
    br#"{,"a":1}"#,
    br#"{"a" 1}"#,
    br#"{"a":}"#,
    br"{a:1}",
    br"{'a':1}",
    br"{1:1}",
    br#"{"a":1 /* c */}"#,
    b"{\"a\":1} // c",
    b"# c\n{}",
    br#"{"a":[1,]}"#,
    br#"{"a":NaN}"#,
    br#"{"a":-NaN}"#,
    br#"{"a":Infinity}"#,
    br#"{"a":-Infinity}"#,
    br#"{"a":nan}"#,
    br#"{"a":True}"#,
    br#"{"a":None}"#,
    br#"{"a":undefined}"#,
    br#"{"a":01}"#,
    br#"{"a":-01}"#,
    br#"{"a":+1}"#,
    br#"{"a":1.}"#,
    br#"{"a":.5}"#,
    br#"{"a":1e}"#,
    br#"{"a":1e+}"#,
    br#"{"a":-}"#,
    br#"{"a":0x10}"#,
    br#"{"a":1_000}"#,
    br#"{"a":1e400}"#,
    br#"{"a":-1e400}"#,
    br#"{"a":"\x41"}"#,
    br#"{"a":"\u00"}"#,
    br#"{"a":"\U00000041"}"#,
    br#"{"a":"\a"}"#,
    br#"{"a":"\ud800"}"#,
    br#"{"a":"\udc00"}"#,
    br#"{"a":"\ud800\u0041"}"#,
    br#"{"a":"\udc00\ud800"}"#,
    br#"{"\ud800":1}"#,
    b"{\"a\":\"\n\"}",
    b"{\"a\":\"\t\"}",
    b"{\"a\":\"\0\"}",
    b"{\"a\":\"\x1f\"}",
    b"{\"a\":\"\xff\"}",
    b"{\"a\":\"\xc0\xaf\"}",
    b"{\"a\":\"\xe0\x80\xaf\"}",
    b"{\"a\":\"\xed\xa0\x80\"}",
    b"{\"a\":\"\xf5\x80\x80\x80\"}",
    b"{\"\xff\":1}",
    b"{\"a\":\"\xe2\x82\"}",
    b"\xef\xbb\xbf{}",
    b"\xff\xfe{\0}\0",
    b"\xfe\xff\0{\0}",
    b"{\0}\0",
    b"\0{\0}",
    b"\x0b{}",
    b"\xc2\xa0{}",
    b"\x1f\x8b\x08\0",
    b"\x89PNG",
    b"{\"a\":\"",
];

#[test]
fn what_is_not_one_object_of_rfc_8259_is_refused() {
    for text in NO_OBJECT {
        assert!(matches!(fault(text), Some(JsonFault::Syntax { .. })), "{:?}", String::from_utf8_lossy(text));
    }
}

#[test]
fn what_rfc_8259_allows_is_read() {
    let read = object(
        " \t\r\n{ \"a\" : [ 1 , -2 , true , null ] ,\n\"\\u0062\":\"\\/\\\"\\\\\\b\\f\\n\\r\\t\\ud83d\\ude00\\u0000\" } \n",
    );
    let items = vec![Json::Integer(1), Json::Integer(-2), Json::Bool(true), Json::Null];
    assert_eq!(read.member("a"), Some(&Json::Array(items)));
    assert_eq!(read.member("b"), Some(&"/\"\\\u{8}\u{c}\n\r\t\u{1f600}\0".into()));
    assert_eq!(read.len(), 2);
    assert!(object("{}").is_empty());
}

#[test]
fn integers_of_64_bits_are_exact_and_all_other_numbers_are_no_integers() {
    for (text, value) in [
        ("0", 0_i128),
        ("-1", -1),
        ("9007199254740993", (1 << 53) + 1),
        ("9223372036854775807", i64::MAX.into()),
        ("9223372036854775808", 1 << 63),
        ("-9223372036854775808", i64::MIN.into()),
        ("18446744073709551615", u64::MAX.into()),
    ] {
        let read = object(&format!("{{\"a\":{text}}}"));
        assert_eq!(read.member("a").and_then(Json::as_integer), Some(value));
        assert_eq!(read.member("a").unwrap().scalar_text().unwrap(), text);
        assert_eq!(read.to_string(), format!("{{\"a\":{text}}}"));
    }
    for text in
        ["18446744073709551616", "-9223372036854775809", "-0", "1.0", "1e0", "1E3", "0.0", "1e-1", "1e300"]
    {
        let read = object(&format!("{{\"a\":{text}}}"));
        let value = read.member("a").unwrap();
        assert_eq!((value.as_integer(), value.scalar_text()), (None, None), "{text}");
        assert_eq!(value.kind(), "a number with a fraction or exponent", "{text}");
    }
    // Beyond 308 digits there is no float either.
    assert!(matches!(fault(format!("{{\"a\":{}}}", "9".repeat(3_000))), Some(JsonFault::Syntax { .. })));
}

#[test]
fn an_integer_of_any_width_is_printed_as_it_is() {
    let mut wide = Object::default();
    wide.insert("a", Json::Integer(i128::MAX));
    wide.insert("b", Json::Integer(i128::MIN));
    assert_eq!(wide.to_string(), format!("{{\"a\":{},\"b\":{}}}", i128::MAX, i128::MIN));
}

#[test]
fn nesting_is_read_to_32_levels_and_refused_beyond_however_deep() {
    let objects = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    let arrays = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    assert_eq!(MAX_DEPTH, 32);
    for nested in [objects(32), arrays(32)] {
        assert_eq!(fault(nested), None);
    }
    for levels in [33, 34, 127, 128, 129, 1_500, 12_000, 100_000] {
        assert_eq!(fault(objects(levels)), Some(JsonFault::TooDeep), "{levels}");
        assert_eq!(fault(arrays(levels)), Some(JsonFault::TooDeep), "{levels}");
    }
    // Side by side is not deep.
    assert_eq!(fault(format!("{{\"a\":[{}[]]}}", "[],".repeat(5_000))), None);
}

#[test]
fn a_fault_says_where_and_what_kind_and_never_what_stood_there() {
    for (text, shown) in [
        ("{\"a\":\n  s3cret}", "not one JSON object (at line 2, column 3)"),
        ("[\"s3cret\"]", "not one JSON object (at line 1, column 1)"),
        ("{\"s3cret\":1,\"s3cret\":2}", "a member name stands twice"),
    ] {
        assert_eq!(fault(text).unwrap().to_string(), shown);
    }
}

#[test]
fn header_and_payload_are_read_by_the_same_strict_reader() {
    let bench = Bench::new(Algorithm::EdDSA);
    let (header, claims) = (bench.header(&[]), payload(&[]));
    let repeated = |text: &str, member: &str| format!("{},{member}}}", text.strip_suffix('}').unwrap());
    let bent = |text: &str| -> Vec<Vec<u8>> {
        let deep = format!("\"deep\":{}{}", "[".repeat(1_500), "]".repeat(1_500));
        vec![
            format!("{text}x").into_bytes(),
            format!("{text}{text}").into_bytes(),
            format!("\u{feff}{text}").into_bytes(),
            text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            format!("[{text}]").into_bytes(),
            repeated(text, "").into_bytes(),
            repeated(text, "\"x\":NaN").into_bytes(),
            repeated(text, "\"x\":\"\\ud800\"").into_bytes(),
            repeated(text, "\"x\":{\"y\":1,\"\\u0079\":1}").into_bytes(),
            repeated(text, &deep).into_bytes(),
            [text.strip_suffix('}').unwrap().as_bytes(), b",\"x\":\"\xff\"}"].concat(),
            b"\x1f\x8b\x08\0\0\0\0\0".to_vec(),
            Vec::new(),
        ]
    };
    bench.verify(&bench.signer.token(&header, &claims)).unwrap();
    for header in bent(&header).into_iter().chain([
        repeated(&header, "\"alg\":\"none\"").into_bytes(),
        repeated(&header, "\"alg\":\"EdDSA\"").into_bytes(),
        repeated(&header, "\"\\u0061lg\":\"none\"").into_bytes(),
        repeated(&header, "\"kid\":\"k1\"").into_bytes(),
        repeated(&header, "\"k\\u0069d\":\"k2\"").into_bytes(),
    ]) {
        let fault = bench.verify(&bench.signer.token(&header, &claims)).err();
        let wanted = TokenFault::Malformed("the header is not one JSON object");
        assert_eq!(fault, Some(wanted), "{:?}", String::from_utf8_lossy(&header));
    }
    for claims in bent(&claims).into_iter().chain([
        repeated(&claims, "\"iss\":\"https://evil.example\"").into_bytes(),
        repeated(&claims, "\"i\\u0073s\":\"https://ci.example\"").into_bytes(),
        repeated(&claims, "\"repository_id\":\"1\"").into_bytes(),
        repeated(&claims, "\"exp\":9999999999").into_bytes(),
        repeated(&claims, "\"jti\":\"id-2\"").into_bytes(),
    ]) {
        let fault = bench.verify(&bench.signer.token(&header, &claims)).err();
        let wanted = TokenFault::Malformed("the payload is not one JSON object");
        assert_eq!(fault, Some(wanted), "{:?}", String::from_utf8_lossy(&claims));
    }
}

#[test]
fn escapes_white_space_and_order_do_not_matter() {
    let bench = Bench::new(Algorithm::EdDSA);
    let header = "{ \"typ\" : \"JWT\" ,\n\t\"\\u0061lg\" : \"Ed\\u0044SA\" }";
    let claims =
        payload(&[]).replace("https://ci", "https:\\/\\/c\\u0069").replace("\"exp\"", " \"\\u0065xp\" ");
    let verified = bench.verify(&bench.signer.token(header, claims)).unwrap();
    assert_eq!(verified.issuer().as_str(), "https://ci.example");
}

/// Any JSON value a few levels deep.
fn json() -> impl Strategy<Value = Json> {
    let number = any::<f64>().prop_filter("JSON has no infinity", |value| value.is_finite());
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(|value| Json::Integer(value.into())),
        number.prop_map(Json::Float),
        any::<String>().prop_map(Json::String),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Json::Array),
            members(inner).prop_map(Json::Object),
        ]
    })
}

fn members(value: impl Strategy<Value = Json>) -> impl Strategy<Value = Object> {
    proptest::collection::vec((any::<String>(), value), 0..6).prop_map(|members| {
        let mut object = Object::default();
        for (name, value) in members {
            object.insert(name, value);
        }
        object
    })
}

proptest! {
    #[test]
    fn any_object_survives_printing_and_reading(original in members(json())) {
        let printed = original.to_string();
        let read = Object::parse(printed.as_bytes());
        prop_assert_eq!(&read, &Ok(original));
        prop_assert_eq!(read.unwrap().to_string(), printed);
    }

    #[test]
    fn a_name_is_never_taken_twice(mut original in members(json()), name in any::<String>(), value in json()) {
        original.insert(name.clone(), Json::Null);
        let printed = original.to_string();
        let mut once_more = Object::default();
        once_more.insert(name, value);
        let once_more = once_more.to_string();
        let twice = format!("{},{}", printed.strip_suffix('}').unwrap(), once_more.strip_prefix('{').unwrap());
        prop_assert!(serde_json::from_str::<serde_json::Value>(&twice).is_ok());
        prop_assert_eq!(fault(twice), Some(JsonFault::DuplicateMember));
    }

    #[test]
    fn what_is_read_is_json_to_others_too(text in "[{}\\[\\]\",:0-9eE.+a-z\\\\ -]{0,30}", inner in "[{}\\[\\]\",:0-9a\\\\ -]{0,12}") {
        for text in [text, format!("{{\"a\":{inner}}}"), format!("{{{inner}}}"), format!("{{\"a\":1,\"b\":\"{inner}\"}}")] {
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            if let Ok(ours) = Object::parse(text.as_bytes()) {
                prop_assert_eq!(serde_json::to_value(&ours).ok(), theirs.ok());
            } else if let Ok(serde_json::Value::Object(_)) = theirs {
                // What others take and this reader does not has a name twice, for it is not deep.
                prop_assert_eq!(fault(&text), Some(JsonFault::DuplicateMember));
            }
        }
    }
}
