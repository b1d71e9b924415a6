//! A page elsewhere can point its own name at this machine. Requests under a name that is not ours are turned away.

use std::net::SocketAddr;

use http::header;

use super::RequestHead;
use crate::{
    problem::{Problem, ProblemType},
    settings::PublicUrl,
};

/// Under which names this server answers, each with its scheme, and with its port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnNames(Vec<(String, String)>);

impl OwnNames {
    #[must_use]
    pub fn of(listening: SocketAddr, public: Option<&PublicUrl>) -> Self {
        let port = listening.port();
        let mut names: Vec<String> =
            ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("{host}:{port}")).into();
        names.push(listening.to_string());
        if port == 80 {
            names.extend(["127.0.0.1", "localhost", "[::1]"].map(str::to_owned));
        }
        let mut names: Vec<_> = names.into_iter().map(|name| ("http".to_owned(), name)).collect();
        if let Some(public) = public {
            names.push((public.scheme.clone(), public.authority.clone()));
        }
        Self(names)
    }

    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(_, own)| own.eq_ignore_ascii_case(name))
    }

    /// Whether an origin, as browsers write it, is ours: its scheme too, since none can vouch for a page that came in the clear.
    #[must_use]
    pub fn has_origin(&self, origin: &str) -> bool {
        let parts = origin.split_once("://");
        parts.is_some_and(|(scheme, name)| {
            self.0.iter().any(|(of, own)| of == scheme && own.eq_ignore_ascii_case(name))
        })
    }
}

pub(super) fn check(names: &OwnNames, request: &RequestHead) -> Result<(), Problem> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    let alone = hosts.next().is_none();
    // An address in the request line goes before the header, so it has to be ours as well.
    let line = request.uri().authority().is_none_or(|authority| names.has(authority.as_str()));
    if alone && line && host.is_some_and(|host| names.has(host)) {
        return Ok(());
    }
    let detail = "The Host of this request is not a name of this server; use the address that it printed when it was \
                  ready, or set STUDIO_PUBLIC_URL.";
    Err(Problem::new(ProblemType::Misdirected, detail))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    #[track_caller]
    fn check(uri: &str, hosts: &[&str], expect: bool) {
        let public = PublicUrl { scheme: "https".to_owned(), authority: "metrics.example.com".to_owned() };
        let names = OwnNames::of("127.0.0.1:3000".parse().unwrap(), Some(&public));
        let mut request = Request::builder().uri(uri);
        for host in hosts {
            request = request.header(header::HOST, *host);
        }
        let request = request.body(()).unwrap();
        assert_eq!(super::check(&names, &request).is_ok(), expect, "{uri} {hosts:?}");
    }

    #[test]
    fn only_our_own_names_are_answered() {
        for host in ["127.0.0.1:3000", "LOCALHOST:3000", "[::1]:3000", "metrics.example.com"] {
            check("/", &[host], true);
        }
        for host in [
            "localhost",
            "localhost:3001",
            "evil.example:3000",
            "metrics.example.com:3000",
            "",
            "localhost:3000.",
        ] {
            check("/", &[host], false);
        }
        check("/", &[], false);
        check("/", &["localhost:3000", "evil.example"], false);
        check("http://evil.example/", &["localhost:3000"], false);
        check("http://localhost:3000/", &["localhost:3000"], true);
    }
}
