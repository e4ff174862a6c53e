-- Sums for long spans, alerts with what was done about them, webhooks and reports.


-- Passages per hour: sums of count_minute, for long spans. Projection.
create table count_hour (
    site text not null,
    gate text not null,
    line text not null,
    direction text not null check (direction in ('in', 'out')),
    class text not null,
    minute bigint not null,
    count bigint not null check (count > 0),
    primary key (site, gate, minute, line, direction, class)
);
comment on column count_hour.site is 'the site';
comment on column count_hour.gate is 'the gate';
comment on column count_hour.line is 'the counting line';
comment on column count_hour.direction is 'which way';
comment on column count_hour.class is 'what passed, by the name of its class';
comment on column count_hour.minute is 'the first minute of the hour';
comment on column count_hour.count is 'how many';

create index count_hour_by_minute on count_hour (minute);

-- Passages per day in Asia/Ho_Chi_Minh: sums of count_minute, for long spans. Projection.
create table count_day (
    site text not null,
    gate text not null,
    line text not null,
    direction text not null check (direction in ('in', 'out')),
    class text not null,
    minute bigint not null,
    count bigint not null check (count > 0),
    primary key (site, gate, minute, line, direction, class)
);
comment on column count_day.site is 'the site';
comment on column count_day.gate is 'the gate';
comment on column count_day.line is 'the counting line';
comment on column count_day.direction is 'which way';
comment on column count_day.class is 'what passed, by the name of its class';
comment on column count_day.minute is 'the first minute of the day in Asia/Ho_Chi_Minh';
comment on column count_day.count is 'how many';

create index count_day_by_minute on count_day (minute);

-- Stays in zones per hour and length: a histogram that adds up. Projection.
create table dwell_hour (
    site text not null,
    gate text not null,
    zone text not null,
    count_group text not null check (count_group in ('person', 'vehicle')),
    minute bigint not null,
    bucket bigint not null check (bucket between 0 and 69),
    count bigint not null check (count > 0),
    primary key (site, gate, minute, zone, count_group, bucket)
);
comment on column dwell_hour.site is 'the site';
comment on column dwell_hour.gate is 'the gate';
comment on column dwell_hour.zone is 'the zone';
comment on column dwell_hour.count_group is 'who stayed';
comment on column dwell_hour.minute is 'the first minute of the hour in which the stay ended';
comment on column dwell_hour.bucket is 'how long: up to 1 s times 2 to the power of bucket / 4';
comment on column dwell_hour.count is 'how many';

create index dwell_hour_by_minute on dwell_hour (minute);

-- Passages of vehicles by track, so that they are found from their plates. Projection.
create table vehicle_pass (
    node text not null,
    seq bigint not null,
    id text not null,
    site text not null,
    gate text not null,
    camera text not null,
    track bigint not null check (track >= 0),
    at bigint not null,
    direction text not null check (direction in ('in', 'out')),
    primary key (node, seq)
);
comment on column vehicle_pass.node is 'the node that saw it';
comment on column vehicle_pass.seq is 'number of the event';
comment on column vehicle_pass.id is 'identity of the event';
comment on column vehicle_pass.site is 'the site';
comment on column vehicle_pass.gate is 'the gate';
comment on column vehicle_pass.camera is 'the camera';
comment on column vehicle_pass.track is 'the track that completed the crossing';
comment on column vehicle_pass.at is 'when the line was crossed';
comment on column vehicle_pass.direction is 'which way';

create index vehicle_pass_by_track on vehicle_pass (node, camera, track, at);

-- Where each run of a node's program begins in its chain: a start numbers tracks anew. Projection.
create table node_run (
    node text not null,
    seq bigint not null,
    primary key (node, seq)
);
comment on column node_run.node is 'the node';
comment on column node_run.seq is 'number of the event that tells of the start';

-- What single events say of conditions that begin and end, from which their alerts follow. Projection.
create table alert_signal (
    node text not null,
    kind text not null,
    subject text not null,
    seq bigint not null,
    id text not null,
    site text not null,
    gate text,
    at bigint not null,
    edge text not null check (edge in ('raised', 'ended')),
    detail text not null,
    primary key (node, kind, subject, seq)
);
comment on column alert_signal.node is 'the node that tells of it';
comment on column alert_signal.kind is 'what it is';
comment on column alert_signal.subject is 'of what: a camera, a zone, a lane';
comment on column alert_signal.seq is 'number of the event';
comment on column alert_signal.id is 'identity of the event';
comment on column alert_signal.site is 'the site';
comment on column alert_signal.gate is 'the gate; nothing where it has none';
comment on column alert_signal.at is 'when';
comment on column alert_signal.edge is 'whether it begins or ends';
comment on column alert_signal.detail is 'more, in words';

-- What needs somebody's attention. Projection, but for those of kind node_silent, which the hub itself raises.
create table alert (
    id text not null primary key,
    kind text not null,
    site text not null,
    gate text,
    node text not null,
    subject text not null,
    seq bigint not null,
    at bigint not null,
    ended_at bigint check (ended_at >= at),
    detail text not null
);
comment on column alert.id is 'identity: of the event that raised it, or made by the hub';
comment on column alert.kind is 'what it is';
comment on column alert.site is 'the site';
comment on column alert.gate is 'the gate; nothing where it has none';
comment on column alert.node is 'the node';
comment on column alert.subject is 'of what: a camera, a zone, a lane, a list';
comment on column alert.seq is 'number of the event that raised it; 0 where none did';
comment on column alert.at is 'when it was raised';
comment on column alert.ended_at is 'when it was over by itself; nothing while it is not';
comment on column alert.detail is 'more, in words';

