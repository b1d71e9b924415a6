//! Why a poll brought nothing, as a sentence for the person who looks at the panel.

use serde::{Deserialize, Serialize};
use server_fn::{
    codec::PostcardEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};

/// It crosses the wire as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RequestError {
    /// The server does not answer.
    Offline,
    /// The question cannot be answered as it is asked: what to change.
    Refused(String),
    /// The server cannot answer now: why.
    Unavailable(String),
}

impl RequestError {
    #[must_use]
    pub fn sentence(&self) -> &str {
        match self {
            Self::Offline => "the server does not answer",
            Self::Refused(why) | Self::Unavailable(why) => why,
        }
    }
}

impl RequestError {
    /// Page and server are not of one build.
    pub(crate) fn other_build() -> Self {
        Self::Unavailable("the server was renewed in the meantime; reload the page".to_owned())
    }
}

impl FromServerFnError for RequestError {
    type Encoder = PostcardEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::Offline,
            _ => Self::other_build(),
        }
    }
}
