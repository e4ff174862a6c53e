//! A node that seals events, and a store in a temporary folder.

use std::path::PathBuf;
use std::sync::Arc;

use domain::incident::{CrowdingBegan, WrongDirection};
use domain::{
    BoundingBox, CameraId, ClockQuality, CountGroup, Direction, GateId, Incident, IncidentKind, LineId, MediaTime,
    NodeId, ObjectClass, Occupancy, Passage, Point, SiteId, Stay, TrackId, UtcTime, ZoneId,
};
use sqlx::postgres::PgRow;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection, TypeInfo, ValueRef};
use store::{BatchOutcome, Location, Message, NodeHead, Outcome, RegisteredNode, Sites, Store};
use wire::event::{CameraChange, CameraState, NodeStart, WithEvidence};
use wire::plate::{PlateColour, PlateOutcome, PlateRead, PlateReading, PlateShot, PlateVote};
use wire::{Channel, Envelope, Event, EventHash, EventId, NodeKey, NodeTopic, Payload, Unsealed};

use crate::postgres::Postgres;

/// 2026-11-20T08:30:00+07:00.
pub const START_MICROS: i64 = 1_795_138_200_000_000;

pub fn at(seconds: i64) -> UtcTime {
    UtcTime::from_unix_micros(START_MICROS + seconds * 1_000_000).unwrap()
}

/// Each of these tests on both databases.
macro_rules! on_both {
    ($(async fn $name:ident($home:ident: Home) $body:block)+) => {
        $(async fn $name($home: Home) $body)+

        mod sqlite {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(crate::support::Home::sqlite()).await;
                }
            )+
        }

        mod postgres {
            $(
                #[tokio::test]
                async fn $name() {
                    if let Some(home) = crate::support::Home::postgres() {
                        super::$name(home).await;
                    }
                }
            )+
        }
    };
}
pub(crate) use on_both;

/// Where a store lives for one test.
pub struct Home {
    pub folder: tempfile::TempDir,
    pub server: Option<Postgres>,
}

impl Home {
    pub fn sqlite() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), server: None }
    }

    /// On a server of its own; nothing where none is installed.
    pub fn postgres() -> Option<Self> {
        Some(Self { server: Some(Postgres::start()?), ..Self::sqlite() })
    }

    /// An empty one of the same kind.
    pub fn another(&self) -> Self {
        match self.server {
            None => Self::sqlite(),
            Some(_) => Self::postgres().expect("it was there a moment ago"),
        }
    }

    pub fn db(&self) -> PathBuf {
        assert!(self.server.is_none(), "a database on a server has no file");
        self.folder.path().join("hub.db")
    }

    pub fn location(&self) -> Location {
        match &self.server {
            None => self.db().into(),
            Some(server) => server.url().parse().unwrap(),
        }
    }

    pub fn blobs(&self) -> PathBuf {
        self.folder.path().join("blobs")
    }

    pub async fn open(&self) -> Store {
        Store::open(&self.location(), &self.blobs()).await.unwrap()
    }

    pub async fn sqlite_connection(&self) -> SqliteConnection {
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(self.db())).await.unwrap()
    }

    async fn postgres_connection(&self) -> PgConnection {
        PgConnection::connect(&self.server.as_ref().unwrap().url_of_superuser()).await.unwrap()
    }

    /// Does behind the store's back what a fault or a person might.
    pub async fn execute(&self, sql: &str) -> Result<u64, sqlx::Error> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match &self.server {
            None => Ok(sql.execute(&mut self.sqlite_connection().await).await?.rows_affected()),
            Some(_) => Ok(sql.execute(&mut self.postgres_connection().await).await?.rows_affected()),
        }
    }

    pub async fn number(&self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match &self.server {
            None => sqlx::query_scalar(sql).fetch_one(&mut self.sqlite_connection().await).await.unwrap(),
            Some(_) => sqlx::query_scalar(sql).fetch_one(&mut self.postgres_connection().await).await.unwrap(),
        }
    }

    /// Waits until a server has noticed that whoever was connected is gone: a commit that was asked for may come late.
    pub async fn settled(&self) {
        let sql = "select count(*) from pg_stat_activity where usename = 'gatehouse'";
        while self.server.is_some() && self.number(sql).await > 0 {
            // tidy: sleep is the pause between two looks
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }

    /// Makes the database refuse an event's number.
    pub async fn refuse_event(&self, seq: u64) {
        let how = match &self.server {
            None => "begin select raise(abort, 'refused'); end",
            Some(_) => "execute function refuse('refused')",
        };
        let each = if self.server.is_some() { "for each row " } else { "" };
        let sql = format!("create trigger refuse_one before insert on event {each}when (new.seq = {seq}) {how}");
        self.execute(&sql).await.unwrap();
    }
}

