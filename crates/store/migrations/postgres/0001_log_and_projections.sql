-- The hub's database. Moments are whole microseconds since 1970 in UTC, minutes whole minutes since 1970.
-- Hashes are 64 lower-case hexadecimal digits. Projections do not refer to the log: its old parts go, they stay.

create table meta (
    name text not null primary key,
    value text not null
);
comment on column meta.name is 'name of the fact about this database';
comment on column meta.value is 'the fact';

-- The nodes that are believed.
create table node (
    node text not null primary key check (node <> ''),
    site text not null check (site <> ''),
    public_key text not null check (length(public_key) = 43),
    added_at bigint not null,
    added_by text not null
);
comment on column node.node is 'name of the node, the same in all sites';
comment on column node.site is 'the only site that it may speak for';
comment on column node.public_key is 'Ed25519 key by which its events are verified, in unpadded URL-safe base64';
comment on column node.added_at is 'when it was added';
comment on column node.added_by is 'who or what added it';

-- Says why a row is kept as it is.
create function refuse() returns trigger language plpgsql as $$
begin
    raise exception '%', tg_argv[0] using errcode = 'integrity_constraint_violation';
end;
$$;

-- Places in the log. Taken by one transaction at a time, so that they are in the order of commit.
create sequence event_pos as bigint minvalue 1 no cycle;

-- The log of all events, each once, in one part for each month of arrival. Rows are only ever added, and old parts are
-- dropped as a whole. What must hold over all parts is held by event_key.
create table event (
    pos bigint not null,
    node text not null,
    seq bigint not null check (seq >= 1),
    id text not null check (length(id) = 36),
    site text not null,
    kind text not null,
    at bigint not null,
    clock text not null,
    hash text not null check (length(hash) = 64),
    prev text not null check (length(prev) = 64),
    body text not null,
    sig text not null,
    received_at bigint not null
) partition by range (received_at);
comment on column event.pos is 'place in the log, in the order of commit: what a reader resumes from';
comment on column event.node is 'the node that signed it';
comment on column event.seq is 'its number in the node''s chain';
comment on column event.id is 'its identity, a UUID in lower case';
comment on column event.site is 'the site of the node';
comment on column event.kind is 'name of what happened';
comment on column event.at is 'when it happened, by the node''s clock';
comment on column event.clock is 'trust in that clock, as JSON';
comment on column event.hash is 'hash of the signed bytes';
comment on column event.prev is 'hash of the node''s event before, by this event''s own word';
comment on column event.body is 'the canonical JSON that was signed, without the signature';
comment on column event.sig is 'the node''s signature';
comment on column event.received_at is 'when the hub took it in';

-- Reading on from a place.
create index event_by_pos on event (pos);

-- Where a node's program started: what numbers of tracks before and after it are not of one run.
create index event_starts on event (node, seq) where kind = 'node_started';

-- Which events were taken in, each once whatever part it lies in. Rows of dropped parts are removed up to where the
-- node's chain is complete: what has a number up to there is held. That the node is there is seen to by chain_head, whose
-- row is locked before any is added here.
create table event_key (
    node text not null,
    seq bigint not null check (seq >= 1),
    pos bigint not null,
    id uuid not null unique,
    hash bytea not null check (octet_length(hash) = 32),
    prev bytea not null check (octet_length(prev) = 32),
    primary key (node, seq)
);
comment on column event_key.node is 'the node that signed it';
comment on column event_key.seq is 'its number in the node''s chain';
comment on column event_key.pos is 'place in the log';
comment on column event_key.id is 'its identity';
comment on column event_key.hash is 'hash of the signed bytes';
comment on column event_key.prev is 'hash of the node''s event before, by this event''s own word';

-- How far each node's chain is complete.
create table chain_head (
    node text not null primary key references node (node),
    committed_seq bigint not null check (committed_seq >= 0),
    committed_hash text not null check (length(committed_hash) = 64),
    highest_seq bigint not null,
    check (highest_seq >= committed_seq)
);
comment on column chain_head.node is 'the node';
comment on column chain_head.committed_seq is 'every event up to and including this number is in the log; 0 where the first is missing';
comment on column chain_head.committed_hash is 'hash of that event, 64 zeros where there is none';
comment on column chain_head.highest_seq is 'the highest number in the log';

