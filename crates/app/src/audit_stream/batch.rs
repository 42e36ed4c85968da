//! A batch: the next exchanges as lines of JSON.

use daypass_jose::digest::short_sha256;
use daypass_store::{StoreFault, StreamExchange, StreamNext, StreamPlace};

use crate::audit;

/// Exchanges of one batch at most.
pub const MAX_BATCH_EXCHANGES: u32 = 500;
/// Bytes of one batch at most, unless one exchange alone has more: half of what a receiver takes that is nginx, or behind it,
/// and says nothing else.
pub const MAX_BATCH_BYTES: usize = 512 * 1024;
/// Bytes of the records that are read at once, unless one alone has more. They are counted for each credential, and once more.
pub const MAX_READ_BYTES: u64 = 2 * 1024 * 1024;

/// Exchanges that are delivered together, or not.
pub(super) struct Batch {
    /// A name for what is in it: the same lines have the same.
    pub(super) id: String,
    /// One JSON object a line.
    pub(super) body: Vec<u8>,
    pub(super) count: usize,
    /// The id of the last of them.
    pub(super) last: String,
    /// The exchanges among them that cannot be read, and why.
    pub(super) unreadable: Vec<(String, StoreFault)>,
    /// The place before it.
    pub(super) from: StreamPlace,
    /// The place behind it.
    pub(super) to: StreamPlace,
    /// Whether nothing more was found behind it.
    pub(super) is_last: bool,
}

/// The batch of these exchanges, or of as many of them as fit; `None` of none.
pub(super) fn of(from: StreamPlace, next: StreamNext) -> Option<Batch> {
    let found = next.exchanges.len();
    let (mut body, mut unreadable) = (Vec::new(), Vec::new());
    let (mut count, mut to, mut last) = (0_usize, None, String::new());
    for StreamExchange { place, record } in next.exchanges {
        match record {
            Err(fault) => unreadable.push((place.exchange_id().to_owned(), fault)),
            Ok(exchange) => {
                let line = audit::as_json(&exchange).to_string();
                let is_too_much = body.len().saturating_add(line.len()) >= MAX_BATCH_BYTES;
                if is_too_much && count > 0 {
                    break;
                }
                body.extend_from_slice(line.as_bytes());
                body.push(b'\n');
                count = count.saturating_add(1);
                place.exchange_id().clone_into(&mut last);
            }
        }
        to = Some(place);
    }
    let is_last = next.is_last && count.saturating_add(unreadable.len()) == found;
    let id = format!("daypass_{}", short_sha256(&body));
    Some(Batch { id, body, count, last, unreadable, from, to: to?, is_last })
}

#[cfg(test)]
mod tests {
    use daypass_jose::Timestamp;
    use daypass_jose::ids::ExchangeId;
    use daypass_store::ExchangeRecord;

    use super::*;

    fn exchanges(count: i64, detail: &str, is_last: bool) -> StreamNext {
        let exchanges = (0..count)
            .map(|number| {
                let at = Timestamp::from_millis(number);
                let exchange = ExchangeRecord::new(ExchangeId::first_of(at), at, "seed", "192.0.2.1");
                let record = Ok(ExchangeRecord { detail: Some(detail.to_owned()), ..exchange });
                StreamExchange { place: StreamPlace::beginning(), record }
            })
            .collect();
        StreamNext { exchanges, is_last }
    }

    #[test]
    fn a_batch_is_lines_of_json_and_what_does_not_fit_comes_with_the_next() {
        assert!(of(StreamPlace::beginning(), exchanges(0, "", true)).is_none());
        let large = "\u{1}\n".repeat(50_000);
        for (count, detail, fits) in [(3, "a\nb", 3), (3, large.as_str(), 1), (1, large.as_str(), 1)] {
            let batch = of(StreamPlace::beginning(), exchanges(count, detail, true)).unwrap();
            let text = String::from_utf8(batch.body).unwrap();
            assert_eq!((text.lines().count(), batch.count), (fits, fits));
            assert!(text.ends_with('\n'));
            for line in text.lines() {
                let value: serde_json::Value = serde_json::from_str(line).unwrap();
                assert_eq!(value["detail"].as_str(), Some(detail));
            }
            assert_eq!(batch.is_last, fits == usize::try_from(count).unwrap());
        }
        let more = exchanges(3, "a", false);
        assert!(!of(StreamPlace::beginning(), more).unwrap().is_last, "there may be more");
    }

    #[test]
    fn what_cannot_be_read_is_no_line_and_the_batch_goes_beyond_it() {
        let mut next = exchanges(3, "a", true);
        next.exchanges[1].record = Err(StoreFault::Corrupt("a column".to_owned()));
        let batch = of(StreamPlace::beginning(), next).unwrap();
        assert_eq!((batch.count, batch.unreadable.len(), batch.is_last), (2, 1, true));
        assert_eq!(String::from_utf8(batch.body).unwrap().lines().count(), 2);
    }

    #[test]
    fn the_same_exchanges_make_the_same_id_and_others_another() {
        let id =
            |count, detail: &str| of(StreamPlace::beginning(), exchanges(count, detail, true)).unwrap().id;
        assert_eq!(id(2, "a"), id(2, "a"));
        assert_ne!(id(2, "a"), id(2, "b"));
        assert_ne!(id(2, "a"), id(3, "a"));
        assert!(!id(1, "a").contains('.'), "it is signed with dots around it");
    }
}
