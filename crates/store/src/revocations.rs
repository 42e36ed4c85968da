//! Revocations: of which subject the passes that were issued before a moment are refused.

use daypass_jose::Timestamp;

use crate::engine::Engine;
use crate::fault::StoreFault;
use crate::value::{Row, Value};

/// Subjects that one look asks for.
pub const MAX_SUBJECTS: usize = 9;

/// One revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// What is revoked, as `role:deploy`.
    pub subject: String,
    /// Passes that were issued before this moment are.
    pub before: Timestamp,
    /// When somebody said so last.
    pub at: Timestamp,
    /// Until when a pass can be valid that it hits; then it is forgotten.
    pub remember_until: Timestamp,
}

/// The table of revocations.
pub struct Revocations<'a> {
    pub(crate) engine: &'a Engine,
}

impl Revocations<'_> {
    /// Records a revocation, and returns it as it stands when that is durable. Of two of one subject the later moments stay:
    /// nothing that is revoked becomes good again.
    pub async fn revoke(&self, revocation: &Revocation) -> Result<Revocation, StoreFault> {
        let values = vec![
            revocation.subject.as_str().into(),
            revocation.before.millis().into(),
            revocation.at.millis().into(),
            revocation.remember_until.millis().into(),
        ];
        let row = self.engine.write(REVOKE, values).await?.pop();
        from_row(row.ok_or_else(|| StoreFault::Corrupt("a revocation was not written".to_owned()))?)
    }

    /// The revocations of these subjects; what is `None` is not asked for.
    pub async fn of(&self, subjects: &[Option<&str>; MAX_SUBJECTS]) -> Result<Vec<Revocation>, StoreFault> {
        let values = subjects.iter().map(|subject| Value::from(*subject)).collect();
        self.engine.look(OF, values).await?.into_iter().map(from_row).collect()
    }

    /// Forgets at most `limit` revocations that hit no valid pass any more; gives their number.
    pub async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u64, StoreFault> {
        let swept = self.engine.write(SWEEP, vec![now.millis().into(), i64::from(limit).into()]).await?;
        Ok(u64::try_from(swept.len()).unwrap_or(u64::MAX))
    }
}

fn from_row(mut row: Row) -> Result<Revocation, StoreFault> {
    Ok(Revocation {
        subject: row.text()?,
        before: Timestamp::from_millis(row.integer()?),
        at: Timestamp::from_millis(row.integer()?),
        remember_until: Timestamp::from_millis(row.integer()?),
    })
}

const REVOKE: &str = "INSERT INTO revocations (subject, before, at, remember_until) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (subject) DO UPDATE SET \
     before = CASE WHEN excluded.before > revocations.before THEN excluded.before ELSE revocations.before END, \
     at = CASE WHEN excluded.at > revocations.at THEN excluded.at ELSE revocations.at END, \
     remember_until = CASE WHEN excluded.remember_until > revocations.remember_until \
     THEN excluded.remember_until ELSE revocations.remember_until END \
     RETURNING subject, before, at, remember_until";
/// NULL is equal to nothing.
const OF: &str = "SELECT subject, before, at, remember_until FROM revocations \
     WHERE subject IN ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const SWEEP: &str = "DELETE FROM revocations WHERE subject IN \
     (SELECT subject FROM revocations WHERE remember_until < $1 ORDER BY remember_until LIMIT $2) RETURNING at";
