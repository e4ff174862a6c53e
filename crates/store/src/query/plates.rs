//! Plates that were in front of cameras, the history of one plate, and which plate a passage had.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use domain::{NodeId, ObjectClass, TrackId, UtcTime};
use projections::{PassageRow, PlateBest, PlateDecided, PlateListed, PlateRow};
use wire::plate::{PlateColour, PlateOutcome};
use wire::{AccessVerdict, EventId};

use crate::db::{KEYS_PER_STATEMENT, Query, Row};
use crate::error::StoreError;
use crate::open::Store;
use crate::query::{ListFilter, Sites};
use crate::row::{from_json, moment, named, natural, parsed, sql_seq};

/// How far outside the time over which a plate was read its vehicle may go over a line: a plate is settled before the
/// vehicle arrives at the line, or after it.
pub(crate) const PASSAGE_SLACK: Duration = Duration::from_secs(120);

/// Far below SQLite's limit to the depth of an expression, 1,000.
const STRETCHES_PER_STATEMENT: usize = 100;

/// Which plates to give.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlateFilter {
    /// Which part of the list.
    pub list: ListFilter,
    /// Only with one of these keys, as the likeliest reading; with any where there is none.
    pub keys: Vec<String>,
    /// Only with this outcome.
    pub outcome: Option<PlateOutcome>,
    /// Only on vehicles of this class; one of the coarse classes takes in those that belong to it.
    pub class: Option<ObjectClass>,
    /// Only with a ground of this colour.
    pub colour: Option<PlateColour>,
    /// Only those that resemble an entry of the list of this name.
    pub on_list: Option<String>,
    /// Only those of which this was decided last.
    pub verdict: Option<AccessVerdict>,
    /// Only those last seen at this moment or later.
    pub from: Option<UtcTime>,
    /// Only those last seen before this moment.
    pub to: Option<UtcTime>,
}

/// The table whose order a list of plates has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lead {
    Plates,
    Gates,
    Lists,
}

impl PlateFilter {
    /// What leads to the fewest rows that are looked at in vain: a key and what is rare have indexes of their own.
    fn lead(&self, is_of_gate: bool) -> Lead {
        let is_rare = self.class.is_some_and(is_rare_class)
            || self.colour.is_some_and(is_rare_colour)
            || self.verdict.is_some()
            || !self.keys.is_empty();
        match (is_rare, &self.on_list, is_of_gate) {
            (true, ..) | (_, None, false) => Lead::Plates,
            (false, Some(_), _) => Lead::Lists,
            (false, None, true) => Lead::Gates,
        }
    }
}

/// The classes that somebody means by one: some detectors tell only the coarse ones.
const fn included(class: ObjectClass) -> &'static [ObjectClass] {
    match class {
        ObjectClass::Person => &[ObjectClass::Person],
        ObjectClass::Bike => &[ObjectClass::Bike, ObjectClass::Bicycle, ObjectClass::Motorbike],
        ObjectClass::Bicycle => &[ObjectClass::Bicycle],
        ObjectClass::Motorbike => &[ObjectClass::Motorbike],
        ObjectClass::Vehicle => &[ObjectClass::Vehicle, ObjectClass::Car, ObjectClass::Bus, ObjectClass::Truck],
        ObjectClass::Car => &[ObjectClass::Car],
        ObjectClass::Bus => &[ObjectClass::Bus],
        ObjectClass::Truck => &[ObjectClass::Truck],
    }
}

/// Whether there is an index of the plates on vehicles of this class; others are met often enough without.
const fn is_rare_class(class: ObjectClass) -> bool {
    match class {
        ObjectClass::Person | ObjectClass::Bicycle | ObjectClass::Bus | ObjectClass::Truck => true,
        ObjectClass::Bike | ObjectClass::Motorbike | ObjectClass::Vehicle | ObjectClass::Car => false,
    }
}

/// Whether there is an index of the plates of this colour; others are met often enough without.
const fn is_rare_colour(colour: PlateColour) -> bool {
    match colour {
        PlateColour::Yellow | PlateColour::Blue | PlateColour::Red => true,
        PlateColour::White | PlateColour::Unknown => false,
    }
}

