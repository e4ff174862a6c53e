//! Where a request comes from: the peer of its connection, or behind a proxy of ours whom the proxy names.

use std::net::IpAddr;
use std::str::FromStr;

use axum::http::HeaderMap;
use thiserror::Error;

/// Addresses of proxies that are believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies(Vec<Block>);

/// A block of addresses: `10.0.0.0/8`, or one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    address: IpAddr,
    bits: u32,
}

/// Why text is no block.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{0}\" is not an address or a block of addresses: such as 127.0.0.1 or 10.1.0.0/16 is accepted")]
pub struct InvalidBlock(String);

const fn width(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    }
}

impl FromStr for Block {
    type Err = InvalidBlock;

    fn from_str(text: &str) -> Result<Self, InvalidBlock> {
        let refuse = || InvalidBlock(text.to_owned());
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| refuse())?;
        let bits = bits.map_or(Ok(width(address)), str::parse).map_err(|_| refuse())?;
        if bits > width(address) {
            return Err(refuse());
        }
        Ok(Self { address, bits })
    }
}

impl Block {
    fn includes(self, address: IpAddr) -> bool {
        let rest = width(self.address) - self.bits;
        let start = |address| number(address).checked_shr(rest).unwrap_or(0);
        width(self.address) == width(address) && start(self.address) == start(address)
    }
}

impl Proxies {
    /// These.
    pub const fn new(blocks: Vec<Block>) -> Self {
        Self(blocks)
    }

    fn include(&self, address: IpAddr) -> bool {
        self.0.iter().any(|block| block.includes(address))
    }

    /// Who asks: the last address of `X-Forwarded-For` that is no proxy of ours, as far as proxies of ours vouch for it.
    /// What stands before it was written by whoever asks, and may be a lie.
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let named = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let named: Vec<&str> = named.flat_map(|value| value.split(',')).collect();
        for name in named.into_iter().rev() {
            if !self.include(client) {
                break;
            }
            let Ok(next) = name.trim().parse::<IpAddr>() else { break };
            client = next.to_canonical();
        }
        client
    }

    /// Whether the connection between the client and our first proxy is encrypted, as the proxy says.
    pub fn is_https(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        let told = headers.get("x-forwarded-proto").and_then(|value| value.to_str().ok());
        self.include(peer.to_canonical()) && told.is_some_and(|told| told.eq_ignore_ascii_case("https"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn headers(forwarded: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", forwarded.parse().expect("a value"));
        headers.insert("x-forwarded-proto", "https".parse().expect("a value"));
        headers
    }

    fn proxies(blocks: &[&str]) -> Proxies {
        Proxies::new(blocks.iter().map(|block| block.parse().expect("a block")).collect())
    }

    #[test]
    fn only_a_proxy_of_ours_is_believed_and_only_about_its_own_peer() {
        let ours = proxies(&["127.0.0.1", "10.1.0.0/16"]);
        for (peer, forwarded, client) in [
            ("203.0.113.9", "198.51.100.7", "203.0.113.9"),
            ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
            ("127.0.0.1", "8.8.8.8, 198.51.100.7", "198.51.100.7"),
            ("127.0.0.1", "8.8.8.8, 198.51.100.7, 10.1.2.3", "198.51.100.7"),
            ("::ffff:127.0.0.1", "198.51.100.7", "198.51.100.7"),
            ("127.0.0.1", "nonsense", "127.0.0.1"),
            ("10.2.0.1", "198.51.100.7", "10.2.0.1"),
        ] {
            assert_eq!(ours.client(ip(peer), &headers(forwarded)), ip(client), "{peer} {forwarded}");
        }
        assert!(ours.is_https(ip("10.1.9.9"), &headers("x")) && !ours.is_https(ip("10.2.0.1"), &headers("x")));
    }

    #[test]
    fn blocks_are_read_and_what_is_none_is_refused() {
        assert!(proxies(&["0.0.0.0/0"]).include(ip("198.51.100.7")));
        assert!(!proxies(&["0.0.0.0/0"]).include(ip("::1")));
        assert!(proxies(&["fd00::/8"]).include(ip("fd12::1")));
        for bad in ["", "localhost", "10.0.0.0/33", "10.0.0.0/", "10.0.0/8"] {
            assert!(bad.parse::<Block>().is_err(), "{bad}");
        }
    }
}
