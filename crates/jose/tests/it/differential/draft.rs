//! A token before it is signed, and what is done to it: to its members, to their text, to its signature, to the whole.

use daypass_jose::base64url;

use super::Random;
use crate::support::{AUDIENCE, ISSUER, KEY_ID, Signer};

/// Members of a JSON object as texts, in order; a name may stand twice.
type Members = Vec<(String, String)>;

const HEADER_NAMES: [&str; 22] = [
    "alg", "kid", "typ", "cty", "crit", "b64", "zip", "enc", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256",
    "url", "nonce", "p2c", "epk", "iss", "ALG", "kid ", "",
];
const CLAIM_NAMES: [&str; 18] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "azp",
    "repository_id",
    "Iss",
    "aud ",
    "exp\\u0000",
    "\\u0069ss",
    "a\\u0075d",
    "",
    "claims",
    "n",
    "__proto__",
];
const VALUES: [&str; 40] = [
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1",
    "1.5",
    "1e3",
    "-0",
    "01",
    "1e400",
    "18446744073709551616",
    "9223372036854775808",
    "NaN",
    "\"\"",
    "\"0\"",
    "\" \"",
    "[]",
    "[\"\"]",
    "[null]",
    "{}",
    "{\"a\":{\"a\":1,\"a\":2}}",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
    "\"https://ci.example\"",
    "[\"https://ci.example\"]",
    "\"https://ci.example/\"",
    "\"HTTPS://ci.example\"",
    "\"\\u0068ttps://ci.example\"",
    "\"pass.example.com\"",
    "[\"pass.example.com\"]",
    "[\"pass.example.com\",\"other\"]",
    "[\"pass.example.com\",\"pass.example.com\"]",
    "[[\"pass.example.com\"]]",
    "\"pass.example.com\\u0000\"",
    "\"\\ud800\"",
    "\"k1\"",
    "\"k2\"",
    "\"at+jwt\"",
    "\"jwt\"",
    "[\"exp\"]",
];
const ALGORITHMS: [&str; 16] = [
    "\"none\"",
    "\"None\"",
    "\"HS256\"",
    "\"HS512\"",
    "\"RS256\"",
    "\"RS384\"",
    "\"RS512\"",
    "\"PS256\"",
    "\"PS384\"",
    "\"PS512\"",
    "\"ES256\"",
    "\"ES384\"",
    "\"ES512\"",
    "\"EdDSA\"",
    "\"rs256\"",
    "[\"RS256\"]",
];
/// Seconds from now. None is near a bound of the leeway, since the two clocks are read one after the other.
const OFFSETS: [i64; 16] = [
    -2_000_000_000,
    -100_000,
    -3_700,
    -1_700,
    -300,
    -75,
    -45,
    -10,
    10,
    45,
    75,
    300,
    1_700,
    3_500,
    100_000,
    8_000_000_000,
];
const JUNK: [&str; 22] = [
    " ", "\n", "\t", "\0", "\u{feff}", "=", "==", ".", "..", "+", "/", "-", "_", "A", "{", "}", ",", "\"",
    "\\", "%2e", "\u{e9}", "\u{ff0e}",
];

pub(crate) struct Draft<'a> {
    signer: &'a Signer,
    now: i64,
    header: Members,
    claims: Members,
}

impl<'a> Draft<'a> {
    /// A token that both take.
    pub(crate) fn new(signer: &'a Signer, now: u64) -> Self {
        let now = i64::try_from(now).unwrap();
        let members = |members: &[(&str, String)]| -> Members {
            members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
        };
        let text = |text: &str| format!("\"{text}\"");
        Self {
            signer,
            now,
            header: members(&[
                ("typ", text("JWT")),
                ("alg", text(signer.algorithm.name())),
                ("kid", text(KEY_ID)),
            ]),
            claims: members(&[
                ("iss", text(ISSUER)),
                ("aud", text(AUDIENCE)),
                ("sub", text("repo:octo-org/octo-repo")),
                ("iat", (now - 10).to_string()),
                ("nbf", (now - 10).to_string()),
                ("exp", (now + 290).to_string()),
                ("jti", text("id-1")),
                ("repository_id", text("123456789")),
            ]),
        }
    }

    /// The token with one to three changes: of members, of the JSON texts, of the signature, or of the whole.
    pub(crate) fn mutated(mut self, random: &mut Random) -> String {
        // Once in eight times what is signed is not what is sent.
        let signed_before = random.once_in(8).then(|| self.input(random, 0));
        let (mut json_changes, mut text_changes, mut signature_changes) = (0, 0, 0);
        for _ in 0..=random.below(3) {
            match random.below(10) {
                0..=3 => self.change_claim(random),
                4..=5 => self.change_header(random),
                6 => json_changes += 1,
                7 => signature_changes += 1,
                8 => text_changes += 1,
                _ => self.change_time(random),
            }
        }
        let input = self.input(random, json_changes);
        let mut signature = self.signer.signature(signed_before.as_ref().unwrap_or(&input).as_bytes());
        for _ in 0..signature_changes {
            change_bytes(&mut signature, random);
        }
        let mut token = format!("{input}.{}", base64url::encode(signature));
        for _ in 0..text_changes {
            change_text(&mut token, random);
        }
        token
    }

