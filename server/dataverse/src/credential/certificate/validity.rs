//! How long a certificate holds, read from its DER [RFC 5280, 4.1].

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, fmt::strtime};
use ring::error::Unspecified;
use ring::io::der::{self, Tag};
use untrusted::{Input, Reader};

/// The last second in which the certificate holds; none where it is no certificate.
pub(super) fn end(certificate: &[u8]) -> Option<Timestamp> {
    let end = Input::from(certificate).read_all(Unspecified, |whole| {
        der::nested(whole, Tag::Sequence, Unspecified, |signed| {
            let end = der::nested(signed, Tag::Sequence, Unspecified, end_of_signed);
            signed.skip_to_end();
            end
        })
    });
    end.ok()
}

fn end_of_signed(signed: &mut Reader<'_>) -> Result<Timestamp, Unspecified> {
    if signed.peek(Tag::ContextSpecificConstructed0 as u8) {
        der::expect_tag_and_get_value(signed, Tag::ContextSpecificConstructed0)?;
    }
    // Serial number, algorithm, issuer.
    der::expect_tag_and_get_value(signed, Tag::Integer)?;
    der::expect_tag_and_get_value(signed, Tag::Sequence)?;
    der::expect_tag_and_get_value(signed, Tag::Sequence)?;
    let end = der::nested(signed, Tag::Sequence, Unspecified, |validity| {
        der::read_tag_and_get_value(validity)?;
        der::read_tag_and_get_value(validity)
    });
    signed.skip_to_end();
    let (tag, text) = end?;
    time(tag, text.as_slice_less_safe()).ok_or(Unspecified)
}

/// Two digits of a year belong to the years from 1950 to 2049.
fn time(tag: u8, text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?;
    let whole = match tag {
        tag if tag == Tag::UTCTime as u8 => {
            let century = if text.get(..2)?.parse::<u8>().ok()? >= 50 { "19" } else { "20" };
            format!("{century}{text}")
        }
        tag if tag == Tag::GeneralizedTime as u8 => text.to_owned(),
        _ => return None,
    };
    let at: DateTime = strtime::parse("%Y%m%d%H%M%SZ", &whole).ok()?.to_datetime().ok()?;
    Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_time_are_read() {
        let at = |tag: Tag, text: &str| time(tag as u8, text.as_bytes()).map(|at| at.to_string());
        assert_eq!(at(Tag::UTCTime, "491231235959Z").as_deref(), Some("2049-12-31T23:59:59Z"));
        assert_eq!(at(Tag::UTCTime, "500101000000Z").as_deref(), Some("1950-01-01T00:00:00Z"));
        assert_eq!(at(Tag::GeneralizedTime, "21261028162145Z").as_deref(), Some("2126-10-28T16:21:45Z"));
        assert_eq!(at(Tag::GeneralizedTime, "2126"), None);
        assert_eq!(at(Tag::Integer, "21261028162145Z"), None);
    }

    #[test]
    fn anything_else_is_no_certificate() {
        assert_eq!(end(b""), None);
        assert_eq!(end(&[0x30, 3, 0x30, 1, 0]), None);
    }
}
