-- Which media show which events and how long they are kept, what was deleted, and what must not be. Moments are whole
-- microseconds since 1970 in UTC.

-- Media that show events, one row for each medium and event. Projection.
create table medium (
    -- hash of its bytes
    sha256 text not null check (length(sha256) = 64),
    -- identity of the event that it shows
    event text not null,
    -- how long it is kept, by the name of the class
    class text not null check (class in ('passage_pictures', 'plate_pictures', 'decision_evidence', 'alert_evidence', 'clips')),
    -- the node that made it
    node text not null,
    -- when what it shows was over
    at bigint not null,
    primary key (sha256, event, class)
);

create index medium_by_class on medium (class, at);

insert into medium (sha256, event, class, node, at)
select distinct json_extract(named.value, '$.sha256'), passage.id, 'passage_pictures', passage.node, passage.at
from passage, json_each(passage.evidence) named;

insert into medium (sha256, event, class, node, at)
select distinct json_extract(named.value, '$.sha256'), stay.id, 'passage_pictures', stay.node, stay.at_to
from stay, json_each(stay.evidence) named;

insert into medium (sha256, event, class, node, at)
select distinct json_extract(named.value, '$.sha256'), plate_read.id,
    case when plate_read.list_purpose = 'watch' then 'alert_evidence' else 'plate_pictures' end,
    plate_read.node, plate_read.at_to
from plate_read, json_each(plate_read.evidence) named;

insert into medium (sha256, event, class, node, at)
select distinct json_extract(named.value, '$.sha256'), access_decision.id, 'decision_evidence', access_decision.node,
    access_decision.at
from access_decision, json_each(access_decision.evidence) named;

insert into medium (sha256, event, class, node, at)
select distinct json_extract(named.value, '$.sha256'), incident.id, 'alert_evidence', incident.node, incident.at
from incident, json_each(incident.evidence) named;

insert into medium (sha256, event, class, node, at)
select json_extract(clip.added, '$.clip.sha256'), clip.of_event, 'clips', min(clip.node), max(clip.at_to)
from clip
group by json_extract(clip.added, '$.clip.sha256'), clip.of_event;

create index blob_by_stored_at on blob (stored_at);

-- Media whose deletion is written down and whose bytes are still to be removed.
create table blob_removal (
    -- hash of the bytes
    sha256 text not null primary key check (length(sha256) = 64),
    -- place in the deletion log
    seq bigint not null
);

-- What was deleted by which rule: only ever added to, each row with a hash over the one before.
create table deletion_log (
    -- place in the chain, from 1, without a gap
    seq bigint primary key check (seq > 0),
    -- when
    at bigint not null,
    -- what was too old, by the name of the class
    class text not null check (class <> ''),
    -- what was deleted: the table of rows, or blob
    kind text not null check (kind in ('blob', 'plate_read', 'access_decision')),
    -- how many
    count bigint not null check (count > 0),
    -- hashes of the media, as a JSON list; empty for rows
    subjects text not null,
    -- what was over before this moment was due
    cutoff bigint not null,
    -- the rule, in words
    rule text not null,
    -- why, in words
    reason text not null,
    -- who or what deleted
    by_whom text not null check (by_whom <> ''),
    -- hash of the row before; 64 zeros before the first
    prev_hash text not null check (length(prev_hash) = 64),
    -- SHA-256 over prev_hash and the JSON list of the values above
    hash text not null unique check (length(hash) = 64)
);

create index deletion_log_by_class on deletion_log (class, seq);

-- The end of the chain, so that rows cut off at the end are missed. One row, locked while rows are added.
create table deletion_log_head (
    -- always 1
    id bigint primary key check (id = 1),
    -- place of the last row; 0 while there is none
    seq bigint not null,
    -- its hash
    hash text not null check (length(hash) = 64)
);

insert into deletion_log_head (id, seq, hash)
values (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

create trigger deletion_log_is_not_changed before update on deletion_log
begin
    select raise(abort, 'the deletion log is never changed');
end;

create trigger deletion_log_is_not_deleted before delete on deletion_log
begin
    select raise(abort, 'the deletion log is never deleted');
end;

create trigger deletion_log_head_is_not_deleted before delete on deletion_log_head
begin
    select raise(abort, 'the deletion log has one head');
end;

create trigger deletion_log_head_only_rises before update on deletion_log_head when new.seq < old.seq
begin
    select raise(abort, 'the deletion log never gets shorter');
end;

-- Why events and their media are kept although their time is over.
create table hold (
    -- identity
    id text not null primary key,
    -- the site of its events
    site text not null check (site <> ''),
    -- the case that they belong to, by its number or name; nothing where it is about single events
    case_name text check (case_name <> ''),
    -- why
    reason text not null check (reason <> ''),
    -- who set it
    set_by text not null check (set_by <> ''),
    -- when
    set_at bigint not null,
    -- who released it; nothing while it holds
    released_by text,
    -- when
    released_at bigint,
    -- why
    release_reason text,
    check ((released_by is null) = (released_at is null) and (released_by is null) = (release_reason is null))
);

create index hold_by_set_at on hold (set_at, id);

-- The events of a hold.
create table hold_event (
    -- the hold
    hold text not null references hold (id),
    -- identity of the event
    event text not null,
    primary key (hold, event)
);

create index hold_event_by_event on hold_event (event);
