//! Why a request gave no answer. All texts are safe to show: none holds a path, a header, a body or an address that
//! was looked up.

use std::time::Duration;

use crate::kind::AddressKind;

/// Why the settings of outbound connections do not work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchSetupFault {
    /// The proxy is not `http://host:port`.
    #[error("the proxy is not `http://host:port`: {0}")]
    ProxyMalformed(&'static str),
    /// An entry of `no_proxy` is none of the known forms.
    #[error("`{0}` in `no_proxy` is not a host, `*.suffix`, an address or a CIDR")]
    NoProxyMalformed(String),
    /// The certificates of a private CA cannot be used.
    #[error("the certificates of the private CA cannot be used: {0}")]
    CaMalformed(String),
    /// TLS cannot be set up at all.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

/// Why a request gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchFault {
    /// It is not an absolute URL in plain form.
    #[error("the URL is refused: {0}")]
    UrlMalformed(&'static str),
    /// The scheme is neither `https` nor, where it is allowed, `http`.
    #[error("the scheme of the URL is not allowed; use `https`")]
    SchemeRefused,
    /// The host is, or resolves to, an address that the endpoint's rules do not allow. Nothing was sent.
    #[error("`{host}` is, or resolves to, {kind}, which is not allowed for it")]
    AddressRefused {
        /// The host of the URL.
        host: String,
        /// The kind of the first address that is not allowed.
        kind: AddressKind,
    },
    /// There was no connection, so the request was certainly not sent.
    #[error("no connection to `{authority}`: {fault}")]
    Connect {
        /// Host and port of the URL, the port also where the URL leaves it to the scheme.
        authority: String,
        /// What failed.
        fault: ConnectFault,
    },
    /// No whole answer within the deadline; the request may have been sent.
    #[error("no whole answer within {0:?}")]
    Timeout(Duration),
    /// The answer, or its head, is larger than is read.
    #[error("the answer is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit that it exceeds.
        limit_bytes: usize,
    },
    /// The answer is compressed, although that was not asked for; nothing is ever decompressed.
    #[error("the answer has a content encoding, which was not asked for")]
    Encoded,
    /// The request was sent, or part of it, but no whole answer came back.
    #[error("no whole answer: {0}")]
    Broken(&'static str),
}

/// What failed on the way to a connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectFault {
    /// The name, or that of the proxy, has no address now.
    #[error("its name cannot be resolved")]
    Unresolved,
    /// No address took a connection.
    #[error("{0}")]
    Tcp(String),
    /// The proxy did not open a tunnel.
    #[error("the proxy {0}")]
    Proxy(String),
    /// The TLS handshake broke.
    #[error("the TLS handshake failed: {0}")]
    Tls(String),
    /// The server's certificate, or its TLS, is not acceptable.
    #[error("its TLS is not acceptable: {0}")]
    Untrusted(String),
    /// What answers the handshake is not TLS at all.
    #[error("it speaks plain HTTP on this port, or something else that is not TLS")]
    NotTls,
    /// The endpoint's own CA cannot be used.
    #[error("{0}")]
    Setup(#[from] FetchSetupFault),
}

impl FetchFault {
    /// Whether the same request may succeed later without anybody changing anything.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Connect { fault, .. } => fault.is_transient(),
            Self::Timeout(_) | Self::Broken(_) => true,
            Self::UrlMalformed(_)
            | Self::SchemeRefused
            | Self::AddressRefused { .. }
            | Self::TooLarge { .. }
            | Self::Encoded => false,
        }
    }
}

impl ConnectFault {
    const fn is_transient(&self) -> bool {
        match self {
            Self::Unresolved | Self::Tcp(_) | Self::Proxy(_) | Self::Tls(_) => true,
            Self::Untrusted(_) | Self::NotTls | Self::Setup(_) => false,
        }
    }
}
