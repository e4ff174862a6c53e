-- What ingest compares new events with: their numbers, identities and the hashes that chain them.
create view event_link as
select node, seq, pos, id::text as id, encode(hash, 'hex') as hash, encode(prev, 'hex') as prev from event_key;

-- The parts of the log that were dropped, one row each. Not a projection. Rows are only ever added.
create table event_month_dropped (
    id bigint generated always as identity primary key,
    month bigint not null,
    events bigint not null check (events >= 0),
    first_pos bigint,
    last_pos bigint check (last_pos >= first_pos),
    keys_removed bigint not null check (keys_removed between 0 and events),
    by_whom text not null check (by_whom <> ''),
    dropped_at bigint not null
);
comment on column event_month_dropped.id is 'order of dropping';
comment on column event_month_dropped.month is 'the month of arrival in Asia/Ho_Chi_Minh, as months since January 1970';
comment on column event_month_dropped.events is 'how many events it held';
comment on column event_month_dropped.first_pos is 'the first place in the log that it held; nothing where it was empty';
comment on column event_month_dropped.last_pos is 'the last place in the log that it held; nothing where it was empty';
comment on column event_month_dropped.keys_removed is 'how many of its events had a number up to which their node''s chain was complete; the others stay known by number and identity';
comment on column event_month_dropped.by_whom is 'who or what dropped it';
comment on column event_month_dropped.dropped_at is 'when it was dropped';

create trigger event_month_dropped_is_not_changed before update on event_month_dropped
    for each row execute function refuse('what was dropped is never changed');

create trigger event_month_dropped_is_not_deleted before delete on event_month_dropped
    for each row execute function refuse('what was dropped is never forgotten');

-- Where nodes' programs started, of parts of the log that were dropped. Not a projection.
create table event_start_dropped (
    node text not null,
    seq bigint not null,
    primary key (node, seq)
);
comment on column event_start_dropped.node is 'the node';
comment on column event_start_dropped.seq is 'number of the event that said so';

-- Where nodes' programs started: numbers of tracks before and after it are not of one run.
create view event_start as
select node, seq from event where kind = 'node_started' union all select node, seq from event_start_dropped;
