//! The only outbound sockets of the server, with bounds on size, time and address.
//!
//! One request is one connection to one address that was judged before; nothing is reused, followed or decompressed.

mod address;
mod connect;
mod conversation;
mod endpoint;
mod fault;
mod fetcher;
mod kind;
mod message;
mod proxy;
mod ranges;
mod resolve;
mod stream;
mod target;
mod tls;
mod tunnel;

pub use connect::{CONNECT_ATTEMPT, MAX_CONNECT_ATTEMPTS};
pub use conversation::{MAX_HEAD_BYTES, MAX_HEADERS, USER_AGENT};
pub use endpoint::{Endpoint, EndpointRules, check_ca_pem};
pub use fault::{ConnectFault, FetchFault, FetchSetupFault};
pub use fetcher::{Fetcher, MAX_CONCURRENT_REQUESTS};
pub use kind::AddressKind;
pub use message::{Request, Response};
pub use proxy::Outbound;
pub use resolve::{Resolve, Resolving, SystemResolver};
pub use target::{CheckedUrl, MAX_URL_BYTES, check_url};
