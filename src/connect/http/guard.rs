//! Which addresses may be asked: none that is private, unless the settings name its host. Names are judged by what they
//! resolve to, at the moment of connecting, so that a name cannot change its mind in between.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::base::failure::{Failure, Kind};

/// Whether `address` lies in a network that only insiders reach: loopback, private, link-local, metadata and the like.
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_private_v4(v4),
        IpAddr::V6(v6) => is_private_v6(v6),
    }
}

fn is_private_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    v4.is_loopback()
        || v4.is_private()
        || v4.is_link_local()
        || v4.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (b == 18 || b == 19))
        || (a == 192 && b == 0 && c == 0)
}

fn is_private_v6(v6: Ipv6Addr) -> bool {
    let words = v6.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_private_v4(Ipv4Addr::new(a, b, c, d))
    };
    if let Some(v4) = v6.to_ipv4_mapped() {
        return is_private_v4(v4);
    }
    match words {
        // ::, ::1 and the old form of IPv4 in IPv6.
        [0, 0, 0, 0, 0, 0, _, _] => true,
        // NAT64, 6to4 and translated addresses carry an IPv4 address that is the real goal; Teredo does so inverted.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] | [0, 0, 0, 0, 0xffff, 0, high, low] => {
            embedded(high, low)
        }
        [0x2001, 0, .., high, low] => embedded(!high, !low),
        // Where a translator of one's own leads, nobody can tell from outside.
        [0x64, 0xff9b, 1, ..] => true,
        // Unique local, link-local, the old site-local, multicast.
        [first, ..] => {
            first & 0xfe00 == 0xfc00 || matches!(first & 0xffc0, 0xfe80 | 0xfec0) || first & 0xff00 == 0xff00
        }
    }
}

/// Hosts that may be asked whatever their addresses are.
#[derive(Clone, Debug, Default)]
pub struct Allowed(Vec<Arc<str>>);

impl Allowed {
    /// From entries `host`, `host:port`, `*.domain` and `http://host:port`.
    pub fn new(entries: impl IntoIterator<Item = Arc<str>>) -> Self {
        Self(entries.into_iter().map(|entry| entry.to_lowercase().into()).collect())
    }

    /// Whether an entry names the host of `url`.
    pub fn permits(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let host = host.to_lowercase();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let with_port = format!("{host}:{}", url.port_or_known_default().unwrap_or_default());
        self.names_plainly(url)
            || self.0.iter().any(|entry| {
                let suffix = entry.strip_prefix('*').filter(|suffix| suffix.starts_with('.') && url.domain().is_some());
                **entry == *host
                    || **entry == *bare
                    || **entry == *with_port
                    || suffix.is_some_and(|suffix| host.ends_with(suffix))
            })
    }

    /// Whether an entry says `http://` and the host and port of `url`: it is meant to be asked without encryption.
    pub fn names_plainly(&self, url: &Url) -> bool {
        let mut plain = self.0.iter().filter(|entry| entry.starts_with("http://"));
        url.scheme() == "http" && plain.any(|entry| Url::parse(entry).is_ok_and(|entry| entry.origin() == url.origin()))
    }
}

/// `url`'s host where it is a private address written as numbers: names are judged when they are resolved.
///
/// # Errors
/// `permission_denied`, with what to write into the settings.
pub fn check_literal(url: &Url) -> Result<(), Failure> {
    let address = match url.host() {
        Some(url::Host::Ipv4(v4)) => IpAddr::V4(v4),
        Some(url::Host::Ipv6(v6)) => IpAddr::V6(v6),
        Some(url::Host::Domain(_)) | None => return Ok(()),
    };
    if is_private(address) { Err(refusal(url)) } else { Ok(()) }
}

/// The name of `url`, as far as this machine knows it, where somebody else will resolve it: all that it leads to is private.
///
/// # Errors
/// As [`check_literal`].
pub async fn check_name(url: &Url) -> Result<(), Failure> {
    let Some(url::Host::Domain(name)) = url.host() else { return Ok(()) };
    match resolve(name).await {
        Err(error) if error.is::<PrivateName>() => Err(refusal(url)),
        // What is not known here may well be known there.
        _ => Ok(()),
    }
}

/// What is said when a private address is asked.
pub fn refusal(url: &Url) -> Failure {
    let host = url.host_str().unwrap_or_default();
    Failure::new(
        Kind::PermissionDenied,
        format!(
            "`{host}` is a private address, and requests to those are refused; to allow it, set \
             `http.allow_hosts = [\"{host}\"]`"
        ),
    )
    .detail("host", host)
}

/// Resolves names, and hides their private addresses.
pub struct Guarded;

/// All addresses of a name are private.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` leads to a private address")]
pub struct PrivateName(String);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move { Ok(Box::new(resolve(name.as_str()).await?.into_iter()) as Addrs) })
    }
}

/// The public addresses of a name.
async fn resolve(name: &str) -> Result<Vec<SocketAddr>, Box<dyn std::error::Error + Send + Sync>> {
    let found: Vec<SocketAddr> = tokio::net::lookup_host((name, 0)).await?.collect();
    let open: Vec<SocketAddr> = found.iter().copied().filter(|found| !is_private(found.ip())).collect();
    if open.is_empty() && !found.is_empty() {
        return Err(PrivateName(name.to_owned()).into());
    }
    Ok(open)
}
