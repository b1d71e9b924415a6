//! The certificate authority of an organisation, kept in its folder, and the server certificates that it signs.
//!
//! Clients are given the authority's file: the server certificate itself is made anew at every start.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

const FILE: &str = "ca.pem";
const KEY_FILE: &str = "ca-key.pem";

/// What serves https, and where the certificate lies by which a client knows it.
pub(super) struct Authority {
    pub(super) acceptor: TlsAcceptor,
    pub(super) file: CaFile,
}

/// The file that holds the authority's certificate: in the data folder, or gone with the emulator.
pub(super) enum CaFile {
    Kept(PathBuf),
    Temporary(tempfile::NamedTempFile),
}

/// Why there can be no https.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The authority's file cannot be read or written.
    #[error(
        "the file of the certificate authority cannot be used: {0}; remove ca.pem and ca-key.pem to make a new one"
    )]
    File(#[from] std::io::Error),
    /// A certificate cannot be made.
    #[error("no certificate can be made: {0}; remove ca.pem and ca-key.pem to make a new authority")]
    Make(#[from] rcgen::Error),
    /// A certificate was made, and cannot be used.
    #[error("the certificate cannot be served: {0}")]
    Serve(#[from] rustls::Error),
}

impl CaFile {
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(file) => file.path(),
        }
    }
}

impl Authority {
    /// The folder's authority, made if there is none; without a folder, one for this run.
    pub(super) fn open(folder: Option<&Path>, listen: IpAddr) -> Result<Self, CertificateError> {
        let (key, file) = match folder {
            Some(folder) => kept(folder)?,
            None => {
                let key = KeyPair::generate()?;
                let mut file = tempfile::Builder::new().prefix("emulator-ca-").suffix(".pem").tempfile()?;
                file.write_all(authority().self_signed(&key)?.pem().as_bytes())?;
                (key, CaFile::Temporary(file))
            }
        };
        Ok(Self { acceptor: acceptor(key, listen)?, file })
    }
}

fn kept(folder: &Path) -> Result<(KeyPair, CaFile), CertificateError> {
    let (file, key_file) = (folder.join(FILE), folder.join(KEY_FILE));
    if file.exists() && key_file.exists() {
        let key = KeyPair::from_pem(&std::fs::read_to_string(key_file)?)?;
        return Ok((key, CaFile::Kept(file)));
    }
    let key = KeyPair::generate()?;
    write_private(&key_file, &key.serialize_pem())?;
    std::fs::write(&file, authority().self_signed(&key)?.pem())?;
    Ok((key, CaFile::Kept(file)))
}

/// A process that can read this key can pretend to be anything to a client that trusts the authority.
fn write_private(file: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(text.as_bytes())
}

/// The authority's certificate but for its key: the same in every run, so that what it signs points at the one kept.
fn authority() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Dataverse emulator, this machine only");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = (date_time_ymd(2024, 1, 1), date_time_ymd(2049, 1, 1));
    params
}

fn acceptor(key: KeyPair, listen: IpAddr) -> Result<TlsAcceptor, CertificateError> {
    let issuer = Issuer::new(authority(), key);
    let server_key = KeyPair::generate()?;
    let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, "Dataverse emulator");
    let mut addresses: Vec<IpAddr> = vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    if !listen.is_unspecified() && !addresses.contains(&listen) {
        addresses.push(listen);
    }
    params.subject_alt_names.extend(addresses.into_iter().map(SanType::IpAddress));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // OpenSSL's strict checks, which Python asks for, want to be pointed at the issuer's key.
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = (date_time_ymd(2024, 1, 1), date_time_ymd(2049, 1, 1));
    let certificate = params.signed_by(&server_key, &issuer)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let private = PrivateKeyDer::Pkcs8(server_key.serialize_der().into());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
