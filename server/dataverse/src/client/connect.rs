//! The connection: TLS with its provider and roots given outright, so that nothing depends on global state.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, pem::PemObject};

use crate::error::Error;
use crate::settings::Settings;

const CONNECT_DEADLINE: Duration = Duration::from_secs(10);

pub(super) fn http(settings: &Settings) -> Result<reqwest::Client, Error> {
    for (name, url) in [("organisation", &settings.organisation), ("token", &settings.token_url)] {
        let parsed = reqwest::Url::parse(url)
            .map_err(|e| Error::Misuse(format!("the {name} address `{url}` is no URL: {e}")))?;
        if !matches!(parsed.scheme(), "http" | "https") || parsed.host().is_none() {
            return Err(Error::Misuse(format!("the {name} address `{url}` must begin with https://")));
        }
    }
    let by_tls = [&settings.organisation, &settings.token_url].iter().any(|url| url.starts_with("https"));
    http_client(by_tls, settings.extra_roots.as_deref())
}

/// A client that follows no redirect, asks no proxy, and trusts the machine's own roots, which are read where one goes `by_tls`,
/// and those (PEM) that are given.
///
/// # Errors
/// When the roots cannot be used.
pub fn http_client(by_tls: bool, extra_roots: Option<&[u8]>) -> Result<reqwest::Client, Error> {
    let misuse = |e: &dyn std::fmt::Display| Error::Misuse(format!("no connection can be set up: {e}"));
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| misuse(&e))?
        .with_root_certificates(roots(by_tls, extra_roots)?)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECT_DEADLINE)
        // The token must not follow a redirect, and the Web API sends none.
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .pool_idle_timeout(Duration::from_secs(60))
        .tcp_keepalive(Duration::from_secs(30))
        .user_agent(concat!("studio-dataverse/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|e| misuse(&e))
}

fn roots(by_tls: bool, extra_roots: Option<&[u8]>) -> Result<rustls::RootCertStore, Error> {
    let mut roots = rustls::RootCertStore::empty();
    if by_tls {
        let native = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(native.certs);
    }
    if let Some(pem) = extra_roots {
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate =
                certificate.map_err(|e| Error::Misuse(format!("the extra roots are no PEM: {e:?}")))?;
            roots
                .add(certificate)
                .map_err(|e| Error::Misuse(format!("an extra root cannot be used: {e}")))?;
        }
        if roots.len() == before {
            return Err(Error::Misuse(
                "the extra roots hold no certificate (-----BEGIN CERTIFICATE-----)".to_owned(),
            ));
        }
    }
    Ok(roots)
}
