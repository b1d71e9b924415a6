//! X.509 certificates of applications: their thumbprints, their end, and whether they signed something.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::civil::DateTime;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A certificate, in DER, in base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PublicCertificate(String);

impl PublicCertificate {
    /// Out of PEM; a sentence if it is none, or has a key that Entra would not take.
    pub(super) fn from_pem(pem: &str) -> Result<Self, String> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|error| format!("The certificate is not PEM of an X.509 certificate: {error}"))?;
        webpki::EndEntityCert::try_from(&der)
            .map_err(|error| format!("The certificate cannot be read: {error}"))?;
        if end(&der).is_none() {
            return Err("The certificate does not say when it ends.".to_owned());
        }
        Ok(Self(STANDARD.encode(&der)))
    }

    fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from(STANDARD.decode(&self.0).unwrap_or_default())
    }

    /// The last second of its validity, since 1970.
    pub(crate) fn ends(&self) -> Option<i64> {
        end(&self.der())
    }

    /// As a JWT's `x5t` has it.
    pub(crate) fn x5t(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &self.der()))
    }

    /// As a JWT's `x5t#S256` has it.
    pub(crate) fn x5t_s256(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.der()))
    }

    /// Whether a thumbprint of either kind is this one's. Padding is no difference.
    pub(super) fn is(&self, thumbprint: &str) -> bool {
        let bare = thumbprint.trim_end_matches('=');
        bare == self.x5t() || bare == self.x5t_s256()
    }

    /// Whether its key made this signature: `RS256` or `PS256`, the two that Entra takes.
    pub(super) fn signed(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        let algorithm: &dyn SignatureVerificationAlgorithm = match algorithm {
            "RS256" => webpki::ring::RSA_PKCS1_2048_8192_SHA256,
            "PS256" => webpki::ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
            _ => return false,
        };
        let der = self.der();
        webpki::EndEntityCert::try_from(&der)
            .is_ok_and(|certificate| certificate.verify_signature(algorithm, message, signature).is_ok())
    }
}

const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;

/// `notAfter`: certificate, its signed part, past version, serial number, algorithm and issuer, the validity's second.
fn end(der: &[u8]) -> Option<i64> {
    let (SEQUENCE, certificate, _) = element(der)? else { return None };
    let (SEQUENCE, mut signed, _) = element(certificate)? else { return None };
    if signed.first() == Some(&0xa0) {
        signed = element(signed)?.2;
    }
    for _ in 0..3 {
        signed = element(signed)?.2;
    }
    let (SEQUENCE, validity, _) = element(signed)? else { return None };
    let (kind, text, _) = element(element(validity)?.2)?;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    // Two digits of a year are of 1950 to 2049 (RFC 5280).
    let century = match (kind, text.get(..2)?.parse::<u8>().ok()?) {
        (UTC_TIME, ..50) => "20",
        (UTC_TIME, _) => "19",
        _ => "",
    };
    let moment = DateTime::strptime("%Y%m%d%H%M%S", format!("{century}{text}")).ok()?;
    Some(moment.in_tz("UTC").ok()?.timestamp().as_second())
}

/// The first element of DER: its tag, what it holds, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (content, after) = rest.split_at_checked(length)?;
    Some((tag, content, after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    fn made(year: i32) -> PublicCertificate {
        let mut params = CertificateParams::new(vec!["client".to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 2, 3);
        let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        PublicCertificate::from_pem(&made.pem()).unwrap()
    }

    #[test]
    fn its_end_is_read() {
        // Before 2050 years have two digits, after it four.
        assert_eq!(made(2031).ends(), Some(1_927_843_200));
        assert_eq!(made(2055).ends(), Some(2_685_225_600));
    }

    #[test]
    fn it_is_known_by_its_thumbprints() {
        let certificate = made(2031);
        assert!(certificate.is(&certificate.x5t()) && certificate.is(&certificate.x5t_s256()));
        assert!(certificate.is(&format!("{}=", certificate.x5t())));
        assert!(!certificate.is(&made(2031).x5t()) && !certificate.is(""));
        // A key of another kind signs nothing that is taken.
        assert!(!certificate.signed("ES256", b"text", b"signature"));
        assert!(!certificate.signed("RS256", b"text", b"signature"));
    }

    #[test]
    fn nonsense_is_no_certificate() {
        for pem in ["", "nonsense", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"] {
            assert!(PublicCertificate::from_pem(pem).is_err(), "{pem}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>()) {
            let _ = end(&bytes);
        }
    }
}
