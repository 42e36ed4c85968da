//! One request and its answer over one connection (HTTP/1.1, RFC 9112).

use std::pin::pin;

use bytes::{Bytes, BytesMut};
use http::header::{
    ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, EXPECT, HOST, TE, TRANSFER_ENCODING,
    UPGRADE, USER_AGENT as USER_AGENT_HEADER,
};
use http::{HeaderName, HeaderValue, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;

use crate::fault::FetchFault;
use crate::message::{Request, Response};
use crate::stream::Connected;
use crate::target::Target;

/// Header lines of an answer. A number without bound is memory without bound.
pub const MAX_HEADERS: usize = 100;
/// The head of an answer in bytes, for the same reason; the body has the limit of its request.
pub const MAX_HEAD_BYTES: usize = 32 * 1024;
/// How this server names itself, the same for everybody.
pub const USER_AGENT: &str = concat!("daypass/", env!("CARGO_PKG_VERSION"));

/// What a caller cannot set: it frames the message or belongs to the connection.
const NOT_THE_CALLERS: [HeaderName; 5] = [CONTENT_LENGTH, TRANSFER_ENCODING, TE, UPGRADE, EXPECT];

/// Sends `request` over a connection and reads the whole answer.
pub(crate) async fn hold(
    connected: Connected,
    target: &Target,
    request: Request,
) -> Result<Response, FetchFault> {
    let Connected { stream, certificate } = connected;
    let limit_bytes = request.max_response_bytes;
    let message = message(target, request)?;
    let handshake = builder().handshake(TokioIo::new(stream)).await;
    let (sender, connection) = handshake.map_err(|fault| fault_of(&fault))?;
    let answer = drive(connection, exchange(sender, message, limit_bytes)).await?;
    Ok(Response { certificate, ..answer })
}

/// HTTP/1.1 as strict as `hyper` is by default, with bounds on the head.
pub(crate) fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.max_headers(MAX_HEADERS).max_buf_size(MAX_HEAD_BYTES);
    builder
}

/// Lets `talk` go on over `connection`, and ends with it.
pub(crate) async fn drive<T>(connection: impl Future, talk: impl Future<Output = T>) -> T {
    let mut talk = pin!(talk);
    tokio::select! {
        biased;
        outcome = &mut talk => outcome,
        // The connection is over, well or not: what it left behind is still to be read.
        _ = connection => talk.await,
    }
}

async fn exchange(
    mut sender: SendRequest<Full<Bytes>>,
    message: http::Request<Full<Bytes>>,
    limit_bytes: usize,
) -> Result<Response, FetchFault> {
    let response = sender.send_request(message).await.map_err(|fault| fault_of(&fault))?;
    let (head, body) = response.into_parts();
    if head.headers.get_all(CONTENT_ENCODING).iter().any(|encoding| encoding != "identity") {
        return Err(FetchFault::Encoded);
    }
    let body = read(body, limit_bytes).await?;
    Ok(Response { status: head.status.as_u16(), headers: head.headers, body, certificate: None })
}

async fn read(mut body: Incoming, limit_bytes: usize) -> Result<Bytes, FetchFault> {
    let too_large = || FetchFault::TooLarge { limit_bytes };
    if usize::try_from(body.size_hint().lower()).map_or(true, |announced| announced > limit_bytes) {
        return Err(too_large());
    }
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|fault| fault_of(&fault))?.into_data() else { continue };
        if data.len() > limit_bytes.saturating_sub(whole.len()) {
            return Err(too_large());
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

fn message(target: &Target, request: Request) -> Result<http::Request<Full<Bytes>>, FetchFault> {
    let host = HeaderValue::from_str(&target.authority());
    let host = host.map_err(|_| FetchFault::UrlMalformed("its host cannot be in a header"))?;
    let mut message = http::Request::new(Full::new(request.body));
    *message.method_mut() = request.method;
    *message.uri_mut() = Uri::from(target.path_and_query.clone());
    let headers = message.headers_mut();
    for (name, value) in request.headers {
        headers.append(name, value);
    }
    for name in NOT_THE_CALLERS {
        headers.remove(name);
    }
    headers.insert(HOST, host);
    headers.insert(USER_AGENT_HEADER, HeaderValue::from_static(USER_AGENT));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    Ok(message)
}

fn fault_of(fault: &hyper::Error) -> FetchFault {
    if fault.is_parse_too_large() {
        FetchFault::TooLarge { limit_bytes: MAX_HEAD_BYTES }
    } else if fault.is_parse() {
        FetchFault::Broken("it is not HTTP/1.1")
    } else {
        FetchFault::Broken("the connection ended")
    }
}
