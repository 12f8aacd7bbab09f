//! The addresses of clients behind our own proxies: `X-Forwarded-For` counts only on a proxy's connection.

use std::net::IpAddr;

use axum::http::HeaderMap;

use crate::limit::prefix;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The peers whose `X-Forwarded-For` is believed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Proxies {
    any: bool,
    /// Networks: an address and the number of bits that count.
    networks: Vec<(IpAddr, u32)>,
}

impl Proxies {
    /// Every peer is a proxy: nobody else can reach this server.
    pub fn any() -> Self {
        Self {
            any: true,
            networks: Vec::new(),
        }
    }

    /// Addresses and networks, such as `10.0.0.5` or `2001:db8::/32`. Fails with the one that is neither.
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, &'a str> {
        let networks = names.into_iter().map(|name| network(name).ok_or(name));
        Ok(Self {
            any: false,
            networks: networks.collect::<Result<_, _>>()?,
        })
    }

    /// True if this peer is a proxy of ours.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        let inside = |(network, bits): &(IpAddr, u32)| masked(peer, *bits) == Some(*network);
        self.any || self.networks.iter().any(inside)
    }

    /// The client of a request from `peer`: the last address that no proxy of ours has, since those before it
    /// may be forged.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusts(peer) {
            return peer;
        }
        let lines = headers.get_all(FORWARDED_FOR).iter();
        let lines: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
        let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
        let mut client = peer;
        for hop in hops {
            let Ok(address) = hop.trim().parse::<IpAddr>() else {
                break;
            };
            client = address;
            if self.any || !self.trusts(address) {
                break;
            }
        }
        client
    }
}

fn network(name: &str) -> Option<(IpAddr, u32)> {
    let (address, bits) = match name.split_once('/') {
        None => (name.parse::<IpAddr>().ok()?, None),
        Some((address, bits)) => (address.parse().ok()?, Some(bits.parse().ok()?)),
    };
    let address = address.to_canonical();
    let all = if address.is_ipv4() { 32 } else { 128 };
    let bits = bits.unwrap_or(all);
    // An address with bits beyond its prefix is most likely a mistake.
    (masked(address, bits)? == address).then_some((address, bits))
}

/// The first bits of an address; `None` if it has not so many.
fn masked(address: IpAddr, bits: u32) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32_u32.checked_sub(bits)?).unwrap_or(0);
            Some(IpAddr::V4((v4.to_bits() & mask).into()))
        }
        IpAddr::V6(_) => match bits {
            0 => Some(IpAddr::V6(0.into())),
            1..=128 => Some(prefix(address, bits)),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn forwarded(lines: &[&str]) -> HeaderMap {
        let lines = lines.iter().map(|line| {
            let name = axum::http::HeaderName::from_static(FORWARDED_FOR);
            (name, line.parse().unwrap())
        });
        lines.collect()
    }

    #[test]
    fn networks_are_read_and_mistakes_named() {
        let proxies = Proxies::named(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]).unwrap();
        for inside in ["10.9.8.7", "192.0.2.7", "2001:db8:1::1", "::ffff:10.0.0.1"] {
            assert!(proxies.trusts(ip(inside)), "{inside}");
        }
        for outside in ["11.0.0.1", "192.0.2.8", "2001:db9::1"] {
            assert!(!proxies.trusts(ip(outside)), "{outside}");
        }
        assert!(Proxies::named(["0.0.0.0/0"]).unwrap().trusts(ip("1.2.3.4")));
        for wrong in ["10.0.0.0/33", "10.0.0.1/8", "proxy", "", "::/129"] {
            assert_eq!(Proxies::named([wrong]), Err(wrong));
        }
    }

    #[test]
    fn only_a_proxy_names_another_address_and_forged_hops_count_for_nothing() {
        let proxies = Proxies::named(["10.0.0.0/8"]).unwrap();
        let client = |peer, lines: &[&str]| proxies.client(ip(peer), &forwarded(lines));
        assert_eq!(client("203.0.113.9", &["198.51.100.1"]), ip("203.0.113.9"));
        assert_eq!(client("10.0.0.1", &["198.51.100.1"]), ip("198.51.100.1"));
        let forged = "1.1.1.1, 198.51.100.1, 10.0.0.2";
        assert_eq!(client("10.0.0.1", &[forged]), ip("198.51.100.1"));
        assert_eq!(
            client("10.0.0.1", &["1.1.1.1", "198.51.100.1"]),
            ip("198.51.100.1")
        );
        assert_eq!(client("10.0.0.1", &["unknown"]), ip("10.0.0.1"));
        assert_eq!(client("10.0.0.1", &[]), ip("10.0.0.1"));
        // With any peer trusted, only the last hop is known to be our own proxy's word.
        let any = Proxies::any().client(ip("10.0.0.1"), &forwarded(&[forged]));
        assert_eq!(any, ip("10.0.0.2"));
    }
}
