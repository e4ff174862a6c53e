-- Which reports are made by themselves, as people set it, beside what the configuration says. Moments are whole microseconds
-- since 1970 in UTC.

-- Reports that are made whenever their span is over.
create table report_schedule (
    -- how long the span is
    kind text not null check (kind in ('day', 'week', 'month', 'half_year', 'year')),
    -- one report about all sites together, one about each, or one about a single site
    scope text not null check (scope in ('all', 'each', 'site')),
    -- the single site; empty otherwise
    site text not null,
    -- who set it
    set_by text not null,
    -- when; spans that were over before are left out
    set_at integer not null,
    primary key (kind, scope, site),
    check ((scope = 'site') = (site <> ''))
);

-- Scheduled reports that somebody deleted: they are not made again by themselves.
create table report_unwanted (
    -- what of the schedule it was
    schedule text not null primary key,
    -- when it was deleted
    deleted_at integer not null
);
