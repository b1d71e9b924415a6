//! Which Dataverse the records go to, from two families of names that mean the same.

use std::net::IpAddr;

use dataverse::{Certificate, Credential};
use jiff::{civil::Date, tz::TimeZone};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};

use super::{Situation, mistakes::SettingReader, values};

/// How the server runs.
#[derive(Clone, Debug)]
pub enum Mode {
    /// With an emulator inside.
    Embedded,
    /// With a real organisation.
    Connected(OrganisationSettings),
    /// Without any: a flow carries the records.
    Resting,
}

impl Mode {
    pub const fn is_embedded(&self) -> bool {
        matches!(self, Self::Embedded)
    }

    /// What documents call it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Connected(_) => "connected",
            Self::Resting => "without Dataverse",
        }
    }
}

/// A real organisation, and how to sign in to it.
#[derive(Clone, Debug)]
pub struct OrganisationSettings {
    pub address: String,
    pub token_url: String,
    pub client_id: String,
    pub credential: Credential,
    /// The last day of the secret or certificate, where it is known.
    pub expires: Option<Date>,
    /// Authorities (PEM) to trust beside the machine's own.
    pub extra_roots: Option<Vec<u8>>,
}

const ADDRESS: &[&str] = &["DATAVERSE_URL", "DATAVERSE_RESOURCE", "NEXT_PUBLIC_DATAVERSE_URL"];
const TENANT: &[&str] = &["DATAVERSE_TENANT_ID", "AZURE_TENANT_ID"];
const CLIENT: &[&str] = &["DATAVERSE_CLIENT_ID", "AZURE_CLIENT_ID"];
const SECRET: &[&str] = &["DATAVERSE_CLIENT_SECRET", "AZURE_CLIENT_SECRET"];
const SECRET_FILE: &str = "DATAVERSE_CLIENT_SECRET_FILE";
const CERTIFICATE: &[&str] = &["DATAVERSE_CLIENT_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PATH"];
const EXPIRES: &str = "STUDIO_SECRET_EXPIRES";
const ROOTS: &str = "DATAVERSE_CA_FILE";
/// Settings that name files; a change of one of these files is a change of the settings.
pub(super) const FILES: [&str; 4] = [SECRET_FILE, CERTIFICATE[0], CERTIFICATE[1], ROOTS];
const AUTHORITY: &str = "AZURE_AUTHORITY_HOST";

pub(super) fn way(reader: &mut SettingReader<'_>) -> Mode {
    match reader.read("USE_DATAVERSE", values::switch) {
        Some(false) => Mode::Resting,
        Some(true) => connected(reader),
        None if ADDRESS.iter().any(|name| reader.text(name).is_some()) => connected(reader),
        None => {
            // `AZURE_…` may lie about in any shell; these mean us.
            for name in [TENANT[0], CLIENT[0], SECRET[0]] {
                if reader.text(name).is_some() {
                    let sentence =
                        format!("is missing, and {name} is set; set both, or neither for the embedded way");
                    reader.mistake(ADDRESS[0], sentence);
                    break;
                }
            }
            Mode::Embedded
        }
    }
}

fn connected(reader: &mut SettingReader<'_>) -> Mode {
    let address = one_of(reader, ADDRESS).and_then(|(name, text)| secured(reader, name, &text));
    let tenant = one_of(reader, TENANT).and_then(|(name, text)| plain(reader, name, text));
    let client = one_of(reader, CLIENT).and_then(|(name, text)| plain(reader, name, text));
    let credential = credential(reader);
    let expires = reader.read(EXPIRES, values::date);
    let extra_roots = authorities(reader);
    let situation = Situation { is_embedded: false, has_demo: false };
    let authority = reader.read_or_default(AUTHORITY, situation, |text| Ok(text.to_owned()));
    let authority = authority.and_then(|text| secured(reader, AUTHORITY, &text));
    let (Some(address), Some(tenant), Some(client_id), Some(credential), Some(authority)) =
        (address, tenant, client, credential, authority)
    else {
        // A mistake stands behind each that is missing, so no server starts this way.
        return Mode::Resting;
    };
    Mode::Connected(OrganisationSettings {
        address,
        token_url: format!("{authority}/{tenant}/oauth2/v2.0/token"),
        client_id,
        expires: expires.into_iter().chain(last_day(&credential)).min(),
        credential,
        extra_roots,
    })
}

