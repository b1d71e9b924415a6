//! The words and paths that facts come to.

use model::{
    breakdown::{Breakdown, Dimension, Part},
    calendar::{Compare, Zone, window},
    delivery::{Balance, DeliveryState, DeliveryView},
    figures::{Figures, Sums, Tile},
    forecast::{CostBudget, NoForecast},
    history::History,
    identity::timed_id,
    note::{DayNote, WrittenNote},
    range::Range,
    rollup::Grain,
    time::Timestamp,
};

use super::*;
use crate::{address::ViewQuery, panel::Tone};

mod chart;

fn day(runs: i64, cost_e5: i64, successful: i64) -> Sums {
    Sums {
        runs,
        cost_e5,
        agents: runs * 10,
        successful,
        assets: runs * 8,
        tokens_in: runs * 5_000,
        tokens_out: runs * 2_000,
        latency_runs: runs,
        latency_p95_ms: (runs > 0).then_some(38_412),
        latency_p50_ms: (runs > 0).then_some(21_000),
        latency_p99_ms: (runs > 0).then_some(52_000),
        latency_avg_sum: runs * 21_700,
        latency_avg_runs: runs,
    }
}

/// `count` stretches alike.
fn times(one: &Sums, count: usize) -> Sums {
    let count = i64::try_from(count).unwrap();
    Sums {
        runs: one.runs * count,
        agents: one.agents * count,
        successful: one.successful * count,
        assets: one.assets * count,
        tokens_in: one.tokens_in * count,
        tokens_out: one.tokens_out * count,
        cost_e5: one.cost_e5 * count,
        latency_runs: one.latency_runs * count,
        latency_p95_ms: one.latency_p95_ms,
        latency_p50_ms: one.latency_p50_ms,
        latency_p99_ms: one.latency_p99_ms,
        latency_avg_sum: one.latency_avg_sum * count,
        latency_avg_runs: one.latency_avg_runs * count,
    }
}

fn facts(now: &Sums, before: &Sums) -> Facts {
    let at = Timestamp::parse("2026-11-21T13:00:00Z").unwrap();
    let window = window(Range::Days30, &Zone::utc(), at, Compare::Previous);
    let campaigns = |sums: &Sums| if sums.runs > 0 { 4 } else { 0 };
    let over = window.size.mean_over();
    let running =
        |one: &Sums, buckets: usize| (1..=buckets).map(|so_far| times(one, so_far.min(over))).collect();
    let (buckets, before_buckets) = (window.buckets.len(), window.previous_buckets.len());
    let history = History {
        figures: Figures { sums: times(now, buckets), campaigns: campaigns(now) },
        previous: Figures { sums: times(before, before_buckets), campaigns: campaigns(before) },
        buckets: vec![now.clone(); buckets],
        running: running(now, buckets),
        previous_buckets: vec![before.clone(); before_buckets],
        previous_running: running(before, before_buckets),
        window,
    };
    Facts {
        now: at,
        ask: ViewQuery { range: Range::Days30, ..ViewQuery::default() },
        any_runs: history.figures.sums.runs + history.previous.sums.runs > 0,
        breakdown: parts(&history, 0),
        history,
        newest: Vec::new(),
        campaign: None,
        matches: Vec::new(),
        late: false,
        forecast: Err(NoForecast::Pending),
        budget: CostBudget::default(),
        notes: Vec::new(),
        delivery: DeliveryView {
            by_flow: false,
            closed: None,
            unread: None,
            state: DeliveryState::Ok,
            alarms: Vec::new(),
            attention: Vec::new(),
            questions: 0,
            refused: 0,
            reason: None,
            pending: 0,
            oldest_pending: None,
            oldest_unconfirmed: None,
            balance: vec![],
        },
        address: "http://127.0.0.1:3000".into(),
    }
}

