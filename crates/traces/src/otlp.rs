//! Spans as OTLP writes them: the messages of `opentelemetry/proto/collector/trace/v1/trace_service.proto` and of what it imports,
//! version 1.x, with the fields that are sent here and under their names there (`Span` apart, which is another thing here).

use bytes::Bytes;
use daypass_jose::Random;
use prost::Message;

use crate::attribute::{Attribute, Value};
use crate::id::SpanId;
use crate::recording::{PastSpan, Recorded};
use crate::step::Kind;

/// A sampled span whose parent, if it has one, is of this process: `SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK`, and the flag
/// `sampled` of W3C Trace Context.
const OWN: u32 = 0x101;
/// A span of another process: also `SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK`.
const REMOTE: u32 = 0x300;
/// `STATUS_CODE_ERROR`.
const ERROR: i32 = 2;

/// Whose spans they are.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ExportTraceServiceRequest {
    #[prost(message, repeated, tag = "1")]
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceSpans {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeSpans {
    #[prost(message, optional, tag = "1")]
    scope: Option<InstrumentationScope>,
    #[prost(message, repeated, tag = "2")]
    spans: Vec<SpanMessage>,
}

#[derive(Clone, PartialEq, Message)]
struct InstrumentationScope {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, Message)]
struct SpanMessage {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    parent_span_id: Vec<u8>,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(int32, tag = "6")]
    kind: i32,
    #[prost(fixed64, tag = "7")]
    start_time_unix_nano: u64,
    #[prost(fixed64, tag = "8")]
    end_time_unix_nano: u64,
    #[prost(message, repeated, tag = "9")]
    attributes: Vec<KeyValue>,
    #[prost(message, repeated, tag = "13")]
    links: Vec<Link>,
    #[prost(message, optional, tag = "15")]
    status: Option<Status>,
    #[prost(fixed32, tag = "16")]
    flags: u32,
}

#[derive(Clone, PartialEq, Message)]
struct Link {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
    #[prost(fixed32, tag = "6")]
    flags: u32,
}

#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(string, tag = "2")]
    message: String,
    #[prost(int32, tag = "3")]
    code: i32,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct AnyValue {
    #[prost(oneof = "Any", tags = "1, 2, 3")]
    value: Option<Any>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Any {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(bool, tag = "2")]
    Boolean(bool),
    #[prost(int64, tag = "3")]
    Integer(i64),
}

#[derive(Clone, PartialEq, Message)]
struct ExportTraceServiceResponse {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<ExportTracePartialSuccess>,
}

#[derive(Clone, PartialEq, Message)]
struct ExportTracePartialSuccess {
    #[prost(int64, tag = "1")]
    rejected_spans: i64,
}

impl Resource {
    /// This server, told apart from its replicas by an id that it has until it ends.
    pub(crate) fn new(service_name: &str, rng: &dyn Random) -> Self {
        let instance = crate::id::TraceId::new(rng).to_string();
        let text = |key: &str, value: &str| key_value(key, Value::Text(value.to_owned()));
        Self {
            attributes: vec![
                text("service.name", service_name),
                text("service.version", env!("CARGO_PKG_VERSION")),
                text("service.instance.id", &instance),
            ],
        }
    }
}

