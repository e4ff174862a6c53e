//! A4 pages as lists of shapes and texts, and how they become a PDF.
//!
//! Everything is placed before anything is drawn, so that the number of pages is known on each of them.

use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point};
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, Stroke};
use krilla::surface::Surface;

use crate::font::{Face, Fonts};

/// Width of A4 in points.
pub(crate) const WIDTH: f32 = 595.28;
/// Height of A4 in points.
pub(crate) const HEIGHT: f32 = 841.89;
/// Left and right of what is printed.
pub(crate) const MARGIN: f32 = 42.0;
/// What is printed ends here; the foot of the page is below.
pub(crate) const BOTTOM: f32 = HEIGHT - 52.0;
/// Where a further page begins.
pub(crate) const TOP: f32 = 48.0;
/// Width of what is printed.
pub(crate) const INNER: f32 = WIDTH - 2.0 * MARGIN;

/// How far a circle's control points are from its corners (4 · (√2 − 1) / 3).
const ROUND: f32 = 0.552_284_8;

/// A colour by its red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Colour(pub(crate) u8, pub(crate) u8, pub(crate) u8);

pub(crate) const INK: Colour = Colour(0x1b, 0x26, 0x33);
pub(crate) const FAINT: Colour = Colour(0x5b, 0x67, 0x76);
pub(crate) const RULE: Colour = Colour(0xd8, 0xde, 0xe6);
pub(crate) const PANEL: Colour = Colour(0xf3, 0xf6, 0xfa);
pub(crate) const BRAND: Colour = Colour(0x0f, 0x3d, 0x6b);
pub(crate) const INWARD: Colour = Colour(0x1f, 0x6f, 0xb5);
pub(crate) const OUTWARD: Colour = Colour(0xe0, 0x8a, 0x1e);
pub(crate) const GOOD: Colour = Colour(0x1d, 0x7a, 0x46);
pub(crate) const BAD: Colour = Colour(0xb3, 0x26, 0x1e);
pub(crate) const WHITE: Colour = Colour(0xff, 0xff, 0xff);

/// Where a text stands against its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Middle,
    Right,
}

/// Which of the two fonts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Style {
    pub(crate) size: f32,
    pub(crate) weight: Weight,
    pub(crate) colour: Colour,
    pub(crate) align: Align,
}

impl Style {
    pub(crate) const fn new(size: f32, colour: Colour) -> Self {
        Self { size, weight: Weight::Regular, colour, align: Align::Left }
    }

    pub(crate) const fn bold(self) -> Self {
        Self { weight: Weight::Bold, ..self }
    }

    pub(crate) const fn aligned(self, align: Align) -> Self {
        Self { align, ..self }
    }
}

/// Something on a page.
#[derive(Debug, Clone)]
pub(crate) enum Mark {
    Block { x: f32, y: f32, width: f32, height: f32, radius: f32, colour: Colour },
    Line { from: (f32, f32), to: (f32, f32), width: f32, colour: Colour },
    Text { x: f32, y: f32, text: String, style: Style },
}

/// Pages and where the next thing goes.
#[derive(Debug)]
pub(crate) struct Sheet<'a> {
    pub(crate) fonts: &'a Fonts,
    pages: Vec<Vec<Mark>>,
    /// How far down the page is used.
    pub(crate) y: f32,
}

impl<'a> Sheet<'a> {
    pub(crate) fn new(fonts: &'a Fonts) -> Self {
        Self { fonts, pages: vec![Vec::new()], y: TOP }
    }

