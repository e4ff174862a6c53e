-- Where sites and gates are, for the console's map. Moments are whole microseconds since 1970 in UTC.

-- Where each site lies on the earth.
create table site_place (
    -- the site
    site text not null primary key check (site <> ''),
    -- degrees north of the equator
    latitude real not null check (latitude between -90 and 90),
    -- degrees east of Greenwich
    longitude real not null check (longitude between -180 and 180),
    -- when it was last said
    changed_at bigint not null,
    -- by whom
    changed_by text not null check (changed_by <> '')
);

-- A picture of each site on which its gates are placed.
create table site_plan (
    -- the site
    site text not null primary key check (site <> ''),
    -- what its bytes are
    media_type text not null check (media_type in ('image/png', 'image/jpeg', 'image/webp')),
    -- width in pixels
    width_px bigint not null check (width_px > 0),
    -- height in pixels
    height_px bigint not null check (height_px > 0),
    -- SHA-256 of the bytes, 64 hexadecimal digits
    sha256 text not null check (length(sha256) = 64),
    -- the picture
    bytes blob not null,
    -- when it was last changed
    changed_at bigint not null,
    -- by whom
    changed_by text not null check (changed_by <> '')
);

-- Where each gate stands on its site's plan, and how many may be behind it.
create table gate_place (
    -- the site
    site text not null check (site <> ''),
    -- the gate
    gate text not null check (gate <> ''),
    -- from the plan's left edge, as a share of its width; nothing where the gate is not on it
    x real check (x between 0 and 1),
    -- from the plan's upper edge, as a share of its height
    y real check (y between 0 and 1),
    -- most persons that may be inside by this gate; nothing where nobody said
    person_max bigint check (person_max > 0),
    -- most vehicles that may be inside by this gate
    vehicle_max bigint check (vehicle_max > 0),
    primary key (site, gate),
    check ((x is null) = (y is null))
);
