//! Kinds of address.

use std::fmt;

/// What kind of address it is, seen from this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressKind {
    /// On the internet.
    Public,
    /// This machine.
    Loopback,
    /// A private network: RFC 1918, shared space (RFC 6598), unique local (RFC 4193).
    Private,
    /// The link: only neighbours, and most clouds' metadata services.
    LinkLocal,
    /// A cloud's metadata service that is not link-local.
    Metadata,
    /// Set aside for documentation, tests, translation or later, or a tunnel to something that is not public.
    Reserved,
    /// No machine: unspecified, multicast, broadcast. It is never connected to.
    Nowhere,
}

impl fmt::Display for AddressKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "a public address",
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "the address of a cloud's metadata service",
            Self::Reserved => "a reserved address",
            Self::Nowhere => "an address of no machine",
        })
    }
}
