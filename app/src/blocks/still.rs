//! What stands around what moves: explanations, the proof at the foot, the first run's line, the words beside the drawing.

use leptos::prelude::*;

use crate::presenter::{BalanceStep, BalanceView, Mark};

/// Question and answer, row by row.
pub(crate) fn explanation(rows: &[(String, String)]) -> impl IntoView + use<> {
    let rows = rows.iter().map(|(question, answer)| {
        view! { <dt>{question.clone()}</dt><dd>{answer.clone()}</dd> }
    });
    rows.collect_view()
}

/// Received = on disk = in Dataverse = read back, and nothing unaccounted for.
pub(crate) fn balance(balance: &BalanceView) -> impl IntoView + use<> {
    let steps = balance.steps.iter().map(|BalanceStep { sign, number, word }| {
        view! {
            <li>{*sign}<data value=number.replace(',', "")>{number.clone()}</data>" "{*word}</li>
        }
    });
    let class = if balance.unaccounted == 0 { "verdict good" } else { "verdict bad" };
    view! {
        <h2>"Every record accounted for"</h2>
        <ol>{steps.collect_view()}</ol>
        <p class=class>{balance.verdict.clone()}</p>
    }
}

/// The line that records the first run.
pub(crate) fn invitation(line: String) -> impl IntoView {
    view! {
        <h2 id="invitation">"Record the first run"</h2>
        <p>"Type this line anywhere on this machine. The run is on this page within ten seconds."</p>
        <pre tabindex="0"><code>{line}</code></pre>
    }
}

/// Words at the heights of a scale.
pub(crate) fn heights(marks: &[Mark]) -> impl IntoView + use<> {
    marks.iter().map(|mark| label("height", "100%".to_owned(), share(mark.at), mark)).collect_view()
}

/// Words under the columns.
pub(crate) fn days(marks: &[Mark]) -> impl IntoView + use<> {
    let class = |mark: &Mark| if mark.minor { "day minor" } else { "day" };
    marks.iter().map(|mark| label(class(mark), share(mark.at), "1em".to_owned(), mark)).collect_view()
}

/// What lines are called, at their ends.
pub(crate) fn ends(marks: &[Mark]) -> impl IntoView + use<> {
    marks.iter().map(|mark| label("before", "0.5em".to_owned(), share(mark.at), mark)).collect_view()
}

fn label(class: &'static str, x: String, y: String, mark: &Mark) -> impl IntoView + use<> {
    view! { <text class=class x=x y=y>{mark.text.clone()}</text> }
}

/// Hundredths of a percent as a percentage.
fn share(at: u16) -> String {
    super::percent(i64::from(at))
}