/// A node, as it would chain and sign.
pub struct Node {
    pub site: SiteId,
    pub node: NodeId,
    pub key: NodeKey,
    pub seq: u64,
    pub prev: EventHash,
}

impl Node {
    pub fn new(name: &str, seed: u8) -> Self {
        Self {
            site: SiteId::new("cao-nguyen").unwrap(),
            node: NodeId::new(name).unwrap(),
            key: NodeKey::from_seed([seed; 32]),
            seq: 0,
            prev: EventHash::GENESIS,
        }
    }

    pub fn registration(&self) -> RegisteredNode {
        RegisteredNode {
            site: self.site.clone(),
            node: self.node.clone(),
            key: self.key.public(),
            added_at: at(0),
            added_by: "test".to_owned(),
        }
    }

    pub async fn added_to(self, store: &Store) -> Self {
        store.node_insert(&self.registration()).await.unwrap();
        self
    }

    pub fn topic(&self) -> String {
        NodeTopic { site: self.site.clone(), node: self.node.clone(), channel: Channel::Event }.to_string()
    }

    /// A message with the event sealed at any place of the chain.
    pub fn sealed(&self, seq: u64, prev: EventHash, id: EventId, payload: Payload) -> (Message, EventHash) {
        self.sealed_at(at(i64::try_from(seq).unwrap()), ClockQuality::MEDIA, seq, prev, id, payload)
    }

    /// The same, said at any time.
    pub fn sealed_at(
        &self,
        at_node: UtcTime,
        clock: ClockQuality,
        seq: u64,
        prev: EventHash,
        id: EventId,
        payload: Payload,
    ) -> (Message, EventHash) {
        let event = Event { id, at: at_node, clock, payload };
        let place = Unsealed { site: &self.site, node: &self.node, seq, prev };
        let envelope = Envelope::seal(&self.key, &place, &event).unwrap();
        let message = Message { topic: self.topic(), payload: envelope.as_bytes().to_vec(), received_at: at(1000) };
        (message, envelope.hash())
    }

    pub fn id(&self, seq: u64) -> EventId {
        let mut nonce = [0; 16];
        let name = self.node.as_str().as_bytes();
        nonce[..name.len().min(16)].copy_from_slice(&name[..name.len().min(16)]);
        EventId::derive(at(i64::try_from(seq).unwrap()), &nonce, seq)
    }

    /// The node's next event.
    pub fn says(&mut self, payload: Payload) -> Message {
        self.seq += 1;
        let (message, hash) = self.sealed(self.seq, self.prev, self.id(self.seq), payload);
        self.prev = hash;
        message
    }

    /// So many passages, one after the other.
    pub fn passes(&mut self, times: u64) -> Vec<Message> {
        (0..times).map(|_| self.says(passed(Direction::In, ObjectClass::Person, self.seq))).collect()
    }
}

