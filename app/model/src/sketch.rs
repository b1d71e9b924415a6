//! Percentiles that add up and subtract: a DDSketch over whole numbers.
//!
//! Values below 128 have a bucket each. From there on each doubling is cut into 128 buckets of one width (DDSketch's linearly
//! interpolated mapping), so that a bucket's middle is within half a percent of every value in it. All of it is whole numbers:
//! the same values make the same sketch, to the byte, in whatever order and on whatever machine they come.

/// Buckets of each doubling, as a power of two; and as many values have one of their own.
const CUT: u32 = 7;
/// What a varint of 64 bits is long at most.
const VARINT_MAX: u32 = 64;

/// How often a value of each bucket came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sketch {
    /// Bucket and count, by bucket; none with a count of 0.
    counts: Vec<(u16, i64)>,
}

impl FromIterator<u32> for Sketch {
    fn from_iter<T: IntoIterator<Item = u32>>(values: T) -> Self {
        let mut sketch = Self::default();
        values.into_iter().for_each(|value| sketch.add(value, 1));
        sketch
    }
}

impl Sketch {
    /// Counts a value; with a `count` below zero, takes it back.
    pub fn add(&mut self, value: u32, count: i64) {
        let bucket = bucket(value);
        match self.counts.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(at) => {
                self.counts[at].1 += count;
                if self.counts[at].1 == 0 {
                    self.counts.remove(at);
                }
            }
            Err(at) if count != 0 => self.counts.insert(at, (bucket, count)),
            Err(_) => {}
        }
    }

    /// Adds what another sketch counted.
    pub fn merge(&mut self, other: &Self) {
        self.combine(other, 1);
    }

    /// Takes away what another sketch counted.
    pub fn subtract(&mut self, other: &Self) {
        self.combine(other, -1);
    }

    fn combine(&mut self, other: &Self, sign: i64) {
        if other.counts.is_empty() {
            return;
        }
        let mut both = Vec::with_capacity(self.counts.len() + other.counts.len());
        let (mut ours, mut theirs) = (self.counts.iter().peekable(), other.counts.iter().peekable());
        loop {
            let next = match (ours.peek(), theirs.peek()) {
                (Some((one, _)), Some((other, _))) => (*one).min(*other),
                (Some((one, _)), None) | (None, Some((one, _))) => *one,
                (None, None) => break,
            };
            let of = |(bucket, _): &&(u16, i64)| *bucket == next;
            let count = ours.next_if(of).map_or(0, |(_, count)| *count)
                + sign * theirs.next_if(of).map_or(0, |(_, count)| *count);
            if count != 0 {
                both.push((next, count));
            }
        }
        self.counts = both;
    }

    /// How many values were counted.
    #[must_use]
    pub fn count(&self) -> i64 {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    /// Whether nothing is left of what was counted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The percentile by nearest rank, within half a percent; none of nothing.
    #[must_use]
    pub fn percentile(&self, percent: i64) -> Option<i64> {
        let rank = (self.count() * percent + 99) / 100;
        let mut below = 0;
        let reached = self.counts.iter().find(|(_, count)| {
            below += count;
            below >= rank.max(1)
        });
        reached.map(|(bucket, _)| middle(*bucket))
    }

    /// How many values were counted in buckets whose middle is `least` or more.
    #[must_use]
    pub fn count_from(&self, least: i64) -> i64 {
        self.counts.iter().filter(|(bucket, _)| middle(*bucket) >= least).map(|(_, count)| count).sum()
    }

    /// Appends it to `bytes`.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        write_varint(bytes, self.counts.len() as u64);
        let mut before = 0;
        for (bucket, count) in &self.counts {
            write_varint(bytes, u64::from(bucket - before));
            write_signed(bytes, *count);
            before = *bucket;
        }
    }

    /// Reads what [`write`](Self::write) wrote, and leaves in `bytes` what follows it; none of anything else.
    pub fn read(bytes: &mut &[u8]) -> Option<Self> {
        let many = read_varint(bytes)?;
        // Each takes two bytes at least.
        let mut counts: Vec<(u16, i64)> =
            Vec::with_capacity(usize::try_from(many).ok()?.min(bytes.len() / 2));
        for _ in 0..many {
            let step = u16::try_from(read_varint(bytes)?).ok()?;
            let bucket = counts.last().map_or(Some(step), |(last, _)| last.checked_add(step))?;
            let count = read_signed(bytes)?;
            if count == 0 || !counts.is_empty() && step == 0 {
                return None;
            }
            counts.push((bucket, count));
        }
        Some(Self { counts })
    }
}

/// Many sketches while they are added up: a place for each bucket costs more memory than a sketch, and less time.
#[derive(Clone, Debug, Default)]
pub struct SketchSum {
    counts: Vec<i64>,
}

impl SketchSum {
    /// Adds what a sketch counted.
    pub fn add(&mut self, sketch: &Sketch) {
        let Some((last, _)) = sketch.counts.last() else { return };
        if self.counts.len() <= usize::from(*last) {
            self.counts.resize(usize::from(*last) + 1, 0);
        }
        for (bucket, count) in &sketch.counts {
            self.counts[usize::from(*bucket)] += count;
        }
    }

    /// Forgets them, and keeps its place.
    pub fn clear(&mut self) {
        self.counts.fill(0);
    }

