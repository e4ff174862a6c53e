//! The report as a PDF: the pages that a leader reads.

mod table;

use krilla::Document;
use krilla::error::KrillaError;
use krilla::metadata::{DateTime, Metadata};
use thiserror::Error;

use domain::{CountGroup, ObjectClass, UtcTime};

use crate::chart::{self, Bar, Named};
use crate::figures::{Figures, GateRow, InOut, Peak, Stretch};
use crate::font::Fonts;
use crate::number::{change, date, decimal, length, moment, share, short_date, time, whole};
use crate::period::ReportKind;
use crate::sheet::{
    Align, BAD, BOTTOM, BRAND, Colour, FAINT, GOOD, HEIGHT, INK, INNER, INWARD, MARGIN, OUTWARD, PANEL, RULE, Sheet,
    Style, WHITE, WIDTH, Weight,
};
use crate::words::{Language, Words, fill};
use table::{Cell, Column, table};

/// Most gates that the PDF names; all of them are in the XLSX.
pub const GATES_MAX: usize = 40;

/// Most cameras and nodes that the PDF names, the worst first.
pub const UPTIME_ROWS_MAX: usize = 30;

/// Most origins that the PDF shows as bars; the others are in the XLSX.
pub const ORIGINS_MAX: usize = 12;

/// Why a PDF cannot be made.
#[derive(Debug, Error)]
pub enum PdfError {
    /// The font cannot be embedded.
    #[error("cannot write the PDF: {0:?}")]
    Write(KrillaError),
}

/// The report as a PDF.
pub fn render(figures: &Figures, language: Language, fonts: &Fonts) -> Result<Vec<u8>, PdfError> {
    let words = language.words();
    let mut sheet = Sheet::new(fonts);
    head(&mut sheet, figures, language);
    cards(&mut sheet, figures, language);
    over_time(&mut sheet, figures, language);
    shares(&mut sheet, figures, language);
    gates(&mut sheet, figures, language);
    stays(&mut sheet, figures, language);
    alerts(&mut sheet, figures, language);
    uptime(&mut sheet, figures, language);
    accuracy(&mut sheet, figures, language);
    sheet.heading(words.notes, 40.0);
    for note in [words.note_counts, words.note_inside, words.note_uptime] {
        sheet.paragraph(note, Style::new(8.0, FAINT), MARGIN, INNER);
    }
    feet(&mut sheet, figures, language);

    let mut document = Document::new();
    document.set_metadata(metadata(figures, language));
    sheet.draw(&mut document);
    document.finish().map_err(PdfError::Write)
}

/// The title of the report: what kind, and about what.
pub(crate) fn title(figures: &Figures, language: Language) -> (String, String) {
    let words = language.words();
    let place = match (&figures.scope.site, figures.scope.province.as_str()) {
        (Some(site), "") => format!("{} {site}", words.site),
        (Some(site), province) => format!("{} {site}, {province}", words.site),
        (None, "") => words.all_sites.to_owned(),
        (None, province) => format!("{} {province}", words.province),
    };
    (language.title(figures.period.kind).to_owned(), place)
}

/// From when to when: whole days by their dates, the last one included.
pub(crate) fn span(figures: &Figures, language: Language) -> String {
    let (from, to) = (figures.period.from(), figures.period.to());
    let last = UtcTime::from_unix_micros(to.as_unix_micros() - 60_000_000).unwrap_or(to);
    match figures.period.kind {
        ReportKind::Day => date(from),
        ReportKind::Week => fill(language.words().from_to, &[&moment(from), &moment(to)]),
        ReportKind::Month | ReportKind::HalfYear | ReportKind::Year => {
            fill(language.words().from_to, &[&date(from), &date(last)])
        }
    }
}

/// The name of a stretch under its bar.
pub(crate) fn stretch_name(kind: ReportKind, stretch: &Stretch) -> String {
    match kind {
        ReportKind::Day => time(stretch.start),
        ReportKind::Week | ReportKind::Month => short_date(stretch.start),
        // A month of reporting is named by the month in which it ends.
        ReportKind::HalfYear | ReportKind::Year => {
            let end = UtcTime::from_unix_micros(stretch.start.as_unix_micros() + 20 * 86_400_000_000);
            date(end.unwrap_or(stretch.start))[3..].to_owned()
        }
    }
}

