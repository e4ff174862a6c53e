-- What was decided at lanes, one row each. Projection. The trail of checks stays in the event.
create table access_decision (
    node text not null,
    seq bigint not null,
    id text not null,
    site text not null,
    lane text not null,
    gate text,
    at bigint not null,
    verdict text not null check (verdict in ('permit', 'deny', 'refer')),
    decision text not null,
    evidence text not null,
    primary key (node, seq)
);
comment on column access_decision.node is 'the node that decided';
comment on column access_decision.seq is 'number of the event';
comment on column access_decision.id is 'identity of the event';
comment on column access_decision.site is 'the site';
comment on column access_decision.lane is 'the lane';
comment on column access_decision.gate is 'the gate whose camera or line belongs to the lane; nothing where it has none';
comment on column access_decision.at is 'when it was decided';
comment on column access_decision.verdict is 'what was decided';
comment on column access_decision.decision is 'the decision without its trail, as JSON';
comment on column access_decision.evidence is 'the media that show what led to it, as a JSON list';

create index access_decision_by_at on access_decision (at, id);
create index access_decision_by_site on access_decision (site, at, id);
create index access_decision_by_lane on access_decision (site, lane, at, id);
