//! What holds of every series, and what the method makes of some.

use proptest::prelude::*;

use super::*;

const WEEKLY: [i64; 7] = [101_000, 99_000, 120_500, 95_250, 88_000, 31_000, 20_000];

fn weekly(days: usize) -> Vec<i64> {
    WEEKLY.iter().cycle().take(days).copied().collect()
}

/// Within a thousandth.
fn is_near(told: i64, exact: i64) -> bool {
    (told - exact).abs() * 1_000 <= exact
}

#[test]
fn weekly_patterns_go_on_exactly() {
    for days in [14, 15, 27, 60, 180] {
        let forecast = DailyForecast::of(&weekly(days)).unwrap();
        for (ahead, cost) in forecast.days().enumerate() {
            let exact = WEEKLY[(days + ahead) % 7];
            assert!(
                [cost.low, cost.value, cost.high].iter().all(|told| is_near(*told, exact)),
                "{cost:?} {exact}"
            );
        }
        assert_eq!((forecast.score.error_bp, forecast.score.naive_bp), (0, 0));
    }
}

#[test]
fn few_or_rare_days_have_no_forecast() {
    assert_eq!(DailyForecast::of(&[]), Err(NoForecast::TooFew(0)));
    assert_eq!(DailyForecast::of(&weekly(13)), Err(NoForecast::TooFew(13)));
    let mut rare = weekly(60);
    rare.iter_mut().enumerate().filter(|(at, _)| at % 3 > 0).for_each(|(_, cost)| *cost = 0);
    assert_eq!(DailyForecast::of(&rare), Err(NoForecast::TooRare { costly: 9, of: 28 }));
    // Half of the days, and yet none of those that a score is a share of.
    let ended = [vec![5; 7], vec![0; 7]].concat();
    assert_eq!(DailyForecast::of(&ended), Err(NoForecast::TooRare { costly: 7, of: 14 }));
}

#[test]
fn working_days_alone_are_enough() {
    let mut working = weekly(70);
    working.iter_mut().enumerate().filter(|(at, _)| at % 7 >= 5).for_each(|(_, cost)| *cost = 0);
    let told: Vec<i64> = DailyForecast::of(&working).unwrap().days().take(7).map(|cost| cost.value).collect();
    assert!(is_near(told[0], WEEKLY[0]) && told[5] == 0 && told[6] == 0, "{told:?}");
}

/// A series with noise, a bad day, a quiet weekend and a change of prices: what the method makes of it is pinned here, so that
/// a change of it is seen and meant.
#[test]
fn an_eventful_series_is_forecast_as_before() {
    let mut noise = 1_u32;
    let days: Vec<i64> = (0..180)
        .map(|at| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let wobble = 95 + i64::from(noise >> 16) % 11;
            let event = match at {
                130 => 250,
                150 | 151 => 20,
                _ => 100,
            };
            WEEKLY[at % 7] * wobble * event * if at < 110 { 100 } else { 70 } / 1_000_000
        })
        .collect();
    let forecast = DailyForecast::of(&days).unwrap();
    let told: Vec<Estimate> = forecast.days().collect();
    assert_eq!((told[0], told[30], forecast.rest(10, 0.5), forecast.score), golden());
}

fn golden() -> (Estimate, Estimate, Estimate, ForecastScore) {
    let estimate = |low, value, high| Estimate { low, value, high };
    let score = ForecastScore { error_bp: 521, naive_bp: 988, forecasts: 28 };
    let days = (estimate(19_659, 22_365, 25_170), estimate(65_404, 71_332, 77_552));
    (days.0, days.1, estimate(466_842, 485_460, 504_077), score)
}

/// Costs of every size, mixed.
fn costs() -> impl Strategy<Value = Vec<i64>> {
    let cost = prop_oneof![Just(0_i64), 1_i64..1_000, 100_000_i64..10_000_000, 0_i64..=i64::MAX];
    prop::collection::vec(cost, 0..120)
}

proptest! {
    #[test]
    fn constants_have_a_narrow_range(cost in 1_000_i64..1_000_000_000_000, days in 14_usize..200) {
        let forecast = DailyForecast::of(&vec![cost; days]).unwrap();
        for told in forecast.days() {
            prop_assert!([told.low, told.value, told.high].iter().all(|told| is_near(*told, cost)), "{:?}", told);
        }
        let rest = forecast.rest(20, 1.0);
        prop_assert!(is_near(rest.low, 20 * cost) && is_near(rest.high, 20 * cost), "{:?}", rest);
    }

    #[test]
    fn ranges_hold_their_values(costs in costs(), days in 0_usize..40, left in 0.0_f64..=1.0) {
        let Ok(forecast) = DailyForecast::of(&costs) else { return Ok(()) };
        for told in forecast.days().chain([forecast.rest(days, left)]) {
            prop_assert!(0 <= told.low && told.low <= told.value && told.value <= told.high, "{:?}", told);
        }
        prop_assert!(forecast.score.error_bp >= 0 && forecast.score.naive_bp >= 0);
    }

    #[test]
    fn scale_changes_nothing_else(
        costs in prop::collection::vec(100_000_i64..10_000_000, 14..90), factor in 2_i64..100_000,
    ) {
        let scaled: Vec<i64> = costs.iter().map(|cost| cost * factor).collect();
        let (one, other) = (DailyForecast::of(&costs).unwrap(), DailyForecast::of(&scaled).unwrap());
        for (one, other) in one.days().zip(other.days()) {
            for (one, other) in [(one.low, other.low), (one.value, other.value), (one.high, other.high)] {
                // What is rounded before is off by half of one.
                prop_assert!((other - one * factor).abs() <= factor + other / 1_000_000, "{} {}", one, other);
            }
        }
        prop_assert!((one.score.error_bp - other.score.error_bp).abs() <= 1);
        prop_assert_eq!(one.score.naive_bp, other.score.naive_bp);
    }
}
