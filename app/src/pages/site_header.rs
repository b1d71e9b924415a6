//! The upper row of every page: where I am, and the few things to set. It never changes while a page is open.

use leptos::prelude::*;

use super::document::{Frame, PageAsker};

/// The pages that the header links, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SitePage {
    Panel,
    Campaigns,
    Pipeline,
    Links,
    Keys,
    People,
}

const LOGO: &str = "M2 9h3v5H2zM6.5 5h3v9h-3zM11 2h3v12h-3z";

/// The themes in turn: of three buttons the style shows the one that leads on from the page's own.
const THEMES: &str = "<button name=\"to\" value=\"dark\" aria-label=\"Dark theme\"><span></span></button>\
<button name=\"to\" value=\"light\" aria-label=\"Light theme\"><span></span></button>\
<button name=\"to\" value=\"system\" aria-label=\"Theme of the system\"><span></span></button>";

/// What `?` opens on a page that lives.
const KEYS: &str = "<h2>Keys</h2><dl>\
<dt><kbd>L</kbd></dt><dd>the last 24 hours</dd>\
<dt><kbd>3</kbd> <kbd>6</kbd> <kbd>9</kbd></dt><dd>30, 60, 90 days</dd>\
<dt><kbd>C</kbd></dt><dd>choose what is compared with</dd>\
<dt><kbd>/</kbd></dt><dd>choose a campaign</dd>\
<dt><kbd>T</kbd></dt><dd>the chart as a table</dd>\
<dt><kbd>E</kbd></dt><dd>the chart as a file</dd>\
<dt><kbd>N</kbd></dt><dd>add a note at a day</dd>\
<dt><kbd>←</kbd> <kbd>→</kbd></dt><dd>along the chart, once it has the focus; with <kbd>Shift</kbd> choose days</dd>\
<dt><kbd>Enter</kbd></dt><dd>show the days that are chosen</dd>\
<dt><kbd>K</kbd></dt><dd>for a wall: the figures alone, and back</dd>\
<dt><kbd>?</kbd></dt><dd>this help</dd>\
<dt><kbd>Esc</kbd></dt><dd>close what is open, or back from chosen days</dd></dl>";

impl SitePage {
    const ALL: [Self; 6] =
        [Self::Panel, Self::Campaigns, Self::Pipeline, Self::Links, Self::Keys, Self::People];

    const fn name(self) -> &'static str {
        match self {
            Self::Panel => "Panel",
            Self::Campaigns => "Campaigns",
            Self::Pipeline => "Pipeline",
            Self::Links => "Shared",
            Self::Keys => "Keys",
            Self::People => "People",
        }
    }

    const fn address(self) -> &'static str {
        match self {
            Self::Panel => "/",
            Self::Campaigns => "/campaigns",
            Self::Pipeline => "/pipeline",
            Self::Links => "/settings/links",
            Self::Keys => "/settings/keys",
            Self::People => "/settings/people",
        }
    }

    /// Whether it is of use to this one.
    const fn is_for(self, asker: &PageAsker) -> bool {
        match asker {
            PageAsker::Open => true,
            PageAsker::SignedOut => false,
            PageAsker::Person { is_admin, .. } => *is_admin || !matches!(self, Self::Keys | Self::People),
        }
    }
}

/// `here`: the page that is shown, and `is_live` where keys do something; none for what stands in for a page. On a narrow screen the links fold under its name, which
/// the style does with what follows `<details>`.
pub(super) fn site_header(frame: &Frame, here: Option<SitePage>, is_live: bool) -> impl IntoView + use<> {
    let pages = SitePage::ALL.into_iter().filter(|page| page.is_for(&frame.asker));
    let links = pages.map(|page| {
        let current = (here == Some(page)).then_some("page");
        view! { <a href=page.address() data-name=page.name() aria-current=current>{page.name()}</a> }
    });
    let links: Vec<_> = links.collect();
    let has_pages = !links.is_empty();
    let home = has_pages.then_some("/");
    view! {
        <header class="site">
            <a class="brand" href=home>
                <svg class="logo" viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path d=LOGO></path></svg>
                <span>"Studio Metrics"</span>
            </a>
            {frame.demo.then(|| view! { <span class="badge">"Demo data"</span> })}
            <details class="fold">
                <summary><span class="unseen">"Menu, "</span>{here.map_or(if has_pages { "Pages" } else { "Settings" }, SitePage::name)}</summary>
            </details>
            <div class="menu">
                {has_pages.then(|| view! { <nav class="pages" aria-label="Pages">{links}</nav> })}
                {person(&frame.asker)}
                <form class="theme" action="/theme" method="post" inner_html=THEMES></form>
                {help(frame, is_live)}
            </div>
        </header>
    }
}

/// Who is signed in, and the way out.
fn person(asker: &PageAsker) -> Option<impl IntoView + use<>> {
    let PageAsker::Person { name, is_admin } = asker else { return None };
    let role = if *is_admin { "admin" } else { "reader" };
    Some(view! {
        <form class="asker" action="/sign-out" method="post">
            <span><bdi>{name.clone()}</bdi>" "<span class="quiet">{role}</span></span>
            <button class="button">"Sign out"</button>
        </form>
    })
}

fn help(frame: &Frame, has_keys: bool) -> impl IntoView + use<> {
    let off = frame.are_keys_off;
    let keys = has_keys.then(|| {
        view! {
            <div class="live-only">
                <div inner_html=KEYS></div>
                <p><label><input type="checkbox" id="keys-off" checked=off/>" Switch single keys off"</label></p>
            </div>
        }
    });
    view! {
        <details class="help over" id="help">
            <summary aria-label="Help"><span aria-hidden="true">"?"</span></summary>
            <div class="sheet">
                {keys}
                <p><a href="/api/openapi.json">"The interface for programs"</a></p>
            </div>
        </details>
    }
}
