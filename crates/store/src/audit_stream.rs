//! How far the audit stream has come, and which exchanges are next, in the order of their commits.
//!
//! An exchange that becomes visible later is later in this order too, whatever its id and whichever server wrote it: none is
//! passed over by a stream that goes on behind the last one that it delivered (`docs/decisions/0011-audit-stream.md`).

use daypass_jose::Timestamp;
use daypass_jose::ids::ExchangeId;

use crate::engine::Engine;
use crate::exchanges::{CredentialRecord, ExchangeRecord, columns};
use crate::fault::StoreFault;
use crate::value::Row;

/// Exchanges behind that are counted at most.
pub const MAX_COUNTED_LAG: u32 = 10_000;
/// Exchanges that are looked at to find where to go on where the last delivered one is gone.
const REWOUND: u32 = 10_000;

/// A place in the order of exchanges: behind one of them, or before all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamPlace {
    ordinal: i64,
    /// Empty where it is behind no exchange that is known.
    exchange_id: String,
}

impl StreamPlace {
    /// Before all exchanges.
    pub fn beginning() -> Self {
        Self { ordinal: -1, exchange_id: String::new() }
    }

    /// The id of the exchange that it is behind; empty for none.
    pub fn exchange_id(&self) -> &str {
        &self.exchange_id
    }
}

/// How far the stream has come, and who sends it on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamCursor {
    /// Behind the last exchange that was delivered.
    pub place: StreamPlace,
    /// The server that delivers; empty for none.
    pub holder: String,
    /// Counted up by the holder while it lives.
    pub beat: i64,
    /// When something was delivered last.
    pub delivered_at: Option<Timestamp>,
}

/// Where a stream begins that has never been.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamStart {
    /// With the oldest exchange that is there.
    Beginning,
    /// With what is recorded from now on.
    Now,
}

/// What a stream reads at once.
#[derive(Debug)]
pub struct StreamNext {
    /// In their order.
    pub exchanges: Vec<StreamExchange>,
    /// Whether there was nothing more behind them.
    pub is_last: bool,
}

/// One exchange, as the stream reads it.
#[derive(Debug)]
pub struct StreamExchange {
    /// The place behind it.
    pub place: StreamPlace,
    /// What it is, or why it cannot be read: the row is not what was written.
    pub record: Result<ExchangeRecord, StoreFault>,
}

/// What is not delivered yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StreamLag {
    /// How many exchanges; [`MAX_COUNTED_LAG`] stands for as many or more.
    pub exchanges: u64,
    /// The moment of the oldest.
    pub oldest: Option<Timestamp>,
}

/// The audit stream of a store.
pub struct AuditStream<'a> {
    pub(crate) engine: &'a Engine,
}

