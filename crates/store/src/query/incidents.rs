//! What gates noticed that their profiles do not allow or warn of.

use projections::IncidentRow;

use crate::db::Query;
use crate::error::StoreError;
use crate::open::Store;
use crate::query::ListFilter;
use crate::row::{from_json, named, natural, parsed};

impl Store {
    /// Incidents, newest first; only of `kind`, by its name on the wire, where one is given.
    pub async fn incidents(&self, filter: &ListFilter, kind: Option<&str>) -> Result<Vec<IncidentRow>, StoreError> {
        let ListFilter { sites, gate, before, limit } = &self.narrowed(filter).await?;
        let mut query = Query::new("select site, node, seq, id, incident, evidence from incident where true");
        sites.push(&mut query, "site");
        if let Some(gate) = gate {
            query.push(" and gate = ").push_bind(gate.as_str());
        }
        if let Some(kind) = kind {
            query.push(" and kind = ").push_bind(kind.to_owned());
        }
        if let Some(before) = before {
            let (at, id) = before.parts();
            query.push(" and (at, id) < (").push_bind(at.as_unix_micros());
            query.push(", ").push_bind(id.to_owned()).push(")");
        }
        query.push(" order by at desc, id desc limit ").push_bind(i64::from(*limit));
        let rows = query.fetch_all(&self.inner.db).await?;
        rows.iter()
            .map(|row| {
                Ok(IncidentRow {
                    site: parsed("a site id", row.try_get("site")?)?,
                    node: parsed("a node id", row.try_get("node")?)?,
                    seq: natural("an event number", row.try_get("seq")?)?,
                    id: named("an event id", row.try_get("id")?)?,
                    incident: from_json("an incident", row.try_get("incident")?)?,
                    evidence: from_json("evidence", row.try_get("evidence")?)?,
                })
            })
            .collect()
    }
}
