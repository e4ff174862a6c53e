-- Sums for long spans, alerts with what was done about them, webhooks and reports.


-- Passages per hour: sums of count_minute, for long spans. Projection.
create table count_hour (
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
    -- the first minute of the hour
    minute bigint not null,
    -- how many
    count bigint not null check (count > 0),
    primary key (site, gate, minute, line, direction, class)
);

create index count_hour_by_minute on count_hour (minute);

-- Passages per day in Asia/Ho_Chi_Minh: sums of count_minute, for long spans. Projection.
create table count_day (
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
    -- the first minute of the day in Asia/Ho_Chi_Minh
    minute bigint not null,
    -- how many
    count bigint not null check (count > 0),
    primary key (site, gate, minute, line, direction, class)
);

create index count_day_by_minute on count_day (minute);

-- Stays in zones per hour and length: a histogram that adds up. Projection.
create table dwell_hour (
    -- the site
    site text not null,
    -- the gate
    gate text not null,
    -- the zone
    zone text not null,
    -- who stayed
    count_group text not null check (count_group in ('person', 'vehicle')),
    -- the first minute of the hour in which the stay ended
    minute bigint not null,
    -- how long: up to 1 s times 2 to the power of bucket / 4
    bucket bigint not null check (bucket between 0 and 69),
    -- how many
    count bigint not null check (count > 0),
    primary key (site, gate, minute, zone, count_group, bucket)
);

create index dwell_hour_by_minute on dwell_hour (minute);

-- Passages of vehicles by track, so that they are found from their plates. Projection.
create table vehicle_pass (
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
    -- the camera
    camera text not null,
    -- the track that completed the crossing
    track bigint not null check (track >= 0),
    -- when the line was crossed
    at bigint not null,
    -- which way
    direction text not null check (direction in ('in', 'out')),
    primary key (node, seq)
);

create index vehicle_pass_by_track on vehicle_pass (node, camera, track, at);

-- Where each run of a node's program begins in its chain: a start numbers tracks anew. Projection.
create table node_run (
    -- the node
    node text not null,
    -- number of the event that tells of the start
    seq bigint not null,
    primary key (node, seq)
);

-- What single events say of conditions that begin and end, from which their alerts follow. Projection.
create table alert_signal (
    -- the node that tells of it
    node text not null,
    -- what it is
    kind text not null,
    -- of what: a camera, a zone, a lane
    subject text not null,
    -- number of the event
    seq bigint not null,
    -- identity of the event
    id text not null,
    -- the site
    site text not null,
    -- the gate; nothing where it has none
    gate text,
    -- when
    at bigint not null,
    -- whether it begins or ends
    edge text not null check (edge in ('raised', 'ended')),
    -- more, in words
    detail text not null,
    primary key (node, kind, subject, seq)
);

-- What needs somebody's attention. Projection, but for those of kind node_silent, which the hub itself raises.
create table alert (
    -- identity: of the event that raised it, or made by the hub
    id text not null primary key,
    -- what it is
    kind text not null,
    -- the site
    site text not null,
    -- the gate; nothing where it has none
    gate text,
    -- the node
    node text not null,
    -- of what: a camera, a zone, a lane, a list
    subject text not null,
    -- number of the event that raised it; 0 where none did
    seq bigint not null,
    -- when it was raised
    at bigint not null,
    -- when it was over by itself; nothing while it is not
    ended_at bigint check (ended_at >= at),
    -- more, in words
    detail text not null
);

create index alert_by_at on alert (at, id);
create index alert_by_site on alert (site, at, id);
create index alert_by_source on alert (node, kind, subject, seq);

-- What persons did about alerts. Not a projection: a rebuild leaves it alone. Rows are only ever added; the newest of an alert counts.
create table alert_action (
    -- place in the ledger
    id integer primary key autoincrement,
    -- the alert
    alert text not null,
    -- what was done
    action text not null check (action in ('acknowledge', 'close')),
    -- what it turned out to be, where it was closed
    outcome text check (outcome in ('confirmed', 'false_alarm', 'other')),
    -- who
    by_whom text not null check (by_whom <> ''),
    -- more, in words; empty where there is nothing
    note text not null,
    -- when
    at bigint not null,
    check ((action = 'close') = (outcome is not null))
);

create unique index alert_action_once on alert_action (alert, action);

create trigger alert_action_is_not_changed before update on alert_action
begin
    select raise(abort, 'what was done about an alert is never changed');
end;

create trigger alert_action_is_not_deleted before delete on alert_action
begin
    select raise(abort, 'what was done about an alert is never deleted');
end;

-- Where events are posted to.
create table webhook (
    -- identity
    id text not null primary key,
    -- the address
    url text not null,
    -- what deliveries are signed with, in hexadecimal digits
    secret text not null,
    -- kinds of events, as a JSON list; empty for all
    kinds text not null,
    -- sites, as a JSON list; empty for all
    sites text not null,
    -- what allows to tell plates and names; nothing where nothing does, and then they are left out
    legal_basis text,
    -- whether it is delivered to
    is_active boolean not null,
    -- the place in the log up to which it has everything
    cursor bigint not null check (cursor >= 0),
    -- how often the next event was tried
    attempts bigint not null check (attempts >= 0),
    -- when it is tried next
    next_at bigint not null,
    -- why the last attempt failed; empty where it did not
    last_error text not null,
    -- how many were delivered
    delivered bigint not null check (delivered >= 0),
    -- the hub that delivers now
    owner text not null,
    -- until when no other hub does
    owned_until bigint not null,
    -- when it was added
    created_at bigint not null,
    -- who added it
    created_by text not null
);

-- Events that a webhook did not take. Bounded; the newest stay.
create table webhook_dead (
    -- order of giving up
    id integer primary key autoincrement,
    -- the webhook
    webhook text not null references webhook (id) on delete cascade,
    -- place of the event in the log
    pos bigint not null,
    -- identity of the event
    event text not null,
    -- its kind
    kind text not null,
    -- how often it was tried
    attempts bigint not null,
    -- why the last attempt failed
    error text not null,
    -- when it was given up
    at bigint not null
);

create index webhook_dead_by_webhook on webhook_dead (webhook, id);

-- Reports that were made, with the moment of their data.
create table report (
    -- identity
    id text not null primary key,
    -- how long its span is
    kind text not null check (kind in ('day', 'week', 'month', 'half_year', 'year')),
    -- the site; nothing where it is about all of them
    site text,
    -- its first minute
    from_minute bigint not null,
    -- the minute after its last
    to_minute bigint not null check (to_minute > from_minute),
    -- the moment of the data
    data_until bigint not null,
    -- who asked for it; empty where the schedule did
    made_by text not null,
    -- what of the schedule it is, so that no hub makes it twice; nothing where somebody asked for it
    schedule text unique
);

create index report_by_data on report (data_until, id);

-- The documents of a report.
create table report_document (
    -- the report
    report text not null references report (id) on delete cascade,
    -- its language
    language text not null check (language in ('vi', 'en')),
    -- its form
    format text not null check (format in ('pdf', 'xlsx')),
    -- hash of its bytes
    sha256 text not null check (length(sha256) = 64),
    -- its bytes
    bytes blob not null,
    primary key (report, language, format)
);
