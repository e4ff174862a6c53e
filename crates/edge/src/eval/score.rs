//! Holding plate readings against the truth.

use std::collections::BTreeMap;

use serde::Serialize;

/// Confidences at which the rejection curve is given.
pub const THRESHOLDS: [f32; 10] = [0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999];
/// Bins of equal width of the calibration error.
const BINS: usize = 10;

/// One plate, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// What it says.
    pub truth: String,
    /// The best reading's key; nothing where the outcome was another than a reading.
    pub read: Option<String>,
    /// The glyphs without grammar.
    pub raw: String,
    /// The outcome's name.
    pub outcome: &'static str,
    /// The best reading's confidence; 0 without one.
    pub confidence: f32,
    /// Rows of the plate, where the labels say.
    pub rows: Option<u8>,
    /// Where the label comes from, where the labels say.
    pub source: Option<String>,
    /// Time for finding and reading, in milliseconds.
    pub ms: f64,
}

impl Scored {
    /// Whether the reading is the truth.
    pub fn is_exact(&self) -> bool {
        self.read.as_deref() == Some(self.truth.as_str())
    }
}

/// How many of how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Share {
    /// Plates.
    pub n: usize,
    /// Read exactly.
    pub exact: usize,
    /// Their share, 0 to 1.
    pub exact_rate: f64,
}

/// One point of the rejection curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rejection {
    /// Readings below this confidence are left to a person.
    pub threshold: f32,
    /// Share of plates that are read at all.
    pub read: f64,
    /// Share of wrong ones among those.
    pub wrong_of_read: f64,
    /// The same in plates.
    pub wrong: usize,
}

/// A measurement.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scores {
    /// Plates.
    pub n: usize,
    /// Read exactly.
    pub exact: usize,
    /// Their share, 0 to 1.
    pub exact_rate: f64,
    /// One less the share of glyphs that would have to be changed, added or removed.
    pub char_accuracy: f64,
    /// By rows of the plate.
    pub by_rows: BTreeMap<String, Share>,
    /// By source of the label.
    pub by_source: BTreeMap<String, Share>,
    /// Plates whose truth has an R or an N, by that letter.
    pub by_letter: BTreeMap<String, Share>,
    /// By outcome: how many.
    pub outcomes: BTreeMap<String, usize>,
    /// Share read against share wrong.
    pub rejection: Vec<Rejection>,
    /// Mean distance between confidence and share of right readings, over ten bins weighted by their plates.
    pub calibration_error: f64,
    /// Middle time for a plate in milliseconds.
    pub ms_p50: f64,
    /// Time that 95 of 100 plates do not exceed, in milliseconds.
    pub ms_p95: f64,
}

fn rate(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { ((part as f64 / whole as f64) * 1e5).round() / 1e5 }
}

fn share<'a>(plates: impl Iterator<Item = &'a Scored>) -> Share {
    let mut share = Share::default();
    for plate in plates {
        share.n += 1;
        share.exact += usize::from(plate.is_exact());
    }
    share.exact_rate = rate(share.exact, share.n);
    share
}

