//! Writing what events add up to. Each statement combines with what is there just as [`Changes`] combines deltas.

/// Writes `rows`: `insert`, the values that `bind` gives, then `conflict`.
macro_rules! upsert {
    ($tx:expr, $rows:expr, $insert:literal, |$row:ident, $item:pat_param| $bind:expr, $conflict:literal) => {
        let mut insert = Insert::new($insert, $conflict);
        for $item in $rows {
            let $row = insert.row();
            $bind;
        }
        insert.execute(&mut *$tx).await?;
    };
}

mod alerts;
mod media;
mod plates;
mod rollups;

use projections::Changes;
use wire::event::CameraState;
use wire::plate::ListPurpose;

use crate::db::{Insert, Tx};
use crate::error::StoreError;
use crate::query::AlertRow;
use crate::row::{sql_seq, to_json};

/// The tables that hold projections, so that they can be emptied in this order.
pub const TABLES: [&str; 23] = [
    "medium",
    "count_hour",
    "count_day",
    "dwell_hour",
    "vehicle_pass",
    "node_run",
    "alert_signal",
    "access_decision",
    "incident",
    "clip",
    "count_minute",
    "passage",
    "stay",
    "plate_read_gate",
    "plate_read_list",
    "plate_read",
    "occupancy",
    "camera_state",
    "gate_node",
    "gate_camera",
    "node_seen",
    "node_start",
    "node_jump",
];

/// Alerts that events raised, which a rebuild raises again. The hub's own stay.
pub(crate) const ALERTS_OF_EVENTS: &str = "delete from alert where seq > 0";

pub(crate) use alerts::insert as alerts_insert;
pub(crate) use plates::verdicts_take_back;

/// Changes that are to be written, with the rows of most of them made already.
#[derive(Debug)]
pub(crate) struct Prepared {
    changes: Changes,
    passages: Insert,
}

impl Prepared {
    pub(crate) fn of(changes: Changes) -> Result<Self, StoreError> {
        let passages = passages(&changes)?;
        Ok(Self { changes, passages })
    }
}

/// Writes what `changes` add up to, and returns the alerts that they raise or change.
pub(crate) async fn write(tx: &mut Tx, Prepared { changes, passages }: Prepared) -> Result<Vec<AlertRow>, StoreError> {
    let changes = &changes;
    counts_write(tx, changes).await?;
    rollups::write(tx, changes).await?;
    passages.execute(&mut *tx).await?;
    stays_write(tx, changes).await?;
    plates::write(tx, changes).await?;
    clips_write(tx, changes).await?;
    media::write(tx, changes).await?;
    decisions_write(tx, changes).await?;
    plates::verdicts_write(tx, changes).await?;
    incidents_write(tx, changes).await?;
    states_write(tx, changes).await?;
    nodes_write(tx, changes).await?;
    alerts::write(tx, changes).await
}

async fn counts_write(tx: &mut Tx, changes: &Changes) -> Result<(), StoreError> {
    upsert!(
        tx,
        &changes.counts,
        "insert into count_minute (site, gate, line, direction, class, minute, count)",
        |row, (key, count)| row
            .push_bind(key.site.as_str())
            .push_bind(key.gate.as_str())
            .push_bind(key.line.as_str())
            .push_bind(key.direction.as_str())
            .push_bind(key.class.as_str())
            .push_bind(key.unix_minute)
            .push_bind(i64::try_from(*count).unwrap_or(i64::MAX)),
        " on conflict (site, gate, minute, line, direction, class) do update set count = count_minute.count + excluded.count"
    );
    Ok(())
}

fn passages(changes: &Changes) -> Result<Insert, StoreError> {
    let mut insert = Insert::new("insert into passage (node, seq, id, site, gate, at, passage, evidence)", "");
    for passage in changes.passages.values() {
        insert
            .row()
            .push_bind(passage.node.as_str())
            .push_bind(sql_seq(passage.seq))
            .push_bind(passage.id.to_string())
            .push_bind(passage.site.as_str())
            .push_bind(passage.passage.gate.as_str())
            .push_bind(passage.passage.at.as_unix_micros())
            .push_bind(to_json("a passage", &passage.passage)?)
            .push_bind(to_json("evidence", &passage.evidence)?);
    }
    Ok(insert)
}

