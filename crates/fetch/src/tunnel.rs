//! A tunnel through an HTTP proxy: `CONNECT` (RFC 9110 §9.3.6).

use bytes::Bytes;
use http::header::{HOST, USER_AGENT as USER_AGENT_HEADER};
use http::{HeaderValue, Method, Request};
use http_body_util::Empty;
use hyper::client::conn::http1::SendRequest;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::conversation::{USER_AGENT, builder, drive};
use crate::fault::ConnectFault;
use crate::target::Target;

/// Bytes to and from a server, carried by a proxy.
pub(crate) type Tunnel = TokioIo<Upgraded>;

/// Asks the proxy at the other end of `stream` for a tunnel to `target`.
pub(crate) async fn open(stream: TcpStream, target: &Target) -> Result<Tunnel, ConnectFault> {
    let broken = |_| ConnectFault::Proxy("broke the connection".to_owned());
    let request = request(target)?;
    let (sender, connection) = builder().handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let tunnel = drive(connection.with_upgrades(), ask(sender, request)).await?;
    Ok(TokioIo::new(tunnel))
}

async fn ask(
    mut sender: SendRequest<Empty<Bytes>>,
    request: Request<Empty<Bytes>>,
) -> Result<Upgraded, ConnectFault> {
    let broken = |_| ConnectFault::Proxy("broke the connection".to_owned());
    let response = sender.send_request(request).await.map_err(broken)?;
    if !response.status().is_success() {
        return Err(ConnectFault::Proxy(format!("answered HTTP {}", response.status().as_u16())));
    }
    hyper::upgrade::on(response).await.map_err(broken)
}

fn request(target: &Target) -> Result<Request<Empty<Bytes>>, ConnectFault> {
    let host = target.host_and_port();
    let request = Request::builder()
        .method(Method::CONNECT)
        .uri(host.as_str())
        .header(HOST, host.as_str())
        .header(USER_AGENT_HEADER, HeaderValue::from_static(USER_AGENT))
        .body(Empty::new());
    request.map_err(|_| ConnectFault::Proxy("cannot be asked for this host".to_owned()))
}
