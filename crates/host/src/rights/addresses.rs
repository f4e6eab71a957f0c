//! Which kind an address is of. What is written in one notation and routed as another is looked through.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jackfield_manifest::AddressClass;

/// The metadata services of clouds that lie outside of link-local addresses, and the one that lies inside.
const METADATA_V4: [Ipv4Addr; 4] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
];

/// The same by IPv6.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254);

/// The kind of an address; `None`: nobody can be connected to there (unspecified, multicast, broadcast, reserved), and so
/// no permission allows it.
#[must_use]
pub fn class_of(address: IpAddr) -> Option<AddressClass> {
    match address {
        IpAddr::V4(address) => class_v4(address),
        IpAddr::V6(address) => class_v6(address),
    }
}

fn class_v4(address: Ipv4Addr) -> Option<AddressClass> {
    let [a, b, c, _] = address.octets();
    if METADATA_V4.contains(&address) {
        return Some(AddressClass::Metadata);
    }
    match (a, b) {
        (0, _) | (224.., _) => None,
        (127, _) => Some(AddressClass::Loopback),
        (169, 254) => Some(AddressClass::LinkLocal),
        (10, _) | (172, 16..=31) | (192, 168) => Some(AddressClass::Private),
        // Carriers' own networks, and networks for measurements.
        (100, 64..=127) | (198, 18..=19) => Some(AddressClass::Private),
        (192, 0) if c == 0 => Some(AddressClass::Private),
        _ => Some(AddressClass::Public),
    }
}

fn class_v6(address: Ipv6Addr) -> Option<AddressClass> {
    if address == METADATA_V6 {
        return Some(AddressClass::Metadata);
    }
    if address.is_unspecified() || address.is_multicast() {
        return None;
    }
    if address.is_loopback() {
        return Some(AddressClass::Loopback);
    }
    let [a, b, c, d, _, _, g, h] = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        class_v4(Ipv4Addr::new(a, b, c, d))
    };
    match (a, b, c, d) {
        // Mapped and compatible addresses, NAT64, and 6to4 lead to the address that they hold.
        (0, 0, 0, 0) => embedded(g, h),
        (0x64, 0xff9b, 0, 0) => embedded(g, h),
        (0x2002, high, low, _) => embedded(high, low),
        // Teredo hides the address; a network's own NAT64 may lead anywhere inside of it.
        (0x2001, 0, _, _) => None,
        (0x64, 0xff9b, 1, _) => Some(AddressClass::Private),
        (0xfe80..=0xfebf, ..) => Some(AddressClass::LinkLocal),
        (0xfec0..=0xfeff, ..) | (0xfc00..=0xfdff, ..) => Some(AddressClass::Private),
        _ => Some(AddressClass::Public),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notations_of_the_same_place_are_of_the_same_kind() {
        use AddressClass::{LinkLocal, Loopback, Metadata, Private, Public};
        for (text, class) in [
            ("93.184.216.34", Some(Public)),
            ("2606:2800:220:1::1", Some(Public)),
            ("127.0.0.1", Some(Loopback)),
            ("127.255.255.254", Some(Loopback)),
            ("::1", Some(Loopback)),
            ("::ffff:127.0.0.1", Some(Loopback)),
            ("::127.0.0.1", Some(Loopback)),
            ("64:ff9b::7f00:1", Some(Loopback)),
            ("2002:7f00:1::", Some(Loopback)),
            ("10.1.2.3", Some(Private)),
            ("172.31.0.1", Some(Private)),
            ("172.32.0.1", Some(Public)),
            ("192.168.1.1", Some(Private)),
            ("::ffff:192.168.1.1", Some(Private)),
            ("100.64.0.1", Some(Private)),
            ("fd12::1", Some(Private)),
            ("169.254.1.1", Some(LinkLocal)),
            ("fe80::1", Some(LinkLocal)),
            ("169.254.169.254", Some(Metadata)),
            ("::ffff:169.254.169.254", Some(Metadata)),
            ("64:ff9b::a9fe:a9fe", Some(Metadata)),
            ("2002:a9fe:a9fe::1", Some(Metadata)),
            ("fd00:ec2::254", Some(Metadata)),
            ("0.0.0.0", None),
            ("::", None),
            ("::ffff:0.0.0.0", None),
            ("224.0.0.1", None),
            ("255.255.255.255", None),
            ("ff02::1", None),
            ("2001:0:1::1", None),
        ] {
            assert_eq!(class_of(text.parse().unwrap()), class, "{text}");
        }
    }
}
