//! What can be done with what the chart shows: take it as a file, write a note at a day, set what a month may cost.

use leptos::prelude::*;
use model::note::{AUTHOR_CHARS, NOTE_CHARS};

use crate::{address::ViewQuery, presenter::BudgetForm};

/// Stands where the name of who looks at the page goes.
const AUTHOR: &str = "data-author=\"here\"";

/// `day` is the one that is written at unless another one is chosen; where `is_by_day`, days are chosen on the chart.
pub(crate) fn tools(
    ask: &ViewQuery,
    export: String,
    (day, is_by_day): (String, bool),
    budget: &BudgetForm,
) -> impl IntoView + use<> {
    let share = format!("/settings/links?view={}", crate::address::part_of_path(&ask.href()));
    view! {
        <a class="export" href=share>"Share…"</a>
        <a class="export" id="export" href=export download="">"Export "<kbd>"E"</kbd></a>
        {note_form(ask.href(), day)}
        {budget_form(ask.href(), budget)}
        {is_by_day.then(|| view! { <p class="hint quiet live-only">"Drag to zoom in, "<kbd>"Esc"</kbd>" to go back"</p> })}
    }
}

fn note_form(path: String, day: String) -> impl IntoView {
    view! {
        <details class="over" id="note">
            <summary>"Add a note "<kbd>"N"</kbd></summary>
            <form class="sheet" action="/notes" method="post">
                <label for="note-day">"Day"</label>
                <input type="date" id="note-day" name="day" value=day min="2000-01-01" required=true/>
                <label for="note-text">"What happened"</label>
                <input id="note-text" name="text" maxlength=NOTE_CHARS.to_string() autocomplete="off" required=true/>
                <label for="note-author">"Your name"</label>
                <input id="note-author" name="author" maxlength=AUTHOR_CHARS.to_string() autocomplete="name" data-author="here"/>
                <input type="hidden" name="path" value=path/>
                <button>"Add"</button>
            </form>
        </details>
    }
}

fn budget_form(path: String, budget: &BudgetForm) -> impl IntoView + use<> {
    let BudgetForm { amount, otherwise } = budget.clone();
    view! {
        <details class="over" id="budget">
            <summary>"Budget…"</summary>
            <form class="sheet" action="/budget" method="post">
                <label for="budget-amount">"Dollars a month"</label>
                <input id="budget-amount" name="amount" value=amount inputmode="decimal" pattern="[0-9]+([.][0-9]{1,5})?"
                    maxlength="20" autocomplete="off" aria-describedby="budget-rule"/>
                <p class="quiet" id="budget-rule">{format!("What all runs of a month may cost. {otherwise}")}</p>
                <input type="hidden" name="path" value=path/>
                <button>"Set"</button>
            </form>
        </details>
    }
}

/// With the name of who looks at it.
pub(crate) fn signed(tools: &str, author: &str) -> String {
    let escaped = author.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    tools.replacen(AUTHOR, &format!("value=\"{escaped}\""), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_knows_who_looks_at_it() {
        let budget = BudgetForm { amount: "450.5".to_owned(), otherwise: String::new() };
        let ask = ViewQuery::of_query("campaign=%22%3E%3Cb%3E&range=30d");
        let tools =
            super::super::html(tools(&ask, "/x?a&b".to_owned(), ("2026-11-21".to_owned(), true), &budget));
        assert!(tools.contains("value=\"/?range=30d&amp;campaign=%22%3E%3Cb%3E\""), "{tools}");
        assert_eq!(tools.matches(AUTHOR).count(), 1, "{tools}");
        let signed = signed(&tools, "Jana \"<&");
        assert!(signed.contains("value=\"Jana &quot;&lt;&amp;\""), "{signed}");
        assert!(!signed.contains("data-author"), "{signed}");
    }
}
