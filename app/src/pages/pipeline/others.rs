//! What others write straight into Dataverse, and what became of it here.

use leptos::prelude::*;
use model::time::Instant;

use super::letters::moment;
use crate::compose::count;

/// How the mirror fares.
#[derive(Clone, Debug)]
pub struct Others {
    /// As a sentence.
    pub state: String,
    pub added: i64,
    pub changed: i64,
    pub withdrawn: i64,
    pub kept_out: i64,
    pub rejected: i64,
    /// The newest of what was rejected.
    pub rejects: Vec<RejectLine>,
    pub questions: Vec<QuestionView>,
}

/// A row in Dataverse that is no record of ours.
#[derive(Clone, Debug)]
pub struct RejectLine {
    pub table: &'static str,
    pub id: String,
    pub reason: String,
    pub content: String,
    pub at: Instant,
}

/// More rows vanished at once than anybody deletes by accident.
#[derive(Clone, Debug)]
pub struct QuestionView {
    /// The kind's name, as addresses have it.
    pub kind: &'static str,
    pub table: &'static str,
    pub gone: i64,
    pub of: i64,
    /// What was answered, while that is being done.
    pub answered: Option<&'static str>,
}

/// What can be answered.
pub const WITHDRAW: &str = "withdraw";
pub const SEND_AGAIN: &str = "send-again";

pub(super) fn questions(others: Option<&Others>) -> impl IntoView + use<> {
    let questions = others.map(|others| others.questions.iter().map(question).collect_view());
    view! { <div id="questions" data-again="">{questions}</div> }
}

fn question(question: &QuestionView) -> impl IntoView + use<> {
    let said = format!(
        "{} of {} rows of {} are gone from Dataverse.",
        count(question.gone),
        count(question.of),
        question.table
    );
    let ask = question.answered.is_none().then(|| {
        view! {
            <p>"Nothing was taken out of the figures yet. Were they deleted on purpose?"</p>
            <form class="buttons" action="/pipeline/question" method="post">
                <input type="hidden" name="kind" value=question.kind/>
                <button class="button" name="answer" value=WITHDRAW>"Yes, withdraw them here too"</button>
                <button class="button" name="answer" value=SEND_AGAIN>"No, send them again"</button>
            </form>
        }
    });
    let doing = question.answered.map(|answer| view! { <p>{answer}</p> });
    view! { <section class="card warning" aria-label="A question"><p><strong>{said}</strong></p>{ask}{doing}</section> }
}

pub(super) fn others(others: &Others) -> impl IntoView + use<> {
    let figures = [
        ("Added", others.added),
        ("Changed", others.changed),
        ("Withdrawn", others.withdrawn),
        ("Kept out for a newer change here", others.kept_out),
        ("Left out, they break a rule", others.rejected),
    ];
    let rows = figures
        .map(|(name, number)| view! { <div><dt>{name}</dt><dd>{count(number)}</dd></div> })
        .collect_view();
    let rejects = others.rejects.iter().map(|reject| {
        view! {
            <li>
                <p><strong>{reject.table}</strong>" "{reject.id.clone()}</p>
                <p>{reject.reason.clone()}</p>
                <p class="quiet">{moment(reject.at)}</p>
                <pre class="code">{reject.content.clone()}</pre>
            </li>
        }
    });
    let rejects = (!others.rejects.is_empty()).then(|| {
        view! {
            <details id="rejects" class="more">
                <summary>"Rows that were left out"</summary>
                <p class="quiet">"Mend them in Dataverse; they are looked at again when they change."</p>
                <ul class="lines">{rejects.collect_view()}</ul>
            </details>
        }
    });
    view! {
        <section class="card" aria-labelledby="others">
            <h2 id="others">"Written by others in Dataverse"</h2>
            <div id="mirror" data-again="">
                <p>{others.state.clone()}</p>
                <dl class="facts">{rows}</dl>
                {rejects}
            </div>
        </section>
    }
}