    /// What they come to.
    #[must_use]
    pub fn sketch(&self) -> Sketch {
        let counts = self.counts.iter().enumerate().filter(|(_, count)| **count != 0);
        Sketch {
            counts: counts
                .map(|(bucket, count)| (u16::try_from(bucket).unwrap_or(u16::MAX), *count))
                .collect(),
        }
    }
}

const fn bucket(value: u32) -> u16 {
    if value < 1 << CUT {
        return value as u16;
    }
    let doubling = value.ilog2() - CUT;
    // The value's first eight bits, of which the highest is set.
    (((doubling) << CUT) + (value >> doubling)) as u16
}

/// The middle of a bucket.
const fn middle(bucket: u16) -> i64 {
    let bucket = bucket as i64;
    if bucket < 1 << CUT {
        return bucket;
    }
    let doubling = (bucket >> CUT) - 1;
    let first = (bucket - (doubling << CUT)) << doubling;
    first + (((1 << doubling) - 1) >> 1)
}

/// Appends a whole number in as few bytes as it needs.
pub(crate) fn write_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value as u8) | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

pub(crate) fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    // Most are of one byte.
    if let [byte @ ..0x80, rest @ ..] = *bytes {
        *bytes = rest;
        return Some(u64::from(*byte));
    }
    let (mut value, mut shift) = (0_u64, 0);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let part = u64::from(byte & 0x7f);
        if shift >= VARINT_MAX || part << shift >> shift != part {
            return None;
        }
        value |= part << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
        shift += 7;
    }
}

pub(crate) fn write_signed(bytes: &mut Vec<u8>, value: i64) {
    write_varint(bytes, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

pub(crate) fn read_signed(bytes: &mut &[u8]) -> Option<i64> {
    let value = read_varint(bytes)?;
    Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The smallest value that at least `percent` of all do not exceed.
    fn nearest_rank(values: &[u32], percent: i64) -> Option<i64> {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        let of_all = |at: &usize| (*at as i64 + 1) * 100 >= values.len() as i64 * percent;
        (0..values.len()).find(of_all).map(|at| i64::from(sorted[at]))
    }

    fn sketch(values: &[u32]) -> Sketch {
        let mut sketch = Sketch::default();
        values.iter().for_each(|value| sketch.add(*value, 1));
        sketch
    }

    fn bytes(sketch: &Sketch) -> Vec<u8> {
        let mut bytes = Vec::new();
        sketch.write(&mut bytes);
        bytes
    }

    /// Latencies as they come: most of them close together, some far out, at the borders of buckets too.
    fn values() -> impl Strategy<Value = Vec<u32>> {
        let border = (0_u32..32).prop_flat_map(|power| {
            let power = 1_u32 << power;
            power.saturating_sub(2)..=power.saturating_add(1)
        });
        let value = prop_oneof![0..300_u32, 20_000..60_000_u32, border, any::<u32>()];
        prop::collection::vec(value, 0..300)
    }

    proptest! {
        #[test]
        fn percentiles_are_within_half_a_percent(values in values(), percent in 1_i64..=100) {
            let exact = nearest_rank(&values, percent);
            let told = sketch(&values).percentile(percent);
            prop_assert_eq!(told.is_some(), exact.is_some());
            for (told, exact) in told.into_iter().zip(exact) {
                prop_assert!((told - exact).abs() * 200 <= exact, "{} for {}", told, exact);
            }
        }

        #[test]
        fn order_and_grouping_do_not_matter(one in values(), other in values()) {
            let mut merged = sketch(&one);
            merged.merge(&sketch(&other));
            let together: Vec<u32> = other.iter().chain(&one).copied().collect();
            prop_assert_eq!(&merged, &sketch(&together));
            let mut sum = SketchSum::default();
            [&one, &other].into_iter().for_each(|values| sum.add(&sketch(values)));
            prop_assert_eq!(&sum.sketch(), &merged);
            sum.clear();
            prop_assert!(sum.sketch().is_empty());
            merged.subtract(&sketch(&one));
            prop_assert_eq!(&merged, &sketch(&other));
            for value in &other {
                merged.add(*value, -1);
            }
            prop_assert!(merged.is_empty());
        }

        #[test]
        fn bytes_are_read_back(values in values(), less in values()) {
            let mut written = sketch(&values);
            written.subtract(&sketch(&less));
            let mut long = bytes(&written);
            long.push(7);
            let mut rest = &long[..];
            prop_assert_eq!(Sketch::read(&mut rest), Some(written));
            prop_assert_eq!(rest, &[7]);
        }

        #[test]
        fn foreign_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            if let Some(read) = Sketch::read(&mut &bytes[..]) {
                prop_assert!(read.counts.is_sorted_by(|one, next| one.0 < next.0));
            }
        }

        #[test]
        fn numbers_are_read_back(value in any::<i64>()) {
            let mut bytes = Vec::new();
            write_signed(&mut bytes, value);
            prop_assert_eq!(read_signed(&mut &bytes[..]), Some(value));
        }
    }

    #[test]
    fn each_value_lies_in_its_bucket() {
        for power in 0..32 {
            let power = 1_u32 << power;
            for value in power.saturating_sub(2)..power.saturating_add(3) {
                let middle = middle(bucket(value));
                assert_eq!(bucket(u32::try_from(middle).unwrap()), bucket(value), "{value}");
            }
        }
        assert_eq!(bucket(u32::MAX), 3327);
    }
}
