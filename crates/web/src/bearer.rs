//! Reading `Authorization: Bearer …` (RFC 6750 §2.1): absent, malformed and present are three different things.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use daypass_app::{Code, Refusal};
use daypass_jose::Secret;

/// What is refused of the header.
pub(crate) const REFUSALS: &[Code] = &[Code::CredentialsMissing, Code::CredentialsMalformed];

/// The token of the one Bearer header. What is wrong with the token itself the verifier says.
pub fn token(headers: &HeaderMap) -> Result<Secret, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or_else(|| Refusal::new(Code::CredentialsMissing))?;
    let malformed = |detail: &str| Err(Refusal::new(Code::CredentialsMalformed).with_detail(detail));
    if values.next().is_some() {
        return malformed("several Authorization headers were sent");
    }
    let text = String::from_utf8_lossy(value.as_bytes());
    let (scheme, rest) = text.split_once(' ').unwrap_or((&text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return malformed("the Authorization header has another scheme than Bearer");
    }
    match rest.trim_matches(' ') {
        "" => malformed("the token after `Bearer` is empty: the variable that holds it is not set"),
        twice if twice.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("bearer ")) => {
            malformed("the word `Bearer` stands twice: the variable holds it already")
        }
        "null" => {
            malformed("the token is the word `null`: the answer that it was taken out of held no token")
        }
        token => Ok(Secret::new(token.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&'static str]) -> Result<String, Code> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, value.parse().unwrap());
        }
        token(&headers).map(|token| token.reveal().to_owned()).map_err(|refusal| refusal.code)
    }

    #[test]
    fn one_bearer_header_gives_its_token() {
        assert_eq!(read(&["Bearer a.b.c"]), Ok("a.b.c".to_owned()));
        assert_eq!(read(&["bearer a.b.c"]), Ok("a.b.c".to_owned()));
        assert_eq!(read(&["Bearer {\"value\":\"a.b.c\"}"]), Ok("{\"value\":\"a.b.c\"}".to_owned()));
    }

    #[test]
    fn absent_is_not_malformed() {
        assert_eq!(read(&[]), Err(Code::CredentialsMissing));
        for values in [
            &["Basic YTpi"][..],
            &["a.b.c"],
            &["token a.b.c"],
            &["Bearer"],
            &["Bearer "],
            &["Bearer null"],
            &["Bearer Bearer a.b.c"],
            &["Bearer a.b.c", "Bearer a.b.c"],
            &["Bearer a.b.c", "Basic YTpi"],
            &["Basic YTpi", "Bearer a.b.c"],
        ] {
            assert_eq!(read(values), Err(Code::CredentialsMalformed), "{values:?}");
        }
    }
}
