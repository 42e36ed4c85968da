//! A batch: the next exchanges as lines of JSON.

use daypass_jose::digest::short_sha256;
use daypass_store::{ExchangeRecord, StreamPlace};

use crate::audit;

/// Exchanges of one batch at most.
pub const MAX_BATCH_EXCHANGES: u32 = 500;
/// Bytes of one batch at most, unless one exchange alone has more: half of what a receiver takes that is nginx, or behind it,
/// and says nothing else.
pub const MAX_BATCH_BYTES: usize = 512 * 1024;

/// Exchanges that are delivered together, or not.
pub(super) struct Batch {
    /// A name for what is in it: the same lines have the same.
    pub(super) id: String,
    /// One JSON object a line.
    pub(super) body: Vec<u8>,
    pub(super) count: usize,
    /// The place before it.
    pub(super) from: StreamPlace,
    /// The place behind it.
    pub(super) to: StreamPlace,
    /// Whether nothing more was found behind it.
    pub(super) is_last: bool,
}

/// The batch of these exchanges, of which at most `limit` were asked for, or of as many of them as fit; `None` of none.
pub(super) fn of(from: StreamPlace, next: Vec<(StreamPlace, ExchangeRecord)>, limit: u32) -> Option<Batch> {
    let found = next.len();
    let mut body = Vec::new();
    let (mut count, mut to) = (0_usize, None);
    for (place, exchange) in next {
        let line = audit::as_json(&exchange).to_string();
        let is_too_much = body.len().saturating_add(line.len()) >= MAX_BATCH_BYTES;
        if is_too_much && count > 0 {
            break;
        }
        body.extend_from_slice(line.as_bytes());
        body.push(b'\n');
        count = count.saturating_add(1);
        to = Some(place);
    }
    let is_last = count == found && found < usize::try_from(limit).unwrap_or(usize::MAX);
    Some(Batch { id: format!("daypass_{}", short_sha256(&body)), body, count, from, to: to?, is_last })
}

#[cfg(test)]
mod tests {
    use daypass_jose::Timestamp;
    use daypass_jose::ids::ExchangeId;

    use super::*;

    fn exchanges(count: i64, detail: &str) -> Vec<(StreamPlace, ExchangeRecord)> {
        (0..count)
            .map(|number| {
                let at = Timestamp::from_millis(number);
                let exchange = ExchangeRecord::new(ExchangeId::first_of(at), at, "seed", "192.0.2.1");
                (StreamPlace::beginning(), ExchangeRecord { detail: Some(detail.to_owned()), ..exchange })
            })
            .collect()
    }

    #[test]
    fn a_batch_is_lines_of_json_and_what_does_not_fit_comes_with_the_next() {
        assert!(of(StreamPlace::beginning(), Vec::new(), 5).is_none());
        let large = "\u{1}\n".repeat(50_000);
        for (count, detail, fits) in [(3, "a\nb", 3), (3, large.as_str(), 1), (1, large.as_str(), 1)] {
            let batch = of(StreamPlace::beginning(), exchanges(count, detail), 5).unwrap();
            let text = String::from_utf8(batch.body).unwrap();
            assert_eq!((text.lines().count(), batch.count), (fits, fits));
            assert!(text.ends_with('\n'));
            for line in text.lines() {
                let value: serde_json::Value = serde_json::from_str(line).unwrap();
                assert_eq!(value["detail"].as_str(), Some(detail));
            }
            assert_eq!(batch.is_last, fits == usize::try_from(count).unwrap());
        }
        assert!(!of(StreamPlace::beginning(), exchanges(3, "a"), 3).unwrap().is_last, "there may be more");
    }

    #[test]
    fn the_same_exchanges_make_the_same_id_and_others_another() {
        let id = |count, detail: &str| of(StreamPlace::beginning(), exchanges(count, detail), 5).unwrap().id;
        assert_eq!(id(2, "a"), id(2, "a"));
        assert_ne!(id(2, "a"), id(2, "b"));
        assert_ne!(id(2, "a"), id(3, "a"));
        assert!(!id(1, "a").contains('.'), "it is signed with dots around it");
    }
}
