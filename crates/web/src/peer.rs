//! Who is at the other end of a connection.

use std::net::IpAddr;

/// The address of the peer of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);
