-- What gates noticed that their profiles do not allow or warn of, one row each. Projection.
create table incident (
    node text not null,
    seq bigint not null,
    id text not null,
    site text not null,
    gate text not null,
    kind text not null check (kind in ('wrong_direction', 'tailgating', 'crowding_began', 'crowding_ended')),
    at bigint not null,
    incident text not null,
    evidence text not null,
    primary key (node, seq)
);
comment on column incident.node is 'the node that saw it';
comment on column incident.seq is 'number of the event';
comment on column incident.id is 'identity of the event';
comment on column incident.site is 'the site';
comment on column incident.gate is 'the gate';
comment on column incident.kind is 'what it is, by name';
comment on column incident.at is 'when';
comment on column incident.incident is 'the incident as the event tells it, as JSON';
comment on column incident.evidence is 'the media that show it, as a JSON list';

create index incident_by_at on incident (at, id);
create index incident_by_gate on incident (site, gate, at, id);

-- What persons said of how many are inside. Not a projection: a rebuild leaves it alone. Rows are only ever added.
create table occupancy_correction (
    id bigint generated always as identity primary key,
    site text not null check (site <> ''),
    gate text check (gate <> ''),
    count_group text not null check (count_group in ('person', 'vehicle')),
    count bigint not null check (count >= 0),
    count_before bigint not null check (count_before >= 0),
    at bigint not null,
    by_whom text not null check (by_whom <> ''),
    reason text not null check (reason <> ''),
    entered_at bigint not null check (entered_at >= at)
);
comment on column occupancy_correction.id is 'place in the ledger: of two corrections of one moment the later counts';
comment on column occupancy_correction.site is 'the site';
comment on column occupancy_correction.gate is 'the gate; nothing where it is about the whole site';
comment on column occupancy_correction.count_group is 'what is counted';
comment on column occupancy_correction.count is 'how many are inside';
comment on column occupancy_correction.count_before is 'how many the hub took to be inside then, as it knew when this was entered';
comment on column occupancy_correction.at is 'since when that holds';
comment on column occupancy_correction.by_whom is 'who says so';
comment on column occupancy_correction.reason is 'why';
comment on column occupancy_correction.entered_at is 'when it was entered';

create index occupancy_correction_by_at on occupancy_correction (at, id);

create trigger occupancy_correction_is_not_changed before update on occupancy_correction
    for each row execute function refuse('a correction is never changed: enter another one');

create trigger occupancy_correction_is_not_deleted before delete on occupancy_correction
    for each row execute function refuse('a correction is never deleted: enter another one');

-- When each day the count of those inside begins anew. Not a projection. Rows are only ever added; the newest counts.
create table occupancy_reset (
    id bigint generated always as identity primary key,
    site text not null check (site <> ''),
    gate text check (gate <> ''),
    minute_of_day bigint not null check (minute_of_day between 0 and 1439),
    by_whom text not null check (by_whom <> ''),
    reason text not null check (reason <> ''),
    entered_at bigint not null
);
comment on column occupancy_reset.id is 'place in the ledger';
comment on column occupancy_reset.site is 'the site';
comment on column occupancy_reset.gate is 'the gate; nothing where it is for the site and all its gates without one of their own';
comment on column occupancy_reset.minute_of_day is 'minutes after midnight in Asia/Ho_Chi_Minh';
comment on column occupancy_reset.by_whom is 'who says so';
comment on column occupancy_reset.reason is 'why';
comment on column occupancy_reset.entered_at is 'when it was entered, and since when it holds';

create trigger occupancy_reset_is_not_changed before update on occupancy_reset
    for each row execute function refuse('a reset time is never changed: enter another one');

create trigger occupancy_reset_is_not_deleted before delete on occupancy_reset
    for each row execute function refuse('a reset time is never deleted: enter another one');

-- What auditors counted by hand. Not a projection. Rows are only ever added; of one hour the newest counts.
create table audit_hour (
    id bigint generated always as identity primary key,
    site text not null check (site <> ''),
    gate text not null check (gate <> ''),
    line text not null check (line <> ''),
    direction text not null check (direction in ('in', 'out')),
    count_group text not null check (count_group in ('person', 'vehicle')),
    hour_minute bigint not null check (hour_minute % 60 = 0),
    counted bigint not null check (counted >= 0),
    by_whom text not null check (by_whom <> ''),
    note text not null,
    entered_at bigint not null
);
comment on column audit_hour.id is 'place in the ledger';
comment on column audit_hour.site is 'the site';
comment on column audit_hour.gate is 'the gate';
comment on column audit_hour.line is 'the counting line';
comment on column audit_hour.direction is 'which way';
comment on column audit_hour.count_group is 'what was counted';
comment on column audit_hour.hour_minute is 'the first minute of the hour, since 1970';
comment on column audit_hour.counted is 'how many passed';
comment on column audit_hour.by_whom is 'who counted';
comment on column audit_hour.note is 'what to know about it; empty where there is nothing';
comment on column audit_hour.entered_at is 'when it was entered';

create index audit_hour_by_key on audit_hour (site, gate, line, direction, count_group, hour_minute, id);

create trigger audit_hour_is_not_changed before update on audit_hour
    for each row execute function refuse('an audited hour is never changed: enter it again');

create trigger audit_hour_is_not_deleted before delete on audit_hour
    for each row execute function refuse('an audited hour is never deleted: enter it again');
