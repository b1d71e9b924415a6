//! What a month may cost: its line on the chart of cost by the day, and the form that sets it.

use model::{calendar::BucketSize, decimal, figures::Tile, forecast::CostBudget};

use super::{period::Period, words};
use crate::studio::Facts;

/// A line that is farther up than this many times what is drawn would press everything else down.
const HIGHEST: i64 = 3;

/// What the form says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BudgetForm {
    /// What was set here, as it is written in the box; empty where nothing was.
    pub amount: String,
    /// What holds where the box is left empty.
    pub otherwise: String,
}

pub(super) fn form(budget: CostBudget) -> BudgetForm {
    let otherwise = budget.default_e5.map_or_else(
        || "Leave it empty for none.".to_owned(),
        |e5| format!("Leave it empty for the {} that the server was started with.", dollars(e5)),
    );
    BudgetForm { amount: budget.set_e5.map_or_else(String::new, written), otherwise }
}

/// What a day may cost and the line's name, where cost is drawn by the day and the budget can be drawn beside the highest of
/// it. All runs have one; those of a campaign have none.
pub(super) fn line(facts: &Facts, highest: i64) -> Option<(i64, String)> {
    let window = &facts.history.window;
    let is_drawn = facts.ask.tile == Tile::Cost
        && window.size == BucketSize::Day
        && facts.ask.campaign.is_none()
        && highest > 0;
    let amount = facts.budget.amount_e5().filter(|_| is_drawn)?;
    let a_day = words::rounded(amount, Period::of(window).days_of_month());
    (a_day <= highest.saturating_mul(HIGHEST)).then(|| (a_day, format!("Budget, {} a day", dollars(a_day))))
}

/// Whole dollars without decimals.
pub(super) fn dollars(e5: i64) -> String {
    if e5 % 100_000 == 0 { format!("${}", words::count(e5 / 100_000)) } else { words::money(e5) }
}

/// Without noughts that say nothing.
fn written(e5: i64) -> String {
    let text = decimal::format(e5, decimal::MONEY_SCALE);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_box_says_what_was_set_here() {
        let told = |set_e5, default_e5| form(CostBudget { set_e5, default_e5 });
        assert_eq!(told(None, None).otherwise, "Leave it empty for none.");
        let set = told(Some(45_050_000), Some(20_000_000));
        assert_eq!(set.amount, "450.5");
        assert_eq!(set.otherwise, "Leave it empty for the $200 that the server was started with.");
        assert_eq!([written(100_000), written(1), written(1_000_000)], ["1", "0.00001", "10"]);
    }
}
