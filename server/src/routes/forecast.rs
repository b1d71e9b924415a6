//! What cost will come to as JSON, or why that is not told.

use model::{
    decimal::{self, MONEY_SCALE, PERCENT_SCALE},
    forecast::{Estimate, Forecast, ForecastDay, NoForecast},
};
use serde_json::{Map, Value as Json, json};

pub fn told(forecast: &Result<Forecast, NoForecast>) -> Json {
    match forecast {
        Ok(forecast) => of(forecast),
        Err(why) => json!({"none": why.to_string()}),
    }
}

fn of(forecast: &Forecast) -> Json {
    let point = |day: &ForecastDay| {
        let mut point = super::figures::span(day.span);
        point.extend(estimate(day.cost));
        Json::Object(point)
    };
    let score = &forecast.score;
    json!({
        "method": forecast.method,
        "points": forecast.days.iter().map(point).collect::<Json>(),
        "monthEnd": Json::Object(estimate(forecast.month_end)),
        "budget": forecast.budget.map(|budget| json!({
            "amount": decimal::format(budget.amount_e5, MONEY_SCALE),
            "crossed": budget.crossed.map(|day| day.to_string()),
        })),
        "score": {
            "error": decimal::format(score.error_bp, PERCENT_SCALE),
            "naive": decimal::format(score.naive_bp, PERCENT_SCALE),
            "forecasts": score.forecasts,
        },
    })
}

fn estimate(Estimate { value, low, high }: Estimate) -> Map<String, Json> {
    [("value", value), ("low", low), ("high", high)]
        .map(|(name, amount)| (name.to_owned(), Json::from(decimal::format(amount, MONEY_SCALE))))
        .into_iter()
        .collect()
}
