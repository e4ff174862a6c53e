//! Reports that were made, with their documents.

mod schedule;

use domain::{SiteId, UtcTime};
use sha2::{Digest, Sha256};

use crate::db::{Query, Row};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::{moment, parsed};

pub use schedule::{ReportScheduleRow, ReportScope};

/// A report that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow {
    /// Its identity.
    pub id: String,
    /// How long its span is, by name.
    pub kind: String,
    /// The site; nothing where it is about all of them.
    pub site: Option<SiteId>,
    /// Its first minute.
    pub from_minute: i64,
    /// The minute after its last.
    pub to_minute: i64,
    /// The moment of the data.
    pub data_until: UtcTime,
    /// Who asked for it; empty where the schedule did.
    pub made_by: String,
    /// What of the schedule it is.
    pub schedule: Option<String>,
}

/// A document of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportDocument {
    /// Its language, `vi` or `en`.
    pub language: String,
    /// Its form, `pdf` or `xlsx`.
    pub format: String,
    /// Hash of its bytes.
    pub sha256: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl ReportDocument {
    /// A document of these bytes.
    pub fn new(language: impl Into<String>, format: impl Into<String>, bytes: Vec<u8>) -> Self {
        let sha256 = hex::encode(Sha256::digest(&bytes));
        Self { language: language.into(), format: format.into(), sha256, bytes }
    }
}

const COLUMNS: &str = "select id, kind, site, from_minute, to_minute, data_until, made_by, schedule from report ";

impl Store {
    /// Keeps a report. Says whether it is new: what the schedule asks for is kept once.
    pub async fn report_insert(&self, report: &ReportRow, documents: &[ReportDocument]) -> Result<bool, StoreError> {
        let mut tx = self.write_begin().await?;
        let inserted = Query::new(
            "insert into report (id, kind, site, from_minute, to_minute, data_until, made_by, schedule) \
             values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (schedule) do nothing",
        )
        .bind(report.id.as_str())
        .bind(report.kind.as_str())
        .bind(report.site.as_ref().map(|site| site.as_str().to_owned()))
        .bind(report.from_minute)
        .bind(report.to_minute)
        .bind(report.data_until.as_unix_micros())
        .bind(report.made_by.as_str())
        .bind(report.schedule.clone())
        .execute(&mut tx)
        .await?;
        if inserted == 0 {
            return Ok(false);
        }
        for document in documents {
            Query::new(
                "insert into report_document (report, language, format, sha256, bytes) values ($1, $2, $3, $4, $5)",
            )
            .bind(report.id.as_str())
            .bind(document.language.as_str())
            .bind(document.format.as_str())
            .bind(document.sha256.as_str())
            .bind(document.bytes.as_slice())
            .execute(&mut tx)
            .await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Reports, those with the newest data first.
    pub async fn reports(
        &self,
        site: Option<&SiteId>,
        before: Option<(UtcTime, String)>,
        limit: u32,
    ) -> Result<Vec<ReportRow>, StoreError> {
        let mut query = Query::new(format!("{COLUMNS} where true"));
        if let Some(site) = site {
            query.push(" and site = ").push_bind(site.as_str());
        }
        if let Some((at, id)) = before {
            query.push(" and (data_until, id) < (").push_bind(at.as_unix_micros());
            query.push(", ").push_bind(id).push(")");
        }
        query.push(" order by data_until desc, id desc limit ").push_bind(i64::from(limit));
        query.fetch_all(&self.inner.db).await?.iter().map(report).collect()
    }

    /// One report.
    pub async fn report_find(&self, id: &str) -> Result<Option<ReportRow>, StoreError> {
        let row = Query::new(format!("{COLUMNS} where id = $1")).bind(id).fetch_optional(&self.inner.db).await?;
        row.as_ref().map(report).transpose()
    }

    /// Whether what the schedule asks for was made, or was and somebody deleted it.
    pub async fn report_is_settled(&self, schedule: &str) -> Result<bool, StoreError> {
        let query = Query::new(
            "select (select count(*) from report where schedule = $1) \
             + (select count(*) from report_unwanted where schedule = $1)",
        );
        Ok(query.bind(schedule).fetch_number(&self.inner.db).await? > 0)
    }

    /// A document of a report.
    pub async fn report_document(
        &self,
        report: &str,
        language: &str,
        format: &str,
    ) -> Result<Option<ReportDocument>, StoreError> {
        let row = Query::new(
            "select language, format, sha256, bytes from report_document \
             where report = $1 and language = $2 and format = $3",
        )
        .bind(report)
        .bind(language)
        .bind(format)
        .fetch_optional(&self.inner.db)
        .await?;
        let document = |row: &Row| {
            Ok(ReportDocument {
                language: row.try_get("language")?,
                format: row.try_get("format")?,
                sha256: row.try_get("sha256")?,
                bytes: row.try_get("bytes")?,
            })
        };
        row.as_ref().map(document).transpose()
    }

    /// Forgets a report and its documents; says whether there was one. The schedule does not make it again.
    pub async fn report_delete(&self, id: &str, now: UtcTime) -> Result<bool, StoreError> {
        let mut tx = self.write_begin().await?;
        Query::new(
            "insert into report_unwanted (schedule, deleted_at) \
             select schedule, $1 from report where id = $2 and schedule is not null on conflict (schedule) do nothing",
        )
        .bind(now.as_unix_micros())
        .bind(id)
        .execute(&mut tx)
        .await?;
        let deleted = Query::new("delete from report where id = $1").bind(id).execute(&mut tx).await?;
        tx.commit().await?;
        Ok(deleted > 0)
    }
}

fn report(row: &Row) -> Result<ReportRow, StoreError> {
    let site: Option<String> = row.try_get("site")?;
    Ok(ReportRow {
        id: row.try_get("id")?,
        kind: row.try_get("kind")?,
        site: site.map(|site| parsed("a site id", &site)).transpose()?,
        from_minute: row.try_get("from_minute")?,
        to_minute: row.try_get("to_minute")?,
        data_until: moment(row.try_get("data_until")?)?,
        made_by: row.try_get("made_by")?,
        schedule: row.try_get("schedule")?,
    })
}
