//! What the documents say, read back from their bytes.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use calamine::{Data, Reader, Xlsx};
use domain::{CountGroup, Direction, ObjectClass, UtcTime};
use projections::{AlertKind, RelativeError};
use report::figures::{AccuracyRow, AlertsRow, DwellRow, GateRow, OriginRow, UptimeRow, VisitsRow};
use report::{Cut, Figures, Fonts, InOut, Language, Peak, Period, ReportKind, Scope, Stretch, pdf, xlsx};

fn at(text: &str) -> UtcTime {
    text.parse().unwrap()
}

fn later(from: UtcTime, hours: i64) -> UtcTime {
    UtcTime::from_unix_micros(from.as_unix_micros() + hours * 3_600_000_000).unwrap()
}

fn io(entered: u64, left: u64) -> InOut {
    InOut { entered, left }
}

fn figures(kind: ReportKind) -> Figures {
    let period = Period::containing(kind, Cut::default(), at("2026-11-21T05:00:00Z"));
    let (count, step) = match kind {
        ReportKind::Day => (24, 1),
        ReportKind::Week => (8, 24),
        ReportKind::Month => (30, 24),
        ReportKind::HalfYear => (6, 730),
        ReportKind::Year => (12, 730),
    };
    let wave = |place: u64, most: u64| most / 4 + most * ((place * 7 + 3) % 11) / 14;
    let stretches: Vec<_> = (0..count)
        .map(|place| Stretch {
            start: later(period.from(), i64::try_from(place).unwrap() * step),
            person: io(wave(place, 1_800), wave(place + 1, 1_700)),
            vehicle: io(wave(place + 2, 420), wave(place + 3, 410)),
        })
        .collect();
    let sum = |group: CountGroup| {
        let passed = stretches.iter().map(|stretch| stretch.of(group));
        passed.fold(InOut::default(), |sum, one| io(sum.entered + one.entered, sum.left + one.left))
    };
    let alerts = |kind, raised, confirmed, false_alarms| AlertsRow {
        kind,
        raised,
        acknowledged: raised - 1,
        confirmed,
        false_alarms,
        closed_otherwise: 0,
        acknowledged_after: Some(Duration::from_secs(95)),
    };
    Figures {
        scope: Scope { province: "Lâm Đồng".to_owned(), site: None },
        period,
        data_until: later(period.to(), 1),
        person: (sum(CountGroup::Person), io(11_000, 12_000)),
        vehicle: (sum(CountGroup::Vehicle), io(0, 0)),
        busiest: (Some(Peak { count: 1_535, at: later(period.from(), 2) }), None),
        fullest: (
            Some(Peak { count: 2_310, at: later(period.from(), 4) }),
            Some(Peak { count: 88, at: period.from() }),
        ),
        stretches,
        classes: ObjectClass::ALL
            .into_iter()
            .zip([9_000, 12, 40, 2_411, 3, 1_202, 77, 190])
            .map(|(class, n)| (class, io(n, n / 2)))
            .collect(),
        gates: (1..=48)
            .map(|n| GateRow {
                site: format!("khu-du-lich-{}", n % 7),
                gate: format!("cong-{n}"),
                person: io(n * 31, n * 30),
                vehicle: io(n * 3, n * 2),
            })
            .collect(),
        origins: [
            ("Lâm Đồng", 1_410),
            ("Thành phố Hồ Chí Minh", 920),
            ("Đồng Nai", 401),
            ("Hà Nội", 77),
            ("Đắk Lắk", 15),
        ]
        .into_iter()
        .map(|(name, count)| OriginRow { province: Some(name.to_owned()), count })
        .chain([OriginRow { province: None, count: 31 }])
        .collect(),
        visits: VisitsRow {
            entries: 2_100,
            matched: 1_950,
            p50: Some(Duration::from_secs(7_260)),
            p90: Some(Duration::from_secs(20_000)),
        },
        dwell: vec![DwellRow {
            site: "khu-du-lich-1".to_owned(),
            gate: "cong-1".to_owned(),
            zone: "san-chinh".to_owned(),
            group: CountGroup::Person,
            count: 4_321,
            p50: Duration::from_secs(61),
            p90: Duration::from_secs(610),
        }],
        alerts: vec![
            alerts(AlertKind::WatchlistHit, 3, 2, 1),
            alerts(AlertKind::Crowding, 14, 9, 2),
            alerts(AlertKind::NodeSilent, 2, 1, 0),
        ],
        uptime: (1..=5)
            .map(|n| UptimeRow {
                site: "khu-du-lich-1".to_owned(),
                node: format!("node-{n}"),
                camera: (n > 1).then(|| format!("cam-{n}")),
                share: if n == 3 { 0.9312 } else { 0.9994 },
                outages: n,
                longest: Duration::from_secs(n * 700),
            })
            .collect(),
        accuracy: vec![AccuracyRow {
            site: "khu-du-lich-1".to_owned(),
            gate: "cong-1".to_owned(),
            group: CountGroup::Person,
            direction: Direction::In,
            hours: 12,
            error: Some(RelativeError { bias: -0.021, low: -0.048, high: 0.006 }),
        }],
    }
}

fn fonts() -> Option<Fonts> {
    match Fonts::installed() {
        Ok(fonts) => Some(fonts),
        Err(error) => {
            println!("skipped: {error}");
            None
        }
    }
}

