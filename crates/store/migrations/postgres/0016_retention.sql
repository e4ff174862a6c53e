-- Which media show which events and how long they are kept, what was deleted, and what must not be. Moments are whole
-- microseconds since 1970 in UTC.

-- Media that show events, one row for each medium and event. Projection.
create table medium (
    sha256 text not null check (length(sha256) = 64),
    event text not null,
    class text not null check (class in ('passage_pictures', 'plate_pictures', 'decision_evidence', 'alert_evidence', 'clips')),
    node text not null,
    at bigint not null,
    primary key (sha256, event, class)
);
comment on column medium.sha256 is 'hash of its bytes';
comment on column medium.event is 'identity of the event that it shows';
comment on column medium.class is 'how long it is kept, by the name of the class';
comment on column medium.node is 'the node that made it';
comment on column medium.at is 'when what it shows was over';

create index medium_by_class on medium (class, at);

insert into medium (sha256, event, class, node, at)
select distinct named.value ->> 'sha256', passage.id, 'passage_pictures', passage.node, passage.at
from passage, json_array_elements(passage.evidence::json) named (value);

insert into medium (sha256, event, class, node, at)
select distinct named.value ->> 'sha256', stay.id, 'passage_pictures', stay.node, stay.at_to
from stay, json_array_elements(stay.evidence::json) named (value);

insert into medium (sha256, event, class, node, at)
select distinct named.value ->> 'sha256', plate_read.id,
    case when plate_read.list_purpose = 'watch' then 'alert_evidence' else 'plate_pictures' end,
    plate_read.node, plate_read.at_to
from plate_read, json_array_elements(plate_read.evidence::json) named (value);

insert into medium (sha256, event, class, node, at)
select distinct named.value ->> 'sha256', access_decision.id, 'decision_evidence', access_decision.node,
    access_decision.at
from access_decision, json_array_elements(access_decision.evidence::json) named (value);

insert into medium (sha256, event, class, node, at)
select distinct named.value ->> 'sha256', incident.id, 'alert_evidence', incident.node, incident.at
from incident, json_array_elements(incident.evidence::json) named (value);

insert into medium (sha256, event, class, node, at)
select clip.added::json -> 'clip' ->> 'sha256', clip.of_event, 'clips', min(clip.node), max(clip.at_to)
from clip
group by clip.added::json -> 'clip' ->> 'sha256', clip.of_event;

create index blob_by_stored_at on blob (stored_at);

-- Media whose deletion is written down and whose bytes are still to be removed.
create table blob_removal (
    sha256 text not null primary key check (length(sha256) = 64),
    seq bigint not null
);
comment on column blob_removal.sha256 is 'hash of the bytes';
comment on column blob_removal.seq is 'place in the deletion log';

-- What was deleted by which rule: only ever added to, each row with a hash over the one before.
create table deletion_log (
    seq bigint primary key check (seq > 0),
    at bigint not null,
    class text not null check (class <> ''),
    kind text not null check (kind in ('blob', 'plate_read', 'access_decision')),
    count bigint not null check (count > 0),
    subjects text not null,
    cutoff bigint not null,
    rule text not null,
    reason text not null,
    by_whom text not null check (by_whom <> ''),
    prev_hash text not null check (length(prev_hash) = 64),
    hash text not null unique check (length(hash) = 64)
);
comment on column deletion_log.seq is 'place in the chain, from 1, without a gap';
comment on column deletion_log.at is 'when';
comment on column deletion_log.class is 'what was too old, by the name of the class';
comment on column deletion_log.kind is 'what was deleted: the table of rows, or blob';
comment on column deletion_log.count is 'how many';
comment on column deletion_log.subjects is 'hashes of the media, as a JSON list; empty for rows';
comment on column deletion_log.cutoff is 'what was over before this moment was due';
comment on column deletion_log.rule is 'the rule, in words';
comment on column deletion_log.reason is 'why, in words';
comment on column deletion_log.by_whom is 'who or what deleted';
comment on column deletion_log.prev_hash is 'hash of the row before; 64 zeros before the first';
comment on column deletion_log.hash is 'SHA-256 over prev_hash and the JSON list of the values above';

create index deletion_log_by_class on deletion_log (class, seq);

-- The end of the chain, so that rows cut off at the end are missed. One row, locked while rows are added.
create table deletion_log_head (
    id bigint primary key check (id = 1),
    seq bigint not null,
    hash text not null check (length(hash) = 64)
);
comment on column deletion_log_head.id is 'always 1';
comment on column deletion_log_head.seq is 'place of the last row; 0 while there is none';
comment on column deletion_log_head.hash is 'its hash';

insert into deletion_log_head (id, seq, hash)
values (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

create trigger deletion_log_is_not_changed before update on deletion_log
    for each row execute function refuse('the deletion log is never changed');

create trigger deletion_log_is_not_deleted before delete on deletion_log
    for each row execute function refuse('the deletion log is never deleted');

create trigger deletion_log_is_not_emptied before truncate on deletion_log
    for each statement execute function refuse('the deletion log is never deleted');

create trigger deletion_log_head_is_not_deleted before delete on deletion_log_head
    for each row execute function refuse('the deletion log has one head');

create trigger deletion_log_head_is_not_emptied before truncate on deletion_log_head
    for each statement execute function refuse('the deletion log has one head');

create trigger deletion_log_head_only_rises before update on deletion_log_head
    for each row when (new.seq < old.seq) execute function refuse('the deletion log never gets shorter');

-- Why events and their media are kept although their time is over.
create table hold (
    id text not null primary key,
    site text not null check (site <> ''),
    case_name text check (case_name <> ''),
    reason text not null check (reason <> ''),
    set_by text not null check (set_by <> ''),
    set_at bigint not null,
    released_by text,
    released_at bigint,
    release_reason text,
    check ((released_by is null) = (released_at is null) and (released_by is null) = (release_reason is null))
);
comment on column hold.id is 'identity';
comment on column hold.site is 'the site of its events';
comment on column hold.case_name is 'the case that they belong to, by its number or name; nothing where it is about single events';
comment on column hold.reason is 'why';
comment on column hold.set_by is 'who set it';
comment on column hold.set_at is 'when';
comment on column hold.released_by is 'who released it; nothing while it holds';
comment on column hold.released_at is 'when';
comment on column hold.release_reason is 'why';

create index hold_by_set_at on hold (set_at, id);

-- The events of a hold.
create table hold_event (
    hold text not null references hold (id),
    event text not null,
    primary key (hold, event)
);
comment on column hold_event.hold is 'the hold';
comment on column hold_event.event is 'identity of the event';

create index hold_event_by_event on hold_event (event);
