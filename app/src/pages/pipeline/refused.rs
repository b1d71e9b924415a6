//! `/pipeline/refused/{kind}/{id}`: one record that Dataverse refuses: why, what was sent, what came back; mended, sent
//! again or dropped from here.

use leptos::prelude::*;
use model::time::Timestamp;

use super::letters::{DROP, MEND, RESEND, moment};
use crate::pages::{
    document::{DocumentHead, Frame, document},
    site_header::SitePage,
};

/// What the page shows.
#[derive(Clone, Debug)]
pub struct RefusedFacts {
    pub kind: &'static str,
    pub noun: &'static str,
    pub id: String,
    pub title: String,
    /// It is the record's withdrawal that is refused.
    pub deletes: bool,
    pub reason: String,
    pub attempts: i64,
    pub enqueued_at: Timestamp,
    pub died_at: Timestamp,
    pub request: Option<String>,
    pub response: Option<String>,
    /// Empty where there is nothing to mend.
    pub fields: Vec<FieldView>,
    /// Whether what was sent in breaks a rule.
    pub broken: bool,
}

/// One field of the form.
#[derive(Clone, Debug)]
pub struct FieldView {
    pub name: &'static str,
    pub label: &'static str,
    pub value: String,
    /// Part of what makes the record this one, so that it cannot change.
    pub fixed: bool,
    /// What is wrong with it.
    pub fault: Option<String>,
    pub control: Control,
}

/// By what a field is filled in.
#[derive(Clone, Copy, Debug)]
pub enum Control {
    Line,
    Lines,
    Choice { labels: &'static [&'static str], is_optional: bool },
}

pub fn refused_page(frame: &Frame, facts: &RefusedFacts) -> impl IntoView + use<> {
    let broken = facts.broken.then(|| {
        view! { <p class="card warning" role="alert">"Nothing was changed yet: some fields break a rule, see below."</p> }
    });
    let what = if facts.deletes { "the withdrawal of this" } else { "this" };
    let title = format!("{} · Refused · Studio Metrics", facts.title);
    document(
        frame,
        DocumentHead { title, here: Some(SitePage::Pipeline), is_live: false },
        view! {
            <nav class="view" aria-label="Where this hangs"><a class="back" href="/pipeline">"‹ Pipeline"</a></nav>
            <main id="main" tabindex="-1">
                <h1 class="sentence late"><strong><bdi>{facts.title.clone()}</bdi></strong>{format!(" Dataverse refuses {what} {}.", facts.noun)}</h1>
                {broken}
                {why(facts)}
                {(!facts.fields.is_empty()).then(|| form(facts))}
                {choices(facts)}
            </main>
        },
    )
}

fn why(facts: &RefusedFacts) -> impl IntoView + use<> {
    let told = |heading: &'static str, text: &Option<String>| {
        text.clone().map(|text| view! { <h3>{heading}</h3><pre class="code" tabindex="0">{text}</pre> })
    };
    let times = if facts.attempts == 1 { "once".to_owned() } else { format!("{} times", facts.attempts) };
    view! {
        <section class="card" aria-labelledby="why">
            <h2 id="why">"Why"</h2>
            <p>{facts.reason.clone()}</p>
            <p class="quiet">
                {format!("Waiting since {}, tried {times}, refused {}.", moment(facts.enqueued_at), moment(facts.died_at))}
            </p>
            {told("What was sent", &facts.request)}
            {told("What came back", &facts.response)}
        </section>
    }
}

fn form(facts: &RefusedFacts) -> impl IntoView + use<> {
    let fields = facts.fields.iter().map(|field| {
        let id = format!("field-{}", field.name);
        let note = format!("{id}-fault");
        let described = field.fault.is_some().then(|| note.clone());
        let fault = field.fault.clone().map(|fault| view! { <p class="fault" id=note>{fault}</p> });
        view! {
            <div>
                <label for=id.clone()>{field.label}</label>
                {control(field, id, described)}
                {fault}
            </div>
        }
    });
    view! {
        <section class="card" aria-labelledby="mend">
            <h2 id="mend">"Mend it"</h2>
            <p>"What you save replaces the record here, counts in every figure, and is sent. What it was stays in the ledger."</p>
            <form class="fields" method="post">
                {fields.collect_view()}
                <p class="buttons"><button class="button" name="do" value=MEND>"Save and send"</button></p>
            </form>
        </section>
    }
}

fn control(field: &FieldView, id: String, described: Option<String>) -> AnyView {
    let invalid = field.fault.is_some().then_some("true");
    let (name, value) = (field.name, field.value.clone());
    match field.control {
        Control::Line => view! {
            <input id=id name=name value=value readonly=field.fixed autocomplete="off"
                aria-invalid=invalid aria-describedby=described/>
        }
        .into_any(),
        Control::Lines => view! {
            <textarea id=id name=name rows="4" readonly=field.fixed autocomplete="off"
                aria-invalid=invalid aria-describedby=described>{value}</textarea>
        }
        .into_any(),
        Control::Choice { labels, is_optional } => {
            let empty = is_optional.then(|| view! { <option value="">"none"</option> });
            let options = labels.iter().map(|label| {
                view! { <option value=*label selected=*label == value>{*label}</option> }
            });
            view! {
                <select id=id name=name aria-invalid=invalid aria-describedby=described>
                    {empty}{options.collect_view()}
                </select>
            }
            .into_any()
        }
    }
}

fn choices(facts: &RefusedFacts) -> impl IntoView + use<> {
    let dropped = format!(
        "Dropped, this {} stays in the figures here and is never sent, unless it is corrected later.",
        facts.noun
    );
    view! {
        <section class="card" aria-labelledby="or">
            <h2 id="or">"Or leave it as it is"</h2>
            <p>"Send it again when the cause was in Dataverse and is gone."</p>
            <form class="buttons" method="post"><button class="button" name="do" value=RESEND>"Send it again"</button></form>
            <p>{dropped}</p>
            <form class="buttons" method="post"><button class="button" name="do" value=DROP>"Drop it"</button></form>
        </section>
    }
}
