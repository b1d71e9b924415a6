//! The page that stands in for one that cannot be shown.

use leptos::prelude::*;

use super::document::{DocumentHead, Frame, document};

/// Says what happened, what is kept safe and what to do next.
pub fn fault_page(frame: &Frame, title: &str, sentence: &str) -> impl IntoView + use<> {
    let (title, sentence) = (title.to_owned(), sentence.to_owned());
    document(
        frame,
        DocumentHead { title: format!("{title} · Studio Metrics"), here: None, is_live: false },
        view! {
            <main class="lone" id="main" tabindex="-1">
                <h1>{title}</h1>
                <p>{sentence}</p>
                <p><a href="/">"Back to the panel"</a></p>
            </main>
        },
    )
}