/// The body of a request with these spans.
pub(crate) fn request(resource: &Resource, batch: &[Recorded]) -> Bytes {
    let spans = batch.iter().flat_map(|recorded| recorded.spans.iter().map(|ended| span(recorded, ended)));
    let scope = InstrumentationScope { name: "daypass".to_owned() };
    let scope_spans = vec![ScopeSpans { scope: Some(scope), spans: spans.collect() }];
    let resource_spans = vec![ResourceSpans { resource: Some(resource.clone()), scope_spans }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec().into()
}

/// How many spans the collector says it has not taken; none where it says nothing that can be read.
pub(crate) fn rejected(answer: &[u8]) -> usize {
    let answer = ExportTraceServiceResponse::decode(answer).unwrap_or_default();
    answer.partial_success.and_then(|partial| partial.rejected_spans.try_into().ok()).unwrap_or(0)
}

fn span(recorded: &Recorded, ended: &PastSpan) -> SpanMessage {
    let kind = match ended.kind {
        Kind::Internal => 1,
        Kind::Server => 2,
        Kind::Client => 3,
    };
    let link = |caller: &crate::caller::Caller| Link {
        trace_id: caller.trace_id.as_bytes().to_vec(),
        span_id: caller.span_id.as_bytes().to_vec(),
        flags: REMOTE,
    };
    let parent = ended.parent.as_ref().map(SpanId::as_bytes).unwrap_or_default();
    SpanMessage {
        trace_id: recorded.trace_id.as_bytes().to_vec(),
        span_id: ended.id.as_bytes().to_vec(),
        parent_span_id: parent.to_vec(),
        name: ended.name.clone(),
        kind,
        start_time_unix_nano: ended.began,
        end_time_unix_nano: ended.ended,
        attributes: ended.attributes.iter().map(attribute).collect(),
        links: ended.caller.iter().map(link).collect(),
        status: ended.fault.clone().map(|message| Status { message, code: ERROR }),
        flags: OWN,
    }
}

fn attribute(attribute: &Attribute) -> KeyValue {
    key_value(attribute.key(), attribute.value())
}

fn key_value(key: &str, value: Value) -> KeyValue {
    let any = match value {
        Value::Text(text) => Any::Text(text),
        Value::Integer(number) => Any::Integer(number),
        Value::Boolean(is_so) => Any::Boolean(is_so),
    };
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(any) }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::Caller;
    use crate::id::TraceId;

    /// What `opentelemetry-proto` 1.45.2 of `PyPI`, which is made from the published messages, writes for the same spans.
    const PUBLISHED: &[&str] = &[
        "0abb020a180a160a0c736572766963652e6e616d6512060a0470617373129e020a090a076461797061737312a1010a10",
        "01010101010101010101010101010101120802020202020202022a06474554202f7830023901002a36fe9c9717410200",
        "2a36fe9c97174a200a19687474702e726573706f6e73652e7374617475735f636f6465120318f7034a130a0a6572726f",
        "722e7479706512050a033530336a210a1003030303030303030303030303030303120804040404040404043500030000",
        "7a0712033530331802850101010000126d0a100101010101010101010101010101010112080505050505050505220802",
        "020202020202022a0f66696e6420697373756572206b657930013901000000000000004102000000000000004a1a0a14",
        "646179706173732e6b6579732e6665746368656412021000850101010000",
    ];

    fn ended(id: u8, parent: Option<u8>, name: &str, kind: Kind) -> PastSpan {
        let id_of = |id| SpanId::from_bytes([id; 8]).unwrap();
        let (began, ended) = (1, 2);
        let (attributes, fault, caller) = Default::default();
        let (id, parent, name) = (id_of(id), parent.map(id_of), name.to_owned());
        PastSpan { id, parent, name, kind, began, ended, attributes, fault, caller }
    }

    #[test]
    fn spans_are_written_as_the_published_messages_write_them() {
        let attributes = vec![key_value("service.name", Value::Text("pass".to_owned()))];
        let caller = Caller {
            trace_id: TraceId::from_bytes([3; 16]).unwrap(),
            span_id: SpanId::from_bytes([4; 8]).unwrap(),
        };
        let top = PastSpan {
            began: 1_700_000_000_000_000_001,
            ended: 1_700_000_000_000_000_002,
            attributes: vec![Attribute::Status(503), Attribute::Error("503".into())],
            fault: Some("503".to_owned()),
            caller: Some(caller),
            ..ended(2, None, "GET /x", Kind::Server)
        };
        let step = PastSpan {
            attributes: vec![Attribute::KeysFetched(false)],
            ..ended(5, Some(2), "find issuer key", Kind::Internal)
        };
        let recorded = Recorded { trace_id: TraceId::from_bytes([1; 16]).unwrap(), spans: vec![top, step] };
        let written = request(&Resource { attributes }, &[recorded]);
        let hex = written.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        assert_eq!(hex, PUBLISHED.concat());
    }

    #[test]
    fn what_a_collector_has_not_taken_is_read_from_its_answer() {
        assert_eq!(rejected(&[0x0a, 0x06, 0x08, 0x07, 0x12, 0x02, b'n', b'o']), 7);
        for nothing in [&b""[..], b"{}", b"<html>", &[0x0a, 0xff], &[0x0a, 0x02, 0x08, 0x00]] {
            assert_eq!(rejected(nothing), 0, "{nothing:?}");
        }
    }
}