/// A campaign with what there is, but for what another one costs now.
fn parts(history: &History, retail_e5: i64) -> Breakdown {
    let (now, before) = (&history.figures.sums, &history.previous.sums);
    let rest = Sums { cost_e5: now.cost_e5 - retail_e5, ..now.clone() };
    let part = |key: &str, name: &str, now: Sums, before: Sums| Part {
        key: key.to_owned(),
        name: Some(name.to_owned()),
        now,
        before,
        ..Part::default()
    };
    let retail = Sums { runs: 1, cost_e5: retail_e5, ..Sums::default() };
    let mut parts = vec![part("autumn", "Autumn launch", rest, before.clone())];
    if retail_e5 > 0 {
        parts.push(part("retail", "Retail, north", retail, Sums::default()));
    }
    Breakdown {
        dimension: Dimension::Campaign,
        parts,
        others: 0,
        others_running: [0; 2],
        shapes: (Grain::Day, 0, 0),
    }
}

fn spoken(facts: &Facts) -> String {
    let heading = panel(facts).heading;
    format!("{} {}", heading.lead, heading.rest).replace('\u{a0}', " ")
}

#[test]
fn all_is_well_says_what_changed() {
    let facts = facts(&day(10, 880_000, 97), &day(10, 1_000_000, 97));
    assert_eq!(
        spoken(&facts),
        "All is well. A campaign costs 12.0 % less than in the 30 days before, and 97 % of agents succeed."
            .replace("97 %", "97.0 %")
    );
}

#[test]
fn sparklines_end_before_the_running_bucket() {
    let mut facts = facts(&day(10, 1_000_000, 97), &day(10, 1_000_000, 97));
    let sparks =
        |facts: &Facts| super::tiles::tiles(facts).into_iter().map(|tile| tile.spark).collect::<Vec<_>>();
    let before = sparks(&facts);
    assert!(facts.history.window.buckets.last().unwrap().partial);
    *facts.history.buckets.last_mut().unwrap() = Sums::default();
    assert_eq!(sparks(&facts), before);
    facts.history.buckets[3] = Sums::default();
    assert_ne!(sparks(&facts), before);
}

#[test]
fn what_is_wrong_leads() {
    let mut facts = facts(&day(10, 1_000_000, 71), &day(10, 1_000_000, 97));
    assert_eq!(spoken(&facts), "Success fell to 71.0 %. It was 97.0 % in the 30 days before.");
    facts.delivery = DeliveryView { state: DeliveryState::Stopped, pending: 312, ..facts.delivery };
    assert_eq!(spoken(&facts), "Dataverse is out of reach. 312 records wait; nothing is lost.");
    let reason = Some("312 records wait for the flow, the oldest for 3 hours".to_owned());
    facts.delivery = DeliveryView { state: DeliveryState::Behind, reason, by_flow: true, ..facts.delivery };
    assert_eq!(
        spoken(&facts),
        "The flow is behind. 312 records wait for the flow, the oldest for 3 hours. Nothing is lost."
    );
    facts.delivery.by_flow = false;
    assert!(spoken(&facts).starts_with("Dataverse is behind."), "{}", spoken(&facts));
    facts.delivery.balance = vec![Balance { received: 5, durable: 4, delivered: 4, ..Balance::default() }];
    assert!(spoken(&facts).starts_with("1 record is unaccounted for."), "{}", spoken(&facts));
}

#[test]
fn what_waits_for_people_leads() {
    let mut facts = facts(&day(10, 1_000_000, 97), &day(10, 1_000_000, 97));
    facts.delivery.attention = vec!["Dataverse refuses 1 record; the pipeline page says why".to_owned()];
    assert_eq!(
        spoken(&facts),
        "Somebody is needed. Dataverse refuses 1 record; the pipeline page says why; nothing is lost."
    );
}

#[test]
fn a_ledger_that_keeps_nothing_leads_everything() {
    let mut facts = facts(&day(10, 1_000_000, 71), &day(10, 1_000_000, 97));
    facts.delivery.closed = Some("the ledger's disk is full; make room on it and writing goes on".to_owned());
    facts.delivery.balance = vec![Balance { received: 5, durable: 4, delivered: 4, ..Balance::default() }];
    assert_eq!(
        spoken(&facts),
        "Records are turned away. The ledger's disk is full; make room on it and writing goes on. Senders are told to send again."
    );
    assert_eq!(panel(&facts).heading.tone, Tone::Bad);
}