    fn change_header(&mut self, random: &mut Random) {
        if random.once_in(4) {
            set(&mut self.header, "alg", (*random.of(&ALGORITHMS)).to_owned());
        } else {
            change_members(&mut self.header, &HEADER_NAMES, random);
        }
    }

    fn change_claim(&mut self, random: &mut Random) {
        change_members(&mut self.claims, &CLAIM_NAMES, random);
    }

    fn change_time(&mut self, random: &mut Random) {
        let time = self.now + *random.of(&OFFSETS);
        let time = match random.below(6) {
            0 => format!("{time}.0"),
            1 => format!("\"{time}\""),
            2 => format!("{time}000"),
            _ => time.to_string(),
        };
        let name = random.of(&["exp", "nbf", "iat"]);
        set(&mut self.claims, name, time);
    }

    /// What is signed, with so many changes of its two JSON texts.
    fn input(&self, random: &mut Random, changes: usize) -> String {
        let mut texts = [written(&self.header, random), written(&self.claims, random)];
        for _ in 0..changes {
            let at = random.below(2);
            if random.once_in(2) {
                let mut text = String::from_utf8_lossy(&texts[at]).into_owned();
                change_text(&mut text, random);
                texts[at] = text.into_bytes();
            } else {
                change_bytes(&mut texts[at], random);
            }
        }
        texts.map(base64url::encode).join(".")
    }
}

fn set(members: &mut Members, name: &str, value: String) {
    members.retain(|(known, _)| known != name);
    members.push((name.to_owned(), value));
}

fn change_members(members: &mut Members, names: &[&str], random: &mut Random) {
    let name = (*random.of(names)).to_owned();
    let value = (*random.of(&VALUES)).to_owned();
    let at = random.below(members.len().max(1));
    match (random.below(7), members.get(at).cloned()) {
        (0, Some(_)) => drop(members.remove(at)),
        (1, Some(member)) => members.insert(random.below(members.len()), member),
        (2, Some((name, _))) => members.push((name, value)),
        (3, Some(_)) => members[at].1 = value,
        (4, Some((_, old))) => members[at].1 = format!("[{old}]"),
        (5, Some((known, _))) => members[at].0 = escaped(&known),
        _ => members.push((name, value)),
    }
}

/// The same name in JSON, its first letter as an escape.
fn escaped(name: &str) -> String {
    match name.chars().next() {
        Some(first) if first.is_ascii_alphabetic() => format!("\\u{:04x}{}", u32::from(first), &name[1..]),
        _ => name.to_owned(),
    }
}

/// The members as JSON, now and then with blanks between them.
fn written(members: &Members, random: &mut Random) -> Vec<u8> {
    let (colon, comma) = *random.of(&[(":", ","), (":", ","), (" : ", "\n, ")]);
    let members: Vec<String> =
        members.iter().map(|(name, value)| format!("\"{name}\"{colon}{value}")).collect();
    format!("{{{}}}", members.join(comma)).into_bytes()
}

fn change_bytes(bytes: &mut Vec<u8>, random: &mut Random) {
    let at = random.below(bytes.len().max(1));
    match random.below(8) {
        0 => bytes.truncate(at),
        1 => bytes.insert(0, 0),
        2 => bytes.push(0),
        3 => bytes.fill(0),
        4 => bytes.reverse(),
        5 => bytes.extend_from_within(..),
        _ if bytes.is_empty() => bytes.push(1),
        _ => bytes[at] ^= 1 << random.below(8),
    }
}

fn change_text(text: &mut String, random: &mut Random) {
    let mut letters: Vec<char> = text.chars().collect();
    let at = random.below(letters.len().max(1)).min(letters.len());
    let junk = *random.of(&JUNK);
    match random.below(8) {
        0 => letters.truncate(at),
        1 if at < letters.len() => drop(letters.remove(at)),
        2 => letters.extend(junk.chars()),
        3 => drop(letters.splice(0..0, junk.chars())),
        4 => {
            let mut parts: Vec<&str> = text.split('.').collect();
            let (from, to) = (random.below(parts.len()), random.below(parts.len()));
            parts.swap(from, to);
            letters = parts.join(".").chars().collect();
        }
        5 => {
            let parts: Vec<&str> = text.split('.').collect();
            letters = format!("{text}.{}", random.of(&parts)).chars().collect();
        }
        6 if at < letters.len() => letters[at] = junk.chars().next().unwrap(),
        _ => drop(letters.splice(at..at, junk.chars())),
    }
    *text = letters.into_iter().collect();
}
