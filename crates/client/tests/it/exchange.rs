//! Exchanging a token, and what comes back instead.

use daypass_client::{ClientFault, ExchangeAnswer, ExchangeRequest, Identity, Outcome, ServerUrl, exchange};
use daypass_jose::{Json, Object, Secret};

use crate::server::{Reply, Seen, Server};
use crate::token::{fetcher, github};

const TOKEN: &str = "GET /idtoken?v=2&audience=pass.example.com";
const EXCHANGE: &str = "POST /v1.0/exchange";

fn fresh(token: &str) -> (&'static str, Reply) {
    (TOKEN, Reply::json(200, &format!(r#"{{"value":"{token}"}}"#)))
}

fn pass() -> (&'static str, Reply) {
    let body = r#"{"exchange_id":"01930000-0000-7000-8000-000000000000","role":"project","expires_at":"2026-11-24T09:30:00Z",
        "credentials":{"api":{"access_token":"the.pass.itself","expires_in":900,"scope":"config:read","audience":"x"}}}"#;
    (EXCHANGE, Reply::json(200, body))
}

fn refused(status: u16, code: &str) -> (&'static str, Reply) {
    (EXCHANGE, Reply::json(status, &format!(r#"{{"code":"{code}","title":"no","exchange_id":"0193"}}"#)))
}

fn used() -> (&'static str, Reply) {
    refused(401, "token_already_used")
}

struct Played {
    outcome: Result<ExchangeAnswer, ClientFault>,
    seen: Vec<Seen>,
}

impl Played {
    fn access_token(&self) -> &str {
        match self.outcome.as_ref().map(|answer| &answer.outcome) {
            Ok(Outcome::Issued { api: Some(api), .. }) => api.access_token.reveal(),
            Ok(_) => panic!("no pass"),
            Err(fault) => panic!("{fault}"),
        }
    }

    fn fault(&self) -> &ClientFault {
        self.outcome.as_ref().err().expect("it should have failed")
    }

    /// The tokens that were sent to the server, in order.
    fn tokens(&self) -> Vec<String> {
        let posts = self.seen.iter().filter(|seen| seen.line == EXCHANGE);
        posts.map(|seen| member(seen, "token").unwrap().as_str().unwrap().to_owned()).collect()
    }
}

fn member(seen: &Seen, name: &str) -> Option<Json> {
    Object::parse(seen.body.as_bytes()).unwrap().remove(name)
}

fn request<'a>(url: &'a ServerUrl, identity: &'a Identity) -> ExchangeRequest<'a> {
    ExchangeRequest { url, identity, role: None, credentials: &[], ttl: None, dry_run: false }
}

/// A GitHub job: every attempt can have a token of its own.
async fn in_github(script: Vec<(&'static str, Reply)>) -> Played {
    let server = Server::start(script).await;
    let identity = Identity::find(&github(&server.url()), "pass.example.com", None).unwrap();
    let outcome = exchange(&request(&ServerUrl::parse(&server.url()).unwrap(), &identity), &fetcher()).await;
    Played { outcome, seen: server.finish() }
}

/// A job with one token.
async fn with_token(script: Vec<(&'static str, Reply)>) -> Played {
    let server = Server::start(script).await;
    let identity = Identity::given(Secret::new("a.b.c".to_owned()));
    let outcome = exchange(&request(&ServerUrl::parse(&server.url()).unwrap(), &identity), &fetcher()).await;
    Played { outcome, seen: server.finish() }
}

#[tokio::test]
async fn a_token_is_swapped_for_a_pass() {
    let played = in_github(vec![fresh("a.b.c"), pass()]).await;
    assert_eq!((played.access_token(), played.tokens()), ("the.pass.itself", vec!["a.b.c".to_owned()]));
    let post = &played.seen[1];
    assert_eq!(post.body, r#"{"token":"a.b.c"}"#);
    assert_eq!(post.headers["content-type"], "application/json");
    assert!(
        !post.headers.contains_key("authorization"),
        "the CI system's own token stays with the CI system"
    );
}

#[tokio::test]
async fn what_is_asked_for_is_in_the_body() {
    let server = Server::start(vec![pass()]).await;
    let url = ServerUrl::parse(&format!("{}/", server.url())).unwrap();
    let (identity, credentials) = (Identity::given(Secret::new("a.b.c".to_owned())), ["api".to_owned()]);
    let asked = ExchangeRequest {
        role: Some("deploy"),
        credentials: &credentials,
        ttl: Some("15m"),
        ..request(&url, &identity)
    };
    exchange(&asked, &fetcher()).await.ok().unwrap();
    let body = &server.finish()[0].body;
    assert_eq!(body, r#"{"credentials":["api"],"role":"deploy","token":"a.b.c","ttl":"15m"}"#);
}

#[tokio::test]
async fn a_dry_run_gives_terms_and_no_pass() {
    let body = r#"{"exchange_id":"01930000-0000-7000-8000-000000000000","dry_run":true,
        "credentials":{"api":{"expires_in":900,"scope":"config:read"}}}"#;
    let server = Server::start(vec![(EXCHANGE, Reply::json(200, body))]).await;
    let url = ServerUrl::parse(&server.url()).unwrap();
    let identity = Identity::given(Secret::new("a.b.c".to_owned()));
    let asked = ExchangeRequest { dry_run: true, ..request(&url, &identity) };
    let answer = exchange(&asked, &fetcher()).await.ok().unwrap();
    assert!(matches!(answer.outcome, Outcome::DryRun { api: Some(terms) } if terms.scope == "config:read"));
    assert_eq!(member(&server.finish()[0], "dry_run"), Some(Json::Bool(true)));
}

#[tokio::test]
async fn an_answer_that_is_lost_costs_a_fresh_token() {
    let played = in_github(vec![fresh("a.b.1"), (EXCHANGE, Reply::HangUp), fresh("a.b.2"), pass()]).await;
    assert_eq!(
        (played.access_token(), played.tokens()),
        ("the.pass.itself", vec!["a.b.1".to_owned(), "a.b.2".to_owned()])
    );
}

#[tokio::test]
async fn a_server_that_says_later_is_asked_again_later() {
    let later = || (EXCHANGE, Reply::later(503, "0"));
    let played =
        in_github(vec![fresh("a.b.1"), later(), fresh("a.b.2"), later(), fresh("a.b.3"), pass()]).await;
    assert_eq!((played.access_token(), played.tokens().len()), ("the.pass.itself", 3));
    let played = with_token(vec![later(), (EXCHANGE, Reply::later(429, "0")), pass()]).await;
    assert_eq!((played.access_token(), played.tokens()), ("the.pass.itself", vec!["a.b.c".to_owned(); 3]));
}

#[tokio::test]
async fn attempts_are_bounded_and_so_is_patience() {
    let played = with_token((0..4).map(|_| (EXCHANGE, Reply::later(503, "0"))).collect()).await;
    assert_eq!(played.fault().exit_code(), 4);
    let played = with_token(vec![(EXCHANGE, Reply::later(503, "3600"))]).await;
    assert_eq!(played.fault().exit_code(), 4);
}

#[tokio::test]
async fn a_token_that_was_used_is_renewed_once() {
    let played = in_github(vec![fresh("a.b.1"), used(), fresh("a.b.2"), pass()]).await;
    assert_eq!(played.access_token(), "the.pass.itself");
    let played = in_github(vec![fresh("a.b.1"), used(), fresh("a.b.2"), used()]).await;
    assert_eq!(played.fault().exit_code(), 3);
    let played = with_token(vec![used()]).await;
    assert_eq!(played.fault().exit_code(), 3);
}

#[tokio::test]
async fn a_refusal_is_told_and_not_repeated() {
    let body = r#"{"code":"not_allowed","title":"no rule allows this","detail":"the role `deploy` takes other claims",
        "hint":"run this on main","exchange_id":"0193","differences":[{"claim":"ref","wanted":["main"],"got":"fix"}]}"#;
    let played = in_github(vec![fresh("a.b.c"), (EXCHANGE, Reply::json(403, body))]).await;
    let ClientFault::Refused(refusal) = played.fault() else { panic!("{}", played.fault()) };
    assert_eq!((refusal.status, refusal.code.as_str(), refusal.differences.len()), (403, "not_allowed", 1));
    assert_eq!(played.fault().exit_code(), 3);
    insta::assert_snapshot!(played.fault(), @"
    refused: no rule allows this (not_allowed)
      the role `deploy` takes other claims
      claim `ref`: wanted `main`, got `fix`
      what would help: run it on `main`
      exchange: 0193
    ");
    for (status, code) in [(400, "request_invalid"), (401, "token_expired"), (413, "token_too_large")] {
        assert_eq!(with_token(vec![refused(status, code)]).await.fault().exit_code(), 3, "{code}");
    }
}

#[tokio::test]
async fn an_answer_of_something_else_is_no_answer() {
    for reply in [
        Reply::json(200, "<html>hello</html>"),
        Reply::json(200, "{}"),
        Reply::json(404, "not found"),
        Reply::json(500, ""),
        Reply::json(201, "{}"),
        Reply::Answer(200, Vec::new(), "x".repeat(100_000)),
    ] {
        let played = with_token(vec![(EXCHANGE, reply)]).await;
        assert_eq!(played.fault().exit_code(), 4, "{}", played.fault());
        assert!(!played.fault().to_string().contains("hello"));
    }
}

#[tokio::test]
async fn a_redirect_does_not_get_the_token() {
    for status in [301, 302, 303, 307, 308] {
        let location = ("location", "/v1.0/elsewhere".to_owned());
        let played = with_token(vec![(EXCHANGE, Reply::Answer(status, vec![location], String::new()))]).await;
        assert_eq!(played.fault().exit_code(), 4, "{}", played.fault());
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_named_once_with_its_port() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = ServerUrl::parse(&format!("http://127.0.0.1:{port}")).unwrap();
    let identity = Identity::given(Secret::new("a.b.c".to_owned()));
    let fault = exchange(&request(&url, &identity), &fetcher()).await.err().unwrap();
    assert_eq!(fault.to_string(), format!("no connection to `127.0.0.1:{port}`: connection refused"));
    assert_eq!(fault.exit_code(), 4);
}
