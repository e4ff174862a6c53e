-- How nodes and their cameras are, and what of their commissioning a person has confirmed. Moments are whole microseconds
-- since 1970 in UTC.

-- What each node last said of its health; a last will says nothing of it, and what was said before stays.
create table node_health (
    -- the node
    node text not null primary key references node (node),
    -- what it said, as JSON
    health text not null,
    -- when the hub heard it
    received_at integer not null
);

-- What people have confirmed of the commissioning of nodes.
create table node_commissioning (
    -- the node
    node text not null references node (node),
    -- which step of the checklist
    step text not null,
    -- whether it was done, or has nothing to it at this node
    outcome text not null check (outcome in ('confirmed', 'not_applicable')),
    -- in the person's words
    note text not null,
    -- who
    marked_by text not null,
    -- when
    marked_at integer not null,
    primary key (node, step)
);
