//! Which reports are made by themselves, as people set it.

use domain::{SiteId, UtcTime};

use crate::db::{Query, Row};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::{moment, parsed};

/// What scheduled reports are about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReportScope {
    /// All sites together, in one report.
    All,
    /// Every site, each in a report of its own; those of tomorrow too.
    Each,
    /// One site.
    Site(SiteId),
}

impl ReportScope {
    /// Its name in the database and the API.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Each => "each",
            Self::Site(_) => "site",
        }
    }

    /// The single site.
    pub const fn site(&self) -> Option<&SiteId> {
        match self {
            Self::All | Self::Each => None,
            Self::Site(site) => Some(site),
        }
    }
}

/// Reports that are made whenever their span is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportScheduleRow {
    /// How long the span is, by name.
    pub kind: String,
    /// What they are about.
    pub scope: ReportScope,
    /// Who set it.
    pub set_by: String,
    /// When; spans that were over before are left out.
    pub set_at: UtcTime,
}

impl Store {
    /// What people have scheduled, by kind and scope.
    pub async fn report_schedules(&self) -> Result<Vec<ReportScheduleRow>, StoreError> {
        let query = Query::new("select * from report_schedule order by kind, scope, site");
        query.fetch_all(&self.inner.db).await?.iter().map(schedule).collect()
    }

    /// Schedules reports; says whether that is new. What was set before keeps its name and moment.
    pub async fn report_schedule_add(&self, row: &ReportScheduleRow) -> Result<bool, StoreError> {
        let mut tx = self.write_begin().await?;
        let added = Query::new(
            "insert into report_schedule (kind, scope, site, set_by, set_at) values ($1, $2, $3, $4, $5) \
             on conflict (kind, scope, site) do nothing",
        )
        .bind(&row.kind)
        .bind(row.scope.as_str())
        .bind(row.scope.site().map_or("", SiteId::as_str))
        .bind(&row.set_by)
        .bind(row.set_at.as_unix_micros())
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(added > 0)
    }

    /// Ends a schedule; says whether there was one. Reports that it made stay.
    pub async fn report_schedule_delete(&self, kind: &str, scope: &ReportScope) -> Result<bool, StoreError> {
        let mut tx = self.write_begin().await?;
        let query = Query::new("delete from report_schedule where kind = $1 and scope = $2 and site = $3");
        let site = scope.site().map_or("", SiteId::as_str);
        let deleted = query.bind(kind).bind(scope.as_str()).bind(site).execute(&mut tx).await?;
        tx.commit().await?;
        Ok(deleted > 0)
    }
}

fn schedule(row: &Row) -> Result<ReportScheduleRow, StoreError> {
    let (scope, site): (String, String) = (row.try_get("scope")?, row.try_get("site")?);
    let scope = match scope.as_str() {
        "all" => ReportScope::All,
        "each" => ReportScope::Each,
        _ => ReportScope::Site(parsed("a site id", &site)?),
    };
    Ok(ReportScheduleRow {
        kind: row.try_get("kind")?,
        scope,
        set_by: row.try_get("set_by")?,
        set_at: moment(row.try_get("set_at")?)?,
    })
}