impl AuditStream<'_> {
    /// How far it has come; `None` where there has never been one.
    pub async fn cursor(&self) -> Result<Option<StreamCursor>, StoreFault> {
        let row = self.engine.read(CURSOR, Vec::new()).await?.pop();
        row.map(StreamCursor::from_row).transpose()
    }

    /// Begins a stream, unless there is one.
    pub async fn begin(&self, start: StreamStart) -> Result<(), StoreFault> {
        let sql = match start {
            StreamStart::Beginning => BEGIN,
            StreamStart::Now => BEGIN_NOW,
        };
        self.engine.write(sql, Vec::new()).await.map(drop)
    }

    /// Makes `holder` the one who delivers, if the cursor is still as it was seen; gives whether it is.
    pub async fn take(&self, seen: &StreamCursor, holder: &str) -> Result<bool, StoreFault> {
        let values = vec![holder.into(), seen.holder.as_str().into(), seen.beat.into()];
        Ok(!self.engine.write(TAKE, values).await?.is_empty())
    }

    /// Shows that the holder lives; gives whether it still is the holder.
    pub async fn beat(&self, holder: &str) -> Result<bool, StoreFault> {
        Ok(!self.engine.write(BEAT, vec![holder.into()]).await?.is_empty())
    }

    /// Moves on when what lies between two places was delivered; gives whether the holder was the one to do so.
    pub async fn advance(
        &self,
        holder: &str,
        from: &StreamPlace,
        to: &StreamPlace,
        now: Timestamp,
    ) -> Result<bool, StoreFault> {
        let values = vec![
            to.ordinal.into(),
            to.exchange_id.as_str().into(),
            now.millis().into(),
            holder.into(),
            from.ordinal.into(),
            from.exchange_id.as_str().into(),
        ];
        Ok(!self.engine.write(ADVANCE, values).await?.is_empty())
    }

    /// Lets another server be the holder at once.
    pub async fn release(&self, holder: &str) -> Result<(), StoreFault> {
        self.engine.write(RELEASE, vec![holder.into()]).await.map(drop)
    }

    /// The next exchanges behind a place, with their credentials and the place behind each: at most `limit`, and as many
    /// as have `max_bytes` together, or one that has more.
    pub async fn next(
        &self,
        place: &StreamPlace,
        limit: u32,
        max_bytes: u64,
    ) -> Result<StreamNext, StoreFault> {
        let (to, is_last) = self.fitting(place, limit, max_bytes).await?;
        let Some(to) = to else { return Ok(StreamNext { exchanges: Vec::new(), is_last }) };
        let values = vec![
            place.ordinal.into(),
            place.exchange_id.as_str().into(),
            to.ordinal.into(),
            to.exchange_id.as_str().into(),
        ];
        let mut exchanges: Vec<StreamExchange> = Vec::new();
        for mut row in self.engine.read(NEXT, values).await? {
            let place = StreamPlace { ordinal: row.integer()?, exchange_id: row.text()? };
            let record = ExchangeRecord::from_row(&mut row);
            if exchanges.last().is_none_or(|last| last.place != place) {
                exchanges.push(StreamExchange { place, record });
            }
            let Some(StreamExchange { record, .. }) = exchanges.last_mut() else { continue };
            if let Ok(exchange) = record
                && !row.is_null()
            {
                match CredentialRecord::from_row(row) {
                    Ok(credential) => exchange.credentials.push(credential),
                    Err(fault) => *record = Err(fault),
                }
            }
        }
        Ok(StreamNext { exchanges, is_last })
    }

    /// The place behind the last of the next exchanges that are to be read at once, and whether none is behind them.
    async fn fitting(
        &self,
        place: &StreamPlace,
        limit: u32,
        max_bytes: u64,
    ) -> Result<(Option<StreamPlace>, bool), StoreFault> {
        let values = vec![place.ordinal.into(), place.exchange_id.as_str().into(), i64::from(limit).into()];
        let rows = self.engine.read(SIZES, values).await?;
        let is_full = rows.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
        let (mut to, mut bytes) = (None, 0_u64);
        for mut row in rows {
            let place = StreamPlace { ordinal: row.integer()?, exchange_id: row.text()? };
            bytes = bytes.saturating_add(u64::try_from(row.integer()?).unwrap_or(0));
            if bytes > max_bytes && to.is_some() {
                return Ok((to, false));
            }
            to = Some(place);
        }
        Ok((to, !is_full))
    }

    /// Whether the exchange that a place is behind is still where it was.
    pub async fn is_anchored(&self, place: &StreamPlace) -> Result<bool, StoreFault> {
        if place.exchange_id.is_empty() {
            return Ok(true);
        }
        let values = vec![place.exchange_id.as_str().into(), place.ordinal.into()];
        Ok(!self.engine.read(ANCHOR, values).await?.is_empty())
    }

    /// The place before every exchange that is younger than the one that a place is behind, less a margin by which the
    /// clocks of servers may differ.
    pub async fn rewound(&self, place: &StreamPlace, margin_seconds: i64) -> Result<StreamPlace, StoreFault> {
        let moment = ExchangeId::parse(&place.exchange_id).map(ExchangeId::moment);
        let from =
            moment.map(|moment| ExchangeId::first_of(moment.plus_seconds(margin_seconds.saturating_neg())));
        let from = from.map(|id| id.to_string()).unwrap_or_default();
        let values = vec![from.into(), i64::from(REWOUND).into(), place.ordinal.into()];
        let Some(mut row) = self.engine.read(REWIND, values).await?.pop() else {
            return Ok(StreamPlace::beginning());
        };
        Ok(StreamPlace { ordinal: row.integer()?, exchange_id: row.text()? })
    }

    /// What is not delivered yet; `None` where there has never been a stream.
    pub async fn lag(&self) -> Result<StreamLag, StoreFault> {
        let row = self.engine.read(LAG, vec![i64::from(MAX_COUNTED_LAG).into()]).await?.pop();
        let Some(mut row) = row else { return Ok(StreamLag::default()) };
        Ok(StreamLag {
            exchanges: u64::try_from(row.integer()?).unwrap_or(0),
            oldest: row.optional_integer()?.map(Timestamp::from_millis),
        })
    }

    /// Forgets delivered exchanges from before a moment, and from before `lost_before` those that were not delivered, at
    /// most `limit` of each; gives both numbers.
    pub async fn forget(
        &self,
        before: Timestamp,
        lost_before: Timestamp,
        limit: u32,
    ) -> Result<(u64, u64), StoreFault> {
        let values = |before| vec![ExchangeId::first_of(before).to_string().into(), i64::from(limit).into()];
        let forgotten = self.engine.write(FORGET_DELIVERED, values(before)).await?.len();
        let lost = self.engine.write(FORGET_UNDELIVERED, values(lost_before)).await?.len();
        Ok((u64::try_from(forgotten).unwrap_or(u64::MAX), u64::try_from(lost).unwrap_or(u64::MAX)))
    }
}

