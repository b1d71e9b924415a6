//! From where a request comes: its connection, or what the proxies in front of us say of it.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use super::RequestHead;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// From where a request comes, as the guard found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub Option<IpAddr>);

/// What is known of a request's way here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RequestOrigin {
    pub(super) client: Option<IpAddr>,
    /// Whether one of the proxies handed it on, which is believed what it says of others.
    pub(super) is_handed_on: bool,
}

pub(super) fn of(request: &RequestHead, proxies: &[IpNet]) -> RequestOrigin {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_canonical());
    let is_proxy = |address: IpAddr| proxies.iter().any(|proxy| proxy.contains(&address));
    let Some(proxy) = peer.filter(|peer| is_proxy(*peer)) else {
        return RequestOrigin { client: peer, is_handed_on: false };
    };
    RequestOrigin {
        client: Some(handed_on(request.headers(), is_proxy).unwrap_or(proxy)),
        is_handed_on: true,
    }
}

/// The rightmost address that is no proxy of ours: what stands before it anyone may have written. Of proxies alone the first.
fn handed_on(headers: &HeaderMap, is_proxy: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let lines: Vec<&str> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok()).collect();
    let mut last = None;
    for text in lines.iter().flat_map(|line| line.split(',')).rev() {
        let Some(address) = address(text.trim()) else { break };
        last = Some(address);
        if !is_proxy(address) {
            break;
        }
    }
    last
}

/// Some proxies write the port too.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.split_once(']')).map_or(text, |(inner, _)| inner);
    let address = bare.parse().or_else(|_| bare.parse::<SocketAddr>().map(|address| address.ip())).ok()?;
    Some(IpAddr::to_canonical(&address))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn found(peer: &str, lines: &[&str]) -> (String, bool) {
        let proxies = ["10.0.0.0/8", "127.0.0.1/32"].map(|proxy| proxy.parse().unwrap());
        let peer: SocketAddr = peer.parse().unwrap();
        let mut request = Request::builder().extension(ConnectInfo(peer));
        for line in lines {
            request = request.header("x-forwarded-for", *line);
        }
        let origin = of(&request.body(()).unwrap(), &proxies);
        (origin.client.unwrap().to_string(), origin.is_handed_on)
    }

    #[test]
    fn only_proxies_are_believed() {
        let at = |peer, lines| found(peer, lines).0;
        assert_eq!(found("192.0.2.9:5", &["203.0.113.7"]), ("192.0.2.9".into(), false));
        assert_eq!(found("10.1.1.1:5", &["203.0.113.7"]), ("203.0.113.7".into(), true));
        assert_eq!(at("10.1.1.1:5", &["1.1.1.1, 203.0.113.7, 10.2.2.2"]), "203.0.113.7");
        assert_eq!(at("10.1.1.1:5", &["203.0.113.7", "10.2.2.2"]), "203.0.113.7");
        assert_eq!(at("10.1.1.1:5", &["203.0.113.7:4711, 10.2.2.2"]), "203.0.113.7");
        assert_eq!(at("10.1.1.1:5", &["[2001:db8::1]:80"]), "2001:db8::1");
        assert_eq!(at("[::ffff:10.1.1.1]:5", &["2001:db8::1"]), "2001:db8::1");
        assert_eq!(at("10.1.1.1:5", &["10.3.3.3, 10.2.2.2"]), "10.3.3.3");
        assert_eq!(at("10.1.1.1:5", &["203.0.113.7, nonsense"]), "10.1.1.1", "what follows is not believed");
        assert_eq!(at("10.1.1.1:5", &[]), "10.1.1.1");
    }
}