#[test]
fn what_is_unknown_leads_over_what_changed() {
    let said = "12 records have waited to be read back for 11 minutes: Dataverse forbids it".to_owned();
    for mut facts in [
        facts(&day(10, 1_000_000, 71), &day(10, 1_000_000, 97)),
        facts(&Sums::default(), &day(10, 1_000_000, 97)),
    ] {
        facts.delivery.alarms = vec![said.clone()];
        assert_eq!(spoken(&facts), format!("Not all is well. {said}."));
        facts.delivery.state = DeliveryState::Stopped;
        assert!(spoken(&facts).starts_with("Dataverse is out of reach."), "{}", spoken(&facts));
    }
}

#[test]
fn agents_that_mostly_fail_lead_over_what_changed() {
    let facts = facts(&day(10, 1_000_000, 41), &day(10, 1_000_000, 41));
    assert_eq!(spoken(&facts), "Most agents fail. Of 3,100 agents 41.0 % succeed.");
    assert_eq!(panel(&facts).heading.tone, Tone::Bad);
}

#[test]
fn equal_signs_stand_between_equal_numbers() {
    let mut facts = facts(&day(10, 1_000_000, 97), &day(10, 1_000_000, 97));
    let five = Balance { received: 5, durable: 5, delivered: 5, confirmed: 5, ..Balance::default() };
    facts.delivery.balance = vec![five.clone()];
    let equal = panel(&facts).balance;
    assert!(!equal.contains('→'), "{equal}");
    facts.delivery.balance = vec![Balance { delivered: 3, confirmed: 3, pending: 2, ..five }];
    let balance = panel(&facts).balance;
    assert_eq!(balance.matches('→').count(), 1, "{balance}");
}

#[test]
fn unread_records_stand_beside_unaccounted_ones() {
    let mut facts = facts(&day(10, 1_000_000, 97), &day(10, 1_000_000, 97));
    facts.delivery.balance =
        vec![Balance { received: 5, durable: 5, delivered: 5, confirmed: 2, ..Balance::default() }];
    let balance = panel(&facts).balance;
    assert!(balance.contains("0 unaccounted · 3 not read back yet"), "{balance}");
}

#[test]
fn only_large_proven_rises_lead() {
    assert!(
        spoken(&facts(&day(10, 1_300_000, 97), &day(10, 1_000_000, 97))).starts_with("Cost rose by 30 %.")
    );
    assert!(spoken(&facts(&day(10, 1_200_000, 97), &day(10, 1_000_000, 97))).starts_with("All is well."));
    let mut few = facts(&day(0, 0, 0), &day(0, 0, 0));
    few.any_runs = true;
    few.history.figures = Figures { campaigns: 1, sums: day(2, 900_000, 20) };
    few.history.previous = Figures { campaigns: 1, sums: day(2, 100_000, 20) };
    assert!(spoken(&few).starts_with("All is well."));
}

#[test]
fn the_cause_of_a_rise_is_named() {
    let mut facts = facts(&day(10, 1_300_000, 97), &day(10, 1_000_000, 97));
    facts.breakdown = parts(&facts.history, 31 * 240_000);
    let told = spoken(&facts);
    assert!(told.starts_with("Cost rose by 30 %. Retail, north is 80 % of that. A campaign costs"), "{told}");
    let html = panel(&facts).parts.replace('\u{a0}', " ");
    for part in
        ["Why it rose", "Retail, north is 80 % of the rise; without it, 6.0 % more.", "+$18.60", "+$4.65"]
    {
        assert!(html.contains(part), "{part} in {html}");
    }
    facts.history.figures.sums.runs = 19;
    assert!(panel(&facts).parts.contains("fewer than 20 runs"));
}

#[test]
fn nothing_compared_claims_nothing() {
    let mut facts = facts(&day(10, 1_300_000, 97), &day(10, 1_000_000, 97));
    let window = window(Range::Days30, &Zone::utc(), facts.now, Compare::Nothing);
    let history = &mut facts.history;
    (history.window, history.previous) = (window, Figures::default());
    (history.previous_buckets, history.previous_running) = (Vec::new(), Vec::new());
    let panel = panel(&facts);
    assert!(panel.parts.contains("Nothing is compared with."));
    assert!(panel.tiles.iter().all(|tile| tile.delta.is_none()));
    assert!(panel.choice.compare.contains("value=\"none\" selected"), "{}", panel.choice.compare);
    assert_eq!(panel.choice.dates, "22 Oct – 21 Nov");
}

