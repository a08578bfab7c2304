//! Which hosts may be asked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where an address is, as far as safety goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Everybody can reach it.
    Public,
    /// This machine or the network around it: no stranger's page may send us there.
    Own,
    /// Nobody means these: link-local addresses, where machines in a cloud keep their keys.
    Never,
}

/// Where an address is; the special ranges of RFC 6890 and its updates.
pub(super) fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => reach_v4(inner),
            None => reach_v6(address),
        },
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    let [first, second, third, _] = address.octets();
    let is_carriers = first == 100 && (64..128).contains(&second);
    let is_protocols = first == 192 && second == 0 && third == 0;
    let is_benchmarks = first == 198 && (18..20).contains(&second);
    if address.is_link_local() || address.is_multicast() || address.is_broadcast() {
        Reach::Never
    } else if address.is_loopback()
        || address.is_private()
        || address.is_unspecified()
        || first == 0
        || first >= 240
        || is_carriers
        || is_protocols
        || is_benchmarks
    {
        Reach::Own
    } else {
        Reach::Public
    }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    if address.is_unicast_link_local() || address.is_multicast() {
        Reach::Never
    } else if address.is_loopback()
        || address.is_unspecified()
        || address.is_unique_local()
        // Site-local addresses, deprecated by RFC 3879, still lead to what is near.
        || address.segments()[0] & 0xffc0 == 0xfec0
    {
        Reach::Own
    } else {
        Reach::Public
    }
}

/// The IPv4 address within an IPv6 address: mapped, compatible, NAT64 (RFC 6052) or 6to4 (RFC 3056).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let inner = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match segments {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            inner(high, low)
        }
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => inner(high, low),
        [0x2002, high, low, ..] => inner(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_special_address_is_recognised() {
        let of = |text: &str| reach(text.parse().expect("an address"));

        for never in ["169.254.169.254", "fe80::1", "::ffff:169.254.1.1", "64:ff9b::a9fe:1"] {
            assert_eq!(of(never), Reach::Never, "{never}");
        }
        for own in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "::1",
            "fd00::1",
            "::ffff:127.0.0.1",
            "100.64.0.1",
            "0.0.0.0",
            "2002:7f00:1::",
        ] {
            assert_eq!(of(own), Reach::Own, "{own}");
        }
        for public in ["93.184.216.34", "2606:2800:220:1::1"] {
            assert_eq!(of(public), Reach::Public, "{public}");
        }
    }
}