pub fn passed(direction: Direction, class: ObjectClass, second: u64) -> Payload {
    let bbox = BoundingBox::new(0.1, 0.2, 0.3, 0.4).unwrap();
    Payload::Passed(WithEvidence {
        what: Passage {
            gate: GateId::new("cong-chinh").unwrap(),
            line: LineId::new("vach-1").unwrap(),
            camera: CameraId::new("cam-1").unwrap(),
            direction,
            class,
            confidence: 0.9,
            track: TrackId(second),
            media: MediaTime::from_micros(second),
            at: at(i64::try_from(second).unwrap()),
            bbox,
            shot: domain::passage::Shot { media: MediaTime::from_micros(second), bbox },
        },
        evidence: vec![],
    })
}

pub fn stayed(second: u64) -> Payload {
    let bbox = BoundingBox::new(0.1, 0.2, 0.3, 0.4).unwrap();
    let second = i64::try_from(second).unwrap();
    Payload::Stayed(WithEvidence {
        what: Stay {
            gate: GateId::new("cong-chinh").unwrap(),
            zone: ZoneId::new("san").unwrap(),
            camera: CameraId::new("cam-1").unwrap(),
            class: ObjectClass::Person,
            track: TrackId(1),
            from: at(second),
            to: at(second + 5),
            media_from: MediaTime::from_micros(1),
            media_to: MediaTime::from_micros(2),
            shot: domain::passage::Shot { media: MediaTime::from_micros(1), bbox },
        },
        evidence: vec![],
    })
}

/// A plate of the vehicle `track`, in sight for five seconds from `second` on.
pub fn plate(key: &str, track: u64, second: u64) -> PlateRead {
    let from = i64::try_from(second).unwrap();
    PlateRead {
        gates: vec![GateId::new("cong-chinh").unwrap()],
        camera: CameraId::new("cam-1").unwrap(),
        visit: second,
        vehicle: Some(TrackId(track)),
        vehicle_class: Some(ObjectClass::Car),
        from: at(from),
        to: at(from + 5),
        outcome: PlateOutcome::Read,
        reason: String::new(),
        readings: vec![PlateReading {
            key: key.to_owned(),
            display: format!("{key} đẹp"),
            kind: "car".to_owned(),
            issuer: Some("Lâm Đồng".to_owned()),
            confidence: 0.1,
            glyph_confidence: vec![0.1; key.len()],
            corrected: vec![],
            ambiguous: true,
        }],
        raw: key.to_owned(),
        colour: PlateColour::Yellow,
        rows: 2,
        votes: vec![PlateVote { media: MediaTime::from_micros(1), raw: key.to_owned(), confidence: 0.5, weight: 1.0 }],
        shot: PlateShot { media: MediaTime::from_micros(1), corners: [Point { x: 0.25, y: 0.5 }; 4] },
        matches: vec![],
    }
}

pub fn plate_read(what: PlateRead) -> Payload {
    Payload::PlateRead(WithEvidence { what, evidence: vec![] })
}

/// A crowd of so many; of nobody, somebody who went the wrong way.
pub fn incident(count: u32, second: u64) -> Payload {
    let zone = ZoneId::new("san").unwrap();
    let moment = at(i64::try_from(second).unwrap());
    let bbox = BoundingBox::new(0.1, 0.2, 0.3, 0.4).unwrap();
    let wrong = WrongDirection {
        line: LineId::new("vach-1").unwrap(),
        direction: Direction::Out,
        class: ObjectClass::Person,
        track: TrackId(1),
        shot: domain::passage::Shot { media: MediaTime::from_micros(1), bbox },
    };
    let crowd = CrowdingBegan { zone, group: CountGroup::Person, count, above: 8, since: moment };
    let what = Incident {
        gate: GateId::new("cong-chinh").unwrap(),
        camera: CameraId::new("cam-1").unwrap(),
        at: moment,
        media: MediaTime::from_micros(second),
        what: if count == 0 { IncidentKind::WrongDirection(wrong) } else { IncidentKind::CrowdingBegan(crowd) },
    };
    Payload::IncidentSeen(WithEvidence { what, evidence: vec![] })
}

