//! What kind of address it is, from the registries of special-purpose addresses (RFC 6890 and IANA's lists of it).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::kind::AddressKind;
use crate::ranges::{RANGES_V4, RANGES_V6};

impl AddressKind {
    /// The kind of `address`. An address that carries an IPv4 address is judged by it.
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => Self::of_v6(address),
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        let listed = RANGES_V4.iter().find(|(range, _)| range.contains(&address));
        listed.map_or(Self::Public, |(_, kind)| *kind)
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        if let Some(carried) = carried(address) {
            return carried
                .into_iter()
                .map(|end| Self::of_v4(end).through_a_tunnel())
                .fold(Self::Public, Self::worse);
        }
        let listed = RANGES_V6.iter().find(|(range, _)| range.contains(&address));
        listed.map_or(Self::Reserved, |(_, kind)| *kind)
    }

    /// What a tunnel's end is, seen from here: its loopback and its private networks are not ours (RFC 6052 §3.1
    /// forbids such addresses outright).
    const fn through_a_tunnel(self) -> Self {
        match self {
            Self::Public => Self::Public,
            Self::Nowhere => Self::Nowhere,
            Self::Loopback | Self::Private | Self::LinkLocal | Self::Metadata | Self::Reserved => {
                Self::Reserved
            }
        }
    }

    const fn worse(self, other: Self) -> Self {
        if matches!(self, Self::Public) || matches!(other, Self::Nowhere) { other } else { self }
    }
}

/// The IPv4 addresses that an IPv6 address carries: IPv4-compatible (RFC 4291 §2.5.5.1), IPv4-translated (RFC 2765),
/// NAT64 (RFC 6052), 6to4 (RFC 3056), ISATAP (RFC 5214 §6.1), and Teredo, which carries two (RFC 4380 §4).
/// IPv4-mapped ones are no longer here: the kernel treats them as IPv4, and so does [`AddressKind::of`].
fn carried(address: Ipv6Addr) -> Option<[Ipv4Addr; 2]> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0x2001, 0, server_high, server_low, _, _, high, low] => {
            Some([v4(server_high, server_low), v4(!high, !low)])
        }
        [0, 0, 0, 0, 0 | 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..]
        | [.., 0 | 0x200, 0x5efe, high, low] => Some([v4(high, low); 2]),
        _ => None,
    }
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_wrapping_makes_an_address_more_public(bits: u32) {
            let inner = Ipv4Addr::from_bits(bits);
            let kind = AddressKind::of(inner.into());
            prop_assert_eq!(AddressKind::of(inner.to_ipv6_mapped().into()), kind);
            let (high, low) = ((bits >> 16).to_le_bytes(), bits.to_le_bytes());
            let (high, low) = (u16::from_le_bytes([high[0], high[1]]), u16::from_le_bytes([low[0], low[1]]));
            for wrapped in [
                [0x64, 0xff9b, 0, 0, 0, 0, high, low],
                [0x2002, high, low, 0, 0, 0, 0, 1],
                [0x2001, 0, 0x808, 0x808, 0, 0, !high, !low],
                [0x2001, 0, high, low, 0, 0, !0x808, !0x808],
                [0, 0, 0, 0, 0xffff, 0, high, low],
            ] {
                let is_public = AddressKind::of(Ipv6Addr::from_segments(wrapped).into()) == AddressKind::Public;
                prop_assert_eq!(is_public, kind == AddressKind::Public);
            }
        }
    }

    fn assert_kind(kind: AddressKind, addresses: &[&str]) {
        for address in addresses {
            assert_eq!(AddressKind::of(address.parse().unwrap()), kind, "{address}");
        }
    }

    #[test]
    fn public_addresses_are_public() {
        assert_kind(
            AddressKind::Public,
            &[
                "8.8.8.8",
                "1.1.1.1",
                "140.82.121.4",
                "9.255.255.255",
                "11.0.0.0",
                "100.63.255.255",
                "100.128.0.0",
                "126.255.255.255",
                "128.0.0.0",
                "169.253.255.255",
                "172.15.255.255",
                "172.32.0.0",
                "192.167.255.255",
                "223.255.255.255",
                "2606:4700::1111",
                "2a00:1450:4001::5",
                "::ffff:8.8.8.8",
                "64:ff9b::8.8.8.8",
                "2002:808:808::1",
                "2001:0:808:808::f7f7:f7f7",
            ],
        );
    }

    #[test]
    fn loopback_is_this_machine_also_when_mapped() {
        assert_kind(AddressKind::Loopback, &["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"]);
    }

    #[test]
    fn private_networks_are_private_also_when_mapped() {
        assert_kind(
            AddressKind::Private,
            &[
                "10.0.0.0",
                "10.255.255.255",
                "172.16.0.1",
                "172.31.255.255",
                "192.168.1.1",
                "100.64.0.0",
                "100.127.255.255",
                "::ffff:10.0.0.1",
                "fc00::1",
                "fd12:3456::1",
            ],
        );
    }

    #[test]
    fn metadata_services_are_never_taken_for_private_or_public() {
        assert_kind(AddressKind::LinkLocal, &["169.254.169.254", "169.254.170.2", "fe80::1", "febf::1"]);
        assert_kind(AddressKind::LinkLocal, &["::ffff:169.254.169.254", "fe80::a9fe:a9fe"]);
        assert_kind(
            AddressKind::Metadata,
            &[
                "100.100.100.200",
                "168.63.129.16",
                "fd00:ec2::254",
                "fd00:ec2::23",
                "fd20:ce::254",
                "fd00:42::42",
            ],
        );
        assert_kind(AddressKind::Reserved, &["192.0.0.192"]);
    }

    #[test]
    fn addresses_of_no_machine_are_nowhere() {
        assert_kind(
            AddressKind::Nowhere,
            &["0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.255", "255.255.255.255", "::", "ff02::1"],
        );
        assert_kind(AddressKind::Nowhere, &["::ffff:0.0.0.0", "64:ff9b::0.0.0.0", "64:ff9b::224.0.0.1"]);
    }

    #[test]
    fn what_is_set_aside_is_reserved() {
        assert_kind(
            AddressKind::Reserved,
            &[
                "192.0.2.1",
                "198.51.100.7",
                "203.0.113.9",
                "198.18.0.1",
                "198.19.255.255",
                "240.0.0.1",
                "254.0.0.1",
                "2001:db8::1",
                "3fff::1",
                "100::1",
                "fec0::1",
                "64:ff9b:1::8.8.8.8",
                "2001:20::1",
                "5f00::1",
                "4000::1",
            ],
        );
    }

    #[test]
    fn a_tunnel_to_anything_but_the_internet_is_reserved() {
        assert_kind(
            AddressKind::Reserved,
            &[
                "64:ff9b::127.0.0.1",
                "64:ff9b::10.0.0.1",
                "64:ff9b::169.254.169.254",
                "::127.0.0.1",
                "::10.0.0.1",
                "::ffff:0:127.0.0.1",
                "2002:7f00:1::1",
                "2002:a9fe:a9fe::1",
                "2002:a00:1::",
                "2001:0:808:808::80ff:fffe",
                "2001:0:a00:1::f7f7:f7f7",
                "2001:470::5efe:10.0.0.1",
                "2001:470::200:5efe:169.254.169.254",
            ],
        );
    }
}
