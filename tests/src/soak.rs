//! What a node says of itself on `/metrics`, and what is made of it: `make soak` compares two such readings.

use std::collections::BTreeMap;

/// One reading of `/metrics`: every line's value under its name and labels.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    /// Reads the Prometheus text format.
    ///
    /// # Panics
    /// Where a line is neither a comment nor a name with a value.
    pub fn parse(text: &str) -> Self {
        let sample = |line: &str| {
            let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value in \"{line}\""));
            (name.to_owned(), value.parse().unwrap_or_else(|error| panic!("\"{line}\": {error}")))
        };
        Self(text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(sample).collect())
    }

    /// The value of a line; 0 where it is not there.
    pub fn value(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(0.0)
    }

    /// Lines whose names begin so.
    pub fn beginning<'s>(&'s self, name: &'s str) -> impl Iterator<Item = (&'s str, f64)> + 's {
        self.0.range(name.to_owned()..).take_while(move |(key, _)| key.starts_with(name)).map(|(k, v)| (k.as_str(), *v))
    }

    /// What was counted since `earlier`, both readings of the same program.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self(self.0.iter().map(|(name, value)| (name.clone(), value - earlier.value(name))).collect())
    }

    /// The duration in seconds below which this share of a histogram lies: the upper bound of the bucket, so never
    /// less than it was. Nothing where the histogram is empty, infinity where its last bucket is meant.
    pub fn quantile_max(&self, name: &str, labels: &str, share: f64) -> Option<f64> {
        let begin = format!("{name}_bucket{{{labels},le=\"");
        let bound = |key: &str| match key[begin.len()..].trim_end_matches("\"}") {
            "+Inf" => f64::INFINITY,
            number => number.parse().expect("a bound is a number"),
        };
        let mut buckets: Vec<_> = self.beginning(&begin).map(|(key, below)| (bound(key), below)).collect();
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total = buckets.last().map(|last| last.1).filter(|total| *total > 0.0)?;
        buckets.iter().find(|(_, below)| *below >= share * total).map(|(bound, _)| *bound)
    }
}

/// How far the memory moved: the mean of the last fifth of the samples over that of the first fifth, less one. Single
/// samples jump with what is in flight just then.
///
/// # Panics
/// Where there are fewer than five samples.
pub fn growth(samples: &[f64]) -> f64 {
    let fifth = samples.len() / 5;
    assert!(fifth > 0, "five samples at least");
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    mean(&samples[samples.len() - fifth..]) / mean(&samples[..fifth]) - 1.0
}

#[cfg(test)]
mod tests {
    use super::{Metrics, growth};

    const TEXT: &str = "# HELP a b\n# TYPE wait histogram\n\
        wait_bucket{camera=\"c\",le=\"0.01\"} 5\nwait_bucket{camera=\"c\",le=\"0.2\"} 99\n\
        wait_bucket{camera=\"c\",le=\"+Inf\"} 100\nwait_bucket{camera=\"d\",le=\"+Inf\"} 0\n\
        wait_count{camera=\"c\"} 100\nup 1\n";

    #[test]
    fn a_quantile_is_the_bound_of_its_bucket() {
        let metrics = Metrics::parse(TEXT);
        let at = |share| metrics.quantile_max("wait", "camera=\"c\"", share);
        assert_eq!((at(0.05), at(0.5), at(0.99), at(1.0)), (Some(0.01), Some(0.2), Some(0.2), Some(f64::INFINITY)));
        assert_eq!(metrics.quantile_max("wait", "camera=\"d\"", 0.5), None);
        assert_eq!(metrics.quantile_max("wait", "camera=\"e\"", 0.5), None);
    }

    #[test]
    fn what_was_before_does_not_count() {
        let before = Metrics::parse("wait_bucket{camera=\"c\",le=\"0.01\"} 5\n");
        let since = Metrics::parse(TEXT).since(&before);
        assert_eq!(since.quantile_max("wait", "camera=\"c\"", 0.01), Some(0.2));
        assert_eq!(since.value("up"), 1.0);
    }

    #[test]
    fn memory_that_grows_is_seen_and_memory_that_jumps_is_not() {
        assert!((growth(&[100.0, 130.0, 90.0, 110.0, 100.0, 120.0, 100.0, 140.0, 80.0, 100.0]) + 0.217).abs() < 0.01);
        let leak: Vec<_> = (0..50).map(|n| 100.0 + f64::from(n)).collect();
        assert!(growth(&leak) > 0.3);
        let jumps: Vec<_> = (0..50).map(|n| 100.0 + f64::from(n % 2) * 20.0).collect();
        assert!(growth(&jumps).abs() < 0.01);
    }
}
