//! How much is logged, and in which shape.

use tracing_subscriber::EnvFilter;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logging {
    pub filter: String,
    pub format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

pub(super) fn filter(text: &str) -> Result<String, String> {
    let one_word = !text.contains(['=', ',', '[']);
    let known =
        ["off", "error", "warn", "info", "debug", "trace"].contains(&text.to_ascii_lowercase().as_str());
    // A single unknown word would be taken for the name of a crate, and everything would fall silent.
    if (one_word && !known) || text.parse::<EnvFilter>().is_err() {
        return Err("must be error, warn, info, debug, trace, or a filter such as info,sqlx=warn".to_owned());
    }
    Ok(text.to_owned())
}

pub(super) fn format(text: &str) -> Result<LogFormat, String> {
    match text.to_ascii_lowercase().as_str() {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("must be text or json".to_owned()),
    }
}
