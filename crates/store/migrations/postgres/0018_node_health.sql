-- How nodes and their cameras are, and what of their commissioning a person has confirmed. Moments are whole microseconds
-- since 1970 in UTC.

-- What each node last said of its health; a last will says nothing of it, and what was said before stays.
create table node_health (
    node text not null primary key references node (node),
    health text not null,
    received_at bigint not null
);
comment on column node_health.node is 'the node';
comment on column node_health.health is 'what it said, as JSON';
comment on column node_health.received_at is 'when the hub heard it';

-- What people have confirmed of the commissioning of nodes.
create table node_commissioning (
    node text not null references node (node),
    step text not null,
    outcome text not null check (outcome in ('confirmed', 'not_applicable')),
    note text not null,
    marked_by text not null,
    marked_at bigint not null,
    primary key (node, step)
);
comment on column node_commissioning.node is 'the node';
comment on column node_commissioning.step is 'which step of the checklist';
comment on column node_commissioning.outcome is 'whether it was done, or has nothing to it at this node';
comment on column node_commissioning.note is 'in the person''s words';
comment on column node_commissioning.marked_by is 'who';
comment on column node_commissioning.marked_at is 'when';
