//! Decoding is done for every look at every plate: it must not be felt beside the recogniser.

use std::time::{Duration, Instant};

use vnplate::decode::{BLANK, Options, Position, decode};
use vnplate::{Glyph, SoftEvidence};

/// Ten times what it takes on one core of a small machine, so that a busy one passes as well.
const LIMIT: Duration = Duration::from_micros(500);

#[test]
fn a_typical_plate_is_decoded_in_far_less_time_than_it_takes_to_see_it() {
    let positions: Vec<Position> = "29AB15947___"
        .chars()
        .enumerate()
        .map(|(i, c)| {
            let sure = if i % 3 == 0 { 0.8 } else { 0.97 };
            let mut position = [(1.0 - sure) / (BLANK + 1) as f32; BLANK + 1];
            position[Glyph::from_char(c).map_or(BLANK, Glyph::index)] += sure;
            position
        })
        .collect();
    let evidence = SoftEvidence { two_rows: Some(0.98), top_len: Some(4), ..SoftEvidence::default() };
    let options = Options::default();
    let mut times: Vec<Duration> = (0..200)
        .map(|_| {
            let start = Instant::now();
            let decoded = decode(std::hint::black_box(&positions), &evidence, &options);
            assert_eq!(decoded.best().map(|best| best.key().to_string()).as_deref(), Some("29AB15947"));
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    let median = times[times.len() / 2];
    eprintln!("median {median:?}, slowest {:?}", times[times.len() - 1]);
    assert!(median < LIMIT, "{median:?}");
}
