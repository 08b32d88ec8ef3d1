//! Which IP addresses a miner's server may have.
//!
//! A miner chooses the name under which its server is found, and with it the address that the evaluator connects to.
//! Only addresses that are globally reachable are connected to, so that a name cannot point at the evaluator's own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which addresses are connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Addresses {
    /// Globally reachable ones.
    #[default]
    PublicOnly,
    /// All; for servers of one's own.
    AllowPrivate,
}

impl Addresses {
    /// Whether an address may be connected to.
    pub fn admit(self, address: IpAddr) -> bool {
        match self {
            Self::PublicOnly => is_public(address),
            Self::AllowPrivate => true,
        }
    }
}

/// Blocks of IPv4 that are not globally reachable: first address, length of the prefix.
///
/// Source: IANA IPv4 Special-Purpose Address Registry; RFC 1112 for `240.0.0.0/4`, RFC 5771 for multicast.
const SPECIAL_V4: [([u8; 4], u32); 15] = [
    ([0, 0, 0, 0], 8),       // this network, and "unspecified"
    ([10, 0, 0, 0], 8),      // private
    ([100, 64, 0, 0], 10),   // carrier-grade NAT
    ([127, 0, 0, 0], 8),     // loopback
    ([169, 254, 0, 0], 16),  // link-local; clouds serve credentials at 169.254.169.254
    ([172, 16, 0, 0], 12),   // private
    ([192, 0, 0, 0], 24),    // protocol assignments
    ([192, 0, 2, 0], 24),    // documentation
    ([192, 88, 99, 0], 24),  // relays of 6to4, withdrawn
    ([192, 168, 0, 0], 16),  // private
    ([198, 18, 0, 0], 15),   // benchmarking
    ([198, 51, 100, 0], 24), // documentation
    ([203, 0, 113, 0], 24),  // documentation
    ([224, 0, 0, 0], 4),     // multicast
    ([240, 0, 0, 0], 4),     // reserved, and broadcast
];

/// Blocks within the global unicast space `2000::/3` of IPv6 that are not globally reachable; outside of that space nothing is.
///
/// Source: IANA IPv6 Special-Purpose Address Registry.
const SPECIAL_V6: [(Ipv6Addr, u32); 3] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments: Teredo, benchmarking, ORCHID
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// Whether an address is globally reachable. One that embeds an IPv4 address is what that address is.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let within = |(first, length): ([u8; 4], u32)| {
        (address.to_bits() ^ u32::from_be_bytes(first)) >> (32 - length) == 0
    };
    !SPECIAL_V4.into_iter().any(within)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let within =
        |first: Ipv6Addr, length: u32| (address.to_bits() ^ first.to_bits()) >> (128 - length) == 0;
    let v4 = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        // IPv4-mapped (RFC 4291), and NAT64 under its well-known prefix (RFC 6052).
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            is_public_v4(v4(high, low))
        }
        // 6to4 (RFC 3056).
        [0x2002, high, low, ..] => is_public_v4(v4(high, low)),
        // ISATAP (RFC 5214): the interface's half names an IPv4 host behind the router of the other half.
        [.., 0 | 0x200, 0x5efe, high, low] if !is_public_v4(v4(high, low)) => false,
        _ => {
            within(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3)
                && !SPECIAL_V6
                    .into_iter()
                    .any(|(first, length)| within(first, length))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn public_addresses_are_admitted() {
        for text in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2a00:1450:4001::5e",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
        ] {
            assert!(Addresses::PublicOnly.admit(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn others_are_refused() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.0",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.0",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.0",
            "192.168.255.255",
            "198.18.0.0",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::1.1.1.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::1.1.1.1",
            "100::1",
            "2001::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:2::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:a9fe:a9fe::1",
            "2002:c0a8:101::",
            "2606:4700::5efe:10.0.0.1",
            "2606:4700::200:5efe:192.168.1.1",
            "3fff::1",
            "4000::1",
            "5f00::1",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            let address = text.parse().unwrap();
            assert!(!Addresses::PublicOnly.admit(address), "{text}");
            assert!(Addresses::AllowPrivate.admit(address), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_embedding_hides_an_address(bits: u32) {
            let inner = Ipv4Addr::from_bits(bits);
            let public = is_public_v4(inner);
            let [a, b, c, d] = inner.octets().map(u16::from);
            let (high, low) = (a << 8 | b, c << 8 | d);
            for outer in [
                inner.to_ipv6_mapped(),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
                Ipv6Addr::new(0x2606, 0x4700, 0, 0, 0, 0x5efe, high, low),
            ] {
                prop_assert_eq!(is_public_v6(outer), public, "{}", outer);
            }
        }

        #[test]
        fn agrees_with_what_the_standard_library_knows(bits: u32) {
            let address = Ipv4Addr::from_bits(bits);
            if address.is_private() || address.is_loopback() || address.is_link_local() || address.is_broadcast()
                || address.is_documentation() || address.is_multicast() || address.is_unspecified()
            {
                prop_assert!(!is_public_v4(address), "{}", address);
            }
        }
    }
}
