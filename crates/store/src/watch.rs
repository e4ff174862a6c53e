//! Watch lists: plates that nodes tell of, each with the law that allows it, who asked for it, until when, and a second
//! person's word. Nothing is ever deleted: an entry is taken out with who and why.

use domain::{SiteId, UtcTime};
use thiserror::Error;
use vnplate::Key;

use crate::db::{Query, Row, Tx};
use crate::error::StoreError;
use crate::open::Store;
use crate::row::{moment, parsed};

/// Most entries of one site that are not over.
pub const WATCH_ENTRIES_MAX: i64 = 100_000;

/// Longest text of an entry, in characters.
pub const WATCH_TEXT_CHARS_MAX: usize = 200;

/// The longest time for which an entry can be asked for, in days: then somebody has to ask again.
pub const WATCH_DAYS_MAX: u64 = 366;

/// An entry to propose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWatch {
    /// Its name: 16 hexadecimal digits.
    pub id: String,
    /// The site.
    pub site: SiteId,
    /// The list: `lists/LIST.csv` in the site's policy.
    pub list: String,
    /// The plate.
    pub plate: Key,
    /// What the guard is told.
    pub note: String,
    /// The law or order that allows it.
    pub legal_basis: String,
    /// Who asked for it.
    pub authority: String,
    /// Until when.
    pub expires_at: UtcTime,
    /// Who enters it.
    pub proposed_by: String,
    /// When.
    pub proposed_at: UtcTime,
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Who.
    pub by: String,
    /// When.
    pub at: UtcTime,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchRow {
    /// What was proposed.
    pub entry: NewWatch,
    /// The second person's word, and whether it was yes.
    pub decided: Option<(Word, Decision)>,
    /// Who took it out, and why.
    pub removed: Option<(Word, String)>,
}

/// The second person's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Approved,
    /// No.
    Refused,
}

impl Decision {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Refused => "refused",
        }
    }
}

/// Why a watch list is not changed.
#[derive(Debug, Error)]
pub enum WatchError {
    /// A text is missing or too long.
    #[error("{field}: 1 to {WATCH_TEXT_CHARS_MAX} characters on one line are accepted")]
    Text {
        /// Which.
        field: &'static str,
    },
    /// The end is not in the time to come, or too far.
    #[error("expires_at: {0} is not within the next {WATCH_DAYS_MAX} days")]
    Expiry(UtcTime),
    /// The same plate is on that list already.
    #[error("plate: it is on the list \"{list}\" already, as entry {id}")]
    Twin {
        /// The list.
        list: String,
        /// The entry.
        id: String,
    },
    /// There are too many.
    #[error("the site has {WATCH_ENTRIES_MAX} entries: take some out first")]
    TooMany,
    /// There is no such entry.
    #[error("the site has no entry \"{0}\"")]
    Unknown(String),
    /// Nobody decides about what he proposed.
    #[error("entry {id} was proposed by {by}, so somebody else has to decide: two pairs of eyes see more than one")]
    SamePerson {
        /// The entry.
        id: String,
        /// Who.
        by: String,
    },
    /// It was decided before, or taken out, or is over.
    #[error("entry {id} is {state}")]
    Settled {
        /// The entry.
        id: String,
        /// What it is.
        state: &'static str,
    },
    /// The database failed.
    #[error("cannot change the watch list")]
    Store(#[from] StoreError),
}

impl WatchRow {
    /// `proposed`, `in_force`, `refused`, `removed` or `expired`.
    pub fn state(&self, now: UtcTime) -> &'static str {
        match (&self.removed, &self.decided) {
            (Some(_), _) => "removed",
            (None, Some((_, Decision::Refused))) => "refused",
            (None, _) if now >= self.entry.expires_at => "expired",
            (None, Some((_, Decision::Approved))) => "in_force",
            (None, None) => "proposed",
        }
    }
}