/// Limits plates to those whose `column` has one of these values, where there are any. They stand one by one, because
/// PostgreSQL reads an index in order for a single value, but not for a list.
fn push_one_of<'a>(query: &mut Query, column: &str, values: impl Iterator<Item = &'a str>) {
    let mut is_any = false;
    for value in values {
        if is_any {
            query.push(", ");
        } else {
            query.push(format_args!(" and {column} in ("));
        }
        query.push_bind(value);
        is_any = true;
    }
    if is_any {
        query.push(")");
    }
}

/// Limits plates to those that have a row of this value in `table`, which leads them or is only looked into.
fn push_at_one(query: &mut Query, leads: bool, table: &str, alias: &str, column: &str, value: &str) {
    if leads {
        query.push(format_args!(" and {alias}.{column} = ")).push_bind(value.to_owned());
    } else {
        query.push(format_args!(
            " and exists (select 1 from {table} where {alias}.node = p.node and {alias}.seq = p.seq and {alias}.{column} = "
        ));
        query.push_bind(value.to_owned()).push(")");
    }
}

/// The plate that a vehicle had which passed.
#[derive(Debug, Clone, PartialEq)]
pub struct PlateOfPassage {
    /// Identity of the event that read it.
    pub id: EventId,
    /// The likeliest reading.
    pub best: PlateBest,
}

impl Store {
    /// Plates by when they were last seen, newest first.
    pub async fn plates(&self, filter: &PlateFilter) -> Result<Vec<PlateRow>, StoreError> {
        let PlateFilter { list, keys, outcome, class, colour, on_list, verdict, from, to } = filter;
        let ListFilter { sites, gate, before, limit } = &self.narrowed(list).await?;
        // Order and place come from the table whose index leads through the list.
        let lead = filter.lead(gate.is_some());
        let (table, order) = match lead {
            Lead::Plates => ("plate_read p", "p"),
            Lead::Gates => ("plate_read_gate g join plate_read p on p.node = g.node and p.seq = g.seq", "g"),
            Lead::Lists => ("plate_read_list l join plate_read p on p.node = l.node and p.seq = l.seq", "l"),
        };
        let mut query = Query::new(format!("select p.* from {table} where true"));
        sites.push(&mut query, &format!("{order}.site"));
        if let Some(gate) = gate {
            push_at_one(&mut query, lead == Lead::Gates, "plate_read_gate g", "g", "gate", gate.as_str());
        }
        if let Some(name) = on_list {
            push_at_one(&mut query, lead == Lead::Lists, "plate_read_list l", "l", "list", name);
        }
        if let Some(class) = class {
            push_one_of(&mut query, "p.vehicle_class", included(*class).iter().map(|class| class.as_str()));
            if is_rare_class(*class) {
                query.push(" and p.vehicle_class in ('person', 'bicycle', 'bus', 'truck')");
            }
        }
        if let Some(colour) = colour {
            query.push(" and p.colour = ").push_bind(colour.as_str());
            if is_rare_colour(*colour) {
                query.push(" and p.colour not in ('white', 'unknown')");
            }
        }
        if let Some(verdict) = verdict {
            query.push(" and p.verdict = ").push_bind(verdict.as_str()).push(" and p.verdict is not null");
        }
        push_one_of(&mut query, "p.key", keys.iter().map(String::as_str));
        if let Some(outcome) = outcome {
            query.push(" and p.outcome = ").push_bind(outcome.as_str());
        }
        if let Some(from) = from {
            query.push(format_args!(" and {order}.at_to >= ")).push_bind(from.as_unix_micros());
        }
        if let Some(to) = to {
            query.push(format_args!(" and {order}.at_to < ")).push_bind(to.as_unix_micros());
        }
        if let Some(before) = before {
            let (at, id) = before.parts();
            query.push(format_args!(" and ({order}.at_to, {order}.id) < (")).push_bind(at.as_unix_micros());
            query.push(", ").push_bind(id.to_owned()).push(")");
        }
        query.push(format_args!(" order by {order}.at_to desc, {order}.id desc limit ")).push_bind(i64::from(*limit));
        query.fetch_all(&self.inner.db).await?.iter().map(plate).collect()
    }

    /// The names of lists that plates at these sites resembled entries of, in order.
    pub async fn plate_lists(&self, sites: &Sites) -> Result<Vec<String>, StoreError> {
        // From one name to the next by the index, instead of through all rows.
        let mut query = Query::new(
            "with recursive known (list) as (select min(list) from plate_read_list union all \
             select (select min(l.list) from plate_read_list l where l.list > known.list) from known \
             where known.list is not null) select list from known where list is not null \
             and exists (select 1 from plate_read_list l where l.list = known.list",
        );
        sites.push(&mut query, "l.site");
        query.push(") order by list");
        query.fetch_texts(&self.inner.db).await
    }

