//! What a request needs the right to do.

use http::Method;
use ledger::KeyScope;

/// The right that an address asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequiredRight {
    /// None: it says nothing of anybody's records.
    Nothing,
    /// To see figures and records.
    Read,
    /// To send, correct and withdraw records, and what stands beside them.
    Write,
    /// To decide for the tenant.
    Administer,
    /// What people do on pages. There is no sign-in yet: on this machine's own address they may.
    Person,
}

/// Addresses that anybody may ask, beside the files of `/pkg/`.
const OPEN: [&str; 8] = [
    "/healthz",
    "/readyz",
    "/favicon.ico",
    "/icon.svg",
    "/robots.txt",
    "/api/openapi.json",
    "/api/beacon",
    "/theme",
];
const OPEN_FOLDERS: [&str; 2] = ["/pkg/", "/problems/"];
/// Where administrators decide: about single records, and who may do what.
const ADMINISTERED: [&str; 2] = ["/api/pipeline/", "/settings/"];

impl RequiredRight {
    #[must_use]
    pub fn of(method: &Method, path: &str) -> Self {
        let within = |folders: &[&str]| folders.iter().any(|folder| path.starts_with(folder));
        let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        match path {
            _ if OPEN.contains(&path) || within(&OPEN_FOLDERS) => Self::Nothing,
            _ if reads => Self::Read,
            _ if within(&ADMINISTERED) => Self::Administer,
            _ if path.starts_with("/api/") => Self::Write,
            _ => Self::Person,
        }
    }

    /// Whether a key of that scope is good for it.
    #[must_use]
    pub const fn is_met_by(self, scope: KeyScope) -> bool {
        matches!(
            (self, scope),
            (Self::Nothing, _)
                | (Self::Read, KeyScope::Read)
                | (Self::Write, KeyScope::Write)
                | (_, KeyScope::Admin)
        )
    }

    /// Whether it is met without a key, once there are keys.
    #[must_use]
    pub const fn is_met_by_people(self) -> bool {
        matches!(self, Self::Nothing | Self::Read | Self::Person)
    }
}
