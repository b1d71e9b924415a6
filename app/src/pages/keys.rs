//! `/settings/keys`: the keys that services send, and a form for another one.

use leptos::prelude::*;

use super::{
    document::{DocumentHead, Frame, document},
    site_header::SitePage,
};
use crate::presenter::counted;

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct KeysFacts {
    /// Whether there ever was a key, so that what writes needs one.
    pub is_needed: bool,
    /// Whether people sign in, so that this page knows who asks for another key.
    pub has_sign_in: bool,
    pub keys: Vec<KeyLine>,
    /// The name and the text of the key that was made just now.
    pub told: Option<(String, String)>,
    /// What else was done, as a sentence.
    pub done: Option<String>,
    pub form: KeyForm,
}

/// One key, as words.
#[derive(Clone, Debug)]
pub struct KeyLine {
    pub name: String,
    pub scope: &'static str,
    pub expires: String,
    /// Whether it is good for nothing any more.
    pub is_expired: bool,
    pub rate: String,
    pub used: String,
}

/// What was written into the form, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct KeyForm {
    pub name: String,
    pub scope: String,
    pub expires: String,
    pub rate: String,
    /// The field at fault, and a sentence.
    pub fault: Option<(&'static str, String)>,
}

const HREF: &str = "/settings/keys";
/// What keys are good for, as the form offers it.
const SCOPES: [(&str, &str); 3] = [
    ("write", "write: send records"),
    ("read", "read: figures and records"),
    ("admin", "admin: both, and decide"),
];

pub fn keys_page(frame: &Frame, facts: &KeysFacts) -> impl IntoView + use<> {
    let (lead, rest) = sentence(facts);
    let head = DocumentHead {
        title: "Keys · Studio Metrics".to_owned(),
        here: Some(SitePage::Keys),
        is_live: false,
    };
    document(
        frame,
        head,
        view! {
            <main id="main" tabindex="-1">
                <h1 class="sentence"><strong>{lead}</strong>" "{rest}</h1>
                {facts.told.as_ref().map(|(name, text)| told(name, text))}
                {(!facts.keys.is_empty()).then(|| table(facts))}
                {facts.done.as_ref().map(|done| view! { <p role="status">{done.clone()}</p> })}
                {if may_make(facts) { form(facts).into_any() } else { elsewhere().into_any() }}
            </main>
        },
    )
}

fn sentence(facts: &KeysFacts) -> (String, &'static str) {
    let number = i64::try_from(facts.keys.len()).unwrap_or(i64::MAX);
    match (facts.is_needed, number) {
        (false, _) => (
            "No key is needed.".to_owned(),
            if facts.has_sign_in {
                "Programs on this machine alone may send records without one, until there is a key."
            } else {
                "Every program on this machine may send records; from the first key on each needs one."
            },
        ),
        (true, 0) => ("There is no key any more.".to_owned(), "What sends records needs one."),
        (true, _) => (
            format!("{}.", counted(number, "key", "keys")),
            if facts.has_sign_in {
                "What sends records needs one; people sign in."
            } else {
                "What sends records needs one; people read without."
            },
        ),
    }
}

fn told(name: &str, text: &str) -> impl IntoView + use<> {
    view! {
        <section class="card" aria-labelledby="new-key">
            <h2 id="new-key">"The key of "<bdi>{name.to_owned()}</bdi></h2>
            <p>"Copy it now: it is told this once. Send it as "<code>"Authorization: Bearer"</code>" or "<code>"x-api-key"</code>"."</p>
            <pre class="code" tabindex="0" id="key-text">{text.to_owned()}</pre>
        </section>
    }
}

fn table(facts: &KeysFacts) -> impl IntoView + use<> {
    view! {
        <section class="card campaigns keys" aria-label="Keys">
            <table>
                <thead>
                    <tr>
                        <th scope="col">"Name"</th>
                        <th scope="col">"Good for"</th>
                        <th scope="col">"Expires"</th>
                        <th scope="col" class="number wide">"A minute"</th>
                        <th scope="col" class="wide">"Last used"</th>
                        {facts.has_sign_in.then(|| view! { <th scope="col"><span class="unseen">"Revoke"</span></th> })}
                    </tr>
                </thead>
                <tbody>{facts.keys.iter().map(|key| row(key, facts.has_sign_in)).collect_view()}</tbody>
            </table>
        </section>
    }
}

fn row(key: &KeyLine, may_revoke: bool) -> impl IntoView + use<> {
    let revoke = may_revoke.then(|| {
        let (name, label) = (key.name.clone(), format!("Revoke {}", key.name));
        view! {
            <td class="number">
                <form action=HREF method="post">
                    <button class="button" name="revoke" value=name aria-label=label>"Revoke"</button>
                </form>
            </td>
        }
    });
    let expires = if key.is_expired { "bad" } else { "quiet" };
    view! {
        <tr>
            <th scope="row"><bdi>{key.name.clone()}</bdi></th>
            <td>{key.scope}</td>
            <td class=expires>{key.expires.clone()}</td>
            <td class="number wide">{key.rate.clone()}</td>
            <td class="quiet wide">{key.used.clone()}</td>
            {revoke}
        </tr>
    }
}

/// A page that anyone may ask would make keys for every program, once there are some.
const fn may_make(facts: &KeysFacts) -> bool {
    facts.has_sign_in || !facts.is_needed
}

fn elsewhere() -> impl IntoView {
    view! {
        <section class="card" aria-labelledby="more-keys">
            <h2 id="more-keys">"Further keys"</h2>
            <p>"While there is no sign-in, keys are made and revoked on this machine's command line:"</p>
            <pre class="code" tabindex="0">"studio key add --name NAME [--scope read] [--expires 90] [--rate 600]\nstudio key revoke NAME"</pre>
        </section>
    }
}

fn form(facts: &KeysFacts) -> impl IntoView + use<> {
    let form = &facts.form;
    let title = if facts.keys.is_empty() && !facts.is_needed { "Make the first key" } else { "Make a key" };
    let options = SCOPES.map(|(word, label)| {
        view! { <option value=word selected={word == form.scope}>{label}</option> }
    });
    view! {
        <section class="card" aria-labelledby="make">
            <h2 id="make">{title}</h2>
            <form class="fields" action=HREF method="post">
                {field(form, "name", "Name: who sends it", &form.name, "campaigns")}
                <div>
                    <label for="key-scope">"Good for"</label>
                    <select id="key-scope" name="scope">{options.to_vec()}</select>
                </div>
                {field(form, "expires", "Expires: days, or the last day", &form.expires, "never")}
                {field(form, "rate", "Requests a minute", &form.rate, "no limit")}
                <p class="buttons"><button class="button">"Make the key"</button></p>
            </form>
        </section>
    }
}

fn field(
    form: &KeyForm,
    name: &'static str,
    label: &'static str,
    value: &str,
    example: &'static str,
) -> impl IntoView + use<> {
    let (id, note) = (format!("key-{name}"), format!("key-{name}-fault"));
    let fault = form.fault.as_ref().filter(|(field, _)| *field == name).map(|(_, sentence)| sentence.clone());
    let (invalid, described) = (fault.is_some().then_some("true"), fault.is_some().then(|| note.clone()));
    view! {
        <div>
            <label for=id.clone()>{label}</label>
            <input id=id name=name value=value.to_owned() placeholder=example maxlength="64" autocomplete="off"
                required={name == "name"} aria-invalid=invalid aria-describedby=described/>
            {fault.map(|fault| view! { <p class="fault" id=note>{fault}</p> })}
        </div>
    }
}