impl StreamCursor {
    fn from_row(mut row: Row) -> Result<Self, StoreFault> {
        Ok(Self {
            place: StreamPlace { ordinal: row.integer()?, exchange_id: row.text()? },
            holder: row.text()?,
            beat: row.integer()?,
            delivered_at: row.optional_integer()?.map(Timestamp::from_millis),
        })
    }
}

/// The next exchanges behind a place.
macro_rules! next {
    () => {
        concat!(
            "SELECT listed.*, credentials.id, credentials.kind, credentials.audience, credentials.scope, \
     credentials.expires_at, credentials.key_id FROM (SELECT ordinal, id AS place_id, ",
            columns!(),
            " FROM settled_exchanges WHERE (ordinal, id) > ($1, $2) AND (ordinal, id) <= ($3, $4)) AS listed \
     LEFT JOIN credentials ON credentials.exchange_id = listed.id \
     ORDER BY listed.ordinal, listed.id, credentials.id"
        )
    };
}
/// The next exchanges behind a place, and how many bytes each takes to read: it is read once for each of its credentials.
macro_rules! sizes {
    () => {
        "SELECT ordinal, id, CAST(COALESCE(OCTET_LENGTH(claims), 0) + COALESCE(OCTET_LENGTH(trace), 0) \
     + COALESCE(OCTET_LENGTH(detail), 0) + COALESCE(OCTET_LENGTH(git_ref), 0) + 2000 AS BIGINT) \
     * (SELECT COUNT(*) + 1 FROM credentials WHERE credentials.exchange_id = settled_exchanges.id) \
     FROM settled_exchanges WHERE (ordinal, id) > ($1, $2) ORDER BY ordinal, id LIMIT $3"
    };
}
/// The exchanges behind the cursor.
macro_rules! lag {
    () => {
        "SELECT COUNT(*), MIN(waiting.at) FROM (SELECT exchange_order.at FROM audit_stream \
     CROSS JOIN exchange_order WHERE \
     (exchange_order.ordinal, exchange_order.id) > (audit_stream.ordinal, audit_stream.exchange_id) \
     ORDER BY exchange_order.ordinal, exchange_order.id LIMIT $1) AS waiting"
    };
}

const CURSOR: &str = "SELECT ordinal, exchange_id, holder, beat, delivered_at FROM audit_stream";
const BEGIN: &str = "INSERT INTO audit_stream (id, ordinal, exchange_id, holder, beat) VALUES (1, -1, '', '', 0) \
     ON CONFLICT (id) DO NOTHING RETURNING beat";
/// Behind the last that is settled: what is being committed now comes.
const BEGIN_NOW: &str = "INSERT INTO audit_stream (id, ordinal, exchange_id, holder, beat) \
     SELECT 1, COALESCE(MAX(last.ordinal), -1), COALESCE(MAX(last.id), ''), '', 0 FROM \
     (SELECT ordinal, id FROM settled_exchanges ORDER BY ordinal DESC, id DESC LIMIT 1) AS last WHERE 1 = 1 \
     ON CONFLICT (id) DO NOTHING RETURNING beat";
