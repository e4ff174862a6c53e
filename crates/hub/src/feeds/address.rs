//! Where a webhook may go. Whoever may add a webhook must not be able to make the hub ask inside its own network: neither
//! by an address, nor by a name that stands for one, nor by a name that stands for another address the second time.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::config::Reach;

/// Longest address, in bytes.
const URL_BYTES_MAX: usize = 2_000;

/// Whether `address` is one that the whole Internet reaches. Everything that is not plainly so is refused: IANA's
/// registries of special addresses (RFC 6890), and what carries an IPv4 address inside.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_unspecified()
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b))
        || a >= 240;
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inside) = address.to_ipv4_mapped() {
        return is_public_v4(inside);
    }
    let segments = address.segments();
    // Global unicast is 2000::/3; of that, tunnels that carry an IPv4 address and documentation are taken out.
    let is_global = segments[0] & 0xe000 == 0x2000;
    let is_tunnel = segments[0] == 0x2002 || (segments[0] == 0x2001 && segments[1] < 0x0200);
    let is_documentation = segments[0] == 0x2001 && segments[1] == 0x0db8 || segments[0] == 0x3fff;
    is_global && !is_tunnel && !is_documentation
}

/// Whether events may be posted to `url`; if not, why.
pub(crate) fn check_url(url: &str, reach: Reach) -> Result<(), String> {
    if url.len() > URL_BYTES_MAX {
        return Err(format!("{} bytes are too long, at most {URL_BYTES_MAX} are accepted", url.len()));
    }
    let uri: Uri = url.parse().map_err(|_| "not an address: https://HOST/PATH is accepted".to_owned())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err("not a whole address: https://HOST/PATH is accepted".to_owned());
    };
    if authority.as_str().contains('@') {
        return Err("a user or password in the address is not accepted: deliveries are signed".to_owned());
    }
    match (scheme, reach) {
        ("https", _) | ("http", Reach::Anywhere) => {}
        ("http", Reach::Public) => {
            return Err(
                "http is not accepted: give https, or allow private_addresses in the hub's [webhooks]".to_owned()
            );
        }
        (other, _) => return Err(format!("\"{other}\" is not accepted: https is")),
    }
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    match (host.parse::<IpAddr>(), reach) {
        (Ok(address), Reach::Public) if !is_public(address) => Err(format!(
            "{address} is of this machine or of a private network: allow private_addresses in the hub's [webhooks]"
        )),
        (Ok(_) | Err(_), _) => Ok(()),
    }
}

/// Looks names up, and refuses those that stand for an address which is not allowed. The connection is made to the very
/// addresses that were looked at.
#[derive(Debug)]
pub(super) struct CarefulResolver(pub(super) Reach);

impl Resolver for CarefulResolver {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = DefaultResolver::default().resolve(uri, config, timeout)?;
        match self.0 {
            Reach::Anywhere => Ok(found),
            Reach::Public if found.iter().all(|address| is_public(address.ip())) => Ok(found),
            Reach::Public => Err(ureq::Error::Io(std::io::Error::new(
                std::io::ErrorKind::PermissionDenied,
                "the name stands for an address of this machine or of a private network",
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        for public in ["1.1.1.1", "203.162.0.11", "2400:cb00::1", "2001:4860:4860::8888"] {
            assert!(is_public(public.parse().expect("an address")), "{public}");
        }
        for special in [
            "127.0.0.1",
            "127.255.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!is_public(special.parse().expect("an address")), "{special}");
        }
    }

    #[test]
    fn an_address_that_is_not_allowed_is_refused_with_what_is() {
        let refused = |url: &str| check_url(url, Reach::Public).expect_err(url);
        assert!(refused("http://ioc.example.vn/hook").contains("https"));
        assert!(refused("https://127.0.0.1:8080/").contains("private_addresses"));
        assert!(refused("https://[::1]/").contains("private_addresses"));
        assert!(refused("https://user:pass@ioc.example.vn/").contains("password"));
        assert!(refused("ftp://ioc.example.vn/").contains("https"));
        assert!(refused("/hook").contains("https://HOST/PATH"));
        assert!(refused(&format!("https://ioc.example.vn/{}", "x".repeat(3_000))).contains("too long"));
        assert_eq!(check_url("https://ioc.example.vn/hook", Reach::Public), Ok(()));
        assert_eq!(check_url("http://127.0.0.1:9000/hook", Reach::Anywhere), Ok(()));
    }

    #[test]
    fn a_name_that_stands_for_this_machine_is_not_connected_to() {
        let agent = super::super::client::agent(Reach::Public);
        let error = agent.post("https://localhost:1/").send("{}").expect_err("it is not allowed").to_string();
        assert!(error.contains("private network"), "{error}");
    }
}