fn metadata(figures: &Figures, language: Language) -> Metadata {
    let (kind, place) = title(figures, language);
    // Text of a fixed width, as `UtcTime` writes it: 2026-11-21T08:30:00.000000Z.
    let text = figures.data_until.to_string();
    let part = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse::<u16>().ok()).unwrap_or(0);
    let small = |from, to| u8::try_from(part(from, to)).unwrap_or(0);
    let made = DateTime::new(part(0, 4)).month(small(5, 7)).day(small(8, 10)).hour(small(11, 13));
    let made = made.minute(small(14, 16)).second(small(17, 19)).utc_offset_hour(0).utc_offset_minute(0);
    Metadata::new()
        .title(format!("{kind} – {place} – {}", span(figures, language)))
        .language(language.as_str().to_owned())
        .creator("Gatehouse".to_owned())
        .creation_date(made)
}

fn head(sheet: &mut Sheet<'_>, figures: &Figures, language: Language) {
    let words = language.words();
    let (kind, place) = title(figures, language);
    sheet.block((0.0, 0.0), (WIDTH, 104.0), 0.0, BRAND);
    sheet.block((0.0, 104.0), (WIDTH, 3.0), 0.0, OUTWARD);
    let pale = Colour(0xb9, 0xcd, 0xe2);
    sheet.text((MARGIN, 30.0), words.product, Style::new(8.5, pale));
    sheet.text((MARGIN, 58.0), kind, Style::new(23.0, WHITE).bold());
    let place = sheet.face(Weight::Bold).fitted(&place, 12.5, INNER * 0.62);
    sheet.text((MARGIN, 80.0), place, Style::new(12.5, WHITE).bold());
    let right = Style::new(9.0, pale).aligned(Align::Right);
    sheet.text((MARGIN + INNER, 58.0), span(figures, language), Style { colour: WHITE, size: 10.0, ..right }.bold());
    let until = format!("{}: {}", words.data_until, moment(figures.data_until));
    sheet.text((MARGIN + INNER, 80.0), until, right);
    sheet.y = 116.0;
    if figures.data_until < figures.period.to() {
        sheet.paragraph(words.is_running, Style::new(9.0, BAD), MARGIN, INNER);
    }
}

fn cards(sheet: &mut Sheet<'_>, figures: &Figures, language: Language) {
    let words = language.words();
    let ((persons, persons_before), (vehicles, vehicles_before)) = (figures.person, figures.vehicle);
    let cards = [
        (words.persons_in, persons.entered, persons_before.entered, INWARD),
        (words.persons_out, persons.left, persons_before.left, OUTWARD),
        (words.vehicles_in, vehicles.entered, vehicles_before.entered, INWARD),
        (words.vehicles_out, vehicles.left, vehicles_before.left, OUTWARD),
    ];
    let gap = 10.0;
    let width = (INNER - 3.0 * gap) / 4.0;
    let top = sheet.y + 8.0;
    for (place, (name, now, before, colour)) in cards.into_iter().enumerate() {
        let x = MARGIN + place as f32 * (width + gap);
        sheet.block((x, top), (width, 70.0), 5.0, PANEL);
        sheet.block((x, top + 8.0), (3.0, 54.0), 1.5, colour);
        sheet.text((x + 12.0, top + 18.0), name, Style::new(8.5, FAINT));
        let number = whole(now, language);
        let size = if sheet.face(Weight::Bold).width(&number, 22.0) > width - 20.0 { 15.0 } else { 22.0 };
        sheet.text((x + 12.0, top + 43.0), number, Style::new(size, INK).bold());
        // A part of a span is not held against a whole one. More is neither good nor bad, so it has no such colour.
        let before = if figures.data_until < figures.period.to() { 0 } else { before };
        let text = change(now, before, language);
        let tint = if before == 0 { FAINT } else { BRAND };
        sheet.text((x + 12.0, top + 59.0), text.clone(), Style::new(8.0, tint).bold());
        let after = sheet.face(Weight::Bold).width(&text, 8.0) + 4.0;
        let note = sheet.face(Weight::Regular).fitted(words.against_before, 7.0, width - after - 16.0);
        sheet.text((x + 12.0 + after, top + 59.0), note, Style::new(7.0, FAINT));
    }
    sheet.y = top + 80.0;
    let lines = [
        (CountGroup::Person, figures.busiest.0, figures.fullest.0),
        (CountGroup::Vehicle, figures.busiest.1, figures.fullest.1),
    ];
    for (group, busiest, fullest) in lines {
        let x = if group == CountGroup::Person { MARGIN } else { MARGIN + INNER / 2.0 + gap / 2.0 };
        sheet.text((x, sheet.y + 10.0), language.group(group), Style::new(9.0, BRAND).bold());
        for (row, (name, peak)) in [(words.busiest_hour, busiest), (words.fullest, fullest)].into_iter().enumerate() {
            let y = sheet.y + 24.0 + row as f32 * 13.0;
            sheet.text((x, y), name, Style::new(8.5, FAINT));
            sheet.text((x + 88.0, y), peak_text(peak, language), Style::new(8.5, INK));
        }
    }
    sheet.y += 44.0;
}