const TAKE: &str =
    "UPDATE audit_stream SET holder = $1, beat = beat + 1 WHERE holder = $2 AND beat = $3 RETURNING beat";
const BEAT: &str = "UPDATE audit_stream SET beat = beat + 1 WHERE holder = $1 RETURNING beat";
const ADVANCE: &str = "UPDATE audit_stream SET ordinal = $1, exchange_id = $2, delivered_at = $3, beat = beat + 1 \
     WHERE holder = $4 AND ordinal = $5 AND exchange_id = $6 RETURNING beat";
const RELEASE: &str = "UPDATE audit_stream SET holder = '', beat = beat + 1 WHERE holder = $1 RETURNING beat";
const ANCHOR: &str = "SELECT ordinal FROM exchange_order WHERE id = $1 AND ordinal = $2";
/// The exchange before the first of all that are younger, in the order of the stream, and not the number before its own:
/// what was there before version 3 has one number. Where none is younger, the number where the stream was.
const REWIND: &str = "WITH younger AS (SELECT ordinal, id FROM exchange_order WHERE id >= $1 ORDER BY id LIMIT $2) \
     SELECT ordinal, id FROM (SELECT ordinal, id FROM exchange_order WHERE (ordinal, id) < \
     (SELECT ordinal, id FROM younger ORDER BY ordinal, id LIMIT 1) ORDER BY ordinal DESC, id DESC LIMIT 1) AS before \
     UNION ALL SELECT CAST($3 AS BIGINT), '' WHERE NOT EXISTS (SELECT 1 FROM younger)";
const NEXT: &str = next!();
const SIZES: &str = sizes!();
const LAG: &str = lag!();

/// A statement that forgets some of the oldest exchanges. The one behind which the stream is stays: by it is seen that
/// nothing took its place. It takes none of the places among the oldest, so that a full step removes a full step. With no
/// stream nothing is forgotten.
macro_rules! forget {
    ($than_cursor:literal) => {
        concat!(
            "DELETE FROM exchanges WHERE id IN (SELECT oldest.id FROM (SELECT ordinal, id FROM settled_exchanges \
             WHERE id < $1 AND id <> (SELECT exchange_id FROM audit_stream) ORDER BY id LIMIT $2) AS oldest CROSS JOIN audit_stream WHERE (oldest.ordinal, oldest.id) ",
            $than_cursor,
            " (audit_stream.ordinal, audit_stream.exchange_id)) RETURNING outcome"
        )
    };
}
const FORGET_DELIVERED: &str = forget!("<");
const FORGET_UNDELIVERED: &str = forget!(">");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Location;
    use crate::value::Value;

    #[tokio::test]
    async fn the_next_exchanges_and_the_lag_are_found_by_their_place() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::parse(&format!("sqlite://{}/x.db", folder.path().display())).unwrap();
        let engine = tokio::task::spawn_blocking(|| Engine::open(location)).await.unwrap().unwrap();
        let sizes: Vec<Value<'_>> = vec![1.into(), "x".into(), 1.into()];
        let next: Vec<Value<'_>> = vec![1.into(), "x".into(), 2.into(), "x".into()];
        let lag = vec![1.into()];
        for (sql, values, by) in [
            (
                concat!("EXPLAIN QUERY PLAN ", next!()),
                next,
                "SEARCH exchanges USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
            ),
            (
                concat!("EXPLAIN QUERY PLAN ", sizes!()),
                sizes,
                "SEARCH exchanges USING INTEGER PRIMARY KEY (rowid>?)",
            ),
            (
                concat!("EXPLAIN QUERY PLAN ", lag!()),
                lag,
                "SEARCH exchanges USING INTEGER PRIMARY KEY (rowid>?)",
            ),
        ] {
            let mut told = String::new();
            for mut row in engine.read(sql, values).await.unwrap() {
                for _ in 0..3 {
                    row.integer().unwrap();
                }
                told.push_str(&row.text().unwrap());
                told.push('\n');
            }
            assert!(told.contains(by) && !told.contains("SCAN exchanges"), "{told}");
        }
        tokio::task::spawn_blocking(move || engine.close()).await.unwrap();
    }
}
