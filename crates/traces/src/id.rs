//! Ids of traces and spans (W3C Trace Context §3.2.2): random, and never all zeros.

use std::fmt;

use daypass_jose::Random;

/// The id of a trace: 16 bytes, written as 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceId([u8; 16]);

/// The id of a span: 8 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SpanId([u8; 8]);

impl TraceId {
    pub(crate) fn new(rng: &dyn Random) -> Self {
        let (SpanId(first), SpanId(last)) = (SpanId::new(rng), SpanId::new(rng));
        let mut bytes = [0; 16];
        for (byte, random) in bytes.iter_mut().zip(first.into_iter().chain(last)) {
            *byte = random;
        }
        Self(bytes)
    }

    /// These bytes; `None` where all are zero, which names no trace.
    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        (bytes != [0; 16]).then_some(Self(bytes))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its last eight bytes as a number: what is chosen by chance is chosen by it.
    pub(crate) fn chance(&self) -> u64 {
        self.0.into_iter().fold(0_u64, |number, byte| number << 8 | u64::from(byte))
    }
}

impl SpanId {
    pub(crate) fn new(rng: &dyn Random) -> Self {
        let mut bytes = [0; 8];
        rng.fill(&mut bytes);
        // One in 2^64: zeros would be no id.
        Self(if bytes == [0; 8] { [1; 8] } else { bytes })
    }

    /// These bytes; `None` where all are zero, which names no span.
    pub(crate) fn from_bytes(bytes: [u8; 8]) -> Option<Self> {
        (bytes != [0; 8]).then_some(Self(bytes))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
