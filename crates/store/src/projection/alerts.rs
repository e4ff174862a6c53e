//! Writing alerts: single happenings as they are, conditions as the stretch of signals around the new ones comes to.

use std::collections::BTreeMap;

use projections::{AlertSignal, AlertSource, Changes, Edge, episodes};

use crate::db::{Dialect, Insert, Query, Row, Tx};
use crate::error::StoreError;
use crate::query::AlertRow;
use crate::row::{moment, named, natural, parsed, sql_seq};

/// Writes the alerts that `changes` raise, and those that they change, and returns them.
pub(super) async fn write(tx: &mut Tx, changes: &Changes) -> Result<Vec<AlertRow>, StoreError> {
    let mut told: BTreeMap<&AlertSource, (u64, u64)> = BTreeMap::new();
    let mut signals = Insert::new(
        "insert into alert_signal (node, kind, subject, seq, id, site, gate, at, edge, detail)",
        " on conflict (node, kind, subject, seq) do nothing",
    );
    let mut raised = Vec::new();
    for signal in changes.signals.values() {
        match signal.edge {
            Edge::Once => raised.push(AlertRow::raised(signal, None)),
            Edge::Raised | Edge::Ended => {
                let (first, last) = told.entry(&signal.source).or_insert((signal.seq, signal.seq));
                (*first, *last) = ((*first).min(signal.seq), (*last).max(signal.seq));
                signals
                    .row()
                    .push_bind(signal.source.node.as_str())
                    .push_bind(signal.source.kind.as_str())
                    .push_bind(signal.source.subject.as_str())
                    .push_bind(sql_seq(signal.seq))
                    .push_bind(signal.id.to_string())
                    .push_bind(signal.site.as_str())
                    .push_bind(signal.gate.as_ref().map(|gate| gate.as_str().to_owned()))
                    .push_bind(signal.at.as_unix_micros())
                    .push_bind(signal.edge.as_str())
                    .push_bind(signal.detail.as_str());
            }
        }
    }
    signals.execute(&mut *tx).await?;
    for (source, (first, last)) in told {
        raised.extend(stretch(tx, source, first, last).await?);
    }
    insert(tx, &raised).await?;
    Ok(raised)
}

/// The alerts of the stretch between the ends before and after the signals `first` to `last`. Those that stood there are
/// taken out.
async fn stretch(tx: &mut Tx, source: &AlertSource, first: u64, last: u64) -> Result<Vec<AlertRow>, StoreError> {
    let of = |sql: &'static str| {
        let query = Query::new(sql).bind(source.node.as_str());
        query.bind(source.kind.as_str()).bind(source.subject.as_str())
    };
    if tx.dialect() == Dialect::Postgres {
        // Two hubs may hear signals of one condition at the same time: the second waits, and then sees the first's.
        // Everybody takes these locks in the order of the sources.
        of("select pg_advisory_xact_lock(hashtextextended($1 || '/' || $2 || '/' || $3, 0))").execute(&mut *tx).await?;
    }
    let after = of("select coalesce(max(seq), 0) from alert_signal \
         where node = $1 and kind = $2 and subject = $3 and edge = 'ended' and seq < $4")
    .bind(sql_seq(first))
    .fetch_number(&mut *tx)
    .await?;
    let upto = of("select coalesce(min(seq), $5) from alert_signal \
         where node = $1 and kind = $2 and subject = $3 and edge = 'ended' and seq > $4")
    .bind(sql_seq(last))
    .bind(i64::MAX)
    .fetch_number(&mut *tx)
    .await?;
    let rows = of("select seq, id, site, gate, at, edge, detail from alert_signal \
         where node = $1 and kind = $2 and subject = $3 and seq > $4 and seq <= $5 order by seq")
    .bind(after)
    .bind(upto)
    .fetch_all(&mut *tx)
    .await?;
    of("delete from alert where node = $1 and kind = $2 and subject = $3 and seq > $4 and seq <= $5")
        .bind(after)
        .bind(upto)
        .execute(&mut *tx)
        .await?;
    let signals = rows.iter().map(|row| signal(source, row)).collect::<Result<Vec<_>, _>>()?;
    let found = episodes(&signals).into_iter();
    Ok(found.map(|episode| AlertRow::raised(episode.raised, episode.ended_at)).collect())
}

pub(crate) async fn insert(tx: &mut Tx, alerts: &[AlertRow]) -> Result<(), StoreError> {
    let mut insert = Insert::new(
        "insert into alert (id, kind, site, gate, node, subject, seq, at, ended_at, detail)",
        " on conflict (id) do nothing",
    );
    for alert in alerts {
        insert
            .row()
            .push_bind(alert.id.as_str())
            .push_bind(alert.kind.as_str())
            .push_bind(alert.site.as_str())
            .push_bind(alert.gate.as_ref().map(|gate| gate.as_str().to_owned()))
            .push_bind(alert.node.as_str())
            .push_bind(alert.subject.as_str())
            .push_bind(sql_seq(alert.seq))
            .push_bind(alert.at.as_unix_micros())
            .push_bind(alert.ended_at.map(|at| at.as_unix_micros()))
            .push_bind(alert.detail.as_str());
    }
    insert.execute(tx).await
}

fn signal(source: &AlertSource, row: &Row) -> Result<AlertSignal, StoreError> {
    let edge: String = row.try_get("edge")?;
    let gate: Option<String> = row.try_get("gate")?;
    Ok(AlertSignal {
        source: source.clone(),
        site: parsed("a site id", row.try_get("site")?)?,
        gate: gate.map(|gate| parsed("a gate id", &gate)).transpose()?,
        seq: natural("an event number", row.try_get("seq")?)?,
        id: named("an event id", row.try_get("id")?)?,
        at: moment(row.try_get("at")?)?,
        edge: if edge == Edge::Ended.as_str() { Edge::Ended } else { Edge::Raised },
        detail: row.try_get("detail")?,
    })
}
