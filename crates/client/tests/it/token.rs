//! Asking the CI system for an identity token.

use std::collections::BTreeMap;

use daypass_client::{ClientFault, find_identity_token};
use daypass_fetch::{Fetcher, Outbound};

use crate::server::{Reply, Server};

const REQUEST: &str = "GET /idtoken?v=2&audience=pass.example.com";

pub(crate) fn fetcher() -> Fetcher {
    Fetcher::new(&Outbound { proxy: None, no_proxy: Vec::new() }).unwrap()
}

/// The environment of a GitHub job whose tokens are to be had at `url`.
pub(crate) fn github(url: &str) -> BTreeMap<String, String> {
    let variables = [
        ("GITHUB_ACTIONS", "true"),
        ("ACTIONS_ID_TOKEN_REQUEST_URL", &format!("{url}/idtoken?v=2")),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "request-token"),
    ];
    variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

async fn ask(replies: Vec<Reply>) -> (Result<String, ClientFault>, usize) {
    let server = Server::start(replies.into_iter().map(|reply| (REQUEST, reply)).collect()).await;
    let token = find_identity_token(&github(&server.url()), "pass.example.com", &fetcher()).await;
    (token.map(|token| token.reveal().to_owned()), server.finish().len())
}

#[tokio::test]
async fn a_github_job_asks_with_its_request_token_and_the_audience() {
    let server = Server::start(vec![(REQUEST, Reply::json(200, r#"{"count":5,"value":"a.b.c"}"#))]).await;
    let token = find_identity_token(&github(&server.url()), "pass.example.com", &fetcher()).await.unwrap();
    assert_eq!(token.reveal(), "a.b.c");
    let [seen] = server.finish().try_into().ok().unwrap();
    assert_eq!(
        (seen.headers["authorization"].to_str().unwrap(), seen.body.as_str()),
        ("Bearer request-token", "")
    );
    assert_eq!(seen.headers["accept"], "application/json");
}

#[tokio::test]
async fn a_gateways_fault_is_worth_another_attempt() {
    let value = || Reply::json(200, r#"{"value":"a.b.c"}"#);
    for replies in
        [vec![Reply::json(502, ""), value()], vec![Reply::json(503, ""), Reply::json(504, ""), value()]]
    {
        let attempts = replies.len();
        let (token, requests) = ask(replies).await;
        assert_eq!((token.unwrap().as_str(), requests), ("a.b.c", attempts));
    }
}

#[tokio::test]
async fn attempts_are_bounded() {
    let (token, requests) = ask((0..5).map(|_| Reply::json(503, "")).collect()).await;
    assert_eq!((token.unwrap_err().exit_code(), requests), (4, 5));
}

#[tokio::test]
async fn what_another_attempt_will_not_change_is_asked_once() {
    for (reply, exit_code) in [
        (Reply::json(500, ""), 4),
        (Reply::json(429, ""), 4),
        (Reply::json(401, ""), 3),
        (Reply::json(403, ""), 3),
        (Reply::json(204, ""), 4),
        (Reply::json(200, "{}"), 4),
        (Reply::json(200, r#"{"value":""}"#), 4),
        (Reply::json(200, r#"{"value":"a\nb"}"#), 4),
        (Reply::json(200, r#"{"value":7}"#), 4),
        (Reply::json(200, "<html>"), 4),
        (Reply::json(200, &format!(r#"{{"value":"{}"}}"#, "a".repeat(100_000))), 4),
        (Reply::Answer(307, vec![("location", "/elsewhere".to_owned())], String::new()), 4),
    ] {
        let (token, requests) = ask(vec![reply]).await;
        let fault = token.unwrap_err();
        assert_eq!((fault.exit_code(), requests), (exit_code, 1), "{fault}");
    }
}

#[tokio::test]
async fn a_refusal_by_the_ci_system_says_what_to_look_at() {
    let (token, _) = ask(vec![Reply::json(403, "secret text of the endpoint")]).await;
    let told = token.unwrap_err().to_string();
    assert!(told.contains("id-token: write") && !told.contains("secret text"), "{told}");
}

#[tokio::test]
async fn a_token_in_a_variable_is_taken_without_asking_anybody() {
    let variables = [("GITLAB_CI", "true"), ("DAYPASS_ID_TOKEN", "a.b.c")];
    let environment = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let token = find_identity_token(&environment, "pass.example.com", &fetcher()).await.unwrap();
    assert_eq!(token.reveal(), "a.b.c");
}