-- Passages per minute. Projection.
create table count_minute (
    site text not null,
    gate text not null,
    line text not null,
    direction text not null check (direction in ('in', 'out')),
    class text not null,
    minute bigint not null,
    count bigint not null check (count > 0),
    primary key (site, gate, minute, line, direction, class)
);
comment on column count_minute.site is 'the site';
comment on column count_minute.gate is 'the gate';
comment on column count_minute.line is 'the counting line';
comment on column count_minute.direction is 'which way';
comment on column count_minute.class is 'what passed, by the name of its class';
comment on column count_minute.minute is 'the minute in which it passed';
comment on column count_minute.count is 'how many';

-- Sums over all gates of a day begin here.
create index count_minute_by_minute on count_minute (minute);

-- Passages, one row each. Projection.
create table passage (
    node text not null,
    seq bigint not null,
    id text not null,
    site text not null,
    gate text not null,
    at bigint not null,
    passage text not null,
    evidence text not null,
    primary key (node, seq)
);
comment on column passage.node is 'the node that saw it';
comment on column passage.seq is 'number of the event';
comment on column passage.id is 'identity of the event';
comment on column passage.site is 'the site';
comment on column passage.gate is 'the gate';
comment on column passage.at is 'when the line was crossed';
comment on column passage.passage is 'the passage as the event tells it, as JSON';
comment on column passage.evidence is 'the media that show it, as a JSON list';

create index passage_by_gate on passage (site, gate, at, id);
create index passage_by_at on passage (at, id);

-- Stays in zones, one row each. Projection.
create table stay (
    node text not null,
    seq bigint not null,
    id text not null,
    site text not null,
    gate text not null,
    zone text not null,
    at_from bigint not null,
    at_to bigint not null,
    stay text not null,
    evidence text not null,
    primary key (node, seq)
);
comment on column stay.node is 'the node that saw it';
comment on column stay.seq is 'number of the event';
comment on column stay.id is 'identity of the event';
comment on column stay.site is 'the site';
comment on column stay.gate is 'the gate';
comment on column stay.zone is 'the zone';
comment on column stay.at_from is 'when it came';
comment on column stay.at_to is 'when it was last seen there';
comment on column stay.stay is 'the stay as the event tells it, as JSON';
comment on column stay.evidence is 'the media that show it, as a JSON list';

create index stay_by_gate on stay (site, gate, at_to, id);

-- How many are in each zone. Projection.
create table occupancy (
    site text not null,
    gate text not null,
    zone text not null,
    count_group text not null check (count_group in ('person', 'vehicle')),
    node text not null,
    seq bigint not null,
    count bigint not null check (count >= 0),
    at bigint not null,
    primary key (site, gate, zone, count_group, node)
);
comment on column occupancy.site is 'the site';
comment on column occupancy.gate is 'the gate';
comment on column occupancy.zone is 'the zone';
comment on column occupancy.count_group is 'what is counted';
comment on column occupancy.node is 'the node that counts';
comment on column occupancy.seq is 'number of the event that said so';
comment on column occupancy.count is 'how many';
comment on column occupancy.at is 'since when';

-- State of each camera. Projection.
create table camera_state (
    site text not null,
    node text not null,
    camera text not null,
    seq bigint not null,
    state text not null check (state in ('up', 'down', 'failed', 'ended')),
    reason text not null,
    at bigint not null,
    primary key (site, node, camera)
);
comment on column camera_state.site is 'the site';
comment on column camera_state.node is 'the node';
comment on column camera_state.camera is 'the camera';
comment on column camera_state.seq is 'number of the event that said so';
comment on column camera_state.state is 'the state';
comment on column camera_state.reason is 'why, for people';
comment on column camera_state.at is 'since when';

-- Which node watches which gate. Projection.
create table gate_node (
    site text not null,
    gate text not null,
    node text not null,
    at bigint not null,
    primary key (site, gate, node)
);
comment on column gate_node.site is 'the site';
comment on column gate_node.gate is 'the gate';
comment on column gate_node.node is 'the node';
comment on column gate_node.at is 'the latest moment that it told of';

-- Which camera looks at which gate. Projection.
create table gate_camera (
    site text not null,
    gate text not null,
    node text not null,
    camera text not null,
    at bigint not null,
    primary key (site, gate, node, camera)
);
comment on column gate_camera.site is 'the site';
comment on column gate_camera.gate is 'the gate';
comment on column gate_camera.node is 'the node';
comment on column gate_camera.camera is 'the camera';
comment on column gate_camera.at is 'the latest moment that it told of';

