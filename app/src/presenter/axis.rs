//! Where a scale ends and where its lines are: noughts, ones, twos and fives, as a person would choose.

/// A scale from 0: its end, and the values that get a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Axis {
    pub top: i64,
    pub lines: Vec<i64>,
}

impl Axis {
    /// The smallest round scale that holds `max` in three to five steps.
    pub(super) fn holding(max: i64) -> Self {
        let max = max.max(1);
        let step = step(max);
        let top = (max + step - 1) / step * step;
        Self::of(top, step)
    }

    /// Percentages end at 100, whatever is below it.
    pub(super) fn percent() -> Self {
        Self::of(10_000, 2_500)
    }

    fn of(top: i64, step: i64) -> Self {
        Self { top, lines: (0..=top / step).map(|at| at * step).collect() }
    }

    /// How far down from the top of a box of `height` the value stands.
    pub(super) fn depth(&self, value: i64, height: i64) -> i64 {
        height - value.clamp(0, self.top) * height / self.top
    }
}

fn step(max: i64) -> i64 {
    let mut unit = 1;
    loop {
        for step in [unit, unit * 2, unit * 5] {
            if max <= step * 4 {
                return step;
            }
        }
        unit *= 10;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ends_are_round() {
        assert_eq!(Axis::holding(26), Axis { top: 30, lines: vec![0, 10, 20, 30] });
        assert_eq!(Axis::holding(1), Axis { top: 1, lines: vec![0, 1] });
        assert_eq!(Axis::holding(0), Axis { top: 1, lines: vec![0, 1] });
        assert_eq!(Axis::holding(400), Axis { top: 400, lines: vec![0, 100, 200, 300, 400] });
    }

    proptest! {
        #[test]
        fn every_value_has_its_place(max in 0_i64..10_i64.pow(15)) {
            let axis = Axis::holding(max);
            prop_assert!(axis.top >= max && axis.lines.len() <= 5);
            prop_assert!((0..=1_000).contains(&axis.depth(max, 1_000)));
        }
    }
}
