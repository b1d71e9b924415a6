//! Who may administer: callers on this machine alone, and pages that the emulator itself has served.

use std::net::IpAddr;

/// A page elsewhere could point its own name at this machine, or post here from a browser: neither may administer. No
/// caller on another machine may, whatever address the emulator listens on.
pub(crate) fn may_enter(peer: IpAddr, host: &str, origin: Option<&str>) -> bool {
    is_here(peer) && names_this_machine(host) && origin.is_none_or(|origin| is_own_page(host, origin))
}

/// Whether a Host is this machine's own, and no other name that leads here.
pub(crate) fn names_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|address: IpAddr| is_here(address))
}

/// Whether an Origin is that of the host that was asked.
pub(crate) fn is_own_page(host: &str, origin: &str) -> bool {
    origin.split_once("://").is_some_and(|(_, found)| found.eq_ignore_ascii_case(host))
}

/// Also where an IPv4 address comes in the clothes of IPv6.
fn is_here(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_comes_in() {
        let check = |peer: &str, host: &str, origin: Option<&str>, expect: bool| {
            assert_eq!(may_enter(peer.parse().unwrap(), host, origin), expect, "{peer} {host} {origin:?}");
        };
        check("127.0.0.1", "127.0.0.1:80", None, true);
        check("127.0.0.1", "localhost:80", Some("http://localhost:80"), true);
        check("::1", "[::1]:80", Some("https://[::1]:80"), true);
        check("::ffff:127.0.0.1", "127.0.0.1", None, true);
        // Listening everywhere lets no other machine in.
        check("192.168.1.7", "127.0.0.1:80", None, false);
        check("192.168.1.7", "192.168.1.7:80", None, false);
        check("::ffff:10.0.0.1", "localhost", None, false);
        // Another name for this machine, and another page.
        check("127.0.0.1", "evil.example:80", None, false);
        check("127.0.0.1", "127.0.0.1.evil.example", None, false);
        check("127.0.0.1", "localhost:80", Some("http://localhost:81"), false);
        check("127.0.0.1", "localhost:80", Some("null"), false);
        check("127.0.0.1", "", None, false);
    }
}