impl Store {
    /// Proposes an entry. It is in no policy until somebody else has approved it.
    pub async fn watch_propose(&self, new: &NewWatch) -> Result<(), WatchError> {
        for (field, text) in [("note", &new.note), ("legal_basis", &new.legal_basis), ("authority", &new.authority)] {
            let letters = text.trim().chars().count();
            if letters == 0 || letters > WATCH_TEXT_CHARS_MAX || text.chars().any(char::is_control) {
                return Err(WatchError::Text { field });
            }
        }
        let left = new.expires_at.since(new.proposed_at).as_secs();
        if left == 0 || left > WATCH_DAYS_MAX * 86_400 {
            return Err(WatchError::Expiry(new.expires_at));
        }
        let at = new.proposed_at.as_unix_micros();
        let mut tx = self.write_begin().await?;
        let twin = Query::new(
            "select id from watch_entry where site = $1 and list = $2 and plate = $3 and expires_at > $4 \
             and removed_at is null and (decision is null or decision = 'approved')",
        );
        let twin = twin.bind(new.site.as_str()).bind(&new.list).bind(new.plate.as_str()).bind(at);
        if let Some(row) = twin.fetch_optional(&mut tx).await? {
            return Err(WatchError::Twin { list: new.list.clone(), id: row.try_get("id")? });
        }
        let count =
            Query::new("select count(*) from watch_entry where site = $1 and expires_at > $2 and removed_at is null");
        if count.bind(new.site.as_str()).bind(at).fetch_number(&mut tx).await? >= WATCH_ENTRIES_MAX {
            return Err(WatchError::TooMany);
        }
        Query::new(
            "insert into watch_entry (id, site, list, plate, note, legal_basis, authority, expires_at, proposed_by, \
             proposed_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(&new.id)
        .bind(new.site.as_str())
        .bind(&new.list)
        .bind(new.plate.as_str())
        .bind(new.note.trim())
        .bind(new.legal_basis.trim())
        .bind(new.authority.trim())
        .bind(new.expires_at.as_unix_micros())
        .bind(&new.proposed_by)
        .bind(at)
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The second person's word about an entry.
    pub async fn watch_decide(
        &self,
        site: &SiteId,
        id: &str,
        decision: Decision,
        by: &str,
        at: UtcTime,
    ) -> Result<(), WatchError> {
        let mut tx = self.write_begin().await?;
        let row = held(&mut tx, site, id).await?;
        if row.entry.proposed_by == by {
            return Err(WatchError::SamePerson { id: id.to_owned(), by: by.to_owned() });
        }
        let state = row.state(at);
        if state != "proposed" {
            return Err(WatchError::Settled { id: id.to_owned(), state });
        }
        let decide = Query::new(
            "update watch_entry set decision = $1, decided_by = $2, decided_at = $3 where id = $4 and decision is null",
        );
        let decide = decide.bind(decision.as_str()).bind(by).bind(at.as_unix_micros()).bind(id);
        if decide.execute(&mut tx).await? == 0 {
            return Err(WatchError::Settled { id: id.to_owned(), state: "decided" });
        }
        tx.commit().await?;
        Ok(())
    }

    /// Takes an entry out. One person is enough for that: nobody is watched by mistake for the want of a second one.
    pub async fn watch_remove(
        &self,
        site: &SiteId,
        id: &str,
        reason: &str,
        by: &str,
        at: UtcTime,
    ) -> Result<(), WatchError> {
        let letters = reason.trim().chars().count();
        if letters == 0 || letters > WATCH_TEXT_CHARS_MAX {
            return Err(WatchError::Text { field: "reason" });
        }
        let mut tx = self.write_begin().await?;
        let row = held(&mut tx, site, id).await?;
        let state = row.state(at);
        if state == "removed" || state == "refused" {
            return Err(WatchError::Settled { id: id.to_owned(), state });
        }
        Query::new("update watch_entry set removed_by = $1, removed_at = $2, removed_reason = $3 where id = $4")
            .bind(by)
            .bind(at.as_unix_micros())
            .bind(reason.trim())
            .bind(id)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// A site's entries, the newest first, at most `limit`; only of one list where it is given.
    pub async fn watch_entries(
        &self,
        site: &SiteId,
        list: Option<&str>,
        limit: u32,
    ) -> Result<Vec<WatchRow>, StoreError> {
        let mut query = Query::new("select * from watch_entry where site = $1").bind(site.as_str());
        if let Some(list) = list {
            query.push(" and list = ").push_bind(list);
        }
        query.push(" order by proposed_at desc, id limit ").push_bind(i64::from(limit));
        query.fetch_all(&self.inner.db).await?.iter().map(watch).collect()
    }

    /// The names of a site's lists, and the entries in force, by list and plate: what goes into a policy.
    pub async fn watch_in_force(
        &self,
        site: &SiteId,
        now: UtcTime,
    ) -> Result<(Vec<String>, Vec<WatchRow>), StoreError> {
        let lists = Query::new("select distinct list from watch_entry where site = $1 order by list");
        let lists = lists.bind(site.as_str()).fetch_texts(&self.inner.db).await?;
        let rows = Query::new(
            "select * from watch_entry where site = $1 and decision = 'approved' and removed_at is null \
             and expires_at > $2 order by list, plate",
        );
        let rows = rows.bind(site.as_str()).bind(now.as_unix_micros()).fetch_all(&self.inner.db).await?;
        Ok((lists, rows.iter().map(watch).collect::<Result<_, _>>()?))
    }
}

async fn held(tx: &mut Tx, site: &SiteId, id: &str) -> Result<WatchRow, WatchError> {
    let found = Query::new("select * from watch_entry where site = $1 and id = $2").bind(site.as_str()).bind(id);
    let found = found.fetch_optional(tx).await?;
    let row = found.ok_or_else(|| WatchError::Unknown(id.chars().take(40).collect()))?;
    Ok(watch(&row)?)
}

fn watch(row: &Row) -> Result<WatchRow, StoreError> {
    let word = |by: &str, at: &str| -> Result<Option<Word>, StoreError> {
        let at = row.try_get::<Option<i64>>(at)?.map(moment).transpose()?;
        Ok(row.try_get::<Option<String>>(by)?.zip(at).map(|(by, at)| Word { by, at }))
    };
    let decision = match row.try_get::<Option<&str>>("decision")? {
        None => None,
        Some("approved") => Some(Decision::Approved),
        Some("refused") => Some(Decision::Refused),
        Some(other) => {
            return Err(StoreError::Row { what: "a decision", text: other.chars().take(80).collect() });
        }
    };
    Ok(WatchRow {
        entry: NewWatch {
            id: row.try_get("id")?,
            site: parsed("a site id", row.try_get("site")?)?,
            list: row.try_get("list")?,
            plate: parsed("a plate", row.try_get("plate")?)?,
            note: row.try_get("note")?,
            legal_basis: row.try_get("legal_basis")?,
            authority: row.try_get("authority")?,
            expires_at: moment(row.try_get("expires_at")?)?,
            proposed_by: row.try_get("proposed_by")?,
            proposed_at: moment(row.try_get("proposed_at")?)?,
        },
        decided: word("decided_by", "decided_at")?.zip(decision),
        removed: word("removed_by", "removed_at")?.zip(row.try_get("removed_reason")?),
    })
}
