//! `/settings/people`: who may sign in, and as what.

use leptos::prelude::*;

use super::{
    document::{DocumentHead, Frame, document},
    site_header::SitePage,
};
use crate::presenter::counted;

/// What the page shows.
#[derive(Clone, Debug, Default)]
pub struct PeopleFacts {
    pub people: Vec<PersonLine>,
    /// Whether a provider says who people are, whom this page does not list.
    pub has_provider: bool,
    pub form: PersonForm,
    /// What was done, as a sentence.
    pub told: Option<String>,
}

/// One of the people, as words.
#[derive(Clone, Debug)]
pub struct PersonLine {
    pub name: String,
    pub role: &'static str,
    pub since: String,
    pub signs_in: &'static str,
    /// Whether it is the one who looks.
    pub is_self: bool,
}

/// What was written into the form, and what is wrong with it. A password is never shown again.
#[derive(Clone, Debug, Default)]
pub struct PersonForm {
    pub name: String,
    pub role: String,
    /// The field at fault, and a sentence.
    pub fault: Option<(&'static str, String)>,
}

const HREF: &str = "/settings/people";
const ROLES: [(&str, &str); 2] = [("reader", "reader: sees and shares"), ("admin", "admin: decides too")];

pub fn people_page(frame: &Frame, facts: &PeopleFacts) -> impl IntoView + use<> {
    let head = DocumentHead {
        title: "People · Studio Metrics".to_owned(),
        here: Some(SitePage::People),
        is_live: false,
    };
    let (lead, rest) = sentence(facts);
    document(
        frame,
        head,
        view! {
            <main id="main" tabindex="-1">
                <h1 class="sentence"><strong>{lead}</strong>" "{rest}</h1>
                {facts.told.as_ref().map(|told| view! { <p role="status">{told.clone()}</p> })}
                {(!facts.people.is_empty()).then(|| table(facts))}
                {form(facts)}
            </main>
        },
    )
}

fn sentence(facts: &PeopleFacts) -> (String, &'static str) {
    let number = i64::try_from(facts.people.len()).unwrap_or(i64::MAX);
    match (number, facts.has_provider) {
        (0, false) => (
            "Nobody needs to sign in.".to_owned(),
            "All on this machine see everything; from the first person on each signs in.",
        ),
        (0, true) => ("Your organisation says who may sign in.".to_owned(), "None is added here."),
        (_, false) => (format!("{}.", counted(number, "person", "people")), "They sign in with a password."),
        (_, true) => (
            format!("{}.", counted(number, "person", "people")),
            "They are added to those of your organisation.",
        ),
    }
}

fn table(facts: &PeopleFacts) -> impl IntoView + use<> {
    view! {
        <section class="card campaigns people" aria-label="People">
            <table>
                <thead>
                    <tr>
                        <th scope="col">"Name"</th>
                        <th scope="col">"PersonRole"</th>
                        <th scope="col" class="wide">"Signs in"</th>
                        <th scope="col" class="wide">"Since"</th>
                        <th scope="col"><span class="unseen">"Remove"</span></th>
                    </tr>
                </thead>
                <tbody>{facts.people.iter().map(row).collect_view()}</tbody>
            </table>
        </section>
    }
}

fn row(person: &PersonLine) -> impl IntoView + use<> {
    let (name, label) = (person.name.clone(), format!("Remove {}", person.name));
    let remove = (!person.is_self).then(|| {
        view! {
            <form action=HREF method="post">
                <button class="button" name="remove" value=name aria-label=label>"Remove"</button>
            </form>
        }
    });
    view! {
        <tr>
            <th scope="row"><bdi>{person.name.clone()}</bdi>{person.is_self.then_some(" (you)")}</th>
            <td>{person.role}</td>
            <td class="quiet wide">{person.signs_in}</td>
            <td class="quiet wide">{person.since.clone()}</td>
            <td class="number">{remove}</td>
        </tr>
    }
}

fn form(facts: &PeopleFacts) -> impl IntoView + use<> {
    let form = facts.form.clone();
    let options = ROLES.map(|(word, label)| {
        view! { <option value=word selected={word == form.role}>{label}</option> }
    });
    let title = if facts.people.is_empty() { "Add the first person" } else { "Add a person" };
    let warning = (facts.people.is_empty() && !facts.has_provider).then(|| {
        view! { <p>"Make the first an administrator: from then on this page is theirs."</p> }
    });
    view! {
        <section class="card" aria-labelledby="add">
            <h2 id="add">{title}</h2>
            {warning}
            <form class="fields" action=HREF method="post">
                <div>
                    <label for="person-name">"Name"</label>
                    <input id="person-name" name="name" value=form.name.clone() maxlength="64" autocomplete="off" required
                        aria-invalid=invalid(&form, "name") aria-describedby=described(&form, "name")/>
                    {fault(&form, "name")}
                </div>
                <div>
                    <label for="person-role">"PersonRole"</label>
                    <select id="person-role" name="role">{options.to_vec()}</select>
                </div>
                <div>
                    <label for="person-password">"Password: 8 letters at least"</label>
                    <input id="person-password" name="password" type="password" minlength="8" maxlength="256" autocomplete="new-password" required
                        aria-invalid=invalid(&form, "password") aria-describedby=described(&form, "password")/>
                    {fault(&form, "password")}
                </div>
                <p class="buttons"><button class="button">"Add"</button></p>
            </form>
        </section>
    }
}

fn is_at_fault(form: &PersonForm, field: &str) -> bool {
    form.fault.as_ref().is_some_and(|(at, _)| *at == field)
}

fn invalid(form: &PersonForm, field: &str) -> Option<&'static str> {
    is_at_fault(form, field).then_some("true")
}

fn described(form: &PersonForm, field: &str) -> Option<String> {
    is_at_fault(form, field).then(|| format!("person-{field}-fault"))
}

fn fault(form: &PersonForm, field: &str) -> Option<impl IntoView + use<>> {
    let (_, sentence) = form.fault.clone().filter(|(at, _)| *at == field)?;
    let id = format!("person-{field}-fault");
    Some(view! { <p class="fault" id=id>{sentence}</p> })
}
