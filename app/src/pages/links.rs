//! `/settings/links`: views that are shared, and a form for another one.

use leptos::prelude::*;

use super::{
    document::{DocumentHead, Frame, document},
    site_header::SitePage,
};
use crate::presenter::counted;

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct LinksFacts {
    pub links: Vec<LinkLine>,
    /// The address of the one that was made just now.
    pub told: Option<String>,
    pub form: LinkForm,
}

/// One link, as words.
#[derive(Clone, Debug)]
pub struct LinkLine {
    pub id: String,
    pub view: String,
    pub url: String,
    pub until: String,
    /// Whether it shows nothing any more.
    pub is_over: bool,
    pub has_password: bool,
    pub made_by: String,
    pub visits: i64,
}

/// What was written into the form, and what is wrong with it. A password is never shown again.
#[derive(Clone, Debug, Default)]
pub struct LinkForm {
    pub view: String,
    pub days: String,
    pub is_fixed: bool,
    /// The field at fault, and a sentence.
    pub fault: Option<(&'static str, String)>,
}

const HREF: &str = "/settings/links";

pub fn links_page(frame: &Frame, facts: &LinksFacts) -> impl IntoView + use<> {
    let head = DocumentHead {
        title: "Shared views · Studio Metrics".to_owned(),
        here: Some(SitePage::Links),
        is_live: false,
    };
    let number = i64::try_from(facts.links.iter().filter(|link| !link.is_over).count()).unwrap_or(i64::MAX);
    let lead = match number {
        0 => "Nothing is shared.".to_owned(),
        number => format!("{} shared.", counted(number, "view is", "views are")),
    };
    document(
        frame,
        head,
        view! {
            <main id="main" tabindex="-1">
                <h1 class="sentence"><strong>{lead}</strong>" Whoever has a link sees that view and nothing else."</h1>
                {facts.told.as_deref().map(told)}
                {form(&facts.form)}
                {(!facts.links.is_empty()).then(|| table(facts))}
            </main>
        },
    )
}

fn told(url: &str) -> impl IntoView + use<> {
    view! {
        <section class="card" aria-labelledby="new-link">
            <h2 id="new-link">"The link"</h2>
            <pre class="code" tabindex="0" id="link-text">{url.to_owned()}</pre>
            <p><a href=url.to_owned()>"See what it shows"</a></p>
        </section>
    }
}

fn table(facts: &LinksFacts) -> impl IntoView + use<> {
    view! {
        <section class="card campaigns links" aria-label="Links">
            <table>
                <thead>
                    <tr>
                        <th scope="col">"View"</th>
                        <th scope="col">"Until"</th>
                        <th scope="col" class="number">"Visits"</th>
                        <th scope="col" class="wide">"Made by"</th>
                        <th scope="col"><span class="unseen">"Revoke"</span></th>
                    </tr>
                </thead>
                <tbody>{facts.links.iter().map(row).collect_view()}</tbody>
            </table>
        </section>
    }
}

fn row(link: &LinkLine) -> impl IntoView + use<> {
    let label = format!("Revoke the link to {}", link.view);
    let until = if link.is_over { format!("over since {}", link.until) } else { link.until.clone() };
    view! {
        <tr>
            <th scope="row"><a href=link.url.clone()>{link.view.clone()}</a>{link.has_password.then_some(" · password")}</th>
            <td class="quiet">{until}</td>
            <td class="number">{link.visits}</td>
            <td class="quiet wide"><bdi>{link.made_by.clone()}</bdi></td>
            <td class="number">
                <form action=HREF method="post">
                    <button class="button" name="revoke" value=link.id.clone() aria-label=label>"Revoke"</button>
                </form>
            </td>
        </tr>
    }
}

fn form(form: &LinkForm) -> impl IntoView + use<> {
    let fault = form.fault.clone();
    let note = fault.map(|(field, sentence)| {
        let name = match field {
            "days" => "The days",
            "password" => "The password",
            _ => "The view",
        };
        view! { <p class="fault" role="alert">{format!("{name} {sentence}.")}</p> }
    });
    view! {
        <section class="card" aria-labelledby="share">
            <h2 id="share">"Share a view"</h2>
            <form class="fields" action=HREF method="post">
                <div>
                    <label for="link-view">"The view: its address on the panel"</label>
                    <input id="link-view" name="view" value=form.view.clone() required maxlength="2000" autocomplete="off"/>
                </div>
                <div>
                    <label for="link-days">"Days it is good for"</label>
                    <input id="link-days" name="days" type="number" min="1" max="366" value=form.days.clone() required/>
                </div>
                <div>
                    <label for="link-password">"Password, if it is to have one"</label>
                    <input id="link-password" name="password" type="password" minlength="8" maxlength="256" autocomplete="new-password"/>
                </div>
                <p class="check"><label><input type="checkbox" name="fixed" value="on" checked=form.is_fixed/>" Keep to the days of today"</label></p>
                {note}
                <p class="buttons"><button class="button main">"Make the link"</button></p>
            </form>
        </section>
    }
}
