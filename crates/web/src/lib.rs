//! Every route of the server: the faces in front of the exchange, and what operators look at.
//!
//! A face reads its protocol's request, calls one use case of `daypass-app`, and words the answer.

mod answer;
mod bearer;
mod body;
mod describe;
mod failures;
mod health;
mod layers;
mod metrics;
mod native;
mod oauth;
mod openapi;
mod peer;
mod problem;
mod proxies;
mod routes;
mod seed;
mod server;
mod socket;
mod source;
mod state;
mod tls;
mod well_known;

pub use bearer::token as bearer_token;
pub use metrics::metrics_router;
pub use peer::{MAX_CONNECTIONS_PER_PEER, Peer};
pub use proxies::{MAX_TRUSTED_PROXIES, ProxyFault, TrustedProxies};
pub use routes::{ROUTES, Route, openapi_document, router};
pub use server::{DRAIN_DEADLINE, Drained, Entrance, MAX_CONNECTIONS, serve};
pub use state::{Limits, Web};
pub use tls::{Certificate, CertificateFault, CertificatePem, LiveCertificate, Look, Validity};
