//! Charts of the PDF: bars over time, and bars side by side with their names.

use crate::number::whole;
use crate::sheet::{Align, Colour, FAINT, INK, INNER, INWARD, MARGIN, OUTWARD, PANEL, RULE, Sheet, Style, Weight};
use crate::words::Language;

/// Height of a chart over time, with its labels.
pub(crate) const OVER_TIME_HEIGHT: f32 = 150.0;

/// Lines across a chart over time.
const TICKS: u64 = 4;

/// Room for a label under a bar.
const LABEL_WIDTH: f32 = 34.0;

/// Passages of one stretch.
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) entered: u64,
    pub(crate) left: u64,
}

/// The distance of the lines across a chart whose highest bar is `most`: 1, 2 or 5 times a power of ten.
pub(crate) fn tick(most: u64) -> u64 {
    let least = most.div_ceil(TICKS).max(1);
    let mut power = 1_u64;
    loop {
        for step in [1, 2, 5] {
            let tick = power.saturating_mul(step);
            if tick >= least {
                return tick;
            }
        }
        power = power.saturating_mul(10);
    }
}

/// Two bars for each stretch of time: in and out.
pub(crate) fn over_time(sheet: &mut Sheet<'_>, bars: &[Bar], (inward, outward): (&str, &str), language: Language) {
    sheet.need(OVER_TIME_HEIGHT);
    let most = bars.iter().map(|bar| bar.entered.max(bar.left)).max().unwrap_or(0);
    let tick = tick(most);
    let top = sheet.y + 22.0;
    let (left, right, floor) = (MARGIN + 38.0, MARGIN + INNER, sheet.y + OVER_TIME_HEIGHT - 20.0);
    let lines = most.div_ceil(tick).max(1);
    let height = |count: u64| (floor - top) * (count as f32 / (lines * tick) as f32);
    let small = Style::new(7.5, FAINT);

    let mut x = right;
    for (name, colour) in [(outward, OUTWARD), (inward, INWARD)] {
        x -= sheet.face(Weight::Regular).width(name, 8.0);
        sheet.text((x, sheet.y + 9.0), name, Style::new(8.0, INK));
        x -= 11.0;
        sheet.block((x, sheet.y + 2.5), (7.5, 7.5), 1.5, colour);
        x -= 14.0;
    }
    for line in 0..=lines {
        let y = floor - height(line * tick);
        sheet.line((left, y), (right, y), if line == 0 { 0.9 } else { 0.4 }, RULE);
        sheet.text((left - 5.0, y + 2.6), whole(line * tick, language), small.aligned(Align::Right));
    }
    let slot = (right - left) / bars.len().max(1) as f32;
    let width = (slot * 0.36).min(16.0);
    let every = ((LABEL_WIDTH / slot).ceil() as usize).max(1);
    for (place, bar) in bars.iter().enumerate() {
        let middle = left + slot * (place as f32 + 0.5);
        for (count, x, colour) in [(bar.entered, middle - width, INWARD), (bar.left, middle, OUTWARD)] {
            if count > 0 {
                let tall = height(count).max(0.6);
                sheet.block((x + 0.4, floor - tall), (width - 0.8, tall), 1.2, colour);
            }
        }
        if place % every == 0 {
            sheet.text((middle, floor + 11.0), bar.label.clone(), small.aligned(Align::Middle));
        }
    }
    sheet.y += OVER_TIME_HEIGHT;
}

/// One named bar.
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) count: u64,
    pub(crate) colour: Colour,
}

/// Height of a named bar.
const NAMED_HEIGHT: f32 = 16.0;

/// Height of so many named bars.
pub(crate) fn named_height(rows: usize) -> f32 {
    rows as f32 * NAMED_HEIGHT
}

/// Bars with their names before and their numbers behind them, from `x` on; returns where they end.
pub(crate) fn named(sheet: &mut Sheet<'_>, rows: &[Named], (x, width): (f32, f32), language: Language) -> f32 {
    let most = rows.iter().map(|row| row.count).max().unwrap_or(0).max(1);
    let all: u64 = rows.iter().map(|row| row.count).sum::<u64>().max(1);
    let names = width * 0.40;
    let numbers = 66.0;
    let room = width - names - numbers;
    let mut y = sheet.y;
    for row in rows {
        let name = sheet.face(Weight::Regular).fitted(&row.name, 8.5, names - 8.0);
        sheet.text((x, y + 11.0), name, Style::new(8.5, INK));
        sheet.block((x + names, y + 3.0), (room, 10.0), 2.0, PANEL);
        let long = room * row.count as f32 / most as f32;
        if row.count > 0 {
            sheet.block((x + names, y + 3.0), (long.max(1.0), 10.0), 2.0, row.colour);
        }
        let number = whole(row.count, language);
        sheet.text((x + width - 30.0, y + 11.0), number, Style::new(8.5, INK).bold().aligned(Align::Right));
        let share = crate::number::share(row.count as f64 / all as f64, language);
        sheet.text((x + width, y + 11.0), share, Style::new(7.0, FAINT).aligned(Align::Right));
        y += NAMED_HEIGHT;
    }
    y
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_across_are_at_round_numbers() {
        assert_eq!(
            [tick(0), tick(1), tick(4), tick(5), tick(40), tick(41), tick(900), tick(12_345)],
            [1, 1, 1, 2, 10, 20, 500, 5_000]
        );
        assert!(tick(u64::MAX) > 0);
    }
}
