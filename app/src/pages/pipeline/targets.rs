//! What the product promises of its speed, and what was measured of it on this very server.

use leptos::prelude::*;

/// One promise in one line of the table.
#[derive(Clone, Debug)]
pub struct TargetLine {
    pub label: &'static str,
    /// What exactly is measured.
    pub meaning: &'static str,
    /// With its sign: "< 2.5 s".
    pub limit: String,
    /// None where there is nothing to measure.
    pub measured: Option<String>,
    /// From how many samples, over which time.
    pub from: String,
    pub state: TargetState,
}

/// Whether a promise is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetState {
    Held,
    Missed,
    /// Something was measured, and too little to judge by.
    TooFew,
    Unmeasured,
}

impl TargetState {
    /// Colour, shape and word of its mark.
    const fn mark(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Held => ("good", "mark", "held"),
            Self::Missed => ("bad", "mark bad", "missed"),
            Self::TooFew => ("neutral", "mark hollow", "too few to say"),
            Self::Unmeasured => ("neutral", "mark hollow", "not measured yet"),
        }
    }
}

pub(super) fn targets(targets: &[TargetLine]) -> impl IntoView + use<> {
    view! {
        <section class="card targets" aria-labelledby="targets">
            <h2 id="targets">"Measured on this server"</h2>
            <table>
                <thead>
                    <tr>
                        <th scope="col">"What"</th>
                        <th scope="col" class="number">"Target"</th>
                        <th scope="col" class="number">"Measured"</th>
                        <th scope="col">"So it is"</th>
                        <th scope="col" class="number wide">"From"</th>
                    </tr>
                </thead>
                <tbody id="measured" data-again="">{targets.iter().map(line).collect_view()}</tbody>
            </table>
        </section>
    }
}

fn line(line: &TargetLine) -> impl IntoView + use<> {
    let (tone, mark, word) = line.state.mark();
    view! {
        <tr>
            <th scope="row">{line.label}<small>{line.meaning}</small></th>
            <td class="number">{line.limit.clone()}</td>
            <td class="number">{line.measured.clone().unwrap_or_else(|| "–".to_owned())}</td>
            <td class=tone><span class=mark aria-hidden="true"></span>{word}</td>
            <td class="number wide">{line.from.clone()}</td>
        </tr>
    }
}
