//! A ledger that is filled without a server, and settings that name it.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};

use daypass_jose::ids::{AccountId, CredentialId, ExchangeId, ProjectId};
use daypass_jose::{Random, Timestamp};
use daypass_store::{
    AccountStatus, CredentialRecord, ExchangeRecord, NewAccount, NewProject, Outcome, Spend, Store,
};

use crate::support::Folder;

/// What a terminal, a log or a reader would obey.
pub(crate) const EVIL: &str = "\u{1b}[35mred\n::add-mask::\u{202e}\u{9b}2J\u{7f}\u{2028}\u{61c}";

pub(crate) struct Ledger {
    pub(crate) folder: Folder,
}

/// Numbers that never come twice.
struct Counter;

impl Random for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        bytes.fill(0);
        *bytes.last_chunk_mut().unwrap() = number;
    }
}

impl Ledger {
    pub(crate) fn new() -> Self {
        let folder = Folder::new();
        folder.write(
            "daypass.toml",
            "public_url = 'https://pass.example.com'\n[[issuers]]\nname = 'github'\nprovider = 'github'\n\
             [store]\nurl = 'sqlite://data/daypass.db'\n",
        );
        folder.write("data/README", "");
        let ledger = Self { folder };
        ledger.record(&[]);
        ledger
    }

    pub(crate) fn record(&self, exchanges: &[&ExchangeRecord]) {
        self.with_store(async |store| {
            for exchange in exchanges {
                store.ledger().record((*exchange).clone(), None).await.unwrap();
            }
        });
    }

    /// Records many at once.
    pub(crate) fn record_many(&self, exchanges: Vec<ExchangeRecord>) {
        self.with_store(async |store| {
            for exchange in exchanges {
                store.ledger().refuse(exchange);
            }
        });
    }

    /// Records exchanges of one token.
    pub(crate) fn record_spending(&self, exchanges: &[&ExchangeRecord]) {
        let spend = Spend { key: [7; 32], remember_until: at(i64::MAX), once: true };
        self.with_store(async |store| {
            for exchange in exchanges {
                drop(store.ledger().record((*exchange).clone(), Some(spend)).await);
            }
        });
    }

    pub(crate) fn onboard(&self, path: &str, external_id: &str) -> ProjectId {
        self.with_store(async |store| {
            let account = NewAccount {
                id: AccountId::new(at(0), &Counter),
                issuer: "github".to_owned(),
                external_id: "65".to_owned(),
                name: "octo-org".to_owned(),
                tenant: None,
                status: AccountStatus::Accepted,
            };
            let account = store.accounts().upsert(account, at(0)).await.unwrap();
            let project = NewProject {
                id: ProjectId::new(at(0), &Counter),
                account_id: account.id,
                issuer: "github".to_owned(),
                external_id: external_id.to_owned(),
                path: path.to_owned(),
            };
            store.projects().upsert(project, at(0)).await.unwrap().id
        })
    }

    fn with_store<T>(&self, work: impl AsyncFnOnce(&Store) -> T) -> T {
        let url = format!("sqlite://{}", self.folder.path("data/daypass.db").display());
        block_on(async {
            let store = Store::open(&url).await.unwrap();
            let done = work(&store).await;
            store.close().await;
            done
        })
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn verified(millis: i64) -> ExchangeRecord {
    let text = |text: &str| Some(text.to_owned());
    ExchangeRecord {
        issuer: text("github"),
        role: text("deploy"),
        repository_id: text("123456789"),
        repository: text("octo-org/octo-repo"),
        owner_id: text("65"),
        owner: text("octo-org"),
        run_id: text("30433642"),
        job: text("deploy"),
        event: text("push"),
        git_ref: text("refs/heads/main"),
        policy_version: text("5b1c"),
        claims: text(r#"{"jti":"7f3c","sub":"repo:octo-org/octo-repo:ref:refs/heads/main"}"#),
        trace: text(r#"{"role":"deploy","standing":"unknown","reason":null,"blocks":[]}"#),
        ..ExchangeRecord::new(ExchangeId::new(at(millis), &Counter), at(millis), "native", "192.0.2.1")
    }
}

pub(crate) fn success(millis: i64) -> ExchangeRecord {
    let credential = |kind: &str| CredentialRecord {
        id: CredentialId::new(at(millis), &Counter),
        kind: kind.to_owned(),
        audience: Some("https://api.example.com".to_owned()),
        scopes: vec!["config:read".to_owned(), "findings:write".to_owned()],
        expires_at: at(millis).plus_seconds(900),
        key_id: Some("kid".to_owned()),
    };
    let credentials = vec![credential("pass"), credential("other")];
    ExchangeRecord { outcome: Outcome::Success, credentials, ..verified(millis) }
}

pub(crate) fn refused(millis: i64) -> ExchangeRecord {
    ExchangeRecord { code: Some("not_allowed".to_owned()), ..verified(millis) }
}

/// A refusal in which each text that comes from outside is [`EVIL`].
pub(crate) fn evil(millis: i64) -> ExchangeRecord {
    let evil = || Some(EVIL.to_owned());
    let condition = serde_json::json!({"claim": EVIL, "wanted": [EVIL], "got": EVIL, "holds": false});
    let trace = serde_json::json!({"role": EVIL, "standing": EVIL, "reason": EVIL, "blocks": [
        {"effect": "trust", "file": EVIL, "line": 3, "issuer": EVIL, "matches": false, "conditions": [condition]},
    ]});
    ExchangeRecord {
        role: evil(),
        repository_id: evil(),
        repository: evil(),
        owner_id: evil(),
        owner: evil(),
        run_id: evil(),
        job: evil(),
        event: evil(),
        git_ref: evil(),
        detail: evil(),
        claims: Some(serde_json::json!({ EVIL: EVIL }).to_string()),
        trace: Some(trace.to_string()),
        ..refused(millis)
    }
}