/// The text of a PDF by poppler's `pdftotext`; nothing where that is not installed.
fn text_of(pdf: &[u8]) -> Option<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().write_all(pdf).unwrap();
    let ran = Command::new("pdftotext").arg("-layout").arg(file.path()).arg("-").stderr(Stdio::inherit()).output();
    match ran {
        Ok(output) => {
            assert!(output.status.success());
            Some(String::from_utf8(output.stdout).unwrap())
        }
        Err(error) => {
            println!("skipped: cannot run pdftotext of poppler-utils: {error}");
            None
        }
    }
}

fn keep(name: &str, bytes: &[u8]) {
    if let Some(folder) = std::env::var_os("GATEHOUSE_KEEP_REPORTS") {
        std::fs::write(std::path::Path::new(&folder).join(name), bytes).unwrap();
    }
}

#[test]
fn the_pdf_says_in_vietnamese_what_the_figures_say() {
    let Some(fonts) = fonts() else { return };
    for kind in ReportKind::ALL {
        let figures = figures(kind);
        let bytes = pdf::render(&figures, Language::Vi, &fonts).unwrap();
        keep(&format!("{kind}-vi.pdf"), &bytes);
        assert_eq!(bytes, pdf::render(&figures, Language::Vi, &fonts).unwrap(), "the same figures, the same bytes");
        let Some(text) = text_of(&bytes) else { return };
        let whole = |number| report::number::whole(number, Language::Vi);
        for wanted in [
            "Lượt người vào".to_owned(),
            "Tỉnh Lâm Đồng".to_owned(),
            whole(figures.person.0.entered),
            whole(figures.person.0.left),
            whole(figures.vehicle.0.entered),
            "2.310 (".to_owned(),
            "Thành phố Hồ Chí".to_owned(),
            "1.410".to_owned(),
            "Tập trung đông người".to_owned(),
            "93,1%".to_owned(),
            "\u{2212}2,1%".to_owned(),
            "và 8 cổng khác".to_owned(),
            "Trang 1/".to_owned(),
        ] {
            assert!(text.contains(&wanted), "{kind}: {wanted} is not in\n{text}");
        }
    }
}

#[test]
fn the_pdf_has_an_english_form_and_says_what_is_not_known() {
    let Some(fonts) = fonts() else { return };
    let mut figures = figures(ReportKind::Week);
    figures.data_until = later(figures.period.from(), 5);
    (figures.accuracy, figures.alerts, figures.origins, figures.gates) = (vec![], vec![], vec![], vec![]);
    figures.stretches.iter_mut().for_each(|stretch| (stretch.person, stretch.vehicle) = (io(0, 0), io(0, 0)));
    let bytes = pdf::render(&figures, Language::En, &fonts).unwrap();
    keep("empty-en.pdf", &bytes);
    let Some(text) = text_of(&bytes) else { return };
    for wanted in [
        "Weekly report",
        "From 15:00 18/11/2026 to 15:00 25/11/2026",
        "The period is not over",
        "No alerts",
        "not known",
    ] {
        assert!(text.contains(wanted), "{wanted} is not in\n{text}");
    }
}

#[test]
fn the_workbook_holds_every_figure_as_a_number() {
    let figures = figures(ReportKind::Month);
    let bytes = xlsx::render(&figures, Language::Vi).unwrap();
    keep("month-vi.xlsx", &bytes);
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(bytes)).unwrap();
    let mut sum = |sheet: &str, column: usize| -> f64 {
        let range = book.worksheet_range(sheet).unwrap();
        range
            .rows()
            .skip(1)
            .filter_map(|row| if let Data::Float(number) = row[column] { Some(number) } else { None })
            .sum()
    };
    let (person, vehicle) = (figures.person.0, figures.vehicle.0);
    for (column, wanted) in [(2, person.entered), (3, person.left), (4, vehicle.entered), (5, vehicle.left)] {
        assert_eq!(sum("Thời gian", column), wanted as f64);
    }
    assert_eq!(sum("Cổng", 2), figures.gates.iter().map(|gate| gate.person.entered).sum::<u64>() as f64);
    assert_eq!(sum("Tỉnh biển số", 1), 2_854.0);
    assert_eq!(sum("Cảnh báo", 1), 19.0);
    assert_eq!(sum("Cảnh báo", 5), 4.0);
    let names = book.sheet_names();
    assert_eq!(names.len(), 9, "{names:?}");
    let summary = book.worksheet_range("Tổng hợp").unwrap();
    let cell = summary.rows().find(|row| row[0] == Data::String("Lượt người vào".to_owned())).unwrap();
    assert_eq!(cell[1], Data::Float(person.entered as f64));
}

#[test]
fn a_name_that_looks_like_a_formula_stays_a_text() {
    let mut figures = figures(ReportKind::Day);
    figures.gates.truncate(1);
    figures.gates[0].gate = "=HYPERLINK(\"http://evil\")".to_owned();
    let bytes = xlsx::render(&figures, Language::En).unwrap();
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(bytes)).unwrap();
    let formulas = book.worksheet_formula("Gates").unwrap();
    assert_eq!(formulas.cells().filter(|(_, _, text)| !text.is_empty()).count(), 0);
    let range = book.worksheet_range("Gates").unwrap();
    assert_eq!(range.get((1, 1)), Some(&Data::String("=HYPERLINK(\"http://evil\")".to_owned())));
}
