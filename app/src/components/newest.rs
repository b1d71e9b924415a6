//! The newest runs, as a table that reads like a page.

use leptos::prelude::*;

use crate::{address::ViewQuery, health::age, panel::RunView};

pub(crate) fn newest(runs: &[RunView], ask: &ViewQuery, now_ms: i64) -> impl IntoView + use<> {
    let rows = runs.iter().map(|run| row(run, now_ms, ask));
    view! {
        <section class="card newest" aria-labelledby="newest">
            <h2 id="newest">"Newest runs"</h2>
            <table>
                <thead>
                    <tr>
                        <th scope="col">"When"</th>
                        <th scope="col">"Campaign"</th>
                        <th scope="col" class="wide">"Phase"</th>
                        <th scope="col" class="number">"Agents"</th>
                        <th scope="col" class="number wide">"Assets"</th>
                        <th scope="col" class="number">"Cost"</th>
                        <th scope="col" class="number wide">"P95"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </section>
    }
}

fn row(run: &RunView, now_ms: i64, ask: &ViewQuery) -> impl IntoView + use<> {
    let filtered = ask.with_campaign(Some(run.campaign_id.clone())).href();
    let seconds = u32::try_from((now_ms - run.at_ms).max(0) / 1_000).unwrap_or(u32::MAX);
    // Names run in a direction of their own, and what stands beside them does not turn with it.
    view! {
        <tr data-run=run.id.clone()>
            <td class="quiet"><a href=format!("/runs/{}", run.id)><time title=run.at.clone()>{age(seconds)}</time></a></td>
            <th scope="row"><a href=filtered data-view=""><bdi>{run.campaign.clone()}</bdi></a></th>
            <td class="quiet wide"><bdi>{run.phase.clone()}</bdi></td>
            <td class="number">
                <span class=format!("mark {}", run.tone.class()) aria-hidden="true"></span>
                {run.agents.clone()}
            </td>
            <td class="number wide">{run.assets.clone()}</td>
            <td class="number">{run.cost.clone()}</td>
            <td class="number wide">{run.latency.clone()}</td>
        </tr>
    }
}