    pub(crate) fn face(&self, weight: Weight) -> &'a Face {
        match weight {
            Weight::Regular => &self.fonts.regular,
            Weight::Bold => &self.fonts.bold,
        }
    }

    /// Begins a page unless so much room is left on this one.
    pub(crate) fn need(&mut self, height: f32) {
        if self.y + height > BOTTOM {
            self.pages.push(Vec::new());
            self.y = TOP;
        }
    }

    pub(crate) fn page_count(&self) -> usize {
        self.pages.len()
    }

    fn push(&mut self, mark: Mark) {
        self.pages.last_mut().expect("there is a first page").push(mark);
    }

    /// A mark on a page that is finished otherwise.
    pub(crate) fn text_on(&mut self, page: usize, (x, y): (f32, f32), text: impl Into<String>, style: Style) {
        if let Some(page) = self.pages.get_mut(page) {
            page.push(Mark::Text { x, y, text: text.into(), style });
        }
    }

    /// A thin line across a page that is finished otherwise.
    pub(crate) fn rule_on(&mut self, page: usize, (x, y): (f32, f32), width: f32, colour: Colour) {
        if let Some(page) = self.pages.get_mut(page) {
            page.push(Mark::Line { from: (x, y), to: (x + width, y), width: 0.5, colour });
        }
    }

    pub(crate) fn block(&mut self, (x, y): (f32, f32), (width, height): (f32, f32), radius: f32, colour: Colour) {
        self.push(Mark::Block { x, y, width, height, radius, colour });
    }

    pub(crate) fn line(&mut self, from: (f32, f32), to: (f32, f32), width: f32, colour: Colour) {
        self.push(Mark::Line { from, to, width, colour });
    }

    pub(crate) fn text(&mut self, (x, y): (f32, f32), text: impl Into<String>, style: Style) {
        self.push(Mark::Text { x, y, text: text.into(), style });
    }

    /// A text in as many lines as it needs, at the current place.
    pub(crate) fn paragraph(&mut self, text: &str, style: Style, x: f32, width: f32) {
        let height = style.size * 1.42;
        for line in self.face(style.weight).lines(text, style.size, width) {
            self.need(height);
            self.y += height;
            self.text((x, self.y - style.size * 0.32), line, style);
        }
    }

    /// A heading with a rule, with room for what follows it.
    pub(crate) fn heading(&mut self, text: &str, room: f32) {
        self.need(34.0 + room);
        self.y += 24.0;
        self.block((MARGIN, self.y - 9.5), (3.0, 12.0), 0.0, INWARD);
        self.text((MARGIN + 9.0, self.y), text, Style::new(12.0, BRAND).bold());
        self.y += 10.0;
    }

    /// Draws the pages.
    pub(crate) fn draw(self, document: &mut Document) {
        for marks in &self.pages {
            let size = PageSettings::from_wh(WIDTH, HEIGHT).expect("A4 is a size");
            let mut page = document.start_page_with(size);
            let mut surface = page.surface();
            for mark in marks {
                draw(&mut surface, self.fonts, mark);
            }
            surface.finish();
            page.finish();
        }
    }
}

fn fill(colour: Colour) -> Fill {
    let Colour(red, green, blue) = colour;
    Fill { paint: rgb::Color::new(red, green, blue).into(), opacity: NormalizedF32::ONE, rule: FillRule::default() }
}

fn draw(surface: &mut Surface<'_>, fonts: &Fonts, mark: &Mark) {
    match mark {
        Mark::Block { x, y, width, height, radius, colour } => {
            let (x, y, width, height) = (*x, *y, *width, *height);
            let radius = radius.min(width / 2.0).min(height / 2.0).max(0.0);
            let (right, low, curve) = (x + width, y + height, radius * (1.0 - ROUND));
            let mut path = PathBuilder::new();
            path.move_to(x + radius, y);
            path.line_to(right - radius, y);
            path.cubic_to(right - curve, y, right, y + curve, right, y + radius);
            path.line_to(right, low - radius);
            path.cubic_to(right, low - curve, right - curve, low, right - radius, low);
            path.line_to(x + radius, low);
            path.cubic_to(x + curve, low, x, low - curve, x, low - radius);
            path.line_to(x, y + radius);
            path.cubic_to(x, y + curve, x + curve, y, x + radius, y);
            path.close();
            surface.set_stroke(None);
            surface.set_fill(Some(fill(*colour)));
            // Nothing to draw where it has no size.
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
        Mark::Line { from, to, width, colour } => {
            let mut path = PathBuilder::new();
            path.move_to(from.0, from.1);
            path.line_to(to.0, to.1);
            let paint = fill(*colour).paint;
            surface.set_fill(None);
            surface.set_stroke(Some(Stroke { paint, width: *width, ..Stroke::default() }));
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
            surface.set_stroke(None);
        }
        Mark::Text { x, y, text, style } => {
            let face = match style.weight {
                Weight::Regular => &fonts.regular,
                Weight::Bold => &fonts.bold,
            };
            let width = face.width(text, style.size);
            let left = match style.align {
                Align::Left => *x,
                Align::Middle => x - width / 2.0,
                Align::Right => x - width,
            };
            surface.set_stroke(None);
            surface.set_fill(Some(fill(style.colour)));
            let start = Point::from_xy(left, *y);
            surface.draw_glyphs(start, &face.glyphs(text), face.font.clone(), text, style.size, false);
        }
    }
}
