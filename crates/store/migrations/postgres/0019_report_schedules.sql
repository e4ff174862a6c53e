-- Which reports are made by themselves, as people set it, beside what the configuration says. Moments are whole microseconds
-- since 1970 in UTC.

-- Reports that are made whenever their span is over.
create table report_schedule (
    kind text not null check (kind in ('day', 'week', 'month', 'half_year', 'year')),
    scope text not null check (scope in ('all', 'each', 'site')),
    site text not null,
    set_by text not null,
    set_at bigint not null,
    primary key (kind, scope, site),
    check ((scope = 'site') = (site <> ''))
);
comment on column report_schedule.kind is 'how long the span is';
comment on column report_schedule.scope is 'one report about all sites together, one about each, or one about a single site';
comment on column report_schedule.site is 'the single site; empty otherwise';
comment on column report_schedule.set_by is 'who set it';
comment on column report_schedule.set_at is 'when; spans that were over before are left out';

-- Scheduled reports that somebody deleted: they are not made again by themselves.
create table report_unwanted (
    schedule text not null primary key,
    deleted_at bigint not null
);
comment on column report_unwanted.schedule is 'what of the schedule it was';
comment on column report_unwanted.deleted_at is 'when it was deleted';
