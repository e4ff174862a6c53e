//! Reports: gathering what they say, making their documents, and making by itself what is scheduled.

mod gather;
mod schedule;

use std::sync::Arc;

use domain::{SiteId, UtcTime};
use report::{Fonts, Language, Period, ReportKind, pdf, xlsx};
use store::{ReportDocument, ReportRow, Store, StoreError};
use thiserror::Error;

use crate::feeds::config::ReportRules;

pub use gather::{GatherError, gather};
pub(crate) use schedule::{Schedule, Scheduler, schedules};

/// The forms in which each report is made.
pub const FORMATS: [&str; 2] = ["pdf", "xlsx"];

/// Why a report cannot be made.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The figures cannot be gathered.
    #[error(transparent)]
    Gather(#[from] GatherError),
    /// There is no font.
    #[error(transparent)]
    Font(#[from] Arc<report::FontError>),
    /// The PDF cannot be written.
    #[error(transparent)]
    Pdf(#[from] pdf::PdfError),
    /// The workbook cannot be written.
    #[error(transparent)]
    Workbook(#[from] xlsx::WorkbookError),
    /// It cannot be kept.
    #[error("cannot keep the report")]
    Store(#[from] StoreError),
    /// The making was cut off.
    #[error("the report was cut off")]
    CutOff,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The span.
    pub period: Period,
    /// The site; nothing for all of them.
    pub site: Option<SiteId>,
    /// Who asked; empty where the schedule does.
    pub made_by: String,
    /// What of the schedule it is.
    pub schedule: Option<String>,
}

/// The fonts that the configuration names, or those of this machine.
pub fn fonts(rules: &ReportRules) -> Result<Fonts, report::FontError> {
    match &rules.fonts {
        Some((regular, bold)) => Fonts::read(regular, bold),
        None => Fonts::installed(),
    }
}

/// Makes a report in both languages and forms and keeps it. Nothing where the schedule's was kept by another hub
/// meanwhile.
pub async fn make(
    store: &Store,
    rules: &ReportRules,
    order: Order,
    now: UtcTime,
) -> Result<Option<ReportRow>, ReportError> {
    let fonts = fonts(rules).map_err(Arc::new)?;
    let figures = gather(store, rules, order.period, order.site.as_ref(), now).await?;
    let row = ReportRow {
        id: identity(&order, now),
        kind: order.period.kind.as_str().to_owned(),
        site: order.site,
        from_minute: order.period.from_minute,
        to_minute: order.period.to_minute,
        data_until: figures.data_until,
        made_by: order.made_by,
        schedule: order.schedule,
    };
    let drawn = tokio::task::spawn_blocking(move || {
        let mut documents = Vec::with_capacity(4);
        for language in [Language::Vi, Language::En] {
            let bytes = pdf::render(&figures, language, &fonts)?;
            documents.push(ReportDocument::new(language.as_str(), "pdf", bytes));
            let bytes = xlsx::render(&figures, language)?;
            documents.push(ReportDocument::new(language.as_str(), "xlsx", bytes));
        }
        Ok::<_, ReportError>(documents)
    });
    let documents = drawn.await.map_err(|_| ReportError::CutOff)??;
    let is_new = store.report_insert(&row, &documents).await?;
    Ok(is_new.then_some(row))
}

/// `week-29903220-all-1795138200000000`: of what it is and when it was made.
fn identity(order: &Order, now: UtcTime) -> String {
    let site = order.site.as_ref().map_or("all", SiteId::as_str);
    format!("{}-{}-{site}-{}", order.period.kind, order.period.from_minute, now.as_unix_micros())
}

/// What of the schedule a report is.
fn schedule_key(kind: ReportKind, period: Period, site: Option<&SiteId>) -> String {
    format!("{kind}/{}/{}", period.from_minute, site.map_or("", SiteId::as_str))
}
