//! What people wrote at days, over the drawing and as a list; and the budget's line.

use leptos::prelude::*;

use crate::{
    address::ViewQuery,
    presenter::{NoteList, NoteMark, NoteRow, NoteWords},
};

/// Over the drawing: the budget's line at this height, and the notes' marks.
pub(crate) fn laid_over(budget: Option<u16>, marks: &[NoteMark]) -> impl IntoView + use<> {
    let budget = budget.map(|at| {
        let y = share(at);
        view! { <line class="budget" x1="0" x2="100%" y1=y.clone() y2=y></line> }
    });
    (budget, marks.iter().map(mark).collect_view())
}

fn mark(mark: &NoteMark) -> impl IntoView + use<> {
    let x = share(mark.at);
    let words = mark.words.clone().map(|NoteWords { lines: [text, by], is_left }| {
        let (class, dx) = if is_left { ("left", "-0.5em") } else { ("right", "0.5em") };
        view! {
            <text class=format!("said {class}") x=x.clone() dx=dx y="0.8em">{text}</text>
            <text class=class x=x.clone() dx=dx y="2.1em">{by}</text>
        }
    });
    view! {
        <line class="note" x1=x.clone() x2=x.clone() y1="0" y2="100%"></line>
        {words}
        <rect class="slip" x=x y="100%" width="8" height="8" rx="2"><title>{mark.told.clone()}</title></rect>
    }
}

/// Each with a button that removes it. Nothing where there are none.
pub(crate) fn notes(list: &NoteList, ask: &ViewQuery) -> impl IntoView + use<> {
    let NoteList { title, rows, more } = list.clone();
    let path = ask.href();
    (!rows.is_empty()).then(move || {
        view! {
            <details id="notes">
                <summary>{title}</summary>
                <form action="/notes" method="post">
                    <input type="hidden" name="path" value=path/>
                    <ol>{rows.into_iter().map(row).collect_view()}</ol>
                </form>
                {more.map(|more| view! { <p class="quiet">{more}</p> })}
            </details>
        }
    })
}

fn row(NoteRow { id, day, text, author }: NoteRow) -> impl IntoView {
    let label = format!("Remove the note of {day}: {text}");
    view! {
        <li>
            <span class="quiet">{day}</span>
            <span class="words"><bdi>{text}</bdi>" "<bdi class="quiet">{author}</bdi></span>
            <button name="remove" value=id aria-label=label>"Remove"</button>
        </li>
    }
}

fn share(at: u16) -> String {
    super::percent(i64::from(at))
}
