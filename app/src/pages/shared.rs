//! `/s/…`: a view that is shown to those who have a link to it. It leads nowhere else, and nothing in it can be pressed.

use leptos::{nonce::use_nonce, prelude::*};

use super::document::{DocumentHead, Frame, document};
use crate::{client, components::foot, panel::Panel};

/// What the page says around the view.
#[derive(Clone, Debug)]
pub struct SharedFacts {
    pub title: String,
    /// Which campaign and days it shows.
    pub scope: String,
    /// When it was looked up.
    pub as_of: String,
    /// Until when it can be.
    pub until: String,
    /// The view, as [`shared_view`] makes it.
    pub view: String,
    /// Whether it is for a wall.
    pub is_kiosk: bool,
}

/// Keeps the view fresh, and tells a page that frames it how high it is.
const SCRIPT: &str = include_str!("shared.js");

pub fn shared_page(frame: &Frame, facts: &SharedFacts) -> impl IntoView + use<> {
    let head = DocumentHead { title: facts.title.clone(), here: None, is_live: false };
    let kiosk = facts.is_kiosk.then_some("");
    let live = view! { <div id="live" data-shared="" inner_html=facts.view.clone()></div> };
    let live = live.attr("data-kiosk", kiosk);
    let body = view! {
        <section class="view" aria-label="What is shown">
            <p class="scope"><strong>{facts.scope.clone()}</strong></p>
            <p class="quiet">{format!("Shared until {}", facts.until)}</p>
            <div class="state">
                <p class="fresh good" id="fresh">
                    <span class="dot" aria-hidden="true"></span>
                    <span class="words" role="status">{format!("As of {}", facts.as_of)}</span>
                </p>
            </div>
        </section>
        {live}
        <script nonce=use_nonce() inner_html=SCRIPT></script>
    };
    document(frame, head, body)
}

/// The page of a link with a password, before it was said.
pub fn locked_page(frame: &Frame, action: &str, fault: Option<&'static str>) -> impl IntoView + use<> {
    let head =
        DocumentHead { title: "A shared view · Studio Metrics".to_owned(), here: None, is_live: false };
    let fault = fault.map(|fault| view! { <p class="fault" role="alert">{fault}</p> });
    let body = view! {
        <main id="main" tabindex="-1" class="door">
            <section class="card" aria-labelledby="locked">
                <h1 id="locked">"This view has a password"</h1>
                {fault}
                <form action=action.to_owned() method="post">
                    <label for="password">"Password"</label>
                    <input id="password" name="password" type="password" autocomplete="off" required autofocus/>
                    <button class="button main">"Show it"</button>
                </form>
            </section>
        </main>
    };
    document(frame, head, body)
}

/// The panel as it stands, without anything that leads elsewhere or can be pressed.
#[must_use]
pub fn shared_view(panel: &Panel) -> String {
    let figures = client::figures(panel, &panel.ask, [None, None], (panel.as_of_ms, false));
    let main = view! { <main id="main" tabindex="-1">{figures}</main> };
    locked(&crate::blocks::html((main, foot::foot(panel, &panel.ask, None))))
}

/// Elements that are for doing something, which go with all that is in them.
const DONE_WITH: [&str; 5] = ["form", "button", "input", "select", "details"];
/// Those of them that have no end of their own.
const WITHOUT_END: &str = "input";

/// HTML as our own renderer writes it: each attribute in quotes, each element ended.
fn locked(html: &str) -> String {
    let mut kept = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        kept.push_str(&rest[..start]);
        rest = &rest[start..];
        let tag = &rest[..end_of_tag(rest)];
        let name = tag[1..].split([' ', '>', '/', '\n']).next().unwrap_or_default();
        if DONE_WITH.contains(&name) {
            rest = if name == WITHOUT_END { &rest[tag.len()..] } else { behind(rest, name) };
            continue;
        }
        if name == "a" {
            kept.push_str(&without_href(tag));
        } else {
            kept.push_str(tag);
        }
        rest = &rest[tag.len()..];
    }
    kept.push_str(rest);
    kept
}

/// How long the tag is that the text begins with.
fn end_of_tag(text: &str) -> usize {
    let mut is_quoted = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'"' => is_quoted = !is_quoted,
            b'>' if !is_quoted => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// What follows the element of this name that the text begins with.
fn behind<'a>(text: &'a str, name: &str) -> &'a str {
    let mut depth = 0_usize;
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        rest = &rest[start..];
        let tag = &rest[..end_of_tag(rest)];
        let is =
            |tag: &str| tag.strip_prefix(name).is_some_and(|after| after.starts_with([' ', '>', '/', '\n']));
        if is(&tag[1..]) {
            depth += 1;
        } else if tag[1..].strip_prefix('/').is_some_and(is) {
            depth -= 1;
        }
        rest = &rest[tag.len()..];
        if depth == 0 {
            return rest;
        }
    }
    ""
}

fn without_href(tag: &str) -> String {
    let Some((before, value)) = tag.split_once(" href=\"") else { return tag.to_owned() };
    let after = value.split_once('"').map_or("", |(_, after)| after);
    format!("{before}{after}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_elsewhere() {
        let html = r#"<p>a &lt;a href="x"></p><a class="c" href="/x?a>b" title="t">one</a><form action="/y"><form>two</form><input value=">"></form>
            <details open><summary>three</summary><details>four</details></details><detailsx>five</detailsx><input name="n"><b>six</b>"#;
        assert_eq!(
            locked(html).split_whitespace().collect::<Vec<_>>().join(" "),
            r#"<p>a &lt;a href="x"></p><a class="c" title="t">one</a> <detailsx>five</detailsx><b>six</b>"#
        );
        assert_eq!(locked("<form>never ended"), "");
        assert_eq!(locked("a < b"), "a < b");
    }

    #[test]
    fn the_script_stands_as_it_is() {
        assert!(!SCRIPT.contains("</"));
    }
}
