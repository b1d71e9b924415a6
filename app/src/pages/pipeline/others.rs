//! What others write straight into Dataverse, and what became of it here.

use leptos::prelude::*;
use model::time::Timestamp;

use super::letters::moment;
use crate::presenter::count;

/// How the mirror fares.
#[derive(Clone, Debug)]
pub struct Others {
    /// As a sentence.
    pub state: String,
    pub added: i64,
    pub changed: i64,
    pub withdrawn: i64,
    pub kept_out: i64,
    /// Acknowledged, not there, and sent once more.
    pub resent: i64,
    pub rejected: i64,
    /// The newest of what was rejected.
    pub rejects: Vec<RejectLine>,
    pub questions: Vec<QuestionView>,
    pub policies: Vec<PolicyView>,
}

/// A row in Dataverse that is no record of ours.
#[derive(Clone, Debug)]
pub struct RejectLine {
    pub table: &'static str,
    pub id: String,
    pub reason: String,
    pub content: String,
    pub at: Timestamp,
}

/// An answer that a person gave once for all.
#[derive(Clone, Debug)]
pub struct PolicyView {
    /// The kind's name, as addresses have it.
    pub kind: &'static str,
    /// As a sentence.
    pub said: &'static str,
}

/// Rows are gone there, and only a person can say whether that was meant.
#[derive(Clone, Debug)]
pub struct QuestionView {
    /// The kind's name, as addresses have it.
    pub kind: &'static str,
    pub table: &'static str,
    pub gone: i64,
    /// Of those: how many Dataverse never said to be deleted.
    pub unseen: i64,
    pub of: i64,
    /// What was answered, while that is being done.
    pub answered: Option<&'static str>,
}

/// What can be answered.
pub const WITHDRAW: &str = "withdraw";
pub const SEND_AGAIN: &str = "send-again";
/// Takes back an answer that was kept.
pub const ASK_AGAIN: &str = "ask-again";
/// The field that says that an answer holds from now on.
pub const KEEP: &str = "keep";

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
            {unsaid(question)}
            <p>"Nothing was taken out of the figures yet. Were they deleted on purpose?"</p>
            <form class="buttons" action="/pipeline/question" method="post">
                // Enter in the box below presses the first button. A form that is in no dialog has none to close, so that
                // nothing comes of it; a browser that does not know dialogs shows the page again.
                <button hidden formmethod="dialog" formaction="/pipeline"></button>
                <input type="hidden" name="kind" value=question.kind/>
                <label class="choice">
                    <input type="checkbox" name=KEEP value=KEEP/>
                    " Do so from now on whenever rows are deleted there"
                </label>
                <button class="button" name="answer" value=WITHDRAW>"Yes, withdraw them here too"</button>
                <button class="button" name="answer" value=SEND_AGAIN>"No, send them again"</button>
            </form>
        }
    });
    let doing = question.answered.map(|answer| view! { <p>{answer}</p> });
    view! { <section class="card warning" aria-label="A question"><p><strong>{said}</strong></p>{ask}{doing}</section> }
}

/// A restore leaves no word of what it undid, a person's deletion does.
fn unsaid(question: &QuestionView) -> Option<impl IntoView + use<>> {
    let said = format!(
        "Of {} Dataverse does not say that they were deleted, as after a restore or a failover: then send them again.",
        if question.unseen == question.gone { "these".to_owned() } else { count(question.unseen) }
    );
    (question.unseen > 0).then(|| view! { <p>{said}</p> })
}

fn policy(policy: &PolicyView) -> impl IntoView + use<> {
    view! {
        <form class="buttons" action="/pipeline/question" method="post">
            <p>{policy.said}</p>
            <input type="hidden" name="kind" value=policy.kind/>
            <button class="button" name="answer" value=ASK_AGAIN>"Ask again"</button>
        </form>
    }
}

pub(super) fn others(others: &Others) -> impl IntoView + use<> {
    let figures = [
        ("Added", others.added),
        ("Changed", others.changed),
        ("Withdrawn", others.withdrawn),
        ("Kept out for a newer change here", others.kept_out),
        ("Sent again, they were not there", others.resent),
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
                {others.policies.iter().map(policy).collect_view()}
                {rejects}
            </div>
        </section>
    }
}