create index alert_by_at on alert (at, id);
create index alert_by_site on alert (site, at, id);
create index alert_by_source on alert (node, kind, subject, seq);

-- What persons did about alerts. Not a projection: a rebuild leaves it alone. Rows are only ever added; the newest of an alert counts.
create table alert_action (
    id bigint generated always as identity primary key,
    alert text not null,
    action text not null check (action in ('acknowledge', 'close')),
    outcome text check (outcome in ('confirmed', 'false_alarm', 'other')),
    by_whom text not null check (by_whom <> ''),
    note text not null,
    at bigint not null,
    check ((action = 'close') = (outcome is not null))
);
comment on column alert_action.id is 'place in the ledger';
comment on column alert_action.alert is 'the alert';
comment on column alert_action.action is 'what was done';
comment on column alert_action.outcome is 'what it turned out to be, where it was closed';
comment on column alert_action.by_whom is 'who';
comment on column alert_action.note is 'more, in words; empty where there is nothing';
comment on column alert_action.at is 'when';

create unique index alert_action_once on alert_action (alert, action);

create trigger alert_action_is_not_changed before update on alert_action
    for each row execute function refuse('what was done about an alert is never changed');

create trigger alert_action_is_not_deleted before delete on alert_action
    for each row execute function refuse('what was done about an alert is never deleted');

-- Where events are posted to.
create table webhook (
    id text not null primary key,
    url text not null,
    secret text not null,
    kinds text not null,
    sites text not null,
    legal_basis text,
    is_active boolean not null,
    cursor bigint not null check (cursor >= 0),
    attempts bigint not null check (attempts >= 0),
    next_at bigint not null,
    last_error text not null,
    delivered bigint not null check (delivered >= 0),
    owner text not null,
    owned_until bigint not null,
    created_at bigint not null,
    created_by text not null
);
comment on column webhook.id is 'identity';
comment on column webhook.url is 'the address';
comment on column webhook.secret is 'what deliveries are signed with, in hexadecimal digits';
comment on column webhook.kinds is 'kinds of events, as a JSON list; empty for all';
comment on column webhook.sites is 'sites, as a JSON list; empty for all';
comment on column webhook.legal_basis is 'what allows to tell plates and names; nothing where nothing does, and then they are left out';
comment on column webhook.is_active is 'whether it is delivered to';
comment on column webhook.cursor is 'the place in the log up to which it has everything';
comment on column webhook.attempts is 'how often the next event was tried';
comment on column webhook.next_at is 'when it is tried next';
comment on column webhook.last_error is 'why the last attempt failed; empty where it did not';
comment on column webhook.delivered is 'how many were delivered';
comment on column webhook.owner is 'the hub that delivers now';
comment on column webhook.owned_until is 'until when no other hub does';
comment on column webhook.created_at is 'when it was added';
comment on column webhook.created_by is 'who added it';

-- Events that a webhook did not take. Bounded; the newest stay.
create table webhook_dead (
    id bigint generated always as identity primary key,
    webhook text not null references webhook (id) on delete cascade,
    pos bigint not null,
    event text not null,
    kind text not null,
    attempts bigint not null,
    error text not null,
    at bigint not null
);
comment on column webhook_dead.id is 'order of giving up';
comment on column webhook_dead.webhook is 'the webhook';
comment on column webhook_dead.pos is 'place of the event in the log';
comment on column webhook_dead.event is 'identity of the event';
comment on column webhook_dead.kind is 'its kind';
comment on column webhook_dead.attempts is 'how often it was tried';
comment on column webhook_dead.error is 'why the last attempt failed';
comment on column webhook_dead.at is 'when it was given up';

create index webhook_dead_by_webhook on webhook_dead (webhook, id);

-- Reports that were made, with the moment of their data.
create table report (
    id text not null primary key,
    kind text not null check (kind in ('day', 'week', 'month', 'half_year', 'year')),
    site text,
    from_minute bigint not null,
    to_minute bigint not null check (to_minute > from_minute),
    data_until bigint not null,
    made_by text not null,
    schedule text unique
);
comment on column report.id is 'identity';
comment on column report.kind is 'how long its span is';
comment on column report.site is 'the site; nothing where it is about all of them';
comment on column report.from_minute is 'its first minute';
comment on column report.to_minute is 'the minute after its last';
comment on column report.data_until is 'the moment of the data';
comment on column report.made_by is 'who asked for it; empty where the schedule did';
comment on column report.schedule is 'what of the schedule it is, so that no hub makes it twice; nothing where somebody asked for it';

create index report_by_data on report (data_until, id);

-- The documents of a report.
create table report_document (
    report text not null references report (id) on delete cascade,
    language text not null check (language in ('vi', 'en')),
    format text not null check (format in ('pdf', 'xlsx')),
    sha256 text not null check (length(sha256) = 64),
    bytes bytea not null,
    primary key (report, language, format)
);
comment on column report_document.report is 'the report';
comment on column report_document.language is 'its language';
comment on column report_document.format is 'its form';
comment on column report_document.sha256 is 'hash of its bytes';
comment on column report_document.bytes is 'its bytes';
