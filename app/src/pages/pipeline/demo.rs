//! Trouble on demand: a person giving a demo takes Dataverse away, and everybody sees that nothing is lost.

use leptos::prelude::*;

/// What can be made to happen to the emulator inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    Away,
    Throttled,
    Refusing,
}

impl Trouble {
    /// Stands for no trouble at all.
    pub const NONE: &'static str = "none";

    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::Throttled => "throttled",
            Self::Refusing => "refusing",
        }
    }

    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        [Self::Away, Self::Throttled, Self::Refusing].into_iter().find(|trouble| trouble.key() == key)
    }
}

/// Asks for ten runs at once.
pub const RUNS: &str = "runs";

/// `telling`: demo data are told, so that more can be made up.
pub(super) fn controls(now: Option<Trouble>, telling: bool) -> impl IntoView + use<> {
    let said = match now {
        None => "Dataverse answers. Make trouble, and watch what happens to the records.",
        Some(Trouble::Away) => {
            "Dataverse is away: every request is cut. Records are taken all the same, and wait on disk."
        }
        Some(Trouble::Throttled) => {
            "Dataverse is throttled: it refuses every other request and asks for pauses."
        }
        Some(Trouble::Refusing) => {
            "Dataverse refuses runs of phase 2-3, as a plug-in of a customer's would. They are kept here with the reason; the rest arrives."
        }
    };
    let all = [
        (Some(Trouble::Away), "Take Dataverse away"),
        (Some(Trouble::Throttled), "Throttle it"),
        (Some(Trouble::Refusing), "Let it refuse some"),
        (None, "Bring it back"),
    ];
    let buttons = all.map(|(trouble, label)| {
        let key = trouble.map_or(Trouble::NONE, Trouble::key);
        view! { <button class="button" name="make" value=key disabled=trouble == now>{label}</button> }
    });
    view! {
        <section class="card" aria-labelledby="demo">
            <h2 id="demo">"Trouble on demand"</h2>
            <p>{said}</p>
            <form class="buttons" action="/pipeline/demo" method="post">
                {buttons.collect_view()}
                {telling.then(|| view! { <button class="button" name="make" value=RUNS>"Record ten runs"</button> })}
            </form>
        </section>
    }
}
