//! A CI system's issuer on loopback: real HTTP, one RSA key, tokens shaped as GitHub's are.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use daypass_jose::ids::RequestId;
use daypass_jose::jwt::SigningKey;
use daypass_jose::{Algorithm, Json, Object, Random as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::clock::{self, OsRandom};

/// For how long a token is valid, in seconds: what GitHub Enterprise Server may say, so that a long run keeps its tokens.
const LIFETIME_SECONDS: i64 = 3_600;

/// The audience of all tokens.
pub const AUDIENCE: &str = "127.0.0.1";

/// The owner of all repositories.
pub const OWNER_ID: &str = "65";

/// The id of the first repository.
pub const FIRST_REPOSITORY: u64 = 100_000_001;

/// Signs tokens; cheap to share.
#[derive(Clone)]
pub struct Minter {
    key: Arc<SigningKey>,
    url: Arc<str>,
    git_ref: Option<Arc<str>>,
}

/// An issuer that listens until it is dropped.
pub struct Issuer {
    minter: Minter,
    key_set: String,
    requests: Arc<AtomicU64>,
    _task: JoinSet<()>,
}

impl Issuer {
    /// Starts one with a fresh key of 2048 bits.
    ///
    /// # Errors
    /// There is no port, or no key can be made.
    pub async fn start() -> io::Result<Self> {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts one at this address.
    ///
    /// # Errors
    /// As for [`Self::start`].
    pub async fn start_at(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (key, _private) = SigningKey::generate(Algorithm::RS256).map_err(io::Error::other)?;
        let mut set = Object::default();
        set.insert("keys", vec![Json::Object(key.public_jwk().clone())]);
        let key_set = set.to_string();
        let discovery = serde_json::json!({ "issuer": url, "jwks_uri": format!("{url}/jwks") }).to_string();
        let requests = Arc::new(AtomicU64::new(0));
        let mut task = JoinSet::new();
        task.spawn(listen(listener, [discovery, key_set.clone()], Arc::clone(&requests)));
        Ok(Self {
            minter: Minter { key: Arc::new(key), url: url.into(), git_ref: None },
            key_set,
            requests,
            _task: task,
        })
    }

    /// What signs its tokens.
    pub fn minter(&self) -> Minter {
        self.minter.clone()
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.minter.url
    }

    /// Its key set (RFC 7517 §5).
    pub fn key_set(&self) -> &str {
        &self.key_set
    }

    /// Requests that it was sent.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

impl Minter {
    /// Another issuer's name under the same key.
    #[must_use]
    pub fn renamed(&self, url: &str) -> Self {
        Self { url: url.into(), ..self.clone() }
    }

    /// The same issuer, for jobs of this ref.
    #[must_use]
    pub fn of_ref(&self, git_ref: &str) -> Self {
        Self { git_ref: Some(git_ref.into()), ..self.clone() }
    }

    /// A token of about 1.5 KB with a `jti` of its own, of a job in the repository of this number.
    ///
    /// # Errors
    /// The cryptographic library fails.
    pub fn token(&self, repository_id: u64) -> io::Result<String> {
        let moment = clock::now();
        let now = moment.seconds();
        let mut claims = claims(repository_id);
        claims.insert("jti", RequestId::new(moment, &OsRandom).to_string());
        claims.insert("iss", &*self.url);
        if let Some(git_ref) = &self.git_ref {
            claims.insert("ref", &**git_ref);
        }
        claims.insert("iat", now);
        claims.insert("nbf", now.saturating_sub(300));
        claims.insert("exp", now.saturating_add(LIFETIME_SECONDS));
        let token = self.key.sign("JWT", &claims).map_err(io::Error::other)?;
        Ok(token.reveal().to_owned())
    }

    /// So many tokens, made by two threads; the repositories take turns.
    ///
    /// # Errors
    /// The cryptographic library fails.
    pub fn tokens(&self, count: usize, repositories: u64) -> io::Result<Vec<String>> {
        let half = count.div_euclid(2);
        std::thread::scope(|scope| {
            let other = scope.spawn(|| self.some(half, repositories));
            let mut tokens = self.some(count.saturating_sub(half), repositories)?;
            tokens.extend(other.join().map_err(|_| io::Error::other("a thread that signs has panicked"))??);
            Ok(tokens)
        })
    }

    fn some(&self, count: usize, repositories: u64) -> io::Result<Vec<String>> {
        (0..count).map(|_| self.token(repository(repositories))).collect()
    }
}

/// Any of so many repositories.
fn repository(repositories: u64) -> u64 {
    let mut random = [0; 8];
    OsRandom.fill(&mut random);
    FIRST_REPOSITORY.saturating_add(u64::from_le_bytes(random).checked_rem(repositories).unwrap_or(0))
}

/// The claims that GitHub documents, at their usual lengths.
fn claims(repository_id: u64) -> Object {
    let mut claims = Object::default();
    for (name, value) in [
        ("aud", AUDIENCE),
        ("sub", "repo:octo-org/octo-repo:ref:refs/heads/main"),
        ("ref", "refs/heads/main"),
        ("sha", "6dcb09b5b57875f334f61aebed695e2e4193db5e"),
        ("repository", "octo-org/octo-repo"),
        ("repository_owner", "octo-org"),
        ("repository_owner_id", OWNER_ID),
        ("repository_visibility", "private"),
        ("run_id", "9876543210"),
        ("run_number", "1234"),
        ("run_attempt", "1"),
        ("check_run_id", "31415926535"),
        ("actor", "octocat"),
        ("actor_id", "583231"),
        ("workflow", "release"),
        ("workflow_ref", "octo-org/octo-repo/.github/workflows/release.yml@refs/heads/main"),
        ("workflow_sha", "6dcb09b5b57875f334f61aebed695e2e4193db5e"),
        ("job_workflow_ref", "octo-org/octo-repo/.github/workflows/release.yml@refs/heads/main"),
        ("job_workflow_sha", "6dcb09b5b57875f334f61aebed695e2e4193db5e"),
        ("head_ref", ""),
        ("base_ref", ""),
        ("event_name", "push"),
        ("ref_type", "branch"),
        ("ref_protected", "true"),
        ("runner_environment", "github-hosted"),
    ] {
        claims.insert(name, value);
    }
    claims.insert("repository_id", repository_id.to_string());
    claims
}

/// Answers the two documents of an issuer, one request a connection.
async fn listen(listener: TcpListener, documents: [String; 2], requests: Arc<AtomicU64>) {
    let documents = Arc::new(documents);
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        requests.fetch_add(1, Ordering::Relaxed);
        let documents = Arc::clone(&documents);
        connections.spawn(async move {
            // Whoever hangs up gets no answer.
            drop(answer(stream, &documents).await);
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(mut stream: TcpStream, [discovery, key_set]: &[String; 2]) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let body = if request.starts_with(b"GET /jwks ") { key_set } else { discovery };
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.shutdown().await
}
