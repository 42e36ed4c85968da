//! Taking a token apart, as far as that goes: what is broken is named, and the rest is shown all the same.

use daypass_jose::{Object, base64url};
use serde_json::Value;

/// What a token says of itself. None of it is verified.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Decoded {
    pub(super) header: Option<Value>,
    pub(super) claims: Option<Value>,
    /// Bytes of the signature; `None` where there is none.
    pub(super) signature_size_bytes: Option<usize>,
    /// What was taken off around the token.
    pub(super) notes: Vec<String>,
    /// What is broken.
    pub(super) faults: Vec<String>,
}

impl Decoded {
    pub(super) fn read(input: &str) -> Self {
        let mut decoded = Self::default();
        let token = decoded.unwrapped(input);
        let parts: Vec<&str> = token.split('.').collect();
        match parts.as_slice() {
            [""] => decoded.fault("there is nothing: the input is empty"),
            [header, claims, signature] => {
                decoded.header = decoded.object("header", header);
                decoded.claims = decoded.object("payload", claims);
                decoded.signature(signature);
            }
            [header, _, _, _, _] => {
                decoded.header = decoded.object("header", header);
                decoded.fault("five parts: this token is encrypted (JWE), and its claims cannot be read without the key");
            }
            parts => {
                let count = parts.len();
                decoded.fault(&format!("a token has three parts with dots between; this has {count}"));
                decoded.header = parts.first().and_then(|header| decoded.object("header", header));
                decoded.claims = parts.get(1).and_then(|claims| decoded.object("payload", claims));
            }
        }
        decoded
    }

    /// The token without what people copy along with it.
    fn unwrapped(&mut self, input: &str) -> String {
        let mut token = input.trim().to_owned();
        if let Ok(Value::Object(envelope)) = serde_json::from_str::<Value>(&token)
            && let Some(Value::String(value)) = envelope.get("value")
        {
            self.notes.push(
                "the token is inside the JSON answer of GitHub's token endpoint; take it out with `jq -r .value`"
                    .to_owned(),
            );
            token.clone_from(value);
        }
        for prefix in ["Authorization:", "authorization:", "Bearer ", "bearer "] {
            if let Some(rest) = token.trim_start().strip_prefix(prefix) {
                token = rest.trim().to_owned();
            }
        }
        let unquoted = token.trim_matches(['"', '\'']).to_owned();
        if unquoted != token {
            self.notes.push("quotation marks around the token were taken off".to_owned());
        }
        unquoted
    }

    fn object(&mut self, name: &str, part: &str) -> Option<Value> {
        let Some(bytes) = base64url::decode(part) else {
            self.fault(&format!("the {name} is not base64url: {}", encoding_fault(part)));
            return None;
        };
        match serde_json::from_slice::<Value>(&bytes) {
            Ok(value @ Value::Object(_)) => {
                if let Err(fault) = Object::parse(&bytes) {
                    self.fault(&format!("the {name} is JSON that a strict verifier refuses: {fault}"));
                }
                Some(value)
            }
            Ok(_) => {
                self.fault(&format!("the {name} is JSON, and not an object"));
                None
            }
            Err(fault) => {
                self.fault(&format!("the {name} is not JSON: {fault}"));
                None
            }
        }
    }

    fn signature(&mut self, part: &str) {
        match base64url::decode(part) {
            Some(bytes) if bytes.is_empty() => {
                self.fault("the signature is empty: anybody can have written this");
            }
            Some(bytes) => self.signature_size_bytes = Some(bytes.len()),
            None => self.fault(&format!("the signature is not base64url: {}", encoding_fault(part))),
        }
    }

    fn fault(&mut self, fault: &str) {
        self.faults.push(fault.to_owned());
    }
}

fn encoding_fault(part: &str) -> String {
    let is_alphabet = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    match part.chars().enumerate().find(|(_, letter)| !is_alphabet(*letter)) {
        Some((at, letter)) => format!("character {} is {letter:?}", at.saturating_add(1)),
        None => "it is cut off, or has bits to spare at its end".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, claims: &str) -> String {
        format!("{}.{}.c2ln", base64url::encode(header), base64url::encode(claims))
    }

    #[test]
    fn what_people_copy_along_is_taken_off() {
        let plain = token(r#"{"alg":"RS256"}"#, r#"{"iss":"x"}"#);
        let expected = Decoded::read(&plain);
        assert_eq!((expected.faults.len(), expected.notes.len()), (0, 0));
        for input in
            [format!(" {plain}\n"), format!("Bearer {plain}"), format!("Authorization: Bearer {plain}")]
        {
            assert_eq!(Decoded::read(&input), expected, "{input}");
        }
        for input in [format!("\"{plain}\""), format!(r#"{{"count":1,"value":"{plain}"}}"#)] {
            let decoded = Decoded::read(&input);
            assert_eq!((decoded.notes.len(), &decoded.claims), (1, &expected.claims), "{input}");
        }
    }

    #[test]
    fn the_broken_part_is_named_and_the_others_are_shown() {
        let good = base64url::encode("{}");
        for (input, fault) in [
            (String::new(), "empty"),
            ("abc".to_owned(), "this has 1"),
            (format!("{good}.{good}"), "this has 2"),
            (format!("a+b.{good}.c2ln"), "the header is not base64url: character 2 is '+'"),
            (format!("{good}.{good}=.c2ln"), "the payload is not base64url: character 4 is '='"),
            (format!("{good}.{good}.c2l"), "the signature is not base64url: it is cut off"),
            (format!("{good}.{good}."), "the signature is empty"),
            (format!("{good}.{}.c2ln", base64url::encode("{\"a\":")), "the payload is not JSON"),
            (format!("{good}.{}.c2ln", base64url::encode("[1]")), "the payload is JSON, and not an object"),
            (token("{}", r#"{"sub":"a","sub":"b"}"#), "strict verifier refuses"),
            (format!("{good}....x"), "encrypted"),
        ] {
            let decoded = Decoded::read(&input);
            assert!(
                decoded.faults.iter().any(|found| found.contains(fault)),
                "{input}: {:?}",
                decoded.faults
            );
        }
        assert!(Decoded::read(&format!("{good}.?.c2ln")).header.is_some());
    }
}
