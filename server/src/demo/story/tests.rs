//! The story says what it should, and says it the same way every time.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use jiff::{
    ToSpan as _,
    civil::{Weekday, date},
};
use model::{
    figures::{Added, Figures},
    record::campaign_run::Run,
    time::{DAY, MINUTE},
};

use super::*;

const FIRST: Date = date(2026, 11, 21);

/// From its beginning until 60 days after it was first seen.
static TOLD: LazyLock<Vec<RunReport>> =
    LazyLock::new(|| story().reports(story().begin().plus(-1), noon(60)).collect());

fn story() -> Story {
    Story::new(7, FIRST)
}

fn noon(days: i64) -> Timestamp {
    midnight(FIRST).plus(days * DAY + 12 * HOUR)
}

/// Figures of whole days, `from` inclusive, `to` exclusive.
fn days(from: i64, to: i64) -> Figures {
    let start = |days: i64| midnight(FIRST).plus(days * DAY);
    let mut sums = Added::default();
    let mut campaigns = BTreeSet::new();
    for report in TOLD.iter().filter(|report| report.at >= start(from) && report.at < start(to)) {
        campaigns.insert(&report.campaign.id);
        sums.runs += 1;
        sums.agents += i64::from(report.agents);
        sums.successful += i64::from(report.successful);
        sums.assets += report.assets;
        sums.tokens_in += report.tokens_in;
        sums.tokens_out += report.tokens_out;
        sums.cost_e5 += report.cost_e5;
        if let Some(p95) = report.latency_ms.and_then(|(p95, _)| u32::try_from(p95).ok()) {
            sums.latencies.add(p95, 1);
        }
    }
    Figures { sums: sums.sums(), campaigns: i64::try_from(campaigns.len()).unwrap() }
}

fn day(date: Date) -> Figures {
    let offset = story().calendar.offset(date);
    days(offset, offset + 1)
}

#[track_caller]
fn within(what: &str, value: Option<i64>, least: i64, most: i64) {
    assert!(
        value.is_some_and(|value| (least..=most).contains(&value)),
        "{what}: {value:?}, not {least} to {most}"
    );
}

#[test]
fn ninety_days_give_the_known_figures() {
    let (now, before) = (days(-90, 0), days(-180, -90));
    within("cost / campaign", now.cost_per_campaign_e5(), 1_150_000, 1_300_000);
    within("P95 latency", now.sums.latency_p95_ms, 36_500, 40_500);
    within("success", now.sums.success_bp(), 9_700, 9_780);
    within("assets / run", now.sums.assets_per_run_e2(), 790, 870);
    within("tokens in / run", Some(now.sums.tokens_in / now.sums.runs), 4_900, 5_600);
    within("tokens out / run", Some(now.sums.tokens_out / now.sums.runs), 2_000, 2_400);
    let share = now.cost_per_campaign_e5().unwrap() * 100 / before.cost_per_campaign_e5().unwrap();
    within("percent of the cost before", Some(share), 55, 90);
    assert!(now.sums.latency_p95_ms < before.sums.latency_p95_ms);
    assert!(now.sums.success_bp() > before.sums.success_bp());
}

#[test]
fn costs_fall_from_month_to_month() {
    let months: Vec<i64> =
        (0..7).map(|month| days(-196 + month * 28, -168 + month * 28).sums.cost_e5).collect();
    assert!(months.is_sorted_by(|earlier, later| earlier > later), "{months:?}");
}

#[test]
fn the_new_model_is_cheaper_and_quicker() {
    let (with, without) = (days(-60, -46), days(-74, -60));
    assert!(with.sums.cost_e5 * 10 < without.sums.cost_e5 * 8);
    assert!(with.sums.latency_p95_ms.unwrap() * 10 < without.sums.latency_p95_ms.unwrap() * 9);
}

