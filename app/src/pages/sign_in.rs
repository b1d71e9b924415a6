//! `/sign-in`: a name and a password, or the way to a provider.

use leptos::prelude::*;

use super::document::{DocumentHead, Frame, document};

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct SignInFacts {
    /// The page that was asked for.
    pub to: String,
    /// What was written.
    pub name: String,
    /// What went wrong, as a sentence.
    pub fault: Option<String>,
    pub has_passwords: bool,
    /// Where the way to a provider begins, if there is one.
    pub provider: Option<String>,
    /// Whether a proxy in front says who people are.
    pub has_proxy: bool,
}

pub fn sign_in_page(frame: &Frame, facts: &SignInFacts) -> impl IntoView + use<> {
    let head = DocumentHead { title: "Sign in · Studio Metrics".to_owned(), here: None, is_live: false };
    let has_provider = facts.provider.is_some();
    let is_way = facts.has_passwords || has_provider;
    document(
        frame,
        head,
        view! {
            <main id="main" tabindex="-1" class="door">
                <section class="card" aria-labelledby="sign-in">
                    <h1 id="sign-in">"Sign in"</h1>
                    {facts.fault.as_ref().map(|fault| view! { <p class="fault" role="alert">{fault.clone()}</p> })}
                    {facts.provider.as_deref().map(provider)}
                    {(has_provider && facts.has_passwords).then(|| view! { <p class="quiet or">"or"</p> })}
                    {facts.has_passwords.then(|| form(facts))}
                    {(!is_way).then(|| none(facts.has_proxy))}
                </section>
            </main>
        },
    )
}

/// A link, since browsers let no form lead to another server.
fn provider(href: &str) -> impl IntoView + use<> {
    view! { <p><a class="button main" href=href.to_owned()>"Sign in with your organisation"</a></p> }
}

fn form(facts: &SignInFacts) -> impl IntoView + use<> {
    let is_main = facts.provider.is_none();
    view! {
        <form action="/sign-in" method="post">
            <input type="hidden" name="to" value=facts.to.clone()/>
            <label for="name">"Name"</label>
            <input id="name" name="name" value=facts.name.clone() autocomplete="username" autocapitalize="none" required autofocus={is_main && facts.name.is_empty()}/>
            <label for="password">"Password"</label>
            <input id="password" name="password" type="password" autocomplete="current-password" required autofocus={!facts.name.is_empty()}/>
            <button class=if is_main { "button main" } else { "button" }>"Sign in"</button>
        </form>
    }
}

fn none(has_proxy: bool) -> impl IntoView {
    let sentence = if has_proxy {
        "The proxy in front of this server says who people are, and said nothing of you."
    } else {
        "No sign-in is set up here, and none is needed on this machine."
    };
    view! {
        <p>{sentence}</p>
        <p><a class="button" href="/">"To the panel"</a></p>
    }
}
