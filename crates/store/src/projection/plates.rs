//! Plates, where they were and on which lists they are, and what was decided about who showed them.

use std::collections::BTreeSet;

use domain::ObjectClass;
use projections::{Changes, PlateRow};
use wire::EventId;

use super::purpose_name;
use crate::db::{Column, Insert, KEYS_PER_STATEMENT, Query, Tx};
use crate::error::StoreError;
use crate::row::{sql_seq, to_json};

pub(super) async fn write(tx: &mut Tx, changes: &Changes) -> Result<(), StoreError> {
    let mut plates = Vec::with_capacity(changes.plates.len());
    for row in changes.plates.values() {
        plates.push((
            row,
            to_json("gates", &row.gates)?,
            to_json("lists", &row.lists)?,
            to_json("evidence", &row.evidence)?,
        ));
    }
    upsert!(
        tx,
        &plates,
        "insert into plate_read (node, seq, id, site, gates, camera, visit, vehicle, vehicle_class, at_from, at_to, outcome, \
         reason, key, display, kind, issuer, confidence, ambiguous, colour, rows, list, list_purpose, list_key, \
         list_score, lists, evidence)",
        |row, (plate, gates, lists, evidence)| {
            let (best, listed) = (plate.best.as_ref(), plate.listed.as_ref());
            row.push_bind(plate.node.as_str())
                .push_bind(sql_seq(plate.seq))
                .push_bind(plate.id.to_string())
                .push_bind(plate.site.as_str())
                .push_bind(gates.as_str())
                .push_bind(plate.camera.as_str())
                .push_bind(sql_seq(plate.visit))
                .push_bind(plate.vehicle.map(|track| sql_seq(track.0)))
                .push_bind(plate.vehicle_class.map(ObjectClass::as_str))
                .push_bind(plate.from.as_unix_micros())
                .push_bind(plate.to.as_unix_micros())
                .push_bind(plate.outcome.as_str())
                .push_bind(plate.reason.as_str())
                .push_bind(best.map(|best| best.key.as_str()))
                .push_bind(best.map(|best| best.display.as_str()))
                .push_bind(best.map(|best| best.kind.as_str()))
                .push_bind(best.and_then(|best| best.issuer.as_deref()))
                .push_bind(best.map(|best| best.confidence))
                .push_bind(best.map(|best| best.ambiguous))
                .push_bind(plate.colour.as_str())
                .push_bind(i64::from(plate.rows))
                .push_bind(listed.map(|listed| listed.list.as_str()))
                .push_bind(listed.map(|listed| purpose_name(listed.purpose)))
                .push_bind(listed.map(|listed| listed.key.as_str()))
                .push_bind(listed.map(|listed| listed.score))
                .push_bind(lists.as_str())
                .push_bind(evidence.as_str())
        },
        ""
    );
    let gates = changes.plates.values().flat_map(|plate| plate.gates.iter().map(move |gate| (&**plate, gate.as_str())));
    let gates = named("insert into plate_read_gate (node, seq, gate, site, at_to, id)", gates);
    gates.execute(&mut *tx).await?;
    let lists = changes.plates.values().flat_map(|plate| plate.lists.iter().map(move |list| (&**plate, list.as_str())));
    let lists = named("insert into plate_read_list (node, seq, list, site, at_to, id)", lists);
    lists.execute(tx).await
}

/// A row for each name of each plate, so that the plates of one name are found without reading the others.
fn named<'a>(insert: &'static str, names: impl Iterator<Item = (&'a PlateRow, &'a str)>) -> Insert {
    let mut rows = Insert::new(insert, "");
    for (plate, name) in names {
        rows.row()
            .push_bind(plate.node.as_str())
            .push_bind(sql_seq(plate.seq))
            .push_bind(name)
            .push_bind(plate.site.as_str())
            .push_bind(plate.to.as_unix_micros())
            .push_bind(plate.id.to_string());
    }
    rows
}

/// Says of plates what was decided last about who showed them: of those that `changes` bring, and of those that decisions
/// in `changes` are about. Which of both events comes first does not matter. Only the node that read a plate says so.
pub(super) async fn verdicts_write(tx: &mut Tx, changes: &Changes) -> Result<(), StoreError> {
    let shown = changes.decisions.values().filter_map(|row| row.decision.plate.as_ref()).map(|plate| plate.event);
    let plates: BTreeSet<EventId> = shown.chain(changes.plates.values().map(|plate| plate.id)).collect();
    let plates = Vec::from_iter(plates);
    for some in plates.chunks(KEYS_PER_STATEMENT) {
        let mut query = Query::new(
            "update plate_read set (decision, verdict) = \
             (select d.id, d.verdict from access_decision d where d.plate = plate_read.id and d.node = plate_read.node \
             order by d.seq desc limit 1) where exists \
             (select 1 from access_decision d where d.plate = plate_read.id and d.node = plate_read.node) and id",
        );
        query.push_in(tx.dialect(), some.iter().map(ToString::to_string).collect());
        query.once().execute(&mut *tx).await?;
    }
    Ok(())
}

/// Takes back what decisions said of plates, before the decisions go: `nodes` and `seqs` are theirs.
pub(crate) async fn verdicts_take_back(tx: &mut Tx, nodes: &Column, seqs: &Column) -> Result<(), StoreError> {
    let mut query = Query::new(
        "update plate_read set decision = null, verdict = null where (id, decision) in \
         (select plate, id from access_decision where plate is not null and (node, seq)",
    );
    query.push_in_rows(tx.dialect(), vec![nodes.clone(), seqs.clone()]).push(")");
    query.once().execute(tx).await?;
    Ok(())
}