/// `1.234 (09:00 21/11/2026)`.
pub(crate) fn peak_text(peak: Option<Peak>, language: Language) -> String {
    match peak {
        Some(Peak { count, at }) => format!("{} ({})", whole(count, language), moment(at)),
        None => language.words().nobody.to_owned(),
    }
}

fn over_time(sheet: &mut Sheet<'_>, figures: &Figures, language: Language) {
    let words = language.words();
    let kind = figures.period.kind;
    for (group, name) in
        [(CountGroup::Person, words.persons_over_time), (CountGroup::Vehicle, words.vehicles_over_time)]
    {
        let bar = |stretch: &Stretch| {
            let InOut { entered, left } = stretch.of(group);
            Bar { label: stretch_name(kind, stretch), entered, left }
        };
        let bars: Vec<Bar> = figures.stretches.iter().map(bar).collect();
        sheet.heading(name, chart::OVER_TIME_HEIGHT);
        chart::over_time(sheet, &bars, (words.incoming, words.outgoing), language);
    }
}

/// Classes and origins side by side.
fn shares(sheet: &mut Sheet<'_>, figures: &Figures, language: Language) {
    let words = language.words();
    let is_vehicle = |class: &ObjectClass| class.group() == CountGroup::Vehicle;
    let mut classes: Vec<Named> = figures
        .classes
        .iter()
        .filter(|(class, _)| is_vehicle(class))
        .map(|(class, passed)| Named {
            name: language.class(*class).to_owned(),
            count: passed.entered + passed.left,
            colour: INWARD,
        })
        .filter(|row| row.count > 0)
        .collect();
    classes.sort_by_key(|row| std::cmp::Reverse(row.count));
    let origins: Vec<Named> = figures
        .origins
        .iter()
        .take(ORIGINS_MAX)
        .map(|row| match &row.province {
            Some(province) => Named { name: province.clone(), count: row.count, colour: OUTWARD },
            None => Named { name: words.other_origins.to_owned(), count: row.count, colour: FAINT },
        })
        .collect();
    let gap = 22.0;
    let width = (INNER - gap) / 2.0;
    let rows = classes.len().max(origins.len()).max(1);
    sheet.need(34.0 + chart::named_height(rows) + 24.0);
    sheet.y += 24.0;
    for (x, name) in [(MARGIN, words.classes), (MARGIN + width + gap, words.origins)] {
        sheet.block((x, sheet.y - 9.5), (3.0, 12.0), 0.0, INWARD);
        sheet.text((x + 9.0, sheet.y), name, Style::new(12.0, BRAND).bold());
    }
    sheet.y += 6.0;
    let mut end = sheet.y;
    for (x, rows) in [(MARGIN, &classes), (MARGIN + width + gap, &origins)] {
        if rows.is_empty() {
            sheet.text((x, sheet.y + 11.0), words.nobody, Style::new(8.5, FAINT));
        }
        end = end.max(chart::named(sheet, rows, (x, width), language));
    }
    sheet.y = end.max(sheet.y + 14.0) + 4.0;
    for line in sheet.face(Weight::Regular).lines(words.origins_note, 7.0, width) {
        sheet.y += 9.0;
        sheet.text((MARGIN + width + gap, sheet.y), line, Style::new(7.0, FAINT));
    }
}

