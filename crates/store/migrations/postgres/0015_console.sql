-- Where sites and gates are, for the console's map. Moments are whole microseconds since 1970 in UTC.

create table site_place (
    site text not null primary key check (site <> ''),
    latitude double precision not null check (latitude between -90 and 90),
    longitude double precision not null check (longitude between -180 and 180),
    changed_at bigint not null,
    changed_by text not null check (changed_by <> '')
);
comment on table site_place is 'Where each site lies on the earth.';
comment on column site_place.site is 'the site';
comment on column site_place.latitude is 'degrees north of the equator';
comment on column site_place.longitude is 'degrees east of Greenwich';
comment on column site_place.changed_at is 'when it was last said';
comment on column site_place.changed_by is 'by whom';

create table site_plan (
    site text not null primary key check (site <> ''),
    media_type text not null check (media_type in ('image/png', 'image/jpeg', 'image/webp')),
    width_px bigint not null check (width_px > 0),
    height_px bigint not null check (height_px > 0),
    sha256 text not null check (length(sha256) = 64),
    bytes bytea not null,
    changed_at bigint not null,
    changed_by text not null check (changed_by <> '')
);
comment on table site_plan is 'A picture of each site on which its gates are placed.';
comment on column site_plan.site is 'the site';
comment on column site_plan.media_type is 'what its bytes are';
comment on column site_plan.width_px is 'width in pixels';
comment on column site_plan.height_px is 'height in pixels';
comment on column site_plan.sha256 is 'SHA-256 of the bytes, 64 hexadecimal digits';
comment on column site_plan.bytes is 'the picture';
comment on column site_plan.changed_at is 'when it was last changed';
comment on column site_plan.changed_by is 'by whom';

create table gate_place (
    site text not null check (site <> ''),
    gate text not null check (gate <> ''),
    x double precision check (x between 0 and 1),
    y double precision check (y between 0 and 1),
    person_max bigint check (person_max > 0),
    vehicle_max bigint check (vehicle_max > 0),
    primary key (site, gate),
    check ((x is null) = (y is null))
);
comment on table gate_place is 'Where each gate stands on its site''s plan, and how many may be behind it.';
comment on column gate_place.site is 'the site';
comment on column gate_place.gate is 'the gate';
comment on column gate_place.x is 'from the plan''s left edge, as a share of its width; nothing where the gate is not on it';
comment on column gate_place.y is 'from the plan''s upper edge, as a share of its height';
comment on column gate_place.person_max is 'most persons that may be inside by this gate; nothing where nobody said';
comment on column gate_place.vehicle_max is 'most vehicles that may be inside by this gate';
