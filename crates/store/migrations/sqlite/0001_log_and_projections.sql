-- The hub's database. Moments are whole microseconds since 1970 in UTC, minutes whole minutes since 1970.
-- Hashes are 64 lower-case hexadecimal digits.

create table meta (
    -- name of the fact about this database
    name text not null primary key,
    -- the fact
    value text not null
);

-- The nodes that are believed.
create table node (
    -- name of the node, the same in all sites
    node text not null primary key check (node <> ''),
    -- the only site that it may speak for
    site text not null check (site <> ''),
    -- Ed25519 key by which its events are verified, in unpadded URL-safe base64
    public_key text not null check (length(public_key) = 43),
    -- when it was added
    added_at bigint not null,
    -- who or what added it
    added_by text not null
);

-- The log of all events, each once. Rows are only ever added.
create table event (
    -- place in the log, in the order of commit: what a reader resumes from
    pos integer primary key autoincrement,
    -- the node that signed it
    node text not null references node (node),
    -- its number in the node's chain
    seq bigint not null check (seq >= 1),
    -- its identity, a UUID in lower case
    id text not null unique check (length(id) = 36),
    -- the site of the node
    site text not null,
    -- name of what happened
    kind text not null,
    -- when it happened, by the node's clock
    at bigint not null,
    -- trust in that clock, as JSON
    clock text not null,
    -- hash of the signed bytes
    hash text not null check (length(hash) = 64),
    -- hash of the node's event before, by this event's own word
    prev text not null check (length(prev) = 64),
    -- the canonical JSON that was signed, without the signature
    body text not null,
    -- the node's signature
    sig text not null,
    -- when the hub took it in
    received_at bigint not null,
    unique (node, seq)
);

-- How far each node's chain is complete.
create table chain_head (
    -- the node
    node text not null primary key references node (node),
    -- every event up to and including this number is in the log; 0 where the first is missing
    committed_seq bigint not null check (committed_seq >= 0),
    -- hash of that event, 64 zeros where there is none
    committed_hash text not null check (length(committed_hash) = 64),
    -- the highest number in the log
    highest_seq bigint not null,
    check (highest_seq >= committed_seq)
);

-- Passages per minute. Projection.
create table count_minute (
    -- the site
    site text not null,
    -- the gate
    gate text not null,
    -- the counting line
    line text not null,
    -- which way
    direction text not null check (direction in ('in', 'out')),
    -- what passed, by the name of its class
    class text not null,
    -- the minute in which it passed
    minute bigint not null,
    -- how many
    count bigint not null check (count > 0),
    primary key (site, gate, minute, line, direction, class)
);

-- Sums over all gates of a day begin here.
create index count_minute_by_minute on count_minute (minute);

-- Passages, one row each. Projection.
create table passage (
    -- the node that saw it
    node text not null,
    -- number of the event
    seq bigint not null,
    -- identity of the event
    id text not null,
    -- the site
    site text not null,
    -- the gate
    gate text not null,
    -- when the line was crossed
    at bigint not null,
    -- the passage as the event tells it, as JSON
    passage text not null,
    -- the media that show it, as a JSON list
    evidence text not null,
    primary key (node, seq),
    foreign key (node, seq) references event (node, seq)
);

create index passage_by_gate on passage (site, gate, at, id);
create index passage_by_at on passage (at, id);

-- Stays in zones, one row each. Projection.
create table stay (
    -- the node that saw it
    node text not null,
    -- number of the event
    seq bigint not null,
    -- identity of the event
    id text not null,
    -- the site
    site text not null,
    -- the gate
    gate text not null,
    -- the zone
    zone text not null,
    -- when it came
    at_from bigint not null,
    -- when it was last seen there
    at_to bigint not null,
    -- the stay as the event tells it, as JSON
    stay text not null,
    -- the media that show it, as a JSON list
    evidence text not null,
    primary key (node, seq),
    foreign key (node, seq) references event (node, seq)
);

create index stay_by_gate on stay (site, gate, at_to, id);

-- How many are in each zone. Projection.
create table occupancy (
    -- the site
    site text not null,
    -- the gate
    gate text not null,
    -- the zone
    zone text not null,
    -- what is counted
    count_group text not null check (count_group in ('person', 'vehicle')),
    -- the node that counts
    node text not null,
    -- number of the event that said so
    seq bigint not null,
    -- how many
    count bigint not null check (count >= 0),
    -- since when
    at bigint not null,
    primary key (site, gate, zone, count_group, node)
);