fn gates(sheet: &mut Sheet<'_>, figures: &Figures, language: Language) {
    let words = language.words();
    if figures.gates.is_empty() {
        return;
    }
    let columns = [
        Column::left(words.site, 0.24),
        Column::left(words.gate, 0.28),
        Column::right(words.persons_in, 0.12),
        Column::right(words.persons_out, 0.12),
        Column::right(words.vehicles_in, 0.12),
        Column::right(words.vehicles_out, 0.12),
    ];
    let mut most: Vec<&GateRow> = figures.gates.iter().collect();
    if most.len() > GATES_MAX {
        most.sort_by_key(|row| std::cmp::Reverse(row.person.entered + row.vehicle.entered));
        most.truncate(GATES_MAX);
    }
    let number = |count| Cell::from(whole(count, language));
    let rows = most.iter().map(|row| {
        let GateRow { site, gate, person, vehicle } = row;
        vec![
            Cell::from(site.clone()),
            Cell::from(gate.clone()),
            number(person.entered),
            number(person.left),
            number(vehicle.entered),
            number(vehicle.left),
        ]
    });
    let rows: Vec<_> = rows.collect();
    sheet.heading(words.gates, 40.0);
    table(sheet, &columns, &rows);
    let more = figures.gates.len().saturating_sub(GATES_MAX);
    if more > 0 {
        let text = fill(words.more_gates, &[&whole(more as u64, language)]);
        sheet.paragraph(&text, Style::new(8.0, FAINT), MARGIN, INNER);
    }
}

fn stays(sheet: &mut Sheet<'_>, figures: &Figures, language: Language) {
    let words = language.words();
    if figures.visits.entries > 0 {
        sheet.heading(words.visits, 24.0);
        let visits = figures.visits;
        let of = |length_of: Option<std::time::Duration>| {
            length_of.map_or_else(|| "–".to_owned(), |found| length(found, language))
        };
        let values = [whole(visits.entries, language), whole(visits.matched, language), of(visits.p50), of(visits.p90)];
        let text = fill(words.visits_text, &values.each_ref().map(String::as_str));
        sheet.paragraph(&text, Style::new(9.0, INK), MARGIN, INNER);
    }
    if figures.dwell.is_empty() {
        return;
    }
    let columns = [
        Column::left(words.site, 0.19),
        Column::left(words.gate, 0.18),
        Column::left(words.zone, 0.16),
        Column::left(words.group, 0.12),
        Column::right(words.stays, 0.09),
        Column::right(words.half, 0.13),
        Column::right(words.nine_of_ten, 0.13),
    ];
    let row = |row: &crate::figures::DwellRow| {
        vec![
            Cell::from(row.site.clone()),
            Cell::from(row.gate.clone()),
            Cell::from(row.zone.clone()),
            Cell::from(language.group(row.group).to_owned()),
            Cell::from(whole(row.count, language)),
            Cell::from(length(row.p50, language)),
            Cell::from(length(row.p90, language)),
        ]
    };
    let rows: Vec<_> = figures.dwell.iter().take(GATES_MAX).map(row).collect();
    sheet.heading(words.dwell, 40.0);
    table(sheet, &columns, &rows);
}

fn alerts(sheet: &mut Sheet<'_>, figures: &Figures, language: Language) {
    let words = language.words();
    sheet.heading(words.alerts, 40.0);
    if figures.alerts.is_empty() {
        sheet.paragraph(words.no_alerts, Style::new(9.0, INK), MARGIN, INNER);
        return;
    }
    let columns = [
        Column::left(words.alert, 0.34),
        Column::right(words.raised, 0.11),
        Column::right(words.acknowledged, 0.12),
        Column::right(words.confirmed, 0.10),
        Column::right(words.false_alarms, 0.09),
        Column::right(words.open, 0.11),
        Column::right(words.after, 0.13),
    ];
    let row = |row: &crate::figures::AlertsRow| {
        let closed = row.confirmed + row.false_alarms + row.closed_otherwise;
        let open = row.raised.saturating_sub(closed);
        let tint = if open > 0 { BAD } else { INK };
        vec![
            Cell::from(language.alert(row.kind).to_owned()),
            Cell::from(whole(row.raised, language)),
            Cell::from(whole(row.acknowledged, language)),
            Cell::from(whole(row.confirmed, language)),
            Cell::from(whole(row.false_alarms, language)),
            Cell::from(whole(open, language)).tinted(tint),
            Cell::from(row.acknowledged_after.map_or_else(|| "–".to_owned(), |after| length(after, language))),
        ]
    };
    let rows: Vec<_> = figures.alerts.iter().map(row).collect();
    table(sheet, &columns, &rows);
}

