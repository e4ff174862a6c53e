-- Plates that were in front of a camera, one row each. Projection. Votes and lesser readings stay in the event.
create table plate_read (
    node text not null,
    seq bigint not null,
    id text not null,
    site text not null,
    gates text not null,
    camera text not null,
    visit bigint not null check (visit >= 0),
    vehicle bigint check (vehicle >= 0),
    at_from bigint not null,
    at_to bigint not null,
    outcome text not null check (outcome in ('read', 'unknown_kind', 'unreadable', 'not_a_plate')),
    reason text not null,
    key text check (key <> ''),
    display text,
    kind text,
    issuer text,
    confidence double precision check (confidence between 0 and 1),
    ambiguous boolean,
    colour text not null check (colour in ('white', 'yellow', 'blue', 'red', 'unknown')),
    rows bigint not null check (rows in (1, 2)),
    list text,
    list_purpose text check (list_purpose in ('watch', 'allow')),
    list_key text,
    list_score double precision check (list_score between 0 and 1),
    evidence text not null,
    primary key (node, seq),
    check ((outcome = 'read') = (key is not null)),
    check ((key is null) = (display is null) and (key is null) = (kind is null)),
    check ((key is null) = (confidence is null) and (key is null) = (ambiguous is null)),
    check (issuer is null or key is not null),
    check ((list is null) = (list_purpose is null)),
    check ((list is null) = (list_key is null) and (list is null) = (list_score is null))
);
comment on column plate_read.node is 'the node that saw it';
comment on column plate_read.seq is 'number of the event';
comment on column plate_read.id is 'identity of the event';
comment on column plate_read.site is 'the site';
comment on column plate_read.gates is 'the gates of the camera, as a JSON list';
comment on column plate_read.camera is 'the camera';
comment on column plate_read.visit is 'number of the visit, counted per camera and run';
comment on column plate_read.vehicle is 'the track of the vehicle that carried it; nothing where none was followed';
comment on column plate_read.at_from is 'when it was first seen';
comment on column plate_read.at_to is 'when it was last seen before the result was settled';
comment on column plate_read.outcome is 'what came of reading it';
comment on column plate_read.reason is 'why there is no reading, or why a person should look';
comment on column plate_read.key is 'the likeliest key: upper case, no separators, Đ as D; nothing unless it was read';
comment on column plate_read.display is 'the likeliest reading as it is written for people';
comment on column plate_read.kind is 'its kind of plate, by name';
comment on column plate_read.issuer is 'who issued it; nothing where the plate does not say';
comment on column plate_read.confidence is 'probability of this reading';
comment on column plate_read.ambiguous is 'whether another kind or key fits about as well';
comment on column plate_read.colour is 'colour of the ground';
comment on column plate_read.rows is 'rows of glyphs';
comment on column plate_read.list is 'the list that it resembles an entry of, a watch list before others; nothing where there is none';
comment on column plate_read.list_purpose is 'what that list is for';
comment on column plate_read.list_key is 'key of the entry';
comment on column plate_read.list_score is 'how alike the two are';
comment on column plate_read.evidence is 'the media that show it, as a JSON list';

create index plate_read_by_site on plate_read (site, at_to, id);
create index plate_read_by_at on plate_read (at_to, id);
-- The history of one plate, at one site or at all.
create index plate_read_by_key on plate_read (key, site, at_to, id);
-- Whose plate it was: asked for each passage that is listed.
create index plate_read_by_vehicle on plate_read (node, camera, vehicle, at_to);

-- At which gates each plate was, so that one gate's plates are found without reading the others'. Projection.
create table plate_read_gate (
    node text not null,
    seq bigint not null,
    site text not null,
    gate text not null,
    at_to bigint not null,
    id text not null,
    primary key (node, seq, gate),
    foreign key (node, seq) references plate_read (node, seq)
);
comment on column plate_read_gate.node is 'the node that saw it';
comment on column plate_read_gate.seq is 'number of the event';
comment on column plate_read_gate.site is 'the site';
comment on column plate_read_gate.gate is 'the gate';
comment on column plate_read_gate.at_to is 'when the plate was last seen before the result was settled';
comment on column plate_read_gate.id is 'identity of the event';

create index plate_read_gate_by_gate on plate_read_gate (site, gate, at_to, id);