-- State of each camera. Projection.
create table camera_state (
    -- the site
    site text not null,
    -- the node
    node text not null,
    -- the camera
    camera text not null,
    -- number of the event that said so
    seq bigint not null,
    -- the state
    state text not null check (state in ('up', 'down', 'failed', 'ended')),
    -- why, for people
    reason text not null,
    -- since when
    at bigint not null,
    primary key (site, node, camera)
);

-- Which node watches which gate. Projection.
create table gate_node (
    -- the site
    site text not null,
    -- the gate
    gate text not null,
    -- the node
    node text not null,
    -- the latest moment that it told of
    at bigint not null,
    primary key (site, gate, node)
);

-- Which camera looks at which gate. Projection.
create table gate_camera (
    -- the site
    site text not null,
    -- the gate
    gate text not null,
    -- the node
    node text not null,
    -- the camera
    camera text not null,
    -- the latest moment that it told of
    at bigint not null,
    primary key (site, gate, node, camera)
);

-- Newest event of each node. Projection.
create table node_seen (
    -- the node
    node text not null primary key,
    -- number of the event
    seq bigint not null,
    -- when it happened
    at bigint not null,
    -- trust in the node's clock then, as JSON
    clock text not null
);

-- Newest start of each node's program. Projection.
create table node_start (
    -- the node
    node text not null primary key,
    -- number of the event
    seq bigint not null,
    -- when
    at bigint not null,
    -- version of the program
    version text not null,
    -- name of the gate profile
    profile text not null,
    -- models in use, as a JSON list of name and hash
    models text not null
);

-- Newest jump of each node's clock. Projection.
create table node_jump (
    -- the node
    node text not null primary key,
    -- number of the event
    seq bigint not null,
    -- when
    at bigint not null,
    -- how far, in milliseconds; negative when it went back
    by_ms bigint not null
);

-- What each node last said of itself on its status topic. Not signed and not in the log.
create table node_status (
    -- the node
    node text not null primary key references node (node),
    -- whether it is there
    state text not null check (state in ('online', 'offline')),
    -- version of its program
    version text not null,
    -- when it said so; nothing in a last will
    at bigint,
    -- events that it keeps until the hub confirms them
    backlog bigint,
    -- trust in its clock, as JSON
    clock text,
    -- when the hub heard it
    received_at bigint not null
);

-- Messages that could not be taken in, for a person to look at. Bounded; the newest stay.
create table quarantine (
    -- order of arrival of the first copy
    id integer primary key autoincrement,
    -- the node by the topic's word; nothing where the topic names none
    node text,
    -- why
    reason text not null,
    -- why, in words
    detail text not null,
    -- where it was published, cut off at 200 characters
    topic text not null,
    -- its first bytes
    payload blob not null,
    -- hash of all its bytes
    payload_hash text not null check (length(payload_hash) = 64),
    -- how many bytes it has
    payload_bytes bigint not null check (payload_bytes >= 0),
    -- when the first copy came
    first_at bigint not null,
    -- when the last copy came
    last_at bigint not null,
    -- how many copies came
    count bigint not null check (count > 0),
    unique (topic, reason, payload_hash)
);

create index quarantine_by_node on quarantine (node, last_at, id);
create index quarantine_by_last on quarantine (last_at, id);

-- What needs a person, one row per node and kind.
create table alarm (
    -- the node, by its own or the topic's word
    node text not null,
    -- what is wrong
    kind text not null,
    -- what was wrong the last time, in words
    detail text not null,
    -- when it was first seen
    first_at bigint not null,
    -- when it was last seen
    last_at bigint not null,
    -- how often it was seen
    count bigint not null check (count > 0),
    -- when it was over by itself; nothing while it is not
    closed_at bigint,
    primary key (node, kind)
);

-- Media that are stored as files named by their hash.
create table blob (
    -- hash of the bytes
    sha256 text not null primary key check (length(sha256) = 64),
    -- media type
    media_type text not null,
    -- how many bytes
    bytes bigint not null check (bytes >= 0),
    -- the node that sent it first
    node text not null,
    -- when it was stored
    stored_at bigint not null
);
