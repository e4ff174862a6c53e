-- What was decided at lanes, one row each. Projection. The trail of checks stays in the event.
create table access_decision (
    -- the node that decided
    node text not null,
    -- number of the event
    seq bigint not null,
    -- identity of the event
    id text not null,
    -- the site
    site text not null,
    -- the lane
    lane text not null,
    -- the gate whose camera or line belongs to the lane; nothing where it has none
    gate text,
    -- when it was decided
    at bigint not null,
    -- what was decided
    verdict text not null check (verdict in ('permit', 'deny', 'refer')),
    -- the decision without its trail, as JSON
    decision text not null,
    -- the media that show what led to it, as a JSON list
    evidence text not null,
    primary key (node, seq),
    foreign key (node, seq) references event (node, seq)
);

create index access_decision_by_at on access_decision (at, id);
create index access_decision_by_site on access_decision (site, at, id);
create index access_decision_by_lane on access_decision (site, lane, at, id);
