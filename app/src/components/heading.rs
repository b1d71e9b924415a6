//! The sentence that the page begins with, and the invitation where there is nothing yet.

use leptos::prelude::*;

use crate::panel::Panel;

pub(crate) fn heading(panel: &Panel) -> impl IntoView + use<> {
    let invitation = panel.invitation.clone();
    view! {
        <h1 class=format!("sentence {}", panel.heading.tone.class())>
            <strong>{panel.heading.lead.clone()}</strong>
            " "
            {panel.heading.rest.clone()}
        </h1>
        {invitation.map(|line| view! {
            <section class="card invitation" aria-labelledby="invitation">
                <h2 id="invitation">"Record the first run"</h2>
                <p>"Type this line anywhere on this machine. The run is on this page within ten seconds."</p>
                <pre tabindex="0"><code>{line}</code></pre>
            </section>
        })}
    }
}