fn grouped<'a>(plates: &'a [Scored], key: impl Fn(&'a Scored) -> Option<String>) -> BTreeMap<String, Share> {
    let mut groups: BTreeMap<String, Vec<&Scored>> = BTreeMap::new();
    for plate in plates {
        if let Some(key) = key(plate) {
            groups.entry(key).or_default().push(plate);
        }
    }
    groups.into_iter().map(|(key, plates)| (key, share(plates.into_iter()))).collect()
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

/// Sums up.
pub fn score(plates: &[Scored]) -> Scores {
    let all = share(plates.iter());
    let glyphs: usize = plates.iter().map(|p| p.truth.chars().count()).sum();
    let misses: usize = plates
        .iter()
        .map(|p| distance(p.read.as_deref().unwrap_or(&p.raw), &p.truth).min(p.truth.chars().count()))
        .sum();
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for plate in plates {
        *outcomes.entry(plate.outcome.to_owned()).or_default() += 1;
    }
    let by_letter = ["N", "R"]
        .into_iter()
        .map(|letter| (letter.to_owned(), share(plates.iter().filter(|plate| plate.truth.contains(letter)))));
    Scores {
        n: all.n,
        exact: all.exact,
        exact_rate: all.exact_rate,
        char_accuracy: 1.0 - rate(misses, glyphs),
        by_rows: grouped(plates, |plate| plate.rows.map(|rows| rows.to_string())),
        by_source: grouped(plates, |plate| plate.source.clone()),
        by_letter: by_letter.collect(),
        outcomes,
        rejection: THRESHOLDS.iter().map(|threshold| rejection(plates, *threshold)).collect(),
        calibration_error: calibration_error(plates),
        ms_p50: percentile(plates, 0.50),
        ms_p95: percentile(plates, 0.95),
    }
}

fn rejection(plates: &[Scored], threshold: f32) -> Rejection {
    let read: Vec<_> = plates.iter().filter(|p| p.read.is_some() && p.confidence >= threshold).collect();
    let wrong = read.iter().filter(|plate| !plate.is_exact()).count();
    Rejection { threshold, read: rate(read.len(), plates.len()), wrong_of_read: rate(wrong, read.len()), wrong }
}

/// Expected calibration error (Naeini et al., "Obtaining Well Calibrated Probabilities Using Bayesian Binning", 2015).
fn calibration_error(plates: &[Scored]) -> f64 {
    let read: Vec<_> = plates.iter().filter(|plate| plate.read.is_some()).collect();
    let mut bins = [(0usize, 0.0f64, 0usize); BINS];
    for plate in &read {
        let bin = &mut bins[((plate.confidence * BINS as f32) as usize).min(BINS - 1)];
        bin.0 += 1;
        bin.1 += f64::from(plate.confidence);
        bin.2 += usize::from(plate.is_exact());
    }
    let off: f64 = bins.iter().map(|(_, confidence, exact)| (confidence - *exact as f64).abs()).sum();
    if read.is_empty() { 0.0 } else { off / read.len() as f64 }
}

/// Nearest-rank percentile of the times.
fn percentile(plates: &[Scored], share: f64) -> f64 {
    let mut times: Vec<f64> = plates.iter().map(|plate| plate.ms).collect();
    times.sort_by(f64::total_cmp);
    let rank = ((times.len() as f64 * share).ceil() as usize).clamp(1, times.len().max(1));
    times.get(rank - 1).map_or(0.0, |ms| (ms * 1e3).round() / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plate(truth: &str, read: Option<&str>, confidence: f32, rows: u8) -> Scored {
        let (truth, read, raw) = (truth.to_owned(), read.map(str::to_owned), read.unwrap_or("").to_owned());
        let outcome = if read.is_some() { "read" } else { "unreadable" };
        Scored { truth, read, raw, outcome, confidence, rows: Some(rows), source: None, ms: f64::from(rows) }
    }

    #[test]
    fn sums_are_those_that_one_makes_by_hand() {
        let plates = [
            plate("30A12345", Some("30A12345"), 0.95, 1),
            plate("30N12345", Some("30M12345"), 0.55, 1),
            plate("29H112345", None, 0.0, 2),
            plate("29R112345", Some("29R112345"), 0.999, 2),
        ];
        let scores = score(&plates);
        assert_eq!((scores.n, scores.exact, scores.exact_rate), (4, 2, 0.5));
        assert_eq!(scores.by_rows["1"], Share { n: 2, exact: 1, exact_rate: 0.5 });
        assert_eq!((scores.by_letter["N"].exact, scores.by_letter["R"].exact), (0, 1));
        assert!((scores.char_accuracy - (1.0 - 10.0 / 34.0)).abs() < 1e-4, "{}", scores.char_accuracy);
        let at = |threshold: f32| *scores.rejection.iter().find(|r| r.threshold == threshold).expect("a threshold");
        assert_eq!((at(0.5).read, at(0.5).wrong), (0.75, 1));
        assert_eq!((at(0.9).read, at(0.9).wrong), (0.5, 0));
        assert_eq!((scores.ms_p50, scores.ms_p95), (1.0, 2.0));
        assert!((scores.calibration_error - (0.05 + 0.55 + 0.001) / 3.0).abs() > 0.0);
        let sure = [plate("30A12345", Some("30A12345"), 1.0, 1)];
        assert_eq!(score(&sure).calibration_error, 0.0);
    }

    #[test]
    fn nothing_measured_is_no_division_by_zero() {
        let scores = score(&[]);
        assert_eq!((scores.n, scores.exact_rate, scores.ms_p95), (0, 0.0, 0.0));
    }
}