async fn stays_write(tx: &mut Tx, changes: &Changes) -> Result<(), StoreError> {
    let mut stays = Vec::with_capacity(changes.stays.len());
    for row in changes.stays.values() {
        stays.push((row, to_json("a stay", &row.stay)?, to_json("evidence", &row.evidence)?));
    }
    upsert!(
        tx,
        &stays,
        "insert into stay (node, seq, id, site, gate, zone, at_from, at_to, stay, evidence)",
        |row, (stay, what, evidence)| row
            .push_bind(stay.node.as_str())
            .push_bind(sql_seq(stay.seq))
            .push_bind(stay.id.to_string())
            .push_bind(stay.site.as_str())
            .push_bind(stay.stay.gate.as_str())
            .push_bind(stay.stay.zone.as_str())
            .push_bind(stay.stay.from.as_unix_micros())
            .push_bind(stay.stay.to.as_unix_micros())
            .push_bind(what.as_str())
            .push_bind(evidence.as_str()),
        ""
    );
    Ok(())
}

async fn incidents_write(tx: &mut Tx, changes: &Changes) -> Result<(), StoreError> {
    let mut incidents = Vec::with_capacity(changes.incidents.len());
    for row in changes.incidents.values() {
        incidents.push((row, to_json("an incident", &row.incident)?, to_json("evidence", &row.evidence)?));
    }
    upsert!(
        tx,
        &incidents,
        "insert into incident (node, seq, id, site, gate, kind, at, incident, evidence)",
        |row, (incident, what, evidence)| row
            .push_bind(incident.node.as_str())
            .push_bind(sql_seq(incident.seq))
            .push_bind(incident.id.to_string())
            .push_bind(incident.site.as_str())
            .push_bind(incident.incident.gate.as_str())
            .push_bind(incident.incident.what.as_str())
            .push_bind(incident.incident.at.as_unix_micros())
            .push_bind(what.as_str())
            .push_bind(evidence.as_str()),
        ""
    );
    Ok(())
}

async fn clips_write(tx: &mut Tx, changes: &Changes) -> Result<(), StoreError> {
    let mut clips = Vec::with_capacity(changes.clips.len());
    for row in changes.clips.values() {
        clips.push((row, to_json("a clip", &row.added)?));
    }
    upsert!(
        tx,
        &clips,
        "insert into clip (node, seq, of_event, at_from, at_to, added)",
        |row, (clip, added)| row
            .push_bind(clip.node.as_str())
            .push_bind(sql_seq(clip.seq))
            .push_bind(clip.added.event.to_string())
            .push_bind(clip.added.from.as_unix_micros())
            .push_bind(clip.added.to.as_unix_micros())
            .push_bind(added.as_str()),
        ""
    );
    Ok(())
}

async fn decisions_write(tx: &mut Tx, changes: &Changes) -> Result<(), StoreError> {
    let mut decisions = Vec::with_capacity(changes.decisions.len());
    for row in changes.decisions.values() {
        decisions.push((row, to_json("a decision", &row.decision)?, to_json("evidence", &row.evidence)?));
    }
    upsert!(
        tx,
        &decisions,
        "insert into access_decision (node, seq, id, site, lane, gate, at, verdict, plate, decision, evidence)",
        |row, (decided, what, evidence)| row
            .push_bind(decided.node.as_str())
            .push_bind(sql_seq(decided.seq))
            .push_bind(decided.id.to_string())
            .push_bind(decided.site.as_str())
            .push_bind(decided.decision.lane.as_str())
            .push_bind(decided.decision.gate.as_ref().map(|gate| gate.as_str()))
            .push_bind(decided.at.as_unix_micros())
            .push_bind(decided.decision.verdict.as_str())
            .push_bind(decided.decision.plate.as_ref().map(|plate| plate.event.to_string()))
            .push_bind(what.as_str())
            .push_bind(evidence.as_str()),
        ""
    );
    Ok(())
}