-- Newest event of each node. Projection.
create table node_seen (
    node text not null primary key,
    seq bigint not null,
    at bigint not null,
    clock text not null
);
comment on column node_seen.node is 'the node';
comment on column node_seen.seq is 'number of the event';
comment on column node_seen.at is 'when it happened';
comment on column node_seen.clock is 'trust in the node''s clock then, as JSON';

-- Newest start of each node's program. Projection.
create table node_start (
    node text not null primary key,
    seq bigint not null,
    at bigint not null,
    version text not null,
    profile text not null,
    models text not null
);
comment on column node_start.node is 'the node';
comment on column node_start.seq is 'number of the event';
comment on column node_start.at is 'when';
comment on column node_start.version is 'version of the program';
comment on column node_start.profile is 'name of the gate profile';
comment on column node_start.models is 'models in use, as a JSON list of name and hash';

-- Newest jump of each node's clock. Projection.
create table node_jump (
    node text not null primary key,
    seq bigint not null,
    at bigint not null,
    by_ms bigint not null
);
comment on column node_jump.node is 'the node';
comment on column node_jump.seq is 'number of the event';
comment on column node_jump.at is 'when';
comment on column node_jump.by_ms is 'how far, in milliseconds; negative when it went back';

-- What each node last said of itself on its status topic. Not signed and not in the log.
create table node_status (
    node text not null primary key references node (node),
    state text not null check (state in ('online', 'offline')),
    version text not null,
    at bigint,
    backlog bigint,
    clock text,
    received_at bigint not null
);
comment on column node_status.node is 'the node';
comment on column node_status.state is 'whether it is there';
comment on column node_status.version is 'version of its program';
comment on column node_status.at is 'when it said so; nothing in a last will';
comment on column node_status.backlog is 'events that it keeps until the hub confirms them';
comment on column node_status.clock is 'trust in its clock, as JSON';
comment on column node_status.received_at is 'when the hub heard it';

-- Messages that could not be taken in, for a person to look at. Bounded; the newest stay.
create table quarantine (
    id bigint generated always as identity primary key,
    node text,
    reason text not null,
    detail text not null,
    topic text not null,
    payload bytea not null,
    payload_hash text not null check (length(payload_hash) = 64),
    payload_bytes bigint not null check (payload_bytes >= 0),
    first_at bigint not null,
    last_at bigint not null,
    count bigint not null check (count > 0),
    unique (topic, reason, payload_hash)
);
comment on column quarantine.id is 'order of arrival of the first copy';
comment on column quarantine.node is 'the node by the topic''s word; nothing where the topic names none';
comment on column quarantine.reason is 'why';
comment on column quarantine.detail is 'why, in words';
comment on column quarantine.topic is 'where it was published, cut off at 200 characters';
comment on column quarantine.payload is 'its first bytes';
comment on column quarantine.payload_hash is 'hash of all its bytes';
comment on column quarantine.payload_bytes is 'how many bytes it has';
comment on column quarantine.first_at is 'when the first copy came';
comment on column quarantine.last_at is 'when the last copy came';
comment on column quarantine.count is 'how many copies came';

create index quarantine_by_node on quarantine (node, last_at, id);
create index quarantine_by_last on quarantine (last_at, id);

-- What needs a person, one row per node and kind.
create table alarm (
    node text not null,
    kind text not null,
    detail text not null,
    first_at bigint not null,
    last_at bigint not null,
    count bigint not null check (count > 0),
    closed_at bigint,
    primary key (node, kind)
);
comment on column alarm.node is 'the node, by its own or the topic''s word';
comment on column alarm.kind is 'what is wrong';
comment on column alarm.detail is 'what was wrong the last time, in words';
comment on column alarm.first_at is 'when it was first seen';
comment on column alarm.last_at is 'when it was last seen';
comment on column alarm.count is 'how often it was seen';
comment on column alarm.closed_at is 'when it was over by itself; nothing while it is not';

-- Media that are stored as files named by their hash.
create table blob (
    sha256 text not null primary key check (length(sha256) = 64),
    media_type text not null,
    bytes bigint not null check (bytes >= 0),
    node text not null,
    stored_at bigint not null
);
comment on column blob.sha256 is 'hash of the bytes';
comment on column blob.media_type is 'media type';
comment on column blob.bytes is 'how many bytes';
comment on column blob.node is 'the node that sent it first';
comment on column blob.stored_at is 'when it was stored';
