//! Reports for those who lead: what went on at a site or in a province over a day, a week, a month or a year.
//!
//! Owns the periods and their cuts, what a report says, its words in Vietnamese and English, and its two forms, PDF and
//! XLSX. Never reads a database, a clock or a setting: whoever calls hands in the figures, the moment they are of, and the
//! fonts. Reading fonts from the disk is its only IO.
//!
//! Start reading at [`Figures`]; [`period`] says what a week is, [`pdf::render`] and [`xlsx::render`] make the documents.

pub mod figures;
pub mod font;
pub mod number;
pub mod pdf;
pub mod period;
pub mod table;
pub mod words;
pub mod xlsx;

mod chart;
mod sheet;

pub use figures::{
    AccuracyRow, AlertsRow, DwellRow, Figures, GateRow, InOut, OriginRow, Peak, Scope, Stretch, UptimeRow, VisitsRow,
    origins,
};
pub use font::{FontError, Fonts};
pub use period::{Cut, Period, ReportKind};
pub use table::{Cell, TableError, TableWriter};
pub use words::Language;
