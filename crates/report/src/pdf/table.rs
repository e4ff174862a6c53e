//! Tables that break over pages and repeat their heads.

use crate::sheet::{Align, BRAND, Colour, INK, INNER, MARGIN, PANEL, RULE, Sheet, Style, Weight};

/// Height of a row.
const ROW: f32 = 15.5;

/// Size of the text of a row.
const SIZE: f32 = 8.2;

/// Size of the text of a head.
const HEAD: f32 = 7.6;

/// Room between a text and the end of its column.
const PAD: f32 = 4.0;

/// A column: its head, its share of the width, and where its texts stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    head: &'static str,
    share: f32,
    align: Align,
}

impl Column {
    pub(super) const fn left(head: &'static str, share: f32) -> Self {
        Self { head, share, align: Align::Left }
    }

    pub(super) const fn right(head: &'static str, share: f32) -> Self {
        Self { head, share, align: Align::Right }
    }
}

/// A text of a row.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    text: String,
    colour: Colour,
}

impl Cell {
    pub(super) fn tinted(self, colour: Colour) -> Self {
        Self { colour, ..self }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, colour: INK }
    }
}

/// Draws a table at the current place.
pub(super) fn table(sheet: &mut Sheet<'_>, columns: &[Column], rows: &[Vec<Cell>]) {
    let heads: Vec<Vec<String>> = columns
        .iter()
        .map(|column| sheet.face(Weight::Bold).lines(column.head, HEAD, INNER * column.share - 2.0 * PAD))
        .collect();
    let lines = heads.iter().map(Vec::len).max().unwrap_or(1);
    let head_height = 7.0 + lines as f32 * 9.5;
    sheet.need(head_height + 2.0 * ROW);
    head(sheet, columns, &heads, head_height);
    for (place, row) in rows.iter().enumerate() {
        let pages = sheet.page_count();
        sheet.need(ROW);
        if sheet.page_count() > pages {
            head(sheet, columns, &heads, head_height);
        }
        if place % 2 == 1 {
            sheet.block((MARGIN, sheet.y), (INNER, ROW), 0.0, PANEL);
        }
        let mut x = MARGIN;
        for (column, cell) in columns.iter().zip(row) {
            let width = INNER * column.share;
            let style = Style::new(SIZE, cell.colour).aligned(column.align);
            let text = sheet.face(Weight::Regular).fitted(&cell.text, SIZE, width - 2.0 * PAD);
            sheet.text((anchor(x, width, column.align), sheet.y + 10.8), text, style);
            x += width;
        }
        sheet.y += ROW;
    }
    sheet.line((MARGIN, sheet.y), (MARGIN + INNER, sheet.y), 0.6, RULE);
    sheet.y += 4.0;
}

fn anchor(x: f32, width: f32, align: Align) -> f32 {
    match align {
        Align::Left => x + PAD,
        Align::Middle => x + width / 2.0,
        Align::Right => x + width - PAD,
    }
}

fn head(sheet: &mut Sheet<'_>, columns: &[Column], heads: &[Vec<String>], height: f32) {
    let mut x = MARGIN;
    for (column, lines) in columns.iter().zip(heads) {
        let width = INNER * column.share;
        let style = Style::new(HEAD, BRAND).bold().aligned(column.align);
        let first = sheet.y + height - 5.0 - (lines.len().saturating_sub(1)) as f32 * 9.5;
        for (place, line) in lines.iter().enumerate() {
            let y = first + place as f32 * 9.5;
            sheet.text((anchor(x, width, column.align), y), line.clone(), style);
        }
        x += width;
    }
    sheet.y += height;
    sheet.line((MARGIN, sheet.y), (MARGIN + INNER, sheet.y), 0.9, BRAND);
}