pub fn occupied(count: u32) -> Payload {
    Payload::OccupancyChanged(Occupancy {
        gate: GateId::new("cong-chinh").unwrap(),
        zone: ZoneId::new("san").unwrap(),
        group: CountGroup::Person,
        count,
        at: at(0),
    })
}

pub fn camera(state: CameraState) -> Payload {
    Payload::CameraChanged(CameraChange { camera: CameraId::new("cam-1").unwrap(), state, reason: "thử".to_owned() })
}

pub fn started() -> Payload {
    Payload::NodeStarted(NodeStart { version: "0.1.0".to_owned(), profile: "khu-du-lich".to_owned(), models: vec![] })
}

pub async fn ingest(store: &Store, messages: Vec<Message>) -> BatchOutcome {
    store.ingest(Arc::from(messages)).await.unwrap()
}

pub fn all(outcome: Outcome, times: usize) -> Vec<Outcome> {
    vec![outcome; times]
}

pub async fn head(store: &Store, node: &Node) -> NodeHead {
    store.heads().await.unwrap().into_iter().find(|head| head.node == node.node).unwrap()
}

/// Names of the alarms of a node that are open.
pub async fn alarms(store: &Store, node: &Node) -> Vec<String> {
    let alarms = store.alarms(&Sites::All, Some(&node.node), 100).await.unwrap();
    let mut kinds: Vec<_> = alarms.into_iter().filter(|a| a.closed_at.is_none()).map(|a| a.kind).collect();
    kinds.sort();
    kinds
}

pub async fn passages_counted(store: &Store) -> u64 {
    let gates = store.gates(None, at(0)).await.unwrap();
    gates.iter().map(|gate| gate.today.person.entered + gate.today.person.left).sum()
}

/// Every row of every projection, as text, in an order of its own: the same for both databases.
pub async fn projections(home: &Home) -> Vec<String> {
    let mut lines = Vec::new();
    for table in store::PROJECTION_TABLES.iter().chain(&["alert"]) {
        let sql = AssertSqlSafe(format!("select * from {table}"));
        let rows: Vec<Vec<String>> = match &home.server {
            None => {
                let rows = sqlx::query(sql).fetch_all(&mut home.sqlite_connection().await).await.unwrap();
                rows.iter().map(|row| (0..row.len()).map(|i| sqlite_text(row, i)).collect()).collect()
            }
            Some(_) => {
                let rows = sqlx::query(sql).fetch_all(&mut home.postgres_connection().await).await.unwrap();
                rows.iter().map(|row| (0..row.len()).map(|i| postgres_text(row, i)).collect()).collect()
            }
        };
        lines.extend(rows.iter().map(|values| format!("{table}: {}", values.join(" | "))));
    }
    lines.sort();
    lines
}

fn sqlite_text(row: &SqliteRow, i: usize) -> String {
    let value = row.try_get_raw(i).unwrap();
    match value.type_info().name() {
        _ if value.is_null() => "nothing".to_owned(),
        "TEXT" => row.get_unchecked::<String, _>(i),
        "INTEGER" => row.get_unchecked::<i64, _>(i).to_string(),
        "REAL" => row.get_unchecked::<f64, _>(i).to_string(),
        other => panic!("a projection holds a {other}"),
    }
}

fn postgres_text(row: &PgRow, i: usize) -> String {
    let value = row.try_get_raw(i).unwrap();
    match value.type_info().name() {
        _ if value.is_null() => "nothing".to_owned(),
        "TEXT" => row.get::<String, _>(i),
        "INT8" => row.get::<i64, _>(i).to_string(),
        "FLOAT8" => row.get::<f64, _>(i).to_string(),
        "BOOL" => i64::from(row.get::<bool, _>(i)).to_string(),
        other => panic!("a projection holds a {other}"),
    }
}
