//! The rows of an export, a part at a time.

use std::collections::VecDeque;

use domain::{GateId, SiteId, UtcTime};
use report::Cell;
use store::{AlertFilter, CountBucket, CountsFilter, DecisionFilter, ListCursor, ListFilter, Store, StoreError};

use crate::accounts::Permission;
use crate::api::actor::Actor;

/// Rows read at a time.
const PAGE_ROWS: u32 = 500;

/// What can be taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Counts,
    Passages,
    Decisions,
    Alerts,
}

impl Table {
    pub(super) const ALL: [Self; 4] = [Self::Counts, Self::Passages, Self::Decisions, Self::Alerts];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Counts => "counts",
            Self::Passages => "passages",
            Self::Decisions => "decisions",
            Self::Alerts => "alerts",
        }
    }

    /// What one needs to take it away.
    pub(super) const fn permission(self) -> Permission {
        match self {
            Self::Counts => Permission::FiguresRead,
            Self::Passages => Permission::EventsRead,
            Self::Decisions => Permission::DecisionsRead,
            Self::Alerts => Permission::AlertsRead,
        }
    }

    pub(super) const fn heads(self) -> &'static [&'static str] {
        match self {
            Self::Counts => &["start", "site", "gate", "group", "class", "direction", "count"],
            Self::Passages => {
                &["at", "site", "gate", "line", "direction", "group", "class", "confidence", "node", "camera", "event"]
            }
            Self::Decisions => {
                &["at", "site", "gate", "lane", "verdict", "reason", "rule", "method", "number", "node", "event"]
            }
            Self::Alerts => &[
                "at",
                "site",
                "gate",
                "kind",
                "state",
                "subject",
                "detail",
                "ended_at",
                "acknowledged_at",
                "acknowledged_by",
                "closed_at",
                "closed_by",
                "outcome",
                "note",
                "node",
                "id",
            ],
        }
    }
}

/// Where the next part begins.
enum Place {
    /// Gates whose counts are still to come.
    Gates(VecDeque<(SiteId, GateId)>),
    /// What comes after this row of a list, the first part where there is none.
    Before(Option<(UtcTime, String)>),
    /// Everything was given.
    End,
}

/// The rows of an export.
pub(super) struct Source {
    store: Store,
    actor: Actor,
    table: Table,
    site: Option<SiteId>,
    gate: Option<GateId>,
    from: UtcTime,
    to: UtcTime,
    place: Place,
}

impl Source {
    pub(super) async fn new(
        store: Store,
        actor: Actor,
        table: Table,
        (site, gate): (Option<SiteId>, Option<GateId>),
        (from, to): (UtcTime, UtcTime),
    ) -> Result<Self, StoreError> {
        let place = match table {
            Table::Counts => Place::Gates(store.gates_known().await?.into()),
            Table::Passages | Table::Decisions | Table::Alerts => Place::Before(None),
        };
        Ok(Self { store, actor, table, site, gate, from, to, place })
    }

    fn takes(&self, site: &SiteId, gate: Option<&GateId>) -> bool {
        self.site.as_ref().is_none_or(|wanted| wanted == site)
            && self.gate.as_ref().is_none_or(|wanted| Some(wanted) == gate)
            && self.actor.sees(site)
    }

