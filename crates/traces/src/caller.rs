//! The trace that a caller says it is in: `traceparent` (W3C Trace Context §3.2).

use crate::id::{SpanId, TraceId};

/// Characters of the four fields of version 0, with what is between them.
const LENGTH: usize = 55;

/// The span from which a request comes, by the word of a proxy that is trusted. It becomes a link and nothing else: whether a
/// request is traced, and in which trace, is never the caller's to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    pub(crate) trace_id: TraceId,
    pub(crate) span_id: SpanId,
}

impl Caller {
    /// Reads the header; `None` for anything that is not exactly one.
    pub fn parse(traceparent: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(traceparent).ok()?;
        let (fields, rest) = text.split_at_checked(LENGTH)?;
        let mut fields = fields.split('-');
        let [version] = bytes::<1>(fields.next()?)?;
        // A later version may add fields behind these four; version 255 there is none (§3.2.2.1).
        if version == 0xff || !(rest.is_empty() || version > 0 && rest.starts_with('-')) {
            return None;
        }
        let trace_id = TraceId::from_bytes(bytes(fields.next()?)?)?;
        let span_id = SpanId::from_bytes(bytes(fields.next()?)?)?;
        bytes::<1>(fields.next()?)?;
        Some(Self { trace_id, span_id })
    }
}

/// Lower-case hexadecimal digits, two a byte.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let is_lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if text.len() != N.checked_mul(2)? || !text.bytes().all(is_lower_hex) {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        let start = at.checked_mul(2)?;
        *byte = u8::from_str_radix(text.get(start..start.checked_add(2)?)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HONEST: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_traceparent_names_a_span() {
        let caller = Caller::parse(HONEST.as_bytes()).unwrap();
        assert_eq!(caller.trace_id.to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(caller.span_id.as_bytes(), [0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31]);
        for other in [HONEST.replacen("00", "01", 1), format!("{}-more", HONEST.replacen("00", "cc", 1))] {
            assert_eq!(Caller::parse(other.as_bytes()), Some(caller), "{other}");
        }
    }

    #[test]
    fn whatever_is_not_exactly_one_is_none() {
        for wrong in [
            "",
            "00",
            HONEST.strip_suffix('1').unwrap(),
            &format!("{HONEST}-"),
            &format!("{HONEST} "),
            &format!(" {HONEST}"),
            &format!("{}x", HONEST.replacen("00", "01", 1)),
            &HONEST.replacen("00", "ff", 1),
            &HONEST.to_uppercase(),
            &HONEST.replace('-', "_"),
            &HONEST.replace("b7ad6b7169203331", "0000000000000000"),
            &HONEST.replace("0af7651916cd43dd8448eb211c80319c", "00000000000000000000000000000000"),
            &HONEST.replace("0af7", "+af7"),
            &HONEST.replace("-01", "-0g"),
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-0101",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b71692033310-01",
        ] {
            assert_eq!(Caller::parse(wrong.as_bytes()), None, "{wrong:?}");
        }
        assert_eq!(Caller::parse(b"\xff00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), None);
    }
}
