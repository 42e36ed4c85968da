//! The ranges of addresses that are not simply public, from IANA's registries of special-purpose addresses and the
//! documentation of the clouds.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

use crate::kind::AddressKind;

/// The first match counts; what is not listed is public.
pub(crate) const RANGES_V4: [(Ipv4Net, AddressKind); 19] = [
    (net4([0, 0, 0, 0], 8), AddressKind::Nowhere),
    (net4([224, 0, 0, 0], 4), AddressKind::Nowhere),
    (net4([255, 255, 255, 255], 32), AddressKind::Nowhere),
    (net4([127, 0, 0, 0], 8), AddressKind::Loopback),
    (net4([169, 254, 0, 0], 16), AddressKind::LinkLocal),
    (net4([100, 100, 100, 200], 32), AddressKind::Metadata), // Alibaba Cloud, inside the shared space
    (net4([168, 63, 129, 16], 32), AddressKind::Metadata),   // Azure's platform, inside the public space
    (net4([10, 0, 0, 0], 8), AddressKind::Private),
    (net4([172, 16, 0, 0], 12), AddressKind::Private),
    (net4([192, 168, 0, 0], 16), AddressKind::Private),
    (net4([100, 64, 0, 0], 10), AddressKind::Private),
    (net4([192, 0, 0, 0], 24), AddressKind::Reserved), // protocols; 192.0.0.192 is Oracle Cloud's metadata
    (net4([192, 0, 2, 0], 24), AddressKind::Reserved),
    (net4([198, 51, 100, 0], 24), AddressKind::Reserved),
    (net4([203, 0, 113, 0], 24), AddressKind::Reserved),
    (net4([198, 18, 0, 0], 15), AddressKind::Reserved), // benchmarks
    (net4([192, 88, 99, 0], 24), AddressKind::Reserved), // 6to4 relays
    (net4([192, 31, 196, 0], 24), AddressKind::Reserved), // AS112
    (net4([240, 0, 0, 0], 4), AddressKind::Reserved),
];

/// The first match counts; what is not listed is reserved, since only `2000::/3` is given out.
pub(crate) const RANGES_V6: [(Ipv6Net, AddressKind); 13] = [
    (net6([0, 0, 0, 0, 0, 0, 0, 0], 128), AddressKind::Nowhere),
    (net6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), AddressKind::Nowhere),
    (net6([0, 0, 0, 0, 0, 0, 0, 1], 128), AddressKind::Loopback),
    (net6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), AddressKind::LinkLocal),
    (net6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0], 32), AddressKind::Metadata), // AWS: ::254, EKS ::23
    (net6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0], 32), AddressKind::Metadata),  // Google Cloud: ::254
    (net6([0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42], 128), AddressKind::Metadata), // Scaleway
    (net6([0xfd00, 0xa9fe, 0xa9fe, 0, 0, 0, 0, 0], 48), AddressKind::Metadata), // by the pattern of 169.254
    (net6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), AddressKind::Private),
    (net6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), AddressKind::Reserved), // protocols
    (net6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), AddressKind::Reserved),
    (net6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), AddressKind::Reserved),
    (net6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3), AddressKind::Public),
];

const fn net4(address: [u8; 4], length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::from_octets(address), length)
}

const fn net6(address: [u16; 8], length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::from_segments(address), length)
}
