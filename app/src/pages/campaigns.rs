//! `/campaigns`: every campaign that has a run, those first that ran last.

use leptos::prelude::*;
use model::{breakdown::Part, calendar::Zone, figures::Tile, range::Range, time::Timestamp};

use super::{
    document::{DocumentHead, Frame, document},
    site_header::SitePage,
};
use crate::{
    address::{ViewQuery, query_of},
    blocks::delta,
    presenter::{change, count, counted, value_text},
};

/// What the page shows.
#[derive(Clone, Debug)]
pub struct CampaignsFacts {
    pub zone: Zone,
    pub range: Range,
    pub search: String,
    pub rows: Vec<CampaignLine>,
    /// Where the next page begins.
    pub next: Option<String>,
    /// Whether it is not the first page.
    pub goes_on: bool,
}

/// One campaign, and what it comes to within the range and before it.
#[derive(Clone, Debug)]
pub struct CampaignLine {
    pub last_run: Timestamp,
    pub part: Part,
}

const HREF: &str = "/campaigns";

pub fn campaigns_page(frame: &Frame, facts: &CampaignsFacts) -> impl IntoView + use<> {
    let (lead, rest) = sentence(facts);
    let head = DocumentHead {
        title: "Campaigns · Studio Metrics".to_owned(),
        here: Some(SitePage::Campaigns),
        is_live: false,
    };
    document(
        frame,
        head,
        view! {
            <section class="view" aria-label="What is shown">{ranges(facts)}{search(facts)}</section>
            <main id="main" tabindex="-1">
                <h1 class="sentence"><strong>{lead}</strong>" "{rest}</h1>
                {(!facts.rows.is_empty()).then(|| table(facts))}
                {further(facts)}
            </main>
        },
    )
}

fn sentence(facts: &CampaignsFacts) -> (String, String) {
    let days = facts.range.label().to_lowercase();
    let number = i64::try_from(facts.rows.len()).unwrap_or(i64::MAX);
    let campaigns = counted(number, "campaign", "campaigns");
    match (facts.rows.is_empty(), facts.search.is_empty()) {
        (true, _) if facts.goes_on => {
            ("No further campaign.".to_owned(), "All are on the pages before.".to_owned())
        }
        (true, true) => (
            "No campaign has a run yet.".to_owned(),
            "The panel says how the first one is recorded.".to_owned(),
        ),
        (true, false) => {
            ("No campaign is called that.".to_owned(), "Write less of its name, or of its id.".to_owned())
        }
        _ if facts.goes_on || facts.next.is_some() => (
            format!("{campaigns} on this page."),
            format!("Those first that ran last; figures of the last {days}."),
        ),
        (false, true) => {
            (format!("{campaigns}."), format!("Those first that ran last; figures of the last {days}."))
        }
        (false, false) => {
            (format!("{campaigns} found."), format!("Those first that ran last; figures of the last {days}."))
        }
    }
}

fn href(facts: &CampaignsFacts, range: Range, cursor: Option<&str>) -> String {
    let search = Some(&facts.search).filter(|search| !search.is_empty()).cloned();
    let pairs = [
        Some(("range", range.key().to_owned())),
        search.map(|search| ("search", search)),
        cursor.map(|cursor| ("cursor", cursor.to_owned())),
    ];
    let pairs: Vec<_> = pairs.into_iter().flatten().collect();
    format!("{HREF}?{}", query_of(&pairs))
}

fn ranges(facts: &CampaignsFacts) -> impl IntoView + use<> {
    let links = Range::ALL.into_iter().filter(|range| range.days().is_some()).map(|range| {
        let current = (range == facts.range).then_some("true");
        view! { <a href=href(facts, range, None) aria-current=current>{range.label()}</a> }
    });
    view! { <nav class="switch ranges" aria-label="Range">{links.collect_view()}</nav> }
}

fn search(facts: &CampaignsFacts) -> impl IntoView + use<> {
    view! {
        <form class="filter" action=HREF method="get" role="search">
            <label class="unseen" for="search">"Campaign"</label>
            <input type="search" id="search" name="search" placeholder="Name or id" maxlength="64" value=facts.search.clone()/>
            <input type="hidden" name="range" value=facts.range.key()/>
            <button>"Search"</button>
        </form>
    }
}

fn table(facts: &CampaignsFacts) -> impl IntoView + use<> {
    let rows = facts.rows.iter().map(|line| row(facts, line));
    view! {
        <section class="card campaigns" aria-label="Campaigns">
            <table>
                <thead>
                    <tr>
                        <th scope="col">"Campaign"</th>
                        <th scope="col" class="wide">"Last run"</th>
                        <th scope="col" class="number wide">"Runs"</th>
                        <th scope="col" class="number">"Cost"</th>
                        <th scope="col" class="number">"Change"</th>
                        <th scope="col" class="number wide">"P95"</th>
                        <th scope="col" class="number">"Success"</th>
                        <th scope="col" class="number wide">"Assets / run"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </section>
    }
}

fn row(facts: &CampaignsFacts, CampaignLine { last_run, part }: &CampaignLine) -> impl IntoView + use<> {
    let own = ViewQuery {
        range: facts.range,
        campaign: Some(part.key.clone()),
        is_own: true,
        by: model::breakdown::Dimension::Phase,
        ..ViewQuery::default()
    };
    let value = |tile| value_text(tile, &part.now);
    let changed = change(Tile::Cost, part.now.cost_e5, part.before.cost_e5).filter(|_| part.now.runs > 0);
    view! {
        <tr>
            <th scope="row"><a href=own.href()><bdi>{part.name.clone().unwrap_or_else(|| part.key.clone())}</bdi></a></th>
            <td class="quiet wide">{facts.zone.format(*last_run, "%-d %b %Y %H:%M")}</td>
            <td class="number wide">{count(part.now.runs)}</td>
            <td class="number">{value(Tile::Cost)}</td>
            <td class="number">{changed.map(|changed| delta(&changed.in_short()))}</td>
            <td class="number wide">{value(Tile::Latency)}</td>
            <td class="number">{value(Tile::Success)}</td>
            <td class="number wide">{value(Tile::Assets)}</td>
        </tr>
    }
}

fn further(facts: &CampaignsFacts) -> impl IntoView + use<> {
    let next = facts.next.as_deref().map(|next| {
        view! { <a href=href(facts, facts.range, Some(next)) rel="next">"Further campaigns ›"</a> }
    });
    let first =
        facts.goes_on.then(|| view! { <a href=href(facts, facts.range, None)>"‹ From the beginning"</a> });
    (first.is_some() || next.is_some())
        .then(|| view! { <nav class="further" aria-label="Further campaigns">{first}{next}</nav> })
}
