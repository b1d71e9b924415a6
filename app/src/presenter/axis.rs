//! Where a scale ends and where its lines are: noughts, ones, twos and fives, as a person would choose.

/// A scale: where it begins and ends, and the values that get a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Axis {
    /// 0, but for percentages that are all high.
    pub base: i64,
    pub top: i64,
    pub lines: Vec<i64>,
}

/// Where an axis of percentages may begin, in hundredths.
const BASES: [i64; 6] = [9_500, 9_000, 8_000, 7_500, 5_000, 0];

impl Axis {
    /// The smallest round scale that holds `max` in three to five steps; of nothing a line at 0 alone.
    pub(super) fn holding(max: i64) -> Self {
        if max <= 0 {
            return Self { base: 0, top: 1, lines: vec![0] };
        }
        let step = step(max);
        let top = (max + step - 1) / step * step;
        Self::of(top, step)
    }

    /// Percentages end at 100, and begin where the lowest of them can be told from it.
    pub(super) fn percent(lowest: i64) -> Self {
        let base = BASES.into_iter().find(|base| *base < lowest).unwrap_or(0);
        let (top, step) = (10_000, (10_000 - base) / if base == 7_500 || base == 9_500 { 5 } else { 4 });
        Self { base, top, lines: (0..=(top - base) / step).map(|at| base + at * step).collect() }
    }

    fn of(top: i64, step: i64) -> Self {
        Self { base: 0, top, lines: (0..=top / step).map(|at| at * step).collect() }
    }

    /// How far down from the top of a box of `height` the value stands.
    pub(super) fn depth(&self, value: i64, height: i64) -> i64 {
        height - (value.clamp(self.base, self.top) - self.base) * height / (self.top - self.base)
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
        assert_eq!(Axis::holding(26), Axis { base: 0, top: 30, lines: vec![0, 10, 20, 30] });
        assert_eq!(Axis::holding(1), Axis { base: 0, top: 1, lines: vec![0, 1] });
        assert_eq!(Axis::holding(0), Axis { base: 0, top: 1, lines: vec![0] });
        assert_eq!(Axis::holding(400), Axis { base: 0, top: 400, lines: vec![0, 100, 200, 300, 400] });
    }

    #[test]
    fn percentages_begin_below_the_lowest() {
        let axis = |lowest| Axis::percent(lowest);
        assert_eq!(
            axis(9_300),
            Axis { base: 9_000, top: 10_000, lines: vec![9_000, 9_250, 9_500, 9_750, 10_000] }
        );
        assert_eq!((axis(0).base, axis(5_000).base, axis(9_600).base), (0, 0, 9_500));
        assert_eq!((axis(9_000).depth(8_000, 1_000), axis(9_600).depth(10_000, 1_000)), (1_000, 0));
        for lowest in 0..=10_000 {
            let axis = axis(lowest);
            assert!(axis.lines.windows(2).all(|two| two[1] - two[0] == axis.lines[1] - axis.lines[0]));
            assert_eq!(axis.lines.last(), Some(&10_000));
        }
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
