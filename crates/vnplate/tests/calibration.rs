//! Whether a confidence is worth what it says: of readings with confidence p, a share of p is right.

use vnplate::decode::{BLANK, Options, Position, decode};
use vnplate::{Glyph, SoftEvidence};

/// Numbers that look random and are the same every time (Lehmer, 1951).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0 * 48271 % 0x7fff_ffff;
        self.0 as usize % n
    }

    fn share(&mut self) -> f32 {
        self.below(10_000) as f32 / 10_000.0
    }
}

const DIGITS: &str = "0123456789";
const LETTERS: &str = "ABCDEFGHKLMNPSTUVXYZ";

/// A recogniser that knows what it knows: where it says `p`, it is right in a share of `p`, and else the second sign is.
fn seen(truth: char, among: &str, numbers: &mut Numbers) -> Position {
    let others: Vec<char> = among.chars().filter(|c| *c != truth).collect();
    let other = others[numbers.below(others.len())];
    let p = 1.0 - 0.4 * numbers.share().powi(4);
    let (first, second) = if numbers.share() < p { (truth, other) } else { (other, truth) };
    let mut position = [0.0; BLANK + 1];
    position[Glyph::from_char(first).expect("a sign").index()] = p;
    position[Glyph::from_char(second).expect("a sign").index()] = 1.0 - p;
    position
}

#[test]
fn confidence_is_the_share_of_readings_that_are_right() {
    let (mut numbers, options) =
        (Numbers(20_250_701), Options { read_min: 0.0, confusion_share: 0.0, ..Options::default() });
    let one_row = SoftEvidence { two_rows: Some(0.01), ..SoftEvidence::default() };
    let mut bins = [(0_u32, 0_u32, 0.0_f32); 5];
    for _ in 0..6000 {
        let mut text = ["30", "51", "29", "43"][numbers.below(4)].to_owned();
        text.push(LETTERS.as_bytes()[numbers.below(20)] as char);
        (0..5).for_each(|_| text.push(DIGITS.as_bytes()[numbers.below(10)] as char));
        let positions: Vec<Position> = text
            .chars()
            .enumerate()
            .map(|(i, c)| match i {
                // The code is beyond doubt: which codes exist is knowledge that this recogniser does not have.
                0 | 1 => {
                    let mut position = [0.0; BLANK + 1];
                    position[Glyph::from_char(c).expect("a sign").index()] = 1.0;
                    position
                }
                2 => seen(c, LETTERS, &mut numbers),
                _ => seen(c, DIGITS, &mut numbers),
            })
            .collect();
        let decoded = decode(&positions, &one_row, &options);
        let best = decoded.best().expect("a reading");
        let bin = &mut bins[((best.confidence * 5.0) as usize).min(4)];
        bin.0 += 1;
        bin.1 += u32::from(best.key().as_str() == text);
        bin.2 += best.confidence;
    }
    for (readings, right, confidence) in bins.into_iter().filter(|(readings, _, _)| *readings > 200) {
        let (right, said) = (right as f32 / readings as f32, confidence / readings as f32);
        assert!((right - said).abs() < 0.05, "said {said}, right {right} of {readings}");
    }
    assert!(bins.iter().filter(|(readings, _, _)| *readings > 200).count() >= 3, "{bins:?}");
}
