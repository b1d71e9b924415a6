//! Buckets for whole numbers that grow with the number, as in HDR histograms: what is read out of them is off by at most
//! one part in 64 (1.6 %), and below 64 it is exact. Counts of two sets of values are merged by adding them bucket by bucket.

/// Each power of two is divided into 32.
const DIVISION_BITS: u32 = 5;
const DIVISIONS: u64 = 1 << DIVISION_BITS;

/// How many there are. The last one is reached at 2^36, which as microseconds is 19 hours, and holds all that is larger.
pub const BUCKETS: usize = 1_024;

/// Where a value is counted.
#[must_use]
pub fn bucket_of(value: u64) -> usize {
    if value < DIVISIONS {
        return index(value);
    }
    let shift = value.ilog2() - DIVISION_BITS;
    index((u64::from(shift) + 1) * DIVISIONS + (value >> shift) - DIVISIONS)
}

/// The middle of a bucket's values.
#[must_use]
pub fn value_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < DIVISIONS {
        return bucket;
    }
    let shift = bucket / DIVISIONS - 1;
    let width = 1 << shift;
    (DIVISIONS + bucket % DIVISIONS) * width + width / 2
}

/// The value at this percentile by nearest rank: of fewer than 20 values the 95th is the largest. None of none.
#[must_use]
pub fn percentile(counts: &[u64], percent: u64) -> Option<u64> {
    let all: u64 = counts.iter().sum();
    let rank = (all * percent).div_ceil(100).max(1);
    let mut passed = 0;
    let bucket = counts.iter().position(|count| {
        passed += count;
        passed >= rank
    });
    bucket.map(value_of)
}

fn index(bucket: u64) -> usize {
    usize::try_from(bucket).unwrap_or(usize::MAX).min(BUCKETS - 1)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn counted(values: &[u64]) -> Vec<u64> {
        let mut counts = vec![0; BUCKETS];
        values.iter().for_each(|value| counts[bucket_of(*value)] += 1);
        counts
    }

    /// By nearest rank, out of the values themselves.
    fn exact(values: &[u64], percent: usize) -> u64 {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        sorted[(values.len() * percent).div_ceil(100).max(1) - 1]
    }

    fn is_within(found: u64, exact: u64) -> bool {
        found.abs_diff(exact) * 64 <= exact
    }

    #[test]
    fn small_values_are_exact() {
        for value in 0..64 {
            assert_eq!(value_of(bucket_of(value)), value);
        }
    }

    #[test]
    fn buckets_rise_without_gaps() {
        let mut values: Vec<u64> =
            (0..36).flat_map(|bits| [(1_u64 << bits) - 1, 1 << bits, (1 << bits) + 1]).collect();
        values.sort_unstable();
        let buckets: Vec<usize> = values.into_iter().map(bucket_of).collect();
        assert!(buckets.is_sorted(), "{buckets:?}");
        assert_eq!(
            (bucket_of((1 << 36) - 1), bucket_of(1 << 36), bucket_of(u64::MAX)),
            (1_023, 1_023, 1_023)
        );
    }

    #[test]
    fn few_values_show_their_worst() {
        assert_eq!(percentile(&counted(&[5, 40, 3]), 95), Some(40));
        assert_eq!(percentile(&counted(&[5, 40, 3]), 50), Some(5));
        assert_eq!(percentile(&counted(&[]), 95), None);
    }

    proptest! {
        #[test]
        fn percentiles_keep_their_bound(values in vec(0_u64..1 << 36, 1..300), percent in 1_usize..=100) {
            let found = percentile(&counted(&values), percent as u64).unwrap();
            prop_assert!(is_within(found, exact(&values, percent)), "{found} for {}", exact(&values, percent));
        }

        #[test]
        fn merged_counts_are_those_of_all(one in vec(0_u64..1 << 36, 1..99), other in vec(0_u64..1 << 36, 1..99)) {
            let merged: Vec<u64> = counted(&one).iter().zip(counted(&other)).map(|(a, b)| a + b).collect();
            prop_assert_eq!(merged, counted(&[one, other].concat()));
        }
    }
}