async fn states_write(tx: &mut Tx, changes: &Changes) -> Result<(), StoreError> {
    upsert!(
        tx,
        &changes.occupancies,
        "insert into occupancy (site, gate, zone, count_group, node, seq, count, at)",
        |row, (key, value)| row
            .push_bind(key.site.as_str())
            .push_bind(key.gate.as_str())
            .push_bind(key.zone.as_str())
            .push_bind(key.group.as_str())
            .push_bind(key.node.as_str())
            .push_bind(sql_seq(value.seq))
            .push_bind(i64::from(value.count))
            .push_bind(value.at.as_unix_micros()),
        " on conflict (site, gate, zone, count_group, node) do update set \
         seq = excluded.seq, count = excluded.count, at = excluded.at where excluded.seq > occupancy.seq"
    );
    upsert!(
        tx,
        &changes.cameras,
        "insert into camera_state (site, node, camera, seq, state, reason, at)",
        |row, (key, value)| row
            .push_bind(key.site.as_str())
            .push_bind(key.node.as_str())
            .push_bind(key.camera.as_str())
            .push_bind(sql_seq(value.seq))
            .push_bind(camera_state_name(value.state))
            .push_bind(value.reason.as_str())
            .push_bind(value.at.as_unix_micros()),
        " on conflict (site, node, camera) do update set seq = excluded.seq, state = excluded.state, \
         reason = excluded.reason, at = excluded.at where excluded.seq > camera_state.seq"
    );
    upsert!(
        tx,
        &changes.gate_nodes,
        "insert into gate_node (site, gate, node, at)",
        |row, (key, at)| row
            .push_bind(key.site.as_str())
            .push_bind(key.gate.as_str())
            .push_bind(key.node.as_str())
            .push_bind(at.as_unix_micros()),
        " on conflict (site, gate, node) do update set at = excluded.at where excluded.at > gate_node.at"
    );
    upsert!(
        tx,
        &changes.gate_cameras,
        "insert into gate_camera (site, gate, node, camera, at)",
        |row, (key, at)| row
            .push_bind(key.site.as_str())
            .push_bind(key.gate.as_str())
            .push_bind(key.node.as_str())
            .push_bind(key.camera.as_str())
            .push_bind(at.as_unix_micros()),
        " on conflict (site, gate, node, camera) do update set at = excluded.at where excluded.at > gate_camera.at"
    );
    Ok(())
}

async fn nodes_write(tx: &mut Tx, changes: &Changes) -> Result<(), StoreError> {
    let mut seen = Vec::with_capacity(changes.seen.len());
    for (node, value) in &changes.seen {
        seen.push((node, value, to_json("a clock", &value.clock)?));
    }
    upsert!(
        tx,
        &seen,
        "insert into node_seen (node, seq, at, clock)",
        |row, (node, value, clock)| row
            .push_bind(node.as_str())
            .push_bind(sql_seq(value.seq))
            .push_bind(value.at.as_unix_micros())
            .push_bind(clock.as_str()),
        " on conflict (node) do update set seq = excluded.seq, at = excluded.at, clock = excluded.clock \
         where excluded.seq > node_seen.seq"
    );
    let mut starts = Vec::with_capacity(changes.starts.len());
    for (node, value) in &changes.starts {
        starts.push((node, value, to_json("models", &value.models)?));
    }
    upsert!(
        tx,
        &starts,
        "insert into node_start (node, seq, at, version, profile, models)",
        |row, (node, value, models)| row
            .push_bind(node.as_str())
            .push_bind(sql_seq(value.seq))
            .push_bind(value.at.as_unix_micros())
            .push_bind(value.version.as_str())
            .push_bind(value.profile.as_str())
            .push_bind(models.as_str()),
        " on conflict (node) do update set seq = excluded.seq, at = excluded.at, version = excluded.version, \
         profile = excluded.profile, models = excluded.models where excluded.seq > node_start.seq"
    );
    upsert!(
        tx,
        &changes.jumps,
        "insert into node_jump (node, seq, at, by_ms)",
        |row, (node, value)| row
            .push_bind(node.as_str())
            .push_bind(sql_seq(value.seq))
            .push_bind(value.at.as_unix_micros())
            .push_bind(value.by_ms),
        " on conflict (node) do update set seq = excluded.seq, at = excluded.at, by_ms = excluded.by_ms \
         where excluded.seq > node_jump.seq"
    );
    Ok(())
}

/// The name that the event gives a list's purpose.
pub(crate) const fn purpose_name(purpose: ListPurpose) -> &'static str {
    match purpose {
        ListPurpose::Watch => "watch",
        ListPurpose::Allow => "allow",
    }
}

/// The name that the event gives a camera's state.
pub(crate) const fn camera_state_name(state: CameraState) -> &'static str {
    match state {
        CameraState::Up => "up",
        CameraState::Down => "down",
        CameraState::Failed => "failed",
        CameraState::Ended => "ended",
    }
}
