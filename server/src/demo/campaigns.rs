//! Which campaigns there are in the story, and how busy each is on a day.

use jiff::civil::Date;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::days::{Calendar, DAYS_BEFORE, as_f64};

/// These go on for ever.
const STEADY: [&str; 5] = ["Onboarding series", "Win-back", "Newsletter", "Retail, north", "Trial nurture"];

/// These come one after another, each for some weeks, and then around again.
const PASSING: [&str; 24] = [
    "Retail, west",
    "Reseller kit",
    "Open house {month}",
    "Case study: Cedar",
    "Public sector",
    "Price update",
    "Case study: Alder",
    "Field events, west",
    "{season} sale",
    "Referral drive",
    "Partner week",
    "{season} launch",
    "Retail, south",
    "Webinar {month}",
    "Developer days",
    "Upgrade path",
    "Retail, east",
    "Product tour",
    "Case study: Birch",
    "Renewal reminders",
    "Trade fair {month}",
    "Podcast guests",
    "Healthcare outreach",
    "{season} survey",
];

/// A passing campaign begins this often.
const EVERY_DAYS: i64 = 5;
const LONGEST_DAYS: i64 = 46;
const SHORTEST_DAYS: i64 = 24;

#[derive(Clone, Debug, PartialEq)]
pub struct Campaign {
    pub id: String,
    pub name: String,
    /// Its share of a day's runs, compared with the others'.
    pub weight: f64,
    /// How large its runs are, compared with a usual one.
    pub size: f64,
}

/// The campaigns that run on a day.
#[must_use]
pub fn on(seed: u64, calendar: &Calendar, date: Date) -> Vec<Campaign> {
    let today = calendar.offset(date);
    let steady = STEADY.iter().zip(0_u64..).map(|(name, number)| {
        let mut chance = chance(seed, number);
        Campaign {
            id: slug(name),
            name: (*name).to_owned(),
            weight: chance.random_range(0.7..1.3),
            size: chance.random_range(0.8..1.2),
        }
    });
    let newest = (today + DAYS_BEFORE).div_euclid(EVERY_DAYS);
    let oldest = newest - LONGEST_DAYS / EVERY_DAYS - 1;
    let passing = (oldest..=newest).filter_map(|number| passing(seed, calendar, number, today));
    evened(steady.chain(passing).collect())
}

/// The day's runs are of a usual size on the whole, so that campaigns come and go without moving the story's figures.
fn evened(mut campaigns: Vec<Campaign>) -> Vec<Campaign> {
    let weights: f64 = campaigns.iter().map(|campaign| campaign.weight).sum();
    let sizes: f64 = campaigns.iter().map(|campaign| campaign.weight * campaign.size).sum();
    for campaign in &mut campaigns {
        campaign.size *= weights / sizes;
    }
    campaigns
}

/// The passing campaign of this number, if it runs today. Numbers below 0 began before the story did.
fn passing(seed: u64, calendar: &Calendar, number: i64, today: i64) -> Option<Campaign> {
    let mut chance = chance(seed, number.wrapping_add(100_000).cast_unsigned());
    let start = number * EVERY_DAYS - DAYS_BEFORE;
    let days = chance.random_range(SHORTEST_DAYS..=LONGEST_DAYS);
    let (gone, left) = (today - start, start + days - today);
    if gone < 0 || left <= 0 {
        return None;
    }
    let began = calendar.date(start);
    let at = usize::try_from(number.rem_euclid(24)).unwrap_or(0);
    let name = PASSING[at]
        .replace("{month}", began.strftime("%B").to_string().as_str())
        .replace("{season}", season(began));
    // No campaign starts or ends at full speed.
    let ramp = (as_f64(gone + 1) / 4.0).min(as_f64(left) / 6.0).min(1.0);
    Some(Campaign {
        id: format!("{}-{}", slug(&name), began.strftime("%y%m%d")),
        name,
        weight: ramp * chance.random_range(0.4..1.1),
        size: chance.random_range(0.7..1.35),
    })
}

fn season(date: Date) -> &'static str {
    match date.month() {
        3..=5 => "Spring",
        6..=8 => "Summer",
        9..=11 => "Autumn",
        _ => "Winter",
    }
}

fn slug(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

fn chance(seed: u64, number: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed.rotate_left(32) ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}
