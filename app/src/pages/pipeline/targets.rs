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
    /// From how many samples, with their name.
    pub samples: String,
    /// Over which time: "in 1 h".
    pub over: String,
    pub state: TargetState,
}

/// Whether a promise is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetState {
    Missed,
    Held,
    /// Something was measured, and too little to judge by.
    TooFew,
    /// Nothing happened since the start.
    Unmeasured,
    /// Nothing happened for as long as is looked back.
    Quiet,
}

impl TargetState {
    /// In the order in which they are told.
    const ALL: [Self; 5] = [Self::Missed, Self::Held, Self::TooFew, Self::Unmeasured, Self::Quiet];

    /// Colour, shape and word of its mark.
    const fn mark(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Missed => ("bad", "mark bad", "missed"),
            Self::Held => ("good", "mark", "held"),
            Self::TooFew => ("neutral", "mark hollow", "too few to say"),
            Self::Unmeasured => ("neutral", "mark hollow", "not measured yet"),
            Self::Quiet => ("neutral", "mark hollow", "nothing to measure"),
        }
    }
}

pub(super) fn targets(targets: &[TargetLine]) -> impl IntoView + use<> {
    view! {
        <section class="card targets" aria-labelledby="targets">
            <h2 id="targets">"Measured on this server"</h2>
            <p class="quiet" id="targets-sum" data-again="">{summary(targets)}</p>
            <table>
                <thead>
                    <tr>
                        <th scope="col">"What"</th>
                        <th scope="col" class="number">"Target"</th>
                        <th scope="col" class="number">"Measured"</th>
                        <th scope="col" class="number wide">"From"</th>
                    </tr>
                </thead>
                <tbody id="measured" data-again="">{targets.iter().map(line).collect_view()}</tbody>
            </table>
        </section>
    }
}

/// "Of 9 targets 1 is missed, 6 are held, 2 are not measured yet."
fn summary(targets: &[TargetLine]) -> String {
    let all = targets.len();
    let counted: Vec<(usize, &str)> = TargetState::ALL
        .into_iter()
        .map(|state| (targets.iter().filter(|line| line.state == state).count(), state))
        .filter(|(count, _)| *count > 0)
        .map(|(count, state)| (count, state.mark().2))
        .collect();
    match counted[..] {
        [(_, word)] if all > 1 => format!("All {all} targets: {word}."),
        _ => {
            let parts = counted.iter().map(|(count, word)| format!("{count} {word}"));
            format!("Of {all} targets: {}.", parts.collect::<Vec<_>>().join(", "))
        }
    }
}

fn line(line: &TargetLine) -> impl IntoView + use<> {
    let (tone, mark, word) = line.state.mark();
    view! {
        <tr>
            <th scope="row" abbr=line.label>{line.label}<small class="quiet wide">{line.meaning}</small></th>
            <td class="number">{line.limit.clone()}</td>
            <td class="number">
                {line.measured.clone().unwrap_or_else(|| "–".to_owned())}
                <small class=tone><span class=mark aria-hidden="true"></span>{word}</small>
            </td>
            <td class="number wide">{line.samples.clone()}<small class="quiet">{line.over.clone()}</small></td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(states: &[TargetState]) -> String {
        let line = |state: &TargetState| TargetLine {
            label: "",
            meaning: "",
            limit: String::new(),
            measured: None,
            samples: String::new(),
            over: String::new(),
            state: *state,
        };
        summary(&states.iter().map(line).collect::<Vec<_>>())
    }

    #[test]
    fn the_summary_leads_with_what_is_missed() {
        use TargetState::{Held, Missed, Unmeasured};
        assert_eq!(said(&[Held, Held]), "All 2 targets: held.");
        assert_eq!(
            said(&[Held, Unmeasured, Missed, Held]),
            "Of 4 targets: 1 missed, 2 held, 1 not measured yet."
        );
    }
}