    /// What was decided last about who showed the plate of an event.
    pub async fn plate_decided(&self, node: &NodeId, seq: u64) -> Result<Option<PlateDecided>, StoreError> {
        let row = Query::new("select decision, verdict from plate_read where node = $1 and seq = $2")
            .bind(node.as_str())
            .bind(sql_seq(seq))
            .fetch_optional(&self.inner.db)
            .await?;
        row.as_ref().map_or(Ok(None), decided)
    }

    /// The plates of vehicles that passed, by the passage's event. A plate belongs to a passage of the same camera and
    /// track at about the same time, unless the node's program started in between: it numbers tracks anew.
    pub async fn plates_of(&self, passages: &[PassageRow]) -> Result<HashMap<EventId, PlateOfPassage>, StoreError> {
        let mut found = Vec::new();
        for chunk in passages.chunks(KEYS_PER_STATEMENT) {
            let candidates = self.plates_beside(chunk).await?;
            for row in chunk {
                let key = (row.node.clone(), row.passage.camera.as_str().to_owned(), row.passage.track);
                let near = candidates.get(&key).into_iter().flatten();
                let near = near.map(|plate| (distance(plate, row.passage.at), plate));
                let nearest =
                    near.filter(|(distance, _)| *distance <= PASSAGE_SLACK).min_by_key(|(distance, _)| *distance);
                if let Some((_, plate)) = nearest {
                    found.push((row, plate.clone()));
                }
            }
        }
        let stretches = found.iter().map(|(row, plate)| Stretch::between(&row.node, row.seq, plate.seq)).collect();
        let restarted = self.restarted(stretches).await?;
        let is_one_run =
            |row: &PassageRow, plate: &PlateRow| !restarted.contains(&Stretch::between(&row.node, row.seq, plate.seq));
        Ok(found
            .into_iter()
            .filter(|(row, plate)| is_one_run(row, plate))
            .filter_map(|(row, plate)| Some((row.id, PlateOfPassage { id: plate.id, best: plate.best? })))
            .collect())
    }

    /// Plates that were read, of the vehicles of `passages` and somewhere near their time.
    async fn plates_beside(
        &self,
        passages: &[PassageRow],
    ) -> Result<HashMap<(NodeId, String, TrackId), Vec<PlateRow>>, StoreError> {
        let moments = || passages.iter().map(|row| row.passage.at.as_unix_micros());
        let (Some(first), Some(last)) = (moments().min(), moments().max()) else { return Ok(HashMap::new()) };
        let slack = i64::try_from(PASSAGE_SLACK.as_micros()).unwrap_or(i64::MAX);
        let mut query = Query::new("select * from plate_read where (node, camera, vehicle)");
        let track = |row: &PassageRow| i64::try_from(row.passage.track.0).unwrap_or(i64::MAX);
        let columns = vec![
            passages.iter().map(|row| row.node.as_str()).collect(),
            passages.iter().map(|row| row.passage.camera.as_str()).collect(),
            passages.iter().map(track).collect(),
        ];
        query.push_in_rows(self.inner.db.dialect(), columns);
        query.push(" and outcome = 'read' and at_to >= ").push_bind(first.saturating_sub(slack));
        query.push(" and at_from <= ").push_bind(last.saturating_add(slack));
        let mut plates: HashMap<_, Vec<PlateRow>> = HashMap::new();
        for row in query.once().fetch_all(&self.inner.db).await? {
            let plate = plate(&row)?;
            let Some(vehicle) = plate.vehicle else { continue };
            plates.entry((plate.node.clone(), plate.camera.as_str().to_owned(), vehicle)).or_default().push(plate);
        }
        Ok(plates)
    }

