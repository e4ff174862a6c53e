//! The report as a workbook: every figure as a number that can be computed with, and charts over them.

use domain::{CountGroup, UtcTime};
use rust_xlsxwriter::{
    Chart, ChartType, Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet,
    XlsxError,
};
use thiserror::Error;

use crate::figures::{Figures, InOut, Peak};
use crate::number::excel;
use crate::pdf::{span, stretch_name, title};
use crate::words::{Language, Words};

/// Why a workbook cannot be made.
#[derive(Debug, Error)]
#[error("cannot write the workbook")]
pub struct WorkbookError(#[from] XlsxError);

const BRAND: Color = Color::RGB(0x000f_3d6b);
const INWARD: Color = Color::RGB(0x001f_6fb5);
const OUTWARD: Color = Color::RGB(0x00e0_8a1e);

/// How cells look.
struct Looks {
    title: Format,
    head: Format,
    text: Format,
    whole: Format,
    share: Format,
    moment: Format,
    minutes: Format,
}

impl Looks {
    fn new() -> Self {
        let cell = || Format::new().set_font_name("Arial").set_font_size(10.0);
        Self {
            title: cell().set_font_size(16.0).set_bold().set_font_color(BRAND),
            head: cell()
                .set_bold()
                .set_font_color(Color::White)
                .set_background_color(BRAND)
                .set_border(FormatBorder::Thin)
                .set_border_color(BRAND)
                .set_align(FormatAlign::VerticalCenter)
                .set_text_wrap(),
            text: cell(),
            // Excel shows these by the reader's own settings: 1.234 in Vietnam.
            whole: cell().set_num_format("#,##0"),
            share: cell().set_num_format("0.0%"),
            moment: cell().set_num_format("hh:mm dd/mm/yyyy").set_align(FormatAlign::Left),
            minutes: cell().set_num_format("[h]:mm:ss"),
        }
    }
}

/// One cell.
enum Value {
    Text(String),
    Whole(u64),
    Share(f64),
    Moment(UtcTime),
    Length(std::time::Duration),
    Empty,
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// A sheet that is filled row by row.
struct Page<'a> {
    sheet: &'a mut Worksheet,
    looks: &'a Looks,
    row: u32,
}

impl<'a> Page<'a> {
    fn new(workbook: &'a mut Workbook, looks: &'a Looks, name: &str, widths: &[f64]) -> Result<Self, XlsxError> {
        let sheet = workbook.add_worksheet();
        sheet.set_name(name)?;
        for (column, width) in widths.iter().enumerate() {
            sheet.set_column_width(u16::try_from(column).unwrap_or(u16::MAX), *width)?;
        }
        Ok(Self { sheet, looks, row: 0 })
    }

    fn head(&mut self, names: &[&str]) -> Result<(), XlsxError> {
        for (column, name) in (0_u16..).zip(names) {
            self.sheet.write_string_with_format(self.row, column, *name, &self.looks.head)?;
        }
        self.sheet.set_row_height(self.row, 30.0)?;
        self.row += 1;
        self.sheet.set_freeze_panes(self.row, 0)?;
        Ok(())
    }

    fn write(&mut self, values: &[Value]) -> Result<(), XlsxError> {
        let (row, looks) = (self.row, self.looks);
        for (column, value) in (0_u16..).zip(values) {
            match value {
                Value::Text(text) => self.sheet.write_string_with_format(row, column, text.as_str(), &looks.text)?,
                Value::Whole(count) => self.sheet.write_number_with_format(row, column, *count as f64, &looks.whole)?,
                Value::Share(share) => self.sheet.write_number_with_format(row, column, *share, &looks.share)?,
                Value::Moment(at) => self.sheet.write_number_with_format(row, column, excel(*at), &looks.moment)?,
                Value::Length(length) => {
                    let days = length.as_secs_f64() / 86_400.0;
                    self.sheet.write_number_with_format(row, column, days, &looks.minutes)?
                }
                Value::Empty => self.sheet,
            };
        }
        self.row += 1;
        Ok(())
    }
}

/// The report as a workbook.
pub fn render(figures: &Figures, language: Language) -> Result<Vec<u8>, WorkbookError> {
    let words = language.words();
    let looks = Looks::new();
    let mut workbook = Workbook::new();
    let (kind, place) = title(figures, language);
    let made = ExcelDateTime::from_timestamp(figures.data_until.as_unix_micros().div_euclid(1_000_000))?;
    let properties = DocProperties::new().set_title(format!("{kind} – {place}")).set_author("Gatehouse");
    workbook.set_properties(&properties.set_creation_datetime(&made));
    summary(&mut workbook, &looks, figures, language)?;
    over_time(&mut workbook, &looks, figures, language)?;
    gates(&mut workbook, &looks, figures, words)?;
    classes(&mut workbook, &looks, figures, language)?;
    origins(&mut workbook, &looks, figures, words)?;
    dwell(&mut workbook, &looks, figures, language)?;
    alerts(&mut workbook, &looks, figures, language)?;
    uptime(&mut workbook, &looks, figures, words)?;
    accuracy(&mut workbook, &looks, figures, language)?;
    Ok(workbook.save_to_buffer()?)
}

fn summary(workbook: &mut Workbook, looks: &Looks, figures: &Figures, language: Language) -> Result<(), XlsxError> {
    let words = language.words();
    let mut page = Page::new(workbook, looks, words.figures_sheet, &[34.0, 18.0, 18.0, 14.0, 22.0])?;
    let (kind, place) = title(figures, language);
    page.sheet.write_string_with_format(0, 0, format!("{kind} – {place}"), &looks.title)?;
    page.row = 1;
    page.write(&[words.period.into(), Value::Text(span(figures, language))])?;
    page.write(&[words.data_until.into(), Value::Moment(figures.data_until)])?;
    page.row += 1;
    for (column, name) in (0_u16..).zip([words.value, words.total, words.against_before]) {
        page.sheet.write_string_with_format(page.row, column, name, &looks.head)?;
    }
    page.row += 1;
    let ((persons, persons_before), (vehicles, vehicles_before)) = (figures.person, figures.vehicle);
    for (name, now, before) in [
        (words.persons_in, persons.entered, persons_before.entered),
        (words.persons_out, persons.left, persons_before.left),
        (words.vehicles_in, vehicles.entered, vehicles_before.entered),
        (words.vehicles_out, vehicles.left, vehicles_before.left),
    ] {
        let change = if before == 0 { Value::Empty } else { Value::Share(now as f64 / before as f64 - 1.0) };
        page.write(&[name.into(), Value::Whole(now), change])?;
    }
    page.row += 1;
    let peak = |name: &str, group, peak: Option<Peak>| {
        let name = format!("{} – {}", language.group(group), name);
        match peak {
            Some(Peak { count, at }) => [Value::Text(name), Value::Whole(count), Value::Moment(at)],
            None => [Value::Text(name), Value::Empty, Value::Empty],
        }
    };
    for (group, busiest, fullest) in [
        (CountGroup::Person, figures.busiest.0, figures.fullest.0),
        (CountGroup::Vehicle, figures.busiest.1, figures.fullest.1),
    ] {
        page.write(&peak(words.busiest_hour, group, busiest))?;
        page.write(&peak(words.fullest, group, fullest))?;
    }
    page.row += 1;
    for note in [words.note_counts, words.note_inside, words.note_uptime, words.origins_note] {
        page.write(&[note.into()])?;
    }
    Ok(())
}

fn over_time(workbook: &mut Workbook, looks: &Looks, figures: &Figures, language: Language) -> Result<(), XlsxError> {
    let words = language.words();
    let name = words.time_sheet;
    let mut page = Page::new(workbook, looks, name, &[20.0, 12.0, 14.0, 14.0, 14.0, 14.0])?;
    let head = [words.time, words.period, words.persons_in, words.persons_out, words.vehicles_in, words.vehicles_out];
    page.head(&head)?;
    for stretch in &figures.stretches {
        let (person, vehicle) = (stretch.person, stretch.vehicle);
        page.write(&[
            Value::Moment(stretch.start),
            Value::Text(stretch_name(figures.period.kind, stretch)),
            Value::Whole(person.entered),
            Value::Whole(person.left),
            Value::Whole(vehicle.entered),
            Value::Whole(vehicle.left),
        ])?;
    }
    let last = page.row.saturating_sub(1);
    if last == 0 {
        return Ok(());
    }
    let charts = [(words.persons_over_time, 2_u16, 0_u32), (words.vehicles_over_time, 4, 18)];
    for (title, first, row) in charts {
        let mut chart = Chart::new(ChartType::Column);
        chart.title().set_name(title);
        chart.legend().set_position(rust_xlsxwriter::ChartLegendPosition::Bottom);
        for (column, colour) in [(first, INWARD), (first + 1, OUTWARD)] {
            chart
                .add_series()
                .set_name((name, 0, column))
                .set_categories((name, 1, 1, last, 1))
                .set_values((name, 1, column, last, column))
                .set_format(
                    rust_xlsxwriter::ChartFormat::new()
                        .set_solid_fill(rust_xlsxwriter::ChartSolidFill::new().set_color(colour)),
                );
        }
        chart.set_width(720).set_height(330);
        page.sheet.insert_chart(row, 7, &chart)?;
    }
    Ok(())
}

fn gates(workbook: &mut Workbook, looks: &Looks, figures: &Figures, words: &Words) -> Result<(), XlsxError> {
    let mut page = Page::new(workbook, looks, words.gates_sheet, &[24.0, 24.0, 14.0, 14.0, 14.0, 14.0])?;
    page.head(&[words.site, words.gate, words.persons_in, words.persons_out, words.vehicles_in, words.vehicles_out])?;
    for row in &figures.gates {
        page.write(&[
            row.site.as_str().into(),
            row.gate.as_str().into(),
            Value::Whole(row.person.entered),
            Value::Whole(row.person.left),
            Value::Whole(row.vehicle.entered),
            Value::Whole(row.vehicle.left),
        ])?;
    }
    Ok(())
}

fn classes(workbook: &mut Workbook, looks: &Looks, figures: &Figures, language: Language) -> Result<(), XlsxError> {
    let words = language.words();
    let name = words.classes_sheet;
    let mut page = Page::new(workbook, looks, name, &[28.0, 14.0, 14.0])?;
    page.head(&[words.class, words.incoming, words.outgoing])?;
    for (class, InOut { entered, left }) in &figures.classes {
        page.write(&[language.class(*class).into(), Value::Whole(*entered), Value::Whole(*left)])?;
    }
    let last = page.row.saturating_sub(1);
    bars(&mut page, name, last, &[(1, INWARD), (2, OUTWARD)], words.classes)
}

fn origins(workbook: &mut Workbook, looks: &Looks, figures: &Figures, words: &Words) -> Result<(), XlsxError> {
    let name = words.origins_sheet;
    let mut page = Page::new(workbook, looks, name, &[28.0, 14.0])?;
    page.head(&[words.origin, words.total])?;
    for row in &figures.origins {
        let province = row.province.as_deref().unwrap_or(words.other_origins);
        page.write(&[province.into(), Value::Whole(row.count)])?;
    }
    let last = page.row.saturating_sub(1);
    bars(&mut page, name, last, &[(1, OUTWARD)], words.origins)
}

/// A chart of lying bars beside the table of a sheet.
fn bars(page: &mut Page<'_>, name: &str, last: u32, columns: &[(u16, Color)], title: &str) -> Result<(), XlsxError> {
    if last == 0 {
        return Ok(());
    }
    let mut chart = Chart::new(ChartType::Bar);
    chart.title().set_name(title);
    if columns.len() == 1 {
        chart.legend().set_hidden();
    }
    // The first row on top, as in the table.
    chart.y_axis().set_reverse();
    for (column, colour) in columns {
        chart
            .add_series()
            .set_name((name, 0, *column))
            .set_categories((name, 1, 0, last, 0))
            .set_values((name, 1, *column, last, *column))
            .set_format(
                rust_xlsxwriter::ChartFormat::new()
                    .set_solid_fill(rust_xlsxwriter::ChartSolidFill::new().set_color(*colour)),
            );
    }
    chart.set_width(640).set_height(140 + last.min(40) * 22);
    page.sheet.insert_chart(0, 5, &chart)?;
    Ok(())
}

fn dwell(workbook: &mut Workbook, looks: &Looks, figures: &Figures, language: Language) -> Result<(), XlsxError> {
    let words = language.words();
    let mut page = Page::new(workbook, looks, words.dwell_sheet, &[24.0, 24.0, 20.0, 14.0, 10.0, 12.0, 12.0])?;
    page.head(&[words.site, words.gate, words.zone, words.group, words.stays, words.half, words.nine_of_ten])?;
    for row in &figures.dwell {
        page.write(&[
            row.site.as_str().into(),
            row.gate.as_str().into(),
            row.zone.as_str().into(),
            language.group(row.group).into(),
            Value::Whole(row.count),
            Value::Length(row.p50),
            Value::Length(row.p90),
        ])?;
    }
    let visits = figures.visits;
    let length = |length: Option<std::time::Duration>| length.map_or(Value::Empty, Value::Length);
    page.row += 1;
    page.write(&[
        words.visits.into(),
        Value::Empty,
        Value::Empty,
        Value::Whole(visits.entries),
        Value::Whole(visits.matched),
        length(visits.p50),
        length(visits.p90),
    ])
}

fn alerts(workbook: &mut Workbook, looks: &Looks, figures: &Figures, language: Language) -> Result<(), XlsxError> {
    let words = language.words();
    let mut page = Page::new(workbook, looks, words.alerts_sheet, &[34.0, 12.0, 12.0, 12.0, 12.0, 12.0, 14.0])?;
    page.head(&[
        words.alert,
        words.raised,
        words.acknowledged,
        words.confirmed,
        words.false_alarms,
        words.open,
        words.after,
    ])?;
    for row in &figures.alerts {
        let closed = row.confirmed + row.false_alarms + row.closed_otherwise;
        page.write(&[
            language.alert(row.kind).into(),
            Value::Whole(row.raised),
            Value::Whole(row.acknowledged),
            Value::Whole(row.confirmed),
            Value::Whole(row.false_alarms),
            Value::Whole(row.raised.saturating_sub(closed)),
            row.acknowledged_after.map_or(Value::Empty, Value::Length),
        ])?;
    }
    Ok(())
}

fn uptime(workbook: &mut Workbook, looks: &Looks, figures: &Figures, words: &Words) -> Result<(), XlsxError> {
    let mut page = Page::new(workbook, looks, words.uptime_sheet, &[24.0, 24.0, 20.0, 12.0, 12.0, 14.0])?;
    page.head(&[words.site, words.device, words.camera, words.working, words.outages, words.longest])?;
    for row in &figures.uptime {
        page.write(&[
            row.site.as_str().into(),
            row.node.as_str().into(),
            row.camera.as_deref().map_or(Value::Empty, Value::from),
            Value::Share(row.share),
            Value::Whole(row.outages),
            Value::Length(row.longest),
        ])?;
    }
    Ok(())
}

fn accuracy(workbook: &mut Workbook, looks: &Looks, figures: &Figures, language: Language) -> Result<(), XlsxError> {
    let words = language.words();
    let mut page = Page::new(workbook, looks, words.accuracy_sheet, &[24.0, 24.0, 14.0, 10.0, 12.0, 12.0, 12.0, 12.0])?;
    let (low, high) = (format!("{} –", words.interval), format!("{} +", words.interval));
    page.head(&[words.site, words.gate, words.group, words.direction, words.audited, words.bias, &low, &high])?;
    for row in &figures.accuracy {
        let of = |value: Option<f64>| value.map_or(Value::Empty, Value::Share);
        page.write(&[
            row.site.as_str().into(),
            row.gate.as_str().into(),
            language.group(row.group).into(),
            language.direction(row.direction).into(),
            Value::Whole(row.hours as u64),
            of(row.error.map(|error| error.bias)),
            of(row.error.map(|error| error.low)),
            of(row.error.map(|error| error.high)),
        ])?;
    }
    if figures.accuracy.is_empty() {
        page.write(&[words.not_audited.into()])?;
    }
    Ok(())
}
