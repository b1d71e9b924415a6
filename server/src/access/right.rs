//! What a request needs the right to do.

use http::Method;
use ledger::{KeyScope, PersonRole};

/// The right that an address asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequiredRight {
    /// None: it says nothing of anybody's records.
    Nothing,
    /// To be known at all.
    Known,
    /// To see figures and records.
    Read,
    /// To send, correct and withdraw records, and what stands beside them.
    Write,
    /// To show others what one sees.
    Share,
    /// To see who may do what.
    SeeSettings,
    /// To decide for the tenant.
    Administer,
    /// What people do on pages: where there is no sign-in they all may, and where there is one administrators.
    Act,
}

/// Addresses that anybody may ask, beside the files of `/pkg/`.
const OPEN: [&str; 13] = [
    "/healthz",
    "/readyz",
    "/favicon.ico",
    "/icon.svg",
    "/robots.txt",
    "/embed.js",
    "/api/openapi.json",
    "/api/beacon",
    "/theme",
    "/sign-in",
    "/sign-in/oidc",
    "/sign-in/callback",
    "/sign-out",
];
const OPEN_FOLDERS: [&str; 3] = ["/pkg/", "/problems/", SHARED];
/// What those see who have a link: each address there says itself what it opens.
pub const SHARED: &str = "/s/";
/// Where links are made.
const LINKS: [&str; 2] = ["/api/share-links", "/settings/links"];
/// Where administrators decide about single records.
const ADMINISTERED: &str = "/api/pipeline/";
/// Where it is said who may do what.
const SETTINGS: &str = "/settings/";

impl RequiredRight {
    #[must_use]
    pub fn of(method: &Method, path: &str) -> Self {
        let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        match path {
            _ if OPEN.contains(&path) => Self::Nothing,
            _ if OPEN_FOLDERS.iter().any(|folder| path.starts_with(folder)) => Self::Nothing,
            "/api/session" => Self::Known,
            _ if LINKS.iter().any(|links| path.starts_with(links)) => Self::Share,
            "/api/embed-tokens" => Self::Administer,
            _ if path.starts_with(SETTINGS) && reads => Self::SeeSettings,
            _ if reads => Self::Read,
            _ if path.starts_with(SETTINGS) || path.starts_with(ADMINISTERED) => Self::Administer,
            _ if path.starts_with("/api/") => Self::Write,
            _ => Self::Act,
        }
    }

    /// Whether a key of that scope is good for it.
    #[must_use]
    pub const fn is_met_by_key(self, scope: KeyScope) -> bool {
        matches!(
            (self, scope),
            (Self::Nothing | Self::Known, _)
                | (Self::Read, KeyScope::Read)
                | (Self::Write, KeyScope::Write)
                | (_, KeyScope::Admin)
        )
    }

    /// Whether one of the people with that role meets it.
    #[must_use]
    pub const fn is_met_by_role(self, role: PersonRole) -> bool {
        matches!(
            (self, role),
            (Self::Nothing | Self::Known | Self::Read | Self::Share, _) | (_, PersonRole::Admin)
        )
    }

    /// Whether it is met without a key, once there are keys, where people need not sign in.
    #[must_use]
    pub const fn is_met_by_all(self) -> bool {
        matches!(self, Self::Nothing | Self::Known | Self::Read | Self::SeeSettings | Self::Act)
    }
}