    /// Those of `stretches` in which the node's program started.
    async fn restarted(&self, stretches: HashSet<Stretch>) -> Result<HashSet<Stretch>, StoreError> {
        let stretches = Vec::from_iter(stretches);
        let mut starts: Vec<(NodeId, u64)> = Vec::new();
        for chunk in stretches.chunks(STRETCHES_PER_STATEMENT) {
            let mut query = Query::new("select node, seq from event_start where (false");
            for stretch in chunk {
                query.push(" or (node = ").push_bind(stretch.node.as_str());
                query.push(" and seq > ").push_bind(sql_seq(stretch.after));
                query.push(" and seq < ").push_bind(sql_seq(stretch.before)).push(")");
            }
            query.push(")");
            for row in query.once().fetch_all(&self.inner.db).await? {
                starts.push((
                    parsed("a node id", row.try_get("node")?)?,
                    natural("an event number", row.try_get("seq")?)?,
                ));
            }
        }
        let has_start = |stretch: &Stretch| {
            starts.iter().any(|(node, seq)| *node == stretch.node && (stretch.after + 1..stretch.before).contains(seq))
        };
        Ok(stretches.into_iter().filter(has_start).collect())
    }
}

/// A stretch of a node's chain, without its ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Stretch {
    node: NodeId,
    after: u64,
    before: u64,
}

impl Stretch {
    fn between(node: &NodeId, one: u64, other: u64) -> Self {
        Self { node: node.clone(), after: one.min(other), before: one.max(other) }
    }
}

/// How far a moment is from the time over which a plate was read.
fn distance(plate: &PlateRow, at: UtcTime) -> Duration {
    let (from, to) = (plate.from.min(plate.to), plate.from.max(plate.to));
    from.since(at).max(at.since(to))
}

fn plate(row: &Row) -> Result<PlateRow, StoreError> {
    let vehicle: Option<i64> = row.try_get("vehicle")?;
    let class: Option<String> = row.try_get("vehicle_class")?;
    let rows: i64 = row.try_get("rows")?;
    Ok(PlateRow {
        site: parsed("a site id", row.try_get("site")?)?,
        node: parsed("a node id", row.try_get("node")?)?,
        seq: natural("an event number", row.try_get("seq")?)?,
        id: named("an event id", row.try_get("id")?)?,
        gates: from_json("gates", row.try_get("gates")?)?,
        camera: parsed("a camera id", row.try_get("camera")?)?,
        visit: natural("a visit", row.try_get("visit")?)?,
        vehicle: vehicle.map(|track| natural("a track", track).map(TrackId)).transpose()?,
        vehicle_class: class.map(|class| named("a class", &class)).transpose()?,
        from: moment(row.try_get("at_from")?)?,
        to: moment(row.try_get("at_to")?)?,
        outcome: named("an outcome", row.try_get("outcome")?)?,
        reason: row.try_get("reason")?,
        best: best(row)?,
        colour: named("a colour", row.try_get("colour")?)?,
        rows: u8::try_from(rows).map_err(|_| StoreError::Row { what: "a number of rows", text: rows.to_string() })?,
        listed: listed(row)?,
        lists: from_json("lists", row.try_get("lists")?)?,
        decided: decided(row)?,
        evidence: from_json("evidence", row.try_get("evidence")?)?,
    })
}

/// What was a number of 32 bits before it was stored.
#[expect(clippy::cast_possible_truncation, reason = "it was widened from 32 bits, so nothing is lost")]
const fn single(stored: f64) -> f32 {
    stored as f32
}

fn best(row: &Row) -> Result<Option<PlateBest>, StoreError> {
    let Some(key) = row.try_get::<Option<String>>("key")? else { return Ok(None) };
    Ok(Some(PlateBest {
        key,
        display: row.try_get("display")?,
        kind: row.try_get("kind")?,
        issuer: row.try_get("issuer")?,
        confidence: single(row.try_get("confidence")?),
        ambiguous: row.try_get("ambiguous")?,
    }))
}

fn decided(row: &Row) -> Result<Option<PlateDecided>, StoreError> {
    let Some(decision) = row.try_get::<Option<String>>("decision")? else { return Ok(None) };
    let (decision, verdict) = (named("an event id", &decision)?, named("a verdict", row.try_get("verdict")?)?);
    Ok(Some(PlateDecided { decision, verdict }))
}

fn listed(row: &Row) -> Result<Option<PlateListed>, StoreError> {
    let Some(list) = row.try_get::<Option<String>>("list")? else { return Ok(None) };
    Ok(Some(PlateListed {
        list,
        purpose: named("a list's purpose", row.try_get("list_purpose")?)?,
        key: row.try_get("list_key")?,
        score: single(row.try_get("list_score")?),
    }))
}