#[test]
fn an_empty_ledger_invites_the_first_run() {
    let panel = panel(&facts(&Sums::default(), &Sums::default()));
    assert_eq!(panel.heading.lead, "Ready for the first run.");
    assert!(panel.invitation.unwrap().contains("curl http://127.0.0.1:3000/api/metrics/campaign"));
    for tile in panel.tiles {
        assert!(tile.figures.is_empty() && tile.delta.is_none());
        assert_eq!(tile.absence, "No runs in these 30 days");
    }
    assert_eq!(panel.chart.columns, "");
}

#[test]
fn tiles_show_value_change_and_denominator() {
    let panel = panel(&facts(&day(10, 880_000, 97), &day(10, 1_000_000, 96)));
    let tile = |at: usize| {
        let tile = &panel.tiles[at];
        let figures: Vec<&str> = tile.figures.iter().map(|figure| figure.exact.as_str()).collect();
        let delta = tile.delta.as_ref().unwrap();
        format!("{} | {} {} | {}", figures.join(" "), delta.arrow, delta.words, tile.note)
            .replace('\u{a0}', " ")
    };
    assert_eq!(tile(0), "68.20000 | ▼ 12.0 % less than before | $272.80 over 4 campaigns");
    assert_eq!(tile(1), "38412 | – same as before | within 1 % · average 21.7 s");
    assert_eq!(tile(2), "97.00 | ▲ 1.0 points more than before | 3,007 of 3,100 agents");
    assert_eq!(tile(3), "8.00 | – same as before | 2,480 in 310 runs");
    assert_eq!(tile(4), "1550000 620000 | – same as before | 5,000 in, 2,000 out a run");
    assert_eq!(panel.tiles[0].delta.as_ref().unwrap().tone, Tone::Good);
}

#[test]
fn no_stretch_before_means_no_change() {
    let panel = panel(&facts(&day(10, 880_000, 97), &Sums::default()));
    assert!(panel.tiles.iter().all(|tile| tile.delta.is_none()));
    assert_eq!(panel.chart.previous, "");
    assert!(!panel.chart.ends.contains("before"), "{}", panel.chart.ends);
}

#[test]
fn campaigns_are_called_by_unambiguous_names() {
    let mut facts = facts(&Sums::default(), &day(10, 880_000, 97));
    assert_eq!(panel(&facts).campaign, "");
    facts.ask.campaign = Some("aut".into());
    assert_eq!(panel(&facts).campaign, "aut");
    assert!(spoken(&facts).starts_with("No campaign is called that."), "{}", spoken(&facts));
    facts.matches = vec![("b".into(), None), ("a".into(), Some("Autumn".into()))];
    assert!(spoken(&facts).starts_with("More than one campaign may be meant."), "{}", spoken(&facts));
    let names: Vec<String> = panel(&facts).matches.into_iter().map(|choice| choice.name).collect();
    assert_eq!(names, ["Autumn", "b"]);
    facts.campaign = Some(("c1".into(), Some("Autumn launch".into())));
    assert_eq!(panel(&facts).campaign, "Autumn launch");
    assert!(spoken(&facts).starts_with("No runs in these 30 days."), "{}", spoken(&facts));
    facts.campaign = Some(("c1".into(), Some("x".repeat(65))));
    assert_eq!(panel(&facts).campaign, "c1");
}

#[test]
fn late_figures_say_their_time() {
    let mut facts = facts(&day(10, 880_000, 97), &day(10, 880_000, 97));
    let fresh = panel(&facts);
    facts.late = true;
    let late = panel(&facts);
    let note = late.delivery_note.unwrap();
    assert!(note.contains(&late.as_of), "{note}");
    assert_ne!(late.version, fresh.version);
    assert!(spoken(&facts).starts_with("These figures are late."), "{}", spoken(&facts));
    facts.delivery.attention = vec!["Dataverse refuses 1 record".to_owned()];
    assert!(spoken(&facts).starts_with("Somebody is needed."), "{}", spoken(&facts));
}

