//! What the lower row of the head offers: days of the calendar, and with what they are compared.

use leptos::prelude::*;
use model::calendar::Compare;

use crate::address::ViewQuery;

/// Two fields for days: a browser brings its calendar, and the form needs no script.
pub(crate) fn date_form(ask: &ViewQuery, [first, last]: [String; 2], today: &str) -> impl IntoView + use<> {
    // Ten years are the most that a view has.
    let year = today.get(..4).and_then(|year| year.parse::<u32>().ok()).unwrap_or(2026);
    let earliest = format!("{}-01-01", year.saturating_sub(9));
    let day = |name: &'static str, label: &'static str, value: String| {
        view! {
            <label for=name>{label}</label>
            <input type="date" id=name name=name value=value min=earliest.clone() max=today.to_owned() required=true/>
        }
    };
    let hidden = hidden(&ViewQuery { days: None, range: model::range::Range::Live, ..ask.clone() });
    view! {
        <form action=ask.path() method="get" data-days="">
            {day("from", "From", first)}
            {day("to", "To", last)}
            {hidden}
            <button>"Show"</button>
        </form>
    }
}

/// With what the figures may be compared; `days` is how many are shown, none for the last 24 hours.
pub(crate) fn compare_options(chosen: Compare, before: &str) -> impl IntoView + use<> {
    let options = Compare::ALL.map(|compare| {
        let words = match compare {
            Compare::Previous => before.to_owned(),
            Compare::Weekdays => "same weekdays before".to_owned(),
            Compare::Year => "a year before".to_owned(),
            Compare::Nothing => "nothing".to_owned(),
        };
        view! { <option value=compare.key() selected=compare == chosen>{words}</option> }
    });
    options.to_vec()
}

/// The rest of the view, for the form of campaign and comparison without a script.
pub(crate) fn kept_inputs(ask: &ViewQuery) -> impl IntoView + use<> {
    hidden(&ViewQuery { campaign: None, compare: None, is_own: false, ..ask.clone() })
}

fn hidden(ask: &ViewQuery) -> impl IntoView + use<> {
    // What the path says stands in no field.
    let pairs =
        ask.pairs().into_iter().filter(|(name, _)| !ask.has_path() || !matches!(*name, "campaign" | "own"));
    let inputs = pairs.map(|(name, value)| {
        view! { <input type="hidden" name=name value=value.to_owned()/> }
    });
    inputs.collect_view()
}
