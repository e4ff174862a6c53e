-- Plates that were in front of a camera, one row each. Projection. Votes and lesser readings stay in the event.
create table plate_read (
    -- the node that saw it
    node text not null,
    -- number of the event
    seq bigint not null,
    -- identity of the event
    id text not null,
    -- the site
    site text not null,
    -- the gates of the camera, as a JSON list
    gates text not null,
    -- the camera
    camera text not null,
    -- number of the visit, counted per camera and run
    visit bigint not null check (visit >= 0),
    -- the track of the vehicle that carried it; nothing where none was followed
    vehicle bigint check (vehicle >= 0),
    -- when it was first seen
    at_from bigint not null,
    -- when it was last seen before the result was settled
    at_to bigint not null,
    -- what came of reading it
    outcome text not null check (outcome in ('read', 'unknown_kind', 'unreadable', 'not_a_plate')),
    -- why there is no reading, or why a person should look
    reason text not null,
    -- the likeliest key: upper case, no separators, Đ as D; nothing unless it was read
    key text check (key <> ''),
    -- the likeliest reading as it is written for people
    display text,
    -- its kind of plate, by name
    kind text,
    -- who issued it; nothing where the plate does not say
    issuer text,
    -- probability of this reading
    confidence real check (confidence between 0 and 1),
    -- whether another kind or key fits about as well
    ambiguous boolean,
    -- colour of the ground
    colour text not null check (colour in ('white', 'yellow', 'blue', 'red', 'unknown')),
    -- rows of glyphs
    rows bigint not null check (rows in (1, 2)),
    -- the list that it resembles an entry of, a watch list before others; nothing where there is none
    list text,
    -- what that list is for
    list_purpose text check (list_purpose in ('watch', 'allow')),
    -- key of the entry
    list_key text,
    -- how alike the two are
    list_score real check (list_score between 0 and 1),
    -- the media that show it, as a JSON list
    evidence text not null,
    primary key (node, seq),
    foreign key (node, seq) references event (node, seq),
    check ((outcome = 'read') = (key is not null)),
    check ((key is null) = (display is null) and (key is null) = (kind is null)),
    check ((key is null) = (confidence is null) and (key is null) = (ambiguous is null)),
    check (issuer is null or key is not null),
    check ((list is null) = (list_purpose is null)),
    check ((list is null) = (list_key is null) and (list is null) = (list_score is null))
);

create index plate_read_by_site on plate_read (site, at_to, id);
create index plate_read_by_at on plate_read (at_to, id);
-- The history of one plate, at one site or at all.
create index plate_read_by_key on plate_read (key, site, at_to, id);
-- Whose plate it was: asked for each passage that is listed.
create index plate_read_by_vehicle on plate_read (node, camera, vehicle, at_to);

-- At which gates each plate was, so that one gate's plates are found without reading the others'. Projection.
create table plate_read_gate (
    -- the node that saw it
    node text not null,
    -- number of the event
    seq bigint not null,
    -- the site
    site text not null,
    -- the gate
    gate text not null,
    -- when the plate was last seen before the result was settled
    at_to bigint not null,
    -- identity of the event
    id text not null,
    primary key (node, seq, gate),
    foreign key (node, seq) references plate_read (node, seq)
);

create index plate_read_gate_by_gate on plate_read_gate (site, gate, at_to, id);
