//! Writing sums over hours and days, how long was stayed, and what leads from a plate to its passages.

use domain::CountGroup;
use projections::{Changes, CountKey, Grain};

use crate::db::{Insert, Tx};
use crate::error::StoreError;
use crate::row::{sql_count, sql_seq};

pub(super) async fn write(tx: &mut Tx, changes: &Changes) -> Result<(), StoreError> {
    let hours = Insert::new(
        "insert into count_hour (site, gate, line, direction, class, minute, count)",
        " on conflict (site, gate, minute, line, direction, class) do update set count = count_hour.count + excluded.count",
    );
    counts(tx, hours, changes, Grain::Hour).await?;
    let days = Insert::new(
        "insert into count_day (site, gate, line, direction, class, minute, count)",
        " on conflict (site, gate, minute, line, direction, class) do update set count = count_day.count + excluded.count",
    );
    counts(tx, days, changes, Grain::Day).await?;
    dwell(tx, changes).await?;
    vehicles(tx, changes).await?;
    let mut runs = Insert::new("insert into node_run (node, seq)", "");
    for (node, seq) in &changes.runs {
        runs.row().push_bind(node.as_str()).push_bind(sql_seq(*seq));
    }
    runs.execute(tx).await
}

async fn counts(tx: &mut Tx, mut insert: Insert, changes: &Changes, grain: Grain) -> Result<(), StoreError> {
    for (key, count) in &changes.counts_by(grain) {
        let CountKey { site, gate, line, direction, class, unix_minute } = key;
        insert
            .row()
            .push_bind(site.as_str())
            .push_bind(gate.as_str())
            .push_bind(line.as_str())
            .push_bind(direction.as_str())
            .push_bind(class.as_str())
            .push_bind(*unix_minute)
            .push_bind(sql_count(*count));
    }
    insert.execute(tx).await
}

async fn dwell(tx: &mut Tx, changes: &Changes) -> Result<(), StoreError> {
    let mut insert = Insert::new(
        "insert into dwell_hour (site, gate, zone, count_group, minute, bucket, count)",
        " on conflict (site, gate, minute, zone, count_group, bucket) do update \
         set count = dwell_hour.count + excluded.count",
    );
    for (key, count) in &changes.dwell() {
        insert
            .row()
            .push_bind(key.site.as_str())
            .push_bind(key.gate.as_str())
            .push_bind(key.zone.as_str())
            .push_bind(key.group.as_str())
            .push_bind(key.hour_minute)
            .push_bind(i64::from(key.bucket))
            .push_bind(sql_count(*count));
    }
    insert.execute(tx).await
}

async fn vehicles(tx: &mut Tx, changes: &Changes) -> Result<(), StoreError> {
    let mut insert =
        Insert::new("insert into vehicle_pass (node, seq, id, site, gate, camera, track, at, direction)", "");
    for row in changes.passages.values().filter(|row| row.passage.class.group() == CountGroup::Vehicle) {
        insert
            .row()
            .push_bind(row.node.as_str())
            .push_bind(sql_seq(row.seq))
            .push_bind(row.id.to_string())
            .push_bind(row.site.as_str())
            .push_bind(row.passage.gate.as_str())
            .push_bind(row.passage.camera.as_str())
            .push_bind(sql_count(row.passage.track.0))
            .push_bind(row.passage.at.as_unix_micros())
            .push_bind(row.passage.direction.as_str());
    }
    insert.execute(tx).await
}
