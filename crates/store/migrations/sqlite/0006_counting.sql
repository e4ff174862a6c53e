-- What gates noticed that their profiles do not allow or warn of, one row each. Projection.
create table incident (
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
    -- what it is, by name
    kind text not null check (kind in ('wrong_direction', 'tailgating', 'crowding_began', 'crowding_ended')),
    -- when
    at bigint not null,
    -- the incident as the event tells it, as JSON
    incident text not null,
    -- the media that show it, as a JSON list
    evidence text not null,
    primary key (node, seq),
    foreign key (node, seq) references event (node, seq)
);

create index incident_by_at on incident (at, id);
create index incident_by_gate on incident (site, gate, at, id);

-- What persons said of how many are inside. Not a projection: a rebuild leaves it alone. Rows are only ever added.
create table occupancy_correction (
    -- place in the ledger: of two corrections of one moment the later counts
    id integer primary key autoincrement,
    -- the site
    site text not null check (site <> ''),
    -- the gate; nothing where it is about the whole site
    gate text check (gate <> ''),
    -- what is counted
    count_group text not null check (count_group in ('person', 'vehicle')),
    -- how many are inside
    count bigint not null check (count >= 0),
    -- how many the hub took to be inside then, as it knew when this was entered
    count_before bigint not null check (count_before >= 0),
    -- since when that holds
    at bigint not null,
    -- who says so
    by_whom text not null check (by_whom <> ''),
    -- why
    reason text not null check (reason <> ''),
    -- when it was entered
    entered_at bigint not null check (entered_at >= at)
);

create index occupancy_correction_by_at on occupancy_correction (at, id);

create trigger occupancy_correction_is_not_changed before update on occupancy_correction
begin
    select raise(abort, 'a correction is never changed: enter another one');
end;

create trigger occupancy_correction_is_not_deleted before delete on occupancy_correction
begin
    select raise(abort, 'a correction is never deleted: enter another one');
end;

-- When each day the count of those inside begins anew. Not a projection. Rows are only ever added; the newest counts.
create table occupancy_reset (
    -- place in the ledger
    id integer primary key autoincrement,
    -- the site
    site text not null check (site <> ''),
    -- the gate; nothing where it is for the site and all its gates without one of their own
    gate text check (gate <> ''),
    -- minutes after midnight in Asia/Ho_Chi_Minh
    minute_of_day bigint not null check (minute_of_day between 0 and 1439),
    -- who says so
    by_whom text not null check (by_whom <> ''),
    -- why
    reason text not null check (reason <> ''),
    -- when it was entered, and since when it holds
    entered_at bigint not null
);

create trigger occupancy_reset_is_not_changed before update on occupancy_reset
begin
    select raise(abort, 'a reset time is never changed: enter another one');
end;

create trigger occupancy_reset_is_not_deleted before delete on occupancy_reset
begin
    select raise(abort, 'a reset time is never deleted: enter another one');
end;

-- What auditors counted by hand. Not a projection. Rows are only ever added; of one hour the newest counts.
create table audit_hour (
    -- place in the ledger
    id integer primary key autoincrement,
    -- the site
    site text not null check (site <> ''),
    -- the gate
    gate text not null check (gate <> ''),
    -- the counting line
    line text not null check (line <> ''),
    -- which way
    direction text not null check (direction in ('in', 'out')),
    -- what was counted
    count_group text not null check (count_group in ('person', 'vehicle')),
    -- the first minute of the hour, since 1970
    hour_minute bigint not null check (hour_minute % 60 = 0),
    -- how many passed
    counted bigint not null check (counted >= 0),
    -- who counted
    by_whom text not null check (by_whom <> ''),
    -- what to know about it; empty where there is nothing
    note text not null,
    -- when it was entered
    entered_at bigint not null
);

create index audit_hour_by_key on audit_hour (site, gate, line, direction, count_group, hour_minute, id);

create trigger audit_hour_is_not_changed before update on audit_hour
begin
    select raise(abort, 'an audited hour is never changed: enter it again');
end;

create trigger audit_hour_is_not_deleted before delete on audit_hour
begin
    select raise(abort, 'an audited hour is never deleted: enter it again');
end;