/// A file with authorities in it, of which there has to be one at least.
fn authorities(reader: &mut SettingReader<'_>) -> Option<Vec<u8>> {
    let pem = reader.file(ROOTS)?;
    if CertificateDer::pem_slice_iter(&pem).next().is_none() {
        reader.mistake(
            ROOTS,
            "names a file without a certificate; one begins with -----BEGIN CERTIFICATE-----",
        );
    }
    Some(pem)
}

/// A certificate says when it ends; of a secret only the directory knows.
fn last_day(credential: &Credential) -> Option<Date> {
    credential.ends().map(|end| end.to_zoned(TimeZone::UTC).date())
}

/// A secret, a file that holds it, or a certificate: one of the three.
fn credential(reader: &mut SettingReader<'_>) -> Option<Credential> {
    let is_set = |names: &[&str]| names.iter().any(|name| reader.text(name).is_some());
    let set = [is_set(SECRET), is_set(&[SECRET_FILE]), is_set(CERTIFICATE)];
    if set.iter().filter(|set| **set).count() > 1 {
        let others = format!("{SECRET_FILE} or {}", CERTIFICATE[0]);
        reader.mistake(SECRET[0], format!("and {others} are both set; keep one way to sign in"));
        return None;
    }
    if set[1] {
        return reader
            .text_file(SECRET_FILE, "the secret's value")
            .map(|secret| Credential::from(secret.as_str()));
    }
    if set[2] {
        let (name, _) = one_of(reader, CERTIFICATE)?;
        let pem = reader.file(name)?;
        return match Certificate::from_pem(&pem) {
            Ok(certificate) => Some(certificate.into()),
            Err(error) => {
                reader.mistake(name, format!("cannot be used: {error}"));
                None
            }
        };
    }
    one_of(reader, SECRET).map(|(_, secret)| Credential::from(secret.as_str()))
}

/// The one value that these names have; it is a mistake when they have none or several.
fn one_of(reader: &mut SettingReader<'_>, names: &[&'static str]) -> Option<(&'static str, String)> {
    let set: Vec<(&'static str, &str)> =
        names.iter().filter_map(|name| Some((*name, reader.text(name)?))).collect();
    let Some((first, value)) = set.first().copied() else {
        let others = names[1..].join(" or ");
        reader.mistake(names[0], format!("(or {others}) is missing, and a real organisation is to be used"));
        return None;
    };
    let same = |other: &str| other.trim_end_matches('/') == value.trim_end_matches('/');
    if let Some((other, _)) = set.iter().find(|(_, other)| !same(other)) {
        reader.mistake(first, format!("and {other} have different values; keep one of them"));
        return None;
    }
    Some((first, value.to_owned()))
}

/// Credentials travel to it: encrypted, or not off this machine.
fn secured(reader: &mut SettingReader<'_>, name: &str, text: &str) -> Option<String> {
    let Ok((scheme, authority)) = values::web_address(text) else {
        reader.mistake(name, "must be an address without a path, as in https://contoso.crm.dynamics.com");
        return None;
    };
    if scheme != "https" && !is_loopback(&authority) {
        reader.mistake(name, "must begin with https://, or the credentials could be read on their way");
        return None;
    }
    Some(format!("{scheme}://{authority}"))
}

fn plain(reader: &mut SettingReader<'_>, name: &str, text: String) -> Option<String> {
    if text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')) {
        return Some(text);
    }
    reader.mistake(name, "must be an id, such as 72f988bf-86f1-41af-91ab-2d7cd011db47");
    None
}

fn is_loopback(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    };
    let address: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}
