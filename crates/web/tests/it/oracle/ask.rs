//! One ask at a face, with all that its answer says and how long it took.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Where a token can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Face {
    Seed,
    Native,
    DryRun,
    OAuth,
}

pub(super) const FACES: [Face; 4] = [Face::Seed, Face::Native, Face::DryRun, Face::OAuth];

pub(super) struct Answered {
    /// Status line, headers and body, but for ids and the date.
    pub(super) text: String,
    /// From the last byte of the request to the last of the answer.
    pub(super) took: Duration,
}

#[expect(clippy::disallowed_methods, reason = "what is measured is what a stranger's own clock says")]
pub(super) async fn ask(address: SocketAddr, face: Face, role: &str, token: &str) -> Answered {
    let request = request(address, face, role, token);
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let asked_at = Instant::now();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    Answered { took: asked_at.elapsed(), text: without_ids(&answer) }
}

fn request(address: SocketAddr, face: Face, role: &str, token: &str) -> String {
    let (method, path, header, body) = match face {
        Face::Seed => (
            "GET",
            format!("/v1.0/auth/jwt?role={role}"),
            format!("Authorization: Bearer {token}"),
            String::new(),
        ),
        Face::Native | Face::DryRun => {
            let body = json!({"token": token, "role": role, "dry_run": face == Face::DryRun});
            (
                "POST",
                "/v1.0/exchange".to_owned(),
                "Content-Type: application/json".to_owned(),
                body.to_string(),
            )
        }
        Face::OAuth => {
            let pairs = [
                ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
                ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
                ("subject_token", token),
                ("role", role),
            ];
            let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            let header = "Content-Type: application/x-www-form-urlencoded".to_owned();
            ("POST", "/oauth2/token".to_owned(), header, body)
        }
    };
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{header}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// The two ids are those that the headers name; an id of another place would be a difference.
fn without_ids(answer: &str) -> String {
    let header = |name: &str| answer.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let mut text = answer.to_owned();
    for name in ["x-request-id:", "daypass-exchange-id:"] {
        let id = header(name).unwrap_or_else(|| panic!("no {name} in {answer}"));
        text = text.replace(id, "ID");
    }
    text.lines().filter(|line| !line.starts_with("date:")).collect::<Vec<_>>().join("\n")
}
