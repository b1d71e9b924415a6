//! How each single value is written.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use http::Uri;
use model::{
    calendar::Zone,
    decimal::{self, MONEY_SCALE},
    time::Timestamp,
};

/// The address that people type when something stands between them and the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    /// `https`, or `http`.
    pub scheme: String,
    /// Host, with its port where the address names one.
    pub authority: String,
}

impl PublicUrl {
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.scheme == "https"
    }
}

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let numeric = match text.strip_prefix("localhost:") {
        Some(port) => format!("{}:{port}", Ipv4Addr::LOCALHOST),
        None => text.to_owned(),
    };
    numeric.parse().map_err(|_| "must be an address and a port, as in 127.0.0.1:3000".to_owned())
}

#[expect(clippy::unnecessary_wraps, reason = "has the shape of its siblings")]
pub(super) fn folder(text: &str) -> Result<PathBuf, String> {
    Ok(PathBuf::from(text))
}

pub(super) fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "must be a whole number".to_owned())
}

/// Whether a host, as it stands in an address, is this machine's own.
pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// At least one.
pub(super) fn some(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "must be a whole number above 0".to_owned())
}

/// An amount above 0, in hundred-thousandths of a dollar.
pub(super) fn dollars(text: &str) -> Result<i64, String> {
    let amount = decimal::parse(text, MONEY_SCALE).filter(|amount| *amount > 0);
    amount.ok_or_else(|| "must be an amount in dollars above 0, as in 450 or 450.50".to_owned())
}

/// At least one.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    some(text).map(Duration::from_secs)
}

pub(super) fn date(text: &str) -> Result<jiff::civil::Date, String> {
    text.parse().map_err(|_| "must be a day, as in 2027-02-19".to_owned())
}

pub(super) fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" => Ok(true),
        "off" | "false" | "no" | "0" => Ok(false),
        _ => Err("must be on or off".to_owned()),
    }
}

pub(super) fn zone(text: &str) -> Result<Zone, String> {
    Zone::of_name(text).ok_or_else(|| "must be a time zone's name, as in Europe/Berlin".to_owned())
}

pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| "must be a time, as in 2026-11-21T09:30:00Z".to_owned())
}

pub(super) fn public_url(text: &str) -> Result<PublicUrl, String> {
    let (scheme, authority) = web_address(text)?;
    Ok(PublicUrl { scheme, authority })
}

/// Scheme and authority of an address that has nothing after them.
pub(super) fn web_address(text: &str) -> Result<(String, String), String> {
    let wrong = || "must be an address without a path, as in https://metrics.example.com".to_owned();
    let uri: Uri = text.parse().map_err(|_| wrong())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else { return Err(wrong()) };
    let plain = matches!(uri.path(), "" | "/") && uri.query().is_none() && !authority.as_str().contains('@');
    if !plain || !matches!(scheme, "http" | "https") {
        return Err(wrong());
    }
    Ok((scheme.to_owned(), authority.as_str().to_ascii_lowercase()))
}