#[test]
fn searches_are_answered_whatever_leads() {
    let mut facts = facts(&Sums::default(), &day(10, 880_000, 97));
    assert_eq!(panel(&facts).search, None);
    facts.ask.campaign = Some("aut".into());
    facts.delivery = DeliveryView { state: DeliveryState::Stopped, pending: 3, ..facts.delivery };
    let unknown = panel(&facts);
    assert!(unknown.heading.lead.starts_with("Dataverse is out of reach."));
    assert!(unknown.search.unwrap().starts_with("No campaign is called that."));
    facts.matches = vec![("b".into(), None), ("a".into(), None)];
    assert!(panel(&facts).search.unwrap().starts_with("More than one campaign may be meant."));
    facts.campaign = Some(("b".into(), None));
    assert_eq!(panel(&facts).search, None);
}

#[test]
fn namesakes_are_offered_with_their_ids() {
    let named = |id: &str, name: Option<&str>| (id.to_owned(), name.map(str::to_owned));
    let offered = choices(vec![
        named("s2", Some("Spring")),
        named("autumn", None),
        named("s1", Some("spring")),
        named("a1", Some("Autumn")),
        named("w1", Some("Winter")),
    ]);
    let names: Vec<&str> = offered.iter().map(|choice| choice.name.as_str()).collect();
    assert_eq!(names, ["Autumn (a1)", "autumn (autumn)", "spring (s1)", "Spring (s2)", "Winter"]);
}

#[test]
fn the_version_moves_with_the_content_alone() {
    let mut facts = facts(&day(10, 880_000, 97), &day(10, 1_000_000, 97));
    let first = panel(&facts);
    facts.now = facts.now.plus(5_000_000);
    assert_eq!(panel(&facts).version, first.version);
    facts.ask.tile = Tile::Tokens;
    assert_ne!(panel(&facts).version, first.version);
}

#[test]
fn budgets_have_a_line_beside_costs() {
    let mut facts = facts(&day(10, 1_300_000, 97), &day(10, 1_000_000, 97));
    facts.budget = CostBudget { set_e5: None, default_e5: Some(45_000_000) };
    let chart = panel(&facts).chart;
    assert!(chart.laid_over.contains("class=\"budget\""), "{}", chart.laid_over);
    // 450 dollars over the 30 days of November, on an axis that ends at 15.
    assert!(chart.ends.contains(">Budget, $15 a day<"), "{}", chart.ends);
    assert!(chart.heights.contains("$15"), "{}", chart.heights);
    assert!(chart.tools.contains("the $450 that the server"), "{}", chart.tools);
    facts.budget.set_e5 = Some(45_010_000);
    assert!(panel(&facts).chart.ends.contains(">Budget, $15.00 a day<"), "{}", panel(&facts).chart.ends);
    let has_line = |facts: &Facts| panel(facts).chart.laid_over.contains("budget");
    facts.budget.set_e5 = Some(900_000_000);
    assert!(!has_line(&facts), "it would press everything else down");
    facts.budget.set_e5 = Some(1);
    assert!(has_line(&facts));
    facts.ask.tile = Tile::Tokens;
    assert!(!has_line(&facts), "a budget is of cost");
    facts.ask.tile = Tile::Cost;
    facts.ask.campaign = Some("c".to_owned());
    assert!(!has_line(&facts), "a campaign has no budget");
}

#[test]
fn notes_stand_as_text_only() {
    let mut facts = facts(&day(10, 1_300_000, 97), &day(10, 1_000_000, 97));
    let before = panel(&facts);
    assert!(!before.chart.laid_over.contains("note") && !before.chart.notes.contains("note"));
    for (text, author) in [("<script>alert(1)</script>", "\"><b>"), ("=1+1|'&", "@x")] {
        let written = WrittenNote::read("2026-11-10", text, author).unwrap();
        let id = timed_id(facts.now, [0; 10]);
        facts.notes = vec![DayNote { id, written, made_at: facts.now }];
        let panel = panel(&facts);
        let drawn = format!("{}{}", panel.chart.laid_over, panel.chart.notes);
        assert!(!drawn.contains("<script") && !drawn.contains("<b>"), "{drawn}");
        let shown = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        assert!(drawn.contains(&shown), "{drawn}");
        assert!(drawn.contains(&format!("value=\"{id}\"")), "{drawn}");
        assert_ne!(panel.version, before.version);
        assert_eq!(panel.chart.tools, before.chart.tools, "what is being written stays");
    }
}