fn uptime(sheet: &mut Sheet<'_>, figures: &Figures, language: Language) {
    let words = language.words();
    if figures.uptime.is_empty() {
        return;
    }
    let columns = [
        Column::left(words.site, 0.24),
        Column::left(words.device, 0.22),
        Column::left(words.camera, 0.18),
        Column::right(words.working, 0.12),
        Column::right(words.outages, 0.11),
        Column::right(words.longest, 0.13),
    ];
    let mut worst: Vec<_> = figures.uptime.iter().collect();
    if worst.len() > UPTIME_ROWS_MAX {
        worst.sort_by(|a, b| a.share.total_cmp(&b.share));
        worst.truncate(UPTIME_ROWS_MAX);
    }
    let row = |row: &&crate::figures::UptimeRow| {
        let tint = if row.share < 0.99 { BAD } else { GOOD };
        vec![
            Cell::from(row.site.clone()),
            Cell::from(row.node.clone()),
            Cell::from(row.camera.clone().unwrap_or_else(|| format!("({})", words.itself))),
            Cell::from(share(row.share, language)).tinted(tint),
            Cell::from(whole(row.outages, language)),
            Cell::from(if row.outages == 0 { "–".to_owned() } else { length(row.longest, language) }),
        ]
    };
    let rows: Vec<_> = worst.iter().map(row).collect();
    sheet.heading(words.uptime, 40.0);
    table(sheet, &columns, &rows);
}

fn accuracy(sheet: &mut Sheet<'_>, figures: &Figures, language: Language) {
    let words = language.words();
    sheet.heading(words.accuracy, 40.0);
    if figures.accuracy.is_empty() {
        sheet.paragraph(words.not_audited, Style::new(9.0, INK), MARGIN, INNER);
        return;
    }
    let columns = [
        Column::left(words.site, 0.22),
        Column::left(words.gate, 0.22),
        Column::left(words.group, 0.14),
        Column::left(words.direction, 0.08),
        Column::right(words.audited, 0.12),
        Column::right(words.bias, 0.08),
        Column::right(words.interval, 0.14),
    ];
    let row = |row: &crate::figures::AccuracyRow| {
        let (bias, interval) = error_text(row.error, words, language);
        vec![
            Cell::from(row.site.clone()),
            Cell::from(row.gate.clone()),
            Cell::from(language.group(row.group).to_owned()),
            Cell::from(language.direction(row.direction).to_owned()),
            Cell::from(whole(row.hours as u64, language)),
            Cell::from(bias),
            Cell::from(interval),
        ]
    };
    let rows: Vec<_> = figures.accuracy.iter().take(GATES_MAX).map(row).collect();
    table(sheet, &columns, &rows);
}

fn error_text(error: Option<projections::RelativeError>, words: &Words, language: Language) -> (String, String) {
    let signed = |value: f64| {
        let plus = if value >= 0.000_5 { "+" } else { "" };
        format!("{plus}{}", decimal(value * 100.0, language))
    };
    match error {
        Some(error) => (format!("{}%", signed(error.bias)), format!("{} … {}%", signed(error.low), signed(error.high))),
        None => ("–".to_owned(), words.too_few.to_owned()),
    }
}

fn feet(sheet: &mut Sheet<'_>, figures: &Figures, language: Language) {
    let words = language.words();
    let (kind, place) = title(figures, language);
    let left = format!("{kind} · {place} · {}", span(figures, language));
    let left = sheet.face(Weight::Regular).fitted(&left, 7.5, INNER - 80.0);
    let pages = sheet.page_count();
    let style = Style::new(7.5, FAINT);
    let y = HEIGHT - 26.0;
    debug_assert!(y > BOTTOM);
    for page in 0..pages {
        sheet.rule_on(page, (MARGIN, y - 12.0), INNER, RULE);
        sheet.text_on(page, (MARGIN, y), left.clone(), style);
        let number = fill(words.page, &[&(page + 1).to_string(), &pages.to_string()]);
        sheet.text_on(page, (MARGIN + INNER, y), number, style.aligned(Align::Right));
    }
}