#[test]
fn the_bad_tuesday_stands_out() {
    let bad = story().calendar.bad_tuesday();
    let (that, before) = (day(bad), day(bad.saturating_sub(7.days())));
    assert_eq!(bad.weekday(), Weekday::Tuesday);
    assert!(that.sums.cost_e5 > before.sums.cost_e5 * 2);
    assert!(that.sums.latency_p95_ms.unwrap() * 2 > before.sums.latency_p95_ms.unwrap() * 3);
    within("success", that.sums.success_bp(), 7_800, 8_700);
}

#[test]
fn weekends_are_calmer() {
    let quiet = story().calendar.quiet_saturday();
    let (that, usual) = (day(quiet), day(quiet.saturating_sub(7.days())));
    let wednesday = day(quiet.saturating_sub(3.days()));
    assert!(that.sums.runs * 4 < usual.sums.runs, "{} of {}", that.sums.runs, usual.sums.runs);
    assert!(usual.sums.cost_e5 * 10 < wednesday.sums.cost_e5 * 6);
}

#[test]
fn a_viewer_never_waits_long() {
    let times: Vec<Timestamp> = TOLD.iter().map(|report| report.at).filter(|at| *at > noon(-1)).collect();
    assert!(times.is_sorted());
    let longest = times.windows(2).map(|pair| pair[1].since(pair[0])).max().unwrap();
    assert!(longest <= 11 * MINUTE, "{} s", longest / SECOND);
}

#[test]
fn the_same_seed_tells_the_same_story() {
    let tell = |seed| Story::new(seed, FIRST).reports(noon(-3), noon(3)).collect::<Vec<_>>();
    assert_eq!(tell(7), tell(7));
    assert_ne!(tell(7), tell(8));
}

#[test]
fn continued_it_equals_told_at_once() {
    let stops = [noon(-30), noon(-1), noon(0), noon(0).plus(17), noon(7), noon(20)];
    let pieces: Vec<RunReport> =
        stops.windows(2).flat_map(|pair| story().reports(pair[0], pair[1])).collect();
    let whole: Vec<&RunReport> =
        TOLD.iter().filter(|report| report.at > noon(-30) && report.at <= noon(20)).collect();
    assert_eq!(pieces.len(), whole.len());
    assert!(pieces.iter().eq(whole));
    assert_eq!(story().next(noon(0)), story().reports(noon(0), noon(1)).next());
}

#[test]
fn no_two_runs_share_their_key() {
    let keys: BTreeSet<_> =
        TOLD.iter().map(|report| (&report.campaign.id, &report.run, report.phase)).collect();
    assert_eq!(keys.len(), TOLD.len());
}

#[test]
fn every_demo_run_is_valid() {
    for report in story().day(FIRST).iter().chain(&story().day(story().calendar.bad_tuesday())) {
        let record = report.draft().accept(noon(1)).unwrap();
        assert_eq!(Run::of(&record).unwrap().cost_e5(), report.cost_e5);
        assert_eq!(Run::of(&record).unwrap().created_at(), report.at);
    }
}

#[test]
fn campaigns_have_names_and_lives() {
    let mut lives: BTreeMap<&str, (Timestamp, Timestamp)> = BTreeMap::new();
    for report in TOLD.iter() {
        lives.entry(&report.campaign.id).or_insert((report.at, report.at)).1 = report.at;
    }
    let ended = lives.values().filter(|(_, last)| *last < noon(30)).count();
    let begun = lives.values().filter(|(first, _)| *first > noon(-100)).count();
    assert!(ended > 10 && begun > 10, "{ended} ended, {begun} begun of {}", lives.len());
    let today: BTreeSet<String> =
        story().day(FIRST).into_iter().map(|report| report.campaign.name.clone()).collect();
    for name in [
        "Autumn launch",
        "Partner week",
        "Onboarding series",
        "Retail, north",
        "Win-back",
        "Webinar November",
    ] {
        assert!(today.contains(name), "{name} is not among {today:?}");
    }
}

#[test]
fn whatever_the_first_day_the_story_holds() {
    for days in 0..14 {
        let calendar = Calendar::of(FIRST.saturating_add(days.days()));
        assert!((calendar.offset(calendar.bad_tuesday()) + 38).abs() <= 3);
        assert_eq!(calendar.offset(calendar.begin()), -200);
    }
}
