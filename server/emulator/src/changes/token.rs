//! Delta tokens, `<version>!MM/dd/yyyy HH:mm:ss` as in the documentation, and places between pages.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::fault::{Fault, Result};

/// Up to which version a reading went, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) version: i64,
    pub(super) issued: i64,
}

const FORMAT: &str = "%m/%d/%Y %H:%M:%S";

impl Stamp {
    pub(super) fn print(self) -> String {
        let time = Timestamp::from_second(self.issued).unwrap_or_default();
        format!("{}!{}", self.version, time.strftime(FORMAT))
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        let stamp = || {
            let (version, time) = text.split_once('!')?;
            let time = DateTime::strptime(FORMAT, time).ok()?.to_zoned(TimeZone::UTC).ok()?;
            Some(Self { version: version.parse().ok()?, issued: time.timestamp().as_second() })
        };
        stamp().ok_or_else(|| Fault::argument(format!("The delta token '{text}' is malformed.")))
    }
}

/// `ExpiredVersionStamp` \[D:cache-schema-data.md\].
pub(super) fn expired() -> Fault {
    let message = "Version stamp associated with the client has expired. Please perform a full sync.";
    Fault::bad("0x80044352", message)
}

/// Where between two pages a reading is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ReadPosition {
    /// The version at which the reading began; `None` for a first one.
    pub(super) since: Option<i64>,
    /// The version at which it will end.
    pub(super) up_to: i64,
    /// The last version written.
    pub(super) after: i64,
    /// The rows are through, the deletes come.
    pub(super) deletes: bool,
}

impl ReadPosition {
    pub(super) fn at(since: Option<i64>, up_to: i64) -> Self {
        Self { since, up_to, after: since.unwrap_or(0), deletes: false }
    }

    pub(super) fn go_on_to_deletes(&mut self) {
        self.deletes = true;
        self.after = self.since.unwrap_or(0);
    }

    pub(super) fn to_token(self) -> String {
        let inner = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&self).unwrap_or_default());
        format!("<cookie pagenumber=\"2\" pagingcookie=\"{inner}\" istracking=\"True\" />")
    }

    pub(super) fn from_token(token: &str) -> Result<Self> {
        let inner = token.split("pagingcookie=\"").nth(1).and_then(|rest| rest.split('"').next());
        inner
            .and_then(|inner| URL_SAFE_NO_PAD.decode(inner).ok())
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .ok_or_else(|| Fault::argument("Invalid skiptoken: it is malformed or of another query."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_look_as_documented() {
        let stamp = Stamp { version: 919_042, issued: 1_503_389_444 };
        assert_eq!(stamp.print(), "919042!08/22/2017 08:10:44");
        assert_eq!(Stamp::parse("919042!08/22/2017 08:10:44").unwrap(), stamp);
        assert!(Stamp::parse("919042").is_err());
        assert!(Stamp::parse("x!08/22/2017 08:10:44").is_err());
    }

    #[test]
    fn places_survive_their_token() {
        let mut place = ReadPosition::at(Some(5), 9);
        place.go_on_to_deletes();
        assert_eq!(ReadPosition::from_token(&place.to_token()).unwrap(), place);
        assert!(ReadPosition::from_token("<cookie>").is_err());
    }
}
