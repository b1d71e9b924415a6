//! The frame around every page: the only place with `<html>`.

use leptos::{nonce::use_nonce, prelude::*};

use super::site_header::{SitePage, site_header};

/// Where the browser finds its files, each address ending in a hash of its content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    pub js: String,
    pub wasm: String,
    pub css: String,
    pub icon: String,
    /// The script of `/pipeline`.
    pub pipeline: String,
}

/// Light or dark by choice; without one the system decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    #[must_use]
    pub fn of_key(key: &str) -> Self {
        match key {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }
}

/// As what a page is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PageAsker {
    /// As anyone: people need not sign in.
    #[default]
    Open,
    /// As one who has not signed in.
    SignedOut,
    Person {
        name: String,
        /// Whether they decide for the tenant.
        is_admin: bool,
    },
}

/// What every page is told about the visit.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    pub asker: PageAsker,
    pub files: Files,
    pub theme: Theme,
    pub demo: bool,
    /// Whether single keys do nothing, by choice.
    pub are_keys_off: bool,
    /// Whether browsers tell how fast the panel was painted.
    pub beacon: bool,
}

/// Where browsers tell how fast the panel was painted.
pub const BEACON: &str = "/api/beacon";
/// Tells it once, when the page is left or hidden: before that something larger may come. A page that was opened out of sight
/// is painted late through no fault of anything, so it tells nothing, and neither does a browser that does not measure it.
const BEACON_SCRIPT: &str = include_str!("beacon.js");

/// What tells one page from another before its body.
pub(super) struct DocumentHead {
    pub(super) title: String,
    /// Which of the pages it is, if any.
    pub(super) here: Option<SitePage>,
    /// Whether it loads the browser's part.
    pub(super) is_live: bool,
}

/// The document around `body`, which has the place `#main`.
pub(super) fn document<V: IntoView + 'static>(
    frame: &Frame,
    DocumentHead { title, here, is_live }: DocumentHead,
    body: V,
) -> impl IntoView + use<V> {
    let Frame { files, theme, beacon, .. } = frame.clone();
    let header = site_header(frame, here, is_live);
    let nonce = use_nonce();
    // `cargo xtask run` starts the server before there is a module: until then the page comes again by itself.
    let has_module = !files.js.is_empty();
    let start = format!(
        "import init,{{hydrate}} from {:?};init({{module_or_path:{:?}}}).then(hydrate)",
        files.js, files.wasm
    );
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme.key()>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <title>{title}</title>
                <link rel="icon" type="image/svg+xml" href=files.icon/>
                <link rel="stylesheet" href=files.css/>
                {(is_live && !has_module).then(|| view! { <meta http-equiv="refresh" content="10"/> })}
                {(is_live && has_module).then(|| view! {
                    <link rel="modulepreload" href=files.js nonce=nonce.clone()/>
                    <link rel="preload" href=files.wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
                    <script type="module" nonce=nonce.clone()>{start}</script>
                })}
                {(is_live && beacon).then(|| view! { <script nonce=nonce inner_html=BEACON_SCRIPT></script> })}
            </head>
            <body>
                <a class="skip" href="#main">"Skip to the content"</a>
                {header}
                {body}
            </body>
        </html>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beacon_goes_where_it_is_taken() {
        assert!(BEACON_SCRIPT.contains(&format!("sendBeacon(\"{BEACON}\"")));
        assert!(!BEACON_SCRIPT.contains("</"), "it stands in the page as it is");
    }
}