    /// The next part, which may be without a row; nothing at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Vec<Cell>>>, StoreError> {
        let place = std::mem::replace(&mut self.place, Place::End);
        match (place, self.table) {
            (Place::End, _) => Ok(None),
            (Place::Gates(mut gates), _) => {
                let Some((site, gate)) = gates.pop_front() else { return Ok(None) };
                self.place = Place::Gates(gates);
                if self.takes(&site, Some(&gate)) { self.counts(site, gate).await.map(Some) } else { Ok(Some(vec![])) }
            }
            (Place::Before(before), Table::Counts | Table::Passages) => self.passages(before).await.map(Some),
            (Place::Before(before), Table::Decisions) => self.decisions(before).await.map(Some),
            (Place::Before(before), Table::Alerts) => self.alerts(before).await.map(Some),
        }
    }

    async fn counts(&self, site: SiteId, gate: GateId) -> Result<Vec<Vec<Cell>>, StoreError> {
        let minute_up = |at: UtcTime| (at.as_unix_micros() + 59_999_999).div_euclid(60_000_000);
        let filter = CountsFilter {
            sites: Some(site.clone()).into(),
            gate: Some(gate.clone()),
            from_minute: self.from.as_unix_minutes().max(0),
            to_minute: minute_up(self.to),
            bucket: CountBucket::Hour,
        };
        let rows = self.store.counts(&filter).await?;
        let moment = |minute: i64| UtcTime::from_unix_micros(minute * 60_000_000).unwrap_or(self.from);
        let row = |row: &store::CountRow| {
            vec![
                Cell::Moment(moment(row.start_minute)),
                Cell::Text(site.to_string()),
                Cell::Text(gate.to_string()),
                Cell::Text(row.class.group().as_str().to_owned()),
                Cell::Text(row.class.as_str().to_owned()),
                Cell::Text(row.direction.as_str().to_owned()),
                Cell::count(row.count),
            ]
        };
        Ok(rows.iter().map(row).collect())
    }

    /// The first part begins at the end of the span: no identity is above this one.
    fn list(&self, before: Option<(UtcTime, String)>) -> ListFilter {
        let (at, id) = before.unwrap_or((self.to, String::new()));
        let before = format!("{}_{}", at.as_unix_micros(), if id.is_empty() { NO_ID } else { &id });
        let before = before.parse::<ListCursor>().ok();
        ListFilter { sites: self.actor.sites(self.site.as_ref()), gate: self.gate.clone(), before, limit: PAGE_ROWS }
    }

    /// Goes on behind the last row, where the part was full and did not go beyond the span.
    fn go_on(&mut self, rows: usize, last: Option<(UtcTime, String)>) {
        self.place = match last {
            Some((at, id)) if rows == PAGE_ROWS as usize && at >= self.from => Place::Before(Some((at, id))),
            Some(_) | None => Place::End,
        };
    }

    async fn passages(&mut self, before: Option<(UtcTime, String)>) -> Result<Vec<Vec<Cell>>, StoreError> {
        let rows = self.store.passages(&self.list(before)).await?;
        self.go_on(rows.len(), rows.last().map(|row| (row.passage.at, row.id.to_string())));
        let seen =
            rows.iter().filter(|row| row.passage.at >= self.from && self.takes(&row.site, Some(&row.passage.gate)));
        let row = |row: &projections::PassageRow| {
            let passage = &row.passage;
            vec![
                Cell::Moment(passage.at),
                Cell::Text(row.site.to_string()),
                Cell::Text(passage.gate.to_string()),
                Cell::Text(passage.line.to_string()),
                Cell::Text(passage.direction.as_str().to_owned()),
                Cell::Text(passage.class.group().as_str().to_owned()),
                Cell::Text(passage.class.as_str().to_owned()),
                Cell::Number((f64::from(passage.confidence) * 1_000.0).round() / 1_000.0),
                Cell::Text(row.node.to_string()),
                Cell::Text(passage.camera.to_string()),
                Cell::Text(row.id.to_string()),
            ]
        };
        Ok(seen.map(row).collect())
    }

    async fn decisions(&mut self, before: Option<(UtcTime, String)>) -> Result<Vec<Vec<Cell>>, StoreError> {
        let filter = DecisionFilter { list: self.list(before), from: Some(self.from), ..DecisionFilter::default() };
        let rows = self.store.decisions(&filter).await?;
        self.go_on(rows.len(), rows.last().map(|row| (row.at, row.id.to_string())));
        let seen = rows.iter().filter(|row| self.takes(&row.site, row.decision.gate.as_ref()));
        // Who it was about is not here: that is looked at one by one, with a purpose.
        let row = |row: &projections::DecisionRow| {
            let decision = &row.decision;
            vec![
                Cell::Moment(row.at),
                Cell::Text(row.site.to_string()),
                Cell::text(decision.gate.as_ref().map(ToString::to_string)),
                Cell::Text(decision.lane.to_string()),
                Cell::Text(decision.verdict.as_str().to_owned()),
                Cell::Text(decision.reason.clone()),
                Cell::text(decision.rule.clone()),
                Cell::text(decision.method.clone()),
                Cell::Text(decision.number.clone()),
                Cell::Text(row.node.to_string()),
                Cell::Text(row.id.to_string()),
            ]
        };
        Ok(seen.map(row).collect())
    }

    async fn alerts(&mut self, before: Option<(UtcTime, String)>) -> Result<Vec<Vec<Cell>>, StoreError> {
        let filter = AlertFilter {
            sites: self.actor.sites(self.site.as_ref()),
            from: Some(self.from),
            to: Some(self.to),
            before,
            limit: PAGE_ROWS,
            ..AlertFilter::default()
        };
        let rows = self.store.alerts_raised(&filter).await?;
        self.go_on(rows.len(), rows.last().map(|row| (row.at, row.id.clone())));
        let seen = rows.iter().filter(|row| self.takes(&row.site, row.gate.as_ref()));
        let row = |row: &store::AlertRow| {
            let (taken, closed) = (row.acknowledged.as_ref(), row.closed.as_ref());
            let note = closed.map(|(acted, _)| acted).or(taken).map(|acted| acted.note.clone());
            let moment = |at: Option<UtcTime>| at.map_or(Cell::Empty, Cell::Moment);
            vec![
                Cell::Moment(row.at),
                Cell::Text(row.site.to_string()),
                Cell::text(row.gate.as_ref().map(ToString::to_string)),
                Cell::Text(row.kind.as_str().to_owned()),
                Cell::Text(row.state().as_str().to_owned()),
                Cell::Text(row.subject.clone()),
                Cell::Text(row.detail.clone()),
                moment(row.ended_at),
                moment(taken.map(|acted| acted.at)),
                Cell::text(taken.map(|acted| acted.by.clone())),
                moment(closed.map(|(acted, _)| acted.at)),
                Cell::text(closed.map(|(acted, _)| acted.by.clone())),
                Cell::text(closed.map(|(_, outcome)| outcome.as_str())),
                Cell::text(note.filter(|note| !note.is_empty())),
                Cell::Text(row.node.to_string()),
                Cell::Text(row.id.clone()),
            ]
        };
        Ok(seen.map(row).collect())
    }
}

/// Below every identity, so that what happened at the very end of the span, which is not in it, is left out.
const NO_ID: &str = "00000000-0000-0000-0000-000000000000";
