//! What cost will come to, in words: never without its range, and never without what such forecasts were worth so far.

use model::{
    figures::Tile,
    forecast::{BudgetOutlook, Estimate, Forecast, NoForecast},
};

use super::words::{self, NBSP};
use crate::studio::Facts;

/// From here on cents say nothing.
const WHOLE_DOLLARS_E5: i64 = 100 * 100_000;

/// What the caption goes on with.
pub(super) fn outlook(tile: Tile, facts: &Facts) -> Option<String> {
    if tile != Tile::Cost {
        return None;
    }
    match &facts.forecast {
        Ok(forecast) => Some(sentences(forecast)),
        Err(why @ (NoForecast::TooFew(1..) | NoForecast::TooRare { .. })) => {
            Some(format!("No forecast yet: {why}."))
        }
        Err(_) => None,
    }
}

fn sentences(forecast: &Forecast) -> String {
    let Estimate { value, low, high } = forecast.month_end;
    let about = |e5| if value < WHOLE_DOLLARS_E5 { words::money(e5) } else { dollars(e5) };
    let (from, to) = (about(low), about(high));
    let between = if from == to { String::new() } else { format!(", between {from} and {to}") };
    let budget = forecast.budget.map(|budget| format!("; {}", budget_words(budget, forecast.month_end)));
    format!(
        "{} will end near {}{between}{}. Forecasts made until now were off by {}, the naive guess (the same weekday a week \
         before) by {}.",
        forecast.month.strftime("%B"),
        about(value),
        budget.unwrap_or_default(),
        percent(forecast.score.error_bp),
        percent(forecast.score.naive_bp),
    )
}

fn budget_words(budget: BudgetOutlook, end: Estimate) -> String {
    let BudgetOutlook { amount_e5, crossed, is_crossed } = budget;
    let is_whole = amount_e5 % 100_000 == 0;
    let amount = if is_whole { dollars(amount_e5) } else { words::money(amount_e5) };
    let how = match crossed {
        Some(_) if is_crossed => "was crossed",
        Some(_) if end.low > amount_e5 => "will be crossed",
        Some(_) => "will probably be crossed",
        None if end.high > amount_e5 => "may be crossed",
        None => "will hold",
    };
    let when = crossed.map(|day| format!(" on {}", day.strftime("%-d %B")));
    format!("the budget of {amount} {how}{}", when.unwrap_or_default())
}

fn dollars(e5: i64) -> String {
    format!("${}", words::count(words::rounded(e5, 100_000)))
}

/// Whole percent, and tenths below one.
fn percent(bp: i64) -> String {
    let shown = if bp < 100 { words::percent(bp) } else { words::count(words::rounded(bp, 100)) };
    format!("{shown}{NBSP}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forecast(value: i64, budget: Option<(i64, Option<&str>, bool)>) -> Forecast {
        Forecast {
            method: "as it is done",
            days: Vec::new(),
            month: "2026-11-30".parse().unwrap(),
            month_end: Estimate { value, low: value - value / 40, high: value + value / 40 },
            budget: budget.map(|(dollars, crossed, is_crossed)| BudgetOutlook {
                amount_e5: dollars * 100_000,
                crossed: crossed.map(|day| day.parse().unwrap()),
                is_crossed,
            }),
            score: model::forecast::ForecastScore { error_bp: 612, naive_bp: 1_099, forecasts: 28 },
        }
    }

    #[track_caller]
    fn check(forecast: &Forecast, expect: &str) {
        assert_eq!(sentences(forecast).replace(NBSP, " ").split(". Forecasts").next(), Some(expect));
    }

    #[test]
    fn month_ends_come_with_range_and_score() {
        let crossed = Some((450, Some("2026-11-27"), false));
        assert_eq!(
            sentences(&forecast(48_700_000, crossed)).replace(NBSP, " "),
            "November will end near $487, between $475 and $499; the budget of $450 will be crossed on 27 November. \
             Forecasts made until now were off by 6 %, the naive guess (the same weekday a week before) by 11 %."
        );
        check(&forecast(1_240_000, None), "November will end near $12.40, between $12.09 and $12.71");
    }

    #[test]
    fn budgets_hold_or_are_crossed() {
        let told = |budget| {
            let text = sentences(&forecast(48_700_000, Some(budget)));
            let budget = text.split("; the budget of ").nth(1).unwrap().to_owned();
            budget.split(". Forecasts").next().unwrap().to_owned()
        };
        assert_eq!(told((200, Some("2026-11-12"), true)), "$200 was crossed on 12 November");
        assert_eq!(told((480, Some("2026-11-30"), false)), "$480 will probably be crossed on 30 November");
        assert_eq!(told((490, None, false)), "$490 may be crossed");
        assert_eq!(told((500, None, false)), "$500 will hold");
    }

    #[test]
    fn small_errors_keep_a_decimal() {
        let shown = |bp| percent(bp).replace(NBSP, " ");
        assert_eq!([shown(0), shown(44), shown(149), shown(123_456)], ["0 %", "0.4 %", "1 %", "1,235 %"]);
    }
}
